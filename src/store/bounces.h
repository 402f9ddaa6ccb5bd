/* bounces.h - what policyd-feed wrote of mail that came back, as rules ask it (store.h) */
#ifndef STORE_BOUNCES_H
#define STORE_BOUNCES_H

#include "store/store.h"

#include <sqlite3.h>

enum bounces_question { BOUNCES_OF_RECIPIENT, BOUNCES_OF_LOGIN, BOUNCES_QUESTIONS };

struct bounces_asked {
	sqlite3_stmt *questions[BOUNCES_QUESTIONS];	/* prepared when first asked */
};

/* As store_recipient_bounces() and store_login_bounces(); false if db (NULL: none) cannot say. */
bool bounces_of_recipient(struct bounces_asked *b, sqlite3 *db, const char *recipient, int64_t since_s, struct bounces *out);
bool bounces_of_login(struct bounces_asked *b, sqlite3 *db, const char *login, int64_t since_s, int64_t *count);

/* Before db is closed. */
void bounces_finalize(struct bounces_asked *b);

#endif
