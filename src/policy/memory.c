/* memory.c - see memory.h */
#include "policy/memory.h"
#include "base/clock.h"
#include "base/hash.h"

#include <string.h>

/* ---- whom policyd let pass ---- */

static const struct profile *
profile_now(const struct job *j, const char *name)
{
	const struct profile *own = name != NULL ? config_profile(j->era->config, name) : NULL;

	return own ? own : j->eval->profile;
}

void
memory_recall(struct job *j)
{
	const struct request *r = &j->request;

	if (r->stage != STAGE_DATA || *r->instance == '\0')
		return;
	const struct transaction *t = transaction_find(j->policy->transactions, r->instance, clock_mono_us());
	if (t == NULL)
		return;
	j->eval->spared_before = t->spared;
	j->eval->doubt_before = t->doubt;
	if (*r->recipient != '\0')
		return;			/* there is one, and its settings are found as at RCPT */
	struct party *parties = arena_alloc(j->arena, (t->special_count + 1) * sizeof *parties);
	size_t count = 0;
	for (const struct passed *p = t->special; p != NULL; p = p->next)
		parties[count++] = (struct party){ profile_now(j, p->profile), p->recipient ?
		    arena_strdup(j->arena, p->recipient) : NULL };
	if (t->plain)
		parties[count++].profile = j->eval->profile;
	eval_share(j->eval, parties, count);
}

static void
keep_recipient(struct job *j)
{
	const struct eval *e = j->eval;
	const struct passed who = { .profile = j->own_profile ? profile_name(e->profile) : NULL,
	    .recipient = e->own_settings ? e->recipient : NULL };

	if (*j->request.instance != '\0' &&
	    transaction_pass(j->policy->transactions, j->request.instance, &who, e->spared, e->doubt, clock_mono_us()) &&
	    e->hook == HOOK_MX)
		wiring_message(&j->policy->wiring, &j->era->needs);
}

/* ---- what we sent ---- */

/* A service is where Postfix listens: each has restrictions of its own in master.cf. */
static uint64_t
service_of(const struct request *r)
{
	char buffer[128];
	struct text t = TEXT(buffer);

	text_addf(&t, "%s %s", r->server_address, r->server_port);
	return hash_bytes(buffer, t.len);
}

static bool
asks_at_end(const struct ends *ends, uint64_t service)
{
	for (size_t i = 0; i < ends->count; i++)
		if (ends->services[i] == service)
			return true;
	return false;
}

static bool
is_users(const struct eval *e)
{
	return e->hook & (HOOK_SUBMISSION | HOOK_SUBMISSION_SENDER);
}

static void
keep_sent(struct job *j)
{
	const struct eval *e = j->eval;
	struct ends *ends = &j->policy->ends;
	uint64_t service = service_of(&j->request);
	bool at_end = j->request.stage == STAGE_END_OF_MESSAGE, known = asks_at_end(ends, service);

	if (at_end && !known && ends->count < ENDS_MAX)
		ends->services[ends->count++] = service;
	j->policy->wiring.sent_seen |= is_users(e);
	if ((is_users(e) || (e->hook == HOOK_MX && e->local)) && (at_end || !known) && e->sender_domain != NULL)
		store_sent(j->policy->parts.store, e->sender, e->sender_domain, e->now_s);
}

void
memory_keep(struct job *j)
{
	if (j->request.stage == STAGE_RCPT && j->eval->hook & (HOOK_MX | HOOK_SUBMISSION)) {
		keep_recipient(j);
		if (j->decision.header != NULL && *j->request.instance != '\0' &&
		    !transaction_takes_header(j->policy->transactions, j->request.instance, clock_mono_us()))
			j->decision.header = NULL;
	} else if (j->request.stage & (STAGE_DATA | STAGE_END_OF_MESSAGE))
		keep_sent(j);
}
