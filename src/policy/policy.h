/* policy.h - the whole way of a request, between the server's bytes and its answer
 *
 * Parse, look whether it was asked before, choose hook and profile, evaluate,
 * decide, record, answer.  A refusal leaves when its row is committed; a pass at once.
 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "config/config.h"
#include "dns/dns.h"
#include "policy/rule.h"
#include "store/site.h"

#include <stdio.h>

struct policy;
struct loop;

enum addresses { ADDRESSES_FULL, ADDRESSES_DOMAIN, ADDRESSES_OFF };

enum mode { MODE_ENFORCE, MODE_LOG };	/* log: every check is shadow */

struct policy_options {
	int mode;			/* enum mode, of all profiles together */
	int log_to;			/* enum log_target, without nowhere */
	bool log_passes;
	int addresses;			/* enum addresses, of the table decision */
	const char *metrics_file;	/* "": none */
	const char *help_url;		/* as written (reply.h); "": none */
	const char *login_realm;	/* in normal form; "": none */
	int64_t deadline_ms;
	struct option_networks local_networks;
	int64_t resend_memory;		/* requests */
	int64_t block_ipv4, block_ipv6;	/* prefix lengths: what of a client's address is counted and blocked */
};
extern const struct option_table policy_option_table;

/* What a policy is made of; all of it must outlive the policy. */
struct policy_parts {
	struct loop *loop;
	struct dns *dns;
	struct dns_lists *dns_lists;	/* named and recorded here; made from dns */
	struct store *store;
	struct site *sites[ABOUTS];
	const struct rule *const *rules;
	size_t rule_count;
	size_t server_table;		/* of struct policy_options among the server tables */
	size_t profile_table;		/* of struct profile_options among a profile's tables; the rules' follow it */
	void (*answer)(void *ticket, const char *reply, size_t len);	/* the reply to what was put off */
};

/* Tables of every profile but the rules'. */
extern const struct option_table profile_option_table;

/* A new policy under config (of which it takes a reference). */
struct policy *policy_new(const struct policy_parts *parts, struct config *config);

/* Other settings from now on; requests under way keep theirs. */
void policy_configure(struct policy *p, struct config *config);

enum policy_ask { POLICY_ANSWERED, POLICY_LATER, POLICY_MALFORMED };

/*
 * Judge one request of len bytes, ended by "\n\n" (copied).
 *
 * ANSWERED: *reply holds the answer.  LATER: parts.answer(ticket) will be called
 * once, never from within this call, at the latest when the deadline has passed.
 * MALFORMED: a warning was logged, there is no answer.
 */
enum policy_ask policy_ask(struct policy *p, void *ticket, const char *bytes, size_t len, struct text *reply);

/*
 * Judge one request and print to out how: every rule in order, the facts, the
 * action.  Nothing is written, counted or remembered.  done(arg) is called once, perhaps from within
 * this call; false if the request cannot be read (then why says so, and done is not called).
 */
bool policy_explain(struct policy *p, const char *bytes, size_t len, FILE *out, void (*done)(void *arg), void *arg,
    struct text *why);

/* The connection that ticket stands for is closed, and not because policyd ends. */
void policy_gone(struct policy *p, void *ticket);

/* Somebody was sent away unheard: what is not asked about now may still be a recipient of ours. */
void policy_sent_away(struct policy *p);

/* Requests not yet answered. */
size_t policy_busy(const struct policy *p);

/* No request may be under way. */
void policy_free(struct policy *p);

#endif
