/* pattern.h - one column of a row that people wrote: what it matches */
#ifndef STORE_PATTERN_H
#define STORE_PATTERN_H

#include "base/address.h"
#include "base/arena.h"

/* One column of a row, in normal form. */
struct pattern {
	enum { PATTERN_ANY, PATTERN_NETWORK, PATTERN_EXACT, PATTERN_BELOW, PATTERN_DOMAIN } what;
	const char *text;		/* PATTERN_EXACT: name or address; PATTERN_BELOW, PATTERN_DOMAIN: the domain */
	struct network network;
};

/*
 * Read a column, whose name says what may stand there: client, helo, sender, recipient or login.  Empty text matches
 * anything.  False with a finding (in a) that names column and value.
 */
bool pattern_read(struct arena *a, const char *column, const char *text, struct pattern *p, const char **finding);

/* How specific it is: 0 if it matches anything. */
int pattern_weight(const struct pattern *p);

/* Whether a name or an address in normal form matches (NULL: there is none); not for networks. */
bool pattern_matches(const struct pattern *p, const char *value);

#endif
