/* client_block.c - test of src/rules/client_block.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_client_block;

/* From 2026-11-02 09:00 UTC. */
#define ROW(client_, sender_, cause_, for_s) .row = &(struct list_row){ .client = client_, .helo = "", .sender = sender_, \
    .recipient = "", .login = "", .cause = cause_, .since_s = 1793610000, .strikes = 1, \
    .expires_s = for_s ? 1793610000 + for_s : 0 }

int
main(void)
{
	const struct promise promises[] = {
		{ "who is not blocked may come", { .sender = "b@example.net" }, "DUNNO" },
		{ "it waits for a name that a row might match", { .row_open = true }, "PENDING" },
		{ "a name it cannot have is no no", { .row_doubt = true },
		  "CANNOT TELL client_block_temporary 4.7.1 cannot look up the name of 192.0.2.7 now" },
		{ "a block with an end says since when, until when and why", { ROW("192.0.2.7", "", "it tried 20 recipients", 3600) },
		  "OBJECT client_block_temporary 4.7.1 192.0.2.7 is blocked from 2026-11-02 09:00 to 2026-11-02 10:00 UTC: "
		  "it tried 20 recipients; come back then, or ask us to lift it" },
		{ "who comes back when it says is not too early", { ROW("192.0.2.7", "", "it tried 20 recipients", 30) },
		  "OBJECT client_block_temporary 4.7.1 192.0.2.7 is blocked from 2026-11-02 09:00 to 2026-11-02 09:01 UTC: "
		  "it tried 20 recipients; come back then, or ask us to lift it" },
		{ "one until the end of time says so", { ROW("192.0.2.7", "", "spam", 253402300799 - 1793610000) },
		  "OBJECT client_block_temporary 4.7.1 192.0.2.7 is blocked from 2026-11-02 09:00 to 9999-12-31 23:59 UTC: "
		  "spam; come back then, or ask us to lift it" },
		{ "one for good says how it ends", { ROW("192.0.2.0/24", "", "a stop was ignored", 0) },
		  "OBJECT client_block_permanent 5.7.1 192.0.2.7 is blocked since 2026-11-02: a stop was ignored; "
		  "ask us to lift it" },
		{ "a row without a cause has one in the reply", { ROW("192.0.2.7", "", "", 0) },
		  "OBJECT client_block_permanent 5.7.1 192.0.2.7 is blocked since 2026-11-02: by the postmaster; "
		  "ask us to lift it" },
		{ "a blocked sender is named", { .sender = "b@example.net", ROW("", "example.net", "spam", 0) },
		  "OBJECT client_block_permanent 5.7.1 b@example.net is blocked since 2026-11-02: spam; ask us to lift it" },
		{ "so is the null sender", { ROW("", "<>", "spam", 0) },
		  "OBJECT client_block_permanent 5.7.1 <> is blocked since 2026-11-02: spam; ask us to lift it" },
	};
	return promises_keep(&rule_client_block, promises, sizeof promises / sizeof *promises);
}
