/* checkpoint.h - the log is copied into the file beside the writer, so that commits seldom wait for the disk
 *
 * Left to itself SQLite copies the write-ahead log into the file within the commit that makes it 1000 pages long, and
 * syncs both; all who wait for that commit wait some milliseconds longer.  Here a thread copies while the writer goes
 * on.  What was written meanwhile, which is little, the writer copies with its next commit, or with one after it if
 * somebody still reads the file as it was before, as only a log that is copied to its end begins anew.  While the log
 * has 16000 pages, 64 MB, and the thread is not done, the writer waits for it.
 *
 * All but checkpoint_new() and checkpoint_free() is for the writer's thread.
 */
#ifndef STORE_CHECKPOINT_H
#define STORE_CHECKPOINT_H

struct checkpoint;
struct sqlite3;

struct checkpoint *checkpoint_new(void);

/*
 * The writer has just opened the file at path; the thread opens it, too, now and not later, when another file may have
 * taken its place.  If it cannot, the writer copies as SQLite does.
 */
void checkpoint_open(struct checkpoint *c, const char *path, struct sqlite3 *writer);

/* Waits until the thread, if it is to copy, has done so. */
void checkpoint_wait(struct checkpoint *c);

/* Before the writer closes the file: waits for the thread, too. */
void checkpoint_close(struct checkpoint *c);

/* After checkpoint_close(). */
void checkpoint_free(struct checkpoint *c);

#endif
