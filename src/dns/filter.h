/* filter.h - which answers of a DNS list are meant: four numbers with dots between (postconf(5))
 *
 *     127.0.0.2    127.0.0.[2..11;13]    127.0.[0..255].3
 *
 * A list answers with addresses in 127.0.0.0/8, which are codes (RFC 5782 s.2.3).
 */
#ifndef DNS_FILTER_H
#define DNS_FILTER_H

#include "base/arena.h"
#include "base/domain.h"
#include "dns/answer.h"

struct dns_filter {
	uint32_t octets[4][8];		/* bit N of octet I is set if N may stand there */
};

enum { DNS_LIST_DOMAIN_MAX = DOMAIN_TEXT - 1 - 64 };	/* before it go 32 nibbles, a dot behind each */

/*
 * Read "domain[=filter]", changed in place: the list's domain in normal form, in a, and the filter; without one,
 * any code.  NULL, or what is wrong (static).
 */
const char *dns_filter_parse(struct arena *a, char *entry, const char **domain, struct dns_filter *filter);

bool dns_filter_takes(const struct dns_filter *f, const struct address *answer);

/* 127.255.255.0/24: a list says that it cannot or will not answer us. */
bool dns_is_list_error(const struct address *answer);

#endif
