/* bracket.c - see bracket.h */
#include "policy/bracket.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/metrics.h"

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

/* What a client tried within a minute; known by its hash. */
struct attempts {
	struct hash_link link;
	unsigned tried, unknown;
};

struct slot {
	struct hash_table clients;
	int64_t minute;			/* of clock_mono_us(), in SLOT_S */
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
	return hash_bytes(instance, strlen(instance)) ^ hash_bytes(recipient, strlen(recipient)) * 3;
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
drop_old(struct bracket *b, int64_t now_us)
{
	struct pair *p;

	while ((p = b->oldest) != NULL &&
	    (b->pairs.count > PAIRS_MAX || now_us - p->opened_us > (int64_t)PAIR_KEEP_S * 1000000)) {
		b->dropped->value += !p->known;
		unlist(b, p);
		free(p);
	}
}

static const char *
put(char **at, const char *text)
{
	if (text == NULL)
		return NULL;
	size_t size = strlen(text) + 1;
	char *copy = memcpy(*at, text, size);
	*at += size;
	return copy;
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
	p->instance = put(&at, s->instance);
	p->client = put(&at, s->client);
	p->recipient = put(&at, s->recipient);
	p->sender_domain = put(&at, s->sender_domain);
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
	for (size_t i = 0; i < s->clients.size; i++)
		for (struct hash_link *l = s->clients.buckets[i], *next; l != NULL; l = next) {
			next = l->next;
			free(l);
		}
	hash_free(&s->clients);
}

static struct attempts *
attempts_of(const struct slot *s, uint64_t hash)
{
	struct hash_link *l = hash_first(&s->clients, hash);

	while (l != NULL && l->hash != hash)
		l = l->next;
	return (struct attempts *)(void *)l;
}

static void
count(struct bracket *b, const struct pair *p, bool unknown, int64_t now_us)
{
	int64_t minute = now_us / 1000000 / SLOT_S;
	struct slot *s = &b->slots[minute % SLOTS];
	uint64_t hash = hash_bytes(p->client, strlen(p->client));

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
		a->tried++;
		a->unknown += unknown;
	}
	b->ever_known |= !unknown;
	(unknown ? b->unknown : b->known)->value++;
}

/* How many different clients these minutes know beside this one, as far as it matters. */
static size_t
add_client(uint64_t seen[OTHERS_MIN], size_t count_seen, uint64_t hash)
{
	size_t i = 0;

	while (i < count_seen && seen[i] != hash)
		i++;
	if (i == count_seen && count_seen < OTHERS_MIN)
		seen[count_seen++] = hash;
	return count_seen;
}

bool
bracket_looks_broken(const struct bracket *b, const char *client, int64_t now_us)
{
	int64_t first = now_us / 1000000 / SLOT_S - SLOTS + 1;
	uint64_t own = hash_bytes(client, strlen(client)), seen[OTHERS_MIN];
	size_t others = 0;
	unsigned tried = 0, unknown = 0;

	for (const struct slot *s = b->slots; s < b->slots + SLOTS; s++)
		for (size_t i = 0; s->minute >= first && i < s->clients.size; i++)
			for (struct hash_link *l = s->clients.buckets[i]; l != NULL; l = l->next) {
				const struct attempts *a = (const struct attempts *)(const void *)l;

				if (l->hash == own)
					continue;
				tried += a->tried;
				unknown += a->unknown;
				others = add_client(seen, others, l->hash);
			}
	return !b->ever_known || (tried >= TRIED_MIN && others >= OTHERS_MIN && unknown > tried / 2);
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
	while (b->oldest != NULL) {
		struct pair *p = b->oldest;

		unlist(b, p);
		free(p);
	}
	hash_free(&b->pairs);
	hash_free(&b->connections);
	for (struct slot *s = b->slots; s < b->slots + SLOTS; s++)
		forget_slot(s);
	free(b->concluded);
	free(b);
}
