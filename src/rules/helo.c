/* helo.c - see helo.h */
#include "rules/helo.h"

struct helo
helo(const struct eval *e)
{
	struct helo h = { .kind = HELO_RUBBISH, .text = request(e)->helo_name };
	const char *name = helo_domain(e);

	if (*h.text == '\0')
		h.kind = HELO_NONE;
	else if (name != NULL && domain_is_fqdn(name))		/* no address ends so */
		h.kind = domain_is_hostname(name) ? HELO_NAME : HELO_RUBBISH;
	else if (address_parse_literal(&h.address, h.text) || address_parse(&h.address, h.text) ||
	    (name != NULL && address_parse(&h.address, name)))		/* "192.0.2.7." */
		h.kind = HELO_ADDRESS;
	else if (name != NULL && domain_is_hostname(name))
		h.kind = HELO_NAME;
	return h;
}

const char *
helo_host(const struct eval *e)
{
	const char *name = helo_domain(e);

	return helo(e).kind == HELO_NAME && domain_is_fqdn(name) ? name : NULL;
}
