/* address.c - test of src/base/address.c: it promises that … */
#include "base/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct address
address(const char *text)
{
	struct address a;

	assert_true(address_parse(&a, text));
	return a;
}

static struct network
network(const char *text)
{
	struct network n;
	const char *why;

	assert_true(network_parse(&n, text, &why));
	return n;
}

static void
spellings(void **state)
{
	static const char *const cases[][2] = {		/* as written, canonical; NULL: refused */
		{ "192.0.2.7", "192.0.2.7" },
		{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1" },
		{ "2001:0db8::0001", "2001:db8::1" },
		{ "2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1" },
		{ "0.9.10.99", "0.9.10.99" }, { "100.109.200.255", "100.109.200.255" },
		{ "::ffff:192.0.2.7", "192.0.2.7" },
		{ "::FFFF:c000:0207", "192.0.2.7" },
		{ "::", "::" },
		{ "", NULL }, { "192.0.2", NULL }, { "192.0.2.256", NULL }, { "192.0.2.07", NULL },
		{ "192.0.2.7 ", NULL }, { " 192.0.2.7", NULL }, { "192.0.2.7:25", NULL }, { "[2001:db8::1]", NULL },
		{ "fe80::1%eth0", NULL }, { "2001:db8::1::2", NULL }, { "unknown", NULL }, { "0x7f.1", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct address a;
		char out[ADDRESS_TEXT];

		assert_int_equal(address_parse(&a, cases[i][0]), cases[i][1] != NULL);
		if (cases[i][1] != NULL)
			assert_string_equal(address_print(&a, out), cases[i][1]);
	}
}

static void
equal(void **state)
{
	struct address a = address("192.0.2.7"), b = address("::ffff:192.0.2.7"), c = address("2001:db8::1"),
	    none = { 0 };

	(void)state;
	assert_true(address_equal(&a, &b));
	assert_false(address_equal(&a, &c));
	assert_false(address_equal(&a, &none));
}

static void
from_bytes(void **state)
{
	const uint8_t v4[] = { 192, 0, 2, 7 }, v6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	struct address a = address_from_bytes(v4, 4), b = address_from_bytes(v6, 16);
	struct address c = address("192.0.2.7"), d = address("2001:db8::1");
	char out[ADDRESS_TEXT];

	(void)state;
	assert_true(address_equal(&a, &c));
	assert_true(address_equal(&b, &d));
	a = address_from_bytes(v4, 3);
	assert_int_equal(a.bits, 0);
	assert_string_equal(address_print(&a, out), "unknown");
}

static void
reverse(void **state)
{
	struct address a = address("192.0.2.7"), b = address("2001:db8::1"), none = { 0 };
	char out[REVERSE_TEXT];

	(void)state;
	assert_string_equal(address_reverse(&a, out), "7.2.0.192");
	assert_string_equal(address_reverse(&b, out),
	    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2");
	assert_string_equal(address_reverse(&none, out), "");
}

static void
private(void **state)
{
	static const char *const yes[] = { "127.0.0.1", "10.1.2.3", "172.31.255.255", "192.168.0.1", "169.254.1.1",
	    "100.64.0.1", "0.0.0.0", "::", "::1", "fe80::1", "fd00::1", "::ffff:10.0.0.1" };
	static const char *const no[] = { "192.0.2.7", "172.32.0.0", "100.128.0.0", "2001:db8::1", "::2", "fec0::1" };

	(void)state;
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
		struct address a = address(yes[i]);
		assert_true(address_is_private(&a));
	}
	for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
		struct address a = address(no[i]);
		assert_false(address_is_private(&a));
	}
}

static void
classes(void **state)
{
	static const struct {
		enum address_class class;
		const char *first, *last;
	} cases[] = {
		{ ADDRESS_UNSPECIFIED, "0.0.0.0", "0.255.255.255" }, { ADDRESS_UNSPECIFIED, "::", "::" },
		{ ADDRESS_LOOPBACK, "127.0.0.0", "127.255.255.255" }, { ADDRESS_LOOPBACK, "::1", "::ffff:127.0.0.1" },
		{ ADDRESS_PRIVATE, "10.0.0.0", "10.255.255.255" }, { ADDRESS_PRIVATE, "100.64.0.0", "100.127.255.255" },
		{ ADDRESS_PRIVATE, "169.254.0.0", "169.254.255.255" }, { ADDRESS_PRIVATE, "172.16.0.0", "172.31.255.255" },
		{ ADDRESS_PRIVATE, "192.168.0.0", "192.168.255.255" }, { ADDRESS_PRIVATE, "fc00::", "fdff:ffff::" },
		{ ADDRESS_PRIVATE, "fe80::", "febf:ffff::" }, { ADDRESS_MULTICAST, "224.0.0.0", "239.255.255.255" },
		{ ADDRESS_MULTICAST, "ff00::", "ffff:ffff::" }, { ADDRESS_DOCUMENTATION, "192.0.2.0", "192.0.2.255" },
		{ ADDRESS_DOCUMENTATION, "198.51.100.0", "198.51.100.255" },
		{ ADDRESS_DOCUMENTATION, "203.0.113.0", "203.0.113.255" },
		{ ADDRESS_DOCUMENTATION, "2001:db8::", "2001:db8:ffff::" }, { ADDRESS_DOCUMENTATION, "3fff::", "3fff:fff::" },
		{ ADDRESS_RESERVED, "192.0.0.0", "192.0.0.255" }, { ADDRESS_RESERVED, "198.18.0.0", "198.19.255.255" },
		{ ADDRESS_RESERVED, "240.0.0.0", "255.255.255.255" }, { ADDRESS_RESERVED, "100::", "100::ffff" },
		{ ADDRESS_PUBLIC, "1.0.0.0", "9.255.255.255" }, { ADDRESS_PUBLIC, "11.0.0.0", "100.63.255.255" },
		{ ADDRESS_PUBLIC, "192.0.1.0", "192.0.1.255" }, { ADDRESS_PUBLIC, "192.0.3.0", "192.167.255.255" },
		{ ADDRESS_PUBLIC, "203.0.114.0", "223.255.255.255" }, { ADDRESS_PUBLIC, "::2", "64:ff9b::1" },
		{ ADDRESS_PUBLIC, "2001:db7::", "2001:db9::" }, { ADDRESS_PUBLIC, "3fff:1000::", "fbff::" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct address first = address(cases[i].first), last = address(cases[i].last);

		assert_int_equal(address_classify(&first), cases[i].class);
		assert_int_equal(address_classify(&last), cases[i].class);
	}
	assert_int_equal(address_classify(&(struct address){ 0 }), ADDRESS_PUBLIC);
}

static void
literals(void **state)
{
	static const char *const cases[][2] = {		/* as written, the address; NULL: refused */
		{ "[192.0.2.7]", "192.0.2.7" }, { "[IPv6:2001:db8::1]", "2001:db8::1" },
		{ "[ipv6:2001:DB8::1]", "2001:db8::1" }, { "[2001:db8::1]", "2001:db8::1" },
		{ "[IPv6:::ffff:192.0.2.7]", "192.0.2.7" },
		{ "192.0.2.7", NULL }, { "", NULL }, { "[", NULL }, { "]", NULL }, { "[]", NULL }, { "[[192.0.2.7]]", NULL },
		{ "[192.0.2.7", NULL }, { "[192.0.2.7] ", NULL }, { "[192.0.2.300]", NULL }, { "[IPv6:192.0.2.7]", NULL },
		{ "[IPv6:]", NULL }, { "[IPv4:192.0.2.7]", NULL }, { "[mx.example.net]", NULL },
		{ "[IPv6:2001:db8:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001]", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct address a;
		char out[ADDRESS_TEXT];

		assert_int_equal(address_parse_literal(&a, cases[i][0]), cases[i][1] != NULL);
		if (cases[i][1] != NULL)
			assert_string_equal(address_print(&a, out), cases[i][1]);
	}
}

static void
networks(void **state)
{
	static const char *const cases[][4] = {		/* as written, canonical, inside, outside */
		{ "192.0.2.0/24", "192.0.2.0/24", "192.0.2.255", "192.0.3.0" },
		{ "192.0.2.128/25", "192.0.2.128/25", "192.0.2.200", "192.0.2.127" },
		{ "192.0.2.7", "192.0.2.7/32", "192.0.2.7", "192.0.2.6" },
		{ "0.0.0.0/0", "0.0.0.0/0", "203.0.113.1", "2001:db8::1" },
		{ "2001:DB8::/33", "2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::" },
		{ "2001:db8::1", "2001:db8::1/128", "2001:db8::1", "2001:db8::2" },
		{ "::/0", "::/0", "2001:db8::1", "192.0.2.7" },
		{ "::ffff:192.0.2.0/120", "192.0.2.0/24", "192.0.2.9", "192.0.3.0" },
	};
	static const char *const bad[] = { "", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.1/24", "2001:db8::1/64",
	    "192.0.2.0/24x", "192.0.2.0/-1", "192.0.2.0/ 24", "2001:db8::/129", "example.net", "::ffff:192.0.2.0/95",
	    "192.0.2.0/99999999999999999999", "00000000000000000000000000000000000000000000000000000000192.0.2.0/24" };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct network n = network(cases[i][0]);
		struct address in = address(cases[i][2]), out = address(cases[i][3]);
		char text[NETWORK_TEXT];

		assert_string_equal(network_print(&n, text), cases[i][1]);
		assert_true(network_contains(&n, &in));
		assert_false(network_contains(&n, &out));
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct network n;
		const char *why = NULL;

		assert_false(network_parse(&n, bad[i], &why));
		assert_non_null(why);
	}
}

static void
mistakes(void **state)
{
	static const char *const cases[][2] = {
		{ "mx.example.net", "not an IP address or network; write " },
		{ "192.0.2.0/33", "a prefix longer than the address; " },
		{ "::ffff:192.0.2.0/130", "a prefix longer than the address; " },
		{ "192.0.2.7/24", "bits are set behind the prefix; " },
		{ "::ffff:192.0.2.0/64", "a prefix shorter than ::ffff:, which is IPv4; write it as IPv4, " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct network n;
		const char *why = "";

		assert_false(network_parse(&n, cases[i][0], &why));
		assert_ptr_equal(strstr(why, cases[i][1]), why);
	}
}

static void
of(void **state)
{
	struct address a = address("192.0.2.77"), b = address("2001:db8:1:2:3::4");
	struct network n = network_of(&a, 24), m = network_of(&b, 64), whole = network_of(&a, 64);
	char text[NETWORK_TEXT];

	(void)state;
	assert_string_equal(network_print(&n, text), "192.0.2.0/24");
	assert_string_equal(network_print(&m, text), "2001:db8:1:2::/64");
	assert_string_equal(network_print(&whole, text), "192.0.2.77/32");
	assert_string_equal(network_name(&whole, text), "192.0.2.77");
	assert_string_equal(network_name(&m, text), "2001:db8:1:2::/64");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ .name = "every spelling of an address is understood, and nothing else", .test_func = spellings },
		{ .name = "IPv4 in IPv6 clothes is the IPv4 address", .test_func = equal },
		{ .name = "record bytes of a right length are an address", .test_func = from_bytes },
		{ .name = "a reverse name has octets or nibbles", .test_func = reverse },
		{ .name = "private addresses are known", .test_func = private },
		{ .name = "each range of special addresses is known from its first to its last", .test_func = classes },
		{ .name = "an address literal is an address in brackets", .test_func = literals },
		{ .name = "a network holds what is inside, and bad ones are refused", .test_func = networks },
		{ .name = "what is wrong with them is said", .test_func = mistakes },
		{ .name = "the network of an address has no host bits", .test_func = of },
	};
	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
