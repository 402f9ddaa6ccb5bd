/* record.h - what is left of a decision: the log line, the database row, the explanation */
#ifndef POLICY_RECORD_H
#define POLICY_RECORD_H

#include "policy/eval.h"
#include "store/store.h"

#include <stdio.h>

/*
 * One line, in Postfix's own shape, our fields last.
 *
 * text       of a refusal's reply, as reply_encode() says
 * reference  as it stands in the reply; "" where there is none
 */
void record_log(const struct eval *e, const struct decision *d, const char *text, const char *reference, int64_t took_us);

/* The row of the table decision, its texts in e's arena and safe to show; reply is what stands behind action=. */
struct decision_row record_row(const struct eval *e, const struct decision *d, const char *reply, int64_t took_us);

/* Every rule in order, with verdict, setting, facts and milliseconds, then the action, for `policyd -x`. */
void record_explain(FILE *out, const struct eval *e, const struct decision *d, const char *reply, int64_t took_us);

#endif
