/* client_block.c - who was blocked stays out until the block ends, or somebody lifts it
 *
 * Asks          the table block, policyd's own blocks in it; the client's confirmed name, if a row might match by it
 * Checks        client_block_temporary  4.7.1  a block that ends by itself
 *               client_block_permanent  5.7.1  a block for good
 * Cannot tell   when the client's name cannot be looked up and a row might match by it
 * Leaves        our own machines, addresses everybody must reach, whom a row in allow or an allow list vouches for; a
 *               block of a login concerns nobody but the login
 *
 * A block with an end only delays: mail that should not have been stopped comes with the next attempt behind it.
 */
#include "policy/rule.h"

#include "base/clock.h"

#define OPTIONS client_block_options
struct client_block_options {
	struct setting temporary, permanent;
};
enum { CLIENT_BLOCK_TEMPORARY, CLIENT_BLOCK_PERMANENT };

static const struct option rows[] = {
	[CLIENT_BLOCK_TEMPORARY] = { "client_block_temporary", OPT_SETTING, INTO(temporary), "defer",
	    .sentence = "The client is blocked for a time (table block), by people or by policyd itself." },
	[CLIENT_BLOCK_PERMANENT] = { "client_block_permanent", OPT_SETTING, INTO(permanent), "reject",
	    .sentence = "The client is blocked for good (table block)." },
};

/* Whom the row blocks, as the request has it. */
static const char *
blocked_one(const struct list_row *row, const struct request *r)
{
	return *row->client ? r->client_address : *row->sender ? r->sender : r->sasl_username;
}

static struct verdict
judge(struct eval *e)
{
	char since[CLOCK_TEXT], until[CLOCK_TEXT];
	bool doubt = false;

	const struct list_row *row = listed(e, LIST_BLOCK, &doubt);
	if (waiting(e))
		return PENDING;

	if (row == NULL && doubt)
		return cannot_tell(e, CLIENT_BLOCK_TEMPORARY, "4.7.1", "cannot look up the name of %s now",
		    request(e)->client_address);
	if (row == NULL)
		return DUNNO;
	const char *who = blocked_one(row, request(e)), *cause = *row->cause ? row->cause : "by the postmaster";
	clock_print(row->since_s, since);
	if (row->expires_s == 0)
		return object(e, CLIENT_BLOCK_PERMANENT, "5.7.1", "%.80s is blocked since %.10s: %.90s; ask us to lift it", who,
		    since, cause);
	clock_print(row->expires_s, until);
	return object(e, CLIENT_BLOCK_TEMPORARY, "4.7.1",
	    "%.80s is blocked from %.10s %.5s to %.10s %.5s UTC: %.90s; come back then, or ask us to lift it", who, since,
	    since + 11, until, until + 11, cause);
}

const struct rule rule_client_block = { "client_block", judge, STAGE_RCPT, HOOK_MX_PRE | HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows) };
