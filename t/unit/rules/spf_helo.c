/* spf_helo.c - test of src/rules/spf_helo.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_spf_helo;

#define GREET "; greet with the public name of your server"
#define SAYS(...) .sender = "b@example.com", .helo = "mx.example.net", .spf[SPF_HELO] = { __VA_ARGS__ }, \
    .spf[SPF_MAIL_FROM] = { .result = SPF_PERMERROR, .why = "of the sender, who is nothing here" }

int
main(void)
{
	const struct promise promises[] = {
		{ "it waits for the answer", { SAYS(.waiting = true) }, "PENDING" },
		{ "a HELO name that allows the client passes", { SAYS(.result = SPF_PASS) }, "DUNNO" },
		{ "one that forbids it is refused; SRS would not help", { SAYS(.result = SPF_FAIL, .mechanism = "-all") },
		  "OBJECT spf_helo_fail 5.7.23 192.0.2.7 may not greet as mx.example.net (SPF fail by -all)" GREET },
		{ "with the words of the domain", { SAYS(.result = SPF_FAIL, .mechanism = "-all", .explanation = "not ours") },
		  "OBJECT spf_helo_fail 5.7.23 192.0.2.7 may not greet as mx.example.net (SPF fail by -all)" GREET "; "
		  "mx.example.net explains: not ours" },
		{ "a softfail is told as one", { SAYS(.result = SPF_SOFTFAIL, .mechanism = "~a") },
		  "OBJECT spf_helo_softfail 5.7.23 192.0.2.7 should not greet as mx.example.net (SPF softfail by ~a)" GREET },
		{ "neutral is told as that", { SAYS(.result = SPF_NEUTRAL) },
		  "OBJECT spf_helo_neutral 5.7.23 mx.example.net does not say whether 192.0.2.7 may greet in its name (SPF neutral); "
		  "let its SPF record say so" },
		{ "no record is told as that", { SAYS(.result = SPF_NONE) },
		  "OBJECT spf_helo_none 5.7.23 mx.example.net has no SPF record; publish one that allows 192.0.2.7" },
		{ "a mistake in a record is told", { SAYS(.result = SPF_PERMERROR, .why = "two records") },
		  "OBJECT spf_helo_permerror 5.7.24 the SPF record of mx.example.net is wrong: two records; mend it" },
		{ "what cannot be looked up now has a code that passes", { SAYS(.result = SPF_TEMPERROR, .why = "no answer") },
		  "OBJECT spf_helo_temperror 4.4.3 cannot look up the SPF records of mx.example.net now" },
		{ "a fail that might be a pass is no fail", { SAYS(.result = SPF_FAIL, .unsure = true) },
		  "OBJECT spf_helo_temperror 4.4.3 cannot look up the SPF records of mx.example.net now" },
		{ "the null sender is for the rule spf",
		  { .sender = "", .helo = "mx.example.net", .spf[SPF_HELO] = { .result = SPF_FAIL, .mechanism = "-all" } }, "DUNNO" },
		{ "a literal is let alone", { .sender = "b@example.com", .helo = "[192.0.2.7]" }, "DUNNO" },
		{ "a client that does not greet is let alone", { .sender = "b@example.com" }, "DUNNO" },
		{ "it tells how it came about",
		  { SAYS(.result = SPF_PASS, .mechanism = "a", .terms = 1, .trace = "mx.example.net: \"v=spf1 a\""), .traced = true },
		  "DUNNO {SPF pass of mx.example.net by a; terms 1 of 10, void look-ups 0 of 2; mx.example.net: \"v=spf1 a\"}" },
	};
	return promises_keep(&rule_spf_helo, promises, sizeof promises / sizeof *promises);
}
