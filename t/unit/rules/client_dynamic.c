/* client_dynamic.c - test of src/rules/client_dynamic.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_client_dynamic;

#define CONFIRMED(n) .name = { NAME_CONFIRMED, n, false }
#define MISMATCH(n) .name = { NAME_MISMATCH, n, false }
#define FAILED(n) .name = { NAME_CANNOT_TELL, n, false }
#define NO_PTR FAILED(REVERSE ".in-addr.arpa")
#define ESP "mail-192-0-2-7.esp.example"
#define LINE "p123.dsl.isp.example"
#define MX "mx.example.net"
#define REVERSE "7.2.0.192"
#define NIBBLES "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
#define LISTS(sites) .options = { { "dnsbl_dynamic", sites } }
#define ONE LISTS("bl.example=127.0.0.[10..11]")
#define A(list, answer) "A " REVERSE "." list " = " answer "\n"
#define NAMED(address, name, sign) "OBJECT client_dynamic 5.7.1 " address " looks dynamic by its name " name " (" sign \
    " in it): use your provider's smart host, or get a proper reverse DNS name"
#define LISTED(by) "OBJECT client_dynamic 5.7.1 192.0.2.7 is listed by " by " as a dynamic address: use your " \
    "provider's smart host"
#define UNSURE(what) "CANNOT TELL client_dynamic 4.7.1 cannot look up " what " now"
#define NO_NAME UNSURE("the name of 192.0.2.7")
#define TEN "abcdefghi."

int
main(void)
{
	const struct promise promises[] = {
		/* the name */
		{ "it waits for the name", { .name = { .status = NAME_OPEN } }, "PENDING" },
		{ "a server's name passes", { CONFIRMED(MX) }, "DUNNO" },
		{ "a name with the address in it is refused", { CONFIRMED("192-0-2-7.isp.example") },
		  NAMED("192.0.2.7", "192-0-2-7.isp.example", "the address") },
		{ "IPv6 too", { .client = "2001:db8::7", CONFIRMED("2001-db8--7.isp.example") },
		  NAMED("2001:db8::7", "2001-db8--7.isp.example", "the address") },
		{ "a word that dial-up lines have is refused", { CONFIRMED(LINE) }, NAMED("192.0.2.7", LINE, "*dsl") },
		{ "a name that does not lead back is looked at, too", { MISMATCH(LINE) },
		  NAMED("192.0.2.7", LINE, "*dsl") },
		{ "a word that servers have outweighs the address", { CONFIRMED(ESP) }, "DUNNO" },
		{ "and any other word", { CONFIRMED("p123-static.dsl.isp.example") }, "DUNNO" },
		{ "the words can be others", { .options = { { "dynamic_names", "zone" } },
		  CONFIRMED("p123.zone.isp.example") }, NAMED("192.0.2.7", "p123.zone.isp.example", "zone") },
		{ "the words for servers, too", { .options = { { "static_names", "dsl" } },
		  CONFIRMED("192-0-2-7.dsl.isp.example") }, "DUNNO" },
		{ "without words for servers every name is looked at", { .options = { { "static_names", "" } },
		  CONFIRMED(ESP) },
		  NAMED("192.0.2.7", ESP, "the address") },
		{ "a long name is cut", { CONFIRMED("dsl123." TEN TEN TEN TEN TEN TEN TEN TEN TEN "example") },
		  NAMED("192.0.2.7", "dsl123." TEN TEN TEN TEN TEN TEN TEN "abc", "*dsl") },
		{ "no name is another rule's matter", { .name = { .status = NAME_NONE } }, "DUNNO" },
		{ "one that is not fully qualified as well", { MISMATCH("dsl-192-0-2-7") }, "DUNNO" },

		/* lists */
		{ "who is not listed passes", { CONFIRMED(MX), ONE, .dns = A("bl.example", "NXDOMAIN") },
		  "DUNNO" },
		{ "who is listed is told where", { CONFIRMED(MX), ONE, .dns = A("bl.example", "127.0.0.10") },
		  LISTED("bl.example") },
		{ "other codes of the list mean other things", { CONFIRMED(MX), ONE,
		  .dns = A("bl.example", "127.0.0.2") }, "DUNNO" },
		{ "one code of several is enough", { CONFIRMED(MX), ONE,
		  .dns = A("bl.example", "127.0.0.2, 127.0.0.11") }, LISTED("bl.example") },
		{ "one list of several is enough", { CONFIRMED(MX), LISTS("a.example b.example"),
		  .dns = A("a.example", "NODATA") A("b.example", "127.0.0.2") }, LISTED("b.example") },
		{ "the first that lists is named", { CONFIRMED(MX), LISTS("a.example b.example"),
		  .dns = A("a.example", "127.0.0.2") A("b.example", "127.0.0.2") }, LISTED("a.example") },
		{ "the name is told before the list", { CONFIRMED(LINE), ONE, .dns = A("bl.example", "127.0.0.10") },
		  NAMED("192.0.2.7", LINE, "*dsl") },
		{ "a name that speaks for the client does not outweigh a list", { CONFIRMED(ESP), ONE,
		  .dns = A("bl.example", "127.0.0.10") }, LISTED("bl.example") },
		{ "without a name lists are asked all the same", { .name = { .status = NAME_NONE }, ONE,
		  .dns = A("bl.example", "127.0.0.10") }, LISTED("bl.example") },
		{ "IPv6 is asked by nibbles", { .client = "2001:db8::7", CONFIRMED(MX), ONE,
		  .dns = "A " NIBBLES ".bl.example = NXDOMAIN" }, "DUNNO" },
		{ "it waits for every list", { CONFIRMED(LINE), LISTS("a.example b.example"),
		  .dns = A("a.example", "127.0.0.2") A("b.example", "OPEN") }, "PENDING" },

		/* what cannot be looked up */
		{ "a PTR that cannot be looked up tells nothing",
		  { NO_PTR }, NO_NAME },
		{ "a list may tell it then", { NO_PTR, ONE,
		  .dns = A("bl.example", "127.0.0.10") }, LISTED("bl.example") },
		{ "a list that does not know it tells nothing", { NO_PTR,
		  ONE, .dns = A("bl.example", "NXDOMAIN") }, NO_NAME },
		{ "a name that may not be the one that counts refuses nobody", { FAILED(LINE) },
		  NO_NAME },
		{ "nor one that leads back, if one before it may", { .name = { NAME_CONFIRMED, LINE, true } },
		  NO_NAME },
		{ "but a server's name passes", { FAILED(MX) }, "DUNNO" },
		{ "a list that fails tells nothing", { CONFIRMED(MX), ONE, .dns = A("bl.example", "SERVFAIL") },
		  UNSURE("192.0.2.7 at bl.example") },
		{ "a list that says it fails does, whatever the filter", { CONFIRMED(MX), LISTS("bl.example"),
		  .dns = A("bl.example", "127.255.255.254") }, UNSURE("192.0.2.7 at bl.example") },
		{ "also if it lists beside", { CONFIRMED(MX), LISTS("bl.example"),
		  .dns = A("bl.example", "127.0.0.10, 127.255.255.254") }, UNSURE("192.0.2.7 at bl.example") },
		{ "another list is enough", { CONFIRMED(MX), LISTS("a.example b.example"),
		  .dns = A("a.example", "SERVFAIL") A("b.example", "127.0.0.2") }, LISTED("b.example") },
		{ "the name is enough", { CONFIRMED(LINE), ONE, .dns = A("bl.example", "SERVFAIL") },
		  NAMED("192.0.2.7", LINE, "*dsl") },

		/* whom it leaves alone */
		{ "a private address is let alone", { .client = "10.0.0.7", CONFIRMED("10-0-0-7.isp.example"), ONE },
		  "DUNNO" },
		{ "a client without an address too", { .client = "unknown", ONE }, "DUNNO" },
	};
	return promises_keep(&rule_client_dynamic, promises, sizeof promises / sizeof *promises);
}
