/* spf_helo.c - who greets as a host must be one its SPF record allows
 *
 * Asks          the records of the HELO name, and all they lead to
 * Checks        spf_helo_fail, spf_helo_softfail, spf_helo_neutral, spf_helo_none  5.7.23   RFC 7208 s.2.3
 *               spf_helo_permerror  5.7.24
 *               spf_helo_temperror  4.4.3: at most a defer
 * Leaves        whom spf_skip names; the null sender, whom spf judges by the HELO name; HELO names that are none
 */
#include "rules/spf_result.h"

#define OPTIONS spf_settings
static const struct option rows[] = {
	[SPF_CHECK_FAIL] = { "spf_helo_fail", OPT_SETTING, INTO(at[SPF_CHECK_FAIL]), "score 2",
	    .sentence = "The SPF record of the HELO name forbids the client to greet as it." },
	[SPF_CHECK_SOFTFAIL] = { "spf_helo_softfail", OPT_SETTING, INTO(at[SPF_CHECK_SOFTFAIL]), "off",
	    .sentence = "It says that the client probably may not." },
	[SPF_CHECK_NEUTRAL] = { "spf_helo_neutral", OPT_SETTING, INTO(at[SPF_CHECK_NEUTRAL]), "off",
	    .sentence = "It says nothing about the client." },
	[SPF_CHECK_NONE] = { "spf_helo_none", OPT_SETTING, INTO(at[SPF_CHECK_NONE]), "off",
	    .sentence = "The HELO name has no SPF record." },
	[SPF_CHECK_PERMERROR] = { "spf_helo_permerror", OPT_SETTING, INTO(at[SPF_CHECK_PERMERROR]), "off",
	    .sentence = "Its SPF record, or one that it leads to, is wrong." },
	[SPF_CHECK_TEMPERROR] = { "spf_helo_temperror", OPT_SETTING, INTO(at[SPF_CHECK_TEMPERROR]), "off",
	    .sentence = "Its SPF records cannot be looked up now; reject does no more than defer." },
};

static struct verdict
judge(struct eval *e)
{
	return sender_is_null(e) ? DUNNO : spf_verdict(e, SPF_HELO);
}

const struct rule rule_spf_helo = { "spf_helo", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER | SPARE_SPF,
    OPTION_TABLE(rows) };
