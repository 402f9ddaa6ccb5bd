/* database.h - getting at the file: opening, moving aside what is corrupt, the copy of what people wrote */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DATABASE_BUSY_MS = 1000 };	/* so long a transaction waits for another's lock */

enum database_result {
	DATABASE_OPEN,
	DATABASE_REFUSED,		/* a newer file, or not one of ours: refuse to start */
	DATABASE_TROUBLE,		/* try again later */
};

/*
 * Open path for writing, made and migrated as needed.  A corrupt file is moved to
 * path.corrupt-TIME with its journal and a new one made.  Whenever one is made, the hand-made
 * rows are read back from the copy, if there is one.  *db is NULL unless OPEN; else why holds a sentence.
 */
enum database_result database_open(const char *path, bool synchronous_full, sqlite3 **db, char *why, size_t size);

/* Open path for reading only, waiting at most busy_ms for another's lock now and later; NULL with a sentence in why. */
sqlite3 *database_open_reader(const char *path, int busy_ms, char *why, size_t size);

bool database_is_corrupt(int code);

/* What helps against the failure that sqlite3_errmsg() tells, to stand behind it: "; make room on its disk", or "". */
const char *database_remedy(sqlite3 *db);

/* Somebody deleted or moved the file: what is written to it now, nobody will ever read. */
bool database_is_gone(sqlite3 *db);

/* Move a corrupt file aside with what belongs to it; said in the log; false if that failed. */
bool database_move_aside(const char *path);

/*
 * The write-ahead log of a file that went while it was open stays behind: which one is at path now (0: none),
 * and move it aside, without the file.
 */
uint64_t database_log_inode(const char *path);
bool database_move_log_aside(const char *path);

/* The statement, prepared when first used; NULL if the file cannot be read.  Step it once and reset it: true if it is done. */
sqlite3_stmt *database_statement(sqlite3_stmt **statement, sqlite3 *db, const char *sql);
bool database_finish(sqlite3_stmt *s);

/* Step a statement about most rows and, if it has two parameters, a time; how many rows it changed: none if s is NULL. */
int database_apply(sqlite3_stmt *s, int64_t most, int64_t time_s);

/* Before the file is closed: they can be prepared anew. */
void database_finalize(sqlite3_stmt **statements, size_t count);

/* The number that answers a question asked seldom; otherwise if there is no row or it cannot be asked. */
int64_t database_number(sqlite3 *db, const char *question, int64_t otherwise);

/* The highest reference given, but for what no clock of ours can have made. */
#define LAST_REFERENCE "SELECT max(reference) FROM decision WHERE reference < (unixepoch() + 315360000) << 18"

/* How often people changed what they wrote: 0 in a new file; -1 if it cannot be read. */
int64_t database_changes(sqlite3 *db);

/* Copy the hand-made tables into path.hand (by way of a rename); false, with a warning, if that failed. */
bool database_copy_hand(sqlite3 *db, const char *path);

#endif
