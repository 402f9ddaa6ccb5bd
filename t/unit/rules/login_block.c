/* login_block.c - test of src/rules/client_block.c, of logins: the rule promises that … */
#include "judge.h"

extern const struct rule rule_login_block;

/* From 2026-11-02 09:00 UTC. */
#define ROW(login_, cause_, for_s) .row = &(struct list_row){ .client = "", .helo = "", .sender = "", .recipient = "", \
    .login = login_, .cause = cause_, .since_s = 1793610000, .strikes = 1, .expires_s = for_s ? 1793610000 + for_s : 0 }

int
main(void)
{
	const struct promise promises[] = {
		{ "a login that is not blocked may send", { .login = "ann@example.org" }, "DUNNO" },
		{ "one that is, is told why and for how long", { .login = "ann@example.org", ROW("ann@example.org", "it sent spam", 3600) },
		  "OBJECT login_block 4.7.1 ann@example.org is blocked from 2026-11-02 09:00 to 2026-11-02 10:00 UTC: "
		  "it sent spam; come back then, or ask us to lift it" },
		{ "or for good", { .login = "ann@example.org", ROW("@example.org", "", 0) },
		  "OBJECT login_block 5.7.1 ann@example.org is blocked since 2026-11-02: by the postmaster; ask us to lift it" },
	};
	return promises_keep(&rule_login_block, promises, sizeof promises / sizeof *promises);
}
