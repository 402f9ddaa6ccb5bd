/* helo_unresolvable.c - test of src/rules/helo_unresolvable.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_helo_unresolvable;

#define DNS(a, aaaa, mx) .helo = "mx.example.net", \
    .dns = "A mx.example.net = " a "\nAAAA mx.example.net = " aaaa "\nMX mx.example.net = " mx
#define BAD "OBJECT helo_unresolvable 5.7.1 the HELO name mx.example.net has no A, AAAA or MX record; " \
    "greet with a name that is in the DNS"
#define UNSURE "CANNOT TELL helo_unresolvable 4.4.3 cannot look up the HELO name mx.example.net now"

int
main(void)
{
	const struct promise promises[] = {
		{ "an address is enough", { DNS("192.0.2.99", "NODATA", "NODATA") }, "DUNNO" },
		{ "an IPv6 address is enough", { DNS("NODATA", "2001:db8::1", "NODATA") }, "DUNNO" },
		{ "an MX is enough", { DNS("NODATA", "NODATA", "10 in.example.net") }, "DUNNO" },
		{ "it waits for the last answer", { DNS("192.0.2.99", "NODATA", "OPEN") }, "PENDING" },
		{ "a name that does not exist is refused", { DNS("NXDOMAIN", "NXDOMAIN", "NXDOMAIN") }, BAD },
		{ "a name without these records is refused", { DNS("NODATA", "NODATA", "NODATA") }, BAD },
		{ "a null MX is none", { DNS("NODATA", "NODATA", "0 .") }, BAD },
		{ "beside another it does no harm", { DNS("NODATA", "NODATA", "0 ., 10 in.example.net") }, "DUNNO" },
		{ "nor beside an address", { DNS("192.0.2.99", "NODATA", "0 .") }, "DUNNO" },
		{ "no answer for the address is not a no", { DNS("SERVFAIL", "NODATA", "NODATA") }, UNSURE },
		{ "nor is none for the IPv6 address", { DNS("NXDOMAIN", "SERVFAIL", "NXDOMAIN") }, UNSURE },
		{ "nor is none for the MX", { DNS("NODATA", "NODATA", "SERVFAIL") }, UNSURE },
		{ "nor is none beside a null MX", { DNS("SERVFAIL", "NODATA", "0 .") }, UNSURE },
		{ "one yes is enough when the rest fails", { DNS("SERVFAIL", "2001:db8::1", "SERVFAIL") }, "DUNNO" },
		{ "the name is asked for in normal form", { .helo = "M\xc3\xbcller.Example.",
		  .dns = "A xn--mller-kva.example = 192.0.2.99\nAAAA xn--mller-kva.example = NODATA\n"
		  "MX xn--mller-kva.example = NODATA" }, "DUNNO" },
		{ "a name that is not fully qualified is another rule's matter", { .helo = "localhost" }, "DUNNO" },
		{ "a number at its end makes it none", { .helo = "mx.example.7" }, "DUNNO" },
		{ "a literal is let alone", { .helo = "[192.0.2.7]" }, "DUNNO" },
		{ "a bare address is let alone", { .helo = "192.0.2.7" }, "DUNNO" },
		{ "what is no host name is another rule's matter", { .helo = "my_pc.example.net" }, "DUNNO" },
		{ "rubbish is another rule's matter", { .helo = "?" }, "DUNNO" },
		{ "a client that never greeted is another rule's, too", { .helo = "" }, "DUNNO" },
	};
	return promises_keep(&rule_helo_unresolvable, promises, sizeof promises / sizeof *promises);
}
