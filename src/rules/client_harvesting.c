/* client_harvesting.c - who keeps trying mailboxes that are not here is blocked, at first for a time
 *
 * Asks          the store: which recipients the client tried in vain, and how many it tried at all
 * Checks        client_harvesting  4.7.1  harvest_limit distinct recipients, and harvest_share per cent of all it tried,
 *                                         within harvest_window; as defer or reject it sets a block
 * Cannot tell   when the store is in trouble; when others' recipients, too, seem unknown: our own table may be broken
 * Leaves        our own machines, addresses everybody must reach, whom a row in allow or an allow list vouches for,
 *               trusted_forwarders, clients that are blocked.  What was tried before the end of the client's last block
 *               is paid for
 */
#include "rules/paid.h"

#include <inttypes.h>

#define OPTIONS client_harvesting_options
struct client_harvesting_options {
	struct setting client_harvesting;
	int64_t limit, share, window_s, deactivated_weight;
};
enum { CLIENT_HARVESTING };

static const struct option rows[] = {
	[CLIENT_HARVESTING] = { "client_harvesting", OPT_SETTING, INTO(client_harvesting), "defer",
	    .sentence = "The client tried too many recipients that are not here.  As defer or reject it is blocked, too, for the "
	    "time block_steps says." },
	{ "harvest_limit", OPT_INT, INTO(limit), "20", "1", "100000",
	    .sentence = "So many distinct recipients that are not here are too many, within harvest_window." },
	{ "harvest_share", OPT_INT, INTO(share), "30", "0", "100",
	    .sentence = "They must also be so many per cent of all recipients the client tried." },
	{ "harvest_window", OPT_SEC, INTO(window_s), "1h", "1m", "24h",
	    .sentence = "How long a recipient tried in vain counts." },
	{ "harvest_deactivated_weight", OPT_INT, INTO(deactivated_weight), "2", "1", "100",
	    .sentence = "A deactivated mailbox counts as so many: who still writes to one removes no bounces." },
};

static int64_t
percent(int64_t part, int64_t whole)
{
	return whole > 0 ? part * 100 / whole : 0;
}

static struct verdict
block_it(struct eval *e, const struct client_harvesting_options *o, const struct tried *tried, int64_t all)
{
	char cause[128], evidence[256];
	struct text for_all = TEXT(cause), for_us = TEXT(evidence);

	text_addf(&for_all, "it tried %u recipients that are not here", tried->unknown);
	text_addf(&for_us, "%u of %" PRId64 " recipients within %" PRId64 " s are not here, %u of them deactivated",
	    tried->unknown, all, o->window_s, tried->deactivated);
	struct verdict v = object(e, CLIENT_HARVESTING, "4.7.1", "%.80s tried %u recipients that are not here; remove what "
	    "bounces from your lists, and come back later", request(e)->client_address, tried->unknown);
	return blocking(e, BLOCKED_CLIENT, traced(e, v, "%s", evidence), cause, evidence);
}

static struct verdict
judge(struct eval *e)
{
	const struct client_harvesting_options *o = options(e);
	struct tried tried;
	int64_t done[ACTIVITIES], since_s;

	if (client_key(e) == NULL || !on_record(e))
		return waiting(e) ? PENDING : DUNNO;

	if (!counts_since(e, BLOCKED_CLIENT, o->window_s, &since_s))
		return DUNNO;
	if (!tried_in_vain(e, since_s, &tried) || !client_activity(e, o->window_s, done))
		return cannot_tell(e, CLIENT_HARVESTING, "4.3.0", "cannot look up now which recipients %s tried",
		    request(e)->client_address);
	int64_t all = done[ACTIVITY_ACCEPTED] + done[ACTIVITY_REFUSED] + tried.unknown;
	if (tried.unknown + tried.deactivated * (o->deactivated_weight - 1) < o->limit ||
	    percent(tried.unknown, all) < o->share)
		return DUNNO;

	if (tried.by_postfix > 0 && mailboxes_look_broken(e))
		return cannot_tell(e, CLIENT_HARVESTING, "4.3.0", "cannot tell which recipients are here now");
	return block_it(e, o, &tried, all);
}

const struct rule rule_client_harvesting = { "client_harvesting", judge, STAGE_RCPT, HOOK_MX_PRE | HOOK_MX,
    SPARE_STRANGER | SPARE_FORWARDER, OPTION_TABLE(rows), .on_unknown = true };
