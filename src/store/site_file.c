/* site_file.c - see site_file.h */
#include "store/site_file.h"
#include "base/arena.h"
#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEPS = 1000, VALUE_BYTES_MAX = 1 << 20 };

#define VFS "policyd-site"

struct site_file {
	const struct site_kind *kind;
	sqlite3 *db;
	sqlite3_stmt *query;
	int64_t due_us;			/* of the question under way */
	const atomic_bool *stop;
};

enum { WHOLE, LOCAL, DOMAIN, LOGIN };		/* a kind's parameters */

/* ---- a file system in which SQLite makes no write-ahead log ---- */

static sqlite3_vfs *real_vfs, careful_vfs;

/* SQLite opens the log of a database that it only reads for writing, and makes it where there is none. */
static int
open_careful(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *opened_as)
{
	(void)vfs;
	if (flags & SQLITE_OPEN_WAL)
		flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_WAL;
	return real_vfs->xOpen(real_vfs, name, file, flags, opened_as);
}

static void
register_vfs(void)
{
	real_vfs = sqlite3_vfs_find(NULL);
	careful_vfs = *real_vfs;
	careful_vfs.zName = VFS;
	careful_vfs.xOpen = open_careful;
	sqlite3_vfs_register(&careful_vfs, 0);
}

/* The path as a URI: only so can SQLite be told to leave the log's index alone, too. */
static char *
make_uri(const char *path)
{
	char *uri = xmalloc(strlen(path) * 3 + 64), *at = uri;

	at += sprintf(at, "file:%s", *path == '/' ? "//" : "");
	for (; *path; path++)
		at += sprintf(at, strchr("%?#", *path) ? "%%%02X" : "%c", (unsigned char)*path);
	strcpy(at, "?mode=ro&readonly_shm=1");
	return uri;
}

/* ---- opening ---- */

/* What SQLite would not say, or would wait for. */
static const char *
why_unreadable(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "not a file";
	return access(path, R_OK) != 0 ? strerror(errno) : NULL;
}

static int
on_progress(void *arg)
{
	const struct site_file *f = arg;

	return (f->stop != NULL && atomic_load(f->stop)) || clock_mono_us() >= f->due_us;
}

/* What a statement may do: read. */
static int
permit(void *arg, int action, const char *first, const char *second, const char *database, const char *from)
{
	(void)arg;
	(void)first;
	(void)database;
	(void)from;
	if (action == SQLITE_FUNCTION)
		return strcasecmp(second, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
	return action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_RECURSIVE ? SQLITE_OK : SQLITE_DENY;
}

/* The file belongs to somebody else: nothing in it is trusted, nothing of it is changed. */
static void
restrain(struct site_file *f, int busy_ms)
{
	sqlite3_db_config(f->db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
	sqlite3_db_config(f->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
	sqlite3_db_config(f->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, (int *)NULL);
	sqlite3_limit(f->db, SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX);
	sqlite3_limit(f->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(f->db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000);	/* no interrupt comes within a LIKE */
	sqlite3_busy_timeout(f->db, busy_ms);
	sqlite3_progress_handler(f->db, STEPS, on_progress, f);
	sqlite3_exec(f->db, "PRAGMA query_only = 1", NULL, NULL, NULL);
}

static enum site_fault
open_database(struct site_file *f, const char *path, int busy_ms, char *why, size_t size)
{
	const char *unreadable = why_unreadable(path);
	char *uri = make_uri(path);
	enum site_fault fault = SITE_FAULT_FILE;
	int rc = SQLITE_OK;

	if (unreadable == NULL)
		rc = sqlite3_open_v2(uri, &f->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, VFS);
	free(uri);
	if (f->db != NULL && rc == SQLITE_OK) {
		restrain(f, busy_ms);
		rc = sqlite3_exec(f->db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
		sqlite3_set_authorizer(f->db, permit, NULL);
	}
	if (unreadable != NULL)
		snprintf(why, size, "%s", unreadable);
	else if (rc == SQLITE_CANTOPEN)
		snprintf(why, size, "it is in WAL mode, and no -wal and -shm beside it can be read; keep it open in another "
		    "program, or let its journal_mode be DELETE");
	else if (rc != SQLITE_OK)
		snprintf(why, size, "%s", f->db ? sqlite3_errmsg(f->db) : "no memory");
	else
		fault = SITE_FAULT_NONE;
	return fault;
}

static bool
is_parameter(const struct site_kind *kind, const char *name)
{
	for (size_t i = 0; name != NULL && kind->parameters[i] != NULL; i++)
		if (strcmp(name, kind->parameters[i]) == 0)
			return true;
	return false;
}

/* What is wrong with a statement that SQLite takes, and which parameters would be right, if it is them; NULL: nothing. */
static const char *
find_fault(struct site_file *f, const char *rest, const char **right)
{
	sqlite3_stmt *second = NULL;
	bool alone = sqlite3_prepare_v2(f->db, rest, -1, &second, NULL) == SQLITE_OK && second == NULL;
	int count = sqlite3_bind_parameter_count(f->query);

	sqlite3_finalize(second);
	if (f->query == NULL || !sqlite3_stmt_readonly(f->query) || sqlite3_stmt_isexplain(f->query) ||
	    sqlite3_column_count(f->query) == 0)
		return "that is no SELECT; write one";
	if (!alone)
		return "something follows the statement; write a single SELECT";
	*right = f->kind->right;
	for (int i = 1; i <= count; i++)
		if (!is_parameter(f->kind, sqlite3_bind_parameter_name(f->query, i)))
			return "it has another parameter than those there are; write ";
	return count > 0 ? NULL : "it asks the same for everybody; write ";
}

static enum site_fault
prepare(struct site_file *f, const char *query, char *why, size_t size)
{
	const char *rest = "", *fault = NULL, *right = "";
	int rc = sqlite3_prepare_v3(f->db, query, -1, SQLITE_PREPARE_PERSISTENT, &f->query, &rest);

	if (rc == SQLITE_AUTH)
		fault = "it does other things than read; write a single SELECT";
	else if (rc == SQLITE_OK)
		fault = find_fault(f, rest, &right);
	if (rc != SQLITE_OK || fault != NULL)
		snprintf(why, size, "%s%s", fault ? fault : sqlite3_errmsg(f->db), right);
	if (fault != NULL || rc == SQLITE_ERROR)
		return SITE_FAULT_QUERY;
	return rc == SQLITE_OK ? SITE_FAULT_NONE : SITE_FAULT_FILE;
}

static void
begin(struct site_file *f)
{
	f->due_us = clock_mono_us() + SITE_ANSWER_MS * 1000;
}

struct site_file *
site_file_open(const char *path, const struct site_kind *kind, const char *query, int busy_ms, const atomic_bool *stop,
    enum site_fault *fault, char *why, size_t size)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct site_file *f = xcalloc(1, sizeof *f);

	pthread_once(&once, register_vfs);
	f->kind = kind;
	f->stop = stop;
	begin(f);
	*fault = open_database(f, path, busy_ms, why, size);
	if (*fault == SITE_FAULT_NONE)
		*fault = prepare(f, query, why, size);
	if (*fault != SITE_FAULT_NONE) {
		site_file_close(f);
		return NULL;
	}
	return f;
}

bool
site_file_moved(const struct site_file *f)
{
	int moved = 0;

	return sqlite3_file_control(f->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved;
}

void
site_file_close(struct site_file *f)
{
	if (f == NULL)
		return;
	sqlite3_finalize(f->query);
	sqlite3_close(f->db);
	free(f);
}

/* ---- asking ---- */

static void
bind(struct site_file *f, unsigned parameter, const char *text, size_t len)
{
	const char *name = f->kind->parameters[parameter];
	int place = name ? sqlite3_bind_parameter_index(f->query, name) : 0;

	if (place > 0)
		sqlite3_bind_text(f->query, place, text, (int)len, SQLITE_STATIC);
}

static enum site_status
read_value(sqlite3_stmt *query, char *why, size_t size)
{
	static const struct {
		const char *word;
		enum site_status status;
	} words[] = {
		{ "1", SITE_YES }, { "active", SITE_YES }, { "yes", SITE_YES }, { "y", SITE_YES }, { "true", SITE_YES },
		{ "0", SITE_NO }, { "deactivated", SITE_NO }, { "inactive", SITE_NO }, { "disabled", SITE_NO },
		{ "no", SITE_NO }, { "n", SITE_NO }, { "false", SITE_NO },
	};
	const char *value = (const char *)sqlite3_column_text(query, 0);

	for (size_t i = 0; value != NULL && i < sizeof words / sizeof *words; i++)
		if (strcasecmp(value, words[i].word) == 0)
			return words[i].status;
	snprintf(why, size, "it says '%.60s', not active or deactivated (or 1 or 0)", value ? value : "NULL");
	return SITE_CANNOT_TELL;
}

static enum site_status
read_number(sqlite3_stmt *query, int64_t *number, char *why, size_t size)
{
	int type = sqlite3_column_type(query, 0);

	if (type == SQLITE_INTEGER || type == SQLITE_FLOAT) {
		*number = sqlite3_column_int64(query, 0);
		return SITE_YES;
	}
	const char *value = (const char *)sqlite3_column_text(query, 0);
	snprintf(why, size, "it says '%.60s', which is no number", value ? value : "NULL");
	return SITE_CANNOT_TELL;
}

enum site_status
site_file_ask(struct site_file *f, const char *value, const char *login, int64_t *number, enum site_fault *fault, char *why,
    size_t size)
{
	const char *at = strrchr(value, '@'), *end = value + strlen(value);
	enum site_status status = SITE_CANNOT_TELL;

	if (at == NULL)
		at = end;
	begin(f);
	bind(f, WHOLE, value, (size_t)(end - value));
	bind(f, LOCAL, value, (size_t)(at - value));
	bind(f, DOMAIN, at + (at < end), (size_t)(end - at - (at < end)));
	bind(f, LOGIN, login, strlen(login));
	int rc = sqlite3_step(f->query);
	if (rc == SQLITE_ROW) {
		status = f->kind->number ? read_number(f->query, number, why, size) : read_value(f->query, why, size);
		*fault = status == SITE_CANNOT_TELL ? SITE_FAULT_VALUE : SITE_FAULT_NONE;
	} else if (rc == SQLITE_DONE) {
		status = SITE_NO_ROW;
		*fault = SITE_FAULT_NONE;
	} else if (rc == SQLITE_INTERRUPT) {
		*fault = SITE_FAULT_SLOW;
		snprintf(why, size, "no answer in %d ms; does the table have an index?", SITE_ANSWER_MS);
	} else {
		*fault = rc == SQLITE_ERROR ? SITE_FAULT_QUERY : SITE_FAULT_FILE;
		snprintf(why, size, "%s", sqlite3_errmsg(f->db));
	}
	sqlite3_reset(f->query);
	sqlite3_clear_bindings(f->query);
	return status;
}
