/* trusted_forwarders.c - who hands on what others wrote is not blocked for what they tried
 *
 * Asks          the client's confirmed name, if trusted_forwarders has names and something is known against it
 * Checks        none; client_harvesting and spamtrap are not asked then
 * Cannot tell   when the name cannot be looked up and might be one of them: they block nobody then
 */
#include "rules/client_list.h"

#define OPTIONS trusted_forwarders_options
struct trusted_forwarders_options {
	struct client_list clients;
};

static const struct option rows[] = {
	{ "trusted_forwarders", OPT_PARSED, INTO(clients), "", .parse = client_list_parse,
	    .sentence = "Clients that are counted and never blocked by policyd itself, by address, network or domain of their "
	    "confirmed name: your secondary MX, hosts that forward what others wrote." },
};

static struct verdict
judge(struct eval *e)
{
	const struct trusted_forwarders_options *o = options(e);

	if (o->clients.names.count > 0 && !on_record(e))
		return waiting(e) ? PENDING : DUNNO;
	return client_list_exempts(&o->clients, e, "trusted_forwarders");
}

const struct rule rule_trusted_forwarders = { "trusted_forwarders", judge, STAGE_RCPT, HOOK_MX_PRE | HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows), .grants = SPARE_FORWARDER };
