/* checkpoint.c - see checkpoint.h */
#include "store/checkpoint.h"
#include "base/arena.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_PAGES = 1000, LOG_MOST = 16 * LOG_PAGES };

enum state {
	IDLE,
	WANTED,				/* the log is long enough */
	COPYING,			/* the thread is at it, without the lock */
	COPIED,				/* the writer has the rest to do */
};

struct checkpoint {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t news;		/* about what is below, all of it under lock */
	enum state state;
	bool stopping;
	sqlite3 *db;			/* the thread's own; NULL: no file is open */
};

/* As much as is possible without anybody waiting; false if there is more, which somebody still reads as it was. */
static bool
copy(sqlite3 *db)
{
	int in_log = -1, copied = -1;		/* what fails is tried again when the log has grown */

	sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_PASSIVE, &in_log, &copied);
	return copied >= in_log;
}

/* The thread. */
static void *
run(void *arg)
{
	struct checkpoint *c = arg;

	pthread_mutex_lock(&c->lock);
	while (!c->stopping) {
		if (c->state != WANTED) {
			pthread_cond_wait(&c->news, &c->lock);
			continue;
		}
		c->state = COPYING;
		pthread_mutex_unlock(&c->lock);
		copy(c->db);
		pthread_mutex_lock(&c->lock);
		c->state = COPIED;
		pthread_cond_broadcast(&c->news);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* With the lock: until the thread has done what it is to do. */
static void
wait_for_thread(struct checkpoint *c)
{
	while (c->state == WANTED || c->state == COPYING)
		pthread_cond_wait(&c->news, &c->lock);
}

/* On the writer's thread: it has committed, and the log of its file, or of one attached, has so many pages. */
static int
on_commit(void *arg, sqlite3 *writer, const char *name, int pages)
{
	struct checkpoint *c = arg;

	pthread_mutex_lock(&c->lock);
	/* A disk that is slower than what is written: not even the log has room for all of it. */
	if (pages >= LOG_MOST)
		wait_for_thread(c);
	bool rest = c->state == COPIED, wanted = c->state == IDLE && pages >= LOG_PAGES && strcmp(name, "main") == 0;
	if (wanted)
		c->state = WANTED;
	pthread_mutex_unlock(&c->lock);
	if (wanted)
		pthread_cond_signal(&c->news);
	/* COPIED is the writer's alone to end: until the log is copied whole, each commit tries. */
	if (rest && copy(writer)) {
		pthread_mutex_lock(&c->lock);
		c->state = IDLE;
		pthread_mutex_unlock(&c->lock);
	}
	return SQLITE_OK;
}

void
checkpoint_open(struct checkpoint *c, const char *path, sqlite3 *writer)
{
	sqlite3 *db;

	/* The log is opened when the file is first read; this reads no more than its first page. */
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, "PRAGMA user_version", NULL, NULL, NULL) != SQLITE_OK) {
		sqlite3_close(db);
		return;
	}
	c->db = db;
	sqlite3_wal_hook(writer, on_commit, c);
}

void
checkpoint_wait(struct checkpoint *c)
{
	pthread_mutex_lock(&c->lock);
	wait_for_thread(c);
	pthread_mutex_unlock(&c->lock);
}

void
checkpoint_close(struct checkpoint *c)
{
	pthread_mutex_lock(&c->lock);
	wait_for_thread(c);
	c->state = IDLE;
	pthread_mutex_unlock(&c->lock);
	sqlite3_close(c->db);
	c->db = NULL;
}

struct checkpoint *
checkpoint_new(void)
{
	struct checkpoint *c = xcalloc(1, sizeof *c);

	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->news, NULL);
	if (pthread_create(&c->thread, NULL, run, c) != 0)
		abort();
	return c;
}

void
checkpoint_free(struct checkpoint *c)
{
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_mutex_unlock(&c->lock);
	pthread_cond_signal(&c->news);
	pthread_join(c->thread, NULL);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->news);
	free(c);
}
