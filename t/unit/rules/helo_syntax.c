/* helo_syntax.c - test of src/rules/helo_syntax.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_helo_syntax;

#define BAD(name) "OBJECT helo_syntax 5.7.1 the HELO name " name " is neither a host name nor an address literal; " \
    "greet with the public name of your server"
#define TEN "0123456789"

int
main(void)
{
	const struct promise promises[] = {
		{ "a host name passes", { .helo = "mx.example.net" }, "DUNNO" },
		{ "case and a trailing dot do not matter", { .helo = "MX.Example.NET." }, "DUNNO" },
		{ "a single label is a host name", { .helo = "localhost" }, "DUNNO" },
		{ "a U-label is a host name (RFC 6531)", { .helo = "mx.m\xc3\xbcller.example" }, "DUNNO" },
		{ "a client that never greeted is let alone", { .helo = "" }, "DUNNO" },
		{ "an IPv4 literal passes", { .helo = "[192.0.2.9]" }, "DUNNO" },
		{ "an IPv6 literal passes", { .helo = "[IPv6:2001:db8::1]" }, "DUNNO" },
		{ "the tag may be in any case", { .helo = "[ipv6:2001:DB8::1]" }, "DUNNO" },
		{ "the tag may be missing", { .helo = "[2001:db8::1]" }, "DUNNO" },
		{ "a bare IPv4 address is another rule's matter", { .helo = "192.0.2.9" }, "DUNNO" },
		{ "a bare IPv6 address is another rule's matter", { .helo = "2001:db8::1" }, "DUNNO" },
		{ "an underscore is not for host names", { .helo = "my_host.example.net" }, BAD("my_host.example.net") },
		{ "a hyphen may not start a label", { .helo = "-mx.example.net" }, BAD("-mx.example.net") },
		{ "what Postfix replaced is no name", { .helo = "mx?example.net" }, BAD("mx?example.net") },
		{ "an empty label is no name", { .helo = "mx..example.net" }, BAD("mx..example.net") },
		{ "a dot is no name", { .helo = "." }, BAD(".") },
		{ "a slash is no name", { .helo = "a/b" }, BAD("a/b") },
		{ "a literal without its end is none", { .helo = "[192.0.2.9" }, BAD("[192.0.2.9") },
		{ "an empty literal is none", { .helo = "[]" }, BAD("[]") },
		{ "half a literal is none", { .helo = "[" }, BAD("[") },
		{ "a literal with a name in it is none", { .helo = "[mx.example.net]" }, BAD("[mx.example.net]") },
		{ "a literal with a number too big is none", { .helo = "[192.0.2.256]" }, BAD("[192.0.2.256]") },
		{ "IPv4 behind the tag of IPv6 is none", { .helo = "[IPv6:192.0.2.9]" }, BAD("[IPv6:192.0.2.9]") },
		{ "another tag is none", { .helo = "[X25:1]" }, BAD("[X25:1]") },
		{ "an endless literal is none",
		  { .helo = "[IPv6:" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "]" },
		  BAD("[IPv6:" TEN TEN TEN TEN TEN TEN TEN TEN TEN "0123") },
		{ "an endless name is cut in the finding",
		  { .helo = TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "x" },
		  BAD(TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN) },
	};
	return promises_keep(&rule_helo_syntax, promises, sizeof promises / sizeof *promises);
}
