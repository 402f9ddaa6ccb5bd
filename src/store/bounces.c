/* bounces.c - see bounces.h */
#include "store/bounces.h"
#include "base/text.h"
#include "store/database.h"
#include "store/feed.h"

#include <stdio.h>
#include <string.h>

static sqlite3_stmt *
question(struct bounces_asked *b, sqlite3 *db, enum bounces_question which, const char *who, int64_t since_s)
{
	static const char *const sql[BOUNCES_QUESTIONS] = {
		/* The other columns are those of the row with the greatest time. */
		[BOUNCES_OF_RECIPIENT] = "SELECT count(*), max(time), said FROM bounce WHERE recipient = ?1 AND hard = 1 AND "
		    "time >= ?2 AND time > ifnull((SELECT last FROM delivered WHERE recipient = ?1), 0)",
		[BOUNCES_OF_LOGIN] = "SELECT count(*) FROM bounce WHERE login = ?1 AND hard = 1 AND time >= ?2",
	};
	sqlite3_stmt *q = db ? database_statement(&b->questions[which], db, sql[which]) : NULL;
	char buffer[FEED_ADDRESS];
	struct text safe = TEXT(buffer);	/* as policyd-feed wrote it */

	if (q != NULL) {
		text_add_safe(&safe, who, strlen(who));
		sqlite3_bind_text(q, 1, safe.at, -1, SQLITE_TRANSIENT);
		sqlite3_bind_int64(q, 2, since_s);
	}
	return q;
}

bool
bounces_of_recipient(struct bounces_asked *b, sqlite3 *db, const char *recipient, int64_t since_s, struct bounces *out)
{
	sqlite3_stmt *q = question(b, db, BOUNCES_OF_RECIPIENT, recipient, since_s);
	bool told = q != NULL && sqlite3_step(q) == SQLITE_ROW;

	*out = (struct bounces){ 0 };
	if (told) {
		const char *said = (const char *)sqlite3_column_text(q, 2);

		out->hard = sqlite3_column_int64(q, 0);
		out->last_s = sqlite3_column_int64(q, 1);
		snprintf(out->said, sizeof out->said, "%s", said ? said : "");
	}
	if (q != NULL)
		sqlite3_reset(q);
	return told;
}

bool
bounces_of_login(struct bounces_asked *b, sqlite3 *db, const char *login, int64_t since_s, int64_t *count)
{
	sqlite3_stmt *q = question(b, db, BOUNCES_OF_LOGIN, login, since_s);
	bool told = q != NULL && sqlite3_step(q) == SQLITE_ROW;

	*count = told ? sqlite3_column_int64(q, 0) : 0;
	if (q != NULL)
		sqlite3_reset(q);
	return told;
}

void
bounces_finalize(struct bounces_asked *b)
{
	database_finalize(b->questions, BOUNCES_QUESTIONS);
}
