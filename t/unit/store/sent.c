/* sent.c - who of ours sent mail: the store promises that … */
#include "store/store.h"
#include "base/clock.h"
#include "store_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#define DAY 86400
#define ROWS "SELECT address, domain, last FROM sent WHERE address <> '' ORDER BY address"

static struct fixture *f;
static int64_t now;

static int
begin(void **state)
{
	(void)state;
	f = fixture_new();
	now = clock_wall_s();
	return !fixture_open(f);
}

static int
end(void **state)
{
	(void)state;
	fixture_free(f);
	return 0;
}

/* policyd has watched for 30 days. */
static void
has_watched(void)
{
	char sql[200];

	snprintf(sql, sizeof sql, "INSERT INTO sent VALUES ('', '', %lld), ('old@example.net', 'example.net', %lld)",
	    (long long)now - 30 * DAY, (long long)now - 30 * DAY);
	sql_run(f, sql);
}

static enum known
ann_since(int64_t ago_s)
{
	return store_sent_since(f->store, "ann@example.org", now - ago_s);
}

static bool
is_written(const char *text)
{
	return sql_becomes(f, ROWS, text);
}

static void
ann_sends(int64_t time_s)
{
	store_sent(f->store, "ann@example.org", "example.org", time_s);
}

static void
nothing_is_no_answer(void **state)
{
	(void)state;
	assert_int_equal(ann_since(DAY), KNOWN_CANNOT_TELL);
}

static void
known_at_once(void **state)
{
	(void)state;
	ann_sends(now);
	assert_int_equal(ann_since(DAY), KNOWN_YES);
	assert_int_equal(store_sent_since(f->store, "example.org", now - DAY), KNOWN_YES);
	assert_int_equal(store_sent_since(f->store, "bob@example.org", now - DAY), KNOWN_CANNOT_TELL);
}

static void
known_when_written(void **state)
{
	char row[100];
	(void)state;

	has_watched();
	ann_sends(now);
	snprintf(row, sizeof row, "ann@example.org|example.org|%lld\nold@example.net|example.net|%lld", (long long)now,
	    (long long)now - 30 * DAY);
	assert_true(is_written(row));
	assert_true(all_written(f));
	assert_int_equal(ann_since(DAY), KNOWN_YES);
	assert_int_equal(store_sent_since(f->store, "example.org", now - DAY), KNOWN_YES);
	assert_int_equal(store_sent_since(f->store, "bob@example.org", now - DAY), KNOWN_NO);
	assert_int_equal(store_sent_since(f->store, "example.com", now - DAY), KNOWN_NO);
	assert_int_equal(store_sent_since(f->store, "old@example.net", now - DAY), KNOWN_NO);
	assert_int_equal(store_sent_since(f->store, "old@example.net", now - 30 * DAY), KNOWN_YES);
}

static void
young_memory_says_no_to_nobody(void **state)
{
	(void)state;
	ann_sends(now - 10 * DAY);
	assert_true(sql_becomes(f, "SELECT count(*) FROM sent", "2"));
	assert_true(all_written(f));
	assert_int_equal(store_sent_since(f->store, "bob@example.org", now - 11 * DAY), KNOWN_CANNOT_TELL);
	assert_int_equal(store_sent_since(f->store, "bob@example.org", now - 10 * DAY), KNOWN_NO);
	assert_int_equal(ann_since(9 * DAY), KNOWN_NO);
	assert_int_equal(ann_since(11 * DAY), KNOWN_YES);
}

static void
an_hour_is_one_write(void **state)
{
	char row[100];
	(void)state;

	snprintf(row, sizeof row, "ann@example.org|example.org|%lld", (long long)now);
	ann_sends(now);
	ann_sends(now + SENT_STEP_S - 1);
	ann_sends(now - DAY);
	assert_true(sql_becomes(f, "SELECT count(*) FROM sent", "2"));
	assert_true(all_written(f));
	assert_true(is_written(row));
	snprintf(row, sizeof row, "ann@example.org|example.org|%lld", (long long)now + SENT_STEP_S);
	ann_sends(now + SENT_STEP_S);
	assert_true(is_written(row));
}

/* What is remembered lags behind by that step, and nobody is told no for it. */
static void
the_step_is_given(void **state)
{
	(void)state;
	has_watched();
	ann_sends(now - DAY);
	ann_sends(now - DAY + SENT_STEP_S / 2);
	assert_true(sql_becomes(f, "SELECT count(*) FROM sent WHERE address = 'ann@example.org'", "1"));
	assert_true(all_written(f));
	assert_int_equal(ann_since(DAY - SENT_STEP_S / 2), KNOWN_YES);
	assert_int_equal(ann_since(DAY - SENT_STEP_S), KNOWN_NO);
}

static void
survives(void **state)
{
	(void)state;
	has_watched();
	ann_sends(now);
	fixture_close(f);
	assert_true(fixture_open(f));
	assert_int_equal(ann_since(DAY), KNOWN_YES);
	assert_int_equal(store_sent_since(f->store, "bob@example.org", now - DAY), KNOWN_NO);
}

static void
odd_bytes(void **state)
{
	static const char odd[] = "a\\\x01\xff@example.org";
	char longer[600];
	(void)state;

	has_watched();
	memset(longer, 'a', sizeof longer - 1);
	strcpy(&longer[sizeof longer - 13], "@example.org");
	store_sent(f->store, odd, "example.org", now);
	store_sent(f->store, longer, "example.org", now);
	assert_true(sql_becomes(f, "SELECT address FROM sent WHERE domain = 'example.org'", "a\\\\\\x01\\xff@example.org"));
	assert_true(all_written(f));
	assert_int_equal(store_sent_since(f->store, odd, now - DAY), KNOWN_YES);
	assert_int_equal(store_sent_since(f->store, longer, now - DAY), KNOWN_CANNOT_TELL);
}

static bool
cannot_tell(void *nothing)
{
	(void)nothing;
	return ann_since(DAY) == KNOWN_CANNOT_TELL;
}

static bool
can_tell(void *nothing)
{
	return !cannot_tell(nothing);
}

static void
trouble_is_no_no(void **state)
{
	(void)state;
	has_watched();
	assert_int_equal(ann_since(DAY), KNOWN_NO);
	sick_disk(SQLITE_IOERR);
	store_sent(f->store, "bob@example.org", "example.org", now);
	assert_true(eventually(f, cannot_tell, NULL));
	sick_disk(0);
	assert_true(sql_becomes(f, "SELECT count(*) FROM sent WHERE address = 'bob@example.org'", "1"));
	assert_true(eventually(f, can_tell, NULL));
	assert_int_equal(store_sent_since(f->store, "bob@example.org", now - DAY), KNOWN_YES);
	assert_int_equal(ann_since(DAY), KNOWN_NO);
}

static void
old_rows_go(void **state)
{
	(void)state;
	has_watched();
	ann_sends(now);
	fixture_close(f);
	assert_true(fixture_open(f));
	loop_for(f, 300);
	assert_int_equal(sql_number(f, "SELECT count(*) FROM sent"), 3);	/* as long as nobody says how long */
	store_keep_sent(f->store, 30 * DAY - 100);
	assert_true(sql_becomes(f, "SELECT group_concat(address) FROM sent", "ann@example.org"));
	assert_int_equal(store_sent_since(f->store, "bob@example.org", now - 30 * DAY), KNOWN_NO);
}

static void
too_many_go(void **state)
{
	char sql[300];
	(void)state;

	has_watched();
	snprintf(sql, sizeof sql, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
	    "INSERT INTO sent SELECT i || '@example.org', 'example.org', %lld + i FROM n", (long long)now - DAY);
	sql_run(f, sql);
	fixture_close(f);
	f->options.sent_max = 1000;
	assert_true(fixture_open(f));
	assert_true(sql_becomes(f, "SELECT count(*) FROM sent", "1000"));
	assert_int_equal(store_sent_since(f->store, "3000@example.org", now - DAY), KNOWN_YES);
	/* Who is missing may be one of those that went. */
	const int64_t marked = now - DAY + 2001 + SENT_STEP_S;
	assert_int_equal(sql_number(f, "SELECT last FROM sent WHERE address = ''"), marked);
	assert_int_equal(store_sent_since(f->store, "1@example.org", marked - 1), KNOWN_CANNOT_TELL);
	assert_int_equal(store_sent_since(f->store, "1@example.org", marked), KNOWN_NO);
}

static void
questions_use_an_index(void **state)
{
	static const char *const wanted[][2] = {
		{ "SELECT last FROM sent WHERE domain = 'a' ORDER BY last DESC LIMIT 1", "USING COVERING INDEX sent_domain" },
		{ "SELECT address FROM sent WHERE last < 1 ORDER BY last LIMIT 500", "USING COVERING INDEX sent_last" },
		{ "SELECT last FROM sent WHERE address <> '' ORDER BY last LIMIT 1 OFFSET 500", "USING COVERING INDEX sent_last" },
	};
	char sql[200];
	(void)state;

	for (size_t i = 0; i < 3; i++) {
		snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", wanted[i][0]);
		assert_non_null(strstr(sql_text(f, sql), wanted[i][1]));
		assert_null(strstr(sql_text(f, sql), "TEMP B-TREE"));
	}
}

int
main(void)
{
#define PROMISE(says, test) { says, test, begin, end, NULL }
	const struct CMUnitTest tests[] = {
		PROMISE("while no mail was seen, it cannot tell", nothing_is_no_answer),
		PROMISE("a sent mail is known at once, by address and by domain", known_at_once),
		PROMISE("and once it is written, as is who sent none", known_when_written),
		PROMISE("before it has watched for as long, nobody is said to have sent none", young_memory_says_no_to_nobody),
		PROMISE("the mails of an hour are one write, and no time goes back", an_hour_is_one_write),
		PROMISE("that hour is given", the_step_is_given),
		PROMISE("what was remembered survives a restart", survives),
		PROMISE("odd bytes are kept safe to show, and addresses too long to be any are not kept", odd_bytes),
		PROMISE("in trouble it cannot tell, and remembers all the same", trouble_is_no_no),
		PROMISE("rows older than anybody asks for go", old_rows_go),
		PROMISE("beyond sent_max the oldest go, and it is known that they went", too_many_go),
		PROMISE("no question reads the whole table", questions_use_an_index),
	};

	sick_disk_install();
	return cmocka_run_group_tests_name("sent mail: the store promises that", tests, NULL, NULL);
}
