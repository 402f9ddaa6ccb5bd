/* writer.c - see writer.h; all but the functions of writer.h runs on the writer's thread */
#include "store/writer.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "store/checkpoint.h"
#include "store/counter.h"
#include "store/database.h"
#include "store/retention.h"
#include "store/sent.h"

#include <inttypes.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { RETRY_MS = 1000, IDLE_MS = 1000, HAND_COPY_EVERY_S = 86400 };

enum statement { INSERT_DECISION, INSERT_PROBLEM, DELETE_PROBLEMS, INSERT_LIST, DELETE_LISTS, UPSERT_COUNTER,
	INSERT_WRITER, BEGIN, COMMIT, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[INSERT_DECISION] = "INSERT INTO decision (reference, writer, time, action, check_name, would, reply, profile, "
	    "context, stage, client_address, client_name, helo, sender, sender_domain, recipient, login, instance, "
	    "queue_id, score, runs, took_us, detail) "
	    "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	[INSERT_PROBLEM] = "INSERT OR IGNORE INTO row_problem VALUES (?,?,?)",
	[DELETE_PROBLEMS] = "DELETE FROM row_problem",
	[INSERT_LIST] = "INSERT INTO list_state VALUES (?,?,?,?,?,nullif(?,''),nullif(?,'0'),nullif(?,''),?)",
	[DELETE_LISTS] = "DELETE FROM list_state",
	[UPSERT_COUNTER] = "INSERT INTO counter VALUES (?,?,?,?,?) ON CONFLICT DO UPDATE SET n = max(n, excluded.n)",
	[INSERT_WRITER] = "INSERT OR IGNORE INTO writer VALUES (?,?)",
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
};

const char *const row_sql[ROWS] = {
	[ROW_UNKNOWN] = "INSERT INTO unknown VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT DO UPDATE SET "
	    "state = iif(excluded.last >= last, excluded.state, state), "
	    "source = iif(excluded.last >= last, excluded.source, source), "
	    "first = min(first, excluded.first), last = max(last, excluded.last)",
	[ROW_ACTIVITY] = "INSERT INTO activity VALUES (?1, ?2, ?3, ?4, ?10, ?5) ON CONFLICT DO UPDATE SET "
	    "n = n + excluded.n",
	[ROW_BLOCK_NUMBER] = "UPDATE change SET blocks = blocks + 1",
	[ROW_BLOCK] = "INSERT INTO hand_block (client, sender, login, cause, evidence, strikes, since, expires, set_by, number) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?10, (SELECT blocks FROM change)) ON CONFLICT DO UPDATE SET "
	    "cause = excluded.cause, evidence = excluded.evidence, strikes = excluded.strikes, since = excluded.since, "
	    "expires = excluded.expires, set_by = excluded.set_by, note = NULL, number = excluded.number "
	    "WHERE expires IS NOT NULL",
	[ROW_ATTEMPT] = "INSERT INTO triplet_pending (client, sender, recipient, gen, first, ready) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[ROW_TRIPLET] = "INSERT INTO triplet_proven VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET "
	    "first = iif(excluded.gen > gen, excluded.first, iif(excluded.gen = gen, min(first, excluded.first), first)), "
	    "passed = iif(excluded.gen > gen, excluded.passed, iif(excluded.gen = gen, min(passed, excluded.passed), passed)), "
	    "last = max(last, excluded.last), gen = max(gen, excluded.gen)",
	[ROW_TRIPLET_CLIENT] = "INSERT INTO triplet_client VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET "
	    "passes = passes + excluded.passes, last = excluded.last WHERE excluded.last >= last + 3600",
	[ROW_QUOTA_USE] = "INSERT INTO quota_use VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?10, ?8, ?9) ON CONFLICT DO UPDATE SET "
	    "n = max(n, excluded.n), most = excluded.most",
	[ROW_QUOTA_MESSAGE] = "INSERT INTO quota_message VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET "
	    "recipients = max(recipients, excluded.recipients), whole = max(whole, excluded.whole), time = max(time, excluded.time)",
	[ROW_RELAY_MISSING] = "INSERT INTO relay_domain VALUES (?1, ?2, ?2, ?3, ?4, NULL) ON CONFLICT DO UPDATE SET "
	    "since = iif(good IS NULL, min(since, excluded.since), excluded.since), last = excluded.last, "
	    "login = excluded.login, finding = excluded.finding, good = NULL",
	[ROW_RELAY_GOOD] = "UPDATE relay_domain SET good = ?2 WHERE domain = ?1 AND good IS NULL",
	[ROW_LOGIN_CLIENT] = "INSERT INTO login_client VALUES (?1, ?2, ?3, ?3) ON CONFLICT DO UPDATE SET "
	    "first = min(first, excluded.first), last = max(last, excluded.last)",
};

struct writer {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t news;
	struct pending_write *waiting, **waiting_end;	/* under lock */
	struct pending_write *done, **done_end;		/* under lock */
	bool stopping;				/* under lock */
	int64_t stop_by_us;			/* under lock */
	struct writer_state state;
	const struct writer_options *options;
	struct wake *wake;
	char *path, *id;
	bool synchronous_full;

	/* the thread's own */
	struct sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS], *row_statements[ROWS];
	struct pending_write *batch;			/* taken, not yet committed */
	bool clashed;					/* a row of it had a reference that another has */
	struct counters *counters;
	struct sent_rows sent;
	struct retention *retention;
	struct checkpoint *checkpoint;
	int64_t hand_copied_s, hand_change;
	uint64_t log_inode;				/* of the open file's write-ahead log; 0: not known */
};

/* ---- the file ---- */

static void
close_file(struct writer *w)
{
	database_finalize(w->statements, STATEMENTS);
	database_finalize(w->row_statements, ROWS);
	sent_rows_finalize(&w->sent);
	retention_finalize(w->retention);
	checkpoint_close(w->checkpoint);
	sqlite3_close(w->db);
	w->db = NULL;
	w->log_inode = 0;
}

static sqlite3_stmt *
statement(struct writer *w, enum statement which)
{
	return database_statement(&w->statements[which], w->db, sql[which]);
}

static void
set_trouble(struct writer *w, const char *why)
{
	pthread_mutex_lock(&w->lock);
	snprintf(w->state.why, sizeof w->state.why, "%s", why);
	pthread_mutex_unlock(&w->lock);
	if (!atomic_exchange(&w->state.trouble, true))
		wake_send(w->wake);
}

static bool
open_file(struct writer *w)
{
	char why[256] = "";

	if (w->db != NULL)
		return true;
	if (database_open(w->path, w->synchronous_full, &w->db, why, sizeof why) != DATABASE_OPEN) {
		set_trouble(w, why);
		return false;
	}
	checkpoint_open(w->checkpoint, w->path, w->db);
	atomic_fetch_add(&w->state.generation, 1);
	counters_dirty(w->counters);	/* a new file knows none of our counts */
	wake_send(w->wake);
	return true;
}

/* ---- one transaction ---- */

static void
bind_text(sqlite3_stmt *s, int place, const char *text)
{
	if (text == NULL)
		sqlite3_bind_null(s, place);
	else
		sqlite3_bind_text(s, place, text, -1, SQLITE_STATIC);
}

static bool
write_decision(struct writer *w, const struct pending_write *write)
{
	const struct decision_row *r = &write->row;
	sqlite3_stmt *s = statement(w, INSERT_DECISION);
	const char *const texts[] = { r->action, r->check, r->would, r->reply, r->profile, r->context, r->stage,
	    r->client_address, r->client_name, r->helo, r->sender, r->sender_domain, r->recipient, r->login,
	    r->instance, r->queue_id };
	int place = 1;

	if (s == NULL)
		return false;
	sqlite3_bind_int64(s, place++, r->reference);
	bind_text(s, place++, w->id);
	sqlite3_bind_int64(s, place++, r->time_s);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		bind_text(s, place++, texts[i]);
	sqlite3_bind_int(s, place++, r->score);
	sqlite3_bind_int(s, place++, r->runs);
	sqlite3_bind_int64(s, place++, r->took_us);
	bind_text(s, place, r->detail);
	return database_finish(s);
}

/* Put these rows in the place of all that the table has. */
static bool
write_cells(struct writer *w, enum statement clearing, enum statement insert, const char *at)
{
	sqlite3_stmt *clear = statement(w, clearing), *s = statement(w, insert);

	if (clear == NULL || s == NULL || !database_finish(clear))
		return false;
	while (*at) {
		for (int i = 1; i <= sqlite3_bind_parameter_count(s); i++, at += strlen(at) + 1)
			bind_text(s, i, at);
		if (!database_finish(s))
			return false;
	}
	return true;
}

static bool
write_problems(struct writer *w, const struct pending_write *write)
{
	return write_cells(w, DELETE_PROBLEMS, INSERT_PROBLEM, write->cells);
}

static bool
write_dns_lists(struct writer *w, const struct pending_write *write)
{
	return write_cells(w, DELETE_LISTS, INSERT_LIST, write->cells);
}

static bool
write_sent(struct writer *w, const struct pending_write *write)
{
	return sent_rows_add(&w->sent, w->db, write);
}

static bool
write_row(struct writer *w, const struct pending_write *write)
{
	sqlite3_stmt *s = database_statement(&w->row_statements[write->row_kind], w->db, row_sql[write->row_kind]);

	if (s == NULL)
		return false;
	for (size_t i = 0; i < write->cell_count; i++) {
		const struct cell *c = &write->row_cells[i];

		if (c->text == NULL && c->n != CELL_NULL.n)
			sqlite3_bind_int64(s, (int)i + 1, c->n);
		else
			bind_text(s, (int)i + 1, c->text);
	}
	if (sqlite3_bind_parameter_count(s) == CELLS_MAX + 1)
		bind_text(s, CELLS_MAX + 1, w->id);
	return database_finish(s);
}

/* What is only counted is in the totals. */
static bool
write_nothing(struct writer *w, const struct pending_write *write)
{
	(void)w;
	(void)write;
	return true;
}

static bool (*const write_kinds[WRITES])(struct writer *w, const struct pending_write *write) = {
	[WRITE_DECISION] = write_decision,
	[WRITE_COUNT] = write_nothing,
	[WRITE_PROBLEMS] = write_problems,
	[WRITE_DNS_LISTS] = write_dns_lists,
	[WRITE_SENT] = write_sent,
	[WRITE_ROW] = write_row,
};

static bool
write_counter(void *arg, const char *scope, const char *key, int64_t window, int64_t n)
{
	struct writer *w = arg;
	sqlite3_stmt *s = statement(w, UPSERT_COUNTER);

	if (s == NULL)
		return false;
	bind_text(s, 1, scope);
	bind_text(s, 2, key);
	sqlite3_bind_int64(s, 3, window);
	bind_text(s, 4, w->id);
	sqlite3_bind_int64(s, 5, n);
	return database_finish(s);
}

/* Its count goes into the totals once, however often the transaction is tried. */
static void
count(struct writer *w, struct pending_write *write)
{
	const struct decision_row *row = &write->row;
	const char *would = row->would;
	char key[COUNTER_KEY];

	if (write->counted)
		return;
	write->counted = true;
	if (write->kind == WRITE_DECISION) {
		snprintf(key, sizeof key, "%s:%s", row->action, row->check ? row->check : "");
		counters_add(w->counters, "decision", key, row->time_s, 1);
		while (would_key(&would, key))
			counters_add(w->counters, "would", key, row->time_s, 1);
	} else if (write->kind == WRITE_COUNT)
		counters_add(w->counters, write->scope, write->key, write->time_s, write->n);
}

/* A row that SQLite will never take (the same reference twice) must not hold up the others for ever: it goes behind
 * all, where no store begins a second.  In the transaction, so that nobody takes that place meanwhile. */
static void
avoid_clash(struct writer *w)
{
	int64_t highest = database_number(w->db, LAST_REFERENCE, -1);
	if (highest < 0)
		return;
	int64_t reference = ((highest >> REFERENCE_SHIFT) + 1) * (1 << REFERENCE_SHIFT);
	for (struct pending_write *write = w->batch; write != NULL; write = write->next)
		if (write->kind == WRITE_DECISION) {
			write->row.reference = reference++;
			write->renumbered = true;
		}
}

static bool
write_batch(struct writer *w)
{
	sqlite3_stmt *begin = statement(w, BEGIN), *commit = statement(w, COMMIT), *writer = statement(w, INSERT_WRITER);

	if (begin == NULL || commit == NULL || writer == NULL || !database_finish(begin))
		return false;
	bind_text(writer, 1, w->id);
	sqlite3_bind_int64(writer, 2, clock_wall_s());
	if (!database_finish(writer))
		return false;
	if (w->clashed)
		avoid_clash(w);
	for (struct pending_write *write = w->batch; write != NULL; write = write->next) {
		count(w, write);
		if (!write_kinds[write->kind](w, write))
			return false;
	}
	return counters_write(w->counters, write_counter, w) && database_finish(commit);
}

/* The transaction, and once more if a reference stood in its way. */
static bool
write_unless_clashed(struct writer *w)
{
	if (write_batch(w))
		return true;
	int code = sqlite3_extended_errcode(w->db);
	if (w->clashed || (code != SQLITE_CONSTRAINT_PRIMARYKEY && code != SQLITE_CONSTRAINT_ROWID) ||
	    sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK)
		return false;
	w->clashed = true;
	atomic_fetch_add(&w->state.clashes, 1);
	return write_batch(w);
}

static void
hand_back(struct writer *w)
{
	struct pending_write **end = &w->batch;
	uint64_t rows = 0;

	for (; *end != NULL; end = &(*end)->next)
		rows++;
	counters_written(w->counters);
	atomic_fetch_add(&w->state.commits, 1);		/* first: who is told finds them counted */
	atomic_fetch_add(&w->state.rows, rows);
	atomic_store(&w->state.trouble, false);
	pthread_mutex_lock(&w->lock);
	*w->done_end = w->batch;
	w->done_end = end;
	pthread_mutex_unlock(&w->lock);
	w->batch = NULL;
	w->clashed = false;
	wake_send(w->wake);
}

static void
leave_file(struct writer *w)
{
	uint64_t ours = w->log_inode;

	log_warn("store: %s was deleted or moved; policyd takes what is there now, or makes a new one", w->path);
	close_file(w);
	/* Our log, still mapped by readers, is not the new file's: SQLite would mix them. */
	if (access(w->path, F_OK) != 0 || (ours != 0 && ours == database_log_inode(w->path)))
		database_move_log_aside(w->path);
}

static bool
commit_batch(struct writer *w)
{
	char why[256];

	if (w->db != NULL && database_is_gone(w->db))
		leave_file(w);
	if (!open_file(w))
		return false;
	if (write_unless_clashed(w)) {
		if (w->log_inode == 0)
			w->log_inode = database_log_inode(w->path);
		hand_back(w);
		return true;
	}
	int code = sqlite3_extended_errcode(w->db);
	snprintf(why, sizeof why, "%s: %s%s", w->path, sqlite3_errmsg(w->db), database_remedy(w->db));
	if (!sqlite3_get_autocommit(w->db))
		sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL);
	set_trouble(w, why);
	if ((code & 0xff) != SQLITE_BUSY)	/* a file made writable again must be opened again */
		close_file(w);
	if (database_is_corrupt(code))
		database_move_aside(w->path);
	return false;
}

/* ---- between transactions ---- */

/* A copy of what people wrote, once a day and at the end, if anything changed. */
static void
copy_hand(struct writer *w, bool at_end)
{
	int64_t now = clock_wall_s();

	if (w->db == NULL || (!at_end && now - w->hand_copied_s < HAND_COPY_EVERY_S))
		return;
	int64_t change = database_changes(w->db);
	w->hand_copied_s = now;
	if (change > 0 && change != w->hand_change && database_copy_hand(w->db, w->path))
		w->hand_change = change;
}

static bool
is_awaited(void *arg)
{
	struct writer *w = arg;

	pthread_mutex_lock(&w->lock);
	bool awaited = w->waiting != NULL || w->stopping;
	pthread_mutex_unlock(&w->lock);
	return awaited;
}

/* What is done now and then, between transactions. */
static void
tidy(struct writer *w)
{
	if (w->db == NULL)
		open_file(w);
	if (w->db == NULL || !retention_is_due(w->retention))
		return;
	sqlite3_busy_timeout(w->db, 0);		/* somebody's lock: later, rows may come that cannot wait */
	copy_hand(w, false);
	retention_go_on(w->retention, w->db, is_awaited, w);
	sqlite3_busy_timeout(w->db, DATABASE_BUSY_MS);
}

static struct timespec
in_ms(int64_t ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

/* Wait for work or for the time to pass; take what there is.  False when it is time to end. */
static bool
take(struct writer *w, int64_t wait_ms)
{
	struct timespec until = in_ms(wait_ms);

	pthread_mutex_lock(&w->lock);
	while ((w->batch != NULL || w->waiting == NULL) && !w->stopping)
		if (pthread_cond_timedwait(&w->news, &w->lock, &until) != 0)
			break;
	struct pending_write **end = &w->batch;
	while (*end != NULL)
		end = &(*end)->next;
	*end = w->waiting;
	w->waiting = NULL;
	w->waiting_end = &w->waiting;
	bool go_on = !w->stopping || (w->batch != NULL && clock_mono_us() < w->stop_by_us);
	pthread_mutex_unlock(&w->lock);
	return go_on;
}

static void *
run(void *arg)
{
	struct writer *w = arg;
	int64_t wait_ms = 0;

	if (w->db != NULL)
		checkpoint_open(w->checkpoint, w->path, w->db);
	while (take(w, wait_ms)) {
		if (w->batch != NULL && !commit_batch(w)) {
			struct timespec pause = { .tv_nsec = 50 * 1000000 };

			nanosleep(&pause, NULL);	/* never spin, even when told to stop */
		} else if (!atomic_load(&w->state.trouble))
			tidy(w);
		else if (open_file(w)) {
			atomic_store(&w->state.trouble, false);
			wake_send(w->wake);
		}
		wait_ms = w->batch != NULL || atomic_load(&w->state.trouble) ? RETRY_MS :
		    retention_is_near(w->retention) ? 20 : IDLE_MS;
	}
	copy_hand(w, true);
	if (w->db != NULL)
		close_file(w);
	return NULL;
}

void
writer_make_id(char id[WRITER_ID])
{
	char host[65] = "";
	uint32_t draw = 0;

	gethostname(host, sizeof host - 1);
	if (getrandom(&draw, sizeof draw, 0) != sizeof draw)
		draw = (uint32_t)getpid();
	snprintf(id, WRITER_ID, "%s-%08" PRIx32, host, draw);
}

/* ---- for the loop ---- */

struct writer *
writer_start(const char *path, bool synchronous_full, struct sqlite3 *db, const char *id,
    const struct writer_options *o, struct wake *wake)
{
	struct writer *w = xcalloc(1, sizeof *w);
	pthread_condattr_t monotonic;

	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&w->news, &monotonic);
	pthread_condattr_destroy(&monotonic);
	w->waiting_end = &w->waiting;
	w->done_end = &w->done;
	w->options = o;
	w->wake = wake;
	w->path = xstrdup(path);
	w->id = xstrdup(id);
	w->synchronous_full = synchronous_full;
	w->db = db;
	w->hand_change = -1;
	w->counters = counters_new();
	w->retention = retention_new(o, &w->state);
	w->checkpoint = checkpoint_new();
	atomic_store(&w->state.trouble, db == NULL);
	if (pthread_create(&w->thread, NULL, run, w) != 0)
		abort();
	return w;
}

const struct writer_state *
writer_state(const struct writer *w)
{
	return &w->state;
}

void
writer_why(struct writer *w, char *out, size_t size)
{
	pthread_mutex_lock(&w->lock);
	snprintf(out, size, "%s", w->state.why);
	pthread_mutex_unlock(&w->lock);
}

void
writer_put(struct writer *w, struct pending_write *writes)
{
	struct pending_write **end = &writes->next;

	while (*end != NULL)
		end = &(*end)->next;
	pthread_mutex_lock(&w->lock);
	bool first = w->waiting == NULL;
	*w->waiting_end = writes;
	w->waiting_end = end;
	pthread_mutex_unlock(&w->lock);
	if (first)			/* now that it need not wait for the lock */
		pthread_cond_signal(&w->news);
}

struct pending_write *
writer_take_done(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	struct pending_write *done = w->done;
	w->done = NULL;
	w->done_end = &w->done;
	pthread_mutex_unlock(&w->lock);
	return done;
}

void
writer_stop(struct writer *w, int64_t timeout_ms)
{
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	w->stop_by_us = clock_mono_us() + timeout_ms * 1000;
	pthread_cond_signal(&w->news);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
}

void
writer_free(struct writer *w, struct pending_write **undone)
{
	struct pending_write **end = &w->batch;

	while (*end != NULL)
		end = &(*end)->next;
	*end = w->waiting;
	*undone = w->batch;
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->news);
	counters_free(w->counters);
	retention_free(w->retention);
	checkpoint_free(w->checkpoint);
	free(w->path);
	free(w->id);
	free(w);
}
