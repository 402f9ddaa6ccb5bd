/* helo_unknown_tld.c - test of src/rules/helo_unknown_tld.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_helo_unknown_tld;

#define IDN_TLD "\xd0\xb8\xd1\x81\xd0\xbf\xd1\x8b\xd1\x82\xd0\xb0\xd0\xbd\xd0\xb8\xd0\xb5"
#define UNKNOWN(tld, name) "OBJECT helo_unknown_tld 5.7.1 the top-level domain ." tld " of the HELO name " name \
    " does not exist; greet with the public name of your server"

int
main(void)
{
	const struct promise promises[] = {
		{ "a top-level domain that exists is known", { .helo = "mx.example.net", .dns = "NS net = a.example" }, "DUNNO" },
		{ "one that the root does not know is refused", { .helo = "mx.example.lan", .dns = "NS lan = NXDOMAIN" },
		  UNKNOWN("lan", "mx.example.lan") },
		{ "the name is shown as it was said", { .helo = "MX.Example.LAN.", .dns = "NS lan = NXDOMAIN" },
		  UNKNOWN("lan", "MX.Example.LAN.") },
		{ "a special-use name is refused unasked", { .helo = "pc.local" }, UNKNOWN("local", "pc.local") },
		{ "no answer is not a no", { .helo = "mx.example.net", .dns = "NS net = SERVFAIL" },
		  "CANNOT TELL helo_unknown_tld 4.4.3 cannot look up the top-level domain .net now" },
		{ "it waits for the answer", { .helo = "mx.example.net", .dns = "NS net = OPEN" }, "PENDING" },
		{ "an internationalised one is asked for as A-label",
		  { .helo = "mx." IDN_TLD, .dns = "NS xn--80akhbyknj4f = a.example" }, "DUNNO" },
		{ "a name of one label is let alone", { .helo = "localhost" }, "DUNNO" },
		{ "so is a number at the end", { .helo = "mx.123" }, "DUNNO" },
		{ "so is an address literal", { .helo = "[192.0.2.7]" }, "DUNNO" },
		{ "so is a bare address", { .helo = "192.0.2.7" }, "DUNNO" },
		{ "so is what is no host name", { .helo = "my_pc.local" }, "DUNNO" },
		{ "so is a client that never greeted", { .helo = "" }, "DUNNO" },
	};
	return promises_keep(&rule_helo_unknown_tld, promises, sizeof promises / sizeof *promises);
}
