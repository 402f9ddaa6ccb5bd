/* decision.c - from a check's setting and verdict to the action: it promises that … */
#include "scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- three rules that say what the case wants: one, two, three, with a check each; and four, which greylists ---- */

static char says[3];			/* a letter of the case's verdicts */

struct one_options { struct setting one; };
#define OPTIONS one_options
static const struct option one_rows[] = { { "one", OPT_SETTING, INTO(one), "off" } };
#undef OPTIONS
struct two_options { struct setting two; };
#define OPTIONS two_options
static const struct option two_rows[] = { { "two", OPT_SETTING, INTO(two), "off" } };
#undef OPTIONS
struct four_options { struct setting four; };
#define OPTIONS four_options
static const struct option four_rows[] = { { "four", OPT_SETTING, INTO(four), "off" } };
#undef OPTIONS
struct three_options { struct setting three; };
#define OPTIONS three_options
static const struct option three_rows[] = { { "three", OPT_SETTING, INTO(three), "off" } };
#undef OPTIONS

static struct verdict
say(struct eval *e, size_t i)
{
	static const char *const enhanced[] = { "5.7.1", "5.7.2", "5.7.3" };
	static const char *const finding[] = { "first", "second", "third" };

	struct verdict v = DUNNO;

	switch (says[i]) {
	case 'o':
		return object(e, 0, enhanced[i], "%s", finding[i]);
	case 'c':
		return cannot_tell(e, 0, "4.4.3", "no %s", finding[i]);
	case 't':
		return object(e, 0, "4.4.3", "%s for now", finding[i]);
	case 'O':
		v = object(e, 0, enhanced[i], "%s", finding[i]);
		v.least = 4;
		v.most = 6;
		break;
	case 'C':
		v = cannot_tell(e, 0, "4.4.3", "no %s", finding[i]);
		v.least = 2;
		v.most = 5;
		break;
	case 'w':
		v = weigh(e, 0, "%s", finding[i]);
		v.least = 1;
		v.most = 3;
		break;
	case 'a':
		v = weigh(e, 0, "%s", finding[i]);
		v.least = v.most = -2;
	}
	return v;
}

static struct verdict judge_one(struct eval *e) { return say(e, 0); }
static struct verdict judge_two(struct eval *e) { return say(e, 1); }
static struct verdict judge_three(struct eval *e) { return say(e, 2); }
static struct verdict judge_four(struct eval *e) { return suspicious(e) ? object(e, 0, "4.2.0", "new") : DUNNO; }

static const struct rule one = { "r1", judge_one, STAGE_RCPT, HOOK_MX, 0,
    { one_rows, 1, sizeof(struct one_options) } };
static const struct rule two = { "r2", judge_two, STAGE_RCPT, HOOK_MX, 0,
    { two_rows, 1, sizeof(struct two_options) } };
static const struct rule three = { "r3", judge_three, STAGE_RCPT, HOOK_MX, 0,
    { three_rows, 1, sizeof(struct three_options) } };
static const struct rule four = { "r4", judge_four, STAGE_RCPT, HOOK_MX, 0,
    { four_rows, 1, sizeof(struct four_options) }, .last = true, .greylists = true };
static const struct rule *const four_rules[] = { &one, &two, &three, &four };

/*
 * Verdicts: o objects, c cannot tell, - dunno; a letter for each rule.  O and C are the same with a weight (4 to 6, 2 to 5);
 * w and a only weigh something (1 to 3, -2).  t objects with a code that says it may pass (4.4.3).
 */
static const struct {
	const char *promises, *conf, *verdicts, *want;
} cases[] = {
	{ "no objection passes", "one = reject", "---", "dunno" },
	{ "a check that is off says nothing", "one = off", "o--", "dunno" },
	{ "reject rejects", "one = reject", "o--", "reject one r1 5.7.1 first" },
	{ "defer defers", "one = defer", "o--", "defer one r1 5.7.1 first" },
	{ "log only records", "one = log", "o--", "dunno would(object one)" },
	{ "a score alone refuses nobody", "one = score 5", "o--", "dunno score 5" },
	{ "what cannot be told is skipped", "one = reject", "c--", "dunno" },
	{ "skip may be said", "one = reject on_error skip", "c--", "dunno" },
	{ "what cannot be told is deferred if wished", "one = reject on_error defer", "c--", "defer one r1 4.4.3 no first" },
	{ "on_error defer is for a score too", "one = score 5 on_error defer", "c--", "defer one r1 4.4.3 no first" },
	{ "on_error defer under log is recorded", "one = log on_error defer", "c--", "dunno would(defer one)" },
	{ "on_error does not touch an objection", "one = reject on_error defer", "o--", "reject one r1 5.7.1 first" },
	{ "off stays off when it cannot tell", "one = off on_error defer", "c--", "dunno" },
	{ "a date to come makes it log", "one = reject from 2100-01-01", "o--", "dunno would(reject one)" },
	{ "a date gone by changes nothing", "one = reject from 2020-01-01", "o--", "reject one r1 5.7.1 first" },
	{ "a date to come holds on_error back", "one = reject on_error defer from 2100-01-01", "c--", "dunno would(defer one)" },
	{ "a date to come holds a score back", "one = score 9 from 2100-01-01\nscore_reject = 10", "o--", "dunno would(score one)" },
	{ "and what that would have come to is recorded", "one = score 9 from 2100-01-01\nscore_reject = 9", "o--",
	  "dunno would(score one, reject score_reject)" },
	{ "with the scores that count today", "one = score 4\ntwo = score 5 from 2100-01-01\nscore_reject = 9\nscore_defer = 4",
	  "oo-", "defer score_defer - 5.7.1 score 4: first score 4 would(score two, reject score_reject)" },
	{ "only if it were more than what was done", "one = score 5\ntwo = score 5 from 2100-01-01\nscore_reject = 5", "oo-",
	  "reject score_reject - 5.7.1 score 5: first score 5 would(score two)" },
	{ "and with what might speak for the client", "one = score 9 from 2100-01-01\ntwo = score -1\nscore_reject = 9", "oc-",
	  "dunno score -1 would(score one)" },
	{ "mode = log shadows all", "mode = log\none = reject\ntwo = defer\nthree = score 3", "ooo",
	  "dunno would(reject one, defer two, score three)" },
	{ "mode = log adds the scores up", "mode = log\none = score 3\ntwo = score 4\nthree = score -1\nscore_defer = 6", "ooo",
	  "dunno would(score one, score two, score three, defer score_defer)" },
	{ "mode = log in [server] shadows every profile", "one = reject\n[server]\nmode = log", "o--", "dunno would(reject one)" },
	{ "whatever the profile says", "mode = enforce\none = defer\n[server]\nmode = log", "o--", "dunno would(defer one)" },
	{ "mode = log leaves log alone", "mode = log\none = log", "o--", "dunno would(object one)" },
	{ "the site's text replaces the finding", "one = reject \"go away\"", "o--", "reject one r1 5.7.1 go away" },
	{ "but not what could not be looked up", "one = reject on_error defer \"go away\"", "c--", "defer one r1 4.4.3 no first" },
	{ "what cannot speak for the client does", "one = score 5\ntwo = score -3\nscore_reject = 5", "oc-", "dunno score 2" },
	{ "on_error or not", "one = score 5\ntwo = score -3 on_error defer\nscore_reject = 5", "oc-",
	  "defer two r2 4.4.3 no second score 2" },
	{ "nor is what cannot speak against him counted", "one = score 5\ntwo = score 3\nscore_reject = 8", "oc-", "dunno score 5" },
	{ "it stands in a defer too", "one = defer \"later\"", "o--", "defer one r1 5.7.1 later" },
	{ "a reject beats a defer before it", "one = defer\ntwo = reject", "oo-", "reject two r2 5.7.2 second" },
	{ "of two rejects the first counts", "one = reject\ntwo = reject", "oo-", "reject one r1 5.7.1 first" },
	{ "of two defers the first counts", "one = defer\ntwo = defer", "oo-", "defer one r1 5.7.1 first" },
	{ "a shadow before a reject is listed", "one = log\ntwo = reject", "oo-", "reject two r2 5.7.2 second would(object one)" },
	{ "a shadow behind a reject is not asked", "one = reject\ntwo = log", "oo-", "reject one r1 5.7.1 first" },
	{ "a shadow behind a defer is listed", "one = defer\ntwo = log", "oo-", "defer one r1 5.7.1 first would(object two)" },
	{ "scores add up", "one = score 5\ntwo = score 7\nthree = score -2", "ooo", "dunno score 10" },
	{ "only findings score", "one = score 5\ntwo = score 7", "o--", "dunno score 5" },
	{ "score_defer defers at its value", "score_defer = 5\none = score 5", "o--",
	  "defer score_defer - 5.7.1 score 5: first score 5" },
	{ "below it nothing follows", "score_defer = 6\none = score 5", "o--", "dunno score 5" },
	{ "score_reject rejects at its value", "score_reject = 12\none = score 5\ntwo = score 7", "oo-",
	  "reject score_reject - 5.7.1 score 12: second; first score 12" },
	{ "of equal scores the first is named first", "score_reject = 6\none = score 2\ntwo = score 3\nthree = score 3", "ooo",
	  "reject score_reject - 5.7.1 score 8: second; third; first score 8" },
	{ "score_reject beats score_defer", "score_defer = 1\nscore_reject = 2\none = score 5", "o--",
	  "reject score_reject - 5.7.1 score 5: first score 5" },
	{ "score_reject beats a defer", "score_reject = 2\none = score 5\ntwo = defer", "oo-",
	  "reject score_reject - 5.7.1 score 5: first score 5" },
	{ "a check's defer goes before score_defer", "score_defer = 2\none = score 5\ntwo = defer", "oo-",
	  "defer two r2 5.7.2 second score 5" },
	{ "what speaks for the client is not shown", "score_reject = 2\none = score 5\ntwo = score -1", "oo-",
	  "reject score_reject - 5.7.1 score 4: first score 4" },
	{ "the site's text stands in the score's", "score_reject = 2\none = score 5 \"bad\"", "o--",
	  "reject score_reject - 5.7.1 score 5: bad score 5" },
	{ "thresholds of 0 are none", "score_defer = 0\nscore_reject = 0\none = score 1000", "o--", "dunno score 1000" },
	{ "a weight multiplies the score", "one = score 5", "O--", "dunno score 20" },
	{ "a score that speaks for the client takes all that may be", "one = score -5", "O--", "dunno score -30" },
	{ "a weight is nothing to a reject", "one = reject", "O--", "reject one r1 5.7.1 first" },
	{ "what weighs without objecting scores", "one = score 5", "w--", "dunno score 5" },
	{ "for the client, too", "one = score 5\ntwo = score 3", "wa-", "dunno score -1" },
	{ "a score against it may refuse", "one = score 5\nscore_reject = 5", "w--",
	  "reject score_reject - 5.7.1 score 5: first score 5" },
	{ "with the site's text", "one = score 5 \"bad\"\nscore_reject = 5", "w--",
	  "reject score_reject - 5.7.1 score 5: bad score 5" },
	{ "what speaks for the client by its weight is not shown", "score_reject = 2\none = score 5\ntwo = score 1", "oa-",
	  "reject score_reject - 5.7.1 score 3: first score 3" },
	{ "what only weighs is no objection", "one = reject", "w--", "dunno" },
	{ "not under defer", "one = defer on_error defer", "w--", "dunno" },
	{ "and is nothing to log", "one = log", "w--", "dunno" },
	{ "a date to come holds a weight back", "one = score 5 from 2100-01-01", "w--", "dunno would(score one)" },
	{ "mode = log, too", "mode = log\none = score 5", "w--", "dunno would(score one)" },
	{ "off stays off for what weighs", "one = off", "w--", "dunno" },
	{ "what is certain scores, though the rest cannot be told", "one = score 5", "C--", "dunno score 10" },
	{ "it shows in the reply", "one = score 5\nscore_reject = 10", "C--",
	  "reject score_reject - 5.7.1 score 10: no first score 10" },
	{ "all that may be scores for the client", "one = score -5", "C--", "dunno score -25" },
	{ "on_error defers it all the same", "one = score 5 on_error defer", "C--", "defer one r1 4.4.3 no first score 10" },
	{ "but a score_reject beats that", "one = score 5 on_error defer\nscore_reject = 10", "C--",
	  "reject score_reject - 5.7.1 score 10: no first score 10" },
	{ "what cannot be told does not speak before its day", "one = score 5\ntwo = score -3 from 2100-01-01", "oc-",
	  "dunno score 5 would(score two)" },
	{ "what may pass by itself is not refused for good", "one = reject", "t--", "defer one r1 4.4.3 first for now" },
	{ "so a reject behind it counts", "one = reject\ntwo = reject", "to-", "reject two r2 5.7.2 second" },
	{ "it is recorded as what it would be", "one = reject from 2100-01-01", "t--", "dunno would(defer one)" },
	{ "a defer stays one", "one = defer", "t--", "defer one r1 4.4.3 first for now" },
	{ "and its score counts", "one = score 5\nscore_reject = 9", "t--", "dunno score 5" },
	{ "greylist alone delays nobody", "one = greylist", "o--", "dunno" },
	{ "it is what the rule that greylists acts on", "one = greylist\nfour = greylist", "o--",
	  "greylist four r4 4.2.0 new; first" },
	{ "without an objection nobody is delayed", "one = greylist\nfour = greylist", "-o-", "dunno" },
	{ "nor for what cannot be told", "one = greylist\nfour = greylist", "c--", "dunno" },
	{ "unless on_error says so", "one = greylist on_error defer\nfour = greylist", "c--", "defer one r1 4.4.3 no first" },
	{ "what may pass by itself is evidence, too", "one = greylist\nfour = greylist", "t--",
	  "greylist four r4 4.2.0 new; first for now" },
	{ "of several the first is told", "one = greylist\ntwo = greylist\nfour = greylist", "oo-",
	  "greylist four r4 4.2.0 new; first" },
	{ "in the site's words", "one = greylist \"bad\"\nfour = greylist", "o--", "greylist four r4 4.2.0 new; bad" },
	{ "which stand alone, if the rule that greylists has some", "one = greylist\nfour = greylist \"wait\"", "o--",
	  "greylist four r4 4.2.0 wait" },
	{ "a defer goes before it", "one = greylist\ntwo = defer\nfour = greylist", "oo-", "defer two r2 5.7.2 second" },
	{ "a reject, too", "one = greylist\nthree = reject\nfour = greylist", "o-o", "reject three r3 5.7.3 third" },
	{ "a score that defers, too", "one = greylist\ntwo = score 3\nscore_defer = 3\nfour = greylist", "oo-",
	  "defer score_defer - 5.7.1 score 3: second score 3" },
	{ "score_greylist is evidence", "one = score 2\ntwo = score 3\nscore_greylist = 5\nfour = greylist", "oo-",
	  "greylist four r4 4.2.0 new; second; first score 5" },
	{ "of which there is room for two", "one = score 2\ntwo = score 3\nthree = score 1\nscore_greylist = 5\nfour = greylist", "ooo",
	  "greylist four r4 4.2.0 new; second; first; and 1 more score 6" },
	{ "below it is none", "one = score 2\ntwo = score 3\nscore_greylist = 6\nfour = greylist", "oo-", "dunno score 5" },
	{ "nor where the rule is off", "one = score 5\nscore_greylist = 5", "o--", "dunno score 5" },
	{ "a reject to come is evidence of nothing", "one = greylist from 2100-01-01\nfour = greylist", "o--",
	  "dunno would(greylist one)" },
	{ "but of scores what they would come to is recorded", "one = score 5 from 2100-01-01\nscore_greylist = 5\nfour = greylist", "o--",
	  "dunno would(score one, greylist score_greylist)" },
	{ "unless they do without it", "one = score 5\ntwo = score 1 from 2100-01-01\nscore_greylist = 5\nfour = greylist", "oo-",
	  "greylist four r4 4.2.0 new; first score 5 would(score two)" },
	{ "a shadow refuses nobody, who is greylisted then", "one = reject from 2100-01-01\ntwo = greylist\nfour = greylist", "oo-",
	  "greylist four r4 4.2.0 new; second would(reject one)" },
	{ "mode = log greylists nobody", "mode = log\none = greylist\nfour = greylist", "o--",
	  "dunno would(greylist one, greylist four)" },
	{ "nor whom it would refuse", "mode = log\none = greylist\ntwo = reject\nfour = greylist", "oo-",
	  "dunno would(greylist one, reject two)" },
	{ "nor does the rule, if it only logs", "one = greylist\nfour = greylist from 2100-01-01", "o--",
	  "dunno would(greylist four)" },
	{ "which may defer", "one = greylist\nfour = defer", "o--", "defer four r4 4.2.0 new" },
	{ "but not refuse for good", "one = greylist\nfour = reject", "o--", "defer four r4 4.2.0 new" },
	{ "a sum below nothing refuses nobody", "score_defer = 1\none = score -5", "o--", "dunno score -5" },
};

static void
add_decision(struct text *t, const struct eval *e, const struct decision *d)
{
	text_add(t, decision_word(d));
	if (d->action != ACTION_DUNNO)
		text_addf(t, " %s %s %s %s", d->check, d->rule ? d->rule : "-", d->enhanced, scene_text(e, d, ""));
	if (d->score != 0)
		text_addf(t, " score %d", d->score);
	if (d->would != NULL)
		text_addf(t, " would(%s)", d->would);
}

static void
one_case(void **state)
{
	size_t i = (size_t)*state;
	struct scene s = { 0 };
	char conf[400], room[1024];
	struct text got = TEXT(room);

	for (size_t k = 0; k < 3; k++)
		says[k] = cases[i].verdicts[k];
	snprintf(conf, sizeof conf, "[mx]\n%s\n", cases[i].conf);
	scene_open(&s, four_rules, 4, conf, NULL);
	scene_begin(&s, "client_address=192.0.2.7\n");
	struct decision d = scene_decide(&s);
	add_decision(&got, s.eval, &d);
	assert_string_equal(room, cases[i].want);
	scene_end(&s);
	scene_close(&s);
}

/* ---- the recipient's own settings: real rules, since lists know no others ---- */

static void
own_setting(void **state)
{
	struct scene s = { 0 };
	(void)state;

	scene_open(&s, NULL, 0, "[mx]\nclient_no_rdns = off\nclient_rdns_mismatch = off\nclient_dynamic = off\n",
	    "INSERT INTO hand_recipient_setting VALUES('me@example.org', 'helo_not_fqdn', 'defer \"mine\"', NULL)");
	scene_begin(&s, "client_address=192.0.2.7\nhelo_name=nodot\nrecipient=ME@Example.org\n");
	struct decision d = scene_decide(&s);
	assert_string_equal(decision_word(&d), "defer");
	assert_string_equal(scene_text(s.eval, &d, ""), "mine");
	scene_end(&s);
	scene_begin(&s, "client_address=192.0.2.7\nhelo_name=nodot\nrecipient=you@example.org\n");
	d = scene_decide(&s);
	assert_string_equal(decision_word(&d), "reject");
	scene_end(&s);
	scene_close(&s);
}

/* ---- greylisting, with the real rules; it is 1800000000, and the DNS has nothing ---- */

#define ODD "[mx]\nclient_no_rdns = off\nclient_dynamic = off\nsender_null_mx = off\nsender_no_mx = off\n" \
    "sender_bogus_mx = off\nhelo_not_fqdn = greylist\n"
#define WAITS(ago) { .known = true, .waits = true, .client = "192.0.2.0/24", .gen = 1, .first_s = 1800000000 - (ago) }
#define HEADER "X-Greylist: delayed 400 seconds by policyd at mx.example.org; Fri, 15 Jan 2027 08:00:00 +0000"

static const struct {
	const char *promises, *conf;
	struct triplet_past past;
	const char *want;
} greylisted[] = {
	{ "what is new is delayed, and remembered", ODD, { .known = true, .next_gen = 1 }, "greylist greylisted tried" },
	{ "what is tried too early is, too", ODD, WAITS(100), "greylist greylisted" },
	{ "what comes again passes, with a header", ODD, WAITS(400), "dunno passed delay 400 " HEADER },
	{ "which may be left out", ODD "greylist_header = no\n", WAITS(400), "dunno passed delay 400" },
	{ "what cannot be told passes", ODD, { .known = false }, "dunno" },
	{ "unless on_error says so", ODD "greylist = greylist on_error defer\n", { .known = false }, "defer greylisted" },
	{ "log delays nobody, but remembers", ODD "greylist = log\n", { .known = true, .next_gen = 1 },
	  "dunno tried would(object greylist)" },
	{ "and adds no header", ODD "greylist = log\n", WAITS(400), "dunno passed" },
	{ "nor does a date to come", ODD "greylist = greylist from 2100-01-01\n", WAITS(400), "dunno passed" },
	{ "nor a score", ODD "greylist = score 2\n", WAITS(400), "dunno passed" },
	{ "a score adds up", ODD "greylist = score 2\nscore_defer = 2\n", { .known = true, .next_gen = 1 }, "defer tried" },
	{ "nor mode = log", ODD "mode = log\n", WAITS(400), "dunno passed would(greylist helo_not_fqdn)" },
	{ "mode = log tells whom it would delay", ODD "mode = log\n", { .known = true, .next_gen = 1 },
	  "dunno tried would(greylist helo_not_fqdn, greylist greylist)" },
	{ "who is refused is not asked about", ODD "helo_forged = defer\nlocal_domains = nodot\n", { .known = true }, "defer" },
	{ "off is off", ODD "greylist = off\n", { .known = true }, "dunno" },
};

static const struct answer *
nothing(struct scene *s, const char *name, enum dns_type type)
{
	(void)s;
	return scene_says(name, type, "NODATA");
}

static void
add_greylisting(struct text *t, const struct eval *e, const struct decision *d)
{
	static const char *const events[] = { [TRIPLET_TRIED] = " tried", [TRIPLET_PASSED] = " passed", [TRIPLET_SEEN] = " seen" };

	text_addf(t, "%s%s%s", decision_word(d), d->greylisted ? " greylisted" : "", e->news ? events[e->news->event] : "");
	if (d->delay_s > 0)
		text_addf(t, " delay %d", (int)d->delay_s);
	if (d->header != NULL)
		text_addf(t, " %s", d->header);
	if (d->would != NULL)
		text_addf(t, " would(%s)", d->would);
}

static void
one_greylisted(void **state)
{
	size_t i = (size_t)*state;
	struct scene s = { .says = nothing, .past = greylisted[i].past };
	char room[1024];
	struct text got = TEXT(room);

	scene_open(&s, NULL, 0, greylisted[i].conf, NULL);
	scene_begin(&s, "client_address=192.0.2.7\nclient_name=mx.example.net\nhelo_name=nodot\nsender=b@example.net\n"
	    "recipient=ann@example.org\n");
	struct decision d = scene_decide(&s);
	add_greylisting(&got, s.eval, &d);
	assert_string_equal(room, greylisted[i].want);
	d = decide_without_memory(s.eval);	/* the store is in trouble all of a sudden */
	assert_false(d.greylisted);
	assert_int_equal(d.action == ACTION_DUNNO, strcmp(greylisted[i].want, "defer") != 0);
	scene_end(&s);
	scene_close(&s);
}

int
main(void)
{
	enum { CASES = sizeof cases / sizeof *cases };
	enum { GREYLISTED = sizeof greylisted / sizeof *greylisted };
	struct CMUnitTest tests[CASES + GREYLISTED + 1];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].promises, one_case, NULL, NULL, (void *)i };
	for (size_t i = 0; i < GREYLISTED; i++)
		tests[CASES + 1 + i] = (struct CMUnitTest){ greylisted[i].promises, one_greylisted, NULL, NULL, (void *)i };
	tests[CASES] = (struct CMUnitTest){ "a recipient's own setting goes before the profile's", own_setting, NULL,
	    NULL, NULL };
	return cmocka_run_group_tests_name("decision.c: it promises that", tests, NULL, NULL);
}
