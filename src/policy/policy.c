/* policy.c - see policy.h */
#include "policy/policy.h"
#include "base/clock.h"
#include "base/domain.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "policy/health.h"
#include "policy/job.h"
#include "policy/memory.h"
#include "policy/message.h"
#include "policy/reply.h"
#include "protocol/action.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *
parse_realm(struct arena *a, const char *text, void *into)
{
	char normal[DOMAIN_TEXT] = "";

	if (*text && !domain_normal(text, normal))
		return "no domain name; write the domain alone, as in example.org";
	*(const char **)into = arena_strdup(a, normal);
	return NULL;
}

#define OPTIONS policy_options
static const struct option rows[] = {
	{ "mode", OPT_WORD, INTO(mode), "enforce", NULL, NULL,
	  "enforce, or log: every check of every profile is only recorded, as what it would have done.",
	  .words = "enforce|log" },
	{ "log_to", OPT_WORD, INTO(log_to), "stderr", NULL, NULL,
	  "Where the log goes: stderr (which systemd hands to the journal) or syslog (facility mail).",
	  .words = "stderr|syslog" },
	{ "log_passes", OPT_BOOL, INTO(log_passes), "yes", NULL, NULL,
	  "A log line for every request, not only for refusals." },
	{ "decision_addresses", OPT_WORD, INTO(addresses), "full", NULL, NULL,
	  "How the database keeps sender, recipient and login of a decision: full, their domain only, or off.  "
	  "The log has them whole.", .words = "full|domain|off" },
	{ "metrics_file", OPT_TEXT, INTO(metrics_file), "", NULL, NULL,
	  "Metrics in Prometheus' text format are written to this file every 15 seconds; empty: nowhere." },
	{ "help_url", OPT_PARSED, INTO(help_url), "", NULL, NULL,
	  "A page that explains the rules; stands in every refusal, with check and reference appended or in place of "
	  "%{check} and %{reference}.", .parse = help_url_parse },
	{ "login_realm", OPT_PARSED, INTO(login_realm), "", NULL, NULL,
	  "The domain of logins that have none, as in smtpd_sasl_local_domain; empty: they have none.", .parse = parse_realm },
	{ "deadline", OPT_MSEC, INTO(deadline_ms), "8s", "100ms", "90s",
	  "A request is answered within this time; what is not known by then, policyd cannot tell.  "
	  "Keep it below Postfix's timeout." },
	{ "local_networks", OPT_NETWORKS, INTO(local_networks), "127.0.0.0/8 ::1", NULL, NULL,
	  "Our own machines, as Postfix's mynetworks: not judged by rules on strange clients." },
	{ "resend_memory", OPT_INT, INTO(resend_memory), "65536", "0", "10000000",
	  "How many requests are remembered, for ten minutes, so that one asked again gets the same answer." },
	{ "block_ipv4", OPT_INT, INTO(block_ipv4), "32", "8", "32",
	  "How many bits of an IPv4 address are one client, when clients are counted and blocked." },
	{ "block_ipv6", OPT_INT, INTO(block_ipv6), "64", "16", "128",
	  "The same of IPv6, where a host has a network of 64 bits to itself." },
};
const struct option_table policy_option_table = OPTION_TABLE(rows);
#undef OPTIONS

enum { COMMIT_SHARE_MS = 500, REASON_BYTES = 256 };

/* ---- eras ---- */

/* This host's name, as it says itself. */
static const char *
name_host(void)
{
	static char name[65];

	if (*name == '\0' && gethostname(name, sizeof name - 1) != 0)
		strcpy(name, "unknown");
	return name;
}

static struct era *
era_new(const struct policy_parts *parts, struct config *config)
{
	struct era *era = xcalloc(1, sizeof *era);

	assert(parts->rule_count <= RULES_MAX);
	era->refs = 1;
	era->config = config_ref(config);
	era->options = config_server(config, parts->server_table);
	era->world = (struct world){
		.rules = parts->rules,
		.rule_count = parts->rule_count,
		.on = xcalloc(config_profile_count(config), sizeof *era->world.on),
		.profile_table = parts->profile_table,
		.first_table = parts->profile_table + 1,
		.local_networks = era->options->local_networks,
		.only_log = era->options->mode == MODE_LOG,
		.block_ipv4 = (unsigned)era->options->block_ipv4,
		.block_ipv6 = (unsigned)era->options->block_ipv6,
		.own_name = name_host(),
		.addresses = (enum addresses)era->options->addresses,
		.help_url = era->options->help_url,
		.login_realm = era->options->login_realm,
	};
	era->needs = wiring_needs(config, parts->rules, parts->rule_count, era->world.first_table);
	return era;
}

/* block_forget of the profile that forgets last. */
static int64_t
longest_memory(const struct policy_parts *parts, const struct config *config)
{
	const struct profile *p;
	int64_t longest_s = 0;

	for (size_t place = 0; (p = config_profile_at(config, place)) != NULL; place++) {
		const struct profile_options *o = profile_values(p, parts->profile_table);

		if (o->block_forget_s > longest_s)
			longest_s = o->block_forget_s;
	}
	return longest_s;
}

static const struct answer *
ask_dns(void *arg, const char *list, const char *name, enum dns_type type, struct dns_waiter *w)
{
	const struct policy_parts *parts = arg;

	return list != NULL ? dns_list_ask(parts->dns_lists, list, name, type, w) : dns_ask(parts->dns, name, type, w);
}

static void
forget_dns(void *arg, struct dns_waiter *w)
{
	const struct policy_parts *parts = arg;

	dns_forget(parts->dns, w);
}

static struct site_answer
ask_site(void *arg, const char *value, const char *login, struct site_waiter *w)
{
	return site_ask(arg, value, login, w);
}

static void
forget_site(void *arg, struct site_waiter *w)
{
	site_forget(arg, w);
}

static enum known
ask_sent(void *arg, const char *who, int64_t since_s)
{
	return store_sent_since(arg, who, since_s);
}

static bool
ask_on_record(void *arg, const char *client)
{
	return store_on_record(((struct policy *)arg)->parts.store, client);
}

static bool
ask_tried(void *arg, const char *client, int64_t since_s, struct tried *out)
{
	const struct policy *p = arg;

	/* What was tried while the table of mailboxes looked broken says nothing of the client. */
	return store_tried(p->parts.store, client, since_s > p->broken_s ? since_s : p->broken_s + 1, out);
}

static bool
ask_activity(void *arg, const char *scope, const char *name, int64_t since_s, int64_t out[ACTIVITIES])
{
	return store_activity(((struct policy *)arg)->parts.store, scope, name, since_s, out);
}

static bool
ask_recipient_bounces(void *arg, const char *recipient, int64_t since_s, struct bounces *out)
{
	return store_recipient_bounces(((struct policy *)arg)->parts.store, recipient, since_s, out);
}

static bool
ask_login_bounces(void *arg, const char *login, int64_t since_s, int64_t *count)
{
	return store_login_bounces(((struct policy *)arg)->parts.store, login, since_s, count);
}

static bool
ask_relay(void *arg, const char *domain, struct relay_past *out)
{
	return store_relay(((struct policy *)arg)->parts.store, domain, out);
}

static bool
ask_login_networks(void *arg, const char *login, const char *network, int64_t since_s, int64_t now_s, int64_t *count)
{
	return store_login_spread(((struct policy *)arg)->parts.store, login, network, since_s, now_s, count);
}

static bool
ask_looks_broken(void *arg, const char *client)
{
	struct policy *p = arg;
	int64_t now_us = clock_tick_us();
	struct tried_by_others others, *fed = p->wiring.pre_seen ? NULL : &others;

	if (p->explains)
		return false;
	if (fed != NULL && !store_tried_by_others(p->parts.store, client, clock_wall_s() - BROKEN_WINDOW_S, fed))
		return true;
	if (bracket_looks_broken(p->bracket, client, fed, now_us))
		p->broken_s = clock_wall_s();
	else if (fed != NULL || bracket_ever_knew(p->bracket))
		return false;
	p->broken->value++;
	if (p->broken_said_us == 0 || now_us - p->broken_said_us >= BROKEN_WINDOW_S * INT64_C(1000000))
		log_warn(fed ? "feed: most recipients that others tried, too, are unknown to Postfix: is its table of mailboxes broken?  "
		    "Nobody is blocked for it" :
		    "bracket: most recipients that others tried, too, seem unknown, or none was known since the start: "
		    "is Postfix's table of mailboxes broken?  Or does anything stand between mx-pre and mx but "
		    "reject_unlisted_recipient?  Nobody is blocked for it");
	p->broken_said_us = now_us;
	return true;
}

static const struct list_row *
ask_last_block(void *arg, const struct lists *l, const char *client, const char *login)
{
	return store_last_block(((struct policy *)arg)->parts.store, l, client, login);
}

static bool
ask_quota(void *arg, const struct quota_use *u, int64_t now_s, struct quota_past *out)
{
	return store_quota_past(((struct policy *)arg)->parts.store, u, now_s, out);
}

/* A message that nobody remembers here may have been counted before policyd was started anew. */
static struct quota_message
ask_message(void *arg, const char *instance)
{
	struct policy *p = arg;
	const struct transaction *t = transaction_find(p->transactions, instance, clock_tick_us());
	struct quota_message m;

	if (t != NULL)
		return t->counted;
	store_quota_message(p->parts.store, instance, &m);
	return m;
}

static int64_t
ask_recipients_before(void *arg, const char *instance)
{
	const struct transaction *t = transaction_find(((struct policy *)arg)->transactions, instance, clock_tick_us());

	return t ? t->recipients : 0;
}

static struct triplet_past
ask_triplet(void *arg, const struct triplet *t, struct triplet_span within)
{
	return store_triplet(arg, t, within);
}

/* ---- asking ---- */

static void
job_prepare(struct job *j)
{
	struct policy *p = j->policy;

	j->lists = store_lists(p->parts.store);
	j->eval = eval_new(j->arena, &j->era->world, &j->request, j->lists, clock_wall_s());
	struct route to = route_request(j->era->config, j->lists, &j->request, j->eval->recipient,
	    j->eval->now_s);
	j->eval->hook = to.hook;
	j->eval->service = to.service;
	j->eval->profile = to.profile;
	j->eval->landed = job_landed;
	j->eval->landed_arg = j;
	memory_recall(j);
	if (j->explain == NULL)
		memory_bracket(j);
	wiring_see(&p->wiring, &j->request, &to, j->eval->local, p->stages);
}

/* What no rule can use, and policyd cannot learn from, is let pass. */
static bool
is_of_use(const struct policy *p, const struct request *r)
{
	return (p->stages | STAGE_DATA | STAGE_END_OF_MESSAGE) & (unsigned)r->stage;
}

/* The same request is being judged already, or was: true with the answer in reply, or the ticket put down. */
static bool
asked_before(struct policy *p, struct job *j, void *ticket, struct text *reply, enum policy_ask *ask)
{
	struct resend before = message_find(p->messages, j->hash, j->len, clock_tick_us());

	if (before.reply == NULL && before.asked == NULL)
		return false;
	p->resent->value++;
	if (before.reply != NULL) {
		text_add(reply, before.reply);
		*ask = POLICY_ANSWERED;
	} else {
		struct job *first = before.asked;
		struct waiting_ticket *w = arena_alloc(first->arena, sizeof *w);

		w->ticket = ticket;
		w->next = first->tickets;
		first->tickets = w;
		first->connection = ticket;		/* whoever asked before may be gone */
		*ask = POLICY_LATER;
	}
	return true;
}

/* It is answered later: remember who waits. */
static enum policy_ask
answer_later(struct policy *p, struct job *j, void *ticket)
{
	struct waiting_ticket *w = arena_alloc(j->arena, sizeof *w);
	w->ticket = ticket;
	j->tickets = w;
	if (j->remembered)
		message_open(p->messages, j->hash, j->len, j, clock_tick_us());
	if (!j->committing) {
		int64_t deadline_ms = j->era->options->deadline_ms;
		int64_t share_ms = deadline_ms / 4 < COMMIT_SHARE_MS ? deadline_ms / 4 : COMMIT_SHARE_MS;

		job_list(j, j->eval->started_us + (deadline_ms - share_ms) * 1000);
	}
	return POLICY_LATER;
}

/*
 * At END-OF-MESSAGE policyd only learns: nothing is judged, and there is but one answer, since a refusal can make smtpd
 * crash.
 */
static enum policy_ask
learn(struct policy *p, struct job *j, void *ticket, struct text *reply)
{
	job_prepare(j);
	eval_learn(j->eval);
	if (!job_learn(j, reply))
		return answer_later(p, j, ticket);
	job_answer(j, reply);
	return POLICY_ANSWERED;
}

static enum policy_ask
judge(struct policy *p, struct job *j, void *ticket, struct text *reply)
{
	job_prepare(j);
	if (!eval_run(j->eval) || !job_decide(j, reply))
		return answer_later(p, j, ticket);
	job_answer(j, reply);
	return POLICY_ANSWERED;
}

enum policy_ask
policy_ask(struct policy *p, void *ticket, const char *bytes, size_t len, struct text *reply)
{
	char buffer[REASON_BYTES];
	struct text why = TEXT(buffer);
	struct job *j = job_new(p);
	enum policy_ask ask = POLICY_ANSWERED;

	j->hash = hash_bytes(bytes, len);
	j->len = len;
	j->connection = ticket;
	if (!request_parse(&j->request, arena_strndup(j->arena, bytes, len), len, &why)) {
		log_warn("protocol: %s; closing the connection", buffer);
		ask = POLICY_MALFORMED;
	} else if (!is_of_use(p, &j->request)) {
		struct route to = { .hook = HOOK_MX };

		wiring_see(&p->wiring, &j->request, &to, true, p->stages);
		action_encode(reply, &(struct action){ .kind = ACTION_DUNNO });
	} else {
		j->remembered = *j->request.instance != '\0';
		if (!j->remembered || !asked_before(p, j, ticket, reply, &ask))
			return j->request.stage == STAGE_END_OF_MESSAGE ? learn(p, j, ticket, reply) :
			    judge(p, j, ticket, reply);
	}
	job_free(j);
	return ask;
}

bool
policy_explain(struct policy *p, const char *bytes, size_t len, FILE *out, void (*done)(void *arg), void *arg,
    struct text *why)
{
	struct job *j = job_new(p);
	char buffer[REPLY_MAX];
	struct text reply = TEXT(buffer);

	if (!request_parse(&j->request, arena_strndup(j->arena, bytes, len), len, why)) {
		job_free(j);
		return false;
	}
	p->explains = true;
	j->explain = out;
	j->explained = done;
	j->explained_arg = arg;
	job_prepare(j);
	if (eval_run(j->eval))
		job_decide(j, &reply);
	else
		job_list(j, j->eval->started_us + j->era->options->deadline_ms * 1000);
	return true;
}

/* ---- from start to end ---- */

struct policy *
policy_new(const struct policy_parts *parts, struct config *config)
{
	static const char greylist_help[] = "Mails greylisted when first tried, again as they came too early, and let pass at last.";
	struct policy *p = xcalloc(1, sizeof *p);

	p->parts = *parts;
	for (size_t i = 0; i < parts->rule_count; i++)
		p->stages |= parts->rules[i]->stages;
	assert(!(p->stages & STAGE_END_OF_MESSAGE));	/* see learn() */
	p->deadline = timer_new(parts->loop, jobs_deadline, p);
	p->rerun = timer_new(parts->loop, jobs_rerun, p);
	p->messages = messages_new(0);
	p->transactions = transactions_new();
	p->bracket = bracket_new();
	p->passes = metric_counter("policyd_decisions_total", "check=\"\",action=\"dunno\"",
	    "Requests judged, by deciding check and action.");
	p->resent = metric_counter("policyd_resent_total", "", "Requests answered from the resend memory.");
	p->closed = metric_counter("policyd_deadline_total", "", "Requests whose deadline passed before all was known.");
	p->unreferenced = metric_counter("policyd_unreferenced_total", "",
	    "Refusals that left without a reference, since the store could not keep them in time.");
	p->blocks = metric_counter("policyd_blocks_total", "", "Clients and logins blocked by policyd itself.");
	p->broken = metric_counter("policyd_blocks_withheld_total", "",
	    "Requests whose client was not blocked, since Postfix's own table of mailboxes looks broken.");
	p->unremembered = metric_counter("policyd_unremembered_total", "",
	    "Mails let pass that would have been greylisted, since the store could not remember them in time.");
	p->greylist_tried = metric_counter("policyd_greylist_total", "event=\"tried\"", greylist_help);
	p->greylist_early = metric_counter("policyd_greylist_total", "event=\"early\"", greylist_help);
	p->greylist_passed = metric_counter("policyd_greylist_total", "event=\"passed\"", greylist_help);
	p->greylist_delay_s = metric_counter("policyd_greylist_delay_seconds_total", "",
	    "How long those that passed were delayed, in all.");
	p->seconds = metric_histogram("policyd_request_seconds", "Time between a request and its answer.");
	dns_lists_on_change(p->parts.dns_lists, health_record, &p->parts);
	policy_configure(p, config);
	return p;
}

void
policy_configure(struct policy *p, struct config *config)
{
	struct era *era = era_new(&p->parts, config);

	era->world.dns = (struct dns_source){ ask_dns, forget_dns, &p->parts };
	for (size_t i = 0; i < ABOUTS; i++)
		era->world.sites[i] = (struct site_source){ ask_site, forget_site, p->parts.sites[i] };
	era->world.sent = (struct sent_source){ ask_sent, p->parts.store };
	era->world.clients = (struct client_source){ ask_on_record, ask_tried, ask_activity, ask_recipient_bounces,
	    ask_login_bounces, ask_login_networks, ask_looks_broken, ask_relay, ask_last_block, p };
	era->world.quotas = (struct quota_source){ ask_quota, ask_message, ask_recipients_before, p };
	era->world.triplets = (struct triplet_source){ ask_triplet, p->parts.store };
	store_keep_triplets(p->parts.store, era->needs.attempt_keep_s + GREYLIST_DELAY_MAX_S, era->needs.triplet_keep_s);
	store_keep_blocks(p->parts.store, longest_memory(&p->parts, config));
	store_keep_sent(p->parts.store, era->needs.sent_keep_s + SENT_STEP_S);
	if (p->era != NULL)
		era_release(p->era);
	p->era = era;
	health_name_lists(&p->parts, config);
	messages_limit(p->messages, (size_t)era->options->resend_memory);
}

void
policy_gone(struct policy *p, void *ticket)
{
	memory_concludes(p, ticket);
	for (struct job *j = p->oldest; j != NULL; j = j->newer)
		if (j->connection == ticket)
			j->connection = NULL;		/* another may come to stand at this address */
}

void
policy_sent_away(struct policy *p)
{
	bracket_forget(p->bracket);
}

size_t
policy_busy(const struct policy *p)
{
	return p->busy;
}

void
policy_free(struct policy *p)
{
	dns_lists_on_change(p->parts.dns_lists, NULL, NULL);
	timer_free(p->deadline);
	timer_free(p->rerun);
	messages_free(p->messages);
	transactions_free(p->transactions);
	bracket_free(p->bracket);
	era_release(p->era);
	free(p);
}
