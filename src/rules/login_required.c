/* login_required.c - who hands mail in logs in
 *
 * Asks          nothing
 * Checks        login_required  5.7.0  the submission service is asked without a login     RFC 4954 s.6, RFC 6409 s.4.3
 * Leaves        our own machines (local_networks)
 */
#include "policy/rule.h"

#define OPTIONS login_required_options
struct login_required_options {
	struct setting login_required;
};
enum { LOGIN_REQUIRED };

static const struct option rows[] = {
	[LOGIN_REQUIRED] = { "login_required", OPT_SETTING, INTO(login_required), "reject",
	    .sentence = "Mail is handed in at the submission service without a login, and not from local_networks." },
};

static struct verdict
judge(struct eval *e)
{
	if (*request(e)->sasl_username != '\0')
		return DUNNO;
	return object(e, LOGIN_REQUIRED, "5.7.0", "log in to send mail here; your mail program has a setting for it");
}

const struct rule rule_login_required = { "login_required", judge, STAGE_RCPT, HOOK_SUBMISSION_SENDER | HOOK_SUBMISSION,
    SPARE_LOCAL, OPTION_TABLE(rows) };
