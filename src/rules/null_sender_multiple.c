/* null_sender_multiple.c - a bounce goes to one recipient
 *
 * Asks          nothing
 * Checks        null_sender_multiple  5.5.3  mail from <> has more than one recipient   RFC 5321 s.4.5.5, s.6.1
 * Leaves        recipients that were refused out of the count; each message of a session counts alone
 *
 * A report goes to the one address the mail it is about came from.  At DATA, where Postfix has counted; a refusal there
 * hits all recipients, so the mildest of their settings counts.
 */
#include "policy/rule.h"

#include <inttypes.h>

#define OPTIONS null_sender_multiple_options
struct null_sender_multiple_options {
	struct setting null_sender_multiple;
};
enum { NULL_SENDER_MULTIPLE };

static const struct option rows[] = {
	[NULL_SENDER_MULTIPLE] = { "null_sender_multiple", OPT_SETTING, INTO(null_sender_multiple), "reject",
	    .sentence = "Mail from the null sender has more than one recipient (RFC 5321 s.4.5.5)." },
};

static struct verdict
judge(struct eval *e)
{
	const struct request *r = request(e);

	if (!sender_is_null(e) || r->recipient_count < 2)
		return DUNNO;
	return object(e, NULL_SENDER_MULTIPLE, "5.5.3",
	    "mail from <> is a report to one address, and this one has %" PRIu64 " recipients; send one to each",
	    r->recipient_count);
}

const struct rule rule_null_sender_multiple = { "null_sender_multiple", judge, STAGE_DATA, HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows) };
