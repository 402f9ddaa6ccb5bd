/* profile.c - which hook, and whose settings: it promises that … */
#include "scene.h"
#include "policy/profile.h"
#include "rules/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MX HOOK_MX
#define PRE HOOK_MX_PRE
#define SUB HOOK_SUBMISSION
#define SENDER HOOK_SUBMISSION_SENDER

static const struct {
	const char *promises, *context, *login, *recipient;
	enum hook hook;
	const char *profile;
	bool unknown;
} cases[] = {
	{ "nothing said is mx", "", "", "you@example.org", MX, "mx", false },
	{ "a login is submission", "", "joe", "you@example.org", SUB, "submission", false },
	{ "mx is mx", "mx", "", "you@example.org", MX, "mx", false },
	{ "mx with a login is submission", "mx", "joe", "you@example.org", SUB, "submission", false },
	{ "mx-pre is its own hook", "mx-pre", "", "you@example.org", PRE, "mx", false },
	{ "a login has nothing to fear there", "mx-pre", "joe", "you@example.org", HOOK_NONE, "submission", false },
	{ "submission is submission without a login", "submission", "", "you@example.org", SUB, "submission", false },
	{ "submission with a login too", "submission", "joe", "you@example.org", SUB, "submission", false },
	{ "submission-sender is its own hook", "submission-sender", "joe", "you@example.org", SENDER, "submission", false },
	{ "it is so before the login", "submission-sender", "", "you@example.org", SENDER, "submission", false },
	{ "a profile's name is a context", "strict", "", "you@example.org", MX, "strict", false },
	{ "with -pre too", "strict-pre", "", "you@example.org", PRE, "strict", false },
	{ "a login goes before a profile's name", "strict", "joe", "you@example.org", SUB, "submission", false },
	{ "a recipient has an own profile", "", "", "me@example.org", MX, "mild", false },
	{ "it goes before the context's", "strict", "", "me@example.org", MX, "mild", false },
	{ "it holds for mx-pre", "mx-pre", "", "me@example.org", PRE, "mild", false },
	{ "it is by domain too", "", "", "any@example.com", MX, "mild", false },
	{ "it does not hold for our users", "submission", "", "me@example.org", SUB, "submission", false },
	{ "nor with a login", "", "joe", "me@example.org", SUB, "submission", false },
	{ "one that has gone is not taken", "strict", "", "gone@example.org", MX, "strict", false },
	{ "a profile that is not there is not taken", "", "", "lost@example.org", MX, "mx", false },
	{ "an unknown context is mx", "nonsense", "", "you@example.org", MX, "mx", true },
	{ "with a login submission", "nonsense", "joe", "you@example.org", SUB, "submission", true },
	{ "an unknown context with -pre is mx", "nonsense-pre", "", "you@example.org", MX, "mx", true },
	{ "mx-sender is none", "mx-sender", "", "you@example.org", MX, "mx", true },
	{ "strict-sender is none", "strict-sender", "", "you@example.org", MX, "mx", true },
	{ "case matters", "MX", "", "you@example.org", MX, "mx", true },
	{ "server is no profile", "server", "", "you@example.org", MX, "mx", true },
	{ "a lone -pre is none", "-pre", "", "you@example.org", MX, "mx", true },
	{ "a lone -sender is none", "-sender", "", "you@example.org", MX, "mx", true },
	{ "-pre twice is none", "mx-pre-pre", "", "you@example.org", MX, "mx", true },
	{ "a profile may end as the hook does", "by-sender", "", "you@example.org", MX, "by-sender", false },
	{ "63 bytes that are no profile are unknown",
	  "123456789012345678901234567890123456789012345678901234567890123", "", "you@example.org", MX, "mx", true },
	{ "longer than any profile is unknown",
	  "mx45678901234567890123456789012345678901234567890123456789012345678901234567890", "", "you@example.org", MX,
	  "mx", true },
	{ "submission-pre is as if nothing were said", "submission-pre", "", "you@example.org", MX, "mx", true },
	{ "with a login too", "submission-pre", "joe", "you@example.org", SUB, "submission", true },
};

static const char conf[] = "[mx]\n[strict : mx]\n[mild : mx]\n[by-sender : mx]\n";
static const char sql[] =
    "INSERT INTO hand_recipient_profile VALUES('me@example.org', 'mild', NULL), ('example.com', 'mild', NULL),"
    " ('gone@example.org', 'mild', 1000), ('lost@example.org', 'nowhere', NULL)";

static void
one_case(void **state)
{
	size_t i = (size_t)*state;
	struct scene s = { 0 };
	char attributes[400];

	snprintf(attributes, sizeof attributes, "policy_context=%s\nsasl_username=%s\nrecipient=%s\n", cases[i].context,
	    cases[i].login, cases[i].recipient);
	scene_open(&s, NULL, 0, conf, sql);
	scene_begin(&s, attributes);
	struct route to = route_request(s.config, s.lists, &s.request, s.eval->recipient, s.eval->now_s);
	assert_int_equal(to.hook, cases[i].hook);
	assert_string_equal(profile_name(to.profile), cases[i].profile);
	assert_string_equal(profile_name(to.service), strcmp(cases[i].profile, "mild") != 0 ? cases[i].profile :
	    strcmp(cases[i].context, "strict") == 0 ? "strict" : "mx");	/* mild is a recipient's own */
	assert_int_equal(to.unknown_context, cases[i].unknown);
	scene_end(&s);
	scene_close(&s);
}

static void
useless_setting(void **state)
{
	char why[200] = "";
	(void)state;

	assert_null(profile_read_setting(rules, rules_count, "null_sender_multiple", "greylist", why, sizeof why));
	assert_non_null(strstr(why, "at DATA, where nothing is greylisted"));
	assert_null(profile_read_setting(rules, rules_count, "login_block", "greylist", why, sizeof why));
	void *good = profile_read_setting(rules, rules_count, "null_sender_multiple", "defer", why, sizeof why);
	assert_non_null(good);
	free(good);
	good = profile_read_setting(rules, rules_count, "helo_literal", "greylist", why, sizeof why);
	assert_non_null(good);
	free(good);
}

static void
names_of_profiles(void **state)
{
	static const struct { const char *name, *why; } names[] = {
		{ "strict", "" }, { "mx", "" }, { "nope", "there is no profile 'nope'" }, { "STRICT", "there is no profile 'STRICT'" },
		{ "", "there is no profile ''" }, { "submission", "submission is for users of our own" },
	};
	struct scene s = { 0 };
	(void)state;

	scene_open(&s, NULL, 0, conf, "");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char why[200] = "";

		assert_int_equal(profile_read_name(s.config, names[i].name, why, sizeof why), *names[i].why == '\0');
		assert_int_equal(strncmp(why, names[i].why, strlen(names[i].why)), 0);
	}
	scene_close(&s);
}

int
main(void)
{
	enum { CASES = sizeof cases / sizeof *cases };
	struct CMUnitTest tests[CASES + 2];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].promises, one_case, NULL, NULL, (void *)i };
	tests[CASES] = (struct CMUnitTest){ "what a recipient has greylisted where nothing is, is a mistake", useless_setting, NULL, NULL, NULL };
	tests[CASES + 1] = (struct CMUnitTest){ "a recipient's profile is one of policyd.conf, for strangers", names_of_profiles, NULL, NULL, NULL };
	return cmocka_run_group_tests_name("profile.c: it promises that", tests, NULL, NULL);
}
