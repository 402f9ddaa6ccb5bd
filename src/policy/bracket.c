/* bracket.c - see bracket.h */
#include "policy/bracket.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/metrics.h"
#include "base/text.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 10, SLOT_S = BROKEN_WINDOW_S / SLOTS, SLOT_CLIENTS_MAX = 4096, OTHERS_MIN = 3, TRIED_MIN = 10 };

/* ---- pairs ---- */

struct pair {
	struct hash_link link;		/* first: by instance and recipient */
	struct hash_link by_connection;
	struct pair *newer, *older;
	const void *connection;
	int64_t opened_us, opened_s;
	bool known;
	const char *instance, *client, *recipient, *sender_domain;
};

struct tally {
	unsigned tried, unknown;
};

/* What a client tried within a minute; known by its hash. */
struct attempts {
	struct hash_link link;
	struct tally tally;
};

struct slot {
	struct hash_table clients;
	struct tally all;		/* of these */
	int64_t minute;			/* of clock_tick_us(), in SLOT_S */
};

struct bracket {
	struct hash_table pairs, connections;
	struct pair *newest, *oldest;
	struct pair *concluded;		/* what *vain shows */
	struct slot slots[SLOTS];
	bool ever_known;
	struct metric *known, *unknown, *dropped;
};

static uint64_t
pair_hash(const char *instance, const char *recipient)
{
	return hash_pair(instance, recipient);
}

static uint64_t
connection_hash(const void *connection)
{
	return hash_bytes(&connection, sizeof connection);
}

static struct pair *
of_connection(const struct bracket *b, const void *connection)
{
	uint64_t hash = connection_hash(connection);

	for (struct hash_link *l = hash_first(&b->connections, hash); l != NULL; l = l->next) {
		struct pair *p = (struct pair *)(void *)((char *)l - offsetof(struct pair, by_connection));

		if (l->hash == hash && p->connection == connection)
			return p;
	}
	return NULL;
}

static void
unlist(struct bracket *b, struct pair *p)
{
	hash_remove(&b->pairs, &p->link);
	hash_remove(&b->connections, &p->by_connection);
	*(p->newer ? &p->newer->older : &b->newest) = p->older;
	*(p->older ? &p->older->newer : &b->oldest) = p->newer;
}

static void
drop(struct bracket *b, struct pair *p)
{
	b->dropped->value += !p->known;
	unlist(b, p);
	free(p);
}

static void
drop_old(struct bracket *b, int64_t now_us)
{
	while (b->oldest != NULL &&
	    (b->pairs.count > PAIRS_MAX || now_us - b->oldest->opened_us > (int64_t)PAIR_KEEP_S * 1000000))
		drop(b, b->oldest);
}

void
bracket_forget(struct bracket *b)
{
	while (b->oldest != NULL)
		drop(b, b->oldest);
}

void
bracket_open(struct bracket *b, const void *connection, const struct pair_subject *s, int64_t now_s, int64_t now_us)
{
	size_t size = strlen(s->instance) + strlen(s->client) + strlen(s->recipient) + 3 +
	    (s->sender_domain ? strlen(s->sender_domain) + 1 : 0);
	struct pair *p = xcalloc(1, sizeof *p + size);
	char *at = (char *)(p + 1);
	struct vain vain;

	bracket_conclude(b, connection, now_us, &vain);		/* there is none, unless policyd answered two at once */
	p->connection = connection;
	p->opened_us = now_us;
	p->opened_s = now_s;
	p->instance = text_place(&at, s->instance);
	p->client = text_place(&at, s->client);
	p->recipient = text_place(&at, s->recipient);
	p->sender_domain = text_place(&at, s->sender_domain);
	p->older = b->newest;
	*(b->newest ? &b->newest->newer : &b->oldest) = p;
	b->newest = p;
	hash_insert(&b->pairs, &p->link, pair_hash(p->instance, p->recipient));
	hash_insert(&b->connections, &p->by_connection, connection_hash(connection));
	drop_old(b, now_us);
}

/* ---- what everybody tries ---- */

static void
forget_slot(struct slot *s)
{
	hash_clear(&s->clients);
	s->all = (struct tally){ 0 };
}

static struct attempts *
attempts_of(const struct slot *s, uint64_t hash)
{
	return (struct attempts *)(void *)hash_find(&s->clients, hash);
}

static void
add(struct tally *t, bool unknown)
{
	t->tried++;
	t->unknown += unknown;
}

static void
count_try(struct bracket *b, const char *client, bool unknown, int64_t now_us)
{
	int64_t minute = now_us / 1000000 / SLOT_S;
	struct slot *s = &b->slots[minute % SLOTS];
	uint64_t hash = hash_bytes(client, strlen(client));

	if (s->minute != minute) {
		forget_slot(s);
		s->minute = minute;
	}
	struct attempts *a = attempts_of(s, hash);
	if (a == NULL && s->clients.count < SLOT_CLIENTS_MAX) {
		a = xcalloc(1, sizeof *a);
		hash_insert(&s->clients, &a->link, hash);
	}
	if (a != NULL) {
		add(&a->tally, unknown);
		add(&s->all, unknown);
	}
}

static void
count(struct bracket *b, const struct pair *p, bool unknown, int64_t now_us)
{
	count_try(b, p->client, unknown, now_us);
	b->ever_known |= !unknown;
	(unknown ? b->unknown : b->known)->value++;
}

void
bracket_known(struct bracket *b, const char *client, int64_t now_us)
{
	count_try(b, client, false, now_us);
}

/* Put the slot's clients beside this one among the others, as long as there are too few. */
static size_t
add_others(const struct slot *s, uint64_t own, uint64_t others[OTHERS_MIN], size_t count_others)
{
	for (size_t i = 0; i < s->clients.size; i++)
		for (const struct hash_link *l = s->clients.buckets[i]; l != NULL; l = l->next) {
			size_t k = 0;

			while (k < count_others && others[k] != l->hash)
				k++;
			if (k == OTHERS_MIN)
				return k;
			if (k == count_others && l->hash != own)
				others[count_others++] = l->hash;
		}
	return count_others;
}

bool
bracket_looks_broken(const struct bracket *b, const char *client, const struct tried_by_others *fed, int64_t now_us)
{
	int64_t first = now_us / 1000000 / SLOT_S - SLOTS + 1;
	uint64_t own = hash_bytes(client, strlen(client)), others[OTHERS_MIN];
	size_t count_others = 0;
	struct tally sum = { 0 };

	for (const struct slot *s = b->slots; s < b->slots + SLOTS; s++) {
		if (s->minute < first)
			continue;
		const struct attempts *a = attempts_of(s, own);
		sum.tried += s->all.tried - (a ? a->tally.tried : 0);
		sum.unknown += s->all.unknown - (a ? a->tally.unknown : 0);
		if (count_others < OTHERS_MIN)
			count_others = add_others(s, own, others, count_others);
	}
	if (fed != NULL) {
		sum.tried += fed->unknown;
		sum.unknown += fed->unknown;
		count_others = fed->clients;
	}
	return sum.tried >= TRIED_MIN && count_others >= OTHERS_MIN && sum.unknown > sum.tried / 2;
}

bool
bracket_ever_knew(const struct bracket *b)
{
	return b->ever_known;
}

/* ---- ends of pairs ---- */

void
bracket_close(struct bracket *b, const char *instance, const char *recipient, int64_t now_us)
{
	uint64_t hash = pair_hash(instance, recipient);

	for (struct hash_link *l = hash_first(&b->pairs, hash); l != NULL; l = l->next) {
		struct pair *p = (struct pair *)(void *)l;

		if (l->hash != hash || p->known || strcmp(p->instance, instance) != 0 || strcmp(p->recipient, recipient) != 0)
			continue;
		p->known = true;
		count(b, p, false, now_us);
	}
}

bool
bracket_conclude(struct bracket *b, const void *connection, int64_t now_us, struct vain *vain)
{
	drop_old(b, now_us);
	struct pair *p = of_connection(b, connection);
	if (p == NULL)
		return false;
	unlist(b, p);
	free(b->concluded);
	b->concluded = p;
	if (p->known)
		return false;
	count(b, p, true, now_us);
	*vain = (struct vain){ p->client, p->recipient, p->sender_domain, p->opened_s };
	return true;
}

/* ---- from start to end ---- */

struct bracket *
bracket_new(void)
{
	struct bracket *b = xcalloc(1, sizeof *b);
	static const char help[] = "Recipients asked about at mx-pre, by what became of them.";

	b->known = metric_counter("policyd_bracket_total", "result=\"known\"", help);
	b->unknown = metric_counter("policyd_bracket_total", "result=\"unknown\"", help);
	b->dropped = metric_counter("policyd_bracket_total", "result=\"dropped\"", help);
	return b;
}

void
bracket_free(struct bracket *b)
{
	bracket_forget(b);
	hash_free(&b->pairs);
	hash_free(&b->connections);
	for (struct slot *s = b->slots; s < b->slots + SLOTS; s++)
		forget_slot(s);
	free(b->concluded);
	free(b);
}
