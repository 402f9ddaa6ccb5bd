/* null_sender_multiple.c - test of src/rules/null_sender_multiple.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_null_sender_multiple;

int
main(void)
{
	const struct promise promises[] = {
		{ "a bounce to one is let pass", { .recipient = "ann@example.org", .recipients = 1 }, "DUNNO" },
		{ "a bounce to two is not, and reads how many", { .recipients = 2 },
		  "OBJECT null_sender_multiple 5.5.3 mail from <> is a report to one address, and this one has 2 recipients; send one to each" },
		{ "nor one to a thousand", { .recipients = 1000 },
		  "OBJECT null_sender_multiple 5.5.3 mail from <> is a report to one address, and this one has 1000 recipients; send one to each" },
		{ "mail from somebody may go to many", { .sender = "b@example.net", .recipients = 1000 }, "DUNNO" },
		{ "before anybody has counted it has no objection", { .recipients = 0 }, "DUNNO" },
	};
	return promises_keep(&rule_null_sender_multiple, promises, sizeof promises / sizeof *promises);
}
