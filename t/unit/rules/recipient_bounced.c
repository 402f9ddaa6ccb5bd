/* recipient_bounced.c - test of src/rules/recipient_bounced.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_recipient_bounced;

#define TO(n) .recipient = "gone@example.net", .bounces = &(struct bounces){ n, 1793610000, \
    "host mx.example.net[192.0.2.9] said: 550 5.1.1 no such user" }

int
main(void)
{
	const struct promise promises[] = {
		{ "who was never written to in vain is welcome", { TO(0) }, "DUNNO" },
		{ "once may be a mistake", { TO(1) }, "DUNNO" },
		{ "twice is enough, and the reply says what was said", { TO(2) },
		  "OBJECT recipient_bounced 5.1.1 mail to gone@example.net came back 2 times, last on 2026-11-02: "
		  "550 5.1.1 no such user; take the address off your list, or ask us" },
		{ "how often can be said", { TO(2), .options = { { "bounced_limit", "3" } } }, "DUNNO" },
		{ "a recipient without a domain is nobody's", { .recipient = "gone" }, "DUNNO" },
		{ "store trouble is no no", { .recipient = "gone@example.net" },
		  "CANNOT TELL recipient_bounced 4.3.0 cannot look up now whether gone@example.net bounced" },
	};
	return promises_keep(&rule_recipient_bounced, promises, sizeof promises / sizeof *promises);
}
