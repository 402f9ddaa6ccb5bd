/* dnsbl_sites.c - see dnsbl_sites.h */
#include "rules/dnsbl_sites.h"

#include <stdlib.h>
#include <string.h>

static const char *
parse_weight(struct dnsbl_site *s, const char *text)
{
	const char *digits = text + (*text == '-' || *text == '+');
	size_t len = strspn(digits, "0123456789");
	long weight = len > 0 && len < 10 ? strtol(text, NULL, 10) : DNSBL_WEIGHT_MAX + 1;

	if (digits[len] != '\0' || labs(weight) > DNSBL_WEIGHT_MAX)
		return "a weight is a whole number from -1000 to 1000";
	s->weight = (int)weight;
	return NULL;
}

/* One "domain[=filter][*weight]", changed in place. */
static const char *
parse_site(struct arena *a, struct dnsbl_site *s, char *entry)
{
	char *weight = strchr(entry, '*');
	const char *why;

	*s = (struct dnsbl_site){ .weight = 1 };
	if (weight != NULL) {
		*weight++ = '\0';
		if ((why = parse_weight(s, weight)) != NULL)
			return why;
	}
	return dns_filter_parse(a, entry, &s->domain, &s->filter);
}

const char *
dnsbl_sites_parse(struct arena *a, const char *text, void *into)
{
	struct dnsbl_site *sites = arena_alloc(a, DNSBL_SITES_MAX * sizeof *sites);
	size_t count = 0;

	for (char *entry; (entry = option_word(a, &text)) != NULL;) {
		const char *written = arena_strdup(a, entry);

		if (count == DNSBL_SITES_MAX)
			return arena_printf(a, "more than %d lists; take the least useful ones out", DNSBL_SITES_MAX);
		const char *why = parse_site(a, &sites[count++], entry);
		if (why != NULL)
			return arena_printf(a, "%.100s: %s; write bl.example, bl.example*2 or "
			    "bl.example=127.0.0.[2..11;13]*2", written, why);
	}
	*(struct dnsbl_sites *)into = (struct dnsbl_sites){ count, sites };
	return NULL;
}

const char *
dnsbl_sites_parse_plain(struct arena *a, const char *text, void *into)
{
	const struct dnsbl_sites *s = into;
	const char *why = dnsbl_sites_parse(a, text, into);

	for (size_t i = 0; why == NULL && i < s->count; i++)
		if (s->at[i].weight != 1)
			why = arena_printf(a, "%.100s has a weight, but one listing is enough here; leave *%d out",
			    s->at[i].domain, s->at[i].weight);
	return why;
}

void
dnsbl_sites_name(const struct dnsbl_sites *s, enum dns_list_kind kind, list_namer *name, void *arg)
{
	for (size_t i = 0; i < s->count; i++)
		name(arg, s->at[i].domain, kind);
}

bool
dnsbl_site_takes(const struct dnsbl_site *s, const struct address *answer)
{
	return dns_filter_takes(&s->filter, answer) && !dns_is_list_error(answer);
}

bool
dnsbl_site_lists(const struct dnsbl_site *s, const struct answer *a)
{
	for (size_t i = 0; i < a->count; i++)
		if (dnsbl_site_takes(s, &a->records[i].address))
			return true;
	return false;
}
