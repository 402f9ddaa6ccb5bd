/* hash.c - see hash.h */
#include "base/hash.h"
#include "base/arena.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static uint64_t key[2];

__attribute__((constructor)) static void
draw_key(void)
{
	if (getrandom(key, sizeof key, 0) != sizeof key)
		abort();
}

static inline uint64_t
rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static inline void
mix(uint64_t v[4])
{
	v[0] += v[1]; v[1] = rotate(v[1], 13); v[1] ^= v[0]; v[0] = rotate(v[0], 32);
	v[2] += v[3]; v[3] = rotate(v[3], 16); v[3] ^= v[2];
	v[0] += v[3]; v[3] = rotate(v[3], 21); v[3] ^= v[0];
	v[2] += v[1]; v[1] = rotate(v[1], 17); v[1] ^= v[2]; v[2] = rotate(v[2], 32);
}

uint64_t
hash_bytes(const void *bytes, size_t len)
{
	const unsigned char *in = bytes;
	uint64_t v[4] = { key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
	    key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573 };
	uint64_t word, last = (uint64_t)len << 56;
	size_t whole = len & ~(size_t)7;

	for (size_t i = 0; i < whole; i += 8) {
		memcpy(&word, in + i, 8);
		v[3] ^= word;
		mix(v);
		v[0] ^= word;
	}
	for (size_t i = whole; i < len; i++)
		last |= (uint64_t)in[i] << 8 * (i - whole);
	v[3] ^= last;
	mix(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	mix(v); mix(v); mix(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t
hash_pair(const char *a, const char *b)
{
	return hash_bytes(a, strlen(a)) ^ hash_bytes(b, strlen(b)) * 3;
}

struct hash_link *
hash_first(const struct hash_table *t, uint64_t hash)
{
	return t->size ? t->buckets[hash & (t->size - 1)] : NULL;
}

struct hash_link *
hash_find(const struct hash_table *t, uint64_t hash)
{
	struct hash_link *l = hash_first(t, hash);

	while (l != NULL && l->hash != hash)
		l = l->next;
	return l;
}

static void
grow(struct hash_table *t)
{
	size_t size = t->size ? t->size * 2 : 16;
	struct hash_link **buckets = xcalloc(size, sizeof *buckets);

	for (size_t i = 0; i < t->size; i++)
		for (struct hash_link *l = t->buckets[i], *next; l != NULL; l = next) {
			next = l->next;
			l->next = buckets[l->hash & (size - 1)];
			buckets[l->hash & (size - 1)] = l;
		}
	free(t->buckets);
	t->buckets = buckets;
	t->size = size;
}

void
hash_insert(struct hash_table *t, struct hash_link *link, uint64_t hash)
{
	if (t->count >= t->size)
		grow(t);
	struct hash_link **bucket = &t->buckets[hash & (t->size - 1)];
	link->hash = hash;
	link->next = *bucket;
	*bucket = link;
	t->count++;
}

void
hash_remove(struct hash_table *t, struct hash_link *link)
{
	struct hash_link **at = &t->buckets[link->hash & (t->size - 1)];

	while (*at != link) {
		assert(*at != NULL);
		at = &(*at)->next;
	}
	*at = link->next;
	t->count--;
}

void
hash_free(struct hash_table *t)
{
	free(t->buckets);
	*t = (struct hash_table){ 0 };
}

void
hash_clear(struct hash_table *t)
{
	for (size_t i = 0; i < t->size; i++)
		for (struct hash_link *l = t->buckets[i], *next; l != NULL; l = next) {
			next = l->next;
			free(l);
		}
	hash_free(t);
}
