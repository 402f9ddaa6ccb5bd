/* answer.c - reading a DNS message promises that … */
#include "base/arena.h"
#include "dns/dns.h"
#include "dns/keep.h"
#include "dns/name.h"
#include "dns_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct dns_options options = { .dns_ttl_min_s = 10, .dns_ttl_max_s = 86400, .dns_negative_max_s = 3600,
    .dns_failure_ttl_s = 5 };

static const struct message {
	const char *says, *name;
	enum dns_type type;
	const char *lines, *want;
} messages[] = {
	{ "addresses are read, the shortest TTL counts", "www.example.com", DNS_A,
	  "an www.example.com 300 A 192.0.2.7\nan www.example.com 200 A 192.0.2.8", "FOUND 200 192.0.2.7 192.0.2.8" },
	{ "IPv6 addresses are read", "www.example.com", DNS_AAAA,
	  "an www.example.com 300 AAAA 2001:db8::7", "FOUND 300 2001:db8::7" },
	{ "mail exchangers are read, in lower case", "example.com", DNS_MX,
	  "an example.com 300 MX 10 MX.Example.NET\nan example.com 300 MX 20 mx2.example.net",
	  "FOUND 300 10 mx.example.net 20 mx2.example.net" },
	{ "a null MX is the root", "example.com", DNS_MX, "an example.com 300 MX 0 .", "FOUND 300 0 ." },
	{ "names of an address are read", "7.2.0.192.in-addr.arpa", DNS_PTR,
	  "an 7.2.0.192.in-addr.arpa 300 PTR mx.example.com", "FOUND 300 mx.example.com" },
	{ "name servers are read", "example.com", DNS_NS,
	  "an example.com 300 NS ns.example.net", "FOUND 300 ns.example.net" },
	{ "an SOA is found", "example.com", DNS_SOA, "an example.com 300 SOA 60", "FOUND 300" },
	{ "strings of a TXT record are joined", "example.com", DNS_TXT,
	  "an example.com 300 TXT v=spf1 ip4:192.0.2.0/24 -all", "FOUND 300 'v=spf1ip4:192.0.2.0/24-all'" },
	{ "an empty string is an empty text", "example.com", DNS_TXT, "an example.com 300 TXT \"\"", "FOUND 300 ''" },
	{ "a NUL within a text is kept", "example.com", DNS_TXT,
	  "an example.com 300 RAW TXT 03610062", "FOUND 300 'a\\x00b'" },
	{ "case of the question does not matter", "WWW.example.COM.", DNS_A,
	  "an wWw.Example.com 300 A 192.0.2.7", "FOUND 300 192.0.2.7" },
	{ "odd bytes in a name are escaped", "7.2.0.192.in-addr.arpa", DNS_PTR,
	  "an 7.2.0.192.in-addr.arpa 300 PTR a\\010b\\.c\\255.example", "FOUND 300 a\\010b\\.c\\255.example" },
	{ "records of other names and types are passed over", "www.example.com", DNS_A,
	  "an www.example.com 300 AAAA 2001:db8::7\nan example.com 300 A 192.0.2.1\nan www.example.com 300 A 192.0.2.7",
	  "FOUND 300 192.0.2.7" },

	{ "a TTL below the floor is lifted", "example.com", DNS_A,
	  "an example.com 0 A 192.0.2.7", "FOUND 10 192.0.2.7" },
	{ "a TTL above the ceiling is lowered", "example.com", DNS_A,
	  "an example.com 604800 A 192.0.2.7", "FOUND 86400 192.0.2.7" },
	{ "a TTL with its highest bit set is none", "example.com", DNS_A,
	  "an example.com 2147483648 A 192.0.2.7", "FOUND 10 192.0.2.7" },

	{ "aliases are followed, their TTL counts", "www.example.com", DNS_A,
	  "an www.example.com 30 CNAME a.example.net\nan a.example.net 300 CNAME b.example.net\nan b.example.net 60 A 192.0.2.7",
	  "FOUND 30 192.0.2.7" },
	{ "aliases may stand in any order", "www.example.com", DNS_A,
	  "an b.example.net 60 A 192.0.2.7\nan a.example.net 300 CNAME b.example.net\nan www.example.com 90 CNAME a.example.net",
	  "FOUND 60 192.0.2.7" },
	{ "only records where the aliases end count", "www.example.com", DNS_A,
	  "an www.example.com 30 CNAME a.example.net\nan www.example.com 30 A 192.0.2.66\nan a.example.net 60 A 192.0.2.7",
	  "FOUND 30 192.0.2.7" },
	{ "aliases of others are not followed", "www.example.com", DNS_A,
	  "an other.example.com 30 CNAME a.example.net\nan a.example.net 60 A 192.0.2.7", "NO_DATA 10" },
	{ "an alias of itself is a failure", "www.example.com", DNS_A,
	  "an www.example.com 30 CNAME www.example.com", "FAILED 5 aliases in a circle" },
	{ "aliases in a circle are a failure", "a.example.com", DNS_A,
	  "an a.example.com 30 CNAME b.example.com\nan b.example.com 30 CNAME c.example.com\nan c.example.com 30 CNAME b.example.com",
	  "FAILED 5 aliases in a circle" },
	{ "an alias to nowhere is NXDOMAIN", "www.example.com", DNS_A,
	  "rcode 3\nan www.example.com 300 CNAME a.example.net\nns example.net 600 SOA 60", "NXDOMAIN 60" },
	{ "an alias without such records is no data", "www.example.com", DNS_AAAA,
	  "an www.example.com 300 CNAME a.example.net\nns example.net 600 SOA 400", "NO_DATA 300" },

	{ "NXDOMAIN lasts as the SOA's minimum says", "example.com", DNS_A,
	  "rcode 3\nns com 900 SOA 60", "NXDOMAIN 60" },
	{ "no data lasts no longer than the SOA itself", "example.com", DNS_A, "ns com 90 SOA 600", "NO_DATA 90" },
	{ "a negative answer is lowered to its ceiling", "example.com", DNS_A,
	  "rcode 3\nns com 90000 SOA 90000", "NXDOMAIN 3600" },
	{ "a negative answer without SOA lasts as short as may be", "example.com", DNS_A, "rcode 3", "NXDOMAIN 10" },
	{ "a nothing at all is no data", "example.com", DNS_A, "ar x.example 300 A 192.0.2.1", "NO_DATA 10" },
	{ "an NXDOMAIN with addresses is NXDOMAIN", "example.com", DNS_A,
	  "rcode 3\nan example.com 300 A 192.0.2.7", "NXDOMAIN 10" },
	{ "a referral is no answer", "example.com", DNS_A,
	  "ns com 900 NS ns.example.net", "FAILED 5 referral, not an answer" },
	{ "name servers beside an SOA are no referral", "example.com", DNS_A,
	  "ns com 900 NS ns.example.net\nns com 900 SOA 60", "NO_DATA 60" },

	{ "SERVFAIL is a failure", "example.com", DNS_A, "rcode 2", "FAILED 5 SERVFAIL" },
	{ "REFUSED is a failure", "example.com", DNS_A, "rcode 5", "FAILED 5 REFUSED" },
	{ "an error unheard of is a failure", "example.com", DNS_A, "rcode 14", "FAILED 5 error 14" },
	{ "a truncated answer is a failure", "example.com", DNS_A,
	  "tc\nan example.com 300 A 192.0.2.7", "FAILED 5 truncated answer" },
	{ "a query is no answer", "example.com", DNS_A, "query", "FAILED 5 malformed answer" },
	{ "an answer without question is malformed", "example.com", DNS_A,
	  "no question", "FAILED 5 malformed answer" },
	{ "another name's answer is a failure", "example.com", DNS_A,
	  "question example.net A\nan example.com 300 A 192.0.2.7", "FAILED 5 answer to another question" },
	{ "another type's answer is a failure", "example.com", DNS_A,
	  "question example.com MX\nan example.com 300 A 192.0.2.7", "FAILED 5 answer to another question" },
	{ "an address of three bytes is malformed", "example.com", DNS_A,
	  "an example.com 300 RAW A c00002", "FAILED 5 malformed answer" },
	{ "an MX of a lone preference is malformed", "example.com", DNS_MX,
	  "an example.com 300 RAW MX 000a", "FAILED 5 malformed answer" },
	{ "an MX of one byte is malformed", "example.com", DNS_MX,
	  "an example.com 300 RAW MX 00", "FAILED 5 malformed answer" },
	{ "an empty TXT record is malformed", "example.com", DNS_TXT,
	  "an example.com 300 RAW TXT #", "FAILED 5 malformed answer" },
	{ "a string longer than its record is malformed", "example.com", DNS_TXT,
	  "an example.com 300 RAW TXT 0461", "FAILED 5 malformed answer" },
	{ "bytes behind a record's name are malformed", "example.com", DNS_PTR,
	  "an example.com 300 RAW PTR 01610000", "FAILED 5 malformed answer" },
	{ "an alias to no name is malformed", "example.com", DNS_A,
	  "an example.com 300 RAW CNAME 0461", "FAILED 5 malformed answer" },
	{ "an SOA too short is malformed", "example.com", DNS_A,
	  "ns com 300 RAW SOA 0000", "FAILED 5 malformed answer" },
	{ "a name the DNS cannot hold has failed", "a..example.com", DNS_A, "rcode 3", "FAILED 0 not a domain name" },
};

static void
reads_message(void **state)
{
	const struct message *m = *state;
	unsigned char bytes[DNS_MESSAGE_BYTES];
	char line[ANSWER_LINE];
	bool good = strstr(m->name, "..") == NULL;
	size_t len = dns_message(bytes, 7, good ? m->name : "example.com", m->type, m->lines);
	const struct answer *a = answer_read(&options, m->name, m->type, bytes, len);

	assert_string_equal(answer_line(a, line), m->want);
	assert_int_equal(a->type, m->type);
	answer_release(a);
	for (size_t cut = 0; cut < len; cut++) {	/* in memory of just that size, for the sanitizers */
		unsigned char *part = xmalloc(cut);

		memcpy(part, bytes, cut);
		a = answer_read(&options, m->name, m->type, part, cut);
		assert_true(failed(a));
		answer_release(a);
		free(part);
	}
}

static const struct answer *
read_lines(const char *name, enum dns_type type, const char *line, size_t times)
{
	unsigned char bytes[DNS_MESSAGE_BYTES];
	size_t size = times * (strlen(line) + 12) + 1, used = 0;
	char *lines = xcalloc(1, size);

	for (size_t i = 0; i < times; i++)
		used += (size_t)snprintf(lines + used, size - used, line, i, i + 1);
	const struct answer *a = answer_read(&options, name, type, bytes, dns_message(bytes, 7, name, type, lines));
	free(lines);
	return a;
}

static void
takes_300_records(void **state)
{
	static const struct { enum dns_type type; const char *line; } sets[] = {
		{ DNS_A, "an example.com 300 A 192.0.2.7\n" },
		{ DNS_TXT, "an example.com 300 TXT %zu\n" },
		{ DNS_MX, "an example.com 300 MX %zu mx.example.com\n" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
		for (size_t count = 299; count <= 301; count++) {
			const struct answer *a = read_lines("example.com", sets[i].type, sets[i].line, count);

			assert_int_equal(failed(a), count > 300);
			assert_string_equal(a->why, count > 300 ? "too many records" : "");
			assert_int_equal(a->count, count > 300 ? 0 : count);
			answer_release(a);
		}
}

static void
looks_at_300_records(void **state)
{
	(void)state;
	const struct answer *a = read_lines("example.com", DNS_A, "an other.example.com 300 A 192.0.2.7\n", 301);

	assert_string_equal(a->why, "too many records");
	answer_release(a);
}

static void
follows_16_aliases(void **state)
{
	(void)state;
	const struct answer *a = read_lines("n0.example", DNS_A, "an n%zu.example 300 CNAME n%zu.example\n", 16);

	assert_int_equal(a->status, DNS_NO_DATA);
	answer_release(a);
	a = read_lines("n0.example", DNS_A, "an n%zu.example 300 CNAME n%zu.example\n", 17);
	assert_string_equal(a->why, "too many aliases");
	answer_release(a);
}

/* Header and question of an answer to example.com A with one record in the answer section, whose owner comes next. */
static size_t
begin(unsigned char bytes[DNS_MESSAGE_BYTES])
{
	size_t len = dns_message(bytes, 7, "example.com", DNS_A, "");

	bytes[7] = 1;
	return len;
}

static void
expect_malformed(const unsigned char *bytes, size_t len)
{
	const struct answer *a = answer_read(&options, "example.com", DNS_A, bytes, len);

	assert_string_equal(a->why, "malformed answer");
	answer_release(a);
}

static void
survives_pointers(void **state)
{
	static unsigned char bytes[DNS_MESSAGE_BYTES];
	static const unsigned char rest[] = { 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 7 };
	(void)state;
	size_t len = begin(bytes);

	bytes[len] = 0xc0;			/* to itself */
	bytes[len + 1] = (unsigned char)len;
	memcpy(bytes + len + 2, rest, sizeof rest);
	expect_malformed(bytes, len + 2 + sizeof rest);

	bytes[len + 1] = 0xff;			/* ahead, out of the message */
	expect_malformed(bytes, len + 2 + sizeof rest);

	bytes[len] = 0x80;			/* a kind of label there is not */
	expect_malformed(bytes, len + 2 + sizeof rest);
}

/* 299 records whose owners are a pointer to a pointer to … 8000 times, at last to the name asked for. */
static void
bears_long_ways(void **state)
{
	static unsigned char bytes[DNS_MESSAGE_BYTES];
	static const unsigned char rest[] = { 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 7 };
	enum { HOPS = 8000, RECORDS = 299 };
	(void)state;
	size_t at = begin(bytes);

	bytes[6] = (RECORDS + 1) >> 8;
	bytes[7] = (RECORDS + 1) & 0xff;
	static const unsigned char text[] = { 0xc0, 12, 0, 16, 0, 1, 0, 0, 1, 44, 2 * HOPS >> 8, 2 * HOPS & 0xff };
	memcpy(bytes + at, text, sizeof text);
	at += sizeof text;
	size_t chain = at;
	for (size_t i = 0; i < HOPS; i++, at += 2) {
		size_t to = i + 1 < HOPS ? at + 2 : 12;

		bytes[at] = (unsigned char)(0xc0 | to >> 8);
		bytes[at + 1] = (unsigned char)to;
	}
	for (size_t i = 0; i < RECORDS; i++) {
		bytes[at++] = (unsigned char)(0xc0 | chain >> 8);
		bytes[at++] = (unsigned char)chain;
		memcpy(bytes + at, rest, sizeof rest);
		at += sizeof rest;
	}
	const struct answer *a = answer_read(&options, "example.com", DNS_A, bytes, at);
	assert_true(found(a));
	assert_int_equal(a->count, 299);
	answer_release(a);
}

static void
refuses_tails(void **state)
{
	unsigned char bytes[DNS_MESSAGE_BYTES];
	(void)state;
	size_t len = dns_message(bytes, 7, "example.com", DNS_A, "an example.com 300 A 192.0.2.7");

	bytes[len] = 0;
	expect_malformed(bytes, len + 1);
	expect_malformed(bytes, (size_t)UINT16_MAX + 1);
}

static const struct {
	const char *text, *normal;		/* NULL: none */
} names[] = {
	{ "example.com", "example.com" },
	{ "Example.COM.", "example.com" },
	{ "_spf.Example.com", "_spf.example.com" },
	{ "2.0.192.bl.example", "2.0.192.bl.example" },
	{ ".", "" },
	{ "", "" },
	{ "a\\098C.example", "abc.example" },
	{ "a\\.b.example", "a\\.b.example" },
	{ "a b\n.example", "a\\032b\\010.example" },
	{ "b\xc3\xbc" "cher.example", "b\\195\\188cher.example" },
	{ "..", NULL },
	{ ".example.com", NULL },
	{ "a..example.com", NULL },
	{ "example.com..", NULL },
	{ "a\\", NULL },
	{ "a\\256.example", NULL },
	{ "a23456789012345678901234567890123456789012345678901234567890123.example",
	  "a23456789012345678901234567890123456789012345678901234567890123.example" },
	{ "a234567890123456789012345678901234567890123456789012345678901234.example", NULL },
};

static void
knows_names(void **state)
{
	char normal[DNS_NAME_TEXT], again[DNS_NAME_TEXT], name[300];
	(void)state;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		bool good = dns_name_normal(names[i].text, normal);

		if (good != (names[i].normal != NULL) || (good && strcmp(normal, names[i].normal) != 0))
			fail_msg("'%s' is %s", names[i].text, good ? normal : "no name");
		if (good) {
			assert_true(dns_name_normal(normal, again));
			assert_string_equal(again, normal);
		}
	}
	for (size_t len = 251; len <= 256; len++) {
		for (size_t i = 0; i < len; i++)
			name[i] = i % 50 == 49 ? '.' : 'a';
		name[len] = '\0';
		assert_int_equal(dns_name_normal(name, normal), len <= 253);
		strcpy(name + len, ".");
		assert_int_equal(dns_name_normal(name, normal), len <= 253);
		name[len] = '\0';
		name[0] = '+';			/* the longer way */
		assert_int_equal(dns_name_normal(name, normal), len <= 253);
	}
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_false(dns_name_normal(name, normal));
}

static void
counts_references(void **state)
{
	(void)state;
	const struct answer *a = answer_failed("Example.com.", DNS_MX, "no answer in 2000 ms");
	const struct answer *timed = answer_timed(a, 41);

	assert_string_equal(a->name, "example.com");
	assert_string_equal(dns_type_name(a->type), "MX");
	answer_ref(timed);
	answer_release(a);
	answer_release(timed);
	assert_string_equal(timed->why, "no answer in 2000 ms");
	assert_int_equal(timed->took_us, 41);
	answer_release(timed);
	answer_release(NULL);
}

int
main(void)
{
	enum { MESSAGES = sizeof messages / sizeof *messages };
	static const struct CMUnitTest others[] = {
		{ "up to 300 records are read, and more are a failure, not a part of them", takes_300_records, NULL, NULL, NULL },
		{ "other records count, too", looks_at_300_records, NULL, NULL, NULL },
		{ "no more than 16 aliases are followed", follows_16_aliases, NULL, NULL, NULL },
		{ "pointers to themselves or outwards are malformed", survives_pointers, NULL, NULL, NULL },
		{ "pointers to pointers cost no more than their way", bears_long_ways, NULL, NULL, NULL },
		{ "bytes behind the last record are malformed", refuses_tails, NULL, NULL, NULL },
		{ "a name has one normal form, within the limits of RFC 1035", knows_names, NULL, NULL, NULL },
		{ "an answer lives as long as someone holds it", counts_references, NULL, NULL, NULL },
	};
	struct CMUnitTest tests[MESSAGES + sizeof others / sizeof *others];

	for (size_t i = 0; i < MESSAGES; i++)
		tests[i] = (struct CMUnitTest){ messages[i].says, reads_message, NULL, NULL, (void *)(uintptr_t)&messages[i] };
	memcpy(tests + MESSAGES, others, sizeof others);
	return cmocka_run_group_tests_name("reading a DNS message promises that", tests, NULL, NULL);
}
