/* cache.c - the cache of DNS answers promises that … */
#include "dns/cache.h"
#include "base/clock.h"
#include "dns/dns.h"
#include "dns/keep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { START_US = 1000000 };

static void
at_second(int64_t s)
{
	clock_freeze(1700000000 + s, START_US + s * 1000000);
}

static void
add(struct dns_cache *c, const char *name, enum dns_type type, enum dns_status status, uint32_t ttl_s)
{
	const struct answer *a = answer_keep(&(struct answer){ .name = name, .type = type, .status = status,
	    .why = "", .ttl_s = ttl_s });

	dns_cache_add(c, a);
	answer_release(a);
}

static const struct answer *
find(struct dns_cache *c, const char *name, enum dns_type type)
{
	return dns_cache_find(c, name, type, dns_question_hash(name, type));
}

static void
keeps_by_name_and_type(void **state)
{
	struct dns_cache *c = dns_cache_new(10);
	(void)state;

	at_second(0);
	add(c, "example.com", DNS_A, DNS_NO_DATA, 60);
	add(c, "example.com", DNS_MX, DNS_NXDOMAIN, 60);
	assert_int_equal(find(c, "example.com", DNS_A)->status, DNS_NO_DATA);
	assert_int_equal(find(c, "example.com", DNS_MX)->status, DNS_NXDOMAIN);
	assert_null(find(c, "example.com", DNS_TXT));
	assert_null(find(c, "example.net", DNS_A));
	dns_cache_free(c);
}

static const struct life {
	const char *says;
	enum dns_status status;
	uint32_t ttl_s;
	int64_t last_s;			/* second at which it is still known; -1: never */
} lives[] = {
	{ "an answer is known until its TTL is over, and no longer", DNS_FOUND, 300, 299 },
	{ "a negative answer too", DNS_NXDOMAIN, 60, 59 },
	{ "no data too", DNS_NO_DATA, 60, 59 },
	{ "a failure too", DNS_FAILED, 10, 9 },
	{ "an answer of TTL 0 is not kept", DNS_FOUND, 0, -1 },
	{ "the longest TTL does not overflow", DNS_FOUND, UINT32_MAX, (int64_t)UINT32_MAX - 1 },
};

static void
lives_so_long(void **state)
{
	const struct life *l = *state;
	struct dns_cache *c = dns_cache_new(10);

	at_second(0);
	add(c, "example.com", DNS_A, l->status, l->ttl_s);
	if (l->last_s >= 0) {
		at_second(l->last_s);
		assert_non_null(find(c, "example.com", DNS_A));
	}
	at_second(l->last_s + 1);
	assert_null(find(c, "example.com", DNS_A));
	at_second(0);			/* it is gone, not hidden */
	assert_null(find(c, "example.com", DNS_A));
	dns_cache_free(c);
}

static void
replaces(void **state)
{
	struct dns_cache *c = dns_cache_new(10);
	(void)state;

	at_second(0);
	add(c, "example.com", DNS_A, DNS_FAILED, 10);
	add(c, "example.com", DNS_A, DNS_FOUND, 60);
	at_second(30);
	assert_int_equal(find(c, "example.com", DNS_A)->status, DNS_FOUND);
	add(c, "example.com", DNS_A, DNS_FOUND, 0);
	assert_null(find(c, "example.com", DNS_A));
	dns_cache_free(c);
}

static void
ignores_the_wall_clock(void **state)
{
	struct dns_cache *c = dns_cache_new(10);
	(void)state;

	clock_freeze(1700000000, START_US);
	add(c, "example.com", DNS_A, DNS_FOUND, 60);
	clock_freeze(1900000000, START_US);
	assert_non_null(find(c, "example.com", DNS_A));
	dns_cache_free(c);
}

static void
forgets_the_longest_unused(void **state)
{
	struct dns_cache *c = dns_cache_new(3);
	(void)state;

	at_second(0);
	add(c, "a.example", DNS_A, DNS_FOUND, 60);
	add(c, "b.example", DNS_A, DNS_FOUND, 60);
	add(c, "c.example", DNS_A, DNS_FOUND, 60);
	assert_non_null(find(c, "a.example", DNS_A));
	add(c, "d.example", DNS_A, DNS_FOUND, 60);
	assert_null(find(c, "b.example", DNS_A));
	assert_non_null(find(c, "c.example", DNS_A));
	assert_non_null(find(c, "d.example", DNS_A));
	add(c, "e.example", DNS_A, DNS_FOUND, 60);
	assert_null(find(c, "a.example", DNS_A));
	dns_cache_limit(c, 1);
	assert_null(find(c, "c.example", DNS_A));
	assert_null(find(c, "d.example", DNS_A));
	assert_non_null(find(c, "e.example", DNS_A));
	dns_cache_free(c);
}

static void
never_exceeds_its_limit(void **state)
{
	enum { LIMIT = 1000, NAMES = 5000 };
	struct dns_cache *c = dns_cache_new(LIMIT);
	char name[32];
	size_t known = 0;
	(void)state;

	at_second(0);
	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof name, "n%d.example", i);
		add(c, name, DNS_A, DNS_FOUND, 60);
	}
	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof name, "n%d.example", i);
		bool here = find(c, name, DNS_A) != NULL;
		assert_int_equal(here, i >= NAMES - LIMIT);
		known += here;
	}
	assert_int_equal(known, LIMIT);
	dns_cache_free(c);
}

static void
weighs_big_answers(void **state)
{
	static char text[5000];
	struct dns_record record = { .text = text, .text_len = sizeof text };
	struct dns_cache *c = dns_cache_new(10);
	(void)state;

	at_second(0);
	add(c, "a.example", DNS_A, DNS_FOUND, 60);
	const struct answer *big = answer_keep(&(struct answer){ .name = "big.example", .type = DNS_TXT,
	    .status = DNS_FOUND, .why = "", .ttl_s = 60, .count = 1, .records = &record });
	dns_cache_add(c, big);			/* 6 */
	answer_release(big);
	add(c, "b.example", DNS_A, DNS_FOUND, 60);
	add(c, "c.example", DNS_A, DNS_FOUND, 60);
	add(c, "d.example", DNS_A, DNS_FOUND, 60);
	assert_non_null(find(c, "a.example", DNS_A));
	add(c, "e.example", DNS_A, DNS_FOUND, 60);
	assert_null(find(c, "big.example", DNS_TXT));
	assert_non_null(find(c, "a.example", DNS_A));
	assert_non_null(find(c, "b.example", DNS_A));
	dns_cache_free(c);
}

static void
leaves_holders_alone(void **state)
{
	struct dns_cache *c = dns_cache_new(1);
	(void)state;

	at_second(0);
	add(c, "a.example", DNS_A, DNS_FOUND, 60);
	const struct answer *a = answer_ref(find(c, "a.example", DNS_A));
	add(c, "b.example", DNS_A, DNS_FOUND, 60);
	assert_string_equal(a->name, "a.example");
	dns_cache_free(c);
	assert_string_equal(a->name, "a.example");
	answer_release(a);
}

static void
drops_a_domain(void **state)
{
	static const char *const names[] = { "bl.example", "a.bl.example", "b.c.bl.example", "xbl.example", "example",
	    "bl.example.com" };
	struct dns_cache *c = dns_cache_new(10);
	(void)state;

	at_second(0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		add(c, names[i], DNS_A, DNS_FOUND, 60);
	dns_cache_drop(c, "bl.example");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_int_equal(find(c, names[i], DNS_A) != NULL, i >= 3);
	dns_cache_free(c);
}

int
main(void)
{
	enum { LIVES = sizeof lives / sizeof *lives };
	static const struct CMUnitTest others[] = {
		{ "answers are known by name and type", keeps_by_name_and_type, NULL, NULL, NULL },
		{ "a new answer takes the place of the old one", replaces, NULL, NULL, NULL },
		{ "a step of the wall clock changes nothing", ignores_the_wall_clock, NULL, NULL, NULL },
		{ "what was not used for longest goes first", forgets_the_longest_unused, NULL, NULL, NULL },
		{ "no more answers are kept than its limit says", never_exceeds_its_limit, NULL, NULL, NULL },
		{ "a big answer counts for many", weighs_big_answers, NULL, NULL, NULL },
		{ "a name and all below it can be dropped, and nothing else", drops_a_domain, NULL, NULL, NULL },
		{ "who holds an answer keeps it", leaves_holders_alone, NULL, NULL, NULL },
	};
	struct CMUnitTest tests[LIVES + sizeof others / sizeof *others];

	for (size_t i = 0; i < LIVES; i++)
		tests[i] = (struct CMUnitTest){ lives[i].says, lives_so_long, NULL, NULL, (void *)(uintptr_t)&lives[i] };
	memcpy(tests + LIVES, others, sizeof others);
	int failed_tests = cmocka_run_group_tests_name("the cache of DNS answers promises that", tests, NULL, NULL);
	clock_release();
	return failed_tests;
}
