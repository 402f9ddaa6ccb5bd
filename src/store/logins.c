/* logins.c - see logins.h */
#include "store/logins.h"
#include "base/arena.h"
#include "base/text.h"
#include "store/database.h"

#include <stdlib.h>
#include <string.h>

enum { LOGIN_BYTES = 512 };

/* ---- what is on its way to the disk ---- */

struct waiting {
	struct hash_link link;		/* first: the table's */
	const struct pending_write *write;
};

/* Behind this one (NULL: the first), the next that waits and is of this login; NULL: none. */
static struct waiting *
next_waiting(const struct logins *l, const struct waiting *w, const char *login)
{
	uint64_t hash = hash_bytes(login, strlen(login));
	struct hash_link *at = w ? w->link.next : hash_first(&l->waiting, hash);

	while (at != NULL && (at->hash != hash || strcmp(((struct waiting *)(void *)at)->write->row_cells[0].text, login) != 0))
		at = at->next;
	return (struct waiting *)(void *)at;
}

static struct waiting *
waiting_of(const struct logins *l, const char *login, const char *client)
{
	struct waiting *w = NULL;

	while ((w = next_waiting(l, w, login)) != NULL && strcmp(w->write->row_cells[1].text, client) != 0)
		;
	return w;
}

void
logins_written(struct logins *l, const struct pending_write *w)
{
	struct waiting *of = waiting_of(l, w->row_cells[0].text, w->row_cells[1].text);

	hash_remove(&l->waiting, &of->link);
	free(of);
}

/* ---- questions ---- */

/* How many networks there are, this one or all others, where the login was seen last between these times; -1: it cannot be told. */
static int64_t
ask(struct logins *l, sqlite3 *db, enum logins_question which, const char *login, const char *client, int64_t from_s,
    int64_t to_s)
{
	static const char *const sql[LOGINS_QUESTIONS] = {
		[LOGINS_THERE] = "SELECT count(*) FROM (SELECT 1 FROM login_client WHERE login = ?1 AND client = ?2 AND "
		    "last BETWEEN ?3 AND ?4 LIMIT ?5)",
		[LOGINS_ELSEWHERE] = "SELECT count(*) FROM (SELECT 1 FROM login_client WHERE login = ?1 AND client <> ?2 AND "
		    "last BETWEEN ?3 AND ?4 LIMIT ?5)",
	};
	sqlite3_stmt *q = db ? database_statement(&l->questions[which], db, sql[which]) : NULL;

	if (q == NULL)
		return -1;
	sqlite3_bind_text(q, 1, login, -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 2, client, -1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 3, from_s);
	sqlite3_bind_int64(q, 4, to_s);
	sqlite3_bind_int(q, 5, LOGIN_NETWORKS_MAX - 1);
	int64_t count = sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int64(q, 0) : -1;
	sqlite3_reset(q);
	return count;
}

struct pending_write *
logins_seen(struct logins *l, sqlite3 *db, const char *login, const char *client, int64_t time_s)
{
	char buffer[LOGIN_BYTES];
	struct text key = TEXT(buffer);

	if (!pending_key(&key, login) || waiting_of(l, key.at, client) != NULL ||
	    ask(l, db, LOGINS_THERE, key.at, client, time_s - LOGIN_STEP_S + 1, INT64_MAX) > 0)
		return NULL;
	const struct cell cells[] = { { key.at, 0 }, { client, 0 }, { NULL, time_s } };
	struct waiting *w = xcalloc(1, sizeof *w);
	struct pending_write *write = pending_row(ROW_LOGIN_CLIENT, cells, sizeof cells / sizeof *cells);
	w->write = write;
	hash_insert(&l->waiting, &w->link, hash_bytes(key.at, key.len));
	return write;
}

bool
logins_spread(struct logins *l, sqlite3 *db, const char *login, const char *client, int64_t since_s, int64_t now_s,
    int64_t *count)
{
	char buffer[LOGIN_BYTES];
	struct text key = TEXT(buffer);
	int64_t others = pending_key(&key, login) ? ask(l, db, LOGINS_ELSEWHERE, key.at, client, since_s, now_s) : -1;

	*count = others + 1;
	if (others < 0)
		return false;
	for (struct waiting *w = NULL; *count < LOGIN_NETWORKS_MAX && (w = next_waiting(l, w, key.at)) != NULL;) {
		const struct cell *of = w->write->row_cells;

		*count += of[2].n >= since_s && of[2].n <= now_s && strcmp(of[1].text, client) != 0 &&
		    ask(l, db, LOGINS_THERE, key.at, of[1].text, since_s, now_s) == 0;
	}
	return true;
}

/* ---- the end ---- */

void
logins_finalize(struct logins *l)
{
	database_finalize(l->questions, LOGINS_QUESTIONS);
}

void
logins_free(struct logins *l)
{
	hash_clear(&l->waiting);
}
