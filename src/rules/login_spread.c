/* login_spread.c - one person sends from a few networks; an account broken into is used from everywhere at once
 *
 * Asks          the store: from how many networks the login sent lately, the present one among them, which it remembers
 * Checks        login_spread  4.7.1  spread_limit distinct networks within spread_window; as reject it sets a block
 * Cannot tell   when the store is in trouble
 * Leaves        mail without a login; our own machines, where people read their mail in a browser; logins that are blocked.
 *               Where it was seen before the end of its last block is paid for
 */
#include "rules/paid.h"

#include <inttypes.h>

#define OPTIONS login_spread_options
struct login_spread_options {
	struct setting login_spread;
	int64_t limit, window_s, ipv4, ipv6;
};
enum { LOGIN_SPREAD };

static const struct option rows[] = {
	[LOGIN_SPREAD] = { "login_spread", OPT_SETTING, INTO(login_spread), "log",
	    .sentence = "The login sent from too many networks: its password is known to others.  As reject it is blocked, too, "
	    "for the time block_steps says." },
	{ "spread_limit", OPT_INT, INTO(limit), "10", "2", "1000",
	    .sentence = "So many distinct networks are too many, within spread_window." },
	{ "spread_window", OPT_SEC, INTO(window_s), "1d", "1h", "30d",
	    .sentence = "How long a network counts." },
	{ "spread_ipv4", OPT_INT, INTO(ipv4), "24", "8", "32",
	    .sentence = "How many bits of an IPv4 address are one network, when a login's networks are counted." },
	{ "spread_ipv6", OPT_INT, INTO(ipv6), "48", "16", "128",
	    .sentence = "The same of IPv6, where a customer's line has a network of 48 to 64 bits." },
};

static struct verdict
judge(struct eval *e)
{
	const struct login_spread_options *o = options(e);
	const struct address *client = &request(e)->client;
	char network[NETWORK_TEXT], cause[128], evidence[160];
	struct text for_all = TEXT(cause), for_us = TEXT(evidence);
	int64_t since_s, count, hours = (o->window_s + 3599) / 3600;

	if (login(e) == NULL || client->bits == 0 || !counts_since(e, BLOCKED_LOGIN, o->window_s, &since_s))
		return DUNNO;
	struct network n = network_around(client, (unsigned)o->ipv4, (unsigned)o->ipv6);
	if (!login_networks(e, network_name(&n, network), since_s, &count))
		return cannot_tell(e, LOGIN_SPREAD, "4.3.0", "cannot look up now from where %.100s sent", login(e));
	text_addf(&for_us, "%" PRId64 " networks within %" PRId64 " s, this one is %s", count, o->window_s, network);
	if (count < o->limit)
		return traced(e, DUNNO, "%s", evidence);
	text_addf(&for_all, "it sent from %" PRId64 " networks within %" PRId64 " h; change the password", count, hours);
	struct verdict v = object(e, LOGIN_SPREAD, "4.7.1", "%.80s sent from %" PRId64 " networks within %" PRId64 " h; change the "
	    "password, then ask us", login(e), count, hours);
	return blocking(e, BLOCKED_LOGIN, traced(e, v, "%s", evidence), cause, evidence);
}

const struct rule rule_login_spread = { "login_spread", judge, STAGE_RCPT, HOOK_SUBMISSION, SPARE_LOCAL, OPTION_TABLE(rows) };
