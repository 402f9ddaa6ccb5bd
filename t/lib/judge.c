/* judge.c - see judge.h */
#include "judge.h"
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { LINES_MAX = 80, NOBODY = LINES_MAX, RECORDS_MAX = 20 };

struct eval {
	struct arena *arena;
	const struct rule *rule;
	const struct facts *given;
	struct request request;
	struct network local_network;
	void *options;
	bool waiting;
	const char *news;		/* to be remembered; "": nothing */
	size_t line_count, held;	/* held: the line whose answer has not come yet, or NOBODY */
	char *lines[LINES_MAX];
	bool asked[LINES_MAX];
};

/* ---- the request ---- */

const void *
options(const struct eval *e)
{
	return e->options;
}

const struct request *
request(const struct eval *e)
{
	return &e->request;
}

bool
sender_is_null(const struct eval *e)
{
	return *e->request.sender == '\0';
}

bool
is_local_address(const struct eval *e, const struct address *a)
{
	return e->given->local_network != NULL && network_contains(&e->local_network, a);
}

static const char *
normal(const struct eval *e, const char *text)
{
	char out[DOMAIN_TEXT];

	return text != NULL && domain_normal(text, out) ? arena_strdup(e->arena, out) : NULL;
}

const char *
sender_domain(const struct eval *e)
{
	const char *at = strrchr(e->request.sender, '@');

	return normal(e, at ? at + 1 : NULL);
}

const char *
sender(const struct eval *e)
{
	return e->request.sender;
}

const char *
recipient(const struct eval *e)
{
	return e->request.recipient;
}

const char *
recipient_domain(const struct eval *e)
{
	const char *at = strrchr(e->request.recipient, '@');

	return normal(e, at ? at + 1 : NULL);
}

const char *
helo_domain(const struct eval *e)
{
	return normal(e, e->request.helo_name);
}

/* ---- facts ---- */

bool
waiting(const struct eval *e)
{
	return e->waiting;
}

struct client_name
client_name(struct eval *e)
{
	e->waiting |= e->given->name.status == NAME_OPEN;
	return e->given->name;
}

enum recipient_state
recipient_state(struct eval *e)
{
	e->waiting |= e->given->state == RECIPIENT_OPEN;
	return e->given->state;
}

const struct list_row *
listed(struct eval *e, enum list_kind kind, bool *doubt)
{
	static const char *const lists[] = { [LIST_ALLOW] = "allow", [LIST_DENY] = "deny", [LIST_UNWANTED] = "unwanted",
	    [LIST_BLOCK] = "client_block", [LIST_SPAMTRAP] = "spamtrap",
	    [LIST_LOGIN_DOMAIN] = "login_mismatch", [LIST_RELAY_LOGIN] = "relay_spf" };

	assert_string_equal(strcmp(e->rule->name, "login_block") == 0 ? "client_block" : e->rule->name, lists[kind]);
	e->waiting |= e->given->row_open;
	*doubt = e->given->row_doubt;
	return e->given->row_open ? NULL : e->given->row;
}

enum hook
hook(const struct eval *e)
{
	return e->given->hook ? e->given->hook : HOOK_MX;
}

int64_t
now(const struct eval *e)
{
	(void)e;
	return JUDGE_NOW_S;
}

const char *
client_key(struct eval *e)
{
	return e->request.client.bits ? e->request.client_address : NULL;
}

bool
on_record(struct eval *e)
{
	return e->given->on_record;
}

/* What the case says was done is done since then; nothing since the end of its last block. */
static bool
is_done(const struct eval *e, int64_t since_s)
{
	const struct list_row *last = e->given->last_block;
	int64_t end_s = last == NULL ? 0 : last->expires_s > last->since_s ? last->expires_s : last->since_s;

	assert_true(since_s < JUDGE_NOW_S);
	return since_s != end_s + 1;
}

bool
tried_in_vain(struct eval *e, int64_t since_s, struct tried *out)
{
	*out = e->given->tried != NULL && is_done(e, since_s) ? *e->given->tried : (struct tried){ 0 };
	return e->given->tried != NULL;
}

bool
client_activity(struct eval *e, int64_t window_s, int64_t out[ACTIVITIES])
{
	assert_true(window_s > 0);
	memset(out, 0, ACTIVITIES * sizeof *out);
	out[ACTIVITY_ACCEPTED] = e->given->accepted;
	out[ACTIVITY_REFUSED] = e->given->refused;
	out[ACTIVITY_UNKNOWN] = e->given->unknown;
	return e->given->tried != NULL;
}

const char *
login(const struct eval *e)
{
	return *e->request.sasl_username ? e->request.sasl_username : NULL;
}

const char *
login_domain(const struct eval *e)
{
	const char *at = strrchr(e->request.sasl_username, '@');

	return normal(e, at ? at + 1 : NULL);
}

bool
login_activity(struct eval *e, int64_t window_s, int64_t out[ACTIVITIES])
{
	client_activity(e, window_s, out);
	return true;
}

bool
recipient_bounces(struct eval *e, int64_t window_s, struct bounces *out)
{
	assert_true(window_s > 0);
	*out = e->given->bounces ? *e->given->bounces : (struct bounces){ 0 };
	return e->given->bounces != NULL;
}

bool
login_bounces(struct eval *e, int64_t since_s, int64_t *count)
{
	*count = e->given->bounces != NULL && is_done(e, since_s) ? e->given->bounces->hard : 0;
	return e->given->bounces != NULL;
}

bool
login_networks(struct eval *e, const char *network, int64_t since_s, int64_t *count)
{
	e->news = arena_printf(e->arena, "; seen %s", network);
	*count = is_done(e, since_s) ? e->given->networks : 1;
	return e->given->networks > 0;
}

enum known
login_may_use(struct eval *e)
{
	e->waiting |= e->given->lent_open;
	return e->given->lent;
}

bool
login_senders_known(struct eval *e)
{
	return e->given->senders_known || login_domain(e) != NULL;
}

bool
quota_scope_is(const char *scope)
{
	return strcmp(scope, "login") == 0 || strcmp(scope, "client") == 0 || strcmp(scope, "helo_name") == 0;
}

const char *
quota_name(struct eval *e, const char *scope)
{
	return strcmp(scope, "login") == 0 ? login(e) : strcmp(scope, "client") == 0 ? client_key(e) :
	    strcmp(scope, "helo_name") == 0 && *e->request.helo_name ? e->request.helo_name : NULL;
}

const struct list_row *
quota_limit(struct eval *e, const char *scope)
{
	e->waiting |= e->given->limit_open;
	return strcmp(scope, "login") == 0 ? e->given->limit : NULL;
}

bool
quota_past(struct eval *e, const struct quota_use *u, struct quota_past *out)
{
	*out = e->given->used[u->quota.unit];
	return !e->given->used_unknown;
}

struct quota_message
quota_message(struct eval *e)
{
	return e->given->counted;
}

int64_t
recipients_before(struct eval *e)
{
	return e->given->before;
}

void
count_quota(struct eval *e, const struct quota_use *u, int64_t n)
{
	e->news = arena_printf(e->arena, "%s; count %lld %s of %s", e->news, (long long)n, quota_units[u->quota.unit], u->name);
}

enum known
login_is_relay(struct eval *e)
{
	e->waiting |= e->given->relay_open;
	return e->given->relay;
}

bool
relay_past(struct eval *e, struct relay_past *out)
{
	*out = e->given->relay_past ? *e->given->relay_past : (struct relay_past){ 0 };
	return e->given->relay_past != NULL;
}

void
remember_relay(struct eval *e, const char *finding)
{
	e->news = arena_printf(e->arena, "; relay %s", finding ? finding : "good");
}

enum known
client_reputation(struct eval *e, int64_t *score)
{
	e->waiting |= e->given->reputation_open;
	*score = e->given->score;
	return e->given->reputation;
}

bool
mailboxes_look_broken(struct eval *e)
{
	return e->given->looks_broken;
}

const struct list_row *
last_block(struct eval *e, enum blocked whom)
{
	(void)whom;
	return e->given->last_block;
}

struct verdict
blocking(struct eval *e, enum blocked whom, struct verdict v, const char *cause, const char *evidence)
{
	const char *name = whom == BLOCKED_LOGIN ? login(e) : client_key(e);
	struct block *b = arena_alloc(e->arena, sizeof *b);

	assert_true(*evidence);
	*b = (struct block){ .client = whom == BLOCKED_CLIENT ? name : "", .sender = "", .login = whom == BLOCKED_LOGIN ? name : "",
	    .cause = arena_strdup(e->arena, cause) };
	if (name != NULL)
		v.block = b;
	return v;
}

static struct dns_record
record(struct arena *arena, enum dns_type type, char *text)
{
	struct dns_record r = { 0 };
	char *name;

	if (type == DNS_TXT)
		return (struct dns_record){ .text = text, .text_len = strlen(text) };
	if (type == DNS_NS)
		return (struct dns_record){ .name = text };
	if (type != DNS_MX) {
		assert_true(address_parse(&r.address, text));
		return r;
	}
	r.preference = (uint16_t)strtoul(text, &name, 10);
	r.name = strcmp(name, " .") == 0 ? "" : arena_strdup(arena, name + 1);
	return r;
}

static void
fill(struct arena *arena, struct answer *a, const char *text)
{
	static const char *const words[] = { [DNS_OPEN] = "OPEN", [DNS_NO_DATA] = "NODATA",
	    [DNS_NXDOMAIN] = "NXDOMAIN", [DNS_FAILED] = "SERVFAIL" };
	struct dns_record *records = arena_alloc(arena, RECORDS_MAX * sizeof *records);

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (words[i] != NULL && strcmp(text, words[i]) == 0) {
			a->status = (enum dns_status)i;
			return;
		}
	a->status = DNS_FOUND;
	a->records = records;
	char *rest = arena_strdup(arena, text);
	while (rest != NULL && a->count < RECORDS_MAX) {
		char *next = a->type == DNS_TXT ? NULL : strstr(rest, ", ");

		if (next != NULL)
			*next = '\0';
		records[a->count++] = record(arena, a->type, rest);
		rest = next ? next + 2 : NULL;
	}
}

const struct answer *
dns_lookup(struct eval *e, const char *name, enum dns_type type)
{
	static const char *const types[] = { [DNS_A] = "A", [DNS_AAAA] = "AAAA", [DNS_MX] = "MX", [DNS_TXT] = "TXT",
	    [DNS_NS] = "NS" };
	const char *question = arena_printf(e->arena, "%s %s = ", types[type], name);
	struct answer *a = arena_alloc(e->arena, sizeof *a);
	size_t i = 0;

	while (i < e->line_count && strncmp(e->lines[i], question, strlen(question)) != 0)
		i++;
	if (i == e->line_count)
		fail_msg("it asks for %s %s, which the case does not know", types[type], name);
	*a = (struct answer){ .name = arena_strdup(e->arena, name), .type = type, .why = "" };
	fill(e->arena, a, e->held == i ? "OPEN" : e->lines[i] + strlen(question));
	e->asked[i] = true;
	e->waiting |= is_open(a);
	return a;
}

const struct answer *
list_lookup(struct eval *e, const char *list, const char *entry, enum dns_type type)
{
	const struct answer *a = dns_lookup(e, arena_printf(e->arena, "%s.%s", entry, list), type);

	for (size_t i = 0; type == DNS_A && i < a->count; i++)
		if (dns_is_list_error(&a->records[i].address)) {
			struct answer *error = arena_alloc(e->arena, sizeof *error);

			*error = (struct answer){ .name = a->name, .type = type, .status = DNS_FAILED, .why = "" };
			return error;
		}
	return a;
}

const struct spf_outcome *
spf_says(struct eval *e, enum spf_identity identity)
{
	struct spf_outcome *o = arena_alloc(e->arena, sizeof *o);

	*o = e->given->spf[identity];
	if (o->trace == NULL)
		o->trace = "";
	e->waiting |= o->waiting;
	return o;
}

const struct spf_outcome *
spf_would_allow(struct eval *e, const char *domain, const struct address *client)
{
	const struct spf_outcome *o = &e->given->would[client->bits == 128];

	assert_string_equal(domain, login_domain(e));
	e->waiting |= o->waiting;
	return o;
}

enum known
spf_names(struct eval *e, const char *domain, const char *other)
{
	assert_string_equal(domain, login_domain(e));
	assert_non_null(other);
	return e->given->spf_names;
}

enum known
sent_mail(struct eval *e, const char *who, int64_t window_s)
{
	assert_non_null(who);
	assert_true(window_s > 0);
	if (e->given->sent == NULL)
		return KNOWN_NO;
	return strcmp(e->given->sent, "?") == 0 ? KNOWN_CANNOT_TELL : strcmp(e->given->sent, who) == 0 ? KNOWN_YES : KNOWN_NO;
}

/* ---- greylisting ---- */

bool
suspicious(const struct eval *e)
{
	return e->given->suspicious;
}

bool
refuses_nothing(const struct eval *e, unsigned check)
{
	assert_int_equal(e->rule->options.rows[check].type, OPT_SETTING);
	return e->given->refuses_nothing;
}

struct triplet_past
triplet_past(struct eval *e, const struct triplet *t, int64_t wait_s, int64_t life_s)
{
	assert_true(wait_s > 0 && life_s > 0);
	assert_non_null(t->clients[0]);
	return e->given->past;
}

void
remember_triplet(struct eval *e, const struct triplet_news *news)
{
	static const char *const events[] = { [TRIPLET_TRIED] = "tried", [TRIPLET_PASSED] = "passed", [TRIPLET_SEEN] = "seen" };
	const struct triplet *t = &news->triplet;

	assert_int_equal(news->time_s, JUDGE_NOW_S);
	e->news = arena_printf(e->arena, "; %s%s", events[news->event], news->counts ? " counts" : "");
	for (size_t i = 0; i < TRIPLET_CLIENTS && t->clients[i] != NULL; i++)
		e->news = arena_printf(e->arena, "%s%s%s", e->news, i ? ", " : " ", t->clients[i]);
	e->news = arena_printf(e->arena, "%s <%s> <%s>", e->news, t->sender, t->recipient);
}

/* ---- verdicts ---- */

#define VERDICT(kind_, check_, enhanced_) do { \
	char buffer[VERDICT_TEXT]; \
	struct text t = TEXT(buffer); \
	va_list args; \
	va_start(args, format); \
	text_addv(&t, format, args); \
	va_end(args); \
	return (struct verdict){ .kind = kind_, .check = check_, .enhanced = enhanced_, .text = arena_strdup(e->arena, t.at), \
	    .least = kind_ == VERDICT_OBJECT, \
	    .most = kind_ == VERDICT_OBJECT || kind_ == VERDICT_CANNOT_TELL }; \
} while (0)

struct verdict
object(struct eval *e, unsigned check, const char *enhanced, const char *format, ...)
{
	VERDICT(VERDICT_OBJECT, &e->rule->options.rows[check], enhanced);
}

struct verdict
cannot_tell(struct eval *e, unsigned check, const char *enhanced, const char *format, ...)
{
	VERDICT(VERDICT_CANNOT_TELL, &e->rule->options.rows[check], enhanced);
}

struct verdict
weigh(struct eval *e, unsigned check, const char *format, ...)
{
	VERDICT(VERDICT_DUNNO, &e->rule->options.rows[check], NULL);
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

const char *
own_name(const struct eval *e)
{
	(void)e;
	return "mx.example.org";
}

struct verdict
traced_text(struct eval *e, struct verdict v, const struct text *trace)
{
	v.trace = arena_strdup(e->arena, trace->at);
	return v;
}

struct verdict
traced(struct eval *e, struct verdict v, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	v.trace = arena_vprintf(e->arena, format, args);
	va_end(args);
	return v;
}

static const char *
verdict_line(struct arena *a, const struct verdict *v)
{
	static const char *const words[] = { "DUNNO", "PENDING", "OBJECT", "CANNOT TELL", "EXEMPT" };

	static const int weights[][2] = { [VERDICT_OBJECT] = { 1, 1 }, [VERDICT_CANNOT_TELL] = { 0, 1 } };

	if (v->check != NULL) {
		assert_int_equal(v->check->type, OPT_SETTING);
		const char *line = arena_printf(a, "%s %s %s%s%s%s%s", words[v->kind], v->check->name,
		    v->enhanced ? v->enhanced : "", v->enhanced ? " " : "", v->text, v->bare ? " (BARE)" :
		    v->block == NULL ? "" : *v->block->login ? "; BLOCK LOGIN " : "; BLOCK ", v->block ? v->block->cause : "");
		if (v->kind != VERDICT_DUNNO && v->least == weights[v->kind][0] && v->most == weights[v->kind][1])
			return line;
		return arena_printf(a, "%s [%d..%d]", line, v->least, v->most);
	}
	if (v->header != NULL)
		return arena_printf(a, "%s, PREPEND %s", words[v->kind], v->header);
	if (v->kind == VERDICT_CANNOT_TELL)
		return arena_printf(a, "PERHAPS EXEMPT %s", v->text);
	return v->text ? arena_printf(a, "%s %s", words[v->kind], v->text) : words[v->kind];
}

/* ---- judging ---- */

static void
read_options(struct eval *e)
{
	const struct option_table *table = &e->rule->options;
	size_t said = 0, known = 0;

	e->options = arena_alloc(e->arena, table->size);
	while (said < 4 && e->given->options[said][0] != NULL)
		said++;
	for (size_t i = 0; i < table->count; i++) {
		const char *value = table->rows[i].fallback;

		for (size_t k = 0; k < said; k++)
			if (strcmp(e->given->options[k][0], table->rows[i].name) == 0) {
				value = e->given->options[k][1];
				known++;
			}
		const char *why = option_read(&table->rows[i], e->arena, value, e->options);
		if (why != NULL)
			fail_msg("%s = %s: %s", table->rows[i].name, value, why);
	}
	assert_int_equal(known, said);
}

static struct eval *
eval_make(struct arena *a, const struct rule *rule, const struct facts *given)
{
	struct eval *e = arena_alloc(a, sizeof *e);
	const char *why, *client = given->client ? given->client : "192.0.2.7";

	*e = (struct eval){ .arena = a, .rule = rule, .given = given, .held = NOBODY,
	    .request = { .stage = given->stage ? given->stage : STAGE_RCPT, .size_bytes = given->size, .client_address = client,
	    .helo_name = given->helo ? given->helo : "", .sender = given->sender ? given->sender : "",
	    .recipient = given->recipient ? given->recipient : "",
	    .sasl_username = given->login ? given->login : "",
	    .recipient_count = given->recipients, .server_address = given->server ? given->server : "" } };
	address_parse(&e->request.client, client);
	if (given->local_network != NULL)
		assert_true(network_parse(&e->local_network, given->local_network, &why));
	char *at = arena_strdup(a, given->dns ? given->dns : "");
	for (char *line; (line = strsep(&at, "\n")) != NULL; ) {
		assert_true(e->line_count < LINES_MAX);
		if (*line)
			e->lines[e->line_count++] = line;
	}
	read_options(e);
	return e;
}

static const char *
judge(struct eval *e)
{
	e->waiting = false;
	e->news = "";
	struct verdict v = e->rule->judge(e);
	assert_int_equal(v.kind == VERDICT_PENDING, e->waiting);
	const char *line = arena_printf(e->arena, "%s%s", verdict_line(e->arena, &v), e->news);
	return e->given->traced ? arena_printf(e->arena, "%s {%s}", line, v.trace ? v.trace : "") : line;
}

void
promise_keep(const struct rule *rule, const struct promise *promise)
{
	struct arena *a = arena_new();
	struct eval *e = eval_make(a, rule, &promise->given);

	assert_string_equal(judge(e), promise->want);
	assert_string_equal(judge(e), promise->want);
	for (size_t i = 0; i < e->line_count; i++)
		if (!e->asked[i])
			fail_msg("it does not ask for %s", e->lines[i]);
	for (e->held = 0; e->held < e->line_count; e->held++)
		assert_string_equal(judge(e), "PENDING");
	arena_free(a);
}

struct test {
	const struct rule *rule;
	const struct promise *promise;
};

static void
keep(void **state)
{
	const struct test *t = *state;

	promise_keep(t->rule, t->promise);
}

int
promises_keep(const struct rule *rule, const struct promise *promises, size_t count)
{
	struct CMUnitTest tests[count];
	struct test each[count];

	for (size_t i = 0; i < count; i++) {
		each[i] = (struct test){ rule, &promises[i] };
		tests[i] = (struct CMUnitTest){ .name = promises[i].says, .test_func = keep, .initial_state = &each[i] };
	}
	return cmocka_run_group_tests_name(rule->name, tests, NULL, NULL);
}
