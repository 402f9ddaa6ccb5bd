/* tld.h - is there a top-level domain of that name?
 *
 * The DNS is asked, not a list that ages: the root knows its top-level domains,
 * and the resolver's cache and ours keep what it says.  Names set aside for
 * other uses than the DNS count as unknown, and nobody is asked.
 */
#ifndef RULES_TLD_H
#define RULES_TLD_H

#include "policy/rule.h"

enum tld_status {
	TLD_OPEN,			/* not known yet; waiting(e) is true */
	TLD_KNOWN,			/* it exists; or it is a number, and no top-level domain at all */
	TLD_UNKNOWN,
	TLD_CANNOT_TELL,
};

struct tld {
	enum tld_status status;
	const char *name;		/* the last label of the name asked for */
};

/* The top-level domain of a name in normal form. */
struct tld tld_of(struct eval *e, const char *normal);

#endif
