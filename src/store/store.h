/* store.h - what policyd remembers, in one SQLite file
 *
 * One writer thread owns the writing connection and commits everything that
 * waits as one transaction; the loop reads through its own connection, and
 * keeps the tables people edit in memory (a struct lists), reloaded whole
 * within 300 ms of a change.  Stored times are Unix seconds.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "config/option.h"
#include "config/quota.h"

struct store;
struct loop;
struct lists;
struct pending_write;

enum decision_log { DECISION_LOG_ALL, DECISION_LOG_REFUSALS, DECISION_LOG_OFF };

struct store_options {
	const char *database;		/* path; its folder must exist */
	int synchronous;		/* 0 normal, 1 full */
	int decision_log;		/* enum decision_log */
	int64_t decision_keep_s;	/* rows older than this go */
	int64_t database_size_max;	/* bytes; the oldest rows go beyond it */
	int64_t write_queue_max;	/* rows waiting for the writer; beyond it passes are dropped and counted */
	int64_t history_keep_s;		/* rows of history older than this go */
	int64_t activity_keep_s;	/* rows of unknown and activity older than this go */
	int64_t sent_max;		/* rows of the table sent; the oldest go beyond it */
	int64_t greylist_max;		/* rows of triplet_pending; the oldest go beyond it */
	const char *recipient_delimiter;	/* a set of characters, as in main.cf: what begins an address extension */
};
extern const struct option_table store_option_table;

/*
 * Makes sense of what people wrote; what it cannot read has a sentence in why, which the view `problem` then shows, and
 * the row does nothing.  Called on the loop's thread, whenever rows are read.
 */
struct store_reader {
	/* The setting of a recipient_setting: what it returns is kept with the row and freed with free(); NULL with why. */
	void *(*setting)(const char *check, const char *setting, char *why, size_t size);
	/* Is there the profile of a recipient_profile?  False with why. */
	bool (*profile)(void *arg, const char *profile, char *why, size_t size);
	void *arg;
};

/*
 * Open the file at o->database, make it if missing, migrate it if older.  NULL
 * with a sentence in why (place, finding, remedy) if it is newer than the
 * program, or belongs to another one.  A corrupt file is moved aside to NAME.corrupt-TIME, said in the log,
 * and a new one is made; a file that cannot be opened now is tried again every second, and mail flows.
 *
 * read_only: for `policyd -x`; nothing is created, migrated or written.
 */
struct store *store_open(struct loop *l, const struct store_options *o, const struct store_reader *reader,
    bool read_only, char *why, size_t size);

/*
 * Another configuration from now on; `database` cannot change while open.  The lists are read again, soon: profiles that
 * rows name may have come or gone, and blocks that policyd set are found by their networks then, whoever counts as one
 * client now.
 */
void store_configure(struct store *s, const struct store_options *o);

/* ---- writing ---- */

/*
 * A reference is a number that only grows: seconds since 1970 and a sequence,
 * 50 bits, shown as ten characters of Crockford's base32.  Each call gives the next.
 * A start within the second of the last one, or another's, is a second ahead of the clock.
 */
enum { REFERENCE_TEXT = 11 };
int64_t store_reference(struct store *s);
const char *reference_print(int64_t reference, char out[REFERENCE_TEXT]);

/* One decision, as the table `decision` keeps it; every text is safe to show (text_add_safe), NULL becomes NULL. */
struct decision_row {
	int64_t reference;		/* 0: the store gives one */
	int64_t time_s;
	const char *action;		/* dunno, defer, reject */
	const char *check;		/* the check that decided; NULL on a plain pass */
	const char *would;		/* what shadow checks would have done, "reject sender_no_mx, …"; NULL if nothing */
	const char *reply;		/* what Postfix was answered behind action= */
	const char *profile, *context, *stage, *client_address, *client_name, *helo, *sender, *sender_domain,
	    *recipient, *login, *instance, *queue_id;
	int score, runs;
	int64_t took_us;
	const char *detail;		/* JSON: [{"rule":…,"check":…,"setting":…,"verdict":…,"text":…,"facts":…,"us":…},…] */
};

/*
 * Who waits for a commit.  Embedded by the caller.  committed() is called once,
 * on the loop, never from within store_write(); ok is false if the store is in
 * trouble: the row may be written later, but nobody can say when.  Who waits already waits for what is written last.
 */
struct store_waiter {
	void (*committed)(struct store_waiter *w, bool ok);
	struct pending_write *write;		/* the store's; NULL at first */
};

/*
 * Hand a decision to the writer (copied), and count it in the same transaction:
 * counter (scope 'decision', key 'action:check', hour window, this writer) + 1,
 * and so in scope 'would' for each action of row->would.
 *
 * w       told after the commit; NULL: written behind, nobody waits
 * false   the store is known to be in trouble, or the queue is full: w will not
 *         be called, but for what it waited for already.  A refusal stays queued within the bound all the same and
 *         is written when the trouble is over.
 */
bool store_write(struct store *s, const struct decision_row *row, struct store_waiter *w);

/* True if a row is kept for such a decision (decision_log); false: store_count_decision() it. */
bool store_keeps(const struct store *s, bool refusal, bool would);

/* Count one more, written behind. */
void store_count(struct store *s, const char *scope, const char *key, int64_t time_s);

/* Count a decision of which no row is kept, as store_write() counts the others; check and would may be NULL. */
void store_count_decision(struct store *s, const char *action, const char *check, const char *would, int64_t time_s);

/*
 * The keys by which would is counted: each call takes one "action check" from
 * *would and makes it "action:check"; false when there is none left.
 */
enum { COUNTER_KEY = 104 };
bool would_key(const char **would, char key[COUNTER_KEY]);

/*
 * From now on the table list_state says this of DNS lists; written behind, in the place of what it said.
 *
 * cells   of all rows, each ended by NUL: list, kind, rules, state, since, why, probed, probe, ipv6; then an empty one
 */
void store_dns_lists(struct store *s, const char *cells, size_t size);

/* w no longer wants to know; the write goes on. */
void store_forget(struct store *s, struct store_waiter *w);

/* ---- who of ours sent mail ---- */

enum known { KNOWN_CANNOT_TELL, KNOWN_NO, KNOWN_YES };

/*
 * A mail of ours left, from this address of this domain (both in normal form): written behind.  Of mails within
 * SENT_STEP_S only the first is written.
 */
enum { SENT_STEP_S = 3600 };
void store_sent(struct store *s, const char *address, const char *domain, int64_t time_s);

/* Addresses that sent nothing for so long are forgotten, a few at a time. */
void store_keep_sent(struct store *s, int64_t keep_s);

/*
 * Did who (an address, or a domain, in normal form) send mail since then?  YES holds from the call of store_sent() on,
 * and for up to SENT_STEP_S longer than asked for.  CANNOT_TELL: the store is in trouble, or has not been told of
 * sent mail for so long, or forgot some since, as there was too much.
 */
enum known store_sent_since(struct store *s, const char *who, int64_t since_s);

/* ---- greylisting ---- */

/*
 * Who sends to whom.  A client has several names, its domain and its network: an attempt is remembered under the
 * best, and found under any.
 */
enum { TRIPLET_CLIENTS = 3 };
struct triplet {
	const char *clients[TRIPLET_CLIENTS];	/* the best first; NULL ends them, if there are fewer */
	const char *sender, *recipient;		/* any bytes; the same text, the same triplet */
};

/* Times are Unix seconds; what is older than these is forgotten, what is later than now has not happened. */
struct triplet_span {
	int64_t now_s, attempts_since_s, triplets_since_s;
};

struct triplet_past {
	bool known;			/* false: it cannot be told, as the store is in trouble, or has not read it all yet */
	bool waits, proven;		/* it was tried; it came through */
	const char *client;		/* WAITS, PROVEN: under this name of the client's */
	int64_t gen, first_s;		/* WAITS, PROVEN: the attempt's number, and when it was tried first */
	int64_t passed_s, last_s;	/* PROVEN: when it came through first, and last (within a day) */
	int64_t next_gen;		/* the number of a new attempt */
	const char *proven_client;	/* unless PROVEN: the name under which this client's triplets came through most often; NULL: none did */
	int64_t client_passes, client_last_s;	/* how often, once an hour at most; when last (within a day) */
};

/* By what is written and on its way.  Texts are the triplet's. */
struct triplet_past store_triplet(struct store *s, const struct triplet *t, struct triplet_span within);

enum triplet_event {
	TRIPLET_TRIED,			/* for the first time: the triplet waits */
	TRIPLET_PASSED,			/* it has come through now */
	TRIPLET_SEEN,			/* again; or was let pass as its client is proven, then it has no past */
};

struct triplet_news {
	enum triplet_event event;
	struct triplet triplet;
	struct triplet_past past;	/* PASSED, SEEN; of TRIED next_gen */
	int64_t time_s;
	int64_t ready_s;		/* TRIED: when it will pass at the earliest, for people */
	bool counts;			/* PASSED: for the client, too */
};

/*
 * Remember it.  Found from now on; TRIED: w (may be NULL) is told after the commit, as by store_write().
 *
 * false: the store is in trouble, or its queue is full; nothing is remembered, and w is not called
 */
bool store_triplet_news(struct store *s, const struct triplet_news *news, struct store_waiter *w);

/* Attempts older than the one, and triplets and clients that came through longer ago than the other, are forgotten. */
enum { GREYLIST_DELAY_MAX_S = 86400 };
void store_keep_triplets(struct store *s, int64_t attempts_s, int64_t triplets_s);

/* ---- what clients did ---- */

/* Who says that a recipient is not here: Postfix, between two requests (policy/bracket.h); recipient_query; its log. */
enum unknown_source { UNKNOWN_BY_BRACKET, UNKNOWN_BY_QUERY, UNKNOWN_BY_FEED };

struct unknown_recipient {
	const char *client;		/* address or network, as blocks have it */
	const char *recipient;		/* in normal form */
	bool deactivated;		/* it was here once */
	enum unknown_source source;
	int64_t time_s;
};

/* A client tried a recipient that is not here: written behind, and known at once.  The same again is no other. */
void store_unknown(struct store *s, const struct unknown_recipient *u);

/* Distinct recipients that a client tried in vain. */
struct tried {
	unsigned unknown;		/* all of them */
	unsigned deactivated;		/* of these: were here once */
	unsigned by_postfix;		/* of these: its tables do not know them, as its silence or its log says */
};

/* In about the last day: false is certain, and costs nothing unless policyd-feed runs; true is worth a question. */
bool store_on_record(struct store *s, const char *client);

/* Since then, and not in what is still to come by our clock; false: the store is in trouble. */
bool store_tried(struct store *s, const char *client, int64_t since_s, struct tried *out);

/* The same of all other clients, as far as it is written; false: the store is in trouble. */
struct tried_by_others {
	unsigned unknown, clients;	/* recipients; by so many */
};
bool store_tried_by_others(struct store *s, const char *client, int64_t since_s, struct tried_by_others *out);

/* What is counted, of clients (as above), sender domains and logins. */
enum activity { ACTIVITY_ACCEPTED, ACTIVITY_REFUSED, ACTIVITY_UNKNOWN, ACTIVITY_LISTED, ACTIVITY_TRAP, ACTIVITIES };

/* It happened n times, to who in that scope ("client", "sender_domain", "login"): summed up and written behind. */
void store_add_activity(struct store *s, const char *scope, const char *who, enum activity kind, int64_t time_s, int64_t n);

/* How often since then, and in up to an hour before, summed over all who write to the file; false: it is in trouble. */
bool store_activity(struct store *s, const char *scope, const char *who, int64_t since_s,
    int64_t out[ACTIVITIES]);

/* ---- mail of ours that came back ---- */

struct bounces {
	int64_t hard;			/* since there is no such mailbox */
	int64_t last_s;			/* when the last of them came */
	char said[200];			/* and what was said, as Postfix logged it, safe to show */
};

/* Of a recipient since then, and since mail last reached it; of a login's recipients.  False: the store is in trouble. */
bool store_recipient_bounces(struct store *s, const char *recipient, int64_t since_s, struct bounces *out);
bool store_login_bounces(struct store *s, const char *login, int64_t since_s, int64_t *count);

/* ---- quotas ---- */

struct quota_use {			/* whose use of what is counted */
	const char *scope;		/* as in struct quota */
	const char *name;		/* any bytes */
	struct quota quota;
};

/* What was used within the quota's time, by the steps of it that count. */
struct quota_past {
	int64_t used;
	int64_t first_s, step_s, span_s;	/* step i starts at first_s + i * step_s, and counts for span_s from there */
	int64_t steps[QUOTA_STEPS];
};

/*
 * By what all who write to the file have counted, this store's own at once, be it written or not.  False: the file cannot
 * be read; then out is what this store counted since its start.
 */
bool store_quota_past(struct store *s, const struct quota_use *u, int64_t now_s, struct quota_past *out);

/* When so much of it has ceased to count, at least. */
int64_t quota_frees_s(const struct quota_past *past, int64_t n);

struct quota_count {			/* n more */
	const struct quota_count *next;
	struct quota_use use;
	int64_t n;
};

/* A message that is counted, so that it is not once more: so many of its recipients, and whether it has arrived whole. */
struct quota_message {
	int64_t recipients;
	bool whole;
};

/* Count all of it, and remember the message (instance "": none), in one transaction; w (may be NULL) is told after its
 * commit.  False: the store is in trouble, or its queue is full; w is not called, what is counted may be lost at the end. */
bool store_quota_count(struct store *s, const struct quota_count *counts, const char *instance,
    const struct quota_message *m, int64_t now_s, struct store_waiter *w);

/* What is remembered of a message, all 0 if nothing is; false: the file cannot be read. */
bool store_quota_message(struct store *s, const char *instance, struct quota_message *out);

/* ---- relays whose domain does not name us ---- */

struct relay_past {
	int64_t since_s;		/* since when the domain's SPF record is known not to name us; 0: it is not known */
	int64_t last_s;			/* when that was last seen, or up to an hour before */
};

/* False: the store is in trouble. */
bool store_relay(struct store *s, const char *domain, struct relay_past *out);

struct relay_news {
	const char *domain;		/* in normal form */
	const char *login, *finding;	/* who sent, and what SPF says; finding NULL: the record names us */
	int64_t time_s;
};

/* Remember it: written behind. */
void store_relay_news(struct store *s, const struct relay_news *news);

/* policyd-feed reads Postfix's log, and says who is unknown (as of the last look). */
bool store_is_fed(const struct store *s);

/* ---- from where logins send ---- */

/*
 * The login (in normal form) sent from this network: written behind.  Of what it sends from there within LOGIN_STEP_S only
 * the first is written.
 */
enum { LOGIN_STEP_S = 3600 };
void store_login_seen(struct store *s, const char *login, const char *client, int64_t time_s);

/*
 * From how many networks the login sent since then, this one among them in any case; LOGIN_NETWORKS_MAX stand for more.
 * A network counts by a time up to LOGIN_STEP_S before it was seen there last.  False: the store is in trouble.
 */
enum { LOGIN_NETWORKS_MAX = 1000 };
bool store_login_spread(struct store *s, const char *login, const char *client, int64_t since_s, int64_t now_s, int64_t *count);

/* ---- blocks ---- */

struct block {
	const char *client, *sender, *login;	/* one of them; "" the others */
	const char *cause;		/* in a few words, for strangers to read */
	const char *evidence;		/* for the house */
	int strikes;			/* the how manieth it is */
	int64_t since_s, expires_s;	/* 0: for good */
};

/* A block that policyd set is forgotten so long after its end. */
void store_keep_blocks(struct store *s, int64_t keep_s);

/* Block it: known at once, written in the transaction of what is written next, or before.  Not while the queue is full. */
void store_block(struct store *s, const struct block *b);

/*
 * The latest block of exactly this client, or login ("" the other), as people or policyd set it, whether it has ended or
 * not; NULL: none is remembered.  Lives as long as l, or until the loop's next turn.
 */
const struct list_row *store_last_block(const struct store *s, const struct lists *l, const char *client, const char *login);

/* ---- what people wrote by hand ---- */

enum list_kind { LIST_ALLOW, LIST_DENY, LIST_UNWANTED, LIST_BLOCK, LIST_SPAMTRAP, LIST_LOGIN_DOMAIN,
	LIST_RELAY_LOGIN, LIST_QUOTA_LIMIT };

/*
 * One row of a list that people write: every column it fills must match, save the recipient of a row of unwanted that is
 * for all.
 *
 *   client     address, network, or confirmed name; ".example.net" is any name below example.net
 *   helo       name; ".example.net" likewise
 *   sender     address, domain ("example.net"), or ".example.net" for what is below it; "<>" is the null sender
 *   recipient  address, domain or ".domain", as above
 *   login      SASL login, whose domain may be left out if it is login_realm, or "@domain"
 */
struct list_row {
	int64_t id;
	const char *client, *helo, *sender, *recipient, *login;	/* as written; "" where the row says nothing */
	const char *cause;				/* unwanted, block: for strangers to read; "" if none is given; quota_limit: quotas */
	struct quotas *quotas;				/* quota_limit: the same, read */
	bool for_all;					/* unwanted: no recipient gets it */
	int64_t expires_s;				/* 0: never */
	int64_t since_s;				/* block: when it began */
	int strikes;					/* block: the how manieth in a row it is */
};

/* It has begun, and has not ended: a block that a clock set in the future has not. */
static inline bool
list_row_counts(const struct list_row *row, int64_t now_s)
{
	return row->since_s <= now_s && (row->expires_s == 0 || row->expires_s > now_s);
}

struct list_subject {			/* in normal form: lower case, A-labels */
	const struct address *client;
	const char *client_name;	/* confirmed; NULL or "" if there is none */
	const char *helo, *sender, *recipient;	/* sender "": the null sender */
	const char *login;		/* NULL: none */
	const char *login_name;		/* as which rows may name it, too: without login_realm; NULL: none */
};

/* The lists as they are now: a reference, unchanging, handed back to lists_release(). */
struct lists *store_lists(struct store *s);
void lists_release(struct lists *l);

/*
 * The most specific row that matches at time now_s, of equals the newest, of blocks first of all one for good; NULL
 * if none does.  A row for a recipient matches its address with an extension, too, after one that has that.  An allow
 * row that names a sender or a helo but no client never matches (both can be forged); the view `problem` says so.
 */
const struct list_row *lists_find(const struct lists *l, enum list_kind kind, const struct list_subject *who,
    int64_t now_s);

/*
 * The row of block for exactly this client, an address or a network as printed, or this login, in normal form ("" the
 * other), ended or not; NULL: none.
 */
const struct list_row *lists_block(const struct lists *l, const char *client, const char *login);

/* A row of login_domain is for exactly this login, in normal form, whatever sender it lets it use, and has ended or not. */
bool lists_name_login(const struct lists *l, const char *login);

/* True if some row that names a client by its name would match at now_s, whatever that name is. */
bool lists_want_name(const struct lists *l, enum list_kind kind, const struct list_subject *who, int64_t now_s);

/* The profile people gave this recipient (address, without its extension, domain; not expired); NULL if none. */
const char *lists_profile(const struct lists *l, const char *recipient, int64_t now_s);

/*
 * What the reader made of the recipient's own setting of that check (as above); NULL if there is none.  Lives as long as l.
 */
const void *lists_setting(const struct lists *l, const char *recipient, const char *check, int64_t now_s);

/* True if the lists hold any recipient_setting at all for this recipient. */
bool lists_has_setting(const struct lists *l, const char *recipient);

/* Commit what waits (for at most timeout_ms), stop the writer, close; waiters that are left are told false. */
void store_close(struct store *s, int64_t timeout_ms);

#endif
