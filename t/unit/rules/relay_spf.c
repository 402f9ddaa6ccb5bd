/* relay_spf.c - test of src/rules/relay_spf.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_relay_spf;

#define RELAY .hook = HOOK_SUBMISSION, .login = "shop@example.net", .relay = KNOWN_YES, .relay_past = &never
#define OUR .options = { { "outbound_addresses", "203.0.113.25 2001:db8::25" } }
#define INCLUDE .options = { { "relay_include", "_spf.example.org" } }
#define BOTH .options = { { "relay_include", "_spf.example.org" }, { "outbound_addresses", "203.0.113.25" } }
#define SAYS(v4, v6) .would = { { .result = SPF_ ## v4 }, { .result = SPF_ ## v6 } }
#define TELLS "5.7.1 the SPF record of example.net must allow our servers; add "

int
main(void)
{
	const struct relay_past never = { 0 }, lately = { JUDGE_NOW_S - 14 * 86400 + 1, JUDGE_NOW_S - 3599 },
	    long_ago = { JUDGE_NOW_S - 14 * 86400, JUDGE_NOW_S - 3600 }, ahead = { JUDGE_NOW_S + 9000, JUDGE_NOW_S + 9000 };
	const struct promise promises[] = {
		{ "without a login it has nothing to say", { .sender = "bob@example.net", OUR }, "DUNNO" },
		{ "nor where nothing of ours is named", { RELAY, SAYS(FAIL, FAIL) }, "DUNNO" },
		{ "a record that allows all of our addresses is good", { RELAY, OUR, SAYS(PASS, PASS) }, "DUNNO" },
		{ "one that does not is first only warned of", { RELAY, OUR, SAYS(PASS, SOFTFAIL) },
		  "OBJECT relay_spf_soon " TELLS "ip6:2001:db8::25 to it (now: softfail); relay softfail" },
		{ "and so is none at all", { RELAY, OUR, SAYS(NONE, NONE) },
		  "OBJECT relay_spf_soon " TELLS "ip4:203.0.113.25 ip6:2001:db8::25 to it (now: none); relay none" },
		{ "of many that are missing the first three are named", { RELAY, SAYS(FAIL, PASS),
		  .options = { { "outbound_addresses", "203.0.113.25 2001:db8::25 203.0.113.26 203.0.113.27 203.0.113.28" } } },
		  "OBJECT relay_spf_soon " TELLS "ip4:203.0.113.25 ip4:203.0.113.26 ip4:203.0.113.27 to it (now: fail); relay fail" },
		{ "and no address by half", { RELAY, SAYS(PASS, FAIL), .options = { { "outbound_addresses",
		  "2001:db8:1111:2222:3333:4444:5555:6661 2001:db8:1111:2222:3333:4444:5555:6662 2001:db8:1111:2222:3333:4444:5555:6663" } } },
		  "OBJECT relay_spf_soon " TELLS "ip6:2001:db8:1111:2222:3333:4444:5555:6661 ip6:2001:db8:1111:2222:3333:4444:5555:6662"
		  " to it (now: fail); relay fail" },
		{ "as long as relay_grace runs, remembered once an hour",
		  { .hook = HOOK_SUBMISSION, .login = "shop@example.net", .relay = KNOWN_YES, .relay_past = &lately, OUR, SAYS(FAIL, PASS) },
		  "OBJECT relay_spf_soon " TELLS "ip4:203.0.113.25 to it (now: fail)" },
		{ "then it is refused",
		  { .hook = HOOK_SUBMISSION, .login = "shop@example.net", .relay = KNOWN_YES, .relay_past = &long_ago, OUR, SAYS(FAIL, PASS) },
		  "OBJECT relay_spf " TELLS "ip4:203.0.113.25 to it (now: fail); relay fail" },
		{ "what a clock that was ahead wrote is written anew",
		  { .hook = HOOK_SUBMISSION, .login = "shop@example.net", .relay = KNOWN_YES, .relay_past = &ahead, OUR, SAYS(FAIL, PASS) },
		  "OBJECT relay_spf_soon " TELLS "ip4:203.0.113.25 to it (now: fail); relay fail" },
		{ "or at once, if there is no grace", { RELAY, SAYS(NEUTRAL, PASS),
		  .options = { { "outbound_addresses", "203.0.113.25" }, { "relay_grace", "0s" } } },
		  "OBJECT relay_spf " TELLS "ip4:203.0.113.25 to it (now: neutral); relay neutral" },
		{ "a record that has been mended is remembered as good",
		  { .hook = HOOK_SUBMISSION, .login = "shop@example.net", .relay = KNOWN_YES, .relay_past = &long_ago, OUR, SAYS(PASS, PASS) },
		  "DUNNO; relay good" },
		{ "an include is enough", { RELAY, BOTH, .spf_names = KNOWN_YES, SAYS(FAIL, FAIL) }, "DUNNO" },
		{ "so is a record without it that allows us", { RELAY, BOTH, .spf_names = KNOWN_NO, SAYS(PASS, PASS) }, "DUNNO" },
		{ "the reply names the include", { RELAY, BOTH, .spf_names = KNOWN_NO, SAYS(FAIL, FAIL) },
		  "OBJECT relay_spf_soon " TELLS "include:_spf.example.org to it (now: fail); relay fail" },
		{ "the include alone can be asked for", { RELAY, INCLUDE, .spf_names = KNOWN_NO },
		  "OBJECT relay_spf_soon " TELLS "include:_spf.example.org to it (now: no such include); relay no such include" },
		{ "it waits for SPF", { RELAY, OUR, .would = { { .waiting = true }, { .result = SPF_PASS } } }, "PENDING" },
		{ "what SPF cannot tell is no no", { RELAY, OUR, SAYS(TEMPERROR, PASS) },
		  "CANNOT TELL relay_spf 4.4.3 cannot look up now what SPF says of example.net" },
		{ "nor what it is unsure of", { RELAY, OUR, .would = { { .result = SPF_FAIL, .unsure = true }, { .result = SPF_PASS } } },
		  "CANNOT TELL relay_spf 4.4.3 cannot look up now what SPF says of example.net" },
		{ "but one address that is not allowed is enough", { RELAY, OUR, SAYS(TEMPERROR, FAIL) },
		  "OBJECT relay_spf_soon " TELLS "ip6:2001:db8::25 to it (now: fail); relay fail" },
		{ "a record that is open to doubt is no no", { RELAY, BOTH, .spf_names = KNOWN_CANNOT_TELL, SAYS(FAIL, FAIL) },
		  "CANNOT TELL relay_spf 4.4.3 cannot look up now what SPF says of example.net" },
		{ "nor is a store that cannot tell since when",
		  { .hook = HOOK_SUBMISSION, .login = "shop@example.net", .relay = KNOWN_YES, OUR, SAYS(FAIL, FAIL) },
		  "CANNOT TELL relay_spf 4.3.0 cannot tell now how long SPF of example.net has not named us" },
		{ "who is no relay is let alone",
		  { .hook = HOOK_SUBMISSION, .login = "ann@example.net", .relay = KNOWN_NO, OUR, SAYS(FAIL, FAIL) }, "DUNNO" },
		{ "unless all are",
		  { .hook = HOOK_SUBMISSION, .login = "ann@example.net", .relay_past = &never, SAYS(FAIL, FAIL),
		  .options = { { "outbound_addresses", "203.0.113.25" }, { "relay_logins", "all" } } },
		  "OBJECT relay_spf_soon " TELLS "ip4:203.0.113.25 to it (now: fail); relay fail" },
		{ "it waits for the site's database", { .hook = HOOK_SUBMISSION, .login = "a@example.net", .relay_open = true, OUR }, "PENDING" },
		{ "which may not tell",
		  { .hook = HOOK_SUBMISSION, .login = "ann@example.net", .relay = KNOWN_CANNOT_TELL, OUR },
		  "CANNOT TELL relay_spf 4.3.0 cannot look up now whether ann@example.net is a relay" },
		{ "of a login without a domain nobody can tell",
		  { .hook = HOOK_SUBMISSION, .login = "ann", .relay = KNOWN_YES, .relay_past = &never, OUR },
		  "CANNOT TELL relay_spf 4.7.1 cannot tell which domain is that of the login ann" },
	};
	return promises_keep(&rule_relay_spf, promises, sizeof promises / sizeof *promises);
}
