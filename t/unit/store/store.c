/* store.c - the store promises that …
 *
 * Each test has a folder of its own, and waits for what it wants by running the
 * loop.  Time is counted in ticks of that loop: they come late where the store does.
 */
#include "store/store.h"
#include "base/address.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 180000, TICK_MS = 5 };

struct bench {
	char dir[64], path[96];
	struct store_options options;
	struct loop *loop;
	struct timer *tick;
	struct store *store;
	sqlite3 *other;			/* somebody else's connection */
	bool (*until)(struct bench *b);
	int waited_ms;			/* for it, so far */
	bool came;
	int refused, told, told_ok;	/* refused: those who are to be told, in one test */
};

static struct bench second;		/* of two who write to one file; not opened by others */

struct waiting {
	struct store_waiter waiter;
	struct bench *bench;
};

/* ---- the bench ---- */

static int
set_up(void **state)
{
	struct bench *b = calloc(1, sizeof *b);

	snprintf(b->dir, sizeof b->dir, "/tmp/policyd-store-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->path, sizeof b->path, "%s/policyd.db", b->dir);
	b->options = (struct store_options){ .database = b->path, .decision_log = DECISION_LOG_REFUSALS,
	    .decision_keep_s = 14 * 86400, .activity_keep_s = 30 * 86400, .write_queue_max = 100000, .recipient_delimiter = "" };
	b->loop = loop_new();
	*state = b;
	return 0;
}

static void
close_all(struct bench *b)
{
	if (b->store != NULL)
		store_close(b->store, PATIENCE_MS);
	b->store = NULL;
	sqlite3_close(b->other);
	b->other = NULL;
}

static int
tear_down(void **state)
{
	struct bench *b = *state;
	char command[128];

	close_all(&second);
	close_all(b);
	loop_free(b->loop);
	snprintf(command, sizeof command, "rm -rf '%s'", b->dir);
	int rc = system(command);
	free(b);
	return rc;
}

/* A setting is its own text; 'bad' is none. */
static void *
read_setting(const char *check, const char *setting, char *why, size_t size)
{
	if (strcmp(setting, "bad") != 0)
		return strdup(setting);
	snprintf(why, size, "no setting of %s", check);
	return NULL;
}

static const struct store_reader reader = { .setting = read_setting };

static void
open_store(struct bench *b)
{
	char why[512] = "";

	b->store = store_open(b->loop, &b->options, &reader, false, why, sizeof why);
	if (b->store == NULL)
		fail_msg("store_open: %s", why);
}

static void
on_tick(void *arg)
{
	struct bench *b = arg;

	b->came = b->until(b);
	if (b->came || b->waited_ms > PATIENCE_MS)
		loop_stop(b->loop);
	b->waited_ms += TICK_MS;
}

/* Run the loop until the condition holds; false if it does not. */
static bool
comes(struct bench *b, bool (*until)(struct bench *b))
{
	struct timer *tick = timer_new(b->loop, on_tick, b);

	b->until = until;
	b->came = false;
	b->waited_ms = 0;
	timer_start(tick, 0, TICK_MS);
	loop_run(b->loop);
	timer_free(tick);
	return b->came;
}

static sqlite3 *
other(struct bench *b)
{
	if (b->other == NULL) {
		assert_int_equal(sqlite3_open(b->path, &b->other), SQLITE_OK);
		sqlite3_busy_timeout(b->other, PATIENCE_MS);
	}
	return b->other;
}

static void
sql(struct bench *b, const char *statement)
{
	if (sqlite3_exec(other(b), statement, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", statement, sqlite3_errmsg(b->other));
}

/* -1: no such row, or it cannot be asked. */
static int64_t
number(struct bench *b, const char *statement)
{
	sqlite3_stmt *s;
	int64_t n = -1;

	if (sqlite3_prepare_v2(other(b), statement, -1, &s, NULL) != SQLITE_OK)
		return -1;
	if (sqlite3_step(s) == SQLITE_ROW)
		n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

static uint64_t
metric(const char *name)
{
	return metric_counter(name, "", "")->value;
}

static void
on_committed(struct store_waiter *waiter, bool ok)
{
	struct waiting *w = (struct waiting *)(void *)waiter;

	w->bench->told++;
	w->bench->told_ok += ok;
	free(w);
}

static const struct decision_row refusal = { .time_s = 4102446600, .action = "reject", .check = "dnsbl",
    .reply = "550 5.7.1 no", .client_address = "192.0.2.7", .sender = "", .detail = "[]" };

/* A refusal somebody waits for; false as store_write() is. */
static bool
refuse_row(struct bench *b, const struct decision_row *row)
{
	struct waiting *w = calloc(1, sizeof *w);

	w->waiter.committed = on_committed;
	w->bench = b;
	bool ok = store_write(b->store, row, &w->waiter);
	if (!ok)
		free(w);
	return ok;
}

static bool refuse(struct bench *b) { return refuse_row(b, &refusal); }
static bool told_1(struct bench *b) { return b->told >= 1; }
static bool told_1000(struct bench *b) { return b->told >= 1000; }
static bool in_trouble(struct bench *b) { (void)b; return metric("policyd_store_trouble") == 1; }
static bool no_trouble(struct bench *b) { (void)b; return metric("policyd_store_trouble") == 0; }
static bool queue_empty(struct bench *b) { (void)b; return metric("policyd_store_queue") == 0; }

/* Refuses again and again until one is acknowledged. */
static bool
writes_again(struct bench *b)
{
	if (b->told_ok > 0)
		return true;
	refuse(b);
	return false;
}

/* ---- writing ---- */

static void
writes_and_tells(void **state)
{
	struct bench *b = *state;

	open_store(b);
	assert_true(refuse(b));
	assert_int_equal(b->told, 0);
	assert_true(comes(b, told_1));
	assert_int_equal(b->told_ok, 1);
	assert_int_equal(number(b, "SELECT count(*) FROM decision WHERE action = 'reject' AND check_name = 'dnsbl' "
	    "AND client_address = '192.0.2.7' AND sender = '' AND helo IS NULL AND time = 4102446600 "
	    "AND writer = (SELECT id FROM writer)"), 1);
	assert_int_equal(number(b, "SELECT n FROM counter WHERE scope = 'decision' AND key = 'reject:dnsbl' "
	    "AND window = 4102444800"), 1);
	struct stat st;
	assert_int_equal(stat(b->path, &st), 0);
	assert_int_equal(st.st_mode & 07, 0);
}

static void
groups_commits(void **state)
{
	struct bench *b = *state;

	open_store(b);
	for (int i = 0; i < 1000; i++)
		assert_true(refuse(b));
	assert_true(comes(b, told_1000));
	assert_int_equal(b->told_ok, 1000);
	assert_int_equal(number(b, "SELECT count(*) FROM decision"), 1000);
	assert_int_equal(number(b, "SELECT sum(n) FROM counter"), 1000);
	assert_in_range(metric("policyd_store_commits_total"), 1, 100);
}

static bool told_10(struct bench *b) { return b->told >= 10; }

static void
commits_once_a_turn(void **state)
{
	struct bench *b = *state;

	open_store(b);
	assert_true(comes(b, queue_empty));
	uint64_t commits = metric("policyd_store_commits_total");
	for (int i = 0; i < 10; i++) {
		assert_true(refuse(b));
		usleep(1000);			/* the writer could have begun */
	}
	assert_true(comes(b, told_10));
	assert_int_equal(metric("policyd_store_commits_total"), commits + 1);
}

/* A store that is opened now gives references behind that one; the last of them, which it has written. */
static int64_t
references_behind(struct bench *b, int64_t last)
{
	struct decision_row row = refusal;

	open_store(b);
	for (int i = 0; i < 1000; i++) {
		row.reference = store_reference(b->store);
		assert_true(row.reference > last);
		last = row.reference;
	}
	assert_true(refuse_row(b, &row));
	assert_true(comes(b, queue_empty));
	close_all(b);
	return last;
}

static void
references_grow(void **state)
{
	struct bench *b = *state;
	char text[REFERENCE_TEXT], question[128];
	int64_t last = 0;

	for (int i = 0; i < 10; i++)		/* several starts in one second */
		last = references_behind(b, last);

	open_store(b);
	struct decision_row row = refusal;
	row.reference = last + ((int64_t)1000 << 18);	/* as if the clock went back since */
	assert_true(refuse_row(b, &row));
	assert_true(comes(b, queue_empty));
	snprintf(question, sizeof question, "SELECT count(*) FROM decision WHERE ref = '%s'",
	    reference_print(row.reference, text));
	assert_int_equal(number(b, question), 1);
	close_all(b);
	references_behind(b, row.reference);
}

static void
mends_a_clash(void **state)
{
	struct bench *b = *state;
	struct decision_row row = refusal;

	open_store(b);
	row.reference = store_reference(b->store);
	assert_true(refuse_row(b, &row));
	assert_true(comes(b, told_1));
	assert_true(refuse_row(b, &row));
	b->told = b->told_ok = 0;
	assert_true(comes(b, told_1));
	assert_int_equal(b->told_ok, 0);	/* its reply must not show that reference */
	assert_int_equal(number(b, "SELECT count(*) FROM decision"), 2);	/* and yet it is there, at once */
	assert_true(no_trouble(b));
	row.reference = store_reference(b->store);
	assert_true(refuse_row(b, &row));
	b->told = b->told_ok = 0;
	assert_true(comes(b, told_1));
	assert_int_equal(b->told_ok, 1);
	assert_int_equal(number(b, "SELECT count(*) FROM decision"), 3);
	assert_true(comes(b, queue_empty));
	assert_int_equal(number(b, "SELECT sum(n) FROM counter"), 3);
}

static bool tried_again(struct bench *b) { return b->waited_ms > 2000; }
static bool told_all(struct bench *b) { return b->told >= b->refused; }

/* Of a round of refusals by two who write to one file at once, how many were acknowledged. */
static int
write_together(struct bench *b)
{
	b->told = b->told_ok = b->refused = second.told = second.told_ok = second.refused = 0;
	for (int i = 0; i < 1000; i++) {
		b->refused += refuse(b);
		second.refused += refuse(&second);
	}
	assert_true(comes(b, told_all));
	assert_true(comes(&second, told_all));
	return b->told_ok + second.told_ok;
}

static void
takes_references_of_its_own(void **state)
{
	struct bench *b = *state;
	int told_ok = 0;

	second = *b;
	open_store(b);
	open_store(&second);
	/*
	 * Should both have drawn the same place to begin at, one draws again; and one may find the other at it for
	 * longer than it waits for a lock, where the disk or the machine stands still.
	 */
	for (int round = 0; round < 10 && told_ok < 2000; round++) {
		if (round > 0)
			assert_true(comes(b, tried_again));
		told_ok = write_together(b);
	}
	assert_int_equal(told_ok, 2000);
}

/* Rows that no policyd wrote must not keep it from writing its own. */
static void
leaves_absurd_references(void **state)
{
	struct bench *b = *state;
	struct decision_row row = refusal;

	open_store(b);
	sql(b, "INSERT INTO decision (reference, writer, time, action) VALUES (9223372036854775807, '', 0, 'dunno'), "
	    "(-9223372036854775807, '', 0, 'dunno')");
	row.reference = store_reference(b->store);
	assert_true(refuse_row(b, &row));
	assert_true(comes(b, told_1));
	assert_true(refuse_row(b, &row));
	assert_true(comes(b, queue_empty));
	assert_int_equal(number(b, "SELECT count(*) FROM decision WHERE reference BETWEEN 1 AND 1125899906842623"), 2);
}

static void
forgets_who_left(void **state)
{
	struct bench *b = *state;
	struct waiting left = { .waiter.committed = on_committed, .bench = b };

	open_store(b);
	assert_true(store_write(b->store, &refusal, &left.waiter));
	assert_true(refuse(b));
	store_forget(b->store, &left.waiter);
	store_forget(b->store, &left.waiter);
	assert_true(comes(b, told_1));
	assert_true(comes(b, queue_empty));
	assert_int_equal(b->told, 1);
	assert_int_equal(number(b, "SELECT count(*) FROM decision"), 2);
}

static bool two_counted(struct bench *b) { return number(b, "SELECT sum(n) FROM counter") == 3; }

static void
counts_without_rows(void **state)
{
	struct bench *b = *state;

	open_store(b);
	store_count(b->store, "decision", "dunno:", 4102446600);
	store_count(b->store, "decision", "dunno:", 4102446601);
	store_count(b->store, "decision", "dunno:", 4102450200);
	assert_true(comes(b, two_counted));
	assert_int_equal(number(b, "SELECT n FROM counter WHERE window = 4102444800 AND key = 'dunno:'"), 2);
	assert_int_equal(number(b, "SELECT count(*) FROM decision"), 0);
	store_count(b->store, "decision", "dunno:", 4102446602);
	close_all(b);				/* what waits is written at the end */
	assert_int_equal(number(b, "SELECT sum(n) FROM counter"), 4);
}

static bool would_counted(struct bench *b) { return number(b, "SELECT sum(n) FROM counter WHERE scope = 'would'") == 4; }

static void
counts_shadow(void **state)
{
	struct bench *b = *state;
	struct decision_row row = refusal;

	open_store(b);
	row.would = "reject client_no_rdns, score helo_not_fqdn";
	assert_true(refuse_row(b, &row));
	store_count_decision(b->store, "defer", "dnsbl", NULL, row.time_s);
	store_count_decision(b->store, "dunno", NULL, "reject client_no_rdns", row.time_s);
	row.action = "dunno";
	row.check = NULL;
	row.would = "object dnsbl";
	store_write(b->store, &row, NULL);
	assert_true(comes(b, would_counted));
	assert_int_equal(number(b, "SELECT requests FROM would_have WHERE action = 'reject' AND check_name = 'client_no_rdns'"), 2);
	assert_int_equal(number(b, "SELECT requests FROM would_have WHERE action = 'score' AND check_name = 'helo_not_fqdn'"), 1);
	assert_int_equal(number(b, "SELECT requests FROM would_have WHERE action = 'object' AND check_name = 'dnsbl'"), 1);
	assert_int_equal(number(b, "SELECT decisions FROM daily WHERE action = 'dunno'"), 2);
	assert_int_equal(number(b, "SELECT decisions FROM daily WHERE action = 'defer' AND check_name = 'dnsbl'"), 1);
	number(b, "DELETE FROM decision");
	assert_int_equal(number(b, "SELECT count(*) FROM would_have"), 3);
}

static void
keeps_what_is_wanted(void **state)
{
	struct bench *b = *state;
	static const struct { int log; bool refusal, would, want; } cases[] = {
		{ DECISION_LOG_ALL, false, false, true }, { DECISION_LOG_ALL, true, false, true },
		{ DECISION_LOG_REFUSALS, false, false, false }, { DECISION_LOG_REFUSALS, true, false, true },
		{ DECISION_LOG_REFUSALS, false, true, true }, { DECISION_LOG_OFF, true, true, false },
	};

	open_store(b);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		b->options.decision_log = cases[i].log;
		store_configure(b->store, &b->options);
		assert_int_equal(store_keeps(b->store, cases[i].refusal, cases[i].would), cases[i].want);
	}
}

/* ---- what people write ---- */

static const struct list_row *
denied(struct bench *b, struct lists **l)
{
	struct address a;

	address_parse(&a, "192.0.2.7");
	*l = store_lists(b->store);
	return lists_find(*l, LIST_DENY, &(struct list_subject){ &a, NULL, NULL, "", "ann@example.org" }, clock_wall_s());
}

static bool
is_denied(struct bench *b)
{
	struct lists *l;
	bool found = denied(b, &l) != NULL;

	lists_release(l);
	return found;
}

static bool is_not_denied(struct bench *b) { return !is_denied(b); }

static void
obeys_at_once(void **state)
{
	struct bench *b = *state;

	open_store(b);
	assert_false(is_denied(b));
	sql(b, "INSERT INTO deny (client) VALUES ('192.0.2.7')");
	assert_true(comes(b, is_denied));
	assert_in_range(b->waited_ms, 0, 3000);
	sql(b, "DELETE FROM deny");
	assert_true(comes(b, is_not_denied));
	sql(b, "INSERT INTO deny (client) VALUES ('192.0.2.7')");
	close_all(b);
	open_store(b);
	assert_true(is_denied(b));		/* from the start */
}

static bool one_problem(struct bench *b) { return number(b, "SELECT count(*) FROM row_problem") == 1; }
static bool no_problem(struct bench *b) { return number(b, "SELECT count(*) FROM row_problem") == 0; }

static bool
looked_ten_times(struct bench *b)
{
	return b->waited_ms > 10 * 250;
}

static void
tells_problems_once(void **state)
{
	struct bench *b = *state;

	open_store(b);
	sql(b, "INSERT INTO deny (client) VALUES ('192.0.2.1/24')");
	assert_true(comes(b, one_problem));
	assert_int_equal(number(b, "SELECT count(*) FROM row_problem WHERE list = 'deny' AND row = '1'"), 1);
	uint64_t commits = metric("policyd_store_commits_total");
	assert_true(comes(b, looked_ten_times));
	assert_in_range(metric("policyd_store_commits_total"), commits, commits + 1);
	sql(b, "DELETE FROM deny");
	assert_true(comes(b, no_problem));
}

/* ---- trouble ---- */

static void
waits_out_a_lock(void **state)
{
	struct bench *b = *state;

	open_store(b);
	assert_true(refuse(b));
	assert_true(comes(b, told_1));
	sql(b, "BEGIN EXCLUSIVE");
	for (int i = 0; i < 3; i++)
		assert_true(refuse(b));
	b->told = b->told_ok = 0;
	assert_true(comes(b, told_1));
	assert_int_equal(b->told, 3);
	assert_int_equal(b->told_ok, 0);
	assert_in_range(b->waited_ms, 0, 5000);
	assert_false(refuse(b));		/* kept all the same */
	uint64_t dropped = metric("policyd_store_dropped_total");
	assert_false(store_write(b->store, &refusal, NULL));
	assert_int_equal(metric("policyd_store_dropped_total"), dropped + 1);
	sql(b, "ROLLBACK");
	assert_true(comes(b, no_trouble));
	assert_true(comes(b, queue_empty));
	assert_int_equal(b->told, 3);
	assert_int_equal(number(b, "SELECT count(*) FROM decision"), 5);
	assert_int_equal(number(b, "SELECT sum(n) FROM counter"), 5);	/* however often it was tried */
}

static void
starts_under_a_lock(void **state)
{
	struct bench *b = *state;

	sql(b, "PRAGMA journal_mode = DELETE; CREATE TABLE x (a); DROP TABLE x; BEGIN EXCLUSIVE");
	open_store(b);
	assert_false(refuse(b));
	sql(b, "ROLLBACK");
	assert_true(comes(b, writes_again));
	assert_true(number(b, "SELECT count(*) FROM decision") >= 2);
}

static void
bounds_its_queue(void **state)
{
	struct bench *b = *state;

	b->options.write_queue_max = 100;
	open_store(b);
	assert_true(comes(b, queue_empty));
	sql(b, "BEGIN IMMEDIATE");
	uint64_t dropped = metric("policyd_store_dropped_total");
	int taken = 0;
	for (int i = 0; i < 150; i++)
		taken += store_write(b->store, &refusal, NULL);
	assert_in_range(taken, 98, 100);	/* the store's own may be among them */
	assert_int_equal(metric("policyd_store_dropped_total"), dropped + 150 - (uint64_t)taken);
	sql(b, "ROLLBACK");
	assert_true(comes(b, queue_empty));
	assert_int_equal(number(b, "SELECT count(*) FROM decision"), taken);
}

static void
waits_for_its_folder(void **state)
{
	struct bench *b = *state;
	char path[128];

	snprintf(path, sizeof path, "%s/folder/policyd.db", b->dir);
	b->options.database = path;
	open_store(b);
	assert_false(refuse(b));
	snprintf(b->path, sizeof b->path, "%s/folder", b->dir);
	assert_int_equal(mkdir(b->path, 0755), 0);
	assert_true(comes(b, writes_again));
	assert_true(comes(b, no_trouble));
}

static void
waits_for_a_directory_to_go(void **state)
{
	struct bench *b = *state;

	assert_int_equal(mkdir(b->path, 0755), 0);
	open_store(b);
	assert_true(in_trouble(b));
	assert_false(refuse(b));
	assert_int_equal(rmdir(b->path), 0);
	assert_true(comes(b, writes_again));
}

static void
notices_a_deleted_file(void **state)
{
	struct bench *b = *state;

	open_store(b);
	assert_true(refuse(b));
	assert_true(comes(b, told_1));
	assert_int_equal(unlink(b->path), 0);
	b->told = b->told_ok = 0;
	assert_true(comes(b, writes_again));
	assert_true(number(b, "SELECT count(*) FROM decision") >= 1);
	sql(b, "INSERT INTO deny (client) VALUES ('192.0.2.7')");
	assert_true(comes(b, is_denied));	/* the reader looks at the new one, too */
}

/* Somebody brings a copy back, by a rename, while policyd runs: nothing of the old file gets into it. */
static void
takes_a_replaced_file(void **state)
{
	struct bench *b = *state;
	char copy[128], sentence[256];

	snprintf(copy, sizeof copy, "%s.copy", b->path);
	snprintf(sentence, sizeof sentence, "INSERT INTO deny (client) VALUES ('192.0.2.7'); VACUUM INTO '%s'", copy);
	open_store(b);
	sql(b, sentence);
	assert_true(comes(b, is_denied));
	sql(b, "DELETE FROM deny");
	assert_true(refuse(b));
	assert_true(comes(b, told_1));
	assert_int_equal(rename(copy, b->path), 0);
	sqlite3_close(b->other);
	b->other = NULL;
	b->told = b->told_ok = 0;
	assert_true(comes(b, writes_again));
	assert_int_equal(number(b, "SELECT count(*) FROM deny"), 1);
	assert_true(comes(b, is_denied));
}

static void
spoil(struct bench *b, long from, size_t len)
{
	static char rubbish[1 << 20];

	memset(rubbish, 'x', sizeof rubbish);
	int fd = open(b->path, O_WRONLY);
	assert_true(fd >= 0);
	assert_true(pwrite(fd, rubbish, len, from) == (ssize_t)len);
	close(fd);
}

static void
assert_moved_aside(struct bench *b)
{
	char pattern[128];
	glob_t found;

	snprintf(pattern, sizeof pattern, "%s.corrupt-*", b->path);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	globfree(&found);
}

/* All but the header, or from the header on: known at the start, or only when something is written. */
static void
survives_corruption(struct bench *b, long from)
{
	open_store(b);
	sql(b, "INSERT INTO deny (client, note) VALUES ('192.0.2.7', 'a note')");
	assert_true(comes(b, is_denied));
	assert_true(refuse(b));
	assert_true(comes(b, told_1));
	close_all(b);				/* copies what people wrote */
	struct stat st;
	assert_int_equal(stat(b->path, &st), 0);
	spoil(b, from, (size_t)(st.st_size - from));
	open_store(b);
	b->told = b->told_ok = 0;
	assert_true(comes(b, writes_again));
	assert_moved_aside(b);
	assert_true(comes(b, is_denied));
	assert_int_equal(number(b, "SELECT count(*) FROM deny WHERE note = 'a note'"), 1);
}

static void rubbish_at_start(void **state) { survives_corruption(*state, 0); }
static void rubbish_behind_header(void **state) { survives_corruption(*state, 100); }

/* A child writes until it is killed, telling us each reference that was acknowledged. */
static int told_fd;

static void
on_committed_in_child(struct store_waiter *waiter, bool ok)
{
	struct waiting *w = (struct waiting *)(void *)waiter;
	int64_t reference = ok ? *(int64_t *)(void *)(w + 1) : 0;

	if (write(told_fd, &reference, sizeof reference) != sizeof reference)
		_exit(1);
	free(w);
}

static void
on_child_tick(void *arg)
{
	struct bench *b = arg;

	for (int i = 0; i < 20; i++) {
		struct waiting *w = calloc(1, sizeof *w + sizeof(int64_t));
		struct decision_row row = refusal;

		row.reference = store_reference(b->store);
		*(int64_t *)(void *)(w + 1) = row.reference;
		w->waiter.committed = on_committed_in_child;
		if (!store_write(b->store, &row, &w->waiter))
			free(w);
	}
}

static void
loses_nothing_by_kill(void **state)
{
	enum { ENOUGH = 2000 };
	struct bench *b = *state;
	static int64_t told[100000];
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		told_fd = ends[1];
		open_store(b);
		timer_start(timer_new(b->loop, on_child_tick, b), 0, 1);
		loop_run(b->loop);
		_exit(1);
	}
	close(ends[1]);
	size_t len = 0;
	for (ssize_t got; (got = read(ends[0], (char *)told + len, sizeof told - len)) > 0; ) {
		len += (size_t)got;
		if (len >= ENOUGH * sizeof *told)
			kill(child, SIGKILL);
	}
	close(ends[0]);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	open_store(b);
	size_t acknowledged = 0;
	for (size_t i = 0; i < len / sizeof *told; i++) {
		char question[96];

		if (told[i] == 0)
			continue;
		snprintf(question, sizeof question, "SELECT 1 FROM decision WHERE reference = %lld", (long long)told[i]);
		assert_int_equal(number(b, question), 1);
		acknowledged++;
	}
	assert_true(acknowledged >= ENOUGH / 2);
	assert_true(number(b, "SELECT (SELECT count(*) FROM decision) = (SELECT sum(n) FROM counter)") == 1);
}

/* ---- what is old goes ---- */

#define FILL(from) "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) " \
	"INSERT INTO decision (reference, writer, time, action, reply) " \
	"SELECT ((unixepoch() - " from ") << 18) + i, 'x', 0, 'reject', hex(zeroblob(200)) FROM n"

static bool old_gone(struct bench *b) { return number(b, "SELECT count(*) FROM decision WHERE time = 0") == 5000; }

static bool
old_gone_under_load(struct bench *b)
{
	store_count(b->store, "decision", "dunno:", clock_wall_s());
	store_write(b->store, &refusal, NULL);
	return old_gone(b);
}

static void
deletes_the_old(void **state)
{
	struct bench *b = *state;

	b->options.decision_keep_s = 3600;
	open_store(b);
	close_all(b);
	sql(b, FILL("7200"));
	sql(b, FILL("1800"));
	open_store(b);
	assert_true(comes(b, old_gone));
	assert_int_equal(number(b, "SELECT count(*) FROM decision WHERE reference < (unixepoch() - 3600) << 18"), 0);
}

static void
deletes_under_load(void **state)
{
	struct bench *b = *state;

	b->options.decision_keep_s = 3600;
	open_store(b);
	close_all(b);
	sql(b, FILL("7200"));
	sql(b, FILL("1800"));
	open_store(b);
	assert_true(comes(b, old_gone_under_load));
}

static bool small(struct bench *b)
{
	return number(b, "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, "
	    "pragma_page_size") <= 2000000;
}

static void
deletes_the_oldest_of_too_many(void **state)
{
	struct bench *b = *state;

	b->options.database_size_max = 2000000;
	open_store(b);
	close_all(b);
	sql(b, FILL("7200"));
	sql(b, FILL("1800"));
	assert_false(small(b));
	open_store(b);
	assert_true(comes(b, small));
	assert_true(number(b, "SELECT count(*) FROM decision") > 1000);
	assert_int_equal(number(b, "SELECT max(reference) & 262143 FROM decision"), 5000);	/* the newest is there */
}

static void
reads_only(void **state)
{
	struct bench *b = *state;
	char why[512] = "";
	struct stat st;

	b->store = store_open(b->loop, &b->options, &reader, true, why, sizeof why);
	assert_non_null(b->store);		/* goes on without */
	assert_int_equal(stat(b->path, &st), -1);
	close_all(b);
	open_store(b);
	sql(b, "INSERT INTO deny (client) VALUES ('192.0.2.7')");
	close_all(b);
	b->store = store_open(b->loop, &b->options, &reader, true, why, sizeof why);
	assert_non_null(b->store);
	assert_true(is_denied(b));
}

static void
refuses_newer(void **state)
{
	struct bench *b = *state;
	char why[512] = "";

	sql(b, "PRAGMA user_version = 9999");
	assert_null(store_open(b->loop, &b->options, &reader, false, why, sizeof why));
	assert_non_null(strstr(why, "9999"));
	assert_non_null(strstr(why, b->path));
}

int
main(void)
{
#define PROMISE(says, test) { says, test, set_up, tear_down, NULL }
	static const struct CMUnitTest tests[] = {
		PROMISE("a row is there, and counted, when its waiter is told", writes_and_tells),
		PROMISE("many rows share few transactions", groups_commits),
		PROMISE("what is written in one turn of the loop is one transaction", commits_once_a_turn),
		PROMISE("references only grow, whatever the clock does between two starts", references_grow),
		PROMISE("a reference used twice holds nobody up", mends_a_clash),
		PROMISE("two who write to one file do not get in each other's way", takes_references_of_its_own),
		PROMISE("who no longer waits is not told", forgets_who_left),
		PROMISE("what has no row is counted, at the end too", counts_without_rows),
		PROMISE("what shadow checks would have done is counted, row or not", counts_shadow),
		PROMISE("decision_log says what is kept", keeps_what_is_wanted),
		PROMISE("what people write is obeyed at once", obeys_at_once),
		PROMISE("what is wrong in it is told, once", tells_problems_once),
		PROMISE("references that cannot be ours do no harm", leaves_absurd_references),
		PROMISE("a lock costs the reference, not the row", waits_out_a_lock),
		PROMISE("a lock at the start does no harm", starts_under_a_lock),
		PROMISE("the queue has a bound", bounds_its_queue),
		PROMISE("a missing folder is waited for", waits_for_its_folder),
		PROMISE("a directory in the way is waited for", waits_for_a_directory_to_go),
		PROMISE("a deleted file is made anew", notices_a_deleted_file),
		PROMISE("a file put in its place is taken as it is", takes_a_replaced_file),
		PROMISE("a corrupt file is moved aside, and people's rows come back", rubbish_at_start),
		PROMISE("so too when it shows late", rubbish_behind_header),
		PROMISE("kill -9 loses nothing that was acknowledged", loses_nothing_by_kill),
		PROMISE("old decisions go", deletes_the_old),
		PROMISE("old decisions go while others come", deletes_under_load),
		PROMISE("the oldest go when there are too many", deletes_the_oldest_of_too_many),
		PROMISE("read only makes nothing, and reads", reads_only),
		PROMISE("a newer file is refused", refuses_newer),
	};

	log_open(LOG_TO_NOWHERE);
	return cmocka_run_group_tests_name("the store promises that", tests, NULL, NULL);
}
