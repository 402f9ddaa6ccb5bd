/* logins.h - the table login_client: from where a login sends, and when
 *
 * Written behind.  What waits for its commit is counted, too, so that no network comes too late.
 */
#ifndef STORE_LOGINS_H
#define STORE_LOGINS_H

#include "base/hash.h"
#include "store/writer.h"

#include <sqlite3.h>

enum logins_question { LOGINS_THERE, LOGINS_ELSEWHERE, LOGINS_QUESTIONS };

struct logins {
	sqlite3_stmt *questions[LOGINS_QUESTIONS];	/* prepared when first asked */
	struct hash_table waiting;			/* what is on its way, by login */
};

/*
 * The write that remembers it, by what is in db (NULL: none) and on its way; that until logins_written().  NULL if there is
 * nothing to remember.
 */
struct pending_write *logins_seen(struct logins *l, sqlite3 *db, const char *login, const char *client, int64_t time_s);
void logins_written(struct logins *l, const struct pending_write *w);

/* As store_login_spread(), by what is in db and on its way; false if db cannot say. */
bool logins_spread(struct logins *l, sqlite3 *db, const char *login, const char *client, int64_t since_s, int64_t now_s,
    int64_t *count);

/* Before db is closed; at the end. */
void logins_finalize(struct logins *l);
void logins_free(struct logins *l);

#endif
