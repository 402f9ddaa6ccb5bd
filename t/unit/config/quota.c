/* quota.c - test of src/config/quota.c: it promises that … */
#include "config/quota.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define RIGHT "write login 500 recipients / 1h, or messages or bytes, with fixed behind it if it is to begin anew each time"

/* The quotas as a line, "login 500 recipients/3600+300x13", or what is wrong. */
static const struct {
	const char *says, *text, *want;
	bool plain;			/* without scopes */
} cases[] = {
	{ "a quota slides by twelfths of its time", "login 500 recipients / 1h", "login 500 recipients/3600 300..3900", false },
	{ "or begins anew", "client 2G bytes / 1d fixed", "client 2147483648 bytes/86400 86400..86400", false },
	{ "blanks and the slash's place make no difference", " login  5   messages/1m ,\tlogin 9 messages /1h",
	  "login 5 messages/60 5..65; login 9 messages/3600 300..3900", false },
	{ "a time that has no twelfth slides by a second more", "login 1 messages / 100s", "login 1 messages/100 9..117", false },
	{ "a row has no scopes", "5 recipients / 2h fixed, 7 recipients / 2h",
	  "5 recipients/7200 7200..7200; 7 recipients/7200 600..7800", true },
	{ "none is none", "none", "", true },
	{ "but not beside others", "5 recipients / 1h,none", "none: write 500 recipients / 1h, or messages or bytes, with fixed behind it "
	  "if it is to begin anew each time", true },
	{ "so is nothing", "", "", false },
	{ "nobody may have nothing", "login 0 messages / 1h", "login 0 messages/3600 300..3900", false },
	{ "it says what is missing", "login 500 / 1h", "login 500 / 1h: " RIGHT, false },
	{ "it says what is too much", "login 500 recipients / 1h fixed today", "login 500 recipients / 1h fixed today: " RIGHT, false },
	{ "it says what is no unit", "login 500 mails / 1h", "login 500 mails / 1h: " RIGHT, false },
	{ "it says what is no number", "login some bytes / 1h", "login some bytes / 1h: not a number; write bytes, or K, M or G, as in 10M", false },
	{ "it says what is no time", "login 5 bytes / 1x", "login 5 bytes / 1x: no unit 'x'; write s, m, h, d or w, as in 5m", false },
	{ "it says what is too short a time", "login 5 bytes / 59s", "login 5 bytes / 59s: less than 1m; write 1m to 366d", false },
	{ "it says what is there twice", "login 5 messages / 1h, login 6 messages / 60m",
	  "login 6 messages / 60m: there is one for the same and the same time before it; leave one out", false },
	{ "one of another scope is another", "login 5 messages / 1h, client 6 messages / 1h",
	  "login 5 messages/3600 300..3900; client 6 messages/3600 300..3900", false },
};

static void
one_case(void **state)
{
	size_t i = (size_t)*state;
	struct arena *a = arena_new();
	struct quotas quotas = { 0 };
	char room[400];
	struct text t = TEXT(room);

	const char *why = quotas_read(a, cases[i].text, !cases[i].plain, &quotas);
	text_add(&t, why ? why : "");
	for (size_t k = 0; why == NULL && k < quotas.count; k++) {
		const struct quota *q = &quotas.at[k];

		text_addf(&t, "%s%s%s%lld %s/%lld %lld..%lld", k ? "; " : "", q->scope ? q->scope : "", q->scope ? " " : "",
		    (long long)q->most, quota_units[q->unit], (long long)q->length_s, (long long)quota_step_s(q),
		    (long long)quota_span_s(q));
	}
	assert_string_equal(room, cases[i].want);
	arena_free(a);
}

static void
too_many(void **state)
{
	struct arena *a = arena_new();
	struct quotas quotas;
	char room[2000];
	struct text t = TEXT(room);

	(void)state;
	for (int i = 1; i <= QUOTAS_MAX; i++)
		text_addf(&t, "login 1 messages / %dm,", i);
	assert_null(quotas_read(a, room, true, &quotas));
	assert_int_equal(quotas.count, QUOTAS_MAX);
	text_add(&t, "client 1 messages / 1m");
	assert_string_equal(quotas_read(a, room, true, &quotas), "client 1 messages / 1m: one too many; take some out");
	arena_free(a);
}

int
main(void)
{
	enum { CASES = sizeof cases / sizeof *cases };
	struct CMUnitTest tests[CASES + 1];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].says, one_case, NULL, NULL, (void *)i };
	tests[CASES] = (struct CMUnitTest){ "it says when there are too many", too_many, NULL, NULL, NULL };
	return cmocka_run_group_tests_name("quota", tests, NULL, NULL);
}
