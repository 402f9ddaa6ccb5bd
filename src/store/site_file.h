/* site_file.h - a read-only connection to the site's own database, and the one query that it answers
 *
 * Nothing is ever written, or made: not the file, not a journal, not a write-ahead log.  The query is a
 * single SELECT that names a parameter of its kind; anything else is refused when it is opened.
 * To be used by one thread at a time.
 */
#ifndef STORE_SITE_FILE_H
#define STORE_SITE_FILE_H

#include "store/site.h"

#include <stdatomic.h>

enum { SITE_ANSWER_MS = 500 };		/* a query that takes longer is interrupted */

struct site_file;

enum site_fault {
	SITE_FAULT_NONE,
	SITE_FAULT_QUERY,		/* the query is wrong, or the database is another than it is for */
	SITE_FAULT_FILE,		/* the file is missing, locked, broken, … */
	SITE_FAULT_SLOW,		/* this question took too long, or somebody said stop */
	SITE_FAULT_VALUE,		/* the value says nothing we know */
};

/*
 * Open path and prepare the query.  NULL with FAULT_QUERY or FAULT_FILE and a sentence in why.
 *
 * busy_ms  how long to wait for somebody's lock, now and at each question
 * stop     once true, a query under way is interrupted; NULL: nobody says so
 */
struct site_file *site_file_open(const char *path, const struct site_kind *kind, const char *query, int busy_ms,
    const atomic_bool *stop, enum site_fault *fault, char *why, size_t size);

/*
 * What the first column of the first row says of value, and login; a number goes to *number.  SITE_CANNOT_TELL comes with a fault
 * and a sentence in why; after FAULT_FILE close it, and open it anew some time later.
 */
enum site_status site_file_ask(struct site_file *f, const char *value, const char *login, int64_t *number,
    enum site_fault *fault, char *why, size_t size);

/* Somebody deleted or replaced the file since it was opened. */
bool site_file_moved(const struct site_file *f);

void site_file_close(struct site_file *f);	/* NULL is ignored */

#endif
