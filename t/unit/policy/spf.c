/* spf.c - SPF as a fact, over the evaluation's questions: it promises that … */
#include "scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- a rule that only asks; what it heard is printed at the end ---- */

static char heard[2][400];

static struct verdict
judge_asking(struct eval *e)
{
	const struct spf_outcome *says[] = { spf_says(e, SPF_MAIL_FROM), spf_says(e, SPF_HELO) };

	assert_int_equal(waiting(e), says[0]->waiting || says[1]->waiting);
	if (waiting(e))
		return PENDING;
	for (size_t i = 0; i < 2; i++)
		snprintf(heard[i], sizeof heard[i], "%s%s%s", spf_result_word(says[i]->result),
		    says[i]->explanation || says[i]->why ? ": " : "",
		    says[i]->explanation ? says[i]->explanation : says[i]->why ? says[i]->why : "");
	return DUNNO;
}

/* Another rule, which needs the same record. */
static struct verdict
judge_beside(struct eval *e)
{
	(void)dns_lookup(e, "example.net", DNS_TXT);
	return waiting(e) ? PENDING : DUNNO;
}

static const char *would_domain, *would_client;
static unsigned would_runs;
static char would[400];

/* A rule that asks beforehand, twice. */
static struct verdict
judge_foreseeing(struct eval *e)
{
	struct address client = { 0 };

	(void)address_parse(&client, would_client);
	const struct spf_outcome *o = spf_would_allow(e, would_domain, &client);
	would_runs++;
	assert_int_equal(waiting(e), o->waiting);
	assert_ptr_equal(spf_would_allow(e, would_domain, &client), o);
	if (waiting(e))
		return PENDING;
	snprintf(would, sizeof would, "%s%s%s", spf_result_word(o->result), o->explanation || o->why ? ": " : "",
	    o->explanation ? o->explanation : o->why ? o->why : "");
	return DUNNO;
}

#define RULE(n) static const struct rule n = { #n, judge_##n, STAGE_RCPT, HOOK_MX, 0, { NULL, 0, 0 } }
RULE(asking);
RULE(beside);
RULE(foreseeing);
static const struct rule *const two_rules[] = { &beside, &asking };
static const struct rule *const both_ways[] = { &asking, &foreseeing };

/* ---- the DNS: lines "TXT example.net = v=spf1 -all"; what has none is NXDOMAIN ---- */

static const struct answer *
says(struct scene *s, const char *name, enum dns_type type)
{
	const char *line = s->arg;
	char question[400], said[600] = "NXDOMAIN";

	snprintf(question, sizeof question, "%s %s = ", dns_type_name(type), name);
	for (; line != NULL && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strncmp(line, question, strlen(question)) == 0)
			snprintf(said, sizeof said, "%.*s", (int)strcspn(line + strlen(question), "\n"), line + strlen(question));
	return scene_says(name, type, said);
}

#define STRANGER "client_address=192.0.2.7\n"
#define TELLS "TXT example.net = v=spf1 -all exp=why.example.net\nTXT why.example.net = "

static const struct {
	const char *promises, *request, *dns, *sender, *helo;
	unsigned questions;		/* TXT example.net among them: beside always asks it */
} cases[] = {
	{ "both identities are looked at, apart", STRANGER "sender=b@example.net\nhelo_name=mx.example.com\n",
	  "TXT example.net = v=spf1 ip4:192.0.2.7\nTXT mx.example.com = v=spf1 -all", "pass", "fail", 2 },
	{ "the same name costs one question", STRANGER "sender=b@example.net\nhelo_name=Example.NET\n",
	  "TXT example.net = v=spf1 -all", "fail", "fail", 1 },
	{ "addresses are asked for by the client's kind", "client_address=2001:db8::7\nsender=b@example.net\n",
	  "TXT example.net = v=spf1 a -all\nAAAA example.net = 2001:db8::7", "pass", "none", 2 },
	{ "an MX leads to its addresses", STRANGER "sender=b@example.net\n",
	  "TXT example.net = v=spf1 mx -all\nMX example.net = 10 a.example.net|20 b.example.net\nA a.example.net = 192.0.2.8\n"
	  "A b.example.net = 192.0.2.7", "pass", "none", 4 },
	{ "a PTR leads back", STRANGER "sender=b@example.net\n",
	  "TXT example.net = v=spf1 ptr -all\nPTR 7.2.0.192.in-addr.arpa = mx.example.net\nA mx.example.net = 192.0.2.7",
	  "pass", "none", 3 },
	{ "an answer that fails is trouble", STRANGER "sender=b@example.net\n", "TXT example.net = SERVFAIL",
	  "temperror: cannot look up the record of example.net now", "none", 1 },
	{ "no such name and no such record are both nothing", STRANGER "sender=b@example.net\nhelo_name=mx.example.net\n",
	  "TXT example.net = NODATA", "none", "none", 2 },
	{ "the local part stands before the last @", STRANGER "sender=a@c@example.net\n", TELLS "%{l} at %{o}",
	  "fail: a@c at example.net", "none", 2 },
	{ "for HELO it is the postmaster", STRANGER "sender=\nhelo_name=example.net\n", TELLS "%{l} of %{h}", "none",
	  "fail: postmaster of example.net", 2 },
	{ "the time is the request's, and the receiver this host", STRANGER "sender=b@example.net\n", TELLS "%{r} %{t}",
	  "fail: mx.example.org 1800000000", "none", 2 },
	{ "a backslash begins no escape: such a name is not asked for", STRANGER "sender=b\\046c@example.net\n",
	  "TXT example.net = v=spf1 exists:%{l}.example.com -all\nA b.c.example.com = 127.0.0.2", "fail", "none", 1 },
	{ "a client without an address is nobody's", "client_address=unknown\nsender=b@example.net\nhelo_name=example.net\n",
	  "TXT example.net = v=spf1 +all", "none", "none", 1 },
	{ "an address without a domain has no record", STRANGER "sender=b@[192.0.2.7]\nhelo_name=[192.0.2.7]\n", "", "none",
	  "none", 1 },
};

static void
one_case(void **state)
{
	size_t i = (size_t)*state;
	struct scene s = { .says = says, .arg = (void *)(uintptr_t)cases[i].dns };

	scene_open(&s, two_rules, 2, "", NULL);
	scene_begin(&s, cases[i].request);
	scene_decide(&s);
	assert_string_equal(heard[SPF_MAIL_FROM], cases[i].sender);
	assert_string_equal(heard[SPF_HELO], cases[i].helo);
	assert_int_equal(s.eval->question_count, cases[i].questions);
	scene_end(&s);
	scene_close(&s);
}

/* ---- asked beforehand, while 192.0.2.7 sends as b@example.net ---- */

static const struct {
	const char *promises, *domain, *client, *dns, *want;
	unsigned questions, runs;	/* TXT example.net among the questions */
} prospects[] = {
	{ "beforehand, an address that may send passes", "example.com", "198.51.100.9",
	  "TXT example.com = v=spf1 ip4:198.51.100.9 -all", "pass", 2, 2 },
	{ "beforehand, one that may not fails, and the domain's postmaster greets with the domain", "example.com",
	  "192.0.2.7", "TXT example.com = v=spf1 -all exp=why.example.com\nTXT why.example.com = %{s} by %{h} from %{c}",
	  "fail: postmaster@example.com by example.com from 192.0.2.7", 3, 3 },
	{ "beforehand, trouble is told", "example.com", "198.51.100.9", "TXT example.com = SERVFAIL",
	  "temperror: cannot look up the record of example.com now", 2, 2 },
	{ "beforehand, a domain without a record says nothing", "example.com", "198.51.100.9", "", "none", 2, 2 },
	{ "beforehand, no address is nobody's, and nothing is asked", "example.com", "", "TXT example.com = v=spf1 +all",
	  "none", 1, 1 },
	{ "beforehand, the request's own domain costs no other question, and its client is not meant", "example.net",
	  "198.51.100.9", "TXT example.net = v=spf1 ip4:192.0.2.7 -all", "fail", 1, 2 },
};

static void
one_prospect(void **state)
{
	size_t i = (size_t)*state;
	struct scene s = { .says = says, .arg = (void *)(uintptr_t)prospects[i].dns };

	would_domain = prospects[i].domain;
	would_client = prospects[i].client;
	would_runs = 0;
	scene_open(&s, both_ways, 2, "", NULL);
	scene_begin(&s, STRANGER "sender=b@example.net\n");
	scene_decide(&s);
	assert_string_equal(would, prospects[i].want);
	assert_int_equal(s.eval->question_count, prospects[i].questions);
	assert_int_equal(would_runs, prospects[i].runs);
	scene_end(&s);
	scene_close(&s);
}

/* Two domains for one address, and two addresses for one domain; all in one evaluation. */
static char apart[3][20];

static struct verdict
judge_several(struct eval *e)
{
	static const char *const asked[3][2] = { { "example.com", "192.0.2.7" }, { "example.net", "192.0.2.7" },
		{ "example.com", "192.0.2.8" } };
	const struct spf_outcome *o[3];

	for (size_t i = 0; i < 3; i++) {
		struct address client;
		assert_true(address_parse(&client, asked[i][1]));
		o[i] = spf_would_allow(e, asked[i][0], &client);
	}
	if (waiting(e))
		return PENDING;
	for (size_t i = 0; i < 3; i++)
		snprintf(apart[i], sizeof apart[i], "%s", spf_result_word(o[i]->result));
	return DUNNO;
}
RULE(several);

static void
several_prospects(void **state)
{
	static const char dns[] = "TXT example.com = v=spf1 ip4:192.0.2.7 -all\nTXT example.net = v=spf1 ?all";
	static const struct rule *const one_rule[] = { &several };
	struct scene s = { .says = says, .arg = (void *)(uintptr_t)dns };

	(void)state;
	scene_open(&s, one_rule, 1, "", NULL);
	scene_begin(&s, STRANGER);
	scene_decide(&s);
	assert_string_equal(apart[0], "pass");
	assert_string_equal(apart[1], "neutral");
	assert_string_equal(apart[2], "fail");
	assert_int_equal(s.eval->question_count, 2);
	scene_end(&s);
	scene_close(&s);
}

/* ---- whom a record names ---- */

static const struct {
	const char *promises, *dns;
	enum known want;
} named[] = {
	{ "an include is found, in whatever case, with a dot at its end",
	  "TXT example.net = v=spf1 mx include:_SPF.Example.ORG. -all", KNOWN_YES },
	{ "a redirect is, too", "TXT example.net = v=spf1 redirect=_spf.example.org", KNOWN_YES },
	{ "an include that is not for sure is none", "TXT example.net = v=spf1 ~include:_spf.example.org -all", KNOWN_NO },
	{ "one of a longer name is another", "TXT example.net = v=spf1 include:a._spf.example.org include:_spf.example.org.net -all",
	  KNOWN_NO },
	{ "one of a shorter name is another", "TXT example.net = v=spf1 include:_spf.example -all", KNOWN_NO },
	{ "a record against the grammar names nobody", "TXT example.net = v=spf1 include:_spf.example.org ip5:1 -all", KNOWN_NO },
	{ "what stands behind all is never looked at", "TXT example.net = v=spf1 mx -all include:_spf.example.org", KNOWN_NO },
	{ "nor is a redirect beside it", "TXT example.net = v=spf1 redirect=_spf.example.org mx ~all", KNOWN_NO },
	{ "who has no record names nobody", "TXT example.net = include:_spf.example.org", KNOWN_NO },
	{ "a name that is not there neither", "", KNOWN_NO },
	{ "of a silent server nobody can tell", "TXT example.net = SERVFAIL", KNOWN_CANNOT_TELL },
};

static enum known who;

static struct verdict
judge_naming(struct eval *e)
{
	who = spf_names(e, "example.net", "_spf.example.org");
	return waiting(e) ? PENDING : DUNNO;
}
RULE(naming);

static void
one_name(void **state)
{
	static const struct rule *const one_rule[] = { &naming };
	size_t i = (size_t)*state;
	struct scene s = { .says = says, .arg = (void *)(uintptr_t)named[i].dns };

	scene_open(&s, one_rule, 1, "", NULL);
	scene_begin(&s, STRANGER);
	scene_decide(&s);
	assert_int_equal(who, named[i].want);
	scene_end(&s);
	scene_close(&s);
}

int
main(void)
{
	enum { NAMES = sizeof named / sizeof *named, CASES = sizeof cases / sizeof *cases, PROSPECTS = sizeof prospects / sizeof *prospects };
	struct CMUnitTest tests[CASES + PROSPECTS + 1 + NAMES];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].promises, one_case, NULL, NULL, (void *)i };
	for (size_t i = 0; i < PROSPECTS; i++)
		tests[CASES + i] = (struct CMUnitTest){ prospects[i].promises, one_prospect, NULL, NULL, (void *)i };
	tests[CASES + PROSPECTS] = (struct CMUnitTest){
		"beforehand, domains and addresses are kept apart, and all questions travel together", several_prospects,
		NULL, NULL, NULL };
	for (size_t i = 0; i < NAMES; i++)
		tests[CASES + PROSPECTS + 1 + i] = (struct CMUnitTest){ named[i].promises, one_name, NULL, NULL, (void *)i };
	return cmocka_run_group_tests_name("spf.c: it promises that", tests, NULL, NULL);
}
