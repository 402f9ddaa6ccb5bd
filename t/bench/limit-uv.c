/* limit-uv.c - the yardstick: what libuv can do for the policy protocol when nothing is decided
 *
 *     limit-uv unix:PATH
 *
 * Listens on a free TCP port of 127.0.0.1, which it prints, and on the unix
 * socket.  Counts "\n\n" and answers each with action=DUNNO: one receive buffer
 * for all connections, uv_try_write, uv_write only for what did not fit.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { BUFFER_BYTES = 65536, BACKLOG = 1024 };

#define REPLY "action=DUNNO\n\n"

struct connection {
	union {
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t unix_socket;
	} handle;
	bool line_ended;		/* the last byte read was a line's end, of a request not ended yet */
};

static char buffer[BUFFER_BYTES];

static void
die(const char *what, int error)
{
	fprintf(stderr, "limit-uv: %s: %s\n", what, uv_strerror(error));
	exit(1);
}

static void
on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void
on_written(uv_write_t *write, int status)
{
	(void)status;
	free(write);
}

static void
on_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	(void)handle;
	(void)suggested;
	*out = uv_buf_init(buffer, BUFFER_BYTES);
}

static void
answer(struct connection *c)
{
	uv_buf_t reply = uv_buf_init((char *)REPLY, sizeof REPLY - 1);
	int sent = uv_try_write(&c->handle.stream, &reply, 1);

	if (sent == (int)reply.len)
		return;
	if (sent < 0 && sent != UV_EAGAIN)
		return;			/* gone; the next read says so */
	if (sent > 0) {
		reply.base += sent;
		reply.len -= (size_t)sent;
	}
	uv_write_t *write = malloc(sizeof *write);
	if (write == NULL)
		abort();
	if (uv_write(write, &c->handle.stream, &reply, 1, on_written) != 0)
		free(write);
}

static void
on_bytes(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	struct connection *c = stream->data;
	const char *at = buf->base;

	if (len < 0) {
		uv_close((uv_handle_t *)stream, on_closed);
		return;
	}
	if (len == 0)
		return;
	const char *end = at + len;
	if (c->line_ended && *at == '\n') {
		answer(c);
		at++;
	}
	for (const char *blank; (blank = memmem(at, (size_t)(end - at), "\n\n", 2)) != NULL; at = blank + 2)
		answer(c);
	c->line_ended = at < end && end[-1] == '\n';
}

static void
on_connection(uv_stream_t *listener, int status)
{
	struct connection *c = calloc(1, sizeof *c);

	if (c == NULL)
		abort();
	if (status < 0)
		die("accept", status);
	c->handle.stream.data = c;
	if (listener->type == UV_TCP)
		uv_tcp_init(listener->loop, &c->handle.tcp);
	else
		uv_pipe_init(listener->loop, &c->handle.unix_socket, 0);
	if (uv_accept(listener, &c->handle.stream) != 0 ||
	    uv_read_start(&c->handle.stream, on_buffer, on_bytes) != 0)
		uv_close((uv_handle_t *)&c->handle.stream, on_closed);
	else if (listener->type == UV_TCP)
		uv_tcp_nodelay(&c->handle.tcp, 1);
}

int
main(int argc, char **argv)
{
	uv_loop_t *loop = uv_default_loop();
	uv_tcp_t tcp;
	uv_pipe_t unix_socket;
	struct sockaddr_in address;
	int error, len = sizeof address;

	if (argc != 2 || strncmp(argv[1], "unix:", 5) != 0) {
		fputs("usage: limit-uv unix:PATH\n", stderr);
		return 2;
	}
	uv_tcp_init(loop, &tcp);
	uv_ip4_addr("127.0.0.1", 0, &address);
	if ((error = uv_tcp_bind(&tcp, (const struct sockaddr *)&address, 0)) != 0 ||
	    (error = uv_listen((uv_stream_t *)&tcp, BACKLOG, on_connection)) != 0 ||
	    (error = uv_tcp_getsockname(&tcp, (struct sockaddr *)&address, &len)) != 0)
		die("127.0.0.1", error);
	uv_pipe_init(loop, &unix_socket, 0);
	if ((error = uv_pipe_bind(&unix_socket, argv[1] + 5)) != 0 ||
	    (error = uv_listen((uv_stream_t *)&unix_socket, BACKLOG, on_connection)) != 0)
		die(argv[1], error);
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	return uv_run(loop, UV_RUN_DEFAULT);
}
