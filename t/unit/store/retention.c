/* retention.c - retention promises that … (the rest is in store.c) */
#include "store/store.h"
#include "store_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

enum { ROWS = 3000 };

static struct fixture *f;

static int
begin(void **state)
{
	(void)state;
	f = fixture_new();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	fixture_free(f);
	return 0;
}

/* Rows of about two pages each. */
static void
write_rows(void)
{
	char detail[8001];

	memset(detail, ' ', sizeof detail - 1);
	detail[sizeof detail - 1] = '\0';
	for (int i = 0; i < ROWS; i++) {
		struct decision_row row = row_of("reject", "c");

		row.detail = detail;
		store_write(f->store, &row, NULL);
	}
}

static int64_t
file_bytes(void)
{
	struct stat st;

	return stat(f->path, &st) == 0 ? (int64_t)st.st_size : 0;
}

static bool
is_small(void *arg)
{
	return sql_number(f, "SELECT (SELECT * FROM pragma_page_count) * 4096") <= *(const int64_t *)arg;
}

static void
shrinks_and_keeps_the_newest_rows(void **state)
{
	int64_t most = 8 << 20;

	(void)state;
	assert_true(fixture_open(f));
	write_rows();
	assert_true(sql_becomes(f, "SELECT count(*) FROM decision", "3000"));
	int64_t newest = sql_number(f, "SELECT max(reference) FROM decision");
	f->options.database_size_max = most;
	store_configure(f->store, &f->options);
	assert_true(eventually(f, is_small, &most));
	int64_t left = sql_number(f, "SELECT count(*) FROM decision");
	assert_in_range(left, 1, ROWS - 1);
	assert_int_equal(sql_number(f, "SELECT max(reference) FROM decision"), newest);
	fixture_close(f);
	assert_in_range(file_bytes(), 1, most);
}

#define NUMBERS(count) "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " #count ") "

static bool
is_shrunk(void *arg)
{
	int64_t used = sql_number(f, "SELECT (SELECT * FROM pragma_page_count) - (SELECT * FROM pragma_freelist_count)");

	return used * 4096 <= *(const int64_t *)arg;
}

/* The file, and 200 decisions of now in it, has to come down to 16 MB. */
static void
is_made_smaller(void)
{
	int64_t most = 16 << 20;

	sql_run(f, NUMBERS(200) "INSERT INTO decision (reference, writer, time, action) "
	    "SELECT (unixepoch() << 18) + i, 'x', unixepoch(), 'reject' FROM n");
	f->options.database_size_max = most;
	assert_true(fixture_open(f));
	assert_true(eventually(f, is_shrunk, &most));
}

/* A million recipients tried in vain are no reason to forget what was decided since. */
static void
deletes_what_is_oldest(void **state)
{
	(void)state;
	assert_true(fixture_open(f));
	fixture_close(f);
	sql_run(f, NUMBERS(200000) "INSERT INTO unknown SELECT '192.0.2.7', i || '@example.org', 'unknown', 'bracket', "
	    "unixepoch() - 9999, unixepoch() - 9999 FROM n");
	sql_run(f, NUMBERS(200) "INSERT INTO activity SELECT 'client', '192.0.2.' || i, unixepoch() / 3600 * 3600 - 86400, "
	    "'unknown', 'x', 1 FROM n");
	sql_run(f, NUMBERS(200) "INSERT INTO login_client SELECT i || '@example.org', '192.0.2.0/24', 1, unixepoch() - 86400 FROM n");
	sql_run(f, NUMBERS(200) "INSERT INTO quota_use SELECT 'helo_name', i, 'messages', 31622400, 2635200, unixepoch() - 86400, "
	    "unixepoch() + 31622400, 'x', 1, 10 FROM n");
	is_made_smaller();
	assert_int_equal(sql_number(f, "SELECT count(*) FROM quota_use"), 0);
	assert_int_equal(sql_number(f, "SELECT count(*) FROM login_client"), 0);
	assert_int_equal(sql_number(f, "SELECT count(*) FROM activity"), 0);
	assert_int_equal(sql_number(f, "SELECT count(*) FROM decision"), 200);
	assert_in_range(sql_number(f, "SELECT count(*) FROM unknown"), 1, 199999);
	fixture_close(f);
}

/* Nor are names that strangers make up, of which a quota counts for a year. */
static void
deletes_what_quotas_count(void **state)
{
	(void)state;
	assert_true(fixture_open(f));
	fixture_close(f);
	sql_run(f, NUMBERS(100000) "INSERT INTO quota_use SELECT 'helo_name', i || '.example.net', 'messages', 31622400, 31622400, "
	    "unixepoch() - 9999, unixepoch() + 31622400, 'x', 1, 10 FROM n");
	sql_run(f, "INSERT INTO quota_use SELECT 'login', 'ann@example.org', 'messages', 3600, 300, unixepoch() - 300, unixepoch() + 3600, "
	    "'x', 1, 10");
	is_made_smaller();
	assert_int_equal(sql_number(f, "SELECT count(*) FROM decision"), 200);
	assert_in_range(sql_number(f, "SELECT count(*) FROM quota_use WHERE scope = 'helo_name'"), 1, 99999);
	assert_int_equal(sql_number(f, "SELECT count(*) FROM quota_use WHERE scope = 'login'"), 1);
	fixture_close(f);
}

/* A quota of a month, whose count began before all else, and is written again whenever somebody sends. */
static void
goes_on_behind_a_quota(void **state)
{
	(void)state;
	assert_true(fixture_open(f));
	fixture_close(f);
	sql_run(f, NUMBERS(200000) "INSERT INTO unknown SELECT '192.0.2.7', i || '@example.org', 'unknown', 'bracket', "
	    "unixepoch() - 9999, unixepoch() - 9999 FROM n");
	sql_run(f, "INSERT INTO quota_use SELECT 'login', 'ann@example.org', 'messages', 2592000, 2592000, unixepoch() - 86400, "
	    "unixepoch() + 2505600, 'x', 1, 10");
	sql_run(f, "CREATE TRIGGER again AFTER DELETE ON quota_use BEGIN INSERT INTO quota_use VALUES (OLD.scope, OLD.name, OLD.unit, "
	    "OLD.length, OLD.step, OLD.start, OLD.ends, OLD.writer, OLD.n, OLD.most); END");
	is_made_smaller();
	assert_int_equal(sql_number(f, "SELECT count(*) FROM decision"), 200);
	fixture_close(f);
}

/* Nor are attempts that were greylisted. */
static void
deletes_attempts(void **state)
{
	(void)state;
	assert_true(fixture_open(f));
	fixture_close(f);
	sql_run(f, NUMBERS(400000) "INSERT INTO triplet_pending (client, sender, recipient, gen, first, ready) SELECT "
	    "'192.0.2.0/24', i || '@example.net', 'ann@example.org', 1, unixepoch() - 9999, unixepoch() FROM n");
	is_made_smaller();
	assert_int_equal(sql_number(f, "SELECT count(*) FROM decision"), 200);
	assert_in_range(sql_number(f, "SELECT count(*) FROM triplet_pending"), 1, 399999);
	assert_int_equal(sql_number(f, "SELECT min(id) > 1 AND max(id) = 400000 FROM triplet_pending"), 1);
	fixture_close(f);
}

static void
deletes_old_counters(void **state)
{
	(void)state;
	assert_true(fixture_open(f));
	fixture_close(f);
	sql_run(f, "INSERT INTO counter VALUES ('decision', 'dunno:', unixepoch() - 401 * 86400, 'x', 1),"
	    " ('decision', 'dunno:', unixepoch() - 399 * 86400, 'runs on', 2)");
	sql_run(f, "INSERT INTO writer VALUES ('x', unixepoch() - 402 * 86400), ('runs on', unixepoch() - 402 * 86400),"
	    " ('is new', unixepoch() - 399 * 86400)");
	assert_true(fixture_open(f));
	assert_true(sql_becomes(f, "SELECT n FROM counter", "2"));
	assert_true(sql_becomes(f, "SELECT group_concat(id) FROM (SELECT id FROM writer WHERE started < unixepoch() - 86400 ORDER BY id)",
	    "is new,runs on"));
	fixture_close(f);
}

#define OLD "unixepoch() - 31 * 86400"
#define NEW "unixepoch() - 29 * 86400"

static void
deletes_what_the_feed_read(void **state)
{
	(void)state;
	assert_true(fixture_open(f));
	fixture_close(f);
	sql_run(f, "INSERT INTO bounce VALUES ('old@example.net', 'A', " OLD ", 1, '5.1.1', '', '', NULL),"
	    " ('new@example.net', 'A', " NEW ", 1, '5.1.1', '', '', NULL)");
	sql_run(f, "INSERT INTO delivered VALUES ('old@example.net', " OLD "), ('new@example.net', " NEW ")");
	sql_run(f, "INSERT INTO feed_queue VALUES ('old', NULL, 'ann@example.org', " OLD ", NULL), "
	    "('new', NULL, 'ann@example.org', " NEW ", NULL)");
	f->options.activity_keep_s = 30 * 86400;
	assert_true(fixture_open(f));
	assert_true(sql_becomes(f, "SELECT group_concat(recipient) FROM bounce", "new@example.net"));
	assert_true(sql_becomes(f, "SELECT group_concat(recipient) FROM delivered", "new@example.net"));
	assert_true(sql_becomes(f, "SELECT group_concat(queue_id) FROM feed_queue", "new"));
	fixture_close(f);
}

static void
deletes_blocks_it_set(void **state)
{
	(void)state;
	assert_true(fixture_open(f));
	store_keep_blocks(f->store, 90 * 86400);
	sql_run(f, "INSERT INTO hand_block (client, since, expires, set_by) VALUES ('192.0.2.1', 1, unixepoch() - 91 * 86400, 'mx'),"
	    " ('192.0.2.2', 1, unixepoch() + 86400, 'mx'), ('192.0.2.3', 1, unixepoch() + 86400, 'mx'),"
	    " ('192.0.2.4', 1, unixepoch() + 86400, 'mx')");
	sql_run(f, "UPDATE block SET expires = unixepoch() - 91 * 86400 WHERE client = '192.0.2.2'");
	sql_run(f, "UPDATE block SET expires = 'now' WHERE client = '192.0.2.3'");
	sql_run(f, "UPDATE block SET expires = '+1 year' WHERE client = '192.0.2.4'");
	sql_run(f, "INSERT INTO block (client, expires) VALUES ('192.0.2.5', unixepoch() - 91 * 86400)");
	assert_true(sql_becomes(f, "SELECT group_concat(client || set_by, ' ') FROM block",
	    "192.0.2.3mx 192.0.2.4hand 192.0.2.5hand"));
	fixture_close(f);
}

int
main(void)
{
#define PROMISE(says, test) { says, test, begin, end, NULL }
	const struct CMUnitTest tests[] = {
		PROMISE("a file that is too large soon shrinks, and keeps its newest rows", shrinks_and_keeps_the_newest_rows),
		PROMISE("of what strangers make grow the oldest goes, in whichever table it is", deletes_what_is_oldest),
		PROMISE("what quotas count among them, however long it counts", deletes_what_quotas_count),
		PROMISE("which is no reason to keep what is younger", goes_on_behind_a_quota),
		PROMISE("and attempts that wait", deletes_attempts),
		PROMISE("counters are kept for 400 days, and who counts there", deletes_old_counters),
		PROMISE("blocks that policyd set are kept for block_forget, lifted or not; what people wrote stays", deletes_blocks_it_set),
		PROMISE("what policyd-feed read is kept for activity_keep", deletes_what_the_feed_read),
	};

	return cmocka_run_group_tests_name("retention promises that", tests, NULL, NULL);
}
