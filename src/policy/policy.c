/* policy.c - see policy.h */
#include "policy/policy.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "policy/message.h"
#include "policy/record.h"
#include "policy/wiring.h"
#include "protocol/action.h"

#include <stdlib.h>
#include <string.h>

#define OPTIONS policy_options
static const struct option rows[] = {
	{ "log_to", OPT_WORD, INTO(log_to), "stderr", NULL, NULL,
	  "Where the log goes: stderr (which systemd hands to the journal) or syslog (facility mail).",
	  .words = "stderr|syslog" },
	{ "log_passes", OPT_BOOL, INTO(log_passes), "yes", NULL, NULL,
	  "A log line for every request, not only for refusals." },
	{ "metrics_file", OPT_TEXT, INTO(metrics_file), "", NULL, NULL,
	  "Metrics in Prometheus' text format are written to this file every 15 seconds; empty: nowhere." },
	{ "help_url", OPT_TEXT, INTO(help_url), "", NULL, NULL,
	  "Stands in every refusal, for the stranger who wants to know more; at most 120 bytes are shown." },
	{ "deadline", OPT_MSEC, INTO(deadline_ms), "8s", "100ms", "90s",
	  "A request is answered within this time; what is not known by then, policyd cannot tell.  "
	  "Keep it below Postfix's timeout." },
	{ "local_networks", OPT_NETWORKS, INTO(local_networks), "127.0.0.0/8 ::1", NULL, NULL,
	  "Our own machines, as Postfix's mynetworks: not judged by rules on strange clients." },
	{ "resend_memory", OPT_INT, INTO(resend_memory), "65536", "0", "10000000",
	  "How many requests are remembered, for ten minutes, so that one asked again gets the same answer." },
};
const struct option_table policy_option_table = OPTION_TABLE(rows);
#undef OPTIONS

enum { COMMIT_SHARE_MS = 500, HELP_URL_SHOWN = 120, REASON_BYTES = 256 };

/* What one reload brought; lives as long as a request that began under it. */
struct era {
	unsigned refs;
	struct config *config;
	const struct policy_options *options;
	struct world world;
};

struct waiting_ticket {
	struct waiting_ticket *next;
	void *ticket;
};

/* One request between its bytes and its answer. */
struct job {
	struct store_waiter waiter;	/* first: committed() finds the job by it */
	struct policy *policy;
	struct era *era;
	struct arena *arena;		/* holds the job itself */
	struct lists *lists;
	struct request request;
	struct eval *eval;
	struct decision decision;
	struct waiting_ticket *tickets;	/* whoever asked this, resent requests too */
	struct job *newer, *older;	/* by deadline, while in the list */
	struct job *next_ready;
	int64_t due_us;
	uint64_t hash;
	size_t len;
	bool listed, ready, remembered, committing;
	char reference[REFERENCE_TEXT];
	FILE *explain;			/* instead of an answer */
	void (*explained)(void *arg);
	void *explained_arg;
};

struct policy {
	struct policy_parts parts;
	struct era *era;
	struct messages *messages;
	struct wiring wiring;
	unsigned stages;		/* some rule can use */
	struct job *newest, *oldest;	/* by deadline */
	struct job *ready;		/* an answer landed; run again */
	struct timer *deadline, *rerun;
	size_t busy;
	struct metric *passes, *resent, *closed, *unreferenced;
	struct histogram *seconds;
};

/* ---- eras ---- */

static struct era *
era_new(const struct policy_parts *parts, struct config *config)
{
	struct era *era = xcalloc(1, sizeof *era);

	era->refs = 1;
	era->config = config_ref(config);
	era->options = config_server(config, parts->server_table);
	era->world = (struct world){
		.rules = parts->rules,
		.rule_count = parts->rule_count,
		.profile_table = parts->profile_table,
		.first_table = parts->profile_table + 1,
		.local_networks = era->options->local_networks,
	};
	return era;
}

static void
era_release(struct era *era)
{
	if (--era->refs > 0)
		return;
	config_release(era->config);
	free(era);
}

static const struct answer *
ask_dns(void *arg, const char *name, enum dns_type type, struct dns_waiter *w)
{
	return dns_ask(arg, name, type, w);
}

static void
forget_dns(void *arg, struct dns_waiter *w)
{
	dns_forget(arg, w);
}

/* ---- the list of requests under way, by deadline ---- */

static void
arm(struct policy *p)
{
	if (p->oldest == NULL) {
		timer_stop(p->deadline);
		return;
	}
	int64_t in_us = p->oldest->due_us - clock_mono_us();
	timer_start(p->deadline, in_us > 0 ? (uint64_t)in_us / 1000 + 1 : 0, 0);
}

static void
job_unlist(struct job *j)
{
	struct policy *p = j->policy;

	if (!j->listed)
		return;
	*(j->newer ? &j->newer->older : &p->newest) = j->older;
	*(j->older ? &j->older->newer : &p->oldest) = j->newer;
	j->listed = false;
	if (p->oldest == NULL)
		timer_stop(p->deadline);
}

static void
job_list(struct job *j, int64_t due_us)
{
	struct policy *p = j->policy;
	struct job *before = p->newest;

	job_unlist(j);
	while (before != NULL && before->due_us > due_us)
		before = before->older;
	j->due_us = due_us;
	j->older = before;
	j->newer = before ? before->newer : p->oldest;
	*(j->newer ? &j->newer->older : &p->newest) = j;
	*(before ? &before->newer : &p->oldest) = j;
	j->listed = true;
	if (p->oldest == j)
		arm(p);
}

/* ---- from a verdict to an answer ---- */

/* The whole reply, with the reference if there is one. */
static void
encode(const struct job *j, struct text *reply)
{
	const struct decision *d = &j->decision;
	const char *url = j->era->options->help_url;
	char buffer[REASON_BYTES];
	struct text tail = TEXT(buffer);

	if (d->action != ACTION_DUNNO) {
		text_addf(&tail, "(%s", d->check);
		if (*j->reference)
			text_addf(&tail, " %s", j->reference);
		if (*url)
			text_addf(&tail, "; %.*s", HELP_URL_SHOWN, url);
		text_add(&tail, ")");
	}
	action_encode(reply, &(struct action){ d->action, d->enhanced, d->text, tail.len ? buffer : NULL });
}

/* What stands behind "action=". */
static const char *
action_line(const struct job *j, const struct text *reply)
{
	const char *start = reply->at + strlen("action=");

	return arena_strndup(j->arena, start, strcspn(start, "\n"));
}

static void
job_free(struct job *j)
{
	job_unlist(j);
	if (j->eval != NULL)
		eval_end(j->eval);
	if (j->lists != NULL)
		lists_release(j->lists);
	era_release(j->era);
	j->policy->busy--;
	arena_free(j->arena);
}

static void
job_log(const struct job *j)
{
	const struct policy *p = j->policy;
	int64_t took_us = clock_mono_us() - j->eval->started_us;

	histogram_add(p->seconds, took_us);
	if (j->decision.action == ACTION_DUNNO)
		p->passes->value++;
	else {
		char labels[128];
		struct text t = TEXT(labels);

		text_addf(&t, "check=\"%s\",action=\"%s\"", j->decision.check, decision_word(&j->decision));
		metric_counter("policyd_decisions_total", labels, "Requests judged, by deciding check and action.")->value++;
	}
	if (j->decision.action != ACTION_DUNNO || j->decision.would != NULL || j->era->options->log_passes)
		record_log(j->eval, &j->decision, j->reference, took_us);
}

/* The answer stands: remember it, tell everybody who waits for it but the one who is told by return. */
static void
job_answer(struct job *j, const struct text *reply)
{
	struct policy *p = j->policy;

	job_log(j);
	if (j->remembered)
		message_close(p->messages, j->hash, j->len, reply->at, clock_mono_us());
	for (const struct waiting_ticket *w = j->tickets; w != NULL; w = w->next)
		p->parts.answer(w->ticket, reply->at, reply->len);
	job_free(j);
}

static void
answer_committed(struct job *j, bool ok)
{
	char buffer[REPLY_MAX];
	struct text reply = TEXT(buffer);

	if (!ok) {
		*j->reference = '\0';
		j->policy->unreferenced->value++;
	}
	encode(j, &reply);
	job_answer(j, &reply);
}

static void
on_commit(struct store_waiter *w, bool ok)
{
	answer_committed((struct job *)(void *)w, ok);
}

/* A pass: its row, if one is wanted, is written behind. */
static void
record_pass(struct job *j, const struct text *reply)
{
	struct store *store = j->policy->parts.store;

	if (!store_keeps(store, false, j->decision.would != NULL)) {
		store_count(store, "decision", "dunno:", j->eval->now_s);
		return;
	}
	struct decision_row row = record_row(j->eval, &j->decision, action_line(j, reply),
	    clock_mono_us() - j->eval->started_us);
	store_write(store, &row, NULL);
}

/* A refusal: true if its row is on the way to the disk, and the answer waits for it. */
static bool
record_refusal(struct job *j, struct text *reply)
{
	struct store *store = j->policy->parts.store;

	if (!store_keeps(store, true, false)) {
		char key[96];
		struct text t = TEXT(key);

		text_addf(&t, "%s:%s", decision_word(&j->decision), j->decision.check);
		store_count(store, "decision", key, j->eval->now_s);
		encode(j, reply);
		return false;
	}
	int64_t reference = store_reference(store);
	reference_print(reference, j->reference);
	encode(j, reply);
	struct decision_row row = record_row(j->eval, &j->decision, action_line(j, reply),
	    clock_mono_us() - j->eval->started_us);
	row.reference = reference;
	j->waiter.committed = on_commit;
	if (store_write(store, &row, &j->waiter))
		return true;
	*j->reference = '\0';
	j->policy->unreferenced->value++;
	reply->len = 0;
	encode(j, reply);
	return false;
}

static void
explain(struct job *j)
{
	char buffer[REPLY_MAX];
	struct text reply = TEXT(buffer);
	void (*explained)(void *arg) = j->explained;
	void *arg = j->explained_arg;

	encode(j, &reply);
	record_explain(j->explain, j->eval, &j->decision, action_line(j, &reply),
	    clock_mono_us() - j->eval->started_us);
	job_free(j);
	explained(arg);
}

/* The verdict is final.  True if reply holds the answer; else it will be given later, or was explained. */
static bool
job_decide(struct job *j, struct text *reply)
{
	j->decision = decide(j->eval);
	if (j->explain != NULL) {
		explain(j);
		return false;
	}
	if (j->decision.action == ACTION_DUNNO) {
		encode(j, reply);
		record_pass(j, reply);
		return true;
	}
	if (!record_refusal(j, reply))
		return true;
	j->committing = true;
	job_list(j, j->eval->started_us + j->era->options->deadline_ms * 1000);
	return false;
}

static void
decide_and_answer(struct job *j)
{
	char buffer[REPLY_MAX];
	struct text reply = TEXT(buffer);

	job_unlist(j);
	if (job_decide(j, &reply))
		job_answer(j, &reply);
}

/* ---- what the loop calls ---- */

static void
on_landed(void *arg)
{
	struct job *j = arg;

	if (j->ready || j->committing)		/* what lands after the verdict changes nothing */
		return;
	j->ready = true;
	j->next_ready = j->policy->ready;
	if (j->policy->ready == NULL)
		timer_start(j->policy->rerun, 0, 0);
	j->policy->ready = j;
}

static void
on_rerun(void *arg)
{
	struct policy *p = arg;
	struct job *j = p->ready;

	p->ready = NULL;
	for (struct job *next; j != NULL; j = next) {
		next = j->next_ready;
		j->ready = false;
		if (eval_run(j->eval))
			decide_and_answer(j);
	}
}

static void
on_deadline(void *arg)
{
	struct policy *p = arg;

	/* Those to be run again first, so that none is freed while in that list. */
	if (p->ready != NULL)
		on_rerun(p);
	while (p->oldest != NULL && p->oldest->due_us <= clock_mono_us()) {
		struct job *j = p->oldest;

		if (j->committing) {
			store_forget(p->parts.store, &j->waiter);
			answer_committed(j, false);
		} else {
			p->closed->value++;
			eval_close(j->eval);
			decide_and_answer(j);
		}
	}
	arm(p);
}

/* ---- asking ---- */

static struct job *
job_new(struct policy *p)
{
	struct arena *a = arena_new();
	struct job *j = arena_alloc(a, sizeof *j);

	j->arena = a;
	j->policy = p;
	j->era = p->era;
	j->era->refs++;
	p->busy++;
	return j;
}

static void
job_prepare(struct job *j)
{
	struct policy *p = j->policy;

	j->lists = store_lists(p->parts.store);
	j->eval = eval_new(j->arena, &j->era->world, &j->request, j->lists, clock_wall_s());
	struct route to = route_request(j->era->config, j->lists, &j->request, j->eval->recipient,
	    j->eval->now_s);
	j->eval->hook = to.hook;
	j->eval->profile = to.profile;
	j->eval->landed = on_landed;
	j->eval->landed_arg = j;
	wiring_see(&p->wiring, &j->request, &to, j->eval->local, p->stages);
}

/* What is asked only so that policyd learns, and what no rule can use, is let pass. */
static bool
is_judged(const struct policy *p, const struct request *r)
{
	return (p->stages | STAGE_DATA) & (unsigned)r->stage;
}

/* The same request is being judged already, or was: true with the answer in reply, or the ticket put down. */
static bool
asked_before(struct policy *p, struct job *j, void *ticket, struct text *reply, enum policy_ask *ask)
{
	struct resend before = message_find(p->messages, j->hash, j->len, clock_mono_us());

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
		*ask = POLICY_LATER;
	}
	return true;
}

static enum policy_ask
judge(struct policy *p, struct job *j, void *ticket, struct text *reply)
{
	job_prepare(j);
	if (eval_run(j->eval) && job_decide(j, reply)) {
		job_answer(j, reply);
		return POLICY_ANSWERED;
	}
	struct waiting_ticket *w = arena_alloc(j->arena, sizeof *w);
	w->ticket = ticket;
	j->tickets = w;
	if (j->remembered)
		message_open(p->messages, j->hash, j->len, j, clock_mono_us());
	if (!j->committing) {
		int64_t deadline_ms = j->era->options->deadline_ms;
		int64_t share_ms = deadline_ms / 4 < COMMIT_SHARE_MS ? deadline_ms / 4 : COMMIT_SHARE_MS;

		job_list(j, j->eval->started_us + (deadline_ms - share_ms) * 1000);
	}
	return POLICY_LATER;
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
	if (!request_parse(&j->request, arena_strndup(j->arena, bytes, len), len, &why)) {
		log_warn("protocol: %s; closing the connection", buffer);
		ask = POLICY_MALFORMED;
	} else if (!is_judged(p, &j->request)) {
		struct route to = { .hook = HOOK_MX };

		wiring_see(&p->wiring, &j->request, &to, true, p->stages);
		action_encode(reply, &(struct action){ .kind = ACTION_DUNNO });
	} else {
		j->remembered = *j->request.instance != '\0';
		if (!j->remembered || !asked_before(p, j, ticket, reply, &ask))
			return judge(p, j, ticket, reply);
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

void *
policy_read_setting(const struct rule *const *rules, size_t rule_count, const char *check, const char *setting,
    char *why, size_t size)
{
	struct text t = { .at = why, .size = size };
	bool known = false;

	for (size_t i = 0; i < rule_count; i++)
		for (size_t k = 0; k < rules[i]->options.count; k++)
			known |= rules[i]->options.rows[k].type == OPT_SETTING &&
			    strcmp(rules[i]->options.rows[k].name, check) == 0;
	if (!known) {
		text_addf(&t, "there is no check '%.60s'; policyd -d lists them", check);
		return NULL;
	}
	struct arena *a = arena_new();
	struct setting read, *kept = NULL;
	const char *finding;
	if (setting_parse(a, setting, &read, &finding)) {
		size_t text_size = read.text ? strlen(read.text) + 1 : 0;

		kept = xmalloc(sizeof *kept + text_size);
		*kept = read;
		if (read.text != NULL)
			kept->text = memcpy(kept + 1, read.text, text_size);
	} else
		text_add(&t, finding);
	arena_free(a);
	return kept;
}

/* ---- from start to end ---- */

struct policy *
policy_new(const struct policy_parts *parts, struct config *config)
{
	struct policy *p = xcalloc(1, sizeof *p);

	p->parts = *parts;
	for (size_t i = 0; i < parts->rule_count; i++)
		p->stages |= parts->rules[i]->stages;
	p->deadline = timer_new(parts->loop, on_deadline, p);
	p->rerun = timer_new(parts->loop, on_rerun, p);
	p->messages = messages_new(0);
	p->passes = metric_counter("policyd_decisions_total", "check=\"\",action=\"dunno\"",
	    "Requests judged, by deciding check and action.");
	p->resent = metric_counter("policyd_resent_total", "", "Requests answered from the resend memory.");
	p->closed = metric_counter("policyd_deadline_total", "", "Requests whose deadline passed before all was known.");
	p->unreferenced = metric_counter("policyd_unreferenced_total", "",
	    "Refusals that left without a reference, since the store could not keep them in time.");
	p->seconds = metric_histogram("policyd_request_seconds", "Time between a request and its answer.");
	policy_configure(p, config);
	return p;
}

void
policy_configure(struct policy *p, struct config *config)
{
	struct era *era = era_new(&p->parts, config);

	era->world.dns = (struct dns_source){ ask_dns, forget_dns, p->parts.dns };
	if (p->era != NULL)
		era_release(p->era);
	p->era = era;
	messages_limit(p->messages, (size_t)era->options->resend_memory);
}

size_t
policy_busy(const struct policy *p)
{
	return p->busy;
}

void
policy_free(struct policy *p)
{
	timer_free(p->deadline);
	timer_free(p->rerun);
	messages_free(p->messages);
	era_release(p->era);
	free(p);
}
