/* source.h - where the log comes from: standard input, a file that is rotated, the journal
 *
 * Nothing here waits but wait().  What place() tells lies between two lines, so that another start goes on with the line
 * behind the last one that next() gave.
 */
#ifndef FEED_SOURCE_H
#define FEED_SOURCE_H

#include "feed/log_line.h"
#include "store/feed.h"

enum { SOURCE_LINE_MAX = 8192 };

enum source_got {
	SOURCE_LINE,			/* a line of some Postfix, in *line, good until the next call */
	SOURCE_OTHER,			/* a line we do not want */
	SOURCE_NOTHING,			/* nothing now */
	SOURCE_END,			/* nothing ever again */
};

struct source {
	enum source_got (*next)(struct source *s, int64_t now_s, struct log_line *line);
	void (*place)(const struct source *s, struct feed_place *out);	/* behind the last line; leaves out->source alone */
	void (*wait)(struct source *s, int ms);		/* until there may be more, a signal came, or so long */
	void (*close)(struct source *s);
	uint64_t too_long;		/* lines that were passed over whole */
};

/* Standard input; it has no place. */
struct source *source_stdin(void);

/*
 * The file from->source, from there on, whatever becomes of it: renamed and made anew, or copied and truncated.  What was
 * not read by then, perhaps by another start, is read from the same name with ".1".  NULL with a sentence in why if it
 * cannot be read now.
 */
struct source *source_file(const struct feed_place *from, char *why, size_t size);

/* The journal of this machine, or that in a folder (not NULL), as far as it is facility mail's. */
struct source *source_journal(const char *folder, const struct feed_place *from, char *why, size_t size);

#endif
