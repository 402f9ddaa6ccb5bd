/* sender_syntax.c - test of src/rules/sender_syntax.c and mailbox.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_sender_syntax;

#define TEN "abcdefghij"
#define L50 TEN TEN TEN TEN TEN
#define L30 TEN TEN TEN
#define L60 L50 TEN
#define L63 L60 "abc"
#define L2000 L50 L50 L50 L50 L50 L50 L50 L50 L50 L50 L50 L50 L50 L50 L50 L50 L50 L50 L50 L50 L50 L50 L50 L50 L50 \
    L50 L50 L50 L50 L50 L50 L50 L50 L50 L50 L50 L50 L50 L50 L50
#define D249 L63 "." L63 "." L63 "." L50 "abcdefg"		/* 63 + 1 + 63 + 1 + 63 + 1 + 57 */
#define STRICT .options = { { "sender_underscore", "no" }, { "sender_local_max", "64" } }
#define RIGHT(address) { .sender = address, STRICT }, "DUNNO"
#define FAULT(fault, address) "OBJECT sender_syntax 5.7.1 the sender's address " fault ": " address \
    "; use one that can be answered"
#define WRONG(address, fault) { .sender = address }, FAULT(fault, address)
#define WRONG_STRICT(address, fault) { .sender = address, STRICT }, FAULT(fault, address)
#define DOT "has a dot too many in its domain"
#define HYPHEN "has a hyphen at the start or end of a label in its domain"
#define LABEL "has a label of more than 63 octets in its domain"
#define CHARACTER "has a character in its domain that none may have"
#define CONTROL "has a control character in it"
#define LITERAL "has no IP address between its brackets"
#define IDN "has a domain that is no internationalised name (RFC 5890)"

static const struct promise promises[] = {
	{ "an address is right", RIGHT("bob@example.net") },
	{ "in upper case, too", RIGHT("BOB@EXAMPLE.NET") },
	{ "a top-level domain alone is a domain", RIGHT("bob@example") },
	{ "labels may begin with digits and have hyphens", RIGHT("bob@3com-9.4.a--b.example") },
	{ "an A-label is right", RIGHT("bob@xn--mller-kva.example") },
	{ "a U-label is right", RIGHT("bob@m\xc3\xbcller.example") },
	{ "in upper case, too, and decomposed", RIGHT("bob@MU\xcc\x88LLER.example") },
	{ "a domain may be all U-labels",
	  RIGHT("bob@\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80."
	  "\xd0\xb8\xd1\x81\xd0\xbf\xd1\x8b\xd1\x82\xd0\xb0\xd0\xbd\xd0\xb8\xd0\xb5") },
	{ "a label of 63 octets is right", RIGHT("bob@" L63 ".example") },
	{ "a local part of 64 octets is right", RIGHT(L63 "d@example.net") },
	{ "the null sender is let alone", { .sender = "" }, "DUNNO" },

	{ "what quotes may hold proves nothing: dots", RIGHT(".a..b.@example.net") },
	{ "an @", RIGHT("a@b@example.net") },
	{ "blanks and brackets", RIGHT("a (b) <c>, \"d\"@example.net") },
	{ "UTF-8", RIGHT("m\xc3\xbcller\xf0\x9f\x98\x80@example.net") },
	{ "an IPv4 literal is right", RIGHT("bob@[192.0.2.7]") },
	{ "an IPv6 literal is right", RIGHT("bob@[IPv6:2001:db8::1]") },

	{ "an address needs a domain", WRONG("bob", "has no domain") },
	{ "and something in it", WRONG("bob@", "has nothing behind the @") },
	{ "and a local part", WRONG("@example.net", "has nothing before the @") },
	{ "a control character is refused", WRONG("b\x01o@example.net", CONTROL) },
	{ "DEL is one", WRONG("bob\x7f@example.net", CONTROL) },
	{ "a tab is one", WRONG("b\tob@example.net", CONTROL) },
	{ "a byte that is not UTF-8 is refused", WRONG("b\xfc" "b@example.net", "is not UTF-8") },
	{ "a character cut short, too", WRONG("b\xc3@example.net", "is not UTF-8") },
	{ "an overlong one, too", WRONG("b\xc0\xaf@example.net", "is not UTF-8") },

	{ "an empty label is refused", WRONG("bob@a..example", DOT) },
	{ "at the start, too", WRONG("bob@.example.net", DOT) },
	{ "a dot at the end is refused", WRONG("bob@example.net.", "has a dot at its end") },
	{ "behind a U-label, too", WRONG("bob@m\xc3\xbcller.example.", "has a dot at its end") },
	{ "nothing but a dot, too", WRONG("bob@.", "has a dot at its end") },
	{ "a hyphen at a label's start is refused", WRONG("bob@-a.example", HYPHEN) },
	{ "and at its end", WRONG("bob@a-.example", HYPHEN) },
	{ "and at the end of all", WRONG("bob@a.example-", HYPHEN) },
	{ "a label of 64 octets is refused", WRONG("bob@" L63 "d.example", LABEL) },
	{ "a blank in the domain is refused", WRONG("bob@exa mple.net", CHARACTER) },
	{ "a control character, too", WRONG("bob@exa\x01mple.net", CHARACTER) },
	{ "a colon, too", WRONG("bob@example.net:25", CHARACTER) },
	{ "a domain that is not UTF-8 is refused", WRONG("bob@m\xfcller.example", IDN) },
	{ "a character IDNA knows not is refused", WRONG("bob@a\xe2\x98\x83.example", IDN) },
	{ "an address without brackets is no domain", WRONG("bob@192.0.2.7", "has a domain that ends in a number") },
	{ "a broken literal is refused", WRONG("bob@[192.0.2.300]", LITERAL) },
	{ "one that is not closed, too", WRONG("bob@[192.0.2.7", LITERAL) },
	{ "one with a name in it, too", WRONG("bob@[mx.example.net]", LITERAL) },
	{ "an IPv6 literal has a tag", WRONG("bob@[2001:db8::1]", "needs the tag IPv6: before its IPv6 address") },

	{ "254 octets are right", { .sender = "b@" D249 ".ab" }, "DUNNO" },
	{ "255 are refused", { .sender = "b@" D249 ".abc" },
	  FAULT("is longer than 254 octets", "b@" L63 "." L63 ".") },
	{ "so are 2000, whatever they are", { .sender = L2000 }, FAULT("is longer than 254 octets", L50 L50 L30) },
	{ "a long local part is right as shipped: return paths may have one", { .sender = L50 L50 L50 "@example.net" },
	  "DUNNO" },
	{ "with sender_local_max = 64 more than 64 octets are refused",
	  WRONG_STRICT(L63 "de@example.net", "is too long before the @") },
	{ "an underscore in the domain is right as shipped", { .sender = "b@my_pc.example" }, "DUNNO" },
	{ "with sender_underscore = no it is refused", WRONG_STRICT("b@my_pc.example", "has an underscore in its domain") },
	{ "beside a U-label, too", WRONG_STRICT("b@my_pc.m\xc3\xbcller.example", "has an underscore in its domain") },
};

int
main(void)
{
	return promises_keep(&rule_sender_syntax, promises, sizeof promises / sizeof *promises);
}
