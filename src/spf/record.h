/* record.h - a domain's SPF record, read whole by the grammar of RFC 7208 s.12 before anything is evaluated */
#ifndef SPF_RECORD_H
#define SPF_RECORD_H

#include "base/address.h"
#include "base/arena.h"

enum spf_mechanism { SPF_ALL, SPF_INCLUDE, SPF_A, SPF_MX, SPF_PTR, SPF_IP4, SPF_IP6, SPF_EXISTS };

/* A domain-spec as written, its macros not expanded; at is NULL if there is none. */
struct spf_spec {
	const char *at;
	size_t len;
};

struct spf_term {			/* a directive */
	char qualifier;			/* + - ~ or ? */
	enum spf_mechanism mechanism;
	struct spf_spec written;	/* all of it */
	struct spf_spec domain;
	struct network network;		/* IP4, IP6 */
	uint8_t prefix4, prefix6;	/* A, MX: of their dual-cidr-length */
};

struct spf_record {
	size_t count;
	struct spf_term *terms;
	struct spf_spec redirect, exp;
};

/* True if TXT bytes are a version 1 record (RFC 7208 s.4.5). */
bool spf_record_is(const char *text, size_t len);

/*
 * Read a record, which must outlive *r.  False, with a sentence in a at *why, if
 * any octet of it is against the grammar: that is a permerror, whatever stands before it (s.4.6).
 */
bool spf_record_read(struct arena *a, const char *text, size_t len, struct spf_record *r, const char **why);

#endif
