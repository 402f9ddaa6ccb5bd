/* triplets.c - see triplets.h */
#include "store/triplets.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"
#include "store/database.h"

#include <string.h>

/* An address has at most 320 bytes (RFC 5321 s.4.5.3.1); of more, the first count. */
enum { TEXT_BYTES = 1100, KEY_BYTES = 3 * TEXT_BYTES, ROWS_BETWEEN_LOOKS = 200, SWEPT_AT_A_TIME = 8 };

/* A triplet as the tables have it, safe to show, under one of the client's names. */
struct key {
	char clients[TRIPLET_CLIENTS][TEXT_BYTES], sender[TEXT_BYTES], recipient[TEXT_BYTES];
	size_t client_count;
	const char *client;		/* one of them */
};

static void
add_text(char out[TEXT_BYTES], const char *from)
{
	struct text t = { .at = out, .size = TEXT_BYTES };

	*out = '\0';
	text_add_safe(&t, from, strlen(from));
}

static uint64_t
hash_of(const char *client, const char *sender, const char *recipient)
{
	char buffer[KEY_BYTES];
	struct text t = TEXT(buffer);

	text_add_all(&t, client, "\n", sender, "\n", recipient);
	return hash_bytes(buffer, t.len);
}

static void
make_key(struct key *k, const struct triplet *t)
{
	add_text(k->sender, t->sender);
	add_text(k->recipient, t->recipient);
	for (k->client_count = 0; k->client_count < TRIPLET_CLIENTS && t->clients[k->client_count] != NULL; k->client_count++)
		add_text(k->clients[k->client_count], t->clients[k->client_count]);
	k->client = k->clients[0];
}

static uint64_t
hash_of_key(const struct key *k)
{
	return hash_of(k->client, k->sender, k->recipient);
}

static struct attempt
attempt_of(int64_t gen, int64_t first_s)
{
	return (struct attempt){ .gen = (uint32_t)gen, .first_s = first_s < 0 ? 0 : (uint32_t)first_s };
}

/* ---- the loop's side ---- */

void
triplets_init(struct triplets *t, bool index)
{
	*t = (struct triplets){ .attempts = index ? attempts_new() : NULL };
}

#define BY_NAME(place, name) "SELECT " place ", gen, first, passed, last FROM triplet_proven " \
    "WHERE recipient = ?5 AND sender = ?4 AND client = ?" name
#define CLIENT(place, name) "SELECT " place ", passes, last FROM triplet_client WHERE client = ?" name
_Static_assert(TRIPLET_CLIENTS == 3, "so many names are asked for");

static sqlite3_stmt *
question(struct triplets *t, sqlite3 *db, enum triplet_question which)
{
	static const char *const sql[TRIPLET_QUESTIONS] = {
		/* One statement for all of a client's names, as starting one costs as much as the search; SQLite takes them in order. */
		[TRIPLET_BY_KEY] = BY_NAME("0", "1") " UNION ALL " BY_NAME("1", "2") " UNION ALL " BY_NAME("2", "3"),
		[TRIPLET_CLIENT_BY_NAME] = CLIENT("0", "1") " UNION ALL " CLIENT("1", "2") " UNION ALL " CLIENT("2", "3"),
		[TRIPLET_SLICE] = "SELECT id, client, sender, recipient, gen, first FROM triplet_pending WHERE id > ?1 ORDER BY id",
		[TRIPLET_SCAN] = "SELECT gen, min(first) FROM triplet_pending "
		    "WHERE client = ?1 AND sender = ?2 AND recipient = ?3 AND first BETWEEN ?4 AND ?5 "
		    "GROUP BY gen ORDER BY gen DESC LIMIT 1",
	};

	return db ? database_statement(&t->questions[which], db, sql[which]) : NULL;
}

void
triplets_read_again(struct triplets *t)
{
	t->read = false;
	t->read_id = 0;
}

static const char *
text_at(sqlite3_stmt *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);

	return text ? text : "";
}

bool
triplets_read(struct triplets *t, sqlite3 *db, int64_t most_us)
{
	int64_t until_us = clock_mono_us() + most_us;
	sqlite3_stmt *q = t->read || t->attempts == NULL ? NULL : question(t, db, TRIPLET_SLICE);
	int code = SQLITE_ROW;

	if (q == NULL)
		return !t->read && t->attempts != NULL;
	sqlite3_bind_int64(q, 1, t->read_id);
	for (unsigned n = 1; (code = sqlite3_step(q)) == SQLITE_ROW; n++) {
		t->read_id = sqlite3_column_int64(q, 0);
		attempts_add(t->attempts, hash_of(text_at(q, 1), text_at(q, 2), text_at(q, 3)),
		    attempt_of(sqlite3_column_int64(q, 4), sqlite3_column_int64(q, 5)));
		if (n % ROWS_BETWEEN_LOOKS == 0 && clock_mono_us() >= until_us)
			break;
	}
	sqlite3_reset(q);
	t->read = code == SQLITE_DONE;
	t->unreadable = code != SQLITE_ROW && code != SQLITE_DONE && (code & 0xff) != SQLITE_BUSY && (code & 0xff) != SQLITE_LOCKED;
	return !t->read;
}

static void
bind_text(sqlite3_stmt *q, int place, const char *text)
{
	sqlite3_bind_text(q, place, text, -1, SQLITE_STATIC);
}

static void
bind_key(sqlite3_stmt *q, const struct key *k)
{
	bind_text(q, 1, k->client);
	bind_text(q, 2, k->sender);
	bind_text(q, 3, k->recipient);
}

/* The names, those that are not there as NULL, from the first place on. */
static void
bind_names(sqlite3_stmt *q, const struct key *k)
{
	for (size_t i = 0; i < TRIPLET_CLIENTS; i++)
		bind_text(q, (int)i + 1, i < k->client_count ? k->clients[i] : NULL);
}

/* Was it tried, and waits?  For past; false if it cannot be told. */
static bool
look_at_attempt(struct triplets *t, sqlite3 *db, const struct key *k, const char *client, struct triplet_span within,
    struct triplet_past *past)
{
	struct attempt scanned;
	const struct attempt *a = t->attempts ? attempts_find(t->attempts, hash_of_key(k)) : NULL;

	if (t->attempts == NULL) {
		sqlite3_stmt *q = question(t, db, TRIPLET_SCAN);

		if (q == NULL)
			return false;
		bind_key(q, k);
		sqlite3_bind_int64(q, 4, within.attempts_since_s);
		sqlite3_bind_int64(q, 5, within.now_s);
		int code = sqlite3_step(q);
		if (code == SQLITE_ROW) {
			scanned = attempt_of(sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1));
			a = &scanned;
		}
		sqlite3_reset(q);
		if (code != SQLITE_ROW && code != SQLITE_DONE)
			return false;
	}
	if (a == NULL)
		return true;
	if (a->gen >= past->next_gen)
		past->next_gen = (int64_t)a->gen + 1;
	if (a->first_s >= within.attempts_since_s && a->first_s <= within.now_s && (!past->waits || a->first_s < past->first_s)) {
		past->waits = true;
		past->client = client;
		past->gen = a->gen;
		past->first_s = a->first_s;
	}
	return true;
}

/* Has it come through?  The best of its names under which it has counts. */
static bool
look_at_triplets(struct triplets *t, sqlite3 *db, const struct key *k, const struct triplet *who, struct triplet_span within,
    struct triplet_past *past)
{
	sqlite3_stmt *q = question(t, db, TRIPLET_BY_KEY);
	int code = SQLITE_DONE;

	if (q == NULL)
		return false;
	bind_names(q, k);
	bind_text(q, 4, k->sender);
	bind_text(q, 5, k->recipient);
	while (!past->proven && (code = sqlite3_step(q)) == SQLITE_ROW) {
		size_t place = (size_t)sqlite3_column_int64(q, 0);
		int64_t gen = sqlite3_column_int64(q, 1), last_s = sqlite3_column_int64(q, 4);

		if (gen >= past->next_gen)
			past->next_gen = gen + 1;
		if (last_s < within.triplets_since_s)
			continue;
		past->proven = true;
		past->client = who->clients[place];
		past->gen = gen;
		past->first_s = sqlite3_column_int64(q, 2);
		past->passed_s = sqlite3_column_int64(q, 3);
		past->last_s = last_s;
		if (past->waits && t->attempts != NULL)		/* somebody let it pass by hand; others are swept */
			attempts_remove(t->attempts, hash_of(k->clients[place], k->sender, k->recipient));
	}
	sqlite3_reset(q);
	return past->proven || code == SQLITE_DONE;
}

/* Have others of this client's? */
static bool
look_at_clients(struct triplets *t, sqlite3 *db, const struct key *k, const struct triplet *who, struct triplet_span within,
    struct triplet_past *past)
{
	sqlite3_stmt *q = question(t, db, TRIPLET_CLIENT_BY_NAME);
	int code;

	if (q == NULL)
		return false;
	bind_names(q, k);
	while ((code = sqlite3_step(q)) == SQLITE_ROW) {
		int64_t passes = sqlite3_column_int64(q, 1), last_s = sqlite3_column_int64(q, 2);

		if (last_s >= within.triplets_since_s && passes > past->client_passes) {
			past->proven_client = who->clients[sqlite3_column_int64(q, 0)];
			past->client_passes = passes;
			past->client_last_s = last_s;
		}
	}
	sqlite3_reset(q);
	return code == SQLITE_DONE;
}

struct triplet_past
triplets_past(struct triplets *t, sqlite3 *db, const struct triplet *who, struct triplet_span within)
{
	struct triplet_past past = { .next_gen = 1 };
	struct key key;
	bool read = true;

	make_key(&key, who);
	for (size_t i = 0; i < key.client_count; i++) {
		key.client = key.clients[i];
		read = look_at_attempt(t, db, &key, who->clients[i], within, &past) && read;
	}
	read = look_at_triplets(t, db, &key, who, within, &past) && read;
	if (!past.proven)		/* once it has come through, nothing else counts */
		read = look_at_clients(t, db, &key, who, within, &past) && read;
	past.known = read && (t->attempts == NULL || t->read || past.waits || past.proven);
	return past;
}

/* ---- writing ---- */

static struct pending_write *
write_attempt(struct triplets *t, const struct triplet_news *news, const struct key *k)
{
	int64_t gen = news->past.next_gen;

	attempts_add(t->attempts, hash_of_key(k), attempt_of(gen, news->time_s));
	return pending_row(ROW_ATTEMPT, (const struct cell[]){ { .text = k->client }, { .text = k->sender },
	    { .text = k->recipient }, { .n = gen }, { .n = news->time_s }, { .n = news->ready_s } }, 6);
}

static struct pending_write *
write_triplet(const struct triplet_news *news, const struct key *k)
{
	const struct triplet_past *p = &news->past;
	int64_t passed_s = news->event == TRIPLET_PASSED ? news->time_s : p->passed_s;

	struct pending_write *w = pending_row(ROW_TRIPLET, (const struct cell[]){ { .text = k->recipient },
	    { .text = k->sender }, { .text = k->client }, { .n = p->gen }, { .n = p->first_s }, { .n = passed_s },
	    { .n = news->time_s } }, 7);
	w->n = (int64_t)hash_of_key(k);		/* triplets_written() */
	return w;
}

static struct pending_write *
write_client(const struct triplet_news *news, const struct key *k)
{
	return pending_row(ROW_TRIPLET_CLIENT, (const struct cell[]){ { .text = k->client }, { .n = news->counts },
	    { .n = news->time_s } }, 3);
}

/* The key under that one of the names. */
static const struct key *
under(struct key *k, const struct triplet *t, const char *name)
{
	for (size_t i = 0; i < k->client_count; i++)
		if (strcmp(t->clients[i], name) == 0)
			k->client = k->clients[i];
	return k;
}

static struct pending_write **
append(struct pending_write **end, struct pending_write *w)
{
	*end = w;
	return &w->next;
}

/* Proven under the name under which it waited, and under the best, by which others of its pool are known. */
static struct pending_write *
write_passed(const struct triplet_news *news, struct key *k)
{
	const struct triplet *t = &news->triplet;
	struct pending_write *first = NULL, **end = append(&first, write_triplet(news, under(k, t, news->past.client)));

	under(k, t, t->clients[0]);
	if (strcmp(news->past.client, t->clients[0]) != 0)
		end = append(end, write_triplet(news, k));
	if (news->counts)
		append(end, write_client(news, k));
	return first;
}

struct pending_write *
triplets_write(struct triplets *t, const struct triplet_news *news)
{
	const struct triplet_past *p = &news->past;
	struct key key;

	make_key(&key, &news->triplet);
	if (news->event == TRIPLET_TRIED)
		return write_attempt(t, news, &key);
	if (news->event == TRIPLET_PASSED)
		return write_passed(news, &key);
	return p->client != NULL ? write_triplet(news, under(&key, &news->triplet, p->client)) :
	    write_client(news, under(&key, &news->triplet, p->proven_client));
}

void
triplets_written(struct triplets *t, const struct pending_write *w)
{
	if (w->kind == WRITE_ROW && w->row_kind == ROW_TRIPLET)
		attempts_remove(t->attempts, (uint64_t)w->n);
}

void
triplets_forget(struct triplets *t, int64_t before_s)
{
	attempts_forget(t->attempts, before_s);
	for (int i = 0; i < SWEPT_AT_A_TIME; i++)
		attempts_sweep(t->attempts);
}

void
triplets_finalize(struct triplets *t)
{
	database_finalize(t->questions, TRIPLET_QUESTIONS);
}

void
triplets_free(struct triplets *t)
{
	if (t->attempts != NULL)
		attempts_free(t->attempts);
}

/* ---- the writer thread's side ---- */

static sqlite3_stmt *
statement(struct triplet_rows *r, sqlite3 *db, enum triplet_statement which)
{
	static const char *const sql[TRIPLET_STATEMENTS] = {
		[ATTEMPTS_OLDEST] = "SELECT id, first FROM triplet_pending ORDER BY id LIMIT 1",
		[ATTEMPTS_NEWEST] = "SELECT id, first FROM triplet_pending ORDER BY id DESC LIMIT 1",
		[ATTEMPTS_FORGET_OLD] = "DELETE FROM triplet_pending WHERE first < ?2 AND id IN "
		    "(SELECT id FROM triplet_pending ORDER BY id LIMIT ?1)",
		[ATTEMPTS_FORGET_OLDEST] = "DELETE FROM triplet_pending WHERE id IN "
		    "(SELECT id FROM triplet_pending ORDER BY id LIMIT ?1)",
		[TRIPLETS_FORGET] = "DELETE FROM triplet_proven WHERE (recipient, sender, client) IN "
		    "(SELECT recipient, sender, client FROM triplet_proven WHERE last < ?2 ORDER BY last LIMIT ?1)",
		[TRIPLET_CLIENTS_FORGET] = "DELETE FROM triplet_client WHERE client IN "
		    "(SELECT client FROM triplet_client WHERE last < ?2 ORDER BY last LIMIT ?1)",
	};

	return database_statement(&r->statements[which], db, sql[which]);
}

/* The row at one end of the attempts; false if there is none. */
static bool
look_at_end(struct triplet_rows *r, sqlite3 *db, enum triplet_statement which, int64_t *id, int64_t *first_s)
{
	sqlite3_stmt *s = statement(r, db, which);
	bool found = s != NULL && sqlite3_step(s) == SQLITE_ROW;

	if (found) {
		*id = sqlite3_column_int64(s, 0);
		*first_s = sqlite3_column_int64(s, 1);
	}
	if (s != NULL)
		sqlite3_reset(s);
	return found;
}

/* Beyond so many the oldest go, and it is said to the loop; ids have few gaps, so nobody counts. */
static int
forget_oldest(struct triplet_rows *r, sqlite3 *db, int64_t now_s, int64_t most, struct writer_state *state, int step)
{
	int64_t oldest, newest, first_s;

	if (!look_at_end(r, db, ATTEMPTS_OLDEST, &oldest, &first_s) || !look_at_end(r, db, ATTEMPTS_NEWEST, &newest, &first_s))
		return 0;
	int64_t surplus = newest - oldest + 1 - most;
	if (surplus <= 0)
		return 0;
	int gone = database_apply(statement(r, db, ATTEMPTS_FORGET_OLDEST), surplus < step ? surplus : step, 0);
	if (look_at_end(r, db, ATTEMPTS_OLDEST, &oldest, &first_s) && first_s <= now_s)
		atomic_store(&state->attempts_since_s, first_s);
	return gone;
}

bool
attempt_rows_forget(struct triplet_rows *r, sqlite3 *db, int64_t now_s, const struct writer_options *o,
    struct writer_state *state, int step)
{
	int gone = database_apply(statement(r, db, ATTEMPTS_FORGET_OLD), step, now_s - atomic_load(&o->attempts_keep_s));

	if (gone == 0)
		gone = forget_oldest(r, db, now_s, atomic_load(&o->greylist_max), state, step);
	return gone == step;
}

bool
triplet_rows_forget(struct triplet_rows *r, sqlite3 *db, int64_t now_s, const struct writer_options *o, int step)
{
	int64_t before_s = now_s - atomic_load(&o->triplets_keep_s);
	int triplets = database_apply(statement(r, db, TRIPLETS_FORGET), step, before_s);

	return (triplets == step) | (database_apply(statement(r, db, TRIPLET_CLIENTS_FORGET), step, before_s) == step);
}

void
triplet_rows_finalize(struct triplet_rows *r)
{
	database_finalize(r->statements, TRIPLET_STATEMENTS);
}
