/* attempts.h - an index in memory of what was tried and waits: from a hash to when, 16 bytes each
 *
 * A table in a thousand pieces, each of which grows by itself, so that none takes long.  No two triplets of ten million
 * share a hash of 64 bits, but for one chance in ten billion.
 */
#ifndef STORE_ATTEMPTS_H
#define STORE_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attempts;

struct attempt {
	uint32_t gen;
	uint32_t first_s;		/* Unix seconds, until 2106 */
};

struct attempts *attempts_new(void);
void attempts_free(struct attempts *a);

/* The hash was tried; if it is there already the higher gen counts, and of the same gen what was first. */
void attempts_add(struct attempts *a, uint64_t hash, struct attempt attempt);

/* NULL if it is not there; until the next call here. */
const struct attempt *attempts_find(const struct attempts *a, uint64_t hash);
void attempts_remove(struct attempts *a, uint64_t hash);

/* What was tried before that is gone; its memory goes when a piece grows, or by attempts_sweep(), a piece each call. */
void attempts_forget(struct attempts *a, int64_t before_s);
void attempts_sweep(struct attempts *a);

/* How many there are, some of them gone already; what they take. */
size_t attempts_count(const struct attempts *a);
size_t attempts_bytes(const struct attempts *a);

#endif
