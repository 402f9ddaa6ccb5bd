/* allow.c - test of src/rules/allow.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_allow;

int
main(void)
{
	const struct promise promises[] = {
		{ "without a row nobody is exempt", { .row = NULL }, "DUNNO" },
		{ "it waits for a name that a row might match", { .row_open = true }, "PENDING" },
		{ "a row exempts", { .row = &(struct list_row){ .id = 7 } }, "EXEMPT row 7 of allow matches" },
		{ "a name it cannot have might have exempted", { .row_doubt = true },
		  "PERHAPS EXEMPT cannot look up the name of 192.0.2.7 now" },
	};
	return promises_keep(&rule_allow, promises, sizeof promises / sizeof *promises);
}
