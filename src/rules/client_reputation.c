/* client_reputation.c - what a client did here before speaks for it, or against it
 *
 * Asks          the view reputation (policyd-sql(7)), which people may change
 * Checks        client_reputation  4.7.1  its score lies below reputation_min
 * Cannot tell   when the view cannot be asked, or has no answer in half a second
 * Leaves        clients of whom nothing is known; our own machines, addresses everybody must reach, whom a row in allow or
 *               an allow list vouches for
 */
#include "policy/rule.h"

#include <inttypes.h>

#define OPTIONS client_reputation_options
struct client_reputation_options {
	struct setting client_reputation;
	int64_t least;
};
enum { CLIENT_REPUTATION };

static const struct option rows[] = {
	[CLIENT_REPUTATION] = { "client_reputation", OPT_SETTING, INTO(client_reputation), "off",
	    .sentence = "The client's score in the view reputation lies below reputation_min." },
	{ "reputation_min", OPT_INT, INTO(least), "-50", "-1000000", "1000000",
	    .sentence = "The lowest score that is good enough; as shipped the view gives -100 to 100." },
};

static struct verdict
judge(struct eval *e)
{
	const struct client_reputation_options *o = options(e);
	int64_t score = 0;

	if (client_key(e) == NULL)
		return DUNNO;

	enum known known = client_reputation(e, &score);
	if (waiting(e))
		return PENDING;

	if (known == KNOWN_CANNOT_TELL)
		return cannot_tell(e, CLIENT_REPUTATION, "4.3.0", "cannot look up the reputation of %s now",
		    request(e)->client_address);
	if (known == KNOWN_NO || score >= o->least)
		return DUNNO;
	return traced(e, object(e, CLIENT_REPUTATION, "4.7.1", "%.80s has a poor reputation here; ask us why, and quote this "
	    "reply with its reference", request(e)->client_address), "score %" PRId64 ", less than %" PRId64, score, o->least);
}

const struct rule rule_client_reputation = { "client_reputation", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows) };
