/* spf_skip.c - secondary MX and known forwarders send on what others wrote, so SPF is not asked about them
 *
 * Asks          the client's confirmed name, if spf_skip_clients has names
 * Checks        none; spf and spf_helo are not asked then
 * Cannot tell   when the name cannot be looked up and might be one of them: SPF refuses nobody for good then
 */
#include "policy/rule.h"

#include <string.h>

enum { CLIENTS_MAX = 1000 };

struct clients {			/* as people write them: networks and names */
	size_t network_count;
	const struct network *networks;
	struct option_list names;	/* as of OPT_DOMAINS */
};

#define OPTIONS spf_skip_options
struct spf_skip_options {
	struct clients clients;
};

static const char *
parse_clients(struct arena *a, const char *text, void *into)
{
	struct network *networks = arena_alloc(a, CLIENTS_MAX * sizeof *networks);
	const char **names = arena_alloc(a, CLIENTS_MAX * sizeof *names);
	struct clients c = { .networks = networks };

	for (char *word; (word = option_word(a, &text)) != NULL;) {
		const char *why;
		char normal[DOMAIN_TEXT];

		if (c.network_count + c.names.count == CLIENTS_MAX)
			return arena_printf(a, "more than %d clients; name networks, or put rows into the table allow", CLIENTS_MAX);
		if (network_parse(&networks[c.network_count], word, &why))
			c.network_count++;
		else if (domain_normal(word + (*word == '.'), normal) && domain_is_fqdn(normal))
			names[c.names.count++] = arena_printf(a, "%s%s", *word == '.' ? "." : "", normal);
		else
			return arena_printf(a, "%.100s is no client; write 192.0.2.7, 192.0.2.0/24 or example.net",
			    word);
	}
	c.names.at = names;
	*(struct clients *)into = c;
	return NULL;
}

static const struct option rows[] = {
	{ "spf_skip_clients", OPT_PARSED, INTO(clients), "", .parse = parse_clients,
	    .sentence = "Clients SPF is not asked about, by address, network or domain of their confirmed name: your secondary MX, forwarders "
	    "you know." },
};

static struct verdict
judge(struct eval *e)
{
	const struct clients *c = &((const struct spf_skip_options *)options(e))->clients;
	const struct request *r = request(e);

	for (size_t i = 0; i < c->network_count; i++)
		if (network_contains(&c->networks[i], &r->client))
			return exempt(e, "%s is in spf_skip_clients", r->client_address);
	if (c->names.count == 0)
		return DUNNO;

	struct client_name name = client_name(e);
	if (waiting(e))
		return PENDING;

	if (name.status == NAME_CONFIRMED && domains_find(&c->names, name.name) != NULL)
		return exempt(e, "%.100s is in spf_skip_clients", name.name);
	if (name.status == NAME_CANNOT_TELL || (name.status == NAME_CONFIRMED && name.unsure))
		return perhaps_exempt(e, "cannot look up the name of %s now", r->client_address);
	return DUNNO;
}

const struct rule rule_spf_skip = { "spf_skip", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER, OPTION_TABLE(rows),
    .grants = SPARE_SPF };
