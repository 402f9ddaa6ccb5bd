/* message.c - what is remembered of a request: it promises that … */
#include "policy/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NO "action=550 5.7.1 no\n\n"
#define PASS "action=DUNNO\n\n"

enum { LEN = 100 };
static const int64_t second = 1000000;
static int first, other;		/* who is asked */

static const char *
reply_of(struct messages *m, uint64_t hash, int64_t now_us)
{
	return message_find(m, hash, LEN, now_us).reply;
}

static void
closed_is_answered(void **state)
{
	struct messages *m = messages_new(10);
	(void)state;

	assert_null(reply_of(m, 1, 0));
	message_close(m, 1, LEN, NO, 0);
	message_close(m, 2, LEN, PASS, 0);
	assert_string_equal(reply_of(m, 1, 0), NO);
	assert_string_equal(reply_of(m, 2, 0), PASS);
	assert_null(message_find(m, 1, LEN, 0).asked);
	assert_null(reply_of(m, 3, 0));
	assert_null(message_find(m, 1, LEN + 1, 0).reply);
	messages_free(m);
}

static void
open_names_who_is_asked(void **state)
{
	struct messages *m = messages_new(10);
	(void)state;

	message_open(m, 1, LEN, &first, 0);
	assert_ptr_equal(message_find(m, 1, LEN, 0).asked, &first);
	assert_null(reply_of(m, 1, 0));
	assert_null(message_find(m, 1, LEN + 1, 0).asked);
	message_close(m, 1, LEN, NO, second);
	assert_null(message_find(m, 1, LEN, second).asked);
	assert_string_equal(reply_of(m, 1, second), NO);
	messages_free(m);
}

static void
ten_minutes(void **state)
{
	struct messages *m = messages_new(10);
	int64_t end = RESEND_KEEP_S * second;
	(void)state;

	message_close(m, 1, LEN, NO, 5);
	message_close(m, 2, LEN, NO, 5 + second);
	assert_string_equal(reply_of(m, 1, end + 5), NO);
	assert_null(reply_of(m, 1, end + 6));
	assert_string_equal(reply_of(m, 2, end + 6), NO);
	assert_null(reply_of(m, 2, end + second + 6));
	messages_free(m);
}

static void
bound(void **state)
{
	enum { MAX = 100, MANY = 1000 };
	struct messages *m = messages_new(MAX);
	(void)state;

	for (uint64_t i = 0; i < MANY; i++)
		message_close(m, i, LEN, NO, (int64_t)i);
	for (uint64_t i = 0; i < MANY; i++)
		if (i < MANY - MAX)
			assert_null(reply_of(m, i, MANY));
		else
			assert_string_equal(reply_of(m, i, MANY), NO);
	messages_limit(m, 1);
	assert_null(reply_of(m, MANY - 2, MANY));
	assert_string_equal(reply_of(m, MANY - 1, MANY), NO);
	message_close(m, 1, LEN, PASS, MANY);
	assert_null(reply_of(m, MANY - 1, MANY));
	assert_string_equal(reply_of(m, 1, MANY), PASS);
	messages_free(m);
}

static void
none(void **state)
{
	struct messages *m = messages_new(0);
	(void)state;

	message_open(m, 1, LEN, &first, 0);
	assert_null(message_find(m, 1, LEN, 0).asked);
	message_close(m, 1, LEN, NO, 0);
	assert_null(reply_of(m, 1, 0));
	messages_free(m);
}

static void
noted(void **state)
{
	struct messages *m = messages_new(10), *nothing = messages_new(0);
	int64_t end = RESEND_KEEP_S * second;
	(void)state;

	message_note(m, 1, LEN, 0);
	message_note(m, 1, LEN, 5);
	assert_non_null(reply_of(m, 1, end));
	assert_null(reply_of(m, 2, 0));
	assert_null(message_find(m, 1, LEN + 1, 0).reply);
	assert_null(reply_of(m, 1, end + 1));
	message_note(nothing, 1, LEN, 0);
	assert_null(reply_of(nothing, 1, 0));
	messages_free(m);
	messages_free(nothing);
}

static void
evicted_while_open(void **state)
{
	struct messages *m = messages_new(2);
	(void)state;

	message_open(m, 1, LEN, &first, 0);
	message_close(m, 2, LEN, NO, 1);
	message_close(m, 3, LEN, NO, 2);
	assert_null(message_find(m, 1, LEN, 2).asked);
	message_close(m, 1, LEN, NO, 3);
	assert_string_equal(reply_of(m, 1, 3), NO);
	assert_null(reply_of(m, 2, 3));
	assert_string_equal(reply_of(m, 3, 3), NO);
	messages_free(m);
}

static void
expired_while_open(void **state)
{
	struct messages *m = messages_new(2);
	int64_t late = 2 * RESEND_KEEP_S * second;
	(void)state;

	message_open(m, 1, LEN, &first, 0);
	assert_null(message_find(m, 1, LEN, late).asked);
	message_close(m, 1, LEN, NO, late);
	assert_string_equal(reply_of(m, 1, late), NO);
	messages_free(m);
}

static void
judged_twice(void **state)
{
	struct messages *m = messages_new(1);
	(void)state;

	message_open(m, 1, LEN, &first, 0);
	message_close(m, 2, LEN, NO, 1);	/* 1 is forgotten */
	message_open(m, 1, LEN, &other, 2);
	message_close(m, 1, LEN, NO, 3);
	assert_null(message_find(m, 1, LEN, 3).asked);
	message_close(m, 1, LEN, "action=450 4.7.1 later\n\n", 4);
	assert_string_equal(reply_of(m, 1, 4), "action=450 4.7.1 later\n\n");
	message_close(m, 1, LEN, PASS, 5);
	assert_string_equal(reply_of(m, 1, 5), PASS);
	messages_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "an answered request has its answer, other bytes have none", closed_is_answered, NULL, NULL, NULL },
		{ "one under way leads to who is asked", open_names_who_is_asked, NULL, NULL, NULL },
		{ "it forgets after ten minutes, not before", ten_minutes, NULL, NULL, NULL },
		{ "it forgets the oldest beyond its bound", bound, NULL, NULL, NULL },
		{ "a bound of 0 remembers nothing", none, NULL, NULL, NULL },
		{ "what is noted is found for ten minutes", noted, NULL, NULL, NULL },
		{ "one forgotten while open is remembered when answered", evicted_while_open, NULL, NULL, NULL },
		{ "so is one that took longer than ten minutes", expired_while_open, NULL, NULL, NULL },
		{ "one judged twice has the later answer, and leaks none", judged_twice, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("message.c: it promises that", tests, NULL, NULL);
}
