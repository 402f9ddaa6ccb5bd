/* helo_forged.c - test of src/rules/helo_forged.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_helo_forged;

#define BAD(name) "OBJECT helo_forged 5.7.1 the HELO name " name " belongs to this site, not to 192.0.2.7; " \
    "greet with the public name of your own server"
#define OURS .server = "203.0.113.25", .local_network = "198.51.100.0/24", \
    .options = { { "local_domains", "example.org, m\xc3\xbcller.example .example.com" } }

int
main(void)
{
	const struct promise promises[] = {
		{ "a name of others passes", { OURS, .helo = "mx.example.net" }, "DUNNO" },
		{ "our domain is ours", { OURS, .helo = "example.org" }, BAD("example.org") },
		{ "a name below our domain is ours", { OURS, .helo = "MX1.Example.ORG." }, BAD("MX1.Example.ORG.") },
		{ "a name that only ends alike is not", { OURS, .helo = "mx.badexample.org" }, "DUNNO" },
		{ "a U-label is compared as an A-label", { OURS, .helo = "xn--mller-kva.example" }, BAD("xn--mller-kva.example") },
		{ "a leading dot means below", { OURS, .helo = "mx.example.com" }, BAD("mx.example.com") },
		{ "and only below", { OURS, .helo = "example.com" }, "DUNNO" },
		{ "an underscore does not hide a name", { OURS, .helo = "a_b.example.org" }, BAD("a_b.example.org") },
		{ "the server's address is ours", { OURS, .helo = "[203.0.113.25]" }, BAD("[203.0.113.25]") },
		{ "also bare", { OURS, .helo = "203.0.113.25" }, BAD("203.0.113.25") },
		{ "an address of our networks is ours", { OURS, .helo = "[198.51.100.9]" }, BAD("[198.51.100.9]") },
		{ "in any spelling", { OURS, .helo = "[IPv6:::ffff:198.51.100.9]" }, BAD("[IPv6:::ffff:198.51.100.9]") },
		{ "an address of others is another rule's matter", { OURS, .helo = "[192.0.2.9]" }, "DUNNO" },
		{ "the client's own address is no forgery",
		  { OURS, .client = "203.0.113.25", .helo = "[203.0.113.25]" }, "DUNNO" },
		{ "without local_domains every name is a stranger's", { .helo = "mx.example.org" }, "DUNNO" },
		{ "rubbish is another rule's matter", { OURS, .helo = "?.example.org" }, "DUNNO" },
		{ "a client that never greeted is let alone", { OURS, .helo = "" }, "DUNNO" },
	};
	return promises_keep(&rule_helo_forged, promises, sizeof promises / sizeof *promises);
}
