/* bracket.c - test of src/policy/bracket.c: which recipients are unknown; it promises that … */
#include "policy/bracket.h"
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct bracket *b;
static int64_t now_us;
static const char one, two;		/* connections */

static int
begin(void **state)
{
	(void)state;
	b = bracket_new();
	now_us = 5000000000;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	bracket_free(b);
	return 0;
}

static void
pre(const void *connection, const char *instance, const char *client, const char *recipient)
{
	bracket_open(b, connection, &(struct pair_subject){ instance, client, recipient, "example.net" }, 1000, now_us);
}

/* What the end of the connection's last first request says: the recipient, or "". */
static const char *
next(const void *connection)
{
	static char said[64];
	struct vain v;

	*said = '\0';
	if (bracket_conclude(b, connection, now_us, &v))
		snprintf(said, sizeof said, "%s %s %s %d", v.client, v.recipient, v.sender_domain, (int)v.time_s);
	return said;
}

static void
unknown(void **state)
{
	(void)state;
	assert_string_equal(next(&one), "");
	pre(&one, "1.a", "192.0.2.7", "nobody@example.org");
	assert_string_equal(next(&two), "");
	assert_string_equal(next(&one), "192.0.2.7 nobody@example.org example.net 1000");
	assert_string_equal(next(&one), "");
}

static void
known(void **state)
{
	(void)state;
	pre(&one, "1.a", "192.0.2.7", "ann@example.org");
	bracket_close(b, "1.a", "ann@example.org", now_us);
	assert_string_equal(next(&one), "");
}

static void
others(void **state)
{
	(void)state;
	pre(&one, "1.a", "192.0.2.7", "ann@example.org");
	bracket_close(b, "1.b", "ann@example.org", now_us);
	bracket_close(b, "1.a", "bob@example.org", now_us);
	assert_string_equal(next(&one), "192.0.2.7 ann@example.org example.net 1000");
}

static void
twice(void **state)
{
	(void)state;
	pre(&one, "1.a", "192.0.2.7", "ann@example.org");
	bracket_close(b, "1.a", "ann@example.org", now_us);
	assert_string_equal(next(&one), "");
	pre(&one, "1.a", "192.0.2.7", "ann@example.org");
	bracket_close(b, "1.a", "ann@example.org", now_us);
	assert_string_equal(next(&one), "");
}

static void
late(void **state)
{
	(void)state;
	pre(&one, "1.a", "192.0.2.7", "nobody@example.org");
	now_us += (int64_t)PAIR_KEEP_S * 1000000;
	pre(&two, "1.b", "192.0.2.8", "nobody@example.org");
	now_us++;
	assert_string_equal(next(&one), "");
	assert_string_equal(next(&two), "192.0.2.8 nobody@example.org example.net 1000");
}

static void
unheard(void **state)
{
	(void)state;
	pre(&one, "1.a", "192.0.2.7", "ann@example.org");
	bracket_forget(b);
	assert_string_equal(next(&one), "");
	pre(&one, "1.a", "192.0.2.7", "nobody@example.org");
	assert_string_equal(next(&one), "192.0.2.7 nobody@example.org example.net 1000");
}

static void
many(void **state)
{
	static const char connections[PAIRS_MAX + 1];
	char instance[16];

	(void)state;
	for (size_t i = 0; i < sizeof connections; i++) {
		snprintf(instance, sizeof instance, "1.%zx", i);
		pre(&connections[i], instance, "192.0.2.7", "nobody@example.org");
	}
	assert_string_equal(next(&connections[0]), "");
	assert_string_equal(next(&connections[1]), "192.0.2.7 nobody@example.org example.net 1000");
}

/* A client tries so many recipients, of which so many are known. */
static void
tries(const char *client, unsigned tried, unsigned are_known)
{
	for (unsigned i = 0; i < tried; i++) {
		pre(&one, "1.a", client, "a@example.org");
		if (i < are_known)
			bracket_close(b, "1.a", "a@example.org", now_us);
		next(&one);
	}
}

static bool
broken(void)
{
	return bracket_looks_broken(b, "192.0.2.7", NULL, now_us);
}

/* The same without first requests: the log has so many of others. */
static bool
broken_by_log(unsigned unknown, unsigned clients)
{
	return bracket_looks_broken(b, "192.0.2.7", &(struct tried_by_others){ unknown, clients }, now_us);
}

static void
nobody_known(void **state)
{
	(void)state;
	tries("192.0.2.7", 20, 0);
	bracket_known(b, "192.0.2.8", now_us);
	assert_false(bracket_ever_knew(b));
	tries("192.0.2.8", 1, 1);
	assert_true(bracket_ever_knew(b));
}

static void
guarded(void **state)
{
	(void)state;
	tries("192.0.2.7", 20, 1);
	assert_false(broken());
	tries("192.0.2.8", 5, 0);
	tries("192.0.2.9", 4, 0);
	assert_false(broken());		/* nine, by two */
	tries("192.0.2.9", 1, 0);
	assert_false(broken());		/* ten, by two */
	tries("192.0.2.10", 1, 1);
	assert_true(broken());		/* eleven, by three, one known */
	tries("192.0.2.10", 9, 9);
	assert_false(broken());		/* a half */
	tries("192.0.2.10", 1, 0);
	assert_true(broken());
}

static void
forgets(void **state)
{
	(void)state;
	tries("192.0.2.11", 1, 1);
	for (int i = 0; i < 3; i++)
		tries((const char *[]){ "192.0.2.8", "192.0.2.9", "192.0.2.10" }[i], 5, 0);
	assert_true(broken());
	now_us += (int64_t)BROKEN_WINDOW_S * 1000000;
	assert_false(broken());
}

static void
fed(void **state)
{
	(void)state;
	assert_false(broken_by_log(0, 0));
	assert_false(broken_by_log(9, 3));
	assert_false(broken_by_log(100, 2));
	assert_true(broken_by_log(10, 3));
	for (int i = 0; i < 10; i++)
		bracket_known(b, i < 5 ? "192.0.2.8" : "192.0.2.9", now_us);
	assert_false(broken_by_log(10, 3));
	assert_true(broken_by_log(11, 3));
	bracket_known(b, "192.0.2.7", now_us);	/* its own */
	assert_true(broken_by_log(11, 3));
	bracket_known(b, "192.0.2.10", now_us);
	assert_false(broken_by_log(11, 3));
	now_us += (int64_t)BROKEN_WINDOW_S * 1000000;
	assert_true(broken_by_log(11, 3));
}

#define PROMISE(says, function) { says, function, begin, end, NULL }

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PROMISE("a recipient nobody asks about again is unknown, once", unknown),
		PROMISE("one that is asked about again is known", known),
		PROMISE("another message or recipient says nothing of it", others),
		PROMISE("the same recipient can come twice", twice),
		PROMISE("what nothing concludes is dropped, uncounted", late),
		PROMISE("while a request may not have been heard nobody is unknown", unheard),
		PROMISE("of too many the oldest are dropped", many),
		PROMISE("where nobody was ever known, the wiring or the table is wrong", nobody_known),
		PROMISE("others' recipients tell a broken table: ten, of three, more than a half", guarded),
		PROMISE("after ten minutes others' recipients tell nothing", forgets),
		PROMISE("where the log says who is unknown they tell the same", fed),
	};
	return cmocka_run_group_tests_name("bracket", tests, NULL, NULL);
}
