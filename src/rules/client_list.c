/* client_list.c - see client_list.h */
#include "rules/client_list.h"

#include <string.h>

const char *
client_list_parse(struct arena *a, const char *text, void *into)
{
	struct network *networks = arena_alloc(a, CLIENT_LIST_MAX * sizeof *networks);
	const char **names = arena_alloc(a, CLIENT_LIST_MAX * sizeof *names);
	struct client_list c = { .networks = networks };

	for (char *word; (word = option_word(a, &text)) != NULL;) {
		const char *why;
		char normal[DOMAIN_TEXT];

		if (c.network_count + c.names.count == CLIENT_LIST_MAX)
			return arena_printf(a, "more than %d clients; name networks, or put rows into the table allow",
			    CLIENT_LIST_MAX);
		if (network_parse(&networks[c.network_count], word, &why))
			c.network_count++;
		else if (domain_normal(word + (*word == '.'), normal) && domain_is_fqdn(normal))
			names[c.names.count++] = arena_printf(a, "%s%s", *word == '.' ? "." : "", normal);
		else if (strchr(word, '/') != NULL)
			return arena_printf(a, "'%.60s': %s", word, why);
		else
			return arena_printf(a, "%.100s is no client; write 192.0.2.7, 192.0.2.0/24 or example.net",
			    word);
	}
	c.names.at = names;
	*(struct client_list *)into = c;
	return NULL;
}

/* While its name is looked up, waiting(e) is true. */
static enum known
has(const struct client_list *c, struct eval *e)
{
	for (size_t i = 0; i < c->network_count; i++)
		if (network_contains(&c->networks[i], &request(e)->client))
			return KNOWN_YES;
	if (c->names.count == 0)
		return KNOWN_NO;
	struct client_name name = client_name(e);
	if (name.status == NAME_CONFIRMED && domains_find(&c->names, name.name) != NULL)
		return KNOWN_YES;
	return name.status == NAME_OPEN || name.status == NAME_CANNOT_TELL ||
	    (name.status == NAME_CONFIRMED && name.unsure) ? KNOWN_CANNOT_TELL : KNOWN_NO;
}

struct verdict
client_list_exempts(const struct client_list *c, struct eval *e, const char *setting)
{
	enum known known = has(c, e);

	if (waiting(e))
		return PENDING;

	if (known == KNOWN_YES)
		return exempt(e, "%s is in %s", request(e)->client_address, setting);
	if (known == KNOWN_CANNOT_TELL)
		return perhaps_exempt(e, "cannot look up the name of %s now", request(e)->client_address);
	return DUNNO;
}
