/* table.h - all rules, in the order in which they are asked
 *
 * Of equally strong verdicts the first in this order gives code and text, and a
 * rule is not asked once one before it has rejected.  So what people wrote comes
 * first, then what costs nothing, then one look-up each, then many.
 */
#ifndef RULES_TABLE_H
#define RULES_TABLE_H

#include "policy/rule.h"

extern const struct rule *const rules[];
extern const size_t rules_count;

#endif
