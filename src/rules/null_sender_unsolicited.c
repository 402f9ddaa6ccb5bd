/* null_sender_unsolicited.c - only who sent mail gets bounces
 *
 * Asks          whether mail of ours left from the recipient's address, or from its domain, within null_sender_window
 * Checks        null_sender_unsolicited  5.7.1  mail from <> to an address that sent none   RFC 5321 s.4.5.5
 * Cannot tell   when the store is in trouble, or has not watched for so long
 * Leaves        recipients without a domain, or with a literal in its place
 *
 * Read receipts, delivery reports and vacation notes all come from <>, and all answer a mail: what the envelope can
 * show of "only in reply to our mail".
 */
#include "policy/rule.h"

#include <inttypes.h>
#include <stdio.h>

#define OPTIONS null_sender_unsolicited_options
struct null_sender_unsolicited_options {
	struct setting null_sender_unsolicited;
	int null_sender_by;
	int64_t null_sender_window_s;
};
enum { NULL_SENDER_UNSOLICITED, NULL_SENDER_BY, NULL_SENDER_WINDOW };
enum { BY_ADDRESS, BY_DOMAIN };			/* null_sender_by */
enum { HOUR_S = 3600, DAY_S = 86400 };

static const struct option rows[] = {
	[NULL_SENDER_UNSOLICITED] = { "null_sender_unsolicited", OPT_SETTING, INTO(null_sender_unsolicited), "off",
	    .sentence = "Mail from the null sender comes for a recipient that sent no mail within null_sender_window." },
	[NULL_SENDER_BY] = { "null_sender_by", OPT_WORD, INTO(null_sender_by), "address", .words = "address|domain",
	    .sentence = "Who must have sent mail to get mail from the null sender: the recipient's address, or anybody of "
	    "its domain." },
	[NULL_SENDER_WINDOW] = { "null_sender_window", OPT_SEC, INTO(null_sender_window_s), "14d", "1h", "365d",
	    .sentence = "How long a sent mail may still be answered from the null sender." },
};

/* "the last 14 days" */
static const char *
last(char out[40], int64_t window_s)
{
	bool days = window_s % DAY_S == 0;
	int64_t n = window_s / (days ? DAY_S : HOUR_S);

	if (n == 1)
		snprintf(out, 40, "the last %s", days ? "day" : "hour");
	else
		snprintf(out, 40, "the last %" PRId64 " %s", n, days ? "days" : "hours");
	return out;
}

static struct verdict
judge(struct eval *e)
{
	const struct null_sender_unsolicited_options *o = options(e);
	const char *domain = recipient_domain(e), *who = o->null_sender_by == BY_DOMAIN ? domain : recipient(e);
	char window[40];

	if (!sender_is_null(e) || domain == NULL)
		return DUNNO;

	enum known sent = sent_mail(e, who, o->null_sender_window_s);

	if (sent == KNOWN_YES)
		return DUNNO;
	if (sent == KNOWN_CANNOT_TELL)
		return cannot_tell(e, NULL_SENDER_UNSOLICITED, "4.3.0", "cannot tell now whether %.100s sent mail", who);
	return object(e, NULL_SENDER_UNSOLICITED, "5.7.1", "%.100s sent no mail in %s, so nothing can have bounced; "
	    "return no forged mail, and give other mail a sender", who, last(window, o->null_sender_window_s));
}

const struct rule rule_null_sender_unsolicited = { "null_sender_unsolicited", judge, STAGE_RCPT, HOOK_MX,
    SPARE_STRANGER, OPTION_TABLE(rows), .sent_window = &rows[NULL_SENDER_WINDOW] };
