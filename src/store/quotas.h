/* quotas.h - what was used of quotas, and which messages were counted (store.h)
 *
 * What this store counted is kept in memory, absolute and by the steps that still count, and so written to the table
 * quota_use; what others counted, or this one before its last start, is read from there whenever it is asked for,
 * and so is what people gave back.
 */
#ifndef STORE_QUOTAS_H
#define STORE_QUOTAS_H

#include "base/hash.h"
#include "store/writer.h"

#include <sqlite3.h>

enum quotas_question { QUOTAS_OF_OTHERS, QUOTAS_OF_OURS, QUOTAS_MESSAGE, QUOTAS_QUESTIONS };

struct quotas_asked {
	sqlite3_stmt *questions[QUOTAS_QUESTIONS];	/* prepared when first asked */
	const char *writer;				/* writer.id of this store; "": it writes nothing */
	struct hash_table table;
	struct quota_counted *newest, *oldest;		/* by when they were counted last */
	bool forgot;					/* one was, to make room: the file may have counts of ours */
};

/* As store_quota_past() and store_quota_message(), by db (NULL: none) and memory. */
bool quotas_past(struct quotas_asked *q, sqlite3 *db, const struct quota_use *u, int64_t now_s, struct quota_past *out);
bool quotas_message(struct quotas_asked *q, sqlite3 *db, const char *instance, struct quota_message *out);

/* Count n more; the write that says so. */
struct pending_write *quotas_count(struct quotas_asked *q, sqlite3 *db, const struct quota_use *u, int64_t n, int64_t now_s);
struct pending_write *quotas_write_message(const char *instance, const struct quota_message *m, int64_t now_s);

/* The file is a new one: hand to put() the writes of all that still counts, of who was counted last first. */
void quotas_write_again(const struct quotas_asked *q, int64_t now_s, void (*put)(void *arg, struct pending_write *w), void *arg);

/* Before db is closed; at the end. */
void quotas_finalize(struct quotas_asked *q);
void quotas_free(struct quotas_asked *q);

#endif
