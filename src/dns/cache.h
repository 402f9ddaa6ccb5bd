/* cache.h - answers kept for as long as they hold
 *
 * Keyed by name and type; what was used longest ago goes first.  Keeps so many
 * answers as its limit says; one that takes more than a KiB counts once more for
 * each, so that big answers cannot fill the memory.  A hit allocates nothing.
 */
#ifndef DNS_CACHE_H
#define DNS_CACHE_H

#include "dns/answer.h"

struct dns_cache;

struct dns_cache *dns_cache_new(size_t limit);
void dns_cache_limit(struct dns_cache *c, size_t limit);
void dns_cache_free(struct dns_cache *c);

/* Of name (in normal form) and type, for dns_cache_find() and other tables of questions. */
uint64_t dns_question_hash(const char *name, enum dns_type type);

/* The answer, the cache's own reference; NULL if there is none that still holds. */
const struct answer *dns_cache_find(struct dns_cache *c, const char *name, enum dns_type type, uint64_t hash);

/* Keep a reference to a for a->ttl_s seconds from now, in place of what was kept; for 0 seconds: not at all. */
void dns_cache_add(struct dns_cache *c, const struct answer *a);

/* Drop what is kept of this name (in normal form) and those below it; looks at everything there is. */
void dns_cache_drop(struct dns_cache *c, const char *name);

#endif
