/* sent.h - the table sent: who of ours sent mail, and when
 *
 * Written behind.  What waits for its commit is looked through too, so that no bounce comes too early for us.  The row
 * without an address says since when nobody was left out or forgotten; it goes when it is older than anybody asks.
 */
#ifndef STORE_SENT_H
#define STORE_SENT_H

#include "store/writer.h"

#include <sqlite3.h>

/* ---- the loop's side ---- */

enum sent_question { SENT_BY_ADDRESS, SENT_BY_DOMAIN, SENT_BEGUN, SENT_QUESTIONS };

struct sent {
	sqlite3_stmt *questions[SENT_QUESTIONS];	/* prepared when first asked */
	struct pending_write *newest;			/* of those on their way */
};

/* The write that remembers it, now in s's list until sent_written(); NULL if there is nothing to remember. */
struct pending_write *sent_write(struct sent *s, const char *address, const char *domain, int64_t time_s);
void sent_written(struct sent *s, struct pending_write *w);

/* As store_sent_since(), by what is in db (NULL: none) and on its way. */
enum known sent_since(struct sent *s, sqlite3 *db, const char *who, int64_t since_s);

/* Before db is closed. */
void sent_finalize(struct sent *s);

/* ---- the writer thread's side ---- */

enum sent_statement { SENT_BEGIN, SENT_ADD, SENT_FORGET_OLD, SENT_MARK, SENT_FORGET_OLDEST, SENT_STATEMENTS };

struct sent_rows {
	sqlite3_stmt *statements[SENT_STATEMENTS];
	int64_t counted_s, surplus;	/* when rows were counted last, and how many too many there are */
};

bool sent_rows_add(struct sent_rows *r, sqlite3 *db, const struct pending_write *w);

/* Forget at most step rows that are older than keep_s, or more than most; how many. */
int sent_rows_forget(struct sent_rows *r, sqlite3 *db, int64_t now_s, int64_t keep_s, int64_t most, int step);
void sent_rows_finalize(struct sent_rows *r);

#endif
