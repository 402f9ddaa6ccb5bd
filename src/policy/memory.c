/* memory.c - see memory.h */
#include "policy/memory.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/metrics.h"
#include "policy/message.h"

#include <inttypes.h>
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
	const struct transaction *t = transaction_find(j->policy->transactions, r->instance, clock_tick_us());
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
	const struct passed who = { .profile = e->profile != e->service ? profile_name(e->profile) : NULL,
	    .recipient = e->own_settings ? e->recipient : NULL };

	j->policy->wiring.unknown_seen |= recipient_state_known(e) != RECIPIENT_NOT_ASKED ||
	    store_is_fed(j->policy->parts.store);
	if (*j->request.instance != '\0' &&
	    transaction_pass(j->policy->transactions, j->request.instance, &who, e->spared, e->doubt, clock_tick_us()))
		wiring_message(&j->policy->wiring, &j->era->needs, e->hook == HOOK_MX ? MAIL_OF_STRANGERS : MAIL_OF_USERS);
}

/* ---- headers ---- */

/* The decision's headers belong to the message; one that has not left yet does so now. */
static void
choose_header(struct job *j)
{
	struct transactions *t = j->policy->transactions;
	const char *instance = j->request.instance;
	struct decision *d = &j->decision;

	for (size_t i = 0; i < d->header_count; i++)
		transaction_queue_header(t, instance, d->headers[i], clock_tick_us());
	const char *header = transaction_next_header(t, instance, clock_tick_us());
	d->header = header != NULL ? arena_strdup(j->arena, header) : NULL;
}

/* ---- what we sent ---- */

/* A service is where Postfix listens: each has restrictions of its own in master.cf. */
static uint64_t
service_of(const struct request *r)
{
	char buffer[128];
	struct text t = TEXT(buffer);

	text_add_all(&t, r->server_address, " ", r->server_port);
	return hash_bytes(buffer, t.len);
}

static bool
is_among(const struct services *s, uint64_t service)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->hashes[i] == service)
			return true;
	return false;
}

static void
see_service(struct services *s, uint64_t service)
{
	if (!is_among(s, service) && s->count < SERVICES_MAX)
		s->hashes[s->count++] = service;
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
	struct services *at_end = &j->policy->at_end;
	uint64_t service = service_of(&j->request);

	if (j->request.stage == STAGE_END_OF_MESSAGE)
		see_service(at_end, service);
	j->policy->wiring.sent_seen |= is_users(e);
	if ((is_users(e) || (e->hook == HOOK_MX && e->local)) && e->sender_domain != NULL &&
	    (j->request.stage == STAGE_END_OF_MESSAGE || !is_among(at_end, service)))
		store_sent(j->policy->parts.store, e->sender, e->sender_domain, e->now_s);
}

/* How many of the message's recipients its login sends to, as far as it is known now, beyond those counted before. */
static int64_t
count_accepted(struct job *j)
{
	struct transactions *transactions = j->policy->transactions;
	const struct request *r = &j->request;
	const struct transaction *t = transaction_find(transactions, r->instance, clock_tick_us());
	int64_t before = t ? t->accepted : quota_message(j->eval).recipients;	/* of before the start, if anybody knows */
	int64_t all = r->stage == STAGE_DATA ? (int64_t)r->recipient_count : before + 1;

	if (all <= before)
		return 0;
	transaction_accepted(transactions, r->instance, all, clock_tick_us());
	return all - before;
}

/* Mail is sent at DATA; at RCPT it counts where nobody asks at DATA. */
static void
count_login(struct job *j)
{
	const struct eval *e = j->eval;
	struct store *store = j->policy->parts.store;
	struct services *at_data = &j->policy->at_data;
	uint64_t service = service_of(&j->request);
	bool passes = j->decision.action == ACTION_DUNNO, at_rcpt = j->request.stage == STAGE_RCPT;

	if (!at_rcpt)
		see_service(at_data, service);
	int64_t accepted = passes && !(at_rcpt && is_among(at_data, service)) ? count_accepted(j) : 0;
	if (accepted > 0)
		store_add_activity(store, "login", e->login, ACTIVITY_ACCEPTED, e->now_s, accepted);
	if (!passes && at_rcpt)
		store_add_activity(store, "login", e->login, ACTIVITY_REFUSED, e->now_s, 1);
}

/* ---- what is found in both contexts ---- */

/* Was this found of the recipient where Postfix asked first?  There it is noted. */
static bool
is_again(struct job *j, const char *what)
{
	const struct request *r = &j->request;
	struct messages *m = j->policy->messages;

	if (*r->instance == '\0')
		return false;
	const char *key = arena_printf(j->arena, "%s\n%s\n%s\n%s", r->instance, r->sender, r->recipient, what);
	uint64_t hash = hash_bytes(key, strlen(key));
	if (!(j->eval->hook & (HOOK_MX_PRE | HOOK_SUBMISSION_SENDER)))
		return message_find(m, hash, strlen(key), clock_tick_us()).reply != NULL;
	message_note(m, hash, strlen(key), clock_tick_us());
	return false;
}

/* ---- what shadow checks would do ---- */

const char *
memory_would(struct job *j)
{
	const char *would = j->decision.would;
	char item[COUNTER_KEY];

	if (would == NULL || j->request.stage != STAGE_RCPT)
		return would;
	size_t size = strlen(would) + 1;
	struct text fresh = { .at = arena_alloc(j->arena, size), .size = size };
	for (const char *at = would; would_key(&at, item);) {
		*strchr(item, ':') = ' ';
		if (!is_again(j, item))
			text_add_all(&fresh, fresh.len > 0 ? ", " : "", item);
	}
	return fresh.len > 0 ? fresh.at : NULL;
}

/* ---- what strangers try ---- */

static void
count_unknown(struct policy *p, const struct unknown_recipient *u, const char *sender_domain)
{
	store_unknown(p->parts.store, u);
	if (sender_domain != NULL)
		store_add_activity(p->parts.store, "sender_domain", sender_domain, ACTIVITY_UNKNOWN, u->time_s, 1);
}

void
memory_concludes(struct policy *p, const void *connection)
{
	struct vain v;

	/* Where Postfix's log is read, that decides. */
	if (bracket_conclude(p->bracket, connection, clock_tick_us(), &v) && !store_is_fed(p->parts.store))
		count_unknown(p, &(struct unknown_recipient){ v.client, v.recipient, false, UNKNOWN_BY_BRACKET, v.time_s },
		    v.sender_domain);
}

/* What our own machines and users send goes elsewhere, too. */
static bool
is_strangers(struct eval *e)
{
	return !e->local && e->login == NULL && client_key(e) != NULL;
}

void
memory_bracket(struct job *j)
{
	if (j->request.stage != STAGE_RCPT)
		return;
	if (j->eval->hook == HOOK_MX_PRE)
		memory_concludes(j->policy, j->connection);
	else if (j->eval->hook == HOOK_MX && j->policy->wiring.pre_seen)
		bracket_close(j->policy->bracket, j->request.instance, j->eval->recipient, clock_tick_us());
	else if (j->eval->hook == HOOK_MX && is_strangers(j->eval))
		bracket_known(j->policy->bracket, client_key(j->eval), clock_tick_us());
}

static void
open_pair(struct job *j)
{
	const struct eval *e = j->eval;
	const struct pair_subject s = { .instance = j->request.instance, .client = client_key(j->eval),
	    .recipient = e->recipient, .sender_domain = e->sender_domain };

	if (*s.instance != '\0' && s.client != NULL && j->connection != NULL)
		bracket_open(j->policy->bracket, j->connection, &s, e->now_s, clock_tick_us());
}

static void
set_block(struct job *j)
{
	const struct block *b = j->decision.block;

	store_block(j->policy->parts.store, b);
	j->policy->blocks->value++;
	log_info("block: %s%s, strike %d, %s%" PRId64 "%s: %s", b->client, b->login, b->strikes, b->expires_s ? "for " : "for good",
	    b->expires_s ? b->expires_s - b->since_s : 0, b->expires_s ? " s" : "", b->evidence);
}

/* What rules found out about the client, whatever was decided. */
static void
count_findings(struct job *j, const char *client)
{
	const struct eval *e = j->eval;

	for (EACH_RULE(i, e->found)) {
		const struct rule_state *s = &e->states[i];
		unsigned counts = e->world->rules[i]->counts;

		if (counts == 0 || s->progress != RULE_DONE || s->verdict.check == NULL || s->verdict.least <= 0 ||
		    is_again(j, e->world->rules[i]->name))
			continue;
		for (unsigned kind = 0; counts != 0; kind++, counts >>= 1)
			if (counts & 1)
				store_add_activity(j->policy->parts.store, "client", client, (enum activity)kind, e->now_s, 1);
	}
}

void
memory_count(struct job *j)
{
	struct store *store = j->policy->parts.store;
	struct eval *e = j->eval;
	const char *client = client_key(e);
	enum recipient_state state = recipient_state_known(e);
	bool deactivated = state == RECIPIENT_DEACTIVATED;

	if (j->decision.block != NULL)
		set_block(j);
	if (e->relay_news != NULL)
		store_relay_news(store, e->relay_news);
	if (e->hook == HOOK_SUBMISSION && e->login != NULL)
		count_login(j);
	if (e->login_network != NULL)
		store_login_seen(store, e->login, e->login_network, e->now_s);
	if (j->request.stage != STAGE_RCPT || !(e->hook & (HOOK_MX_PRE | HOOK_MX)) || client == NULL)
		return;
	count_findings(j, client);
	if (e->hook == HOOK_MX_PRE)
		return;
	if (state == RECIPIENT_UNKNOWN || deactivated)
		count_unknown(j->policy, &(struct unknown_recipient){ client, e->recipient, deactivated, UNKNOWN_BY_QUERY,
		    e->now_s }, e->sender_domain);
	else if (lasting_block(e, BLOCKED_CLIENT) == NULL &&
	    (j->decision.action == ACTION_DUNNO || j->decision.action == ACTION_REJECT)) {
		/* What is refused since the client is blocked says nothing new about it; what is deferred comes again. */
		enum activity kind = j->decision.action == ACTION_DUNNO ? ACTIVITY_ACCEPTED : ACTIVITY_REFUSED;

		store_add_activity(store, "client", client, kind, e->now_s, 1);
		if (e->sender_domain != NULL)
			store_add_activity(store, "sender_domain", e->sender_domain, kind, e->now_s, 1);
	}
}

bool
memory_charge(struct job *j)
{
	const struct eval *e = j->eval;
	const struct request *r = &j->request;
	struct policy *p = j->policy;

	if (e->counts == NULL)
		return false;
	struct quota_message m = quota_message(j->eval);
	if (m.recipients < (int64_t)r->recipient_count)
		m.recipients = (int64_t)r->recipient_count;
	m.whole |= r->stage == STAGE_END_OF_MESSAGE;
	transaction_counted(p->transactions, r->instance, &m, clock_tick_us());
	return store_quota_count(p->parts.store, e->counts, r->instance, &m, e->now_s, &j->waiter);
}

void
memory_keep(struct job *j)
{
	if (j->request.stage == STAGE_RCPT && j->eval->hook == HOOK_MX_PRE)
		open_pair(j);
	if (j->request.stage == STAGE_RCPT && j->eval->hook & (HOOK_MX | HOOK_SUBMISSION)) {
		keep_recipient(j);
		choose_header(j);
	} else if (j->request.stage & (STAGE_DATA | STAGE_END_OF_MESSAGE))
		keep_sent(j);
	if (j->request.stage == STAGE_DATA && transaction_find(j->policy->transactions, j->request.instance, clock_tick_us()) != NULL)
		choose_header(j);	/* else nobody asked at RCPT, and the first of DATA's leaves */
}
