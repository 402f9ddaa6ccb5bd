/* sender_unknown_tld.c - test of src/rules/sender_unknown_tld.c and tld.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_sender_unknown_tld;

#define IDN_TLD "\xd0\xb8\xd1\x81\xd0\xbf\xd1\x8b\xd1\x82\xd0\xb0\xd0\xbd\xd0\xb8\xd0\xb5"
#define UNKNOWN(tld, domain) "OBJECT sender_unknown_tld 5.7.1 the top-level domain ." tld " of the sender's domain " \
    domain " does not exist; use an address that can be answered"
#define SPECIAL(tld) { .sender = "b@host." tld }, UNKNOWN(tld, "host." tld)

int
main(void)
{
	const struct promise promises[] = {
		{ "a top-level domain with name servers is known", { .sender = "b@example.net", .dns = "NS net = a.example" },
		  "DUNNO" },
		{ "one that has other records is known, too", { .sender = "b@example.net", .dns = "NS net = NODATA" }, "DUNNO" },
		{ "one that the root does not know is refused", { .sender = "b@example.nosuch", .dns = "NS nosuch = NXDOMAIN" },
		  UNKNOWN("nosuch", "example.nosuch") },
		{ "no answer is not a no", { .sender = "b@example.net", .dns = "NS net = SERVFAIL" },
		  "CANNOT TELL sender_unknown_tld 4.4.3 cannot look up the top-level domain .net now" },
		{ "it waits for the answer", { .sender = "b@example.net", .dns = "NS net = OPEN" }, "PENDING" },
		{ "only the last label is asked for",
		  { .sender = "b@A.Very.Deep.Example.NET.", .dns = "NS net = a.example" }, "DUNNO" },
		{ "a top-level domain alone is one, too", { .sender = "b@nosuch", .dns = "NS nosuch = NXDOMAIN" },
		  UNKNOWN("nosuch", "nosuch") },
		{ "an internationalised one is asked for as A-label",
		  { .sender = "b@example." IDN_TLD, .dns = "NS xn--80akhbyknj4f = a.example" }, "DUNNO" },
		{ "test is refused unasked", SPECIAL("test") },
		{ "example is refused unasked", SPECIAL("example") },
		{ "invalid is refused unasked", SPECIAL("invalid") },
		{ "localhost is refused unasked", SPECIAL("localhost") },
		{ "local is refused unasked", SPECIAL("local") },
		{ "onion is refused unasked", SPECIAL("onion") },
		{ "alt is refused unasked", SPECIAL("alt") },
		{ "internal is refused unasked", SPECIAL("internal") },
		{ "localhost alone is refused unasked", { .sender = "b@LOCALHOST" }, UNKNOWN("localhost", "localhost") },
		{ "a name that only begins so is asked for", { .sender = "b@example.testing", .dns = "NS testing = a.example" },
		  "DUNNO" },
		{ "a number is no top-level domain", { .sender = "b@192.0.2.7" }, "DUNNO" },
		{ "a literal is let alone", { .sender = "b@[192.0.2.7]" }, "DUNNO" },
		{ "a sender without a domain is let alone", { .sender = "b" }, "DUNNO" },
		{ "the null sender is let alone", { .sender = "" }, "DUNNO" },
	};
	return promises_keep(&rule_sender_unknown_tld, promises, sizeof promises / sizeof *promises);
}
