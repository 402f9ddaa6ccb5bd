/* relays.c - relays whose domain does not name us: the store promises that … */
#include "store/store.h"
#include "base/clock.h"
#include "store_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { LONG_AGO_S = 1000000 };
#define ROWS "SELECT domain, since, last, login, finding, good FROM relay_domain"

static struct fixture *f;

static int
begin(void **state)
{
	(void)state;
	f = fixture_new();
	return !fixture_open(f);
}

static int
end(void **state)
{
	(void)state;
	fixture_free(f);
	return 0;
}

static void
tell(const char *finding, int64_t time_s)
{
	store_relay_news(f->store, &(struct relay_news){ "example.net", "shop\n@example.net", finding, time_s });
}

static int64_t
since(void)
{
	struct relay_past past;

	loop_for(f, 20);		/* what is asked in one turn of the loop is one transaction */
	assert_true(store_relay(f->store, "example.net", &past));
	return past.since_s;
}

static void
is_remembered(void **state)
{
	(void)state;
	assert_int_equal(since(), 0);
	tell("softfail", LONG_AGO_S);
	assert_true(sql_becomes(f, ROWS, "example.net|1000000|1000000|shop\\x0a@example.net|softfail|"));
	assert_int_equal(since(), LONG_AGO_S);
	tell("fail", LONG_AGO_S + 7200);
	assert_true(sql_becomes(f, ROWS, "example.net|1000000|1007200|shop\\x0a@example.net|fail|"));
	sql_run(f, "UPDATE relay_domain SET since = -9223372036854775808, last = -9223372036854775808");
	assert_int_equal(since(), 1);		/* what nobody can subtract from is long ago */
	sql_run(f, "UPDATE relay_domain SET since = 1000000, last = 1007200");
	assert_int_equal(since(), LONG_AGO_S);
}

static void
is_good_again(void **state)
{
	(void)state;
	tell("fail", LONG_AGO_S);
	tell(NULL, LONG_AGO_S + 60);
	assert_true(sql_becomes(f, ROWS, "example.net|1000000|1000000|shop\\x0a@example.net|fail|1000060"));
	assert_int_equal(since(), 0);
	tell(NULL, LONG_AGO_S + 90);
	tell("none", LONG_AGO_S + 120);
	assert_true(sql_becomes(f, ROWS, "example.net|1000120|1000120|shop\\x0a@example.net|none|"));
	assert_int_equal(since(), LONG_AGO_S + 120);
}

static void
is_not_told_in_trouble(void **state)
{
	struct relay_past past = { 1, 1 };

	(void)state;
	fixture_close(f);
	sql_run(f, "DROP TABLE relay_domain");
	assert_true(fixture_open(f));
	assert_false(store_relay(f->store, "example.net", &past));
	assert_int_equal(past.since_s, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "a domain that does not name us is remembered, since when and with what it says", is_remembered, begin, end, NULL },
		{ "once it does it is good, and if it does not again that begins anew", is_good_again, begin, end, NULL },
		{ "a table that cannot be read says nothing", is_not_told_in_trouble, begin, end, NULL },
	};
	return cmocka_run_group_tests_name("relays", tests, NULL, NULL);
}
