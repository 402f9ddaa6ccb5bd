/* deny.c - nobody comes in whom a row in deny keeps out
 *
 * Asks          the table deny; the client's confirmed name, if a row might match by it
 * Checks        deny  5.7.1  a row matches this request
 * Cannot tell   when the client's name cannot be looked up and a row might match by it
 * Leaves        nobody alone: deny goes before allow.  The row's note is for the house, not for the reply
 */
#include "rules/list_text.h"

#define BEFORE "not accepted here: "
#define REMEDY "; ask us if that is a mistake"

#define OPTIONS deny_options
struct deny_options {
	struct setting deny;
};
enum { DENY };

static const struct option rows[] = {
	[DENY] = { "deny", OPT_SETTING, INTO(deny), "reject",
	    .sentence = "What follows when a row in the table deny matches client, HELO name, sender and recipient." },
};

static struct verdict
judge(struct eval *e)
{
	const struct request *r = request(e);
	char buffer[VERDICT_TEXT - sizeof BEFORE - sizeof REMEDY];
	struct text who = TEXT(buffer);
	bool doubt = false;

	const struct list_row *row = listed(e, LIST_DENY, &doubt);
	if (waiting(e))
		return PENDING;

	if (row == NULL && doubt)
		return cannot_tell(e, DENY, "4.7.1", "cannot look up the name of %s now", r->client_address);
	if (row == NULL)
		return DUNNO;
	list_text(&who, row, r);
	return object(e, DENY, "5.7.1", BEFORE "%s" REMEDY, who.at);
}

const struct rule rule_deny = { "deny", judge, STAGE_RCPT, HOOK_MX | HOOK_SUBMISSION, 0, OPTION_TABLE(rows) };
