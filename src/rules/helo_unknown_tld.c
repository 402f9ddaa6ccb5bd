/* helo_unknown_tld.c - a client's HELO name must lie below a top-level domain that exists
 *
 * Asks          NS of the last label of the HELO name; nothing if that is a special-use name
 * Checks        helo_unknown_tld  5.7.1  the root of the DNS has no such top-level domain   RFC 5321 s.2.3.5
 * Cannot tell   when the DNS cannot, 4.4.3
 * Leaves        addresses, what is no host name, and names that are not fully qualified (other rules look at them)
 */
#include "rules/helo.h"
#include "rules/tld.h"

#define OPTIONS helo_unknown_tld_options
struct helo_unknown_tld_options {
	struct setting helo_unknown_tld;
};
enum { HELO_UNKNOWN_TLD };

static const struct option rows[] = {
	[HELO_UNKNOWN_TLD] = { "helo_unknown_tld", OPT_SETTING, INTO(helo_unknown_tld), "score 1",
	    .sentence = "The top-level domain of the HELO name does not exist in the DNS; special-use names such as "
	    ".local and .invalid (RFC 6761) do not.  Honest servers of small networks greet so, too." },
};

static struct verdict
judge(struct eval *e)
{
	struct helo h = helo(e);

	if (h.kind != HELO_NAME || !domain_is_fqdn(helo_domain(e)))
		return DUNNO;

	struct tld tld = tld_of(e, helo_domain(e));
	if (waiting(e))
		return PENDING;

	if (tld.status == TLD_KNOWN)
		return DUNNO;
	if (tld.status == TLD_CANNOT_TELL)
		return cannot_tell(e, HELO_UNKNOWN_TLD, "4.4.3", "cannot look up the top-level domain .%s now",
		    tld.name);
	return object(e, HELO_UNKNOWN_TLD, "5.7.1", "the top-level domain .%s of the HELO name %.80s does not exist; "
	    "greet with the public name of your server",
	    tld.name, h.text);
}

const struct rule rule_helo_unknown_tld = { "helo_unknown_tld", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows) };
