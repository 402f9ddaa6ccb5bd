/* blocks.c - see blocks.h */
#include "store/blocks.h"
#include "base/arena.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	struct hash_link link;		/* first: the table's */
	struct list_row row;
	unsigned unwritten;		/* writes of it that are on their way */
	bool in_file;			/* since before the lists now being read were begun */
	char *texts;
};

static uint64_t
hash_of(const char *client, const char *login)
{
	return hash_pair(client, login);
}

static struct entry *
find(const struct blocks *b, const char *client, const char *login)
{
	if (b->table.count == 0)		/* as most of the time */
		return NULL;
	uint64_t hash = hash_of(client, login);
	for (struct hash_link *l = hash_first(&b->table, hash); l != NULL; l = l->next) {
		struct entry *e = (struct entry *)(void *)l;

		if (l->hash == hash && strcmp(e->row.client, client) == 0 && strcmp(e->row.login, login) == 0)
			return e;
	}
	return NULL;
}

const struct list_row *
blocks_find(const struct blocks *b, const char *client, const char *login)
{
	const struct entry *e = find(b, client, login);

	return e ? &e->row : NULL;
}

/* Of e, the entry that find() has, make one of this block; NULL: of a new one. */
static struct entry *
fill(struct blocks *b, struct entry *e, const struct block *block)
{
	char *texts = xmalloc(strlen(block->client) + strlen(block->login) + strlen(block->cause) + 3), *at = texts;

	if (e == NULL) {
		e = xcalloc(1, sizeof *e);
		hash_insert(&b->table, &e->link, hash_of(block->client, block->login));
	}
	free(e->texts);
	e->texts = texts;
	e->row = (struct list_row){ .helo = "", .sender = "", .recipient = "", .since_s = block->since_s,
	    .expires_s = block->expires_s, .strikes = block->strikes };
	e->row.client = text_place(&at, block->client);
	e->row.login = text_place(&at, block->login);
	e->row.cause = text_place(&at, block->cause);
	e->in_file = false;
	return e;
}

void
blocks_add(struct blocks *b, const struct block *block)
{
	fill(b, find(b, block->client, block->login), block)->unwritten++;
}

void
blocks_found(struct blocks *b, const struct block *block)
{
	struct entry *e = find(b, block->client, block->login);

	if (e == NULL || e->unwritten == 0)
		fill(b, e, block);
}

void
blocks_written(struct blocks *b, const char *client, const char *login)
{
	struct entry *e = find(b, client, login);

	if (e != NULL)
		e->unwritten--;
}

/* Do to every entry; drop it if that says so. */
static void
each(struct blocks *b, bool (*drops)(struct entry *e))
{
	for (size_t i = 0; i < b->table.size; i++)
		for (struct hash_link *l = b->table.buckets[i], *next; l != NULL; l = next) {
			struct entry *e = (struct entry *)(void *)l;

			next = l->next;
			if (!drops(e))
				continue;
			hash_remove(&b->table, l);
			free(e->texts);
			free(e);
		}
}

static bool
note_file(struct entry *e)
{
	e->in_file = e->unwritten == 0;
	return false;
}

static bool
is_in_file(struct entry *e)
{
	return e->in_file;
}

static bool
always(struct entry *e)
{
	(void)e;
	return true;
}

void
blocks_reading(struct blocks *b)
{
	each(b, note_file);
}

void
blocks_read(struct blocks *b)
{
	each(b, is_in_file);
}

void
blocks_free(struct blocks *b)
{
	each(b, always);
	hash_free(&b->table);
}
