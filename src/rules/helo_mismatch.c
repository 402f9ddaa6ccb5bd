/* helo_mismatch.c - a client's HELO name must be a name of the client
 *
 * Asks          the client's name; if that does not fit, A or AAAA of the HELO name, as the client's address is
 * Checks        helo_mismatch  5.7.1  the HELO name neither is the client's name nor has its address   RFC 5321 s.4.1.4
 * Cannot tell   when a look-up failed that could have shown it, 4.4.3
 * Leaves        what is no fully qualified host name (other rules look at it), and a client without an IP address
 *
 * The client's name is the confirmed one, else what its PTR says: the first name if it says several.  A PTR alone can
 * be forged by whom the address belongs to; client_rdns_mismatch is the check that objects to such a name.
 * Shipped as score: RFC 5321 forbids to refuse mail for this alone, and many a good server sits behind NAT.
 */
#include "rules/helo.h"

#include <string.h>

#define OPTIONS helo_mismatch_options
struct helo_mismatch_options {
	struct setting helo_mismatch;
	int helo_match;
};
enum { HELO_MISMATCH, HELO_MATCH };
enum { MATCH_EXACT, MATCH_ORGANISATION, MATCH_NETWORK };	/* helo_match: each allows what stands before it, too */

static const struct option rows[] = {
	[HELO_MISMATCH] = { "helo_mismatch", OPT_SETTING, INTO(helo_mismatch), "score 1",
	    .sentence = "The HELO name does not belong to the client, as near as helo_match asks." },
	[HELO_MATCH] = { "helo_match", OPT_WORD, INTO(helo_match), "organisation", .words = "exact|organisation|network",
	    .sentence = "How near the HELO name must be: the client's name or address; or a name of the same "
	    "organisational domain; or, beyond that, an address in the client's network, /24 or /64." },
};

static bool
names_fit(const char *helo, const char *client, int match)
{
	if (strcmp(helo, client) == 0)
		return true;
	const char *one = domain_organisation(helo), *other = domain_organisation(client);
	return match >= MATCH_ORGANISATION && one != NULL && other != NULL && strcmp(one, other) == 0;
}

static bool
address_fits(const struct answer *helo, const struct address *client, int match)
{
	unsigned near = client->bits == 32 ? 24 : 64;
	struct network n = network_of(client, match == MATCH_NETWORK ? near : client->bits);

	for (size_t i = 0; i < helo->count; i++)
		if (network_contains(&n, &helo->records[i].address))
			return true;
	return false;
}

static struct verdict
judge(struct eval *e)
{
	int match = ((const struct helo_mismatch_options *)options(e))->helo_match;
	const struct address *client = &request(e)->client;
	const char *name = helo_host(e);
	char shown[ADDRESS_TEXT];

	if (name == NULL || client->bits == 0)
		return DUNNO;

	struct client_name known = client_name(e);
	if (known.name != NULL && names_fit(name, known.name, match))
		return DUNNO;		/* as of nearly all good clients, at no further cost */
	const struct answer *helo = dns_lookup(e, name, client->bits == 32 ? DNS_A : DNS_AAAA);
	if (waiting(e))
		return PENDING;

	if (address_fits(helo, client, match))
		return DUNNO;
	address_print(client, shown);
	if (failed(helo))
		return cannot_tell(e, HELO_MISMATCH, "4.4.3", "cannot look up the HELO name %.100s now", name);
	if (known.status == NAME_CANNOT_TELL || known.unsure)
		return cannot_tell(e, HELO_MISMATCH, "4.4.3", "cannot look up all names of %s now", shown);
	if (known.status == NAME_NONE)
		return object(e, HELO_MISMATCH, "5.7.1", "the HELO name %.70s does not resolve to %s, "
		    "which has no reverse DNS name; mend either", name, shown);
	return object(e, HELO_MISMATCH, "5.7.1", "the HELO name %.70s does not resolve to %s, "
	    "whose reverse DNS name is %.60s; mend either", name, shown, known.name);
}

const struct rule rule_helo_mismatch = { "helo_mismatch", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows) };
