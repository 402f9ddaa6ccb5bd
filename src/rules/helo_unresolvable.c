/* helo_unresolvable.c - a client's HELO name must be in the DNS
 *
 * Asks          A, AAAA and MX of the HELO name, all at once
 * Checks        helo_unresolvable  5.7.1  it has no address and no MX           RFC 5321 s.2.3.5
 * Cannot tell   when the DNS cannot, and nothing was found                      RFC 3463 4.4.3
 * Leaves        what is no fully qualified host name (other rules look at it)
 *
 * A null MX is none (RFC 7505).  Shipped as score: servers that greet with their name within the house are many,
 * and not all of them are strangers one wants to lose.
 */
#include "rules/helo.h"

#define OPTIONS helo_unresolvable_options
struct helo_unresolvable_options {
	struct setting helo_unresolvable;
};
enum { HELO_UNRESOLVABLE };

static const struct option rows[] = {
	[HELO_UNRESOLVABLE] = { "helo_unresolvable", OPT_SETTING, INTO(helo_unresolvable), "score 1",
	    .sentence = "The HELO name has neither an address nor an MX in the DNS." },
};

static bool
names_a_host(const struct answer *mx)
{
	for (size_t i = 0; i < mx->count; i++)
		if (*mx->records[i].name != '\0')
			return true;
	return false;
}

static struct verdict
judge(struct eval *e)
{
	const char *name = helo_host(e);

	if (name == NULL)
		return DUNNO;

	const struct answer *a = dns_lookup(e, name, DNS_A);
	const struct answer *aaaa = dns_lookup(e, name, DNS_AAAA);
	const struct answer *mx = dns_lookup(e, name, DNS_MX);
	if (waiting(e))
		return PENDING;

	if (found(a) || found(aaaa) || names_a_host(mx))
		return DUNNO;
	if (failed(a) || failed(aaaa) || failed(mx))
		return cannot_tell(e, HELO_UNRESOLVABLE, "4.4.3", "cannot look up the HELO name %.100s now", name);
	return object(e, HELO_UNRESOLVABLE, "5.7.1", "the HELO name %.100s has no A, AAAA or MX record; "
	    "greet with a name that is in the DNS", name);
}

const struct rule rule_helo_unresolvable = { "helo_unresolvable", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows) };
