/* transport.c - see transport.h
 *
 * c-ares 1.18 knows no way to end one query, so it keeps the time-outs: a tick
 * of an eighth of dns_timeout lets it look at them while anything is under way.
 */
#include "dns/transport.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "dns/nameserver.h"

#include <arpa/nameser.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <uv.h>

enum {
	PLAIN_BYTES = 512,			/* of an answer over UDP, RFC 1035 s.4.2.1 */
	EDNS_BYTES = 1232,			/* … with EDNS: what fits every MTU */
	OPT_RECORD_BYTES = 11,
	TICK_MS_MIN = 5, TICK_MS_MAX = 250,
	RECEIVE_BUFFER_BYTES = 1 << 20,		/* all answers under way may come at once */
	SILENT_MAX = 3,				/* so many questions in a row without an answer: */
	SHUNNED_S = 10,				/* other servers come first for so long */
	WARN_EVERY_S = 60,
};

enum protocol { UDP, TCP, PROTOCOLS };

struct watch {				/* one socket of c-ares */
	uv_poll_t poll;
	struct watch *next;
	struct line *line;
	ares_socket_t fd;
};

struct line {				/* one protocol to one server */
	struct server *server;
	ares_channel channel;
	struct watch *watches;
};

struct server {
	struct transport *transport;
	struct line lines[PROTOCOLS];
	char text[NAMESERVER_TEXT];
	bool plain;			/* it knows no EDNS */
	unsigned silent;		/* questions in a row */
	int64_t shunned_until_us, warned_us;
};

struct transport {
	uv_loop_t *uv;
	struct timer *tick;
	uint64_t tick_ms;
	landed_callback *landed;
	size_t under_way;
	unsigned count;
	struct server *servers;
};

struct sent {				/* one question, sent to one server */
	struct line *line;
	void *query;
	bool edns;
	int len;
	unsigned char bytes[NS_HFIXEDSZ + NS_MAXCDNAME + NS_QFIXEDSZ + OPT_RECORD_BYTES];
};

/* ---- sockets ---- */

static void
on_socket(uv_poll_t *poll, int status, int events)
{
	const struct watch *w = poll->data;
	ares_socket_t fd = w->fd;

	if (status < 0)
		events = UV_READABLE | UV_WRITABLE;
	ares_process_fd(w->line->channel, events & UV_READABLE ? fd : ARES_SOCKET_BAD,
	    events & UV_WRITABLE ? fd : ARES_SOCKET_BAD);
}

static void
on_watch_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static struct watch *
watch_new(struct line *line, ares_socket_t fd)
{
	struct watch *w = xcalloc(1, sizeof *w);

	if (uv_poll_init_socket(line->server->transport->uv, &w->poll, fd) != 0) {
		free(w);		/* its questions will have no answer in time */
		return NULL;
	}
	w->poll.data = w;
	w->line = line;
	w->fd = fd;
	w->next = line->watches;
	line->watches = w;
	return w;
}

/* c-ares opened, closes or wants to write to a socket. */
static void
on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct line *line = arg;
	struct watch **at = &line->watches;

	while (*at != NULL && (*at)->fd != fd)
		at = &(*at)->next;
	struct watch *w = *at;
	if (readable || writable) {
		if (w != NULL || (w = watch_new(line, fd)) != NULL)
			uv_poll_start(&w->poll, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0), on_socket);
	} else if (w != NULL) {
		*at = w->next;
		uv_close((uv_handle_t *)&w->poll, on_watch_closed);
	}
}

/* What has come counts, though the time is over: it may have been policyd that could not run. */
static void
on_tick(void *arg)
{
	struct transport *t = arg;

	for (unsigned i = 0; i < t->count; i++)
		for (int p = 0; p < PROTOCOLS; p++) {
			const struct line *line = &t->servers[i].lines[p];

			ares_process_fd(line->channel, line->watches ? line->watches->fd : ARES_SOCKET_BAD, ARES_SOCKET_BAD);
		}
}

/* ---- questions ---- */

static void on_ares(void *arg, int status, int timeouts, unsigned char *message, int len);

static void
launch(struct sent *s, struct line *line)
{
	struct transport *t = line->server->transport;

	s->line = line;
	if (t->under_way++ == 0)
		timer_start(t->tick, t->tick_ms, t->tick_ms);
	ares_send(line->channel, s->bytes, s->len, on_ares, s);
}

static void
server_was_silent(struct server *s)
{
	const struct transport *t = s->transport;
	int64_t now_us = clock_mono_us();

	if (++s->silent < SILENT_MAX || t->count == 1)
		return;
	s->shunned_until_us = now_us + SHUNNED_S * 1000000;
	if (s->warned_us != 0 && now_us - s->warned_us < WARN_EVERY_S * (int64_t)1000000)
		return;
	s->warned_us = now_us;
	log_warn("dns: name server %s left %u questions in a row without an answer; others are asked first for %d s",
	    s->text, s->silent, SHUNNED_S);
}

static void
server_answered(struct server *s)
{
	s->silent = 0;
	s->shunned_until_us = 0;
}

/* Is there perhaps more of it than fits a UDP message?  c-ares cuts what is longer than it thinks right. */
static bool
is_cut(const unsigned char *message, int len)
{
	return message[2] & 2 || len == PLAIN_BYTES || len == EDNS_BYTES;
}

/* FORMERR without an OPT record of its own: it knows no EDNS (RFC 6891 s.7). */
static bool
knows_no_edns(const unsigned char *message)
{
	return (message[3] & 15) == ns_r_formerr && ns_get16(message + 10) == 0;
}

static void
strip_edns(struct sent *s)
{
	s->line->server->plain = true;
	s->edns = false;
	s->len -= OPT_RECORD_BYTES;
	s->bytes[11] = 0;
}

static void
on_ares(void *arg, int status, int timeouts, unsigned char *message, int len)
{
	struct sent *s = arg;
	struct server *server = s->line->server;
	struct transport *t = server->transport;
	enum landing how = LANDED_UNREACHABLE;

	(void)timeouts;
	if (--t->under_way == 0)
		timer_stop(t->tick);
	if (status == ARES_SUCCESS) {
		assert(len >= NS_HFIXEDSZ);
		server_answered(server);
		if (s->edns && knows_no_edns(message)) {
			strip_edns(s);
			launch(s, s->line);
			return;
		}
		if (s->line == &server->lines[UDP] && is_cut(message, len)) {
			launch(s, &server->lines[TCP]);
			return;
		}
		how = LANDED_ANSWER;
	} else if (status == ARES_EDESTRUCTION) {
		how = LANDED_AGAIN;
	} else {
		if (s->line == &server->lines[UDP])
			server_was_silent(server);
		if (status == ARES_ETIMEOUT)
			how = LANDED_SILENT;
	}
	t->landed(s->query, how, message, (size_t)len);
	free(s);
}

/* RFC 1035 s.4.1.1, 4.1.2; RFC 6891 s.6.1.2 */
static void
write_question(struct sent *s, const char *name, enum dns_type type)
{
	unsigned char *at = s->bytes + NS_HFIXEDSZ;

	memset(s->bytes, 0, NS_HFIXEDSZ);
	if (getrandom(s->bytes, 2, 0) != 2)		/* the id, RFC 5452 s.9.2 */
		abort();
	s->bytes[2] = 1;				/* recursion desired */
	s->bytes[5] = 1;				/* one question */
	int used = ns_name_pton(*name ? name : ".", at, NS_MAXCDNAME);
	assert(used >= 0);				/* it is in normal form */
	(void)used;
	while (*at != 0)
		at += *at + 1;
	at++;
	ns_put16(type, at);
	ns_put16(ns_c_in, at + 2);
	at += NS_QFIXEDSZ;
	if (s->edns) {
		memset(at, 0, OPT_RECORD_BYTES);
		ns_put16(ns_t_opt, at + 1);
		ns_put16(EDNS_BYTES, at + 3);
		at += OPT_RECORD_BYTES;
		s->bytes[11] = 1;			/* one additional record */
	}
	s->len = (int)(at - s->bytes);
}

void
transport_send(struct transport *t, unsigned server, const char *name, enum dns_type type, void *query)
{
	struct server *to = &t->servers[server];
	struct sent *s = xmalloc(sizeof *s);

	s->query = query;
	s->edns = !to->plain;
	write_question(s, name, type);
	launch(s, &to->lines[UDP]);
}

unsigned
transport_servers(const struct transport *t)
{
	return t->count;
}

unsigned
transport_best(const struct transport *t)
{
	int64_t now_us = clock_mono_us();

	for (unsigned i = 0; i < t->count; i++)
		if (t->servers[i].shunned_until_us <= now_us)
			return i;
	return 0;
}

/* ---- beginning and end ---- */

static bool
line_open(struct line *line, struct server *server, enum protocol protocol, const struct dns_options *o,
    const struct ares_addr_port_node *address)
{
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP | ARES_FLAG_EDNS
		    | (protocol == TCP ? ARES_FLAG_USEVC : ARES_FLAG_IGNTC),
		.timeout = (int)o->dns_timeout_ms, .tries = 1, .ednspsz = EDNS_BYTES, .lookups = "b",
		.socket_receive_buffer_size = RECEIVE_BUFFER_BYTES,
		.sock_state_cb = on_socket_state, .sock_state_cb_data = line,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ | ARES_OPT_LOOKUPS
	    | ARES_OPT_DOMAINS | ARES_OPT_SOCK_RCVBUF | ARES_OPT_SOCK_STATE_CB;
	struct ares_addr_port_node one = *address;

	one.next = NULL;
	line->server = server;
	return ares_init_options(&line->channel, &options, mask) == ARES_SUCCESS
	    && ares_set_servers_ports(line->channel, &one) == ARES_SUCCESS;
}

struct transport *
transport_new(struct loop *l, const struct dns_options *o, landed_callback *landed, const char **why)
{
	struct ares_addr_port_node *list = nameservers_list(&o->nameservers, why);
	unsigned count = 0;

	for (const struct ares_addr_port_node *n = list; n != NULL; n = n->next)
		count++;
	if (count == 0)
		return NULL;
	struct transport *t = xcalloc(1, sizeof *t);
	t->uv = loop_uv(l);
	t->tick = timer_new(l, on_tick, t);
	t->tick_ms = (uint64_t)o->dns_timeout_ms / 8;
	if (t->tick_ms < TICK_MS_MIN)
		t->tick_ms = TICK_MS_MIN;
	if (t->tick_ms > TICK_MS_MAX)
		t->tick_ms = TICK_MS_MAX;
	t->landed = landed;
	t->count = count;
	t->servers = xcalloc(count, sizeof *t->servers);
	unsigned i = 0;
	bool open = true;
	for (const struct ares_addr_port_node *n = list; n != NULL; n = n->next, i++) {
		struct server *s = &t->servers[i];

		s->transport = t;
		nameserver_print(n, s->text);
		for (int p = 0; p < PROTOCOLS; p++)
			open = line_open(&s->lines[p], s, (enum protocol)p, o, n) && open;
	}
	nameservers_free(list);
	if (open)
		return t;
	*why = "nameservers: c-ares cannot be set up";
	transport_free(t);
	return NULL;
}

void
transport_free(struct transport *t)
{
	if (t == NULL)
		return;
	for (unsigned i = 0; i < t->count; i++)
		for (int p = 0; p < PROTOCOLS; p++)
			ares_destroy(t->servers[i].lines[p].channel);
	timer_free(t->tick);
	free(t->servers);
	free(t);
}
