/* eval.c - see eval.h */
#include "policy/eval.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"

#include <assert.h>
#include <string.h>

/* In normal form; *domain is NULL if it has none.  realm: of a login without one; "": none. */
static const char *
normal_address(struct arena *a, const char *address, const char *realm, const char **domain)
{
	struct text t = { .size = strlen(address) + strlen(realm) + DOMAIN_TEXT };

	t.at = arena_alloc(a, t.size);
	*domain = login_normal(address, realm, &t);
	return t.at;
}

struct eval *
eval_new(struct arena *a, const struct world *world, const struct request *r, const struct lists *lists,
    int64_t now_s)
{
	struct eval *e = arena_alloc(a, sizeof *e);
	char normal[DOMAIN_TEXT];

	e->arena = a;
	e->world = world;
	e->request = r;
	e->lists = lists;
	e->now_s = now_s;
	e->started_us = clock_mono_us();
	e->sender = normal_address(a, r->sender, "", &e->sender_domain);
	e->recipient = normal_address(a, r->recipient, "", &e->recipient_domain);
	if (*r->sasl_username)
		e->login = normal_address(a, r->sasl_username, world->login_realm, &e->login_domain);
	if (e->login_domain != NULL && strcmp(e->login_domain, world->login_realm) == 0)
		e->login_name = arena_strndup(a, e->login, (size_t)(e->login_domain - e->login) - 1);
	if (*r->helo_name && domain_normal(r->helo_name, normal))
		e->helo_domain = arena_strdup(a, normal);
	e->local = networks_contain(&world->local_networks, &r->client);
	e->own_settings = lists != NULL && lists_has_setting(lists, e->recipient);
	e->states = arena_alloc(a, world->rule_count * sizeof *e->states);
	return e;
}

static bool
question_is_open(const struct question *q)
{
	return q->about == ABOUT_DNS ? q->answer == &q->open : q->site.status == SITE_OPEN;
}

/* Was it never run, or did something land that it waited for?  Else it would say the same again. */
static bool
has_news(const struct rule_state *s)
{
	for (const struct used *u = s->used; u != NULL; u = u->next)
		if (u->open && !question_is_open(u->question))
			return true;
	return s->used == NULL;
}

static void
judge(struct eval *e, size_t i)
{
	struct rule_state *s = &e->states[i];

	e->current = i;
	e->waiting = false;
	for (struct used *u; (u = s->used) != NULL;) {
		s->used = u->next;
		u->next = e->spare;
		e->spare = u;
	}
	if (e->world->rules[i]->greylists)
		e->news = NULL;
	if (e->world->rules[i]->learn != NULL)
		e->counts = NULL;
	s->verdict = e->world->rules[i]->judge(e);
	if (s->verdict.kind == VERDICT_PENDING) {
		assert(e->waiting);
		return;
	}
	s->progress = RULE_DONE;
	decide_effect(e, i);
	if (s->verdict.check != NULL || s->verdict.header != NULL || s->verdict.delay_s > 0)
		e->found |= RULE_BIT(i);
}

/* One walk over the rules; true when the verdict is final. */
static bool
walk(struct eval *e)
{
	bool pending = false;

	e->spared = e->spared_before | (e->local ? SPARE_LOCAL : 0);
	e->doubt = e->doubt_before;
	for (EACH_RULE(i, e->on)) {
		struct rule_state *s = &e->states[i];

		if (e->world->rules[i]->spares & e->spared) {
			s->progress = RULE_SPARED;
			continue;
		}
		if (s->progress != RULE_DONE && e->world->rules[i]->last && (pending || is_refused(e)))
			continue;
		if (s->progress != RULE_DONE && has_news(s))
			judge(e, i);
		if (s->progress != RULE_DONE) {
			pending = true;
			continue;
		}
		if (s->verdict.kind == VERDICT_EXEMPT)
			e->spared |= e->world->rules[i]->grants;
		if (s->verdict.kind == VERDICT_CANNOT_TELL && s->verdict.check == NULL)
			e->doubt |= e->world->rules[i]->grants;
		if (s->effect == EFFECT_REJECT && !s->shadow && !(e->world->rules[i]->spares & e->doubt))
			return !pending;
	}
	return !pending;
}

static void
forget(struct question *q)
{
	const struct world *w = q->eval->world;

	if (q->about == ABOUT_DNS)
		w->dns.forget(w->dns.arg, &q->waiter.dns);
	else
		w->sites[q->about].forget(w->sites[q->about].arg, &q->waiter.site);
}

static void
fail_question(struct question *q)
{
	static const char why[] = "no answer within the deadline";

	if (q->about == ABOUT_DNS)
		q->answer = answer_failed(q->open.name, q->open.type, why);
	else
		q->site = (struct site_answer){ SITE_CANNOT_TELL, why, 0 };
}

/* The rules before it have answered, or were not to be asked. */
static const struct rule *
first_pending(const struct eval *e)
{
	for (EACH_RULE(i, e->on))
		if (e->states[i].progress == RULE_NOT_RUN)
			return e->world->rules[i];
	return e->world->rules[e->current];
}

bool
eval_run(struct eval *e)
{
	if (e->runs == 0)
		e->on = rules_on(e, false);
	if (++e->runs > RUNS_MAX && !e->closed) {
		log_warn("policy: rule %s is still asking after %d runs; what it does not know by now it cannot tell",
		    first_pending(e)->name, RUNS_MAX);
		eval_close(e);
		return true;
	}
	bool final = walk(e);
	if (final)
		e->landed = NULL;
	return final;
}

void
eval_learn(struct eval *e)
{
	e->on = rules_on(e, true);
	for (EACH_RULE(i, e->on)) {
		e->current = i;
		e->world->rules[i]->learn(e);
	}
	e->landed = NULL;		/* what it asked on the way is not waited for */
}

void
eval_close(struct eval *e)
{
	e->closed = true;
	for (struct question *q = e->questions; q != NULL; q = q->next)
		if (question_is_open(q)) {
			forget(q);
			fail_question(q);
			q->waited_us = clock_mono_us() - q->asked_us;
		}
	/* Every question is answered at once now, so a rule that is still PENDING has forgotten what it asked. */
	e->runs++;
	bool final = walk(e);
	assert(final);
	(void)final;
}

void
eval_end(struct eval *e)
{
	for (struct question *q = e->questions; q != NULL; q = q->next)
		if (question_is_open(q))
			forget(q);
		else
			answer_release(q->answer);
	e->questions = NULL;
}

static void
landed(struct question *q)
{
	q->waited_us = clock_mono_us() - q->asked_us;
	if (q->eval->landed != NULL)
		q->eval->landed(q->eval->landed_arg);
}

static void
on_answer(struct dns_waiter *w, const struct answer *a)
{
	struct question *q = (struct question *)(void *)w;

	q->answer = a;
	landed(q);
}

static void
on_site_answer(struct site_waiter *w, struct site_answer a)
{
	struct question *q = (struct question *)(void *)w;

	q->site = (struct site_answer){ a.status, arena_strdup(q->eval->arena, a.why), a.number };
	landed(q);
}

static struct question *
question_new(struct eval *e, unsigned about)
{
	struct question *q = arena_alloc(e->arena, sizeof *q);

	q->eval = e;
	q->about = about;
	q->next = e->questions;
	e->questions = q;
	return q;
}

/* The current rule used the question. */
static void
use(struct eval *e, const struct question *q)
{
	struct used *u = e->spare ? e->spare : arena_alloc(e->arena, sizeof *u);

	if (u == e->spare)
		e->spare = u->next;
	u->question = q;
	u->open = question_is_open(q);
	u->next = e->states[e->current].used;
	e->states[e->current].used = u;
	e->waiting |= u->open;
}

static const struct answer *
refuse_question(const struct eval *e, const char *name, enum dns_type type)
{
	static bool said;

	if (!said)
		log_warn("policy: one request asks the DNS more than %d questions, at rule %s; those beyond cannot be told. "
		    "Name fewer DNS lists (said once)", QUESTIONS_MAX, e->world->rules[e->current]->name);
	said = true;
	return answer_failed(name, type, "too many questions for one request");
}

/* The question, asked now if nobody of this evaluation has asked it yet. */
static struct question *
ask(struct eval *e, const char *list, const char *name, enum dns_type type)
{
	size_t len = strlen(name);
	struct question **bucket = &e->buckets[hash_bytes(name, len) % QUESTION_BUCKETS];

	for (struct question *q = *bucket; q != NULL; q = q->next_alike)
		if (q->open.type == type && strcmp(q->open.name, name) == 0)
			return q;

	struct question *q = question_new(e, ABOUT_DNS);
	q->next_alike = *bucket;
	*bucket = q;
	q->open = (struct answer){ .name = arena_strndup(e->arena, name, len), .type = type, .why = "" };
	q->waiter.dns.answered = on_answer;
	if (e->closed)
		fail_question(q);
	else if (e->question_count == QUESTIONS_MAX)
		q->answer = refuse_question(e, name, type);
	else {
		e->question_count++;
		q->answer = e->world->dns.ask(e->world->dns.arg, list, q->open.name, type, &q->waiter.dns);
	}
	if (q->answer == NULL) {
		q->answer = &q->open;
		q->asked_us = clock_mono_us();
	}
	return q;
}

const struct answer *
look_up(struct eval *e, const char *list, const char *name, enum dns_type type)
{
	struct question *q = ask(e, list, name, type);

	use(e, q);
	return q->answer;
}

/* Ask a database, once for the request. */
static struct site_answer
ask_database(struct eval *e, enum site_about about, const char *value, const char *login)
{
	const struct site_source *from = &e->world->sites[about];
	struct question *q = e->questions;

	while (q != NULL && q->about != about)
		q = q->next;
	if (q == NULL) {
		q = question_new(e, about);
		q->waiter.site.answered = on_site_answer;
		q->site = from->ask(from->arg, value, login, &q->waiter.site);
		if (question_is_open(q))
			q->asked_us = clock_mono_us();
		if (e->closed && question_is_open(q)) {
			forget(q);
			fail_question(q);
		}
	}
	if (q->site.status != SITE_NO_QUERY)
		use(e, q);
	return q->site;
}

struct site_answer
site_lookup(struct eval *e)
{
	return ask_database(e, ABOUT_RECIPIENT, e->recipient, "");
}

struct site_answer
login_lookup(struct eval *e)
{
	return ask_database(e, ABOUT_LOGIN, *e->sender ? e->sender : "<>", e->login);
}

struct site_answer
relay_lookup(struct eval *e)
{
	return ask_database(e, ABOUT_RELAY, e->login, "");
}

struct site_answer
reputation_lookup(struct eval *e)
{
	return ask_database(e, ABOUT_REPUTATION, e->client_key, "");
}

bool
waiting(const struct eval *e)
{
	return e->waiting;
}
