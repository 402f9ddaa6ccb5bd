/* macro.c - test of src/config/macro.c: it promises that … */
#include "config/macro.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const char *const values[MACROS] = { "192.0.2.7", "mx.example.net", "%{sender} %% %", "b@example.net",
    "example.net", "ann@example.org", "no \xc3\xa4\xc3\xb6\xc3\xbc", "the_check", "0123456789", "https://example.org/" };

static const struct {
	const char *says, *text;
	size_t limit;
	const char *want;
} cases[] = {
	{ "words stay as they are", "go {away} } now", 99, "go {away} } now" },
	{ "%% is a percent sign", "100%% %%{sender} %%%%", 99, "100% %{sender} %%" },
	{ "every macro has its value", "%{client_address} %{client_name} %{sender} %{sender_domain} %{recipient} %{check} "
	  "%{reference} %{help_url}", 99, "192.0.2.7 mx.example.net b@example.net example.net ann@example.org the_check "
	  "0123456789 https://example.org/" },
	{ "a value is not looked at again", "%{helo}", 99, "%{sender} %% %" },
	{ "macros may touch, and stand twice", "%{check}%{check}%%%{check}", 99, "the_checkthe_check%the_check" },
	{ "what is from outside is cut", "%{client_name}, %{recipient}", 2, "mx, an" },
	{ "between characters", "%{finding}|", 6, "no \xc3\xa4|" },
	{ "to nothing if it must be", "(%{finding}%{sender})", 0, "()" },
	{ "what is ours is not", "%{check} %{reference} %{help_url}", 0, "the_check 0123456789 https://example.org/" },
	{ "an empty text is none", "", 99, "" },
};

static void
one_case(void **state)
{
	size_t i = (size_t)*state;
	struct arena *a = arena_new();
	char room[300];
	struct text out = TEXT(room);

	assert_null(macro_check(a, cases[i].text, MACRO_NAMES));
	macro_expand(&out, cases[i].text, values, cases[i].limit);
	assert_string_equal(room, cases[i].want);
	assert_false(out.cut);
	arena_free(a);
}

#define KNOWN "Write client_address, client_name, helo, sender, sender_domain, recipient, finding, check, reference or help_url"

static void
wrong(void **state)
{
	static const struct { const char *text, *names, *why; } mistakes[] = {
		{ "100% sure", MACRO_NAMES, "a lone %; write %% for a percent sign, or a macro as in %{reference}" },
		{ "100%", MACRO_NAMES, "a lone %; write %% for a percent sign, or a macro as in %{reference}" },
		{ "%%%", MACRO_NAMES, "a lone %; write %% for a percent sign, or a macro as in %{reference}" },
		{ "%{client_adress}", MACRO_NAMES,
		  "macro %{client_adress}: no word 'client_adress'; did you mean client_address? " KNOWN },
		{ "ok %{sender} %{xyzzy}", MACRO_NAMES, "macro %{xyzzy}: no word 'xyzzy'; w" },
		{ "%{}", MACRO_NAMES, "macro %{}: no value; w" },
		{ "%{Helo}", MACRO_NAMES, "macro %{Helo}: no word 'Helo'; did you mean helo? " KNOWN },
		{ "%{sender", MACRO_NAMES, "macro %{sender has no closing bracket; write it as in %{reference}" },
		{ "%{", MACRO_NAMES, "macro %{ has no closing bracket; write it as in %{reference}" },
		{ "%{a%{sender}", MACRO_NAMES, "macro %{a has no closing bracket; write it as in %{reference}" },
		{ "%{a{sender}", MACRO_NAMES, "macro %{a has no closing bracket; write it as in %{reference}" },
		{ "%{sender_of_this_very_mail_and_nobody_else}", MACRO_NAMES, "macro %{sender_of_this_very_mail_and_n}: no word" },
		{ "https://example.org/%{sender}", MACRO_URL_NAMES, "macro %{sender}: no word 'sender'; write check or reference" },
		{ "https://example.org/%7Eann", MACRO_URL_NAMES, "a lone %; write %%" },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		const char *why = macro_check(a, mistakes[i].text, mistakes[i].names);

		if (why == NULL)
			fail_msg("%s is taken", mistakes[i].text);
		if (strncmp(why, mistakes[i].why, strlen(mistakes[i].why)) != 0)
			assert_string_equal(why, mistakes[i].why);
		assert_true(strlen(why) < 256);		/* the room in the view problem */
	}
	assert_null(macro_check(a, "https://example.org/%%7Eann/%{check}#%{reference}", MACRO_URL_NAMES));
	arena_free(a);
}

static void
rooms(void **state)
{
	(void)state;
	assert_int_equal(macro_room(""), 0);
	assert_int_equal(macro_room("four"), 4);
	assert_int_equal(macro_room("%%%%"), 2);
	assert_int_equal(macro_room("%{sender}, %{finding}"), 2 + 2 * MACRO_LEAST);
	assert_int_equal(macro_room("%{check}%{reference}"), CHECK_NAME_MAX + 10);
	assert_int_equal(macro_room("see %{help_url}"), 4 + HELP_URL_MAX);
	assert_true(macro_uses("a %{check} b", MACRO_CHECK));
	assert_false(macro_uses("%%{check} %{sender} check", MACRO_CHECK));
}

int
main(void)
{
	enum { CASES = sizeof cases / sizeof *cases };
	static const struct CMUnitTest others[] = {
		{ "a mistake is told with what would be right", wrong, NULL, NULL, NULL },
		{ "the room a text surely takes is known, and what it uses", rooms, NULL, NULL, NULL },
	};
	enum { OTHERS = sizeof others / sizeof *others };
	struct CMUnitTest tests[CASES + OTHERS];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].says, one_case, NULL, NULL, (void *)i };
	memcpy(tests + CASES, others, sizeof others);
	return cmocka_run_group_tests_name("macro", tests, NULL, NULL);
}
