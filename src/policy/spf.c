/* spf.c - SPF as a fact: spf/ asks its questions by way of the evaluation (rule.h) */
#include "policy/eval.h"

#include <string.h>

static const enum dns_type types[] = { [SPF_TYPE_A] = DNS_A, [SPF_TYPE_AAAA] = DNS_AAAA, [SPF_TYPE_MX] = DNS_MX,
	[SPF_TYPE_PTR] = DNS_PTR, [SPF_TYPE_TXT] = DNS_TXT };

/* A check run again and again needs much memory, of which only its outcome is kept. */
struct asker {
	struct eval *eval;
	struct arena *scratch;
};

struct prospect {			/* a domain and an address that may send as it */
	struct prospect *next;
	const char *domain;
	struct address client;
	struct spf_outcome outcome;
};

static struct spf_answer
ask(void *arg, const char *name, enum spf_type type)
{
	struct asker *by = arg;

	if (strchr(name, '\\') != NULL)		/* no such name: for dns_lookup() it would begin an escape */
		return (struct spf_answer){ .status = SPF_NOT_FOUND };
	const struct answer *a = dns_lookup(by->eval, name, types[type]);
	if (!found(a))
		return (struct spf_answer){ .status = is_open(a) ? SPF_OPEN : failed(a) ? SPF_FAILED : SPF_NOT_FOUND };
	struct spf_item *items = arena_alloc(by->scratch, a->count * sizeof *items);
	for (size_t i = 0; i < a->count; i++)
		items[i] = (struct spf_item){ a->records[i].address, a->records[i].name, a->records[i].text,
		    a->records[i].text_len };
	return (struct spf_answer){ SPF_FOUND, a->count, items };
}

/* What stands before the last @; "" if there is none. */
static const char *
local_part(struct eval *e)
{
	const char *sender = e->request->sender, *at = strrchr(sender, '@');

	return at ? arena_strndup(e->arena, sender, (size_t)(at - sender)) : "";
}

static const char *
kept(struct eval *e, const char *text)
{
	return text != NULL ? arena_strdup(e->arena, text) : NULL;
}

static const struct spf_outcome nobody = { .result = SPF_NONE, .trace = "" };

/* Check the subject, if its outcome is not known yet. */
static const struct spf_outcome *
look(struct eval *e, struct spf_subject subject, struct spf_outcome *known)
{
	if (known->trace != NULL && !known->waiting)
		return known;
	subject.receiver = e->world->own_name;
	subject.now_s = e->now_s;
	struct asker by = { e, arena_new() };
	struct spf_outcome o = spf_check(by.scratch, &subject, &(struct spf_source){ ask, &by });
	*known = (struct spf_outcome){ .waiting = true, .trace = "" };
	if (!o.waiting) {
		*known = o;
		known->mechanism = kept(e, o.mechanism);
		known->record_domain = kept(e, o.record_domain);
		known->why = kept(e, o.why);
		known->explanation = kept(e, o.explanation);
		known->trace = kept(e, o.trace);
	}
	arena_free(by.scratch);
	return known;
}

const struct spf_outcome *
spf_says(struct eval *e, enum spf_identity identity)
{
	bool helo = identity == SPF_HELO;
	const char *domain = helo ? e->helo_domain : e->sender_domain;

	if (domain == NULL || e->request->client.bits == 0)
		return &nobody;
	struct spf_subject subject = { .client = e->request->client, .helo = e->request->helo_name,
		.local = helo ? "" : local_part(e), .domain = domain };
	return look(e, subject, &e->spf[identity]);
}

const struct spf_outcome *
spf_would_allow(struct eval *e, const char *domain, const struct address *client)
{
	if (client->bits == 0)
		return &nobody;
	struct prospect *p = e->prospects;
	while (p != NULL && (strcmp(p->domain, domain) != 0 || !address_equal(&p->client, client)))
		p = p->next;
	if (p == NULL) {
		p = arena_alloc(e->arena, sizeof *p);
		*p = (struct prospect){ e->prospects, arena_strdup(e->arena, domain), *client, { .trace = NULL } };
		e->prospects = p;
	}
	struct spf_subject subject = { .client = p->client, .helo = p->domain, .local = "", .domain = p->domain };
	return look(e, subject, &p->outcome);
}
