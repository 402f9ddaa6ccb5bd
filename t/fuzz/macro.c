/* macro.c - fuzz of src/config/macro.c: what is taken has its macros replaced once, in the room that was reckoned */
#include "config/macro.h"
#include "config/setting.h"
#include "policy/reply.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Values that would be macros, if anybody looked at them again; of ours, the longest. */
#define VALUE "%{helo}%%%{\xc3\xa4%{check}%"
static const char *const values[MACROS] = { VALUE, VALUE, VALUE, VALUE, VALUE, VALUE, VALUE,
    "check_with_a_very_long_name_1234", "0123456789", "https://example.org/%{helo}" };

static void
check_text(const char *text)
{
	size_t room = macro_room(text), size = room + 1;
	char *buffer = malloc(size), *again = malloc(4 * strlen(text) + 1);
	struct text out = { .at = buffer, .size = size }, words = { .at = again, .size = 4 * strlen(text) + 1 };
	static const char *const nothing[MACROS] = { "", "", "", "", "", "", "", "", "", "" };

	*buffer = *again = '\0';
	macro_expand(&out, text, values, MACRO_LEAST);
	assert(!out.cut && out.len <= room && strlen(buffer) == out.len);
	macro_expand(&words, text, nothing, 99);
	assert(!words.cut && words.len <= strlen(text));
	if (strchr(text, '%') == NULL)
		assert(strcmp(buffer, text) == 0 && room == strlen(text));
	for (int m = 0; m < MACROS; m++)
		assert(!macro_uses(text, (enum macro)m) || strlen(text) > words.len);
	free(buffer);
	free(again);
}

static void
check_setting(struct arena *a, const char *text)
{
	char buffer[SETTING_PRINTED];
	struct text t = TEXT(buffer);
	struct setting s, again;
	const char *why = NULL;

	if (!setting_parse(a, arena_printf(a, "reject \"%s\"", text), &s, &why)) {
		assert(why != NULL);
		return;
	}
	assert(s.text == NULL || macro_room(s.text) <= REPLY_TEXT_MAX + HELP_URL_MAX);
	setting_print(&t, &s);
	assert(!t.cut && setting_parse(a, buffer, &again, &why));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	const char *text = arena_strndup(a, (const char *)data, size), *url;

	if (macro_check(a, text, MACRO_NAMES) == NULL)
		check_text(text);
	check_setting(a, text);
	if (help_url_parse(a, text, &url) == NULL)
		assert(strcmp(url, text) == 0 && macro_room(url) <= HELP_URL_MAX);
	arena_free(a);
	return 0;
}
