/* check.c - see spf.h: counts, expands macros, asks, and writes the records that libspf2 runs
 *
 * Of a stranger's record only what can matter is written: the mechanisms that
 * take look-ups, as exists:mN and include:rN, up to the first that matches without one.  So ip4 and ip6 cost
 * nothing, and no record of ours is long.  Whether mN matches is found out here, when libspf2 asks.
 */
#include "spf/engine.h"
#include "spf/macro.h"
#include "spf/record.h"
#include "base/ascii.h"
#include "base/domain.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Frames: the first record and one for each include and redirect; one of each is beyond the limit. */
enum { FRAMES_MAX = SPF_TERMS_MAX + 2, WRITTEN_MAX = SPF_TERMS_MAX + 2, NAME_BYTES = 2048, TRACE_BYTES = 1500,
	EXPLANATION_BYTES = 1024, LOCAL_MAX = 320 };

struct frame {				/* a domain's record under evaluation */
	const struct frame *from;	/* whose include or redirect led here; NULL for the first */
	struct spf_spec spec;		/* the include's or redirect's domain-spec */
	bool redirected;		/* not included: it takes the place of the one before */
	const char *domain;
	struct spf_record record;
};

struct mechanism {			/* mN */
	const struct frame *frame;
	const struct spf_term *term;
};

struct check {
	struct arena *arena;
	const struct spf_subject *subject;
	const struct spf_source *dns;
	struct frame *frames[FRAMES_MAX * WRITTEN_MAX];
	struct mechanism *mechanisms[FRAMES_MAX * WRITTEN_MAX];
	unsigned frame_count, mechanism_count;
	unsigned terms, voids;
	bool waiting, stopped, unsure;
	enum spf_result stop;		/* NONE, TEMPERROR or PERMERROR, if stopped */
	const char *why;
	const struct frame *speaks;	/* whose explanation counts: the first, or where it was redirected */
	const struct mechanism *matched;	/* the last that did */
	const char *name;		/* %{p}; NULL: not looked up yet */
	char trace[TRACE_BYTES];
	struct text told;
	const struct frame *told_of;	/* whose record is spoken of */
};

const char *
spf_result_word(enum spf_result r)
{
	static const char *const words[] = { "none", "neutral", "pass", "fail", "softfail", "temperror", "permerror" };

	return words[r];
}

/* The result is known, whatever stands behind; the first reason stays. */
static enum engine_match
stop(struct check *c, enum spf_result result, const char *format, ...)
{
	if (!c->stopped) {
		va_list args;

		va_start(args, format);
		c->why = arena_vprintf(c->arena, format, args);
		va_end(args);
		c->stop = result;
		c->stopped = true;
	}
	return ENGINE_STOP;
}

/* ---- asking ---- */

/* Labels of 1 to 63 octets, 253 in all (RFC 1035 s.2.3.4): what the DNS can be asked for. */
static bool
is_name(const char *name)
{
	size_t label = 0, len = 0;

	for (; *name; name++, len++) {
		label = *name == '.' ? 0 : label + 1;
		if (label > 63 || (*name == '.' && (len == 0 || name[1] == '.' || name[1] == '\0')))
			return false;
	}
	return len > 0 && len < DOMAIN_TEXT;
}

/* What check_host() can be asked of (s.4.3), and so what can be included or redirected to: a name of several labels. */
static bool
is_subject(const char *name)
{
	return is_name(name) && strchr(name, '.') != NULL;
}

static struct spf_answer
ask(struct check *c, const char *name, enum spf_type type)
{
	if (!is_name(name))
		return (struct spf_answer){ .status = SPF_NOT_FOUND };
	struct spf_answer a = c->dns->ask(c->dns->arg, name, type);
	c->waiting |= a.status == SPF_OPEN;
	return a;
}

/* The same, counted if it finds nothing (s.4.6.4); what fails or is one too many stops the check. */
static struct spf_answer
ask_counted(struct check *c, const char *name, enum spf_type type)
{
	struct spf_answer a = ask(c, name, type);

	if (a.status == SPF_FAILED)
		stop(c, SPF_TEMPERROR, "cannot look up %s now", name);
	else if (a.status == SPF_NOT_FOUND && ++c->voids > SPF_VOIDS_MAX)
		stop(c, SPF_PERMERROR, "more than %d look-ups find nothing", SPF_VOIDS_MAX);
	return a;
}

/* A term that takes look-ups; false if it is one too many. */
static bool
count_term(struct check *c)
{
	if (++c->terms <= SPF_TERMS_MAX)
		return true;
	stop(c, SPF_PERMERROR, "more than %d terms that take look-ups", SPF_TERMS_MAX);
	return false;
}

static enum spf_type
address_type(const struct check *c)
{
	return c->subject->client.bits == 32 ? SPF_TYPE_A : SPF_TYPE_AAAA;
}

/* ---- the client's validated names (s.5.5) ---- */

static bool
leads_back(struct check *c, const char *name)
{
	struct spf_answer a = ask(c, name, address_type(c));

	c->unsure |= a.status == SPF_FAILED;
	for (size_t i = 0; i < a.count; i++)
		if (address_equal(&a.items[i].address, &c->subject->client))
			return true;
	return false;
}

static struct spf_answer
ask_ptr(struct check *c)
{
	char reverse[REVERSE_TEXT], name[REVERSE_TEXT + 16];

	snprintf(name, sizeof name, "%s.%s", address_reverse(&c->subject->client, reverse),
	    c->subject->client.bits == 32 ? "in-addr.arpa" : "ip6.arpa");
	struct spf_answer a = ask(c, name, SPF_TYPE_PTR);
	c->unsure |= a.status == SPF_FAILED;
	if (a.count > SPF_NAMES_MAX)
		a.count = SPF_NAMES_MAX;
	return a;
}

/* %{p}: of the validated names the domain itself, else one below it, else any (s.7.3). */
static const char *
client_name(struct check *c, const char *domain)
{
	struct spf_answer ptr = ask_ptr(c);
	const char *best = "unknown";
	int rank = 0;

	for (size_t i = 0; i < ptr.count; i++) {
		const char *name = ptr.items[i].name;
		int is = strcasecmp(name, domain) == 0 ? 3 : domain_within(name, domain) ? 2 : 1;

		if (leads_back(c, name) && is > rank) {
			rank = is;
			best = name;
		}
	}
	return best;
}

/* ---- macros ---- */

static void
expand(struct check *c, struct text *out, const struct frame *f, const char *at, size_t len)
{
	const struct spf_subject *s = c->subject;
	struct spf_values v = {
		.local = s->local, .sender_domain = s->domain, .domain = f->domain, .helo = s->helo, .receiver = s->receiver,
		.client = s->client, .now_s = s->now_s, .client_name = "unknown",
	};

	if (spf_macro_needs_name(at, len))
		v.client_name = client_name(c, f->domain);
	spf_macro_expand(out, at, len, &v);
}

/* The domain a term speaks of: its domain-spec, cut to what fits into a name (s.7.3), or the record's own domain. */
static const char *
target(struct check *c, const struct frame *f, const struct spf_spec *spec)
{
	char buffer[NAME_BYTES];
	struct text t = TEXT(buffer);

	if (spec->at == NULL)
		return f->domain;
	expand(c, &t, f, spec->at, spec->len);
	if (t.cut)			/* its end is lost, and what stands there now is the sender's choice */
		return "";
	const char *name = buffer;
	if (t.len > 0 && buffer[t.len - 1] == '.')
		buffer[--t.len] = '\0';
	for (char *at = buffer; *at; at++)
		*at = to_lower(*at);
	while (strlen(name) >= DOMAIN_TEXT) {
		const char *dot = strchr(name, '.');

		if (dot == NULL)
			return "";
		name = dot + 1;
	}
	return arena_strdup(c->arena, name);
}

/* ---- mechanisms ---- */

static bool
is_within(const struct check *c, const struct spf_term *t, const struct address *a)
{
	const struct address *client = &c->subject->client;
	struct network n = network_of(a, a->bits == 32 ? t->prefix4 : t->prefix6);

	return a->bits == client->bits && network_contains(&n, client);
}

static bool
has_address(struct check *c, const struct spf_term *t, const char *name)
{
	struct spf_answer a = ask_counted(c, name, address_type(c));

	for (size_t i = 0; i < a.count; i++)
		if (is_within(c, t, &a.items[i].address))
			return true;
	return false;
}

static bool
mx_matches(struct check *c, const struct spf_term *t, const char *domain)
{
	struct spf_answer mx = ask_counted(c, domain, SPF_TYPE_MX);
	bool matches = false;

	if (mx.count > SPF_NAMES_MAX) {
		stop(c, SPF_PERMERROR, "%s has more than %d MX records", domain, SPF_NAMES_MAX);
		return false;
	}
	if (c->waiting)			/* first what stands before: these names are many, and it may match or stop */
		return false;
	for (size_t i = 0; i < mx.count && !c->stopped && !matches; i++)
		matches = has_address(c, t, mx.items[i].name);
	return matches;
}

static bool
ptr_matches(struct check *c, const char *domain)
{
	struct spf_answer ptr = ask_ptr(c);

	for (size_t i = 0; i < ptr.count; i++)
		if (domain_within(ptr.items[i].name, domain) && leads_back(c, ptr.items[i].name))
			return true;
	return false;
}

/* A mechanism as it stands in its record, and what came of it. */
static void
tell(struct check *c, const struct mechanism *m, const char *came)
{
	const struct spf_spec *written = &m->term->written;

	if (m->frame != c->told_of)	/* an include has ended */
		text_addf(&c->told, "; %s again: ", m->frame->domain);
	text_addf(&c->told, "%s%.*s %s", m->frame != c->told_of ? "" : ", ", written->len > 100 ? 100 : (int)written->len,
	    written->at, came);
	c->told_of = m->frame;
}

static enum engine_match
on_match(void *arg, unsigned n)
{
	struct check *c = arg;
	const struct mechanism *m = c->mechanisms[n];
	const struct spf_term *t = m->term;
	bool matches = false;

	if (c->stopped)
		return ENGINE_STOP;
	if (t->mechanism == SPF_ALL || t->mechanism == SPF_IP4 || t->mechanism == SPF_IP6)
		matches = true;			/* or it were not written */
	else if (count_term(c)) {
		const char *domain = target(c, m->frame, &t->domain);

		if (t->mechanism == SPF_A)
			matches = has_address(c, t, domain);
		else if (t->mechanism == SPF_MX)
			matches = mx_matches(c, t, domain);
		else if (t->mechanism == SPF_PTR)
			matches = ptr_matches(c, domain);
		else
			matches = ask_counted(c, domain, SPF_TYPE_A).status == SPF_FOUND;
	}
	tell(c, m, c->stopped ? "fails" : matches ? "matches" : "does not match");
	if (c->stopped)
		return ENGINE_STOP;
	if (matches)
		c->matched = m;
	return matches ? ENGINE_YES : ENGINE_NO;
}

/* ---- records ---- */

/* The one record of the frame's domain (s.4.4, s.4.5): true if it is there and well. */
static bool
fetch(struct check *c, struct frame *f)
{
	struct spf_answer txt = { .status = SPF_NOT_FOUND };
	const struct spf_item *record = NULL;
	const char *why;

	if (is_subject(f->domain))
		txt = ask(c, f->domain, SPF_TYPE_TXT);
	if (txt.status == SPF_FAILED)
		return stop(c, SPF_TEMPERROR, "cannot look up the record of %s now", f->domain), false;
	for (size_t i = 0; i < txt.count; i++)
		if (spf_record_is(txt.items[i].text, txt.items[i].text_len)) {
			if (record != NULL)
				return stop(c, SPF_PERMERROR, "%s has more than one record", f->domain), false;
			record = &txt.items[i];
		}
	if (txt.status == SPF_OPEN)
		return false;
	if (record == NULL) {
		/* An include of nothing, a redirect to nothing: s.5.2, s.6.1. */
		stop(c, f->from ? SPF_PERMERROR : SPF_NONE, "%s has no record", *f->domain ? f->domain : "an empty name");
		return false;
	}
	c->told_of = f;
	text_addf(&c->told, "%s%s: \"%.*s\"", c->told.len ? "; " : "", f->domain,
	    record->text_len > 200 ? 200 : (int)record->text_len, record->text);
	if (!spf_record_read(c->arena, record->text, record->text_len, &f->record, &why))
		return stop(c, SPF_PERMERROR, "the record of %s cannot be read: %s", f->domain, why), false;
	return true;
}

static unsigned
new_frame(struct check *c, const struct frame *from, const struct spf_spec *spec, bool redirected)
{
	struct frame *f = arena_alloc(c->arena, sizeof *f);

	*f = (struct frame){ .from = from, .spec = *spec, .redirected = redirected };
	assert(c->frame_count < sizeof c->frames / sizeof *c->frames);
	c->frames[c->frame_count] = f;
	return c->frame_count++;
}

/* One directive, if it can matter; false if none behind it can. */
static bool
write_term(struct check *c, struct text *t, const struct frame *f, const struct spf_term *term)
{
	bool network = term->mechanism == SPF_IP4 || term->mechanism == SPF_IP6;

	if (network && !network_contains(&term->network, &c->subject->client))
		return true;
	text_addf(t, " %c", term->qualifier);
	if (term->mechanism == SPF_INCLUDE) {
		text_addf(t, "include:r%u", new_frame(c, f, &term->domain, false));
		return true;
	}
	struct mechanism *m = arena_alloc(c->arena, sizeof *m);
	*m = (struct mechanism){ f, term };
	assert(c->mechanism_count < sizeof c->mechanisms / sizeof *c->mechanisms);
	c->mechanisms[c->mechanism_count] = m;
	text_addf(t, "exists:m%u", c->mechanism_count++);
	return !network && term->mechanism != SPF_ALL;
}

static const char *
on_record(void *arg, unsigned n)
{
	static const char nothing[] = "v=spf1 ?all";
	struct check *c = arg;
	struct frame *f = c->frames[n];
	char buffer[512];
	struct text t = TEXT(buffer);

	if (c->stopped)
		return NULL;
	if (f->from != NULL && !count_term(c))
		return NULL;
	f->domain = f->from ? target(c, f->from, &f->spec) : c->subject->domain;
	if (f->redirected && c->speaks == f->from)
		c->speaks = f;
	if (!fetch(c, f))
		return c->stopped ? NULL : nothing;
	text_add(&t, "v=spf1");
	unsigned written = 0, others = 0;
	bool more = true;
	for (size_t i = 0; i < f->record.count && more && written < WRITTEN_MAX - 1; i++) {
		size_t before = t.len;

		more = write_term(c, &t, f, &f->record.terms[i]);
		if (t.len > before)
			written++;
		else
			others++;
	}
	if (others > 0)
		text_addf(&c->told, ", %u network%s without the client", others, others > 1 ? "s" : "");
	if (more && f->record.redirect.at != NULL)
		text_addf(&t, " redirect=r%u", new_frame(c, f, &f->record.redirect, true));
	return arena_strndup(c->arena, buffer, t.len);
}

/* ---- the explanation (s.6.2) ---- */

static const char *
explanation(struct check *c)
{
	const struct frame *f = c->speaks;
	char buffer[EXPLANATION_BYTES];
	struct text t = TEXT(buffer);

	if (f->record.exp.at == NULL)
		return NULL;
	struct spf_answer txt = ask(c, target(c, f, &f->record.exp), SPF_TYPE_TXT);
	if (txt.status != SPF_FOUND || txt.count != 1 ||
	    !spf_macro_is_string(txt.items[0].text, txt.items[0].text_len, true))
		return NULL;
	expand(c, &t, f, txt.items[0].text, txt.items[0].text_len);
	return arena_strndup(c->arena, buffer, t.len);
}

struct spf_outcome
spf_check(struct arena *a, const struct spf_subject *s, const struct spf_source *dns)
{
	struct check *c = arena_alloc(a, sizeof *c);
	struct spf_subject subject = *s;
	bool matched = false;

	c->arena = a;
	c->subject = &subject;
	c->dns = dns;
	c->told = TEXT(c->trace);
	subject.local = *s->local ? arena_strndup(a, s->local, strnlen(s->local, LOCAL_MAX)) : "postmaster";
	if (!is_subject(s->domain))
		return (struct spf_outcome){ .result = SPF_NONE, .trace = "" };
	new_frame(c, NULL, &(struct spf_spec){ NULL, 0 }, false);
	c->speaks = c->frames[0];
	enum spf_result result = engine_run(&(struct engine_source){ on_record, on_match, c }, &matched);
	struct spf_outcome o = { .waiting = c->waiting, .result = c->stopped ? c->stop : result,
	    .unsure = c->unsure, .terms = c->terms,
	    .voids = c->voids, .record_domain = c->speaks->domain, .trace = arena_strndup(a, c->trace, c->told.len) };
	if (c->stopped && c->stop != SPF_NONE)
		o.why = c->why;
	if (!c->stopped && matched && c->matched != NULL)
		o.mechanism = arena_strndup(a, c->matched->term->written.at, c->matched->term->written.len);
	if (o.result == SPF_FAIL && !o.waiting) {
		o.explanation = explanation(c);
		o.waiting = c->waiting;
	}
	return o;
}
