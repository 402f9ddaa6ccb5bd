/* desk.h - what people write, as the loop sees it: a reading connection that notices changes, and reads them by slices */
#ifndef STORE_DESK_H
#define STORE_DESK_H

#include "store/blocks.h"

#include <sqlite3.h>

struct desk {
	sqlite3 *db;			/* NULL while the file cannot be had */
	struct lists *lists;		/* as last read; never NULL */
	char *problems;			/* found then: list, row, finding, …, each ended by NUL; an empty list ends them */
	size_t problems_len;		/* without that end */
	int64_t highest_reference;	/* ever given, as the file says when it is opened */
	bool quiet;			/* set from outside: somebody else says what is wrong with the file */

	/* desk.c's own */
	const char *path;
	int busy_ms;
	struct store_reader reader;
	char *delimiters;
	struct blocks *blocks;
	sqlite3_stmt *data_version, *change, *new_blocks;
	int64_t seen_version, seen_change, seen_blocks;
	struct loading *loading;
	bool blind;			/* as last said in the log */
};

/*
 * path     kept, not copied
 * busy_ms  how long another's lock is waited for
 * blocks   gets what this policyd, or another, blocked since the lists were read
 */
void desk_init(struct desk *d, const char *path, int busy_ms, const struct store_reader *reader, struct blocks *blocks);

/* The configuration is another: the lists are read again.  delimiters begin an address extension; copied. */
void desk_configure(struct desk *d, const char *delimiters);

/* Open the file; false with a sentence in why. */
bool desk_open(struct desk *d, char *why, size_t size);

/*
 * Did anybody change what is kept in memory?  Then desk_read_slice() has something to do, unless only policyd did, by
 * blocking somebody: that is known now.  Opens the file if need be.
 * True if anything at all was written since the last look.
 */
bool desk_look(struct desk *d);

/* The next look finds that something was changed. */
void desk_read_again(struct desk *d);

/* True while the lists are being read: db shows the file as it was when that began. */
bool desk_is_reading(const struct desk *d);

enum desk_slice { DESK_IDLE, DESK_MORE, DESK_READ };

/* Go on reading; READ: lists and problems are new. */
enum desk_slice desk_read_slice(struct desk *d);

/* Close the file; lists stay. */
void desk_close(struct desk *d);
void desk_free(struct desk *d);

#endif
