/* dnsbl.c - test of src/rules/dnsbl.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_dnsbl;

#define SITES(sites) .options = { { "dnsbl_sites", sites } }
#define SITES_AT(sites, threshold) .options = { { "dnsbl_sites", sites }, { "dnsbl_threshold", threshold } }
#define A(list, answer) "A 7.2.0.192." list " = " answer "\n"
#define TXT(list, answer) "TXT 7.2.0.192." list " = " answer "\n"
#define NIBBLES "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
#define TEN "0123456789"
#define WEIGHS(by) "DUNNO dnsbl 192.0.2.7 is listed by " by
#define LISTED(by) "OBJECT dnsbl 5.7.1 192.0.2.7 is listed by " by
#define UNEXPLAINED(by) LISTED(by "; ask there to be taken off")
#define UNSURE(at) "CANNOT TELL dnsbl 4.7.1 cannot look up 192.0.2.7 at " at " now"

int
main(void)
{
	const struct promise promises[] = {
		/* one list */
		{ "without a list nobody is asked", { .helo = "" }, "DUNNO" },
		{ "who is not listed passes", { SITES("bl.example"), .dns = A("bl.example", "NXDOMAIN") }, "DUNNO" },
		{ "no data is not listed either", { SITES("bl.example"), .dns = A("bl.example", "NODATA") }, "DUNNO" },
		{ "who is listed is told where and why", { SITES("bl.example"), .dns = A("bl.example", "127.0.0.2")
		  TXT("bl.example", "see https://bl.example/192.0.2.7") },
		  LISTED("bl.example (see https://bl.example/192.0.2.7)") },
		{ "it waits for the reason", { SITES("bl.example"), .dns = A("bl.example", "127.0.0.2")
		  TXT("bl.example", "OPEN") }, "PENDING" },
		{ "a list without a reason lists all the same", { SITES("bl.example"), .dns = A("bl.example", "127.0.0.2")
		  TXT("bl.example", "NODATA") }, UNEXPLAINED("bl.example") },
		{ "a reason that cannot be had is no trouble", { SITES("bl.example"), .dns = A("bl.example", "127.0.0.2")
		  TXT("bl.example", "SERVFAIL") }, UNEXPLAINED("bl.example") },
		{ "a long reason is cut", { SITES("bl.example"), .dns = A("bl.example", "127.0.0.2")
		  TXT("bl.example", TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN) },
		  LISTED("bl.example (" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN ")") },
		{ "IPv6 is asked by nibbles", { .client = "2001:db8::1", SITES("bl.example"),
		  .dns = "A " NIBBLES ".bl.example = 127.0.0.2\nTXT " NIBBLES ".bl.example = NODATA" },
		  "OBJECT dnsbl 5.7.1 2001:db8::1 is listed by bl.example; ask there to be taken off" },
		{ "IPv4 in IPv6 clothes is asked as IPv4", { .client = "::ffff:192.0.2.7", SITES("bl.example"),
		  .dns = A("bl.example", "NXDOMAIN") }, "DUNNO" },
		{ "a private address is not asked for", { .client = "10.0.0.1", SITES("bl.example") }, "DUNNO" },
		{ "a client without an address is let alone", { .client = "unknown", SITES("bl.example") }, "DUNNO" },

		/* what an answer means */
		{ "an answer outside of 127.0.0.0/8 is no listing", { SITES("bl.example"),
		  .dns = A("bl.example", "192.0.2.1") }, "DUNNO" },
		{ "a filter takes what it names", { SITES("bl.example=127.0.0.[2..4]"),
		  .dns = A("bl.example", "127.0.0.10, 127.0.0.3") TXT("bl.example", "NODATA") }, UNEXPLAINED("bl.example") },
		{ "a filter takes nothing else", { SITES("bl.example=127.0.0.[2..4]"),
		  .dns = A("bl.example", "127.0.0.10") }, "DUNNO" },
		{ "two filters on one list are one question, counted each", {
		  SITES_AT("bl.example=127.0.0.[2..4]*2 bl.example=127.0.0.[10..11]*3", "5"),
		  .dns = A("bl.example", "127.0.0.10, 127.0.0.3") TXT("bl.example", "NODATA") },
		  UNEXPLAINED("bl.example") " [5..5]" },
		{ "of two filters on one list the one that takes counts", {
		  SITES_AT("bl.example=127.0.0.[2..3]*4 bl.example=127.0.0.[4..7]*2", "3"),
		  .dns = A("bl.example", "127.0.0.5") }, WEIGHS("bl.example; ask there to be taken off [2..2]") },
		{ "two answers that one filter takes count once", { SITES_AT("bl.example", "2"),
		  .dns = A("bl.example", "127.0.0.2, 127.0.0.3") }, WEIGHS("bl.example; ask there to be taken off [1..1]") },

		/* weights */
		{ "weights below the threshold are not enough", { SITES_AT("a.example b.example*2", "4"),
		  .dns = A("a.example", "127.0.0.2") A("b.example", "127.0.0.2") },
		  WEIGHS("a.example, b.example; ask there to be taken off [3..3]") },
		{ "weights that reach it are, and every list is named", { SITES_AT("a.example b.example*2 c.example", "3"),
		  .dns = A("a.example", "127.0.0.2") A("b.example", "127.0.0.2") A("c.example", "NXDOMAIN")
		  TXT("a.example", "NODATA") TXT("b.example", "spam") }, LISTED("a.example, b.example (spam) [3..3]") },
		{ "the first reason is given", { SITES_AT("a.example b.example", "2"),
		  .dns = A("a.example", "127.0.0.2") A("b.example", "127.0.0.2")
		  TXT("a.example", "first") TXT("b.example", "second") }, LISTED("a.example, b.example (first) [2..2]") },
		{ "an allow list speaks for the client", { SITES("bl.example*2 allow.example*-2"),
		  .dns = A("bl.example", "127.0.0.2") A("allow.example", "127.0.0.2") },
		  WEIGHS("bl.example; ask there to be taken off [0..0]") },
		{ "alone, too", { SITES("bl.example*2 allow.example*-2"),
		  .dns = A("bl.example", "NXDOMAIN") A("allow.example", "127.0.0.2") },
		  "DUNNO dnsbl 192.0.2.7 weighs -2 [-2..-2]" },
		{ "a list of weight 0 neither", { SITES("bl.example*0"), .dns = A("bl.example", "127.0.0.2") }, "DUNNO" },
		{ "IPv6 is weighed as IPv4 is", { .client = "2001:db8::1", SITES_AT("a.example*2 b.example*2 c.example*-1", "3"),
		  .dns = "A " NIBBLES ".a.example = 127.0.0.2\nA " NIBBLES ".b.example = 127.0.0.2\n"
		  "A " NIBBLES ".c.example = 127.0.0.2\nTXT " NIBBLES ".a.example = NODATA\n"
		  "TXT " NIBBLES ".b.example = NODATA" },
		  "OBJECT dnsbl 5.7.1 2001:db8::1 is listed by a.example, b.example; ask there to be taken off "
		  "[3..3]" },
		{ "an allow list is not named in a refusal", { SITES("bl.example*3 allow.example*-2"),
		  .dns = A("bl.example", "127.0.0.2") A("allow.example", "127.0.0.2") TXT("bl.example", "NODATA") },
		  UNEXPLAINED("bl.example") },
		{ "it waits for every list", { SITES("bl.example other.example"),
		  .dns = A("bl.example", "127.0.0.2") A("other.example", "OPEN") }, "PENDING" },

		/* lists that fail */
		{ "a list that fails is no listing", { SITES("bl.example"), .dns = A("bl.example", "SERVFAIL") },
		  UNSURE("bl.example") },
		{ "a list that says it fails does, whatever the filter", { SITES("bl.example=127.255.255.[0..255]"),
		  .dns = A("bl.example", "127.255.255.254") }, UNSURE("bl.example") },
		{ "also if it lists beside", { SITES("bl.example"),
		  .dns = A("bl.example", "127.0.0.2, 127.255.255.254") }, UNSURE("bl.example") },
		{ "a list that could not have made the difference is no doubt", { SITES_AT("a.example b.example*2", "4"),
		  .dns = A("a.example", "127.0.0.2") A("b.example", "SERVFAIL") },
		  WEIGHS("a.example; ask there to be taken off [1..3]") },
		{ "a list that could have is", { SITES_AT("a.example*2 b.example*2", "4"),
		  .dns = A("a.example", "127.0.0.2") A("b.example", "SERVFAIL") },
		  "CANNOT TELL dnsbl 4.7.1 192.0.2.7 is listed by a.example; cannot look up 192.0.2.7 at b.example now "
		  "[2..4]" },
		{ "enough without it is enough", { SITES("a.example b.example"),
		  .dns = A("a.example", "SERVFAIL") A("b.example", "127.0.0.2") TXT("b.example", "NODATA") },
		  UNEXPLAINED("b.example") " [1..2]" },
		{ "an allow list that fails counts with all its weight", { SITES("bl.example*2 allow.example*-2"),
		  .dns = A("bl.example", "127.0.0.2") A("allow.example", "SERVFAIL") },
		  WEIGHS("bl.example; ask there to be taken off [0..2]") },
		{ "alone, too, but for a check that speaks for the client it may be nothing", {
		  SITES("bl.example*2 allow.example*-2"), .dns = A("bl.example", "NXDOMAIN") A("allow.example", "SERVFAIL") },
		  "DUNNO dnsbl 192.0.2.7 weighs -2 [-2..0]" },
		{ "also if it says so", { SITES("bl.example*2 allow.example*-2"),
		  .dns = A("bl.example", "127.0.0.2") A("allow.example", "127.255.255.255") },
		  WEIGHS("bl.example; ask there to be taken off [0..2]") },
		{ "and leaves a refusal that needs it not", { SITES("bl.example*3 allow.example*-2"),
		  .dns = A("bl.example", "127.0.0.2") A("allow.example", "SERVFAIL") TXT("bl.example", "NODATA") },
		  UNEXPLAINED("bl.example") " [1..3]" },
		{ "a failure too small to matter may still weigh for a score", { SITES_AT("bl.example*2", "4"),
		  .dns = A("bl.example", "SERVFAIL") }, "DUNNO dnsbl 192.0.2.7 weighs 0 [0..2]" },
	};
	return promises_keep(&rule_dnsbl, promises, sizeof promises / sizeof *promises);
}
