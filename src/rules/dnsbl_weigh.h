/* dnsbl_weigh.h - what DNS lists say of a client's address or of names, weighed against a threshold (RFC 5782 s.2)
 *
 * Each entry is asked of each list.  A list counts with its weight once, if it
 * lists any entry.  One that fails adds nothing, but counts with all of a
 * negative weight, so that silence refuses nobody.
 *
 * From the threshold on the check objects: the lists that listed an entry are
 * asked for their reasons (TXT), and the first is shown.  It cannot tell if
 * lists that failed could have made the difference.  In any case the sum is
 * what the verdict weighs under `score N`.
 */
#ifndef RULES_DNSBL_WEIGH_H
#define RULES_DNSBL_WEIGH_H

#include "rules/dnsbl_sites.h"

enum { DNSBL_ENTRIES_MAX = 3 };

struct dnsbl_entry {
	const char *shown;		/* an address or a domain, for people */
	const char *name;		/* the same before a list's domain */
};

/* check as for object(); at most DNSBL_ENTRIES_MAX entries, none of them twice. */
struct verdict dnsbl_weigh(struct eval *e, unsigned check, const struct dnsbl_sites *sites, int64_t threshold,
    const struct dnsbl_entry *entries, size_t count);

#endif
