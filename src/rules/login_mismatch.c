/* login_mismatch.c - who logs in sends as the domain of the login
 *
 * Asks          the table login_domain; login_query, if the site has one
 * Checks        login_mismatch  5.7.1  the sender's domain is another than that of the login; with login_match = address,
 *                                      the sender is another than the login
 * Cannot tell   when login_query cannot be asked; when the login has no domain, login_realm is empty, and neither the table
 *               nor a query says which senders it may use
 * Leaves        mail without a login; what a row in login_domain lets the login use
 *
 * The local part is free.  The empty sender belongs to no domain, so it is another.  The reply is what hosters publish, to
 * the letter: Postfix puts "Sender address rejected: " before it.
 */
#include "policy/rule.h"

#include <string.h>

enum match { MATCH_DOMAIN, MATCH_ADDRESS, MATCH_OFF };

#define OPTIONS login_mismatch_options
struct login_mismatch_options {
	struct setting login_mismatch;
	int match;			/* enum match */
	bool reference;
};
enum { LOGIN_MISMATCH };

static const struct option rows[] = {
	[LOGIN_MISMATCH] = { "login_mismatch", OPT_SETTING, INTO(login_mismatch), "log",
	    .sentence = "The sender is not the login's: another domain, or none." },
	{ "login_match", OPT_WORD, INTO(match), "domain", .words = "domain|address|off",
	    .sentence = "What of the sender must be the login's: its domain, all of the address, or nothing." },
	{ "login_reference", OPT_BOOL, INTO(reference), "no",
	    .sentence = "yes: the reply ends with check and reference, as all others do." },
};

static bool
is_own(const struct eval *e, enum match match)
{
	if (match == MATCH_ADDRESS)
		return strcmp(sender(e), login(e)) == 0;
	return sender_domain(e) != NULL && strcmp(sender_domain(e), login_domain(e)) == 0;
}

static struct verdict
judge(struct eval *e)
{
	const struct login_mismatch_options *o = options(e);
	bool doubt;

	if (login(e) == NULL || o->match == MATCH_OFF || (login_domain(e) != NULL && is_own(e, (enum match)o->match)) ||
	    listed(e, LIST_LOGIN_DOMAIN, &doubt) != NULL)
		return DUNNO;

	enum known lent = login_may_use(e);
	if (waiting(e))
		return PENDING;

	if (lent == KNOWN_YES)
		return DUNNO;
	if (lent == KNOWN_CANNOT_TELL)
		return cannot_tell(e, LOGIN_MISMATCH, "4.3.0", "cannot look up now which domains are those of the login");
	if (!sender_is_null(e) && !login_senders_known(e))
		return cannot_tell(e, LOGIN_MISMATCH, "4.7.1", "cannot tell which domain is that of the login %.80s", login(e));
	struct verdict v = object(e, LOGIN_MISMATCH, "5.7.1", "Sender address is not allowed");
	v.bare = !o->reference;
	return v;
}

const struct rule rule_login_mismatch = { "login_mismatch", judge, STAGE_RCPT, HOOK_SUBMISSION_SENDER | HOOK_SUBMISSION, 0,
    OPTION_TABLE(rows) };
