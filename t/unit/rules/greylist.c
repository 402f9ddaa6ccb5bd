/* greylist.c - test of src/rules/greylist.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_greylist;

#define FROM .sender = "b@example.net", .recipient = "ann@example.org"
#define ODD FROM, .suspicious = true
#define ALWAYS FROM, .options = { { "greylist_when", "always" } }
#define SPF(...) .spf[SPF_MAIL_FROM] = { __VA_ARGS__ }
#define NAME(what, text) .name = { .status = what, .name = text }
#define NOBODY NAME(NAME_NONE, NULL)
#define NEW .past = { .known = true, .next_gen = 1 }
#define WAITS(ago_s) .past = { .known = true, .waits = true, .client = "192.0.2.0/24", .gen = 1, .first_s = JUDGE_NOW_S - (ago_s), .next_gen = 2 }
#define PROVEN(ago_s) .past = { .known = true, .proven = true, .client = "192.0.2.0/24", .gen = 1, .last_s = JUDGE_NOW_S - (ago_s) }
#define CLIENT(passes, ago_s) .past = { .known = true, .next_gen = 1, .proven_client = "192.0.2.0/24", .client_passes = passes, \
    .client_last_s = JUDGE_NOW_S - (ago_s) }
#define DELAYED(s) "OBJECT greylist 4.2.0 greylisted, please try again in " s " seconds: no mail of this sender to this recipient " \
    "has come from your network before"
#define TO " <b@example.net> <ann@example.org>"
#define TRIED DELAYED("300") "; tried "
#define HEADER(s) "DUNNO, PREPEND X-Greylist: delayed " s " seconds by policyd at mx.example.org; Mon, 02 Nov 2026 09:30:00 +0000"
#define PASSED(s) HEADER(s) "; passed counts 192.0.2.0/24" TO

int
main(void)
{
	const struct promise promises[] = {
		{ "mail that looks good is not delayed, and nothing is asked", { FROM, SPF(.waiting = true), NAME(NAME_OPEN, NULL), NEW },
		  "DUNNO" },
		{ "what looks odd and is new is delayed", { ODD, NOBODY, NEW }, TRIED "192.0.2.0/24" TO },
		{ "it waits for SPF", { ODD, SPF(.waiting = true), NOBODY, NEW }, "PENDING" },
		{ "and for the client's name", { ODD, NAME(NAME_OPEN, NULL), NEW }, "PENDING" },
		{ "always: whatever is new is delayed", { ALWAYS, NOBODY, NEW }, TRIED "192.0.2.0/24" TO },
		{ "no delay is none", { ODD, NOBODY, NEW, .options = { { "greylist_delay", "0s" } } }, "DUNNO" },
		{ "another try waits for the rest", { ODD, NOBODY, WAITS(120) }, DELAYED("180") },
		{ "a second before the delay, too", { ODD, NOBODY, WAITS(299) }, DELAYED("1") },
		{ "a retry at exactly the delay passes", { ODD, NOBODY, WAITS(300) }, PASSED("300") },
		{ "a later one, too", { ODD, NOBODY, WAITS(172800) }, PASSED("172800") },
		{ "the delay may be set", { ODD, NOBODY, WAITS(300), .options = { { "greylist_delay", "6m" } } }, DELAYED("60") },
		{ "the header may be left out", { ODD, NOBODY, WAITS(300), .options = { { "greylist_header", "no" } } },
		  "DUNNO; passed counts 192.0.2.0/24" TO },
		{ "clients are not counted if nobody asks for it", { ODD, NOBODY, WAITS(300), .options = { { "greylist_auto_pass", "0" } } },
		  HEADER("300") "; passed 192.0.2.0/24" TO },
		{ "where it only logs, nobody was delayed", { ODD, NOBODY, WAITS(300), .refuses_nothing = true },
		  "DUNNO; passed counts 192.0.2.0/24" TO },
		{ "but remembers who tried", { ODD, NOBODY, NEW, .refuses_nothing = true }, TRIED "192.0.2.0/24" TO },
		{ "what came through passes", { ODD, NOBODY, PROVEN(3600) }, "DUNNO" },
		{ "and is remembered anew once a day", { ODD, NOBODY, PROVEN(86400) }, "DUNNO; seen 192.0.2.0/24" TO },
		{ "a client of which five came through passes", { ODD, NOBODY, CLIENT(5, 3600) }, "DUNNO" },
		{ "he, too, is remembered anew once a day", { ODD, NOBODY, CLIENT(7, 86400) }, "DUNNO; seen 192.0.2.0/24" TO },
		{ "of which four did, does not", { ODD, NOBODY, CLIENT(4, 3600) }, TRIED "192.0.2.0/24" TO },
		{ "how many may be set", { ODD, NOBODY, CLIENT(5, 3600), .options = { { "greylist_auto_pass", "6" } } },
		  TRIED "192.0.2.0/24" TO },
		{ "none are enough if that is off", { ODD, NOBODY, CLIENT(500, 3600), .options = { { "greylist_auto_pass", "0" } } },
		  TRIED "192.0.2.0/24" TO },
		{ "what may be forgotten delays nobody", { ODD, NOBODY },
		  "CANNOT TELL greylist 4.3.0 cannot tell now whether such mail came before" },
		{ "the domain whose SPF names the client goes first", { ODD, SPF(.result = SPF_PASS, .bits = 32), NOBODY, NEW },
		  TRIED "example.net, 192.0.2.0/24" TO },
		{ "if it does name it", { ODD, SPF(.result = SPF_SOFTFAIL, .bits = 32), NOBODY, NEW }, TRIED "192.0.2.0/24" TO },
		{ "and not everybody", { ODD, SPF(.result = SPF_PASS, .bits = 0), NOBODY, NEW }, TRIED "192.0.2.0/24" TO },
		{ "or a network that is no sender's", { ODD, SPF(.result = SPF_PASS, .bits = 7), NOBODY, NEW }, TRIED "192.0.2.0/24" TO },
		{ "a provider's is smaller", { ODD, SPF(.result = SPF_PASS, .bits = 8), NOBODY, NEW }, TRIED "example.net, 192.0.2.0/24" TO },
		{ "of IPv6, too, none has less than 16 bits", { ODD, SPF(.result = SPF_PASS, .bits = 15), NOBODY, NEW, .client = "2001:db8::7" },
		  TRIED "2001:db8::/64" TO },
		{ "of those that have, the domain goes first", { ODD, SPF(.result = SPF_PASS, .bits = 16), NOBODY, NEW, .client = "2001:db8::7" },
		  TRIED "example.net, 2001:db8::/64" TO },
		{ "then the organisation of its name", { ODD, SPF(.result = SPF_PASS, .bits = 32), NAME(NAME_CONFIRMED, "mx1.out.example.com"), NEW },
		  TRIED "example.net, example.com, 192.0.2.0/24" TO },
		{ "which stands once if it is the same", { ODD, SPF(.result = SPF_PASS, .bits = 32), NAME(NAME_CONFIRMED, "mx1.example.net"), NEW },
		  TRIED "example.net, 192.0.2.0/24" TO },
		{ "a name that is not confirmed counts for nothing", { ODD, NAME(NAME_MISMATCH, "mx.example.com"), NEW }, TRIED "192.0.2.0/24" TO },
		{ "nor one that cannot be looked up", { ODD, NAME(NAME_CANNOT_TELL, "mx.example.com"), NEW }, TRIED "192.0.2.0/24" TO },
		{ "nor one that spells the address", { ODD, NAME(NAME_CONFIRMED, "dsl-192-0-2-7.example.com"), NEW }, TRIED "192.0.2.0/24" TO },
		{ "nor a public suffix", { ODD, NAME(NAME_CONFIRMED, "com"), NEW }, TRIED "192.0.2.0/24" TO },
		{ "of IPv6 the /64 is the client", { ODD, NOBODY, NEW, .client = "2001:db8:1:2:3::7" }, TRIED "2001:db8:1:2::/64" TO },
		{ "how many bits may be set", { ODD, NOBODY, NEW, .options = { { "greylist_ipv4", "32" } } }, TRIED "192.0.2.7/32" TO },
		{ "of IPv6, too", { ODD, NOBODY, NEW, .client = "2001:db8:1:2:3::7", .options = { { "greylist_ipv6", "48" } } },
		  TRIED "2001:db8:1::/48" TO },
		{ "a client without an address is what Postfix calls it", { ODD, NOBODY, NEW, .client = "unknown" }, TRIED "unknown" TO },
		{ "the null sender stays, and is known by its HELO name",
		  { .sender = "", .recipient = "ann@example.org", .helo = "mx.example.com", .suspicious = true, NOBODY, NEW,
		    .spf[SPF_HELO] = { .result = SPF_PASS, .bits = 32 } },
		  TRIED "mx.example.com, 192.0.2.0/24 <> <ann@example.org>" },
		{ "of the sender counts what lasts",
		  { .sender = "bounce-4711+ann=example.org@example.net", .recipient = "ann@example.org", .suspicious = true, NOBODY, NEW },
		  TRIED "192.0.2.0/24 <bounce-#@example.net> <ann@example.org>" },
		{ "it tells how it came about", { ODD, NOBODY, WAITS(120), .traced = true }, DELAYED("180") " {192.0.2.0/24 waits for 120 s}" },
	};
	return promises_keep(&rule_greylist, promises, sizeof promises / sizeof *promises);
}
