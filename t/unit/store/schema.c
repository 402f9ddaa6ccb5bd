/* schema.c - the schema and its steps promise that … */
#include "store/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char why[256];

static sqlite3 *
fresh(void)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	return db;
}

static void
run(sqlite3 *db, const char *sql)
{
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static int
number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	int n = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return n;
}

enum { OLDER = 100 };		/* versions of steps made up here: beyond the real ones */

static void
makes_all(void **state)
{
	sqlite3 *db = fresh();
	(void)state;

	assert_int_equal(schema_apply(db, why, sizeof why), SCHEMA_MADE);
	assert_int_equal(number(db, "PRAGMA user_version"), SCHEMA_VERSION);
	assert_int_equal(number(db, "SELECT count(*) FROM decision"), 0);
	assert_int_equal(number(db, "SELECT count(*) FROM refusal"), 0);
	run(db, "INSERT INTO allow (client) VALUES ('192.0.2.7')");
	assert_int_equal(schema_apply(db, why, sizeof why), SCHEMA_READY);
	assert_int_equal(number(db, "SELECT count(*) FROM allow"), 1);
	sqlite3_close(db);
}

#define TRIGGERS "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'"

static void
takes_the_steps_behind(void **state)
{
	static const struct migration steps[] = {
		{ OLDER, "CREATE TABLE no_such_thing_again (a)" },	/* taken already: would fail */
		{ OLDER + 1, "ALTER TABLE hand_deny ADD COLUMN colour TEXT; UPDATE hand_deny SET colour = 'red'" },
		{ OLDER + 2, "UPDATE hand_deny SET colour = 'dark ' || colour" },
	};
	sqlite3 *db = fresh();
	(void)state;

	assert_int_equal(schema_apply(db, why, sizeof why), SCHEMA_MADE);
	int triggers = number(db, TRIGGERS);
	assert_in_range(triggers, 30, 100);
	run(db, "CREATE TABLE no_such_thing_again (a); INSERT INTO deny (client) VALUES ('192.0.2.7');"
	    "CREATE VIEW \"an \"\"older\"\" view\" AS SELECT client FROM hand_deny; PRAGMA user_version = 100");
	assert_int_equal(schema_migrate(db, steps, 3, OLDER + 2, why, sizeof why), SCHEMA_READY);
	assert_int_equal(number(db, "PRAGMA user_version"), OLDER + 2);
	assert_int_equal(number(db, "SELECT count(*) FROM hand_deny WHERE colour = 'dark red'"), 1);
	assert_int_equal(number(db, "SELECT count(*) FROM deny"), 1);
	assert_int_equal(number(db, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'an %'"), 0);
	assert_int_equal(number(db, TRIGGERS), triggers);
	sqlite3_close(db);
}

/* The first version's file, as it stood; relative to the project. */
static char *
schema_1(void)
{
	static char sql[20000];
	FILE *f = fopen("t/unit/store/schema-1.sql", "r");

	assert_non_null(f);
	size_t len = fread(sql, 1, sizeof sql - 1, f);
	assert_in_range(len, 1000, sizeof sql - 2);
	sql[len] = '\0';
	fclose(f);
	return sql;
}

/* Every table and index with its columns in order, a line each. */
static char *
shape(sqlite3 *db)
{
	sqlite3_stmt *s;

	assert_int_equal(sqlite3_prepare_v2(db, "SELECT group_concat(line, char(10)) FROM (SELECT m.type || ' ' || m.name || "
	    "': ' || group_concat(c.name || ' ' || c.type || c.\"notnull\" || c.pk || ifnull(c.dflt_value, '')) AS line "
	    "FROM sqlite_schema m, pragma_table_xinfo(m.name) c WHERE m.type = 'table' GROUP BY m.name "
	    "UNION ALL SELECT sql FROM sqlite_schema WHERE type IN ('index', 'trigger') ORDER BY 1)", -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	char *text = strdup((const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	return text;
}

static void
steps_lead_to_the_same(void **state)
{
	sqlite3 *new = fresh(), *old = fresh();
	(void)state;

	run(old, schema_1());
	run(old, "PRAGMA user_version = 1; INSERT INTO hand_deny (client, created) VALUES ('192.0.2.7', 1)");
	assert_int_equal(schema_apply(new, why, sizeof why), SCHEMA_MADE);
	assert_int_equal(schema_apply(old, why, sizeof why), SCHEMA_READY);
	assert_int_equal(number(old, "PRAGMA user_version"), SCHEMA_VERSION);
	assert_int_equal(number(old, "SELECT count(*) FROM deny"), 1);
	char *of_new = shape(new), *of_old = shape(old);
	assert_string_equal(of_old, of_new);
	free(of_new);
	free(of_old);
	sqlite3_close(new);
	sqlite3_close(old);
}

static void
fails_whole(void **state)
{
	static const struct migration steps[] = {
		{ OLDER + 1, "CREATE TABLE new (a); DROP TABLE hand_deny" },
		{ OLDER + 2, "INSERT INTO missing VALUES (1)" },
	};
	sqlite3 *db = fresh();
	(void)state;

	assert_int_equal(schema_apply(db, why, sizeof why), SCHEMA_MADE);
	run(db, "INSERT INTO deny (client) VALUES ('192.0.2.7'); PRAGMA user_version = 100");
	assert_int_equal(schema_migrate(db, steps, 2, OLDER + 2, why, sizeof why), SCHEMA_TROUBLE);
	assert_non_null(strstr(why, "missing"));
	assert_int_equal(number(db, "PRAGMA user_version"), OLDER);
	assert_int_equal(number(db, "SELECT count(*) FROM deny"), 1);
	assert_int_equal(number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'new'"), 0);
	assert_true(sqlite3_get_autocommit(db));
	sqlite3_close(db);
}

static void
refuses_foreign(void **state)
{
	sqlite3 *db = fresh();
	(void)state;

	run(db, "CREATE TABLE mailbox (address)");
	assert_int_equal(schema_apply(db, why, sizeof why), SCHEMA_FOREIGN);
	assert_non_null(strstr(why, "another program"));
	assert_int_equal(number(db, "SELECT count(*) FROM sqlite_schema"), 1);
	sqlite3_close(db);
}

static void
refuses_newer(void **state)
{
	sqlite3 *db = fresh();
	(void)state;

	run(db, "PRAGMA user_version = 9999");
	assert_int_equal(schema_apply(db, why, sizeof why), SCHEMA_NEWER);
	assert_non_null(strstr(why, "9999"));
	assert_int_equal(number(db, "SELECT count(*) FROM sqlite_schema"), 0);
	assert_true(sqlite3_get_autocommit(db));
	sqlite3_close(db);
}

static void
says_who_is_in_the_way(void **state)
{
	char path[] = "/tmp/policyd-schema-XXXXXX";
	sqlite3 *db, *other;
	(void)state;

	close(mkstemp(path));
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	run(other, "BEGIN IMMEDIATE");
	assert_int_equal(schema_apply(db, why, sizeof why), SCHEMA_TROUBLE);
	assert_non_null(strstr(why, "locked"));
	run(other, "ROLLBACK");
	assert_int_equal(schema_apply(db, why, sizeof why), SCHEMA_MADE);
	sqlite3_close(other);
	sqlite3_close(db);
	unlink(path);
}

static void
knows_rubbish(void **state)
{
	char path[] = "/tmp/policyd-schema-XXXXXX";
	char rubbish[4096];
	sqlite3 *db;
	(void)state;

	memset(rubbish, 'x', sizeof rubbish);
	int fd = mkstemp(path);
	assert_int_equal(write(fd, rubbish, sizeof rubbish), sizeof rubbish);
	close(fd);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(schema_apply(db, why, sizeof why), SCHEMA_CORRUPT);
	sqlite3_close(db);
	unlink(path);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		{ "a new file gets tables and views, an up to date one nothing", makes_all, NULL, NULL, NULL },
		{ "an older file takes the steps behind its version, and the views anew", takes_the_steps_behind,
		  NULL, NULL, NULL },
		{ "a file of the first version becomes what a new one is", steps_lead_to_the_same, NULL, NULL, NULL },
		{ "a step that fails leaves the old version, whole", fails_whole, NULL, NULL, NULL },
		{ "a newer file is refused and left alone", refuses_newer, NULL, NULL, NULL },
		{ "so is the database of another program", refuses_foreign, NULL, NULL, NULL },
		{ "a lock is named, and passes", says_who_is_in_the_way, NULL, NULL, NULL },
		{ "rubbish is known as such", knows_rubbish, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("the schema and its steps promise that", tests, NULL, NULL);
}
