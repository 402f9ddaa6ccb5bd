/* allow.c - whom a row in allow vouches for is not judged by client, HELO name and sender
 *
 * Asks          the table allow; the client's confirmed name, if a row might match by it
 * Checks        none; rules behind this one that spare allowed clients are not asked
 * Leaves        at mx-pre, clients that nothing is known against: there is nothing to spare them
 * Cannot tell   when the client's name cannot be looked up and a row might match by it: no such rule rejects then
 */
#include "policy/rule.h"

#include <inttypes.h>

static struct verdict
judge(struct eval *e)
{
	bool doubt = false;

	if (hook(e) == HOOK_MX_PRE && !on_record(e))
		return waiting(e) ? PENDING : DUNNO;

	const struct list_row *row = listed(e, LIST_ALLOW, &doubt);
	if (waiting(e))
		return PENDING;

	if (row != NULL)
		return exempt(e, "row %" PRId64 " of allow matches", row->id);
	if (doubt)
		return perhaps_exempt(e, "cannot look up the name of %s now", request(e)->client_address);
	return DUNNO;
}

const struct rule rule_allow = { "allow", judge, STAGE_RCPT | STAGE_DATA, HOOK_MX_PRE | HOOK_MX, 0, { NULL, 0, 0 },
    .grants = SPARE_ALLOWED };
