/* wiring.c - does Postfix ask at the right places? it promises that … */
#include "scene.h"
#include "stderr.h"
#include "policy/wiring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* How many lines were written; each is a warning about the wiring. */
static size_t
warnings(const char *heard, const char *has)
{
	size_t count = 0;

	for (; *heard; count++) {
		assert_int_equal(strncmp(heard, "warning: wiring: ", strlen("warning: wiring: ")), 0);
		const char *end = strchr(heard, '\n'), *hit = strstr(heard, has);
		assert_non_null(end);
		assert_true(hit != NULL && hit < end);
		heard = end + 1;
	}
	return count;
}

struct asked {
	enum stage stage;
	const char *state, *client, *context;
	bool unknown, local;
};

static void
see(struct wiring *w, const struct asked *a, unsigned times)
{
	struct request r = { .stage = a->stage, .protocol_state = a->state, .policy_context = a->context };
	struct route to = { .hook = strcmp(a->context, "mx-pre") == 0 ? HOOK_MX_PRE :
	    strcmp(a->context, "submission") == 0 ? HOOK_SUBMISSION : HOOK_MX, .unknown_context = a->unknown };

	assert_true(address_parse(&r.client, a->client));
	while (times-- > 0)
		wiring_see(w, &r, &to, a->local, STAGE_RCPT);
}

static const struct asked rcpt = { STAGE_RCPT, "RCPT", "203.0.113.7", "", false, false };

static void
right_is_quiet(void **state)
{
	static const struct asked data = { STAGE_DATA, "DATA", "203.0.113.7", "", false, false };
	static const struct asked end = { STAGE_END_OF_MESSAGE, "END-OF-MESSAGE", "203.0.113.7", "", false, false };
	struct wiring w = { 0 };
	(void)state;

	stderr_catch();
	see(&w, &rcpt, 3000);
	see(&w, &data, 3000);
	see(&w, &end, 3000);
	assert_string_equal(stderr_release(), "");
}

static void
stage_once(void **state)
{
	static const struct asked stages[] = {
		{ STAGE_CONNECT, "CONNECT", "203.0.113.7", "", false, false },
		{ STAGE_HELO, "EHLO", "203.0.113.7", "", false, false },
		{ STAGE_MAIL, "MAIL", "203.0.113.7", "", false, false },
		{ STAGE_OTHER, "", "203.0.113.7", "", false, false },
	};
	static const char *const names[] = { "at CONNECT,", "at EHLO,", "at MAIL,", "at an unnamed stage," };
	struct wiring w = { 0 };
	(void)state;

	see(&w, &rcpt, 1);
	for (size_t i = 0; i < 4; i++) {
		stderr_catch();
		see(&w, &stages[i], 50);
		assert_int_equal(warnings(stderr_release(), names[i]), 1);
	}
	stderr_catch();
	for (size_t i = 0; i < 4; i++)
		see(&w, &stages[i], 50);
	assert_string_equal(stderr_release(), "");
}

static void
contexts_bounded(void **state)
{
	static const struct asked bad = { STAGE_RCPT, "RCPT", "203.0.113.7", "no\nsense", true, false };
	struct wiring w = { 0 };
	(void)state;

	stderr_catch();
	see(&w, &bad, 1);
	assert_int_equal(warnings(stderr_release(), "policy_context=no\\x0asense is no service"), 1);
	stderr_catch();
	see(&w, &bad, 500);
	assert_int_equal(warnings(stderr_release(), "policy_context="), 9);
}

static void
never_rcpt(void **state)
{
	static const struct asked data = { STAGE_DATA, "DATA", "203.0.113.7", "", false, false };
	struct wiring w = { 0 }, sees_one = { 0 };
	(void)state;

	stderr_catch();
	see(&w, &data, 999);
	assert_string_equal(stderr_release(), "");
	stderr_catch();
	see(&w, &data, 3000);
	assert_int_equal(warnings(stderr_release(), "no request in 1000 came at RCPT"), 1);
	stderr_catch();
	see(&sees_one, &data, 999);
	see(&sees_one, &rcpt, 1);
	see(&sees_one, &data, 3000);
	assert_string_equal(stderr_release(), "");
}

static void
all_private(void **state)
{
	static const struct asked private = { STAGE_RCPT, "RCPT", "10.0.0.1", "", false, false };
	static const struct asked local = { STAGE_RCPT, "RCPT", "10.0.0.1", "", false, true };
	struct wiring w = { 0 }, sees_one = { 0 }, own = { 0 };
	(void)state;

	stderr_catch();
	see(&w, &private, 999);
	assert_string_equal(stderr_release(), "");
	stderr_catch();
	see(&w, &private, 3000);
	assert_int_equal(warnings(stderr_release(), "every one of 1000 clients has a private address"), 1);
	stderr_catch();
	see(&sees_one, &private, 500);
	see(&sees_one, &rcpt, 1);
	see(&sees_one, &private, 3000);
	see(&own, &local, 3000);
	assert_string_equal(stderr_release(), "");
}

/* ---- what rules need ---- */

static const struct needs both = { .mail = { { .data_rule = "one" } }, .sent_rule = "two" };

static void
messages(struct wiring *w, const struct needs *needs, unsigned times)
{
	while (times-- > 0)
		wiring_message(w, needs, MAIL_OF_STRANGERS);
}

static void
never_counted(void **state)
{
	static const struct { enum stage stage; const char *context, *says; } wrong[] = {
		{ STAGE_DATA, "submission", "no message of a user in 1000 came to DATA here; put check_policy_service with "
		    "policy_context=submission into smtpd_data_restrictions" },
		{ STAGE_END_OF_MESSAGE, "submission", "no message of a user in 1000 came to END-OF-MESSAGE here" },
		{ STAGE_END_OF_MESSAGE, "mx", "no message in 1000 came to END-OF-MESSAGE here; put check_policy_service into "
		    "smtpd_end_of_data_restrictions" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const struct asked asked = { wrong[i].stage, stage_name(wrong[i].stage), "203.0.113.7", wrong[i].context, false, false };
		enum mail of = strcmp(wrong[i].context, "mx") == 0 ? MAIL_OF_STRANGERS : MAIL_OF_USERS, others = !of;
		struct wiring w = { 0 }, sees_one = { 0 };
		struct needs needs = { .sent_rule = NULL };

		*(wrong[i].stage == STAGE_DATA ? &needs.mail[of].data_rule : &needs.mail[of].end_rule) = "one";
		stderr_catch();
		for (unsigned k = 0; k < 3000; k++) {
			wiring_message(&w, &needs, of);
			wiring_message(&w, &needs, others);
		}
		assert_int_equal(warnings(stderr_release(), wrong[i].says), 1);
		stderr_catch();
		see(&sees_one, &asked, 1);
		for (unsigned k = 0; k < 3000; k++)
			wiring_message(&sees_one, &needs, of);
		assert_string_equal(stderr_release(), "");
	}
}

static void
never_data(void **state)
{
	static const struct asked data = { STAGE_DATA, "DATA", "203.0.113.7", "", false, false };
	static const struct needs needs = { .mail = { { .data_rule = "one" } } };
	struct wiring w = { 0 }, sees_one = { 0 };
	(void)state;

	stderr_catch();
	messages(&w, &needs, 999);
	assert_string_equal(stderr_release(), "");
	stderr_catch();
	messages(&w, &needs, 3000);
	assert_int_equal(warnings(stderr_release(), "the rule one has nothing to go by: no message in 1000 came to DATA"), 1);
	stderr_catch();
	see(&sees_one, &data, 1);
	messages(&sees_one, &needs, 3000);
	assert_string_equal(stderr_release(), "");
}

static void
never_sent(void **state)
{
	static const struct needs needs = { .sent_rule = "two" };
	struct wiring w = { 0 }, sees_one = { .sent_seen = true };
	(void)state;

	stderr_catch();
	messages(&w, &needs, 999);
	assert_string_equal(stderr_release(), "");
	stderr_catch();
	messages(&w, &needs, 3000);
	assert_int_equal(warnings(stderr_release(), "the rule two does not know what our users send: in 1000 messages no submission"), 1);
	stderr_catch();
	messages(&sees_one, &needs, 3000);
	assert_string_equal(stderr_release(), "");
}

static void
never_unknown(void **state)
{
	static const struct asked pre = { STAGE_RCPT, "RCPT", "203.0.113.7", "mx-pre", false, false };
	static const struct needs needs = { .unknown_rule = "three" };
	struct wiring w = { 0 }, sees_pre = { 0 };
	(void)state;

	stderr_catch();
	messages(&w, &needs, 999);
	assert_string_equal(stderr_release(), "");
	stderr_catch();
	messages(&w, &needs, 3000);
	assert_int_equal(warnings(stderr_release(), "the rule three does not know which recipients are not here: in 1000 messages"), 1);
	stderr_catch();
	see(&sees_pre, &pre, 1);
	messages(&sees_pre, &needs, 3000);
	assert_string_equal(stderr_release(), "");
}

static void
turned_on_later(void **state)
{
	static const struct needs none = { .sent_rule = NULL };
	struct wiring w = { 0 };
	(void)state;

	stderr_catch();
	messages(&w, &none, 3000);
	assert_string_equal(stderr_release(), "");
	stderr_catch();
	messages(&w, &both, 1);
	assert_int_equal(warnings(stderr_release(), "the rule "), 2);
}

static struct needs
needs_of(const char *conf)
{
	struct scene s = { 0 };

	scene_open(&s, NULL, 0, conf, NULL);
	struct needs n = wiring_needs(s.config, s.world.rules, s.world.rule_count, s.world.first_table);
	scene_close(&s);
	return n;
}

static void
only_rules_that_are_on(void **state)
{
	static const char off[] = "[mx]\nnull_sender_multiple = off\n";
	char conf[400];
	(void)state;

	assert_null(needs_of(off).mail[MAIL_OF_STRANGERS].data_rule);
	assert_null(needs_of(off).sent_rule);
	snprintf(conf, sizeof conf, "%s[strict : mx]\nnull_sender_multiple = log\n", off);
	assert_string_equal(needs_of(conf).mail[MAIL_OF_STRANGERS].data_rule, "null_sender_multiple");
	assert_null(needs_of(conf).sent_rule);
	snprintf(conf, sizeof conf, "%s[strict : mx]\nnull_sender_unsolicited = score 2\n", off);
	assert_null(needs_of(conf).mail[MAIL_OF_STRANGERS].data_rule);
	assert_string_equal(needs_of(conf).sent_rule, "null_sender_unsolicited");
	for (enum mail of = 0; of < MAILS; of++) {
		snprintf(conf, sizeof conf, "%s%squota = client 5 messages / 1h\n", off, of == MAIL_OF_USERS ? "[submission]\n" : "");
		assert_string_equal(needs_of(conf).mail[of].data_rule, "quota");
		assert_null(needs_of(conf).mail[of].end_rule);
		assert_null(needs_of(conf).mail[!of].data_rule);
		snprintf(conf, sizeof conf, "%s%squota = client 5 bytes / 1h\n", off, of == MAIL_OF_USERS ? "[submission]\n" : "");
		assert_null(needs_of(conf).mail[of].data_rule);
		assert_string_equal(needs_of(conf).mail[of].end_rule, "quota");
		assert_null(needs_of(conf).mail[!of].end_rule);
	}
	/* What [submission] takes from [mx] says nothing of strangers, who have no login. */
	snprintf(conf, sizeof conf, "%squota = login 5 messages / 1h, sasl_username 5 bytes / 1h\n[submission : mx]\n", off);
	assert_null(needs_of(conf).mail[MAIL_OF_STRANGERS].data_rule);
	assert_null(needs_of(conf).mail[MAIL_OF_STRANGERS].end_rule);
	assert_string_equal(needs_of(conf).mail[MAIL_OF_USERS].data_rule, "quota");
	assert_string_equal(needs_of(conf).mail[MAIL_OF_USERS].end_rule, "quota");
	assert_string_equal(needs_of("").unknown_rule, "client_harvesting");
	assert_null(needs_of("[mx]\nclient_harvesting = off\n").unknown_rule);
}

static void
longest_window(void **state)
{
	(void)state;
	assert_int_equal(needs_of("[mx]\n").sent_keep_s, 14 * 86400);
	assert_int_equal(needs_of("[mx]\nnull_sender_window = 1h\n[a : mx]\nnull_sender_window = 30d\n[b]\n").sent_keep_s,
	    30 * 86400);
}

static void
longest_greylisting(void **state)
{
	(void)state;
	assert_int_equal(needs_of("[mx]\n").attempt_keep_s, 2 * 86400);
	assert_int_equal(needs_of("[mx]\n").triplet_keep_s, 35 * 86400);
	struct needs n = needs_of("[mx]\ngreylist_life = 1h\n[a : mx]\ngreylist_retry_window = 5d\n[b]\ngreylist_life = 60d\n");
	assert_int_equal(n.attempt_keep_s, 5 * 86400);
	assert_int_equal(n.triplet_keep_s, 60 * 86400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "nothing is said while all is right", right_is_quiet, NULL, NULL, NULL },
		{ "a stage no rule can use is warned of once", stage_once, NULL, NULL, NULL },
		{ "unknown contexts are warned of ten times, safe to show", contexts_bounded, NULL, NULL, NULL },
		{ "a thousand requests without RCPT are warned of once", never_rcpt, NULL, NULL, NULL },
		{ "a thousand messages without DATA are warned of once, if a rule needs it", never_data, NULL, NULL, NULL },
		{ "and a thousand of our users, if a rule counts them", never_counted, NULL, NULL, NULL },
		{ "as are those among which none was of a user of ours", never_sent, NULL, NULL, NULL },
		{ "and those of which nobody says which recipients are not here", never_unknown, NULL, NULL, NULL },
		{ "also when such a rule is turned on later", turned_on_later, NULL, NULL, NULL },
		{ "only rules that are on in some profile that may meet them need anything", only_rules_that_are_on, NULL, NULL, NULL },
		{ "sent mail is remembered for the longest window of any profile", longest_window, NULL, NULL, NULL },
		{ "so is what was greylisted", longest_greylisting, NULL, NULL, NULL },
		{ "a thousand strangers with private addresses are warned of once", all_private, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("wiring.c: it promises that", tests, NULL, NULL);
}
