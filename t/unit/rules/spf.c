/* spf.c - test of src/rules/spf.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_spf;

#define SAYS(...) .sender = "b@example.net", .helo = "mx.example.com", \
    .spf[SPF_MAIL_FROM] = { __VA_ARGS__ }, .spf[SPF_HELO] = { .result = SPF_PERMERROR, .why = "of HELO, which is nothing here" }
#define GREETS(...) .sender = "", .helo = "mx.example.net", .spf[SPF_HELO] = { __VA_ARGS__ }
#define FAIL "OBJECT spf_fail 5.7.23 192.0.2.7 may not send mail as example.net (SPF fail by -all)"
#define FORWARDERS "; who forwards mail rewrites the sender (SRS)"
#define GREET "; greet with the public name of your server"
#define LATER "OBJECT spf_temperror 4.4.3 cannot look up the SPF records of example.net now"
#define LONG_NAME "a-department-of-ours.with-a-rather-long-name.example.net"
#define WIDE "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"

int
main(void)
{
	const struct promise promises[] = {
		{ "it waits for the answer", { SAYS(.waiting = true) }, "PENDING" },
		{ "whom the domain allows passes", { SAYS(.result = SPF_PASS, .mechanism = "mx") }, "DUNNO" },
		{ "whom it forbids is refused, and forwarders are told of SRS", { SAYS(.result = SPF_FAIL, .mechanism = "-all") },
		  FAIL FORWARDERS },
		{ "the domain's own words are told, too, as what they are",
		  { SAYS(.result = SPF_FAIL, .mechanism = "-all", .explanation = "see https://www.example.net/spf") },
		  FAIL FORWARDERS "; example.net explains: see https://www.example.net/spf" },
		{ "of which there are no more than a reply can hold",
		  { SAYS(.result = SPF_FAIL, .mechanism = "-all", .explanation = WIDE WIDE) },
		  FAIL FORWARDERS "; example.net explains: " WIDE "0123456789" },
		{ "and they are cut before our own are",
		  { SAYS(.result = SPF_FAIL, .mechanism = "-exists:" WIDE, .explanation = WIDE WIDE),
		    .client = "2001:db8:1111:2222:3333:4444:5555:6666" },
		  "OBJECT spf_fail 5.7.23 2001:db8:1111:2222:3333:4444:5555:6666 may not send mail as example.net "
		  "(SPF fail by -exists:01234567890123456789012345678901)" FORWARDERS "; example.net explains: "
		  "012345678901234567890123456789012345678901234567890123456789" },
		{ "or left out, if there is no room for some of them",
		  { .client = "2001:db8:1111:2222:3333:4444:5555:6666", .sender = "b@" LONG_NAME, .spf[SPF_MAIL_FROM] =
		    { .result = SPF_FAIL, .mechanism = "-exists:" WIDE, .explanation = WIDE WIDE } },
		  "OBJECT spf_fail 5.7.23 2001:db8:1111:2222:3333:4444:5555:6666 may not send mail as " LONG_NAME
		  " (SPF fail by -exists:01234567890123456789012345678901)" FORWARDERS },
		{ "nor of the mechanism", { SAYS(.result = SPF_FAIL, .mechanism = "-exists:" WIDE) },
		  "OBJECT spf_fail 5.7.23 192.0.2.7 may not send mail as example.net (SPF fail by -exists:"
		  "01234567890123456789012345678901)" FORWARDERS },
		{ "a softfail is told as one", { SAYS(.result = SPF_SOFTFAIL, .mechanism = "~all") },
		  "OBJECT spf_softfail 5.7.23 192.0.2.7 should not send mail as example.net (SPF softfail by ~all)" FORWARDERS },
		{ "neutral is told as that", { SAYS(.result = SPF_NEUTRAL, .mechanism = "?all") },
		  "OBJECT spf_neutral 5.7.23 example.net does not say whether 192.0.2.7 may send mail in its name (SPF neutral); "
		  "let its SPF record say so" },
		{ "also where no mechanism matched", { SAYS(.result = SPF_NEUTRAL) },
		  "OBJECT spf_neutral 5.7.23 example.net does not say whether 192.0.2.7 may send mail in its name (SPF neutral); "
		  "let its SPF record say so" },
		{ "no record is told as that", { SAYS(.result = SPF_NONE) },
		  "OBJECT spf_none 5.7.23 example.net has no SPF record; publish one that allows 192.0.2.7" },
		{ "a mistake in a record is told", { SAYS(.result = SPF_PERMERROR, .why = "foo: there is no such mechanism") },
		  "OBJECT spf_permerror 5.7.24 the SPF record of example.net is wrong: foo: there is no such mechanism; mend it" },
		{ "what cannot be looked up now has a code that passes", { SAYS(.result = SPF_TEMPERROR, .why = "no answer") }, LATER },
		{ "a fail that might be a pass is no fail", { SAYS(.result = SPF_FAIL, .mechanism = "-all", .unsure = true) }, LATER },
		{ "nor is a softfail that might be one", { SAYS(.result = SPF_SOFTFAIL, .mechanism = "~all", .unsure = true) }, LATER },
		{ "nor a mistake that might not be there", { SAYS(.result = SPF_PERMERROR, .why = "void", .unsure = true) }, LATER },
		{ "a pass stays one, whatever else could not be looked up", { SAYS(.result = SPF_PASS, .unsure = true) }, "DUNNO" },
		{ "the client is named, with IPv6 too",
		  { SAYS(.result = SPF_FAIL, .mechanism = "-all"), .client = "2001:db8::7" },
		  "OBJECT spf_fail 5.7.23 2001:db8::7 may not send mail as example.net (SPF fail by -all)" FORWARDERS },
		{ "the null sender is judged by the HELO name", { GREETS(.result = SPF_FAIL, .mechanism = "-all") },
		  "OBJECT spf_fail 5.7.23 192.0.2.7 may not greet as mx.example.net (SPF fail by -all)" GREET },
		{ "which may have words of its own", { GREETS(.result = SPF_FAIL, .mechanism = "-a", .explanation = "go away") },
		  "OBJECT spf_fail 5.7.23 192.0.2.7 may not greet as mx.example.net (SPF fail by -a)" GREET
		  "; mx.example.net explains: go away" },
		{ "a null sender whose HELO name allows the client passes", { GREETS(.result = SPF_PASS) }, "DUNNO" },
		{ "a HELO name that is none is asked nothing", { .sender = "", .helo = "[192.0.2.7]" }, "DUNNO" },
		{ "a sender without a domain is let alone", { .sender = "b" }, "DUNNO" },
		{ "a literal is let alone", { .sender = "b@[192.0.2.7]" }, "DUNNO" },
		{ "a pass tells how it came about",
		  { SAYS(.result = SPF_PASS, .mechanism = "mx", .terms = 2, .voids = 1, .trace = "example.net: \"v=spf1 a mx\""),
		    .traced = true },
		  "DUNNO {SPF pass of example.net by mx; terms 2 of 10, void look-ups 1 of 2; example.net: \"v=spf1 a mx\"}" },
		{ "so does a mistake", { SAYS(.result = SPF_PERMERROR, .why = "two records"), .traced = true },
		  "OBJECT spf_permerror 5.7.24 the SPF record of example.net is wrong: two records; mend it "
		  "{SPF permerror of example.net: two records}" },
		{ "where nobody was asked there is nothing to tell", { .sender = "b@[192.0.2.7]", .traced = true }, "DUNNO {}" },
	};
	return promises_keep(&rule_spf, promises, sizeof promises / sizeof *promises);
}
