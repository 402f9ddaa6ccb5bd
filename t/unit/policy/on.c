/* on.c - which rules are on is kept, but for whom it is not the same: it promises that … */
#include "scene.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* helo_literal alone, at RCPT, by profile and recipient; each twice, and all others between. */
static const struct {
	const char *attributes;
	bool on;
} requests[] = {
	{ "recipient=any@example.org\n", true },
	{ "recipient=ann@example.org\n", false },		/* off, of her own */
	{ "recipient=bob@example.org\n", true },		/* on, of his own, … */
	{ "recipient=bob@example.org\npolicy_context=mild\n", true },
	{ "recipient=any@example.org\npolicy_context=mild\n", false },
	{ "recipient=any@example.org\nprotocol_state=DATA\n", false },
	{ "recipient=any@example.org\nprotocol_state=DATA\npolicy_context=mild\n", false },
	{ "recipient=any@example.org\npolicy_context=mx-pre\n", false },
	{ "recipient=any@example.org\nsasl_username=eve\n", false },
	{ "recipient=dan@example.org\n", false },		/* his profile is mild */
};
enum { REQUESTS = sizeof requests / sizeof *requests };

static void
is_kept_apart(void **state)
{
	struct scene s = { 0 };
	const uint64_t bit = RULE_BIT(scene_place_of("helo_literal"));
	(void)state;

	scene_open(&s, NULL, 0, "[mx]\nhelo_literal = reject\n[mild]\nhelo_literal = off\n",
	    "INSERT INTO hand_recipient_setting VALUES ('ann@example.org', 'helo_literal', 'off', NULL),"
	    "('bob@example.org', 'helo_literal', 'log', NULL);"
	    "INSERT INTO hand_recipient_profile VALUES ('dan@example.org', 'mild', NULL)");
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < REQUESTS; i++) {
			scene_begin(&s, requests[i].attributes);
			uint64_t on = rules_on(s.eval, false);
			assert_int_equal((on & bit) != 0, requests[i].on);
			assert_int_equal(rules_on(s.eval, false), on);
			struct rules_on *kept = s.world.on;
			s.world.on = NULL;
			assert_int_equal(rules_on(s.eval, false), on);
			s.world.on = kept;
			scene_end(&s);
		}
	scene_close(&s);
}

static void
is_mildest(void **state)
{
	struct scene s = { 0 };
	const uint64_t bit = RULE_BIT(scene_place_of("null_sender_multiple"));
	(void)state;

	scene_open(&s, NULL, 0, "[mx]\nnull_sender_multiple = reject\n[mild]\nnull_sender_multiple = off\n", NULL);
	scene_begin(&s, "protocol_state=DATA\nrecipient_count=2\ninstance=1\n");
	assert_int_not_equal(rules_on(s.eval, false) & bit, 0);
	eval_share(s.eval, (struct party[]){ { config_profile(s.config, "mx"), NULL }, { config_profile(s.config, "mild"), NULL } }, 2);
	assert_int_equal(rules_on(s.eval, false) & bit, 0);
	scene_end(&s);
	scene_close(&s);
}

static void
learners_are_apart(void **state)
{
	struct scene s = { 0 };
	const uint64_t bit = RULE_BIT(scene_place_of("quota"));
	(void)state;

	scene_open(&s, NULL, 0, "[submission]\nquota = login 5 messages / 1h\n[mx]\nquota_exceeded = off\nquota_near = off\n", NULL);
	scene_begin(&s, "protocol_state=END-OF-MESSAGE\nsasl_username=eve\n");
	assert_int_equal(rules_on(s.eval, false), 0);
	assert_int_equal(rules_on(s.eval, true), bit);
	scene_end(&s);
	scene_begin(&s, "protocol_state=END-OF-MESSAGE\n");
	assert_int_equal(rules_on(s.eval, true) & bit, 0);
	scene_end(&s);
	scene_close(&s);
}

static void
sets_are_walked(void **state)
{
	(void)state;
	assert_int_equal(next_rule(0, 0), RULES_MAX);
	assert_int_equal(next_rule(1, 0), 0);
	assert_int_equal(next_rule(1, 1), RULES_MAX);
	assert_int_equal(next_rule(RULE_BIT(63) | RULE_BIT(5), 5), 5);
	assert_int_equal(next_rule(RULE_BIT(63) | RULE_BIT(5), 6), 63);
	assert_int_equal(next_rule(RULE_BIT(63), 64), RULES_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "profiles, hooks, stages and recipients' own settings are kept apart", is_kept_apart, NULL, NULL, NULL },
		{ "off for one of several recipients is off", is_mildest, NULL, NULL, NULL },
		{ "at END-OF-MESSAGE only those count that learn", learners_are_apart, NULL, NULL, NULL },
		{ "a set of rules is walked in the table's order", sets_are_walked, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
