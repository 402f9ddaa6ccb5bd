/* spf_skip.c - test of src/rules/spf_skip.c: the rule promises that … */
#include "judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

extern const struct rule rule_spf_skip;

#define SKIP(clients) .options = { { "spf_skip_clients", clients } }
#define NAMED(its, ...) SKIP(its), .name = { __VA_ARGS__ }
#define SKIPPED(who) "EXEMPT " who " is in spf_skip_clients"
#define PERHAPS "PERHAPS EXEMPT cannot look up the name of 192.0.2.7 now"

/* ---- what is no list of clients ---- */

struct mistake { const char *says, *written, *want; };

static const char *
read_clients(struct arena *a, const char *written)
{
	void *options = arena_alloc(a, rule_spf_skip.options.size);

	return option_read(&rule_spf_skip.options.rows[0], a, written, options);
}

static void
is_refused(void **state)
{
	const struct mistake *m = *state;
	struct arena *a = arena_new();
	const char *why = read_clients(a, m->written);

	assert_non_null(why);
	assert_non_null(strstr(why, m->want));
	arena_free(a);
}

static void
thousand(void **state)
{
	struct arena *a = arena_new();
	char many[1001 * 16];
	struct text t = TEXT(many);
	(void)state;

	for (unsigned i = 0; i < 1000; i++)
		text_addf(&t, i % 2 ? " 10.0.%u.%u" : ", n%u-%u.example", i / 256, i % 256);
	assert_false(t.cut);
	assert_null(read_clients(a, many));
	text_add(&t, " 10.9.9.9");
	assert_non_null(strstr(read_clients(a, many), "more than 1000 clients"));
	arena_free(a);
}

static void
keeps(void **state)
{
	promise_keep(&rule_spf_skip, *state);
}

int
main(void)
{
	static const struct mistake mistakes[] = {
		{ "a word is no client", "192.0.2.7 backup", "backup is no client; write 192.0.2.7, 192.0.2.0/24 or example.net" },
		{ "nor is half a network", "192.0.2.0/33", "'192.0.2.0/33': a prefix longer than the address; IPv4 has 32 bits" },
		{ "nor one with bits behind its prefix", "192.0.2.7/24", "'192.0.2.7/24': bits are set behind the prefix; write" },
		{ "nor a name that is none", "a..example.net", "a..example.net is no client" },
	};
	const struct promise promises[] = {
		{ "without a list nobody is skipped, and nothing is asked", { .name = { .status = NAME_OPEN } }, "DUNNO" },
		{ "an address is skipped", { NAMED("198.51.100.1 192.0.2.7", .status = NAME_OPEN) }, SKIPPED("192.0.2.7") },
		{ "a network is skipped", { SKIP("192.0.2.0/24") }, SKIPPED("192.0.2.7") },
		{ "one of IPv6 too", { SKIP("2001:db8::/32"), .client = "2001:db8::7" }, SKIPPED("2001:db8::7") },
		{ "nobody outside of it is", { SKIP("192.0.2.8/29, 2001:db8::/32") }, "DUNNO" },
		{ "a client is skipped by its confirmed name",
		  { NAMED("mx2.example.net", .status = NAME_CONFIRMED, .name = "mx2.example.net") }, SKIPPED("192.0.2.7") },
		{ "and by a domain its name lies below",
		  { NAMED(".example.net", .status = NAME_CONFIRMED, .name = "a.b.example.net") }, SKIPPED("192.0.2.7") },
		{ "which is not the domain itself", { NAMED(".example.net", .status = NAME_CONFIRMED, .name = "example.net") }, "DUNNO" },
		{ "it is another name", { NAMED("example.net", .status = NAME_CONFIRMED, .name = "badexample.net") }, "DUNNO" },
		{ "a name that does not lead back says nothing",
		  { NAMED("mx2.example.net", .status = NAME_MISMATCH, .name = "mx2.example.net") }, "DUNNO" },
		{ "no name says nothing", { NAMED("mx2.example.net", .status = NAME_NONE) }, "DUNNO" },
		{ "it waits for the name", { NAMED("192.0.2.8 mx2.example.net", .status = NAME_OPEN) }, "PENDING" },
		{ "a name that cannot be looked up may be one of them",
		  { NAMED("mx2.example.net", .status = NAME_CANNOT_TELL, .name = "7.2.0.192.in-addr.arpa") }, PERHAPS },
		{ "so may another name of the client",
		  { NAMED("mx2.example.net", .status = NAME_CONFIRMED, .name = "mx1.example.net", .unsure = true) }, PERHAPS },
		{ "but not if the address is skipped anyway",
		  { NAMED("192.0.2.7 mx2.example.net", .status = NAME_CANNOT_TELL) }, SKIPPED("192.0.2.7") },
		{ "names are read in normal form",
		  { NAMED("M\xc3\xbcller.Example.", .status = NAME_CONFIRMED, .name = "xn--mller-kva.example") },
		  SKIPPED("192.0.2.7") },
	};
	enum { MISTAKES = sizeof mistakes / sizeof *mistakes, PROMISES = sizeof promises / sizeof *promises };
	struct CMUnitTest tests[MISTAKES + PROMISES + 1];
	size_t n = 0;

	for (size_t i = 0; i < PROMISES; i++)
		tests[n++] = (struct CMUnitTest){ promises[i].says, keeps, NULL, NULL, (void *)(uintptr_t)&promises[i] };
	for (size_t i = 0; i < MISTAKES; i++)
		tests[n++] = (struct CMUnitTest){ mistakes[i].says, is_refused, NULL, NULL, (void *)(uintptr_t)&mistakes[i] };
	tests[n++] = (struct CMUnitTest){ "1000 clients are read, and no more", thousand, NULL, NULL, NULL };
	return cmocka_run_group_tests_name("spf_skip", tests, NULL, NULL);
}
