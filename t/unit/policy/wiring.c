/* wiring.c - does Postfix ask at the right places? it promises that … */
#include "scene.h"
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
	struct route to = { .hook = HOOK_MX, .unknown_context = a->unknown };

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

	scene_listen();
	see(&w, &rcpt, 3000);
	see(&w, &data, 3000);
	see(&w, &end, 3000);
	assert_string_equal(scene_heard(), "");
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
		scene_listen();
		see(&w, &stages[i], 50);
		assert_int_equal(warnings(scene_heard(), names[i]), 1);
	}
	scene_listen();
	for (size_t i = 0; i < 4; i++)
		see(&w, &stages[i], 50);
	assert_string_equal(scene_heard(), "");
}

static void
contexts_bounded(void **state)
{
	static const struct asked bad = { STAGE_RCPT, "RCPT", "203.0.113.7", "no\nsense", true, false };
	struct wiring w = { 0 };
	(void)state;

	scene_listen();
	see(&w, &bad, 1);
	assert_int_equal(warnings(scene_heard(), "policy_context=no\\x0asense is no service"), 1);
	scene_listen();
	see(&w, &bad, 500);
	assert_int_equal(warnings(scene_heard(), "policy_context="), 9);
}

static void
never_rcpt(void **state)
{
	static const struct asked data = { STAGE_DATA, "DATA", "203.0.113.7", "", false, false };
	struct wiring w = { 0 }, sees_one = { 0 };
	(void)state;

	scene_listen();
	see(&w, &data, 999);
	assert_string_equal(scene_heard(), "");
	scene_listen();
	see(&w, &data, 3000);
	assert_int_equal(warnings(scene_heard(), "no request in 1000 came at RCPT"), 1);
	scene_listen();
	see(&sees_one, &data, 999);
	see(&sees_one, &rcpt, 1);
	see(&sees_one, &data, 3000);
	assert_string_equal(scene_heard(), "");
}

static void
all_private(void **state)
{
	static const struct asked private = { STAGE_RCPT, "RCPT", "10.0.0.1", "", false, false };
	static const struct asked local = { STAGE_RCPT, "RCPT", "10.0.0.1", "", false, true };
	struct wiring w = { 0 }, sees_one = { 0 }, own = { 0 };
	(void)state;

	scene_listen();
	see(&w, &private, 999);
	assert_string_equal(scene_heard(), "");
	scene_listen();
	see(&w, &private, 3000);
	assert_int_equal(warnings(scene_heard(), "every one of 1000 clients has a private address"), 1);
	scene_listen();
	see(&sees_one, &private, 500);
	see(&sees_one, &rcpt, 1);
	see(&sees_one, &private, 3000);
	see(&own, &local, 3000);
	assert_string_equal(scene_heard(), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "nothing is said while all is right", right_is_quiet, NULL, NULL, NULL },
		{ "a stage no rule can use is warned of once", stage_once, NULL, NULL, NULL },
		{ "unknown contexts are warned of ten times, safe to show", contexts_bounded, NULL, NULL, NULL },
		{ "a thousand requests without RCPT are warned of once", never_rcpt, NULL, NULL, NULL },
		{ "a thousand strangers with private addresses are warned of once", all_private, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("wiring.c: it promises that", tests, NULL, NULL);
}
