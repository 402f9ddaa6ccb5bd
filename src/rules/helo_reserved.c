/* helo_reserved.c - a client must not greet with a name that no host on the internet can have
 *
 * Asks          nothing
 * Checks        helo_reserved  5.7.1  HELO is one of helo_reserved_names, or lies below one   RFC 6761
 * Leaves        addresses, and what is no domain name; an underscore hides no name
 *
 * The names of helo_reserved_names: localhost, invalid, test, example and its three domains from RFC 6761, local from
 * RFC 6762, onion from RFC 7686, home.arpa from RFC 8375, alt from RFC 9476; internal, which ICANN has set aside for
 * private use; localdomain, which is nobody's, and what many systems call themselves until told better.
 */
#include "rules/helo.h"

#define OPTIONS helo_reserved_options
struct helo_reserved_options {
	struct setting helo_reserved;
	struct option_list names;
};
enum { HELO_RESERVED, HELO_RESERVED_NAMES };

static const struct option rows[] = {
	[HELO_RESERVED] = { "helo_reserved", OPT_SETTING, INTO(helo_reserved), "score 1",
	    .sentence = "The HELO name is one of helo_reserved_names, which no host on the internet can have." },
	[HELO_RESERVED_NAMES] = { "helo_reserved_names", OPT_DOMAINS, INTO(names),
	    "localhost local localdomain internal home.arpa invalid test example example.com example.net example.org "
	    "onion alt",
	    .sentence = "Names for private or special use (RFC 6761): these and all names below them; with a leading dot, "
	    "only names below." },
};

static struct verdict
judge(struct eval *e)
{
	const struct helo_reserved_options *o = options(e);
	const char *name = helo_domain(e);

	const char *reserved = name ? domains_find(&o->names, name) : NULL;
	if (reserved == NULL)
		return DUNNO;
	return object(e, HELO_RESERVED, "5.7.1", "the HELO name %.100s is no public name (%.60s is reserved); "
	    "greet with the public name of your server", request(e)->helo_name, reserved);
}

const struct rule rule_helo_reserved = { "helo_reserved", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows) };
