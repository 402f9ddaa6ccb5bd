/* quotas.c - what was used of quotas: the store promises that … */
#include "store/store.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "store_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#define ROWS "SELECT scope, name, unit, ends - start, n, most FROM quota_use"

enum { HOUR = 3600, STEP = 300, LONGEST_TEST = 60 };
#define NOW (hour_s + 17)	/* into a step, and an hour */

static struct fixture *f;
static int64_t hour_s;
static const struct quota_use hourly = { "login", "ann@example.org", { .unit = QUOTA_RECIPIENTS, .most = 10, .length_s = HOUR } };
static const struct quota_use fixed = { "login", "ann@example.org",
	{ .unit = QUOTA_RECIPIENTS, .most = 10, .length_s = HOUR, .fixed = true } };

static int
begin(void **state)
{
	(void)state;
	f = fixture_new();
	hour_s = (clock_wall_s() + LONGEST_TEST) / HOUR * HOUR;		/* which the clock does not leave meanwhile */
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
count(const struct quota_use *u, int64_t n, int64_t now_s)
{
	const struct quota_count c = { NULL, *u, n };

	store_quota_count(f->store, &c, "", &(struct quota_message){ 0 }, now_s, NULL);
}

static struct quota_past
past(const struct quota_use *u, int64_t now_s)
{
	struct quota_past p;

	loop_for(f, 5);			/* what is asked in one turn of the loop is one transaction */
	assert_true(store_quota_past(f->store, u, now_s, &p));
	return p;
}

static void
counts_at_once(void **state)
{
	struct quota_past p;

	(void)state;
	assert_int_equal(past(&hourly, NOW).used, 0);
	count(&hourly, 3, NOW);
	assert_true(store_quota_past(f->store, &hourly, NOW, &p));
	assert_int_equal(p.used, 3);
	count(&hourly, 2, NOW + 1);
	assert_int_equal(past(&hourly, NOW + 1).used, 5);
	assert_true(sql_becomes(f, ROWS, "login|ann@example.org|recipients|3900|5|10"));
	assert_int_equal(past(&hourly, NOW + 1).used, 5);
}

static void
is_kept_apart(void **state)
{
	struct quota_use others[] = { hourly, hourly, hourly, hourly, fixed };

	(void)state;
	others[0].name = "bob@example.org";
	others[1].scope = "client";
	others[2].quota.unit = QUOTA_MESSAGES;
	others[3].quota.length_s = 2 * HOUR;
	count(&hourly, 3, NOW);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_int_equal(past(&others[i], NOW).used, 0);
	others[0] = hourly;
	others[0].quota.most = 5;	/* less may be allowed by now: it is the same use */
	assert_int_equal(past(&others[0], NOW).used, 3);
}

static void
slides(void **state)
{
	(void)state;
	count(&hourly, 1, NOW);
	count(&hourly, 2, NOW + STEP);
	count(&hourly, 4, NOW + 12 * STEP);
	assert_int_equal(past(&hourly, NOW + 12 * STEP).used, 7);
	assert_int_equal(past(&hourly, NOW + 13 * STEP - 18).used, 7);
	assert_int_equal(past(&hourly, NOW + 13 * STEP - 17).used, 6);	/* an hour and at most a step later */
	assert_int_equal(past(&hourly, NOW + 14 * STEP).used, 4);
	assert_int_equal(past(&hourly, NOW + 40 * STEP).used, 0);
	assert_int_equal(past(&hourly, NOW).used, 1);			/* what is still to come by our clock does not count */
	struct quota_past p = past(&hourly, NOW + 12 * STEP);
	assert_int_equal(quota_frees_s(&p, 1), hour_s + 13 * STEP);
	assert_int_equal(quota_frees_s(&p, 2), hour_s + 14 * STEP);
	assert_int_equal(quota_frees_s(&p, 7), hour_s + 25 * STEP);
}

static void
begins_anew(void **state)
{
	(void)state;
	count(&fixed, 4, NOW);
	assert_int_equal(past(&fixed, NOW + HOUR - 18).used, 4);
	assert_int_equal(past(&fixed, NOW + HOUR - 17).used, 0);
	struct quota_past p = past(&fixed, NOW);
	assert_int_equal(quota_frees_s(&p, 1), hour_s + HOUR);
}

static void
adds_what_others_counted(void **state)
{
	char sql[800];

	(void)state;
	/* In the present hour twice, and in a step before that counts no more. */
	snprintf(sql, sizeof sql, "CREATE TEMP VIEW present AS SELECT %lld AS start;"
	    "INSERT INTO quota_use SELECT 'login', 'ann@example.org', 'recipients', 3600, 300, start, start + 3900, 'mx-2', 4, 10 FROM present;"
	    "INSERT INTO quota_use SELECT 'login', 'ann@example.org', 'recipients', 3600, 300, start, start + 3900, 'mx-3', 1, 10 FROM present;"
	    "INSERT INTO quota_use SELECT 'login', 'ann@example.org', 'recipients', 3600, 300, start - 3900, start + 3600, 'mx-3', 100, 10 "
	    "FROM present", (long long)hour_s);
	sql_run(f, sql);
	count(&hourly, 3, NOW);
	assert_int_equal(past(&hourly, NOW).used, 8);
	assert_true(sql_becomes(f, "SELECT sum(n) FROM quota_use WHERE n < 100", "8"));
	assert_int_equal(past(&hourly, NOW).used, 8);
	fixture_close(f);
	assert_true(fixture_open(f));
	assert_int_equal(past(&hourly, NOW).used, 8);
	count(&hourly, 1, NOW);
	assert_int_equal(past(&hourly, NOW).used, 9);
}

static void
gives_back(void **state)
{
	int64_t now_s = clock_wall_s(), step_s = now_s / STEP * STEP;
	struct quota_use daily = fixed;		/* a day seldom ends meanwhile */

	(void)state;
	daily.quota.length_s = 24 * HOUR;
	sql_run(f, "CREATE TEMP VIEW present AS SELECT unixepoch() / 300 * 300 AS start;"
	    "INSERT INTO quota_use SELECT 'login', 'ann@example.org', 'recipients', 3600, 300, start - 600, start + 3300, 'mx-2', 4, 10 FROM present");
	count(&hourly, 3, now_s);
	count(&daily, 3, now_s);
	assert_true(sql_becomes(f, "SELECT time, used, most, left FROM quota ORDER BY time DESC", "1h|7|10|3\n1d fixed|3|10|7"));
	sql_run(f, "DELETE FROM quota WHERE name = 'ann@example.org' AND time = '1h'");
	assert_true(sql_becomes(f, "SELECT time, used FROM quota", "1d fixed|3"));
	assert_true(sql_becomes(f, "SELECT what, was ->> 'name', was ->> 'used' FROM history", "quota: delete|ann@example.org|7"));
	assert_int_equal(past(&hourly, now_s).used, 0);
	assert_int_equal(past(&daily, now_s).used, 3);
	count(&hourly, 2, now_s);	/* the count goes on from 3 */
	struct quota_past p = past(&hourly, now_s);
	assert_int_equal(p.used, 2);
	assert_int_equal(quota_frees_s(&p, 1), step_s + 3900);
	assert_true(sql_becomes(f, "SELECT used FROM quota WHERE time = '1h'", "2"));
	sql_run(f, "DELETE FROM quota");
	assert_int_equal(past(&hourly, now_s).used, 0);
	count(&hourly, 1, now_s);
	assert_true(sql_becomes(f, "SELECT time, used FROM quota", "1h|1"));
	fixture_close(f);
	assert_true(fixture_open(f));
	assert_int_equal(past(&hourly, now_s).used, 1);
	sql_run(f, "DELETE FROM quota_use WHERE writer NOT IN ('hand', 'mx-2')");
	assert_int_equal(past(&hourly, now_s).used, 0);		/* and not less */
}

static void
stands_odd_rows(void **state)
{
	(void)state;
	sql_run(f, "CREATE TEMP VIEW present AS SELECT unixepoch() / 300 * 300 AS start;"
	    "INSERT INTO quota_use SELECT 'login', 'ann@example.org', 'recipients', 3600, 300, start, start + 3900, 'mx-2', 9223372036854775807, 10 FROM present;"
	    "INSERT INTO quota_use SELECT 'login', 'ann@example.org', 'recipients', 3600, 300, start, start + 3900, 'mx-3', 9223372036854775807, 10 FROM present;"
	    "INSERT INTO quota_use SELECT 'login', 'ann@example.org', 'recipients', 3600, 300, start - 300, start + 3600, 'mx-3', 9223372036854775807, 10 "
	    "FROM present;"
	    "INSERT INTO quota_use SELECT 'login', 'bob@example.org', 'recipients', 3600, 300, start, start + 3900, 'mx-2', -5, 10 FROM present;"
	    "INSERT INTO quota_use SELECT 'login', 'bob@example.org', 'recipients', 3600, 300, start, start + 3900, 'mx-3', 'many', 10 FROM present");
	struct quota_use bob = hourly;
	bob.name = "bob@example.org";
	count(&hourly, 3, clock_wall_s());
	count(&bob, 3, clock_wall_s());
	assert_true(past(&hourly, clock_wall_s()).used > 10);
	assert_int_equal(past(&bob, clock_wall_s()).used, 3);
	assert_true(sql_becomes(f, "SELECT name, used > 10 FROM quota", "ann@example.org|1\nbob@example.org|0"));
}

static void
is_in_one_piece(void **state)
{
	const struct quota_count first = { NULL, hourly, 3 }, both = { &first, fixed, 3 };
	struct quota_message m;
	struct told told;

	(void)state;
	told_init(&told);
	assert_true(store_quota_message(f->store, "1a.2b.3c", &m));
	assert_int_equal(m.recipients, 0);
	assert_true(store_quota_count(f->store, &both, "1a.2b.3c", &(struct quota_message){ 3, false }, NOW, &told.waiter));
	assert_true(eventually(f, is_told, &told));
	assert_true(told.ok);
	assert_int_equal(sql_number(f, "SELECT count(*) FROM quota_use"), 2);
	assert_true(store_quota_message(f->store, "1a.2b.3c", &m));
	assert_int_equal(m.recipients, 3);
	assert_false(m.whole);
	assert_true(store_quota_count(f->store, NULL, "1a.2b.3c", &(struct quota_message){ 2, true }, NOW, NULL));
	assert_true(sql_becomes(f, "SELECT instance, recipients, whole FROM quota_message", "1a.2b.3c|3|1"));
}

static void
makes_names_safe(void **state)
{
	char name[2001];
	struct quota_use u = hourly;

	(void)state;
	memset(name, 'x', sizeof name - 1);
	name[2000] = '\0';
	u.name = name;
	count(&u, 2, NOW);
	assert_int_equal(past(&u, NOW).used, 2);
	name[1999] = 'y';		/* another */
	assert_int_equal(past(&u, NOW).used, 0);
	memset(name, '\n', 1000);
	count(&u, 1, NOW);
	u.name = "a\nb";
	count(&u, 1, NOW);
	assert_true(sql_becomes(f, "SELECT count(*) FROM quota_use", "3"));
	assert_true(sql_becomes(f, "SELECT count(*) FROM quota_use WHERE name GLOB '*[^ -~]*' OR length(name) > 700", "0"));
}

static bool
in_trouble(void *arg)
{
	(void)arg;
	return metric_gauge("policyd_store_trouble", "", "")->value == 1;
}

static void
forgets_the_oldest(void **state)
{
	char name[32];
	struct quota_use u = hourly;

	(void)state;
	u.name = name;
	for (int i = 0; i < 65536 + 100; i++) {
		snprintf(name, sizeof name, "%d@example.org", i);
		count(&u, 1, NOW);
		if (i % 1000 == 0)
			loop_for(f, 1);
	}
	assert_true(sql_becomes(f, "SELECT count(*) FROM quota_use", "65636"));
	strcpy(name, "0@example.org");		/* is read again where it was written */
	assert_int_equal(past(&u, NOW).used, 1);
	count(&u, 1, NOW);
	assert_int_equal(past(&u, NOW).used, 2);
	assert_true(sql_becomes(f, "SELECT n FROM quota_use WHERE name = '0@example.org'", "2"));
	sick_disk(SQLITE_FULL);
	count(&hourly, 1, NOW);
	assert_true(eventually(f, in_trouble, NULL));
	strcpy(name, "1@example.org");
	count(&u, 1, NOW);			/* while the file cannot say what was counted before */
	sick_disk(0);
	assert_true(sql_becomes(f, "SELECT count(*) FROM quota_use WHERE name = 'ann@example.org'", "1"));
	assert_true(all_written(f));		/* and the trouble is over */
	assert_int_equal(past(&u, NOW).used, 2);
	count(&u, 1, NOW);
	assert_true(sql_becomes(f, "SELECT n FROM quota_use WHERE name = '1@example.org'", "3"));
}

static void
goes_when_it_counts_no_more(void **state)
{
	(void)state;
	sql_run(f, "INSERT INTO quota_use VALUES ('login', 'a', 'bytes', 3600, 300, 1, unixepoch() - 10, 'mx-2', 4, 10),"
	    " ('login', 'a', 'bytes', 3600, 300, 2, unixepoch() + 3600, 'mx-2', 4, 10);"
	    "INSERT INTO quota_message VALUES ('old', 1, 1, unixepoch() - 7300), ('new', 1, 1, unixepoch() - 7000)");
	fixture_close(f);
	assert_true(fixture_open(f));
	assert_true(sql_becomes(f, "SELECT start FROM quota_use", "2"));
	assert_true(sql_becomes(f, "SELECT instance FROM quota_message", "new"));
}

static void
rename_file(const char *tail)
{
	char from[128], to[128];

	snprintf(from, sizeof from, "%s%s", f->path, tail);
	snprintf(to, sizeof to, "%s.gone%s", f->path, tail);
	assert_int_equal(rename(from, to), 0);
}

static void
is_in_a_new_file(void **state)
{
	(void)state;
	count(&fixed, 2, NOW - 2 * HOUR);	/* counts no more, and goes when somebody tidies up */
	count(&hourly, 3, NOW);
	assert_true(sql_becomes(f, "SELECT n FROM quota_use WHERE n = 3", "3"));
	rename_file("");
	rename_file("-wal");
	rename_file("-shm");
	count(&hourly, 1, NOW + STEP);
	assert_true(sql_becomes(f, ROWS, "login|ann@example.org|recipients|3900|3|10\nlogin|ann@example.org|recipients|3900|1|10"));
	assert_int_equal(past(&hourly, NOW + STEP).used, 4);
}

static void
is_within_the_queue(void **state)
{
	char name[32];
	struct quota_use u = hourly;

	(void)state;
	u.name = name;
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "%d@example.org", i);
		count(&u, 1, NOW);
	}
	assert_true(sql_becomes(f, "SELECT count(*) FROM quota_use", "1000"));
	assert_true(all_written(f));
	f->options.write_queue_max = 100;
	store_configure(f->store, &f->options);
	rename_file("");
	rename_file("-wal");
	rename_file("-shm");
	count(&hourly, 1, NOW);
	assert_true(sql_becomes(f, "SELECT count(*) > 90 FROM quota_use", "1"));
	assert_true(all_written(f));
	assert_in_range(sql_number(f, "SELECT count(*) FROM quota_use"), 90, 101);
	assert_int_equal(sql_number(f, "SELECT count(*) FROM quota_use WHERE name = '999@example.org'"), 1);	/* the last counted */
}

static void
does_not_pile_up(void **state)
{
	char name[32];
	struct quota_use u = hourly;
	const struct metric *queue = metric_gauge("policyd_store_queue", "", "");

	(void)state;
	u.name = name;
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "%d@example.org", i);
		count(&u, 1, NOW);
	}
	assert_true(sql_becomes(f, "SELECT count(*) FROM quota_use", "1000"));
	sick_disk(SQLITE_FULL);
	count(&hourly, 1, NOW);
	loop_for(f, 2500);		/* tried again every second, by a file that is opened anew */
	sick_disk(0);
	assert_in_range(queue->value, 1, 100);
	assert_true(sql_becomes(f, "SELECT count(*) FROM quota_use", "1001"));
}

int
main(void)
{
	sick_disk_install();
#define TEST(says, test) { says, test, begin, end, NULL }
	const struct CMUnitTest tests[] = {
		TEST("what was used counts at once, and is written", counts_at_once),
		TEST("of another name, scope, unit or time it is another", is_kept_apart),
		TEST("it slides by steps", slides),
		TEST("or begins anew", begins_anew),
		TEST("what others counted, or this one before it was started anew, is added", adds_what_others_counted),
		TEST("a row of the view that is deleted gives back what was used until then, whoever counted it", gives_back),
		TEST("whatever numbers people wrote do no harm", stands_odd_rows),
		TEST("a message is counted and remembered in one transaction", is_in_one_piece),
		TEST("names are made safe, and long ones kept apart", makes_names_safe),
		TEST("who was counted longest ago is forgotten, and read again", forgets_the_oldest),
		TEST("a new file has what still counts", is_in_a_new_file),
		TEST("as much of it as may wait for the disk", is_within_the_queue),
		TEST("nothing piles up while the disk is full", does_not_pile_up),
		TEST("rows go when they count no more", goes_when_it_counts_no_more),
	};
	return cmocka_run_group_tests_name("quotas", tests, NULL, NULL);
}
