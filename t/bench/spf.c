/* spf.c - what an SPF evaluation costs when the cache has every answer, and how often it is run again when it has none
 *
 *     spf
 *
 * CPU time of this process over src/spf alone, with a table for a DNS; each evaluation has an arena of its own, as in
 * policyd.  Replays are the runs after the first: when the answers land one at a time, and when all that are open land
 * together.  Prints one line of name=value pairs for each case; exits 1 if a result is not as expected.
 *
 * Then what a stranger can ask for who makes all of it as dear as he can: milliseconds of all runs of one evaluation,
 * whose answers land one by one, the last asked first.
 */
#include "spf/spf.h"
#include "base/domain.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REPEATS = 20000, ZONE_MAX = 12 };

struct name {				/* and its record */
	const char *name, *text;
};

struct bench_case {
	const char *is;
	enum spf_result result;
	struct name zone[ZONE_MAX];
};

#define NOBODY(n) { "i" n ".example.net", "v=spf1 ip4:198.51.100." n " -all" }

/* The client is 192.0.2.7. */
static const struct bench_case cases[] = {
	{ "ip4", SPF_PASS, { { "example.com", "v=spf1 ip4:192.0.2.7 -all" } } },
	{ "redirect", SPF_SOFTFAIL, {
	    { "example.com", "v=spf1 redirect=_spf.example.net" },
	    { "_spf.example.net", "v=spf1 include:_a.example.net include:_b.example.net include:_c.example.net ~all" },
	    { "_a.example.net", "v=spf1 ip4:198.51.100.0/28 ip4:198.51.100.16/28 ip4:198.51.100.32/28 ip4:198.51.100.48/28"
	      " ip4:198.51.100.64/28 ip4:198.51.100.80/28 ip4:198.51.100.96/28 ip4:198.51.100.112/28"
	      " ip4:198.51.100.128/28 ip4:198.51.100.144/28 ip4:198.51.100.160/28 ~all" },
	    { "_b.example.net", "v=spf1 ip6:2001:db8:1000::/36 ip6:2001:db8:2000::/36 ip6:2001:db8:3000::/36"
	      " ip6:2001:db8:4000::/36 ip6:2001:db8:5000::/36 ip6:2001:db8:6000::/36 ~all" },
	    { "_c.example.net", "v=spf1 ip4:203.0.113.0/28 ip4:203.0.113.16/28 ip4:203.0.113.32/28 ip4:203.0.113.48/28"
	      " ip4:203.0.113.64/28 ip4:203.0.113.80/28 ip4:203.0.113.96/28 ip4:203.0.113.112/28"
	      " ip4:203.0.113.128/28 ip4:203.0.113.144/28 ~all" } } },
	{ "includes", SPF_FAIL, {
	    { "example.com", "v=spf1 include:i0.example.net include:i1.example.net include:i2.example.net"
	      " include:i3.example.net include:i4.example.net include:i5.example.net include:i6.example.net"
	      " include:i7.example.net include:i8.example.net include:i9.example.net -all" },
	    NOBODY("0"), NOBODY("1"), NOBODY("2"), NOBODY("3"), NOBODY("4"), NOBODY("5"), NOBODY("6"), NOBODY("7"),
	    NOBODY("8"), NOBODY("9") } },
};

/* ---- the DNS ---- */

struct resolver {
	const struct name *zone;
	struct spf_item items[ZONE_MAX];
	enum { NOT_ASKED, ASKED, LANDED } answers[ZONE_MAX];
	size_t order[ZONE_MAX];		/* the places in zone, as they were asked for */
	size_t asked, landed;		/* how many of these */
};

static struct spf_answer
ask(void *arg, const char *name, enum spf_type type)
{
	struct resolver *r = arg;

	for (size_t i = 0; type == SPF_TYPE_TXT && i < ZONE_MAX && r->zone[i].name != NULL; i++) {
		if (strcmp(r->zone[i].name, name) != 0)
			continue;
		if (r->answers[i] == NOT_ASKED) {
			r->answers[i] = ASKED;
			r->order[r->asked++] = i;
		}
		return r->answers[i] == LANDED ? (struct spf_answer){ SPF_FOUND, 1, &r->items[i] } :
		    (struct spf_answer){ .status = SPF_OPEN };
	}
	return (struct spf_answer){ .status = SPF_NOT_FOUND };
}

static struct spf_item
item(const struct spf_answer *a, size_t i)
{
	return ((const struct spf_item *)a->records)[i];
}

static struct resolver
resolver(const struct bench_case *c, bool cached)
{
	struct resolver r = { .zone = c->zone };

	for (size_t i = 0; i < ZONE_MAX && c->zone[i].name != NULL; i++) {
		r.items[i] = (struct spf_item){ .text = c->zone[i].text, .text_len = strlen(c->zone[i].text) };
		r.answers[i] = cached ? LANDED : NOT_ASKED;
	}
	return r;
}

/* ---- measuring ---- */

static struct spf *
check(struct arena *a, struct resolver *r)
{
	struct spf_subject s = { .helo = "mx.example.com", .local = "ann", .domain = "example.com",
		.receiver = "mx.example.org", .now_s = 1800000000 };

	address_parse(&s.client, "192.0.2.7");
	return spf_new(a, &s, &(struct spf_source){ ask, item, r });
}

/* The runs after the first, until nothing is open. */
static unsigned
replays(const struct bench_case *c, bool together)
{
	struct resolver r = resolver(c, false);
	struct arena *a = arena_new();
	struct spf *s = check(a, &r);

	for (unsigned count = 0; ; count++) {
		struct spf_outcome o = spf_run(s);
		bool done = !o.waiting, expected = o.waiting ? r.landed < r.asked : o.result == c->result;
		if (!expected) {
			fprintf(stderr, "spf: %s: after %u replays: %s\n", c->is, count,
			    done ? spf_result_word(o.result) : "it waits for nothing");
			exit(1);
		}
		if (done) {
			arena_free(a);
			return count;
		}
		for (size_t end = together ? r.asked : r.landed + 1; r.landed < end; r.landed++)
			r.answers[r.order[r.landed]] = LANDED;
	}
}

static double
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Microseconds of an evaluation whose answers are all there. */
static double
price(const struct bench_case *c)
{
	struct resolver r = resolver(c, true);
	double begin = cpu_us();

	for (int i = 0; i < REPEATS; i++) {
		struct arena *a = arena_new();
		struct spf_outcome o = spf_run(check(a, &r));
		arena_free(a);
		if (o.waiting || o.result != c->result) {
			fprintf(stderr, "spf: %s: %s\n", c->is, o.waiting ? "it waits" : spf_result_word(o.result));
			exit(1);
		}
	}
	return (cpu_us() - begin) / REPEATS;
}

/* ---- strangers who mean no good ---- */

enum { ASKED_MAX = 500, ADDRESSES = 300, RECORD_BYTES = 8192 };

struct stranger {
	const char *is;
	enum spf_result result;
	const char *term;		/* ten times in each record, # is its number; then networks to the longest record there may be */
};

#define DEAR "%{s1}.%{s1}.%{s1}.%{s1}.%{s1}.%{s1}.%{s1}.%{s1}.%{s1}."

static const struct stranger strangers[] = {
	{ "tree", SPF_PERMERROR, " include:" DEAR "#.%{d}" },
	{ "hosts", SPF_FAIL, " mx:" DEAR "#.%{d}" },
};

struct stage {				/* the DNS of one of them */
	struct spf_item record, addresses[ADDRESSES], hosts[ASKED_MAX][SPF_NAMES_MAX];
	char text[RECORD_BYTES + 1], host_names[ASKED_MAX][SPF_NAMES_MAX][DOMAIN_TEXT + 8];
	char names[ASKED_MAX][DOMAIN_TEXT];
	enum spf_type types[ASKED_MAX];
	bool landed[ASKED_MAX];
	size_t asked;
};

static void
set(struct stage *s, const char *term)
{
	struct text t = TEXT(s->text);

	text_add(&t, "v=spf1");
	for (char i = '0'; i <= '9'; i++)
		for (const char *at = term; *at; at++)
			text_add_bytes(&t, *at == '#' ? &i : at, 1);
	while (t.len + strlen(" ip4:10.0.0.0 -all") <= RECORD_BYTES)
		text_add(&t, " ip4:10.0.0.0");
	text_add(&t, " -all");
	s->record = (struct spf_item){ .text = s->text, .text_len = t.len };
	for (size_t i = 0; i < ADDRESSES; i++)
		address_parse(&s->addresses[i].address, "198.51.100.1");
}

static struct spf_answer
ask_stranger(void *arg, const char *name, enum spf_type type)
{
	struct stage *s = arg;
	size_t i = 0;

	while (i < s->asked && (s->types[i] != type || strcmp(s->names[i], name) != 0))
		i++;
	if (i == ASKED_MAX) {
		fprintf(stderr, "spf: more than %d questions\n", ASKED_MAX);
		exit(1);
	}
	if (i == s->asked) {
		s->types[s->asked++] = type;
		strcpy(s->names[i], name);
		for (size_t k = 0; k < SPF_NAMES_MAX; k++) {
			snprintf(s->host_names[i][k], sizeof s->host_names[i][k], "%zu.%.240s", k, name);
			s->hosts[i][k].name = s->host_names[i][k];
		}
	}
	if (!s->landed[i])
		return (struct spf_answer){ .status = SPF_OPEN };
	if (type == SPF_TYPE_TXT)
		return (struct spf_answer){ SPF_FOUND, 1, &s->record };
	if (type == SPF_TYPE_MX)
		return (struct spf_answer){ SPF_FOUND, SPF_NAMES_MAX, s->hosts[i] };
	return (struct spf_answer){ SPF_FOUND, ADDRESSES, s->addresses };
}

static void
bear(const struct stranger *stranger)
{
	static struct stage s;
	char local[] = "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"
	    ".a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a";
	struct spf_subject subject = { .helo = local, .local = local, .domain = "x.example.com", .receiver = "mx.example.org" };
	struct arena *a = arena_new();
	struct spf_outcome o;
	double us = 0;
	unsigned runs = 0;

	s = (struct stage){ .asked = 0 };
	set(&s, stranger->term);
	address_parse(&subject.client, "192.0.2.7");
	struct spf *c = spf_new(a, &subject, &(struct spf_source){ ask_stranger, item, &s });
	for (;; runs++) {
		double begin = cpu_us();
		o = spf_run(c);
		us += cpu_us() - begin;
		if (!o.waiting)
			break;
		size_t open = s.asked;
		while (open > 0 && s.landed[open - 1])
			open--;
		if (open == 0)
			break;
		s.landed[open - 1] = true;
	}
	if (o.waiting || o.result != stranger->result) {
		fprintf(stderr, "spf: %s: %s\n", stranger->is, o.waiting ? "it waits for nothing" : spf_result_word(o.result));
		exit(1);
	}
	printf("case=%s ms=%.1f replays=%u\n", stranger->is, us / 1e3, runs);
	arena_free(a);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		printf("case=%s us=%.2f single=%u together=%u\n", cases[i].is, price(&cases[i]), replays(&cases[i], false),
		    replays(&cases[i], true));
	for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
		bear(&strangers[i]);
	return 0;
}
