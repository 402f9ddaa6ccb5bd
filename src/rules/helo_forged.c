/* helo_forged.c - a stranger must not greet as one of us
 *
 * Asks          nothing
 * Checks        helo_forged  5.7.1  HELO is a name in local_domains, the server's address, or one in local_networks
 * Leaves        an address that is the client's own
 */
#include "rules/helo.h"

#define OPTIONS helo_forged_options
struct helo_forged_options {
	struct setting helo_forged;
	struct option_list local_domains;
};
enum { HELO_FORGED, LOCAL_DOMAINS };

static const struct option rows[] = {
	[HELO_FORGED] = { "helo_forged", OPT_SETTING, INTO(helo_forged), "reject",
	    .sentence = "A client outside of local_networks greets with a name or an address of this site." },
	[LOCAL_DOMAINS] = { "local_domains", OPT_DOMAINS, INTO(local_domains), "",
	    .sentence = "Domains of this site: only clients in local_networks may greet with these names or names "
	    "below them; with a leading dot, only names below." },
};

static bool
is_our_address(const struct eval *e, const struct address *a)
{
	struct address server;

	return (address_parse(&server, request(e)->server_address) && address_equal(&server, a)) ||
	    is_local_address(e, a);
}

static struct verdict
judge(struct eval *e)
{
	const struct helo_forged_options *o = options(e);
	const struct request *r = request(e);
	const char *name = helo_domain(e);
	struct helo h = helo(e);

	if (h.kind == HELO_ADDRESS ? address_equal(&h.address, &r->client) || !is_our_address(e, &h.address)
	    : name == NULL || domains_find(&o->local_domains, name) == NULL)
		return DUNNO;
	return object(e, HELO_FORGED, "5.7.1", "the HELO name %.100s belongs to this site, not to %s; "
	    "greet with the public name of your own server", h.text,
	    r->client_address);
}

const struct rule rule_helo_forged = { "helo_forged", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows) };
