/* unwanted.c - a recipient's wish to get no more mail from somebody is respected
 *
 * Asks          the table unwanted; the client's confirmed name, if a row might match by it
 * Checks        unwanted  5.7.1  the recipient asked for no mail from this sender or client; or one whose wish was
 *                                ignored did, and the postmaster refuses such mail for all (scope 'all')
 * Cannot tell   when the client's name cannot be looked up and a row might match by it
 * Leaves        addresses everybody must reach.  The row's evidence and note are for the house, not for the reply
 */
#include "rules/list_text.h"

#define OPTIONS unwanted_options
struct unwanted_options {
	struct setting unwanted;
};
enum { UNWANTED };

static const struct option rows[] = {
	[UNWANTED] = { "unwanted", OPT_SETTING, INTO(unwanted), "reject",
	    .sentence = "What follows when a row in the table unwanted matches: the recipient wants no mail from there." },
};

static struct verdict
judge(struct eval *e)
{
	const struct request *r = request(e);
	char buffer[VERDICT_TEXT], why[96] = "";
	struct text from = TEXT(buffer), cause = TEXT(why);
	bool doubt = false;

	const struct list_row *row = listed(e, LIST_UNWANTED, &doubt);
	if (waiting(e))
		return PENDING;

	if (row == NULL && doubt)
		return cannot_tell(e, UNWANTED, "4.7.1", "cannot look up the name of %s now", r->client_address);
	if (row == NULL)
		return DUNNO;
	list_text(&from, &(struct list_row){ .client = row->client, .helo = "", .sender = row->sender, .recipient = "" }, r);
	if (*row->cause)
		text_addf(&cause, " (%.80s)", row->cause);
	if (row->for_all)
		return object(e, UNWANTED, "5.7.1", "mail from %s is refused here, since a recipient's wish to get no more "
		    "was ignored; clean your lists, then ask us%s", from.at, cause.at);
	return object(e, UNWANTED, "5.7.1", "%.80s wants no mail from %s%s; take the address off your list", r->recipient,
	    from.at, cause.at);
}

const struct rule rule_unwanted = { "unwanted", judge, STAGE_RCPT, HOOK_MX | HOOK_SUBMISSION, SPARE_ROLE,
    OPTION_TABLE(rows) };
