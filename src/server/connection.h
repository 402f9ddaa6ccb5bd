/* connection.h - what server.c (listeners, limits, time) and connection.c (one peer's bytes) share
 *
 * A connection is always in the list of its state, oldest first, so that one
 * timer looks after all of them by looking at the heads.
 */
#ifndef SERVER_CONNECTION_H
#define SERVER_CONNECTION_H

#include "base/address.h"
#include "base/metrics.h"
#include "server/server.h"

#include <uv.h>

enum { RECEIVE_BYTES = 65536 };

enum state {
	IDLE,			/* no byte of a request is here */
	READING,		/* a request has begun */
	READY,			/* whole requests wait for the loop's next turn */
	ASKING,			/* an answer is under way */
	WRITING,		/* the peer has not taken all of an answer */
	STATES,
	CLOSING = STATES,	/* in no list */
};

union stream {
	uv_handle_t handle;
	uv_stream_t stream;
	uv_tcp_t tcp;
	uv_pipe_t pipe;
};

struct ticket {
	struct connection *connection;
};

struct connection {
	union stream uv;		/* its data is the connection */
	struct server *server;
	struct connection *older, *newer;
	uint64_t since_ms;		/* when it came into its state; of IDLE: when it last answered */
	struct address peer;		/* .bits 0: through a unix socket */
	uint16_t port;
	const struct listener *from;
	enum state state;
	bool reading;			/* libuv reads */
	bool ended;			/* the peer will send no more */
	bool extra;			/* over the limit: one answer, then closed */
	bool closed;			/* libuv has let go; only an open ticket keeps it */
	struct ticket ticket;
	bool asked;			/* the ticket is open */
	char *bytes;			/* what came and is not answered: used of size bytes; NULL when empty */
	size_t used, size;
	size_t searched;		/* this many bytes at its start hold no end of a request */
};

struct connections {			/* of one state */
	struct connection *oldest, *newest;
};

struct listener {
	union stream uv;		/* its data is the listener */
	struct listener *next;		/* in order of `listen` */
	struct server *server;
	bool local;			/* a unix socket */
	char *path;			/* of the socket file to remove at the end; NULL if it is not ours */
	uint64_t inode;			/* which it has as long as nobody put another in its place */
	char *name;			/* as in `listen` */
};

/* A warning that could come often is written once per period; how many were kept back is told by the next. */
struct seldom {
	uint64_t next_ms, kept_back;
};

struct server {
	struct loop *loop;
	const struct server_options *options;
	struct service service;
	struct listener *listeners;
	char *fixed;			/* what only a restart can change, as it was at server_listen() */
	struct connections of[STATES];
	uint64_t open, extra;		/* connections not CLOSING; those of them over the limit */
	uint64_t alive;			/* handles and tickets that server_stop() waits for */
	char *receive_buffer;		/* RECEIVE_BYTES, for all connections that keep nothing */
	struct timer *clock, *soon;	/* looks after time limits; the next turn of the loop */
	bool stopping;
	loop_callback *stopped;
	void *stopped_arg;
	struct seldom refused, overload, no_accept;
	struct {
		struct metric *open, *accepted, *overload, *address, *requests;
		struct metric *malformed, *too_long, *line_ends, *half_sent, *not_taken;
	} count;
};

/* A peer was accepted on its handle: begin to read; extra: over the limit. */
void connection_begin(struct connection *c, bool extra);

/* Close it; freed later.  finding: a warning about the peer; NULL: nothing to say. */
void connection_close(struct connection *c, const char *finding);

/* One turn of everything that is READY. */
void connections_turn(struct server *s);

/* Close whatever has been longer in its state than the options allow. */
void connections_expire(struct server *s);

/* Something that server_stop() waits for is gone. */
void server_let_go(struct server *s);

#endif
