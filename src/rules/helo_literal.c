/* helo_literal.c - a client that greets with an address must greet with its own
 *
 * Asks          nothing
 * Checks        helo_literal  5.7.1  the address in HELO, in brackets or bare, is not the client's   RFC 5321 s.4.1.3
 * Leaves        names; a literal that holds no address (helo_syntax looks at it)
 */
#include "rules/helo.h"

#define OPTIONS helo_literal_options
struct helo_literal_options {
	struct setting helo_literal;
};
enum { HELO_LITERAL };

static const struct option rows[] = {
	[HELO_LITERAL] = { "helo_literal", OPT_SETTING, INTO(helo_literal), "reject",
	    .sentence = "The HELO name is an address, in brackets or bare, but not the client's." },
};

static struct verdict
judge(struct eval *e)
{
	const struct address *client = &request(e)->client;
	struct helo h = helo(e);
	char said[ADDRESS_TEXT], is[ADDRESS_TEXT];

	if (h.kind != HELO_ADDRESS || client->bits == 0 || address_equal(&h.address, client))
		return DUNNO;
	return object(e, HELO_LITERAL, "5.7.1", "the HELO name says %s, but the client's address is %s; "
	    "greet with the public name of your server",
	    address_print(&h.address, said), address_print(client, is));
}

const struct rule rule_helo_literal = { "helo_literal", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows) };
