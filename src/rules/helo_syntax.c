/* helo_syntax.c - a client must greet with a host name or an address
 *
 * Asks          nothing
 * Checks        helo_syntax  5.7.1  HELO is neither a host name nor an address literal   RFC 5321 s.4.1.1.1, s.4.1.3
 * Leaves        a client that never greeted, and a bare address (helo_literal looks at it)
 */
#include "rules/helo.h"

#define OPTIONS helo_syntax_options
struct helo_syntax_options {
	struct setting helo_syntax;
};
enum { HELO_SYNTAX };

static const struct option rows[] = {
	[HELO_SYNTAX] = { "helo_syntax", OPT_SETTING, INTO(helo_syntax), "reject",
	    .sentence = "The HELO name is neither a host name nor an address literal (RFC 5321 s.4.1.1.1)." },
};

static struct verdict
judge(struct eval *e)
{
	struct helo h = helo(e);

	if (h.kind != HELO_RUBBISH)
		return DUNNO;
	return object(e, HELO_SYNTAX, "5.7.1", "the HELO name %.100s is neither a host name nor an address literal; "
	    "greet with the public name of your server",
	    h.text);
}

const struct rule rule_helo_syntax = { "helo_syntax", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows) };
