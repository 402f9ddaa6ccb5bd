/* dns_lists.c - what is said of DNS lists in the database: the store promises that … */
#include "store/store.h"
#include "store_test.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static struct fixture *f;

static int
open_one(void **state)
{
	(void)state;
	sick_disk_install();
	f = fixture_new();
	return !fixture_open(f);
}

static int
close_it(void **state)
{
	(void)state;
	sick_disk(0);
	fixture_free(f);
	return 0;
}

#define NUL "\0"
#define GOOD(list) list NUL "addresses" NUL "dnsbl" NUL "good" NUL "1800000000" NUL "" NUL "1800000100" NUL "good" NUL "yes" NUL
#define NEW(list) list NUL "names" NUL "rhsbl" NUL "new" NUL "1800000000" NUL "" NUL "0" NUL "" NUL "no" NUL
#define SAY(cells) store_dns_lists(f->store, cells, sizeof cells)
#define LISTS "SELECT group_concat(list, ' ') FROM (SELECT list FROM dns_list ORDER BY list)"

static void
every_column(void **state)
{
	(void)state;
	SAY(GOOD("b.example") NEW("c.example") "a.example" NUL "addresses" NUL "dnsbl, dnswl" NUL "failing" NUL "1800000000" NUL
	    "no answer" NUL "1800000100" NUL "cannot tell of 127.0.0.2" NUL "no" NUL);
	assert_true(sql_becomes(f, "SELECT list || ',' || kind || ',' || rules || ',' || state || ',' || since || ',' || "
	    "ifnull(why, '-') || ',' || ifnull(probed, '-') || ',' || ifnull(probe, '-') || ',' || ipv6 FROM dns_list",
	    "a.example,addresses,dnsbl, dnswl,failing,2027-01-15 08:00:00,no answer,2027-01-15 08:01:40,"
	    "cannot tell of 127.0.0.2,no\n"
	    "b.example,addresses,dnsbl,good,2027-01-15 08:00:00,-,2027-01-15 08:01:40,good,yes\n"
	    "c.example,names,rhsbl,new,2027-01-15 08:00:00,-,-,-,no"));
}

static void
takes_the_place(void **state)
{
	(void)state;
	SAY(GOOD("a.example") GOOD("b.example"));
	assert_true(sql_becomes(f, LISTS, "a.example b.example"));
	SAY(GOOD("b.example") GOOD("c.example"));
	assert_true(sql_becomes(f, LISTS, "b.example c.example"));
	SAY("");
	assert_true(sql_becomes(f, "SELECT count(*) FROM dns_list", "0"));
}

static void
after_trouble(void **state)
{
	(void)state;
	SAY(GOOD("a.example"));
	assert_true(sql_becomes(f, LISTS, "a.example"));
	sick_disk(SQLITE_FULL);
	for (int i = 0; i < 100; i++)
		SAY(GOOD("b.example"));
	SAY(GOOD("c.example"));
	sick_disk(0);
	assert_true(sql_becomes(f, LISTS, "c.example"));
}

static void
in_a_new_file(void **state)
{
	(void)state;
	SAY(GOOD("a.example"));
	assert_true(sql_becomes(f, LISTS, "a.example"));
	assert_int_equal(unlink(f->path), 0);
	store_count(f->store, "decision", "dunno:", 1800000000);	/* with the next commit it is noticed */
	assert_true(sql_becomes(f, "SELECT count(*) FROM sqlite_schema WHERE name = 'list_state'", "1"));
	assert_true(sql_becomes(f, LISTS, "a.example"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "every column is what it was told", every_column, open_one, close_it, NULL },
		{ "what is said takes the place of what was", takes_the_place, open_one, close_it, NULL },
		{ "after trouble the last word stands", after_trouble, open_one, close_it, NULL },
		{ "a file that was made anew has it again", in_a_new_file, open_one, close_it, NULL },
	};
	return cmocka_run_group_tests_name("dns_lists", tests, NULL, NULL);
}
