/* dnsbl.c - a client on too many DNS blocklists is not welcome
 *
 * Asks          the client's reversed address at every list of dnsbl_sites; if the weights of those
 *               that list it reach dnsbl_threshold, TXT at these lists                     RFC 5782 s.2
 * Checks        dnsbl  5.7.1  they reach it; the reply names the lists and the first reason found
 * Cannot tell   when lists that failed could have made the difference.  A list that fails adds nothing,
 *               but one of negative weight counts with all of it, so that silence refuses nobody
 * Leaves        private addresses: nobody lists them
 */
#include "rules/dnsbl_sites.h"

#include <string.h>

#define OPTIONS dnsbl_options
struct dnsbl_options {
	struct setting dnsbl;
	struct dnsbl_sites sites;
	int64_t threshold;
};
enum { DNSBL, DNSBL_SITES, DNSBL_THRESHOLD };

static const struct option rows[] = {
	[DNSBL] = { "dnsbl", OPT_SETTING, INTO(dnsbl), "reject",
	    .sentence = "The lists in dnsbl_sites that know the client's address weigh dnsbl_threshold or more.  The "
	    "reply names them; give the setting a \"text\" where a list's name holds a key." },
	[DNSBL_SITES] = { "dnsbl_sites", OPT_PARSED, INTO(sites), "", .parse = dnsbl_sites_parse,
	    .sentence = "DNS block and allow lists as in postscreen_dnsbl_sites: domain=filter*weight, "
	    "as in bl.example=127.0.0.[2..11]*2." },
	[DNSBL_THRESHOLD] = { "dnsbl_threshold", OPT_INT, INTO(threshold), "1", "1", "10000",
	    .sentence = "The sum of weights from which on a client is refused." },
};

static bool
lists(const struct dnsbl_site *s, const struct answer *a)
{
	for (size_t i = 0; i < a->count; i++)
		if (dnsbl_site_takes(s, &a->records[i].address))
			return true;
	return false;
}

static bool
fails(const struct answer *a)
{
	for (size_t i = 0; i < a->count; i++)
		if (dnsbl_is_failing(&a->records[i].address))
			return true;
	return failed(a);
}

/* The lists that speak against the client, and the first reason that one of them gives. */
static struct verdict
refuse(struct eval *e, const struct dnsbl_site *const *against, size_t count, const char *reverse)
{
	char address[ADDRESS_TEXT], names_buffer[VERDICT_TEXT / 2];
	struct text names = TEXT(names_buffer);
	const struct answer *reason = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct answer *txt = list_lookup(e, against[i]->domain, reverse, DNS_TXT);
		if (found(txt) && reason == NULL)
			reason = txt;
		text_addf(&names, "%s%s", i ? ", " : "", against[i]->domain);
	}
	if (waiting(e))
		return PENDING;

	const char *by = address_print(&request(e)->client, address);
	if (reason == NULL)
		return object(e, DNSBL, "5.7.1", "%s is listed by %s", by, names.at);
	return object(e, DNSBL, "5.7.1", "%s is listed by %s (%.100s)", by, names.at, reason->records[0].text);
}

/* The same domain may stand in several entries, with different filters. */
static bool
is_among(const struct dnsbl_site *const *sites, size_t count, const struct dnsbl_site *s)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(sites[i]->domain, s->domain) == 0)
			return true;
	return false;
}

static struct verdict
judge(struct eval *e)
{
	const struct dnsbl_options *o = options(e);
	const struct address *client = &request(e)->client;
	const struct answer *answers[DNSBL_SITES_MAX];
	char reverse[REVERSE_TEXT];

	if (client->bits == 0 || address_is_private(client))
		return DUNNO;

	address_reverse(client, reverse);
	for (size_t i = 0; i < o->sites.count; i++)
		answers[i] = list_lookup(e, o->sites.at[i].domain, reverse, DNS_A);
	if (waiting(e))
		return PENDING;

	const struct dnsbl_site *against[DNSBL_SITES_MAX], *unsure = NULL;
	int64_t sum = 0, possible = 0;
	size_t count = 0;
	for (size_t i = 0; i < o->sites.count; i++) {
		const struct dnsbl_site *s = &o->sites.at[i];

		if (fails(answers[i]) && s->weight > 0) {
			possible += s->weight;
			unsure = unsure ? unsure : s;
		} else if (fails(answers[i]) || lists(s, answers[i])) {
			sum += s->weight;
			if (s->weight > 0 && !is_among(against, count, s))
				against[count++] = s;
		}
	}
	if (sum >= o->threshold)
		return refuse(e, against, count, reverse);
	if (sum + possible >= o->threshold && unsure != NULL)
		return cannot_tell(e, DNSBL, "4.7.1", "cannot look up %s at %s now", request(e)->client_address,
		    unsure->domain);
	return DUNNO;
}

const struct rule rule_dnsbl = { "dnsbl", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows) };
