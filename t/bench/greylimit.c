/* greylimit.c - two yardsticks: greylisting and nothing else, each request answered after its COMMIT
 *
 *     greylimit DATABASE        one UPSERT for each request into one tree, on the loop
 *     greylimit -b DATABASE     the best design known: two tiers, written by a thread
 *
 * Listens on a free TCP port of 127.0.0.1, which it prints.  A triplet that is new, or younger than five minutes, is
 * deferred.  What comes in one turn of the loop, or while the thread writes, is one transaction.  SQLite as policyd
 * sets it up (WAL, synchronous = NORMAL).  No rules, no log.  Each request must come in one piece.
 *
 * Two tiers: what is not in the index in memory is looked up in the tree; if it is new there, too, it is appended to a
 * table that nobody searches.  Nothing moves from that to the tree: no load comes back after five minutes.
 */
#include "base/arena.h"
#include "base/hash.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

enum { BUFFER_BYTES = 65536, BACKLOG = 1024, DELAY_S = 300, WAITING_MAX = 4096, VALUE_BYTES = 100 };

#define PASS "action=DUNNO\n\n"
#define LATER "action=DEFER_IF_PERMIT 4.2.0 greylisted, please try again in 300 seconds\n\n"

struct triplet {
	char client[VALUE_BYTES], sender[VALUE_BYTES], recipient[VALUE_BYTES];
};

/* One that is answered after a COMMIT. */
struct reply {
	uv_tcp_t *to;
	bool later;
	struct triplet triplet;		/* -b: to be appended */
};

struct replies {
	struct reply *at;
	size_t count;
};

static char buffer[BUFFER_BYTES];
static bool best;
static sqlite3 *db;
static sqlite3_stmt *begin, *commit, *upsert, *search;
static struct replies waiting;		/* of this turn */

static void
die(const char *what)
{
	fprintf(stderr, "greylimit: %s: %s\n", what, db ? sqlite3_errmsg(db) : "no memory");
	exit(1);
}

/* ---- the database ---- */

static void
run(sqlite3_stmt *s)
{
	if (sqlite3_step(s) != SQLITE_DONE)
		die(sqlite3_sql(s));
	sqlite3_reset(s);
}

static sqlite3_stmt *
prepare(sqlite3 *to, const char *sql)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v3(to, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) != SQLITE_OK)
		die(sql);
	return s;
}

static sqlite3 *
open_database(const char *path)
{
	sqlite3 *opened;

	if (sqlite3_open(path, &opened) != SQLITE_OK || sqlite3_exec(opened, "PRAGMA journal_mode = WAL;"
	    "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000; PRAGMA busy_timeout = 10000;"
	    "CREATE TABLE IF NOT EXISTS triplet (client TEXT, sender TEXT, recipient TEXT, first INTEGER, last INTEGER, "
	    "PRIMARY KEY (client, sender, recipient)) WITHOUT ROWID;"
	    "CREATE TABLE IF NOT EXISTS pending (id INTEGER PRIMARY KEY, client TEXT, sender TEXT, recipient TEXT, first INTEGER)",
	    NULL, NULL, NULL) != SQLITE_OK)
		die(path);
	return opened;
}

static void
bind_triplet(sqlite3_stmt *s, const struct triplet *t)
{
	sqlite3_bind_text(s, 1, t->client, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, t->sender, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, t->recipient, -1, SQLITE_STATIC);
}

/* ---- requests ---- */

static void
answer(uv_tcp_t *to, bool later)
{
	uv_buf_t reply = later ? uv_buf_init((char *)LATER, sizeof LATER - 1) : uv_buf_init((char *)PASS, sizeof PASS - 1);

	uv_try_write((uv_stream_t *)to, &reply, 1);
}

static struct reply *
wait_for_commit(uv_tcp_t *to, bool later)
{
	if (waiting.at == NULL)
		waiting.at = xcalloc(WAITING_MAX, sizeof *waiting.at);
	if (waiting.count == WAITING_MAX)
		die("too many at once");
	struct reply *r = &waiting.at[waiting.count++];
	r->to = to;
	r->later = later;
	return r;
}

/* ---- one tree ---- */

static void
ask_tree(uv_tcp_t *from, const struct triplet *t)
{
	time_t now_s = time(NULL);

	if (waiting.count == 0)
		run(begin);
	bind_triplet(upsert, t);
	sqlite3_bind_int64(upsert, 4, now_s);
	if (sqlite3_step(upsert) != SQLITE_ROW)
		die("upsert");
	bool later = sqlite3_column_int64(upsert, 0) + DELAY_S > now_s;
	run(upsert);
	wait_for_commit(from, later);
}

static void
end_turn_of_tree(void)
{
	if (waiting.count == 0)
		return;
	run(commit);
	for (size_t i = 0; i < waiting.count; i++)
		answer(waiting.at[i].to, waiting.at[i].later);
	waiting.count = 0;
}

/* ---- two tiers ---- */

struct known {
	struct hash_link link;
	time_t first_s;
};

static struct hash_table known;
static bool reading;			/* the turn's transaction is open */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t some = PTHREAD_COND_INITIALIZER;
static struct replies to_write, written;	/* under the lock */
static uv_async_t committed;

static uint64_t
hash_of(const struct triplet *t)
{
	char key[sizeof *t];
	int len = snprintf(key, sizeof key, "%s\n%s\n%s", t->client, t->sender, t->recipient);

	return hash_bytes(key, (size_t)len);
}

/* When it first came; 0: it is new. */
static time_t
first_seen(const struct triplet *t, uint64_t hash)
{
	struct known *k = (struct known *)(void *)hash_find(&known, hash);

	if (k != NULL)
		return k->first_s;
	if (!reading)
		run(begin);
	reading = true;
	bind_triplet(search, t);
	time_t first_s = sqlite3_step(search) == SQLITE_ROW ? sqlite3_column_int64(search, 0) : 0;
	sqlite3_reset(search);
	return first_s;
}

static void
ask_tiers(uv_tcp_t *from, const struct triplet *t)
{
	uint64_t hash = hash_of(t);
	time_t now_s = time(NULL), first_s = first_seen(t, hash);

	if (first_s != 0) {
		answer(from, first_s + DELAY_S > now_s);
		return;
	}
	struct known *k = xmalloc(sizeof *k);
	k->first_s = now_s;
	hash_insert(&known, &k->link, hash);
	wait_for_commit(from, true)->triplet = *t;
}

static void
move_all(struct replies *to, struct replies *from)
{
	if (to->count + from->count > WAITING_MAX)
		die("too many under way");
	if (to->at == NULL)
		to->at = xcalloc(WAITING_MAX, sizeof *to->at);
	memcpy(to->at + to->count, from->at, from->count * sizeof *from->at);
	to->count += from->count;
	from->count = 0;
}

static void
end_turn_of_tiers(void)
{
	if (reading)
		run(commit);
	reading = false;
	if (waiting.count == 0)
		return;
	pthread_mutex_lock(&lock);
	move_all(&to_write, &waiting);
	pthread_cond_signal(&some);
	pthread_mutex_unlock(&lock);
}

static void *
write_all(void *path)
{
	struct replies batch = { 0 };
	sqlite3 *own = open_database(path);
	sqlite3_stmt *own_begin = prepare(own, "BEGIN IMMEDIATE"), *own_commit = prepare(own, "COMMIT"),
	    *append = prepare(own, "INSERT INTO pending (client, sender, recipient, first) VALUES (?1, ?2, ?3, ?4)");

	for (;;) {
		pthread_mutex_lock(&lock);
		while (to_write.count == 0)
			pthread_cond_wait(&some, &lock);
		move_all(&batch, &to_write);
		pthread_mutex_unlock(&lock);

		run(own_begin);
		for (size_t i = 0; i < batch.count; i++) {
			bind_triplet(append, &batch.at[i].triplet);
			sqlite3_bind_int64(append, 4, time(NULL));
			run(append);
		}
		run(own_commit);

		pthread_mutex_lock(&lock);
		move_all(&written, &batch);
		pthread_mutex_unlock(&lock);
		uv_async_send(&committed);
	}
	return NULL;
}

static void
on_committed(uv_async_t *async)
{
	static struct replies done;
	(void)async;

	pthread_mutex_lock(&lock);
	if (written.count > 0)
		move_all(&done, &written);
	pthread_mutex_unlock(&lock);
	for (size_t i = 0; i < done.count; i++)
		answer(done.at[i].to, true);
	done.count = 0;
}

/* ---- connections ---- */

static void
on_closed(uv_handle_t *handle)
{
	free(handle);
}

static void
on_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	(void)handle;
	(void)suggested;
	*out = uv_buf_init(buffer, BUFFER_BYTES);
}

/* The value of an attribute, which ends with its line. */
static void
take_value(char out[VALUE_BYTES], const char *request, const char *name)
{
	const char *value = strstr(request, name);

	if (value == NULL)
		die(name);
	value += strlen(name);
	size_t len = strcspn(value, "\n");
	if (len >= VALUE_BYTES)
		die(name);
	memcpy(out, value, len);
	out[len] = '\0';
}

static void
on_bytes(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	struct triplet t;

	if (len < 0)
		uv_close((uv_handle_t *)stream, on_closed);
	if (len <= 0)
		return;
	if (len == BUFFER_BYTES || len < 2 || memcmp(buf->base + len - 2, "\n\n", 2) != 0)
		die("half a request");
	buf->base[len] = '\0';
	take_value(t.client, buf->base, "\nclient_address=");
	take_value(t.sender, buf->base, "\nsender=");
	take_value(t.recipient, buf->base, "\nrecipient=");
	(best ? ask_tiers : ask_tree)((uv_tcp_t *)stream, &t);
}

static void
on_connection(uv_stream_t *listener, int status)
{
	uv_tcp_t *c = calloc(1, sizeof *c);

	if (c == NULL || status < 0)
		die("accept");
	uv_tcp_init(listener->loop, c);
	if (uv_accept(listener, (uv_stream_t *)c) != 0 || uv_read_start((uv_stream_t *)c, on_buffer, on_bytes) != 0)
		uv_close((uv_handle_t *)c, on_closed);
	else
		uv_tcp_nodelay(c, 1);
}

static void
on_turn(uv_check_t *check)
{
	(void)check;
	(best ? end_turn_of_tiers : end_turn_of_tree)();
}

int
main(int argc, char **argv)
{
	uv_loop_t *loop = uv_default_loop();
	uv_tcp_t tcp;
	uv_check_t check;
	pthread_t writer;
	struct sockaddr_in address;
	int len = sizeof address;

	best = argc == 3 && strcmp(argv[1], "-b") == 0;
	if (argc != 2 && !best) {
		fputs("usage: greylimit [-b] DATABASE\n", stderr);
		return 2;
	}
	char *path = argv[argc - 1];
	db = open_database(path);
	begin = prepare(db, "BEGIN");
	commit = prepare(db, "COMMIT");
	upsert = prepare(db, "INSERT INTO triplet VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT DO UPDATE SET last = excluded.last "
	    "RETURNING first");
	search = prepare(db, "SELECT first FROM triplet WHERE client = ?1 AND sender = ?2 AND recipient = ?3");
	uv_tcp_init(loop, &tcp);
	uv_ip4_addr("127.0.0.1", 0, &address);
	if (uv_tcp_bind(&tcp, (const struct sockaddr *)&address, 0) != 0 ||
	    uv_listen((uv_stream_t *)&tcp, BACKLOG, on_connection) != 0 ||
	    uv_tcp_getsockname(&tcp, (struct sockaddr *)&address, &len) != 0)
		die("listen");
	uv_check_init(loop, &check);
	uv_check_start(&check, on_turn);
	uv_async_init(loop, &committed, on_committed);
	if (best && pthread_create(&writer, NULL, write_all, path) != 0)
		die("no thread");
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	return uv_run(loop, UV_RUN_DEFAULT);
}
