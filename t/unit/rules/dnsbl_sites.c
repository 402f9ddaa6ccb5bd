/* dnsbl_sites.c - test of src/rules/dnsbl_sites.c: it promises that … */
#include "rules/dnsbl_sites.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct arena *arena;

static struct dnsbl_sites
sites(const char *text)
{
	struct dnsbl_sites s = { 0 };
	const char *why = dnsbl_sites_parse(arena, text, &s);

	if (why != NULL)
		fail_msg("%s", why);
	return s;
}

static bool
takes(const char *text, const char *answer)
{
	struct address a;
	struct dnsbl_sites s = sites(text);

	assert_int_equal(s.count, 1);
	assert_true(address_parse(&a, answer));
	return dnsbl_site_takes(&s.at[0], &a);
}

static void
parts(void **state)
{
	static const struct {
		const char *text, *domain;
		int weight;
	} cases[] = {
		{ "bl.example", "bl.example", 1 },
		{ " BL.Example. ", "bl.example", 1 },
		{ "bl.example*3", "bl.example", 3 },
		{ "bl.example*-2", "bl.example", -2 },
		{ "bl.example*+2", "bl.example", 2 },
		{ "bl.example*0", "bl.example", 0 },
		{ "bl.example*-1000", "bl.example", -1000 },
		{ "bl.example=127.0.0.2", "bl.example", 1 },
		{ "bl.example=127.0.0.[2..11;13]*-4", "bl.example", -4 },
		{ "key_1.bl.m\xc3\xbcller.example", "key_1.bl.xn--mller-kva.example", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct dnsbl_sites s = sites(cases[i].text);

		assert_int_equal(s.count, 1);
		assert_string_equal(s.at[0].domain, cases[i].domain);
		assert_int_equal(s.at[0].weight, cases[i].weight);
	}
}

static void
separators(void **state)
{
	(void)state;
	assert_int_equal(sites("").count, 0);
	assert_int_equal(sites(" ,\t, ").count, 0);
	struct dnsbl_sites s = sites(",a.example*2,b.example\tc.example=127.0.0.1 ,\n b.example,");
	assert_int_equal(s.count, 4);
	assert_string_equal(s.at[0].domain, "a.example");
	assert_string_equal(s.at[2].domain, "c.example");
	assert_string_equal(s.at[3].domain, "b.example");
}

static void
filters(void **state)
{
	(void)state;
	assert_true(takes("bl.example", "127.0.0.2"));
	assert_true(takes("bl.example", "127.9.8.7"));
	assert_true(takes("bl.example", "127.255.254.1"));
	assert_false(takes("bl.example", "192.0.2.7"));
	assert_false(takes("bl.example", "2001:db8::1"));
	assert_false(takes("bl.example", "127.255.255.1"));
	assert_true(takes("bl.example=127.0.0.2", "127.0.0.2"));
	assert_false(takes("bl.example=127.0.0.2", "127.0.0.3"));
	assert_true(takes("bl.example=127.0.0.[2..11;13]", "127.0.0.2"));
	assert_true(takes("bl.example=127.0.0.[2..11;13]", "127.0.0.11"));
	assert_true(takes("bl.example=127.0.0.[2..11;13]", "127.0.0.13"));
	assert_false(takes("bl.example=127.0.0.[2..11;13]", "127.0.0.1"));
	assert_false(takes("bl.example=127.0.0.[2..11;13]", "127.0.0.12"));
	assert_true(takes("bl.example=127.[0..255].[4].[0..255]", "127.200.4.255"));
	assert_false(takes("bl.example=127.[0..255].[4].[0..255]", "127.200.5.255"));
	assert_true(takes("bl.example=[0..255].0.0.[31;32;63;64]", "127.0.0.64"));
	assert_false(takes("bl.example=[0..255].0.0.[31;32;63;64]", "192.0.0.64"));
	assert_false(takes("bl.example=127.255.255.[0..255]", "127.255.255.254"));
}

static void
failing(void **state)
{
	static const struct {
		const char *answer;
		bool failing;
	} cases[] = {
		{ "127.255.255.0", true }, { "127.255.255.254", true }, { "127.255.254.255", false },
		{ "127.0.0.2", false }, { "7fff:ff00::1", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct address a;

		assert_true(address_parse(&a, cases[i].answer));
		assert_int_equal(dns_is_list_error(&a), cases[i].failing);
	}
}

#define FILTER "; write bl.example, bl.example*2 or bl.example=127.0.0.[2..11;13]*2"
#define TEN "abcdefghi."

static void
refused(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "bl", "a list starts with its domain name" },
		{ "=127.0.0.2", "a list starts with its domain name" },
		{ "*2", "a list starts with its domain name" },
		{ "bl..example", "a list starts with its domain name" },
		{ "192.0.2.7", "a list starts with its domain name" },
		{ "bl.example=", "a filter has four numbers from 0 to 255" },
		{ "bl.example=127.0.0.256", "a filter has four numbers from 0 to 255" },
		{ "bl.example=127.0.0.99999999999999999999", "a filter has four numbers from 0 to 255" },
		{ "bl.example=127..0.2", "a filter has four numbers from 0 to 255" },
		{ "bl.example=127.0.0.[]", "a filter has four numbers from 0 to 255" },
		{ "bl.example=127.0.0.[2..]", "a filter has four numbers from 0 to 255" },
		{ "bl.example=127.0.0.[2;]", "a filter has four numbers from 0 to 255" },
		{ "bl.example=127.0.0", "a filter has four numbers with dots between" },
		{ "bl.example=127.0.0.2..11", "a filter ends after its fourth number" },
		{ "bl.example=127.0.0.2.3", "a filter ends after its fourth number" },
		{ "bl.example=127.0.0.[2..11", "a set ends with ']' and has ';' between its numbers and ranges" },
		{ "bl.example=127.0.0.[2-11]", "a set ends with ']' and has ';' between its numbers and ranges" },
		{ "bl.example=127.0.0.[11..2]", "a range goes from the lower number to the higher" },
		{ "bl.example=10.0.0.2", "lists answer with 127.x.y.z, so this filter takes nothing" },
		{ "bl.example*", "a weight is a whole number from -1000 to 1000" },
		{ "bl.example*-", "a weight is a whole number from -1000 to 1000" },
		{ "bl.example*2x", "a weight is a whole number from -1000 to 1000" },
		{ "bl.example*1001", "a weight is a whole number from -1000 to 1000" },
		{ "bl.example*99999999999999999999", "a weight is a whole number from -1000 to 1000" },
		{ "bl.example*2=127.0.0.2", "a weight is a whole number from -1000 to 1000" },
		{ TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "abcdefghij",
		  "the domain is too long for an IPv6 address to fit before it" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct dnsbl_sites s = { 0 };
		char want[300];

		snprintf(want, sizeof want, "%.100s: %s" FILTER, cases[i].text, cases[i].why);
		const char *why = dnsbl_sites_parse(arena, cases[i].text, &s);
		assert_non_null(why);
		assert_string_equal(why, want);
	}
}

static void
bounded(void **state)
{
	char text[(DNSBL_SITES_MAX + 1) * 10 + 1];
	struct dnsbl_sites s;

	(void)state;
	for (size_t i = 0; i <= DNSBL_SITES_MAX; i++)
		memcpy(text + i * 10, "a.example ", 11);
	assert_string_equal(dnsbl_sites_parse(arena, text, &s), "more than 64 lists; take the least useful ones out");
	text[DNSBL_SITES_MAX * 10] = '\0';
	assert_int_equal(sites(text).count, DNSBL_SITES_MAX);
	/* 189 bytes: the longest domain that fits */
	assert_int_equal(sites(TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "abcdefghi").count, 1);
}

static int
new_arena(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int
free_arena(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ .name = "an entry is a domain, a filter and a weight", .test_func = parts },
		{ .name = "commas and blanks stand between entries", .test_func = separators },
		{ .name = "a filter takes what it says", .test_func = filters },
		{ .name = "127.255.255.0/24 is a list in trouble", .test_func = failing },
		{ .name = "what is wrong is said with what is right", .test_func = refused },
		{ .name = "there is a bound on lists and on their names", .test_func = bounded },
	};
	return cmocka_run_group_tests_name("dnsbl_sites", tests, new_arena, free_arena);
}
