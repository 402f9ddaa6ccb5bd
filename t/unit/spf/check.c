/* check.c - test of src/spf/check.c: the check of a host by RFC 7208 promises that …
 *
 * Every section of the RFC that has a MUST has its cases.  Each is checked with all answers at hand, and then
 * with answers that come one at a time, in several orders: the outcome must be the same.
 */
#include "spf/spf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

enum { QUESTIONS_MAX = 400, ITEMS_MAX = 40, ORDERS = 8 };

static const char *const types[] = { "A", "AAAA", "MX", "PTR", "TXT" };

struct question {
	char name[256];
	enum spf_type type;
	bool known;
};

struct resolver {
	struct arena *arena;
	const char *zone;		/* lines "name TYPE value", value may be FAILS; in it \0, \r and \n are the octets */
	bool slow;			/* answers are open until they are delivered */
	struct question asked[QUESTIONS_MAX];
	size_t count;
};

static void
unescape(struct spf_item *item, char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++, n++)
		if (text[i] == '\\' && i + 1 < len)
			text[n] = text[++i] == '0' ? '\0' : text[i] == 'r' ? '\r' : '\n';
		else
			text[n] = text[i];
	item->text = text;
	item->text_len = n;
}

static struct spf_answer
answer(struct resolver *r, const char *name, enum spf_type type)
{
	struct spf_item *items = arena_alloc(r->arena, ITEMS_MAX * sizeof *items);
	size_t count = 0, name_len = strlen(name), type_len = strlen(types[type]);

	for (const char *line = r->zone, *end; *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		if (strncasecmp(line, name, name_len) != 0 || line[name_len] != ' ')
			continue;
		const char *at = line + name_len + 1;
		if (strncmp(at, types[type], type_len) != 0 || at[type_len] != ' ')
			continue;
		at += type_len + 1;
		char *value = arena_strndup(r->arena, at, (size_t)(end - at));
		if (strcmp(value, "FAILS") == 0)
			return (struct spf_answer){ .status = SPF_FAILED };
		assert_true(count < ITEMS_MAX);
		struct spf_item *item = &items[count++];
		item->name = value;
		if (type == SPF_TYPE_TXT)
			unescape(item, value, (size_t)(end - at));
		else if (type == SPF_TYPE_A || type == SPF_TYPE_AAAA)
			assert_true(address_parse(&item->address, value));
	}
	return (struct spf_answer){ count ? SPF_FOUND : SPF_NOT_FOUND, count, items };
}

static size_t looked_at;			/* how many records */

static struct spf_item
item(const struct spf_answer *a, size_t i)
{
	looked_at++;
	return ((const struct spf_item *)a->records)[i];
}

static struct spf_answer
ask(void *arg, const char *name, enum spf_type type)
{
	struct resolver *r = arg;
	size_t i = 0;

	assert_in_range(strlen(name), 1, 253);
	while (i < r->count && (r->asked[i].type != type || strcmp(r->asked[i].name, name) != 0))
		i++;
	if (i == r->count) {
		assert_true(r->count < QUESTIONS_MAX);
		snprintf(r->asked[i].name, sizeof r->asked[i].name, "%s", name);
		r->asked[i].type = type;
		r->asked[i].known = !r->slow;
		r->count++;
	}
	return r->asked[i].known ? answer(r, name, type) : (struct spf_answer){ .status = SPF_OPEN };
}

static struct spf *
check(struct arena *a, const struct spf_subject *s, struct resolver *r)
{
	return spf_new(a, s, &(struct spf_source){ ask, item, r });
}

/* Deliver one open answer: the first asked, the last, or any. */
static bool
deliver(struct resolver *r, unsigned order)
{
	size_t open[QUESTIONS_MAX], count = 0;

	for (size_t i = 0; i < r->count; i++)
		if (!r->asked[i].known)
			open[count++] = i;
	if (count == 0)
		return false;
	r->asked[open[order == 0 ? 0 : order == 1 ? count - 1 : (size_t)rand() % count]].known = true;
	return true;
}

struct promise {
	const char *says, *zone, *want;
	const char *client, *helo, *sender;	/* 192.0.2.7, mx.example.net, ann@example.com if not said */
	int terms, voids;			/* as counted; 0: not looked at, -1: none */
};

/* "fail by -all: the explanation", "permerror: why", "neutral, unsure". */
static const char *
line(struct arena *a, const struct spf_outcome *o)
{
	return arena_printf(a, "%s%s%s%s%s%s", spf_result_word(o->result), o->mechanism ? " by " : "",
	    o->mechanism ? o->mechanism : "", o->unsure ? ", unsure" : "", o->why || o->explanation ? ": " : "",
	    o->why ? o->why : o->explanation ? o->explanation : "");
}

static struct spf_subject
subject(struct arena *a, const struct promise *p)
{
	const char *sender = p->sender ? p->sender : "ann@example.com", *at = strrchr(sender, '@');
	struct spf_subject s = { .helo = p->helo ? p->helo : "mx.example.net", .receiver = "mx.example.org",
	    .now_s = 1800000000 };

	s.local = at ? arena_strndup(a, sender, (size_t)(at - sender)) : "";
	s.domain = at ? at + 1 : s.helo;
	assert_true(address_parse(&s.client, p->client ? p->client : "192.0.2.7"));
	return s;
}

static void
keep(const struct promise *p)
{
	struct arena *a = arena_new();
	struct spf_subject s = subject(a, p);
	struct resolver all = { .arena = a, .zone = p->zone };
	struct spf_outcome now = spf_run(check(a, &s, &all));

	assert_false(now.waiting);
	assert_string_equal(line(a, &now), p->want);
	if (p->terms != 0)
		assert_int_equal(now.terms, p->terms < 0 ? 0 : p->terms);
	if (p->voids != 0)
		assert_int_equal(now.voids, p->voids < 0 ? 0 : p->voids);
	for (unsigned order = 0; order < ORDERS; order++) {
		struct resolver r = { .arena = a, .zone = p->zone, .slow = true };
		struct spf *c = check(a, &s, &r);
		struct spf_outcome late;

		srand(order);
		while ((late = spf_run(c)).waiting)
			if (!deliver(&r, order))
				fail_msg("it waits for nothing");
		assert_string_equal(line(a, &late), p->want);
		assert_string_equal(late.trace, now.trace);
		assert_int_equal(late.terms, now.terms);
		assert_int_equal(late.voids, now.voids);
	}
	arena_free(a);
}

#define CASE(s, z, w, ...) { .says = s, .zone = z, .want = w, __VA_ARGS__ }
#define RECORD(text) "example.com TXT v=spf1 " text "\n"
#define NET(text) "example.net TXT v=spf1 " text "\n"
#define LABEL "0123456789012345678901234567890123456789012345678901234567890"	/* 61 */

static const struct promise promises[] = {
	/* ---- s.2.3, s.2.4, s.4.1, s.4.3: who is judged ---- */
	CASE("s.2.4: an empty local part is the postmaster's", RECORD("exists:%{l}.%{o} -all") "postmaster.example.com A 127.0.0.2\n",
	  "pass by exists:%{l}.%{o}", .sender = "@example.com"),
	CASE("s.2.4: a HELO name is judged as its postmaster", "mx.example.net TXT v=spf1 -all exp=e.example\n"
	  "e.example TXT %{s}\n", "fail by -all: postmaster@mx.example.net", .sender = ""),
	CASE("s.4.3: a name of one label has no record", "localhost TXT v=spf1 -all\n", "none", .sender = "ann@localhost"),
	CASE("s.4.3: even if it is included", RECORD("include:%{d1} -all") "com TXT v=spf1 +all\n", "permerror: com has no record"),
	CASE("s.4.3: or redirected to", RECORD("redirect=%{d1}") "com TXT v=spf1 +all\n", "permerror: com has no record"),
	CASE("s.4.8: but an address it may have", RECORD("a:%{d1} -all") "com A 192.0.2.7\n", "pass by a:%{d1}"),
	CASE("s.4.3: nor has a label of 64 octets", RECORD("-all"), "none", .sender = "ann@" LABEL "123.example.com"),
	CASE("s.4.3: nor an empty label", RECORD("-all"), "none", .sender = "ann@a..example.com"),
	CASE("s.4.3: nor an address literal", "", "none", .sender = "ann@[192.0.2.7]"),
	CASE("s.4.3: nor an empty name", "", "none", .sender = "ann@"),
	CASE("s.4.3: a label of 63 octets is a good one", LABEL "12.example.com TXT v=spf1 -all\n", "fail by -all",
	  .sender = "ann@" LABEL "12.example.com"),
	/* ---- s.3.1 to s.3.3, s.4.4, s.4.5: finding the record ---- */
	CASE("s.4.4: no answer now is a temporary error", "example.com TXT FAILS\n",
	  "temperror: cannot look up the record of example.com now"),
	CASE("s.4.5: no TXT is none", "example.com A 192.0.2.7\n", "none", .terms = -1, .voids = -1),
	CASE("s.4.5: other texts are not looked at", "example.com TXT v=spf10 -all\nexample.com TXT v=spf1-all\n"
	  "example.com TXT \xff\\0\nexample.com TXT spf2.0/pra -all\n" RECORD("+all"), "pass by +all"),
	CASE("s.4.5: nor if there are no others", "example.com TXT v=spf10 -all\n", "none"),
	CASE("s.4.5: the version alone is a record", "example.com TXT v=spf1\n", "neutral"),
	CASE("s.3.2: two records are an error", RECORD("+all") RECORD("+all"), "permerror: example.com has more than one record"),
	CASE("s.3.1: octets beyond ASCII are an error", RECORD("+all x=caf\xc3\xa9"),
	  "permerror: the record of example.com cannot be read: v=spf1: an octet that no record may hold"),
	CASE("s.3.1: so is a NUL", RECORD("+all\\0"),
	  "permerror: the record of example.com cannot be read: v=spf1: an octet that no record may hold"),
	/* ---- s.4.6, s.4.7: evaluation ---- */
	CASE("s.4.6: an error anywhere spoils it all", RECORD("+all mxx"),
	  "permerror: the record of example.com cannot be read: mxx: there is no such mechanism"),
	CASE("s.4.6.2: the first that matches counts", RECORD("?ip4:192.0.2.0/24 -ip4:192.0.2.7 +all"), "neutral by ?ip4:192.0.2.0/24"),
	CASE("s.4.6.2: what stands behind costs nothing", RECORD("+ip4:192.0.2.7 a:b.example mx:c.example"),
	  "pass by +ip4:192.0.2.7", .terms = -1),
	CASE("s.4.6.2: + is pass", RECORD("+all"), "pass by +all"),
	CASE("s.4.6.2: - is fail", RECORD("-all"), "fail by -all"),
	CASE("s.4.6.2: ~ is softfail", RECORD("~all"), "softfail by ~all"),
	CASE("s.4.6.2: ? is neutral", RECORD("?all"), "neutral by ?all"),
	CASE("s.4.6.2: nothing is +", RECORD("all"), "pass by all"),
	CASE("s.4.7: no match is neutral", RECORD("ip4:192.0.2.8 -ip4:192.0.2.9"), "neutral"),
	CASE("s.4.8: a name without records does not match", RECORD("a:%{d}..example.net -all"), "fail by -all", .voids = 1),
	CASE("s.4.8: a dot at the end does not matter", RECORD("a:mx.example.net. -all") "mx.example.net A 192.0.2.7\n",
	  "pass by a:mx.example.net."),
	CASE("s.4.8: nor does case", RECORD("a:MX.Example.NET -all") "mx.example.net A 192.0.2.7\n", "pass by a:MX.Example.NET"),
	/* ---- s.5: addresses ---- */
	CASE("s.5: an IPv4 client in IPv6 clothes is an IPv4 client", RECORD("ip6:::ffff:192.0.2.7 ip4:192.0.2.7 -all"),
	  "pass by ip4:192.0.2.7", .client = "::ffff:192.0.2.7"),
	CASE("s.5: a DNS error at a mechanism is a temporary error", RECORD("a:mx.example.net +all") "mx.example.net A FAILS\n",
	  "temperror: cannot look up mx.example.net now"),
	CASE("s.5: of an MX", RECORD("mx +all") "example.com MX FAILS\n", "temperror: cannot look up example.com now"),
	CASE("s.5: of an MX's address", RECORD("mx +all") "example.com MX mx.example.net\nmx.example.net A FAILS\n",
	  "temperror: cannot look up mx.example.net now"),
	CASE("s.5: of exists", RECORD("exists:a.example +all") "a.example A FAILS\n", "temperror: cannot look up a.example now"),
	CASE("s.5: behind a match it does not matter", RECORD("a -mx") "example.com A 192.0.2.7\nexample.com MX FAILS\n", "pass by a"),
	/* ---- s.5.1 ---- */
	CASE("s.5.1: what stands behind all is not looked at", RECORD("-all a:mx.example.net +all redirect=example.net"),
	  "fail by -all", .terms = -1),
	/* ---- s.5.2: include ---- */
	CASE("s.5.2: included pass matches", RECORD("-include:example.net +all") NET("a:mx.example.net -all") "mx.example.net A 192.0.2.7\n",
	  "fail by a:mx.example.net", .terms = 2),
	CASE("s.5.2: fail does not", RECORD("include:example.net ~all") NET("-all"), "softfail by ~all"),
	CASE("s.5.2: softfail does not", RECORD("include:example.net +all") NET("~all"), "pass by +all"),
	CASE("s.5.2: neutral does not", RECORD("include:example.net -all") NET("?all"), "fail by -all"),
	CASE("s.5.2: no match does not", RECORD("include:example.net -all") NET("ip4:192.0.2.9"), "fail by -all"),
	CASE("s.5.2: its temporary error is ours", RECORD("include:example.net -all") "example.net TXT FAILS\n",
	  "temperror: cannot look up the record of example.net now"),
	CASE("s.5.2: its permanent error is ours", RECORD("include:example.net -all") NET("ip4:192.0.2"),
	  "permerror: the record of example.net cannot be read: ip4:192.0.2: this is no network"),
	CASE("s.5.2: to include nothing is an error", RECORD("include:example.net -all"), "permerror: example.net has no record"),
	CASE("s.5.2: its all does not end ours", RECORD("include:example.net include:example.org -all") NET("-all")
	  "example.org TXT v=spf1 ip4:192.0.2.7\n", "pass by ip4:192.0.2.7"),
	CASE("s.5.2: its redirect is followed", RECORD("include:example.net -all") NET("redirect=example.org")
	  "example.org TXT v=spf1 ip4:192.0.2.7 -all\n", "pass by ip4:192.0.2.7", .terms = 2),
	CASE("s.5.2: in it %{d} is its domain, %{o} the sender's", RECORD("include:example.net -all") NET("exists:%{d}.%{o}")
	  "example.net.example.com A 127.0.0.2\n", "pass by exists:%{d}.%{o}"),
	CASE("s.5.2: its name may be a macro", RECORD("include:%{d1}.%{l}.example -all") "com.ann.example TXT v=spf1 +all\n", "pass by +all"),
	/* ---- s.5.3: a ---- */
	CASE("s.5.3: any of its addresses matches", RECORD("a -all") "example.com A 192.0.2.6\nexample.com A 192.0.2.7\n", "pass by a"),
	CASE("s.5.3: for an IPv6 client AAAA is asked", RECORD("a -all") "example.com A FAILS\nexample.com AAAA 2001:db8::7\n",
	  "pass by a", .client = "2001:db8::7"),
	CASE("s.5.3: for an IPv4 client A", RECORD("a -all") "example.com AAAA FAILS\nexample.com A 192.0.2.7\n", "pass by a"),
	CASE("s.5.3: within the prefix", RECORD("a/24 -all") "example.com A 192.0.2.200\n", "pass by a/24"),
	CASE("s.5.3: and not without", RECORD("a/25 -all") "example.com A 192.0.2.200\n", "fail by -all"),
	CASE("s.5.3: of IPv6", RECORD("a/8//64 -all") "example.com AAAA 2001:db8::1:0:0:7\n", "pass by a/8//64",
	  .client = "2001:db8::2:0:0:8"),
	CASE("s.5.3: with prefix 0 any address matches", RECORD("a/0 -all") "example.com A 203.0.113.1\n", "pass by a/0"),
	CASE("s.5.3: and none if there is none", RECORD("a/0 -all"), "fail by -all"),
	CASE("s.5.3: an IPv6 prefix is not for IPv4", RECORD("a//0 -all") "example.com A 203.0.113.1\n", "fail by -all"),
	/* ---- s.5.4: mx ---- */
	CASE("s.5.4: any address of any exchange matches", RECORD("mx -all") "example.com MX a.example\nexample.com MX b.example\n"
	  "a.example A 192.0.2.6\nb.example A 192.0.2.5\nb.example A 192.0.2.7\n", "pass by mx", .terms = 1),
	CASE("s.5.4: the domain's own address is none", RECORD("mx -all") "example.com A 192.0.2.7\n", "fail by -all", .voids = 1),
	CASE("s.5.4: with a prefix and a name", RECORD("mx:example.net/24//64 -all") "example.net MX a.example\na.example A 192.0.2.200\n",
	  "pass by mx:example.net/24//64"),
	CASE("s.5.4: of IPv6", RECORD("mx -all") "example.com MX a.example\na.example AAAA 2001:db8::7\n", "pass by mx",
	  .client = "2001:db8::7"),
	/* ---- s.5.5: ptr ---- */
	CASE("s.5.5: a validated name below the domain matches", RECORD("ptr -all") "7.2.0.192.in-addr.arpa PTR mx.example.com\n"
	  "mx.example.com A 192.0.2.7\n", "pass by ptr"),
	CASE("s.5.5: the domain itself, too", RECORD("ptr:example.net -all") "7.2.0.192.in-addr.arpa PTR example.net\n"
	  "example.net A 192.0.2.7\n", "pass by ptr:example.net"),
	CASE("s.5.5: a name that does not lead back does not", RECORD("ptr -all") "7.2.0.192.in-addr.arpa PTR mx.example.com\n"
	  "mx.example.com A 192.0.2.8\n", "fail by -all"),
	CASE("s.5.5: nor one that only ends alike", RECORD("ptr -all") "7.2.0.192.in-addr.arpa PTR badexample.com\n"
	  "badexample.com A 192.0.2.7\n", "fail by -all"),
	CASE("s.5.5: of IPv6", RECORD("ptr -all") "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR mx.example.com\n"
	  "mx.example.com AAAA 2001:db8::7\n", "pass by ptr", .client = "2001:db8::7"),
	CASE("s.5.5: an error of the PTR is no match, but known", RECORD("ptr -all") "7.2.0.192.in-addr.arpa PTR FAILS\n",
	  "fail by -all, unsure"),
	CASE("s.5.5: of an address, that name is skipped", RECORD("ptr ~all") "7.2.0.192.in-addr.arpa PTR a.example.com\n"
	  "7.2.0.192.in-addr.arpa PTR b.example.com\na.example.com A FAILS\nb.example.com A 192.0.2.7\n", "pass by ptr, unsure"),
	/* ---- s.5.6: ip4, ip6 ---- */
	CASE("s.5.6: the host bits do not matter", RECORD("ip4:192.0.2.200/24 -all"), "pass by ip4:192.0.2.200/24"),
	CASE("s.5.6: without a prefix it is one address", RECORD("ip4:192.0.2.6 -all"), "fail by -all"),
	CASE("s.5.6: prefix 0 is every IPv4 client", RECORD("ip6:::/0 ip4:198.51.100.1/0 -all"), "pass by ip4:198.51.100.1/0"),
	CASE("s.5.6: and every IPv6 client", RECORD("ip4:0.0.0.0/0 ip6:::/0 -all"), "pass by ip6:::/0", .client = "2001:db8::7"),
	/* ---- s.5.7: exists ---- */
	CASE("s.5.7: any A record matches, whatever it says", RECORD("exists:%{ir}.%{v}.%{d} -all")
	  "7.2.0.192.in-addr.example.com A 203.0.113.99\n", "pass by exists:%{ir}.%{v}.%{d}"),
	CASE("s.5.7: for IPv6 clients, too", RECORD("exists:a.example -all") "a.example A 127.0.0.2\n", "pass by exists:a.example",
	  .client = "2001:db8::7"),
	CASE("s.5.7: AAAA is not asked", RECORD("exists:a.example -all") "a.example AAAA 2001:db8::7\n", "fail by -all",
	  .client = "2001:db8::7"),
	/* ---- s.6.1: redirect ---- */
	CASE("s.6.1: it is followed if nothing matches, wherever it stands", RECORD("redirect=example.net ip4:192.0.2.9") NET("-all"),
	  "fail by -all", .terms = 1),
	CASE("s.6.1: not if something does", RECORD("redirect=example.net ?ip4:192.0.2.7") NET("-all"), "neutral by ?ip4:192.0.2.7"),
	CASE("s.6.1: nor if there is an all", RECORD("redirect=example.net ?all") NET("-all"), "neutral by ?all", .terms = -1),
	CASE("s.6.1: its result is the result", RECORD("redirect=example.net") NET("ip4:192.0.2.9"), "neutral"),
	CASE("s.6.1: to nothing is an error", RECORD("redirect=example.net"), "permerror: example.net has no record"),
	CASE("s.6.1: to a name that is none, too", RECORD("redirect=a..example"), "permerror: a..example has no record"),
	CASE("s.6.1: in it %{d} is the new domain", RECORD("redirect=example.net") NET("exists:%{d}.a.example -all")
	  "example.net.a.example A 127.0.0.2\n", "pass by exists:%{d}.a.example"),
	/* ---- s.6.2: exp ---- */
	CASE("s.6.2: the domain explains", RECORD("-all exp=e.%{d}") "e.example.com TXT %{i} may not; %{c} %{r} %{t}%_%%\n",
	  "fail by -all: 192.0.2.7 may not; 192.0.2.7 mx.example.org 1800000000 %"),
	CASE("s.6.2: blanks stay as they are", RECORD("-all exp=e.example") "e.example TXT  a  b \n", "fail by -all:  a  b "),
	CASE("s.6.2: only a failure", RECORD("~all exp=e.example") "e.example TXT no\n", "softfail by ~all"),
	CASE("s.6.2: no text is no explanation", RECORD("-all exp=e.example"), "fail by -all"),
	CASE("s.6.2: nor is an error", RECORD("-all exp=e.example") "e.example TXT FAILS\n", "fail by -all"),
	CASE("s.6.2: nor are two texts", RECORD("-all exp=e.example") "e.example TXT a\ne.example TXT b\n", "fail by -all"),
	CASE("s.6.2: nor one that is wrong", RECORD("-all exp=e.example") "e.example TXT 100% no\n", "fail by -all"),
	CASE("s.6.2: nor one with a line break", RECORD("-all exp=e.example") "e.example TXT no\\r\\naction=DUNNO\n", "fail by -all"),
	CASE("s.6.2: nor one with a NUL", RECORD("-all exp=e.example") "e.example TXT no\\0no\n", "fail by -all"),
	CASE("s.6.2: nor one beyond ASCII", RECORD("-all exp=e.example") "e.example TXT caf\xc3\xa9\n", "fail by -all"),
	CASE("s.6.2: nor one at a name that is none", RECORD("-all exp=a..example"), "fail by -all"),
	CASE("s.6.2: one included does not count", RECORD("-include:example.net exp=e.example") NET("+all exp=f.example")
	  "e.example TXT ours\nf.example TXT theirs\n", "fail by +all: ours"),
	CASE("s.6.2: of a redirect the new domain's counts", RECORD("redirect=example.net exp=e.example") NET("-all exp=f.%{d}")
	  "e.example TXT ours\nf.example.net TXT theirs %{d}\n", "fail by -all: theirs example.net"),
	CASE("s.6.2: even if it has none", RECORD("redirect=example.net exp=e.example") NET("-all") "e.example TXT ours\n", "fail by -all"),
	CASE("s.6.2: it costs no term and no void", RECORD("-all exp=e.example"), "fail by -all", .terms = -1, .voids = -1),
	/* ---- s.7: macros ---- */
	CASE("s.7.3: %{d2} of two labels is both", RECORD("exists:%{d2}.a.example -all") "example.com.a.example A 127.0.0.2\n",
	  "pass by exists:%{d2}.a.example"),
	CASE("s.7.3: other delimiters split", RECORD("exists:%{l1r+-/=}.a.example -all") "bob.a.example A 127.0.0.2\n",
	  "pass by exists:%{l1r+-/=}.a.example", .sender = "bob+x-y/z=@example.com"),
	CASE("s.7.3: a name too long loses labels from the left", RECORD("exists:%{l}." LABEL "." LABEL "." LABEL "." LABEL ".x -all")
	  LABEL "." LABEL "." LABEL "." LABEL ".x A 127.0.0.2\n",
	  "pass by exists:%{l}." LABEL "." LABEL "." LABEL "." LABEL ".x", .sender = "two.labels@example.com"),
	CASE("s.7.3: 253 octets are not too long", RECORD("exists:%{l}." LABEL "." LABEL "." LABEL "." LABEL ".x -all")
	  "abc." LABEL "." LABEL "." LABEL "." LABEL ".x A 127.0.0.2\n",
	  "pass by exists:%{l}." LABEL "." LABEL "." LABEL "." LABEL ".x", .sender = "abc@example.com"),
	CASE("s.7.2: %{p} is the validated name, the domain's before others", RECORD("exists:%{p}.a.example -all")
	  "7.2.0.192.in-addr.arpa PTR a.example.net\n7.2.0.192.in-addr.arpa PTR mx.example.com\na.example.net A 192.0.2.7\n"
	  "mx.example.com A 192.0.2.7\nmx.example.com.a.example A 127.0.0.2\n", "pass by exists:%{p}.a.example"),
	CASE("s.7.2: the domain itself before names below it", RECORD("-all exp=e.example") "e.example TXT %{p}\n"
	  "7.2.0.192.in-addr.arpa PTR mx.example.com\n7.2.0.192.in-addr.arpa PTR example.com\nmx.example.com A 192.0.2.7\n"
	  "example.com A 192.0.2.7\n", "fail by -all: example.com"),
	CASE("s.7.2: unknown if none leads back", RECORD("-all exp=e.example") "e.example TXT %{p}\n"
	  "7.2.0.192.in-addr.arpa PTR mx.example.com\nmx.example.com A 192.0.2.8\n", "fail by -all: unknown"),
	CASE("s.7.2: unknown if that cannot be looked up", RECORD("-all exp=e.example") "e.example TXT %{p}\n"
	  "7.2.0.192.in-addr.arpa PTR FAILS\n", "fail by -all: unknown"),
	CASE("s.7.2: the HELO name as said", RECORD("exists:%{h}.a.example -all exp=e.example") "e.example TXT %{h}\n",
	  "fail by -all: JUMPIN' JUPITER", .helo = "JUMPIN' JUPITER"),
	CASE("s.7.3: capitals are escaped", RECORD("-all exp=e.example") "e.example TXT http://example.com/?s=%{S}&i=%{I}\n",
	  "fail by -all: http://example.com/?s=a%26b%40example.com&i=192.0.2.7", .sender = "a&b@example.com"),
	CASE("s.7: macros in what a macro stands for stay", RECORD("exists:%{l}.a.example ~all") "%{d}.a.example A 127.0.0.2\n",
	  "pass by exists:%{l}.a.example", .sender = "%{d}@example.com"),
};

/* ---- s.4.6.4, s.3.3, s.11.1: limits, with zones made to measure ---- */

static char zone[200000];

static void
add(const char *text)
{
	assert_true(strlen(zone) + strlen(text) < sizeof zone);
	strcat(zone, text);
}

/* A pattern's # are the numbers from 1 to times. */
static void
add_times(int times, const char *pattern)
{
	for (int i = 1; i <= times; i++)
		for (const char *at = pattern; *at; at++) {
			char text[12] = { *at };

			if (*at == '#')
				snprintf(text, sizeof text, "%d", i);
			add(text);
		}
}

static void
promise(const char *want, int terms)
{
	keep(&(struct promise){ .zone = zone, .want = want, .terms = terms });
	*zone = '\0';
}

static const char too_many[] = "permerror: more than 10 terms that take look-ups";
static const char void_too_many[] = "permerror: more than 2 look-ups find nothing";

static void
terms_in_one_record(void **state)
{
	(void)state;
	for (int n = 10; n <= 11; n++) {
		add("example.com TXT v=spf1");
		add_times(n, " a:a#.example");
		add(" -all\n");
		add_times(n, "a#.example A 198.51.100.#\n");
		promise(n == 10 ? "fail by -all" : too_many, n);
	}
	add("example.com TXT v=spf1");
	add_times(9, " mx:a#.example");
	add(" exists:e.example a:never.example mx:never.example -all\ne.example A 127.0.0.2\nm.example A 198.51.100.1\n");
	add_times(9, "a#.example MX m.example\n");
	promise("pass by exists:e.example", 10);
}

static void
terms_in_all_records(void **state)
{
	(void)state;
	for (int n = 4; n <= 5; n++) {
		add(RECORD("include:a.example include:b.example -all"));
		add("a.example TXT v=spf1");
		add_times(4, " mx:m#.example");
		add("\nb.example TXT v=spf1");
		add_times(n, " a:a#.example");
		add("\nmail.example A 198.51.100.1\n");
		add_times(4, "m#.example MX mail.example\n");
		add_times(n, "a#.example A 198.51.100.#\n");
		promise(n == 4 ? "fail by -all" : too_many, n + 6);
	}
}

static void
includes(void **state)
{
	(void)state;
	for (int n = 9; n <= 10; n++) {	/* n1 … n10 each include the next: one term more than n */
		add(RECORD("include:n1.example -all"));
		for (int i = 1; i <= n; i++) {
			char text[100];

			snprintf(text, sizeof text, "n%d.example TXT v=spf1 include:n%d.example ?all\n", i, i + 1);
			add(text);
		}
		add(n == 9 ? "n10.example TXT v=spf1 ?all\n" : "n11.example TXT v=spf1 ?all\n");
		promise(n == 9 ? "fail by -all" : too_many, n + 1);
	}
	for (int n = 10; n <= 11; n++) {
		add("example.com TXT v=spf1");
		add_times(n, " include:i#.example");
		add(" -all\n");
		add_times(n, "i#.example TXT v=spf1 ip4:198.51.100.# ?all\n");
		promise(n == 10 ? "fail by -all" : too_many, n);
	}
	add(RECORD("include:example.com -all"));
	promise(too_many, 11);
}

static void
redirects(void **state)
{
	(void)state;
	for (int n = 10; n <= 11; n++) {
		add(RECORD("redirect=r1.example"));
		for (int i = 1; i < n; i++) {
			char text[100];

			snprintf(text, sizeof text, "r%d.example TXT v=spf1 redirect=r%d.example\n", i, i + 1);
			add(text);
		}
		add(n == 10 ? "r10.example TXT v=spf1 -all\n" : "r11.example TXT v=spf1 -all\n");
		promise(n == 10 ? "fail by -all" : too_many, n);
	}
	add(RECORD("redirect=example.com"));
	promise(too_many, 11);
}

static void
voids(void **state)
{
	(void)state;
	add(RECORD("a:n.example mx:n.example ~all"));
	promise("softfail by ~all", 2);
	add(RECORD("a:n.example mx:n.example exists:n.example ~all"));
	promise(void_too_many, 3);
	add(RECORD("a:n.example include:example.net include:example.org ~all") NET("mx:n.example ?all")
	    "example.org TXT v=spf1 exists:n.example ?all\n");
	promise(void_too_many, 5);
	/* Of an MX each host without an address is one. */
	add(RECORD("mx ~all") "example.com MX a.example\nexample.com MX b.example\nexample.com MX c.example\n");
	promise(void_too_many, 1);
	add(RECORD("a:n.example mx:n.example ip4:192.0.2.7 a:n.example ~all"));
	promise("pass by ip4:192.0.2.7", 2);
}

static void
names(void **state)
{
	(void)state;
	for (int n = 10; n <= 11; n++) {
		add(RECORD("mx -all"));
		add_times(n, "example.com MX m#.example\n");
		add_times(n, "m#.example A 198.51.100.#\n");
		add("m10.example A 192.0.2.7\n");
		promise(n == 10 ? "pass by mx" : "permerror: example.com has more than 10 MX records", 1);
	}
	for (int n = 9; n <= 10; n++) {		/* those beyond ten are as if they were not there */
		add(RECORD("ptr -all exp=e.example") "e.example TXT %{p}\n");
		add_times(n, "7.2.0.192.in-addr.arpa PTR p#.example.com\n");
		add("7.2.0.192.in-addr.arpa PTR mx.example.com\nmx.example.com A 192.0.2.7\n");
		promise(n == 9 ? "pass by ptr" : "fail by -all: unknown", 1);
	}
}

/* Each of ten includes has ten includes, and so on: what is asked stays in bounds. */
static void
trees(void **state)
{
	static const char *const labels[] = { "%{d}", "x.%{d}" };
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		struct arena *a = arena_new();
		struct resolver r = { .arena = a, .zone = zone };
		struct spf_subject s = subject(a, &(struct promise){ .zone = zone });
		char name[200] = "example.com";

		*zone = '\0';
		for (int depth = 0; depth < 14; depth++) {
			add(name);
			add(" TXT v=spf1");
			for (int k = 0; k < 10; k++) {
				add(" include:");
				add(labels[i]);
			}
			add(" redirect=");
			add(labels[i]);
			add("\n");
			memmove(name + 2, name, strlen(name) + 1);
			memcpy(name, "x.", 2);
		}
		struct spf_outcome o = spf_run(check(a, &s, &r));
		assert_string_equal(line(a, &o), too_many);
		assert_in_range(r.count, 1, 11);
		arena_free(a);
		keep(&(struct promise){ .zone = zone, .want = too_many, .terms = 11 });
	}
	*zone = '\0';
}

/* The same with names of its own everywhere: with what lands last first, each can be seen that any order can bring into view. */
static void
trees_from_all_sides(void **state)
{
	(void)state;

	for (unsigned order = 0; order < ORDERS; order++) {
		struct arena *a = arena_new();
		struct resolver r = { .arena = a, .zone = "", .slow = true };
		struct spf_subject s = subject(a, &(struct promise){ .zone = "" });
		char *tree = arena_alloc(a, 200000);
		struct spf *c = check(a, &s, &r);
		struct spf_outcome o;

		r.zone = tree;
		srand(order);
		for (size_t read = 0; (o = spf_run(c)).waiting; ) {
			for (; read < r.count; read++)	/* the zone grows as it is asked for */
				sprintf(tree + strlen(tree), "%s TXT v=spf1 include:a.%%{d} include:b.%%{d} include:c.%%{d} include:d.%%{d} "
				    "include:e.%%{d} include:f.%%{d} include:g.%%{d} include:h.%%{d} include:i.%%{d} include:j.%%{d}\n",
				    r.asked[read].name);
			assert_true(deliver(&r, order));
		}
		assert_string_equal(line(a, &o), too_many);
		assert_in_range(r.count, 11, 65);
		arena_free(a);
	}
}

/* Ten MX of ten hosts of thirty addresses, which come one by one. */
static void
looks_at_addresses_once(void **state)
{
	struct arena *a = arena_new();
	struct resolver r = { .arena = a, .zone = zone, .slow = true };
	struct spf_subject s = subject(a, &(struct promise){ .zone = zone });
	struct spf *c = check(a, &s, &r);
	(void)state;

	add(RECORD("mx:0.example mx:1.example mx:2.example mx:3.example mx:4.example mx:5.example mx:6.example mx:7.example "
	    "mx:8.example mx:9.example -all"));
	for (int mx = 0; mx < 10; mx++)
		for (int host = 0; host < 10; host++) {
			char text[60];

			sprintf(text, "%d.example MX h%d.%d.example\n", mx, host, mx);
			add(text);
			sprintf(text, "h%d.%d.example A 198.51.100.#\n", host, mx);
			add_times(30, text);
		}
	unsigned runs = 0;
	for (looked_at = 0; spf_run(c).waiting; runs++)
		assert_true(deliver(&r, 0));
	assert_in_range(runs, 100, 120);
	assert_in_range(looked_at, 3000, 3000 + runs * 111);	/* the addresses; TXT and MX in each run */
	*zone = '\0';
	arena_free(a);
}

/* Ten hosts behind each of nine MX behind an include that answers late, and includes the same: what is asked for nothing. */
static void
wasted_questions(void **state)
{
	struct arena *a = arena_new();
	struct resolver r = { .arena = a, .zone = zone, .slow = true };
	struct spf_subject s = subject(a, &(struct promise){ .zone = zone });
	static const char domain[] = "x.x.x.x.x.x.x.example.com";
	(void)state;

	for (int depth = 0; depth < 8; depth++) {
		const char *owner = domain + 2 * (7 - depth);

		add(owner);
		add(" TXT v=spf1 include:x.%{d}");
		add_times(9, " mx:m#.%{d}");
		add("\n");
		for (int mx = 1; mx <= 9; mx++)
			for (int host = 0; host < 10; host++) {
				char text[200];

				snprintf(text, sizeof text, "m%d.%s MX h%d.m%d.%s\nh%d.m%d.%s A 198.51.100.1\n", mx, owner, host, mx,
				    owner, host, mx, owner);
				add(text);
			}
	}
	struct spf *c = check(a, &s, &r);
	while (spf_run(c).waiting) {
		bool late = false;

		for (size_t i = 0; i < r.count; i++)	/* all but records; those if there is nothing else */
			if (!r.asked[i].known && r.asked[i].type != SPF_TYPE_TXT)
				late = r.asked[i].known = true;
		if (!late)
			assert_true(deliver(&r, 0));
	}
	assert_in_range(r.count, 20, 100);
	*zone = '\0';
	arena_free(a);
}

/* ---- s.3.4: long records, which libspf2 would cut ---- */

static void
long_records(void **state)
{
	static const struct { int count; const char *pattern, *last, *want; const char *client; } sizes[] = {
		{ 63, " ip4:198.51.100.#", " ip4:192.0.2.7", "pass by ip4:192.0.2.7", "192.0.2.7" },
		{ 63, " ip4:198.51.100.#", " ip4:192.0.2.7", "fail by -all", "192.0.2.8" },
		{ 29, " ip6:2001:db8:#::/48", " ip6:2001:db8:ffff::7", "pass by ip6:2001:db8:ffff::7", "2001:db8:ffff::7" },
		{ 29, " ip6:2001:db8:#::/48", " ip6:2001:db8:ffff::7", "fail by -all", "2001:db8:ffff::8" },
		{ 25, " ip4:198.51.100.#", " ip4:192.0.2.7", "pass by ip4:192.0.2.7", "192.0.2.7" },
		{ 219, " ip4:198.51.100.#", " ~ip4:192.0.2.7", "softfail by ~ip4:192.0.2.7", "192.0.2.7" },
		{ 80, " x#=%{s}abcdefghijklmnopqrstuvwxyz", " a", "pass by a", "192.0.2.7" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		add("example.com A 192.0.2.7\nexample.com TXT v=spf1");
		add_times(sizes[i].count, sizes[i].pattern);
		add(sizes[i].last);
		add(" -all\n");
		keep(&(struct promise){ .zone = zone, .want = sizes[i].want, .client = sizes[i].client });
		*zone = '\0';
	}
}

/* Names that broke others: CVE-2023-42118 and its like. */
static void
hostile_macros(void **state)
{
	(void)state;
	add(RECORD("exists:"));
	zone[strlen(zone) - 1] = '\0';
	add_times(100, "%{d}");
	add_times(1000, "x#x");
	add(".example -all exp=e.example\ne.example TXT ");
	add_times(100, "%{d}");
	add_times(1500, "y");
	add("\n");
	struct arena *a = arena_new();
	struct spf_subject s = subject(a, &(struct promise){ .zone = zone });
	struct resolver r = { .arena = a, .zone = zone };
	struct spf_outcome o = spf_run(check(a, &s, &r));
	assert_int_equal(o.result, SPF_FAIL);
	assert_non_null(o.explanation);
	assert_int_equal(strncmp(o.explanation, "example.comexample.com", 22), 0);
	assert_in_range(strlen(o.explanation), 1000, 1023);
	arena_free(a);
	*zone = '\0';
	add("example.com TXT v=spf1 a:");
	add_times(51, "%{d}");
	add(".example a:");
	add_times(50, "%{d}");
	add(".example -all\n");
	promise("permerror: the record of example.com cannot be read: v=spf1: more than 100 macros", 0);
	add(RECORD("-all exp=e.example") "e.example TXT ");
	add_times(101, "%{d}");
	add("\n");
	promise("fail by -all", 0);
}

/* A HELO name so long that no room is left for what stands behind it must not choose the name asked. */
static void
senders_end(void **state)
{
	char helo[800];
	size_t len = 650;

	(void)state;
	memset(helo, '!', len);			/* three bytes each: 1950, and 97 that fill the 2047 */
	for (int i = 0; i < 42; i++, len += 2)
		memcpy(helo + len, ".a", 2);
	strcpy(helo + len, ".evil.example");
	add(RECORD("exists:%{H}.%{d} -all"));
	add(helo + 651);
	add(" A 127.0.0.2\n");
	keep(&(struct promise){ .zone = zone, .want = "fail by -all", .helo = helo, .terms = 1, .voids = 1 });
	*zone = '\0';
}

static void
tells_what_it_did(void **state)
{
	struct arena *a = arena_new();
	struct resolver r = { .arena = a, .zone = RECORD("mx ip4:192.0.2.9 include:example.net ~all") NET("a:a.example -all")
	    "a.example A 192.0.2.7\nexample.com MX a.example\na.example A 192.0.2.8\n" };
	struct spf_subject s = subject(a, &(struct promise){ .zone = r.zone, .client = "192.0.2.10" });
	(void)state;

	s.client.bytes[3] = 10;
	struct spf_outcome o = spf_run(check(a, &s, &r));
	assert_string_equal(o.trace, "example.com: \"v=spf1 mx ip4:192.0.2.9 include:example.net ~all\", "
	    "1 network without the client, mx does not match; example.net: \"v=spf1 a:a.example -all\", "
	    "a:a.example does not match, -all matches; example.com again: ~all matches");
	assert_string_equal(o.record_domain, "example.com");
	arena_free(a);
}

/* By what passes who else would. */
static void
tells_what_it_rests_on(void **state)
{
	static const char hosts[] = "a.example A 192.0.2.7\na.example AAAA 2001:db8::7\nmx.example MX a.example\n"
	    "192.0.2.7.i.example A 127.0.0.2\nann.l.example A 127.0.0.2\nin-addr.v.example A 127.0.0.2\n"
	    "7.2.0.192.in-addr.arpa PTR a.example\na.example.p.example A 127.0.0.2\ninner.example TXT v=spf1 a:a.example/16 -all\n";
	static const struct { const char *record, *client; unsigned bits; } cases[] = {
		{ "+all", "192.0.2.7", 0 }, { "all", "192.0.2.7", 0 }, { "ip4:0.0.0.0/0", "192.0.2.7", 0 },
		{ "ip4:128.0.0.0/1", "192.0.2.7", 1 }, { "ip4:192.0.2.7", "192.0.2.7", 32 }, { "ip6:2001:db8::/32", "2001:db8::7", 32 },
		{ "a:a.example", "192.0.2.7", 32 }, { "a:a.example/24", "192.0.2.7", 24 }, { "a:a.example//64", "192.0.2.7", 32 },
		{ "a:a.example/0//64", "192.0.2.7", 0 }, { "a:a.example/0//64", "2001:db8::7", 64 },
		{ "a:a.example/24//0", "2001:db8::7", 0 }, { "a:a.example/0", "2001:db8::7", 128 },
		{ "mx:mx.example/0//64", "192.0.2.7", 0 }, { "mx:mx.example/20", "192.0.2.7", 20 },
		{ "ptr:a.example", "192.0.2.7", 32 }, { "include:inner.example", "192.0.2.7", 16 },
		{ "redirect=inner.example", "192.0.2.7", 16 },
		{ "exists:a.example", "192.0.2.7", 0 }, { "exists:%{i}.i.example", "192.0.2.7", 32 },
		{ "exists:%{P}.p.example", "192.0.2.7", 32 }, { "exists:%{l}.l.example", "192.0.2.7", 0 },
		{ "exists:%{v}.v.example", "192.0.2.7", 0 }, { "?ip4:192.0.2.7", "192.0.2.8", 0 },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena *a = arena_new();
		struct resolver all = { .arena = a, .zone = arena_printf(a, "%sexample.com TXT v=spf1 %s\n", hosts, cases[i].record) };
		struct spf_subject s = subject(a, &(struct promise){ .client = cases[i].client });
		struct spf_outcome o = spf_run(check(a, &s, &all));

		if (o.bits != cases[i].bits)
			fail_msg("%s by %s rests on %u bits", cases[i].client, cases[i].record, o.bits);
		assert_int_equal(o.result, *cases[i].record == '?' ? SPF_NEUTRAL : SPF_PASS);
		arena_free(a);
	}
}

static void
asks_at_once(void **state)
{
	struct arena *a = arena_new();
	struct resolver r = { .arena = a, .slow = true, .zone = RECORD("a:a.example include:i1.example include:i2.example mx -all") };
	struct spf_subject s = subject(a, &(struct promise){ .zone = r.zone });
	(void)state;

	assert_true(spf_run(check(a, &s, &r)).waiting);
	assert_int_equal(r.count, 1);
	r.asked[0].known = true;
	assert_true(spf_run(check(a, &s, &r)).waiting);
	assert_int_equal(r.count, 5);		/* all four terms at once */
	arena_free(a);
}

static void
asks_for_no_half_names(void **state)
{
	struct arena *a = arena_new();
	struct resolver r = { .arena = a, .slow = true, .zone = RECORD("exists:%{p}.a.example include:%{p}.b.example -all") };
	struct spf_subject s = subject(a, &(struct promise){ .zone = r.zone });
	struct spf *c = check(a, &s, &r);
	(void)state;

	assert_true(spf_run(c).waiting);
	r.asked[0].known = true;
	assert_true(spf_run(c).waiting);
	assert_int_equal(r.count, 2);
	assert_string_equal(r.asked[1].name, "7.2.0.192.in-addr.arpa");
	arena_free(a);
}

static void
keep_promise(void **state)
{
	keep(*state);
}

int
main(void)
{
	enum { COUNT = sizeof promises / sizeof *promises };
	const struct CMUnitTest others[] = {
		{ "s.4.6.4: a record may have ten terms that take look-ups", terms_in_one_record, NULL, NULL, NULL },
		{ "s.4.6.4: so may all records together", terms_in_all_records, NULL, NULL, NULL },
		{ "s.4.6.4: ten includes, nested or side by side", includes, NULL, NULL, NULL },
		{ "s.4.6.4: ten redirects", redirects, NULL, NULL, NULL },
		{ "s.4.6.4: two look-ups may find nothing", voids, NULL, NULL, NULL },
		{ "s.4.6.4: of an MX ten names, of a PTR the first ten", names, NULL, NULL, NULL },
		{ "s.11.1: trees of includes are cut", trees, NULL, NULL, NULL },
		{ "s.11.1: nor are trees asked for whole that are seen from all sides", trees_from_all_sides, NULL, NULL, NULL },
		{ "s.11.1: addresses are looked at once, however often it is run", looks_at_addresses_once, NULL, NULL, NULL },
		{ "s.11.1: what is asked at once and not needed stays in bounds", wasted_questions, NULL, NULL, NULL },
		{ "s.3.4: long records are read to their end", long_records, NULL, NULL, NULL },
		{ "hostile macros are cut", hostile_macros, NULL, NULL, NULL },
		{ "s.7.3: a name whose end does not fit is no name", senders_end, NULL, NULL, NULL },
		{ "it tells what it did", tells_what_it_did, NULL, NULL, NULL },
		{ "it tells how much of the client's address it rests on", tells_what_it_rests_on, NULL, NULL, NULL },
		{ "it asks all it can at once", asks_at_once, NULL, NULL, NULL },
		{ "but for no name before the client's own, if that stands in it", asks_for_no_half_names, NULL, NULL, NULL },
	};
	static struct CMUnitTest tests[COUNT + sizeof others / sizeof *others];

	for (size_t i = 0; i < COUNT; i++)
		tests[i] = (struct CMUnitTest){ promises[i].says, keep_promise, NULL, NULL, (void *)&promises[i] };
	memcpy(tests + COUNT, others, sizeof others);
	return cmocka_run_group_tests_name("the check of a host promises that", tests, NULL, NULL);
}
