/* sender_bogus_mx.c - test of src/rules/sender_bogus_mx.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_sender_bogus_mx;

#define GOOD "192.31.196.1"		/* public, but no mail server's: RFC 7535, as is 2001:4:112::1 */
#define MX(mx, hosts) .sender = "b@example.net", .dns = "MX example.net = " mx "\n" hosts
#define HOST(name, a, aaaa) "A " name " = " a "\nAAAA " name " = " aaaa "\n"
#define ONE(a, aaaa) MX("10 mx.example.net", HOST("mx.example.net", a, aaaa))
#define TWO(a, b) MX("10 a.example.net, 20 b.example.net", HOST("a.example.net", a, "NODATA") \
    HOST("b.example.net", b, "NODATA"))
#define NO_MX(a, aaaa) MX("NODATA", HOST("example.net", a, aaaa))
#define MEND "; mend its DNS records"
#define OBJECT "OBJECT sender_bogus_mx 5.7.1 no mail can reach example.net: "
#define IS(kind, address) OBJECT "its MX mx.example.net has the " kind " address " address MEND
#define UNSURE(name) "CANNOT TELL sender_bogus_mx 4.4.3 cannot look up " name " now"
#define ONLY(classes) .options = { { "sender_bogus_mx_classes", classes } }

#define TEN_MX "5 e.example, 2 b.example, 3 c.example, 4 d.example, 1 a.example, 6 f.example, 7 g.example, " \
    "8 h.example, 9 i.example, 10 j.example"
#define TEN_HOSTS(last) HOST("a.example", "127.0.0.1", "NODATA") HOST("b.example", "127.0.0.2", "NODATA") \
    HOST("c.example", "127.0.0.3", "NODATA") HOST("d.example", "127.0.0.4", "NODATA") \
    HOST("e.example", "127.0.0.5", "NODATA") HOST("f.example", "127.0.0.6", "NODATA") \
    HOST("g.example", "127.0.0.7", "NODATA") HOST("h.example", "127.0.0.8", "NODATA") \
    HOST("i.example", "127.0.0.9", "NODATA") HOST("j.example", last, "NODATA")

static const struct promise promises[] = {
	{ "an MX on the internet is good", { ONE(GOOD, "NODATA") }, "DUNNO" },
	{ "by IPv6, too", { ONE("NODATA", "2001:4:112::1") }, "DUNNO" },
	{ "one good address is enough", { ONE("127.0.0.1, " GOOD, "::1") }, "DUNNO" },
	{ "one good MX is enough", { TWO("127.0.0.1", GOOD) }, "DUNNO" },

	{ "loopback is refused", { ONE("127.0.0.1", "NODATA") }, IS("loopback", "127.0.0.1") },
	{ "by IPv6, too", { ONE("NODATA", "::1") }, IS("loopback", "::1") },
	{ "in IPv6 clothes, too", { ONE("NODATA", "::ffff:127.0.0.1") }, IS("loopback", "127.0.0.1") },
	{ "private addresses are refused", { ONE("192.168.0.1, 10.0.0.1", "fd00::1") }, IS("private", "192.168.0.1") },
	{ "unspecified ones are refused", { ONE("0.0.0.0", "::") }, IS("unspecified", "0.0.0.0") },
	{ "multicast is refused", { ONE("NODATA", "ff02::1") }, IS("multicast", "ff02::1") },
	{ "documentation is refused", { ONE("192.0.2.7", "2001:db8::1") }, IS("documentation", "192.0.2.7") },
	{ "reserved addresses are refused", { ONE("255.255.255.255", "NODATA") }, IS("reserved", "255.255.255.255") },
	{ "an address in place of the name is refused, unasked", { MX("10 192.31.196.1", "") },
	  OBJECT "its MX 192.31.196.1 is an address, not a host name" MEND },
	{ "in brackets, too", { MX("10 [192.31.196.1]", "") }, OBJECT "its MX [192.31.196.1] is an address, not a host name" MEND },
	{ "by IPv6, too", { MX("10 2001:4:112::1", "") }, OBJECT "its MX 2001:4:112::1 is an address, not a host name" MEND },
	{ "a name without address is refused", { ONE("NODATA", "NODATA") }, OBJECT "its MX mx.example.net has no address" MEND },
	{ "a name that does not exist, too", { ONE("NXDOMAIN", "NXDOMAIN") },
	  OBJECT "its MX mx.example.net has no address" MEND },
	{ "of several the most preferred is named",
	  { MX("20 b.example, 10 a.example", HOST("a.example", "10.0.0.1", "NODATA") HOST("b.example", "NODATA", "NODATA")) },
	  OBJECT "its MX a.example has the private address 10.0.0.1" MEND },

	{ "without MX the domain's address counts: good", { NO_MX(GOOD, "NODATA") }, "DUNNO" },
	{ "and bogus", { NO_MX("127.0.0.1", "NODATA") }, OBJECT "it has no MX, and the loopback address 127.0.0.1" MEND },
	{ "neither MX nor address is another rule's matter", { NO_MX("NODATA", "NODATA") }, "DUNNO" },
	{ "with an MX the domain's own address does not count", { TWO("127.0.0.1", "NODATA") },
	  OBJECT "its MX a.example.net has the loopback address 127.0.0.1" MEND },
	{ "the null MX is another rule's matter", { MX("0 .", "") }, "DUNNO" },
	{ "beside other MX it is none", { MX("0 ., 10 mx.example.net", HOST("mx.example.net", "127.0.0.1", "NODATA")) },
	  IS("loopback", "127.0.0.1") },

	{ "it waits for the last address", { ONE("127.0.0.1", "OPEN") }, "PENDING" },
	{ "an MX that cannot be looked up is not bogus", { MX("SERVFAIL", "") }, UNSURE("example.net") },
	{ "nor is one whose addresses cannot", { ONE("SERVFAIL", "SERVFAIL") }, UNSURE("mx.example.net") },
	{ "nor one half of which cannot", { ONE("127.0.0.1", "SERVFAIL") }, UNSURE("mx.example.net") },
	{ "a failure beside a bogus MX may be a good one", { TWO("127.0.0.1", "SERVFAIL") }, UNSURE("b.example.net") },
	{ "a failure beside a good MX does not matter", { TWO("SERVFAIL", GOOD) }, "DUNNO" },
	{ "without MX, an address that cannot be looked up is not bogus", { NO_MX("NODATA", "SERVFAIL") },
	  UNSURE("example.net") },

	{ "ten MX are looked at", { MX(TEN_MX, TEN_HOSTS("127.0.0.10")) },
	  OBJECT "its MX a.example has the loopback address 127.0.0.1" MEND },
	{ "to the last", { MX(TEN_MX, TEN_HOSTS(GOOD)) }, "DUNNO" },
	{ "an eleventh is not asked for, and may be a good one", { MX("11 k.example, " TEN_MX, TEN_HOSTS("127.0.0.10")) },
	  "CANNOT TELL sender_bogus_mx 4.4.3 example.net has more than 10 MX, too many to look at" },
	{ "of equals the first ten are looked at",
	  { MX(TEN_MX ", 10 k.example", TEN_HOSTS(GOOD)) }, "DUNNO" },

	{ "a class that is not set is good", { ONE("192.0.2.7", "NODATA"), ONLY("loopback private") }, "DUNNO" },
	{ "while the others are not", { ONE("10.0.0.1", "NODATA"), ONLY("loopback, private") }, IS("private", "10.0.0.1") },
	{ "without literal, it is the literal's address that counts: good", { MX("10 192.31.196.1", ""), ONLY("loopback") },
	  "DUNNO" },
	{ "and bogus", { MX("10 [127.0.0.1]", ""), ONLY("loopback") },
	  OBJECT "its MX [127.0.0.1] has the loopback address 127.0.0.1" MEND },
	{ "without unresolvable, a name without address is good", { ONE("NODATA", "NODATA"), ONLY("loopback") }, "DUNNO" },
	{ "without any class nothing is bogus", { ONE("127.0.0.1", "NODATA"), ONLY("") }, "DUNNO" },

	{ "the domain is asked for in normal form",
	  { .sender = "b@M\xc3\xbcller.Example", .dns = "MX xn--mller-kva.example = 10 mx.example.net\n"
	    HOST("mx.example.net", "127.0.0.1", "NODATA") },
	  "OBJECT sender_bogus_mx 5.7.1 no mail can reach xn--mller-kva.example: its MX mx.example.net has the loopback "
	  "address 127.0.0.1" MEND },
	{ "the null sender is let alone", { .sender = "" }, "DUNNO" },
	{ "a sender without a domain is let alone", { .sender = "b" }, "DUNNO" },
	{ "a literal is let alone", { .sender = "b@[127.0.0.1]" }, "DUNNO" },
};

int
main(void)
{
	return promises_keep(&rule_sender_bogus_mx, promises, sizeof promises / sizeof *promises);
}
