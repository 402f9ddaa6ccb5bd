/* store_test.h - what the store's tests share: a folder, a loop that runs until something is true, a second connection */
#ifndef LIB_STORE_TEST_H
#define LIB_STORE_TEST_H

#include "store/store.h"

struct fixture {
	struct loop *loop;
	struct store *store;		/* NULL until fixture_open() */
	struct store_options options;
	char folder[64], path[96], why[512];
};

/* Knows every profile, and every setting but those that begin with "bad"; what is read is a copy of the text. */
extern const struct store_reader fixture_reader;

/* A new folder below /tmp, a loop, and default options over folder/policyd.db; the log is silent. */
struct fixture *fixture_new(void);

/* Open the store; false with f->why. */
bool fixture_open(struct fixture *f);
void fixture_close(struct fixture *f);

/* Close what is open, and remove the folder. */
void fixture_free(struct fixture *f);

/* Run the loop until is(arg) is true; false after a generous while. */
bool eventually(struct fixture *f, bool (*is)(void *arg), void *arg);

/* Run the loop until all that was handed to the store is written, and the loop has it back: to see it in the file is less. */
bool all_written(struct fixture *f);

/* Run the loop for a while in which nothing is expected to happen. */
void loop_for(struct fixture *f, unsigned ms);

/* Through a connection of our own, as people do.  text: "a|b" for each row, lines joined by newlines; dies on errors. */
void sql_run(const struct fixture *f, const char *sql);
int64_t sql_number(const struct fixture *f, const char *sql);
const char *sql_text(const struct fixture *f, const char *sql);		/* until the next call */

/* The same, and run the loop until the text comes. */
bool sql_becomes(struct fixture *f, const char *sql, const char *text);

/* A refusal or a pass, as policy would hand it over. */
struct decision_row row_of(const char *action, const char *check);

/* A waiter that remembers. */
struct told {
	struct store_waiter waiter;
	int times;
	bool ok;
};
void told_init(struct told *t);
bool is_told(void *told);

/*
 * From now on what SQLite writes to files of this process fails with code (SQLITE_FULL, …), 0: works
 * again.  sick_disk_install() first, before the first connection.
 */
void sick_disk_install(void);
void sick_disk(int code);

/* While it hangs, whoever has SQLite sync a file waits. */
void sick_disk_hang(bool hangs);

#endif
