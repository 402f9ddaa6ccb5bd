/* list_text.h - what of a request a hand-made row speaks about, in words */
#ifndef RULES_LIST_TEXT_H
#define RULES_LIST_TEXT_H

#include "policy/rule.h"

/*
 * Add "client 192.0.2.7, sender b@example.net": what the row's columns matched, never the row's own patterns; nothing
 * that does not fit whole.
 */
void list_text(struct text *t, const struct list_row *row, const struct request *r);

#endif
