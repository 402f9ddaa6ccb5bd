/* facts.c - what a rule may ask (rule.h), from the request, the lists, the DNS and the site's database */
#include "policy/eval.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

const void *
options(const struct eval *e)
{
	const struct profile *p = e->world->rules[e->current]->of_service ? e->service : e->profile;

	return profile_values(p, e->world->first_table + e->current);
}

/* ---- verdicts ---- */

static struct verdict
verdict_make(struct eval *e, enum verdict_kind kind, const struct option *check, const char *enhanced,
    const char *format, va_list args)
{
	char raw[VERDICT_TEXT], safe[VERDICT_TEXT];
	struct text from = TEXT(raw), to = TEXT(safe);

	text_addv(&from, format, args);
	text_add_safe(&to, raw, from.len);
	return (struct verdict){ .kind = kind, .check = check, .enhanced = enhanced,
	    .text = arena_strndup(e->arena, safe, to.len), .least = kind == VERDICT_OBJECT,
	    .most = kind == VERDICT_OBJECT || kind == VERDICT_CANNOT_TELL };
}

#define VERDICT(kind, check, enhanced) do { \
	va_list args; \
	va_start(args, format); \
	struct verdict v = verdict_make(e, kind, check, enhanced, format, args); \
	va_end(args); \
	return v; \
} while (0)

static const struct option *
row(const struct eval *e, unsigned check)
{
	return &e->world->rules[e->current]->options.rows[check];
}

struct verdict
object(struct eval *e, unsigned check, const char *enhanced, const char *format, ...)
{
	VERDICT(VERDICT_OBJECT, row(e, check), enhanced);
}

struct verdict
cannot_tell(struct eval *e, unsigned check, const char *enhanced, const char *format, ...)
{
	VERDICT(VERDICT_CANNOT_TELL, row(e, check), enhanced);
}

struct verdict
weigh(struct eval *e, unsigned check, const char *format, ...)
{
	VERDICT(VERDICT_DUNNO, row(e, check), NULL);
}

struct verdict
exempt(struct eval *e, const char *format, ...)
{
	VERDICT(VERDICT_EXEMPT, NULL, NULL);
}

struct verdict
perhaps_exempt(struct eval *e, const char *format, ...)
{
	VERDICT(VERDICT_CANNOT_TELL, NULL, NULL);
}

struct verdict
prepend(struct eval *e, const char *format, ...)
{
	struct verdict v = DUNNO;
	va_list args;

	va_start(args, format);
	v.header = arena_vprintf(e->arena, format, args);
	va_end(args);
	return v;
}

struct verdict
traced_text(struct eval *e, struct verdict v, const struct text *trace)
{
	char safe[TRACE_TEXT];
	struct text to = TEXT(safe);

	text_add_safe(&to, trace->at, trace->len);
	v.trace = arena_strndup(e->arena, safe, to.len);
	return v;
}

struct verdict
traced(struct eval *e, struct verdict v, const char *format, ...)
{
	char raw[TRACE_TEXT];
	struct text from = TEXT(raw);
	va_list args;

	va_start(args, format);
	text_addv(&from, format, args);
	va_end(args);
	return traced_text(e, v, &from);
}

/* ---- the request ---- */

const struct request *
request(const struct eval *e)
{
	return e->request;
}

enum hook
hook(const struct eval *e)
{
	return e->hook;
}

int64_t
now(const struct eval *e)
{
	return e->now_s;
}

const char *
own_name(const struct eval *e)
{
	return e->world->own_name;
}

const char *
login(const struct eval *e)
{
	return e->login;
}

const char *
login_domain(const struct eval *e)
{
	return e->login_domain;
}

bool
sender_is_null(const struct eval *e)
{
	return *e->request->sender == '\0';
}

bool
is_local_address(const struct eval *e, const struct address *a)
{
	return networks_contain(&e->world->local_networks, a);
}

const char *
sender(const struct eval *e)
{
	return e->sender;
}

const char *
sender_domain(const struct eval *e)
{
	return e->sender_domain;
}

const char *
recipient(const struct eval *e)
{
	return e->recipient;
}

const char *
recipient_domain(const struct eval *e)
{
	return e->recipient_domain;
}

const char *
helo_domain(const struct eval *e)
{
	return e->helo_domain;
}

/* ---- the client's name ---- */

enum { PTR_NAMES_MAX = 10 };

/* Does one of the name's addresses equal the client's? */
static bool
resolves_to(const struct answer *a, const struct address *client)
{
	for (size_t i = 0; i < a->count; i++)
		if (address_equal(&a->records[i].address, client))
			return true;
	return false;
}

static struct client_name
confirm(struct eval *e, const struct answer *ptr)
{
	const struct address *client = &e->request->client;
	enum dns_type type = client->bits == 32 ? DNS_A : DNS_AAAA;
	struct client_name n = { .status = NAME_MISMATCH };
	const char *unsure = NULL;
	bool open = false, confirmed = false;
	size_t looked_at = 0;

	for (size_t i = 0; i < ptr->count; i++) {
		const char *name = ptr->records[i].name;

		if (!domain_is_fqdn(name))
			continue;
		if (looked_at++ == PTR_NAMES_MAX) {	/* it and those behind it may lead back as well */
			unsure = unsure ? unsure : name;
			break;
		}
		if (n.name == NULL)
			n.name = name;
		const struct answer *a = dns_lookup(e, name, type);
		open |= is_open(a);
		if (failed(a) && unsure == NULL)
			unsure = name;
		if (found(a) && !confirmed && resolves_to(a, client)) {
			n = (struct client_name){ NAME_CONFIRMED, name, .unsure = unsure != NULL };
			confirmed = true;
		}
	}
	if (open)
		return (struct client_name){ .status = NAME_OPEN };
	if (!confirmed && unsure != NULL)
		return (struct client_name){ NAME_CANNOT_TELL, .name = unsure };
	if (n.name == NULL)
		n.name = ptr->records[0].name;
	return n;
}

struct client_name
client_name(struct eval *e)
{
	const char *given = e->request->client_name;
	char reverse[REVERSE_TEXT], name[REVERSE_TEXT + 16], normal[DOMAIN_TEXT];

	if (*given && strcmp(given, "unknown") != 0)
		return (struct client_name){ NAME_CONFIRMED,
		    domain_normal(given, normal) ? arena_strdup(e->arena, normal) : given };
	if (e->request->client.bits == 0)
		return (struct client_name){ NAME_CANNOT_TELL, "a client without an address" };
	snprintf(name, sizeof name, "%s.%s", address_reverse(&e->request->client, reverse),
	    e->request->client.bits == 32 ? "in-addr.arpa" : "ip6.arpa");
	const struct answer *ptr = dns_lookup(e, name, DNS_PTR);
	if (is_open(ptr))
		return (struct client_name){ .status = NAME_OPEN };
	if (failed(ptr))
		return (struct client_name){ NAME_CANNOT_TELL, ptr->name };
	if (not_found(ptr))
		return (struct client_name){ .status = NAME_NONE };
	return confirm(e, ptr);
}

/* ---- the DNS, and its lists ---- */

const struct answer *
dns_lookup(struct eval *e, const char *name, enum dns_type type)
{
	return look_up(e, NULL, name, type);
}

const struct answer *
list_lookup(struct eval *e, const char *list, const char *entry, enum dns_type type)
{
	char name[2 * DOMAIN_TEXT];	/* of two names at most */
	struct text t = TEXT(name);

	text_add(&t, entry);
	text_add(&t, ".");
	text_add(&t, list);
	return look_up(e, list, name, type);
}

/* ---- the site's own database ---- */

static const enum recipient_state states[] = { [SITE_OPEN] = RECIPIENT_OPEN,
    [SITE_NO_QUERY] = RECIPIENT_NOT_ASKED, [SITE_NO_ROW] = RECIPIENT_UNKNOWN, [SITE_YES] = RECIPIENT_ACTIVE,
    [SITE_NO] = RECIPIENT_DEACTIVATED, [SITE_CANNOT_TELL] = RECIPIENT_CANNOT_TELL };

enum recipient_state
recipient_state_known(const struct eval *e)
{
	const struct question *q = e->questions;

	while (q != NULL && q->about != ABOUT_RECIPIENT)
		q = q->next;
	return q ? states[q->site.status] : RECIPIENT_NOT_ASKED;
}

enum recipient_state
recipient_state(struct eval *e)
{
	return e->recipient_domain != NULL ? states[site_lookup(e).status] : RECIPIENT_NOT_ASKED;
}

/* Of a question that may be answered by yes; who is not asked does not say so. */
static const enum known says[] = { [SITE_OPEN] = KNOWN_CANNOT_TELL, [SITE_NO_QUERY] = KNOWN_NO, [SITE_NO_ROW] = KNOWN_NO,
    [SITE_YES] = KNOWN_YES, [SITE_NO] = KNOWN_NO, [SITE_CANNOT_TELL] = KNOWN_CANNOT_TELL };

enum known
login_is_relay(struct eval *e)
{
	bool doubt;

	if (e->login == NULL)
		return KNOWN_NO;
	return listed(e, LIST_RELAY_LOGIN, &doubt) != NULL ? KNOWN_YES : says[relay_lookup(e).status];
}

enum known
login_may_use(struct eval *e)
{
	return e->login != NULL ? says[login_lookup(e).status] : KNOWN_NO;
}

bool
login_senders_known(struct eval *e)
{
	static bool said;

	if (e->login_domain != NULL || login_lookup(e).status != SITE_NO_QUERY ||
	    (e->lists != NULL && lists_name_login(e->lists, e->login)))
		return true;
	if (!said)
		log_warn("login_mismatch: the login %.80s has no domain name, nor one by login_realm: nobody can tell which senders "
		    "are its own, and unless on_error says defer it may use any but <>; set login_realm, or name its senders in "
		    "login_domain, or by login_query (said once)", e->login);
	said = true;
	return false;
}

/* ---- what was sent ---- */

enum known
sent_mail(struct eval *e, const char *who, int64_t window_s)
{
	return e->world->sent.since(e->world->sent.arg, who, e->now_s - window_s);
}

/* ---- relays ---- */

bool
relay_past(struct eval *e, struct relay_past *out)
{
	return e->world->clients.relay(e->world->clients.arg, e->login_domain, out);
}

void
remember_relay(struct eval *e, const char *finding)
{
	struct relay_news *news = arena_alloc(e->arena, sizeof *news);

	*news = (struct relay_news){ e->login_domain, e->login, finding ? arena_strdup(e->arena, finding) : NULL, e->now_s };
	e->relay_news = news;
}

/* ---- greylisting ---- */

struct triplet_past
triplet_past(struct eval *e, const struct triplet *t, int64_t wait_s, int64_t life_s)
{
	return e->world->triplets.past(e->world->triplets.arg, t,
	    (struct triplet_span){ e->now_s, e->now_s - wait_s, e->now_s - life_s });
}

static const char *
kept(struct eval *e, const char *text)
{
	return text != NULL ? arena_strdup(e->arena, text) : NULL;
}

void
remember_triplet(struct eval *e, const struct triplet_news *news)
{
	struct triplet_news *copy = arena_alloc(e->arena, sizeof *copy);
	struct triplet *t = &copy->triplet;

	*copy = *news;
	for (size_t i = 0; i < TRIPLET_CLIENTS; i++)
		t->clients[i] = kept(e, t->clients[i]);
	t->sender = kept(e, t->sender);
	t->recipient = kept(e, t->recipient);
	copy->past.client = kept(e, copy->past.client);
	copy->past.proven_client = kept(e, copy->past.proven_client);
	e->news = copy;
}

/* ---- what people wrote ---- */

const struct list_row *
lasting_block(struct eval *e, enum blocked whom)
{
	const struct list_row *last = last_block(e, whom);

	return last != NULL && list_row_counts(last, e->now_s) ? last : NULL;
}

bool
name_subject(struct eval *e, enum list_kind kind, struct list_subject *who, bool *doubt)
{
	*doubt = false;
	if (!lists_want_name(e->lists, kind, who, e->now_s))
		return true;
	struct client_name n = client_name(e);
	bool counts = !n.unsure || kind == LIST_ALLOW || kind == LIST_QUOTA_LIMIT;	/* while unsure it is not held against the client */
	if (n.status == NAME_CONFIRMED && counts)
		who->client_name = n.name;
	*doubt = n.status == NAME_CANNOT_TELL || n.unsure;
	return n.status != NAME_OPEN;
}

const struct list_row *
listed(struct eval *e, enum list_kind kind, bool *doubt)
{
	bool users = e->hook & (HOOK_SUBMISSION | HOOK_SUBMISSION_SENDER);
	struct list_subject who = { .client = &e->request->client, .helo = e->helo_domain, .sender = e->sender,
	    .recipient = e->recipient, .login = users ? e->login : NULL, .login_name = users ? e->login_name : NULL };
	if (users && kind == LIST_BLOCK)	/* a user of ours may come from anywhere, and is blocked by the login alone */
		who = (struct list_subject){ .login = who.login, .login_name = who.login_name };

	*doubt = false;
	if (e->lists == NULL)
		return NULL;
	if (!name_subject(e, kind, &who, doubt))
		return NULL;
	const struct list_row *found_row = lists_find(e->lists, kind, &who, e->now_s);
	const struct list_row *own = kind == LIST_BLOCK ? lasting_block(e, users ? BLOCKED_LOGIN : BLOCKED_CLIENT) : NULL;
	if (own != NULL && (found_row == NULL || found_row->expires_s != 0))
		found_row = own;	/* one for good is not made weaker */
	if (found_row != NULL)
		*doubt = false;		/* a row that needs no name matched */
	return found_row;
}
