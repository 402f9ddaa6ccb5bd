/* database.c - see database.h */
#include "store/database.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

/* Nobody asks how much memory SQLite uses; to count it, the loop and the writer would wait for each other's every malloc(). */
__attribute__((constructor)) static void
count_no_memory(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

sqlite3_stmt *
database_statement(sqlite3_stmt **statement, sqlite3 *db, const char *sql)
{
	if (*statement == NULL)		/* stays so if the file cannot be read */
		sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
	return *statement;
}

bool
database_finish(sqlite3_stmt *s)
{
	bool ok = sqlite3_step(s) == SQLITE_DONE;

	sqlite3_reset(s);
	return ok;
}

int
database_apply(sqlite3_stmt *s, int64_t most, int64_t time_s)
{
	if (s == NULL)
		return 0;
	sqlite3_bind_int64(s, 1, most);
	if (sqlite3_bind_parameter_count(s) > 1)
		sqlite3_bind_int64(s, 2, time_s);
	return database_finish(s) ? sqlite3_changes(sqlite3_db_handle(s)) : 0;
}

void
database_finalize(sqlite3_stmt **statements, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		sqlite3_finalize(statements[i]);
		statements[i] = NULL;
	}
}

int64_t
database_number(sqlite3 *db, const char *question, int64_t otherwise)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(db, question, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		otherwise = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return otherwise;
}

bool
database_is_corrupt(int code)
{
	return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

const char *
database_remedy(sqlite3 *db)
{
	switch (sqlite3_errcode(db) & 0xff) {
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return "; it and its folder must be there and belong to the user policyd runs as";
	case SQLITE_FULL:
		return "; make room on its disk";
	case SQLITE_BUSY:
		return "; end the program that keeps it locked, such as an sqlite3 in a transaction";
	default:
		return "";
	}
}

bool
database_is_gone(sqlite3 *db)
{
	int moved = 0;

	return sqlite3_file_control(db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved;
}

/* What may stand in the file is not trusted to be ours. */
static void
distrust(sqlite3 *db)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
	sqlite3_extended_result_codes(db, 1);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 16 * 1024 * 1024);
}

/* Not for everybody's eyes; SQLite gives journals the same mode.  umask() would be every thread's. */
static void
make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

	if (fd >= 0)
		close(fd);
}

static int
open_file(const char *path, int flags, sqlite3 **db)
{
	if (flags & SQLITE_OPEN_CREATE)
		make_file(path);
	int rc = sqlite3_open_v2(path, db, flags | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc == SQLITE_OK)
		distrust(*db);
	return rc;
}

sqlite3 *
database_open_reader(const char *path, int busy_ms, char *why, size_t size)
{
	sqlite3 *db = NULL;

	if (open_file(path, SQLITE_OPEN_READONLY, &db) != SQLITE_OK ||
	    sqlite3_busy_timeout(db, busy_ms) != SQLITE_OK ||
	    sqlite3_exec(db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL) != SQLITE_OK) {
		snprintf(why, size, "%s: %s%s", path, sqlite3_errmsg(db), database_remedy(db));
		sqlite3_close(db);
		return NULL;
	}
	return db;
}

/* From end first on: 0 for all, 1 for the log. */
static bool
move_aside(const char *path, size_t first)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char aside[PATH_BYTES], from[PATH_BYTES], to[PATH_BYTES];
	int64_t time_s = clock_wall_s();

	do				/* a name that is free: no file is lost */
		if (snprintf(aside, sizeof aside, "%s.corrupt-%" PRId64, path, time_s++) >= (int)sizeof aside)
			return false;
	while (access(aside, F_OK) == 0);
	for (size_t i = first; i < 3; i++) {
		if (snprintf(from, sizeof from, "%s%s", path, ends[i]) >= (int)sizeof from ||
		    snprintf(to, sizeof to, "%s%s", aside, ends[i]) >= (int)sizeof to)
			return false;
		bool moved = rename(from, to) == 0;
		if (!moved && errno != ENOENT) {
			log_warn("store: cannot move %s aside: %s", from, strerror(errno));
			return false;
		}
		if (moved && i == 0)
			log_error("store: %s is corrupt; moved to %s, a new one is made "
			    "(what people wrote comes back from %s.hand)", path, to, path);
	}
	return true;
}

bool
database_move_aside(const char *path)
{
	return move_aside(path, 0);
}

bool
database_move_log_aside(const char *path)
{
	return move_aside(path, 1);
}

uint64_t
database_log_inode(const char *path)
{
	char log[PATH_BYTES];
	struct stat st;

	return snprintf(log, sizeof log, "%s-wal", path) < (int)sizeof log && stat(log, &st) == 0 ? st.st_ino : 0;
}

/* The tables people fill (behind the views of the same name without hand_), and what they did to them. */
static const char *const hand_tables[] = { "hand_allow", "hand_deny", "hand_unwanted", "hand_block",
    "hand_spamtrap", "hand_login_domain", "hand_relay_login", "hand_quota_limit", "hand_recipient_profile",
    "hand_recipient_setting", "history" };
enum { HAND_TABLES = sizeof hand_tables / sizeof *hand_tables };

int64_t
database_changes(sqlite3 *db)
{
	return database_number(db, "SELECT n FROM change", -1);
}

static bool
attach(sqlite3 *db, const char *path)
{
	char *sql = sqlite3_mprintf("ATTACH %Q AS copy", path);
	int rc = sql ? sqlite3_exec(db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;

	sqlite3_free(sql);
	return rc == SQLITE_OK;
}

/* The table's columns in that schema, as in SQL; NULL if it is not there. For sqlite3_free(). */
static char *
columns_of(sqlite3 *db, const char *schema, const char *table)
{
	sqlite3_stmt *s;
	char *columns = NULL;

	if (sqlite3_prepare_v2(db, "SELECT group_concat(name) FROM pragma_table_info(?, ?)", -1, &s, NULL) != SQLITE_OK)
		return NULL;
	sqlite3_bind_text(s, 1, table, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, schema, -1, SQLITE_STATIC);
	if (sqlite3_step(s) == SQLITE_ROW && sqlite3_column_text(s, 0) != NULL)
		columns = sqlite3_mprintf("%s", (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	return columns;
}

/*
 * Run a statement for every hand-made table that the schema has, with the table's name and its columns there in
 * place of %1$s and %2$s, then the last one, in one transaction.
 */
static bool
for_each_hand_table(sqlite3 *db, const char *schema, const char *pattern, const char *last)
{
	bool ok = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK;

	for (size_t i = 0; i < HAND_TABLES && ok; i++) {
		char *columns = columns_of(db, schema, hand_tables[i]), sql[1024];

		if (columns != NULL) {
			ok = snprintf(sql, sizeof sql, pattern, hand_tables[i], columns) < (int)sizeof sql &&
			    sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
			sqlite3_free(columns);
		}
	}
	ok = ok && sqlite3_exec(db, last, NULL, NULL, NULL) == SQLITE_OK;
	return sqlite3_exec(db, ok ? "COMMIT" : "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK && ok;
}

bool
database_copy_hand(sqlite3 *db, const char *path)
{
	char copy[PATH_BYTES], temporary[PATH_BYTES];

	if (snprintf(copy, sizeof copy, "%s.hand", path) >= (int)sizeof copy ||
	    snprintf(temporary, sizeof temporary, "%s.hand.tmp", path) >= (int)sizeof temporary)
		return false;
	unlink(temporary);
	make_file(temporary);
	bool ok = attach(db, temporary);
	if (ok)
		ok = for_each_hand_table(db, "main", "CREATE TABLE copy.%1$s AS SELECT %2$s FROM main.%1$s", "");
	if (!ok)
		log_warn("store: cannot copy what people wrote to %s: %s", copy, sqlite3_errmsg(db));
	sqlite3_exec(db, "DETACH copy", NULL, NULL, NULL);
	if (ok && rename(temporary, copy) != 0) {
		log_warn("store: cannot write %s: %s", copy, strerror(errno));
		ok = false;
	}
	return ok;
}

/*
 * Into a file nobody has written in: change.n is 0 until somebody does, or this
 * has been done.  So it is done after a crash in the middle of it, too.
 */
static void
read_hand_back(sqlite3 *db, const char *path)
{
	char copy[PATH_BYTES], unread[PATH_BYTES + 8];

	if (snprintf(copy, sizeof copy, "%s.hand", path) >= (int)sizeof copy || access(copy, R_OK) != 0 ||
	    database_changes(db) != 0)
		return;
	bool ok = attach(db, copy);
	if (ok)
		ok = for_each_hand_table(db, "copy", "INSERT OR IGNORE INTO main.%1$s (%2$s) SELECT %2$s FROM copy.%1$s",
		    "UPDATE change SET n = n + 1, blocks = (SELECT ifnull(max(number), 0) FROM hand_block)");
	if (ok)
		log_info("store: what people wrote was read back from %s", copy);
	else
		log_warn("store: cannot read %s back: %s; it is kept as %s.unread", copy, sqlite3_errmsg(db), copy);
	sqlite3_exec(db, "DETACH copy", NULL, NULL, NULL);
	if (!ok && snprintf(unread, sizeof unread, "%s.unread", copy) < (int)sizeof unread)
		rename(copy, unread);		/* or the next copy would take its place */
}

/* One try; the file is ready if the result is SCHEMA_READY or SCHEMA_MADE. */
static enum schema_result
try_open(const char *path, bool synchronous_full, sqlite3 **db, char *why, size_t size)
{
	char reason[256] = "";
	int rc = open_file(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, db);
	enum schema_result got = SCHEMA_TROUBLE;

	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(*db, DATABASE_BUSY_MS);
		sqlite3_exec(*db, "PRAGMA auto_vacuum = INCREMENTAL", NULL, NULL, NULL);
		rc = sqlite3_exec(*db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
	}
	if (rc == SQLITE_OK) {
		sqlite3_exec(*db, synchronous_full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
		    NULL, NULL, NULL);
		sqlite3_exec(*db, "PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 67108864",
		    NULL, NULL, NULL);
		got = schema_apply(*db, reason, sizeof reason);
	} else if (database_is_corrupt(rc))
		got = SCHEMA_CORRUPT;
	if (got == SCHEMA_READY || got == SCHEMA_MADE)
		return got;
	if (*reason)
		snprintf(why, size, "%s: %s", path, reason);
	else
		snprintf(why, size, "%s: %s%s", path, sqlite3_errmsg(*db), database_remedy(*db));
	sqlite3_close(*db);
	*db = NULL;
	return got;
}

enum database_result
database_open(const char *path, bool synchronous_full, sqlite3 **db, char *why, size_t size)
{
	enum schema_result got = try_open(path, synchronous_full, db, why, size);

	if (got == SCHEMA_CORRUPT && database_move_aside(path))
		got = try_open(path, synchronous_full, db, why, size);
	if (*db != NULL)
		read_hand_back(*db, path);
	return *db != NULL ? DATABASE_OPEN : got == SCHEMA_NEWER || got == SCHEMA_FOREIGN ? DATABASE_REFUSED : DATABASE_TROUBLE;
}
