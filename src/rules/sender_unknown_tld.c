/* sender_unknown_tld.c - mail must come from a domain below a top-level domain that exists
 *
 * Asks          NS of the last label of the sender's domain; nothing if that is a special-use name
 * Checks        sender_unknown_tld  5.7.1  the root of the DNS has no such top-level domain   RFC 5321 s.2.3.5
 * Cannot tell   when the DNS cannot, 4.4.3
 * Leaves        the null sender <>                                                            RFC 5321 s.4.5.5
 *               senders without a domain, or with a literal or a number at its end
 */
#include "rules/tld.h"

#define OPTIONS sender_unknown_tld_options
struct sender_unknown_tld_options {
	struct setting sender_unknown_tld;
};
enum { SENDER_UNKNOWN_TLD };

static const struct option rows[] = {
	[SENDER_UNKNOWN_TLD] = { "sender_unknown_tld", OPT_SETTING, INTO(sender_unknown_tld), "reject",
	    .sentence = "The top-level domain of the sender's domain does not exist in the DNS; special-use names such "
	    "as .local and .invalid (RFC 6761) do not." },
};

static struct verdict
judge(struct eval *e)
{
	const char *domain = sender_domain(e);

	if (sender_is_null(e) || domain == NULL)
		return DUNNO;

	struct tld tld = tld_of(e, domain);
	if (waiting(e))
		return PENDING;

	if (tld.status == TLD_KNOWN)
		return DUNNO;
	if (tld.status == TLD_CANNOT_TELL)
		return cannot_tell(e, SENDER_UNKNOWN_TLD, "4.4.3", "cannot look up the top-level domain .%s now",
		    tld.name);
	return object(e, SENDER_UNKNOWN_TLD, "5.7.1",
	    "the top-level domain .%s of the sender's domain %.90s does not exist; use an address that can be "
	    "answered", tld.name, domain);
}

const struct rule rule_sender_unknown_tld = { "sender_unknown_tld", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows) };
