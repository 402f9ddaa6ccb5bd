/* sender_syntax.c - a sender must be an address that one could write to
 *
 * Asks          nothing
 * Checks        sender_syntax  5.7.1  the address cannot be one: its domain, or what can be told of its local part
 *                                     RFC 5321 s.4.1.2, s.4.5.3.1, RFC 6531 s.3.3
 * Leaves        the null sender <>    RFC 5321 s.4.5.5
 */
#include "policy/rule.h"
#include "rules/mailbox.h"

#define OPTIONS sender_syntax_options
struct sender_syntax_options {
	struct setting sender_syntax;
	bool sender_underscore;
	int64_t sender_local_max;
};
enum { SENDER_SYNTAX, SENDER_UNDERSCORE, SENDER_LOCAL_MAX };

static const struct option rows[] = {
	[SENDER_SYNTAX] = { "sender_syntax", OPT_SETTING, INTO(sender_syntax), "reject",
	    .sentence = "The sender's address cannot be one: its domain is neither a domain name nor an address "
	    "literal, or its local part is missing, too long, not UTF-8 or has control characters in it "
	    "(RFC 5321, RFC 6531)." },
	[SENDER_UNDERSCORE] = { "sender_underscore", OPT_BOOL, INTO(sender_underscore), "yes",
	    .sentence = "Let a sender's domain have underscores, which RFC 5321 does not and honest mail does." },
	[SENDER_LOCAL_MAX] = { "sender_local_max", OPT_INT, INTO(sender_local_max), "254", "64", "254",
	    .sentence = "How many octets of a sender may stand before the @: 64 by RFC 5321 s.4.5.3.1.1, but return "
	    "paths that carry the recipient's address (VERP) are longer." },
};

static struct verdict
judge(struct eval *e)
{
	const struct sender_syntax_options *o = options(e);
	const char *sender = request(e)->sender;

	if (sender_is_null(e))
		return DUNNO;

	struct mailbox_limits limits = { .local_max = (size_t)o->sender_local_max, .underscore = o->sender_underscore };
	const char *fault = mailbox_fault(sender, &limits);
	if (fault == NULL)
		return DUNNO;
	return object(e, SENDER_SYNTAX, "5.7.1", "the sender's address %s: %.130s; use one that can be answered", fault, sender);
}

const struct rule rule_sender_syntax = { "sender_syntax", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows) };
