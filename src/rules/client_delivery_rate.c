/* client_delivery_rate.c - who sends to a list should see that most of it is there: the delivery rate tells
 *
 * Asks          the store: what became of the recipients the client tried, by hour
 * Checks        client_delivery_rate  4.7.1  of at least delivery_rate_recipients within delivery_rate_window, fewer than
 *                                            delivery_rate_min per cent were taken
 * Cannot tell   when the store is in trouble
 * Leaves        clients that tried no recipient in vain lately; our own machines, addresses everybody must reach, whom a row
 *               in allow or an allow list vouches for
 */
#include "policy/rule.h"

#include <inttypes.h>

#define OPTIONS client_delivery_rate_options
struct client_delivery_rate_options {
	struct setting client_delivery_rate;
	int64_t least, recipients, window_s;
};
enum { CLIENT_DELIVERY_RATE };

static const struct option rows[] = {
	[CLIENT_DELIVERY_RATE] = { "client_delivery_rate", OPT_SETTING, INTO(client_delivery_rate), "log",
	    .sentence = "Too few of the recipients that the client tried were taken: it does not clean its lists." },
	{ "delivery_rate_min", OPT_INT, INTO(least), "50", "1", "100",
	    .sentence = "So many per cent of the recipients must have been taken." },
	{ "delivery_rate_recipients", OPT_INT, INTO(recipients), "50", "1", "1000000",
	    .sentence = "Clients that tried fewer recipients than this are not judged by it." },
	{ "delivery_rate_window", OPT_SEC, INTO(window_s), "1d", "1h", "30d",
	    .sentence = "How far back the client's recipients count." },
};

static struct verdict
judge(struct eval *e)
{
	const struct client_delivery_rate_options *o = options(e);
	int64_t done[ACTIVITIES];

	if (client_key(e) == NULL || !on_record(e))
		return waiting(e) ? PENDING : DUNNO;
	if (!client_activity(e, o->window_s, done))
		return cannot_tell(e, CLIENT_DELIVERY_RATE, "4.3.0", "cannot look up now what became of the recipients %s tried",
		    request(e)->client_address);

	int64_t all = done[ACTIVITY_ACCEPTED] + done[ACTIVITY_REFUSED] + done[ACTIVITY_UNKNOWN];
	if (all < o->recipients || done[ACTIVITY_ACCEPTED] * 100 >= all * o->least)
		return DUNNO;
	return object(e, CLIENT_DELIVERY_RATE, "4.7.1", "of %" PRId64 " recipients that %.80s tried here, %" PRId64
	    " were taken; remove what bounces from your lists", all, request(e)->client_address, done[ACTIVITY_ACCEPTED]);
}

const struct rule rule_client_delivery_rate = { "client_delivery_rate", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows) };
