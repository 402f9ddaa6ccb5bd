/* reply.c - what a refused stranger reads: it promises that … */
#include "scene.h"
#include "config/macro.h"
#include "policy/reply.h"
#include "rules/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define REFERENCE "0123456789"
#define FIFTY "12345678901234567890123456789012345678901234567890"
#define HUNDRED FIFTY FIFTY
#define URL "[server]\nhelp_url = https://example.org/help\n"

static const struct answer *
no_such_name(struct scene *s, const char *name, enum dns_type type)
{
	(void)s;
	return scene_says(name, type, "NXDOMAIN");
}

/* What Postfix is answered, without "action=" and the line ends; valid until the next call. */
static const char *
reply_of(struct scene *s, const struct decision *d, const char *reference)
{
	static char room[REPLY_MAX];
	struct text out = TEXT(room);

	reply_encode(&out, s->eval, d, reference);
	assert_false(out.cut);
	assert_string_equal(room + out.len - 2, "\n\n");
	room[out.len - 2] = '\0';
	return room + strlen("action=");
}

/* ---- texts, macros, tails ---- */

#define CLIENT "client_address=192.0.2.7\nclient_name=unknown\nsender=b@Example.NET\nrecipient=ann@example.org\n"
#define NODOT CLIENT "helo_name=nodot\n"
#define FOUND "550 5.7.1 the HELO name nodot is not fully qualified; greet with the public name of your server"

static const struct {
	const char *promises, *conf, *text, *attributes, *reference, *want;
} cases[] = {
	{ "without a text of the site's own it is the finding, check and reference", "", "", NODOT, REFERENCE,
	  FOUND " (helo_not_fqdn " REFERENCE ")" },
	{ "the check alone where there is no reference", "", "", NODOT, "", FOUND " (helo_not_fqdn)" },
	{ "help_url gets rule and reference", URL, "", NODOT, REFERENCE,
	  FOUND " (see https://example.org/help?rule=helo_not_fqdn&ref=" REFERENCE ")" },
	{ "the rule alone where there is no reference", URL, "", NODOT, "",
	  FOUND " (see https://example.org/help?rule=helo_not_fqdn)" },
	{ "behind what was asked already", "[server]\nhelp_url = http://example.org/?lang=de\n", "", NODOT, REFERENCE,
	  FOUND " (see http://example.org/?lang=de&rule=helo_not_fqdn&ref=" REFERENCE ")" },
	{ "where help_url says so", "[server]\nhelp_url = https://example.org/%{check}#%{reference}\n", "", NODOT, REFERENCE,
	  FOUND " (see https://example.org/helo_not_fqdn#" REFERENCE ")" },
	{ "only there", "[server]\nhelp_url = https://example.org/%%7E/%{reference}\n", "", NODOT, "",
	  FOUND " (see https://example.org/%7E/)" },
	{ "a percent sign is no macro", "[server]\nhelp_url = https://example.org/%%7E\n", "", NODOT, REFERENCE,
	  FOUND " (see https://example.org/%7E?rule=helo_not_fqdn&ref=" REFERENCE ")" },
	{ "the site's own text has its macros replaced", "",
	  "%{client_address} (%{client_name}) %{helo} <%{sender}> %{sender_domain} %{recipient} %{check}: %{finding}, 100%%",
	  NODOT, REFERENCE, "550 5.7.1 192.0.2.7 (unknown) nodot <b@Example.NET> example.net ann@example.org helo_not_fqdn: "
	  "the HELO name nodot is not fully qualified; greet with the public name of your server, 100% (helo_not_fqdn " REFERENCE ")" },
	{ "what there is none of is said to be none", "", "%{client_name}, %{sender_domain}, %{recipient}, %{help_url}",
	  "client_address=192.0.2.7\nhelo_name=nodot\n", REFERENCE,
	  "550 5.7.1 (none), (none), (none), (none) (helo_not_fqdn " REFERENCE ")" },
	{ "the null sender is <>", "", "from %{sender}", "client_address=192.0.2.7\nhelo_name=nodot\n", "",
	  "550 5.7.1 from <> (helo_not_fqdn)" },
	{ "a text that has the reference needs no tail", "", "no; ref %{reference}", NODOT, REFERENCE,
	  "550 5.7.1 no; ref " REFERENCE },
	{ "even if there is none", "", "no; ref %{reference}", NODOT, "", "550 5.7.1 no; ref (none)" },
	{ "but the URL is still told", URL, "no; ref %{reference}", NODOT, REFERENCE,
	  "550 5.7.1 no; ref " REFERENCE " (see https://example.org/help?rule=helo_not_fqdn&ref=" REFERENCE ")" },
	{ "a text that has the URL needs no tail", URL, "no, %{help_url} says why", NODOT, REFERENCE,
	  "550 5.7.1 no, https://example.org/help?rule=helo_not_fqdn&ref=" REFERENCE " says why" },
	{ "a client's macros are words", "", "from %{sender}, for %{recipient}",
	  "client_address=192.0.2.7\nhelo_name=nodot\nsender=%{reference}%%{%{sender}@a%\nrecipient=%{help_url}\n", REFERENCE,
	  "550 5.7.1 from %{reference}%%{%{sender}@a%, for %{help_url} (helo_not_fqdn " REFERENCE ")" },
	{ "a client's bytes are harmless", "", "%{sender}",
	  "client_address=192.0.2.7\nhelo_name=nodot\nsender=a\001\x80\xe2\x80\xae\xc3\xa4\\\n", REFERENCE,
	  "550 5.7.1 a\\x01\\x80\\xe2\\x80\\xae\?\?\\\\ (helo_not_fqdn " REFERENCE ")" },
};

static void
one_case(void **state)
{
	size_t i = (size_t)*state;
	struct scene s = { .says = no_such_name };
	char conf[800];

	snprintf(conf, sizeof conf, "[mx]\nhelo_syntax = off\nhelo_not_fqdn = reject %s%s%s\n%s", *cases[i].text ? "\"" : "",
	    cases[i].text, *cases[i].text ? "\"" : "", cases[i].conf);
	scene_open(&s, NULL, 0, conf, NULL);
	scene_begin(&s, cases[i].attributes);
	struct decision d = scene_decide(&s);
	assert_string_equal(reply_of(&s, &d, cases[i].reference), cases[i].want);
	scene_end(&s);
	scene_close(&s);
}

/* ---- help_url ---- */

static void
wrong_urls(void **state)
{
	static const struct { const char *url, *why; } urls[] = {
		{ "www.example.org", "no URL; write one as in https://www.example.org/postmaster" },
		{ "\"https://example.org\"", "no URL; write one as in https://www.example.org/postmaster" },
		{ "https://example.org/a b", "byte 0x20 cannot stand in a URL; write it as %%20" },
		{ "https://example.org/(a", "byte 0x28 cannot stand in a URL; write it as %%28" },
		{ "https://example.org/\xc3\xa4", "byte 0xc3 cannot stand in a URL; write it as %%C3" },
		{ "https://example.org/%20", "a lone %; write %% for a percent sign, or a macro as in %{reference}" },
		{ "https://example.org/%{ref}", "macro %{ref}: no word 'ref'; write check or reference" },
		{ "https://example.org/%{sender}", "macro %{sender}: no word 'sender'; write check or reference" },
		{ "https://example.org/#a", "nothing can be appended behind a #; write %{check} and %{reference} where they belong" },
	};
	struct arena *a = arena_new();
	char longest[] = "https://example.org/" HUNDRED;
	const char *url;

	(void)state;
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		const char *why = help_url_parse(a, urls[i].url, &url);

		assert_string_equal(why ? why : "(taken)", urls[i].why);
	}
	assert_null(help_url_parse(a, "", &url));
	assert_string_equal(url, "");
	assert_int_equal(strlen(longest), 120);
	assert_null(help_url_parse(a, longest, &url));
	assert_string_equal(url, longest);
	assert_string_equal(help_url_parse(a, arena_printf(a, "%s1", longest), &url),
	    "too long by 1 bytes, as it stands in every refusal; shorten it");
	arena_free(a);
}

/* ---- scores ---- */

/* A finding of so many bytes for each rule, in *texts; NULL: it has none. */
static const char *const *texts;

static struct verdict
judge(struct eval *e)
{
	const char *text = texts[e->current];

	return text ? object(e, 0, "5.7.1", "%s", text) : DUNNO;
}

#define RULE(n) \
struct options_##n { struct setting check; }; \
static const struct option rows_##n[] = { { "check_" #n, OPT_SETTING, 0, "score " #n } }; \
static const struct rule rule_##n = { "rule_" #n, judge, STAGE_RCPT, HOOK_MX, 0, { rows_##n, 1, sizeof(struct options_##n) } };
RULE(1) RULE(2) RULE(3) RULE(4) RULE(5)
static const struct rule *const five[] = { &rule_1, &rule_2, &rule_3, &rule_4, &rule_5 };

static const struct {
	const char *promises, *conf, *texts[5], *want;
} scores[] = {
	{ "of a score the three heaviest findings are named", "", { "a", "b", "c", "d", "e" },
	  "score 15: e; d; c; and 2 more (score_reject " REFERENCE ")" },
	{ "three are all of three", "", { "a", NULL, "c", NULL, "e" }, "score 9: e; c; a (score_reject " REFERENCE ")" },
	{ "what speaks for the client is not", "check_4 = score -1\n", { NULL, NULL, NULL, "d", "e" },
	  "score 4: e (score_reject " REFERENCE ")" },
	{ "the site's own texts stand in it, with macros", "check_5 = score 5 \"%{check} by %{client_address}\"\n",
	  { "a", NULL, NULL, NULL, "e" }, "score 6: check_5 by 192.0.2.7; a (score_reject " REFERENCE ")" },
	{ "whatever they say, the tail is there", "check_5 = score 5 \"ref %{reference}\"\n",
	  { NULL, NULL, NULL, NULL, "e" }, "score 5: ref " REFERENCE " (score_reject " REFERENCE ")" },
	{ "whole, where there is room", "", { NULL, NULL, NULL, NULL, HUNDRED HUNDRED FIFTY "12345" },
	  "score 5: " HUNDRED HUNDRED FIFTY "12345 (score_reject " REFERENCE ")" },
	{ "two, if the third does not fit", "", { "a", "b", HUNDRED HUNDRED, HUNDRED, HUNDRED },
	  "score 15: " HUNDRED "; " HUNDRED "; and 3 more (score_reject " REFERENCE ")" },
	{ "one, if the second does not", "", { NULL, NULL, "c", HUNDRED HUNDRED, HUNDRED HUNDRED },
	  "score 12: " HUNDRED HUNDRED "; and 2 more (score_reject " REFERENCE ")" },
	{ "cut, if even that does not", "[server]\nhelp_url = https://example.org/" HUNDRED "\n",
	  { NULL, NULL, NULL, "d", HUNDRED FIFTY FIFTY FIFTY },
	  "score 9: " HUNDRED FIFTY "1234567890123456789012345678901234567890; and 1 more (see https://example.org/" HUNDRED
	  "?rule=score_reject&ref=" REFERENCE ")" },
};

static void
one_score(void **state)
{
	size_t i = (size_t)*state;
	struct scene s = { 0 };
	char conf[400], want[REPLY_MAX];

	texts = scores[i].texts;
	snprintf(conf, sizeof conf, "[mx]\nscore_reject = 4\n%s", scores[i].conf);
	snprintf(want, sizeof want, "550 5.7.1 %s", scores[i].want);
	scene_open(&s, five, 5, conf, NULL);
	scene_begin(&s, "client_address=192.0.2.7\n");
	struct decision d = scene_decide(&s);
	assert_string_equal(reply_of(&s, &d, REFERENCE), want);
	scene_end(&s);
	scene_close(&s);
}

/* ---- every rule, with the longest of everything ---- */

#define LABEL FIFTY "1234567890abc"
#define ALL_MACROS "%{finding}|%{client_name}|%{helo}|%{sender}|%{recipient}|%{client_address}|%{sender_domain}|%{help_url}"

static char name[] = LABEL "." LABEL "." LABEL "." FIFTY "12345678.ab";	/* the longest there is */

/* What the DNS says to everything: one world after the other. */
static const struct { const char *a, *aaaa, *ptr, *mx, *txt; } worlds[] = {
	{ "NXDOMAIN", "NXDOMAIN", "NXDOMAIN", "NXDOMAIN", "NXDOMAIN" },
	{ "NODATA", "NODATA", "NODATA", "NODATA", "NODATA" },
	{ "SERVFAIL", "SERVFAIL", "SERVFAIL", "SERVFAIL", "SERVFAIL" },
	{ "127.0.0.2", "::1", name, "0 .", HUNDRED HUNDRED FIFTY },
	{ "203.0.113.99", "2001:db8::99", "localhost", "10 localhost", HUNDRED HUNDRED FIFTY },
};
enum { WORLDS = sizeof worlds / sizeof *worlds };

static const struct answer *
one_world(struct scene *s, const char *asked, enum dns_type type)
{
	size_t w = *(const size_t *)s->arg;

	return scene_says(asked, type, type == DNS_A ? worlds[w].a : type == DNS_AAAA ? worlds[w].aaaa :
	    type == DNS_PTR ? worlds[w].ptr : type == DNS_MX ? worlds[w].mx : worlds[w].txt);
}

/* One of the requests of a client that gives every rule cause to object, at length. */
static const char *
hostile(size_t i)
{
	static const char *const helos[] = { name, LABEL, HUNDRED "_", "", "[192.0.2.255]",
	    "[IPv6:2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]", "mx.example.org" };
	static const char *const clients[] = { "203.0.113.199", "2001:db8:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa" };
	static char attributes[2000];

	if (i == 8 * sizeof helos / sizeof *helos)
		return NULL;
	snprintf(attributes, sizeof attributes, "client_address=%s\nclient_name=unknown\nhelo_name=%s\nsender=%s%s\n"
	    "recipient=" HUNDRED "@%s\nprotocol_state=%s\nrecipient_count=%d\n", clients[i & 1], helos[i / 8],
	    i & 2 ? HUNDRED "@" : "", i & 2 ? name : "", name, i & 4 ? "DATA" : "RCPT", i & 4 ? 9 : 0);
	return attributes;
}

/* It is below 400 characters, printable, and ends in the whole URL. */
static void
assert_whole(const char *reply, const char *check, bool own_text)
{
	char tail[400];

	snprintf(tail, sizeof tail, "%shttps://example.org/" HUNDRED "?rule=%s&ref=" REFERENCE "%s", own_text ? "|" : " (see ",
	    check, own_text ? "" : ")");
	size_t len = strlen(reply), tail_len = strlen(tail);
	if (len >= 400 || len <= tail_len || strcmp(reply + len - tail_len, tail) != 0)
		fail_msg("%zu bytes: %s", len, reply);
	for (const char *at = reply; *at; at++)
		assert_true(*at >= ' ' && *at <= '~');
}

/* How many replies that check gives, alone. */
static size_t
replies_of(const char *check, bool own_text)
{
	struct scene s = { .says = one_world };
	struct arena *a = arena_new();
	char *conf = arena_printf(a, "[server]\nhelp_url = https://example.org/" HUNDRED "\n[mx]\nlocal_domains = example.org\n"
	    "dnsbl_sites = bl.%s, %s\n", name + 128, name + 128);
	size_t world, count = 0;

	for (size_t i = 0; i < rules_count; i++)
		for (size_t k = 0; k < rules[i]->options.count; k++) {
			const struct option *o = &rules[i]->options.rows[k];

			if (o->type == OPT_SETTING)
				conf = arena_printf(a, "%s%s = %s\n", conf, o->name, strcmp(o->name, check) != 0 ? "off" :
				    own_text ? "reject \"" ALL_MACROS "\"" : "reject on_error defer");
		}
	scene_open(&s, NULL, 0, conf, "INSERT INTO hand_deny (id, sender) VALUES (1, '<>'), (2, '.ab')");
	s.arg = &world;
	for (world = 0; world < WORLDS; world++)
		for (size_t i = 0; hostile(i) != NULL; i++) {
			scene_begin(&s, hostile(i));
			struct decision d = scene_decide(&s);
			if (d.action != ACTION_DUNNO) {
				assert_whole(reply_of(&s, &d, REFERENCE), check, own_text);
				count++;
			}
			scene_end(&s);
		}
	scene_close(&s);
	arena_free(a);
	return count;
}

static void
whole_tails(void **state)
{
	size_t speak = 0, objecting = 0;

	(void)state;
	for (size_t i = 0; i < rules_count; i++)
		for (size_t k = 0; k < rules[i]->options.count; k++) {
			const struct option *o = &rules[i]->options.rows[k];

			if (o->type != OPT_SETTING)
				continue;
			assert_true(strlen(o->name) <= CHECK_NAME_MAX);
			speak += replies_of(o->name, false) > 0;
			objecting += replies_of(o->name, true) > 0;
		}
	assert_true(speak >= 18 && objecting >= 18);	/* the others need facts that are not given here */
}

int
main(void)
{
	enum { CASES = sizeof cases / sizeof *cases, SCORES = sizeof scores / sizeof *scores };
	static const struct CMUnitTest others[] = {
		{ "a help_url that would not do is told with what would", wrong_urls, NULL, NULL, NULL },
		{ "whatever a client sends, the line is short, and reference and URL are whole", whole_tails, NULL, NULL, NULL },
	};
	enum { OTHERS = sizeof others / sizeof *others };
	struct CMUnitTest tests[CASES + SCORES + OTHERS];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].promises, one_case, NULL, NULL, (void *)i };
	for (size_t i = 0; i < SCORES; i++)
		tests[CASES + i] = (struct CMUnitTest){ scores[i].promises, one_score, NULL, NULL, (void *)i };
	memcpy(tests + CASES + SCORES, others, sizeof others);
	return cmocka_run_group_tests_name("reply.c: it promises that", tests, NULL, NULL);
}
