/* lists.h - the lists people write, in memory: one unchanging snapshot, found by hash (see store.h) */
#ifndef STORE_LISTS_H
#define STORE_LISTS_H

#include "store/store.h"

#include <sqlite3.h>

/* Told of each row that is wrong. */
typedef void lists_problem(void *arg, const char *list, const char *row, const char *finding);

/* Empty lists, one reference. */
struct lists *lists_empty(void);

/*
 * Read all tables; NULL if the database cannot.  Rows that are wrong are told and left out.
 * delimiters  that begin an address extension: a recipient that has one is found by its address without it, too
 */
struct lists *lists_load(sqlite3 *db, const char *delimiters, const struct store_reader *reader, lists_problem *problem, void *arg);

/*
 * The same in one transaction, but a slice at a time, so that a million rows do not hold up the loop.
 * begin: NULL if the database cannot; end: NULL if the lists were not DONE.
 */
struct loading;
enum loading_state { LOADING_MORE, LOADING_DONE, LOADING_FAILED };
struct loading *lists_load_begin(sqlite3 *db, const char *delimiters, const struct store_reader *reader, lists_problem *problem,
    void *arg);
enum loading_state lists_load_slice(struct loading *l);
struct lists *lists_load_end(struct loading *l);

void lists_ref(struct lists *l);

/*
 * What stands in a column of a row, bounded, whatever people wrote: a text, in a ("" if it is NULL); a time, or 0 if it is
 * NULL, that can be shown, and added to; how many strikes.
 */
const char *list_column_text(struct arena *a, sqlite3_stmt *s, int column);
int64_t list_column_time(sqlite3_stmt *s, int column);
int list_column_strikes(sqlite3_stmt *s, int column);

#endif
