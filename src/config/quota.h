/* quota.h - so much of a thing within a time, as people write it
 *
 *     500 recipients / 1h, 2G bytes / 1d fixed
 *
 * A quota slides: what counts is what was used within the time before now, by steps of a twelfth of it; never too little,
 * and for at most a step too long.  One that is `fixed` begins anew whenever the time is over, as a day does at midnight, UTC.
 */
#ifndef CONFIG_QUOTA_H
#define CONFIG_QUOTA_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

enum quota_unit { QUOTA_RECIPIENTS, QUOTA_MESSAGES, QUOTA_BYTES, QUOTA_UNITS };
extern const char *const quota_units[QUOTA_UNITS];	/* "recipients", … */

struct quota {
	const char *scope;		/* whose, a word: "login"; NULL if that is said elsewhere */
	enum quota_unit unit;
	int64_t most, length_s;
	bool fixed;
};

struct quotas {
	size_t count;
	const struct quota *at;
};

/* More than anybody has; and as many steps count of one that slides. */
enum { QUOTAS_MAX = 32, QUOTA_STEPS = 13 };

/*
 * Read a list of them into a; "none" has none.  scoped: each begins with its scope.  NULL, or a sentence (in a) that says
 * what is wrong and right.
 */
const char *quotas_read(struct arena *a, const char *text, bool scoped, struct quotas *out);

/* How long one step is, and how long what is counted in a step counts, from its start on. */
int64_t quota_step_s(const struct quota *q);
int64_t quota_span_s(const struct quota *q);

#endif
