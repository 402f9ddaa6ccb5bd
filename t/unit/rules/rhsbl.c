/* rhsbl.c - test of src/rules/rhsbl.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_rhsbl;

#define SITES(sites) .sender = "bob@example.net", .options = { { "rhsbl_sites", sites } }
#define NAMES(sites, names) .sender = "bob@example.net", .options = { { "rhsbl_sites", sites }, { "rhsbl_names", names } }
#define ALL(sites, threshold) .sender = "bob@example.net", .helo = "mx.example.com", \
	.name = { NAME_CONFIRMED, "a.example.org" }, .options = { { "rhsbl_sites", sites }, \
	{ "rhsbl_names", "sender helo client" }, { "rhsbl_threshold", threshold } }
#define A(name, answer) "A " name " = " answer "\n"
#define TXT(name, answer) "TXT " name " = " answer "\n"
#define OBJECT "OBJECT rhsbl 5.7.1 "
#define FIFTY "a2345678901234567890123456789012345678901234567890."

int
main(void)
{
	const struct promise promises[] = {
		/* which names */
		{ "without a list nobody is asked", { .sender = "bob@example.net" }, "DUNNO" },
		{ "the sender's domain is asked for", { SITES("rh.example"),
		  .dns = A("example.net.rh.example", "NXDOMAIN") }, "DUNNO" },
		{ "in normal form", { .sender = "bob@M\xc3\xbcller.Example.", .options = { { "rhsbl_sites", "rh.example" } },
		  .dns = A("xn--mller-kva.example.rh.example", "NXDOMAIN") }, "DUNNO" },
		{ "whole: the list knows what is below its domains", { .sender = "bob@a.b.example.net",
		  .options = { { "rhsbl_sites", "rh.example" } }, .dns = A("a.b.example.net.rh.example", "NXDOMAIN") }, "DUNNO" },
		{ "the HELO name is not, unless told so", { .helo = "mx.example.com", SITES("rh.example"),
		  .dns = A("example.net.rh.example", "NXDOMAIN") }, "DUNNO" },
		{ "then it is, and nothing else", { .helo = "mx.example.com", NAMES("rh.example", "helo"),
		  .dns = A("mx.example.com.rh.example", "NXDOMAIN") }, "DUNNO" },
		{ "the client's confirmed name is, if told so", { .name = { NAME_CONFIRMED, "a.example.org" },
		  NAMES("rh.example", "client"), .dns = A("a.example.org.rh.example", "NXDOMAIN") }, "DUNNO" },
		{ "it waits for that name", { .name = { NAME_OPEN, NULL }, NAMES("rh.example", "client") }, "PENDING" },
		{ "a name that does not lead back is anybody's", { .name = { NAME_MISMATCH, "a.example.org" },
		  NAMES("rh.example", "client") }, "DUNNO" },
		{ "one that cannot be confirmed now is not asked for", { .name = { NAME_CANNOT_TELL, "a.example.org" },
		  NAMES("rh.example", "client") }, "DUNNO" },
		{ "the null sender has no domain", { .sender = "", .options = { { "rhsbl_sites", "rh.example" } } }, "DUNNO" },
		{ "an address in brackets is none", { .sender = "bob@[192.0.2.7]",
		  .options = { { "rhsbl_sites", "rh.example" } } }, "DUNNO" },
		{ "nor is one without", { .sender = "bob@192.0.2.7", .options = { { "rhsbl_sites", "rh.example" } } }, "DUNNO" },
		{ "nor what is no host name", { .sender = "bob@_x.example.net",
		  .options = { { "rhsbl_sites", "rh.example" } } }, "DUNNO" },
		{ "nor one label", { .sender = "bob@test", .options = { { "rhsbl_sites", "rh.example" } } }, "DUNNO" },
		{ "one name said twice is one question", { .sender = "bob@example.net", .helo = "EXAMPLE.net.",
		  .options = { { "rhsbl_sites", "rh.example" }, { "rhsbl_names", "helo sender" } },
		  .dns = A("example.net.rh.example", "127.0.0.2") TXT("example.net.rh.example", "NODATA") },
		  OBJECT "example.net is listed by rh.example; ask there to be taken off" },
		{ "a name that does not fit before the list's stands in none", {
		  .sender = "bob@" FIFTY FIFTY FIFTY FIFTY "example.net",
		  .options = { { "rhsbl_sites", "a-list-with-a-rather-long-name.example" } } }, "DUNNO" },

		/* what lists say */
		{ "who is listed is told which name, where and why", { SITES("rh.example"),
		  .dns = A("example.net.rh.example", "127.0.1.2") TXT("example.net.rh.example", "see https://rh.example/") },
		  OBJECT "example.net is listed by rh.example (see https://rh.example/)" },
		{ "a filter takes what it names", { SITES("rh.example=127.0.1.[2..99]"),
		  .dns = A("example.net.rh.example", "127.0.1.104") }, "DUNNO" },
		{ "a list counts once, however many names it knows, and each is named", { ALL("rh.example*2", "2"),
		  .dns = A("example.net.rh.example", "127.0.0.2") A("mx.example.com.rh.example", "NXDOMAIN")
		  A("a.example.org.rh.example", "127.0.0.2") TXT("example.net.rh.example", "NODATA")
		  TXT("a.example.org.rh.example", "spam") },
		  OBJECT "example.net is listed by rh.example; a.example.org is listed by rh.example (spam) [2..2]" },
		{ "lists add up over names", { ALL("a.example b.example", "2"),
		  .dns = A("example.net.a.example", "127.0.0.2") A("mx.example.com.a.example", "NXDOMAIN")
		  A("a.example.org.a.example", "NXDOMAIN") A("example.net.b.example", "NXDOMAIN")
		  A("mx.example.com.b.example", "127.0.0.2") A("a.example.org.b.example", "NXDOMAIN")
		  TXT("example.net.a.example", "NODATA") TXT("mx.example.com.b.example", "NODATA") },
		  OBJECT "example.net is listed by a.example; mx.example.com is listed by b.example"
		  "; ask there to be taken off [2..2]" },
		{ "below the threshold it only weighs", { ALL("rh.example", "2"),
		  .dns = A("example.net.rh.example", "127.0.0.2") A("mx.example.com.rh.example", "NXDOMAIN")
		  A("a.example.org.rh.example", "NXDOMAIN") },
		  "DUNNO rhsbl example.net is listed by rh.example; ask there to be taken off [1..1]" },

		/* lists that fail */
		{ "a list that fails is no listing", { SITES("rh.example"), .dns = A("example.net.rh.example", "SERVFAIL") },
		  "CANNOT TELL rhsbl 4.7.1 cannot look up example.net at rh.example now" },
		{ "the name that failed is told", { ALL("rh.example", "1"), .dns = A("example.net.rh.example", "NXDOMAIN")
		  A("mx.example.com.rh.example", "127.255.255.254") A("a.example.org.rh.example", "NXDOMAIN") },
		  "CANNOT TELL rhsbl 4.7.1 cannot look up mx.example.com at rh.example now" },
		{ "listed by one name is listed, though another fails", { ALL("rh.example", "1"),
		  .dns = A("example.net.rh.example", "SERVFAIL") A("mx.example.com.rh.example", "127.0.0.2")
		  A("a.example.org.rh.example", "NXDOMAIN") TXT("mx.example.com.rh.example", "NODATA") },
		  OBJECT "mx.example.com is listed by rh.example; ask there to be taken off" },
	};
	return promises_keep(&rule_rhsbl, promises, sizeof promises / sizeof *promises);
}
