/* triplets.h - what greylisting remembers: who was tried and waits, and who has come through
 *
 * Most of what is tried never comes again, so that is appended to a table that nothing is looked for in, and stands in an
 * index in memory (attempts.h), made from the table at the start, a slice at a time.  What comes again, and through, goes
 * into a tree, triplet_proven, that is read when somebody asks.  A row that is on its way to the disk counts.
 */
#ifndef STORE_TRIPLETS_H
#define STORE_TRIPLETS_H

#include "store/attempts.h"
#include "store/writer.h"

#include <sqlite3.h>

/* ---- the loop's side ---- */

enum triplet_question { TRIPLET_BY_KEY, TRIPLET_CLIENT_BY_NAME, TRIPLET_SLICE, TRIPLET_SCAN, TRIPLET_QUESTIONS };

struct triplets {
	sqlite3_stmt *questions[TRIPLET_QUESTIONS];	/* prepared when first asked */
	struct attempts *attempts;	/* NULL: the table is read through for each question, for `policyd -x` */
	bool read;			/* all of the table is among them */
	int64_t read_id;		/* up to this row */
	bool unreadable;		/* the row behind it, for more than a lock */
};

void triplets_init(struct triplets *t, bool index);

/* Read on for at most that long; true if there is more to read.  db may be NULL: later. */
bool triplets_read(struct triplets *t, sqlite3 *db, int64_t most_us);

/* The file is another one now, perhaps: read it once more, and keep what is known. */
void triplets_read_again(struct triplets *t);

/* As store_triplet(), by what is in db (NULL: none) and on its way. */
struct triplet_past triplets_past(struct triplets *t, sqlite3 *db, const struct triplet *who, struct triplet_span within);

/*
 * The writes that remember it, in the order of their ->next.  An attempt is known from now on, and until
 * what came through is written.
 */
struct pending_write *triplets_write(struct triplets *t, const struct triplet_news *news);
void triplets_written(struct triplets *t, const struct pending_write *w);

/* What was tried before that is forgotten, its memory step by step. */
void triplets_forget(struct triplets *t, int64_t before_s);

/* Before db is closed. */
void triplets_finalize(struct triplets *t);
void triplets_free(struct triplets *t);

/* ---- the writer thread's side ---- */

enum triplet_statement { ATTEMPTS_OLDEST, ATTEMPTS_NEWEST, ATTEMPTS_FORGET_OLD, ATTEMPTS_FORGET_OLDEST, TRIPLETS_FORGET,
	TRIPLET_CLIENTS_FORGET, TRIPLET_STATEMENTS };

struct triplet_rows {
	sqlite3_stmt *statements[TRIPLET_STATEMENTS];
};

/* One step of forgetting attempts, or what came through: so many rows of a table at most; true if there are more. */
bool attempt_rows_forget(struct triplet_rows *r, sqlite3 *db, int64_t now_s, const struct writer_options *o,
    struct writer_state *state, int step);
bool triplet_rows_forget(struct triplet_rows *r, sqlite3 *db, int64_t now_s, const struct writer_options *o, int step);
void triplet_rows_finalize(struct triplet_rows *r);

#endif
