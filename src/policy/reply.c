/* reply.c - see reply.h */
#include "policy/reply.h"
#include "config/macro.h"

#include <assert.h>
#include <string.h>

#define TAIL_BEGIN "(see "
#define TAIL_END ")"

enum {
	TAIL_MAX = sizeof TAIL_BEGIN + HELP_URL_MAX + sizeof TAIL_END - 2,	/* longer than "(check reference)" */
	VALUE_MOST = (VERDICT_TEXT / MACRO_LEAST + 1) * MACRO_LEAST,	/* no value from outside is longer */
};

static_assert(REPLY_TEXT_MAX + 1 + TAIL_MAX <= ACTION_TEXT_MAX, "the longest text and tail make one reply");

/* ---- help_url ---- */

static bool
has_macros(const char *url)
{
	return macro_uses(url, MACRO_CHECK) || macro_uses(url, MACRO_REFERENCE);
}

const char *
help_url_parse(struct arena *a, const char *text, void *into)
{
	const char **url = into;

	*url = arena_strdup(a, text);
	if (*text == '\0')
		return NULL;
	if (strncmp(text, "https://", 8) != 0 && strncmp(text, "http://", 7) != 0)
		return "no URL; write one as in https://www.example.org/postmaster";
	for (const char *at = text; *at; at++)
		if (*at <= ' ' || *at > '~' || strchr("\"()<>\\", *at) != NULL)
			return arena_printf(a, "byte 0x%02x cannot stand in a URL; write it as %%%%%02X",
			    (unsigned char)*at, (unsigned char)*at);
	const char *why = macro_check(a, text, MACRO_URL_NAMES);
	if (why != NULL)
		return why;
	size_t room = macro_room(text);
	if (!has_macros(text)) {
		if (strchr(text, '#') != NULL)
			return "nothing can be appended behind a #; write %{check} and %{reference} where they belong";
		room += macro_room("?rule=%{check}&ref=%{reference}");
	}
	if (room > HELP_URL_MAX)
		return arena_printf(a, "too long by %zu bytes, as it stands in every refusal; shorten it",
		    room - HELP_URL_MAX);
	return NULL;
}

static void
add_url(struct text *out, const char *url, const char *check, const char *reference)
{
	const char *const values[MACROS] = { [MACRO_CHECK] = check, [MACRO_REFERENCE] = reference };

	macro_expand(out, url, values, 0);
	if (has_macros(url))
		return;
	text_addf(out, "%srule=%s", strchr(url, '?') ? "&" : "?", check);
	if (*reference)
		text_addf(out, "&ref=%s", reference);
}

/* ---- the text ---- */

/* A reply while it is worded. */
struct wording {
	const struct decision *d;
	const char *reference;			/* "": none */
	char url[HELP_URL_MAX + 1];		/* for this very refusal; "": none */
	const char *values[MACROS];
};

/* The site's own text; NULL: the rule's finding stands, as there is none, or the check cannot tell. */
static const char *
own_text(const struct rule_state *s)
{
	return s->verdict.kind != VERDICT_CANNOT_TELL ? s->setting->text : NULL;
}

/* A value from outside, made harmless; what there is none of is said to be none. */
static const char *
safe(const struct eval *e, const char *value)
{
	char buffer[VERDICT_TEXT];
	struct text t = TEXT(buffer);

	if (value == NULL || *value == '\0')
		return "(none)";
	text_add_safe(&t, value, strlen(value));
	return arena_strndup(e->arena, buffer, t.len);
}

/* What only a text of the site's own may tell. */
static void
add_values(struct wording *w, const struct eval *e)
{
	const struct request *r = e->request;

	w->values[MACRO_CLIENT_ADDRESS] = safe(e, r->client_address);
	w->values[MACRO_CLIENT_NAME] = safe(e, r->client_name);
	w->values[MACRO_HELO] = safe(e, r->helo_name);
	w->values[MACRO_SENDER] = *r->sender ? safe(e, r->sender) : "<>";
	w->values[MACRO_SENDER_DOMAIN] = safe(e, e->sender_domain);
	w->values[MACRO_RECIPIENT] = safe(e, r->recipient);
	w->values[MACRO_REFERENCE] = *w->reference ? w->reference : "(none)";
	w->values[MACRO_HELP_URL] = *w->url ? w->url : "(none)";
}

static void
wording_begin(struct wording *w, const struct eval *e, const struct decision *d, const char *reference)
{
	struct text url = TEXT(w->url);
	bool own = false;

	w->d = d;
	w->reference = reference;
	if (*e->world->help_url)
		add_url(&url, e->world->help_url, d->check, reference);
	for (size_t i = 0; i < d->said_count; i++)
		own |= own_text(d->said[i]) != NULL;
	if (own)
		add_values(w, e);
}

static void
add_all(struct text *out, struct wording *w, size_t shown, size_t limit)
{
	const struct decision *d = w->d;
	size_t more = d->said_count - shown + d->unsaid;

	if (d->rule == NULL)
		text_addf(out, "score %d: ", d->score);
	for (size_t i = 0; i < shown; i++) {
		const struct verdict *v = &d->said[i]->verdict;
		const char *own = own_text(d->said[i]);

		text_add(out, i ? "; " : "");
		w->values[MACRO_FINDING] = v->text;
		w->values[MACRO_CHECK] = v->check->name;
		if (own != NULL)
			macro_expand(out, own, w->values, limit);
		else
			text_add_most(out, v->text, limit);
	}
	if (more > 0)
		text_addf(out, "; and %zu more", more);
}

/* As much as there is room for: fewer findings first, then shorter values. */
static void
add_text(struct text *out, struct wording *w)
{
	size_t shown = w->d->said_count, limit = VALUE_MOST;

	add_all(out, w, shown, limit);
	while (out->cut && (shown > 1 || limit > MACRO_LEAST)) {
		if (shown > 1)
			shown--;
		else
			limit -= MACRO_LEAST;
		*out = (struct text){ .at = out->at, .size = out->size };
		add_all(out, w, shown, limit);
	}
}

/* ---- the tail ---- */

/* Of several texts, those of a score, none is sure to be shown. */
static bool
says(const struct decision *d, enum macro m)
{
	const char *own = d->rule != NULL ? own_text(d->said[0]) : NULL;

	return own != NULL && macro_uses(own, m);
}

/* "(see URL)", or "(check reference)" if there is no URL; nothing if the site's own text says as much, or must be bare. */
static void
add_tail(struct text *out, const struct wording *w)
{
	if (w->d->rule != NULL && w->d->said[0]->verdict.bare && w->d->said[0]->setting->text == NULL)
		return;
	if (*w->url && !says(w->d, MACRO_HELP_URL))
		text_add_all(out, TAIL_BEGIN, w->url, TAIL_END);
	else if (!*w->url && !says(w->d, MACRO_REFERENCE))
		text_add_all(out, "(", w->d->check, *w->reference ? " " : "", w->reference, ")");
}

/* Text and tail, which fit into one reply. */
static void
word(const struct eval *e, const struct decision *d, const char *reference, struct text *text, struct text *tail)
{
	struct wording w;

	wording_begin(&w, e, d, reference);
	add_tail(tail, &w);
	text->size = ACTION_TEXT_MAX + 1 - (tail->len ? tail->len + 1 : 0);
	add_text(text, &w);
}

const char *
reply_encode(struct text *out, const struct eval *e, const struct decision *d, const char *reference)
{
	char text_buffer[ACTION_TEXT_MAX + 1], tail_buffer[TAIL_MAX + 1];
	struct text text = TEXT(text_buffer), tail = TEXT(tail_buffer);

	if (d->action != ACTION_DUNNO)
		word(e, d, reference, &text, &tail);
	action_encode(out, &(struct action){ d->action, d->enhanced, text_buffer, tail_buffer, d->header });
	return d->action != ACTION_DUNNO ? arena_strndup(e->arena, text_buffer, text.len) : "";
}
