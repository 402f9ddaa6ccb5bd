/* helo.c - see helo.h */
#include "rules/helo.h"

#include <string.h>
#include <strings.h>

/* [192.0.2.7] or [IPv6:2001:db8::1]; without the tag IPv6 is understood too. */
static bool
parse_literal(struct address *a, const char *text)
{
	char inner[sizeof "IPv6:" + ADDRESS_TEXT];
	size_t len = strlen(text);

	if (len < 2 || text[0] != '[' || text[len - 1] != ']' || len - 2 >= sizeof inner)
		return false;
	memcpy(inner, text + 1, len - 2);
	inner[len - 2] = '\0';
	if (strncasecmp(inner, "IPv6:", 5) == 0)
		return strchr(inner + 5, ':') != NULL && address_parse(a, inner + 5);
	return address_parse(a, inner);
}

struct helo
helo(const struct eval *e)
{
	struct helo h = { .kind = HELO_RUBBISH, .text = request(e)->helo_name };
	const char *name = helo_domain(e);

	if (*h.text == '\0')
		h.kind = HELO_NONE;
	else if (name != NULL && domain_is_fqdn(name))		/* no address ends so */
		h.kind = domain_is_hostname(name) ? HELO_NAME : HELO_RUBBISH;
	else if (parse_literal(&h.address, h.text) || address_parse(&h.address, h.text) ||
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
