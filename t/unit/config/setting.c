/* setting.c - test of src/config/setting.c: it promises that … */
#include "config/setting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void
equal(const struct setting *s, const struct setting *want)
{
	assert_int_equal(s->action, want->action);
	assert_int_equal(s->on_error, want->on_error);
	assert_int_equal(s->score, want->score);
	assert_int_equal(s->from_s, want->from_s);
	if (want->text == NULL)
		assert_null(s->text);
	else
		assert_string_equal(s->text, want->text);
}

static const struct {
	const char *written;
	struct setting means;
	const char *printed;		/* NULL: as written */
} good[] = {
	{ "off", { .action = SETTING_OFF }, NULL },
	{ "log", { .action = SETTING_LOG }, NULL },
	{ "score 0", { .action = SETTING_SCORE }, NULL },
	{ "score -1000", { .action = SETTING_SCORE, .score = -1000 }, NULL },
	{ "score +7", { .action = SETTING_SCORE, .score = 7 }, "score 7" },
	{ "greylist", { .action = SETTING_GREYLIST }, NULL },
	{ "defer", { .action = SETTING_DEFER }, NULL },
	{ "  reject\t", { .action = SETTING_REJECT }, "reject" },
	{ "reject on_error skip", { .action = SETTING_REJECT }, "reject" },
	{ "reject on_error defer", { .action = SETTING_REJECT, .on_error = ON_ERROR_DEFER }, NULL },
	{ "reject from 2024-02-29", { .action = SETTING_REJECT, .from_s = 1709164800 }, NULL },
	{ "log from 9999-12-31", { .action = SETTING_LOG, .from_s = 253402214400 }, NULL },
	{ "reject \"say why\"", { .action = SETTING_REJECT, .text = "say why" }, NULL },
	{ "reject \"a \\\"quote\\\" and a \\\\\"", { .action = SETTING_REJECT, .text = "a \"quote\" and a \\" }, NULL },
	{ "reject \"%{helo} is 100%% wrong\"", { .action = SETTING_REJECT, .text = "%{helo} is 100%% wrong" }, NULL },
	{ "reject \"from\" from 2026-11-23", { .action = SETTING_REJECT, .from_s = 1795392000, .text = "from" },
	    "reject from 2026-11-23 \"from\"" },
	{ "score 3 \"t\" on_error defer from 1970-01-02",
	    { .action = SETTING_SCORE, .score = 3, .on_error = ON_ERROR_DEFER, .from_s = 86400, .text = "t" },
	    "score 3 on_error defer from 1970-01-02 \"t\"" },
};

static void
reads(void **state)
{
	struct arena *a = arena_new();
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct setting s;

		if (!setting_parse(a, good[i].written, &s, &why))
			fail_msg("%s: %s", good[i].written, why);
		equal(&s, &good[i].means);
	}
	arena_free(a);
}

static void
prints(void **state)
{
	struct arena *a = arena_new();
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		char buffer[SETTING_PRINTED];
		struct text t = TEXT(buffer);
		struct setting again;

		setting_print(&t, &good[i].means);
		assert_string_equal(buffer, good[i].printed ? good[i].printed : good[i].written);
		assert_true(setting_parse(a, buffer, &again, &why));
		equal(&again, &good[i].means);
	}
	arena_free(a);
}

static void
longest(void **state)
{
	struct arena *a = arena_new();
	struct setting s, again;
	static const char begin[] = "score -1000 on_error defer from 2026-01-31 \"%{help_url}";
	char text[800], printed[SETTING_PRINTED];
	struct text t = TEXT(printed);
	const char *why;

	(void)state;
	strcpy(text, begin);
	for (int i = 0; i < REPLY_TEXT_MAX; i++)
		strcat(text, "\\\\");
	strcat(text, "\"");
	assert_true(setting_parse(a, text, &s, &why));
	setting_print(&t, &s);
	assert_false(t.cut);
	assert_true(setting_parse(a, printed, &again, &why));
	equal(&again, &s);
	strcpy(strrchr(text, '"'), "x\"");
	assert_false(setting_parse(a, text, &s, &why));
	assert_string_equal(why, "a text that takes 374 bytes, with its macros; a reply has room for 373");
	arena_free(a);
}

static void
wrong(void **state)
{
	static const struct {
		const char *written, *why;
	} cases[] = {
		{ "", "no value; write off, log, score, greylist, defer or reject" },
		{ "rejct", "no word 'rejct'; did you mean reject? Write off, log, score, greylist, defer or reject" },
		{ "Reject", "no word 'Reject'; did you mean reject? Write off, log, score, greylist, defer or reject" },
		{ "tarpit", "no word 'tarpit'; write off, log, score, greylist, defer or reject" },
		{ "\"text\" reject", "no word '\"text\"'; write off, log, score, greylist, defer or reject" },
		{ "score", "score without a number; write how much it adds, as in score 3" },
		{ "score much", "no score 'much'; write a whole number, as in score 3" },
		{ "score 1.5", "no score '1.5'; write a whole number, as in score 3" },
		{ "score 1001", "a score of 1001; write -1000 to 1000" },
		{ "score 99999999999999999999", "a score of 99999999999999999999; write -1000 to 1000" },
		{ "reject on_error", "on_error without a word; write on_error skip or on_error defer" },
		{ "reject on_error reject", "on_error: no word 'reject'; write skip or defer" },
		{ "reject on_eror defer", "no word 'on_eror'; did you mean on_error?" },
		{ "reject form 2026-01-01", "no word 'form'; did you mean from?" },
		{ "reject go away", "no word 'go'; write a text in quotes, on_error or from" },
		{ "reject from", "from without a date; write one as in from 2026-01-31" },
		{ "reject from 2025-02-29", "no date '2025-02-29'; write year, month and day, as in 2026-01-31" },
		{ "reject from 2025-13-01", "no date '2025-13-01'; write year, month and day, as in 2026-01-31" },
		{ "reject from 2025-00-10", "no date '2025-00-10'; write year, month and day, as in 2026-01-31" },
		{ "reject from 2025-1-1", "no date '2025-1-1'; write year, month and day, as in 2026-01-31" },
		{ "reject from 31.12.2025", "no date '31.12.2025'; write year, month and day, as in 2026-01-31" },
		{ "reject from 2025-01-011", "no date '2025-01-011'; write year, month and day, as in 2026-01-31" },
		{ "reject from 1969-12-31", "no date '1969-12-31'; write year, month and day, as in 2026-01-31" },
		{ "log from 2025-01-01 from 2025-01-02", "from stands twice; keep one" },
		{ "log on_error skip on_error skip", "on_error stands twice; keep one" },
		{ "reject \"a\" \"b\"", "two texts; keep one" },
		{ "reject \"\"", "the text is empty; leave it out for the check's own words" },
		{ "reject \"a", "the text does not end; write a closing quote (a quote within is \\\")" },
		{ "reject \"a\\", "a backslash in quotes stands before \" or \\ only; write \\\\ for one" },
		{ "reject \"a\\n\"", "a backslash in quotes stands before \" or \\ only; write \\\\ for one" },
		{ "reject \"a\"b", "no blank behind the closing quote; write one (a quote within is \\\")" },
		{ "reject \"f\xc3\xbcr\"", "the text holds a byte that no SMTP reply may; write printable ASCII" },
		{ "reject \"a\nb\"", "the text holds a byte that no SMTP reply may; write printable ASCII" },
		{ "reject \"100% wrong\"", "a lone %; write %% for a percent sign, or a macro as in %{reference}" },
		{ "reject \"%{helo\"", "macro %{helo has no closing bracket; write it as in %{reference}" },
		{ "reject \"%{hello}\"", "macro %{hello}: no word 'hello'; did you mean helo? Write client_address, client_name, "
		  "helo, sender, sender_domain, recipient, finding, check, reference or help_url" },
		{ "off\nlog", "no word 'off\nlog'; write off, log, score, greylist, defer or reject" },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct setting s;
		const char *why = NULL;

		if (setting_parse(a, cases[i].written, &s, &why))
			fail_msg("%s is taken", cases[i].written);
		assert_string_equal(why, cases[i].why);
	}
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ .name = "every setting of the grammar is read, extras in any order", .test_func = reads },
		{ .name = "a printed setting reads back equal", .test_func = prints },
		{ .name = "the longest setting fits where it is printed", .test_func = longest },
		{ .name = "what is wrong is told with what would be right", .test_func = wrong },
	};
	return cmocka_run_group_tests_name("setting", tests, NULL, NULL);
}
