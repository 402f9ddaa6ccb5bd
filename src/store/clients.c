/* clients.c - see clients.h */
#include "store/clients.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/text.h"
#include "store/counter.h"
#include "store/database.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 400, RECORD_MAX = 1000000, RECORD_S = 86400, LOOK_BACK_S = 5,
	WAITING_SEEN_MAX = 1000 };	/* more of one client are more than enough */

const char *const activity_words[ACTIVITIES] = { [ACTIVITY_ACCEPTED] = "accepted", [ACTIVITY_REFUSED] = "refused",
	[ACTIVITY_UNKNOWN] = "unknown", [ACTIVITY_LISTED] = "listed", [ACTIVITY_TRAP] = "trap" };

/* ---- what is on its way to the disk ---- */

/* The unknown recipients of one client that wait for their commit. */
struct waiting {
	struct hash_link link;		/* first: the table's */
	struct pending_write *newest;
};

static struct waiting *
waiting_of(const struct clients *c, const char *client)
{
	uint64_t hash = hash_bytes(client, strlen(client));
	struct hash_link *l = hash_first(&c->waiting, hash);

	for (; l != NULL; l = l->next)
		if (l->hash == hash && strcmp(((struct waiting *)(void *)l)->newest->row_cells[0].text, client) == 0)
			break;
	return (struct waiting *)(void *)l;
}

static void
add_waiting(struct clients *c, struct pending_write *w)
{
	const char *client = w->row_cells[0].text;
	struct waiting *of = waiting_of(c, client);

	if (of == NULL) {
		of = xcalloc(1, sizeof *of);
		hash_insert(&c->waiting, &of->link, hash_bytes(client, strlen(client)));
	}
	w->older = of->newest;
	if (w->older != NULL)
		w->older->newer = w;
	of->newest = w;
}

void
clients_written(struct clients *c, struct pending_write *w)
{
	struct waiting *of = w->newer == NULL ? waiting_of(c, w->row_cells[0].text) : NULL;

	if (w->older != NULL)
		w->older->newer = w->newer;
	if (w->newer != NULL)
		w->newer->older = w->older;
	else if (w->older != NULL)
		of->newest = w->older;
	else {
		hash_remove(&c->waiting, &of->link);
		free(of);
	}
}

/* ---- who is on record ---- */

struct name {				/* known by its hash alone: a second of the same is one question more */
	struct hash_link link;
};

/* Of today and of the day before; what is older is forgotten with its table. */
struct on_record {
	struct hash_table of[2];
	int64_t day;
};

static void
record(struct clients *c, const char *client, int64_t now_s)
{
	struct on_record *r = c->record;
	uint64_t hash = hash_bytes(client, strlen(client));

	if (now_s / RECORD_S > r->day || r->of[0].count >= RECORD_MAX) {
		hash_clear(&r->of[1]);
		r->of[1] = r->of[0];
		r->of[0] = (struct hash_table){ 0 };
		r->day = now_s / RECORD_S;
	}
	if (hash_find(&r->of[0], hash) == NULL)
		hash_insert(&r->of[0], &((struct name *)xcalloc(1, sizeof(struct name)))->link, hash);
}

bool
clients_on_record(const struct clients *c, const char *client)
{
	uint64_t hash = hash_bytes(client, strlen(client));

	return hash_find(&c->record->of[0], hash) != NULL || hash_find(&c->record->of[1], hash) != NULL;
}

bool
clients_in_file(struct clients *c, sqlite3 *db, const char *client, int64_t since_s, int64_t now_s)
{
	struct tried tried;

	return clients_tried(c, db, client, since_s, now_s, &tried) && tried.unknown > 0;
}

/* ---- questions ---- */

static sqlite3_stmt *
question(struct clients *c, sqlite3 *db, enum clients_question which)
{
	static const char *const sql[CLIENTS_QUESTIONS] = {
		[CLIENTS_TRIED] = "SELECT count(*), ifnull(sum(state = 'deactivated'), 0), ifnull(sum(source <> 'query'), 0) "
		    "FROM unknown WHERE client = ? AND last BETWEEN ? AND ?",
		[CLIENTS_HAS_TRIED] = "SELECT last FROM unknown WHERE client = ? AND recipient = ?",
		[CLIENTS_OTHERS] = "SELECT count(*), count(DISTINCT client) FROM unknown WHERE client <> ? AND last BETWEEN ? AND ?",
		[CLIENTS_ACTIVITY] = "SELECT kind, sum(n) FROM activity WHERE scope = ? AND name = ? AND window >= ? "
		    "GROUP BY kind",
		[CLIENTS_NEW] = "SELECT client FROM unknown WHERE last >= ?",
	};

	return db ? database_statement(&c->questions[which], db, sql[which]) : NULL;
}

void
clients_finalize(struct clients *c)
{
	database_finalize(c->questions, CLIENTS_QUESTIONS);
}

void
clients_look(struct clients *c, sqlite3 *db, int64_t now_s)
{
	sqlite3_stmt *q = question(c, db, CLIENTS_NEW);

	if (q == NULL)
		return;
	if (c->looked_s < now_s - RECORD_S)
		c->looked_s = now_s - RECORD_S;
	else if (c->looked_s > now_s)		/* the clock went back */
		c->looked_s = now_s;
	/* Another writer's clock, and its transaction, may be a little behind. */
	sqlite3_bind_int64(q, 1, c->looked_s - LOOK_BACK_S);
	int code;
	while ((code = sqlite3_step(q)) == SQLITE_ROW)
		record(c, (const char *)sqlite3_column_text(q, 0), now_s);
	sqlite3_reset(q);
	if (code == SQLITE_DONE)
		c->looked_s = now_s;
}

/* ---- unknown recipients ---- */

struct pending_write *
clients_unknown(struct clients *c, const struct unknown_recipient *u)
{
	static const char *const sources[] = { [UNKNOWN_BY_BRACKET] = "bracket", [UNKNOWN_BY_QUERY] = "query",
	    [UNKNOWN_BY_FEED] = "feed" };
	char buffer[NAME_BYTES];
	struct text recipient = TEXT(buffer);

	text_add_safe(&recipient, u->recipient, strlen(u->recipient));
	if (recipient.cut)
		return NULL;
	record(c, u->client, u->time_s);
	const struct cell cells[] = { { u->client, 0 }, { recipient.at, 0 },
	    { u->deactivated ? "deactivated" : "unknown", 0 }, { sources[u->source], 0 }, { NULL, u->time_s } };
	struct pending_write *w = pending_row(ROW_UNKNOWN, cells, sizeof cells / sizeof *cells);
	add_waiting(c, w);
	return w;
}

/* Is the recipient of this write counted already: by the file, or by a newer one that waits? */
static bool
is_counted(struct clients *c, sqlite3 *db, const struct pending_write *w, int64_t since_s)
{
	sqlite3_stmt *q = question(c, db, CLIENTS_HAS_TRIED);

	for (const struct pending_write *other = w->newer; other != NULL; other = other->newer)
		if (strcmp(other->row_cells[1].text, w->row_cells[1].text) == 0)
			return true;
	if (q == NULL)
		return false;
	sqlite3_bind_text(q, 1, w->row_cells[0].text, -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 2, w->row_cells[1].text, -1, SQLITE_STATIC);
	bool counted = sqlite3_step(q) == SQLITE_ROW && sqlite3_column_int64(q, 0) >= since_s;
	sqlite3_reset(q);
	return counted;
}

/* What was tried between these times, by the client or by others; NULL: db cannot say. */
static sqlite3_stmt *
question_of(struct clients *c, sqlite3 *db, enum clients_question which, const char *client, int64_t since_s, int64_t now_s)
{
	sqlite3_stmt *q = question(c, db, which);

	if (q != NULL) {
		sqlite3_bind_text(q, 1, client, -1, SQLITE_STATIC);
		sqlite3_bind_int64(q, 2, since_s);
		sqlite3_bind_int64(q, 3, now_s);
	}
	return q;
}

bool
clients_tried(struct clients *c, sqlite3 *db, const char *client, int64_t since_s, int64_t now_s, struct tried *out)
{
	sqlite3_stmt *q = question_of(c, db, CLIENTS_TRIED, client, since_s, now_s);

	*out = (struct tried){ 0 };
	if (q == NULL)
		return false;
	bool told = sqlite3_step(q) == SQLITE_ROW;
	if (told)
		*out = (struct tried){ (unsigned)sqlite3_column_int(q, 0), (unsigned)sqlite3_column_int(q, 1),
		    (unsigned)sqlite3_column_int(q, 2) };
	sqlite3_reset(q);
	const struct waiting *of = told ? waiting_of(c, client) : NULL;
	const struct pending_write *w = of ? of->newest : NULL;
	for (size_t seen = 0; w != NULL && seen < WAITING_SEEN_MAX; w = w->older, seen++) {
		if (w->row_cells[4].n < since_s || w->row_cells[4].n > now_s || is_counted(c, db, w, since_s))
			continue;
		out->unknown++;
		out->deactivated += strcmp(w->row_cells[2].text, "deactivated") == 0;
		out->by_postfix += strcmp(w->row_cells[3].text, "query") != 0;
	}
	return told;
}

bool
clients_tried_by_others(struct clients *c, sqlite3 *db, const char *client, int64_t since_s, int64_t now_s,
    struct tried_by_others *out)
{
	sqlite3_stmt *q = question_of(c, db, CLIENTS_OTHERS, client, since_s, now_s);

	if (q == NULL)
		return false;
	bool told = sqlite3_step(q) == SQLITE_ROW;
	if (told)
		*out = (struct tried_by_others){ (unsigned)sqlite3_column_int(q, 0), (unsigned)sqlite3_column_int(q, 1) };
	sqlite3_reset(q);
	return told;
}

/* ---- how often ---- */

struct sum {
	struct hash_link link;		/* first: the table's */
	struct sum *newer;
	const char *scope;
	enum activity kind;
	int64_t window;
	int64_t n;
	char name[];
};

struct tally {
	struct hash_table table;
	struct sum *oldest, **end;
};

/* All that one did is in one bucket. */
static uint64_t
sum_hash(const char *scope, const char *name)
{
	return hash_pair(scope, name);
}

/* The first of these sums, or behind it, that is of this name; NULL: none. */
static struct sum *
sum_of(struct hash_link *l, uint64_t hash, const char *scope, const char *name)
{
	for (; l != NULL; l = l->next) {
		struct sum *s = (struct sum *)(void *)l;

		if (l->hash == hash && strcmp(s->scope, scope) == 0 && strcmp(s->name, name) == 0)
			return s;
	}
	return NULL;
}

void
clients_count(struct clients *c, const char *scope, const char *name, enum activity kind, int64_t time_s, int64_t n)
{
	char buffer[NAME_BYTES];
	struct text safe = TEXT(buffer);

	if (!pending_key(&safe, name))
		return;
	int64_t window = time_s - time_s % COUNTER_WINDOW_S;
	uint64_t hash = sum_hash(scope, buffer);
	struct sum *s = sum_of(hash_first(&c->tally->table, hash), hash, scope, buffer);
	while (s != NULL && (s->kind != kind || s->window != window))
		s = sum_of(s->link.next, hash, scope, buffer);
	if (s != NULL) {
		s->n += n;
		return;
	}
	s = xcalloc(1, sizeof *s + safe.len + 1);
	s->scope = scope;
	s->kind = kind;
	s->window = window;
	s->n = n;
	memcpy(s->name, buffer, safe.len + 1);
	*c->tally->end = s;
	c->tally->end = &s->newer;
	hash_insert(&c->tally->table, &s->link, hash);
}

size_t
clients_counts(const struct clients *c)
{
	return c->tally->table.count;
}

void
clients_flush(struct clients *c, size_t most, void (*put)(void *arg, struct pending_write *w), void *arg)
{
	struct tally *t = c->tally;

	for (struct sum *s; most > 0 && (s = t->oldest) != NULL; most--) {
		const struct cell cells[] = { { s->scope, 0 }, { s->name, 0 }, { NULL, s->window },
		    { activity_words[s->kind], 0 }, { NULL, s->n } };

		put(arg, pending_row(ROW_ACTIVITY, cells, sizeof cells / sizeof *cells));
		t->oldest = s->newer;
		hash_remove(&t->table, &s->link);
		free(s);
	}
	if (t->oldest == NULL)
		t->end = &t->oldest;
}

bool
clients_activity(struct clients *c, sqlite3 *db, const char *scope, const char *name, int64_t since_s,
    int64_t out[ACTIVITIES])
{
	sqlite3_stmt *q = question(c, db, CLIENTS_ACTIVITY);
	int64_t first = since_s - since_s % COUNTER_WINDOW_S;
	char buffer[NAME_BYTES];
	struct text safe = TEXT(buffer);

	pending_key(&safe, name);	/* one too long was never counted */
	memset(out, 0, ACTIVITIES * sizeof *out);
	if (q == NULL)
		return false;
	sqlite3_bind_text(q, 1, scope, -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 2, safe.at, -1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 3, first);
	int code;
	while ((code = sqlite3_step(q)) == SQLITE_ROW)
		for (int k = 0; k < ACTIVITIES; k++)
			if (strcmp((const char *)sqlite3_column_text(q, 0), activity_words[k]) == 0)
				out[k] = sqlite3_column_int64(q, 1);
	sqlite3_reset(q);
	uint64_t hash = sum_hash(scope, safe.at);
	for (const struct sum *s = sum_of(hash_first(&c->tally->table, hash), hash, scope, safe.at); s != NULL;
	    s = sum_of(s->link.next, hash, scope, safe.at))
		if (s->window >= first)
			out[s->kind] += s->n;
	return code == SQLITE_DONE;
}

/* ---- from start to end ---- */

struct clients *
clients_new(void)
{
	struct clients *c = xcalloc(1, sizeof *c);

	c->record = xcalloc(1, sizeof *c->record);
	c->tally = xcalloc(1, sizeof *c->tally);
	c->tally->end = &c->tally->oldest;
	return c;
}

static void
drop(void *arg, struct pending_write *w)
{
	(void)arg;
	free(w);
}

void
clients_free(struct clients *c)
{
	hash_clear(&c->record->of[0]);
	hash_clear(&c->record->of[1]);
	clients_flush(c, SIZE_MAX, drop, NULL);
	hash_free(&c->tally->table);
	hash_free(&c->waiting);
	free(c->record);
	free(c->tally);
	free(c);
}
