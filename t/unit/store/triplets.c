/* triplets.c - what greylisting remembers: the store promises that … */
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

#define DAY 86400
#define WAITING "SELECT client, sender, recipient, gen FROM triplet_pending ORDER BY id"
#define PROVEN "SELECT client, sender, recipient, gen, passed - first, last - passed FROM triplet_proven ORDER BY client, sender"

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

static const struct triplet bob = { { "example.net", "192.0.2.0/24" }, "b@example.net", "ann@example.org" };
static const struct triplet of_network = { { "192.0.2.0/24" }, "b@example.net", "ann@example.org" };
static const struct triplet of_other = { { "198.51.100.0/24" }, "b@example.net", "ann@example.org" };

static const struct triplet news = { { "example.net" }, "news@example.net", "eve@example.org" };

static struct triplet_past
past_at(const struct triplet *t, int64_t time_s)
{
	return store_triplet(f->store, t, (struct triplet_span){ time_s, time_s - 2 * DAY, time_s - 35 * DAY });
}

static struct triplet_past
past(const struct triplet *t)
{
	return past_at(t, now);
}

static bool
tried_at(const struct triplet *t, int64_t time_s)
{
	struct triplet_news write = { .event = TRIPLET_TRIED, .triplet = *t, .past = past_at(t, time_s), .time_s = time_s,
	    .ready_s = time_s + 300 };

	return store_triplet_news(f->store, &write, NULL);
}

static void
passes_at(const struct triplet *t, int64_t time_s, bool counts)
{
	struct triplet_news write = { .event = TRIPLET_PASSED, .triplet = *t, .past = past_at(t, time_s), .time_s = time_s,
	    .counts = counts };

	assert_true(write.past.waits);
	assert_true(store_triplet_news(f->store, &write, NULL));
}

static bool
is_nothing(const struct triplet_past *p)
{
	return p->known && !p->waits && !p->proven && p->client_passes == 0;
}

static void
nothing_at_first(void **state)
{
	(void)state;
	struct triplet_past p = past(&bob);
	assert_true(is_nothing(&p));
	assert_int_equal(p.next_gen, 1);
}

static void
waits_at_once(void **state)
{
	(void)state;
	assert_true(tried_at(&bob, now - 100));
	struct triplet_past p = past(&bob);
	assert_true(p.known && p.waits && !p.proven);
	assert_int_equal(p.first_s, now - 100);
	assert_int_equal(p.gen, 1);
	assert_string_equal(p.client, "example.net");
	assert_true(sql_becomes(f, WAITING, "example.net|b@example.net|ann@example.org|1"));
	assert_int_equal(sql_number(f, "SELECT ready - first FROM triplet_pending"), 300);
	p = past(&of_other);
	assert_true(is_nothing(&p));
	p = past(&of_network);
	assert_true(is_nothing(&p));
}

static void
under_any_name(void **state)
{
	(void)state;
	tried_at(&of_network, now - 100);
	struct triplet_past p = past(&bob);
	assert_true(p.waits);
	assert_string_equal(p.client, "192.0.2.0/24");
	tried_at(&(struct triplet){ { "example.net" }, "b@example.net", "ann@example.org" }, now - 50);
	p = past(&bob);
	assert_int_equal(p.first_s, now - 100);
	passes_at(&bob, now, false);
	assert_true(sql_becomes(f, PROVEN, "192.0.2.0/24|b@example.net|ann@example.org|1|100|0\n"
	    "example.net|b@example.net|ann@example.org|1|100|0"));
	assert_true(all_written(f));
	assert_true(past(&of_network).proven);
	assert_true(past(&bob).proven);
	assert_false(past(&of_other).proven);
}

static void
comes_through(void **state)
{
	(void)state;
	tried_at(&bob, now - 400);
	passes_at(&bob, now, true);
	assert_true(past(&bob).known);		/* it waits, or has come through: known all the same */
	assert_true(sql_becomes(f, PROVEN, "example.net|b@example.net|ann@example.org|1|400|0"));
	assert_true(all_written(f));
	struct triplet_past p = past(&bob);
	assert_true(p.proven && !p.waits);
	assert_int_equal(p.first_s, now - 400);
	assert_int_equal(p.passed_s, now);
	assert_int_equal(p.last_s, now);
	assert_int_equal(past(&news).client_passes, 1);
	assert_string_equal(past(&news).proven_client, "example.net");
	struct triplet_news seen = { .event = TRIPLET_SEEN, .triplet = bob, .past = p, .time_s = now + DAY };
	assert_true(store_triplet_news(f->store, &seen, NULL));
	assert_true(sql_becomes(f, PROVEN, "example.net|b@example.net|ann@example.org|1|400|86400"));
	p = past_at(&bob, now + 36 * DAY);
	assert_true(p.proven);
	p = past_at(&bob, now + 36 * DAY + 1);
	assert_false(p.proven);
	assert_int_equal(p.next_gen, 2);
}

static void
too_late_is_new(void **state)
{
	(void)state;
	tried_at(&bob, now - 3 * DAY);
	struct triplet_past p = past(&bob);
	assert_true(p.known && !p.waits);
	assert_int_equal(p.next_gen, 2);
	tried_at(&bob, now);
	p = past(&bob);
	assert_true(p.waits);
	assert_int_equal(p.gen, 2);
	assert_int_equal(p.first_s, now);
	assert_true(sql_becomes(f, "SELECT group_concat(gen) FROM triplet_pending", "1,2"));
}

/* The clock was set back. */
static void
the_future_is_new(void **state)
{
	(void)state;
	tried_at(&bob, now + DAY);
	assert_false(past(&bob).waits);
	tried_at(&bob, now);
	assert_int_equal(past(&bob).first_s, now);
}

static void
counts_hourly(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		const char *const senders[] = { "a@example.net", "b@example.net", "c@example.net", "d@example.net" };
		struct triplet t = { { "example.net" }, senders[i], "ann@example.org" };

		tried_at(&t, now - 5000);
		passes_at(&t, now + i * 1800, true);
	}
	assert_true(sql_becomes(f, "SELECT passes FROM triplet_client WHERE client = 'example.net'", "2"));
	assert_true(sql_becomes(f, "SELECT count(*) FROM triplet_proven", "4"));
	assert_true(all_written(f));
	struct triplet_past p = past(&(struct triplet){ { "example.net" }, "new@example.net", "x@example.org" });
	assert_int_equal(p.client_passes, 2);
	assert_int_equal(p.client_last_s, now + 3600);
	struct triplet_news seen = { .event = TRIPLET_SEEN, .triplet = bob, .past = p, .time_s = now + 2 * DAY };
	assert_true(store_triplet_news(f->store, &seen, NULL));
	assert_true(sql_becomes(f, "SELECT count(*) FROM triplet_client WHERE passes = 2 AND last - unixepoch() > 100000", "1"));
	assert_int_equal(sql_number(f, "SELECT count(*) FROM triplet_proven"), 4);
}

static void
survives(void **state)
{
	(void)state;
	tried_at(&of_other, now - 100);
	tried_at(&bob, now - 400);
	passes_at(&bob, now, true);
	fixture_close(f);
	assert_true(fixture_open(f));
	struct triplet_past p = past(&of_other);
	assert_true(p.waits);
	assert_int_equal(p.first_s, now - 100);
	assert_true(past(&bob).proven);
	assert_int_equal(past(&news).client_passes, 1);
}

/* Of names under which it came through the first counts, of those of others the one that has most. */
static void
best_name_counts(void **state)
{
	const struct triplet all = { { "example.net", "example.com", "192.0.2.0/24" }, "b@example.net", "ann@example.org" };
	static const struct {
		const char *proven, *others, *client, *of_others;
		int next_gen;
	} steps[] = {
		{ "'192.0.2.0/24', 3, 1, 2, unixepoch()", "'192.0.2.0/24', 2, unixepoch()", "192.0.2.0/24", "192.0.2.0/24", 4 },
		{ "'example.com', 5, 1, 2, unixepoch()", "'example.com', 9, unixepoch()", "example.com", "example.com", 6 },
		{ "'example.net', 7, 1, 2, 3", "'example.net', 99, 3", "example.com", "example.com", 8 },	/* long ago */
		{ "'example.net', 7, 1, 2, unixepoch()", "'example.net', 9, unixepoch()", "example.net", "example.net", 8 },
	};
	char sql[300];
	(void)state;

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO triplet_proven (recipient, sender, client, gen, first, passed, last) "
		    "VALUES ('ann@example.org', 'b@example.net', %s); INSERT OR REPLACE INTO triplet_client VALUES (%s)",
		    steps[i].proven, steps[i].others);
		sql_run(f, sql);
		loop_for(f, 10);
		struct triplet_past p = past(&all);
		assert_true(p.known && p.proven);
		assert_string_equal(p.client, steps[i].client);
		assert_int_equal(p.next_gen, steps[i].next_gen);
		assert_true(p.first_s == 1 && p.passed_s == 2);
		struct triplet other = all;
		other.sender = "new@example.net";
		assert_string_equal(past(&other).proven_client, steps[i].of_others);
	}
}

static void
by_hand(void **state)
{
	(void)state;
	tried_at(&bob, now - 10);
	assert_true(sql_becomes(f, "SELECT count(*) FROM greylisted WHERE client = 'example.net'", "1"));
	sql_run(f, "DELETE FROM greylisted WHERE sender = 'b@example.net'");
	loop_for(f, 10);			/* within one turn of the loop nothing changes */
	assert_true(past(&bob).proven);
	assert_int_equal(sql_number(f, "SELECT count(*) FROM greylisted"), 0);
	sql_run(f, "DELETE FROM triplet WHERE sender = 'b@example.net'");
	loop_for(f, 10);
	struct triplet_past p = past(&bob);
	assert_true(p.known && !p.waits && !p.proven);
}

static void
waiter_is_told(void **state)
{
	struct told told;
	(void)state;

	told_init(&told);
	struct triplet_news write = { .event = TRIPLET_TRIED, .triplet = bob, .past = past(&bob), .time_s = now };
	assert_true(store_triplet_news(f->store, &write, &told.waiter));
	assert_int_equal(told.times, 0);
	assert_true(eventually(f, is_told, &told));
	assert_true(told.ok);
	assert_int_equal(sql_number(f, "SELECT count(*) FROM triplet_pending"), 1);
}

/* What is remembered takes the last place of the queue, and the refusal's row finds none. */
static void
waits_on_for_the_first(void **state)
{
	struct decision_row row = row_of("greylist", "greylist");
	struct told told;
	(void)state;

	fixture_close(f);
	f->options.write_queue_max = 100;
	assert_true(fixture_open(f));
	assert_true(all_written(f));		/* the store's own */
	for (int i = 0; i < 99; i++)
		assert_true(store_write(f->store, &row, NULL));
	told_init(&told);
	struct triplet_news write = { .event = TRIPLET_TRIED, .triplet = bob, .past = past(&bob), .time_s = now };
	assert_true(store_triplet_news(f->store, &write, &told.waiter));
	assert_false(store_write(f->store, &row, &told.waiter));
	assert_true(eventually(f, is_told, &told));
	assert_true(told.ok);
	assert_int_equal(sql_number(f, "SELECT count(*) FROM triplet_pending"), 1);
	loop_for(f, 10);
	told_init(&told);
	write.triplet = of_other;
	assert_true(store_triplet_news(f->store, &write, &told.waiter));
	assert_true(store_write(f->store, &row, &told.waiter));
	assert_true(eventually(f, is_told, &told));
	assert_int_equal(sql_number(f, "SELECT count(*) FROM decision"), 100);
	assert_int_equal(told.times, 1);
}

static bool
is_known(void *triplet)
{
	return past(triplet).known;
}

static void
trouble_cannot_tell(void **state)
{
	struct told told;
	(void)state;

	tried_at(&of_other, now);
	assert_true(sql_becomes(f, "SELECT count(*) FROM triplet_pending", "1"));
	sick_disk(SQLITE_IOERR);
	told_init(&told);
	struct triplet_news write = { .event = TRIPLET_TRIED, .triplet = bob, .past = past(&bob), .time_s = now };
	assert_true(store_triplet_news(f->store, &write, &told.waiter));
	assert_true(eventually(f, is_told, &told));
	assert_false(told.ok);
	assert_false(past(&bob).known);
	assert_false(past(&of_other).known);
	told_init(&told);
	assert_false(store_triplet_news(f->store, &write, &told.waiter));
	loop_for(f, 50);
	assert_int_equal(told.times, 0);
	sick_disk(0);
	assert_true(sql_becomes(f, "SELECT count(*) FROM triplet_pending", "2"));
	assert_true(eventually(f, is_known, (void *)(uintptr_t)&bob));
	assert_true(past(&bob).waits);
	assert_true(past(&of_other).waits);
}

static void
odd_bytes(void **state)
{
	char longer[3000];
	(void)state;

	memset(longer, 'a', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	const struct triplet odd = { { "\xff\n" }, "a\\\x01\n@example.net", longer };
	tried_at(&odd, now - 5);
	assert_true(past(&odd).waits);
	fixture_close(f);
	assert_true(fixture_open(f));
	assert_true(past(&odd).waits);
	const struct triplet split = { { "\xff" }, "\na\\\x01\n@example.net", longer };
	assert_false(past(&split).waits);
	assert_string_equal(sql_text(f, "SELECT client, sender FROM triplet_pending"), "\\xff\\x0a|a\\\\\\x01\\x0a@example.net");
}

static void
fill(const char *table_and_values, int count)
{
	char sql[500];

	snprintf(sql, sizeof sql, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO %s FROM n",
	    count, table_and_values);
	sql_run(f, sql);
}

static void
old_ones_go(void **state)
{
	char sql[300];
	(void)state;

	fill("triplet_pending SELECT NULL, 'c' || i, 's', 'r', 1, unixepoch() - 10 * 86400 + i, 0", 12000);
	fill("triplet_proven SELECT 'r', 's', 'c' || i, 1, 0, 0, unixepoch() - 40 * 86400 + i", 1200);
	fill("triplet_client SELECT 'c' || i, 5, unixepoch() - 40 * 86400 + i", 1200);
	tried_at(&bob, now);
	fixture_close(f);
	assert_true(fixture_open(f));
	loop_for(f, 300);
	assert_int_equal(sql_number(f, "SELECT count(*) FROM triplet_pending"), 12001);	/* as long as nobody says how long */
	store_keep_triplets(f->store, 3 * DAY, 35 * DAY);
	assert_true(sql_becomes(f, "SELECT count(*) FROM triplet_pending", "1"));
	assert_true(sql_becomes(f, "SELECT count(*) FROM triplet_proven", "0"));
	assert_true(sql_becomes(f, "SELECT count(*) FROM triplet_client", "0"));
	assert_true(past(&bob).waits);
	snprintf(sql, sizeof sql, "SELECT count(*) FROM triplet_pending WHERE first = %lld", (long long)now);
	assert_int_equal(sql_number(f, sql), 1);
}

/* Somebody who always writes. */
struct writes {
	struct store_waiter waiter;
	unsigned count;
};

static void
write_again(struct store_waiter *waiter, bool ok)
{
	struct writes *w = (struct writes *)(void *)waiter;
	const struct triplet_news write = { .event = TRIPLET_TRIED, .triplet = news, .past = { .next_gen = ++w->count },
	    .time_s = now };

	assert_true(ok);
	assert_true(store_triplet_news(f->store, &write, &w->waiter));
}

static void
old_ones_go_under_load(void **state)
{
	struct writes busy = { .waiter = { .committed = write_again } };
	(void)state;

	fill("triplet_pending SELECT NULL, 'c' || i, 's', 'r', 1, unixepoch() - 10 * 86400 + i, 0", 10000);
	fill("triplet_proven SELECT 'r', 's', 'c' || i, 1, 0, 0, unixepoch() - 40 * 86400 + i", 1000);
	fill("triplet_client SELECT 'c' || i, 5, unixepoch() - 40 * 86400 + i", 1000);
	store_keep_triplets(f->store, 3 * DAY, 35 * DAY);
	write_again(&busy.waiter, true);
	assert_true(sql_becomes(f, "SELECT count(*) FROM triplet_pending WHERE client LIKE 'c%'", "0"));
	assert_true(sql_becomes(f, "SELECT count(*) FROM triplet_proven", "0"));
	assert_true(sql_becomes(f, "SELECT count(*) FROM triplet_client", "0"));
	assert_true(busy.count > 10);
	store_forget(f->store, &busy.waiter);
}

static void
too_many_go(void **state)
{
	(void)state;
	fill("triplet_pending SELECT NULL, 'c' || i, 's', 'r', 1, unixepoch() - 20000 + i, 0", 12000);
	fixture_close(f);
	f->options.greylist_max = 1000;
	assert_true(fixture_open(f));
	assert_true(sql_becomes(f, "SELECT count(*) FROM triplet_pending", "1000"));
	const struct triplet newest = { { "c12000" }, "s", "r" }, oldest = { { "c1" }, "s", "r" };
	loop_for(f, 1200);
	assert_true(past(&newest).waits);
	assert_false(past(&oldest).waits);
	assert_true(past(&oldest).known);
	clock_freeze(now - DAY, clock_mono_us());
	loop_for(f, 1200);
	clock_release();
	assert_true(tried_at(&bob, now - DAY));
	assert_true(past_at(&bob, now - DAY + 300).waits);
}

/* A table too long for one slice is read while requests come: what is not known by then cannot be told. */
static void
reads_in_slices(void **state)
{
	bool unknown = false;
	(void)state;

	fill("triplet_pending SELECT NULL, 'c' || i, 's', 'r', 1, unixepoch() - 20000, 0", 300000);
	fixture_close(f);
	assert_true(fixture_open(f));
	const struct triplet first = { { "c1" }, "s", "r" }, last = { { "c300000" }, "s", "r" };
	assert_true(past(&first).waits);
	unknown = !past(&last).known;
	assert_true(unknown);
	assert_true(tried_at(&bob, now));
	while (!past(&last).known)
		loop_for(f, 10);
	assert_true(past(&last).waits);
	assert_true(past(&bob).waits);
}

/* `policyd -x` has no index, and does not wait for one. */
static void
read_only(void **state)
{
	(void)state;
	tried_at(&bob, now - 100);
	tried_at(&of_other, now - 3 * DAY);
	fixture_close(f);
	f->store = store_open(f->loop, &f->options, &fixture_reader, true, f->why, sizeof f->why);
	assert_non_null(f->store);
	struct triplet_past p = past(&bob);
	assert_true(p.known && p.waits);
	assert_int_equal(p.first_s, now - 100);
	assert_string_equal(p.client, "example.net");
	p = past(&of_other);
	assert_true(p.known && !p.waits);
}

static void
questions_use_an_index(void **state)
{
	static const char *const wanted[][2] = {
		{ "SELECT gen FROM triplet_proven WHERE recipient = 'a' AND sender = 'b' AND client = 'c'", "USING PRIMARY KEY" },
		{ "SELECT passes FROM triplet_client WHERE client = 'c'", "USING PRIMARY KEY" },
		{ "SELECT id FROM triplet_pending WHERE id > 7 ORDER BY id", "USING INTEGER PRIMARY KEY" },
		{ "SELECT recipient, sender, client FROM triplet_proven WHERE last < 1 ORDER BY last LIMIT 5",
		  "USING COVERING INDEX triplet_proven_last" },
		{ "SELECT client FROM triplet_client WHERE last < 1 ORDER BY last LIMIT 5", "USING COVERING INDEX triplet_client_last" },
	};
	char sql[300];
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
		PROMISE("nothing is known at first", nothing_at_first),
		PROMISE("what was tried waits at once, and is written", waits_at_once),
		PROMISE("it is found under any of the client's names, and proves all", under_any_name),
		PROMISE("what came through is known for its life", comes_through),
		PROMISE("what comes too late is new, by its number", too_late_is_new),
		PROMISE("so is what was tried tomorrow", the_future_is_new),
		PROMISE("a client's mails are counted once an hour", counts_hourly),
		PROMISE("all of it survives a restart", survives),
		PROMISE("of a client's names the best counts", best_name_counts),
		PROMISE("who is let pass by hand passes, and waits again", by_hand),
		PROMISE("who waits for a commit is told", waiter_is_told),
		PROMISE("and where nothing else is taken, for the triplet alone", waits_on_for_the_first),
		PROMISE("in trouble it cannot tell, and remembers nothing new", trouble_cannot_tell),
		PROMISE("odd bytes and long texts are keys as all others", odd_bytes),
		PROMISE("what is older than anybody asks for goes", old_ones_go),
		PROMISE("though somebody always writes", old_ones_go_under_load),
		PROMISE("beyond greylist_max the oldest go, from memory too, and none more when the clock goes back", too_many_go),
		PROMISE("a long table is read a slice at a time", reads_in_slices),
		PROMISE("a store that only reads knows it as well", read_only),
		PROMISE("no question reads a whole table", questions_use_an_index),
	};

	sick_disk_install();
	return cmocka_run_group_tests_name("greylisting: the store promises that", tests, NULL, NULL);
}
