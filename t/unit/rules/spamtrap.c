/* spamtrap.c - test of src/rules/spamtrap.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_spamtrap;

int
main(void)
{
	const struct list_row row = { .client = "", .helo = "", .sender = "", .recipient = "trap@example.org", .login = "" };
	const struct promise promises[] = {
		{ "who writes to people is not asked about", { .recipient = "ann@example.org" }, "DUNNO" },
		{ "who writes to a trap is told, and blocked", { .recipient = "trap@example.org", .row = &row },
		  "OBJECT spamtrap 5.7.1 trap@example.org never asked anybody for mail; take it off your lists; "
		  "BLOCK it wrote to an address that nobody gave it" },
		{ "without an address nobody can be blocked",
		  { .client = "unknown", .recipient = "trap@example.org", .row = &row },
		  "OBJECT spamtrap 5.7.1 trap@example.org never asked anybody for mail; take it off your lists" },
	};
	return promises_keep(&rule_spamtrap, promises, sizeof promises / sizeof *promises);
}
