/* relay_spf.c - who hands on what others of his domain wrote publishes an SPF record that names our servers
 *
 * Asks          the table relay_login, and relay_query; what the SPF record of the login's domain would say to each of
 *               outbound_addresses, and whether it includes one of relay_include; since when that is known to be missing
 * Checks        relay_spf       5.7.1  neither, for longer than relay_grace     RFC 7208
 *               relay_spf_soon  5.7.1  neither, but not for so long yet
 * Cannot tell   when the DNS, the store or relay_query cannot
 * Leaves        logins that are no relays, unless relay_logins = all; everybody, as long as neither outbound_addresses nor
 *               relay_include is set
 */
#include "policy/rule.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OPTIONS relay_spf_options
struct relay_spf_options {
	struct setting relay_spf, relay_spf_soon;
	int logins;
	struct option_networks addresses;
	struct option_list includes;
	int64_t grace_s;
};
enum { RELAY_SPF, RELAY_SPF_SOON };
enum { LOGINS_LISTED, LOGINS_ALL };		/* logins */
enum { ADDRESSES_MAX = 16, NAMED_MAX = 3, HOUR_S = 3600 };

static const char *
parse_addresses(struct arena *a, const char *text, void *into)
{
	static const struct option networks = { "", OPT_NETWORKS, 0 };
	const struct option_networks *list = into;
	char network[NETWORK_TEXT];
	const char *why = option_read(&networks, a, text, into);

	if (why != NULL)
		return why;
	if (list->count > ADDRESSES_MAX)
		return arena_printf(a, "more than %d addresses; set relay_include, and have that name them", ADDRESSES_MAX);
	for (size_t i = 0; i < list->count; i++)
		if (list->at[i].prefix != list->at[i].base.bits)
			return arena_printf(a, "%s: a network; write each address from which mail leaves",
			    network_print(&list->at[i], network));
	return NULL;
}

/* Customers are told to add it as it stands here. */
static const char *
check_include(const char *name)
{
	return *name == '.' ? "a record includes a domain, not those below it; write it without the dot" : NULL;
}

static const struct option rows[] = {
	[RELAY_SPF] = { "relay_spf", OPT_SETTING, INTO(relay_spf), "reject",
	    .sentence = "The SPF record of a relay's domain does not name us, and has not for relay_grace." },
	[RELAY_SPF_SOON] = { "relay_spf_soon", OPT_SETTING, INTO(relay_spf_soon), "log",
	    .sentence = "The same while relay_grace runs: time to write to those in the view relay_missing." },
	{ "relay_logins", OPT_WORD, INTO(logins), "listed", .words = "listed|all",
	    .sentence = "Which logins are relays: those in the table relay_login or by relay_query, or all." },
	{ "outbound_addresses", OPT_PARSED, INTO(addresses), "", .parse = parse_addresses,
	    .sentence = "The addresses from which our mail leaves: SPF must allow each." },
	{ "relay_include", OPT_DOMAINS, INTO(includes), "", .check = check_include,
	    .sentence = "Or the record must include one of these domains, or redirect to it; the first stands in the reply." },
	{ "relay_grace", OPT_SEC, INTO(grace_s), "14d", "0s", "366d",
	    .sentence = "So long after it was first seen a relay whose record does not name us is only warned of." },
};

/* Does the record include one of relay_include? */
static enum known
includes_ours(struct eval *e)
{
	const struct relay_spf_options *o = options(e);
	enum known includes = KNOWN_NO;

	for (size_t i = 0; i < o->includes.count && includes != KNOWN_YES; i++) {
		enum known this = spf_names(e, login_domain(e), o->includes.at[i]);

		if (this != KNOWN_NO)
			includes = this;
	}
	return includes;
}

struct missing {
	size_t count;
	const struct network *at[NAMED_MAX];
	const char *says;		/* what the record says to the first of them */
};

/* Does it allow each of outbound_addresses?  Those that it does not, as many as are named. */
static enum known
allows_ours(struct eval *e, struct missing *missing)
{
	const struct relay_spf_options *o = options(e);
	enum known allows = KNOWN_YES;

	for (size_t i = 0; i < o->addresses.count && missing->count < NAMED_MAX; i++) {
		const struct spf_outcome *spf = spf_would_allow(e, login_domain(e), &o->addresses.at[i].base);

		if (spf->waiting || spf->result == SPF_TEMPERROR || spf->unsure) {
			allows = KNOWN_CANNOT_TELL;
		} else if (spf->result != SPF_PASS) {
			if (missing->count == 0)
				missing->says = spf_result_word(spf->result);
			missing->at[missing->count++] = &o->addresses.at[i];
		}
	}
	return o->addresses.count == 0 || missing->count > 0 ? KNOWN_NO : allows;
}

static struct verdict
tell(struct eval *e, unsigned check, const struct missing *missing)
{
	const struct relay_spf_options *o = options(e);
	char buffer[105], address[NETWORK_TEXT], one[NETWORK_TEXT + 8];
	struct text add = TEXT(buffer);

	if (o->includes.count > 0)
		text_addf(&add, "include:%.96s", o->includes.at[0]);
	for (size_t i = 0; i < missing->count && o->includes.count == 0; i++) {
		snprintf(one, sizeof one, "%s%s:%s", i ? " " : "", missing->at[i]->base.bits == 32 ? "ip4" : "ip6",
		    network_name(missing->at[i], address));
		if (add.len + strlen(one) < add.size)		/* all of it or nothing */
			text_add(&add, one);
	}
	return object(e, check, "5.7.1", "the SPF record of %.80s must allow our servers; add %s to it (now: %s)", login_domain(e),
	    buffer, missing->says);
}

static struct verdict
judge(struct eval *e)
{
	const struct relay_spf_options *o = options(e);
	struct relay_past past;
	struct missing missing = { .says = "no such include" };

	if (login(e) == NULL || (o->addresses.count == 0 && o->includes.count == 0))
		return DUNNO;

	enum known relay = o->logins == LOGINS_ALL ? KNOWN_YES : login_is_relay(e);
	if (waiting(e))
		return PENDING;

	if (relay == KNOWN_NO)
		return DUNNO;
	if (relay == KNOWN_CANNOT_TELL)
		return cannot_tell(e, RELAY_SPF, "4.3.0", "cannot look up now whether %.100s is a relay", login(e));
	if (login_domain(e) == NULL)
		return cannot_tell(e, RELAY_SPF, "4.7.1", "cannot tell which domain is that of the login %.80s", login(e));

	enum known includes = includes_ours(e), allows = allows_ours(e, &missing);
	if (waiting(e))
		return PENDING;

	bool named = includes == KNOWN_YES || allows == KNOWN_YES;
	if (!named && (includes == KNOWN_CANNOT_TELL || allows == KNOWN_CANNOT_TELL))
		return cannot_tell(e, RELAY_SPF, "4.4.3", "cannot look up now what SPF says of %.100s", login_domain(e));
	if (!relay_past(e, &past))
		return named ? DUNNO :
		    cannot_tell(e, RELAY_SPF, "4.3.0", "cannot tell now how long SPF of %.100s has not named us", login_domain(e));
	bool stale = now(e) - past.last_s >= HOUR_S || past.last_s > now(e);	/* by a clock that was ahead */
	if (named ? past.since_s != 0 : stale)
		remember_relay(e, named ? NULL : missing.says);
	if (named)
		return DUNNO;
	bool known_long = o->grace_s == 0 || (past.since_s != 0 && now(e) - past.since_s >= o->grace_s);
	return tell(e, known_long ? RELAY_SPF : RELAY_SPF_SOON, &missing);
}

const struct rule rule_relay_spf = { "relay_spf", judge, STAGE_RCPT, HOOK_SUBMISSION, 0, OPTION_TABLE(rows) };
