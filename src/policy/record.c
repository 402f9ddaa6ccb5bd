/* record.c - see record.h */
#include "policy/record.h"
#include "base/log.h"
#include "policy/privacy.h"
#include "policy/reply.h"

#include <inttypes.h>
#include <string.h>

enum { LINE_BYTES = 1900, FIELD_BYTES = 320, FACTS_BYTES = 700, DETAIL_BYTES = 8000, WOULD_SHOWN = 700 };

/* Bytes from outside, made harmless and short, in e's arena. */
static const char *
safe(const struct eval *e, const char *value)
{
	char buffer[FIELD_BYTES];
	struct text t = TEXT(buffer);

	text_add_safe(&t, value, strlen(value));
	return arena_strndup(e->arena, buffer, t.len);
}

/* NULL where there is nothing to say. */
static const char *
safe_or_null(const struct eval *e, const char *value)
{
	return value != NULL && *value ? safe(e, value) : NULL;
}

/* How many of t's bytes take at most size bytes when made safe. */
static size_t
fitting(const struct text *t, size_t size)
{
	enum { STEP = 32 };
	char buffer[LINE_BYTES];
	size_t len = t->len;

	if (len * strlen("\\xHH") < size)	/* as nearly always */
		return len;
	for (;; len -= len < STEP ? len : STEP) {
		struct text safe_text = { .at = buffer, .size = size };

		text_add_safe(&safe_text, t->at, len);
		if (!safe_text.cut)
			return len;
	}
}

static void
add_number(struct text *t, const char *before, int64_t n)
{
	text_add(t, before);
	text_add_number(t, n);
}

/* What is ours, which no length of what is theirs may push out of the line. */
static void
add_own(struct text *t, const struct eval *e, const struct decision *d, const char *reference, int64_t took_us)
{
	if (d->check != NULL)
		text_add_all(t, " rule=", d->rule ? d->rule : "score", " check=", d->check);
	if (d->would != NULL)
		text_addf(t, " would=<%.*s>", WOULD_SHOWN, d->would);
	if (d->delay_s > 0)
		add_number(t, " delay=", d->delay_s);
	if (d->score != 0)
		add_number(t, " score=", d->score);
	if (*reference)
		text_add_all(t, " ref=", reference);
	add_number(t, " dns=", e->question_count);
	add_number(t, " runs=", e->runs);
	add_number(t, " ms=", took_us / 1000);
}

/* At DATA several recipients have no name: they are counted, as Postfix does in its log. */
static bool
is_counted(const struct request *r)
{
	return *r->recipient == '\0' && r->recipient_count > 0;
}

/* What others sent, most bytes of it, between words of ours. */
static void
add_field(struct text *t, const char *before, const char *value, size_t most, const char *behind)
{
	text_add(t, before);
	text_add_bytes(t, value, strnlen(value, most));
	text_add(t, behind);
}

void
record_log(const struct eval *e, const struct decision *d, const char *text, const char *reference, int64_t took_us)
{
	static const char *const words[] = { [ACTION_DUNNO] = "pass", [ACTION_GREYLIST] = "greylist",
	    [ACTION_DEFER] = "defer", [ACTION_REJECT] = "reject" };
	const struct request *r = e->request;
	char buffer[LINE_BYTES], own_buffer[LINE_BYTES / 2];
	struct text t = TEXT(buffer), own = TEXT(own_buffer);

	add_own(&own, e, d, reference, took_us);
	add_field(&t, "", *r->queue_id ? r->queue_id : "NOQUEUE", 64, ": ");
	text_add_all(&t, words[d->action], ": ", stage_name(r->stage));
	add_field(&t, " from ", *r->client_name ? r->client_name : "unknown", 255, "");
	add_field(&t, "[", r->client_address, 46, "]:");
	if (d->action != ACTION_DUNNO)
		text_add_all(&t, d->action == ACTION_REJECT ? " 5" : " 4", d->enhanced + 1, " ", text, ";");
	add_field(&t, " from=<", r->sender, 320, ">");
	if (is_counted(r))
		text_addf(&t, " nrcpt=%" PRIu64, r->recipient_count);
	else
		add_field(&t, " to=<", r->recipient, 320, ">");
	add_field(&t, " proto=", r->protocol_name, 8, "");
	add_field(&t, " helo=<", r->helo_name, 255, ">");
	if (*r->sasl_username)
		add_field(&t, " login=<", r->sasl_username, 255, ">");
	log_info("%.*s%s", (int)fitting(&t, sizeof buffer - own.len), buffer, own_buffer);
}

/* ---- facts, as a person reads them ---- */

static void
add_record(struct text *t, const struct answer *a, const struct dns_record *r)
{
	char address[ADDRESS_TEXT];

	switch (a->type) {
	case DNS_A:
	case DNS_AAAA:
		text_add(t, address_print(&r->address, address));
		break;
	case DNS_MX:
		text_add_number(t, r->preference);
		text_add_all(t, " ", *r->name ? r->name : ".");
		break;
	case DNS_TXT:
		text_add(t, "\"");
		text_add_safe(t, r->text, r->text_len < 120 ? r->text_len : 120);
		text_add(t, "\"");
		break;
	default:
		text_add(t, r->name ? r->name : "?");
	}
}

static void
add_dns_answer(struct text *t, const struct question *q)
{
	enum { SHOWN = 5 };
	const struct answer *a = q->answer;

	text_add_all(t, dns_type_name(q->open.type), " ", q->open.name, ": ");
	switch (a->status) {
	case DNS_OPEN:
		text_add(t, "not answered yet");
		break;
	case DNS_NO_DATA:
		text_add(t, "no such record");
		break;
	case DNS_NXDOMAIN:
		text_add(t, "no such name");
		break;
	case DNS_FAILED:
		text_add_all(t, "cannot tell (", a->why, ")");
		break;
	case DNS_FOUND:
		for (size_t i = 0; i < a->count && i < SHOWN; i++) {
			text_add(t, i ? ", " : "");
			add_record(t, a, &a->records[i]);
		}
		if (a->count > SHOWN)
			text_addf(t, ", and %zu more", a->count - SHOWN);
		break;
	}
}

static void
add_reputation(struct text *t, const struct question *q)
{
	text_addf(t, "reputation of %s: ", q->eval->client_key);
	switch (q->site.status) {
	case SITE_YES:
		text_addf(t, "%" PRId64, q->site.number);
		break;
	case SITE_NO_ROW:
		text_add(t, "nothing is known");
		break;
	default:
		text_add(t, "cannot tell (");
		text_add_safe(t, q->site.why, strlen(q->site.why));
		text_add(t, ")");
	}
}

static void
add_site_answer(struct text *t, const struct question *q)
{
	static const char *const words[][SITE_CANNOT_TELL + 1] = {
		{ [SITE_OPEN] = "not answered yet", [SITE_NO_QUERY] = "not asked", [SITE_NO_ROW] = "no row", [SITE_YES] = "yes",
		  [SITE_NO] = "no", [SITE_CANNOT_TELL] = "cannot tell" },
		{ [SITE_OPEN] = "not answered yet", [SITE_NO_QUERY] = "not asked", [SITE_NO_ROW] = "unknown",
		  [SITE_YES] = "active", [SITE_NO] = "deactivated", [SITE_CANNOT_TELL] = "cannot tell" } };
	bool recipients = q->about == ABOUT_RECIPIENT;
	const char *value = recipients ? q->eval->recipient : q->eval->login, *sender = sender_is_null(q->eval) ? "<>" : q->eval->sender;

	text_addf(t, "%s ", site_kinds[q->about].setting);
	text_add_safe(t, value, strlen(value));
	if (q->about == ABOUT_LOGIN) {
		text_add(t, " as ");
		text_add_safe(t, sender, strlen(sender));
	}
	text_addf(t, ": %s", words[recipients][q->site.status]);
	if (q->site.status == SITE_CANNOT_TELL) {
		text_add(t, " (");
		text_add_safe(t, q->site.why, strlen(q->site.why));
		text_add(t, ")");
	}
}

static void
add_answer(struct text *t, const struct question *q)
{
	if (q->about == ABOUT_DNS)
		add_dns_answer(t, q);
	else if (q->about != ABOUT_REPUTATION)
		add_site_answer(t, q);
	else
		add_reputation(t, q);
	add_number(t, " [", q->waited_us / 1000);
	text_add(t, " ms]");
}

static const char *
facts_of(const struct eval *e, const struct rule_state *s)
{
	char buffer[FACTS_BYTES];
	struct text t = TEXT(buffer);
	const struct question *seen[32];
	size_t count = 0;

	/* Newest first in the list; shown in the order they were asked. */
	for (const struct used *u = s->used; u != NULL && count < sizeof seen / sizeof *seen; u = u->next)
		seen[count++] = u->question;
	while (count-- > 0) {
		if (t.len > 0)
			text_add(&t, "; ");
		add_answer(&t, seen[count]);
	}
	return arena_strndup(e->arena, buffer, t.len);
}

static int64_t
waited_us(const struct rule_state *s)
{
	int64_t most = 0;

	for (const struct used *u = s->used; u != NULL; u = u->next)
		if (u->question->waited_us > most)
			most = u->question->waited_us;
	return most;
}

static const char *
verdict_word(const struct eval *e, size_t i)
{
	const struct rule *rule = e->world->rules[i];
	const struct rule_state *s = &e->states[i];
	static const char *const words[] = { [VERDICT_DUNNO] = "dunno", [VERDICT_PENDING] = "pending",
	    [VERDICT_OBJECT] = "objects", [VERDICT_CANNOT_TELL] = "cannot tell", [VERDICT_EXEMPT] = "exempts" };
	static const char *const progress[] = { [RULE_NOT_RUN] = "not asked", [RULE_SPARED] = "spared" };

	if (!(rule->stages & (unsigned)e->request->stage) || !(rule->hooks & (unsigned)e->hook))
		return "elsewhere";
	if (!(e->on & RULE_BIT(i)))
		return "off";
	return s->progress == RULE_DONE ? words[s->verdict.kind] : progress[s->progress];
}

static const char *
setting_text(const struct eval *e, const struct rule_state *s)
{
	char buffer[SETTING_PRINTED];
	struct text t = TEXT(buffer);

	if (s->setting == NULL)
		return "";
	setting_print(&t, s->setting);
	return arena_strndup(e->arena, buffer, t.len);
}

static void
add_member(struct text *t, const char *name, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	text_add_all(t, ",\"", name, "\":");
	text_add_json(t, value);
}

static void
add_rule(struct text *t, const struct eval *e, size_t i)
{
	const struct rule_state *s = &e->states[i];

	text_add_all(t, t->len > 1 ? "," : "", "{\"rule\":\"", e->world->rules[i]->name, "\"");
	add_member(t, "verdict", verdict_word(e, i));
	if (s->progress == RULE_DONE) {
		add_member(t, "check", s->verdict.check ? s->verdict.check->name : NULL);
		add_member(t, "setting", setting_text(e, s));
		add_member(t, "effect", effect_word(s));
		add_member(t, "text", privacy_text(e, s->verdict.text));
		add_member(t, "trace", privacy_text(e, s->verdict.trace));
		add_member(t, "facts", privacy_text(e, facts_of(e, s)));
		add_number(t, ",\"us\":", waited_us(s));
	}
	text_add(t, "}");
}

/* JSON; a rule that would make it too long is left out whole, so that it stays well-formed. */
static const char *
detail(const struct eval *e)
{
	char buffer[DETAIL_BYTES];
	struct text t = TEXT(buffer);

	text_add(&t, "[");
	for (EACH_RULE(i, e->on)) {
		struct text before = t;

		add_rule(&t, e, i);
		if (t.cut || t.size - t.len < 2) {
			t = before;
			t.at[t.len] = '\0';
			break;
		}
	}
	text_add(&t, "]");
	return arena_strndup(e->arena, buffer, t.len);
}

struct decision_row
record_row(const struct eval *e, const struct decision *d, const char *reply, int64_t took_us)
{
	const struct request *r = e->request;
	char address[ADDRESS_TEXT];

	return (struct decision_row){
		.time_s = e->now_s,
		.action = decision_word(d),
		.check = d->check,
		.would = d->would,
		.reply = safe_or_null(e, privacy_text(e, reply)),
		.profile = profile_name(e->profile),
		.context = safe_or_null(e, r->policy_context),
		.stage = stage_name(r->stage),
		.client_address = r->client.bits ? arena_strdup(e->arena, address_print(&r->client, address)) :
		    safe_or_null(e, r->client_address),
		.client_name = safe_or_null(e, r->client_name),
		.helo = safe_or_null(e, r->helo_name),
		.sender = safe(e, privacy_address(e, r->sender)),
		.sender_domain = e->sender_domain,
		.recipient = safe_or_null(e, privacy_address(e, r->recipient)),
		.login = safe_or_null(e, privacy_address(e, r->sasl_username)),
		.instance = safe_or_null(e, r->instance),
		.queue_id = safe_or_null(e, r->queue_id),
		.score = d->score,
		.runs = (int)e->runs,
		.took_us = took_us,
		.detail = detail(e),
	};
}

/* The settings in force of all checks of a rule, so that it shows why one had nothing to say. */
static void
explain_settings(FILE *out, const struct eval *e, size_t i)
{
	const struct option_table *options = &e->world->rules[i]->options;

	for (size_t k = 0; k < options->count; k++) {
		char buffer[SETTING_PRINTED];
		struct text t = TEXT(buffer);

		if (options->rows[k].type != OPT_SETTING)
			continue;
		setting_print(&t, setting_of(e, i, &options->rows[k]));
		fprintf(out, "  %s = %s", options->rows[k].name, buffer);
	}
}

void
record_explain(FILE *out, const struct eval *e, const struct decision *d, const char *reply, int64_t took_us)
{
	const struct request *r = e->request;

	const char *to = is_counted(r) ? arena_printf(e->arena, "%" PRIu64 " recipients", r->recipient_count) :
	    arena_printf(e->arena, "<%s>", safe(e, r->recipient));
	fprintf(out, "client %s, helo %s, from <%s>, to %s: profile %s, stage %s%s\n\n", safe(e, r->client_address),
	    *r->helo_name ? safe(e, r->helo_name) : "(none)", safe(e, r->sender), to, profile_name(e->profile),
	    stage_name(r->stage), only_logs(e) ? ", mode = log: nothing is refused" : "");
	for (size_t i = 0; i < e->world->rule_count; i++) {
		const struct rule_state *s = &e->states[i];

		fprintf(out, "%-24s %-12s", e->world->rules[i]->name, verdict_word(e, i));
		if (s->progress == RULE_DONE)
			fprintf(out, " %4" PRId64 " ms", waited_us(s) / 1000);
		explain_settings(out, e, i);
		if (s->progress == RULE_DONE) {
			if (*effect_word(s))
				fprintf(out, "  -> %s: %s", s->verdict.check->name, effect_word(s));
			if (s->verdict.text != NULL)
				fprintf(out, "\n%26s%s", "", s->verdict.text);
			if (s->verdict.trace != NULL)
				fprintf(out, "\n%26s%s", "", s->verdict.trace);
			const char *facts = facts_of(e, s);
			if (*facts)
				fprintf(out, "\n%26s%s", "", facts);
		}
		fprintf(out, "\n");
	}
	if (d->would != NULL)
		fprintf(out, "\nshadow checks would: %s\n", d->would);
	if (d->score != 0)
		fprintf(out, "\nscore: %d\n", d->score);
	fprintf(out, "\n%u DNS questions, %u runs, %" PRId64 " ms\naction=%s\n", e->question_count, e->runs,
	    took_us / 1000, reply);
}
