/* lasting_sender.c - fuzz of src/rules/lasting_sender.c: never longer than the address; its domain, if any, stays */
#include "rules/lasting_sender.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *address = calloc(len + 1, 1), *room = calloc(len + 2, 1);
	struct text t = { .at = room, .size = len + 2 };

	memcpy(address, data, len);
	add_lasting_sender(&t, address);
	const char *domain = strrchr(address, '@'), *kept = strrchr(room, '@');
	if (t.cut || t.len > strlen(address) || (domain == NULL) != (kept == NULL) ||
	    (domain != NULL && strcmp(domain, kept) != 0))
		abort();
	free(address);
	free(room);
	return 0;
}
