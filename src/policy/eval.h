/* eval.h - one request being judged: runs the rules, and runs them again as answers land
 *
 * A run walks the rules in table order.  A rule that has answered is not asked
 * again (equal facts, equal verdict); one that is PENDING is, when one of its
 * questions has been answered.  A reject ends the walk, and is final once no
 * rule before it is PENDING; anything weaker waits for all rules.  So the order
 * in which answers land changes nothing.  The rule that greylists is asked when all others have answered, if they
 * do not make it a defer.
 *
 * Known to this room, and to tests.
 */
#ifndef POLICY_EVAL_H
#define POLICY_EVAL_H

#include "base/arena.h"
#include "config/config.h"
#include "dns/dns.h"
#include "policy/policy.h"
#include "policy/rule.h"
#include "protocol/action.h"

/*
 * 64 lists for addresses, twice, and as many for three names each, are more than anybody has.  Each run follows an answer,
 * and all that may be asked may land one by one.
 */
enum { QUESTIONS_MAX = 500, RUNS_MAX = QUESTIONS_MAX, QUESTION_BUCKETS = 64 };

/* Where DNS answers come from: the resolver, or a test's table; see dns_ask(), dns_list_ask() and dns_forget(). */
struct dns_source {
	/* list: the domain of the DNS list that name belongs to; NULL: none */
	const struct answer *(*ask)(void *arg, const char *list, const char *name, enum dns_type type,
	    struct dns_waiter *w);
	void (*forget)(void *arg, struct dns_waiter *w);
	void *arg;
};

/* And what a database says, the site's own of recipients or the store's of clients; see site_ask() and site_forget(). */
struct site_source {
	struct site_answer (*ask)(void *arg, const char *value, const char *login, struct site_waiter *w);
	void (*forget)(void *arg, struct site_waiter *w);
	void *arg;
};

/* Who of ours sent mail: the store, or a test's word; see store_sent_since(). */
struct sent_source {
	enum known (*since)(void *arg, const char *who, int64_t since_s);
	void *arg;
};

/* What is remembered of clients: the store and the bracket, or a test's word; see store.h, policy/bracket.h. */
struct client_source {
	bool (*on_record)(void *arg, const char *client);
	bool (*tried)(void *arg, const char *client, int64_t since_s, struct tried *out);
	bool (*activity)(void *arg, const char *scope, const char *name, int64_t since_s, int64_t out[ACTIVITIES]);
	bool (*recipient_bounces)(void *arg, const char *recipient, int64_t since_s, struct bounces *out);
	bool (*login_bounces)(void *arg, const char *login, int64_t since_s, int64_t *count);
	bool (*login_networks)(void *arg, const char *login, const char *network, int64_t since_s, int64_t now_s, int64_t *count);
	bool (*looks_broken)(void *arg, const char *client);
	bool (*relay)(void *arg, const char *domain, struct relay_past *out);
	const struct list_row *(*last_block)(void *arg, const struct lists *l, const char *client, const char *login);
	void *arg;
};

/* What greylisting remembers: the store, or a test's word; see store_triplet(). */
struct triplet_source {
	struct triplet_past (*past)(void *arg, const struct triplet *t, struct triplet_span within);
	void *arg;
};

/* What quotas are used, and what is known of the message: the store and transaction.h, or a test's word. */
struct quota_source {
	bool (*past)(void *arg, const struct quota_use *u, int64_t now_s, struct quota_past *out);
	struct quota_message (*message)(void *arg, const char *instance);
	int64_t (*recipients_before)(void *arg, const char *instance);
	void *arg;
};

/* A set of rules is a bit for each, by its place in the table. */
enum { RULES_MAX = 64 };
#define RULE_BIT(place) (UINT64_C(1) << (place))

/* The first rule of a set from that place on; RULES_MAX if there is none. */
static inline size_t
next_rule(uint64_t set, size_t place)
{
	set = place < RULES_MAX ? set >> place << place : 0;
	return set != 0 ? (size_t)__builtin_ctzll(set) : RULES_MAX;
}

/* for (EACH_RULE(i, set)): the places of a set, in the table's order. */
#define EACH_RULE(i, set) size_t i = next_rule(set, 0); i < RULES_MAX; i = next_rule(set, i + 1)

/* The rules that are on, at each hook (enum hook) and stage (enum stage, by the number of its bit); 0: none, or not known yet. */
enum { HOOKS = HOOK_SUBMISSION + 1, STAGES = 9 };
struct rules_on {
	uint64_t rules[HOOKS][STAGES];
};

/* What is the same for all requests until the next reload. */
struct world {
	const struct rule *const *rules;
	size_t rule_count;		/* at most RULES_MAX */
	struct rules_on *on;		/* by profile: of requests without settings of their own; NULL: nothing is kept */
	size_t first_table;		/* of the rules' tables among a profile's: rule i has first_table + i */
	struct dns_source dns;
	struct site_source sites[ABOUTS];
	struct sent_source sent;
	struct client_source clients;
	unsigned block_ipv4, block_ipv6;	/* prefix lengths */
	struct triplet_source triplets;
	struct quota_source quotas;
	struct option_networks local_networks;
	const char *own_name;		/* this host's: %{r} in an explanation */
	bool only_log;			/* mode = log in [server]: every check of every profile is shadow */
	const char *help_url;		/* as written; "": none */
	const char *login_realm;	/* of logins that have none, in normal form; "": none */
	enum addresses addresses;	/* how the table decision keeps them */
	size_t profile_table;		/* of struct profile_options among a profile's */
};

/* How long the first block of a client, or login, lasts, the second, …, and every further one; 0: for good. */
struct block_steps {
	size_t count;			/* at least 1 */
	const int64_t *at;
};

/* What stands in every profile beside the rules' own settings. */
struct profile_options {
	int mode;				/* enum mode */
	bool allowlists;		/* rules that grant SPARE_ALLOWED are asked */
	int64_t score_greylist, score_defer, score_reject;	/* 0: never */
	struct block_steps block_steps;
	int64_t block_forget_s;
};

/* What follows from a verdict under its check's setting. */
enum effect {
	EFFECT_NONE,
	EFFECT_SCORE,
	EFFECT_GREYLIST,		/* evidence; of the rule that greylists: mail is delayed */
	EFFECT_DEFER,
	EFFECT_REJECT,
};

enum { ABOUT_DNS = ABOUTS };		/* a question for no database */

struct question {
	union {				/* first: who waits finds its question by it */
		struct dns_waiter dns;
		struct site_waiter site;
	} waiter;
	struct question *next;		/* of the evaluation, newest first */
	struct question *next_alike;	/* in its bucket */
	struct eval *eval;
	unsigned about;			/* enum site_about, or ABOUT_DNS */
	const struct answer *answer;	/* of the DNS: &open until it landed */
	struct answer open;
	struct site_answer site;	/* of the site's database: SITE_OPEN until it landed */
	int64_t asked_us;
	int64_t waited_us;		/* how long this evaluation waited for it */
};

struct used {				/* a rule used a question */
	struct used *next;
	const struct question *question;
	bool open;			/* it was, then */
};

enum rule_progress {
	RULE_NOT_RUN,			/* off, not reached, or a question is open */
	RULE_SPARED,			/* not for this client */
	RULE_DONE,
};

struct rule_state {
	enum rule_progress progress;
	struct verdict verdict;		/* of RULE_DONE */
	enum effect effect;		/* of RULE_DONE: what the verdict does */
	bool shadow;			/* it would, but is only recorded */
	const struct setting *setting;	/* of the verdict's check; NULL if there is none */
	struct used *used;
};

/* One of those whose settings count. */
struct party {
	const struct profile *profile;
	const char *recipient;		/* in normal form, if it has settings of its own; NULL */
};

struct spf_known {			/* what SPF says of somebody */
	struct spf *check;		/* NULL: not looked at yet */
	struct spf_outcome outcome;
};

struct eval {
	struct arena *arena;
	const struct world *world;
	const struct request *request;
	const struct profile *service, *profile;	/* the context's; the one in force, which may be the recipient's own */
	enum hook hook;
	const struct lists *lists;
	int64_t now_s;
	int64_t started_us;

	const char *sender, *recipient;	/* whole, in lower case with A-labels; as given where that fails */
	const char *sender_domain, *recipient_domain, *helo_domain;
	const char *login, *login_domain;	/* NULL: there is none */
	const char *login_name;		/* the login without its domain, if that is login_realm; else NULL */
	const char *client_key;		/* once asked for */
	bool local, own_settings;
	const struct party *parties;	/* of a request about several recipients; NULL: the profile and the recipient alone */
	size_t party_count;
	const struct profile_options *shared;	/* of all parties; NULL: the profile's */
	unsigned spared_before, doubt_before;	/* enum spare: known from earlier requests about this message */

	struct question *questions;
	struct question *buckets[QUESTION_BUCKETS];	/* those for the DNS, by name */
	struct used *spare;		/* of rules that were run again */
	unsigned question_count, runs;	/* questions for the DNS */
	bool closed;			/* the deadline has passed: what is not known is failed */
	void (*landed)(void *arg);	/* an answer came; run again soon, not now */
	void *landed_arg;

	size_t current;			/* the rule being run */
	bool waiting;			/* it asked something that is open */
	unsigned spared;		/* enum spare: what rules so far found out */
	unsigned doubt;			/* enum spare: what could not be found out */
	struct spf_known spf[SPF_IDENTITIES];
	struct prospect *prospects;	/* what spf_would_allow() was asked (spf.c) */
	const struct triplet_news *news;	/* what is to be remembered with the decision; NULL: nothing */
	struct quota_message message;	/* what of it was counted before, once asked for */
	bool message_asked;
	const struct quota_count *counts;	/* what is to be counted if the message passes */
	const struct relay_news *relay_news;	/* the same of the login's domain */
	const char *login_network;	/* the login sends from there: to be remembered with the decision; NULL: nothing */
	uint64_t on, found;		/* the rules that are on; those whose answer counts for more: it has a check, a header or a delay */
	struct rule_state *states;	/* one per rule */
};

/*
 * A new evaluation in arena a.  Everything handed in must live as long; lists may be NULL.  The
 * caller sets hook, service and profile before the first run, and landed, which is called
 * from the loop when an answer came in, never from within a call here.
 */
struct eval *eval_new(struct arena *a, const struct world *world, const struct request *r,
    const struct lists *lists, int64_t now_s);

/*
 * The answer hits several recipients: of each check the mildest of their settings counts, if one of them only logs,
 * all do, and if one takes allow lists, all do.  parties are copied, the profiles are not; at least one.
 */
void eval_share(struct eval *e, const struct party *parties, size_t count);

/* Run the rules; true when the verdict is final, and then landed is not called any more. */
bool eval_run(struct eval *e);

/* At END-OF-MESSAGE: have the rules that are on count what has arrived. */
void eval_learn(struct eval *e);

/* The deadline has passed: every open question has failed; runs to the end. */
void eval_close(struct eval *e);

/* Forget open questions and release the answers; the arena is the caller's. */
void eval_end(struct eval *e);

/* Give who the client's confirmed name, if some row of that kind might match by it; *doubt as of listed().  False: it is open. */
bool name_subject(struct eval *e, enum list_kind kind, struct list_subject *who, bool *doubt);

/* The block policyd set itself, perhaps just now, if it has not ended; NULL: there is none. */
const struct list_row *lasting_block(struct eval *e, enum blocked whom);

/* Ask the site's database of the recipient, as dns_lookup() asks the DNS. */
struct site_answer site_lookup(struct eval *e);

/* Ask the site's database whether the login, which there is, may send as the sender. */
struct site_answer login_lookup(struct eval *e);

/* Ask the site's database whether the login, which there is, is a relay. */
struct site_answer relay_lookup(struct eval *e);

/* Ask the view reputation of the client, which has a client_key(). */
struct site_answer reputation_lookup(struct eval *e);

/* ---- what follows (decision.c) ---- */

enum { SAID_MAX = 3, HEADERS_MAX = 2 };

struct decision {
	enum action_kind action;
	const char *check;		/* that decided: a check, score_defer or score_reject; NULL: nothing to object */
	const char *rule;		/* its rule; NULL: the score, or nothing */
	const char *enhanced;		/* RFC 3463 */
	const struct rule_state *said[SAID_MAX];	/* what the reply tells: the rule, or the heaviest scores */
	size_t said_count, unsaid;	/* how many that are; how many scores more there were */
	bool greylisted;		/* it rests on what greylisting remembers */
	int64_t delay_s;		/* DUNNO: it was greylisted for so long; 0: it was not */
	const char *would;		/* what shadow checks would have done: "reject sender_no_mx, …"; NULL: nothing */
	int score;
	/* DUNNO: for the message, "Name: value", in table order; and the one that leaves with this answer, NULL: none. */
	const char *headers[HEADERS_MAX];
	size_t header_count;
	const char *header;
	const struct block *block;	/* to set; NULL: none */
};

/* The effect of rule i's verdict under the setting in force, filled into its state; called once per finished rule. */
void decide_effect(struct eval *e, size_t i);

/* The decision of a finished evaluation; texts in its arena. */
struct decision decide(const struct eval *e);

/* The parser of block_steps (OPT_PARSED). */
const char *block_steps_parse(struct arena *a, const char *text, void *into);

/* What the site's database said of the recipient, as far as some rule asked. */
enum recipient_state recipient_state_known(const struct eval *e);

/* True if those that have answered so far make it a defer, or more, by a rule or the score; were it not for mode = log. */
bool is_refused(const struct eval *e);

/* The decision if the rule that greylists cannot tell, as what it asked to be remembered cannot be; it then says so. */
struct decision decide_without_memory(struct eval *e);

/* True if the profile's checks, or everybody's, are shadow. */
bool only_logs(const struct eval *e);

/* What the profile in force says beside the rules' settings. */
const struct profile_options *profile_of(const struct eval *e);

/* The rules that are asked, or have what was sent counted (learn): those that belong here and have a check that is on. */
uint64_t rules_on(const struct eval *e, bool learning);

/* What is asked of a DNS list or, if list is NULL, of the DNS; for facts.c. */
const struct answer *look_up(struct eval *e, const char *list, const char *name, enum dns_type type);

/* The setting of a check: the recipient's own, else the profile's; of several recipients the mildest (mildest.c). */
const struct setting *setting_of(const struct eval *e, size_t rule, const struct option *check);

/* "reject", "defer", "greylist" or "dunno". */
const char *decision_word(const struct decision *d);

/* "reject", "score", …, "would reject", "would object"; "" for no effect. */
const char *effect_word(const struct rule_state *s);

#endif
