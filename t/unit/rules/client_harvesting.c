/* client_harvesting.c - test of src/rules/client_harvesting.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_client_harvesting;

#define TRIED(unknown_, deactivated_) .on_record = true, .tried = &(struct tried){ unknown_, deactivated_, 0 }
#define BY_POSTFIX(unknown_) .on_record = true, .tried = &(struct tried){ unknown_, 0, 1 }
#define OPTION(name, value) .options = { { name, value } }
#define BLOCKED(n) "OBJECT client_harvesting 4.7.1 192.0.2.7 tried " #n " recipients that are not here; " \
    "remove what bounces from your lists, and come back later; BLOCK it tried " #n " recipients that are not here"

enum { NOW_S = 1793611800 };

int
main(void)
{
	const struct list_row just_now = { .client = "192.0.2.7", .since_s = NOW_S - 60, .expires_s = NOW_S - 30, .strikes = 1 };
	const struct list_row put_back = { .client = "192.0.2.7", .since_s = NOW_S - 30, .expires_s = NOW_S - 9000, .strikes = 1 };
	const struct list_row present = { .client = "192.0.2.7", .since_s = NOW_S - 60, .expires_s = NOW_S + 60, .strikes = 1 };
	const struct list_row long_ago = { .client = "192.0.2.7", .since_s = NOW_S - 86400, .expires_s = NOW_S - 80000,
	    .strikes = 1 };
	const struct promise promises[] = {
		{ "who tried nothing in vain is not asked about", { .sender = "b@example.net" }, "DUNNO" },
		{ "nineteen are a bad list", { TRIED(19, 0) }, "DUNNO" },
		{ "twenty are too many", { TRIED(20, 0) }, BLOCKED(20) },
		{ "but not among many that are here", { TRIED(20, 0), .accepted = 47 }, "DUNNO" },
		{ "the share is met exactly", { TRIED(30, 0), .accepted = 60, .refused = 10 }, BLOCKED(30) },
		{ "and missed by one", { TRIED(30, 0), .accepted = 60, .refused = 11 }, "DUNNO" },
		{ "refused recipients were tried, too", { TRIED(20, 0), .refused = 47 }, "DUNNO" },
		{ "deactivated mailboxes count twice", { TRIED(10, 10) }, BLOCKED(10) },
		{ "or as often as is said", { TRIED(10, 10), OPTION("harvest_deactivated_weight", "1") }, "DUNNO" },
		{ "the limit can be set", { TRIED(3, 0), OPTION("harvest_limit", "3") }, BLOCKED(3) },
		{ "no share need be asked for", { TRIED(20, 0), OPTION("harvest_share", "0"), .accepted = 100000 }, BLOCKED(20) },
		{ "what came before the end of the last block is paid for", { TRIED(20, 0), .last_block = &just_now }, "DUNNO" },
		{ "also if somebody put the end before the beginning", { TRIED(20, 0), .last_block = &put_back }, "DUNNO" },
		{ "who is blocked is not blocked again", { TRIED(20, 0), .last_block = &present }, "DUNNO" },
		{ "an old block pays for nothing new", { TRIED(20, 0), .last_block = &long_ago }, BLOCKED(20) },
		{ "store trouble is no no", { .on_record = true },
		  "CANNOT TELL client_harvesting 4.3.0 cannot look up now which recipients 192.0.2.7 tried" },
		{ "where others fail, too, it is not the client", { BY_POSTFIX(20), .looks_broken = true },
		  "CANNOT TELL client_harvesting 4.3.0 cannot tell which recipients are here now" },
		{ "where they do not, it is", { BY_POSTFIX(20) }, BLOCKED(20) },
		{ "a database that says so is believed", { TRIED(20, 0), .looks_broken = true }, BLOCKED(20) },
	};
	return promises_keep(&rule_client_harvesting, promises, sizeof promises / sizeof *promises);
}
