/* helo_reserved.c - test of src/rules/helo_reserved.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_helo_reserved;

#define BAD(name, reserved) "OBJECT helo_reserved 5.7.1 the HELO name " name " is no public name (" reserved \
    " is reserved); greet with the public name of your server"
#define TEN "0123456789"
#define OURS .options = { { "helo_reserved_names", "lan, .example.net m\xc3\xbcller.example" } }

int
main(void)
{
	const struct promise promises[] = {
		{ "a public name passes", { .helo = "www.iana.org" }, "DUNNO" },
		{ "localhost is no public name", { .helo = "localhost" }, BAD("localhost", "localhost") },
		{ "nor is what lies below it", { .helo = "mx.localhost" }, BAD("mx.localhost", "localhost") },
		{ "localdomain is none", { .helo = "localhost.localdomain" }, BAD("localhost.localdomain", "localdomain") },
		{ "local is none (RFC 6762)", { .helo = "exchange.house.local" }, BAD("exchange.house.local", "local") },
		{ "internal is none", { .helo = "mx.internal" }, BAD("mx.internal", "internal") },
		{ "home.arpa is none (RFC 8375)", { .helo = "pc.home.arpa" }, BAD("pc.home.arpa", "home.arpa") },
		{ "the rest of arpa is let alone", { .helo = "pc.arpa" }, "DUNNO" },
		{ "invalid is none", { .helo = "mx.invalid" }, BAD("mx.invalid", "invalid") },
		{ "test is none", { .helo = "mx.test" }, BAD("mx.test", "test") },
		{ "example is none", { .helo = "mx.example" }, BAD("mx.example", "example") },
		{ "example.com is none", { .helo = "example.com" }, BAD("example.com", "example.com") },
		{ "example.net is none", { .helo = "mx.example.net" }, BAD("mx.example.net", "example.net") },
		{ "example.org is none", { .helo = "mx.example.org" }, BAD("mx.example.org", "example.org") },
		{ "onion is none (RFC 7686)", { .helo = "mx.onion" }, BAD("mx.onion", "onion") },
		{ "alt is none (RFC 9476)", { .helo = "mx.alt" }, BAD("mx.alt", "alt") },
		{ "case and a trailing dot do not matter", { .helo = "MX.Local." }, BAD("MX.Local.", "local") },
		{ "an underscore does not hide a name", { .helo = "my_pc.local" }, BAD("my_pc.local", "local") },
		{ "a name that only ends alike is public", { .helo = "mx.notlocal" }, "DUNNO" },
		{ "what stands before the end does not matter", { .helo = "local.iana.org" }, "DUNNO" },
		{ "the site's own list takes its place", { OURS, .helo = "mx.local" }, "DUNNO" },
		{ "what it names is reserved", { OURS, .helo = "pc.lan" }, BAD("pc.lan", "lan") },
		{ "a leading dot in it means below", { OURS, .helo = "mx.example.net" }, BAD("mx.example.net", ".example.net") },
		{ "and only below", { OURS, .helo = "example.net" }, "DUNNO" },
		{ "a U-label is compared as an A-label", { OURS, .helo = "xn--mller-kva.example" },
		  BAD("xn--mller-kva.example", "xn--mller-kva.example") },
		{ "an empty list objects to nothing",
		  { .helo = "localhost", .options = { { "helo_reserved_names", "" } } }, "DUNNO" },
		{ "an endless name is cut in the finding",
		  { .helo = TEN TEN TEN TEN TEN "." TEN TEN TEN TEN TEN ".local" },
		  BAD(TEN TEN TEN TEN TEN "." TEN TEN TEN TEN "012345678", "local") },
		{ "an address is let alone", { .helo = "[192.0.2.7]" }, "DUNNO" },
		{ "rubbish is another rule's matter", { .helo = "?.local" }, "DUNNO" },
		{ "a client that never greeted is another rule's, too", { .helo = "" }, "DUNNO" },
	};
	return promises_keep(&rule_helo_reserved, promises, sizeof promises / sizeof *promises);
}
