/* dynamic_name.c - test of src/rules/dynamic_name.c: it promises that …
 *
 * The last cases measure it, with the patterns as shipped, over dynamic_names.tsv.
 */
#include "rules/dynamic_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define NAMES "t/unit/rules/dynamic_names.tsv"
#define V6 "2001:db8:4e7b:ed4a:c4c9:26ea:d9a6:38dc"

extern const struct rule rule_client_dynamic;

static struct arena *arena;

static struct name_patterns
patterns(const char *text)
{
	struct name_patterns p;

	assert_null(name_patterns_parse(arena, text, &p));
	return p;
}

/* ---- the address in the name ---- */

static const struct {
	const char *says, *address, *name;
	bool want;
} spellings[] = {
	{ "the numbers in order", "198.51.100.7", "198-51-100-7.isp.example", true },
	{ "the numbers reversed", "198.51.100.7", "7.100.51.198.isp.example", true },
	{ "behind a word", "198.51.100.7", "host198-51-100-7.isp.example", true },
	{ "behind another number", "198.51.100.7", "ip4-198-51-100-7.isp.example", true },
	{ "with any separator", "198.51.100.7", "198x51x100x7.isp.example", true },
	{ "with different separators", "198.51.100.7", "ip198_51.100-7.isp.example", true },
	{ "with zeros in front", "198.51.100.7", "198-051-100-007.isp.example", true },
	{ "with words between", "198.51.100.7", "7-100-dynamic.51-198-r.isp.example", true },
	{ "one half moved", "198.51.100.7", "1-100-7.w198-51.isp.example", true },
	{ "the last number moved", "198.51.100.7", "7.sub-198-51-100.isp.example", true },
	{ "the last three", "198.51.100.7", "dsl-51-100-7.isp.example", true },
	{ "the last three reversed", "198.51.100.7", "7-100-51.isp.example", true },
	{ "no separator, but zeros", "198.51.100.7", "chello198051100007.isp.example", true },
	{ "the same reversed", "198.51.100.7", "n007100051198.isp.example", true },
	{ "hexadecimal", "198.51.100.7", "pc6336407.isp.example", true },
	{ "hexadecimal behind a hexadecimal letter", "198.51.100.7", "dc6336407.isp.example", true },
	{ "hexadecimal reversed", "198.51.100.7", "c-076433c6.isp.example", true },
	{ "hexadecimal with separators", "198.51.100.7", "c6-33-64-07.isp.example", true },
	{ "below the provider's own name", "198.51.100.7", "198-51-100-7.example", true },
	{ "not another address", "198.51.100.7", "198-51-100-8.isp.example", false },
	{ "not its network", "198.51.100.7", "gw-198-51-100.isp.example", false },
	{ "not two numbers of it", "198.51.100.7", "mx100-7.isp.example", false },
	{ "not the numbers apart", "198.51.100.7", "198-51-1-100-7.isp.example", false },
	{ "not numbers in any order", "198.51.100.7", "51-198-7-100.isp.example", false },
	{ "not in longer numbers", "198.51.100.7", "1198-51-100-70.isp.example", false },
	{ "not numbers with more than three digits", "198.51.100.7", "0051-0100-0007.isp.example", false },
	{ "not without separators or zeros", "198.51.100.7", "198511007.isp.example", false },
	{ "not a missing number for a zero", "192.0.2.0", "2.isp.example", false },

	{ "the groups in order", V6, "2001-db8-4e7b-ed4a-c4c9-26ea-d9a6-38dc.isp.example", true },
	{ "the groups with zeros", V6, "ip-2001-0db8-4e7b-ed4a-c4c9-26ea-d9a6-38dc.isp.example", true },
	{ "the groups reversed", V6, "g2-38dc-d9a6-26ea-c4c9-ed4a-4e7b-db8-2001.isp.example", true },
	{ "all digits", V6, "p20010db84e7bed4ac4c926ead9a638dc.isp.example", true },
	{ "all digits reversed", V6,
	  "c.d.8.3.6.a.9.d.a.e.6.2.9.c.4.c.a.4.d.e.b.7.e.4.8.b.d.0.1.0.0.2.isp.example", true },
	{ "the /64", V6, "20010db84e7bed4a.isp.example", true },
	{ "the groups of the /64", V6, "2001-db8-4e7b-ed4a.isp.example", true },
	{ "groups that are left out", "2001:db8::4e7b", "2001-db8--4e7b.isp.example", true },
	{ "groups that are zero", "2001:db8::4e7b", "2001-db8-0-0-0-0-0-4e7b.isp.example", true },
	{ "not another line", V6, "2001-db8-4e7b-ed4b.isp.example", false },
	{ "not its /48", V6, "2001-db8-4e7b.isp.example", false },

	{ "not in a name without digits", "198.51.100.7", "mail.firm.example", false },
	{ "not in an empty name", "198.51.100.7", "", false },
	{ "not without an address", "unknown", "198-51-100-7.isp.example", false },
};

static void
spells(void **state)
{
	const size_t i = (size_t)*state;
	struct address a = { 0 };

	address_parse(&a, spellings[i].address);
	assert_int_equal(name_spells_address(spellings[i].name, &a), spellings[i].want);
}

/* ---- address and patterns ---- */

static void
signs(void **state)
{
	static const struct {
		const char *name, *want;
	} cases[] = {
		{ "198-51-100-7.isp.example", "the address" },
		{ "198-51-100-7.dsl.isp.example", "the address" },
		{ "198-51-100-7.static.isp.example", NULL },
		{ "mail-198-51-100-7.isp.example", NULL },
		{ "p123.dsl.isp.example", "dsl" },
		{ "p12.dsl.isp.example", NULL },
		{ "dsl.firm.example", NULL },
		{ "p123.static.dsl.isp.example", NULL },
		{ "dsl.p123.example", NULL },		/* the number is the provider's own */
		{ "any.pool.isp.example", "*.pool.isp.example" },
		{ "mx.firm.example", NULL },
	};
	struct name_patterns dynamic = patterns("dsl *.pool.isp.example"), fixed = patterns("static mail");
	struct address a;

	(void)state;
	assert_true(address_parse(&a, "198.51.100.7"));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *sign = dynamic_name(cases[i].name, &a, &dynamic, &fixed);

		if (sign == NULL || cases[i].want == NULL)
			assert_ptr_equal(sign, cases[i].want);
		else
			assert_string_equal(sign, cases[i].want);
	}
}

static void
longest(void **state)
{
	char name[5000];
	struct name_patterns all = patterns("*a*a*a*a*a*a*a*a*a*b *a*a*a*a*a*a*a*a*a*.b"), none = patterns("");
	struct address a;

	(void)state;
	assert_true(address_parse(&a, "198.51.100.7"));
	memset(name, 'a', sizeof name);
	name[sizeof name - 1] = '\0';
	assert_null(dynamic_name(name, &a, &all, &none));
	memset(name, '1', sizeof name - 1);
	assert_null(dynamic_name(name, &a, &all, &none));
}

/* ---- what the shipped patterns are worth ---- */

enum kind { DYNAMIC, MAIL, STATIC, HOSTING, OWN, KINDS };
enum half { TUNE, PROVE, HALVES };
static const char *const kinds[KINDS] = { "dynamic", "mail", "static", "hosting", "own" };
static const char *const halves[HALVES] = { "tune", "prove" };

static struct {
	unsigned names, dynamic;	/* how many there are, how many of them look dynamic */
} seen[KINDS][HALVES];

static unsigned
place(const char *const *words, unsigned count, const char *word)
{
	unsigned i = 0;

	while (i < count && strcmp(words[i], word) != 0)
		i++;
	if (i == count)
		fail_msg("%s: no word %s", NAMES, word);
	return i;
}

static struct name_patterns
shipped(const char *option)
{
	const struct option_table *t = &rule_client_dynamic.options;
	size_t i = 0;

	while (i < t->count && strcmp(t->rows[i].name, option) != 0)
		i++;
	assert_true(i < t->count);
	return patterns(t->rows[i].fallback);
}

static void
measure(void **state)
{
	struct name_patterns dynamic = shipped("dynamic_names"), fixed = shipped("static_names");
	char line[400], kind[20], half[20], address[60], name[300], normal[DOMAIN_TEXT];
	struct address a;
	FILE *file = fopen(NAMES, "r");

	(void)state;
	assert_non_null(file);
	while (fgets(line, sizeof line, file) != NULL) {
		if (*line == '#')
			continue;
		assert_int_equal(sscanf(line, "%19s %19s %59s %299s", kind, half, address, name), 4);
		assert_true(address_parse(&a, address) && domain_normal(name, normal));
		unsigned k = place(kinds, KINDS, kind), h = place(halves, HALVES, half);
		const char *sign = dynamic_name(normal, &a, &dynamic, &fixed);

		seen[k][h].names++;
		seen[k][h].dynamic += sign != NULL;
		if ((sign != NULL) != (k == DYNAMIC))
			printf("# %s, %s: %s (%s)\n", kind, half, normal, sign ? sign : "missed");
	}
	fclose(file);
	for (unsigned k = 0; k < KINDS; k++)
		for (unsigned h = 0; h < HALVES; h++)
			printf("# %-7s %-5s %3u of %3u look dynamic\n", kinds[k], halves[h], seen[k][h].dynamic,
			    seen[k][h].names);
	for (unsigned h = 0; h < HALVES; h++) {
		assert_true(seen[DYNAMIC][h].names >= 100);
		assert_true(seen[MAIL][h].names + seen[STATIC][h].names + seen[HOSTING][h].names +
		    seen[OWN][h].names >= 100);
	}
}

static void
lines_found(void **state)
{
	(void)state;
	for (unsigned h = 0; h < HALVES; h++)
		assert_true(100 * seen[DYNAMIC][h].dynamic >= 94 * seen[DYNAMIC][h].names);
}

static void
servers_spared(void **state)
{
	(void)state;
	for (unsigned h = 0; h < HALVES; h++) {
		assert_int_equal(seen[MAIL][h].dynamic, 0);
		assert_int_equal(seen[OWN][h].dynamic, 0);
	}
}

/* One provider names the fixed lines of its business customers as all others; some hosters have only the address. */
static void
fixed_spared(void **state)
{
	(void)state;
	assert_true(seen[STATIC][TUNE].dynamic <= 1);
	assert_int_equal(seen[STATIC][PROVE].dynamic, 0);
	assert_true(seen[HOSTING][TUNE].dynamic <= 2);
	assert_true(seen[HOSTING][PROVE].dynamic <= 4);
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
	const struct CMUnitTest more[] = {
		{ .name = "the address, then a word beside a number, then nothing", .test_func = signs },
		{ .name = "a name of any length and a pattern of many stars are soon told", .test_func = longest },
		{ .name = "the names to measure by can be read, and are enough", .test_func = measure },
		{ .name = "of a hundred dial-up lines 94 are found", .test_func = lines_found },
		{ .name = "no mail server and no name that its owner chose is taken for one",
		  .test_func = servers_spared },
		{ .name = "few fixed lines and rented servers are", .test_func = fixed_spared },
	};
	enum { COUNT = sizeof spellings / sizeof *spellings, MORE = sizeof more / sizeof *more };
	struct CMUnitTest tests[COUNT + MORE];

	for (size_t i = 0; i < COUNT; i++)
		tests[i] = (struct CMUnitTest){ .name = spellings[i].says, .test_func = spells,
		    .initial_state = (void *)i };
	memcpy(tests + COUNT, more, sizeof more);
	return cmocka_run_group_tests_name("dynamic_name", tests, new_arena, free_arena);
}
