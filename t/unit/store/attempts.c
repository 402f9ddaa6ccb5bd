/* attempts.c - the index of what was tried: it promises that … */
#include "store/attempts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct attempts *a;

static int
begin(void **state)
{
	(void)state;
	a = attempts_new();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	attempts_free(a);
	return 0;
}

/* Numbers without a pattern (splitmix64). */
static uint64_t
hash(uint64_t i)
{
	i = (i + 1) * 0x9e3779b97f4a7c15;
	i = (i ^ i >> 30) * 0xbf58476d1ce4e5b9;
	i = (i ^ i >> 27) * 0x94d049bb133111eb;
	return i ^ i >> 31;
}

static void
add(uint64_t h, uint32_t gen, uint32_t first_s)
{
	attempts_add(a, h, (struct attempt){ gen, first_s });
}

static void
is_there(uint64_t h, uint32_t gen, uint32_t first_s)
{
	const struct attempt *found = attempts_find(a, h);

	assert_non_null(found);
	assert_int_equal(found->gen, gen);
	assert_int_equal(found->first_s, first_s);
}

static void
empty(void **state)
{
	(void)state;
	assert_null(attempts_find(a, 1));
	attempts_remove(a, 1);
	attempts_sweep(a);
	assert_int_equal(attempts_count(a), 0);
}

static void
finds(void **state)
{
	static const uint64_t odd[] = { 0, 1, UINT64_MAX, UINT32_MAX, UINT64_MAX << 32 };
	(void)state;

	for (uint32_t i = 1; i < 5; i++)
		add(odd[i], i, 100 + i);
	for (uint32_t i = 1; i < 5; i++)
		is_there(odd[i], i, 100 + i);
	assert_int_equal(attempts_count(a), 4);
	attempts_remove(a, 1);
	assert_null(attempts_find(a, 1));
	add(0, 7, 7);
	is_there(0, 7, 7);
}

static void
merges(void **state)
{
	(void)state;
	add(5, 1, 200);
	add(5, 1, 100);
	add(5, 1, 300);
	is_there(5, 1, 100);
	add(5, 2, 250);
	is_there(5, 2, 250);
	add(5, 1, 50);
	is_there(5, 2, 250);
	assert_int_equal(attempts_count(a), 1);
}

static void
forgets(void **state)
{
	(void)state;
	add(5, 1, 100);
	add(6, 1, 200);
	attempts_forget(a, 150);
	assert_null(attempts_find(a, 5));
	is_there(6, 1, 200);
	add(5, 1, 120);			/* an old row, read late */
	assert_null(attempts_find(a, 5));
	add(5, 1, 300);
	is_there(5, 1, 300);
	add(5, 1, 120);
	is_there(5, 1, 300);
}

static void
sweeps(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 100000; i++)
		add(hash(i), 1, i < 90000 ? 100 : 200);
	size_t before = attempts_bytes(a);
	attempts_forget(a, 150);
	for (int i = 0; i < 1024; i++)
		attempts_sweep(a);
	assert_int_equal(attempts_count(a), 10000);
	assert_true(attempts_bytes(a) < before / 4);
	for (uint32_t i = 90000; i < 100000; i++)
		is_there(hash(i), 1, 200);
}

/* Against a plain array of what should be there. */
static void
as_an_array(void **state)
{
	enum { THINGS = 5000, STEPS = 400000 };
	static uint32_t should[THINGS];
	(void)state;

	memset(should, 0, sizeof should);
	for (uint64_t i = 0; i < STEPS; i++) {
		uint64_t draw = hash(i);
		size_t thing = draw % THINGS;
		/* Few homes, so that they get in each other's way. */
		uint64_t h = (hash(thing) & 0xff00000000000000) | thing | (uint64_t)(thing % 7) << 29;

		if (draw >> 60 < 9) {
			if (should[thing] == 0)
				add(h, 1, should[thing] = (uint32_t)(1 + i));
		} else {
			attempts_remove(a, h);
			should[thing] = 0;
		}
		if (i % 50000 == 0)
			for (size_t k = 0; k < THINGS; k++) {
				uint64_t of = (hash(k) & 0xff00000000000000) | k | (uint64_t)(k % 7) << 29;
				const struct attempt *found = attempts_find(a, of);

				assert_int_equal(found ? found->first_s : 0, should[k]);
			}
	}
}

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* Of a million, none may take long, and all together not much memory. */
static void
a_million(void **state)
{
	enum { MANY = 1000000 };
	int64_t slowest_us = 0;
	(void)state;

	for (uint32_t i = 0; i < MANY; i++) {
		int64_t begin_us = now_us();
		add(hash(i), 1, i + 1);
		int64_t took_us = now_us() - begin_us;
		slowest_us = took_us > slowest_us ? took_us : slowest_us;
	}
	print_message("# a million: %zu bytes each, the slowest took %lld us\n", attempts_bytes(a) / MANY, (long long)slowest_us);
	assert_true(attempts_bytes(a) / MANY <= 32);
	for (uint32_t i = 0; i < MANY; i += 1000)
		is_there(hash(i), 1, i + 1);
	assert_null(attempts_find(a, hash(MANY)));
}

int
main(void)
{
#define PROMISE(says, test) { says, test, begin, end, NULL }
	const struct CMUnitTest tests[] = {
		PROMISE("nothing is there at first", empty),
		PROMISE("what was added is found, and not once it was removed", finds),
		PROMISE("of several the highest gen counts, and of those the least first", merges),
		PROMISE("what is too old is gone, read again or not", forgets),
		PROMISE("its memory goes, too", sweeps),
		PROMISE("whatever is added and removed, what is there is found", as_an_array),
		PROMISE("a million take 32 bytes each", a_million),
	};

	return cmocka_run_group_tests_name("the index of attempts: it promises that", tests, NULL, NULL);
}
