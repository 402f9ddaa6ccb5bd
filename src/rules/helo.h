/* helo.h - what kind of thing a client said with HELO or EHLO (RFC 5321 s.4.1.1.1, s.4.1.3) */
#ifndef RULES_HELO_H
#define RULES_HELO_H

#include "policy/rule.h"

enum helo_kind {
	HELO_NONE,		/* nothing: it never greeted */
	HELO_NAME,		/* a host name: labels of letters, digits and hyphens, or U-labels (RFC 6531 s.3.3) */
	HELO_ADDRESS,		/* [192.0.2.7], [IPv6:2001:db8::1], [2001:db8::1], or one of these addresses bare */
	HELO_RUBBISH,		/* anything else */
};

struct helo {
	enum helo_kind kind;
	const char *text;	/* as said */
	struct address address;	/* HELO_ADDRESS */
};

struct helo helo(const struct eval *e);

/* The helo name in normal form if it is a fully qualified host name, of which the DNS can say something; else NULL. */
const char *helo_host(const struct eval *e);

#endif
