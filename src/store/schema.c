/* schema.c - see schema.h; sql/ stands in the binary as it is */
#include "store/schema.h"
#include "store/database.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EMBED(name, file) \
	__asm__(".section .rodata\n" #name ":\n.incbin \"" file "\"\n.byte 0\n.text\n"); \
	extern const char name[]

EMBED(schema_sql, "sql/schema.sql");
EMBED(views_sql, "sql/views.sql");
EMBED(migration_2_sql, "sql/migrations/2.sql");
EMBED(migration_3_sql, "sql/migrations/3.sql");
EMBED(migration_4_sql, "sql/migrations/4.sql");
EMBED(migration_5_sql, "sql/migrations/5.sql");

/* What a file of the version before lacks; a new file gets schema.sql, which has it all. */
static const struct migration migrations[] = { { 2, migration_2_sql }, { 3, migration_3_sql }, { 4, migration_4_sql },
    { 5, migration_5_sql } };

/* What a question for one number says; -1 if it cannot be asked. */
static int
number(sqlite3 *db, const char *question)
{
	sqlite3_stmt *s;
	int n = -1;

	if (sqlite3_prepare_v2(db, question, -1, &s, NULL) != SQLITE_OK)
		return -1;
	if (sqlite3_step(s) == SQLITE_ROW)
		n = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return n;
}

static int
user_version(sqlite3 *db)
{
	return number(db, "PRAGMA user_version");
}

/* Tables, but never a version of ours: somebody named the wrong file. */
static bool
is_foreign(sqlite3 *db, int from, char *why, size_t size)
{
	if (from != 0 || number(db, "SELECT count(*) FROM sqlite_schema") <= 0)
		return false;
	snprintf(why, size, "a database of another program; set database = to a file of policyd's own");
	return true;
}

/* Views hold nothing: they are dropped, their triggers with them, and made anew at every change of version. */
static int
drop_views(sqlite3 *db)
{
	sqlite3_stmt *s;
	char *all = NULL;
	int rc = sqlite3_prepare_v2(db, "SELECT group_concat('DROP VIEW \"' || replace(name, '\"', '\"\"') || '\";', '') "
	    "FROM sqlite_schema WHERE type = 'view'", -1, &s, NULL);

	if (rc != SQLITE_OK)
		return rc;
	if (sqlite3_step(s) == SQLITE_ROW && sqlite3_column_text(s, 0) != NULL)
		all = sqlite3_mprintf("%s", (const char *)sqlite3_column_text(s, 0));
	rc = sqlite3_finalize(s);
	if (rc == SQLITE_OK && all != NULL)
		rc = sqlite3_exec(db, all, NULL, NULL, NULL);
	sqlite3_free(all);
	return rc;
}

static int
take_steps(sqlite3 *db, const struct migration *steps, size_t count, int from, int to)
{
	char set[64];
	int rc = drop_views(db);

	if (rc == SQLITE_OK && from == 0)
		rc = sqlite3_exec(db, schema_sql, NULL, NULL, NULL);
	for (size_t i = 0; i < count && from > 0 && rc == SQLITE_OK; i++)
		if (steps[i].version > from)
			rc = sqlite3_exec(db, steps[i].sql, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, views_sql, NULL, NULL, NULL);
	snprintf(set, sizeof set, "PRAGMA user_version = %d", to);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, set, NULL, NULL, NULL);
	return rc;
}

static bool
is_newer(int from, int version, char *why, size_t size)
{
	if (from > version)
		snprintf(why, size, "made by a later policyd (its schema is %d, ours is %d); "
		    "install that version again, or name another database", from, version);
	return from > version;
}

enum schema_result
schema_migrate(sqlite3 *db, const struct migration *steps, size_t count, int version, char *why, size_t size)
{
	if (is_newer(user_version(db), version, why, size))	/* no lock of another's keeps us from seeing that */
		return SCHEMA_NEWER;
	int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	int from = rc == SQLITE_OK ? user_version(db) : -1;

	if (rc == SQLITE_OK && from < 0)
		rc = sqlite3_errcode(db);
	bool foreign = rc == SQLITE_OK && is_foreign(db, from, why, size);
	if (rc == SQLITE_OK && !foreign && from < version)
		rc = take_steps(db, steps, count, from, version);
	if (rc == SQLITE_OK && !foreign && from <= version)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		snprintf(why, size, "%s%s", sqlite3_errmsg(db), database_remedy(db));
	if (!sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB ? SCHEMA_CORRUPT : SCHEMA_TROUBLE;
	if (foreign)
		return SCHEMA_FOREIGN;
	if (is_newer(from, version, why, size))
		return SCHEMA_NEWER;
	return from == 0 ? SCHEMA_MADE : SCHEMA_READY;
}

enum schema_result
schema_apply(sqlite3 *db, char *why, size_t size)
{
	/* Looking first needs no lock: another's lock does not keep us from a file that is as it should be. */
	if (user_version(db) == SCHEMA_VERSION)
		return SCHEMA_READY;
	return schema_migrate(db, migrations, sizeof migrations / sizeof *migrations, SCHEMA_VERSION, why, size);
}
