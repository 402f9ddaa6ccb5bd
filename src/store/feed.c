/* feed.c - see feed.h */
#include "store/feed.h"
#include "base/arena.h"
#include "base/clock.h"
#include "store/counter.h"
#include "store/database.h"
#include "store/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * What nobody said is gone from the queue is forgotten when it was not heard of for longer than Postfix tries
 * (maximal_queue_lifetime is 5 days), or is too much.
 */
enum { QUEUE_KEEP_S = 6 * 86400, QUEUE_MAX = 200000, QUEUE_STEP = 10000 };

/* Between policyd's question and Postfix's refusal, the other question's deadline and a busy log, at most. */
enum { SAME_S = 15 };

enum statement { WRITER = ROWS, PLACE, RESUME, OURS, COUNTED, HAND_IN, INHERIT, FORGET, SENDER, RETURNED, STRANGER,
	DELIVERED, AGE, OLDEST, STATEMENTS };

static const char *const sql[STATEMENTS] = {		/* below ROWS: row_sql */
	[WRITER] = "INSERT OR IGNORE INTO writer VALUES (?1, ?2)",
	[PLACE] = "INSERT OR REPLACE INTO feed_position VALUES (?1, ?2, ?3, ?4, nullif(?5, ''), ?6)",
	[RESUME] = "SELECT inode, position, head, ifnull(cursor, '') FROM feed_position WHERE source = ?1",
	[OURS] = "SELECT 1 FROM feed_queue WHERE queue_id = ?1 AND client IS NULL",
	/* While nobody reads the log policyd counts, and says when it did first and last. */
	[COUNTED] = "SELECT 1 FROM unknown WHERE client = ?1 AND recipient = ?2 AND source <> 'feed' "
	    "AND ?3 BETWEEN first - ?4 AND last + ?4",
	[HAND_IN] = "INSERT OR REPLACE INTO feed_queue VALUES (?1, nullif(?2, ''), NULL, ?3, nullif(?4, ''))",
	/* Not a stranger's: before the filter an alias may have sent it on, of which nobody tells behind it. */
	[INHERIT] = "INSERT OR REPLACE INTO feed_queue SELECT ?1, login, sender, ?2, NULL FROM feed_queue "
	    "WHERE queue_id = ?3 AND client IS NULL",
	[FORGET] = "DELETE FROM feed_queue WHERE queue_id = ?1",
	[SENDER] = "UPDATE feed_queue SET sender = CASE WHEN client IS NULL THEN ?2 END, time = max(time, ?3) WHERE queue_id = ?1",
	/* Nothing if nobody of ours handed it in; a mail that waited and came back is one that came back. */
	[RETURNED] = "INSERT INTO bounce SELECT ?2, ?3, ?4, ?5, ?6, ?7, sender, login FROM feed_queue "
	    "WHERE queue_id = ?1 AND client IS NULL "
	    "ON CONFLICT DO UPDATE SET time = excluded.time, hard = excluded.hard, dsn = excluded.dsn, "
	    "said = excluded.said WHERE dsn < '5' AND excluded.dsn >= '5' "
	    "RETURNING ifnull(login, ''), ifnull(sender, '')",
	[STRANGER] = "SELECT client FROM feed_queue WHERE queue_id = ?1 AND client IS NOT NULL",
	[DELIVERED] = "INSERT INTO delivered SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM bounce WHERE recipient = ?1) "
	    "ON CONFLICT DO UPDATE SET last = max(last, excluded.last)",
	[AGE] = "DELETE FROM feed_queue WHERE time < ?1",
	/* Strangers' first: of those that were never sent off nobody says that they are gone. */
	[OLDEST] = "DELETE FROM feed_queue WHERE queue_id IN "
	    "(SELECT queue_id FROM feed_queue ORDER BY client IS NULL, time LIMIT ?1)",
};

struct feed_store {
	struct feed_options options;
	char *path, id[WRITER_ID];
	sqlite3 *db;				/* NULL: not open */
	sqlite3_stmt *statements[STATEMENTS];
	int64_t handed_in;			/* since the queue was counted */
	struct feed_place last;			/* as we left it, or found it at the start */
	struct feed_counts counts;		/* of the transaction */
};

struct feed_store *
feed_store_new(const struct feed_options *o)
{
	struct feed_store *s = xcalloc(1, sizeof *s);

	s->options = *o;
	s->options.database = s->path = xstrdup(o->database);
	s->handed_in = QUEUE_STEP;
	writer_make_id(s->id);
	return s;
}

static void
close_file(struct feed_store *s)
{
	database_finalize(s->statements, STATEMENTS);
	sqlite3_close(s->db);
	s->db = NULL;
}

void
feed_store_free(struct feed_store *s)
{
	close_file(s);
	free(s->path);
	free(s);
}

static enum feed_result
open_file(struct feed_store *s, char *why, size_t size)
{
	static const enum feed_result results[] = { [DATABASE_OPEN] = FEED_DONE, [DATABASE_REFUSED] = FEED_REFUSED,
	    [DATABASE_TROUBLE] = FEED_TROUBLE };

	if (s->db != NULL && database_is_gone(s->db))
		close_file(s);
	return s->db != NULL ? FEED_DONE : results[database_open(s->path, s->options.synchronous_full, &s->db, why, size)];
}

/* ---- statements ---- */

#define TEXT_CELL(text_) ((struct cell){ .text = (text_) })
#define NUMBER_CELL(n_) ((struct cell){ .n = (n_) })
#define CELLS(...) (const struct cell[]){ __VA_ARGS__ }, sizeof((const struct cell[]){ __VA_ARGS__ }) / sizeof(struct cell)

/* Prepared when first used, its parameters bound; NULL if the file cannot be read. */
static sqlite3_stmt *
bound(struct feed_store *s, enum statement which, const struct cell *cells, size_t count)
{
	sqlite3_stmt *q = database_statement(&s->statements[which], s->db, (int)which < ROWS ? row_sql[which] : sql[which]);

	if (q == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (cells[i].text != NULL)
			sqlite3_bind_text(q, (int)i + 1, cells[i].text, -1, SQLITE_STATIC);
		else
			sqlite3_bind_int64(q, (int)i + 1, cells[i].n);
	if (sqlite3_bind_parameter_count(q) == CELLS_MAX + 1)
		sqlite3_bind_text(q, CELLS_MAX + 1, s->id, -1, SQLITE_STATIC);
	return q;
}

/* Run one that returns nothing. */
static bool
run(struct feed_store *s, enum statement which, const struct cell *cells, size_t count)
{
	sqlite3_stmt *q = bound(s, which, cells, count);

	return q != NULL && database_finish(q);
}

/* *found: is there such a row?  False if the file cannot be read. */
static bool
find(struct feed_store *s, enum statement which, const struct cell *cells, size_t count, bool *found)
{
	sqlite3_stmt *q = bound(s, which, cells, count);
	int code = q ? sqlite3_step(q) : SQLITE_ERROR;

	*found = code == SQLITE_ROW;
	if (q != NULL)
		sqlite3_reset(q);
	return *found || code == SQLITE_DONE;
}

static bool
is_same(const struct feed_place *a, const struct feed_place *b)
{
	return a->inode == b->inode && a->position == b->position && strcmp(a->head, b->head) == 0 &&
	    strcmp(a->cursor, b->cursor) == 0;
}

static void
copy_column(sqlite3_stmt *q, int column, char *out, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(q, column);

	snprintf(out, size, "%s", text ? text : "");
}

/* Where the file has it that source was left; *found is false if it does not know.  False if it cannot be read. */
static bool
look_up(struct feed_store *s, const char *source, struct feed_place *place, bool *found)
{
	sqlite3_stmt *q = bound(s, RESUME, CELLS(TEXT_CELL(source)));
	int code = q ? sqlite3_step(q) : SQLITE_ERROR;

	*found = code == SQLITE_ROW;
	*place = (struct feed_place){ .source = source };
	if (*found) {
		place->inode = sqlite3_column_int64(q, 0);
		place->position = sqlite3_column_int64(q, 1);
		copy_column(q, 2, place->head, sizeof place->head);
		copy_column(q, 3, place->cursor, sizeof place->cursor);
	}
	if (q != NULL)
		sqlite3_reset(q);
	return *found || code == SQLITE_DONE;
}

/* ---- events ---- */

static bool
count_one(struct feed_store *s, const char *scope, const char *name, const char *kind, int64_t time_s)
{
	return run(s, (enum statement)ROW_ACTIVITY, CELLS(TEXT_CELL(scope), TEXT_CELL(name),
	    NUMBER_CELL(time_s - time_s % COUNTER_WINDOW_S), TEXT_CELL(kind), NUMBER_CELL(1)));
}

/* The event's client, as policyd counts it. */
static const char *
client_name(const struct feed_store *s, const struct feed_event *e, char name[NETWORK_TEXT])
{
	struct network network = network_around(&e->client, s->options.block_ipv4, s->options.block_ipv6);

	return network_name(&network, name);
}

static bool
write_unknown(struct feed_store *s, const struct feed_event *e)
{
	char name[NETWORK_TEXT];
	const char *client = client_name(s, e, name);
	bool ours, counted;

	if (!find(s, OURS, CELLS(TEXT_CELL(e->queue)), &ours) || ours)
		return ours;
	if (!find(s, COUNTED, CELLS(TEXT_CELL(client), TEXT_CELL(e->address), NUMBER_CELL(e->time_s), NUMBER_CELL(SAME_S)),
	    &counted) || counted)
		return counted;
	s->counts.unknown++;
	return run(s, (enum statement)ROW_UNKNOWN, CELLS(TEXT_CELL(client), TEXT_CELL(e->address), TEXT_CELL("unknown"),
	    TEXT_CELL("feed"), NUMBER_CELL(e->time_s))) && count_one(s, "client", client, "unknown", e->time_s) &&
	    (!*e->domain || count_one(s, "sender_domain", e->domain, "unknown", e->time_s));
}

static bool
forget(struct feed_store *s, const struct feed_event *e)
{
	return run(s, FORGET, CELLS(TEXT_CELL(e->queue)));
}

/* What a filter brings back is whose it was, if that is ours; of a stranger's mail it is kept who that was. */
static bool
write_handed_in(struct feed_store *s, const struct feed_event *e)
{
	bool ours = *e->login || e->ours;
	char name[NETWORK_TEXT];

	s->handed_in++;
	if (*e->origin && !*e->login)
		return run(s, INHERIT, CELLS(TEXT_CELL(e->queue), NUMBER_CELL(e->time_s), TEXT_CELL(e->origin))) &&
		    (sqlite3_changes(s->db) > 0 || forget(s, e));
	if (!ours && e->client.bits == 0)
		return forget(s, e);
	return run(s, HAND_IN, CELLS(TEXT_CELL(e->queue), TEXT_CELL(e->login), NUMBER_CELL(e->time_s),
	    TEXT_CELL(ours ? "" : client_name(s, e, name))));
}

static bool
write_sender(struct feed_store *s, const struct feed_event *e)
{
	return run(s, SENDER, CELLS(TEXT_CELL(e->queue), TEXT_CELL(e->address), NUMBER_CELL(e->time_s)));
}

/* A stranger named a mailbox that there is not, and we took it: not one that its mail only goes on to. */
static bool
count_stranger(struct feed_store *s, const struct feed_event *e)
{
	char client[NETWORK_TEXT] = "";

	if (!e->hard || e->redirected)
		return true;
	sqlite3_stmt *q = bound(s, STRANGER, CELLS(TEXT_CELL(e->queue)));
	if (q == NULL)
		return false;
	int code = sqlite3_step(q);
	if (code == SQLITE_ROW) {
		copy_column(q, 0, client, sizeof client);
		code = sqlite3_step(q);
	}
	sqlite3_reset(q);
	return code == SQLITE_DONE && (!*client || count_one(s, "client", client, "bounced", e->time_s));
}

static bool
write_returned(struct feed_store *s, const struct feed_event *e)
{
	char login[FEED_LOGIN] = "", sender[FEED_ADDRESS] = "";
	const char *kind = *e->dsn == '5' ? "bounced" : "delayed";
	sqlite3_stmt *q = bound(s, RETURNED, CELLS(TEXT_CELL(e->queue), TEXT_CELL(e->address),
	    TEXT_CELL(strchr(e->queue, '/') + 1), NUMBER_CELL(e->time_s), NUMBER_CELL(e->hard), TEXT_CELL(e->dsn),
	    TEXT_CELL(e->said)));
	int code = q ? sqlite3_step(q) : SQLITE_ERROR;
	bool is_new = code == SQLITE_ROW;

	if (is_new) {
		copy_column(q, 0, login, sizeof login);
		copy_column(q, 1, sender, sizeof sender);
		code = sqlite3_step(q);
	}
	if (q != NULL)
		sqlite3_reset(q);
	if (code != SQLITE_DONE || !is_new)
		return code == SQLITE_DONE && count_stranger(s, e);
	s->counts.bounced += *e->dsn == '5';
	s->counts.bounced_hard += e->hard;
	s->counts.delayed += *e->dsn != '5';
	const char *domain = strrchr(sender, '@');
	return (!*login || count_one(s, "login", login, kind, e->time_s)) &&
	    (domain == NULL || count_one(s, "sender_domain", domain + 1, kind, e->time_s));
}

static bool
write_delivered(struct feed_store *s, const struct feed_event *e)
{
	bool ok = run(s, DELIVERED, CELLS(TEXT_CELL(e->address), NUMBER_CELL(e->time_s)));

	s->counts.delivered += ok && sqlite3_changes(s->db) > 0;
	return ok;
}

static bool (*const write_kinds[FEED_KINDS])(struct feed_store *s, const struct feed_event *e) = {
	[FEED_UNKNOWN] = write_unknown,
	[FEED_HANDED_IN] = write_handed_in,
	[FEED_SENDER] = write_sender,
	[FEED_RETURNED] = write_returned,
	[FEED_DELIVERED] = write_delivered,
	[FEED_REMOVED] = forget,
};

/* ---- transactions ---- */

/* Forget what nobody will hear of again, by the time of the log, which may be an old one; the rest is retention's (policyd). */
static bool
forget_old(struct feed_store *s, int64_t newest_s)
{
	if (!run(s, AGE, CELLS(NUMBER_CELL(newest_s - QUEUE_KEEP_S))))
		return false;
	if (s->handed_in < QUEUE_STEP)
		return true;
	s->handed_in = 0;
	int64_t count = database_number(s->db, "SELECT count(*) FROM feed_queue", 0);
	return count <= QUEUE_MAX || run(s, OLDEST, CELLS(NUMBER_CELL(count - QUEUE_MAX)));
}

static bool
write_batch(struct feed_store *s, const struct feed_event *events, size_t count, const struct feed_place *place)
{
	int64_t now_s = clock_wall_s(), newest_s = 0;

	if (!run(s, WRITER, CELLS(TEXT_CELL(s->id), NUMBER_CELL(now_s))))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!write_kinds[events[i].kind](s, &events[i]))
			return false;
		newest_s = events[i].time_s > newest_s ? events[i].time_s : newest_s;
	}
	return forget_old(s, newest_s) && (place == NULL || run(s, PLACE, CELLS(TEXT_CELL(place->source),
	    NUMBER_CELL(place->inode), NUMBER_CELL(place->position), TEXT_CELL(place->head), TEXT_CELL(place->cursor),
	    NUMBER_CELL(now_s)))) && sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
}

/* Leave the transaction, and say what went wrong. */
static enum feed_result
give_up(struct feed_store *s, char *why, size_t size)
{
	int code = sqlite3_extended_errcode(s->db);

	snprintf(why, size, "%s: %s%s", s->path, sqlite3_errmsg(s->db), database_remedy(s->db));
	if (!sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	if ((code & 0xff) != SQLITE_BUSY)	/* a file made writable again must be opened again */
		close_file(s);
	return FEED_TROUBLE;
}

enum feed_result
feed_store_resume(struct feed_store *s, struct feed_place *place, char *why, size_t size)
{
	enum feed_result result = open_file(s, why, size);
	bool found;

	if (result != FEED_DONE)
		return result;
	if (!look_up(s, place->source, &s->last, &found))
		return give_up(s, why, size);
	*place = s->last;
	return FEED_DONE;
}

enum feed_result
feed_store_commit(struct feed_store *s, const struct feed_event *events, size_t count, const struct feed_place *place,
    struct feed_counts *counts, char *why, size_t size)
{
	enum feed_result result = open_file(s, why, size);
	struct feed_place is;
	bool found = false;

	if (result != FEED_DONE)
		return result;
	if (sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK ||
	    (place != NULL && !look_up(s, place->source, &is, &found)))
		return give_up(s, why, size);
	if (found && !is_same(&is, &s->last)) {
		bool had_it = is_same(&is, place);	/* the last try was done, though it did not seem so */

		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
		snprintf(why, size, "another policyd-feed reads %s for %s, too; one is enough", place->source, s->path);
		if (!had_it)
			return FEED_REFUSED;
	} else {
		s->counts = (struct feed_counts){ 0 };
		if (!write_batch(s, events, count, place))
			return give_up(s, why, size);
	}
	if (place != NULL)
		s->last = *place;
	counts->unknown += s->counts.unknown;
	counts->bounced += s->counts.bounced;
	counts->bounced_hard += s->counts.bounced_hard;
	counts->delayed += s->counts.delayed;
	counts->delivered += s->counts.delivered;
	return FEED_DONE;
}
