/* server.c - test of src/server/server.c and connection.c: it promises that …
 *
 * Clients are plain sockets in this process; the loop is turned by hand until
 * what is expected has come.  A request is "q=NAME\n\n", its answer "a=NAME\n\n".
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "protocol/action.h"
#include "protocol/request.h"
#include "server/connection.h"
#include "stderr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum { PATIENCE_S = 60, OPEN_MAX_TICKETS = 64 };

struct bench {
	char folder[32], path[64], unix_word[72];
	const char *words[2];
	struct network loopback[2];
	struct server_options options;
	struct loop *loop;
	struct server *server;
	struct ticket *tickets[OPEN_MAX_TICKETS];
	char names[OPEN_MAX_TICKETS][16];	/* what the tickets asked */
	size_t later, asked;
	char order[4096];			/* names as they were asked */
	size_t longest;				/* bytes of the longest request */
	bool fat;				/* answers of REPLY_MAX bytes */
	bool stopped;
};

/* "q=NAME\n…": the name. */
static void
read_name(const char *bytes, size_t len, char name[16])
{
	size_t n = 0;

	assert_true(len > 4 && memcmp(bytes, "q=", 2) == 0 && memcmp(bytes + len - 2, "\n\n", 2) == 0);
	while (bytes[2 + n] != '\n' && n < 15)
		n++;
	memcpy(name, bytes + 2, n);
	name[n] = '\0';
}

static enum ask
on_ask(void *arg, struct ticket *t, char *bytes, size_t len, struct text *reply)
{
	struct bench *b = arg;
	char name[16];

	read_name(bytes, len, name);
	memset(bytes, 'X', len);		/* they may be changed */
	b->asked++;
	if (len > b->longest)
		b->longest = len;
	if (strlen(b->order) + 20 < sizeof b->order)
		strcat(strcat(b->order, name), " ");
	if (strcmp(name, "hangup") == 0)
		return ASK_HANGUP;
	if (strncmp(name, "later", 5) == 0) {
		assert_true(b->later < OPEN_MAX_TICKETS);
		strcpy(b->names[b->later], name);
		b->tickets[b->later++] = t;
		return ASK_LATER;
	}
	if (b->fat)
		text_addf(reply, "a=%-*s\n\n", REPLY_MAX - 5, name);
	else
		text_addf(reply, "a=%s\n\n", name);
	return ASK_ANSWERED;
}

static const struct service service_of_tests = { .ask = on_ask, .overload_reply = "a=overload\n\n" };

static int
set_up(void **state)
{
	struct bench *b = calloc(1, sizeof *b);
	const char *why;

	stderr_catch();
	strcpy(b->folder, "/tmp/policyd-server-XXXXXX");
	if (mkdtemp(b->folder) == NULL)
		return -1;
	snprintf(b->path, sizeof b->path, "%s/socket", b->folder);
	snprintf(b->unix_word, sizeof b->unix_word, "unix:%s", b->path);
	b->words[0] = "inet:127.0.0.1:0";
	b->words[1] = b->unix_word;
	network_parse(&b->loopback[0], "127.0.0.0/8", &why);
	network_parse(&b->loopback[1], "::1", &why);
	b->options = (struct server_options){ .listen = { 2, b->words }, .socket_mode = 0660, .socket_group = "",
		.user = "", .group = "", .allow_clients = { 2, b->loopback }, .max_connections = 50,
		.idle_timeout_s = 1000, .request_timeout_s = 30 };
	b->loop = loop_new();
	struct service service = service_of_tests;
	service.arg = b;
	b->server = server_new(b->loop, &b->options, &service);
	*state = b;
	return 0;
}

/* ---- turning the loop ---- */

static void
turn(struct bench *b)
{
	uv_run(loop_uv(b->loop), UV_RUN_NOWAIT);
}

static void
wait_a_little(struct bench *b, int fd)
{
	struct pollfd fds[2] = { { .fd = uv_backend_fd(loop_uv(b->loop)), .events = POLLIN },
		{ .fd = fd, .events = POLLIN } };

	poll(fds, fd < 0 ? 1 : 2, 20);
	turn(b);
}

#define UNTIL(b, condition) do { \
	int64_t until_us = clock_mono_us() + PATIENCE_S * 1000000LL; \
	for (turn(b); !(condition); wait_a_little(b, -1)) \
		if (clock_mono_us() > until_us) \
			fail_msg("never came: %s", #condition); \
} while (0)

static void
on_stopped(void *arg)
{
	struct bench *b = arg;

	b->stopped = true;
}

static int
tear_down(void **state)
{
	struct bench *b = *state;

	if (!b->stopped) {
		server_stop(b->server, on_stopped, b);
		for (size_t i = 0; i < b->later; i++)
			if (b->tickets[i] != NULL)
				server_answer(b->tickets[i], "a=x\n\n", 5);
		UNTIL(b, b->stopped);
	}
	server_free(b->server);
	loop_free(b->loop);
	unlink(b->path);
	stderr_release();
	if (rmdir(b->folder) != 0)
		return -1;
	free(b);
	return 0;
}

static uint64_t
counted(const char *name, const char *labels)
{
	return metric_counter(name, labels, "")->value;
}

/* ---- clients ---- */

static int
start_connect(const struct sockaddr *to, socklen_t len)
{
	int fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, to, len), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static int
connect_unix(struct bench *b)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	strcpy(un.sun_path, b->path);
	int fd = start_connect((struct sockaddr *)&un, sizeof un);
	turn(b);
	return fd;
}

static int
connect_tcp(struct bench *b)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)server_port(b->server, 0)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = start_connect((struct sockaddr *)&v4, sizeof v4);

	turn(b);
	return fd;
}

static void
say(struct bench *b, int fd, const char *bytes, size_t len)
{
	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
	turn(b);
}

static void
say_text(struct bench *b, int fd, const char *text)
{
	say(b, fd, text, strlen(text));
}

/* Read exactly what is wanted. */
static void
hear(struct bench *b, int fd, const char *want)
{
	char got[4096] = "";
	size_t len = 0, whole = strlen(want);
	int64_t until_us = clock_mono_us() + PATIENCE_S * 1000000LL;

	assert_true(whole < sizeof got);
	for (turn(b); len < whole; wait_a_little(b, fd)) {
		ssize_t n = recv(fd, got + len, whole - len, MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EAGAIN) || clock_mono_us() > until_us)
			fail_msg("heard \"%s\", not \"%s\"", got, want);
		len += n > 0 ? (size_t)n : 0;
	}
	assert_string_equal(got, want);
}

static void
hear_nothing(struct bench *b, int fd)
{
	char byte;

	turn(b);
	turn(b);
	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

/* The server hangs up without another byte. */
static void
hear_end(struct bench *b, int fd)
{
	int64_t until_us = clock_mono_us() + PATIENCE_S * 1000000LL;
	char byte;

	for (turn(b); clock_mono_us() < until_us; wait_a_little(b, fd)) {
		ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);

		assert_true(n <= 0);
		if (n == 0 || errno == ECONNRESET) {
			close(fd);
			return;
		}
		assert_int_equal(errno, EAGAIN);
	}
	fail_msg("the connection stays open");
}

static void
answer(struct bench *b, size_t ticket)
{
	char reply[64];
	int len = snprintf(reply, sizeof reply, "a=%s\n\n", b->names[ticket]);

	server_answer(b->tickets[ticket], reply, (size_t)len);
	b->tickets[ticket] = NULL;
	turn(b);
}

/* ---- framing ---- */

static void
many_requests(void **state)
{
	struct bench *b = *state;

	assert_true(server_listen(b->server));
	int fds[2] = { connect_tcp(b), connect_unix(b) };
	for (int i = 0; i < 100; i++)
		for (int k = 0; k < 2; k++) {
			say_text(b, fds[k], "q=1\nmore=2\n\n");
			hear(b, fds[k], "a=1\n\n");
		}
	assert_int_equal(metric_gauge("policyd_connections", "", "")->value, 2);
	close(fds[0]);
	close(fds[1]);
	UNTIL(b, metric_gauge("policyd_connections", "", "")->value == 0);
}

static void
split_anywhere(void **state)
{
	static const char two[] = "q=1\nx=y=z\n\nq=2\n\n";
	struct bench *b = *state;

	assert_true(server_listen(b->server));
	int fd = connect_unix(b);
	for (size_t i = 1; i < sizeof two - 1; i++) {
		say(b, fd, two, i);
		say_text(b, fd, two + i);
		hear(b, fd, "a=1\n\na=2\n\n");
	}
	for (size_t i = 0; i < sizeof two - 1; i++)
		say(b, fd, two + i, 1);
	hear(b, fd, "a=1\n\na=2\n\n");
	close(fd);
}

static void
in_turn(void **state)
{
	struct bench *b = *state;
	char many[1024] = "", want[1024] = "";

	assert_true(server_listen(b->server));
	int greedy = connect_unix(b), modest = connect_unix(b);
	for (int i = 0; i < 100; i++) {
		sprintf(many + strlen(many), "q=%d\n\n", i);
		sprintf(want + strlen(want), "a=%d\n\n", i);
	}
	assert_int_equal(send(greedy, many, strlen(many), 0), strlen(many));
	assert_int_equal(send(modest, "q=me\n\n", 6, 0), 6);
	hear(b, modest, "a=me\n\n");
	hear(b, greedy, want);
	const char *me = strstr(b->order, "me ");
	assert_non_null(me);
	assert_true(me < strstr(b->order, "16 "));
	close(greedy);
	close(modest);
}

static void
later_in_order(void **state)
{
	struct bench *b = *state;

	assert_true(server_listen(b->server));
	int fd = connect_tcp(b), other = connect_tcp(b);
	say_text(b, fd, "q=later1\n\nq=2\n\nq=later3\n\nq=4\n\nq=5");
	UNTIL(b, b->later == 1);
	hear_nothing(b, fd);
	assert_int_equal(b->asked, 1);
	say_text(b, other, "q=other\n\n");
	hear(b, other, "a=other\n\n");
	say_text(b, fd, "\n\n");		/* while an answer is under way */
	answer(b, 0);
	hear(b, fd, "a=later1\n\na=2\n\n");
	UNTIL(b, b->later == 2);
	hear_nothing(b, fd);
	answer(b, 1);
	hear(b, fd, "a=later3\n\na=4\n\na=5\n\n");
	say_text(b, fd, "q=6\n\n");
	hear(b, fd, "a=6\n\n");
	assert_string_equal(b->order, "later1 other 2 later3 4 5 6 ");
	close(fd);
	close(other);
}

/* A request of len bytes, sent in pieces. */
static int
send_long(struct bench *b, size_t len, size_t piece)
{
	char *bytes = malloc(len);
	int fd = connect_unix(b);

	memset(bytes, 'x', len);
	memcpy(bytes, "q=1\n", 4);
	memcpy(bytes + len - 2, "\n\n", 2);
	for (size_t done = 0; done < len; done += piece) {
		if (send(fd, bytes + done, len - done < piece ? len - done : piece, MSG_NOSIGNAL) < 0)
			break;
		turn(b);
	}
	free(bytes);
	return fd;
}

static void
bounded(void **state)
{
	static const size_t pieces[] = { REQUEST_BYTES_MAX + 100, 1000, REQUEST_BYTES_MAX };
	static const char too_long[] = "reason=\"too_long\"";
	struct bench *b = *state;

	assert_true(server_listen(b->server));
	for (size_t i = 0; i < 3; i++) {
		uint64_t before = counted("policyd_connections_dropped_total", too_long);
		int fd = send_long(b, REQUEST_BYTES_MAX, pieces[i]);
		hear(b, fd, "a=1\n\n");
		say_text(b, fd, "q=2\n\n");
		hear(b, fd, "a=2\n\n");
		close(fd);
		hear_end(b, send_long(b, REQUEST_BYTES_MAX + 1, pieces[i]));
		assert_int_equal(counted("policyd_connections_dropped_total", too_long), before + 1);
	}
	assert_int_equal(b->longest, REQUEST_BYTES_MAX);
	assert_int_equal(stderr_says("16384 bytes; hung up"), 3);
	assert_int_equal(stderr_says(b->unix_word), 4);		/* "listening on" it, and each warning */
}

static void
garbage(void **state)
{
	struct bench *b = *state;
	char nuls[70000] = "";

	assert_true(server_listen(b->server));
	int fd = connect_unix(b);
	assert_true(send(fd, nuls, sizeof nuls, MSG_NOSIGNAL) > REQUEST_BYTES_MAX);
	hear_end(b, fd);
	assert_int_equal(b->asked, 0);
	fd = connect_unix(b);
	say_text(b, fd, "q=hangup\n\nq=2\n\n");
	hear_end(b, fd);
	assert_string_equal(b->order, "hangup ");
	assert_int_equal(stderr_says("cannot be read; hung up"), 1);
}

static void
crlf(void **state)
{
	static const char bytes[] = "q=1\r\nx=y\r\n\r\n";
	struct bench *b = *state;

	assert_true(server_listen(b->server));
	int fd = connect_tcp(b);
	say_text(b, fd, bytes);
	hear_end(b, fd);
	fd = connect_tcp(b);
	for (size_t i = 0; i < sizeof bytes - 1; i++)
		say(b, fd, bytes + i, 1);
	hear_end(b, fd);
	assert_int_equal(stderr_says("CRLF"), 2);
	assert_int_equal(stderr_says("server: 127.0.0.1:"), 2);
	assert_int_equal(b->asked, 0);
}

/* ---- time ---- */

static void
half_sent(void **state)
{
	struct bench *b = *state;

	b->options.request_timeout_s = 1;
	assert_true(server_listen(b->server));
	int half = connect_tcp(b), idle = connect_tcp(b), waiting = connect_tcp(b);
	say_text(b, waiting, "q=later1\n\nq=2");
	int64_t begun_us = clock_mono_us();
	say_text(b, half, "q=0\n\nq=1");
	hear(b, half, "a=0\n\n");
	hear_end(b, half);
	assert_true(clock_mono_us() - begun_us > 900000);
	assert_int_equal(stderr_says("not finished; hung up"), 1);
	say_text(b, idle, "q=3\n\n");
	hear(b, idle, "a=3\n\n");
	say_text(b, waiting, "\n\n");		/* the time of an answer under way is not its peer's */
	answer(b, 0);
	hear(b, waiting, "a=later1\n\na=2\n\n");
	close(idle);
	close(waiting);
}

static void
slow_drip(void **state)
{
	struct bench *b = *state;
	int64_t until_us = clock_mono_us() + PATIENCE_S * 1000000LL;

	b->options.request_timeout_s = 1;
	assert_true(server_listen(b->server));
	int fd = connect_unix(b);
	for (; send(fd, "x", 1, MSG_NOSIGNAL) == 1 && clock_mono_us() < until_us; wait_a_little(b, -1))
		turn(b);
	hear_end(b, fd);
	assert_int_equal(stderr_says("not finished; hung up"), 1);
}

static void
idle_closed(void **state)
{
	struct bench *b = *state;

	assert_true(server_listen(b->server));
	int fd = connect_tcp(b), silent = connect_unix(b), waiting = connect_tcp(b);
	say_text(b, fd, "q=1\n\n");
	say_text(b, waiting, "q=later\n\n");
	hear(b, fd, "a=1\n\n");
	UNTIL(b, b->later == 1);
	b->options.idle_timeout_s = 1;		/* now that all is said */
	hear_end(b, fd);
	hear_end(b, silent);
	assert_int_equal(stderr_says("hung up"), 0);
	answer(b, 0);
	hear(b, waiting, "a=later\n\n");
	hear_end(b, waiting);
}

/* Ask without reading until nothing more is taken. */
static void
flood(struct bench *b, int fd)
{
	char many[5005];
	size_t sent = 0, quiet = 0;

	for (size_t i = 0; i < sizeof many; i += 5)
		memcpy(many + i, "q=1\n\n", 5);
	while (quiet < 5) {
		size_t at = sent % 5;			/* go on where the last send stopped */
		ssize_t n = send(fd, many + at, sizeof many - at, MSG_NOSIGNAL);

		sent += n > 0 ? (size_t)n : 0;
		quiet = n > 0 ? 0 : quiet + 1;
		turn(b);
		assert_true(sent < 100000000);
	}
}

static void
never_reads(void **state)
{
	struct bench *b = *state;

	b->fat = true;
	b->options.request_timeout_s = 1;
	assert_true(server_listen(b->server));
	int fd = connect_unix(b), other = connect_unix(b);
	flood(b, fd);
	size_t asked = b->asked;
	for (int i = 0; i < 20; i++)
		turn(b);
	assert_int_equal(b->asked, asked);	/* nothing is asked for one who does not read */
	b->fat = false;
	say_text(b, other, "q=me\n\n");
	hear(b, other, "a=me\n\n");
	UNTIL(b, stderr_says("an answer not taken; hung up") == 1);
	close(fd);
	close(other);
}

static void
reads_late(void **state)
{
	struct bench *b = *state;
	char got[65536];
	size_t answers = 0, asked;
	int64_t until_us = clock_mono_us() + PATIENCE_S * 1000000LL;

	b->fat = true;
	assert_true(server_listen(b->server));
	int fd = connect_unix(b);
	flood(b, fd);
	asked = b->asked;
	assert_true(asked > 50);
	shutdown(fd, SHUT_WR);
	for (ssize_t n = -1; n != 0; wait_a_little(b, fd)) {
		n = recv(fd, got, sizeof got, MSG_DONTWAIT);
		assert_true(clock_mono_us() < until_us);
		for (ssize_t i = 0; i < n; i++)
			answers += got[i] == '=';
	}
	assert_int_equal(answers, b->asked);
	assert_true(b->asked > asked);
	close(fd);
}

/* ---- who may come ---- */

static void
over_the_limit(void **state)
{
	static const char overload[] = "reason=\"overload\"";
	struct bench *b = *state;
	uint64_t before = counted("policyd_connections_refused_total", overload);

	b->options.max_connections = 2;
	assert_true(server_listen(b->server));
	int one = connect_tcp(b);
	UNTIL(b, metric_gauge("policyd_connections", "", "")->value == 1);
	int two = connect_unix(b), three = connect_tcp(b), four = connect_unix(b);
	say_text(b, three, "q=3");
	say_text(b, three, "\n\nq=3b\n\n");
	hear(b, three, "a=overload\n\n");
	say_text(b, four, "q=4\n\n");
	hear(b, four, "a=overload\n\n");
	hear_end(b, four);
	close(three);
	say_text(b, one, "q=1\n\n");
	hear(b, one, "a=1\n\n");
	assert_int_equal(counted("policyd_connections_refused_total", overload), before + 2);
	assert_int_equal(stderr_says("max_connections"), 1);
	close(one);
	UNTIL(b, metric_gauge("policyd_connections", "", "")->value == 1);
	int five = connect_tcp(b);
	say_text(b, five, "q=5\n\n");
	hear(b, five, "a=5\n\n");
	assert_string_equal(b->order, "1 5 ");
	close(two);
	close(five);
}

static void
far_over_the_limit(void **state)
{
	struct bench *b = *state;
	int fds[101];

	b->options.max_connections = 1;
	assert_true(server_listen(b->server));
	for (int i = 0; i < 101; i++)
		fds[i] = connect_unix(b);
	hear_end(b, connect_unix(b));
	say_text(b, fds[100], "q=1\n\n");
	hear(b, fds[100], "a=overload\n\n");
	hear_end(b, fds[100]);
	b->options.request_timeout_s = 1;
	for (int i = 1; i < 100; i++)		/* they have no time to idle */
		hear_end(b, fds[i]);
	close(fds[0]);
}

static void
wrong_address(void **state)
{
	static const char address[] = "reason=\"address\"";
	struct bench *b = *state;
	uint64_t before = counted("policyd_connections_refused_total", address);
	struct server_options open = b->options;
	struct network documentation;
	const char *why;

	network_parse(&documentation, "192.0.2.0/24", &why);
	b->options.allow_clients = (struct option_networks){ 1, &documentation };
	assert_true(server_listen(b->server));
	hear_end(b, connect_tcp(b));
	hear_end(b, connect_tcp(b));
	int fd = connect_unix(b);
	say_text(b, fd, "q=1\n\n");
	hear(b, fd, "a=1\n\n");
	assert_int_equal(counted("policyd_connections_refused_total", address), before + 2);
	assert_int_equal(stderr_says("127.0.0.1 may not connect"), 1);
	server_configure(b->server, &open);
	int tcp = connect_tcp(b);
	say_text(b, tcp, "q=2\n\n");
	hear(b, tcp, "a=2\n\n");
	close(fd);
	close(tcp);
}

static void
by_ipv6(void **state)
{
	struct bench *b = *state;
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int probe = socket(AF_INET6, SOCK_STREAM, 0);
	bool there = probe >= 0 && bind(probe, (struct sockaddr *)&v6, sizeof v6) == 0;

	if (probe >= 0)
		close(probe);
	if (!there)
		skip();
	b->words[0] = "inet:[::1]:0";
	assert_true(server_listen(b->server));
	v6.sin6_port = htons((uint16_t)server_port(b->server, 0));
	int fd = start_connect((struct sockaddr *)&v6, sizeof v6);
	say_text(b, fd, "q=1\n\n");
	hear(b, fd, "a=1\n\n");
	say_text(b, fd, "q=hangup\n\n");
	hear_end(b, fd);
	assert_int_equal(stderr_says("server: [::1]:"), 1);
}

/* ---- peers that leave ---- */

static void
gone_before_the_answer(void **state)
{
	struct bench *b = *state;
	struct linger at_once = { .l_onoff = 1 };

	assert_true(server_listen(b->server));
	int reset = connect_tcp(b), closed = connect_unix(b), half = connect_tcp(b);
	say_text(b, reset, "q=later1\n\n");
	UNTIL(b, b->later == 1);
	say_text(b, closed, "q=later2\n\nq=x\n\n");
	UNTIL(b, b->later == 2);
	say_text(b, half, "q=later3\n\nq=4\n\nq=5");
	UNTIL(b, b->later == 3);
	setsockopt(reset, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	close(reset);
	close(closed);
	shutdown(half, SHUT_WR);
	UNTIL(b, metric_gauge("policyd_connections", "", "")->value == 2);
	for (size_t i = 0; i < 3; i++)
		answer(b, i);
	hear(b, half, "a=later3\n\na=4\n\n");
	hear_end(b, half);
	UNTIL(b, metric_gauge("policyd_connections", "", "")->value == 0);
}

/* ---- start and stop ---- */

static void
graceful(void **state)
{
	struct bench *b = *state;
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct linger at_once = { .l_onoff = 1 };
	struct stat file;

	assert_true(server_listen(b->server));
	int idle = connect_tcp(b), half = connect_tcp(b), asking = connect_tcp(b), piped = connect_unix(b);
	int gone = connect_tcp(b);
	say_text(b, half, "q=1");
	say_text(b, asking, "q=later0\n\n");
	UNTIL(b, b->later == 1);
	say_text(b, piped, "q=later1\n\nq=2\n\nq=3");
	UNTIL(b, b->later == 2);
	say_text(b, gone, "q=later2\n\n");
	UNTIL(b, b->later == 3);
	setsockopt(gone, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	close(gone);
	server_stop(b->server, on_stopped, b);
	assert_false(b->stopped);
	hear_end(b, idle);
	hear_end(b, half);
	assert_int_equal(lstat(b->path, &file), -1);
	strcpy(un.sun_path, b->path);
	int late = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(late, (struct sockaddr *)&un, sizeof un), -1);
	close(late);
	answer(b, 0);
	hear(b, asking, "a=later0\n\n");
	hear_end(b, asking);
	answer(b, 1);
	hear(b, piped, "a=later1\n\na=2\n\n");
	hear_end(b, piped);
	for (int i = 0; i < 10; i++)
		turn(b);
	assert_false(b->stopped);		/* a ticket is open, though its peer has gone */
	answer(b, 2);
	UNTIL(b, b->stopped);
}

static void
told_of_restart(void **state)
{
	struct bench *b = *state;
	struct server_options other = b->options;
	const char *words[] = { "inet:127.0.0.1:1", b->unix_word };

	assert_true(server_listen(b->server));
	other.idle_timeout_s = 5;
	server_configure(b->server, &other);
	assert_int_equal(stderr_says("next restart"), 0);
	other.listen.at = words;
	server_configure(b->server, &other);
	assert_int_equal(stderr_says("next restart"), 1);
	server_configure(b->server, &b->options);
	assert_int_equal(stderr_says("next restart"), 1);
}

static void
says_all_that_is_wrong(void **state)
{
	struct bench *b = *state;
	const char *words[] = { "inet:127.0.0.1", "nonsense", "inet:127.0.0.1:0", "unix:/nowhere/at/all" };

	b->options.listen = (struct option_list){ 4, words };
	assert_false(server_listen(b->server));
	assert_int_equal(stderr_says("error: "), 3);
	assert_int_equal(stderr_says("create its folder first"), 1);
}

#ifdef HAVE_SYSTEMD
/* In a process of its own, for systemd's sockets begin at 3: how many lines say that policyd listens there alone. */
static size_t
listen_as_shipped(struct bench *b)
{
	const char *word = "inet:127.0.0.1:10031";
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char pid[20];

	strcpy(at.sun_path, b->path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 1) != 0 || dup2(fcntl(fd, F_DUPFD, 20), 3) != 3)
		return 100;
	snprintf(pid, sizeof pid, "%ld", (long)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	b->options.listen = (struct option_list){ 1, &word };
	return server_listen(b->server) && stderr_says("\n") == 1 ? stderr_says(b->unix_word) : 101;
}

static void
handed_over(void **state)
{
	struct bench *b = *state;
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit((int)listen_as_shipped(b));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	unlink(b->path);
}
#endif

static void
small(void **state)
{
	(void)state;
	assert_true(sizeof(struct connection) <= 512);
}

#define PROMISE(says, test) { says, test, set_up, tear_down, NULL }

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		PROMISE("one connection carries many requests, by TCP and by unix socket", many_requests),
		PROMISE("requests are found wherever their bytes are cut", split_anywhere),
		PROMISE("one who pipelines a lot lets others have their turn", in_turn),
		PROMISE("answers leave in order, also those that come later", later_in_order),
		PROMISE("a request may have 16 KiB and not a byte more", bounded),
		PROMISE("garbage is hung up on", garbage),
		PROMISE("CRLF is found out at once", crlf),
		PROMISE("half a request is not waited for", half_sent),
		PROMISE("a drip of bytes does not win time", slow_drip),
		PROMISE("an idle connection is closed, one that waits for us is not", idle_closed),
		PROMISE("one who does not read is not read from, at last closed", never_reads),
		PROMISE("one who reads late gets every answer", reads_late),
		PROMISE("over the limit the first request is answered, then closed", over_the_limit),
		PROMISE("far over the limit connections are closed, and none may idle", far_over_the_limit),
		PROMISE("only allow_clients may connect by TCP", wrong_address),
		PROMISE("IPv6 is served", by_ipv6),
		PROMISE("a peer may be gone before its answer, or have shut its half", gone_before_the_answer),
		PROMISE("the end waits for answers under way and for nothing else", graceful),
		PROMISE("what only a restart can change is told", told_of_restart),
		PROMISE("every mistake in listen is told at once", says_all_that_is_wrong),
#ifdef HAVE_SYSTEMD
		PROMISE("as shipped policyd listens where systemd does, if it does", handed_over),
#endif
		PROMISE("an idle connection is small", small),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
