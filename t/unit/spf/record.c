/* record.c - test of src/spf/record.c: the reader of SPF records promises that … */
#include "spf/record.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* As read, in one spelling: "-a:example.net/24//64 redirect=example.net", or "wrong". */
static const char *
read_back(struct arena *a, const char *text, size_t len, const char **why)
{
	static const char *const names[] = { "all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists" };
	char buffer[4000], network[NETWORK_TEXT];
	struct text out = TEXT(buffer);
	struct spf_record r;

	if (!spf_record_read(a, text, len, &r, why))
		return "wrong";
	for (size_t i = 0; i < r.count; i++) {
		const struct spf_term *t = &r.terms[i];

		text_addf(&out, "%s%c%s", i ? " " : "", t->qualifier, names[t->mechanism]);
		if (t->mechanism == SPF_IP4 || t->mechanism == SPF_IP6)
			text_addf(&out, ":%s", network_print(&t->network, network));
		if (t->domain.at != NULL)
			text_addf(&out, ":%.*s", (int)t->domain.len, t->domain.at);
		if (t->mechanism == SPF_A || t->mechanism == SPF_MX)
			text_addf(&out, "/%u//%u", t->prefix4, t->prefix6);
	}
	if (r.redirect.at != NULL)
		text_addf(&out, " redirect=%.*s", (int)r.redirect.len, r.redirect.at);
	if (r.exp.at != NULL)
		text_addf(&out, " exp=%.*s", (int)r.exp.len, r.exp.at);
	return arena_strndup(a, buffer, out.len);
}

static const struct {
	const char *text, *want;	/* behind "v=spf1" */
} records[] = {
	/* s.4.6.1: terms, qualifiers, blanks, case */
	{ "", "" },
	{ " ", "" },
	{ "  -all   ", "-all" },
	{ " all -all ~all ?all +all", "+all -all ~all ?all +all" },
	{ " -ALL MX", "-all +mx/32//128" },
	{ "\tall", "wrong" },
	{ " --all", "wrong" },
	{ " - all", "wrong" },
	{ " !all", "wrong" },
	{ " mechanism", "wrong" },
	{ " all\xc3\xa4", "wrong" },
	{ " all\x7f", "wrong" },
	{ " all\r\n", "wrong" },
	/* s.5.1 */
	{ " all.", "wrong" },
	{ " all:example.net", "wrong" },
	{ " all/8", "wrong" },
	{ " all:", "wrong" },
	/* s.5.2 */
	{ " include:example.net", "+include:example.net" },
	{ " include", "wrong" },
	{ " include:", "wrong" },
	{ " include:example.net/24", "wrong" },
	{ " include=example.net", "" },
	/* s.5.3, s.5.4 */
	{ " a", "+a/32//128" },
	{ " a/0", "+a/0//128" },
	{ " a//0", "+a/32//0" },
	{ " a/24//64", "+a/24//64" },
	{ " -a:example.net/24//64", "-a:example.net/24//64" },
	{ " mx:example.net//128", "+mx:example.net/32//128" },
	{ " mx:%{d}/32", "+mx:%{d}/32//128" },
	{ " a/33", "wrong" },
	{ " a//129", "wrong" },
	{ " a/", "wrong" },
	{ " a//", "wrong" },
	{ " a/24/64", "wrong" },
	{ " a/024", "wrong" },
	{ " a/00", "wrong" },
	{ " a//064", "wrong" },
	{ " a/4294967304", "wrong" },
	{ " a/-1", "wrong" },
	{ " a:", "wrong" },
	{ " a:/24", "wrong" },
	{ " a:example.net/24//", "wrong" },
	{ " a:example.net:25", "wrong" },
	/* s.5.5 */
	{ " ptr", "+ptr" },
	{ " ptr:example.net", "+ptr:example.net" },
	{ " ptr/24", "wrong" },
	{ " ptr:", "wrong" },
	/* s.5.6 */
	{ " ip4:192.0.2.7", "+ip4:192.0.2.7/32" },
	{ " ip4:192.0.2.7/24", "+ip4:192.0.2.0/24" },
	{ " ip4:0.0.0.0/0", "+ip4:0.0.0.0/0" },
	{ " ip4", "wrong" },
	{ " ip4:", "wrong" },
	{ " ip4:192.0.2", "wrong" },
	{ " ip4:192.0.2.256", "wrong" },
	{ " ip4:192.0.2.07", "wrong" },
	{ " ip4:192.0.2.7/33", "wrong" },
	{ " ip4:192.0.2.7/08", "wrong" },
	{ " ip4:192.0.2.7/", "wrong" },
	{ " ip4:192.0.2.7//64", "wrong" },
	{ " ip4:192.0.2.7:25", "wrong" },
	{ " ip4:2001:db8::7", "wrong" },
	{ " ip4:example.net", "wrong" },
	{ " ip6:2001:DB8::7", "+ip6:2001:db8::7/128" },
	{ " ip6:2001:db8::7/32", "+ip6:2001:db8::/32" },
	{ " ip6:::/0", "+ip6:::/0" },
	{ " ip6:::1", "+ip6:::1/128" },
	{ " ip6:2001:db8::192.0.2.7", "+ip6:2001:db8::c000:207/128" },
	{ " ip6:192.0.2.7", "wrong" },
	{ " ip6:2001:db8::7::", "wrong" },
	{ " ip6:2001:db8::7/129", "wrong" },
	{ " ip6:2001:db8::7//64", "wrong" },
	{ " ip6:[2001:db8::7]", "wrong" },
	{ " ip6:2001:db8:0000:0000:0000:0000:0000:0000:0000:0000:0007", "wrong" },
	/* s.5.7 */
	{ " exists:%{ir}.example.net", "+exists:%{ir}.example.net" },
	{ " exists", "wrong" },
	{ " exists:example.net/24", "wrong" },
	/* s.6: redirect and exp may stand anywhere, once */
	{ " redirect=example.net all exp=example.org", "+all redirect=example.net exp=example.org" },
	{ " Redirect=example.net", " redirect=example.net" },
	{ " redirect=a.example redirect=a.example", "wrong" },
	{ " exp=a.example EXP=a.example", "wrong" },
	{ " redirect=", "wrong" },
	{ " exp=", "wrong" },
	{ " redirect:example.net", "wrong" },
	{ " -redirect=example.net", "wrong" },
	{ " redirect=example.net/24", "wrong" },
	{ " exp=example..", "wrong" },
	/* s.6, s.12: modifiers nobody knows are skipped, if they are written right */
	{ " x= y-1_2.3=%{d}:/ default=fail", "" },
	{ " x=1 x=2", "" },
	{ " 1x=a", "wrong" },
	{ " =a", "wrong" },
	{ " x=%", "wrong" },
	{ " x=%{r}", "wrong" },
	{ " x=%%%_%-%{l1r+}", "" },
	/* s.7.1: a domain-spec ends with a top label or a macro */
	{ " a:example", "wrong" },
	{ " a:.example", "+a:.example/32//128" },
	{ " a:example.net.", "+a:example.net./32//128" },
	{ " a:example.net..", "wrong" },
	{ " a:192.0.2.7", "wrong" },
	{ " a:example.7a", "+a:example.7a/32//128" },
	{ " a:example.1-7", "+a:example.1-7/32//128" },
	{ " a:example.-net", "wrong" },
	{ " a:example.net-", "wrong" },
	{ " a:example.n_t", "wrong" },
	{ " a:$!/&.example", "+a:$!/&.example/32//128" },
	{ " a:%{d}", "+a:%{d}/32//128" },
	{ " a:%{d}net", "wrong" },
	{ " a:%{d}.net", "+a:%{d}.net/32//128" },
	{ " a:%%", "+a:%%/32//128" },
	{ " a:net%-", "+a:net%-/32//128" },
	{ " a:%{c}.example", "wrong" },
	{ " a:%{d0}", "wrong" },
	{ " a:%{dx}", "wrong" },
	{ " a:%{d", "wrong" },
	{ " a:%(d)", "wrong" },
	{ " a:%d.example", "wrong" },
	/* s.4.6: an error anywhere spoils it all */
	{ " +all ip4:192.0.2", "wrong" },
};

static void
reads_by_the_grammar(void **state)
{
	struct arena *a = arena_new();
	(void)state;

	for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
		const char *text = arena_printf(a, "v=spf1%s", records[i].text), *why = NULL;
		const char *got = read_back(a, text, strlen(text), &why);

		if (strcmp(got, records[i].want) != 0)
			fail_msg("'%s' is read as '%s', not '%s'", text, got, records[i].want);
		if ((why != NULL) != (strcmp(got, "wrong") == 0))
			fail_msg("'%s': why is %s", text, why ? why : "not said");
	}
	arena_free(a);
}

static void
knows_the_version(void **state)
{
	static const struct { const char *text; bool is; } texts[] = {
		{ "v=spf1", true }, { "v=spf1 ", true }, { "V=SPF1 all", true }, { "v=spf1 \xff", true }, { "", false },
		{ "v=spf", false }, { "v=spf10", false }, { "v=spf1-all", false }, { "v=spf1\tall", false },
		{ " v=spf1 all", false }, { "\"v=spf1 all\"", false }, { "v=spf2.0/pra all", false },
	};
	(void)state;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (spf_record_is(texts[i].text, strlen(texts[i].text)) != texts[i].is)
			fail_msg("'%s' is %s", texts[i].text, texts[i].is ? "refused" : "taken");
	assert_false(spf_record_is("v=spf1\0all", sizeof "v=spf1\0all" - 1));
}

static void
sees_nul(void **state)
{
	static const char text[] = "v=spf1 -all\0";
	struct arena *a = arena_new();
	const char *why;
	(void)state;

	assert_string_equal(read_back(a, text, sizeof text - 2, &why), "-all");
	assert_string_equal(read_back(a, text, sizeof text - 1, &why), "wrong");
	arena_free(a);
}

static void
tells_why(void **state)
{
	static const struct { const char *text, *why; } texts[] = {
		{ "v=spf1 a mxx -all", "mxx: there is no such mechanism" },
		{ "v=spf1 a: -all", "a:: there is nothing to stand behind the colon" },
		{ "v=spf1 include -all", "include: a domain or an address is missing" },
		{ "v=spf1 ip4:192.0.2 -all", "ip4:192.0.2: this is no network" },
		{ "v=spf1 mx/33 -all", "mx/33: this is no prefix length" },
		{ "v=spf1 ptr/33 -all", "ptr/33: this is no domain" },
		{ "v=spf1 x=% -all", "x=%: this is no macro string" },
		{ "v=spf1 exp=a.example exp=b.example", "exp=b.example: this may stand only once" },
		{ "v=spf1 x=\x1b -all", "v=spf1: an octet that no record may hold" },
	};
	struct arena *a = arena_new();
	struct spf_record r;
	(void)state;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const char *why = "nothing";

		assert_false(spf_record_read(a, texts[i].text, strlen(texts[i].text), &r, &why));
		assert_string_equal(why, texts[i].why);
	}
	arena_free(a);
}

static void
bounds_records(void **state)
{
	struct arena *a = arena_new();
	char text[8194];
	const char *why = "nothing";
	struct spf_record r;
	(void)state;

	memcpy(text, "v=spf1", 6);
	for (size_t i = 6; i < sizeof text; i += 2)
		memcpy(text + i, " a", 2);
	assert_true(spf_record_read(a, text, 8192, &r, &why));
	assert_int_equal(r.count, (8192 - 6) / 2);
	assert_false(spf_record_read(a, text, 8193, &r, &why));
	assert_string_equal(why, "v=spf1: longer than 8192 octets");
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "terms are read by the grammar of s.12, and nothing else is", reads_by_the_grammar, NULL, NULL, NULL },
		{ "a record is known by its version, then a blank or the end (s.4.5)", knows_the_version, NULL, NULL, NULL },
		{ "no record has a NUL in it", sees_nul, NULL, NULL, NULL },
		{ "it says which term is wrong, and why", tells_why, NULL, NULL, NULL },
		{ "records are bounded", bounds_records, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("the reader of SPF records promises that", tests, NULL, NULL);
}
