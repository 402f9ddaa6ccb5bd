/* rule.h - what a rule is, and what it may ask
 *
 * A rule is one sentence of policy: a pure function from a request, and the
 * facts known about it, to a verdict.  It asks, decides and returns; it never
 * blocks, writes, logs or reads the clock.  It is run again from the start when
 * its questions have been answered, so equal facts give equal questions.
 */
#ifndef POLICY_RULE_H
#define POLICY_RULE_H

#include "base/address.h"
#include "base/ascii.h"
#include "base/domain.h"
#include "config/option.h"
#include "dns/answer.h"
#include "dns/list.h"
#include "protocol/request.h"
#include "spf/spf.h"
#include "store/store.h"

struct eval;				/* one request being judged (opaque, eval.c) */

enum verdict_kind {
	VERDICT_DUNNO,			/* no objection */
	VERDICT_PENDING,		/* a question is open */
	VERDICT_OBJECT,			/* a check objects; its setting says what follows */
	VERDICT_CANNOT_TELL,		/* a check could not be made; its setting's on_error says what follows */
	VERDICT_EXEMPT,			/* rules that spare such clients are not asked */
};

enum { VERDICT_TEXT = 256, TRACE_TEXT = 1600 };

struct verdict {
	enum verdict_kind kind;
	const struct option *check;	/* OBJECT, CANNOT_TELL: the row of the check */
	const char *enhanced;		/* OBJECT, CANNOT_TELL: RFC 3463 */
	const char *text;		/* the finding, safe to show; lives as long as the evaluation */
	const char *header;		/* DUNNO: a header for the message, once; NULL: none */
	const char *trace;		/* how the rule came to it, the same; NULL if there is nothing to tell */
	bool bare;			/* OBJECT: the text stands alone in the reply, without check and reference */
	const struct block *block;	/* OBJECT: what to set if the check defers or rejects; NULL: nothing */
	int64_t delay_s;		/* DUNNO: the mail was greylisted, for so long; else 0 */

	/*
	 * How often the check's N counts if its setting is `score N`, between what is certain and what
	 * may be; whatever speaks more for the client is taken.  object(): 1 and 1, cannot_tell(): 0 and 1.
	 */
	int least, most;
};

#define DUNNO ((struct verdict){ .kind = VERDICT_DUNNO })
#define PENDING ((struct verdict){ .kind = VERDICT_PENDING })

enum hook {				/* where Postfix asks: the policy_context */
	HOOK_NONE = 0,			/* where no rule has anything to say: a login at mx-pre */
	HOOK_MX_PRE = 1,		/* mx-pre: before Postfix looks for the recipient */
	HOOK_MX = 2,			/* mx: mail from strangers */
	HOOK_SUBMISSION_SENDER = 4,	/* submission-sender: in smtpd_sender_restrictions */
	HOOK_SUBMISSION = 8,		/* submission: mail from our own users; any login */
};

enum spare {				/* for whom the rule is not run */
	SPARE_ALLOWED = 1,		/* vouched for: a row in allow, an allow list */
	SPARE_LOCAL = 2,		/* the client is in local_networks */
	SPARE_ROLE = 4,			/* the recipient is one everybody must reach (RFC 2142) */
	SPARE_SPF = 8,			/* known to send on what others wrote: SPF says nothing about it */
	SPARE_FORWARDER = 16,		/* the same: it is not blocked for what others tried */
	SPARE_STRANGER = SPARE_ALLOWED | SPARE_LOCAL | SPARE_ROLE,	/* rules on what strangers are and claim */
};

/* Hears of a DNS list, by its domain. */
typedef void list_namer(void *arg, const char *list, enum dns_list_kind kind);

struct rule {
	const char *name;
	struct verdict (*judge)(struct eval *e);
	unsigned stages;		/* enum stage, ored: RCPT for most */
	unsigned hooks;			/* enum hook, ored */
	unsigned spares;		/* enum spare, ored */
	struct option_table options;	/* its checks (OPT_SETTING) and other settings */
	unsigned grants;		/* enum spare: what its exempt() means to the rules behind it */
	bool on_unknown;		/* it needs to know which recipients are not here */
	unsigned counts;		/* 1 << enum activity, ored: counted of the client when the rule objects, or weighs */
	const struct option *sent_window;	/* its OPT_SEC row that says how long sent mail must be remembered; NULL */
	bool last;			/* asked when all before it have answered, unless they make it a defer, or more */
	bool greylists;			/* it delays what is new; last */
	bool of_service;		/* its options, but for the settings of its checks, are not those of a recipient's own profile */
	/* At END-OF-MESSAGE, where nothing is judged: count what has arrived; NULL: there is nothing.  Of a rule that is last. */
	void (*learn)(struct eval *e);
	/* Its OPT_SEC rows that say how long an attempt, and a triplet or client that came through, must be remembered; NULL. */
	const struct option *retry_window, *triplet_life;
	/*
	 * Under these options, at which stages (enum stage, ored) does it count what users of ours send, or strangers, so that
	 * Postfix must ask?  NULL: none.
	 */
	unsigned (*counts_at)(const void *options, bool users);
	/* Which of its rows says, under these options, something of logins alone; NULL: none does. */
	const struct option *(*of_logins)(const void *options);
	/* Name every DNS list it may ask under these options; NULL: it asks none. */
	void (*lists)(const void *options, list_namer *name, void *arg);
};

/* The current rule's own struct, filled from its option table for the profile in force, or for the service's (of_service). */
const void *options(const struct eval *e);

/* ---- verdicts ---- */

/*
 * check     place of the check's row in the rule's option table (an enum of the rule's)
 * enhanced  RFC 3463 code for a reject, "5.7.25"; a defer shows it as 4.x.x
 * format    the finding, one sentence without a full stop, for the stranger who was refused;
 *           bytes from outside may stand in it, they are made harmless
 */
struct verdict object(struct eval *e, unsigned check, const char *enhanced, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
struct verdict cannot_tell(struct eval *e, unsigned check, const char *enhanced, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* DUNNO, but with a finding: the caller sets what it weighs (least, most) if the check's setting is `score N`. */
struct verdict weigh(struct eval *e, unsigned check, const char *format, ...) __attribute__((format(printf, 3, 4)));

struct verdict exempt(struct eval *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An allow list that cannot be looked at now: no reject by a rule that spares allowed clients, a defer instead. */
struct verdict perhaps_exempt(struct eval *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* No objection, and a header, "Name: value", for the message if it is let pass; the first in the table counts. */
struct verdict prepend(struct eval *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The verdict, and how the rule came to it: for `policyd -x` and the decision's detail, in no reply. */
struct verdict traced(struct eval *e, struct verdict v, const char *format, ...) __attribute__((format(printf, 3, 4)));
struct verdict traced_text(struct eval *e, struct verdict v, const struct text *trace);

/* Whom a block is about: the client as it is counted, or the login. */
enum blocked { BLOCKED_CLIENT, BLOCKED_LOGIN };

/* The verdict of object(), and the block to set with it, unless one lasts, or there is nobody: the next one, by block_steps. */
struct verdict blocking(struct eval *e, enum blocked whom, struct verdict v, const char *cause, const char *evidence);

/* ---- the request ---- */

const struct request *request(const struct eval *e);
enum hook hook(const struct eval *e);
int64_t now(const struct eval *e);		/* Unix seconds, the same in every run */
const char *own_name(const struct eval *e);	/* this host's */
const char *login(const struct eval *e);	/* lower case, its domain in normal form, with login_realm if it has none; NULL: none */
const char *login_domain(const struct eval *e);	/* of login(); NULL if it has none */
bool sender_is_null(const struct eval *e);	/* <>, RFC 5321 s.4.5.5 */
const char *sender(const struct eval *e);	/* lower case, its domain in normal form; as given where it has none */
bool is_local_address(const struct eval *e, const struct address *a);	/* a is in local_networks */

/* In normal form; NULL if the address has no domain, or one that is none (a literal included). */
const char *sender_domain(const struct eval *e);

/* Lower case, its domain in normal form; as given where it has none. */
const char *recipient(const struct eval *e);

/* In normal form; NULL as above, and at DATA where the message has several recipients. */
const char *recipient_domain(const struct eval *e);

/* The helo name in normal form; NULL if it is no domain name (a literal, rubbish, or none given). */
const char *helo_domain(const struct eval *e);

/* ---- facts ---- */

/*
 * Ask the DNS for the records of one name.
 *
 * name   presentation format, at most 253 bytes; copied
 *
 * Returns at once and never NULL; lives as long as the evaluation.  found(),
 * not_found() and failed() (dns/answer.h) tell the answers apart, all are false while the question is open.  The
 * same question costs one query, however many rules ask it.
 */
const struct answer *dns_lookup(struct eval *e, const char *name, enum dns_type type);

/*
 * The same of a DNS list (RFC 5782): name is entry.list.  entry is what stands before the list's domain, an address
 * reversed or a domain name.  failed() too if the list says so by an error code, or is not asked since it is
 * known to be in trouble (dns/list.h).
 */
const struct answer *list_lookup(struct eval *e, const char *list, const char *entry, enum dns_type type);

/*
 * Did mail of ours leave in the last window_s seconds, from this address ("ann@example.org") or from any of a domain
 * ("example.org"), in normal form?  Never open.  It cannot be told when the store is in trouble, and while policyd has
 * not yet watched for so long.
 */
enum known sent_mail(struct eval *e, const char *who, int64_t window_s);

/*
 * For the rule that greylists: has a check that is set to greylist objected, or do scores add up to score_greylist?  What
 * is only logged is no evidence; under mode = log it is asked as it would be without.
 */
bool suspicious(const struct eval *e);

/* True if what this check says refuses nothing by itself: set to log, to a date to come or to score; or mode = log. */
bool refuses_nothing(const struct eval *e, unsigned check);

/* What greylisting remembers of a triplet, as store_triplet() says.  Never open. */
struct triplet_past triplet_past(struct eval *e, const struct triplet *t, int64_t wait_s, int64_t life_s);

/* Once the decision is made, remember this (copied, with its texts): a proposal, of which the last counts. */
void remember_triplet(struct eval *e, const struct triplet_news *news);

/* True while anything this rule asked is unanswered; the rule returns PENDING. */
bool waiting(const struct eval *e);

/*
 * What is known of the client's name: Postfix's client_name where it has one
 * (which Postfix has confirmed), else by our own look-ups (FCrDNS): PTR, then
 * the addresses of at most ten names it gives; if it gives more, these ten can confirm, but not refute.
 */
enum name_status {
	NAME_OPEN,			/* not known yet; waiting(e) is true */
	NAME_CONFIRMED,			/* name resolves back to the client */
	NAME_MISMATCH,			/* there is a PTR, and none of all its names resolves back */
	NAME_NONE,			/* no PTR */
	NAME_CANNOT_TELL,
};
struct client_name {
	enum name_status status;
	const char *name;		/* CONFIRMED: the first that is; MISMATCH: the first PTR, if possible one that is fully
					   qualified; CANNOT_TELL: what could not be looked up (below arpa: the PTR), or was
					   one too many; NULL */
	bool unsure;			/* CONFIRMED: a name that stands before it in the PTR could not be looked up, and may
					   lead back as well */
};
struct client_name client_name(struct eval *e);

/*
 * What SPF says of an identity (RFC 7208): the sender's domain, or the HELO name, whose postmaster is judged.
 *
 * waiting is true while an answer is open (then waiting(e) is, too).  NONE if there is no domain to ask.
 */
enum spf_identity { SPF_MAIL_FROM, SPF_HELO, SPF_IDENTITIES };
const struct spf_outcome *spf_says(struct eval *e, enum spf_identity identity);

/*
 * Would this domain's SPF allow this address to send as it?  Asked beforehand, of mail that is not this request's: the
 * domain's postmaster sends, and the client greets with the domain.
 *
 * domain   in normal form; copied
 *
 * As spf_says(); NONE for an address without bits.
 */
const struct spf_outcome *spf_would_allow(struct eval *e, const char *domain, const struct address *client);

/* Does the domain's own record name another by include, or redirect to it?  Both in normal form. */
enum known spf_names(struct eval *e, const char *domain, const char *other);

/* What the site's own database says of the recipient (recipient_query). */
enum recipient_state {
	RECIPIENT_NOT_ASKED,		/* there is no query, or the recipient has no domain name */
	RECIPIENT_OPEN,			/* not known yet; waiting(e) is true */
	RECIPIENT_ACTIVE,
	RECIPIENT_DEACTIVATED,
	RECIPIENT_UNKNOWN,
	RECIPIENT_CANNOT_TELL,
};
enum recipient_state recipient_state(struct eval *e);

/* The client as it is counted and blocked: its address, or its network (block_ipv4, block_ipv6); NULL: none is known. */
const char *client_key(struct eval *e);

/*
 * Is there anything against the client: a block that might match, ended or not, recipients it tried in vain, or that it
 * writes to a spam trap now?  Where this is false no rule needs to ask who vouches for it.  May ask for the client's
 * name (then waiting(e) is true).
 */
bool on_record(struct eval *e);

/*
 * Of the client: the distinct recipients it tried in vain since then; how often each thing happened in the last window_s
 * seconds (and up to an hour before).  False: the store is in trouble.  Never open.
 */
bool tried_in_vain(struct eval *e, int64_t since_s, struct tried *out);
bool client_activity(struct eval *e, int64_t window_s, int64_t out[ACTIVITIES]);

/* The client's score in the view reputation: YES with *score; NO: nothing is known of it. */
enum known client_reputation(struct eval *e, int64_t *score);

/* It is not the client: to Postfix, of others' recipients, too, more than a half seems unknown (policy/bracket.h). */
bool mailboxes_look_broken(struct eval *e);

/* The latest block of the client, or the login, ended or not; NULL: none is remembered. */
const struct list_row *last_block(struct eval *e, enum blocked whom);

/* Mail of ours to the recipient that came back in the last window_s; of the login's, since then; false: the store is in trouble. */
bool recipient_bounces(struct eval *e, int64_t window_s, struct bounces *out);
bool login_bounces(struct eval *e, int64_t since_s, int64_t *count);

/*
 * From how many networks, this one among them in any case, the login sent since then; false: the store is in trouble.  Once
 * the decision is made, this one is remembered: a proposal, of which the last counts.  Never open.
 *
 * network   as printed; copied
 */
bool login_networks(struct eval *e, const char *network, int64_t since_s, int64_t *count);

/* What became of the login's recipients, as client_activity(). */
bool login_activity(struct eval *e, int64_t window_s, int64_t out[ACTIVITIES]);

/* May this login send as the sender, says the site's database (login_query)?  NO if it is not asked. */
enum known login_may_use(struct eval *e);

/*
 * Is it known which senders are the login's: by its domain, by login_query, or by rows of login_domain?  If not, the log
 * says once what to set.
 */
bool login_senders_known(struct eval *e);

/*
 * Of whom a quota of that scope is, for this request: "login"; "client" (as it is blocked); "sender_domain" (of our own
 * users alone: anybody can write that); or what an attribute of Postfix's request says.  NULL: there is nobody.
 */
const char *quota_name(struct eval *e, const char *scope);

/* True if there can be a quota of that scope: one of those above, which is the same in all requests about a message. */
bool quota_scope_is(const char *scope);

/* The row of quota_limit for whom a quota of that scope is; NULL if there is none.  May ask for the client's name, as listed(). */
const struct list_row *quota_limit(struct eval *e, const char *scope);

/* What was used of it lately, as store_quota_past() says.  Never open. */
bool quota_past(struct eval *e, const struct quota_use *u, struct quota_past *out);

/* What of this message has been counted; and how many of its recipients were let pass before this request. */
struct quota_message quota_message(struct eval *e);
int64_t recipients_before(struct eval *e);

/* Once the message passes, count n more (u is copied, but for its texts). */
void count_quota(struct eval *e, const struct quota_use *u, int64_t n);

/* Does the login hand on what others of its domain wrote, say the table relay_login and the site's database (relay_query)? */
enum known login_is_relay(struct eval *e);

/* What is remembered of the login's domain (store_relay()); false: the store is in trouble. */
bool relay_past(struct eval *e, struct relay_past *out);

/* Once the decision is made, remember that its record does not name us, as this says; or, if that is NULL, does. */
void remember_relay(struct eval *e, const char *finding);

/*
 * The row of a list that matches this request.
 *
 * NULL if none does; or while a row might by the client's name, which is being
 * asked (then waiting(e) is true); with *doubt set, if that name cannot be had.
 */
const struct list_row *listed(struct eval *e, enum list_kind kind, bool *doubt);

#endif
