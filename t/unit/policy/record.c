/* record.c - the log line, the row, the explanation: it promises that … */
#include "scene.h"
#include "stderr.h"
#include "policy/privacy.h"
#include "policy/record.h"
#include "rules/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

static const struct answer *
says(struct scene *s, const char *name, enum dns_type type)
{
	(void)s;
	return scene_says(name, type, type == DNS_TXT ? "\001\"quoted\\\" \xff text" : type == DNS_A ? "127.0.0.2" : "NXDOMAIN");
}

static struct triplet_past past;	/* what greylisting remembers */

/* The line that record_log() writes of this request, judged under conf. */
static const char *
line_of(const char *conf, const char *attributes, const char *reference)
{
	struct scene s = { .says = says, .past = past };

	scene_open(&s, NULL, 0, conf, NULL);
	scene_begin(&s, attributes);
	struct decision d = scene_decide(&s);
	stderr_catch();
	record_log(s.eval, &d, scene_text(s.eval, &d, reference), reference, 12345);
	const char *line = stderr_release();
	scene_end(&s);
	scene_close(&s);
	return line;
}

#define CLIENT "client_address=203.0.113.7\nclient_name=mx.example.net\nprotocol_name=ESMTP\n"
#define OFF "[mx]\nsender_no_mx = off\nsender_null_mx = off\nsender_bogus_mx = off\nsender_unknown_tld = off\n" \
    "helo_unknown_tld = off\nhelo_reserved = off\nhelo_unresolvable = off\nspf_fail = off\nspf_helo_fail = off\n"

#define GREET "greet with the public name of your server; "

static const struct { const char *promises, *conf, *attributes, *reference, *want; } lines[] = {
	{ "a pass is one line", OFF, CLIENT "helo_name=mx.example.net\nsender=b@example.net\nrecipient=a@example.org\n", "",
	  "NOQUEUE: pass: RCPT from mx.example.net[203.0.113.7]: from=<b@example.net> to=<a@example.org> proto=ESMTP "
	  "helo=<mx.example.net> dns=0 runs=1 ms=12\n" },
	{ "a reject has code, finding, check and reference", OFF,
	  CLIENT "helo_name=nodot\nsender=b@example.net\nrecipient=a@example.org\n", "0123456789",
	  "NOQUEUE: reject: RCPT from mx.example.net[203.0.113.7]: 5.7.1 the HELO name nodot is not fully qualified; "
	  GREET "from=<b@example.net> to=<a@example.org> proto=ESMTP helo=<nodot> rule=helo_not_fqdn check=helo_not_fqdn "
	  "ref=0123456789 dns=0 runs=1 ms=12\n" },
	{ "a defer's code is 4.x.x", OFF "helo_not_fqdn = defer\n",
	  CLIENT "helo_name=nodot\nsender=b@example.net\nrecipient=a@example.org\nqueue_id=ABC\n", "",
	  "ABC: defer: RCPT from mx.example.net[203.0.113.7]: 4.7.1 the HELO name nodot is not fully qualified; "
	  GREET "from=<b@example.net> to=<a@example.org> proto=ESMTP helo=<nodot> rule=helo_not_fqdn check=helo_not_fqdn "
	  "dns=0 runs=1 ms=12\n" },
	{ "a shadow and a score are shown", OFF "helo_not_fqdn = log\nhelo_forged = score 3\nlocal_domains = nodot\n",
	  CLIENT "helo_name=nodot\n", "",
	  "NOQUEUE: pass: RCPT from mx.example.net[203.0.113.7]: from=<> to=<> proto=ESMTP helo=<nodot> "
	  "would=<object helo_not_fqdn> score=3 dns=0 runs=1 ms=12\n" },
	{ "the score decides under its own name", OFF "helo_not_fqdn = score 3\nscore_reject = 3\n",
	  CLIENT "helo_name=nodot\n", "",
	  "NOQUEUE: reject: RCPT from mx.example.net[203.0.113.7]: 5.7.1 score 3: the HELO name nodot is not fully qualified; "
	  GREET "from=<> to=<> proto=ESMTP helo=<nodot> rule=score check=score_reject score=3 dns=0 runs=1 ms=12\n" },
	{ "a login is shown", "", "client_address=203.0.113.7\nsasl_username=joe\n", "",
	  "NOQUEUE: pass: RCPT from unknown[203.0.113.7]: from=<> to=<> proto= helo=<> login=<joe> would=<object login_mismatch> "
	  "dns=0 runs=1 ms=12\n" },
};

static void
one_line(void **state)
{
	size_t i = (size_t)*state;

	assert_string_equal(line_of(lines[i].conf, lines[i].attributes, lines[i].reference), lines[i].want);
}

/* Of mail that was greylisted the line says how long, or that it is. */
static void
greylisted_lines(void **state)
{
	static const struct triplet_past pasts[] = { { .known = true, .next_gen = 1 },
	    { .known = true, .waits = true, .client = "203.0.113.0/24", .first_s = 1800000000 - 400 } };
	static const char *const wanted[] = {
		": greylist: RCPT from mx.example.net[203.0.113.7]: 4.2.0 greylisted, please try again in 300 seconds: no mail of "
		"this sender to this recipient has come from your network before; from=<b@example.net> to=<a@example.org> "
		"proto=ESMTP helo=<mx.example.net> rule=greylist check=greylist ref=0123456789 dns=",
		": pass: RCPT from mx.example.net[203.0.113.7]: from=<b@example.net> to=<a@example.org> proto=ESMTP "
		"helo=<mx.example.net> delay=400 ref=0123456789 dns=",
	};
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		past = pasts[i];
		const char *line = line_of(OFF "greylist_when = always\n",
		    CLIENT "helo_name=mx.example.net\nsender=b@example.net\nrecipient=a@example.org\n", "0123456789");
		if (strstr(line, wanted[i]) == NULL)
			fail_msg("%s", line);
	}
}

/* Every field that is theirs, full of one byte. */
static char *
full_of(char byte, size_t len)
{
	static const char *const names[] = { "helo_name", "sender", "recipient", "client_name", "protocol_name", "queue_id",
	    "sasl_username" };
	static char room[16000];
	struct text t = TEXT(room);

	text_add(&t, "client_address=203.0.113.7\npolicy_context=mx-pre\n");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		text_addf(&t, "%s=", names[i]);
		for (size_t k = 0; k < len; k++)
			text_add_bytes(&t, &byte, 1);
		text_add(&t, "\n");
	}
	assert_false(t.cut);
	return room;
}

static void
hostile_lines(void **state)
{
	static const char bytes[] = "\001\r\033\177\x80\xff\\\"<>a ";
	(void)state;

	for (size_t i = 0; i < sizeof bytes - 1; i++)
		for (size_t len = 1; len <= 2000; len *= 4) {
			const char *line = line_of("", full_of(bytes[i], len), "0123456789");
			size_t whole = strlen(line);

			assert_true(whole > 0 && whole < 2000);
			assert_ptr_equal(strchr(line, '\n'), line + whole - 1);
			for (size_t k = 0; k < whole - 1; k++)
				assert_true(line[k] >= ' ' && line[k] <= '~');
			assert_non_null(strstr(line, " ref=0123456789 dns=0 runs=1 ms=12\n"));
		}
}

/* ---- the row ---- */

static bool
json_is_array(const char *json, int *length)
{
	sqlite3 *db;
	sqlite3_stmt *q;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT json_valid(?1), iif(json_valid(?1), json_array_length(?1), -1)", -1, &q,
	    NULL), SQLITE_OK);
	sqlite3_bind_text(q, 1, json, -1, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	bool valid = sqlite3_column_int(q, 0);
	*length = sqlite3_column_int(q, 1);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return valid;
}

static void
assert_safe(const char *text)
{
	for (; text != NULL && *text; text++)
		assert_true(*text >= ' ' && *text <= '~');
}

static void
hostile_row(void **state)
{
	struct scene s = { .says = says };
	int length;
	(void)state;

	scene_open(&s, NULL, 0, "[mx]\nclient_no_rdns = log\ndnsbl_sites = bl.example\nsender_no_mx = log\n", NULL);
	scene_begin(&s, "client_address=203.0.113.7\nclient_name=unknown\nhelo_name=\"\001\xff\\\nsender=\"\033@example.net\n"
	    "recipient=\x80\x7f@\001\ninstance=\002\nqueue_id=\003\npolicy_context=\004\n");
	struct decision d = scene_decide(&s);
	struct decision_row row = record_row(s.eval, &d, "550 5.7.1 \001no", 7);
	assert_string_equal(row.action, "reject");
	assert_safe(row.reply);
	assert_safe(row.context);
	assert_safe(row.client_name);
	assert_safe(row.helo);
	assert_safe(row.sender);
	assert_safe(row.sender_domain);
	assert_safe(row.recipient);
	assert_safe(row.instance);
	assert_safe(row.queue_id);
	assert_safe(row.detail);
	assert_null(row.login);
	assert_string_equal(row.client_address, "203.0.113.7");
	assert_true(json_is_array(row.detail, &length));
	assert_true(length > 0);
	scene_end(&s);
	scene_close(&s);
}

static void
detail_tells(void **state)
{
	struct scene s = { .says = says };
	int length;
	(void)state;

	scene_open(&s, NULL, 0, "[mx]\nclient_no_rdns = log\nsender_unknown_tld = log\nsender_no_mx = log\n"
	    "sender_bogus_mx = log\ndnsbl_sites = bl.example\n", NULL);
	scene_begin(&s, "client_address=203.0.113.7\nhelo_name=[203.0.113.7]\nsender=a@example.com\n");
	struct decision d = scene_decide(&s);
	struct decision_row row = record_row(s.eval, &d, "DUNNO", 7);
	assert_true(json_is_array(row.detail, &length));
	assert_int_equal(length, __builtin_popcountll(s.eval->on));
	assert_non_null(strstr(row.detail, "{\"rule\":\"client_rdns\",\"verdict\":\"objects\",\"check\":\"client_no_rdns\","
	    "\"setting\":\"log\",\"effect\":\"would object\",\"text\":\"the address 203.0.113.7 has no reverse DNS name; ask your provider for one\","
	    "\"facts\":\"PTR 7.113.0.203.in-addr.arpa: no such name ["));
	assert_non_null(strstr(row.detail, "A 7.113.0.203.bl.example: 127.0.0.2 ["));
	scene_end(&s);
	scene_close(&s);
}

static struct site_answer
knows_nothing(struct scene *s, const char *recipient)
{
	(void)s;
	(void)recipient;
	return (struct site_answer){ SITE_CANNOT_TELL, "database is \033 locked" };
}

static void
site_tells(void **state)
{
	struct scene s = { .says = says, .site = knows_nothing };
	(void)state;

	scene_open(&s, NULL, 0, OFF "recipient_unknown = reject on_error defer\n", NULL);
	scene_begin(&s, CLIENT "recipient=Ann@Example.org\n");
	struct decision d = scene_decide(&s);
	struct decision_row row = record_row(s.eval, &d, "DUNNO", 7);
	assert_non_null(strstr(row.detail, "\"facts\":\"recipient_query ann@example.org: "
	    "cannot tell (database is \\\\x1b locked) ["));
	assert_int_equal(s.eval->question_count, 0);
	scene_end(&s);
	scene_close(&s);
}

static const struct answer *
allows_some(struct scene *s, const char *name, enum dns_type type)
{
	(void)s;
	if (type == DNS_TXT)
		return scene_says(name, type, strcmp(name, "example.net") == 0 ? "v=spf1 a:none.example.net a:mx.example.net \033=x -all" :
		    strcmp(name, "example.com") == 0 ? "v=spf1 a:none.example.net a:mx.example.net -all" : "NODATA");
	return scene_says(name, type, strcmp(name, "mx.example.net") == 0 ? "203.0.113.7" : "NXDOMAIN");
}

static void
trace_tells(void **state)
{
	static const struct { const char *sender, *row, *explained; } cases[] = {
		{ "b@example.com", "\"verdict\":\"dunno\",\"trace\":\"SPF pass of example.com by a:mx.example.net; "
		  "terms 2 of 10, void look-ups 1 of 2; "
		  "example.com: \\\"v=spf1 a:none.example.net a:mx.example.net -all\\\", a:none.example.net does not match, "
		  "a:mx.example.net matches\",\"facts\":\"TXT example.com: ",
		  "\n                          SPF pass of example.com by a:mx.example.net; terms 2 of 10, " },
		{ "b@example.net", "\"effect\":\"score\",\"text\":\"the SPF record of example.net is wrong: ",
		  "; example.net: \"v=spf1 a:none.example.net a:mx.example.net \\x1b=x -all\"\n" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct scene s = { .says = allows_some };
		char attributes[200], *text;
		size_t len;
		FILE *out = open_memstream(&text, &len);
		int length;

		snprintf(attributes, sizeof attributes, CLIENT "helo_name=[203.0.113.7]\nsender=%s\n", cases[i].sender);
		scene_open(&s, NULL, 0, OFF "spf_permerror = score 1\n", NULL);
		scene_begin(&s, attributes);
		struct decision d = scene_decide(&s);
		struct decision_row row = record_row(s.eval, &d, "DUNNO", 7);
		assert_true(json_is_array(row.detail, &length));
		assert_safe(row.detail);
		assert_non_null(strstr(row.detail, cases[i].row));
		record_explain(out, s.eval, &d, "DUNNO", 7000);
		fclose(out);
		assert_non_null(strstr(text, cases[i].explained));
		free(text);
		scene_end(&s);
		scene_close(&s);
	}
}

/* Of a sender that is a letter, each e would go; of a long one a finding shows the beginning. */
static void
hides_it_alone(void **state)
{
	static const char long_sender[] = "a.very.long.name.of.somebody.who.has.nothing.to.say.at.all.but.says.it@example.net";
	static const struct { const char *sender, *text, *kept, *login; } cases[] = {
		{ "e", "e wants the bees; see <e>", "(hidden) wants the bees; see <(hidden)>" },
		{ "bob@example.net", "bob@example.net, not jacob@example.net", "(hidden), not jacob@example.net" },
		{ "bob@example.net", "bob@example.net bob@example.nets", "(hidden) bob@example.nets" },
		{ long_sender, "a.very.long.name.of.somebody.who.has.nothing.to.say.at.all.but.says wants", "(hidden) wants" },
		{ long_sender, "a.very.long.name wants", "a.very.long.name wants" },
		{ "e", "Jo is jo@example.org", "(hidden) is (hidden)", "Jo" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct scene s = { .says = says };
		char attributes[300];

		snprintf(attributes, sizeof attributes, CLIENT "sender=%s\nsasl_username=%s\n", cases[i].sender,
		    cases[i].login ? cases[i].login : "");
		scene_open(&s, NULL, 0, "[server]\ndecision_addresses = off\nlogin_realm = example.org\n" OFF, NULL);
		scene_begin(&s, attributes);
		assert_string_equal(privacy_text(s.eval, cases[i].text), cases[i].kept);
		scene_end(&s);
		scene_close(&s);
	}
}

static void
hides(void **state)
{
	static const struct { const char *setting, *sender, *recipient, *login, *reply, *finding; } cases[] = {
		{ "full", "Bob@Example.net", "ann@example.org", "jo", "550 ann@example.org wants no mail from sender Bob@Example.net",
		  "ann@example.org wants no mail from sender Bob@Example.net" },
		{ "domain", "@Example.net", "@example.org", NULL, "550 @example.org wants no mail from sender @Example.net",
		  "@example.org wants no mail from sender @Example.net" },
		{ "off", "", NULL, NULL, "550 (hidden) wants no mail from sender (hidden)",
		  "(hidden) wants no mail from sender (hidden)" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct scene s = { .says = says };
		char conf[600];

		snprintf(conf, sizeof conf, "[server]\ndecision_addresses = %s\n" OFF, cases[i].setting);
		scene_open(&s, NULL, 0, conf, "INSERT INTO hand_unwanted (recipient, sender, cause, scope) "
		    "VALUES ('ann@example.org', 'bob@example.net', '', 'recipient')");
		scene_begin(&s, CLIENT "helo_name=[203.0.113.7]\nsender=Bob@Example.net\nrecipient=ann@example.org\nsasl_username=jo\n");
		struct decision d = scene_decide(&s);
		struct decision_row row = record_row(s.eval, &d,
		    "550 ann@example.org wants no mail from sender Bob@Example.net", 7);
		assert_string_equal(row.sender, cases[i].sender);
		assert_string_equal(row.recipient ? row.recipient : "none", cases[i].recipient ? cases[i].recipient : "none");
		assert_string_equal(row.login ? row.login : "none", cases[i].login ? cases[i].login : "none");
		assert_string_equal(row.reply, cases[i].reply);
		if (strstr(row.detail, cases[i].finding) == NULL)
			fail_msg("%s: %s", cases[i].setting, row.detail);
		assert_string_equal(row.sender_domain, "example.net");
		scene_end(&s);
		scene_close(&s);
	}
}

/* ---- many rules that say much ---- */

static struct verdict
judge_talkative(struct eval *e)
{
	char name[64];
	unsigned texts = 0;

	for (unsigned i = 0; i < 40; i++) {
		snprintf(name, sizeof name, "%u.example", i);
		texts += found(dns_lookup(e, name, DNS_TXT));
	}
	return waiting(e) ? PENDING : object(e, 0, "5.7.1", "%.*s%u", 200, request(e)->helo_name, texts);
}

struct talk_options { struct setting talk; };
#define OPTIONS talk_options
static const struct option talk_rows[] = { { "talk", OPT_SETTING, INTO(talk), "score 1" } };
#undef OPTIONS
static const struct rule talkative = { "talkative", judge_talkative, STAGE_RCPT, HOOK_MX, 0,
    { talk_rows, 1, sizeof(struct talk_options) } };

static void
cut_detail(void **state)
{
	enum { RULES = 60 };
	static const char bytes[] = "\001\"\\a\xff";
	const struct rule *some[RULES];
	(void)state;

	for (size_t i = 0; i < sizeof bytes - 1; i++)
		for (size_t count = 1; count <= 3; count++) {
			char attributes[400], helo[201];
			struct scene s = { .says = says };
			int length;

			for (size_t k = 0; k < RULES; k++)
				some[k] = &talkative;
			memset(helo, bytes[i], sizeof helo - 1);
			helo[sizeof helo - 1 - count] = '\0';
			snprintf(attributes, sizeof attributes, "client_address=203.0.113.7\nhelo_name=%s\n", helo);
			scene_open(&s, some, RULES, "", NULL);
			scene_begin(&s, attributes);
			struct decision d = scene_decide(&s);
			struct decision_row row = record_row(s.eval, &d, "DUNNO", 7);
			assert_true(json_is_array(row.detail, &length));
			assert_true(length > 1 && length < RULES);
			assert_true(strlen(row.detail) < 8000);
			assert_safe(row.detail);
			scene_end(&s);
			scene_close(&s);
		}
}

static void
long_would(void **state)
{
	enum { RULES = 60 };
	const struct rule *some[RULES];
	struct scene s = { .says = says };
	(void)state;

	for (size_t k = 0; k < RULES; k++)
		some[k] = &talkative;
	scene_open(&s, some, RULES, "[server]\nmode = log\n", NULL);
	scene_begin(&s, "client_address=203.0.113.7\n");
	struct decision d = scene_decide(&s);
	assert_int_equal(strlen(d.would), RULES * strlen("score talk, ") - 2);
	stderr_catch();
	record_log(s.eval, &d, "", "0123456789", 12345);
	const char *line = stderr_release();
	assert_non_null(strstr(line, " would=<score talk, score talk, "));
	assert_non_null(strstr(line, " ref=0123456789 dns=40 "));
	scene_end(&s);
	scene_close(&s);
}

static void
explanation(void **state)
{
	struct scene s = { .says = says };
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	(void)state;

	scene_open(&s, NULL, 0, "[mx]\nclient_no_rdns = log\nhelo_not_fqdn = score 2\nsender_syntax = log\n"
	    "sender_unknown_tld = log\nsender_bogus_mx = log\n[quiet]\nmode = log\n", NULL);
	scene_begin(&s, "client_address=203.0.113.7\npolicy_context=quiet\n");
	struct decision d = scene_decide(&s);
	record_explain(out, s.eval, &d, "DUNNO", 7000);
	fflush(out);
	assert_non_null(strstr(text, ": profile quiet, stage RCPT, mode = log: nothing is refused\n"));
	rewind(out);
	scene_end(&s);
	scene_begin(&s, "client_address=203.0.113.7\nsender=a\033@example.com\nhelo_name=nodot\n");
	d = scene_decide(&s);
	record_explain(out, s.eval, &d, "550 5.7.1 no", 7000);
	fclose(out);
	assert_non_null(strstr(text, "from <a\\x1b@example.com>"));
	assert_non_null(strstr(text, "helo_not_fqdn = score 2  -> helo_not_fqdn: score"));
	assert_non_null(strstr(text, "-> client_no_rdns: would object"));
	assert_non_null(strstr(text, "PTR 7.113.0.203.in-addr.arpa: no such name"));
	assert_non_null(strstr(text, "\nscore: 2\n"));
	assert_non_null(strstr(text, " 7 ms\naction=550 5.7.1 no\n"));
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, ": profile mx, stage RCPT\n"));
	free(text);
	scene_end(&s);
	scene_close(&s);
}

int
main(void)
{
	enum { LINES = sizeof lines / sizeof *lines };
	static const struct CMUnitTest others[] = {
		{ "greylisting shows", greylisted_lines, NULL, NULL, NULL },
		{ "no byte from outside breaks the line, and none pushes what is ours out", hostile_lines, NULL, NULL, NULL },
		{ "no byte from outside breaks the row", hostile_row, NULL, NULL, NULL },
		{ "the detail has every rule, with its facts", detail_tells, NULL, NULL, NULL },
		{ "what the site's database said is a fact, and no DNS question", site_tells, NULL, NULL, NULL },
		{ "detail and explanation tell how SPF came about, of a pass too", trace_tells, NULL, NULL, NULL },
		{ "the row keeps of addresses what it may", hides, NULL, NULL, NULL },
		{ "and hides them where they stand, alone or cut short", hides_it_alone, NULL, NULL, NULL },
		{ "a detail that is too long is cut between rules", cut_detail, NULL, NULL, NULL },
		{ "however many checks only log, the line's end is there", long_would, NULL, NULL, NULL },
		{ "the explanation has every rule and the action", explanation, NULL, NULL, NULL },
	};
	enum { OTHERS = sizeof others / sizeof *others };
	struct CMUnitTest tests[LINES + OTHERS];

	for (size_t i = 0; i < LINES; i++)
		tests[i] = (struct CMUnitTest){ lines[i].promises, one_line, NULL, NULL, (void *)i };
	memcpy(tests + LINES, others, sizeof others);
	return cmocka_run_group_tests_name("record.c: it promises that", tests, NULL, NULL);
}
