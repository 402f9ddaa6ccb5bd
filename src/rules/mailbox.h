/* mailbox.h - what can be wrong with an address as Postfix hands it over (RFC 5321 s.4.1.2, RFC 6531 s.3.3)
 *
 * Postfix takes the quotes off a local part: a..b@c and "a..b"@c look the same,
 * and within quotes a blank or an @ is right.  So only length, control
 * characters and bytes that are not UTF-8 prove a local part wrong.  The domain
 * stands behind the last @, with U-labels or A-labels, or is an address literal.
 */
#ifndef RULES_MAILBOX_H
#define RULES_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>

enum { MAILBOX_MAX = 254 };		/* octets: a path is two longer, < and > (RFC 5321 s.4.5.3.1.3) */

struct mailbox_limits {
	size_t local_max;		/* octets of the local part */
	bool underscore;		/* the domain may have them */
};

/* What is wrong with it, for "the address …" to stand before: "has no domain"; NULL: nothing. */
const char *mailbox_fault(const char *address, const struct mailbox_limits *limits);

#endif
