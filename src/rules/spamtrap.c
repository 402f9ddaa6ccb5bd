/* spamtrap.c - who writes to an address that nobody ever gave to anybody has bought or guessed it
 *
 * Asks          the table spamtrap
 * Checks        spamtrap  5.7.1  the recipient is one; as defer or reject it sets a block
 * Leaves        our own machines, addresses everybody must reach, whom a row in allow or an allow list vouches for,
 *               trusted_forwarders
 *
 * Most traps are no mailbox: behind mx-pre Postfix refuses them itself.
 */
#include "policy/rule.h"

#include <string.h>

#define OPTIONS spamtrap_options
struct spamtrap_options {
	struct setting spamtrap;
};
enum { SPAMTRAP };

static const struct option rows[] = {
	[SPAMTRAP] = { "spamtrap", OPT_SETTING, INTO(spamtrap), "reject",
	    .sentence = "The recipient is in the table spamtrap.  As defer or reject the client is blocked, too, for the time "
	    "block_steps says." },
};

static struct verdict
judge(struct eval *e)
{
	char evidence[VERDICT_TEXT];
	struct text t = TEXT(evidence);
	bool doubt;

	if (listed(e, LIST_SPAMTRAP, &doubt) == NULL)
		return DUNNO;
	struct verdict v = object(e, SPAMTRAP, "5.7.1", "%.150s never asked anybody for mail; take it off your lists",
	    request(e)->recipient);
	text_addf(&t, "it wrote to the spam trap ");
	text_add_safe(&t, request(e)->recipient, strlen(request(e)->recipient));
	return blocking(e, BLOCKED_CLIENT, v, "it wrote to an address that nobody gave it", evidence);
}

const struct rule rule_spamtrap = { "spamtrap", judge, STAGE_RCPT, HOOK_MX_PRE | HOOK_MX, SPARE_STRANGER | SPARE_FORWARDER,
    OPTION_TABLE(rows), .counts = 1 << ACTIVITY_TRAP };
