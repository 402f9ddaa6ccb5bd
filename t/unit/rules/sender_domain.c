/* sender_domain.c - test of src/rules/sender_domain.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_sender_domain;

#define DNS(mx, a, aaaa) .sender = "b@example.net", \
    .dns = "MX example.net = " mx "\nA example.net = " a "\nAAAA example.net = " aaaa
#define STRICT(mx) .sender = "b@example.net", .dns = "MX example.net = " mx, \
    .options = { { "sender_mx", "required" } }
#define ANSWERED "use an address that can be answered"
#define NULL_MX "OBJECT sender_null_mx 5.7.27 example.net takes no mail, so none can come from it; " ANSWERED
#define NO_MX "OBJECT sender_no_mx 5.7.1 example.net has no MX, A or AAAA record; give it one, or " ANSWERED
#define UNSURE "CANNOT TELL sender_no_mx 4.4.3 cannot look up example.net now"

int
main(void)
{
	const struct promise promises[] = {
		{ "an MX is enough", { DNS("10 mx.example.net", "NODATA", "NODATA") }, "DUNNO" },
		{ "it waits for the last answer", { DNS("10 mx.example.net", "OPEN", "NODATA") }, "PENDING" },
		{ "an address is an implicit MX", { DNS("NODATA", "192.0.2.7", "NODATA") }, "DUNNO" },
		{ "so is an IPv6 address", { DNS("NODATA", "NODATA", "2001:db8::1") }, "DUNNO" },
		{ "a null MX is refused", { DNS("0 .", "192.0.2.7", "NODATA") }, NULL_MX },
		{ "a null MX needs no preference of 0", { DNS("10 .", "NODATA", "NODATA") }, NULL_MX },
		{ "beside another MX it is none", { DNS("0 ., 10 mx.example.net", "NODATA", "NODATA") }, "DUNNO" },
		{ "a domain that does not exist is refused", { DNS("NXDOMAIN", "NXDOMAIN", "NXDOMAIN") }, NO_MX },
		{ "a domain without these records is refused", { DNS("NODATA", "NODATA", "NODATA") }, NO_MX },
		{ "no answer is not a no", { DNS("SERVFAIL", "NODATA", "NODATA") }, UNSURE },
		{ "no answer for an address is not a no", { DNS("NODATA", "NODATA", "SERVFAIL") }, UNSURE },
		{ "one yes is enough when the rest fails", { DNS("SERVFAIL", "192.0.2.7", "SERVFAIL") }, "DUNNO" },
		{ "an MX is enough when sender_mx = required", { STRICT("10 mx.example.net") }, "DUNNO" },
		{ "an address is not asked for then", { STRICT("NODATA") },
		  "OBJECT sender_no_mx 5.7.1 example.net has no MX record; give it one, or " ANSWERED },
		{ "a null MX is refused then too", { STRICT("0 .") }, NULL_MX },
		{ "no answer is not a no then either", { STRICT("SERVFAIL") }, UNSURE },
		{ "the domain is asked for in normal form",
		  { .sender = "b@M\xc3\xbcller.Example.", .dns = "MX xn--mller-kva.example = 10 mx.example.net\n"
		    "A xn--mller-kva.example = NODATA\nAAAA xn--mller-kva.example = NODATA" }, "DUNNO" },
		{ "the domain stands behind the last @",
		  { .sender = "b@example.org@example.net", .dns = "MX example.net = 10 mx.example.net\n"
		    "A example.net = NODATA\nAAAA example.net = NODATA" }, "DUNNO" },
		{ "the null sender is let alone", { .sender = "" }, "DUNNO" },
		{ "a sender without a domain is let alone", { .sender = "b" }, "DUNNO" },
		{ "a literal is let alone", { .sender = "b@[192.0.2.7]" }, "DUNNO" },
	};
	return promises_keep(&rule_sender_domain, promises, sizeof promises / sizeof *promises);
}
