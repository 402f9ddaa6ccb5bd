/* server.c - see server.h: options, listeners, limits, start and stop */
#include "server/server.h"
#include "base/arena.h"
#include "base/log.h"
#include "server/connection.h"
#include "server/listen.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CLOCK_MS = 500,			/* how late a time limit may be felt */
	BACKLOG = 1024,
	EXTRA_MAX = 100,		/* connections over the limit that are told so at the same time */
	OTHER_FILES = 256,		/* besides connections: database, DNS, log, listeners */
};

/* ---- options ---- */

static const char *
check_listen(const char *word)
{
	struct endpoint e;

	return endpoint_parse(&e, word);
}

#define LISTEN_AS_SHIPPED "inet:127.0.0.1:10031"

#define OPTIONS server_options
static const struct option rows[] = {
	{ "listen", OPT_LIST, INTO(listen), LISTEN_AS_SHIPPED, NULL, NULL,
	  .sentence = "Where Postfix asks: inet:HOST:PORT, inet:PORT (every address), unix:/PATH, or systemd "
	  "(the sockets of policyd.socket); several may be given. As shipped, policyd.socket goes first if it is enabled.",
	  .check = check_listen },
	{ "socket_mode", OPT_OCTAL, INTO(socket_mode), "0660", NULL, NULL,
	  .sentence = "Permissions of unix sockets; Postfix connects as user postfix." },
	{ "socket_group", OPT_TEXT, INTO(socket_group), "", NULL, NULL,
	  .sentence = "Group of unix sockets, as in postfix; empty: the group policyd was started with." },
	{ "user", OPT_TEXT, INTO(user), "", NULL, NULL,
	  .sentence = "Who to become when started as root, once the sockets are bound; empty: stay." },
	{ "group", OPT_TEXT, INTO(group), "", NULL, NULL,
	  .sentence = "The group to become with user; empty: the user's own." },
	{ "allow_clients", OPT_NETWORKS, INTO(allow_clients), "127.0.0.0/8 ::1", NULL, NULL,
	  .sentence = "Addresses and networks that may connect by TCP; unix sockets are guarded by socket_mode." },
	{ "max_connections", OPT_INT, INTO(max_connections), "2000", "1", "100000",
	  .sentence = "Connections at the same time; one more is answered DUNNO once and closed. Postfix needs one "
	  "for each smtpd process and check_policy_service." },
	{ "idle_timeout", OPT_SEC, INTO(idle_timeout_s), "1000s", "1s", "7d",
	  .sentence = "When a connection without requests is closed; longer than Postfix's "
	  "smtpd_policy_service_max_idle (300s), else its next request takes a second longer." },
	{ "request_timeout", OPT_SEC, INTO(request_timeout_s), "30s", "1s", "1h",
	  .sentence = "When a request that has begun must be whole, and an answer be taken; else it is closed." },
};
const struct option_table server_option_table = OPTION_TABLE(rows);

/* What only a restart can change, in one text. */
static char *
fixed_options(const struct server_options *o)
{
	char room[4096] = "";
	struct text t = TEXT(room);

	for (size_t i = 0; i < o->listen.count; i++)
		text_addf(&t, "%s\n", o->listen.at[i]);
	text_addf(&t, "%o\n%s\n%s\n%s\n", (unsigned)o->socket_mode, o->socket_group, o->user, o->group);
	return xstrdup(room);
}

/* ---- limits ---- */

static uint64_t
now_ms(const struct server *s)
{
	return uv_now(loop_uv(s->loop));
}

/* True if the warning is due; kept_back says how many were not. */
static bool
may_warn(const struct server *s, struct seldom *w, uint64_t period_ms, uint64_t *kept_back)
{
	if (now_ms(s) < w->next_ms) {
		w->kept_back++;
		return false;
	}
	*kept_back = w->kept_back;
	*w = (struct seldom){ .next_ms = now_ms(s) + period_ms };
	return true;
}

static void
raise_file_limit(const struct server_options *o)
{
	rlim_t need = (rlim_t)o->max_connections + EXTRA_MAX + OTHER_FILES;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= need)
		return;
	struct rlimit more = { .rlim_cur = need, .rlim_max = files.rlim_max > need ? files.rlim_max : need };
	if (setrlimit(RLIMIT_NOFILE, &more) == 0)	/* beyond rlim_max only root may go */
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	log_warn("max_connections = %lld needs %llu open files, and %llu are allowed; "
	    "set LimitNOFILE=%llu in policyd.service (or ulimit -n), or lower max_connections",
	    (long long)o->max_connections, (unsigned long long)need, (unsigned long long)files.rlim_max,
	    (unsigned long long)need);
}

/* ---- accepting ---- */

static void
read_peer(struct connection *c)
{
	struct sockaddr_storage at;
	int len = sizeof at;

	if (uv_tcp_getpeername(&c->uv.tcp, (struct sockaddr *)&at, &len) != 0)
		return;
	if (at.ss_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)&at;
		c->peer = address_from_bytes(&v4->sin_addr, 4);
		c->port = ntohs(v4->sin_port);
	} else {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&at;
		c->peer = address_from_bytes(&v6->sin6_addr, 16);
		c->port = ntohs(v6->sin6_port);
	}
}

static bool
may_ask(struct server *s, const struct connection *c)
{
	char text[ADDRESS_TEXT];
	uint64_t kept_back;

	if (c->from->local || networks_contain(&s->options->allow_clients, &c->peer))
		return true;
	s->count.address->value++;
	if (may_warn(s, &s->refused, 60000, &kept_back))
		log_warn("server: %s may not connect, it is not in allow_clients (%llu more since the last warning)",
		    address_print(&c->peer, text), (unsigned long long)kept_back);
	return false;
}

static void
send_away(struct server *s)
{
	if (s->service.sent_away != NULL)
		s->service.sent_away(s->service.arg);
}

/* True if there is room, also one of the extra places for those who are told that there is none. */
static bool
has_room(struct server *s, bool *extra)
{
	uint64_t kept_back;

	*extra = s->open - s->extra >= (uint64_t)s->options->max_connections;
	if (!*extra)
		return true;
	s->count.overload->value++;
	send_away(s);
	if (may_warn(s, &s->overload, 10000, &kept_back))
		log_warn("server: all %lld max_connections are in use, one more is sent away "
		    "(%llu more since the last warning)", (long long)s->options->max_connections,
		    (unsigned long long)kept_back);
	return s->extra < EXTRA_MAX;
}

static void
on_refused_closed(uv_handle_t *handle)
{
	struct connection *c = handle->data;
	struct server *s = c->server;

	free(c);
	server_let_go(s);
}

static void
init_stream(struct server *s, union stream *uv, bool local, void *data)
{
	if (local)
		uv_pipe_init(loop_uv(s->loop), &uv->pipe, 0);
	else
		uv_tcp_init(loop_uv(s->loop), &uv->tcp);
	uv->handle.data = data;
	s->alive++;
}

static void
on_connection(uv_stream_t *stream, int status)
{
	struct listener *l = stream->data;
	struct server *s = l->server;
	uint64_t kept_back;
	bool extra;

	if (status != 0) {		/* libuv itself sends away those whom it has no file for */
		send_away(s);
		if (may_warn(s, &s->no_accept, 10000, &kept_back))
			log_warn("server: %s: cannot accept a connection: %s (%llu more since the last warning)",
			    l->name, uv_strerror(status), (unsigned long long)kept_back);
		return;
	}
	struct connection *c = xcalloc(1, sizeof *c);
	c->server = s;
	c->from = l;
	init_stream(s, &c->uv, l->local, c);
	bool accepted = uv_accept(stream, &c->uv.stream) == 0;
	if (accepted && !l->local) {
		read_peer(c);
		uv_tcp_nodelay(&c->uv.tcp, 1);
	}
	if (!accepted || !may_ask(s, c) || !has_room(s, &extra)) {
		uv_close(&c->uv.handle, on_refused_closed);
		return;
	}
	s->count.accepted->value++;
	connection_begin(c, extra);
}

/* ---- listening ---- */

static void
on_listener_closed(uv_handle_t *handle)
{
	struct listener *l = handle->data;

	server_let_go(l->server);
}

static bool
add_listener(struct server *s, const struct bound *b)
{
	struct listener *l = xcalloc(1, sizeof *l), **end = &s->listeners;
	struct stat file;

	while (*end != NULL)
		end = &(*end)->next;
	*end = l;
	l->server = s;
	l->local = b->local;
	l->name = xstrdup(b->name);
	if (b->local && !b->inherited && lstat(b->name + strlen("unix:"), &file) == 0) {
		l->path = xstrdup(b->name + strlen("unix:"));
		l->inode = file.st_ino;
	}
	init_stream(s, &l->uv, b->local, l);
	int error = b->local ? uv_pipe_open(&l->uv.pipe, b->fd) : uv_tcp_open(&l->uv.tcp, b->fd);
	if (error != 0)
		close(b->fd);
	else
		error = uv_listen(&l->uv.stream, BACKLOG, on_connection);
	if (error != 0)
		log_error("listen = %s: %s", l->name, uv_strerror(error));
	else
		log_info("listening on %s", l->name);
	return error == 0;
}

bool
server_listen(struct server *s)
{
	const struct option_list *words = &s->options->listen;
	/* policyd.socket listens there, too. */
	bool handed_over = words->count == 1 && strcmp(words->at[0], LISTEN_AS_SHIPPED) == 0 && listen_inherited() > 0;
	bool good = words->count > 0, activated = false;
	struct bound bound[BOUND_MAX];

	if (!good)
		log_error("listen is empty; write inet:HOST:PORT, unix:/PATH or systemd");
	raise_file_limit(s->options);
	for (size_t i = 0; i < words->count; i++) {
		const char *word = handed_over ? "systemd" : words->at[i];
		size_t count = listen_bind(s->options, word, bound);

		good = good && count > 0;
		activated = activated || strcmp(word, "systemd") == 0;
		for (size_t k = 0; k < count; k++)
			good = add_listener(s, &bound[k]) && good;
	}
	if (!activated && listen_inherited() > 0)
		log_warn("policyd.socket is not used; add systemd to listen, or disable it and empty Sockets= (systemctl edit policyd)");
	s->fixed = fixed_options(s->options);
	timer_start(s->clock, CLOCK_MS, CLOCK_MS);
	return good;
}

unsigned
server_port(const struct server *s, size_t n)
{
	const struct listener *l = s->listeners;

	while (l != NULL && n-- > 0)
		l = l->next;
	return l == NULL || l->local ? 0 : (unsigned)strtoul(strrchr(l->name, ':') + 1, NULL, 10);
}

/* ---- life ---- */

static void
on_clock(void *arg)
{
	connections_expire(arg);
}

static void
on_soon(void *arg)
{
	struct server *s = arg;

	if (s->stopping && s->alive == 0) {
		timer_stop(s->clock);
		s->stopped(s->stopped_arg);
		return;			/* s may be gone */
	}
	connections_turn(s);
}

void
server_let_go(struct server *s)
{
	if (--s->alive == 0 && s->stopping)
		timer_start(s->soon, 0, 0);
}

static void
register_metrics(struct server *s)
{
	static const char refused[] = "policyd_connections_refused_total", why_refused[] =
	    "Connections sent away: over max_connections, or not in allow_clients";
	static const char dropped[] = "policyd_connections_dropped_total", why_dropped[] =
	    "Connections closed for what the peer sent, or did not";

	s->count.open = metric_gauge("policyd_connections", "", "Connections open now");
	s->count.accepted = metric_counter("policyd_connections_total", "", "Connections accepted");
	s->count.overload = metric_counter(refused, "reason=\"overload\"", why_refused);
	s->count.address = metric_counter(refused, "reason=\"address\"", why_refused);
	s->count.requests = metric_counter("policyd_requests_total", "", "Requests read");
	s->count.malformed = metric_counter(dropped, "reason=\"malformed\"", why_dropped);
	s->count.too_long = metric_counter(dropped, "reason=\"too_long\"", why_dropped);
	s->count.line_ends = metric_counter(dropped, "reason=\"line_ends\"", why_dropped);
	s->count.half_sent = metric_counter(dropped, "reason=\"half_sent\"", why_dropped);
	s->count.not_taken = metric_counter(dropped, "reason=\"not_taken\"", why_dropped);
}

struct server *
server_new(struct loop *l, const struct server_options *o, const struct service *service)
{
	struct server *s = xcalloc(1, sizeof *s);

	s->loop = l;
	s->options = o;
	s->service = *service;
	s->receive_buffer = xmalloc(RECEIVE_BYTES);
	s->clock = timer_new(l, on_clock, s);
	s->soon = timer_new(l, on_soon, s);
	register_metrics(s);
	return s;
}

void
server_configure(struct server *s, const struct server_options *o)
{
	char *fixed = fixed_options(o);

	if (s->fixed != NULL && strcmp(s->fixed, fixed) != 0)
		log_warn("listen, socket_mode, socket_group, user and group change at the next restart");
	free(fixed);
	if (o->max_connections > s->options->max_connections)
		raise_file_limit(o);
	s->options = o;
}

/* Unless another process has put its own there meanwhile. */
static void
remove_socket_file(const struct listener *l)
{
	struct stat file;

	if (l->path != NULL && lstat(l->path, &file) == 0 && file.st_ino == l->inode)
		unlink(l->path);	/* in vain where the folder is root's: the next start clears it away */
}

void
server_stop(struct server *s, loop_callback *stopped, void *arg)
{
	s->stopping = true;
	s->stopped = stopped;
	s->stopped_arg = arg;
	s->alive++;			/* until all is set going */
	for (struct listener *l = s->listeners; l != NULL; l = l->next) {
		remove_socket_file(l);
		uv_close(&l->uv.handle, on_listener_closed);
	}
	for (enum state st = IDLE; st <= READING; st++)
		while (s->of[st].oldest != NULL)
			connection_close(s->of[st].oldest, NULL);
	server_let_go(s);
}

void
server_free(struct server *s)
{
	assert(s->alive == 0);
	for (struct listener *l = s->listeners, *next; l != NULL; l = next) {
		next = l->next;
		free(l->path);
		free(l->name);
		free(l);
	}
	timer_free(s->clock);
	timer_free(s->soon);
	free(s->receive_buffer);
	free(s->fixed);
	free(s);
}
