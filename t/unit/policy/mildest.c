/* mildest.c - whose setting counts where one answer hits several recipients: it promises that … */
#include "scene.h"
#include "rules/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- the real rules, of which null_sender_multiple alone is asked; a setting for each of three profiles ---- */

static const struct {
	const char *promises, *a, *b, *c;	/* "": nobody is judged by it */
	const char *want;
} cases[] = {
	{ "one alone is judged by its own", "reject", "", "", "reject" },
	{ "off is milder than reject", "reject", "off", "", "dunno" },
	{ "in either order", "off", "reject", "", "dunno" },
	{ "log is milder than defer", "defer", "log", "", "dunno would(object null_sender_multiple)" },
	{ "off is milder than log", "log", "off", "", "dunno" },
	{ "score is milder than defer", "defer", "score 3", "reject", "dunno score 3" },
	{ "score is milder than greylist", "greylist", "score 3", "defer", "dunno score 3" },
	{ "greylist is milder than defer", "defer", "greylist", "reject", "dunno" },
	{ "defer is milder than reject", "reject", "defer", "reject", "defer" },
	{ "of two scores the lower counts", "score 5", "score 2", "reject", "dunno score 2" },
	{ "of equals any", "reject", "reject", "reject", "reject" },
	{ "a date to come is log", "reject", "reject from 2100-01-01", "defer", "dunno would(reject null_sender_multiple)" },
	{ "a date gone by is not", "reject from 2020-01-01", "reject", "", "reject" },
	{ "off with a date to come is off", "log", "off from 2100-01-01", "", "dunno" },
	{ "a profile that only logs has all only log", "reject", "reject\nmode = log", "", "dunno would(reject null_sender_multiple)" },
	{ "but off stays off", "off", "reject\nmode = log", "", "dunno" },
	{ "a score that none of them refuses", "score 5\nscore_reject = 5", "score 5", "", "dunno score 5" },
	{ "a score that all of them refuse", "score 5\nscore_reject = 5", "score 5\nscore_reject = 3", "", "reject score 5" },
	{ "a score that only one refuses", "score 5\nscore_reject = 6", "score 5\nscore_reject = 5", "", "dunno score 5" },
};

static void
begin(struct scene *s, const char *attributes)
{
	char all[400];

	snprintf(all, sizeof all, "client_address=192.0.2.7\nprotocol_state=DATA\ninstance=1\nrecipient_count=3\n%s", attributes);
	scene_begin(s, all);
}

static void
add_decision(struct text *t, const struct decision *d)
{
	text_add(t, decision_word(d));
	if (d->score != 0)
		text_addf(t, " score %d", d->score);
	if (d->would != NULL)
		text_addf(t, " would(%s)", d->would);
}

static void
one_case(void **state)
{
	size_t i = (size_t)*state, count = 0;
	const char *const settings[] = { cases[i].a, cases[i].b, cases[i].c };
	struct scene s = { 0 };
	struct party parties[3];
	char conf[1000], room[400];
	struct text text = TEXT(conf), got = TEXT(room);

	text_add(&text, "[mx]\nnull_sender_multiple = reject\n");
	for (int k = 0; k < 3; k++)
		text_addf(&text, "[p%d]\nnull_sender_multiple = %s\n", k, *settings[k] ? settings[k] : "reject");
	scene_open(&s, NULL, 0, conf, NULL);
	begin(&s, "");
	for (int k = 0; k < 3; k++) {
		char name[16];

		snprintf(name, sizeof name, "p%d", k);
		if (*settings[k])
			parties[count++] = (struct party){ .profile = config_profile(s.config, name) };
	}
	eval_share(s.eval, parties, count);
	struct decision d = scene_decide(&s);
	add_decision(&got, &d);
	assert_string_equal(room, cases[i].want);
	scene_end(&s);
	scene_close(&s);
}

static const struct option *
multiple(size_t *rule)
{
	*rule = scene_place_of("null_sender_multiple");
	return &rules[*rule]->options.rows[0];
}

static void
own_settings_count(void **state)
{
	struct scene s = { 0 };
	(void)state;

	scene_open(&s, NULL, 0, "[mx]\n", "INSERT INTO hand_recipient_setting VALUES"
	    "('ann@example.org', 'null_sender_multiple', 'log', NULL), ('bob@example.org', 'dnsbl', 'off', NULL),"
	    "('eve@example.org', 'null_sender_multiple', 'off', 1000)");
	begin(&s, "");
	const struct profile *mx = config_profile(s.config, "mx");
	const struct party parties[] = { { mx, "bob@example.org" }, { mx, "eve@example.org" }, { mx, "ann@example.org" } };

	eval_share(s.eval, parties, 2);
	size_t rule;
	const struct option *check = multiple(&rule);
	assert_int_equal(setting_of(s.eval, rule, check)->action, SETTING_REJECT);
	eval_share(s.eval, parties, 3);
	assert_int_equal(setting_of(s.eval, rule, check)->action, SETTING_LOG);
	scene_end(&s);
	scene_close(&s);
}

static void
on_error_is_unanimous(void **state)
{
	struct scene s = { 0 };
	(void)state;

	scene_open(&s, NULL, 0, "[a]\nnull_sender_multiple = reject on_error defer \"strict\"\n"
	    "[b]\nnull_sender_multiple = defer on_error defer \"mild\"\n[c]\nnull_sender_multiple = reject\n", NULL);
	begin(&s, "");
	const struct party parties[] = { { config_profile(s.config, "a"), NULL }, { config_profile(s.config, "b"), NULL },
	    { config_profile(s.config, "c"), NULL } };
	size_t rule;
	const struct option *check = multiple(&rule);

	eval_share(s.eval, parties, 2);
	assert_int_equal(setting_of(s.eval, rule, check)->on_error, ON_ERROR_DEFER);
	eval_share(s.eval, parties, 3);
	assert_int_equal(setting_of(s.eval, rule, check)->action, SETTING_DEFER);
	assert_int_equal(setting_of(s.eval, rule, check)->on_error, ON_ERROR_SKIP);
	assert_string_equal(setting_of(s.eval, rule, check)->text, "mild");
	scene_end(&s);
	scene_close(&s);
}

/* What was found out at RCPT holds at DATA. */
static void
exemptions_hold(void **state)
{
	static const struct { unsigned spared, doubt; const char *want; } told[] = {
		{ 0, 0, "reject" }, { SPARE_ALLOWED, 0, "dunno" }, { SPARE_ROLE, 0, "dunno" }, { 0, SPARE_ALLOWED, "defer" },
	};
	struct scene s = { 0 };
	(void)state;

	scene_open(&s, NULL, 0, "[mx]\n", NULL);
	for (size_t i = 0; i < 4; i++) {
		begin(&s, "");
		s.eval->spared_before = told[i].spared;
		s.eval->doubt_before = told[i].doubt;
		struct decision d = scene_decide(&s);
		assert_string_equal(decision_word(&d), told[i].want);
		scene_end(&s);
	}
	scene_close(&s);
}

static void
allow_is_asked(void **state)
{
	struct scene s = { 0 };
	(void)state;

	scene_open(&s, NULL, 0, "[mx]\n", "INSERT INTO hand_allow VALUES(1, '192.0.2.7', '', '', '', '', NULL)");
	begin(&s, "");
	struct decision d = scene_decide(&s);
	assert_string_equal(decision_word(&d), "dunno");
	scene_end(&s);
	scene_close(&s);
}

int
main(void)
{
	enum { CASES = sizeof cases / sizeof *cases };
	static const struct CMUnitTest others[] = {
		{ "recipients' own settings count, unless they have expired", own_settings_count, NULL, NULL, NULL },
		{ "what cannot be told is deferred only if all say so, the text is of the one that counts", on_error_is_unanimous, NULL, NULL, NULL },
		{ "what spared a recipient, or may have, holds at DATA", exemptions_hold, NULL, NULL, NULL },
		{ "a row of allow counts there, too", allow_is_asked, NULL, NULL, NULL },
	};
	enum { OTHERS = sizeof others / sizeof *others };
	struct CMUnitTest tests[CASES + OTHERS];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].promises, one_case, NULL, NULL, (void *)i };
	memcpy(&tests[CASES], others, sizeof others);
	return cmocka_run_group_tests_name("mildest.c: it promises that", tests, NULL, NULL);
}
