/* hash.c - test of src/base/hash.c: it promises that … */
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { ENTRIES = 1000 };

struct entry {
	struct hash_link link;
	char name[16];
};

static struct entry entries[ENTRIES];

static struct entry *
find(const struct hash_table *t, const char *name)
{
	uint64_t hash = hash_bytes(name, strlen(name));

	for (struct hash_link *l = hash_first(t, hash); l != NULL; l = l->next)
		if (l->hash == hash && strcmp(((struct entry *)l)->name, name) == 0)
			return (struct entry *)l;
	return NULL;
}

static void
same_and_different(void **state)
{
	char bytes[64], copy[65];

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)i;
	memcpy(copy + 1, bytes, sizeof bytes);		/* at another alignment */
	for (size_t len = 0; len <= sizeof bytes; len++) {
		uint64_t hash = hash_bytes(bytes, len);

		assert_int_equal(hash, hash_bytes(copy + 1, len));
		for (size_t i = 0; i < len; i++) {
			copy[1 + i] ^= 0x10;
			assert_int_not_equal(hash, hash_bytes(copy + 1, len));
			copy[1 + i] ^= 0x10;
		}
		if (len > 0)
			assert_int_not_equal(hash, hash_bytes(bytes, len - 1));
	}
}

static void
table(void **state)
{
	struct hash_table t = { 0 };

	(void)state;
	assert_null(find(&t, "absent"));
	for (int i = 0; i < ENTRIES; i++) {
		struct entry *e = &entries[i];

		snprintf(e->name, sizeof e->name, "n%d", i);
		hash_insert(&t, &e->link, hash_bytes(e->name, strlen(e->name)));
	}
	assert_int_equal(t.count, ENTRIES);
	assert_true(t.size >= ENTRIES && (t.size & (t.size - 1)) == 0);
	for (int i = 0; i < ENTRIES; i += 2)
		hash_remove(&t, &entries[i].link);
	assert_int_equal(t.count, ENTRIES / 2);
	for (int i = 0; i < ENTRIES; i++)
		assert_ptr_equal(find(&t, entries[i].name), i % 2 ? &entries[i] : NULL);
	hash_free(&t);
	assert_null(find(&t, "n1"));
}

static void
equal_hashes(void **state)
{
	struct hash_table t = { 0 };
	struct hash_link a, b, c;

	(void)state;
	hash_insert(&t, &a, 7);
	hash_insert(&t, &b, 7);
	hash_insert(&t, &c, 7);
	hash_remove(&t, &b);
	assert_ptr_equal(hash_first(&t, 7), &c);
	assert_ptr_equal(hash_find(&t, 7), &c);
	assert_null(hash_find(&t, 7 + t.size));		/* of the same bucket */
	assert_ptr_equal(c.next, &a);
	assert_null(a.next);
	hash_free(&t);
}

static void
cleared(void **state)
{
	struct hash_table t = { 0 };

	(void)state;
	hash_clear(&t);
	for (uint64_t hash = 0; hash < 40; hash++)
		hash_insert(&t, malloc(sizeof(struct hash_link)), hash % 30);
	hash_clear(&t);
	assert_int_equal(t.count, 0);
	assert_null(hash_find(&t, 7));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ .name = "equal bytes hash alike, one bit more or less does not", .test_func = same_and_different },
		{ .name = "a table finds what is in it, and nothing that was removed", .test_func = table },
		{ .name = "entries of one hash live side by side", .test_func = equal_hashes },
		{ .name = "a table is cleared with its entries", .test_func = cleared },
	};
	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
