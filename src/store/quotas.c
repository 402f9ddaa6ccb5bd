/* quotas.c - see quotas.h */
#include "store/quotas.h"
#include "base/arena.h"
#include "base/text.h"
#include "store/database.h"

#include <stdlib.h>
#include <string.h>

enum { COUNTED_MAX = 65536, NAME_BYTES = 700, INSTANCE_BYTES = 128 };

/* More than any quota allows, and little enough to add up: whatever number people wrote counts as no more, nor as less than 0. */
#define COUNT_MAX INT64_C(10000000000000000)

static int64_t
bounded(int64_t n)
{
	return n < 0 ? 0 : n < COUNT_MAX ? n : COUNT_MAX;
}

/* What this store counted of one use. */
struct quota_counted {
	struct hash_link link;		/* first: the table's */
	struct quota_counted *newer, *older;
	bool unread;			/* the file may have counts of ours that are not here */
	int64_t starts[QUOTA_STEPS], n[QUOTA_STEPS];	/* of the step in each place; place = start / step % QUOTA_STEPS */
	struct quota_use use;
	char texts[];
};

/* ---- steps ---- */

static int64_t
current_step(const struct quota *q, int64_t now_s)
{
	int64_t step_s = quota_step_s(q);

	return now_s - now_s % step_s;
}

/* An empty past: which steps count now. */
static struct quota_past
make_past(const struct quota *q, int64_t now_s)
{
	int64_t step_s = quota_step_s(q);

	return (struct quota_past){ .step_s = step_s, .span_s = quota_span_s(q),
	    .first_s = current_step(q, now_s) - (q->fixed ? 0 : (QUOTA_STEPS - 1) * step_s) };
}

/* n more in the step that starts then, if that counts; or less, but not than nothing. */
static void
add(struct quota_past *p, int64_t start_s, int64_t n)
{
	int64_t place = (start_s - p->first_s) / p->step_s;

	if (start_s < p->first_s || place >= QUOTA_STEPS || place * p->step_s >= p->span_s)
		return;
	if (n < -p->steps[place])
		n = -p->steps[place];
	p->steps[place] += n;
	p->used += n;
}

int64_t
quota_frees_s(const struct quota_past *p, int64_t n)
{
	int64_t freed = 0, at_s = p->first_s;

	for (int i = 0; i < QUOTA_STEPS && freed < n; i++)
		if (p->steps[i] > 0) {
			freed += p->steps[i];
			at_s = p->first_s + i * p->step_s + p->span_s;
		}
	return at_s;
}

/* ---- memory ---- */

/* FNV-1a: the same in every process, as hash_bytes() is not. */
static uint64_t
lasting_hash(const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return hash;
}

/* As the table has it: safe to show, what is too long by its hash. */
static void
make_name(struct text *t, const char *name)
{
	char buffer[61];
	struct text start = TEXT(buffer);

	text_add_safe(t, name, strlen(name));
	if (!t->cut)
		return;
	t->len = 0;
	t->cut = false;
	text_add_safe(&start, name, strlen(name));
	text_addf(t, "%s... #%016llx", buffer, (unsigned long long)lasting_hash(name));
}

static uint64_t
use_hash(const struct quota_use *u, const char *name)
{
	const struct quota *q = &u->quota;

	return hash_bytes(name, strlen(name)) ^ hash_bytes(u->scope, strlen(u->scope)) * 3 ^
	    (uint64_t)q->length_s * 7919 ^ (uint64_t)q->unit << 60 ^ (uint64_t)q->fixed << 59;
}

static struct quota_counted *
find(const struct quotas_asked *asked, const struct quota_use *u, const char *name)
{
	uint64_t hash = use_hash(u, name);
	struct hash_link *l = hash_first(&asked->table, hash);

	for (; l != NULL; l = l->next) {
		const struct quota_use *other = &((struct quota_counted *)(void *)l)->use;

		if (l->hash == hash && other->quota.unit == u->quota.unit && other->quota.length_s == u->quota.length_s &&
		    other->quota.fixed == u->quota.fixed && strcmp(other->scope, u->scope) == 0 && strcmp(other->name, name) == 0)
			break;
	}
	return (struct quota_counted *)(void *)l;
}

static void
unlist(struct quotas_asked *asked, struct quota_counted *c)
{
	*(c->newer ? &c->newer->older : &asked->newest) = c->older;
	*(c->older ? &c->older->newer : &asked->oldest) = c->newer;
}

static void
list(struct quotas_asked *asked, struct quota_counted *c)
{
	c->newer = NULL;
	c->older = asked->newest;
	*(asked->newest ? &asked->newest->newer : &asked->oldest) = c;
	asked->newest = c;
}

static void
forget_oldest(struct quotas_asked *asked)
{
	struct quota_counted *c = asked->oldest;

	hash_remove(&asked->table, &c->link);
	unlist(asked, c);
	free(c);
	asked->forgot = true;
}

static void
count_step(struct quota_counted *c, int64_t start_s, int64_t n)
{
	size_t place = (size_t)(start_s / quota_step_s(&c->use.quota) % QUOTA_STEPS);

	if (c->starts[place] != start_s) {
		c->starts[place] = start_s;
		c->n[place] = 0;
	}
	c->n[place] = bounded(c->n[place] + bounded(n));
}

/* ---- the file ---- */

static sqlite3_stmt *
question(struct quotas_asked *asked, sqlite3 *db, enum quotas_question which)
{
#define ROWS "SELECT start, max(min(total(iif(writer = 'hand', -1, 1) * max(n, 0)), 1e16), -1e16) FROM quota_use " \
	"WHERE scope = ?1 AND name = ?2 AND unit = ?3 AND length = ?4 AND step = ?5 AND start BETWEEN ?6 AND ?7 AND writer "
	static const char *const sql[QUOTAS_QUESTIONS] = {
		[QUOTAS_OF_OTHERS] = ROWS "<> ?8 GROUP BY start",
		[QUOTAS_OF_OURS] = ROWS "= ?8 GROUP BY start",
		[QUOTAS_MESSAGE] = "SELECT recipients, whole FROM quota_message WHERE instance = ?1",
	};

	return db ? database_statement(&asked->questions[which], db, sql[which]) : NULL;
}

/* Step through the rows of a use that count now; false: the file cannot be read. */
static bool
read_steps(struct quotas_asked *asked, sqlite3 *db, enum quotas_question which, const struct quota_use *u, const char *name,
    int64_t now_s, void (*step)(void *arg, int64_t start_s, int64_t n), void *arg)
{
	sqlite3_stmt *q = question(asked, db, which);
	struct quota_past now = make_past(&u->quota, now_s);
	int code;

	if (q == NULL)
		return false;
	sqlite3_bind_text(q, 1, u->scope, -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 2, name, -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 3, quota_units[u->quota.unit], -1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 4, u->quota.length_s);
	sqlite3_bind_int64(q, 5, now.step_s);
	sqlite3_bind_int64(q, 6, now.first_s);
	sqlite3_bind_int64(q, 7, current_step(&u->quota, now_s));
	sqlite3_bind_text(q, 8, asked->writer, -1, SQLITE_STATIC);
	while ((code = sqlite3_step(q)) == SQLITE_ROW)
		step(arg, sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1));
	sqlite3_reset(q);
	return code == SQLITE_DONE;
}

static void
add_others(void *arg, int64_t start_s, int64_t n)
{
	add(arg, start_s, n);
}

static void
add_ours(void *arg, int64_t start_s, int64_t n)
{
	count_step(arg, start_s, n);
}

bool
quotas_message(struct quotas_asked *asked, sqlite3 *db, const char *instance, struct quota_message *out)
{
	sqlite3_stmt *q = question(asked, db, QUOTAS_MESSAGE);

	*out = (struct quota_message){ 0 };
	if (q == NULL)
		return false;
	sqlite3_bind_text(q, 1, instance, -1, SQLITE_STATIC);
	int code = sqlite3_step(q);
	if (code == SQLITE_ROW)
		*out = (struct quota_message){ bounded(sqlite3_column_int64(q, 0)), sqlite3_column_int(q, 1) != 0 };
	sqlite3_reset(q);
	return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* ---- counting ---- */

static struct quota_counted *
make_counted(struct quotas_asked *asked, const struct quota_use *u, const char *name)
{
	if (asked->table.count >= COUNTED_MAX)
		forget_oldest(asked);
	struct quota_counted *c = xcalloc(1, sizeof *c + strlen(u->scope) + 1 + strlen(name) + 1);
	char *at = c->texts;
	c->use = *u;
	c->use.scope = c->use.quota.scope = text_place(&at, u->scope);
	c->use.name = text_place(&at, name);
	c->unread = asked->forgot;
	hash_insert(&asked->table, &c->link, use_hash(u, name));
	list(asked, c);
	return c;
}

/* What is remembered of the use; made if there is nothing yet. */
static struct quota_counted *
have(struct quotas_asked *asked, sqlite3 *db, const struct quota_use *u, const char *name, int64_t now_s)
{
	struct quota_counted *c = find(asked, u, name);

	if (c == NULL)
		c = make_counted(asked, u, name);
	unlist(asked, c);
	list(asked, c);
	if (c->unread)		/* what was counted since is added: never too little */
		c->unread = !read_steps(asked, db, QUOTAS_OF_OURS, u, name, now_s, add_ours, c);
	return c;
}

bool
quotas_past(struct quotas_asked *asked, sqlite3 *db, const struct quota_use *u, int64_t now_s, struct quota_past *out)
{
	char buffer[NAME_BYTES];
	struct text name = TEXT(buffer);

	make_name(&name, u->name);
	*out = make_past(&u->quota, now_s);
	const struct quota_counted *c = asked->forgot ? have(asked, db, u, name.at, now_s) : find(asked, u, name.at);
	for (int i = 0; c != NULL && i < QUOTA_STEPS; i++)
		add(out, c->starts[i], c->n[i]);
	return read_steps(asked, db, QUOTAS_OF_OTHERS, u, name.at, now_s, add_others, out);
}

static struct pending_write *
write_step(const struct quota_counted *c, size_t place)
{
	const struct quota *q = &c->use.quota;
	const struct cell cells[] = { { c->use.scope, 0 }, { c->use.name, 0 }, { quota_units[q->unit], 0 },
	    { NULL, q->length_s }, { NULL, quota_step_s(q) }, { NULL, c->starts[place] },
	    { NULL, c->starts[place] + quota_span_s(q) }, { NULL, c->n[place] }, { NULL, q->most } };

	return pending_row(ROW_QUOTA_USE, cells, sizeof cells / sizeof *cells);
}

struct pending_write *
quotas_count(struct quotas_asked *asked, sqlite3 *db, const struct quota_use *u, int64_t n, int64_t now_s)
{
	char buffer[NAME_BYTES];
	struct text name = TEXT(buffer);
	int64_t start_s = current_step(&u->quota, now_s);

	make_name(&name, u->name);
	struct quota_counted *c = have(asked, db, u, name.at, now_s);
	c->use.quota.most = u->quota.most;
	count_step(c, start_s, n);
	return write_step(c, (size_t)(start_s / quota_step_s(&u->quota) % QUOTA_STEPS));
}

struct pending_write *
quotas_write_message(const char *instance, const struct quota_message *m, int64_t now_s)
{
	char buffer[INSTANCE_BYTES];
	struct text safe = TEXT(buffer);

	text_add_safe(&safe, instance, strlen(instance));
	const struct cell cells[] = { { safe.at, 0 }, { NULL, m->recipients }, { NULL, m->whole }, { NULL, now_s } };
	return pending_row(ROW_QUOTA_MESSAGE, cells, sizeof cells / sizeof *cells);
}

void
quotas_write_again(const struct quotas_asked *asked, int64_t now_s, void (*put)(void *arg, struct pending_write *w), void *arg)
{
	for (const struct quota_counted *c = asked->newest; c != NULL; c = c->older)
		for (size_t i = 0; i < QUOTA_STEPS; i++)
			if (c->n[i] > 0 && c->starts[i] + quota_span_s(&c->use.quota) > now_s)
				put(arg, write_step(c, i));
}

void
quotas_finalize(struct quotas_asked *asked)
{
	database_finalize(asked->questions, QUOTAS_QUESTIONS);
}

void
quotas_free(struct quotas_asked *asked)
{
	while (asked->oldest != NULL)
		forget_oldest(asked);
	hash_free(&asked->table);
}
