/* table.c - test of src/rules/table.c: it promises that … */
#include "judge.h"
#include "rules/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void
names(void **state)
{
	const char *seen[200];
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < rules_count; i++)
		for (size_t k = 0; k < rules[i]->options.count; k++) {
			for (size_t m = 0; m < count; m++)
				assert_string_not_equal(rules[i]->options.rows[k].name, seen[m]);
			assert_true(count < 200);
			seen[count++] = rules[i]->options.rows[k].name;
		}
	for (size_t i = 0; i < rules_count; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(rules[i]->name, rules[k]->name);
}

static void
defaults(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < rules_count; i++) {
		void *values = arena_alloc(a, rules[i]->options.size);

		for (size_t k = 0; k < rules[i]->options.count; k++) {
			const struct option *o = &rules[i]->options.rows[k];
			const char *why = option_read(o, a, o->fallback, values);

			if (why != NULL)
				fail_msg("%s = %s: %s", o->name, o->fallback, why);
			assert_true(strlen(o->sentence) > 20 && o->sentence[strlen(o->sentence) - 1] == '.');
		}
	}
	arena_free(a);
}

/* As they must be asked, and whom they spare. */
static const struct {
	const char *name;
	unsigned spares;
} order[] = {
	{ "deny", 0 },
	{ "role_accounts", 0 },
	{ "unwanted", SPARE_ROLE },
	{ "allow", 0 },
	{ "dnswl", SPARE_STRANGER },
	{ "client_block", SPARE_STRANGER },
	{ "login_block", 0 },
	{ "login_required", SPARE_LOCAL },
	{ "login_mismatch", 0 },
	{ "relay_spf", 0 },
	{ "login_bouncing", 0 },
	{ "login_spread", SPARE_LOCAL },
	{ "recipient_bounced", 0 },
	{ "trusted_forwarders", SPARE_STRANGER },
	{ "client_harvesting", SPARE_STRANGER | SPARE_FORWARDER },
	{ "spamtrap", SPARE_STRANGER | SPARE_FORWARDER },
	{ "client_delivery_rate", SPARE_STRANGER },
	{ "client_reputation", SPARE_STRANGER },
	{ "recipient", SPARE_ROLE },
	{ "null_sender_multiple", SPARE_STRANGER },
	{ "helo_missing", SPARE_STRANGER },
	{ "helo_syntax", SPARE_STRANGER },
	{ "helo_not_fqdn", SPARE_STRANGER },
	{ "helo_literal", SPARE_STRANGER },
	{ "helo_forged", SPARE_STRANGER },
	{ "helo_reserved", SPARE_STRANGER },
	{ "sender_syntax", SPARE_STRANGER },
	{ "client_rdns", SPARE_STRANGER },
	{ "client_dynamic", SPARE_STRANGER },
	{ "helo_unknown_tld", SPARE_STRANGER },
	{ "helo_unresolvable", SPARE_STRANGER },
	{ "helo_mismatch", SPARE_STRANGER },
	{ "sender_unknown_tld", SPARE_STRANGER },
	{ "sender_domain", SPARE_STRANGER },
	{ "sender_bogus_mx", SPARE_STRANGER },
	{ "null_sender_unsolicited", SPARE_STRANGER },
	{ "dnsbl", SPARE_STRANGER },
	{ "rhsbl", SPARE_STRANGER },
	{ "spf_skip", SPARE_STRANGER },
	{ "spf", SPARE_STRANGER | SPARE_SPF },
	{ "spf_helo", SPARE_STRANGER | SPARE_SPF },
	{ "spf_header", SPARE_STRANGER | SPARE_SPF },
	{ "greylist", SPARE_STRANGER },
	{ "quota", 0 },
};

static void
wired(void **state)
{
	size_t place = 0;

	(void)state;
	for (size_t i = 0; i < rules_count; i++) {
		assert_non_null(rules[i]->judge);
		assert_true(rules[i]->stages != 0 && rules[i]->hooks != 0);
		assert_false(rules[i]->stages & STAGE_END_OF_MESSAGE);
		while (place < sizeof order / sizeof *order && strcmp(order[place].name, rules[i]->name) != 0)
			place++;
		if (place == sizeof order / sizeof *order)
			fail_msg("%s is not where it should be", rules[i]->name);
		assert_int_equal(rules[i]->spares, order[place].spares);
	}
}

static void
quiet(void **state)
{
	const struct promise nothing = { .given = { .helo = "[192.0.2.7]", .name = { NAME_CONFIRMED, "mx.example.net" },
	    .reputation = KNOWN_NO },
	    .want = "DUNNO" };

	(void)state;
	for (size_t i = 0; i < rules_count; i++)
		if (rules[i]->hooks & HOOK_MX)
			promise_keep(rules[i], &nothing);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ .name = "no two rules and no two options have the same name", .test_func = names },
		{ .name = "every default can be read, and every option has its sentence", .test_func = defaults },
		{ .name = "hand-made lists come first, the others spare whom they should", .test_func = wired },
		{ .name = "no rule objects to a request that says nothing but a good client", .test_func = quiet },
	};
	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
