/* list.c - see list.h */
#include "dns/list.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum {
	FAILURES_MAX = 20,		/* as dns_list_failures' own */
	ERRORS_MAX = 64, TELL_AFTER_MS = 100, WHY_BYTES = 200, RULES_BYTES = 64,
};

#define SECOND_US INT64_C(1000000)

struct list {
	struct probe probe;		/* first: done() finds the list by it */
	struct dns_lists *lists;
	char *domain;
	unsigned kinds, kinds_before;	/* enum dns_list_kind; 0: not named (before) */
	unsigned rule_count;
	char rules[RULES_BYTES];

	uint64_t failed[FAILURES_MAX];	/* names whose questions failed, in a row, by hash */
	size_t failures;
	bool open, trying;		/* the breaker; one question was let through, and is not back */
	int64_t pause_us, next_try_us, tried_us;
	char trouble[WHY_BYTES];	/* why it is open */

	bool believed;			/* it has been probed, or is never */
	enum probe_finding verdict;	/* GOOD, LACKS: dead, LISTS_ALL */
	unsigned lacking;		/* probes in a row that found it so */
	int64_t probe_due_us, probed_s;
	char finding[WHY_BYTES];	/* of the last probe */

	enum dns_list_state state;	/* as last said */
	int64_t since_s;
	char why[WHY_BYTES];
	struct metric *found, *none, *failures_seen, *refused, *shown;
};

struct dns_lists {
	const struct dns_list_options *options;
	struct dns *dns;
	bool probing;
	struct list *at[DNS_LISTS_MAX];
	size_t count, unminded;
	char error[WHY_BYTES];		/* what mind() returned last */
	int64_t answered_us;		/* when anybody's question was last answered, a list's or not */
	struct timer *probe, *tell;
	void (*changed)(void *arg);
	void *changed_arg;
};

#define OPTIONS dns_list_options
static const struct option rows[] = {
	{ .name = "dns_list_failures", .type = OPT_INT, .offset = INTO(dns_list_failures), .fallback = "5",
	  .min = "1", .max = "20",
	  .sentence = "So many questions in a row, for different names, must fail before a DNS list is not asked "
	  "for a while." },
	{ .name = "dns_list_pause", .type = OPT_SEC, .offset = INTO(dns_list_pause_s), .fallback = "30s",
	  .min = "1s", .max = "1h",
	  .sentence = "After this time one question is let through to such a list; each time it fails the pause "
	  "doubles." },
	{ .name = "dns_list_pause_max", .type = OPT_SEC, .offset = INTO(dns_list_pause_max_s), .fallback = "10m",
	  .min = "1s", .max = "1d",
	  .sentence = "The longest such pause; and a list whose last probe was not good is probed again after it." },
	{ .name = "dns_list_probe", .type = OPT_SEC, .offset = INTO(dns_list_probe_s), .fallback = "1h",
	  .min = "1s", .max = "1w",
	  .sentence = "How often each list's test entries are asked (RFC 5782 s.5)." },
	{ .name = "dns_list_unprobed", .type = OPT_DOMAINS, .offset = INTO(dns_list_unprobed), .fallback = "",
	  .sentence = "Lists that have no test entries, or wrong ones: they are never probed, and always believed." },
	{ .name = "dns_list_errors", .type = OPT_PARSED, .offset = INTO(dns_list_errors), .fallback = "",
	  .parse = dns_list_errors_parse,
	  .sentence = "Codes by which a list says that it does not answer us, as in allow.example=127.0.0.255; "
	  "127.255.255.0/24 says so for every list." },
};
const struct option_table dns_list_option_table = OPTION_TABLE(rows);

const char *
dns_list_errors_parse(struct arena *a, const char *text, void *into)
{
	struct dns_list_error *errors = arena_alloc(a, ERRORS_MAX * sizeof *errors);
	size_t count = 0;

	for (char *entry; (entry = option_word(a, &text)) != NULL;) {
		const char *written = arena_strdup(a, entry);

		if (count == ERRORS_MAX)
			return arena_printf(a, "more than %d entries; sets in brackets make fewer of them", ERRORS_MAX);
		struct dns_list_error *e = &errors[count++];
		const char *why = strchr(entry, '=') == NULL ? "the codes are missing" :
		    dns_filter_parse(a, entry, &e->list, &e->codes);
		if (why != NULL)
			return arena_printf(a, "%.100s: %s; write allow.example=127.0.0.255 or "
			    "bl.example=127.0.0.[1;255]", written, why);
	}
	*(struct dns_list_errors *)into = (struct dns_list_errors){ count, errors };
	return NULL;
}

/* ---- states ---- */

static void
tell(struct dns_lists *h)
{
	timer_start(h->tell, TELL_AFTER_MS, 0);
}

static enum dns_list_state
state_of(const struct list *l)
{
	return l->verdict == PROBE_LISTS_ALL ? DNS_LIST_LISTS_ALL : l->verdict == PROBE_LACKS ? DNS_LIST_DEAD :
	    l->open ? DNS_LIST_FAILING : l->believed ? DNS_LIST_GOOD : DNS_LIST_NEW;
}

static void
describe(struct list *l)
{
	struct text t = TEXT(l->why);

	if (l->state == DNS_LIST_LISTS_ALL)
		text_addf(&t, "it lists %s, so it lists the world", l->probe.entry);
	else if (l->state == DNS_LIST_DEAD)
		text_addf(&t, "it does not list %s, as every list must; it is dead, or belongs into dns_list_unprobed",
		    l->probe.entry);
	else if (l->state == DNS_LIST_FAILING)
		text_add(&t, l->trouble);
}

static void
log_state(const struct list *l, enum dns_list_state before)
{
	const char *s = l->rule_count > 1 ? "s" : "", *es = l->rule_count > 1 ? "" : "es";

	if (l->state > DNS_LIST_NEW)
		log_warn("dns: list %s: %s; rule%s %s go%s on without it", l->domain, l->why, s, l->rules, es);
	else if (before > DNS_LIST_NEW)
		log_info("dns: list %s: %s; rule%s %s go%s by it again", l->domain,
		    before == DNS_LIST_FAILING ? "it answers again" : "its test entries are as they must be", s,
		    l->rules, es);
}

/* Something may have changed the list's state. */
static void
settle(struct list *l)
{
	enum dns_list_state before = l->state;

	l->state = state_of(l);
	if (l->state == before)
		return;
	l->since_s = clock_wall_s();
	l->shown->value = l->state;
	describe(l);
	log_state(l, before);
	if (l->state == DNS_LIST_LISTS_ALL)
		dns_drop(l->lists->dns, l->domain);	/* whom it has listed so far */
	tell(l->lists);
}

/* ---- what became of its questions ---- */

static void
list_answered(struct list *l)
{
	l->failures = 0;
	l->open = l->trying = false;
	settle(l);
}

static void
list_failed(struct list *l, const char *name, const char *why)
{
	const struct dns_list_options *o = l->lists->options;
	int64_t now_us = clock_mono_us(), longest_us = o->dns_list_pause_max_s * SECOND_US;
	uint64_t hash = hash_bytes(name, strlen(name));

	if (l->open) {
		if (l->trying && l->lists->answered_us >= l->tried_us)
			l->pause_us = l->pause_us < longest_us / 2 ? l->pause_us * 2 : longest_us;
		if (l->trying)
			l->next_try_us = now_us + l->pause_us;
		l->trying = false;
		return;
	}
	for (size_t i = 0; i < l->failures; i++)
		if (l->failed[i] == hash)
			return;
	l->failed[l->failures++] = hash;
	if (l->failures < (size_t)o->dns_list_failures)
		return;
	struct text t = TEXT(l->trouble);
	text_addf(&t, "%zu questions in a row failed, the last: %s", l->failures, why);
	l->open = true;
	l->pause_us = o->dns_list_pause_s * SECOND_US;
	l->next_try_us = now_us + l->pause_us;
	settle(l);
}

/* The list this name belongs to: of one list within another, the inner. */
static struct list *
list_of(const struct dns_lists *h, const char *name)
{
	struct list *best = NULL;

	for (size_t i = 0; i < h->count; i++)
		if (domain_within(name, h->at[i]->domain) &&
		    (best == NULL || strlen(h->at[i]->domain) > strlen(best->domain)))
			best = h->at[i];
	return best;
}

/* The code in a that says the list does not answer us; NULL: none does. */
static const struct address *
error_code(const struct list *l, const struct answer *a)
{
	const struct dns_list_errors *errors = &l->lists->options->dns_list_errors;

	for (size_t i = 0; a->type == DNS_A && i < a->count; i++) {
		const struct address *code = &a->records[i].address;

		if (dns_is_list_error(code))
			return code;
		for (size_t k = 0; k < errors->count; k++)
			if (strcmp(errors->at[k].list, l->domain) == 0 && dns_filter_takes(&errors->at[k].codes, code))
				return code;
	}
	return NULL;
}

static const char *
mind(void *arg, const struct answer *a)
{
	struct dns_lists *h = arg;
	struct list *l = a->type == DNS_A || a->type == DNS_TXT ? list_of(h, a->name) : NULL;
	struct text why = TEXT(h->error);
	char code[ADDRESS_TEXT];

	if (l != NULL && found(a)) {
		const struct address *error = error_code(l, a);

		if (error != NULL)
			text_addf(&why, "%s, an error code", address_print(error, code));
	}
	if (failed(a) || why.len > 0) {
		if (l != NULL) {
			l->failures_seen->value++;
			list_failed(l, a->name, failed(a) ? a->why : h->error);
		}
		return failed(a) ? NULL : h->error;
	}
	h->answered_us = clock_mono_us();
	if (l == NULL)
		return NULL;
	(found(a) ? l->found : l->none)->value++;
	list_answered(l);
	if (!found(a) || (l->believed && l->verdict == PROBE_GOOD) || probe_asks(l->domain, a->name))
		return NULL;
	return "not believed before its test entries are known to be right";
}

/* ---- probing ---- */

static bool
is_probed(const struct list *l)
{
	const struct option_list *unprobed = &l->lists->options->dns_list_unprobed;

	for (size_t i = 0; i < unprobed->count; i++)
		if (strcmp(unprobed->at[i], l->domain) == 0)
			return false;
	return l->lists->probing;
}

/* Have the timer come when the first probe is due. */
static void
arm(struct dns_lists *h)
{
	int64_t now_us = clock_mono_us(), first_us = INT64_MAX;

	for (size_t i = 0; i < h->count; i++) {
		const struct list *l = h->at[i];

		if (l->probe.open == 0 && l->probe_due_us < first_us && is_probed(l))
			first_us = l->probe_due_us;
	}
	if (first_us == INT64_MAX)
		timer_stop(h->probe);
	else
		timer_start(h->probe, first_us > now_us ? (uint64_t)(first_us - now_us) / 1000 + 1 : 0, 0);
}

static void
probe_done(struct probe *p)
{
	static const char *const words[] = { [PROBE_GOOD] = "good", [PROBE_LACKS] = "lacks ",
	    [PROBE_CANNOT_TELL] = "cannot tell of ", [PROBE_LISTS_ALL] = "lists " };
	struct list *l = (struct list *)(void *)p;
	const struct dns_list_options *o = l->lists->options;
	int64_t soon_s = o->dns_list_pause_max_s < o->dns_list_probe_s ? o->dns_list_pause_max_s : o->dns_list_probe_s;
	struct text t = TEXT(l->finding);

	text_addf(&t, "%s%s", words[p->finding], p->finding == PROBE_GOOD ? "" : p->entry);
	l->believed = true;
	l->probed_s = clock_wall_s();
	l->probe_due_us = clock_mono_us() + (p->finding == PROBE_GOOD ? o->dns_list_probe_s : soon_s) * SECOND_US;
	if (p->finding == PROBE_LACKS)
		l->lacking++;
	else if (p->finding != PROBE_CANNOT_TELL)
		l->lacking = 0;
	if (p->finding == PROBE_GOOD || p->finding == PROBE_LISTS_ALL)
		l->verdict = p->finding;
	else if (p->finding == PROBE_LACKS)
		l->verdict = l->lacking >= 2 ? PROBE_LACKS : PROBE_GOOD;
	settle(l);
	tell(l->lists);
	arm(l->lists);
}

static void
on_probe_due(void *arg)
{
	struct dns_lists *h = arg;
	int64_t now_us = clock_mono_us();

	for (size_t i = 0; i < h->count; i++) {
		struct list *l = h->at[i];

		if (l->probe.open == 0 && l->probe_due_us <= now_us && is_probed(l) &&
		    !probe_start(&l->probe, h->dns, l->domain, l->kinds))
			probe_done(&l->probe);
	}
	arm(h);
}

/* ---- asking ---- */

static struct list *
find(const struct dns_lists *h, const char *domain)
{
	for (size_t i = 0; i < h->count; i++)
		if (strcmp(h->at[i]->domain, domain) == 0)
			return h->at[i];
	return NULL;
}

static const struct answer *
refuse(struct list *l, const char *name, enum dns_type type)
{
	char buffer[WHY_BYTES + 64];
	struct text t = TEXT(buffer);

	l->refused->value++;
	text_addf(&t, "the list is not asked: %s", l->why);
	return answer_failed(name, type, buffer);
}

const struct answer *
dns_list_ask(struct dns_lists *h, const char *domain, const char *name, enum dns_type type, struct dns_waiter *w)
{
	struct list *l = find(h, domain);

	if (l != NULL && l->verdict != PROBE_GOOD)
		return refuse(l, name, type);
	if (l == NULL || !l->open)
		return dns_ask(h->dns, name, type, w);
	int64_t now_us = clock_mono_us();
	if (now_us < l->next_try_us) {
		const struct answer *known = dns_known(h->dns, name, type);

		return known != NULL ? known : refuse(l, name, type);
	}
	const struct answer *known = dns_ask(h->dns, name, type, w);
	if (known == NULL) {
		l->trying = true;
		l->tried_us = now_us;
		l->next_try_us = now_us + l->pause_us;	/* for all others; and if it is never sent */
	}
	return known;
}

/* ---- which there are ---- */

static struct list *
list_new(struct dns_lists *h, const char *domain)
{
	static const char asked[] = "policyd_dns_list_questions_total";
	static const char asked_help[] = "Questions to DNS lists that the cache did not know, by what came of them; "
	    "refused: not asked.";
	struct list *l = xcalloc(1, sizeof *l);
	char labels[DOMAIN_TEXT + 64];
	struct metric **counters[] = { &l->found, &l->none, &l->failures_seen, &l->refused };
	static const char *const results[] = { "found", "none", "failed", "refused" };

	l->lists = h;
	l->domain = xstrdup(domain);
	l->probe.done = probe_done;
	l->state = DNS_LIST_NEW;
	l->since_s = clock_wall_s();
	for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
		struct text t = TEXT(labels);

		text_addf(&t, "list=\"%s\",result=\"%s\"", domain, results[i]);
		*counters[i] = metric_counter(asked, labels, asked_help);
	}
	struct text t = TEXT(labels);
	text_addf(&t, "list=\"%s\"", domain);
	l->shown = metric_gauge("policyd_dns_list_state", labels,
	    "0 good, 1 not probed yet, 2 failing, 3 dead, 4 lists the world.");
	l->shown->value = l->state;
	return l;
}

static void
list_free(struct list *l)
{
	probe_forget(&l->probe, l->lists->dns);
	l->shown->value = DNS_LIST_GOOD;
	free(l->domain);
	free(l);
}

void
dns_lists_begin(struct dns_lists *h)
{
	h->unminded = 0;
	for (size_t i = 0; i < h->count; i++) {
		struct list *l = h->at[i];

		l->kinds_before = l->kinds;
		l->kinds = l->rule_count = 0;
		l->rules[0] = '\0';
	}
}

void
dns_lists_name(struct dns_lists *h, const char *domain, enum dns_list_kind kind, const char *rule)
{
	struct list *l = find(h, domain);

	if (l == NULL && h->count == DNS_LISTS_MAX) {
		h->unminded++;
		return;
	}
	if (l == NULL)
		l = h->at[h->count++] = list_new(h, domain);
	l->kinds |= kind;
	if (strstr(l->rules, rule) != NULL)
		return;
	struct text t = { .at = l->rules, .len = strlen(l->rules), .size = sizeof l->rules };
	text_addf(&t, "%s%s", l->rule_count++ > 0 ? ", " : "", rule);
}

/* Settings may have changed: what must be probed is, what need not be is believed, and shorter times count at once. */
static void
adapt(struct list *l)
{
	const struct dns_list_options *o = l->lists->options;
	int64_t now_us = clock_mono_us(), probe_us = now_us + o->dns_list_probe_s * SECOND_US,
	    try_us = now_us + o->dns_list_pause_max_s * SECOND_US;

	if (!is_probed(l)) {
		l->believed = true;
		l->verdict = PROBE_GOOD;
		l->lacking = 0;
	}
	if (!is_probed(l) || l->kinds != l->kinds_before) {
		probe_forget(&l->probe, l->lists->dns);	/* it asks for other entries than it should */
		l->probe_due_us = 0;		/* at once, perhaps one day */
	} else if (l->probe_due_us > probe_us)
		l->probe_due_us = probe_us;
	if (l->next_try_us > try_us)
		l->next_try_us = try_us;
	settle(l);
}

void
dns_lists_end(struct dns_lists *h)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->count; i++) {
		struct list *l = h->at[i];

		if (l->kinds == 0) {
			list_free(l);
			continue;
		}
		h->at[kept++] = l;
		adapt(l);
	}
	h->count = kept;
	if (h->unminded > 0)
		log_warn("dns: more than %d lists; %zu names of further ones are asked, but not minded: take some out",
		    DNS_LISTS_MAX, h->unminded);
	tell(h);
	arm(h);
}

/* ---- for people ---- */

static void
on_tell(void *arg)
{
	const struct dns_lists *h = arg;

	if (h->changed != NULL)
		h->changed(h->changed_arg);
}

void
dns_lists_on_change(struct dns_lists *h, void (*changed)(void *arg), void *arg)
{
	h->changed = changed;
	h->changed_arg = arg;
}

bool
dns_lists_report(const struct dns_lists *h, size_t i, struct dns_list_report *out)
{
	static const char *const kinds[] = { "", "addresses", "names", "addresses, names" };
	static const char *const states[] = { [DNS_LIST_GOOD] = "good", [DNS_LIST_NEW] = "new",
	    [DNS_LIST_FAILING] = "failing", [DNS_LIST_DEAD] = "dead", [DNS_LIST_LISTS_ALL] = "lists all" };

	if (i >= h->count)
		return false;
	const struct list *l = h->at[i];
	*out = (struct dns_list_report){ .domain = l->domain, .kind = kinds[l->kinds], .rules = l->rules,
	    .state = states[l->state], .why = l->why, .since_s = l->since_s, .probed_s = l->probed_s,
	    .probe = l->finding, .ipv6 = l->probe.ipv6 };
	return true;
}

/* ---- from start to end ---- */

struct dns_lists *
dns_lists_new(struct loop *l, struct dns *d, const struct dns_list_options *o, bool probing)
{
	struct dns_lists *h = xcalloc(1, sizeof *h);

	h->dns = d;
	h->probing = probing;
	h->options = o;
	h->probe = timer_new(l, on_probe_due, h);
	h->tell = timer_new(l, on_tell, h);
	dns_mind(d, mind, h);
	return h;
}

void
dns_lists_configure(struct dns_lists *h, const struct dns_list_options *o)
{
	h->options = o;
}

void
dns_lists_free(struct dns_lists *h)
{
	dns_mind(h->dns, NULL, NULL);
	for (size_t i = 0; i < h->count; i++)
		list_free(h->at[i]);
	timer_free(h->probe);
	timer_free(h->tell);
	free(h);
}
