/* dynamic_name.c - fuzz target: patterns and names of any kind; a name made of the address always spells it
 *
 * The input is three lines: dynamic_names, static_names, and a name; sixteen bytes of an address follow.
 */
#include "rules/dynamic_name.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Two of the ways in which providers put it. */
static void
spelled(const struct address *a, const char *words)
{
	char name[300], reverse[REVERSE_TEXT];

	snprintf(name, sizeof name, "%.20s-%s.isp.example", words, address_reverse(a, reverse));
	assert(name_spells_address(name, a));
	if (a->bits == 32) {
		snprintf(name, sizeof name, "%.20s%02x%02x%02x%02x", words, a->bytes[0], a->bytes[1], a->bytes[2],
		    a->bytes[3]);
		assert(name_spells_address(name, a));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	char *text = arena_strndup(arena, (const char *)data, size), *lines[4] = { "", "", "", "" };
	struct name_patterns lists[2] = { { 0, NULL }, { 0, NULL } };

	for (size_t i = 0; i < 4 && text != NULL; i++)
		lines[i] = strsep(&text, "\n");
	for (size_t i = 0; i < 2; i++) {
		const char *why = name_patterns_parse(arena, lines[i], &lists[i]);

		if (why == NULL) {
			assert(lists[i].count <= NAME_PATTERNS_MAX);
			for (size_t k = 0; k < lists[i].count; k++)
				assert(strlen(lists[i].at[k]) < DOMAIN_TEXT);
		} else
			assert(strlen(why) < 300 && lists[i].count == 0);
	}
	size_t len = strlen(lines[3]);
	struct address a = address_from_bytes(lines[3], len < 16 ? len < 4 ? 0 : 4 : 16);
	const char *sign = dynamic_name(lines[2], &a, &lists[0], &lists[1]);
	if (name_patterns_match(&lists[1], lines[2], true) != NULL)
		assert(sign == NULL);
	if (a.bits != 0)
		spelled(&a, lines[2]);
	arena_free(arena);
	return 0;
}
