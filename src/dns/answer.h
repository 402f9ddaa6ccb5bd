/* answer.h - what the DNS said to one question
 *
 * Three answers and a wait: yes (found), no (not_found: NXDOMAIN or no data,
 * RFC 2308 s.2), cannot tell (failed: SERVFAIL, silence, nonsense); all are
 * false while the question is open.
 */
#ifndef DNS_ANSWER_H
#define DNS_ANSWER_H

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dns_type { DNS_A = 1, DNS_NS = 2, DNS_SOA = 6, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28 };

/* An answer with more records, aliases among them, has failed; BIND gives out no more than 100 of one type. */
enum { DNS_RECORDS_MAX = 300 };

enum dns_status { DNS_OPEN, DNS_FOUND, DNS_NO_DATA, DNS_NXDOMAIN, DNS_FAILED };

struct dns_record {
	struct address address;		/* A, AAAA */
	uint16_t preference;		/* MX */
	const char *name;		/* MX, PTR, NS: normal form (lower case, no trailing dot); "" is the root; else NULL */
	const char *text;		/* TXT: its strings joined, NUL-terminated, may hold NULs */
	size_t text_len;
};

struct answer {
	const char *name;		/* as asked, in normal form */
	enum dns_type type;
	enum dns_status status;
	uint32_t ttl_s;			/* what is left of it when the answer came, floor and ceiling applied */
	uint32_t took_us;		/* between the question and the answer; 0 if the cache had it */
	const char *why;		/* DNS_FAILED: "SERVFAIL", "no answer in 2000 ms", …; else "" */
	size_t count;			/* records of the type asked for, aliases followed: all there are */
	const struct dns_record *records;
};

static inline bool found(const struct answer *a) { return a->status == DNS_FOUND; }
static inline bool not_found(const struct answer *a) { return a->status == DNS_NO_DATA || a->status == DNS_NXDOMAIN; }
static inline bool failed(const struct answer *a) { return a->status == DNS_FAILED; }
static inline bool is_open(const struct answer *a) { return a->status == DNS_OPEN; }

/* "A", "MX", … */
const char *dns_type_name(enum dns_type type);

#endif
