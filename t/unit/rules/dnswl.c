/* dnswl.c - test of src/rules/dnswl.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_dnswl;

#define SITES(sites) .options = { { "dnswl_sites", sites } }
#define A(list, answer) "A 7.2.0.192." list " = " answer "\n"
#define NIBBLES "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"

int
main(void)
{
	const struct promise promises[] = {
		{ "without a list nobody is asked, and nobody exempt", { .helo = "" }, "DUNNO" },
		{ "who is not listed is not exempt", { SITES("wl.example"), .dns = A("wl.example", "NXDOMAIN") }, "DUNNO" },
		{ "who is listed is", { SITES("wl.example"), .dns = A("wl.example", "127.0.10.3") },
		  "EXEMPT 192.0.2.7 is listed by wl.example" },
		{ "one listing is enough", { SITES("a.example b.example"),
		  .dns = A("a.example", "NXDOMAIN") A("b.example", "127.0.10.3") }, "EXEMPT 192.0.2.7 is listed by b.example" },
		{ "a filter takes what it names", { SITES("wl.example=127.0.[0..255].[1..3]"),
		  .dns = A("wl.example", "127.0.10.1") }, "EXEMPT 192.0.2.7 is listed by wl.example" },
		{ "and nothing else", { SITES("wl.example=127.0.[0..255].[1..3]"), .dns = A("wl.example", "127.0.10.0") },
		  "DUNNO" },
		{ "IPv6 is asked by nibbles", { .client = "2001:db8::1", SITES("wl.example"),
		  .dns = "A " NIBBLES ".wl.example = 127.0.10.3" }, "EXEMPT 2001:db8::1 is listed by wl.example" },
		{ "a private address is not asked for", { .client = "10.0.0.1", SITES("wl.example") }, "DUNNO" },
		{ "nor a client without an address", { .client = "unknown", SITES("wl.example") }, "DUNNO" },
		{ "a list that fails might have listed", { SITES("wl.example"), .dns = A("wl.example", "SERVFAIL") },
		  "PERHAPS EXEMPT cannot look up 192.0.2.7 at wl.example now" },
		{ "so might one that says it does not answer us", { SITES("wl.example"),
		  .dns = A("wl.example", "127.255.255.254") }, "PERHAPS EXEMPT cannot look up 192.0.2.7 at wl.example now" },
		{ "listed elsewhere is listed", { SITES("a.example b.example"),
		  .dns = A("a.example", "SERVFAIL") A("b.example", "127.0.10.3") }, "EXEMPT 192.0.2.7 is listed by b.example" },
	};
	return promises_keep(&rule_dnswl, promises, sizeof promises / sizeof *promises);
}
