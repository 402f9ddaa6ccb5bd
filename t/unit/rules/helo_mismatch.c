/* helo_mismatch.c - test of src/rules/helo_mismatch.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_helo_mismatch;

#define V6 .client = "2001:db8::1"
#define HELO .helo = "mx.example.net"
#define DNS(a) HELO, .dns = "A mx.example.net = " a
#define DNS6(aaaa) V6, HELO, .dns = "AAAA mx.example.net = " aaaa
#define CONFIRMED(text) .name = { NAME_CONFIRMED, text }
#define PTR(text) .name = { NAME_MISMATCH, text }
#define NO_PTR .name = { NAME_NONE, NULL }
#define UNKNOWN(text) .name = { NAME_CANNOT_TELL, text }
#define MATCH(word) .options = { { "helo_match", #word } }

#define BAD(client, name) "OBJECT helo_mismatch 5.7.1 the HELO name mx.example.net does not resolve to " client \
    ", whose reverse DNS name is " name "; mend either"
#define NAMELESS(client) "OBJECT helo_mismatch 5.7.1 the HELO name mx.example.net does not resolve to " client \
    ", which has no reverse DNS name; mend either"
#define UNSURE "CANNOT TELL helo_mismatch 4.4.3 cannot look up the HELO name mx.example.net now"
#define UNSURE_NAME "CANNOT TELL helo_mismatch 4.4.3 cannot look up all names of 192.0.2.7 now"
#define TEN "0123456789"
#define LABEL TEN TEN TEN TEN TEN "."

int
main(void)
{
	const struct promise promises[] = {
		/* by name; the HELO name is not looked up then */
		{ "the client's name is its name", { HELO, CONFIRMED("mx.example.net"), MATCH(exact) }, "DUNNO" },
		{ "in any spelling", { .helo = "MX.Example.NET.", CONFIRMED("mx.example.net"), MATCH(exact) }, "DUNNO" },
		{ "an unconfirmed PTR will do", { HELO, PTR("mx.example.net"), MATCH(exact) }, "DUNNO" },
		{ "also one that cannot be followed back now", { HELO, UNKNOWN("mx.example.net"), MATCH(exact) }, "DUNNO" },
		{ "the name's organisation is enough by default", { HELO, CONFIRMED("out7.example.net") }, "DUNNO" },
		{ "also of an unconfirmed PTR", { HELO, PTR("out7.example.net") }, "DUNNO" },
		{ "its parent's name is of the organisation", { HELO, CONFIRMED("example.net") }, "DUNNO" },
		{ "network allows it, too", { HELO, CONFIRMED("out7.example.net"), MATCH(network) }, "DUNNO" },
		{ "exact does not", { DNS("192.0.2.99"), CONFIRMED("out7.example.net"), MATCH(exact) },
		  BAD("192.0.2.7", "out7.example.net") },
		{ "two names below one public suffix are strangers", { .helo = "mx.a.co.uk", CONFIRMED("mx.b.co.uk"),
		  .dns = "A mx.a.co.uk = NODATA" }, "OBJECT helo_mismatch 5.7.1 the HELO name mx.a.co.uk does not resolve to "
		  "192.0.2.7, whose reverse DNS name is mx.b.co.uk; mend either" },
		{ "a public suffix is no organisation", { .helo = "co.uk", CONFIRMED("mx.b.co.uk"), .dns = "A co.uk = NODATA" },
		  "OBJECT helo_mismatch 5.7.1 the HELO name co.uk does not resolve to "
		  "192.0.2.7, whose reverse DNS name is mx.b.co.uk; mend either" },
		{ "a name that only ends alike is a stranger's", { DNS("NODATA"), CONFIRMED("mx.badexample.net") },
		  BAD("192.0.2.7", "mx.badexample.net") },
		{ "a PTR of one label is a stranger's", { DNS("NODATA"), PTR("localhost") }, BAD("192.0.2.7", "localhost") },

		/* by address */
		{ "a name that has the client's address is its name",
		  { DNS("192.0.2.7"), CONFIRMED("host.example.com"), MATCH(exact) }, "DUNNO" },
		{ "whichever of them it is", { DNS("198.51.100.1, 192.0.2.7"), NO_PTR, MATCH(exact) }, "DUNNO" },
		{ "organisation allows it, too", { DNS("192.0.2.7"), NO_PTR }, "DUNNO" },
		{ "network allows it, too", { DNS("192.0.2.7"), NO_PTR, MATCH(network) }, "DUNNO" },
		{ "IPv6 likewise", { DNS6("2001:db8:0::0:1"), NO_PTR, MATCH(exact) }, "DUNNO" },
		{ "IPv4 in IPv6 clothes is IPv4", { .client = "::ffff:192.0.2.7", DNS("192.0.2.7"), NO_PTR }, "DUNNO" },
		{ "another address is not enough", { DNS("192.0.2.99"), CONFIRMED("host.example.com") },
		  BAD("192.0.2.7", "host.example.com") },
		{ "network allows any in the /24",
		  { DNS("192.0.2.255"), CONFIRMED("host.example.com"), MATCH(network) }, "DUNNO" },
		{ "and none beyond it", { DNS("192.0.3.7"), CONFIRMED("host.example.com"), MATCH(network) },
		  BAD("192.0.2.7", "host.example.com") },
		{ "network allows any in the /64", { DNS6("2001:db8::ffff:0:0:2"), NO_PTR, MATCH(network) }, "DUNNO" },
		{ "and none beyond that", { DNS6("2001:db8:0:1::1"), NO_PTR, MATCH(network) }, NAMELESS("2001:db8::1") },
		{ "a neighbour in IPv6 is not enough by default", { DNS6("2001:db8::2"), NO_PTR }, NAMELESS("2001:db8::1") },
		{ "a name that does not exist is nobody's", { DNS("NXDOMAIN"), CONFIRMED("host.example.com") },
		  BAD("192.0.2.7", "host.example.com") },
		{ "a client without a name can have no other's", { DNS("NODATA"), NO_PTR }, NAMELESS("192.0.2.7") },

		/* what is not known */
		{ "it waits for the client's name", { DNS("192.0.2.7"), .name = { NAME_OPEN, NULL } }, "PENDING" },
		{ "it waits for the address", { DNS("OPEN"), CONFIRMED("host.example.com") }, "PENDING" },
		{ "no answer for the address is not a no", { DNS("SERVFAIL"), CONFIRMED("host.example.com") }, UNSURE },
		{ "also of a client without a name", { DNS("SERVFAIL"), NO_PTR }, UNSURE },
		{ "no answer for the client's name is not a no", { DNS("192.0.2.99"),
		  UNKNOWN("7.2.0.192.in-addr.arpa") }, UNSURE_NAME },
		{ "nor is none on the way back from it", { DNS("192.0.2.99"), UNKNOWN("host.example.com") }, UNSURE_NAME },
		{ "nor is none for a name that stands before the confirmed one",
		  { DNS("192.0.2.99"), .name = { NAME_CONFIRMED, "host.example.com", .unsure = true } }, UNSURE_NAME },
		{ "such a confirmed name is enough",
		  { HELO, .name = { NAME_CONFIRMED, "mx.example.net", .unsure = true } }, "DUNNO" },
		{ "the address is enough when the name fails",
		  { DNS("192.0.2.7"), UNKNOWN("7.2.0.192.in-addr.arpa") }, "DUNNO" },

		/* what is let alone */
		{ "a name that is not fully qualified is another rule's matter", { .helo = "mx", NO_PTR }, "DUNNO" },
		{ "so is a literal", { .helo = "[192.0.2.99]", NO_PTR }, "DUNNO" },
		{ "so is a bare address", { .helo = "192.0.2.99", NO_PTR }, "DUNNO" },
		{ "so is what is no host name", { .helo = "my_pc.example.net", NO_PTR }, "DUNNO" },
		{ "so is a client that never greeted", { .helo = "", NO_PTR }, "DUNNO" },
		{ "a client without an address is let alone", { .client = "unknown", HELO, UNKNOWN("a client") }, "DUNNO" },
		{ "endless names are cut in the finding", { .client = "2001:db8:1111:2222:3333:4444:5555:6666",
		  .helo = LABEL LABEL "net", PTR(LABEL LABEL "com"), .dns = "AAAA " LABEL LABEL "net = NODATA" },
		  "OBJECT helo_mismatch 5.7.1 the HELO name " LABEL TEN "012345678 does not resolve to "
		  "2001:db8:1111:2222:3333:4444:5555:6666, whose reverse DNS name is " LABEL "012345678; mend either" },
	};
	return promises_keep(&rule_helo_mismatch, promises, sizeof promises / sizeof *promises);
}
