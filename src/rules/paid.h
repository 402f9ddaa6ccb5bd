/* paid.h - what was done before the end of somebody's last block is paid for */
#ifndef RULES_PAID_H
#define RULES_PAID_H

#include "policy/rule.h"

/* Since when it counts: for window_s, or since the last block ended.  False while one lasts: then nothing new is found out. */
bool counts_since(struct eval *e, enum blocked whom, int64_t window_s, int64_t *since_s);

#endif
