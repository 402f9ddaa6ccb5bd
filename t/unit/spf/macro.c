/* macro.c - test of src/spf/macro.c: SPF macros promise that … */
#include "spf/macro.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN

struct promise {
	const char *text, *want;
	const char *local, *domain, *client;	/* ann, mail.example.net, 192.0.2.7 if not said */
};

static const struct promise expansions[] = {
	/* s.7.2: letters */
	{ .text = "%{s}", .want = "ann@example.com" },
	{ .text = "%{l} %{o} %{d} %{h}", .want = "ann example.com mail.example.net helo.example" },
	{ .text = "%{p} %{r} %{t}", .want = "mx.example.net mx.example.org 1800000000" },
	{ .text = "%{i} %{c} %{v}", .want = "192.0.2.7 192.0.2.7 in-addr" },
	{ .text = "%{c} %{v}", .want = "2001:db8::cb01 ip6", .client = "2001:DB8:0::CB01" },
	{ .text = "%{i}", .want = "2.0.0.1.0.D.B.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.C.B.0.1", .client = "2001:db8::cb01" },
	{ .text = "%{ir}", .want = "1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2", .client = "2001:db8::cb01" },
	{ .text = "%{i} %{v}", .want = "192.0.2.7 in-addr", .client = "::ffff:192.0.2.7" },
	/* s.7.1: what is no macro letter */
	{ .text = "100%% of%_them%-here", .want = "100% of them%20here" },
	{ .text = "", .want = "" },
	/* s.7.3: parts from the right, turned round, other delimiters */
	{ .text = "%{d4} %{d3} %{d2} %{d1}", .want = "mail.example.net mail.example.net example.net net" },
	{ .text = "%{dr} %{d2r} %{d1R}", .want = "net.example.mail example.mail mail" },
	{ .text = "%{d2}", .want = "example.net", .domain = "example.net" },
	{ .text = "%{d2r}", .want = "net.example", .domain = "example.net" },
	{ .text = "%{d1} %{d99999999999999999999}", .want = "net example.net", .domain = "example.net" },
	{ .text = "%{l-} %{l1r-} %{lr-}", .want = "strong.bad strong bad.strong", .local = "strong-bad" },
	{ .text = "%{l2r.+-,/_=}", .want = "b.a", .local = "a.b+c-d,e/f_g=h" },
	{ .text = "%{l.+-,/_=}", .want = "a.b.c.d.e.f.g.h", .local = "a.b+c-d,e/f_g=h" },
	{ .text = "%{l,}", .want = "a.b+c-d.e/f_g=h", .local = "a.b+c-d,e/f_g=h" },
	{ .text = "%{l/}", .want = "a.b+c-d,e.f_g=h", .local = "a.b+c-d,e/f_g=h" },
	{ .text = "%{l} %{l-}", .want = "a-b.c a.b.c", .local = "a-b.c" },
	{ .text = "%{l1-}", .want = "b.c", .local = "a-b.c" },
	{ .text = "%{l}%{l1}", .want = "..", .local = ".." },
	{ .text = "%{lr+} %{l1+}", .want = ".b.a ", .local = "a+b+" },
	{ .text = "%{l2-}", .want = ".b", .local = "a--b" },
	/* s.7.3: capitals ask for URL escapes of all that is not unreserved */
	{ .text = "%{S}", .want = "ann%40example.com" },
	{ .text = "%{L}", .want = "%22a%20b%22%2F%25%3F-._~9Z", .local = "\"a b\"/%?-._~9Z" },
	{ .text = "%{L}", .want = "%C3%A9", .local = "\xc3\xa9" },
	{ .text = "%{L2R+}", .want = "b%3D.a%26", .local = "a&+b=+c" },
	{ .text = "%{D2}.%{I}", .want = "example.net.192.0.2.7" },
	{ .text = "%{L}", .want = "a%25%7Bd%7D", .local = "a%{d}" },		/* once only */
	{ .text = "%{l}", .want = "a%{d}", .local = "a%{d}" },
	/* the examples' shapes of s.7.4 */
	{ .text = "%{ir}.%{v}._spf.%{d2}", .want = "7.2.0.192.in-addr._spf.example.net" },
	{ .text = "%{lr-}.lp._spf.%{d2}", .want = "bad.strong.lp._spf.example.net", .local = "strong-bad" },
	{ .text = "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", .want = "7.2.0.192.in-addr.strong.lp._spf.example.net",
	  .local = "strong-bad" },
	{ .text = "%{d2}.trusted-domains.example.net", .want = "example.net.trusted-domains.example.net" },
};

static void
expand_as_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof expansions / sizeof *expansions; i++) {
		const struct promise *p = &expansions[i];
		struct spf_values v = { .local = p->local ? p->local : "ann", .sender_domain = "example.com",
		    .domain = p->domain ? p->domain : "mail.example.net", .helo = "helo.example",
		    .client_name = "mx.example.net", .receiver = "mx.example.org", .now_s = 1800000000 };
		char buffer[1000];
		struct text out = TEXT(buffer);

		assert_true(address_parse(&v.client, p->client ? p->client : "192.0.2.7"));
		if (!spf_macro_is_string(p->text, strlen(p->text), true))
			fail_msg("'%s' is refused", p->text);
		spf_macro_expand(&out, p->text, strlen(p->text), &v);
		if (strcmp(buffer, p->want) != 0)
			fail_msg("'%s' becomes '%s', not '%s'", p->text, buffer, p->want);
	}
}

static void
know_macro_strings(void **state)
{
	static const struct { const char *text; bool record, explanation; } texts[] = {
		{ "", true, true },
		{ "%{d}", true, true },
		{ "!\"#$&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~", true, true },
		{ "a b", false, true },
		{ "%{c}", false, true },
		{ "%{R}", false, true },
		{ "%{t}", false, true },
		{ "%", false, false },
		{ "a%", false, false },
		{ "%{", false, false },
		{ "%{d", false, false },
		{ "%{}", false, false },
		{ "%{x}", false, false },
		{ "%{d0}", false, false },
		{ "%{d00}", false, false },
		{ "%{d01}", true, true },
		{ "%{dr2}", false, false },
		{ "%{d2rr}", false, false },
		{ "%{d:}", false, false },
		{ "%{d-r}", false, false },
		{ "%{ d}", false, false },
		{ "%d", false, false },
		{ "% ", false, false },
		{ "a\tb", false, false },
		{ "a\r\nb", false, false },
		{ "a\x7f", false, false },
		{ "caf\xc3\xa9", false, false },
	};
	(void)state;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		size_t len = strlen(texts[i].text);

		if (spf_macro_is_string(texts[i].text, len, false) != texts[i].record ||
		    spf_macro_is_string(texts[i].text, len, true) != texts[i].explanation)
			fail_msg("'%s'", texts[i].text);
	}
	assert_false(spf_macro_is_string("a\0b", 3, true));
}

static void
say_what_they_have(void **state)
{
	static const struct { const char *text; bool has; } texts[] = {
		{ "%{p}", true }, { "a.%{P2r}.example", true }, { "%%{p}%{p}", true }, { "%%{p}", false }, { "p", false },
		{ "%{d}", false }, { "%{d}%{ir}.example", true }, { "%", false }, { "%%", false },
	};
	(void)state;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_int_equal(spf_macro_has(texts[i].text, strlen(texts[i].text), "ip"), texts[i].has);
}

/* Hostile: 127 macros of long values, into room for a few; and a value with a thousand parts. */
static void
stay_in_bounds(void **state)
{
	char text[127 * 4 + 1] = "", local[1001], buffer[300];
	struct text out = TEXT(buffer);
	struct spf_values v = { .local = local, .sender_domain = FIFTY ".example", .domain = FIFTY "." FIFTY "." FIFTY ".example",
	    .helo = "", .client_name = "unknown", .receiver = "", .client = { .bits = 32 } };
	(void)state;

	memset(local, '.', sizeof local - 1);
	local[sizeof local - 1] = '\0';
	for (int i = 0; i < 127; i++)
		strcat(text, i % 2 ? "%{d}" : "%{S}");
	spf_macro_expand(&out, text, strlen(text), &v);
	assert_true(out.cut);
	assert_int_equal(strlen(buffer), sizeof buffer - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "values are split, turned, picked and escaped as written (s.7)", expand_as_written, NULL, NULL, NULL },
		{ "macro strings are known, and c, r, t and blanks are for explanations", know_macro_strings, NULL, NULL, NULL },
		{ "which letters stand in a text is known", say_what_they_have, NULL, NULL, NULL },
		{ "long values are cut, not spilled", stay_in_bounds, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("SPF macros promise that", tests, NULL, NULL);
}
