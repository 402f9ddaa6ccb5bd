/* null_sender_unsolicited.c - test of src/rules/null_sender_unsolicited.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_null_sender_unsolicited;

#define ANN .recipient = "ann@example.org"
#define BY(who) .options = { { "null_sender_by", who } }
#define WINDOW(window) .options = { { "null_sender_window", window } }
#define MEND ", so nothing can have bounced; return no forged mail, and give other mail a sender"
#define NO "OBJECT null_sender_unsolicited 5.7.1 "
#define PERHAPS "CANNOT TELL null_sender_unsolicited 4.3.0 "

int
main(void)
{
	const struct promise promises[] = {
		{ "who sent mail gets bounces", { ANN, .sent = "ann@example.org" }, "DUNNO" },
		{ "who sent none gets none", { ANN },
		  NO "ann@example.org sent no mail in the last 14 days" MEND },
		{ "a colleague's mail is not hers", { ANN, .sent = "bob@example.org" },
		  NO "ann@example.org sent no mail in the last 14 days" MEND },
		{ "nor does her domain's count", { ANN, .sent = "example.org" },
		  NO "ann@example.org sent no mail in the last 14 days" MEND },
		{ "unless the site says so", { ANN, BY("domain"), .sent = "example.org" }, "DUNNO" },
		{ "a domain that sent nothing is named", { ANN, BY("domain") },
		  NO "example.org sent no mail in the last 14 days" MEND },
		{ "the window is named, in days", { ANN, WINDOW("1d") },
		  NO "ann@example.org sent no mail in the last day" MEND },
		{ "or in hours", { ANN, WINDOW("36h") },
		  NO "ann@example.org sent no mail in the last 36 hours" MEND },
		{ "be it one", { ANN, WINDOW("1h") },
		  NO "ann@example.org sent no mail in the last hour" MEND },
		{ "what cannot be told is no no", { ANN, .sent = "?" }, PERHAPS "cannot tell now whether ann@example.org sent mail" },
		{ "nor is it of a domain", { ANN, BY("domain"), .sent = "?" }, PERHAPS "cannot tell now whether example.org sent mail" },
		{ "mail from somebody is let alone", { ANN, .sender = "b@example.net" }, "DUNNO" },
		{ "a recipient without a domain is let alone", { .recipient = "ann" }, "DUNNO" },
		{ "one at an address literal, too", { .recipient = "ann@[192.0.2.7]" }, "DUNNO" },
	};
	return promises_keep(&rule_null_sender_unsolicited, promises, sizeof promises / sizeof *promises);
}
