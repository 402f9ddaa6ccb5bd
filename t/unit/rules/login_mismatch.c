/* login_mismatch.c - test of src/rules/login_mismatch.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_login_mismatch;

#define LOGIN(sender_) .hook = HOOK_SUBMISSION_SENDER, .login = "ann@example.org", .sender = sender_
#define MATCH(how) .options = { { "login_match", how } }
#define NOT_ALLOWED "OBJECT login_mismatch 5.7.1 Sender address is not allowed (BARE)"

int
main(void)
{
	const struct list_row row = { .client = "", .helo = "", .sender = "example.net", .recipient = "", .login = "ann@example.org" };
	const struct promise promises[] = {
		{ "without a login it has nothing to say", { .sender = "bob@example.net" }, "DUNNO" },
		{ "the login's own address is allowed", { LOGIN("ann@example.org") }, "DUNNO" },
		{ "the local part is free", { LOGIN("office+news@example.org") }, "DUNNO" },
		{ "case is folded", { LOGIN("Ann@Example.ORG") }, "DUNNO" },
		{ "another domain is not allowed", { LOGIN("ann@example.net"), .lent = KNOWN_NO }, NOT_ALLOWED },
		{ "a domain below is another", { LOGIN("ann@mail.example.org"), .lent = KNOWN_NO }, NOT_ALLOWED },
		{ "the empty sender is another", { LOGIN(""), .lent = KNOWN_NO }, NOT_ALLOWED },
		{ "so is one without a domain", { LOGIN("ann"), .lent = KNOWN_NO }, NOT_ALLOWED },
		{ "a row of login_domain allows more", { LOGIN("ann@example.net"), .row = &row }, "DUNNO" },
		{ "the site's database allows more", { LOGIN("ann@example.net"), .lent = KNOWN_YES }, "DUNNO" },
		{ "or does not", { LOGIN("ann@example.net"), .lent = KNOWN_NO }, NOT_ALLOWED },
		{ "it is waited for", { LOGIN("ann@example.net"), .lent_open = true }, "PENDING" },
		{ "if it cannot be asked that is no no", { LOGIN("ann@example.net"), .lent = KNOWN_CANNOT_TELL },
		  "CANNOT TELL login_mismatch 4.3.0 cannot look up now which domains are those of the login" },
		{ "if it cannot be asked who may send as <>, neither", { LOGIN(""), .lent = KNOWN_CANNOT_TELL },
		  "CANNOT TELL login_mismatch 4.3.0 cannot look up now which domains are those of the login" },
		{ "it may know a login without a domain", { .login = "ann", .sender = "ann@example.org", .lent = KNOWN_YES }, "DUNNO" },
		{ "and its no is a no, as is that of rows", { .login = "ann", .sender = "ann@example.org", .lent = KNOWN_NO, .senders_known = true },
		  NOT_ALLOWED },
		{ "of one of which nobody knows anything nobody can tell", { .login = "ann", .sender = "ann@example.org", .lent = KNOWN_NO },
		  "CANNOT TELL login_mismatch 4.7.1 cannot tell which domain is that of the login ann" },
		{ "but that the empty sender is not its own", { .login = "ann", .sender = "", .lent = KNOWN_NO }, NOT_ALLOWED },
		{ "a row is enough for that", { .login = "ann", .sender = "ann@example.net", .row = &row }, "DUNNO" },
		{ "the whole address can be asked for", { LOGIN("office@example.org"), .lent = KNOWN_NO, MATCH("address") }, NOT_ALLOWED },
		{ "which the login has", { LOGIN("ann@example.org"), MATCH("address") }, "DUNNO" },
		{ "or nothing", { LOGIN("ann@example.net"), MATCH("off") }, "DUNNO" },
		{ "the reply can end as others do", { LOGIN("ann@example.net"), .lent = KNOWN_NO, .options = { { "login_reference", "yes" } } },
		  "OBJECT login_mismatch 5.7.1 Sender address is not allowed" },
	};
	return promises_keep(&rule_login_mismatch, promises, sizeof promises / sizeof *promises);
}
