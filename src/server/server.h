/* server.h - sockets, connections and framing; knows where a request ends, not what it says
 *
 * A connection asks one request at a time: what a client pipelines waits in its
 * buffer, so answers leave in order and a client that does not read is not read
 * from.  Connections are never closed after an answer.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "base/loop.h"
#include "base/text.h"
#include "config/option.h"

struct server;
struct ticket;				/* where one answer goes */

struct server_options {
	struct option_list listen;	/* inet:HOST:PORT, inet:[HOST]:PORT, inet:PORT, unix:/PATH, systemd */
	int64_t socket_mode;		/* of unix sockets */
	const char *socket_group;	/* of unix sockets; "": unchanged */
	const char *user, *group;	/* who to become when started by root; "": stay; group "": the user's own */
	struct option_networks allow_clients;	/* TCP peers that may ask */
	int64_t max_connections;
	int64_t idle_timeout_s;		/* no byte of a request for so long: closed */
	int64_t request_timeout_s;	/* a request begun must be whole within it; an answer must be taken within it */
};
extern const struct option_table server_option_table;

enum ask {
	ASK_ANSWERED,			/* the reply text holds the answer */
	ASK_LATER,			/* server_answer(ticket) will be called, once, later */
	ASK_HANGUP,			/* no answer; close, with the peer in the log */
};

struct service {
	/* One whole request of len bytes, "\n\n" at its end; bytes may be changed, and are the caller's after return. */
	enum ask (*ask)(void *arg, struct ticket *t, char *bytes, size_t len, struct text *reply);
	/* The peer of this ticket, which asked before, is gone, or was hung up on; not told once server_stop() was called. */
	void (*gone)(void *arg, struct ticket *t);
	/* Somebody was sent away, or will be with the overload reply: a request nobody hears of.  NULL: nobody wants to know. */
	void (*sent_away)(void *arg);
	void *arg;
	const char *overload_reply;	/* to the first request of a connection over the limit, which is then closed */
};

/*
 * The overload reply must live until server_free(), the options too, or until
 * server_configure() replaces them.  The process must ignore SIGPIPE.
 */
struct server *server_new(struct loop *l, const struct server_options *o, const struct service *s);

/*
 * Bind and listen on everything; false, each trouble as an error in the log, if
 * anything cannot be had.  Raises the limit on open files to what max_connections needs.
 */
bool server_listen(struct server *s);

/* The TCP port of the n-th listener in order (port 0 in `listen` means any free one); 0 if it has none. */
unsigned server_port(const struct server *s, size_t n);

/* Become o->user and o->group for good, if root; false with an error in the log. */
bool server_drop_root(const struct server_options *o);

/* Timeouts, limits and allow_clients from now on; warns in the log about what only a restart can change. */
void server_configure(struct server *s, const struct server_options *o);

/* The answer to a ticket (copied); never from within ask().  The connection may be gone: that is fine. */
void server_answer(struct ticket *t, const char *reply, size_t len);

/* Accept nothing more, close what is idle, wait for answers under way, then call stopped(arg) from the loop. */
void server_stop(struct server *s, loop_callback *stopped, void *arg);

/* After stopped(), and from within it too. */
void server_free(struct server *s);

#endif
