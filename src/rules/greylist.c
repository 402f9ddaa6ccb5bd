/* greylist.c - we delay mail, until it is tried again, only on unmistakable characteristics of spam: all other mail at once
 *
 * Asks          SPF of the sender's domain (of the null sender: of the HELO name), the client's confirmed name, and what
 *               is remembered of sender and recipient under each of these and the client's network
 * Checks        greylist  4.2.0  a check that is set to greylist objected, or the score reached score_greylist, and
 *                                nothing of this client, sender and recipient came through before     RFC 6647
 * Cannot tell   when the store cannot: what may be forgotten delays nobody
 * Leaves        what other rules refuse, by score too; who came through; clients of whom greylist_auto_pass did
 *
 * With greylist_when = always whatever is new is delayed.  A pool of servers is one client: the domain whose SPF record
 * names it, else the organisation of its name, else its network.  A name that spells the address is that of a line, and
 * a record that names everybody that of nobody: such lines share no proof.
 */
#include "rules/dynamic_name.h"
#include "rules/lasting_sender.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define OPTIONS greylist_options
struct greylist_options {
	struct setting greylist;
	int when;
	int64_t delay_s, retry_window_s, life_s, auto_pass;
	bool header;
	int64_t ipv4, ipv6;
};
enum { GREYLIST, WHEN, DELAY, RETRY_WINDOW, LIFE, AUTO_PASS, HEADER, IPV4, IPV6 };
enum { WHEN_EVIDENCE, WHEN_ALWAYS };		/* when */
enum { DAY_S = 86400, SENDER_BYTES = 1100 };
enum { SENDER_IPV4 = 8, SENDER_IPV6 = 16 };	/* bits: no network of a sender has fewer */

static const struct option rows[] = {
	[GREYLIST] = { "greylist", OPT_SETTING, INTO(greylist), "greylist",
	    .sentence = "Mail that looks odd has not come through before, between this client, sender and recipient." },
	[WHEN] = { "greylist_when", OPT_WORD, INTO(when), "evidence", .words = "evidence|always",
	    .sentence = "What is delayed if it is new: mail to which a check set to greylist objects, or whose score reaches "
	    "score_greylist; or always all." },
	[DELAY] = { "greylist_delay", OPT_SEC, INTO(delay_s), "5m", "0s", "1d",
	    .sentence = "How long new mail is delayed (RFC 6647); 0s: not at all." },
	[RETRY_WINDOW] = { "greylist_retry_window", OPT_SEC, INTO(retry_window_s), "2d", "1m", "30d",
	    .sentence = "How long after that it must be tried again; what comes later is new." },
	[LIFE] = { "greylist_life", OPT_SEC, INTO(life_s), "35d", "1h", "3650d",
	    .sentence = "How long what came through is known, from its last mail on." },
	[AUTO_PASS] = { "greylist_auto_pass", OPT_INT, INTO(auto_pass), "5", "0", "1000",
	    .sentence = "A client so many of whose mails came through, counted once an hour, is not delayed any more; 0: none." },
	[HEADER] = { "greylist_header", OPT_BOOL, INTO(header), "yes",
	    .sentence = "A message that was delayed gets the header X-Greylist." },
	[IPV4] = { "greylist_ipv4", OPT_INT, INTO(ipv4), "24", "8", "32",
	    .sentence = "Clients with the same first bits of their IPv4 addresses are one." },
	[IPV6] = { "greylist_ipv6", OPT_INT, INTO(ipv6), "64", "16", "128",
	    .sentence = "The same of IPv6 addresses." },
};

/* By "all", or a network of so few bits that no sender can own it. */
static bool
names_everybody(const struct spf_outcome *spf, const struct address *client)
{
	return spf->bits < (client->bits == 32 ? SENDER_IPV4 : SENDER_IPV6);
}

/* What makes servers of one sender the same client, the best first; from and network are room for its texts. */
static struct triplet
make_triplet(struct eval *e, const struct spf_outcome *spf, const struct client_name *name, struct text *from,
    char network[NETWORK_TEXT])
{
	const struct greylist_options *o = options(e);
	const struct address *client = &request(e)->client;
	const char *domain = sender_is_null(e) ? helo_domain(e) : sender_domain(e);
	struct triplet t = { .recipient = recipient(e), .sender = from->at };
	size_t count = 0;

	add_lasting_sender(from, sender(e));
	if (spf->result == SPF_PASS && !names_everybody(spf, client) && domain != NULL)
		t.clients[count++] = domain;
	if (name->status == NAME_CONFIRMED && !name_spells_address(name->name, client)) {
		const char *organisation = domain_organisation(name->name);

		if (organisation != NULL && (count == 0 || strcmp(organisation, domain) != 0))
			t.clients[count++] = organisation;
	}
	struct network n = network_around(client, (unsigned)o->ipv4, (unsigned)o->ipv6);
	t.clients[count] = client->bits ? network_print(&n, network) : request(e)->client_address;
	return t;
}

/* It has waited long enough. */
static struct verdict
let_through(struct eval *e, struct triplet_news *news)
{
	const struct greylist_options *o = options(e);
	struct verdict v = DUNNO;
	int64_t delay_s = news->time_s - news->past.first_s;
	time_t now_s = (time_t)news->time_s;
	char date[40];
	struct tm tm;

	news->event = TRIPLET_PASSED;
	news->counts = o->auto_pass > 0;
	remember_triplet(e, news);
	if (refuses_nothing(e, GREYLIST))
		return v;		/* this did not delay it */
	if (o->header && gmtime_r(&now_s, &tm) != NULL && strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &tm) > 0)
		v = prepend(e, "X-Greylist: delayed %" PRId64 " seconds by policyd at %.255s; %s", delay_s, own_name(e), date);
	v.delay_s = delay_s;
	return v;
}

/* Known since last_s: that is written anew once a day, not for each mail. */
static struct verdict
let_pass(struct eval *e, struct triplet_news *news, int64_t last_s)
{
	news->event = TRIPLET_SEEN;
	if (news->time_s - last_s >= DAY_S)
		remember_triplet(e, news);
	return DUNNO;
}

static struct verdict
delay(struct eval *e, int64_t left_s)
{
	return object(e, GREYLIST, "4.2.0", "greylisted, please try again in %" PRId64 " seconds: no mail of this sender to this "
	    "recipient has come from your network before", left_s);
}

static struct verdict
follow(struct eval *e, const struct triplet *t)
{
	const struct greylist_options *o = options(e);
	struct triplet_past past = triplet_past(e, t, o->delay_s + o->retry_window_s, o->life_s);
	struct triplet_news news = { .triplet = *t, .past = past, .time_s = now(e), .ready_s = now(e) + o->delay_s };

	if (!past.known)
		return cannot_tell(e, GREYLIST, "4.3.0", "cannot tell now whether such mail came before");
	if (past.proven)
		return traced(e, let_pass(e, &news, past.last_s), "%s came through", past.client);
	if (o->auto_pass > 0 && past.client_passes >= o->auto_pass) {
		news.past.client = NULL;
		return traced(e, let_pass(e, &news, past.client_last_s), "%s: %" PRId64 " others came through", past.proven_client,
		    past.client_passes);
	}
	if (!past.waits) {
		news.event = TRIPLET_TRIED;
		remember_triplet(e, &news);
		return traced(e, delay(e, o->delay_s), "%s is new", t->clients[0]);
	}
	int64_t waited_s = now(e) - past.first_s;
	if (waited_s < o->delay_s)
		return traced(e, delay(e, o->delay_s - waited_s), "%s waits for %" PRId64 " s", past.client, waited_s);
	return traced(e, let_through(e, &news), "%s comes again after %" PRId64 " s", past.client, waited_s);
}

static struct verdict
judge(struct eval *e)
{
	const struct greylist_options *o = options(e);
	char from[SENDER_BYTES], network[NETWORK_TEXT];
	struct text text = TEXT(from);

	if (o->delay_s == 0 || (o->when == WHEN_EVIDENCE && !suspicious(e)))
		return DUNNO;

	const struct spf_outcome *spf = spf_says(e, sender_is_null(e) ? SPF_HELO : SPF_MAIL_FROM);
	struct client_name name = client_name(e);
	if (waiting(e))
		return PENDING;

	struct triplet t = make_triplet(e, spf, &name, &text, network);
	return follow(e, &t);
}

const struct rule rule_greylist = { "greylist", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER, OPTION_TABLE(rows),
    .last = true, .greylists = true, .retry_window = &rows[RETRY_WINDOW], .triplet_life = &rows[LIFE] };
