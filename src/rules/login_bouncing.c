/* login_bouncing.c - whose mail keeps coming back has a list that was bought or is rotten, or lost the password
 *
 * Asks          the store: what policyd-feed read of mail that came back, and how many recipients the login had
 * Checks        login_bouncing  4.7.1  bouncing_limit bounces for want of a mailbox, and bouncing_share per cent of all
 *                                      recipients, within bouncing_window; as reject it sets a block
 * Cannot tell   when the store is in trouble
 * Leaves        mail without a login; logins that are blocked.  What came back before the end of the login's last block is
 *               paid for
 */
#include "rules/paid.h"

#include <inttypes.h>

#define OPTIONS login_bouncing_options
struct login_bouncing_options {
	struct setting login_bouncing;
	int64_t limit, share, window_s;
};
enum { LOGIN_BOUNCING };

static const struct option rows[] = {
	[LOGIN_BOUNCING] = { "login_bouncing", OPT_SETTING, INTO(login_bouncing), "log",
	    .sentence = "Too much mail of this login came back, since there is no such mailbox (policyd-feed).  As reject the "
	    "login is blocked, too, for the time block_steps says." },
	{ "bouncing_limit", OPT_INT, INTO(limit), "50", "1", "1000000",
	    .sentence = "So many bounces are too many, within bouncing_window." },
	{ "bouncing_share", OPT_INT, INTO(share), "20", "0", "100",
	    .sentence = "They must also be so many per cent of the recipients that the login sent to." },
	{ "bouncing_window", OPT_SEC, INTO(window_s), "1d", "1h", "30d",
	    .sentence = "How long a bounce counts." },
};

static struct verdict
judge(struct eval *e)
{
	const struct login_bouncing_options *o = options(e);
	char cause[128], evidence[160];
	struct text for_all = TEXT(cause), for_us = TEXT(evidence);
	int64_t since_s, bounced, done[ACTIVITIES];

	if (login(e) == NULL || !counts_since(e, BLOCKED_LOGIN, o->window_s, &since_s))
		return DUNNO;
	if (!login_bounces(e, since_s, &bounced) || !login_activity(e, o->window_s, done))
		return cannot_tell(e, LOGIN_BOUNCING, "4.3.0", "cannot look up now how much mail of %.100s bounced", login(e));
	/* Recipients are counted by the hour, and mail that was handed in before then may have come back since. */
	int64_t recipients = done[ACTIVITY_ACCEPTED] > bounced ? done[ACTIVITY_ACCEPTED] : bounced;
	text_addf(&for_us, "%" PRId64 " of %" PRId64 " recipients within %" PRId64 " s do not exist; too many are %" PRId64
	    ", and %" PRId64 " per cent", bounced, recipients, o->window_s, o->limit, o->share);
	if (bounced < o->limit || bounced * 100 < recipients * o->share)
		return traced(e, DUNNO, "%s", evidence);
	text_addf(&for_all, "of %" PRId64 " recipients, %" PRId64 " do not exist", recipients, bounced);
	struct verdict v = object(e, LOGIN_BOUNCING, "4.7.1", "of %" PRId64 " recipients of %.80s, %" PRId64 " do not exist; clean "
	    "the list, and change the password if that mail is not yours", recipients, login(e), bounced);
	return blocking(e, BLOCKED_LOGIN, traced(e, v, "%s", evidence), cause, evidence);
}

const struct rule rule_login_bouncing = { "login_bouncing", judge, STAGE_RCPT, HOOK_SUBMISSION, 0, OPTION_TABLE(rows) };
