/* unwanted.c - test of src/rules/unwanted.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_unwanted;

#define F30 "abcdefghijabcdefghijabcdefghij"
#define F50 F30 "abcdefghijabcdefghij"
#define ROW(client_, sender_, cause_, for_all_) .row = &(struct list_row){ .client = client_, .helo = "", .sender = sender_, \
    .recipient = "ann@example.org", .cause = cause_, .for_all = for_all_ }
#define REQUEST .sender = "b@example.net", .recipient = "ann@example.org"

int
main(void)
{
	const struct promise promises[] = {
		{ "without a row everybody is welcome", { REQUEST }, "DUNNO" },
		{ "it waits for a name that a row might match", { REQUEST, .row_open = true }, "PENDING" },
		{ "a name it cannot have is no no", { REQUEST, .row_doubt = true },
		  "CANNOT TELL unwanted 4.7.1 cannot look up the name of 192.0.2.7 now" },
		{ "a wish about a sender names recipient and sender", { REQUEST, ROW("", "example.net", "", false) },
		  "OBJECT unwanted 5.7.1 ann@example.org wants no mail from sender b@example.net; "
		  "take the address off your list" },
		{ "a wish about a client names the client, not the network", { REQUEST, ROW("192.0.2.0/24", "", "", false) },
		  "OBJECT unwanted 5.7.1 ann@example.org wants no mail from client 192.0.2.7; take the address off your list" },
		{ "the cause is told", { REQUEST, ROW("", "example.net", "unsubscribed 2026-11-02", false) },
		  "OBJECT unwanted 5.7.1 ann@example.org wants no mail from sender b@example.net (unsubscribed 2026-11-02); "
		  "take the address off your list" },
		{ "who complained is not told to others",
		  { .sender = "b@example.net", .recipient = "bob@example.org", ROW("", "example.net", "", true) },
		  "OBJECT unwanted 5.7.1 mail from sender b@example.net is refused here, since a recipient's wish to get no "
		  "more was ignored; clean your lists, then ask us" },
		{ "what to do is told before the cause, which may be long",
		  { .sender = F50 F50, .recipient = "bob@example.org", ROW("192.0.2.7", "x", F50 F50, true) },
		  "OBJECT unwanted 5.7.1 mail from client 192.0.2.7, sender " F50 F30 " is refused here, since a recipient's wish to "
		  "get no more was ignored; clean your lists, then ask us (" F30 "abcdefgh" },
		{ "the null sender can be unwanted", { .sender = "", .recipient = "ann@example.org", ROW("", "<>", "", false) },
		  "OBJECT unwanted 5.7.1 ann@example.org wants no mail from sender <>; take the address off your list" },
	};
	return promises_keep(&rule_unwanted, promises, sizeof promises / sizeof *promises);
}
