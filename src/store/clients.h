/* clients.h - what the store knows of clients: whom they tried in vain, and how many came through (store.h)
 *
 * Unknown recipients are rows of the table unknown, each client's each once; those that wait for their commit count
 * already.  How often something happened is summed up here for a while and then added to the table activity; sums count
 * here, and there, but not between, while they wait for their commit: who asks then hears of too little.
 */
#ifndef STORE_CLIENTS_H
#define STORE_CLIENTS_H

#include "base/hash.h"
#include "store/writer.h"

#include <sqlite3.h>

/* As in the column kind. */
extern const char *const activity_words[ACTIVITIES];

enum clients_question { CLIENTS_TRIED, CLIENTS_HAS_TRIED, CLIENTS_OTHERS, CLIENTS_ACTIVITY, CLIENTS_NEW, CLIENTS_QUESTIONS };

struct clients {
	sqlite3_stmt *questions[CLIENTS_QUESTIONS];	/* prepared when first asked */
	struct hash_table waiting;		/* unknown recipients on their way, by client */
	struct on_record *record;		/* who ever tried in vain, lately */
	struct tally *tally;			/* what is not handed to the writer yet */
	int64_t looked_s;			/* rows of unknown older than this have been seen */
};

struct clients *clients_new(void);
void clients_free(struct clients *c);		/* after clients_finalize() */

/* Before db is closed. */
void clients_finalize(struct clients *c);

/* See what others wrote to unknown since the last look, at first of the last day. */
void clients_look(struct clients *c, sqlite3 *db, int64_t now_s);

/* The write that remembers it, known to c until clients_written(); NULL if it is too long to be anybody's. */
struct pending_write *clients_unknown(struct clients *c, const struct unknown_recipient *u);
void clients_written(struct clients *c, struct pending_write *w);

bool clients_on_record(const struct clients *c, const char *client);

/* The same by a look into the file. */
bool clients_in_file(struct clients *c, sqlite3 *db, const char *client, int64_t since_s, int64_t now_s);

/* As store_tried(), now; false if db cannot say. */
bool clients_tried(struct clients *c, sqlite3 *db, const char *client, int64_t since_s, int64_t now_s, struct tried *out);

/* As store_tried_by_others(), now; false if db cannot say. */
bool clients_tried_by_others(struct clients *c, sqlite3 *db, const char *client, int64_t since_s, int64_t now_s,
    struct tried_by_others *out);

/* Count n more.  flush hands at most most of the sums to put(), as writes, the oldest first. */
void clients_count(struct clients *c, const char *scope, const char *name, enum activity kind, int64_t time_s, int64_t n);
size_t clients_counts(const struct clients *c);
void clients_flush(struct clients *c, size_t most, void (*put)(void *arg, struct pending_write *w), void *arg);

/* As store_activity(); false if db cannot say. */
bool clients_activity(struct clients *c, sqlite3 *db, const char *scope, const char *name, int64_t since_s,
    int64_t out[ACTIVITIES]);

#endif
