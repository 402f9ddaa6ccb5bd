/* recipient.c - test of src/rules/recipient.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_recipient;

int
main(void)
{
	const struct promise promises[] = {
		{ "it waits for the database", { .recipient = "ann@example.org", .state = RECIPIENT_OPEN }, "PENDING" },
		{ "a mailbox in use passes", { .recipient = "ann@example.org", .state = RECIPIENT_ACTIVE }, "DUNNO" },
		{ "without a query everybody does", { .recipient = "ann@example.org" }, "DUNNO" },
		{ "an unknown recipient is refused, and named", { .recipient = "Anne@example.org", .state = RECIPIENT_UNKNOWN },
		  "OBJECT recipient_unknown 5.1.1 there is no mailbox Anne@example.org here; check the address" },
		{ "a deactivated mailbox is refused as one", { .recipient = "ann@example.org", .state = RECIPIENT_DEACTIVATED },
		  "OBJECT recipient_deactivated 5.2.1 the mailbox ann@example.org is closed; take it off your lists" },
		{ "a database that says nothing refuses nobody", { .recipient = "ann@example.org", .state = RECIPIENT_CANNOT_TELL },
		  "CANNOT TELL recipient_unknown 4.3.0 cannot look up ann@example.org now" },
	};
	return promises_keep(&rule_recipient, promises, sizeof promises / sizeof *promises);
}
