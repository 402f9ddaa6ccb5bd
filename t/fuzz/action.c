/* action.c - fuzz of src/protocol/action.c: one printable line with code, enhanced code and text, or DUNNO */
#include "protocol/action.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The input: kind, then enhanced code, text and tail with a NUL between them. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char room[REPLY_MAX] = "", *copy = calloc(len + 3, 1);
	struct text out = TEXT(room);

	if (len == 0) {
		free(copy);
		return 0;
	}
	memcpy(copy, data, len);
	struct action a = { .kind = (enum action_kind)(data[0] % 4), .enhanced = copy + 1 };
	a.text = a.enhanced + strlen(a.enhanced) + 1;
	if (a.text < copy + len)
		a.tail = a.text + strlen(a.text) + 1 < copy + len ? a.text + strlen(a.text) + 1 : NULL;
	else
		a.text = NULL;
	a.header = a.tail;
	action_encode(&out, &a);
	if (out.cut || out.len > 37 + (a.kind == ACTION_DUNNO ? HEADER_MAX : ACTION_TEXT_MAX) + 2 || strcmp(room + out.len - 2, "\n\n") != 0)
		abort();
	static const char *const begins[] = { [ACTION_DUNNO] = "action=", [ACTION_GREYLIST] = "action=DEFER_IF_PERMIT 4.",
	    [ACTION_DEFER] = "action=45", [ACTION_REJECT] = "action=550 5." };
	if (a.kind != ACTION_DUNNO && out.len < strlen("action=550 5.7.1 x\n\n"))
		abort();
	if (strncmp(room, begins[a.kind], strlen(begins[a.kind])) != 0)
		abort();
	for (size_t i = 0; i < out.len - 2; i++)
		if (room[i] < ' ' || room[i] > '~' || (room[i] == ' ' && (room[i + 1] == ' ' || room[i + 1] == '\n')))
			abort();
	free(copy);
	return 0;
}
