/* paid.c - see paid.h */
#include "rules/paid.h"

/* The end of a block that has ended; somebody may have put it before its beginning.  0 of one that a clock set in the future. */
static int64_t
paid_until(const struct list_row *last, int64_t now_s)
{
	int64_t end_s = last->expires_s > last->since_s ? last->expires_s : last->since_s;

	return end_s <= now_s ? end_s : 0;
}

bool
counts_since(struct eval *e, enum blocked whom, int64_t window_s, int64_t *since_s)
{
	const struct list_row *last = last_block(e, whom);

	*since_s = now(e) - window_s;
	if (last == NULL)
		return true;
	if (list_row_counts(last, now(e)))
		return false;
	if (paid_until(last, now(e)) >= *since_s)
		*since_s = paid_until(last, now(e)) + 1;
	return true;
}
