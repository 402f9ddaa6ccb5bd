/* trouble.c - when the disk fails, the store promises that …
 *
 * It fails by a layer under SQLite (sick_disk() in t/lib/store_test.h), since
 * permissions do not stop root.
 */
#include "base/clock.h"
#include "base/metrics.h"
#include "store/store.h"
#include "store_test.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

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
	clock_release();
	fixture_free(f);
	return 0;
}

static bool
in_trouble(void *wanted)
{
	return metric_gauge("policyd_store_trouble", "", "")->value == *(const uint64_t *)wanted;
}

static bool
trouble_becomes(uint64_t wanted)
{
	return eventually(f, in_trouble, &wanted);
}

static int64_t
dropped(void)
{
	return (int64_t)metric_counter("policyd_store_dropped_total", "", "")->value;
}

/*
 * The course of every trouble: who waits is told false, passes are dropped, refusals and counts are kept,
 * nothing is lost when it is over.  Begin in health; call begin(), later end().
 */
static void
go_through(void (*begin)(void), void (*end)(void))
{
	struct decision_row refusal = row_of("reject", "sender_no_mx"), pass = row_of("dunno", NULL);
	struct told first, second, after;
	int64_t hour = clock_wall_s() / 3600 * 3600, before = dropped();

	told_init(&first);
	told_init(&second);
	told_init(&after);
	begin();
	assert_true(store_write(f->store, &refusal, &first.waiter));
	assert_true(trouble_becomes(1));
	assert_true(eventually(f, is_told, &first));
	assert_false(first.ok);
	assert_false(store_write(f->store, &refusal, &second.waiter));
	assert_false(store_write(f->store, &pass, NULL));
	assert_int_equal(dropped() - before, 1);
	store_count(f->store, "decision", "dunno:", hour);
	loop_for(f, 1200);
	assert_int_equal(second.times, 0);
	end();
	assert_true(trouble_becomes(0));
	assert_true(sql_becomes(f, "SELECT count(*) FROM decision WHERE action = 'reject'", "2"));
	assert_true(sql_becomes(f, "SELECT key, sum(n) FROM counter GROUP BY key", "dunno:|1\nreject:sender_no_mx|2"));
	assert_true(store_write(f->store, &refusal, &after.waiter));
	assert_true(eventually(f, is_told, &after));
	assert_true(after.ok);
	assert_int_equal(second.times, 0);
	assert_string_equal(sql_text(f, "PRAGMA integrity_check"), "ok");
}

static sqlite3 *other;

static void
lock(void)
{
	assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
	sqlite3_busy_timeout(other, 60000);
	assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
}

static void
unlock(void)
{
	sqlite3_exec(other, "COMMIT", NULL, NULL, NULL);
	sqlite3_close(other);
}

static void sicken_full(void) { sick_disk(SQLITE_FULL); }
static void sicken_error(void) { sick_disk(SQLITE_IOERR_WRITE); }
static void sicken_readonly(void) { sick_disk(SQLITE_READONLY); }
static void heal(void) { sick_disk(0); }

static void
a_full_disk_loses_nothing(void **state)
{
	(void)state;
	go_through(sicken_full, heal);
}

static void
a_failing_disk_loses_nothing(void **state)
{
	(void)state;
	go_through(sicken_error, heal);
}

static void
a_read_only_file_loses_nothing(void **state)
{
	(void)state;
	go_through(sicken_readonly, heal);
}

/* On a machine that stands still meanwhile a lock may turn out not to have been short; then it is taken again. */
static void
a_short_lock_is_no_trouble(void **state)
{
	enum { SHORT_US = 500000 };
	struct decision_row refusal = row_of("reject", "c");
	struct told t;
	int64_t took_us;

	(void)state;
	do {
		assert_true(trouble_becomes(0));
		told_init(&t);
		lock();
		int64_t since_us = clock_mono_us();
		assert_true(store_write(f->store, &refusal, &t.waiter));
		loop_for(f, 200);
		unlock();
		took_us = clock_mono_us() - since_us;
		assert_true(eventually(f, is_told, &t));
	} while (took_us > SHORT_US);
	assert_true(t.ok);
}

static void
bounds_its_memory(void **state)
{
	enum { DETAIL = 4 << 20, ROOM = (256 << 20) / DETAIL };
	static char detail[DETAIL];
	struct decision_row refusal = row_of("reject", "c");
	struct told t;
	int64_t before = dropped();

	(void)state;
	memset(detail, ' ', sizeof detail - 1);
	refusal.detail = detail;
	sicken_full();
	for (int i = 0; i < ROOM + 5; i++) {
		told_init(&t);
		store_write(f->store, &refusal, &t.waiter);
		store_forget(f->store, &t.waiter);
	}
	assert_int_equal(dropped() - before, 5);
	heal();
	assert_true(trouble_becomes(0));
}

static void
closing_in_trouble_ends_in_time_and_tells(void **state)
{
	struct decision_row refusal = row_of("reject", "c");
	struct told t;
	int64_t start_us;

	(void)state;
	told_init(&t);
	lock();
	assert_true(store_write(f->store, &refusal, &t.waiter));
	start_us = clock_mono_us();
	store_close(f->store, 200);
	f->store = NULL;
	assert_in_range(clock_mono_us() - start_us, 0, 30000000);	/* and not as long as the lock is there */
	assert_true(t.times == 1 && !t.ok);
	unlock();
}

int
main(void)
{
#define PROMISE(says, test) { says, test, open_one, close_it, NULL }
	const struct CMUnitTest tests[] = {
		PROMISE("a full disk costs the reference, no refusal and no count", a_full_disk_loses_nothing),
		PROMISE("so does one that fails", a_failing_disk_loses_nothing),
		PROMISE("so does a file that became read-only", a_read_only_file_loses_nothing),
		PROMISE("a short lock costs nothing", a_short_lock_is_no_trouble),
		PROMISE("what waits has a bound in bytes", bounds_its_memory),
		PROMISE("closing ends in time, and tells who waits", closing_in_trouble_ends_in_time_and_tells),
	};

	return cmocka_run_group_tests_name("when the disk fails, the store promises that", tests, NULL, NULL);
}
