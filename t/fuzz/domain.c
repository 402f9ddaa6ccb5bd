/* domain.c - fuzz target: what domain_normal() lets through keeps domain.h's promises */
#include "base/domain.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[2048], out[DOMAIN_TEXT], again[DOMAIN_TEXT];

	if (size >= sizeof text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!domain_normal(text, out)) {
		assert(*out == '\0');
		return 0;
	}
	assert(domain_normal(out, again) && strcmp(out, again) == 0);
	const char *organisation = domain_organisation(out);
	assert(organisation == NULL || domain_within(out, organisation));
	(void)domain_is_hostname(out);
	return 0;
}
