/* message.c - see message.h */
#include "policy/message.h"
#include "base/arena.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	struct hash_link link;		/* first: the table's */
	struct entry *newer, *older;
	int64_t time_us;
	void *asked;			/* NULL once answered */
	char *reply;			/* NULL, or the answer: plain, or malloc()ed */
	uint32_t len;
};

struct messages {
	struct hash_table table;
	struct entry *newest, *oldest;
	size_t max;
};

/* Nearly every answer is this one, and need not be copied. */
static char plain[] = "action=DUNNO\n\n";

struct messages *
messages_new(size_t max)
{
	struct messages *m = xcalloc(1, sizeof *m);

	m->max = max;
	return m;
}

static void
drop_reply(struct entry *e)
{
	if (e->reply != plain)
		free(e->reply);
}

static void
forget(struct messages *m, struct entry *e)
{
	hash_remove(&m->table, &e->link);
	*(e->newer ? &e->newer->older : &m->newest) = e->older;
	*(e->older ? &e->older->newer : &m->oldest) = e->newer;
	drop_reply(e);
	free(e);
}

void
messages_limit(struct messages *m, size_t max)
{
	m->max = max;
	while (m->table.count > m->max)
		forget(m, m->oldest);
}

void
messages_free(struct messages *m)
{
	messages_limit(m, 0);
	hash_free(&m->table);
	free(m);
}

static struct entry *
find(const struct messages *m, uint64_t hash, size_t len)
{
	struct hash_link *l = hash_first(&m->table, hash);

	while (l != NULL && (l->hash != hash || ((struct entry *)(void *)l)->len != len))
		l = l->next;
	return (struct entry *)(void *)l;
}

struct resend
message_find(struct messages *m, uint64_t hash, size_t len, int64_t now_us)
{
	while (m->oldest != NULL && now_us - m->oldest->time_us > (int64_t)RESEND_KEEP_S * 1000000)
		forget(m, m->oldest);
	const struct entry *e = find(m, hash, len);
	return e ? (struct resend){ e->reply, e->asked } : (struct resend){ NULL, NULL };
}

static struct entry *
remember(struct messages *m, uint64_t hash, size_t len, int64_t now_us)
{
	if (m->table.count >= m->max)
		forget(m, m->oldest);
	struct entry *e = xcalloc(1, sizeof *e);
	e->time_us = now_us;
	e->len = (uint32_t)len;
	e->older = m->newest;
	*(m->newest ? &m->newest->newer : &m->oldest) = e;
	m->newest = e;
	hash_insert(&m->table, &e->link, hash);
	return e;
}

void
message_open(struct messages *m, uint64_t hash, size_t len, void *asked, int64_t now_us)
{
	if (m->max > 0)
		remember(m, hash, len, now_us)->asked = asked;
}

void
message_close(struct messages *m, uint64_t hash, size_t len, const char *reply, int64_t now_us)
{
	if (m->max == 0)
		return;
	struct entry *e = find(m, hash, len);
	if (e == NULL)
		e = remember(m, hash, len, now_us);
	drop_reply(e);			/* a request forgotten while open, and asked again, is closed twice */
	e->asked = NULL;
	e->reply = strcmp(reply, plain) == 0 ? plain : xstrdup(reply);
}

void
message_note(struct messages *m, uint64_t hash, size_t len, int64_t now_us)
{
	message_close(m, hash, len, plain, now_us);
}
