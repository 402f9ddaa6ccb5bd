/* connection.c - one peer's bytes: where requests end, whose turn it is, what waits
 *
 * The usual request arrives whole in the server's receive buffer, is asked
 * there in place, and its answer leaves at once: no allocation, no copy.
 */
#include "server/connection.h"
#include "base/arena.h"
#include "base/log.h"
#include "protocol/action.h"
#include "protocol/request.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { TURN_REQUESTS = 16 };		/* of one connection before others have their turn */

struct rest {				/* of an answer */
	uv_write_t write;
	char bytes[];
};

/* ---- states ---- */

static void
list_leave(struct connection *c)
{
	struct connections *l = &c->server->of[c->state];

	*(c->older ? &c->older->newer : &l->oldest) = c->newer;
	*(c->newer ? &c->newer->older : &l->newest) = c->older;
}

static void
list_join(struct connection *c, enum state state)
{
	struct connections *l = &c->server->of[state];

	c->state = state;
	c->since_ms = uv_now(loop_uv(c->server->loop));
	c->older = l->newest;
	c->newer = NULL;
	*(c->older ? &c->older->newer : &l->oldest) = c;
	l->newest = c;
}

static void
enter(struct connection *c, enum state state)
{
	if (c->state == state && c->since_ms == uv_now(loop_uv(c->server->loop)))
		return;
	list_leave(c);
	list_join(c, state);
}

/* "127.0.0.1:4711", "[::1]:4711" or "unix:PATH" */
static void
add_peer(struct text *out, const struct connection *c)
{
	char host[ADDRESS_TEXT];

	if (c->peer.bits == 0)
		text_add(out, c->from->name);
	else
		text_addf(out, c->peer.bits == 32 ? "%s:%u" : "[%s]:%u", address_print(&c->peer, host), c->port);
}

/* ---- the end ---- */

static void
release(struct connection *c)
{
	struct server *s = c->server;

	free(c);
	server_let_go(s);
}

static void
on_closed(uv_handle_t *handle)
{
	struct connection *c = handle->data;

	free(c->bytes);
	c->bytes = NULL;
	c->closed = true;
	if (!c->asked)
		release(c);
}

void
connection_close(struct connection *c, const char *finding)
{
	struct server *s = c->server;

	if (c->state == CLOSING)
		return;
	if (finding != NULL) {
		char room[128] = "";
		struct text peer = TEXT(room);

		add_peer(&peer, c);
		log_warn("server: %s: %s; hung up", peer.at, finding);
	}
	list_leave(c);
	c->state = CLOSING;
	if (s->service.gone != NULL && !s->stopping && !c->extra)
		s->service.gone(s->service.arg, &c->ticket);
	s->count.open->value = --s->open;
	s->extra -= c->extra;
	uv_close(&c->uv.handle, on_closed);
}

/* ---- answers ---- */

static void take(struct connection *c, char *bytes, size_t len);

static void
on_written(uv_write_t *write, int status)
{
	struct connection *c = write->handle->data;

	free(write->data);
	if (c->state == CLOSING)
		return;
	if (status != 0 || c->extra) {
		connection_close(c, NULL);
		return;
	}
	enter(c, READING);
	take(c, c->bytes, c->used);
}

static void
send_reply(struct connection *c, const char *reply, size_t len)
{
	uv_buf_t all = uv_buf_init((char *)reply, (unsigned)len);
	int sent = uv_try_write(&c->uv.stream, &all, 1);

	if (sent == (int)len)
		return;
	if (sent < 0 && sent != UV_EAGAIN) {
		connection_close(c, NULL);
		return;
	}
	size_t done = sent < 0 ? 0 : (size_t)sent;
	struct rest *r = xmalloc(sizeof *r + len - done);
	memcpy(r->bytes, reply + done, len - done);
	r->write.data = r;
	uv_buf_t rest = uv_buf_init(r->bytes, (unsigned)(len - done));
	if (uv_write(&r->write, &c->uv.stream, &rest, 1, on_written) == 0) {
		enter(c, WRITING);
		return;
	}
	free(r);
	connection_close(c, NULL);
}

/* Hand one whole request to the service. */
static void
ask(struct connection *c, char *bytes, size_t len)
{
	struct server *s = c->server;
	char room[REPLY_MAX] = "";
	struct text reply = TEXT(room);

	if (c->extra) {
		send_reply(c, s->service.overload_reply, strlen(s->service.overload_reply));
		if (c->state != WRITING)
			connection_close(c, NULL);
		return;
	}
	s->count.requests->value++;
	switch (s->service.ask(s->service.arg, &c->ticket, bytes, len, &reply)) {
	case ASK_ANSWERED:
		assert(reply.len > 0 && !reply.cut);
		send_reply(c, reply.at, reply.len);
		break;
	case ASK_LATER:
		c->asked = true;
		enter(c, ASKING);
		break;
	case ASK_HANGUP:
		s->count.malformed->value++;
		connection_close(c, "a request that cannot be read");
		break;
	}
}

/* ---- requests ---- */

/* The first "\n\n" in len bytes, or NULL; ten times as fast as memmem(), since a block is one loop without a branch. */
static const char *
find_empty_line(const char *bytes, size_t len)
{
	enum { BLOCK = 64 };
	size_t i = 0;

	for (; i + BLOCK < len; i += BLOCK) {
		const char *block = bytes + i;
		unsigned char found = 0;

		for (int k = 0; k < BLOCK; k++)
			found |= (unsigned char)((block[k] == '\n') & (block[k + 1] == '\n'));
		if (found)
			break;
	}
	for (; i + 1 < len; i++)
		if (bytes[i] == '\n' && bytes[i + 1] == '\n')
			return bytes + i;
	return NULL;
}

/*
 * Bytes of the first whole request in len bytes, 0 if its end is not here.  The
 * connection is closed if it never will be.
 */
static size_t
request_length(struct connection *c, const char *bytes, size_t len)
{
	size_t from = c->searched > 2 ? c->searched - 2 : 0;
	const char *end = find_empty_line(bytes + from, len - from);
	size_t whole = end ? (size_t)(end - bytes) + 2 : 0;

	c->searched = end ? 0 : len;
	if (whole > REQUEST_BYTES_MAX || (end == NULL && len >= REQUEST_BYTES_MAX)) {
		c->server->count.too_long->value++;
		connection_close(c, "a request of more than 16384 bytes");
		return 0;
	}
	if (end == NULL && memmem(bytes + from, len - from, "\n\r\n", 3) != NULL) {
		c->server->count.line_ends->value++;
		connection_close(c, "a request with CRLF at the end of its lines, where LF belongs");
	}
	return whole;
}

/* len bytes wait: in c->bytes already, or in the receive buffer, which others need. */
static void
keep(struct connection *c, const char *bytes, size_t len)
{
	if (len == 0) {
		free(c->bytes);
		c->bytes = NULL;
	} else if (c->bytes != NULL)
		memmove(c->bytes, bytes, len);
	else {
		c->size = len > REQUEST_BYTES_MAX ? len : REQUEST_BYTES_MAX;
		c->bytes = xmalloc(c->size);
		memcpy(c->bytes, bytes, len);
	}
	c->used = len;
}

static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *buf);
static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

/* Read while bytes are wanted: a peer that pipelines waits until its bytes are answered. */
static void
read_on(struct connection *c, bool wanted)
{
	if (wanted == c->reading || c->ended)
		return;
	c->reading = wanted;
	if (!wanted)
		uv_read_stop(&c->uv.stream);
	else if (uv_read_start(&c->uv.stream, on_alloc, on_read) != 0)
		connection_close(c, NULL);
}

/* Ask what is whole in bytes, which are the receive buffer's or c->bytes; keep the rest. */
static void
take(struct connection *c, char *bytes, size_t len)
{
	size_t done = 0, whole;
	int turn = 0;

	while (c->state <= READING && done < len &&
	    (whole = request_length(c, bytes + done, len - done)) > 0) {
		if (turn++ == TURN_REQUESTS) {
			enter(c, READY);
			timer_start(c->server->soon, 0, 0);
			break;
		}
		ask(c, bytes + done, whole);
		done += whole;
	}
	if (c->state == CLOSING)
		return;
	keep(c, done < len ? bytes + done : NULL, len - done);
	if (c->state > READING) {
		read_on(c, c->used == 0);
		return;
	}
	if (c->ended || c->server->stopping) {
		connection_close(c, NULL);
		return;
	}
	if (c->used == 0 && !c->extra)
		enter(c, IDLE);
	else if (c->state == IDLE || done > 0)	/* else this request began earlier */
		enter(c, READING);
	read_on(c, true);
}

static void
on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *buf)
{
	struct connection *c = handle->data;

	(void)hint;
	if (c->bytes == NULL)
		*buf = uv_buf_init(c->server->receive_buffer, RECEIVE_BYTES);
	else
		*buf = uv_buf_init(c->bytes + c->used, (unsigned)(c->size - c->used));
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct connection *c = stream->data;

	if (n == 0)
		return;
	if (n < 0) {
		c->ended = true;
		if (n != UV_EOF || c->state <= READING)
			connection_close(c, NULL);
		return;
	}
	if (c->bytes == NULL) {
		take(c, buf->base, (size_t)n);
		return;
	}
	c->used += (size_t)n;
	take(c, c->bytes, c->used);
}

/* ---- what others start ---- */

void
connection_begin(struct connection *c, bool extra)
{
	struct server *s = c->server;

	c->ticket.connection = c;
	c->extra = extra;
	s->count.open->value = ++s->open;
	s->extra += extra;
	list_join(c, extra ? READING : IDLE);	/* one over the limit has no time to idle */
	read_on(c, true);
}

void
server_answer(struct ticket *t, const char *reply, size_t len)
{
	struct connection *c = t->connection;

	assert(c->asked);
	c->asked = false;
	if (c->state == CLOSING) {
		if (c->closed)
			release(c);
		return;
	}
	enter(c, READING);
	send_reply(c, reply, len);
	if (c->state != READING)
		return;
	if (c->used > 0) {			/* asking for these from in here would call back our caller */
		enter(c, READY);
		timer_start(c->server->soon, 0, 0);
	} else
		take(c, NULL, 0);
}

void
connections_turn(struct server *s)
{
	struct connection *last = s->of[READY].newest, *c;

	while (last != NULL && (c = s->of[READY].oldest) != NULL) {
		enter(c, READING);
		take(c, c->bytes, c->used);
		if (c == last)
			break;
	}
}

static void
expire(struct server *s, enum state state, int64_t limit_s, struct metric *count, const char *finding)
{
	uint64_t now = uv_now(loop_uv(s->loop)), limit_ms = (uint64_t)limit_s * 1000;
	struct connection *c;

	while ((c = s->of[state].oldest) != NULL && now - c->since_ms >= limit_ms) {
		if (count != NULL)
			count->value++;
		connection_close(c, finding);
	}
}

void
connections_expire(struct server *s)
{
	const struct server_options *o = s->options;

	expire(s, IDLE, o->idle_timeout_s, NULL, NULL);
	expire(s, READING, o->request_timeout_s, s->count.half_sent, "a request begun and not finished");
	expire(s, WRITING, o->request_timeout_s, s->count.not_taken, "an answer not taken");
}
