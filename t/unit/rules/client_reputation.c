/* client_reputation.c - test of src/rules/client_reputation.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_client_reputation;

#define SCORE(n) .reputation = KNOWN_YES, .score = n
#define TOO_LOW "OBJECT client_reputation 4.7.1 192.0.2.7 has a poor reputation here; ask us why, and quote this reply with its " \
    "reference"

int
main(void)
{
	const struct promise promises[] = {
		{ "who is not known is welcome", { .reputation = KNOWN_NO }, "DUNNO" },
		{ "a good score is good", { SCORE(90) }, "DUNNO" },
		{ "the least is good enough", { SCORE(-50) }, "DUNNO" },
		{ "less is not", { SCORE(-51), .traced = true }, TOO_LOW " {score -51, less than -50}" },
		{ "what is enough can be said", { SCORE(9), .options = { { "reputation_min", "10" } } }, TOO_LOW },
		{ "it waits for the answer", { .reputation_open = true }, "PENDING" },
		{ "a view that cannot be asked is no no", { .reputation = KNOWN_CANNOT_TELL },
		  "CANNOT TELL client_reputation 4.3.0 cannot look up the reputation of 192.0.2.7 now" },
	};
	return promises_keep(&rule_client_reputation, promises, sizeof promises / sizeof *promises);
}
