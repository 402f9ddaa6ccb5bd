/* probe.h - a DNS list's test entries (RFC 5782 s.5): what every list must list, and what none may
 *
 *     addresses    127.0.0.2 must be listed, 127.0.0.1 must not
 *                  ::ffff:127.0.0.2 is listed where IPv6 is, ::ffff:127.0.0.1 must not be
 *     names        test must be listed, invalid must not
 *
 * The same holds for allow lists, though not all of them know it.
 */
#ifndef DNS_PROBE_H
#define DNS_PROBE_H

#include "dns/dns.h"

enum dns_list_kind {			/* what a list lists; both may be ored */
	DNS_LIST_ADDRESSES = 1,
	DNS_LIST_NAMES = 2,
};

enum probe_finding {			/* the worst goes before */
	PROBE_GOOD,
	PROBE_LACKS,			/* it does not list what it must */
	PROBE_CANNOT_TELL,		/* a question failed */
	PROBE_LISTS_ALL,		/* it lists what it must not */
};

enum { PROBE_ENTRIES = 6 };

/* Embedded by the caller, zeroed; must stay where it is. */
struct probe {
	void (*done)(struct probe *p);	/* the caller's: called once for each start, from the loop, never from within */
	enum probe_finding finding;	/* of the last one that is done, as are these */
	const char *entry;		/* that shows it: "127.0.0.2" */
	bool ipv6;			/* it lists IPv6 addresses, as far as one can tell */
	size_t open;			/* questions under way; 0: no probe is */
	struct probe_question {
		struct dns_waiter waiter;	/* first: its answer finds the question by it */
		struct probe *probe;
		const struct answer *answer;	/* NULL: not asked, or open */
	} questions[PROBE_ENTRIES];
};

/* Ask a list of these kinds; none is under way.  False if nothing could be asked, and done() will not come. */
bool probe_start(struct probe *p, struct dns *d, const char *domain, unsigned kinds);

/* Forget what is under way. */
void probe_forget(struct probe *p, struct dns *d);

/* True if name is a test entry of that list. */
bool probe_asks(const char *domain, const char *name);

#endif
