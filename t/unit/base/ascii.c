/* ascii.c - letters and digits promise that … */
#include "base/ascii.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
no_other_byte(void **state)
{
	static const char small[] = "abcdefghijklmnopqrstuvwxyz", capital[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	(void)state;

	for (int i = 1; i < 256; i++) {
		char c = (char)i;
		const char *at = strchr(capital, c);

		assert_int_equal(is_digit(c), strchr("0123456789", c) != NULL);
		assert_int_equal(is_letter(c), at != NULL || strchr(small, c) != NULL);
		assert_int_equal(to_lower(c), at != NULL ? small[at - capital] : c);
	}
	assert_false(is_digit('\0') || is_letter('\0') || to_lower('\0'));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		{ "no byte but ASCII's is a letter or a digit, or changed", no_other_byte, NULL, NULL, NULL },
	};
	return cmocka_run_group_tests_name("ascii.h: it promises that", tests, NULL, NULL);
}
