/* arena.c - test of src/base/arena.c: it promises that … */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void
zeroed_and_aligned(void **state)
{
	static const size_t sizes[] = { 1, 3, 16, 100, 4000, 4096, 5000, 100000, 7 };
	const size_t count = sizeof sizes / sizeof *sizes;
	unsigned char *pieces[sizeof sizes / sizeof *sizes];

	(void)state;
	for (int round = 0; round < 3; round++) {		/* the later ones get a used arena */
		struct arena *a = arena_new();

		for (size_t i = 0; i < count; i++) {
			pieces[i] = arena_alloc(a, sizes[i]);
			assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
			for (size_t k = 0; k < sizes[i]; k++)
				assert_int_equal(pieces[i][k], 0);
			memset(pieces[i], (int)i + 1, sizes[i]);
		}
		for (size_t i = 0; i < count; i++)
			for (size_t k = 0; k < sizes[i]; k++)
				assert_int_equal(pieces[i][k], i + 1);
		arena_free(a);
	}
}

static void
copies(void **state)
{
	struct arena *a = arena_new();
	char long_text[10000];

	(void)state;
	memset(long_text, 'x', sizeof long_text);
	long_text[sizeof long_text - 1] = '\0';
	assert_string_equal(arena_strdup(a, "text"), "text");
	assert_string_equal(arena_strdup(a, ""), "");
	assert_string_equal(arena_strndup(a, "text", 2), "te");
	assert_memory_equal(arena_strndup(a, "a\0b", 3), "a\0b", 4);
	assert_string_equal(arena_printf(a, "%d %s", 7, "of nine"), "7 of nine");
	assert_string_equal(arena_printf(a, "%s", long_text), long_text);
	arena_free(a);
	arena_free(NULL);
}

static void
many(void **state)
{
	struct arena *arenas[200];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < 200; i++) {
			arenas[i] = arena_new();
			*(size_t *)arena_alloc(arenas[i], sizeof(size_t)) = i;
			for (size_t k = 0; k < i; k++)
				assert_ptr_not_equal(arenas[i], arenas[k]);
		}
		for (size_t i = 0; i < 200; i++)
			arena_free(arenas[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ .name = "pieces are zeroed, aligned and apart, also in a used arena", .test_func = zeroed_and_aligned },
		{ .name = "copies are terminated", .test_func = copies },
		{ .name = "arenas that live together are different ones", .test_func = many },
	};
	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
