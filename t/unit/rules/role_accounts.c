/* role_accounts.c - test of src/rules/role_accounts.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_role_accounts;

int
main(void)
{
	const struct promise promises[] = {
		{ "others are judged", { .recipient = "ann@example.org" }, "DUNNO" },
		{ "postmaster is exempt", { .recipient = "postmaster@example.org" }, "EXEMPT everybody can reach postmaster@example.org" },
		{ "however it is written", { .recipient = "PostMaster@example.org" }, "EXEMPT everybody can reach PostMaster@example.org" },
		{ "abuse is exempt", { .recipient = "abuse@example.org" }, "EXEMPT everybody can reach abuse@example.org" },
		{ "only the whole local part counts", { .recipient = "postmaster2@example.org" }, "DUNNO" },
		{ "a part of it does not", { .recipient = "post@example.org" }, "DUNNO" },
		{ "the last @ ends it", { .recipient = "abuse@x@example.org" }, "DUNNO" },
		{ "no recipient is none of them", { .recipient = "" }, "DUNNO" },
		{ "others can be named", { .recipient = "noc@example.org", .options = { { "role_accounts", "noc" } } },
		  "EXEMPT everybody can reach noc@example.org" },
		{ "none need be", { .recipient = "abuse@example.org", .options = { { "role_accounts", "" } } }, "DUNNO" },
	};
	return promises_keep(&rule_role_accounts, promises, sizeof promises / sizeof *promises);
}
