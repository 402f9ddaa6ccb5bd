/* option.c - test of src/config/option.c: it promises that … */
#include "config/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

struct all {
	bool yes_no;
	int64_t number, open_number, least, most, delay_s, timeout_ms, size_bytes, mode;
	const char *text;
	int word;
	struct option_list list, domains;
	struct option_networks networks;
	struct setting setting;
	int parsed;
};
#define OPTIONS all

/* Takes "one" and nothing else. */
static const char *
parse_one(struct arena *a, const char *text, void *into)
{
	*(int *)into = 1;
	return strcmp(text, "one") == 0 ? NULL : arena_printf(a, "'%s' is not one; write one", text);
}

enum { YES_NO, NUMBER, OPEN_NUMBER, LEAST, MOST, DELAY, TIMEOUT, SIZE, MODE, TEXT_, WORD, LIST, DOMAINS, NETWORKS,
    SETTING, PARSED };
static const struct option rows[] = {
	[YES_NO] = { "yes_no", OPT_BOOL, INTO(yes_no), "no" },
	[NUMBER] = { "number", OPT_INT, INTO(number), "5", "1", "100" },
	[OPEN_NUMBER] = { "open_number", OPT_INT, INTO(open_number), "5" },
	[LEAST] = { "least", OPT_INT, INTO(least), "5", .min = "5" },
	[MOST] = { "most", OPT_INT, INTO(most), "5", .max = "5" },
	[DELAY] = { "delay", OPT_SEC, INTO(delay_s), "5m", "1m", "24h" },
	[TIMEOUT] = { "timeout", OPT_MSEC, INTO(timeout_ms), "2s", "10ms", "1m" },
	[SIZE] = { "size", OPT_BYTES, INTO(size_bytes), "1M", "4K", "2G" },
	[MODE] = { "mode", OPT_OCTAL, INTO(mode), "0660" },
	[TEXT_] = { "text", OPT_TEXT, INTO(text), "" },
	[WORD] = { "word", OPT_WORD, INTO(word), "all", .words = "all|refusals|off" },
	[LIST] = { "list", OPT_LIST, INTO(list), "" },
	[DOMAINS] = { "domains", OPT_DOMAINS, INTO(domains), "" },
	[NETWORKS] = { "networks", OPT_NETWORKS, INTO(networks), "" },
	[SETTING] = { "setting", OPT_SETTING, INTO(setting), "off" },
	[PARSED] = { "parsed", OPT_PARSED, INTO(parsed), "one", .parse = parse_one },
};

static void
numbers(void **state)
{
	static const struct {
		int row;
		const char *text;
		int64_t want;
	} cases[] = {
		{ NUMBER, "1", 1 }, { NUMBER, "100", 100 }, { NUMBER, "007", 7 },
		{ OPEN_NUMBER, "-12", -12 }, { OPEN_NUMBER, "9223372036854775807", INT64_MAX },
		{ LEAST, "5", 5 }, { MOST, "-5", -5 },
		{ DELAY, "60s", 60 }, { DELAY, "5m", 300 }, { DELAY, "24h", 86400 }, { DELAY, "1d", 86400 },
		{ TIMEOUT, "250ms", 250 }, { TIMEOUT, "2s", 2000 }, { TIMEOUT, "1m", 60000 },
		{ SIZE, "4096", 4096 }, { SIZE, "64K", 65536 }, { SIZE, "10M", 10485760 }, { SIZE, "2G", 2147483648 },
		{ MODE, "0660", 0660 }, { MODE, "7777", 07777 }, { MODE, "0", 0 },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct option *o = &rows[cases[i].row];
		struct all all = { 0 };
		const char *why = option_read(o, a, cases[i].text, &all);

		if (why != NULL)
			fail_msg("%s = %s: %s", o->name, cases[i].text, why);
		assert_int_equal(*(int64_t *)((char *)&all + o->offset), cases[i].want);
	}
	arena_free(a);
}

static void
words(void **state)
{
	struct arena *a = arena_new();
	struct all all = { 0 };

	(void)state;
	assert_null(option_read(&rows[YES_NO], a, "yes", &all));
	assert_true(all.yes_no);
	assert_null(option_read(&rows[YES_NO], a, "no", &all));
	assert_false(all.yes_no);
	assert_null(option_read(&rows[WORD], a, "off", &all));
	assert_int_equal(all.word, 2);
	assert_null(option_read(&rows[SETTING], a, "score 3", &all));
	assert_int_equal(all.setting.score, 3);
	assert_null(option_read(&rows[PARSED], a, "one", &all));
	assert_int_equal(all.parsed, 1);
	arena_free(a);
}

static void
texts(void **state)
{
	static const struct {
		const char *written, *means;
	} cases[] = {
		{ "", "" }, { "a # b, \"c\" \\d", "a # b, \"c\" \\d" }, { "\"\"", "" }, { "\"  x \"", "  x " },
		{ "\"a \\\"b\\\" \\\\\"", "a \"b\" \\" },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct all all = { 0 };

		assert_null(option_read(&rows[TEXT_], a, cases[i].written, &all));
		assert_string_equal(all.text, cases[i].means);
	}
	arena_free(a);
}

static void
lists(void **state)
{
	struct arena *a = arena_new();
	struct all all = { 0 };
	struct address in, out;

	(void)state;
	assert_null(option_read(&rows[LIST], a, " ", &all));
	assert_int_equal(all.list.count, 0);
	assert_null(option_read(&rows[LIST], a, "a, b\tc,,d,", &all));
	assert_int_equal(all.list.count, 4);
	assert_string_equal(all.list.at[0], "a");
	assert_string_equal(all.list.at[3], "d");

	assert_null(option_read(&rows[DOMAINS], a, "Example.ORG. .b\xc3\xbc" "cher.example", &all));
	assert_int_equal(all.domains.count, 2);
	assert_string_equal(all.domains.at[0], "example.org");
	assert_string_equal(all.domains.at[1], ".xn--bcher-kva.example");

	assert_null(option_read(&rows[NETWORKS], a, "192.0.2.0/24, 2001:db8::1", &all));
	assert_int_equal(all.networks.count, 2);
	assert_true(address_parse(&in, "::ffff:192.0.2.7") && address_parse(&out, "2001:db8::2"));
	assert_true(networks_contain(&all.networks, &in));
	assert_false(networks_contain(&all.networks, &out));
	assert_true(address_parse(&in, "2001:db8:0::1"));
	assert_true(networks_contain(&all.networks, &in));
	arena_free(a);
}

static void
domains(void **state)
{
	static const char *const cases[][2] = {		/* name, where it belongs */
		{ "example.org", "example.org" }, { "mx.example.org", "example.org" }, { "badexample.org", NULL },
		{ "org", NULL }, { "example.net", NULL }, { "mx.example.net", ".example.net" }, { "xexample.net", NULL },
		{ "xn--mller-kva.example", "xn--mller-kva.example" }, { "", NULL },
	};
	struct arena *a = arena_new();
	struct all all = { 0 };

	(void)state;
	assert_null(domains_find(&all.domains, "example.org"));
	assert_null(option_read(&rows[DOMAINS], a, "example.org .example.net, M\xc3\xbcller.example. mx.example.org", &all));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *place = domains_find(&all.domains, cases[i][0]);

		assert_string_equal(place ? place : "none", cases[i][1] ? cases[i][1] : "none");
	}
	arena_free(a);
}

static void
wrong(void **state)
{
	static const struct {
		int row;
		const char *text, *why;
	} cases[] = {
		{ YES_NO, "on", "no word 'on' here; write yes" },
		{ YES_NO, "true", "no word 'true' here; write yes" },
		{ YES_NO, "1", "no word '1' here; write yes" },
		{ YES_NO, "off", "no word 'off' here; write no" },
		{ YES_NO, "false", "no word 'false' here; write no" },
		{ YES_NO, "", "no value; write yes or no" },
		{ YES_NO, "perhaps", "no word 'perhaps'; write yes or no" },
		{ NUMBER, "0", "less than 1; write 1 to 100" },
		{ NUMBER, "101", "more than 100; write 1 to 100" },
		{ NUMBER, "", "no value; write a whole number, as in 10" },
		{ NUMBER, "many", "not a number; write a whole number, as in 10" },
		{ NUMBER, "--1", "not a number; write a whole number, as in 10" },
		{ NUMBER, "1.5", "'.5' behind the number; write a whole number, as in 10" },
		{ OPEN_NUMBER, "9223372036854775808", "far too large a number; write a smaller one" },
		{ LEAST, "4", "less than 5; write 5 or more" },
		{ MOST, "6", "more than 5; write 5 or less" },
		{ DELAY, "5x", "no unit 'x'; write s, m, h, d or w, as in 5m" },
		{ DELAY, "5", "no unit; write s, m, h, d or w, as in 5m" },
		{ DELAY, "5 m", "no unit ' m'; write s, m, h, d or w, as in 5m" },
		{ DELAY, "-5m", "not a number; write s, m, h, d or w, as in 5m" },
		{ DELAY, "59s", "less than 1m; write 1m to 24h" },
		{ DELAY, "2w", "more than 24h; write 1m to 24h" },
		{ DELAY, "9223372036854775807w", "far too large a number; write a smaller one" },
		{ TIMEOUT, "1h", "no unit 'h'; write ms, s or m, as in 250ms" },
		{ TIMEOUT, "9ms", "less than 10ms; write 10ms to 1m" },
		{ SIZE, "1k", "no unit 'k'; write bytes, or K, M or G, as in 10M" },
		{ SIZE, "9000000000G", "far too large a number; write a smaller one" },
		{ SIZE, "3G", "more than 2G; write 4K to 2G" },
		{ MODE, "rw-rw----", "not file permissions; write them in octal, as in 0660" },
		{ MODE, "0668", "not file permissions; write them in octal, as in 0660" },
		{ MODE, "7777777777777777777777777777",
		    "not file permissions; write them in octal, as in 0660" },
		{ MODE, "10000", "not file permissions; write them in octal, as in 0660" },
		{ MODE, "", "not file permissions; write them in octal, as in 0660" },
		{ TEXT_, "\"open", "the text does not end; write a closing quote (a quote within is \\\")" },
		{ TEXT_, "\"a\" b", "something follows the closing quote; remove it (a quote within is \\\")" },
		{ WORD, "refusal", "no word 'refusal'; did you mean refusals? Write all, refusals or off" },
		{ WORD, "", "no value; write all, refusals or off" },
		{ WORD, "all|refusals", "no word 'all|refusals'; did you mean refusals? Write all, refusals or off" },
		{ DOMAINS, "example.org ex..org", "'ex..org' is no domain name; write names as in example.org "
		    "(or .example.org, all below it)" },
		{ DOMAINS, ".", "'.' is no domain name; write names as in example.org (or .example.org, all below it)" },
		{ NETWORKS, "192.0.2.0/24 192.0.2.1/24",
		    "'192.0.2.1/24': bits are set behind the prefix; write the network's first address, as in 192.0.2.0/24" },
		{ SETTING, "tarpit", "no word 'tarpit'; write off, log, score, greylist, defer or reject" },
		{ PARSED, "two", "'two' is not one; write one" },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct option *o = &rows[cases[i].row];
		struct all all = { 0 };
		const char *why = option_read(o, a, cases[i].text, &all);

		if (why == NULL)
			fail_msg("%s = %s is taken", o->name, cases[i].text);
		assert_string_equal(why, cases[i].why);
	}
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ .name = "a number with its unit becomes what the struct holds", .test_func = numbers },
		{ .name = "words, settings and a row's own parser fill their members", .test_func = words },
		{ .name = "a text is taken as it stands, or out of its quotes", .test_func = texts },
		{ .name = "lists are split at blanks and commas and brought to normal form", .test_func = lists },
		{ .name = "a name belongs to the first domain it is or lies below", .test_func = domains },
		{ .name = "what is wrong is told with what would be right", .test_func = wrong },
	};
	return cmocka_run_group_tests_name("option", tests, NULL, NULL);
}
