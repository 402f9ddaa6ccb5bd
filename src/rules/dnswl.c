/* dnswl.c - a client on a DNS allow list is not judged by client, HELO name and sender
 *
 * Asks          the client's reversed address at every list of dnswl_sites                 RFC 5782 s.2
 * Checks        none; rules behind this one that spare allowed clients are not asked
 * Cannot tell   when no list lists the client, but one failed: no such rule rejects then
 * Leaves        private addresses: nobody lists them; at mx-pre, clients that nothing is known against
 */
#include "rules/dnsbl_sites.h"

#define OPTIONS dnswl_options
struct dnswl_options {
	struct dnsbl_sites sites;
};

static const struct option rows[] = {
	{ "dnswl_sites", OPT_PARSED, INTO(sites), "", .parse = dnsbl_sites_parse_plain,
	  .sentence = "DNS allow lists, written as in dnsbl_sites without weights: whom one of them lists is treated "
	  "as if a row of the table allow matched." },
};

static struct verdict
judge(struct eval *e)
{
	const struct dnswl_options *o = options(e);
	const struct address *client = &request(e)->client;
	const struct dnsbl_site *listing = NULL, *unsure = NULL;
	char reverse[REVERSE_TEXT];

	if (o->sites.count == 0 || client->bits == 0 || address_is_private(client))
		return DUNNO;
	if (hook(e) == HOOK_MX_PRE && !on_record(e))
		return waiting(e) ? PENDING : DUNNO;

	address_reverse(client, reverse);
	for (size_t i = 0; i < o->sites.count; i++) {
		const struct dnsbl_site *s = &o->sites.at[i];
		const struct answer *a = list_lookup(e, s->domain, reverse, DNS_A);

		if (failed(a))
			unsure = unsure ? unsure : s;
		if (dnsbl_site_lists(s, a))
			listing = listing ? listing : s;
	}
	if (waiting(e))
		return PENDING;

	if (listing != NULL)
		return exempt(e, "%s is listed by %s", request(e)->client_address, listing->domain);
	if (unsure != NULL)
		return perhaps_exempt(e, "cannot look up %s at %s now", request(e)->client_address, unsure->domain);
	return DUNNO;
}

static void
lists(const void *options, list_namer *name, void *arg)
{
	const struct dnswl_options *o = options;

	dnsbl_sites_name(&o->sites, DNS_LIST_ADDRESSES, name, arg);
}

const struct rule rule_dnswl = { "dnswl", judge, STAGE_RCPT, HOOK_MX_PRE | HOOK_MX, SPARE_STRANGER, OPTION_TABLE(rows),
    .grants = SPARE_ALLOWED, .lists = lists };
