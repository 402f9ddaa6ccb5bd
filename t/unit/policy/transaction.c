/* transaction.c - whom policyd let pass, by message: it promises that … */
#include "policy/transaction.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const int64_t second = 1000000;
static const struct passed nobody_special;
static struct transactions *t;

static int
begin(void **state)
{
	(void)state;
	t = transactions_new();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	transactions_free(t);
	return 0;
}

static bool
pass(const char *instance, const char *profile, const char *recipient)
{
	const struct passed who = { .profile = profile, .recipient = recipient };

	return transaction_pass(t, instance, &who, 0, 0, 0);
}

static void
nothing_is_known_of_others(void **state)
{
	(void)state;
	assert_null(transaction_find(t, "a", 0));
	assert_true(pass("a", NULL, NULL));
	assert_non_null(transaction_find(t, "a", 0));
	assert_null(transaction_find(t, "b", 0));
	assert_null(transaction_find(t, "", 0));
}

static void
first_is_told(void **state)
{
	(void)state;
	assert_true(pass("a", NULL, NULL));
	assert_false(pass("a", NULL, NULL));
	assert_false(pass("a", "strict", NULL));
	assert_true(pass("b", NULL, NULL));
}

static void
accepted_is_remembered(void **state)
{
	(void)state;
	transaction_accepted(t, "a", 3, 0);
	assert_null(transaction_find(t, "a", 0));
	pass("a", NULL, NULL);
	assert_int_equal(transaction_find(t, "a", 0)->accepted, 0);
	transaction_accepted(t, "a", 3, 0);
	assert_int_equal(transaction_find(t, "a", 0)->accepted, 3);
}

static void
plain_are_one(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		pass("a", NULL, NULL);
	const struct transaction *known = transaction_find(t, "a", 0);
	assert_true(known->plain);
	assert_int_equal(known->special_count, 0);
	assert_null(known->special);
}

static void
special_are_copied(void **state)
{
	char profile[] = "strict", recipient[] = "ann@example.org";
	(void)state;

	pass("a", profile, recipient);
	memset(profile, 'x', 6);
	memset(recipient, 'x', 6);
	const struct transaction *known = transaction_find(t, "a", 0);
	assert_false(known->plain);
	assert_int_equal(known->special_count, 1);
	assert_string_equal(known->special->profile, "strict");
	assert_string_equal(known->special->recipient, "ann@example.org");
	assert_null(known->special->next);
}

static void
special_stand_once(void **state)
{
	static const struct { const char *profile, *recipient; } who[] = { { "strict", NULL }, { NULL, "ann@example.org" },
	    { "strict", "ann@example.org" }, { "strict", NULL }, { "mild", NULL }, { NULL, "ann@example.org" },
	    { "strict", "ann@example.org" } };
	(void)state;

	for (size_t i = 0; i < 7; i++)
		pass("a", who[i].profile, who[i].recipient);
	const struct transaction *known = transaction_find(t, "a", 0);
	assert_int_equal(known->special_count, 4);
	assert_string_equal(known->special->profile, "mild");
	assert_string_equal(known->special->next->recipient, "ann@example.org");
	assert_null(known->special->next->next->profile);
	assert_string_equal(known->special->next->next->next->profile, "strict");
}

static void
queue(const char *instance, const char *header)
{
	transaction_queue_header(t, instance, header, 0);
}

static const char *
next(const char *instance)
{
	return transaction_next_header(t, instance, 0);
}

static void
headers_leave_once(void **state)
{
	(void)state;
	queue("a", "X-Spf: pass");
	assert_null(next("a"));			/* nothing is known of that message */
	pass("a", NULL, NULL);
	pass("b", NULL, NULL);
	assert_null(next("a"));
	queue("a", "X-Spf: pass");
	queue("b", "X-Spf: fail");
	assert_string_equal(next("a"), "X-Spf: pass");
	pass("a", NULL, NULL);
	queue("a", "X-Spf: none");
	assert_null(next("a"));
	assert_string_equal(next("b"), "X-Spf: fail");
}

static void
headers_queue(void **state)
{
	(void)state;
	pass("a", NULL, NULL);
	queue("a", "X-Spf: pass");
	queue("a", "X: y");
	queue("a", "X-Spf: pass again");
	queue("a", "X-Grey: 300");
	assert_string_equal(next("a"), "X-Spf: pass");
	queue("a", "X: z");
	assert_string_equal(next("a"), "X: y");
	assert_string_equal(next("a"), "X-Grey: 300");
	assert_null(next("a"));
}

static void
exemptions_add_up(void **state)
{
	(void)state;
	transaction_pass(t, "a", &nobody_special, 1, 0, 0);
	transaction_pass(t, "a", &nobody_special, 4, 2, 0);
	transaction_pass(t, "a", &nobody_special, 0, 0, 0);
	assert_int_equal(transaction_find(t, "a", 0)->spared, 5);
	assert_int_equal(transaction_find(t, "a", 0)->doubt, 2);
}

static void
ten_minutes(void **state)
{
	int64_t keep = TRANSACTION_KEEP_S * second;
	(void)state;

	transaction_pass(t, "a", &nobody_special, 0, 0, 5);
	transaction_pass(t, "b", &nobody_special, 0, 0, 6);
	transaction_pass(t, "a", &nobody_special, 0, 0, 7);
	assert_non_null(transaction_find(t, "b", keep + 6));
	assert_null(transaction_find(t, "b", keep + 7));
	assert_non_null(transaction_find(t, "a", keep + 7));
	assert_null(transaction_find(t, "a", keep + 8));
	assert_true(transaction_pass(t, "a", &nobody_special, 0, 0, keep + 9));
}

static void
flood(void **state)
{
	char instance[32];
	(void)state;

	for (int i = 0; i < TRANSACTIONS_MAX + 10; i++) {
		snprintf(instance, sizeof instance, "%d", i);
		pass(instance, NULL, NULL);
		if (i == TRANSACTIONS_MAX / 2)
			pass("3", NULL, NULL);		/* goes on, and so is young again */
	}
	for (int i = 0; i < TRANSACTIONS_MAX + 10; i++) {
		snprintf(instance, sizeof instance, "%d", i);
		assert_int_equal(transaction_find(t, instance, 0) != NULL, i > 10 || i == 3);
	}
}

/* Long texts: the bound is on bytes, too. */
static void
fat_flood(void **state)
{
	enum { LONG = 4000, MANY = 100000 };
	char instance[32], recipient[LONG];
	(void)state;

	memset(recipient, 'a', sizeof recipient - 1);
	recipient[sizeof recipient - 1] = '\0';
	for (int i = 0; i < MANY; i++) {
		snprintf(instance, sizeof instance, "%d", i);
		pass(instance, NULL, recipient);
	}
	int kept = 0;
	for (int i = 0; i < MANY; i++) {
		snprintf(instance, sizeof instance, "%d", i);
		kept += transaction_find(t, instance, 0) != NULL;
	}
	assert_in_range(kept, 1000, TRANSACTIONS_BYTES_MAX / LONG);
	assert_non_null(transaction_find(t, instance, 0));
}

static void
many_recipients(void **state)
{
	char recipient[32];
	(void)state;

	for (int i = 0; i < RECIPIENTS_MAX + 10; i++) {
		snprintf(recipient, sizeof recipient, "%d@example.org", i);
		pass("a", NULL, recipient);
	}
	assert_int_equal(transaction_find(t, "a", 0)->special_count, RECIPIENTS_MAX);
}

int
main(void)
{
#define PROMISE(says, test) { says, test, begin, end, NULL }
	const struct CMUnitTest tests[] = {
		PROMISE("of another message nothing is known", nothing_is_known_of_others),
		PROMISE("the first recipient of a message is told from the others", first_is_told),
		PROMISE("how many its login sends to is remembered with it", accepted_is_remembered),
		PROMISE("recipients with nothing of their own are one", plain_are_one),
		PROMISE("others are copied", special_are_copied),
		PROMISE("each stands there once", special_stand_once),
		PROMISE("a header leaves once for each message, and not before a recipient has passed", headers_leave_once),
		PROMISE("several leave one by one, in order", headers_queue),
		PROMISE("what spares one recipient spares all", exemptions_add_up),
		PROMISE("it forgets ten minutes after the last recipient, not before", ten_minutes),
		PROMISE("a flood of messages pushes out the oldest", flood),
		PROMISE("as does one of long addresses", fat_flood),
		PROMISE("a message with too many recipients does not grow", many_recipients),
	};

	return cmocka_run_group_tests_name("transaction.c: it promises that", tests, NULL, NULL);
}
