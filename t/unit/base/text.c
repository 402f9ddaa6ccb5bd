/* text.c - test of src/base/text.c: it promises that … */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void
empty(void **state)
{
	char buffer[4] = "old";
	struct text t = TEXT(buffer);

	(void)state;
	assert_string_equal(t.at, "");
	text_add_safe(&t, "", 0);
	assert_string_equal(buffer, "");
}

static void
fits(void **state)
{
	char buffer[8];
	struct text t = TEXT(buffer);

	(void)state;
	text_add(&t, "abc");
	text_addf(&t, "%d", 1234);
	assert_string_equal(buffer, "abc1234");
	assert_int_equal(t.len, 7);
	assert_false(t.cut);
	text_add(&t, "");
	assert_false(t.cut);
	text_add(&t, "5");
	assert_string_equal(buffer, "abc1234");
	assert_true(t.cut);
}

static void
formatted_cut(void **state)
{
	char buffer[4];
	struct text t = TEXT(buffer);

	(void)state;
	text_addf(&t, "%s", "abcdef");
	assert_string_equal(buffer, "abc");
	assert_int_equal(t.len, 3);
	assert_true(t.cut);
}

static void
without_a_format(void **state)
{
	char buffer[100];
	struct text t = TEXT(buffer);

	(void)state;
	text_add_all(&t, "a", "", "bc", " ");
	text_add_number(&t, 0);
	text_add(&t, " ");
	text_add_number(&t, -1204);
	text_add(&t, " ");
	text_add_number(&t, INT64_MIN);
	text_add(&t, " ");
	text_add_number(&t, INT64_MAX);
	assert_string_equal(buffer, "abc 0 -1204 -9223372036854775808 9223372036854775807");
	t = (struct text)TEXT(buffer);
	text_add_most(&t, "m\xc3\xbcller", 2);
	text_add_most(&t, "|m\xc3\xbcller", 4);
	text_add_most(&t, "|abc", 9);
	assert_string_equal(buffer, "m|m\xc3\xbc|abc");
	assert_false(t.cut);
}

static void
whole_characters(void **state)
{
	char buffer[6];

	(void)state;
	struct text t = TEXT(buffer);
	text_add(&t, "abcd\xc3\xbc");
	assert_string_equal(buffer, "abcd");
	t = TEXT(buffer);
	text_addf(&t, "ab%s", "\xf0\x9f\x98\x80");
	assert_string_equal(buffer, "ab");
	t = TEXT(buffer);
	text_add(&t, "abc\xc3\xbcx");
	assert_string_equal(buffer, "abc\xc3\xbc");
	t = TEXT(buffer);
	text_add_safe(&t, "abcd\xc3\xbcx", 7);
	assert_string_equal(buffer, "abcd");
	assert_true(t.cut);
}

static void
safe(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "plain text", "plain text" },
		{ "m\xc3\xbcller \xe2\x82\xac", "m\xc3\xbcller \xe2\x82\xac" },
		{ "a\r\nb\t", "a\\x0d\\x0ab\\x09" },
		{ "\x1b[31m\x7f", "\\x1b[31m\\x7f" },
		{ "back\\slash", "back\\\\slash" },
		{ "\xfc\x80", "\\xfc\\x80" },
		{ "cut \xe2\x82", "cut \\xe2\\x82" },
		{ "\xc0\xaf\xed\xa0\x80", "\\xc0\\xaf\\xed\\xa0\\x80" },
		{ "\xc2\x85", "\\xc2\\x85" },
		{ "\xe2\x80\xae" "evil", "\\xe2\\x80\\xaeevil" },
		{ "\xe2\x81\xa6", "\\xe2\\x81\\xa6" },
		{ "\xe2\x80\xa7\xe2\x81\xa5", "\xe2\x80\xa7\xe2\x81\xa5" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char buffer[64];
		struct text t = TEXT(buffer);

		text_add_safe(&t, cases[i].in, strlen(cases[i].in));
		assert_string_equal(buffer, cases[i].out);
	}
	char buffer[64];
	struct text t = TEXT(buffer);
	text_add_safe(&t, "a\0b", 3);
	assert_string_equal(buffer, "a\\x00b");
}

static void
json(void **state)
{
	char buffer[64];
	struct text t = TEXT(buffer);

	(void)state;
	text_add_json(&t, "say \"\xc3\xbc\" \\ \n\xff");
	assert_string_equal(buffer, "\"say \\\"\xc3\xbc\\\" \\\\ \\\\x0a\\\\xff\"");
}

static void
lengths(void **state)
{
	(void)state;
	assert_int_equal(utf8_length("a", 1), 1);
	assert_int_equal(utf8_length("\xc3\xbc", 2), 2);
	assert_int_equal(utf8_length("\xe2\x82\xac", 3), 3);
	assert_int_equal(utf8_length("\xf4\x8f\xbf\xbf", 4), 4);
	assert_int_equal(utf8_length("", 0), 0);
	assert_int_equal(utf8_length("\xc3\xbc", 1), 0);
	assert_int_equal(utf8_length("\xc3" "a", 2), 0);
	assert_int_equal(utf8_length("\x80", 1), 0);
	assert_int_equal(utf8_length("\xf4\x90\x80\x80", 4), 0);
	assert_int_equal(utf8_length("\xf0\x80\x80\x80", 4), 0);
	assert_int_equal(utf8_length("\xe0\x80\x80", 3), 0);
}

static void
placed(void **state)
{
	char room[8], *at = room;

	(void)state;
	const char *first = text_place(&at, "ab"), *none = text_place(&at, NULL), *second = text_place(&at, "");
	assert_string_equal(first, "ab");
	assert_null(none);
	assert_ptr_equal(second, room + 3);
	assert_string_equal(second, "");
	assert_ptr_equal(at, room + 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ .name = "an empty text is terminated", .test_func = empty },
		{ .name = "what fits is whole, what does not is remembered", .test_func = fits },
		{ .name = "a format is cut at the end of the buffer", .test_func = formatted_cut },
		{ .name = "texts and numbers are added without a format, and most of a text", .test_func = without_a_format },
		{ .name = "a cut leaves no half of a character", .test_func = whole_characters },
		{ .name = "bytes from outside become harmless", .test_func = safe },
		{ .name = "a JSON string ends where it should", .test_func = json },
		{ .name = "texts are placed one behind the other", .test_func = placed },
		{ .name = "only well-formed UTF-8 has a length", .test_func = lengths },
	};
	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
