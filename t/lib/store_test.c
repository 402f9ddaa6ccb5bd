/* store_test.c - see store_test.h */
#include "store_test.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/metrics.h"

#include <ftw.h>
#include <sqlite3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 180000, LOOK_MS = 5 };	/* of a slow disk, with a hundred checkpoints */

static void *
read_setting(const char *check, const char *setting, char *why, size_t size)
{
	if (strncmp(setting, "bad", 3) != 0)
		return xstrdup(setting);
	snprintf(why, size, "%s: no such setting for %s", setting, check);
	return NULL;
}

static bool
read_profile(void *arg, const char *profile, char *why, size_t size)
{
	(void)arg;
	(void)profile;
	(void)why;
	(void)size;
	return true;
}

const struct store_reader fixture_reader = { read_setting, read_profile, NULL };

struct fixture *
fixture_new(void)
{
	struct fixture *f = xcalloc(1, sizeof *f);

	log_open(LOG_TO_NOWHERE);
	strcpy(f->folder, "/tmp/policyd-store-XXXXXX");
	if (mkdtemp(f->folder) == NULL)
		abort();
	snprintf(f->path, sizeof f->path, "%s/policyd.db", f->folder);
	f->options = (struct store_options){ .database = f->path, .decision_log = DECISION_LOG_ALL,
	    .decision_keep_s = INT64_C(4000000000), .activity_keep_s = INT64_C(4000000000), .database_size_max = 1 << 30,
	    .write_queue_max = 100000, .sent_max = 1000000, .greylist_max = 1000000, .recipient_delimiter = "" };
	f->loop = loop_new();
	return f;
}

bool
fixture_open(struct fixture *f)
{
	f->store = store_open(f->loop, &f->options, &fixture_reader, false, f->why, sizeof f->why);
	return f->store != NULL;
}

void
fixture_close(struct fixture *f)
{
	if (f->store != NULL)
		store_close(f->store, PATIENCE_MS);
	f->store = NULL;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
fixture_free(struct fixture *f)
{
	fixture_close(f);
	loop_free(f->loop);
	nftw(f->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(f);
}

/* ---- waiting ---- */

struct wait {
	struct loop *loop;
	bool (*is)(void *arg);
	void *arg;
	unsigned left_ms;
	bool done;
};

static void
look(void *arg)
{
	struct wait *w = arg;

	w->done = w->is != NULL && w->is(w->arg);
	w->left_ms = w->left_ms > LOOK_MS ? w->left_ms - LOOK_MS : 0;
	if (w->done || w->left_ms == 0)
		loop_stop(w->loop);
}

static bool
wait_for(struct fixture *f, bool (*is)(void *arg), void *arg, unsigned ms)
{
	struct wait w = { .loop = f->loop, .is = is, .arg = arg, .left_ms = ms };
	struct timer *timer = timer_new(f->loop, look, &w);

	timer_start(timer, 0, LOOK_MS);
	loop_run(f->loop);
	timer_free(timer);
	return w.done;
}

bool
eventually(struct fixture *f, bool (*is)(void *arg), void *arg)
{
	return wait_for(f, is, arg, PATIENCE_MS);
}

static bool
nothing_waits(void *arg)
{
	(void)arg;
	return metric_gauge("policyd_store_queue", "", "")->value == 0;
}

bool
all_written(struct fixture *f)
{
	return eventually(f, nothing_waits, NULL);
}

void
loop_for(struct fixture *f, unsigned ms)
{
	wait_for(f, NULL, NULL, ms);
}

/* ---- the second connection ---- */

static char answer[65536];

static int
add_row(void *arg, int columns, char **values, char **names)
{
	struct text *t = arg;

	(void)names;
	if (t->len > 0)
		text_add(t, "\n");
	for (int i = 0; i < columns; i++)
		text_addf(t, "%s%s", i ? "|" : "", values[i] ? values[i] : "");
	return 0;
}

const char *
sql_text(const struct fixture *f, const char *sql)
{
	struct text t = TEXT(answer);
	sqlite3 *db;
	char *error = NULL;

	answer[0] = '\0';
	if (sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		text_addf(&t, "error: %s", sqlite3_errmsg(db));
	else if (sqlite3_busy_timeout(db, PATIENCE_MS) != SQLITE_OK || sqlite3_exec(db, sql, add_row, &t, &error) != SQLITE_OK)
		text_addf(&t, "error: %s", error);
	sqlite3_free(error);
	sqlite3_close(db);
	return answer;
}

void
sql_run(const struct fixture *f, const char *sql)
{
	const char *text = sql_text(f, sql);

	if (strncmp(text, "error: ", 7) == 0) {
		fprintf(stderr, "%s: %s\n", sql, text);
		abort();
	}
}

int64_t
sql_number(const struct fixture *f, const char *sql)
{
	return strtoll(sql_text(f, sql), NULL, 10);
}

struct wanted {
	const struct fixture *f;
	const char *sql, *text;
};

static bool
says(void *arg)
{
	const struct wanted *w = arg;

	return strcmp(sql_text(w->f, w->sql), w->text) == 0;
}

bool
sql_becomes(struct fixture *f, const char *sql, const char *text)
{
	struct wanted w = { f, sql, text };

	if (eventually(f, says, &w))
		return true;
	fprintf(stderr, "%s: %s; wanted %s\n", sql, sql_text(f, sql), text);
	return false;
}

/* ---- rows and waiters ---- */

struct decision_row
row_of(const char *action, const char *check)
{
	return (struct decision_row){ .time_s = clock_wall_s(), .action = action, .check = check, .reply = "550 5.7.1 no",
		.client_address = "192.0.2.7", .client_name = "mx.example.net", .helo = "mx.example.net",
		.sender = "b@example.net", .recipient = "ann@example.org", .runs = 1, .took_us = 1234,
		.detail = "[{\"rule\":\"sender_domain\",\"verdict\":\"objects\",\"check\":\"sender_no_mx\",\"us\":250}]" };
}

static void
committed(struct store_waiter *w, bool ok)
{
	struct told *t = (struct told *)(void *)w;

	t->times++;
	t->ok = ok;
}

void
told_init(struct told *t)
{
	*t = (struct told){ .waiter = { .committed = committed } };
}

bool
is_told(void *told)
{
	return ((struct told *)told)->times > 0;
}

/* ---- a disk that fails, or hangs: SQLite's own file functions, but for xWrite and xSync ---- */

static atomic_int sickness;
static sqlite3_vfs vfs, *real_vfs;
static const sqlite3_io_methods *real_methods[4];
static sqlite3_io_methods methods[4];
static int (*real_write)(sqlite3_file *file, const void *bytes, int amount, sqlite3_int64 offset);
static int (*real_sync)(sqlite3_file *file, int flags);
static pthread_mutex_t hang_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t goes_on = PTHREAD_COND_INITIALIZER;
static bool hanging;			/* under the lock */

static int
sick_write(sqlite3_file *file, const void *bytes, int amount, sqlite3_int64 offset)
{
	int code = atomic_load(&sickness);

	return code ? code : real_write(file, bytes, amount, offset);
}

static int
sick_sync(sqlite3_file *file, int flags)
{
	pthread_mutex_lock(&hang_lock);
	while (hanging)
		pthread_cond_wait(&goes_on, &hang_lock);
	pthread_mutex_unlock(&hang_lock);
	return real_sync(file, flags);
}

static int
sick_open(sqlite3_vfs *v, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
	int code = real_vfs->xOpen(real_vfs, name, file, flags, out_flags);

	(void)v;
	for (size_t i = 0; code == SQLITE_OK && file->pMethods != NULL && i < 4; i++) {
		if (real_methods[i] == NULL) {
			real_methods[i] = file->pMethods;
			methods[i] = *file->pMethods;
			real_write = methods[i].xWrite;
			methods[i].xWrite = sick_write;
			real_sync = methods[i].xSync;
			methods[i].xSync = sick_sync;
		}
		if (real_methods[i] == file->pMethods) {
			file->pMethods = &methods[i];
			break;
		}
	}
	return code;
}

void
sick_disk_install(void)
{
	if (real_vfs != NULL)
		return;
	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.zName = "sick";
	vfs.xOpen = sick_open;
	sqlite3_vfs_register(&vfs, 1);
}

void
sick_disk(int code)
{
	atomic_store(&sickness, code);
}

void
sick_disk_hang(bool hangs)
{
	pthread_mutex_lock(&hang_lock);
	hanging = hangs;
	pthread_cond_broadcast(&goes_on);
	pthread_mutex_unlock(&hang_lock);
}
