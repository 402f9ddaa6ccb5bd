/* role_accounts.c - postmaster@ and abuse@ can be reached by everybody
 *
 * Asks          nothing
 * Checks        none; rules behind this one that spare such recipients are not asked   RFC 5321 s.4.5.1, RFC 2142
 * Leaves        what a row in deny refuses: deny goes before
 */
#include "policy/rule.h"

#include <string.h>
#include <strings.h>

#define OPTIONS role_accounts_options
struct role_accounts_options {
	struct option_list role_accounts;
};

static const struct option rows[] = {
	{ "role_accounts", OPT_LIST, INTO(role_accounts), "postmaster abuse",
	    .sentence = "Local parts of addresses that everybody can reach, whatever the rules say: only a row in the table "
	    "deny refuses mail to them.  Empty: none." },
};

static struct verdict
judge(struct eval *e)
{
	const struct role_accounts_options *o = options(e);
	const char *recipient = request(e)->recipient, *at = strrchr(recipient, '@');
	size_t len = at ? (size_t)(at - recipient) : strlen(recipient);

	for (size_t i = 0; i < o->role_accounts.count; i++)
		if (strlen(o->role_accounts.at[i]) == len && strncasecmp(o->role_accounts.at[i], recipient, len) == 0)
			return exempt(e, "everybody can reach %.80s", recipient);
	return DUNNO;
}

const struct rule rule_role_accounts = { "role_accounts", judge, STAGE_RCPT | STAGE_DATA,
    HOOK_MX_PRE | HOOK_MX | HOOK_SUBMISSION, 0,
    OPTION_TABLE(rows), .grants = SPARE_ROLE };
