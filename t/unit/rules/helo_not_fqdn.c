/* helo_not_fqdn.c - test of src/rules/helo_not_fqdn.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_helo_not_fqdn;

#define BAD(name) "OBJECT helo_not_fqdn 5.7.1 the HELO name " name " is not fully qualified; " \
    "greet with the public name of your server"

int
main(void)
{
	const struct promise promises[] = {
		{ "two labels are enough", { .helo = "example.net" }, "DUNNO" },
		{ "U-labels are labels", { .helo = "m\xc3\xbcller.example" }, "DUNNO" },
		{ "digits in front do not matter", { .helo = "192.0.2.7.example" }, "DUNNO" },
		{ "a single label is not enough", { .helo = "mailserver" }, BAD("mailserver") },
		{ "a trailing dot does not help", { .helo = "Mailserver." }, BAD("Mailserver.") },
		{ "localhost is not enough", { .helo = "localhost" }, BAD("localhost") },
		{ "a number at the end is no top level domain", { .helo = "mx.example.7" }, BAD("mx.example.7") },
		{ "five numbers are no address and no name", { .helo = "192.0.2.7.1" }, BAD("192.0.2.7.1") },
		{ "a client that never greeted is let alone", { .helo = "" }, "DUNNO" },
		{ "a bare address is another rule's matter", { .helo = "192.0.2.7" }, "DUNNO" },
		{ "a bare address with a dot behind it too", { .helo = "192.0.2.7." }, "DUNNO" },
		{ "a literal is another rule's matter", { .helo = "[192.0.2.7]" }, "DUNNO" },
		{ "rubbish is another rule's matter", { .helo = "?" }, "DUNNO" },
		{ "so is an underscore", { .helo = "my_host" }, "DUNNO" },
	};
	return promises_keep(&rule_helo_not_fqdn, promises, sizeof promises / sizeof *promises);
}
