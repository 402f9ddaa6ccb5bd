/* client_dynamic.c - no mail from dial-up lines and dynamic addresses: they use their provider's mail server
 *
 * Asks          the client's name, and its reversed address at every list of dnsbl_dynamic
 * Checks        client_dynamic  5.7.1  the name spells the address or matches dynamic_names, and does not match
 *                                      static_names; or a list has the address
 * Cannot tell   when the name or a list cannot be looked up and nothing else objects; also when a name that looks
 *               dynamic may not be the one that counts, as another or its way back cannot be looked up
 * Leaves        private addresses; a client without a fully qualified name to the lists (client_rdns looks at it)
 */
#include "rules/dnsbl_sites.h"
#include "rules/dynamic_name.h"

#define OPTIONS client_dynamic_options
struct client_dynamic_options {
	struct setting client_dynamic;
	struct name_patterns dynamic_names, static_names;
	struct dnsbl_sites dnsbl_dynamic;
};
enum { CLIENT_DYNAMIC, DYNAMIC_NAMES, STATIC_NAMES, DNSBL_DYNAMIC };

static const struct option rows[] = {
	[CLIENT_DYNAMIC] = { "client_dynamic", OPT_SETTING, INTO(client_dynamic), "score 2",
	    .sentence = "The client's reverse DNS name shows a dial-up line or a dynamic address, or a list in "
	    "dnsbl_dynamic says so." },
	[DYNAMIC_NAMES] = { "dynamic_names", OPT_PARSED, INTO(dynamic_names),
	    "abo apn *band bb bras broad *cable catv cdma cgnat client clients cm cpe cust customer customers dhcp dial "
	    "dialin dialup dip *dsl dsl* dyn dynamic dynamicip dynip fiber fibre fttb fttx ftth gpon gprs hsd hsi hspa "
	    "ipngn isdn lns lte mobile pool pools ppp pppoe priv res residential subs subscriber* umts user wifi wimax "
	    "wlan",
	    .parse = name_patterns_parse,
	    .sentence = "Words (dsl, dial*) and names (*.pool.example.net) that dial-up lines have." },
	[STATIC_NAMES] = { "static_names", OPT_PARSED, INTO(static_names),
	    "*static* stat sta sdsl fix fixed fixe b2b*.* biz business corp* *mail*.* exchange lists mout mta* mx* news* "
	    "out outbound relay* sender* smtp* cloud* colo* compute dedi* *hosting.* instances *server.* server* srv "
	    "*usercontent.* vps*",
	    .parse = name_patterns_parse,
	    .sentence = "Words and names that speak for the client, whatever else its name shows." },
	[DNSBL_DYNAMIC] = { "dnsbl_dynamic", OPT_PARSED, INTO(dnsbl_dynamic), "", .parse = dnsbl_sites_parse_plain,
	    .sentence = "DNS lists of such addresses, one of which is enough: domain=filter, as in "
	    "bl.example=127.0.0.[10..11]." },
};

/* The first list that has the client; NULL if none has. */
static const struct dnsbl_site *
first_that_lists(const struct dnsbl_sites *sites, const struct answer *const *answers)
{
	for (size_t i = 0; i < sites->count; i++)
		if (dnsbl_site_lists(&sites->at[i], answers[i]))
			return &sites->at[i];
	return NULL;
}

static struct verdict
judge(struct eval *e)
{
	const struct client_dynamic_options *o = options(e);
	const struct dnsbl_sites *sites = &o->dnsbl_dynamic;
	const struct address *client = &request(e)->client;
	const struct answer *answers[DNSBL_SITES_MAX];
	char reverse[REVERSE_TEXT], by[ADDRESS_TEXT];

	if (client->bits == 0 || address_is_private(client))
		return DUNNO;

	struct client_name name = client_name(e);
	address_reverse(client, reverse);
	for (size_t i = 0; i < sites->count; i++)
		answers[i] = list_lookup(e, sites->at[i].domain, reverse, DNS_A);
	if (waiting(e))
		return PENDING;

	bool unsure = name.unsure || name.status == NAME_CANNOT_TELL;
	bool unknown = unsure && domain_within(name.name, "arpa");
	const char *sign = name.name == NULL || unknown || !domain_is_fqdn(name.name) ? NULL :
	    dynamic_name(name.name, client, &o->dynamic_names, &o->static_names);
	const struct dnsbl_site *list = first_that_lists(sites, answers);

	address_print(client, by);
	if (sign != NULL && !unsure)
		return object(e, CLIENT_DYNAMIC, "5.7.1", "%s looks dynamic by its name %.80s (%.30s in it): use your "
		    "provider's smart host, or get a proper reverse DNS name", by, name.name, sign);
	if (list != NULL)
		return object(e, CLIENT_DYNAMIC, "5.7.1", "%s is listed by %.100s as a dynamic address: use your "
		    "provider's smart host", by, list->domain);
	if (sign != NULL || unknown)
		return cannot_tell(e, CLIENT_DYNAMIC, "4.7.1", "cannot look up the name of %s now", by);
	for (size_t i = 0; i < sites->count; i++)
		if (failed(answers[i]))
			return cannot_tell(e, CLIENT_DYNAMIC, "4.7.1", "cannot look up %s at %s now", by,
			    sites->at[i].domain);
	return DUNNO;
}

static void
lists(const void *options, list_namer *name, void *arg)
{
	const struct client_dynamic_options *o = options;

	dnsbl_sites_name(&o->dnsbl_dynamic, DNS_LIST_ADDRESSES, name, arg);
}

const struct rule rule_client_dynamic = { "client_dynamic", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows), .lists = lists };
