/* name_patterns.c - test of src/rules/name_patterns.c: it promises that … */
#include "rules/name_patterns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct arena *arena;

static struct name_patterns
patterns(const char *text)
{
	struct name_patterns p;

	assert_null(name_patterns_parse(arena, text, &p));
	return p;
}

static const struct {
	const char *says, *patterns, *name;
	bool words;
	const char *want;
} cases[] = {
	{ "without patterns nothing matches", "", "dsl.isp.example", true, NULL },
	{ "a word is a label", "dsl", "p7.dsl.isp.example", true, "dsl" },
	{ "a word is a part of a label, between hyphens", "dsl", "p7-dsl-x.isp.example", true, "dsl" },
	{ "a word ends at a digit", "dsl", "dsl7.isp.example", true, "dsl" },
	{ "a word begins behind one", "dsl", "7dsl.isp.example", true, "dsl" },
	{ "a word is whole", "dsl", "adsl.dslam.isp.example", true, NULL },
	{ "a star stands for the beginning", "*dsl", "adsl.isp.example", true, "*dsl" },
	{ "a star stands for nothing, too", "*dsl", "dsl.isp.example", true, "*dsl" },
	{ "a star stands for the end", "dial*", "dialin.isp.example", true, "dial*" },
	{ "a star stands for the middle", "d*n", "dialin.isp.example", true, "d*n" },
	{ "a star goes no further than the word", "d*n", "dial-in.isp.example", true, NULL },
	{ "stars may be many", "*i*l*", "xdial.isp.example", true, "*i*l*" },
	{ "pieces between stars do not overlap", "ab*ba", "aba.isp.example", true, NULL },
	{ "pieces come in their order", "*l*d*", "dial.isp.example", true, NULL },
	{ "the provider's own name is no word", "dsl", "p7.dsl.example", true, NULL },
	{ "and hides no pattern behind it", "dsl, *.example", "p7.dsl.example", true, "*.example" },
	{ "it is none below a public suffix of two labels either", "dsl", "p7.dsl.co.uk", true, NULL },
	{ "a name that is a public suffix has words all the same", "dsl", "dsl", true, "dsl" },
	{ "the first that matches is told", "cable, pool dsl", "dsl.pool.isp.example", true, "pool" },
	{ "patterns in upper case are the same", "DSL", "dsl.isp.example", true, "dsl" },
	{ "a pattern with a dot is the whole name", "mx.isp.example", "mx.isp.example", true, "mx.isp.example" },
	{ "and no part of it", "isp.example", "mx.isp.example", true, NULL },
	{ "and matches the provider's own name", "*dsl.*", "p7.adsl.example", true, "*dsl.*" },
	{ "its stars go over dots", "p*.isp.example", "p7.dsl.isp.example", true, "p*.isp.example" },
	{ "digits and hyphens stand in it", "b2b-*.*", "b2b-7.isp.example", true, "b2b-*.*" },
	{ "words can be left out", "dsl", "dsl.isp.example", false, NULL },
	{ "names then stay", "dsl, *.isp.example", "dsl.isp.example", false, "*.isp.example" },
	{ "any bytes may stand in a name", "dsl", "\xff-dsl\\009.isp.example", true, "dsl" },
	{ "a capital is no letter", "dsl", "DSL.dslX.Xdsl.isp.example", true, "dsl" },
	{ "not at the start of a word either", "dsl*", "Dsl.isp.example", true, NULL },
	{ "an empty name matches nothing", "dsl, *.example", "", true, NULL },
};

static void
match(void **state)
{
	const size_t i = (size_t)*state;
	struct name_patterns p = patterns(cases[i].patterns);
	const char *found = name_patterns_match(&p, cases[i].name, cases[i].words);

	if (cases[i].want == NULL)
		assert_null(found);
	else {
		assert_non_null(found);
		assert_string_equal(found, cases[i].want);
	}
}

#define WRITE "; write words as in dsl or dial*, or names as in *.dyn.example.net"

static void
refused(void **state)
{
	static const struct {
		const char *text, *why;
	} wrong[] = {
		{ "dsl2", "dsl2: a word has letters only, what else is in a name stands between words" WRITE },
		{ "dial-up", "dial-up: a word has letters only, what else is in a name stands between words" WRITE },
		{ "dsl, *", "*: it takes names of all kinds; at least two letters tell them apart" WRITE },
		{ "*.*", "*.*: it takes names of all kinds; at least two letters tell them apart" WRITE },
		{ "*a*", "*a*: it takes names of all kinds; at least two letters tell them apart" WRITE },
		{ "[0-9]*.dsl.example", "[0-9]*.dsl.example: no name has such characters; a name that is not ASCII has "
		  "A-labels (xn--)" WRITE },
		{ "/dsl/", "/dsl/: no name has such characters; a name that is not ASCII has A-labels (xn--)" WRITE },
		{ "m\xc3\xbcller", "m\xc3\xbcller: no name has such characters; a name that is not ASCII has A-labels "
		  "(xn--)" WRITE },
	};
	char many[(NAME_PATTERNS_MAX + 1) * 4 + 1], longest[DOMAIN_TEXT + 1];
	struct name_patterns p;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_string_equal(name_patterns_parse(arena, wrong[i].text, &p), wrong[i].why);
	for (size_t i = 0; i <= NAME_PATTERNS_MAX; i++)
		memcpy(many + i * 4, "dsl ", 5);
	assert_string_equal(name_patterns_parse(arena, many, &p),
	    "more than 250 patterns; take the least useful ones out");
	many[NAME_PATTERNS_MAX * 4] = '\0';
	assert_int_equal(patterns(many).count, NAME_PATTERNS_MAX);
	memset(longest, 'a', sizeof longest);
	longest[DOMAIN_TEXT] = '\0';
	assert_non_null(strstr(name_patterns_parse(arena, longest, &p), "longer than any name"));
	longest[DOMAIN_TEXT - 1] = '\0';
	assert_int_equal(patterns(longest).count, 1);
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
	enum { COUNT = sizeof cases / sizeof *cases };
	struct CMUnitTest tests[COUNT + 1];

	for (size_t i = 0; i < COUNT; i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].says, .test_func = match, .initial_state = (void *)i };
	tests[COUNT] = (struct CMUnitTest){ .name = "what is wrong is said with what is right", .test_func = refused };
	return cmocka_run_group_tests_name("name_patterns", tests, new_arena, free_arena);
}
