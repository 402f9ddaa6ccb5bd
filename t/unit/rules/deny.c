/* deny.c - test of src/rules/deny.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_deny;

#define F30 "abcdefghijabcdefghijabcdefghij"
#define F50 F30 "abcdefghijabcdefghij"
#define ROW(client_, helo_, sender_, recipient_) .row = &(struct list_row){ .client = client_, .helo = helo_, \
    .sender = sender_, .recipient = recipient_ }
#define REFUSED(whom) "OBJECT deny 5.7.1 not accepted here: " whom "; ask us if that is a mistake"
#define REQUEST .helo = "mx.example.net", .sender = "b@example.net", .recipient = "ann@example.org"

int
main(void)
{
	const struct promise promises[] = {
		{ "without a row nobody is kept out", { REQUEST }, "DUNNO" },
		{ "it waits for a name that a row might match", { REQUEST, .row_open = true }, "PENDING" },
		{ "a name it cannot have is no no", { REQUEST, .row_doubt = true },
		  "CANNOT TELL deny 4.7.1 cannot look up the name of 192.0.2.7 now" },
		{ "a row for a client names the client, not the network", { REQUEST, ROW("192.0.2.0/24", "", "", "") },
		  REFUSED("client 192.0.2.7") },
		{ "a row for a HELO name names it", { REQUEST, ROW("", ".example.net", "", "") },
		  REFUSED("HELO name mx.example.net") },
		{ "a row for a sender names the sender", { REQUEST, ROW("", "", "example.net", "") },
		  REFUSED("sender b@example.net") },
		{ "a row for the null sender says so", { .sender = "", ROW("", "", "<>", "") },
		  REFUSED("sender <>") },
		{ "a row for a recipient names the recipient", { REQUEST, ROW("", "", "", "ann@example.org") },
		  REFUSED("recipient ann@example.org") },
		{ "a row for several names them all", { REQUEST, ROW("192.0.2.7", "", "b@example.net", "") },
		  REFUSED("client 192.0.2.7, sender b@example.net") },
		{ "of long ones those that leave room for what to do",
		  { .helo = F50 F50, .sender = F50 F50, .recipient = F50 F50, ROW("192.0.2.7", "x", "x", "x") },
		  REFUSED("client 192.0.2.7, HELO name " F50 F30 ", sender " F50 F30) },
		{ "a row that matches for sure leaves no doubt", { REQUEST, .row_doubt = true, ROW("192.0.2.7", "", "", "") },
		  REFUSED("client 192.0.2.7") },
	};
	return promises_keep(&rule_deny, promises, sizeof promises / sizeof *promises);
}
