/* spf.c - SPF as a fact: spf/ asks its questions by way of the evaluation (rule.h) */
#include "policy/eval.h"
#include "spf/record.h"

#include <string.h>
#include <strings.h>

static const enum dns_type types[] = { [SPF_TYPE_A] = DNS_A, [SPF_TYPE_AAAA] = DNS_AAAA, [SPF_TYPE_MX] = DNS_MX,
	[SPF_TYPE_PTR] = DNS_PTR, [SPF_TYPE_TXT] = DNS_TXT };

struct prospect {			/* a domain and an address that may send as it */
	struct prospect *next;
	const char *domain;
	struct address client;
	struct spf_known known;
};

static struct spf_answer
ask(void *arg, const char *name, enum spf_type type)
{
	if (strchr(name, '\\') != NULL)		/* no such name: for dns_lookup() it would begin an escape */
		return (struct spf_answer){ .status = SPF_NOT_FOUND };
	const struct answer *a = dns_lookup(arg, name, types[type]);
	if (!found(a))
		return (struct spf_answer){ .status = is_open(a) ? SPF_OPEN : failed(a) ? SPF_FAILED : SPF_NOT_FOUND };
	return (struct spf_answer){ SPF_FOUND, a->count, a->records };
}

static struct spf_item
item(const struct spf_answer *a, size_t i)
{
	const struct dns_record *r = (const struct dns_record *)a->records + i;

	return (struct spf_item){ r->address, r->name, r->text, r->text_len };
}

/* What stands before the last @; "" if there is none. */
static const char *
local_part(struct eval *e)
{
	const char *sender = e->request->sender, *at = strrchr(sender, '@');

	return at ? arena_strndup(e->arena, sender, (size_t)(at - sender)) : "";
}

static const struct spf_outcome nobody = { .result = SPF_NONE, .trace = "" };

static void
begin(struct eval *e, struct spf_known *known, struct spf_subject subject)
{
	subject.receiver = e->world->own_name;
	subject.now_s = e->now_s;
	known->check = spf_new(e->arena, &subject, &(struct spf_source){ ask, item, e });
	known->outcome.waiting = true;
}

static const struct spf_outcome *
look(struct spf_known *known)
{
	if (known->outcome.waiting)
		known->outcome = spf_run(known->check);
	return &known->outcome;
}

const struct spf_outcome *
spf_says(struct eval *e, enum spf_identity identity)
{
	bool helo = identity == SPF_HELO;
	const char *domain = helo ? e->helo_domain : e->sender_domain;

	if (domain == NULL || e->request->client.bits == 0)
		return &nobody;
	struct spf_known *known = &e->spf[identity];
	if (known->check == NULL)
		begin(e, known, (struct spf_subject){ .client = e->request->client, .helo = e->request->helo_name,
		    .local = helo ? "" : local_part(e), .domain = domain });
	return look(known);
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
		*p = (struct prospect){ .next = e->prospects, .domain = arena_strdup(e->arena, domain), .client = *client };
		e->prospects = p;
		begin(e, &p->known, (struct spf_subject){ .client = p->client, .helo = p->domain, .local = "",
		    .domain = p->domain });
	}
	return look(&p->known);
}

/* ---- what a record names ---- */

static bool
is_domain(const struct spf_spec *spec, const char *domain)
{
	size_t len = strlen(domain);

	return spec->at != NULL && strncasecmp(spec->at, domain, len < spec->len ? len : spec->len) == 0 &&
	    (spec->len == len || (spec->len == len + 1 && spec->at[len] == '.'));
}

/* What stands behind "all", and a redirect beside it, is not looked at (RFC 7208 s.5.1). */
static bool
names(const struct spf_record *r, const char *domain)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct spf_term *t = &r->terms[i];

		if (t->mechanism == SPF_ALL)
			return false;
		if (t->mechanism == SPF_INCLUDE && t->qualifier == '+' && is_domain(&t->domain, domain))
			return true;
	}
	return is_domain(&r->redirect, domain);
}

enum known
spf_names(struct eval *e, const char *domain, const char *other)
{
	const struct answer *txt = dns_lookup(e, domain, DNS_TXT);
	const struct dns_record *found_record = NULL;
	struct spf_record r;
	const char *why;

	if (is_open(txt) || failed(txt))
		return KNOWN_CANNOT_TELL;
	for (size_t i = 0; i < txt->count; i++) {
		if (!spf_record_is(txt->records[i].text, txt->records[i].text_len))
			continue;
		if (found_record != NULL)
			return KNOWN_NO;	/* of two none counts (RFC 7208 s.4.5) */
		found_record = &txt->records[i];
	}
	return found_record != NULL && spf_record_read(e->arena, found_record->text, found_record->text_len, &r, &why) &&
	    names(&r, other) ? KNOWN_YES : KNOWN_NO;
}
