/* writer.h - the one thread that writes: takes everything that waits, commits it as one transaction
 *
 * The loop hands writes over and gets them back, done.  While the file cannot
 * be written the thread tries again every second and keeps what it has.
 */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include "store/store.h"

#include <stdatomic.h>

struct sqlite3;
struct text;
struct wake;

enum { REFERENCE_SHIFT = 18 };		/* bits of sequence below the seconds of a reference */

enum write_kind { WRITE_DECISION, WRITE_COUNT, WRITE_PROBLEMS, WRITE_DNS_LISTS, WRITE_SENT, WRITE_ROW, WRITES };

/* Rows that are written by one statement each, whose parameters are the cells in order. */
enum row_kind {
	ROW_UNKNOWN,			/* client, recipient, state, source, time */
	ROW_ACTIVITY,			/* scope, name, window, kind, how many more */
	ROW_BLOCK_NUMBER,		/* no cells: the number of the block that is written next, in the same transaction */
	ROW_BLOCK,			/* client, sender, login, cause, evidence, strikes, since, expires */
	ROW_ATTEMPT,			/* client, sender, recipient, gen, first, ready */
	ROW_TRIPLET,			/* recipient, sender, client, gen, first, passed, last */
	ROW_TRIPLET_CLIENT,		/* client, passes more, time */
	ROW_QUOTA_USE,			/* scope, name, unit, length, step, start, ends, n of this writer, most */
	ROW_QUOTA_MESSAGE,		/* instance, recipients, whole, time */
	ROW_RELAY_MISSING,		/* domain, time, login, finding */
	ROW_RELAY_GOOD,			/* domain, time */
	ROW_LOGIN_CLIENT,		/* login, client, time */
	ROWS
};
struct cell {
	const char *text;		/* NULL: n is meant */
	int64_t n;
};
#define CELL_NULL ((struct cell){ NULL, INT64_MIN })
enum { CELLS_MAX = 9 };

/* The statements; parameter CELLS_MAX + 1 is writer.id. */
extern const char *const row_sql[ROWS];

/* One thing to write, in one piece of memory with its texts; freed by the loop when it comes back. */
struct pending_write {
	struct pending_write *next;
	struct store_waiter *waiter;	/* the loop's, as are these two; the thread does not look */
	struct pending_write *newer, *older;	/* of those somebody waits for; of SENT */
	enum write_kind kind;
	bool counted;			/* the thread's: its count is in the totals */
	bool renumbered;		/* the thread's: DECISION: it has another reference than it was given */
	struct decision_row row;	/* DECISION */
	size_t bytes;			/* of memory, DECISION, SENT and ROW; the loop's */
	const char *scope, *key;	/* COUNT; SENT: domain and address */
	int64_t time_s, n;
	/* PROBLEMS, DNS_LISTS: all rows of the table, cell by cell, each ended by NUL; an empty first cell ends them. */
	const char *cells;
	enum row_kind row_kind;		/* ROW */
	size_t cell_count;
	struct cell row_cells[CELLS_MAX];
};

/* New ones (pending.c, sent.c), all that is handed in copied. */
struct pending_write *pending_decision(const struct decision_row *row);
struct pending_write *pending_count(const char *scope, const char *key, int64_t time_s, int64_t n);
struct pending_write *pending_cells(enum write_kind kind, const char *cells, size_t size);
struct pending_write *pending_row(enum row_kind kind, const struct cell *cells, size_t count);

/* Add who somebody is, as tables have it: safe to show.  False if it is too long to be anybody's, or empty. */
bool pending_key(struct text *t, const char *who);

/* What this start is called in the tables (writer.id): host name and a random part. */
enum { WRITER_ID = 96 };
void writer_make_id(char id[WRITER_ID]);

struct writer;

struct writer_options {
	_Atomic int64_t decision_keep_s, database_size_max, sent_keep_s, sent_max, activity_keep_s,
	    history_keep_s, blocks_keep_s;
	_Atomic int64_t attempts_keep_s, triplets_keep_s, greylist_max;
};

/* What the loop reads to know how the thread fares; all only written by the thread. */
struct writer_state {
	atomic_bool trouble;
	atomic_uint_fast64_t commits, rows;
	_Atomic int64_t attempts_since_s;	/* those tried before that went, as they were too many */
	atomic_uint generation;		/* grows when the file was made anew: readers open it again */
	atomic_uint clashes;		/* how often a reference was another's already */
	char why[256];			/* of the trouble; read under writer_why() */
};

/*
 * Start the thread.  db may be NULL: it opens path itself, again and again.  wake is sent when
 * writes came back or the state changed.
 */
struct writer *writer_start(const char *path, bool synchronous_full, struct sqlite3 *db, const char *id,
    const struct writer_options *o, struct wake *wake);

const struct writer_state *writer_state(const struct writer *w);
void writer_why(struct writer *w, char *out, size_t size);

/* One, or several in the order of their ->next. */
void writer_put(struct writer *w, struct pending_write *writes);

/* What was committed since the last call, oldest first; NULL if nothing. */
struct pending_write *writer_take_done(struct writer *w);

/* Commit what waits for at most timeout_ms, then end the thread and close the file. */
void writer_stop(struct writer *w, int64_t timeout_ms);

/* After writer_stop(): what was never committed, in *undone's list; frees w. */
void writer_free(struct writer *w, struct pending_write **undone);

#endif
