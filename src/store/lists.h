/* lists.h - the lists people write, in memory: one unchanging snapshot, found by hash (see store.h) */
#ifndef STORE_LISTS_H
#define STORE_LISTS_H

#include "store/store.h"

#include <sqlite3.h>

/* Told of each row that is wrong. */
typedef void lists_problem(void *arg, const char *list, const char *row, const char *finding);

/* Empty lists, one reference. */
struct lists *lists_empty(void);

/* Read all four tables; NULL if the database cannot.  Rows that are wrong are told and left out. */
struct lists *lists_load(sqlite3 *db, store_setting_reader *reader, lists_problem *problem, void *arg);

void lists_ref(struct lists *l);

#endif
