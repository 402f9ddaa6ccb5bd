/* logins.c - from where logins send: the store promises that … */
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

#define ANN "ann@example.org"
#define HERE "192.0.2.0/24"
#define DAY 86400

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

static void
ann_sends(const char *client, int64_t time_s)
{
	store_login_seen(f->store, ANN, client, time_s);
}

/* From how many networks ann sent since then, asked when she sends from here; -1: it cannot tell. */
static int64_t
networks(int64_t since_s)
{
	int64_t count;

	return store_login_spread(f->store, ANN, HERE, since_s, now, &count) ? count : -1;
}

static bool
is_written(const char *rows)
{
	return sql_becomes(f, "SELECT count(*) FROM login_client", rows) && all_written(f);
}

static void
distinct(void **state)
{
	(void)state;
	assert_int_equal(networks(now - DAY), 1);
	ann_sends(HERE, now);
	ann_sends("198.51.100.0/24", now);
	ann_sends("198.51.100.0/24", now);
	ann_sends("2001:db8:1::/48", now);
	store_login_seen(f->store, "bob@example.org", "203.0.113.0/24", now);
	assert_int_equal(networks(now - DAY), 3);
	assert_true(is_written("4"));
	assert_int_equal(networks(now - DAY), 3);
	ann_sends("203.0.113.0/24", now);
	assert_int_equal(networks(now - DAY), 4);
}

/* What is on its way, and in the file under an older time, is one. */
static void
once(void **state)
{
	(void)state;
	ann_sends("198.51.100.0/24", now - 2 * LOGIN_STEP_S);
	assert_true(is_written("1"));
	ann_sends("198.51.100.0/24", now);
	assert_int_equal(networks(now - DAY), 2);
	assert_int_equal(networks(now), 2);
	assert_int_equal(networks(now + 1), 1);
	assert_true(sql_becomes(f, "SELECT count(*), last - first FROM login_client", "1|7200"));
	assert_true(all_written(f));
	assert_int_equal(networks(now), 2);
}

static void
window(void **state)
{
	(void)state;
	ann_sends("198.51.100.0/24", now - DAY);
	ann_sends("198.51.101.0/24", now - DAY - 1);
	ann_sends("198.51.102.0/24", now + 1);
	assert_int_equal(networks(now - DAY), 2);
	assert_true(is_written("3"));
	assert_int_equal(networks(now - DAY), 2);
	assert_int_equal(networks(now - DAY - 1), 3);
}

static void
an_hour_is_one_write(void **state)
{
	static const char *const last = "SELECT last - unixepoch() > 1800 FROM login_client";
	(void)state;

	ann_sends(HERE, now);
	assert_true(is_written("1"));
	ann_sends(HERE, now + LOGIN_STEP_S - 1);
	ann_sends(HERE, now - DAY);
	assert_true(all_written(f));
	assert_string_equal(sql_text(f, last), "0");
	ann_sends(HERE, now + LOGIN_STEP_S);
	assert_true(sql_becomes(f, last, "1"));
}

static void
survives(void **state)
{
	(void)state;
	ann_sends("198.51.100.0/24", now);
	fixture_close(f);
	assert_true(fixture_open(f));
	assert_int_equal(networks(now), 2);
}

static void
bounded(void **state)
{
	char sql[300];
	(void)state;

	snprintf(sql, sizeof sql, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
	    "INSERT INTO login_client SELECT '" ANN "', '2001:db8:' || i || '::/48', %lld, %lld FROM n", (long long)now, (long long)now);
	sql_run(f, sql);
	assert_int_equal(networks(now), LOGIN_NETWORKS_MAX);
}

static void
odd_bytes(void **state)
{
	static const char odd[] = "a\\\x01\xff";
	char longer[600];
	int64_t count;
	(void)state;

	memset(longer, 'a', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	store_login_seen(f->store, odd, HERE, now);
	store_login_seen(f->store, longer, HERE, now);
	assert_true(sql_becomes(f, "SELECT login FROM login_client", "a\\\\\\x01\\xff"));
	assert_true(all_written(f));
	assert_true(store_login_spread(f->store, odd, "198.51.100.0/24", now, now, &count));
	assert_int_equal(count, 2);
	assert_false(store_login_spread(f->store, longer, "198.51.100.0/24", now, now, &count));
}

static bool
cannot_tell(void *nothing)
{
	(void)nothing;
	return networks(now - DAY) == -1;
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
	assert_int_equal(networks(now - DAY), 1);
	sick_disk(SQLITE_IOERR);
	ann_sends("198.51.100.0/24", now);
	ann_sends("198.51.100.0/24", now + LOGIN_STEP_S);
	assert_true(eventually(f, cannot_tell, NULL));
	sick_disk(0);
	assert_true(is_written("1"));
	assert_true(eventually(f, can_tell, NULL));
	assert_int_equal(networks(now - DAY), 2);
}

static void
old_rows_go(void **state)
{
	(void)state;
	ann_sends(HERE, now);
	ann_sends("198.51.100.0/24", now - 3 * DAY);
	assert_true(is_written("2"));
	f->options.activity_keep_s = 2 * DAY;
	fixture_close(f);
	assert_true(fixture_open(f));
	assert_true(sql_becomes(f, "SELECT group_concat(client) FROM login_client", HERE));
}

static void
questions_use_an_index(void **state)
{
	static const char *const wanted[][2] = {
		{ "SELECT 1 FROM login_client WHERE login = 'a' AND client = 'b' AND last BETWEEN 1 AND 2", "USING PRIMARY KEY (login=? AND client=?)" },
		{ "SELECT 1 FROM login_client WHERE login = 'a' AND client <> 'b' AND last BETWEEN 1 AND 2", "login_client_login (login=? AND last>? AND last<?)" },
		{ "SELECT login, client FROM login_client WHERE last < 1 ORDER BY last LIMIT 100", "USING COVERING INDEX login_client_last" },
	};
	char sql[200];
	(void)state;

	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
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
		PROMISE("a login's networks are counted at once, each once, the present one in any case", distinct),
		PROMISE("one that is written and on its way again, too", once),
		PROMISE("what lies before, or still to come, does not count", window),
		PROMISE("what comes from a network within an hour is one write", an_hour_is_one_write),
		PROMISE("networks are known after a restart", survives),
		PROMISE("nobody counts further than to a thousand", bounded),
		PROMISE("odd bytes are kept safe to show, and logins too long to be any are not kept", odd_bytes),
		PROMISE("in trouble it cannot tell, and remembers all the same, once", trouble_is_no_no),
		PROMISE("old rows go", old_rows_go),
		PROMISE("no question reads the whole table", questions_use_an_index),
	};

	sick_disk_install();
	return cmocka_run_group_tests_name("where logins send from: the store promises that", tests, NULL, NULL);
}
