/* sender_domain.c - mail must come from a domain that could take the bounce
 *
 * Asks          MX, A and AAAA of the sender's domain, all at once; with sender_mx = required only MX
 * Checks        sender_null_mx  5.7.27  the domain says it takes no mail   RFC 7505 s.4.2
 *               sender_no_mx    5.7.1   it has no MX, A or AAAA record     RFC 5321 s.5.1
 * Cannot tell   when the DNS cannot                                        RFC 3463 4.4.3
 * Leaves        the null sender <>                                         RFC 5321 s.4.5.5
 *               senders without a domain, or with a literal in its place
 */
#include "policy/rule.h"

#define OPTIONS sender_domain_options
struct sender_domain_options {
	struct setting sender_null_mx, sender_no_mx;
	int sender_mx;
};
enum { SENDER_NULL_MX, SENDER_NO_MX, SENDER_MX };
enum { MX_OR_ADDRESS, MX_REQUIRED };		/* sender_mx */

static const struct option rows[] = {
	[SENDER_NULL_MX] = { "sender_null_mx", OPT_SETTING, INTO(sender_null_mx), "reject",
	    .sentence = "The sender's domain says that it takes no mail (null MX, RFC 7505)." },
	[SENDER_NO_MX] = { "sender_no_mx", OPT_SETTING, INTO(sender_no_mx), "reject",
	    .sentence = "The sender's domain cannot take a bounce: it has none of the records sender_mx asks for." },
	[SENDER_MX] = { "sender_mx", OPT_WORD, INTO(sender_mx), "address", .words = "address|required",
	    .sentence = "What the sender's domain needs: an MX or an address (RFC 5321 s.5.1), or an MX in any case." },
};

/* Only "." says so; beside other MX records it says nothing (RFC 7505 s.3). */
static bool
is_null_mx(const struct answer *mx)
{
	return mx->count == 1 && *mx->records[0].name == '\0';
}

static struct verdict
judge(struct eval *e)
{
	const struct sender_domain_options *o = options(e);
	const char *domain = sender_domain(e);
	bool strict = o->sender_mx == MX_REQUIRED;

	if (sender_is_null(e) || domain == NULL)
		return DUNNO;

	const struct answer *mx = dns_lookup(e, domain, DNS_MX);
	const struct answer *a = strict ? mx : dns_lookup(e, domain, DNS_A);
	const struct answer *aaaa = strict ? mx : dns_lookup(e, domain, DNS_AAAA);
	if (waiting(e))
		return PENDING;

	if (is_null_mx(mx))
		return object(e, SENDER_NULL_MX, "5.7.27", "%.150s takes no mail, so none can come from it; use an "
		    "address that can be answered", domain);
	if (found(mx) || found(a) || found(aaaa))
		return DUNNO;		/* an address is an implicit MX, RFC 5321 s.5.1 */
	if (failed(mx) || failed(a) || failed(aaaa))
		return cannot_tell(e, SENDER_NO_MX, "4.4.3", "cannot look up %s now", domain);
	return object(e, SENDER_NO_MX, "5.7.1", "%.150s has no %s record; give it one, or use an address that can be "
	    "answered", domain, strict ? "MX" : "MX, A or AAAA");
}

const struct rule rule_sender_domain = { "sender_domain", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows) };
