/* dnsbl_sites.h - DNS lists as postscreen_dnsbl_sites writes them (postconf(5))
 *
 *     zen.example=127.0.0.[2..9;13]*3, bl.example, allow.example=127.0.[0..255].[1..3]*-2
 *
 * A list's domain; behind "=" a filter, four numbers with dots between, each of
 * which may be a set in brackets; behind "*" a weight, 1 if there is none.
 */
#ifndef RULES_DNSBL_SITES_H
#define RULES_DNSBL_SITES_H

#include "policy/rule.h"

enum { DNSBL_SITES_MAX = 64, DNSBL_WEIGHT_MAX = 1000 };

struct dnsbl_site {
	const char *domain;		/* normal form; fits behind any reversed address */
	int weight;			/* negative: being listed speaks for the client */
	struct dns_filter filter;
};

struct dnsbl_sites {
	size_t count;
	const struct dnsbl_site *at;
};

/* The parser of an OPT_PARSED row whose member is a struct dnsbl_sites. */
const char *dnsbl_sites_parse(struct arena *a, const char *text, void *into);

/* The same where one listing is enough: a weight is an error. */
const char *dnsbl_sites_parse_plain(struct arena *a, const char *text, void *into);

/* Name them all, for a rule's .lists. */
void dnsbl_sites_name(const struct dnsbl_sites *s, enum dns_list_kind kind, list_namer *name, void *arg);

/* True if the filter takes this address; without a filter, any in 127.0.0.0/8, but never one of 127.255.255.0/24. */
bool dnsbl_site_takes(const struct dnsbl_site *s, const struct address *answer);

/* True if it takes one of an answer's addresses: the list lists what was asked for. */
bool dnsbl_site_lists(const struct dnsbl_site *s, const struct answer *a);

#endif
