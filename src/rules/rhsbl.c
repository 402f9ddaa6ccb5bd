/* rhsbl.c - mail in the name of a domain on too many DNS blocklists is not welcome
 *
 * Asks          the domains that rhsbl_names says (the sender's, the HELO name, the client's confirmed name),
 *               each whole, at every list of rhsbl_sites; TXT as dnsbl does                RFC 5782 s.2.3
 * Checks        rhsbl  5.7.1  the lists that know one of them weigh rhsbl_threshold or more; the reply names
 *                             the domain, the lists and the first reason found.  `score N` as for dnsbl
 * Cannot tell   when lists that failed could have made the difference, as for dnsbl
 * Leaves        what is no fully qualified host name, addresses among them; the null sender; a client whose name
 *               cannot be confirmed (client_rdns looks at it)
 *
 * Lists of domains that hold registered domains list all names below them, too (Spamhaus' DBL, SURBL's public
 * zone), so the whole name is asked, as Postfix's reject_rhsbl_* do.
 */
#include "rules/dnsbl_weigh.h"

#include <string.h>

#define OPTIONS rhsbl_options
struct rhsbl_options {
	struct setting rhsbl;
	struct dnsbl_sites sites;
	struct option_list names;
	int64_t threshold;
};
enum { RHSBL, RHSBL_SITES, RHSBL_NAMES, RHSBL_THRESHOLD };

static const char *
check_name(const char *word)
{
	bool known = strcmp(word, "sender") == 0 || strcmp(word, "helo") == 0 || strcmp(word, "client") == 0;

	return known ? NULL : "no name that is asked for; write sender, helo, client or several of them";
}

static const struct option rows[] = {
	[RHSBL] = { "rhsbl", OPT_SETTING, INTO(rhsbl), "reject",
	    .sentence = "The lists in rhsbl_sites that know one of the domains in rhsbl_names weigh rhsbl_threshold or "
	    "more; with score N, each unit of weight adds N." },
	[RHSBL_SITES] = { "rhsbl_sites", OPT_PARSED, INTO(sites), "", .parse = dnsbl_sites_parse,
	    .sentence = "DNS lists of domains, written as in dnsbl_sites." },
	[RHSBL_NAMES] = { "rhsbl_names", OPT_LIST, INTO(names), "sender", .check = check_name,
	    .sentence = "Which domains are asked for: sender, helo, client (its confirmed name)." },
	[RHSBL_THRESHOLD] = { "rhsbl_threshold", OPT_INT, INTO(threshold), "1", "1", "10000",
	    .sentence = "The sum of weights from which on the mail is refused." },
};

static bool
wants(const struct rhsbl_options *o, const char *word)
{
	for (size_t i = 0; i < o->names.count; i++)
		if (strcmp(o->names.at[i], word) == 0)
			return true;
	return false;
}

/* Append the domain, if it is one that lists know and none of those before it. */
static size_t
add(struct dnsbl_entry *entries, size_t count, const char *domain)
{
	if (domain == NULL || !domain_is_fqdn(domain) || !domain_is_hostname(domain))
		return count;
	for (size_t i = 0; i < count; i++)
		if (strcmp(entries[i].name, domain) == 0)
			return count;
	entries[count] = (struct dnsbl_entry){ domain, domain };
	return count + 1;
}

static struct verdict
judge(struct eval *e)
{
	const struct rhsbl_options *o = options(e);
	struct dnsbl_entry entries[DNSBL_ENTRIES_MAX];
	size_t count = 0;

	if (o->sites.count == 0)
		return DUNNO;

	if (wants(o, "sender"))
		count = add(entries, count, sender_domain(e));
	if (wants(o, "helo"))
		count = add(entries, count, helo_domain(e));
	if (wants(o, "client")) {
		struct client_name client = client_name(e);

		if (client.status == NAME_CONFIRMED && !client.unsure)
			count = add(entries, count, client.name);
	}
	return dnsbl_weigh(e, RHSBL, &o->sites, o->threshold, entries, count);
}

static void
lists(const void *options, list_namer *name, void *arg)
{
	const struct rhsbl_options *o = options;

	dnsbl_sites_name(&o->sites, DNS_LIST_NAMES, name, arg);
}

const struct rule rule_rhsbl = { "rhsbl", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows), .lists = lists };
