/* blocks.c - see blocks.h */
#include "store/blocks.h"
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	struct hash_link link;		/* first: the table's */
	struct list_row row;
	unsigned unwritten;		/* writes of it that are on their way */
	bool in_file;			/* since before the lists now being read were begun */
	char *texts;
};

static struct entry *
find(const struct blocks *b, const char *client)
{
	if (b->table.count == 0)		/* as most of the time */
		return NULL;
	uint64_t hash = hash_bytes(client, strlen(client));
	struct hash_link *l = hash_first(&b->table, hash);

	for (; l != NULL; l = l->next)
		if (l->hash == hash && strcmp(((struct entry *)(void *)l)->row.client, client) == 0)
			break;
	return (struct entry *)(void *)l;
}

const struct list_row *
blocks_find(const struct blocks *b, const char *client)
{
	const struct entry *e = find(b, client);

	return e ? &e->row : NULL;
}

void
blocks_add(struct blocks *b, const struct block *block)
{
	struct entry *e = find(b, block->client);
	size_t client_size = strlen(block->client) + 1, cause_size = strlen(block->cause) + 1;
	char *texts = xmalloc(client_size + cause_size);

	memcpy(texts, block->client, client_size);
	memcpy(texts + client_size, block->cause, cause_size);
	if (e == NULL) {
		e = xcalloc(1, sizeof *e);
		hash_insert(&b->table, &e->link, hash_bytes(block->client, client_size - 1));
	}
	free(e->texts);
	e->texts = texts;
	e->row = (struct list_row){ .client = texts, .helo = "", .sender = "", .recipient = "", .login = "",
	    .cause = texts + client_size, .since_s = block->since_s, .expires_s = block->expires_s,
	    .strikes = block->strikes };
	e->unwritten++;
	e->in_file = false;
}

void
blocks_written(struct blocks *b, const char *client)
{
	struct entry *e = find(b, client);

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
