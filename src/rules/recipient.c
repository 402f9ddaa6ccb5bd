/* recipient.c - mail must go to a mailbox that is there, and in use
 *
 * Asks          the site's own database (recipient_query)
 * Checks        recipient_unknown      5.1.1  there is no such mailbox        RFC 3463 s.3.2
 *               recipient_deactivated  5.2.1  there is one, but it is closed  RFC 3463 s.3.3
 * Cannot tell   when the database cannot, 4.3.0, as Postfix says of its own tables
 * Leaves        everybody unless recipient_query is set; recipients without a domain name
 */
#include "policy/rule.h"

#define OPTIONS recipient_options
struct recipient_options {
	struct setting recipient_unknown, recipient_deactivated;
};
enum { RECIPIENT_IS_UNKNOWN, RECIPIENT_IS_DEACTIVATED };

static const struct option rows[] = {
	[RECIPIENT_IS_UNKNOWN] = { "recipient_unknown", OPT_SETTING, INTO(recipient_unknown), "reject",
	    .sentence = "The site's own database (recipient_query) does not know the recipient." },
	[RECIPIENT_IS_DEACTIVATED] = { "recipient_deactivated", OPT_SETTING, INTO(recipient_deactivated), "reject",
	    .sentence = "The site's own database (recipient_query) says that the recipient's mailbox is deactivated." },
};

static struct verdict
judge(struct eval *e)
{
	const char *recipient = request(e)->recipient;

	enum recipient_state state = recipient_state(e);
	if (waiting(e))
		return PENDING;

	if (state == RECIPIENT_UNKNOWN)
		return object(e, RECIPIENT_IS_UNKNOWN, "5.1.1", "there is no mailbox %.150s here; check the address", recipient);
	if (state == RECIPIENT_DEACTIVATED)
		return object(e, RECIPIENT_IS_DEACTIVATED, "5.2.1",
		    "the mailbox %.150s is closed; take it off your lists", recipient);
	if (state == RECIPIENT_CANNOT_TELL)
		return cannot_tell(e, RECIPIENT_IS_UNKNOWN, "4.3.0", "cannot look up %.150s now", recipient);
	return DUNNO;
}

const struct rule rule_recipient = { "recipient", judge, STAGE_RCPT, HOOK_MX, SPARE_ROLE, OPTION_TABLE(rows) };
