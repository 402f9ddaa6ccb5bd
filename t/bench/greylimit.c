/* greylimit.c - the yardstick: greylisting with one UPSERT for each request into one tree, on the loop
 *
 *     greylimit DATABASE
 *
 * Listens on a free TCP port of 127.0.0.1, which it prints.  What one turn of the loop brings is one transaction, and each
 * request is answered after its COMMIT: a triplet that is new, or younger than five minutes, is deferred.  SQLite as
 * policyd sets it up (WAL, synchronous = NORMAL).  No rules, no log.  Each request must come in one piece.
 */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

enum { BUFFER_BYTES = 65536, BACKLOG = 1024, DELAY_S = 300, WAITING_MAX = 4096 };

#define PASS "action=DUNNO\n\n"
#define LATER "action=DEFER_IF_PERMIT 4.2.0 greylisted, please try again in 300 seconds\n\n"

struct reply {
	uv_tcp_t *to;
	bool later;
};

static char buffer[BUFFER_BYTES];
static sqlite3 *db;
static sqlite3_stmt *begin, *commit, *upsert;
static struct reply waiting[WAITING_MAX];
static size_t waiting_count;

static void
die(const char *what)
{
	fprintf(stderr, "greylimit: %s: %s\n", what, db ? sqlite3_errmsg(db) : "no memory");
	exit(1);
}

static void
run(sqlite3_stmt *s)
{
	if (sqlite3_step(s) != SQLITE_DONE)
		die(sqlite3_sql(s));
	sqlite3_reset(s);
}

static sqlite3_stmt *
prepare(const char *sql)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) != SQLITE_OK)
		die(sql);
	return s;
}

static void
open_database(const char *path)
{
	if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
	    "PRAGMA wal_autocheckpoint = 4000; CREATE TABLE IF NOT EXISTS triplet (client TEXT, sender TEXT, recipient TEXT, "
	    "first INTEGER, last INTEGER, PRIMARY KEY (client, sender, recipient)) WITHOUT ROWID", NULL, NULL, NULL) != SQLITE_OK)
		die(path);
	begin = prepare("BEGIN");
	commit = prepare("COMMIT");
	upsert = prepare("INSERT INTO triplet VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT DO UPDATE SET last = excluded.last "
	    "RETURNING first");
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
bind_attribute(int place, const char *request, const char *name)
{
	const char *value = strstr(request, name);

	if (value == NULL)
		die(name);
	value += strlen(name);
	sqlite3_bind_text(upsert, place, value, (int)strcspn(value, "\n"), SQLITE_STATIC);
}

static void
ask(uv_tcp_t *from, const char *request)
{
	time_t now_s = time(NULL);

	if (waiting_count == 0)
		run(begin);
	bind_attribute(1, request, "\nclient_address=");
	bind_attribute(2, request, "\nsender=");
	bind_attribute(3, request, "\nrecipient=");
	sqlite3_bind_int64(upsert, 4, now_s);
	if (sqlite3_step(upsert) != SQLITE_ROW)
		die("upsert");
	bool later = sqlite3_column_int64(upsert, 0) + DELAY_S > now_s;
	if (sqlite3_step(upsert) != SQLITE_DONE)
		die("upsert");
	sqlite3_reset(upsert);
	if (waiting_count == WAITING_MAX)
		die("too many at once");
	waiting[waiting_count++] = (struct reply){ from, later };
}

/* The end of a turn: what it brought is committed, and answered. */
static void
on_turn(uv_check_t *check)
{
	(void)check;
	if (waiting_count == 0)
		return;
	run(commit);
	for (size_t i = 0; i < waiting_count; i++) {
		uv_buf_t reply = waiting[i].later ? uv_buf_init((char *)LATER, sizeof LATER - 1) :
		    uv_buf_init((char *)PASS, sizeof PASS - 1);

		uv_try_write((uv_stream_t *)waiting[i].to, &reply, 1);
	}
	waiting_count = 0;
}

static void
on_bytes(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	if (len < 0)
		uv_close((uv_handle_t *)stream, on_closed);
	if (len <= 0)
		return;
	if (len == BUFFER_BYTES || len < 2 || memcmp(buf->base + len - 2, "\n\n", 2) != 0)
		die("half a request");
	buf->base[len] = '\0';
	ask((uv_tcp_t *)stream, buf->base);
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

int
main(int argc, char **argv)
{
	uv_loop_t *loop = uv_default_loop();
	uv_tcp_t tcp;
	uv_check_t check;
	struct sockaddr_in address;
	int len = sizeof address;

	if (argc != 2) {
		fputs("usage: greylimit DATABASE\n", stderr);
		return 2;
	}
	open_database(argv[1]);
	uv_tcp_init(loop, &tcp);
	uv_ip4_addr("127.0.0.1", 0, &address);
	if (uv_tcp_bind(&tcp, (const struct sockaddr *)&address, 0) != 0 ||
	    uv_listen((uv_stream_t *)&tcp, BACKLOG, on_connection) != 0 ||
	    uv_tcp_getsockname(&tcp, (struct sockaddr *)&address, &len) != 0)
		die("listen");
	uv_check_init(loop, &check);
	uv_check_start(&check, on_turn);
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	return uv_run(loop, UV_RUN_DEFAULT);
}
