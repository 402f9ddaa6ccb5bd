/* client_block.c - who was blocked, a stranger or a login of ours, stays out until the block ends, or somebody lifts it
 *
 * Asks          the table block, policyd's own blocks in it; the client's confirmed name, if a row might match by it
 * Checks        client_block_temporary  4.7.1  a block that ends by itself
 *               client_block_permanent  5.7.1  a block for good
 *               login_block             5.7.1  the login is blocked; 4.7.1 if that ends by itself
 * Cannot tell   when the client's name cannot be looked up and a row might match by it
 * Leaves        strangers' blocks: our own machines, addresses everybody must reach, whom a row in allow or an allow list
 *               vouches for, and logins; a login's block: everybody else
 *
 * A block with an end only delays: mail that should not have been stopped comes with the next attempt behind it.
 */
#include "policy/rule.h"

#include "base/clock.h"

/* ---- strangers ---- */

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

/* A reply shows no seconds: who comes back in the minute it names must not be too early. */
static int64_t
minute_after(int64_t time_s)
{
	int64_t minute_s = (time_s + 59) / 60 * 60;

	return minute_s < CLOCK_MAX_S ? minute_s : CLOCK_MAX_S;
}

/* The row blocks who; temporary and permanent are the places of the checks. */
static struct verdict
say(struct eval *e, const struct list_row *row, const char *who, unsigned temporary, unsigned permanent)
{
	char since[CLOCK_TEXT], until[CLOCK_TEXT];
	const char *cause = *row->cause ? row->cause : "by the postmaster";

	clock_print(row->since_s, since);
	if (row->expires_s == 0)
		return object(e, permanent, "5.7.1", "%.80s is blocked since %.10s: %.90s; ask us to lift it", who, since, cause);
	clock_print(minute_after(row->expires_s), until);
	return object(e, temporary, "4.7.1", "%.80s is blocked from %.10s %.5s to %.10s %.5s UTC: %.90s; come back then, or "
	    "ask us to lift it", who, since, since + 11, until, until + 11, cause);
}

static struct verdict
judge(struct eval *e)
{
	const struct request *r = request(e);
	bool doubt = false;

	const struct list_row *row = listed(e, LIST_BLOCK, &doubt);
	if (waiting(e))
		return PENDING;

	if (row == NULL && doubt)
		return cannot_tell(e, CLIENT_BLOCK_TEMPORARY, "4.7.1", "cannot look up the name of %s now", r->client_address);
	if (row == NULL)
		return DUNNO;
	return say(e, row, *row->client ? r->client_address : sender_is_null(e) ? "<>" : r->sender,
	    CLIENT_BLOCK_TEMPORARY, CLIENT_BLOCK_PERMANENT);
}

const struct rule rule_client_block = { "client_block", judge, STAGE_RCPT, HOOK_MX_PRE | HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows) };

/* ---- logins ---- */

#undef OPTIONS
#define OPTIONS login_block_options
struct login_block_options {
	struct setting login_block;
};
enum { LOGIN_BLOCK };

static const struct option login_rows[] = {
	[LOGIN_BLOCK] = { "login_block", OPT_SETTING, INTO(login_block), "reject",
	    .sentence = "The login, or all of its domain, is blocked (table block), for a time or for good." },
};

static struct verdict
judge_login(struct eval *e)
{
	bool doubt;
	const struct list_row *row = listed(e, LIST_BLOCK, &doubt);

	return row ? say(e, row, request(e)->sasl_username, LOGIN_BLOCK, LOGIN_BLOCK) : DUNNO;
}

const struct rule rule_login_block = { "login_block", judge_login, STAGE_RCPT, HOOK_SUBMISSION | HOOK_SUBMISSION_SENDER, 0,
    OPTION_TABLE(login_rows) };
