/* helo_missing.c - a client must greet before it sends mail
 *
 * Asks          nothing
 * Checks        helo_missing  5.7.1  it never said HELO or EHLO, or without a name   RFC 5321 s.4.1.1.1, s.4.1.4
 * Leaves        every greeting, whatever it says
 *
 * Shipped as reject: a client "MUST issue HELO or EHLO before starting a mail transaction", as RFC 821 demanded
 * already, and large sites have long answered 503 to those that do not.  Postfix forgets the greeting at STARTTLS
 * (RFC 3207 s.4.2), so it must be said again then, as all mail servers do.
 */
#include "rules/helo.h"

#define OPTIONS helo_missing_options
struct helo_missing_options {
	struct setting helo_missing;
};
enum { HELO_MISSING };

static const struct option rows[] = {
	[HELO_MISSING] = { "helo_missing", OPT_SETTING, INTO(helo_missing), "reject",
	    .sentence = "The client sends mail without HELO or EHLO before it, or without a name behind these words." },
};

static struct verdict
judge(struct eval *e)
{
	if (helo(e).kind != HELO_NONE)
		return DUNNO;
	return object(e, HELO_MISSING, "5.7.1",
	    "no HELO or EHLO with a name came before MAIL; greet first, and again after STARTTLS");
}

const struct rule rule_helo_missing = { "helo_missing", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows) };
