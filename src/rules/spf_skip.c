/* spf_skip.c - secondary MX and known forwarders send on what others wrote, so SPF is not asked about them
 *
 * Asks          the client's confirmed name, if spf_skip_clients has names
 * Checks        none; spf and spf_helo are not asked then
 * Cannot tell   when the name cannot be looked up and might be one of them: SPF refuses nobody for good then
 */
#include "rules/client_list.h"

#define OPTIONS spf_skip_options
struct spf_skip_options {
	struct client_list clients;
};

static const struct option rows[] = {
	{ "spf_skip_clients", OPT_PARSED, INTO(clients), "", .parse = client_list_parse,
	    .sentence = "Clients SPF is not asked about, by address, network or domain of their confirmed name: your secondary MX, forwarders "
	    "you know." },
};

static struct verdict
judge(struct eval *e)
{
	const struct spf_skip_options *o = options(e);

	return client_list_exempts(&o->clients, e, "spf_skip_clients");
}

const struct rule rule_spf_skip = { "spf_skip", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER, OPTION_TABLE(rows),
    .grants = SPARE_SPF };
