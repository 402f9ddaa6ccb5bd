/* spf.c - who sends as a domain must be one its SPF record allows
 *
 * Asks          the records of the sender's domain, and all they lead to; for the null sender those of the HELO name
 * Checks        spf_fail, spf_softfail, spf_neutral, spf_none  5.7.23  what the records say      RFC 7208 s.8
 *               spf_permerror                                  5.7.24  they cannot be read       RFC 7372 s.3.1
 *               spf_temperror                                  4.4.3   nor looked up now: at most a defer
 * Leaves        whom spf_skip names; senders without a domain
 *
 * A sender that a forwarder rewrote (SRS) is judged by the forwarder's domain, as it stands.
 */
#include "rules/spf_result.h"

#define OPTIONS spf_settings
static const struct option rows[] = {
	[SPF_CHECK_FAIL] = { "spf_fail", OPT_SETTING, INTO(at[SPF_CHECK_FAIL]), "score 2",
	    .sentence = "The SPF record of the sender's domain forbids the client to send as it; of the null sender, that of "
	    "the HELO name." },
	[SPF_CHECK_SOFTFAIL] = { "spf_softfail", OPT_SETTING, INTO(at[SPF_CHECK_SOFTFAIL]), "off",
	    .sentence = "It says that the client probably may not." },
	[SPF_CHECK_NEUTRAL] = { "spf_neutral", OPT_SETTING, INTO(at[SPF_CHECK_NEUTRAL]), "off",
	    .sentence = "It says nothing about the client." },
	[SPF_CHECK_NONE] = { "spf_none", OPT_SETTING, INTO(at[SPF_CHECK_NONE]), "off",
	    .sentence = "The domain has no SPF record." },
	[SPF_CHECK_PERMERROR] = { "spf_permerror", OPT_SETTING, INTO(at[SPF_CHECK_PERMERROR]), "off",
	    .sentence = "Its SPF record, or one that it leads to, is wrong." },
	[SPF_CHECK_TEMPERROR] = { "spf_temperror", OPT_SETTING, INTO(at[SPF_CHECK_TEMPERROR]), "off",
	    .sentence = "Its SPF records cannot be looked up now; reject does no more than defer." },
};

static struct verdict
judge(struct eval *e)
{
	return spf_verdict(e, sender_is_null(e) ? SPF_HELO : SPF_MAIL_FROM);
}

const struct rule rule_spf = { "spf", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER | SPARE_SPF, OPTION_TABLE(rows) };
