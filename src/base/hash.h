/* hash.h - a keyed hash and tables over it
 *
 * SipHash-1-3 under a key drawn at start (Aumasson and Bernstein, "SipHash: a
 * fast short-input PRF"), so that nobody outside can choose keys that collide.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const void *bytes, size_t len);

/* The same of two texts together. */
uint64_t hash_pair(const char *a, const char *b);

/*
 * A chained table whose entries embed a struct hash_link as their first member.
 * The table never owns, copies or compares an entry: the caller walks the links
 * of one hash (hash_first, then link->next) and compares what it knows.
 */
struct hash_link {
	struct hash_link *next;
	uint64_t hash;
};

struct hash_table {
	struct hash_link **buckets;	/* a power of two of them; NULL while empty */
	size_t size, count;
};

struct hash_link *hash_first(const struct hash_table *t, uint64_t hash);	/* of its bucket; compare ->hash */
struct hash_link *hash_find(const struct hash_table *t, uint64_t hash);	/* one of just this hash */
void hash_insert(struct hash_table *t, struct hash_link *link, uint64_t hash);
void hash_remove(struct hash_table *t, struct hash_link *link);			/* must be in the table */
void hash_free(struct hash_table *t);						/* the buckets, not the entries */
void hash_clear(struct hash_table *t);						/* the entries, by free(), and the buckets */

#endif
