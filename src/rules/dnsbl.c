/* dnsbl.c - a client on too many DNS blocklists is not welcome
 *
 * Asks          the client's reversed address at every list of dnsbl_sites; if the weights of those
 *               that list it reach dnsbl_threshold, TXT at these lists                     RFC 5782 s.2
 * Checks        dnsbl  5.7.1  they reach it; the reply names the lists and the first reason found.
 *                             Under `score N` each unit of weight adds N, below the threshold too
 * Cannot tell   when lists that failed could have made the difference.  A list that fails adds nothing,
 *               but one of negative weight counts with all of it, so that silence refuses nobody
 * Leaves        private addresses: nobody lists them
 */
#include "rules/dnsbl_weigh.h"

#define OPTIONS dnsbl_options
struct dnsbl_options {
	struct setting dnsbl;
	struct dnsbl_sites sites;
	int64_t threshold;
};
enum { DNSBL, DNSBL_SITES, DNSBL_THRESHOLD };

static const struct option rows[] = {
	[DNSBL] = { "dnsbl", OPT_SETTING, INTO(dnsbl), "reject",
	    .sentence = "The lists in dnsbl_sites that know the client's address weigh dnsbl_threshold or more; with "
	    "score N, each unit of weight adds N.  The reply names the lists; give the setting a \"text\" where a "
	    "list's name holds a key." },
	[DNSBL_SITES] = { "dnsbl_sites", OPT_PARSED, INTO(sites), "", .parse = dnsbl_sites_parse,
	    .sentence = "DNS block and allow lists as in postscreen_dnsbl_sites: domain=filter*weight, "
	    "as in bl.example=127.0.0.[2..11]*2." },
	[DNSBL_THRESHOLD] = { "dnsbl_threshold", OPT_INT, INTO(threshold), "1", "1", "10000",
	    .sentence = "The sum of weights from which on a client is refused." },
};

static struct verdict
judge(struct eval *e)
{
	const struct dnsbl_options *o = options(e);
	const struct address *client = &request(e)->client;
	char address[ADDRESS_TEXT], reverse[REVERSE_TEXT];

	if (o->sites.count == 0 || client->bits == 0 || address_is_private(client))
		return DUNNO;

	struct dnsbl_entry entry = { address_print(client, address), address_reverse(client, reverse) };
	return dnsbl_weigh(e, DNSBL, &o->sites, o->threshold, &entry, 1);
}

static void
lists(const void *options, list_namer *name, void *arg)
{
	const struct dnsbl_options *o = options;

	dnsbl_sites_name(&o->sites, DNS_LIST_ADDRESSES, name, arg);
}

const struct rule rule_dnsbl = { "dnsbl", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows), .lists = lists, .counts = 1 << ACTIVITY_LISTED };
