/* quota.c - whose a quota is, and what is counted of the message, as facts (rule.h) */
#include "policy/eval.h"

#include <string.h>

static const struct {
	const char *scope;
	size_t offset;
} attributes[] = {		/* what does not change from request to request of a message */
	{ "ccert_fingerprint", offsetof(struct request, ccert_fingerprint) },
	{ "ccert_issuer", offsetof(struct request, ccert_issuer) },
	{ "ccert_pubkey_fingerprint", offsetof(struct request, ccert_pubkey_fingerprint) },
	{ "ccert_subject", offsetof(struct request, ccert_subject) },
	{ "client_address", offsetof(struct request, client_address) },
	{ "client_name", offsetof(struct request, client_name) },
	{ "helo_name", offsetof(struct request, helo_name) },
	{ "reverse_client_name", offsetof(struct request, reverse_client_name) },
	{ "sasl_method", offsetof(struct request, sasl_method) },
	{ "sasl_username", offsetof(struct request, sasl_username) },
	{ "server_address", offsetof(struct request, server_address) },
	{ "server_port", offsetof(struct request, server_port) },
};
enum { ATTRIBUTES = sizeof attributes / sizeof *attributes };

static bool
is(const char *scope, const char *word)
{
	return strcmp(scope, word) == 0;
}

/* Where in the request it stands; NULL if that is no such attribute. */
static const char *const *
attribute(const struct request *r, const char *scope)
{
	for (size_t i = 0; i < ATTRIBUTES; i++)
		if (is(scope, attributes[i].scope))
			return (const char *const *)(const void *)((const char *)r + attributes[i].offset);
	return NULL;
}

bool
quota_scope_is(const char *scope)
{
	static const struct request any;

	return attribute(&any, scope) != NULL || is(scope, "login") || is(scope, "client") || is(scope, "sender_domain");
}

const char *
quota_name(struct eval *e, const char *scope)
{
	if (is(scope, "login"))
		return e->login;
	if (is(scope, "client"))
		return client_key(e);
	if (is(scope, "sender_domain"))
		return e->login != NULL || e->local ? e->sender_domain : NULL;
	const char *const *text = attribute(e->request, scope);
	return text != NULL && **text != '\0' ? *text : NULL;
}

const struct list_row *
quota_limit(struct eval *e, const char *scope)
{
	struct list_subject who = { 0 };
	bool doubt;

	if (e->lists == NULL)
		return NULL;
	if (is(scope, "login"))
		who = (struct list_subject){ .login = e->login, .login_name = e->login_name };
	else if (is(scope, "sender_domain"))
		who.sender = quota_name(e, scope) != NULL ? e->sender : NULL;
	else if (is(scope, "client"))
		who.client = &e->request->client;
	if (who.client != NULL)
		name_subject(e, LIST_QUOTA_LIMIT, &who, &doubt);
	return lists_find(e->lists, LIST_QUOTA_LIMIT, &who, e->now_s);
}

bool
quota_past(struct eval *e, const struct quota_use *u, struct quota_past *out)
{
	return e->world->quotas.past(e->world->quotas.arg, u, e->now_s, out);
}

struct quota_message
quota_message(struct eval *e)
{
	if (e->message_asked)
		return e->message;
	e->message_asked = true;
	bool first = e->request->stage == STAGE_RCPT && recipients_before(e) == 0;	/* nothing was, then */
	if (*e->request->instance != '\0' && !first)
		e->message = e->world->quotas.message(e->world->quotas.arg, e->request->instance);
	return e->message;
}

int64_t
recipients_before(struct eval *e)
{
	return e->world->quotas.recipients_before(e->world->quotas.arg, e->request->instance);
}

void
count_quota(struct eval *e, const struct quota_use *u, int64_t n)
{
	struct quota_count *c = arena_alloc(e->arena, sizeof *c);

	*c = (struct quota_count){ e->counts, *u, n };
	e->counts = c;
}
