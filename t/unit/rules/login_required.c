/* login_required.c - test of src/rules/login_required.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_login_required;

int
main(void)
{
	const struct promise promises[] = {
		{ "who logged in may send", { .login = "ann@example.org", .sender = "ann@example.org" }, "DUNNO" },
		{ "who did not is told to", { .sender = "ann@example.org" },
		  "OBJECT login_required 5.7.0 log in to send mail here; your mail program has a setting for it" },
	};
	return promises_keep(&rule_login_required, promises, sizeof promises / sizeof *promises);
}
