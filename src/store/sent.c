/* sent.c - see sent.h */
#include "store/sent.h"
#include "base/arena.h"
#include "base/text.h"
#include "store/database.h"

#include <string.h>

enum { WHO_BYTES = 512, COUNT_EVERY_S = 3600 };		/* an address has at most 320 (RFC 5321 s.4.5.3.1) */

/* ---- the loop's side ---- */

struct pending_write *
sent_write(struct sent *s, const char *address, const char *domain, int64_t time_s)
{
	char address_buffer[WHO_BYTES], domain_buffer[WHO_BYTES];
	struct text address_key = TEXT(address_buffer), domain_key = TEXT(domain_buffer);

	if (!pending_key(&address_key, address) || !pending_key(&domain_key, domain))
		return NULL;
	size_t bytes = sizeof(struct pending_write) + address_key.len + 1 + domain_key.len + 1;
	struct pending_write *w = xcalloc(1, bytes);
	char *at = (char *)(w + 1);
	w->kind = WRITE_SENT;
	w->bytes = bytes;
	w->key = memcpy(at, address_key.at, address_key.len + 1);
	w->scope = memcpy(at + address_key.len + 1, domain_key.at, domain_key.len + 1);
	w->time_s = time_s;
	w->older = s->newest;
	if (s->newest != NULL)
		s->newest->newer = w;
	s->newest = w;
	return w;
}

void
sent_written(struct sent *s, struct pending_write *w)
{
	*(w->newer ? &w->newer->older : &s->newest) = w->older;
	if (w->older != NULL)
		w->older->newer = w->newer;
}

enum { NO_ROW = -1, NO_ANSWER = -2 };

/* The time that answers a question about who (NULL: it is about nobody), or one of the above. */
static int64_t
ask(struct sent *s, sqlite3 *db, enum sent_question which, const char *who)
{
	static const char *const sql[SENT_QUESTIONS] = {
		[SENT_BY_ADDRESS] = "SELECT last FROM sent WHERE address = ?",
		[SENT_BY_DOMAIN] = "SELECT last FROM sent WHERE domain = ? ORDER BY last DESC LIMIT 1",
		/* No row: nothing was ever seen. */
		[SENT_BEGUN] = "SELECT ifnull((SELECT last FROM sent WHERE address = ''), 0) FROM sent LIMIT 1",
	};
	sqlite3_stmt *q = database_statement(&s->questions[which], db, sql[which]);

	if (q == NULL)
		return NO_ANSWER;
	if (who != NULL)
		sqlite3_bind_text(q, 1, who, -1, SQLITE_STATIC);
	int code = sqlite3_step(q);
	int64_t time_s = code == SQLITE_ROW ? sqlite3_column_int64(q, 0) : code == SQLITE_DONE ? NO_ROW : NO_ANSWER;
	sqlite3_reset(q);
	return time_s;
}

enum known
sent_since(struct sent *s, sqlite3 *db, const char *who, int64_t since_s)
{
	char buffer[WHO_BYTES];
	struct text key = TEXT(buffer);
	bool domain = strchr(who, '@') == NULL;

	if (!pending_key(&key, who))
		return KNOWN_CANNOT_TELL;
	for (const struct pending_write *w = s->newest; w != NULL; w = w->older)
		if (w->time_s >= since_s && strcmp(domain ? w->scope : w->key, key.at) == 0)
			return KNOWN_YES;
	if (db == NULL)
		return KNOWN_CANNOT_TELL;
	int64_t last_s = ask(s, db, domain ? SENT_BY_DOMAIN : SENT_BY_ADDRESS, key.at);
	if (last_s >= 0 && last_s > since_s - SENT_STEP_S)
		return KNOWN_YES;
	int64_t begun_s = ask(s, db, SENT_BEGUN, NULL);
	return last_s != NO_ANSWER && begun_s >= 0 && begun_s <= since_s ? KNOWN_NO : KNOWN_CANNOT_TELL;
}

void
sent_finalize(struct sent *s)
{
	database_finalize(s->questions, SENT_QUESTIONS);
}

/* ---- the writer thread's side ---- */

static sqlite3_stmt *
statement(struct sent_rows *r, sqlite3 *db, enum sent_statement which)
{
	static const char *const sql[SENT_STATEMENTS] = {
		[SENT_BEGIN] = "INSERT INTO sent SELECT '', '', ? WHERE NOT EXISTS (SELECT 1 FROM sent)",
		[SENT_ADD] = "INSERT INTO sent VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET last = excluded.last "
		    "WHERE excluded.last >= last + ?4",
		[SENT_FORGET_OLD] = "DELETE FROM sent WHERE address IN "
		    "(SELECT address FROM sent WHERE last < ?2 ORDER BY last LIMIT ?1)",
		/* The last of those that go next may have sent mail up to a step later. */
		[SENT_MARK] = "INSERT INTO sent SELECT '', '', last + ?2 FROM sent WHERE address <> '' ORDER BY last "
		    "LIMIT 1 OFFSET ?1 - 1 ON CONFLICT DO UPDATE SET last = max(last, excluded.last)",
		[SENT_FORGET_OLDEST] = "DELETE FROM sent WHERE address IN "
		    "(SELECT address FROM sent WHERE address <> '' ORDER BY last LIMIT ?1)",
	};

	return database_statement(&r->statements[which], db, sql[which]);
}

bool
sent_rows_add(struct sent_rows *r, sqlite3 *db, const struct pending_write *w)
{
	sqlite3_stmt *begin = statement(r, db, SENT_BEGIN), *add = statement(r, db, SENT_ADD);

	if (begin == NULL || add == NULL)
		return false;
	sqlite3_bind_int64(begin, 1, w->time_s);
	sqlite3_bind_text(add, 1, w->key, -1, SQLITE_STATIC);
	sqlite3_bind_text(add, 2, w->scope, -1, SQLITE_STATIC);
	sqlite3_bind_int64(add, 3, w->time_s);
	sqlite3_bind_int(add, 4, SENT_STEP_S);
	return database_finish(begin) && database_finish(add);
}

int
sent_rows_forget(struct sent_rows *r, sqlite3 *db, int64_t now_s, int64_t keep_s, int64_t most, int step)
{
	int gone = database_apply(statement(r, db, SENT_FORGET_OLD), step, now_s - keep_s);

	if (gone > 0)
		return gone;
	if (r->counted_s == 0 || now_s - r->counted_s >= COUNT_EVERY_S) {
		r->surplus = database_number(db, "SELECT count(*) FROM sent", 0) - most;
		r->counted_s = now_s;
	}
	if (r->surplus <= 0)
		return 0;
	int64_t next = r->surplus < step ? r->surplus : step;
	if (database_apply(statement(r, db, SENT_MARK), next, SENT_STEP_S) > 0)
		gone = database_apply(statement(r, db, SENT_FORGET_OLDEST), next, 0);
	r->surplus -= gone;
	return gone;
}

void
sent_rows_finalize(struct sent_rows *r)
{
	database_finalize(r->statements, SENT_STATEMENTS);
}
