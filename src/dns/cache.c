/* cache.c - see cache.h */
#include "dns/cache.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/domain.h"
#include "base/hash.h"
#include "dns/dns.h"
#include "dns/keep.h"

#include <stdlib.h>
#include <string.h>

enum { WEIGHT_BYTES = 1024 };

struct entry {
	struct hash_link link;
	struct entry *newer, *older;	/* by last use */
	const struct answer *answer;
	int64_t expires_us;		/* clock_tick_us() */
};

struct dns_cache {
	struct hash_table table;
	struct entry *newest, *oldest;
	size_t weight, limit;
};

static size_t
weight_of(const struct entry *e)
{
	return 1 + answer_bytes(e->answer) / WEIGHT_BYTES;
}

static void
list_remove(struct dns_cache *c, struct entry *e)
{
	*(e->newer != NULL ? &e->newer->older : &c->newest) = e->older;
	*(e->older != NULL ? &e->older->newer : &c->oldest) = e->newer;
}

static void
list_add(struct dns_cache *c, struct entry *e)
{
	e->newer = NULL;
	e->older = c->newest;
	*(e->older != NULL ? &e->older->newer : &c->oldest) = e;
	c->newest = e;
}

static void
drop(struct dns_cache *c, struct entry *e)
{
	list_remove(c, e);
	hash_remove(&c->table, &e->link);
	c->weight -= weight_of(e);
	answer_release(e->answer);
	free(e);
}

struct dns_cache *
dns_cache_new(size_t limit)
{
	struct dns_cache *c = xcalloc(1, sizeof *c);

	c->limit = limit;
	return c;
}

void
dns_cache_limit(struct dns_cache *c, size_t limit)
{
	c->limit = limit;
	while (c->weight > limit)
		drop(c, c->oldest);
}

void
dns_cache_free(struct dns_cache *c)
{
	dns_cache_limit(c, 0);
	hash_free(&c->table);
	free(c);
}

uint64_t
dns_question_hash(const char *name, enum dns_type type)
{
	return hash_bytes(name, strlen(name)) + type;
}

static struct entry *
find(const struct dns_cache *c, const char *name, enum dns_type type, uint64_t hash)
{
	for (struct hash_link *l = hash_first(&c->table, hash); l != NULL; l = l->next) {
		struct entry *e = (struct entry *)l;

		if (l->hash == hash && e->answer->type == type && strcmp(e->answer->name, name) == 0)
			return e;
	}
	return NULL;
}

const struct answer *
dns_cache_find(struct dns_cache *c, const char *name, enum dns_type type, uint64_t hash)
{
	struct entry *e = find(c, name, type, hash);

	if (e == NULL)
		return NULL;
	if (clock_tick_us() >= e->expires_us) {
		drop(c, e);
		return NULL;
	}
	if (e != c->newest) {
		list_remove(c, e);
		list_add(c, e);
	}
	return e->answer;
}

void
dns_cache_add(struct dns_cache *c, const struct answer *a)
{
	uint64_t hash = dns_question_hash(a->name, a->type);
	struct entry *e = find(c, a->name, a->type, hash);

	if (e != NULL)
		drop(c, e);
	if (a->ttl_s == 0)
		return;
	e = xcalloc(1, sizeof *e);
	e->answer = answer_ref(a);
	e->expires_us = clock_tick_us() + (int64_t)a->ttl_s * 1000000;
	hash_insert(&c->table, &e->link, hash);
	list_add(c, e);
	c->weight += weight_of(e);
	dns_cache_limit(c, c->limit);
}

void
dns_cache_drop(struct dns_cache *c, const char *name)
{
	for (struct entry *e = c->newest, *older; e != NULL; e = older) {
		older = e->older;
		if (domain_within(e->answer->name, name))
			drop(c, e);
	}
}
