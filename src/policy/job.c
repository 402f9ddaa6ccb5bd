/* job.c - see job.h */
#include "policy/job.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "policy/memory.h"
#include "policy/message.h"
#include "policy/record.h"
#include "policy/reply.h"

#include <stdlib.h>
#include <string.h>

/* ---- its life ---- */

void
era_release(struct era *era)
{
	if (--era->refs > 0)
		return;
	config_release(era->config);
	free(era->world.on);
	free(era);
}

struct job *
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

void
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

/* What stands behind "action=". */
static const char *
action_line(const struct job *j, const struct text *reply)
{
	const char *start = reply->at + strlen("action=");

	return arena_strndup(j->arena, start, strcspn(start, "\n"));
}

void
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
count_metric(const char *name, const char *help, const char *action, const char *check)
{
	char labels[128];
	struct text t = TEXT(labels);

	text_add(&t, "check=\"");
	text_add(&t, check);
	text_add(&t, "\",action=\"");
	text_add(&t, action);
	text_add(&t, "\"");
	metric_counter(name, labels, help)->value++;
}

static void
count_metrics(const struct job *j)
{
	const struct decision *d = &j->decision;
	const char *would = d->would;

	if (d->action == ACTION_DUNNO)
		j->policy->passes->value++;
	else
		count_metric("policyd_decisions_total", "Requests judged, by deciding check and action.",
		    decision_word(d), d->check);
	for (char key[COUNTER_KEY], *check; would_key(&would, key); ) {
		check = strchr(key, ':');
		*check++ = '\0';
		count_metric("policyd_would_total", "What checks that are only logged would have done.", key, check);
	}
}

/* What became of mail that was greylisted, or is. */
static void
count_greylisting(const struct job *j)
{
	const struct decision *d = &j->decision;
	struct policy *p = j->policy;

	if (d->greylisted)
		(j->eval->news ? p->greylist_tried : p->greylist_early)->value++;
	if (d->delay_s == 0)
		return;
	p->greylist_passed->value++;
	p->greylist_delay_s->value += (uint64_t)d->delay_s;
}

static void
job_log(const struct job *j)
{
	if (j->request.stage == STAGE_END_OF_MESSAGE)
		return;
	int64_t took_us = clock_mono_us() - j->eval->started_us;

	histogram_add(j->policy->seconds, took_us);
	count_metrics(j);
	count_greylisting(j);
	if (j->decision.action != ACTION_DUNNO || j->decision.would != NULL || j->decision.delay_s > 0 ||
	    j->era->options->log_passes)
		record_log(j->eval, &j->decision, j->text, j->reference, took_us);
}

/* The answer stands: remember it, tell everybody who waits for it but the one who is told by return. */
void
job_answer(struct job *j, const struct text *reply)
{
	struct policy *p = j->policy;

	job_log(j);
	if (j->remembered)
		message_close(p->messages, j->hash, j->len, reply->at, clock_tick_us());
	for (const struct waiting_ticket *w = j->tickets; w != NULL; w = w->next)
		p->parts.answer(w->ticket, reply->at, reply->len);
	job_free(j);
}

static void
word(struct job *j, struct text *reply)
{
	j->text = reply_encode(reply, j->eval, &j->decision, j->reference);
}

/* Nobody is delayed by what may be forgotten: it passes. */
static void
let_pass(struct job *j)
{
	*j->reference = '\0';
	j->decision = decide_without_memory(j->eval);
	j->policy->unremembered->value++;
	memory_keep(j);
}

static void
answer_committed(struct job *j, bool ok)
{
	char buffer[REPLY_MAX];
	struct text reply = TEXT(buffer);

	if (!ok && j->decision.greylisted)
		let_pass(j);
	else if (!ok && j->decision.action != ACTION_DUNNO) {
		*j->reference = '\0';
		j->policy->unreferenced->value++;
	}
	if (ok && j->answer != NULL)
		text_add(&reply, j->answer);
	else
		word(j, &reply);
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
		store_count_decision(store, "dunno", NULL, j->decision.would, j->eval->now_s);
		return;
	}
	struct decision_row row = record_row(j->eval, &j->decision, action_line(j, reply),
	    clock_mono_us() - j->eval->started_us);
	store_write(store, &row, NULL);
}

/* A refusal of which no row is kept: true if its answer waits for what it rests on. */
static bool
count_refusal(struct job *j, struct text *reply, bool waits)
{
	store_count_decision(j->policy->parts.store, decision_word(&j->decision), j->decision.check, j->decision.would,
	    j->eval->now_s);
	if (!waits)
		word(j, reply);
	return waits;
}

/* What greylisting wants to be remembered; false if it cannot be.  w is told after the commit. */
static bool
record_news(struct job *j, struct store_waiter *w)
{
	return j->eval->news == NULL || store_triplet_news(j->policy->parts.store, j->eval->news, w);
}

/* A refusal, not to be turned into a pass any more: true if its row is on the way to the disk, and the answer waits. */
static bool
record_refusal(struct job *j, struct text *reply, bool waits)
{
	struct store *store = j->policy->parts.store;

	if (!store_keeps(store, true, false))
		return count_refusal(j, reply, waits);
	int64_t reference = store_reference(store);
	reference_print(reference, j->reference);
	word(j, reply);
	struct decision_row row = record_row(j->eval, &j->decision, action_line(j, reply),
	    clock_mono_us() - j->eval->started_us);
	row.reference = reference;
	if (store_write(store, &row, &j->waiter))
		return true;
	*j->reference = '\0';
	j->policy->unreferenced->value++;
	reply->len = 0;
	if (!waits)
		word(j, reply);
	return waits;
}

static void
explain(struct job *j)
{
	char buffer[REPLY_MAX];
	struct text reply = TEXT(buffer);
	void (*explained)(void *arg) = j->explained;
	void *arg = j->explained_arg;

	word(j, &reply);
	record_explain(j->explain, j->eval, &j->decision, action_line(j, &reply),
	    clock_mono_us() - j->eval->started_us);
	job_free(j);
	explained(arg);
}

/* What the answer rests on is on its way to the disk; false, as it is not given yet, though it may have been worded. */
static bool
await_commit(struct job *j, const struct text *reply)
{
	j->committing = true;
	j->answer = reply->len > 0 ? arena_strndup(j->arena, reply->at, reply->len) : NULL;
	job_list(j, j->eval->started_us + j->era->options->deadline_ms * 1000);
	return false;
}

/* The verdict is final.  True if reply holds the answer; else it will be given later, or was explained. */
bool
job_decide(struct job *j, struct text *reply)
{
	j->decision = decide(j->eval);
	if (j->explain != NULL) {
		explain(j);
		return false;
	}
	/* What a refusal rests on stands in the queue before the row that its answer waits for; without a row, it waits for that. */
	bool waits = j->decision.action != ACTION_DUNNO && j->eval->news != NULL;
	j->waiter.committed = on_commit;
	bool remembered = record_news(j, waits ? &j->waiter : NULL);
	if (!remembered && j->decision.greylisted)
		let_pass(j);
	else if (j->decision.action == ACTION_DUNNO)
		memory_keep(j);
	j->decision.would = memory_would(j);
	memory_count(j);
	if (j->decision.action == ACTION_DUNNO) {
		word(j, reply);
		record_pass(j, reply);
		return !memory_charge(j) || await_commit(j, reply);
	}
	return !record_refusal(j, reply, waits && remembered) || await_commit(j, reply);
}

bool
job_learn(struct job *j, struct text *reply)
{
	j->decision = (struct decision){ .action = ACTION_DUNNO };
	j->waiter.committed = on_commit;
	memory_keep(j);
	word(j, reply);
	return !memory_charge(j) || await_commit(j, reply);
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

void
job_landed(void *arg)
{
	struct job *j = arg;

	if (j->ready)
		return;
	j->ready = true;
	j->next_ready = j->policy->ready;
	if (j->policy->ready == NULL)
		timer_start(j->policy->rerun, 0, 0);
	j->policy->ready = j;
}

void
jobs_rerun(void *arg)
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

void
jobs_deadline(void *arg)
{
	struct policy *p = arg;

	/* Those to be run again first, so that none is freed while in that list. */
	if (p->ready != NULL)
		jobs_rerun(p);
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
