/* reference.c - a reference in a refusal promises that … */
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct print {
	const char *says;
	int64_t reference;
	const char *want;
} prints[] = {
	{ "nothing is all zeros", 0, "0000000000" },
	{ "the last digit is the lowest five bits", 31, "000000000Z" },
	{ "the next digit follows", 32, "0000000010" },
	{ "there is no I, L, O or U", 18 << 15 | 19 << 10 | 22 << 5 | 27, "000000JKPV" },
	{ "it has fifty bits", (INT64_C(1) << 50) - 1, "ZZZZZZZZZZ" },
	{ "seconds and sequence make it", INT64_C(1793611800) << 18 | 5, "DBM5G60005" },
};

static void
prints_as(void **state)
{
	const struct print *p = *state;
	char out[REFERENCE_TEXT];

	assert_ptr_equal(reference_print(p->reference, out), out);
	assert_string_equal(out, p->want);
}

static void
sorts_as_the_number(void **state)
{
	char before[REFERENCE_TEXT], after[REFERENCE_TEXT];
	(void)state;

	reference_print(0, before);
	for (int64_t n = 1; n < INT64_C(1) << 50; n = n * 3 + 1) {
		assert_true(strcmp(before, reference_print(n, after)) < 0);
		memcpy(before, after, sizeof before);
	}
}

int
main(void)
{
	enum { PRINTS = sizeof prints / sizeof *prints };
	struct CMUnitTest tests[PRINTS + 1] = {
		[PRINTS] = { "greater numbers stand later in the alphabet", sorts_as_the_number, NULL, NULL, NULL },
	};

	for (size_t i = 0; i < PRINTS; i++)
		tests[i] = (struct CMUnitTest){ prints[i].says, prints_as, NULL, NULL, (void *)(uintptr_t)&prints[i] };
	return cmocka_run_group_tests_name("a reference in a refusal promises that", tests, NULL, NULL);
}
