/* counter.c - the writer's totals promise that … */
#include "store/counter.h"
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { HOUR = COUNTER_WINDOW_S, DAY0 = 497000 * HOUR };

/* What was handed over: "scope key window n" each, in any order; takes so many, then refuses. */
struct file {
	char lines[8][64];
	int count, takes;
};

static bool
write_line(void *arg, const char *scope, const char *key, int64_t window, int64_t n)
{
	struct file *f = arg;

	if (f->count == f->takes)
		return false;
	snprintf(f->lines[f->count++], sizeof *f->lines, "%s %s %d %d", scope, key,
	    (int)((window - DAY0) / HOUR), (int)n);
	return true;
}

static bool
has(const struct file *f, const char *line)
{
	for (int i = 0; i < f->count; i++)
		if (strcmp(f->lines[i], line) == 0)
			return true;
	return false;
}

static struct file
written(struct counters *c)
{
	struct file f = { .takes = 8 };

	assert_true(counters_write(c, write_line, &f));
	return f;
}

static void
keeps_apart(void **state)
{
	struct counters *c = counters_new();
	(void)state;

	counters_add(c, "decision", "dunno:", DAY0 + 1, 1);
	counters_add(c, "decision", "dunno:", DAY0 + HOUR - 1, 2);
	counters_add(c, "decision", "dunno:", DAY0 + HOUR, 1);
	counters_add(c, "decision", "reject:dnsbl", DAY0, 1);
	counters_add(c, "other", "dunno:", DAY0, 1);
	struct file f = written(c);
	assert_int_equal(f.count, 4);
	assert_true(has(&f, "decision dunno: 0 3"));
	assert_true(has(&f, "decision dunno: 1 1"));
	assert_true(has(&f, "decision reject:dnsbl 0 1"));
	assert_true(has(&f, "other dunno: 0 1"));
	counters_free(c);
}

static void
splits_would(void **state)
{
	static const struct { const char *would, *keys; } cases[] = {
		{ NULL, "" }, { "", "" },
		{ "reject sender_no_mx", "reject:sender_no_mx " },
		{ "reject a, defer b_2, object c", "reject:a defer:b_2 object:c " },
		{ "reject", "" }, { "reject a, defer", "reject:a " }, { ", ", "" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *would = cases[i].would;
		char key[COUNTER_KEY], all[200] = "";

		while (would_key(&would, key))
			strcat(strcat(all, key), " ");
		assert_string_equal(all, cases[i].keys);
	}
}

static void
hands_over_what_changed(void **state)
{
	struct counters *c = counters_new();
	(void)state;

	counters_add(c, "decision", "dunno:", DAY0, 5);
	counters_add(c, "decision", "reject:dnsbl", DAY0, 1);
	counters_written(c);
	assert_int_equal(written(c).count, 0);
	counters_add(c, "decision", "dunno:", DAY0, 2);
	struct file f = written(c);
	assert_int_equal(f.count, 1);
	assert_true(has(&f, "decision dunno: 0 7"));
	counters_free(c);
}

static void
repeats_the_same(void **state)
{
	struct counters *c = counters_new();
	struct file full = { .takes = 1 };
	(void)state;

	counters_add(c, "decision", "dunno:", DAY0, 5);
	counters_add(c, "decision", "reject:dnsbl", DAY0, 1);
	assert_false(counters_write(c, write_line, &full));
	struct file f = written(c);
	assert_int_equal(f.count, 2);
	assert_true(has(&f, "decision dunno: 0 5"));
	f = written(c);
	assert_true(has(&f, "decision dunno: 0 5"));
	counters_free(c);
}

static void
repeats_all_when_told(void **state)
{
	struct counters *c = counters_new();
	(void)state;

	counters_add(c, "decision", "dunno:", DAY0, 5);
	counters_add(c, "decision", "dunno:", DAY0 + HOUR, 1);
	counters_written(c);
	counters_dirty(c);
	assert_int_equal(written(c).count, 2);
	counters_free(c);
}

static void
forgets_the_long_past(void **state)
{
	struct counters *c = counters_new();
	(void)state;

	counters_add(c, "decision", "dunno:", DAY0, 5);
	counters_add(c, "decision", "dunno:", DAY0 + 100 * HOUR, 1);
	assert_int_equal(written(c).count, 2);	/* never before it was written */
	counters_written(c);
	counters_dirty(c);
	struct file f = written(c);
	assert_int_equal(f.count, 1);
	assert_true(has(&f, "decision dunno: 100 1"));
	counters_free(c);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		{ "scope, key and hour are counted apart", keeps_apart, NULL, NULL, NULL },
		{ "a decision's would has a key for each check", splits_would, NULL, NULL, NULL },
		{ "only what changed is handed over, and as a whole", hands_over_what_changed, NULL, NULL, NULL },
		{ "a failed transaction loses and doubles nothing", repeats_the_same, NULL, NULL, NULL },
		{ "a new file gets all of them", repeats_all_when_told, NULL, NULL, NULL },
		{ "hours long past are forgotten once written", forgets_the_long_past, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("the writer's totals promise that", tests, NULL, NULL);
}
