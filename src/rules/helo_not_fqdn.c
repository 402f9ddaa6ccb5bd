/* helo_not_fqdn.c - a client's HELO name must be fully qualified
 *
 * Asks          nothing
 * Checks        helo_not_fqdn  5.7.1  the name has no dot, or its last label is a number   RFC 5321 s.2.3.5
 * Leaves        addresses (helo_literal looks at them), and what is no host name (helo_syntax does)
 */
#include "rules/helo.h"

#define OPTIONS helo_not_fqdn_options
struct helo_not_fqdn_options {
	struct setting helo_not_fqdn;
};
enum { HELO_NOT_FQDN };

static const struct option rows[] = {
	[HELO_NOT_FQDN] = { "helo_not_fqdn", OPT_SETTING, INTO(helo_not_fqdn), "reject",
	    .sentence = "The HELO name is not fully qualified: no dot in it, or a number at its end." },
};

static struct verdict
judge(struct eval *e)
{
	struct helo h = helo(e);

	if (h.kind != HELO_NAME || domain_is_fqdn(helo_domain(e)))
		return DUNNO;
	return object(e, HELO_NOT_FQDN, "5.7.1", "the HELO name %.100s is not fully qualified; "
	    "greet with the public name of your server", h.text);
}

const struct rule rule_helo_not_fqdn = { "helo_not_fqdn", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows) };
