/* retention.h - what is old or too much goes, a few rows at a time between transactions; on the writer's thread */
#ifndef STORE_RETENTION_H
#define STORE_RETENTION_H

#include "store/writer.h"

#include <sqlite3.h>

struct retention;

/* o and state are the writer's, and live as long. */
struct retention *retention_new(const struct writer_options *o, struct writer_state *state);
void retention_free(struct retention *r);	/* after retention_finalize() */

/* Before the file is closed. */
void retention_finalize(struct retention *r);

/* Is it time for the next steps?  Within a second? */
bool retention_is_due(const struct retention *r);
bool retention_is_near(const struct retention *r);

/* Take one step at least; what nobody waits for gives way to what somebody does, and goes on behind it. */
void retention_go_on(struct retention *r, sqlite3 *db, bool (*is_awaited)(void *arg), void *arg);

#endif
