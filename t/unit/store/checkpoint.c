/* checkpoint.c - test of src/store/checkpoint.c: it promises that … */
#include "store/checkpoint.h"
#include "store_test.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

enum { PAGE = 4096, PAGES = 1000 };	/* of a log that is long enough */

static char folder[64], path[96], log_path[104];
static sqlite3 *db;			/* the writer's */
static struct checkpoint *checkpoint;

static void
run_sql(const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
}

static int
begin(void **state)
{
	(void)state;
	sick_disk_install();
	strcpy(folder, "/tmp/policyd-checkpoint-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/file.db", folder);
	snprintf(log_path, sizeof log_path, "%s-wal", path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	run_sql("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE t (x)");
	checkpoint = checkpoint_new();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	checkpoint_close(checkpoint);
	sqlite3_close(db);
	checkpoint_free(checkpoint);
	assert_int_equal(access(log_path, F_OK), -1);	/* nobody else had the file open */
	unlink(path);
	assert_int_equal(rmdir(folder), 0);
	return 0;
}

static off_t
size_of(const char *file)
{
	struct stat st;

	assert_int_equal(stat(file, &st), 0);
	return st.st_size;
}

/* Some pages more, in one transaction. */
static void
write_pages(int count)
{
	char sql[160];

	snprintf(sql, sizeof sql, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
	    "INSERT INTO t SELECT randomblob(4000) FROM n", count);
	run_sql(sql);
}

/* The thread has copied all that was written so far. */
static bool
is_copied(int pages)
{
	checkpoint_wait(checkpoint);
	return size_of(path) >= (off_t)pages * PAGE;
}

static void
copies_beside_the_writer(void **state)
{
	(void)state;
	checkpoint_open(checkpoint, path, db);
	write_pages(PAGES - 100);
	usleep(20000);
	assert_true(size_of(path) < PAGES / 2 * PAGE);
	write_pages(100);			/* and no commit after that */
	assert_true(is_copied(PAGES));
}

static void
begins_anew(void **state)
{
	(void)state;
	checkpoint_open(checkpoint, path, db);
	for (int pages = PAGES; pages <= 9 * PAGES; pages += PAGES) {
		write_pages(PAGES);
		assert_true(is_copied(pages));
		write_pages(1);			/* with this the writer copies what is left */
	}
	assert_true(size_of(log_path) < 2 * PAGES * PAGE);
}

/* Somebody reads the file as it was, while the writer copies what is left: the next commit has to try again. */
static void
goes_on_behind_readers(void **state)
{
	sqlite3 *reader;

	(void)state;
	checkpoint_open(checkpoint, path, db);
	write_pages(PAGES);
	assert_true(is_copied(PAGES));
	assert_int_equal(sqlite3_open(path, &reader), SQLITE_OK);
	assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM t", NULL, NULL, NULL), SQLITE_OK);
	write_pages(1);
	assert_int_equal(sqlite3_exec(reader, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	off_t before = size_of(path);
	write_pages(1);
	assert_true(size_of(path) >= before + 2 * PAGE);	/* of both commits, by now */
	sqlite3_close(reader);
}

static void *
write_much(void *arg)
{
	for (int i = 0; i < 40; i++)
		write_pages(PAGES);
	return arg;
}

/* The thread hangs in a sync, and what is written fills the log. */
static void
is_bounded(void **state)
{
	const off_t most = 16 * PAGES * PAGE, slack = 2 * PAGES * PAGE;
	pthread_t writer;

	(void)state;
	checkpoint_open(checkpoint, path, db);
	sick_disk_hang(true);
	assert_int_equal(pthread_create(&writer, NULL, write_much, NULL), 0);
	while (size_of(log_path) < most)
		usleep(1000);
	usleep(100000);				/* would it go on */
	off_t size = size_of(log_path);
	sick_disk_hang(false);
	pthread_join(writer, NULL);
	assert_true(size < most + slack);
	assert_true(is_copied(16 * PAGES));
}

static bool
is_whole(void)
{
	sqlite3_stmt *s;

	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &s, NULL), SQLITE_OK);
	bool whole = sqlite3_step(s) == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(s, 0), "ok") == 0;
	sqlite3_finalize(s);
	return whole;
}

static void
waits(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		checkpoint_open(checkpoint, path, db);
		write_pages(PAGES);
		checkpoint_close(checkpoint);
	}
	assert_true(is_whole());
}

static void
leaves_it_to_sqlite(void **state)
{
	(void)state;
	checkpoint_open(checkpoint, "/nonexistent/file.db", db);
	write_pages(PAGES);
	assert_true(size_of(path) >= PAGES * PAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "a long log is copied while the writer does nothing", copies_beside_the_writer, begin, end, NULL },
		{ "a log that is copied begins anew", begins_anew, begin, end, NULL },
		{ "so does one that somebody was reading", goes_on_behind_readers, begin, end, NULL },
		{ "while the disk hangs the log is no longer than 64 MB", is_bounded, begin, end, NULL },
		{ "the file can be closed at any moment", waits, begin, end, NULL },
		{ "without a connection of its own SQLite copies as ever", leaves_it_to_sqlite, begin, end, NULL },
	};

	return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
