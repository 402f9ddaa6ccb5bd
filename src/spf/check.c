/* check.c - see spf.h: counts, expands macros, asks, and writes the records that libspf2 runs
 *
 * Of a stranger's record only what can matter is written: the mechanisms that
 * take look-ups, as exists:mN and include:rN, up to the first that matches without one.  So ip4 and ip6 cost
 * nothing, and no record of ours is long.  Whether mN matches is found out here, when libspf2 asks.
 *
 * What a run finds open it takes for nothing and goes on, to ask for what stands behind as well.  Names of a tree
 * made to be seen from many sides are asked for in vain then; beyond VISITS_MAX a run ends at the first open answer.
 */
#include "spf/engine.h"
#include "spf/macro.h"
#include "spf/record.h"
#include "base/ascii.h"
#include "base/domain.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Of a record one mechanism beyond the limit is written.  No honest domain has half as many visits. */
enum { WRITTEN_MAX = SPF_TERMS_MAX + 1, VISITS_MAX = 40, NAME_BYTES = 2048, TRACE_BYTES = 1500, WHY_BYTES = 600,
	EXPLANATION_BYTES = 1024, LOCAL_MAX = 320 };

struct target {				/* a domain-spec and what it expands to */
	struct spf_spec spec;		/* at is NULL: the record's own domain */
	const char *name;		/* NULL: not known yet */
	bool has_client_name;		/* %{p} stands in it */
};

struct frame {				/* rN: a domain's record */
	const struct frame *from;	/* whose include or redirect leads here; NULL for the first */
	bool redirected;		/* not included: it takes the place of the one before */
	bool visited;
	struct target domain;
	struct spf_spec text;		/* of the record; at is NULL: not read yet */
	const char *wrong;		/* what is wrong with it; NULL */
	const char *written;		/* for libspf2 */
	unsigned passed_over;		/* networks that are not written */
	struct target exp;
};

struct mechanism {			/* mN */
	const struct frame *frame;
	struct spf_term term;
	bool visited;
	struct target domain;
	bool far[SPF_NAMES_MAX];	/* of an mx each host, of a its one: no address of it is near enough */
};

struct list {				/* grows */
	void **at;
	unsigned count, room;
};

/* What holds for one run. */
struct run {
	unsigned terms, voids;
	bool waiting, stopped, unsure;
	enum spf_result stop;		/* if stopped: TEMPERROR, PERMERROR; or NONE, and waiting */
	struct frame *speaks;		/* whose explanation counts: the first, or where it was redirected */
	const struct mechanism *matched;	/* the last that did */
	bool named, names_open;		/* the client's names were looked at; something of them is open */
	struct spf_answer names;
	bool valid[SPF_NAMES_MAX];	/* it leads back */
	struct text why, told;
	const struct frame *told_of;	/* whose record is spoken of */
	char why_buffer[WHY_BYTES], trace[TRACE_BYTES];
};

struct spf {
	struct arena *arena;
	struct spf_subject subject;
	struct spf_source dns;
	struct list frames, mechanisms;
	bool astray[SPF_NAMES_MAX];	/* of the client's names: it does not lead back */
	unsigned visits;		/* different frames and mechanisms looked at, in all runs */
	struct run *run;
};

const char *
spf_result_word(enum spf_result r)
{
	static const char *const words[] = { "none", "neutral", "pass", "fail", "softfail", "temperror", "permerror" };

	return words[r];
}

/* The result is known, whatever stands behind; the first reason stays. */
static void __attribute__((format(printf, 3, 4)))
stop(struct run *r, enum spf_result result, const char *format, ...)
{
	va_list args;

	if (r->stopped)
		return;
	va_start(args, format);
	text_addv(&r->why, format, args);
	va_end(args);
	r->stop = result;
	r->stopped = true;
}

static unsigned
list_add(struct arena *a, struct list *l, void *item)
{
	if (l->count == l->room) {
		void **more = arena_alloc(a, 2 * (l->room + 8) * sizeof *more);

		if (l->count > 0)
			memcpy(more, l->at, l->count * sizeof *more);
		l->at = more;
		l->room = 2 * (l->room + 8);
	}
	l->at[l->count] = item;
	return l->count++;
}

/* ---- asking ---- */

/* Labels of 1 to 63 octets, 253 in all (RFC 1035 s.2.3.4): what the DNS can be asked for. */
static bool
is_name(const char *name)
{
	for (const char *label = name, *end;; label = end + 1) {
		end = strchrnul(label, '.');
		if (end == label || end - label > 63)
			return false;
		if (*end == '\0')
			return end - name < DOMAIN_TEXT;
	}
}

/* What check_host() can be asked of (s.4.3), and so what can be included or redirected to: a name of several labels. */
static bool
is_subject(const char *name)
{
	return is_name(name) && strchr(name, '.') != NULL;
}

static struct spf_answer
ask(struct spf *c, const char *name, enum spf_type type)
{
	if (!is_name(name))
		return (struct spf_answer){ .status = SPF_NOT_FOUND };
	struct spf_answer a = c->dns.ask(c->dns.arg, name, type);
	if (a.status == SPF_OPEN) {
		c->run->waiting = true;
		c->run->stopped |= c->visits > VISITS_MAX;
	}
	return a;
}

/* The same, counted if it finds nothing (s.4.6.4); what fails or is one too many stops the check. */
static struct spf_answer
ask_counted(struct spf *c, const char *name, enum spf_type type)
{
	struct spf_answer a = ask(c, name, type);

	if (a.status == SPF_FAILED)
		stop(c->run, SPF_TEMPERROR, "cannot look up %s now", name);
	else if (a.status == SPF_NOT_FOUND && ++c->run->voids > SPF_VOIDS_MAX)
		stop(c->run, SPF_PERMERROR, "more than %d look-ups find nothing", SPF_VOIDS_MAX);
	return a;
}

static struct spf_item
item(const struct spf *c, const struct spf_answer *a, size_t i)
{
	return c->dns.item(a, i);
}

/* A term that takes look-ups; false if it is one too many. */
static bool
count_term(struct spf *c, bool *visited)
{
	if (++c->run->terms > SPF_TERMS_MAX) {
		stop(c->run, SPF_PERMERROR, "more than %d terms that take look-ups", SPF_TERMS_MAX);
		return false;
	}
	c->visits += !*visited;
	*visited = true;
	return true;
}

static enum spf_type
address_type(const struct spf *c)
{
	return c->subject.client.bits == 32 ? SPF_TYPE_A : SPF_TYPE_AAAA;
}

/* ---- the client's validated names (s.5.5) ---- */

/* Is one of the addresses in the network?  Not looked at again if none was, which *none says from one run to the next. */
static bool
has_address(const struct spf *c, const struct spf_answer *a, const struct network *n, bool *none)
{
	if (a->status != SPF_FOUND || *none)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		struct spf_item it = item(c, a, i);

		if (network_contains(n, &it.address))
			return true;
	}
	*none = true;
	return false;
}

/* The client's name in this place of its PTR. */
static bool
leads_back(struct spf *c, const struct spf_answer *ptr, size_t i)
{
	struct network client = network_of(&c->subject.client, c->subject.client.bits);
	struct spf_answer a = ask(c, item(c, ptr, i).name, address_type(c));

	c->run->unsure |= a.status == SPF_FAILED;
	return has_address(c, &a, &client, &c->astray[i]);
}

static struct spf_answer
ask_ptr(struct spf *c)
{
	char reverse[REVERSE_TEXT], name[REVERSE_TEXT + 16];

	snprintf(name, sizeof name, "%s.%s", address_reverse(&c->subject.client, reverse),
	    c->subject.client.bits == 32 ? "in-addr.arpa" : "ip6.arpa");
	struct spf_answer a = ask(c, name, SPF_TYPE_PTR);
	c->run->unsure |= a.status == SPF_FAILED;
	if (a.count > SPF_NAMES_MAX)
		a.count = SPF_NAMES_MAX;
	return a;
}

/* Find out, once in a run, which of them lead back. */
static void
validate_names(struct spf *c)
{
	struct run *r = c->run;
	bool waiting = r->waiting;

	if (r->named)
		return;
	r->named = true;
	r->waiting = false;
	r->names = ask_ptr(c);
	for (size_t i = 0; i < r->names.count; i++)
		r->valid[i] = leads_back(c, &r->names, i);
	r->names_open = r->waiting;
	r->waiting |= waiting;
}

/* %{p}: of the validated names the domain itself, else one below it, else any (s.7.3). */
static const char *
client_name(struct spf *c, const char *domain)
{
	const char *best = "unknown";
	int rank = 0;

	validate_names(c);
	for (size_t i = 0; i < c->run->names.count; i++) {
		const char *name = item(c, &c->run->names, i).name;
		int is = strcasecmp(name, domain) == 0 ? 3 : domain_within(name, domain) ? 2 : 1;

		if (c->run->valid[i] && is > rank) {
			rank = is;
			best = name;
		}
	}
	return best;
}

/* ---- macros ---- */

/* False if the text has %{p}, and that is open. */
static bool
expand(struct spf *c, struct text *out, const struct frame *f, const struct spf_spec *spec)
{
	const struct spf_subject *s = &c->subject;
	struct spf_values v = {
		.local = s->local, .sender_domain = s->domain, .domain = f->domain.name, .helo = s->helo, .receiver = s->receiver,
		.client = s->client, .now_s = s->now_s, .client_name = "unknown",
	};

	if (spf_macro_has(spec->at, spec->len, "p")) {
		v.client_name = client_name(c, f->domain.name);
		if (c->run->names_open)
			return false;
	}
	spf_macro_expand(out, spec->at, spec->len, &v);
	return true;
}

/* In lower case, without a dot at its end, cut to what fits into a name (s.7.3). */
static const char *
expand_name(struct spf *c, const struct frame *f, const struct spf_spec *spec)
{
	char buffer[NAME_BYTES];
	struct text t = TEXT(buffer);

	if (!expand(c, &t, f, spec))
		return NULL;
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

/* The domain a term of this record speaks of; NULL if it has %{p}, and that is open. */
static const char *
target(struct spf *c, const struct frame *f, struct target *t)
{
	if (t->spec.at == NULL)
		return f->domain.name;
	if (t->name == NULL) {
		t->has_client_name = spf_macro_has(t->spec.at, t->spec.len, "p");
		t->name = expand_name(c, f, &t->spec);
	} else if (t->has_client_name)
		validate_names(c);	/* every run asks for all it rests on */
	return t->name;
}

/* ---- mechanisms ---- */

/* One host of it: the only one of a, the one in this place of mx. */
static bool
host_matches(struct spf *c, struct mechanism *m, const char *name, size_t host)
{
	const struct address *client = &c->subject.client;
	struct network near = network_around(client, m->term.prefix4, m->term.prefix6);
	struct spf_answer a = ask_counted(c, name, address_type(c));

	return has_address(c, &a, &near, &m->far[host]);
}

static bool
mx_matches(struct spf *c, struct mechanism *m, const char *domain)
{
	struct spf_answer mx = ask_counted(c, domain, SPF_TYPE_MX);
	bool matches = false;

	if (mx.count > SPF_NAMES_MAX) {
		stop(c->run, SPF_PERMERROR, "%s has more than %d MX records", domain, SPF_NAMES_MAX);
		return false;
	}
	if (c->run->waiting)		/* first what stands before: these names are many, and it may match or stop */
		return false;
	for (size_t i = 0; i < mx.count && !c->run->stopped && !matches; i++)
		matches = host_matches(c, m, item(c, &mx, i).name, i);
	return matches;
}

static bool
ptr_matches(struct spf *c, const char *domain)
{
	struct spf_answer ptr = ask_ptr(c);

	for (size_t i = 0; i < ptr.count; i++)
		if (domain_within(item(c, &ptr, i).name, domain) && leads_back(c, &ptr, i))
			return true;
	return false;
}

static bool
matches(struct spf *c, struct mechanism *m)
{
	const struct spf_term *t = &m->term;

	if (t->mechanism == SPF_ALL || t->mechanism == SPF_IP4 || t->mechanism == SPF_IP6)
		return true;		/* or it were not written */
	if (!count_term(c, &m->visited))
		return false;
	const char *domain = target(c, m->frame, &m->domain);
	if (domain == NULL)
		return false;
	switch (t->mechanism) {
	case SPF_A:
		return host_matches(c, m, domain, 0);
	case SPF_MX:
		return mx_matches(c, m, domain);
	case SPF_PTR:
		return ptr_matches(c, domain);
	default:
		return ask_counted(c, domain, SPF_TYPE_A).status == SPF_FOUND;
	}
}

/* How many bits of the client's address; where a name is made of it, all. */
static unsigned
rests_on(const struct spf *c, const struct spf_term *t)
{
	const struct address *client = &c->subject.client;

	switch (t->mechanism) {
	case SPF_IP4:
	case SPF_IP6:
		return t->network.prefix;
	case SPF_A:
	case SPF_MX:
		return network_around(client, t->prefix4, t->prefix6).prefix;
	case SPF_PTR:
		return client->bits;
	case SPF_EXISTS:
		return spf_macro_has(t->domain.at, t->domain.len, "ip") ? client->bits : 0;
	default:
		return 0;
	}
}

/* A mechanism as it stands in its record, and what came of it. */
static void
tell(struct run *r, const struct mechanism *m, const char *came)
{
	const struct spf_spec *written = &m->term.written;

	if (m->frame != r->told_of)	/* an include has ended */
		text_addf(&r->told, "; %s again: ", m->frame->domain.name);
	text_addf(&r->told, "%s%.*s %s", m->frame != r->told_of ? "" : ", ", written->len > 100 ? 100 : (int)written->len,
	    written->at, came);
	r->told_of = m->frame;
}

static enum engine_match
on_match(void *arg, unsigned n)
{
	struct spf *c = arg;
	struct run *r = c->run;
	struct mechanism *m = c->mechanisms.at[n];

	if (r->stopped)
		return ENGINE_STOP;
	bool yes = matches(c, m);
	tell(r, m, r->stopped ? "fails" : yes ? "matches" : "does not match");
	if (r->stopped)
		return ENGINE_STOP;
	if (yes)
		r->matched = m;
	return yes ? ENGINE_YES : ENGINE_NO;
}

/* ---- records ---- */

static unsigned
new_frame(struct spf *c, const struct frame *from, const struct spf_spec *spec, bool redirected)
{
	struct frame *f = arena_alloc(c->arena, sizeof *f);

	f->from = from;
	f->redirected = redirected;
	f->domain.spec = *spec;
	return list_add(c->arena, &c->frames, f);
}

/* One directive, if it can matter; false if none behind it can. */
static bool
write_term(struct spf *c, struct text *t, const struct frame *f, const struct spf_term *term)
{
	bool network = term->mechanism == SPF_IP4 || term->mechanism == SPF_IP6;

	if (network && !network_contains(&term->network, &c->subject.client))
		return true;
	text_addf(t, " %c", term->qualifier);
	if (term->mechanism == SPF_INCLUDE) {
		text_addf(t, "include:r%u", new_frame(c, f, &term->domain, false));
		return true;
	}
	struct mechanism *m = arena_alloc(c->arena, sizeof *m);
	m->frame = f;
	m->term = *term;
	m->domain.spec = term->domain;
	text_addf(t, "exists:m%u", list_add(c->arena, &c->mechanisms, m));
	return !network && term->mechanism != SPF_ALL;
}

static void
write_record(struct spf *c, struct frame *f, const struct spf_record *record)
{
	char buffer[512];
	struct text t = TEXT(buffer);
	unsigned written = 0;
	bool more = true;

	f->exp.spec = record->exp;
	text_add(&t, "v=spf1");
	for (size_t i = 0; i < record->count && more && written < WRITTEN_MAX; i++) {
		size_t before = t.len;

		more = write_term(c, &t, f, &record->terms[i]);
		if (t.len > before)
			written++;
		else
			f->passed_over++;
	}
	if (more && record->redirect.at != NULL)
		text_addf(&t, " redirect=r%u", new_frame(c, f, &record->redirect, true));
	f->written = arena_strndup(c->arena, buffer, t.len);
}

static void
read_record(struct spf *c, struct frame *f, const struct spf_item *txt)
{
	struct arena *scratch = arena_new();
	struct spf_record record;
	const char *why;

	f->text = (struct spf_spec){ txt->text, txt->text_len };
	if (spf_record_read(scratch, txt->text, txt->text_len, &record, &why))
		write_record(c, f, &record);
	else
		f->wrong = arena_strdup(c->arena, why);
	arena_free(scratch);
}

/* The one record of the frame's domain (s.4.4, s.4.5): true if it is there and well. */
static bool
fetch(struct spf *c, struct frame *f)
{
	const char *domain = f->domain.name;
	struct spf_answer txt = { .status = SPF_NOT_FOUND };
	struct spf_item record = { .text = NULL };

	if (is_subject(domain))
		txt = ask(c, domain, SPF_TYPE_TXT);
	if (txt.status == SPF_FAILED)
		stop(c->run, SPF_TEMPERROR, "cannot look up the record of %s now", domain);
	if (txt.status == SPF_FAILED || txt.status == SPF_OPEN)
		return false;
	for (size_t i = 0; i < txt.count; i++) {
		struct spf_item it = item(c, &txt, i);

		if (!spf_record_is(it.text, it.text_len))
			continue;
		if (record.text != NULL) {
			stop(c->run, SPF_PERMERROR, "%s has more than one record", domain);
			return false;
		}
		record = it;
	}
	if (record.text == NULL && f->from == NULL)
		return false;
	if (record.text == NULL) {	/* an include of nothing, a redirect to nothing: s.5.2, s.6.1 */
		stop(c->run, SPF_PERMERROR, "%s has no record", *domain ? domain : "an empty name");
		return false;
	}
	if (f->text.at == NULL)
		read_record(c, f, &record);
	return true;
}

static void
tell_record(struct run *r, const struct frame *f)
{
	r->told_of = f;
	text_addf(&r->told, "%s%s: \"%.*s\"", r->told.len ? "; " : "", f->domain.name,
	    f->text.len > 200 ? 200 : (int)f->text.len, f->text.at);
	if (f->passed_over > 0)
		text_addf(&r->told, ", %u network%s without the client", f->passed_over, f->passed_over > 1 ? "s" : "");
}

static const char *
on_record(void *arg, unsigned n)
{
	static const char nothing[] = "v=spf1 ?all";
	struct spf *c = arg;
	struct run *r = c->run;
	struct frame *f = c->frames.at[n];

	if (r->stopped)
		return NULL;
	if (f->from != NULL && !count_term(c, &f->visited))
		return NULL;
	if (f->redirected && r->speaks == f->from)
		r->speaks = f;
	if ((f->from != NULL && target(c, f->from, &f->domain) == NULL) || !fetch(c, f))
		return r->stopped ? NULL : nothing;
	tell_record(r, f);
	if (f->wrong != NULL)
		stop(r, SPF_PERMERROR, "the record of %s cannot be read: %s", f->domain.name, f->wrong);
	return f->written;
}

/* ---- the explanation (s.6.2) ---- */

static const char *
explanation(struct spf *c, struct frame *f)
{
	char buffer[EXPLANATION_BYTES];
	struct text t = TEXT(buffer);

	if (f->exp.spec.at == NULL)
		return NULL;
	const char *name = target(c, f, &f->exp);
	if (name == NULL)
		return NULL;
	struct spf_answer txt = ask(c, name, SPF_TYPE_TXT);
	if (txt.status != SPF_FOUND || txt.count != 1)
		return NULL;
	struct spf_item it = item(c, &txt, 0);
	if (!spf_macro_is_string(it.text, it.text_len, true))
		return NULL;
	expand(c, &t, f, &(struct spf_spec){ it.text, it.text_len });
	return arena_strndup(c->arena, buffer, t.len);
}

/* ---- the check ---- */

struct spf *
spf_new(struct arena *a, const struct spf_subject *s, const struct spf_source *dns)
{
	struct spf *c = arena_alloc(a, sizeof *c);

	c->arena = a;
	c->subject = *s;
	c->subject.local = *s->local ? arena_strndup(a, s->local, strnlen(s->local, LOCAL_MAX)) : "postmaster";
	c->dns = *dns;
	struct frame *first = arena_alloc(a, sizeof *first);
	first->domain.name = s->domain;
	list_add(a, &c->frames, first);
	return c;
}

struct spf_outcome
spf_run(struct spf *c)
{
	struct run run;
	bool matched = false;

	if (!is_subject(c->subject.domain))
		return (struct spf_outcome){ .result = SPF_NONE, .trace = "" };
	memset(&run, 0, offsetof(struct run, why_buffer));
	run.why = TEXT(run.why_buffer);
	run.told = TEXT(run.trace);
	run.speaks = c->frames.at[0];
	c->run = &run;
	/* Where there is no record, as most often, there is nothing to run. */
	enum spf_result result = fetch(c, c->frames.at[0]) ?
	    engine_run(&(struct engine_source){ on_record, on_match, c }, &matched) : SPF_NONE;
	struct spf_outcome o = { .result = run.stopped ? run.stop : result, .unsure = run.unsure, .terms = run.terms,
	    .voids = run.voids, .record_domain = run.speaks->domain.name };
	if (o.result == SPF_FAIL && !run.waiting)
		o.explanation = explanation(c, run.speaks);
	if (run.waiting)
		return (struct spf_outcome){ .waiting = true, .trace = "" };
	if (run.stopped)
		o.why = arena_strndup(c->arena, run.why_buffer, run.why.len);
	if (!run.stopped && matched && run.matched != NULL) {
		o.mechanism = arena_strndup(c->arena, run.matched->term.written.at, run.matched->term.written.len);
		o.bits = rests_on(c, &run.matched->term);
	}
	o.trace = arena_strndup(c->arena, run.trace, run.told.len);
	return o;
}
