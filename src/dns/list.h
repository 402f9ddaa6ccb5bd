/* list.h - DNS lists (RFC 5782): which there are, how they fare, and whether to ask them
 *
 * A list that does not answer costs every request its time-out; one that lists
 * everybody costs all mail.  So each list has
 *
 *   a breaker   opens when dns_list_failures questions for different names have failed in a row: silence,
 *               SERVFAIL, or an error code.  Then nothing is asked; after dns_list_pause one question is let
 *               through.  If it is answered the breaker closes, else the pause doubles, up to
 *               dns_list_pause_max (unless nobody else is answered either: that is no fault of the list)
 *   a probe     of its test entries (probe.h), at the start and every dns_list_probe.  A list that lists what
 *               none may lists the world; one that lacks what each must have, twice in a row, is dead.  Either
 *               is not asked until a probe finds otherwise
 *
 * A question to a list that is not asked has failed at once; so has one whose
 * answer is an error code, or lists anybody before the first probe is back.
 * Each change of state is one line in the log.
 */
#ifndef DNS_LIST_H
#define DNS_LIST_H

#include "dns/filter.h"
#include "dns/probe.h"

struct dns_lists;

enum { DNS_LISTS_MAX = 256 };

struct dns_list_errors {		/* codes by which a list says that it cannot answer, beside 127.255.255.0/24 */
	size_t count;
	const struct dns_list_error {
		const char *list;
		struct dns_filter codes;
	} *at;
};

struct dns_list_options {
	int64_t dns_list_failures;
	int64_t dns_list_pause_s, dns_list_pause_max_s;
	int64_t dns_list_probe_s;
	struct option_list dns_list_unprobed;
	struct dns_list_errors dns_list_errors;
};
extern const struct option_table dns_list_option_table;

/* The parser of dns_list_errors; here for the fuzz target and tests. */
const char *dns_list_errors_parse(struct arena *a, const char *text, void *into);

/*
 * o must live until other options are given, d longer.  There is one for each d, whose queries it minds (dns_mind()).
 *
 * probing  false: no list is probed, all are believed (policyd -x)
 */
struct dns_lists *dns_lists_new(struct loop *l, struct dns *d, const struct dns_list_options *o, bool probing);
void dns_lists_configure(struct dns_lists *h, const struct dns_list_options *o);	/* then name lists */
void dns_lists_free(struct dns_lists *h);

/*
 * Which lists there are: name each, as often as it is used, between these two.  Those that are not named again go;
 * new ones are probed.  Of more than DNS_LISTS_MAX the others are asked unminded, and the log says so.
 *
 * domain   in normal form, at most DNS_LIST_DOMAIN_MAX bytes
 * rule     that asks it
 */
void dns_lists_begin(struct dns_lists *h);
void dns_lists_name(struct dns_lists *h, const char *domain, enum dns_list_kind kind, const char *rule);
void dns_lists_end(struct dns_lists *h);

/* dns_ask() for a name within the list of that domain, unless the list is not to be asked. */
const struct answer *dns_list_ask(struct dns_lists *h, const char *domain, const char *name, enum dns_type type,
    struct dns_waiter *w);

/* ---- for people ---- */

enum dns_list_state {
	DNS_LIST_GOOD,
	DNS_LIST_NEW,			/* the first probe is under way */
	DNS_LIST_FAILING,		/* the breaker is open */
	DNS_LIST_DEAD,
	DNS_LIST_LISTS_ALL,
};

struct dns_list_report {
	const char *domain, *kind, *rules;	/* "addresses", "names" or "addresses, names"; "dnsbl, dnswl" */
	const char *state;			/* "good", "new", "failing", "dead", "lists all" */
	const char *why;			/* "": good, or new */
	int64_t since_s;			/* Unix seconds: when the state began */
	int64_t probed_s;			/* when the last probe was back; 0: none was */
	const char *probe;			/* what it found: "good", "lacks 127.0.0.2", … */
	bool ipv6;				/* it listed the test entry for IPv6 */
};

/* Have changed(arg) called, from the loop, some time after any report has changed. */
void dns_lists_on_change(struct dns_lists *h, void (*changed)(void *arg), void *arg);

/* The i-th report; false if there are not so many.  Texts hold until anything else is called. */
bool dns_lists_report(const struct dns_lists *h, size_t i, struct dns_list_report *out);

#endif
