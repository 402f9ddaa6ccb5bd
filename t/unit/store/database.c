/* database.c - getting at the file promises that …
 *
 * what people wrote comes back, and nothing is ever written over.
 */
#include "store/database.h"
#include "base/clock.h"
#include "base/log.h"
#include "store_test.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct fixture *f;

static int
begin(void **state)
{
	(void)state;
	f = fixture_new();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	clock_release();
	fixture_free(f);
	return 0;
}

static sqlite3 *
open_it(void)
{
	sqlite3 *db;

	if (database_open(f->path, false, &db, f->why, sizeof f->why) != DATABASE_OPEN)
		fail_msg("%s", f->why);
	return db;
}

/* A file in which people wrote, and its copy; the file is gone then. */
static void
leave_a_copy(void)
{
	sqlite3 *db = open_it();

	sql_run(f, "INSERT INTO allow (client, note) VALUES ('192.0.2.7', 'n'), ('192.0.2.8', NULL); DELETE FROM allow WHERE id = 2; "
	    "INSERT INTO deny (sender, expires) VALUES ('b@example.net', 4102444800); "
	    "INSERT INTO recipient_profile (recipient, profile) VALUES ('example.org', 'strict'); "
	    "INSERT INTO recipient_setting (recipient, check_name, setting) VALUES ('ann@example.org', 'dnsbl', 'off'); "
	    "INSERT INTO hand_block (client, since, set_by, number) VALUES ('192.0.2.9', 1, 'mx-1', 7)");
	assert_true(database_copy_hand(db, f->path));
	sqlite3_close(db);
	assert_int_equal(unlink(f->path), 0);
}

static void
assert_all_is_back(void)
{
	assert_string_equal(sql_text(f, "SELECT id || client || note FROM allow UNION ALL SELECT sender || expires FROM deny UNION ALL "
	    "SELECT recipient || profile FROM recipient_profile UNION ALL SELECT recipient || check_name || setting "
	    "FROM recipient_setting"), "1192.0.2.7n\nb@example.net2100-01-01 00:00:00\nexample.orgstrict\nann@example.orgdnsbloff");
	assert_int_equal(sql_number(f, "SELECT count(*) FROM history"), 6);
	assert_true(sql_number(f, "SELECT n FROM change") > 0);
	assert_int_equal(sql_number(f, "SELECT blocks FROM change"), 7);	/* the next block has a number beyond */
}

static void
comes_back_into_a_new_file(void **state)
{
	(void)state;
	leave_a_copy();
	sqlite3_close(open_it());
	assert_all_is_back();
}

static void
comes_back_after_a_crash_in_between(void **state)
{
	char copy[128], away[128];

	(void)state;
	leave_a_copy();
	snprintf(copy, sizeof copy, "%s.hand", f->path);
	snprintf(away, sizeof away, "%s.away", f->path);
	assert_int_equal(rename(copy, away), 0);
	sqlite3 *db = open_it();		/* made, and killed before it read the copy */
	assert_int_equal(database_changes(db), 0);
	sqlite3_close(db);
	assert_int_equal(rename(away, copy), 0);
	sqlite3_close(open_it());
	assert_all_is_back();
}

static void
comes_back_once(void **state)
{
	(void)state;
	leave_a_copy();
	sqlite3_close(open_it());
	sql_run(f, "DELETE FROM allow");
	sqlite3_close(open_it());
	assert_int_equal(sql_number(f, "SELECT count(*) FROM allow"), 0);
}

/* As an older policyd left it: without a table, and without a column, that came later. */
static void
comes_back_from_an_older_copy(void **state)
{
	char copy[128];
	sqlite3 *db;

	(void)state;
	leave_a_copy();
	snprintf(copy, sizeof copy, "%s.hand", f->path);
	assert_int_equal(sqlite3_open(copy, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "DROP TABLE hand_unwanted; ALTER TABLE hand_deny DROP COLUMN note", NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
	sqlite3_close(open_it());
	assert_all_is_back();
}

static void
moves_aside_without_writing_over(void **state)
{
	char pattern[128];
	glob_t found;

	(void)state;
	clock_freeze(2000000000, 1);
	for (int i = 0; i < 3; i++) {
		FILE *file = fopen(f->path, "w");

		assert_non_null(file);
		for (int k = 0; k < 2000; k++)
			fputs("no database ", file);
		fclose(file);
		sqlite3_close(open_it());
	}
	snprintf(pattern, sizeof pattern, "%s.corrupt-*[0-9]", f->path);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 3);
	globfree(&found);
}

int
main(void)
{
#define PROMISE(says, test) { says, test, begin, end, NULL }
	const struct CMUnitTest tests[] = {
		PROMISE("what people wrote comes back into a new file, history and all", comes_back_into_a_new_file),
		PROMISE("it does so too after a crash between making and filling it", comes_back_after_a_crash_in_between),
		PROMISE("a copy an older policyd made comes back too", comes_back_from_an_older_copy),
		PROMISE("it comes back once: what they remove afterwards stays away", comes_back_once),
		PROMISE("three corrupt files in one second are three files", moves_aside_without_writing_over),
	};

	return cmocka_run_group_tests_name("getting at the file promises that", tests, NULL, NULL);
}
