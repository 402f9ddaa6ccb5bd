/* desk.c - see desk.h */
#include "store/desk.h"
#include "base/arena.h"
#include "base/log.h"
#include "store/database.h"
#include "store/lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROBLEMS_BYTES = 60000 };

void
desk_init(struct desk *d, const char *path, int busy_ms, const struct store_reader *reader, struct blocks *blocks)
{
	*d = (struct desk){ .path = path, .busy_ms = busy_ms, .reader = *reader, .blocks = blocks,
	    .seen_version = -1, .seen_change = -1, .lists = lists_empty(), .problems = xcalloc(1, PROBLEMS_BYTES),
	    .delimiters = xcalloc(1, 1) };
}

void
desk_configure(struct desk *d, const char *delimiters)
{
	d->delimiters = strcpy(xrealloc(d->delimiters, strlen(delimiters) + 1), delimiters);
	desk_read_again(d);
}

/* ---- the file ---- */

void
desk_close(struct desk *d)
{
	if (d->loading != NULL)
		lists_release(lists_load_end(d->loading));
	d->loading = NULL;
	sqlite3_finalize(d->data_version);
	sqlite3_finalize(d->change);
	sqlite3_finalize(d->new_blocks);
	d->data_version = d->change = d->new_blocks = NULL;
	sqlite3_close(d->db);
	d->db = NULL;
	d->seen_version = d->seen_change = -1;
}

/* The number a statement gives; -1 if it cannot. */
static int64_t
number(sqlite3_stmt *statement)
{
	int64_t n = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;

	sqlite3_reset(statement);
	return n;
}

static void
see_references(struct desk *d)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(d->db, LAST_REFERENCE, -1, &statement, NULL) != SQLITE_OK)
		return;
	int64_t highest = number(statement);
	if (highest > d->highest_reference)
		d->highest_reference = highest;
	sqlite3_finalize(statement);
}

bool
desk_open(struct desk *d, char *why, size_t size)
{
	d->db = database_open_reader(d->path, d->busy_ms, why, size);
	if (d->db == NULL)
		return false;
	if (sqlite3_prepare_v2(d->db, "PRAGMA data_version", -1, &d->data_version, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(d->db, "SELECT n FROM change", -1, &d->change, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(d->db, "SELECT number, client, login, cause, strikes, since, expires FROM hand_block "
	    "WHERE number > ? ORDER BY number", -1, &d->new_blocks, NULL) == SQLITE_OK) {
		see_references(d);
		return true;
	}
	snprintf(why, size, "%s: %s%s", d->path, sqlite3_errmsg(d->db), database_remedy(d->db));
	desk_close(d);
	return false;
}

/* ---- changes ---- */

static void
on_problem(void *arg, const char *list, const char *row, const char *finding)
{
	struct desk *d = arg;
	size_t room = PROBLEMS_BYTES - d->problems_len;
	int len = snprintf(d->problems + d->problems_len, room, "%s%c%s%c%s", list, 0, row, 0, finding);

	if (len > 0 && (size_t)len + 2 < room)		/* two NULs: of the finding, and of the end */
		d->problems_len += (size_t)len + 1;
	d->problems[d->problems_len] = '\0';
}

/* why: what keeps us from reading; NULL: nothing. */
static void
see_blind(struct desk *d, const char *why)
{
	if (why != NULL && !d->blind && !d->quiet)
		log_warn("store: cannot read what people wrote in %s: %s; policyd goes on with what it has read", d->path, why);
	d->blind = why != NULL;
}

/* What was blocked since the last look; false if that cannot be read. */
static bool
see_blocks(struct desk *d)
{
	sqlite3_stmt *s = d->new_blocks;
	struct arena *a = arena_new();
	int code;

	sqlite3_bind_int64(s, 1, d->seen_blocks);
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		d->seen_blocks = sqlite3_column_int64(s, 0);
		blocks_found(d->blocks, &(struct block){ .client = list_column_text(a, s, 1), .login = list_column_text(a, s, 2),
		    .cause = list_column_text(a, s, 3), .strikes = list_column_strikes(s, 4), .since_s = list_column_time(s, 5),
		    .expires_s = list_column_time(s, 6) });
	}
	sqlite3_reset(s);
	arena_free(a);
	return code == SQLITE_DONE;
}

/* The reading connection failed: a lock passes, for anything else it is opened anew at the next look. */
static void
reader_failed(struct desk *d)
{
	int code = sqlite3_errcode(d->db);

	if (code != SQLITE_BUSY)
		see_blind(d, code == SQLITE_OK || code == SQLITE_DONE ? "the table change is empty" : sqlite3_errmsg(d->db));
	d->seen_version = d->seen_change = -1;
	if (code != SQLITE_BUSY || d->loading != NULL)
		desk_close(d);
}

/* Did anybody change what is kept in memory?  Then begin to read it. */
bool
desk_look(struct desk *d)
{
	char why[512];

	if (d->loading != NULL)
		return false;
	if (d->db == NULL && !desk_open(d, why, sizeof why)) {
		see_blind(d, why);
		return false;
	}
	int64_t version = number(d->data_version);
	if (version >= 0 && version == d->seen_version)
		return false;
	int64_t change = version < 0 ? -1 : number(d->change);
	if (change < 0 || (change == d->seen_change && !see_blocks(d))) {
		reader_failed(d);
		return false;
	}
	d->seen_version = version;
	if (change == d->seen_change) {
		see_blind(d, NULL);
		return true;
	}
	d->seen_change = change;
	d->seen_blocks = database_number(d->db, "SELECT blocks FROM change", -1);	/* those are read with the lists */
	d->problems_len = 0;
	d->problems[0] = '\0';
	d->loading = lists_load_begin(d->db, d->delimiters, &d->reader, on_problem, d);
	if (d->loading == NULL)
		reader_failed(d);
	return true;
}

void
desk_read_again(struct desk *d)
{
	d->seen_version = d->seen_change = -1;
}

bool
desk_is_reading(const struct desk *d)
{
	return d->loading != NULL;
}

enum desk_slice
desk_read_slice(struct desk *d)
{
	if (d->loading == NULL)
		return DESK_IDLE;
	switch (lists_load_slice(d->loading)) {
	case LOADING_MORE:
		return DESK_MORE;
	case LOADING_DONE:
		lists_release(d->lists);
		d->lists = lists_load_end(d->loading);
		d->loading = NULL;
		see_blind(d, NULL);
		return DESK_READ;
	default:
		reader_failed(d);
		return DESK_IDLE;
	}
}

void
desk_free(struct desk *d)
{
	desk_close(d);
	lists_release(d->lists);
	free(d->problems);
	free(d->delimiters);
}
