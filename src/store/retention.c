/* retention.c - see retention.h */
#include "store/retention.h"
#include "base/arena.h"
#include "base/clock.h"
#include "store/database.h"
#include "store/sent.h"
#include "store/triplets.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUND_MS = 10000, BUSY_ROUND_MS = 50, NEAR_MS = 1000, VACUUM_PAGES = 200 };

/* As the manual page says. */
enum { COUNTERS_KEEP_S = 400 * 86400 };

/* Nobody asks about a message for longer: its session would have ended. */
enum { MESSAGES_KEEP_S = 7200 };

/* Rows that are deleted in one step, of a table that grows at its end; of a tree, where each costs two pages. */
enum { STEP_ROWS = 500, TREE_ROWS = 100 };

enum statement { DELETE_OLD, DELETE_OLDEST, DELETE_COUNTERS, DELETE_WRITERS, DELETE_UNKNOWN, DELETE_ACTIVITY, DELETE_OLDEST_UNKNOWN,
	DELETE_OLDEST_ATTEMPTS, DELETE_OLDEST_ACTIVITY, DELETE_LOGIN_CLIENTS, DELETE_OLDEST_LOGIN_CLIENTS, DELETE_HISTORY,
	DELETE_BLOCKS, DELETE_RELAYS, DELETE_QUOTA_USE, DELETE_OLDEST_QUOTA_USE, DELETE_QUOTA_MESSAGES, DELETE_BOUNCES,
	DELETE_DELIVERED, DELETE_FEED_QUEUE, STATEMENTS };

/* Parameters as database_apply() has them: 1 is how many rows at most, 2 a time, before which they go. */
static const char *const sql[STATEMENTS] = {
	[DELETE_OLD] = "DELETE FROM decision WHERE reference IN (SELECT reference FROM decision WHERE reference < ?2 "
	    "ORDER BY reference LIMIT ?1)",
	[DELETE_OLDEST] = "DELETE FROM decision WHERE reference IN (SELECT reference FROM decision ORDER BY reference "
	    "LIMIT ?1)",
	[DELETE_COUNTERS] = "DELETE FROM counter WHERE window < ?2",
	/* Who runs for longer has counted meanwhile.  Decisions that are kept longer know the host all the same, from the id. */
	[DELETE_WRITERS] = "DELETE FROM writer WHERE started < ?2 AND NOT EXISTS (SELECT 1 FROM counter WHERE counter.writer = writer.id)",
	[DELETE_UNKNOWN] = "DELETE FROM unknown WHERE (client, recipient) IN (SELECT client, recipient FROM unknown "
	    "WHERE last < ?2 ORDER BY last LIMIT ?1)",
	[DELETE_ACTIVITY] = "DELETE FROM activity WHERE (scope, name, window, kind, writer) IN "
	    "(SELECT scope, name, window, kind, writer FROM activity WHERE window < ?2 ORDER BY window LIMIT ?1)",
	[DELETE_OLDEST_UNKNOWN] = "DELETE FROM unknown WHERE (client, recipient) IN (SELECT client, recipient FROM unknown "
	    "ORDER BY last LIMIT ?1)",
	/* Who waits is known in memory until policyd ends. */
	[DELETE_OLDEST_ATTEMPTS] = "DELETE FROM triplet_pending WHERE id IN (SELECT id FROM triplet_pending ORDER BY id LIMIT ?1)",
	[DELETE_OLDEST_ACTIVITY] = "DELETE FROM activity WHERE (scope, name, window, kind, writer) IN "
	    "(SELECT scope, name, window, kind, writer FROM activity ORDER BY window LIMIT ?1)",
	[DELETE_LOGIN_CLIENTS] = "DELETE FROM login_client WHERE (login, client) IN (SELECT login, client FROM login_client "
	    "WHERE last < ?2 ORDER BY last LIMIT ?1)",
	[DELETE_OLDEST_LOGIN_CLIENTS] = "DELETE FROM login_client WHERE (login, client) IN (SELECT login, client "
	    "FROM login_client ORDER BY last LIMIT ?1)",
	[DELETE_HISTORY] = "DELETE FROM history WHERE id IN (SELECT id FROM history WHERE time < ?2 ORDER BY id LIMIT ?1)",
	/* What policyd has forgotten (block_forget); what people wrote stays. */
	[DELETE_BLOCKS] = "DELETE FROM hand_block WHERE (client, sender, login) IN (SELECT client, sender, login "
	    "FROM hand_block WHERE expires < ?2 AND set_by <> 'hand' ORDER BY expires LIMIT ?1)",
	[DELETE_QUOTA_USE] = "DELETE FROM quota_use WHERE (scope, name, unit, length, step, start, writer) IN "
	    "(SELECT scope, name, unit, length, step, start, writer FROM quota_use WHERE ends < ?2 ORDER BY ends LIMIT ?1)",
	[DELETE_OLDEST_QUOTA_USE] = "DELETE FROM quota_use WHERE (scope, name, unit, length, step, start, writer) IN "
	    "(SELECT scope, name, unit, length, step, start, writer FROM quota_use ORDER BY start LIMIT ?1)",
	[DELETE_QUOTA_MESSAGES] = "DELETE FROM quota_message WHERE instance IN "
	    "(SELECT instance FROM quota_message WHERE time < ?2 ORDER BY time LIMIT ?1)",
	[DELETE_BOUNCES] = "DELETE FROM bounce WHERE (recipient, queue_id) IN (SELECT recipient, queue_id FROM bounce "
	    "WHERE time < ?2 ORDER BY time LIMIT ?1)",
	[DELETE_DELIVERED] = "DELETE FROM delivered WHERE recipient IN (SELECT recipient FROM delivered WHERE last < ?2 "
	    "ORDER BY last LIMIT ?1)",
	/* policyd-feed forgets earlier what the log has not named for longer than Postfix tries; but it may not run any more. */
	[DELETE_FEED_QUEUE] = "DELETE FROM feed_queue WHERE queue_id IN (SELECT queue_id FROM feed_queue WHERE time < ?2 "
	    "ORDER BY time LIMIT ?1)",
	[DELETE_RELAYS] = "DELETE FROM relay_domain WHERE domain IN (SELECT domain FROM relay_domain WHERE last < ?2 "
	    "ORDER BY last LIMIT ?1)",
};

struct retention {
	const struct writer_options *options;
	struct writer_state *state;
	sqlite3 *db;			/* of this call */
	sqlite3_stmt *statements[STATEMENTS];
	struct sent_rows sent;
	struct triplet_rows triplets;
	int64_t next_us;		/* when the next step is due */
	unsigned step;			/* of steps, the next one */
	bool more;			/* one of this round has more to do */
};

/* Take so many rows at most of those from before then, or the oldest if the statement has no time; how many went. */
static int
forget(struct retention *r, enum statement which, int most, int64_t before_s)
{
	return database_apply(database_statement(&r->statements[which], r->db, sql[which]), most, before_s);
}

/* Give empty pages back once the file is too large or a quarter of it is empty; fewer are soon used again. */
static bool
shrink(struct retention *r, int64_t now_s)
{
	int64_t most = atomic_load(&r->options->database_size_max);
	int64_t pages = database_number(r->db, "PRAGMA page_count", 0), empty = database_number(r->db, "PRAGMA freelist_count", 0);
	bool large = most > 0 && pages * database_number(r->db, "PRAGMA page_size", 0) > most;
	char vacuum[64];

	(void)now_s;
	if (empty == 0 || (!large && (empty < 4 * VACUUM_PAGES || empty < pages / 4)))
		return false;
	snprintf(vacuum, sizeof vacuum, "PRAGMA incremental_vacuum(%d)", VACUUM_PAGES);
	return sqlite3_exec(r->db, vacuum, NULL, NULL, NULL) == SQLITE_OK;
}

/*
 * Of what strangers can make grow, delete the oldest rows, of whichever table they are; returns how many.  Where that table
 * has but a few, those of the next one go, too: what a quota counts is written again with the next mail.
 */
static int
delete_oldest(struct retention *r)
{
	static const struct { const char *first; enum statement deletes; } tables[] = {
		{ "SELECT ifnull(min(reference) / 262144, 1 << 60) FROM decision", DELETE_OLDEST },
		{ "SELECT ifnull(min(window), 1 << 60) FROM activity", DELETE_OLDEST_ACTIVITY },
		{ "SELECT ifnull(min(last), 1 << 60) FROM unknown", DELETE_OLDEST_UNKNOWN },
		{ "SELECT ifnull(min(last), 1 << 60) FROM login_client", DELETE_OLDEST_LOGIN_CLIENTS },
		{ "SELECT ifnull(min(start), 1 << 60) FROM quota_use", DELETE_OLDEST_QUOTA_USE },
		{ "SELECT ifnull((SELECT first FROM triplet_pending ORDER BY id LIMIT 1), 1 << 60)", DELETE_OLDEST_ATTEMPTS },
	};
	enum { TABLES = sizeof tables / sizeof *tables };
	bool done[TABLES] = { false };
	int gone = 0;

	for (unsigned turn = 0; turn < TABLES && gone < STEP_ROWS; turn++) {
		size_t oldest = 0;
		int64_t first = INT64_MAX;

		for (size_t i = 0; i < TABLES; i++) {
			int64_t time_s = done[i] ? INT64_MAX : database_number(r->db, tables[i].first, 0);

			if (time_s >= first)
				continue;
			first = time_s;
			oldest = i;
		}
		done[oldest] = true;
		gone += forget(r, tables[oldest].deletes, STEP_ROWS - gone, 0);
	}
	return gone;
}

static bool
forget_decisions(struct retention *r, int64_t now_s)
{
	int64_t most = atomic_load(&r->options->database_size_max);
	int gone = forget(r, DELETE_OLD, STEP_ROWS,
	    (now_s - atomic_load(&r->options->decision_keep_s)) * (1 << REFERENCE_SHIFT));

	if (gone > 0 || most == 0)
		return gone == STEP_ROWS;
	int64_t pages = database_number(r->db, "PRAGMA page_count", 0) - database_number(r->db, "PRAGMA freelist_count", 0);

	if (pages * database_number(r->db, "PRAGMA page_size", 0) > most / 20 * 19)	/* so that there are pages to give back */
		gone = delete_oldest(r);
	return gone == STEP_ROWS;
}

static bool
forget_small_tables(struct retention *r, int64_t now_s)
{
	forget(r, DELETE_COUNTERS, 0, now_s - COUNTERS_KEEP_S);
	forget(r, DELETE_WRITERS, 0, now_s - COUNTERS_KEEP_S);
	int blocks = forget(r, DELETE_BLOCKS, STEP_ROWS, now_s - atomic_load(&r->options->blocks_keep_s));
	int history = forget(r, DELETE_HISTORY, STEP_ROWS, now_s - atomic_load(&r->options->history_keep_s));
	int relays = forget(r, DELETE_RELAYS, STEP_ROWS, now_s - atomic_load(&r->options->activity_keep_s));
	return blocks == STEP_ROWS || history == STEP_ROWS || relays == STEP_ROWS;
}

/* One of the tables that activity_keep is about. */
static bool
forget_done(struct retention *r, int64_t now_s, enum statement deletes)
{
	return forget(r, deletes, TREE_ROWS, now_s - atomic_load(&r->options->activity_keep_s)) == TREE_ROWS;
}

static bool forget_unknown(struct retention *r, int64_t now_s) { return forget_done(r, now_s, DELETE_UNKNOWN); }
static bool forget_activity(struct retention *r, int64_t now_s) { return forget_done(r, now_s, DELETE_ACTIVITY); }
static bool forget_login_clients(struct retention *r, int64_t now_s) { return forget_done(r, now_s, DELETE_LOGIN_CLIENTS); }
static bool forget_bounces(struct retention *r, int64_t now_s) { return forget_done(r, now_s, DELETE_BOUNCES); }
static bool forget_delivered(struct retention *r, int64_t now_s) { return forget_done(r, now_s, DELETE_DELIVERED); }
static bool forget_feed_queue(struct retention *r, int64_t now_s) { return forget_done(r, now_s, DELETE_FEED_QUEUE); }

static bool
forget_quotas(struct retention *r, int64_t now_s)
{
	int uses = forget(r, DELETE_QUOTA_USE, TREE_ROWS, now_s);

	return (uses == TREE_ROWS) | (forget(r, DELETE_QUOTA_MESSAGES, TREE_ROWS, now_s - MESSAGES_KEEP_S) == TREE_ROWS);
}

static bool
forget_sent(struct retention *r, int64_t now_s)
{
	return sent_rows_forget(&r->sent, r->db, now_s, atomic_load(&r->options->sent_keep_s),
	    atomic_load(&r->options->sent_max), STEP_ROWS) == STEP_ROWS;
}

static bool
forget_attempts(struct retention *r, int64_t now_s)
{
	return attempt_rows_forget(&r->triplets, r->db, now_s, r->options, r->state, STEP_ROWS * 4);
}

static bool
forget_triplets(struct retention *r, int64_t now_s)
{
	return triplet_rows_forget(&r->triplets, r->db, now_s, r->options, TREE_ROWS);
}

/* One small step of each, one after the other; true if there is more of its kind to do. */
static bool (*const steps[])(struct retention *r, int64_t now_s) = { forget_decisions, forget_small_tables, forget_unknown,
    forget_activity, forget_login_clients, forget_bounces, forget_delivered, forget_feed_queue, forget_quotas, forget_sent,
    forget_attempts, forget_triplets, shrink };
enum { STEPS = sizeof steps / sizeof *steps };

struct retention *
retention_new(const struct writer_options *o, struct writer_state *state)
{
	struct retention *r = xcalloc(1, sizeof *r);

	r->options = o;
	r->state = state;
	return r;
}

void
retention_free(struct retention *r)
{
	free(r);
}

void
retention_finalize(struct retention *r)
{
	database_finalize(r->statements, STATEMENTS);
	sent_rows_finalize(&r->sent);
	triplet_rows_finalize(&r->triplets);
}

bool
retention_is_due(const struct retention *r)
{
	return clock_mono_us() >= r->next_us;
}

bool
retention_is_near(const struct retention *r)
{
	return r->next_us - clock_mono_us() < NEAR_MS * 1000;
}

void
retention_go_on(struct retention *r, sqlite3 *db, bool (*is_awaited)(void *arg), void *arg)
{
	int64_t now_us = clock_mono_us();

	r->db = db;
	do
		r->more |= steps[r->step](r, clock_wall_s());
	while (++r->step < STEPS && !is_awaited(arg));
	if (r->step < STEPS)
		return;
	r->next_us = now_us + (int64_t)(r->more ? BUSY_ROUND_MS : ROUND_MS) * 1000;
	r->step = 0;
	r->more = false;
}
