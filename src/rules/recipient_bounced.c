/* recipient_bounced.c - no mail of ours goes to an address that does not exist any more
 *
 * Asks          the store: what policyd-feed read of mail that came back
 * Checks        recipient_bounced  5.1.1  mail to the recipient bounced bounced_limit times within bounced_window, as its
 *                                         mailbox does not exist, and none has reached it since     RFC 3463 s.3.2
 * Cannot tell   when the store is in trouble
 * Leaves        what passes by itself (a full mailbox, a refusal by policy), which is no such bounce
 */
#include "policy/rule.h"

#include "base/clock.h"

#include <inttypes.h>
#include <string.h>

#define OPTIONS recipient_bounced_options
struct recipient_bounced_options {
	struct setting recipient_bounced;
	int64_t limit, window_s;
};
enum { RECIPIENT_BOUNCED };

static const struct option rows[] = {
	[RECIPIENT_BOUNCED] = { "recipient_bounced", OPT_SETTING, INTO(recipient_bounced), "reject",
	    .sentence = "Mail of our own users to this recipient bounced, since there is no such mailbox (policyd-feed)." },
	{ "bounced_limit", OPT_INT, INTO(limit), "2", "1", "1000",
	    .sentence = "So many bounces are enough." },
	{ "bounced_window", OPT_SEC, INTO(window_s), "30d", "1h", "3650d",
	    .sentence = "How long a bounce counts; keep activity_keep above it." },
};

/* What the other server said, as far as Postfix logs that: "host mx.example.net[192.0.2.7] said: 550 5.1.1 …". */
static const char *
words_of(const char *logged)
{
	const char *said = strstr(logged, " said: ");

	return said ? said + strlen(" said: ") : logged;
}

static struct verdict
judge(struct eval *e)
{
	const struct recipient_bounced_options *o = options(e);
	struct bounces bounces;
	char last[CLOCK_TEXT];

	if (recipient_domain(e) == NULL)
		return DUNNO;
	if (!recipient_bounces(e, o->window_s, &bounces))
		return cannot_tell(e, RECIPIENT_BOUNCED, "4.3.0", "cannot look up now whether %.100s bounced", request(e)->recipient);
	if (bounces.hard < o->limit)
		return DUNNO;
	clock_print(bounces.last_s, last);
	return object(e, RECIPIENT_BOUNCED, "5.1.1", "mail to %.60s came back %" PRId64 " times, last on %.10s: %.90s; take the "
	    "address off your list, or ask us", request(e)->recipient, bounces.hard, last, words_of(bounces.said));
}

const struct rule rule_recipient_bounced = { "recipient_bounced", judge, STAGE_RCPT, HOOK_SUBMISSION, 0, OPTION_TABLE(rows) };
