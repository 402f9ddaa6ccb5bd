/* keep.h - answers in memory: one block each, references counted
 *
 * answer_ref() and answer_release() (dns.h) count; an answer never changes.
 */
#ifndef DNS_KEEP_H
#define DNS_KEEP_H

#include "dns/answer.h"

/* A copy of everything model points to; the caller holds its one reference. */
const struct answer *answer_keep(const struct answer *model);

/* The same answer, with took_us: a small block of its own that holds a reference to a. */
const struct answer *answer_timed(const struct answer *a, uint32_t took_us);

/* Bytes of memory it takes. */
size_t answer_bytes(const struct answer *a);

#endif
