/* login_spread.c - test of src/rules/login_spread.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_login_spread;

#define ANN .login = "ann@example.org"
#define SENT(n) ANN, .networks = n
#define TOO_MANY(n, h, at) "OBJECT login_spread 4.7.1 ann@example.org sent from " #n " networks within " #h " h; change the " \
    "password, then ask us; BLOCK LOGIN it sent from " #n " networks within " #h " h; change the password; seen " at
#define BLOCKED(ago_s, for_s) .last_block = &(struct list_row){ .login = "ann@example.org", .since_s = JUDGE_NOW_S - ago_s, \
    .expires_s = JUDGE_NOW_S - ago_s + for_s, .strikes = 1 }

int
main(void)
{
	const struct promise promises[] = {
		{ "without a login it has nothing to say", { .sender = "bob@example.net" }, "DUNNO" },
		{ "nor without an address", { .client = "unknown", SENT(10) }, "DUNNO" },
		{ "nine networks are not too many, and the present one is remembered", { SENT(9) }, "DUNNO; seen 192.0.2.0/24" },
		{ "ten are", { SENT(10) }, TOO_MANY(10, 24, "192.0.2.0/24") },
		{ "IPv6 has larger ones", { .client = "2001:db8:1:2::3", SENT(12) }, TOO_MANY(12, 24, "2001:db8:1::/48") },
		{ "how many and how long can be said",
		  { SENT(3), .options = { { "spread_limit", "3" }, { "spread_window", "90m" } } }, TOO_MANY(3, 2, "192.0.2.0/24") },
		{ "what a network is, too", { SENT(1), .options = { { "spread_ipv4", "32" } } }, "DUNNO; seen 192.0.2.7" },
		{ "of either kind", { .client = "2001:db8:1:2::3", SENT(1), .options = { { "spread_ipv6", "56" } } },
		  "DUNNO; seen 2001:db8:1::/56" },
		{ "while the login is blocked nothing new is found out", { SENT(10), BLOCKED(60, 3600) }, "DUNNO" },
		{ "what came before the end of the last block is paid for", { SENT(10), BLOCKED(7200, 3600) }, "DUNNO; seen 192.0.2.0/24" },
		{ "an old block pays for nothing new", { SENT(10), BLOCKED(172800, 3600) }, TOO_MANY(10, 24, "192.0.2.0/24") },
		{ "it tells how it came to it", { SENT(2), .traced = true },
		  "DUNNO; seen 192.0.2.0/24 {2 networks within 86400 s, this one is 192.0.2.0/24}" },
		{ "store trouble is no no, and what is seen is remembered all the same", { ANN },
		  "CANNOT TELL login_spread 4.3.0 cannot look up now from where ann@example.org sent; seen 192.0.2.0/24" },
	};
	return promises_keep(&rule_login_spread, promises, sizeof promises / sizeof *promises);
}
