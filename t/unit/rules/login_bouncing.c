/* login_bouncing.c - test of src/rules/login_bouncing.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_login_bouncing;

#define BOUNCED(n, of) .login = "ann@example.org", .bounces = &(struct bounces){ n, 0, "" }, .accepted = of
#define TOO_MANY(n, of) "OBJECT login_bouncing 4.7.1 of " #of " recipients of ann@example.org, " #n " do not exist; clean the " \
    "list, and change the password if that mail is not yours; BLOCK LOGIN of " #of " recipients, " #n " do not exist"
#define BLOCKED(ago_s, for_s) .last_block = &(struct list_row){ .login = "ann@example.org", .since_s = JUDGE_NOW_S - ago_s, \
    .expires_s = JUDGE_NOW_S - ago_s + for_s, .strikes = 1 }

int
main(void)
{
	const struct promise promises[] = {
		{ "without a login it has nothing to say", { .sender = "bob@example.net" }, "DUNNO" },
		{ "forty-nine are not too many", { BOUNCED(49, 49) }, "DUNNO" },
		{ "fifty are", { BOUNCED(50, 50) }, TOO_MANY(50, 50) },
		{ "of two hundred and fifty, too", { BOUNCED(50, 250) }, TOO_MANY(50, 250) },
		{ "of more they are few", { BOUNCED(50, 251) }, "DUNNO" },
		{ "what was handed in before counts as one each", { BOUNCED(60, 10) }, TOO_MANY(60, 60) },
		{ "how many and what share can be said",
		  { BOUNCED(5, 100), .options = { { "bouncing_limit", "5" }, { "bouncing_share", "5" } } }, TOO_MANY(5, 100) },
		{ "while the login is blocked nothing new is found out", { BOUNCED(50, 50), BLOCKED(60, 3600) }, "DUNNO" },
		{ "what came back before the end of the last block is paid for", { BOUNCED(50, 50), BLOCKED(7200, 3600) }, "DUNNO" },
		{ "an old block pays for nothing new", { BOUNCED(50, 50), BLOCKED(172800, 3600) }, TOO_MANY(50, 50) },
		{ "below the limit it shows what it has counted", { BOUNCED(3, 12), .traced = true },
		  "DUNNO {3 of 12 recipients within 86400 s do not exist; too many are 50, and 20 per cent}" },
		{ "above it, too", { BOUNCED(60, 100), .traced = true },
		  TOO_MANY(60, 100) " {60 of 100 recipients within 86400 s do not exist; too many are 50, and 20 per cent}" },
		{ "store trouble is no no", { .login = "ann@example.org" },
		  "CANNOT TELL login_bouncing 4.3.0 cannot look up now how much mail of ann@example.org bounced" },
	};
	return promises_keep(&rule_login_bouncing, promises, sizeof promises / sizeof *promises);
}
