/* helo_literal.c - test of src/rules/helo_literal.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_helo_literal;

#define BAD(said, is) "OBJECT helo_literal 5.7.1 the HELO name says " said ", but the client's address is " is "; " \
    "greet with the public name of your server"
#define V6 .client = "2001:db8::1"

int
main(void)
{
	const struct promise promises[] = {
		{ "the client's own literal passes", { .helo = "[192.0.2.7]" }, "DUNNO" },
		{ "the client's own bare address passes", { .helo = "192.0.2.7" }, "DUNNO" },
		{ "with a dot behind it too", { .helo = "192.0.2.7." }, "DUNNO" },
		{ "another literal does not", { .helo = "[192.0.2.9]" }, BAD("192.0.2.9", "192.0.2.7") },
		{ "another bare address does not", { .helo = "192.0.2.9" }, BAD("192.0.2.9", "192.0.2.7") },
		{ "IPv6 may be spelled in any way", { V6, .helo = "[IPv6:2001:DB8:0:0:0:0:0:1]" }, "DUNNO" },
		{ "IPv6 needs no tag", { V6, .helo = "[2001:db8::1]" }, "DUNNO" },
		{ "IPv6 may be bare", { V6, .helo = "2001:db8:0::0001" }, "DUNNO" },
		{ "another IPv6 address does not pass", { V6, .helo = "[IPv6:2001:db8::2]" }, BAD("2001:db8::2", "2001:db8::1") },
		{ "IPv4 in IPv6 clothes is IPv4", { .helo = "[IPv6:::ffff:192.0.2.7]" }, "DUNNO" },
		{ "also when the client wears them", { .client = "::ffff:192.0.2.7", .helo = "[192.0.2.7]" }, "DUNNO" },
		{ "IPv4 is not IPv6", { V6, .helo = "[192.0.2.7]" }, BAD("192.0.2.7", "2001:db8::1") },
		{ "a name is let alone", { .helo = "mx.example.net" }, "DUNNO" },
		{ "a malformed literal is another rule's matter", { .helo = "[192.0.2.9" }, "DUNNO" },
		{ "a client that never greeted is let alone", { .helo = "" }, "DUNNO" },
		{ "a client without an address is let alone", { .client = "unknown", .helo = "[192.0.2.9]" }, "DUNNO" },
	};
	return promises_keep(&rule_helo_literal, promises, sizeof promises / sizeof *promises);
}
