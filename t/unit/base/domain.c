/* domain.c - test of src/base/domain.c: it promises that … */
#include "base/domain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define TEN "abcdefghi."
#define FIFTY TEN TEN TEN TEN TEN
#define LABEL_63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"
#define BYTES_253 FIFTY FIFTY FIFTY FIFTY FIFTY "abc"

static const struct {
	const char *says, *text, *normal;	/* normal NULL: refused */
} names[] = {
	{ "a normal name stays", "mx1.example.net", "mx1.example.net" },
	{ "upper case becomes lower case", "MX1.Example.NET", "mx1.example.net" },
	{ "a single trailing dot goes", "example.net.", "example.net" },
	{ "a single label is a name", "localhost", "localhost" },
	{ "an underscore is let through", "under_score.example.net", "under_score.example.net" },
	{ "a hyphen at the edge of a label is let through", "-a-.example.net", "-a-.example.net" },
	{ "an A-label stays", "XN--MLLER-KVA.example", "xn--mller-kva.example" },
	{ "a U-label becomes an A-label", "m\xc3\xbcller.example", "xn--mller-kva.example" },
	{ "capital U-labels are folded", "M\xc3\x9cLLER.Example.", "xn--mller-kva.example" },
	{ "decomposed letters are composed", "mu\xcc\x88ller.example", "xn--mller-kva.example" },
	{ "sharp s stays itself (non-transitional)", "fa\xc3\x9f.example", "xn--fa-hia.example" },
	{ "a whole name may be Cyrillic", "\xd0\xbf\xd0\xbe\xd1\x87\xd1\x82\xd0\xb0.\xd1\x80\xd1\x84", "xn--80a1acny.xn--p1ai" },
	{ "an ideographic full stop parts labels", "m\xc3\xbcller\xe3\x80\x82" "example", "xn--mller-kva.example" },
	{ "an underscore may stand beside U-labels", "a_b.m\xc3\xbcller.example", "a_b.xn--mller-kva.example" },
	{ "63 bytes are a label", LABEL_63 ".example", LABEL_63 ".example" },
	{ "64 bytes are none", LABEL_63 "a.example", NULL },
	{ "253 bytes are a name", BYTES_253, BYTES_253 },
	{ "253 bytes may have a trailing dot", BYTES_253 ".", BYTES_253 },
	{ "254 bytes are none", BYTES_253 "d", NULL },
	{ "a U-label that grows too long is refused", LABEL_63 "\xc3\xbc.example", NULL },
	{ "nothing is no name", "", NULL },
	{ "the root is no name", ".", NULL },
	{ "an empty first label is refused", ".example.net", NULL },
	{ "an empty label in the middle is refused", "example..net", NULL },
	{ "two trailing dots are refused", "example.net..", NULL },
	{ "an empty label among U-labels is refused", "m\xc3\xbcller..example", NULL },
	{ "a blank is refused", "exam ple.net", NULL },
	{ "a question mark is refused", "ex?mple.net", NULL },
	{ "a literal is refused", "[192.0.2.7]", NULL },
	{ "an IPv6 address is refused", "2001:db8::1", NULL },
	{ "a control byte is refused", "example\x01.net", NULL },
	{ "invalid UTF-8 is refused", "m\xfcller.example", NULL },
	{ "UTF-8 cut short is refused", "example.m\xc3", NULL },
	{ "an overlong slash is refused", "example\xc0\xaf.net", NULL },
	{ "a surrogate is refused", "a\xed\xa0\x80.example", NULL },
	{ "a symbol IDNA2008 forbids is refused", "\xe2\x98\x83.example", NULL },
};

static void
normal(void **state)
{
	size_t i = (size_t)*state;
	char out[DOMAIN_TEXT] = "before", again[DOMAIN_TEXT];

	assert_int_equal(domain_normal(names[i].text, out), names[i].normal != NULL);
	assert_string_equal(out, names[i].normal ? names[i].normal : "");
	if (names[i].normal != NULL) {
		assert_true(domain_normal(out, again));
		assert_string_equal(again, out);
	}
}

static void
endless_is_refused(void **state)
{
	static char endless[16384];
	char out[DOMAIN_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof endless - 2; i += 2)
		memcpy(endless + i, i % 8 ? "\xc3\xbc" : "a.", 2);
	assert_false(domain_normal(endless, out));
}

static void
hostname(void **state)
{
	(void)state;
	assert_true(domain_is_hostname("mx1.example.net"));
	assert_true(domain_is_hostname("3com.example"));
	assert_true(domain_is_hostname("localhost"));
	assert_true(domain_is_hostname("xn--mller-kva.example"));
	assert_true(domain_is_hostname("a-b.example"));
	assert_false(domain_is_hostname(""));
	assert_false(domain_is_hostname("under_score.example"));
	assert_false(domain_is_hostname("-a.example"));
	assert_false(domain_is_hostname("a-.example"));
	assert_false(domain_is_hostname("a.-example"));
	assert_false(domain_is_hostname("a.example-"));
}

static void
fqdn(void **state)
{
	(void)state;
	assert_true(domain_is_fqdn("example.net"));
	assert_true(domain_is_fqdn("192.0.2.example"));
	assert_true(domain_is_fqdn("mx.4a"));
	assert_false(domain_is_fqdn("localhost"));
	assert_false(domain_is_fqdn("192.0.2.7"));
	assert_false(domain_is_fqdn("mx.4"));
	assert_false(domain_is_fqdn(""));
}

static void
within(void **state)
{
	(void)state;
	assert_true(domain_within("example.net", "example.net"));
	assert_true(domain_within("a.b.example.net", "example.net"));
	assert_false(domain_within("badexample.net", "example.net"));
	assert_false(domain_within("net", "example.net"));
	assert_false(domain_within("example.net.example.org", "example.net"));
}

static void
organisation(void **state)
{
	static const char *const cases[][2] = {
		{ "example.com", "example.com" },
		{ "mail.a.example.com", "example.com" },
		{ "mail.example.co.uk", "example.co.uk" },
		{ "co.uk", NULL },
		{ "com", NULL },
		{ "", NULL },
		{ "192.0.2.7", NULL },
		{ "mail.host.example", "host.example" },	/* a TLD the list does not know */
		{ "mail.xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *name = domain_organisation(cases[i][0]);

		if (cases[i][1] == NULL) {
			assert_null(name);
			continue;
		}
		assert_string_equal(name, cases[i][1]);
		assert_ptr_equal(name, cases[i][0] + strlen(cases[i][0]) - strlen(name));
	}
}

static void
mail_address(void **state)
{
	static const struct {
		const char *address, *normal, *domain;	/* domain NULL: none that is a name */
	} cases[] = {
		{ "Ann@Example.ORG.", "ann@example.org", "example.org" },
		{ "\"A B\"@M\xc3\xbcller.example", "\"a b\"@xn--mller-kva.example", "xn--mller-kva.example" },
		{ "a@b@example.org", "a@b@example.org", "example.org" },
		{ "Root", "root", NULL },
		{ "ann@[IPv6:2001:db8::1]", "ann@[IPv6:2001:db8::1]", NULL },
		{ "ann@", "ann@", NULL },
		{ "", "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char room[300];
		struct text t = TEXT(room);
		const char *domain = mail_address_normal(cases[i].address, &t);

		assert_string_equal(room, cases[i].normal);
		assert_false(t.cut);
		assert_int_equal(domain != NULL, cases[i].domain != NULL);
		if (domain != NULL)
			assert_string_equal(domain, cases[i].domain);
	}
}

static void
login(void **state)
{
	static const char *const cases[][3] = {		/* login, realm, normal */
		{ "Ann", "example.org", "ann@example.org" },
		{ "ann", "M\xc3\xbcller.Example.", "ann@xn--mller-kva.example" },
		{ "Ann", "", "ann" },
		{ "ann", "no domain", "ann@no domain" },
		{ "U@M\xc3\xbcller.example", "example.org", "u@xn--mller-kva.example" },
		{ "u@dot.example.", "example.org", "u@dot.example" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char room[300];
		struct text t = TEXT(room);

		login_normal(cases[i][0], cases[i][1], &t);
		assert_string_equal(room, cases[i][2]);
	}
}

int
main(void)
{
	enum { NAMES = sizeof names / sizeof *names };
	struct CMUnitTest tests[NAMES + 7] = {
		[NAMES] = { .name = "16 KiB of U-labels are refused", .test_func = endless_is_refused },
		{ .name = "a host name is letters, digits and inner hyphens", .test_func = hostname },
		{ .name = "fully qualified is two labels, the last not all digits", .test_func = fqdn },
		{ .name = "within is the parent or below, by whole labels", .test_func = within },
		{ .name = "a mail address is lower case, its domain normal", .test_func = mail_address },
		{ .name = "so is a login, with its realm if it has none", .test_func = login },
		{ .name = "the organisation is one label below the public suffix", .test_func = organisation },
	};

	for (size_t i = 0; i < NAMES; i++)
		tests[i] = (struct CMUnitTest){ .name = names[i].says, .test_func = normal,
		    .initial_state = (void *)i };
	return cmocka_run_group_tests_name("domain", tests, NULL, NULL);
}
