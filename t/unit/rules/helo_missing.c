/* helo_missing.c - test of src/rules/helo_missing.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_helo_missing;

int
main(void)
{
	const struct promise promises[] = {
		{ "a client that never greeted is refused", { .helo = "" },
		  "OBJECT helo_missing 5.7.1 no HELO or EHLO with a name came before MAIL; greet first, "
		  "and again after STARTTLS" },
		{ "a name is a greeting", { .helo = "mx.example.net" }, "DUNNO" },
		{ "so is one that is not fully qualified", { .helo = "localhost" }, "DUNNO" },
		{ "an address is a greeting", { .helo = "[192.0.2.7]" }, "DUNNO" },
		{ "rubbish is another rule's matter", { .helo = "?" }, "DUNNO" },
		{ "a dot is rubbish, not nothing", { .helo = "." }, "DUNNO" },
	};
	return promises_keep(&rule_helo_missing, promises, sizeof promises / sizeof *promises);
}
