/* load.c - asks as many smtpd processes would: N connections, each with one request under way
 *
 *     load [-c CONNECTIONS] [-s SECONDS] [-r RATE] [-p PID] MODE inet:ADDRESS:PORT|unix:PATH
 *
 *     fresh       every request is another message: instance, sender, recipient, one of 64 clients
 *     repeated    each connection sends the same bytes again and again
 *     strangers   fresh, and each from a client address not seen before (24336 of them, in turn)
 *     refused     fresh, with a HELO that is no name; a reject is expected
 *     new         fresh, each from a sender without digits that never wrote before; to be greylisted
 *     known       the same, from one of 20000 senders that are known
 *     counted     fresh, at DATA, each from one of 20000 logins
 *     idle        one answer on each connection, then nothing: memory per connection
 *
 * Without -r the loop is closed: the next request leaves with the answer to the
 * last.  With -r requests fall due RATE times a second whatever the answers do,
 * and a request's time counts from when it was due.  A fifth of SECONDS more is
 * spent first, uncounted, to warm up.  CPU and memory are those of PID.  An
 * answer that is not as expected, late by ten seconds, or missing is an error.
 * Prints one line of name=value pairs; exits 1 if there were errors.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	CONNECTIONS_MAX = 4000, REQUEST_BYTES = 1024, REPLY_BYTES = 1024, EVENTS = 256,
	CLIENTS = 64, DOMAINS = 64, RECIPIENTS = 1000, OCTETS = 156, KNOWN = 20000,
	SHUFFLE = 7368787,		/* a prime, so that no two numbers below 26^5 are made the same */
	GRACE_S = 10,			/* how long the last answers may take */
	FINE = 64, MAGNITUDES = 40,	/* the histogram: buckets within each power of two */
};

struct mode {
	const char *name, *helo, *network, *expect;
	bool fresh, strangers, idle, letters, known, logins;
};

static const struct mode modes[] = {
	{ "fresh", "mail.example.net", "192.0.2", "action=DUNNO\n\n", .fresh = true },
	{ "repeated", "mail.example.net", "192.0.2", "action=DUNNO\n\n", .fresh = false },
	{ "strangers", "mail.example.net", "198.18.100", "action=DUNNO\n\n", .fresh = true, .strangers = true },
	{ "refused", "localhost", "192.0.2", "action=5", .fresh = true },
	{ "new", "mail.example.net", "192.0.2", "action=DEFER_IF_PERMIT", .fresh = true, .letters = true },
	{ "known", "mail.example.net", "192.0.2", "action=DUNNO\n\n", .fresh = true, .letters = true, .known = true },
	{ "counted", "mail.example.net", "192.0.2", "action=DUNNO\n\n", .fresh = true, .logins = true },
	{ "idle", "mail.example.net", "192.0.2", "action=DUNNO\n\n", .idle = true },
};

struct connection {
	int fd;
	bool waiting;			/* for an answer */
	int64_t since_ns;		/* the request left, or was due */
	char *client, *sender, *login, *recipient, *instance;	/* what changes, within request */
	size_t len, got;
	char request[REQUEST_BYTES], reply[REPLY_BYTES];
};

static const struct mode *mode;
static struct connection *connections;
static size_t connection_count = 1;
static int poller;
static uint64_t asked, answered, errors, alive, under_way;
static bool counting;
static uint64_t histogram[MAGNITUDES * FINE], counted;

static void
die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- how long answers took ---- */

static void
count_time(int64_t ns)
{
	uint64_t value = ns > 0 ? (uint64_t)ns : 0;
	unsigned shift = 0;

	while (value >> shift >= 2 * FINE)
		shift++;
	size_t bucket = shift * FINE + (size_t)(value >> shift);
	size_t last = sizeof histogram / sizeof *histogram - 1;
	histogram[bucket < last ? bucket : last]++;
	counted++;
}

/* The time within which that share of the answers came, in microseconds. */
static double
quantile_us(double share)
{
	uint64_t want = (uint64_t)(share * (double)counted), sum = 0;
	size_t bucket = 0, last = sizeof histogram / sizeof *histogram - 1;

	if (counted == 0)
		return 0;
	while (bucket < last && (sum += histogram[bucket]) <= want)
		bucket++;
	size_t shift = bucket < FINE ? 0 : bucket / FINE - 1;
	return (double)((bucket - shift * FINE) << shift) / 1000;
}

/* ---- what the server costs ---- */

/* Seconds of processor time the process has used, all threads. */
static double
cpu_s(int pid)
{
	char path[64], line[1024];
	unsigned long user = 0, system = 0;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	FILE *in = fopen(path, "r");
	if (in == NULL || fgets(line, sizeof line, in) == NULL || strrchr(line, ')') == NULL ||
	    sscanf(strrchr(line, ')'), ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
		die(path);
	fclose(in);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* The process's share of memory, in KB. */
static long
pss_kb(int pid)
{
	char path[64], line[256];
	long kb = -1;

	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
	FILE *in = fopen(path, "r");
	if (in == NULL)
		die(path);
	while (kb < 0 && fgets(line, sizeof line, in) != NULL)
		if (sscanf(line, "Pss: %ld kB", &kb) != 1)
			kb = -1;
	fclose(in);
	return kb;
}

/* ---- requests ---- */

static void
put_digits(char *at, unsigned width, unsigned base, uint64_t value)
{
	while (width-- > 0) {
		at[width] = "0123456789abcdef"[value % base];
		value /= base;
	}
}

/* Everything Postfix 3.7 sends, in its order; the instance makes it this run's, and number a connection's own. */
static void
build_request(struct connection *c, size_t number)
{
	int len = snprintf(c->request, sizeof c->request,
	    "request=smtpd_access_policy\nprotocol_state=%s\nprotocol_name=ESMTP\n"
	    "client_address=%s.100\nclient_name=mail.example.net\nclient_port=51234\n"
	    "reverse_client_name=mail.example.net\nserver_address=203.0.113.25\nserver_port=25\n"
	    "helo_name=%s\nsender=s00000000@d00.example.com\nrecipient=r000@example.org\n"
	    "recipient_count=%d\nqueue_id=\ninstance=%06x.%08zx.a3b1c.0\nsize=18423\netrn_domain=\nstress=\n"
	    "sasl_method=\nsasl_username=%s\nsasl_sender=\nccert_subject=\nccert_issuer=\nccert_fingerprint=\n"
	    "ccert_pubkey_fingerprint=\nencryption_protocol=TLSv1.3\nencryption_cipher=TLS_AES_256_GCM_SHA384\n"
	    "encryption_keysize=256\npolicy_context=%s\n\n",
	    mode->logins ? "DATA" : "RCPT", mode->network, mode->helo, mode->logins, (unsigned)getpid() & 0xffffff, number,
	    mode->logins ? "s00000000@d00.example.com" : "", mode->logins ? "submission" : "mx");

	c->len = (size_t)len;
	c->client = strstr(c->request, "client_address=") + strlen("client_address=");
	c->sender = strstr(c->request, "\nsender=") + strlen("\nsender=");
	c->login = strstr(c->request, "\nsasl_username=") + strlen("\nsasl_username=");
	c->recipient = strstr(c->request, "\nrecipient=") + strlen("\nrecipient=");
	c->instance = strstr(c->request, "\ninstance=") + strlen("\ninstance=123456.");
}

static void
put_letters(char *at, unsigned width, uint64_t value)
{
	while (width-- > 0) {
		at[width] = (char)('a' + value % 26);
		value /= 26;
	}
}

/* A sender of this run's, in no order, or one of those that are known, as t/bench/run has written them. */
static void
change_sender(struct connection *c, uint64_t n)
{
	put_letters(c->sender, 5, n * SHUFFLE % (26 * 26 * 26 * 26 * 26));
	put_letters(c->sender + 5, 4, mode->known ? 0 : 1 + (uint64_t)getpid() % (26 * 26 * 26 * 26 - 1));
}

/* Make it the n-th message of this run. */
static void
change_request(struct connection *c, uint64_t n)
{
	put_digits(c->instance, 8, 16, n);
	if (mode->known || mode->logins)
		n %= KNOWN;
	put_digits(c->sender + 1, 8, 16, n);
	put_digits(c->sender + strlen("s00000000@d"), 2, 10, n % DOMAINS);
	if (mode->logins)
		memcpy(c->login, c->sender, strlen("s00000000@d00"));
	put_digits(c->recipient + 1, 3, 10, n % RECIPIENTS);
	if (mode->letters)
		change_sender(c, n);
	if (mode->strangers) {
		put_digits(c->client + strlen("198.18."), 3, 10, 100 + n / OCTETS % OCTETS);
		put_digits(c->client + strlen("198.18.100."), 3, 10, 100 + n % OCTETS);
	} else
		put_digits(c->client + strlen("192.0.2."), 3, 10, 100 + n % CLIENTS);
}

static void
lose(struct connection *c, const char *why)
{
	if (errors++ < 5)
		fprintf(stderr, "load: %s: %.*s\n", why, (int)c->got, c->reply);
	close(c->fd);
	c->fd = -1;
	alive--;
	if (c->waiting)
		under_way--;
	c->waiting = false;
}

static void
ask(struct connection *c, int64_t since_ns)
{
	if (mode->fresh)
		change_request(c, asked);
	asked++;
	c->since_ns = since_ns;
	c->waiting = true;
	under_way++;
	c->got = 0;
	if (send(c->fd, c->request, c->len, MSG_NOSIGNAL) != (ssize_t)c->len)
		lose(c, "cannot send");
}

/* Read what came; true if it was the whole answer. */
static bool
take_answer(struct connection *c)
{
	ssize_t len = recv(c->fd, c->reply + c->got, sizeof c->reply - c->got, MSG_DONTWAIT);

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (len <= 0) {
		lose(c, "connection closed");
		return false;
	}
	c->got += (size_t)len;
	char *end = memmem(c->reply, c->got, "\n\n", 2);
	if (end == NULL && c->got < sizeof c->reply)
		return false;
	if (end == NULL || !c->waiting || end + 2 != c->reply + c->got ||
	    c->got < strlen(mode->expect) || memcmp(c->reply, mode->expect, strlen(mode->expect)) != 0) {
		lose(c, "unexpected answer");
		return false;
	}
	c->waiting = false;
	under_way--;
	answered++;
	if (counting)
		count_time(now_ns() - c->since_ns);
	return true;
}

/* ---- connections ---- */

static socklen_t
read_address(const char *text, struct sockaddr_storage *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_un *un = (struct sockaddr_un *)out;
	char host[64];
	unsigned port;

	memset(out, 0, sizeof *out);
	if (strncmp(text, "unix:", 5) == 0 && strlen(text + 5) < sizeof un->sun_path) {
		un->sun_family = AF_UNIX;
		strcpy(un->sun_path, text + 5);
		return sizeof *un;
	}
	in->sin_family = AF_INET;
	if (sscanf(text, "inet:%63[0-9.]:%u", host, &port) != 2 || port > 65535 ||
	    inet_pton(AF_INET, host, &in->sin_addr) != 1 || ntohl(in->sin_addr.s_addr) >> 24 != 127) {
		fprintf(stderr, "load: %s: write inet:127.0.0.1:PORT or unix:PATH\n", text);
		exit(2);
	}
	in->sin_port = htons((uint16_t)port);
	return sizeof *in;
}

static void
connect_to(struct connection *c, const struct sockaddr_storage *to, socklen_t size)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
	int on = 1;

	c->fd = socket(to->ss_family, SOCK_STREAM, 0);
	if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)to, size) != 0)
		die("connect");
	if (to->ss_family == AF_INET)
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event) != 0)
		die("epoll");
	build_request(c, (size_t)(c - connections));
	alive++;
}

/* Wait for answers until until_ns at most, and take them; asks again on each connection that has one if again. */
static void
take_answers(int64_t until_ns, bool again)
{
	struct epoll_event events[EVENTS];
	struct pollfd p = { .fd = poller, .events = POLLIN };
	int64_t left_ns = until_ns - now_ns();

	if (left_ns > 0) {
		struct timespec wait = { .tv_sec = left_ns / 1000000000, .tv_nsec = left_ns % 1000000000 };

		ppoll(&p, 1, &wait, NULL);
	}
	int count = epoll_wait(poller, events, EVENTS, 0);
	for (int i = 0; i < count; i++) {
		struct connection *c = events[i].data.ptr;

		if (take_answer(c) && again)
			ask(c, now_ns());
	}
}

/* ---- the two loops ---- */

static void
run_closed(int64_t until_ns)
{
	for (size_t i = 0; i < connection_count; i++)
		if (connections[i].fd >= 0 && !connections[i].waiting)
			ask(&connections[i], now_ns());
	while (alive > 0 && now_ns() < until_ns)
		take_answers(until_ns, true);
}

static void
run_open(int64_t until_ns, double rate)
{
	int64_t step_ns = (int64_t)(1e9 / rate), due_ns = now_ns();
	size_t next = 0;

	while (alive > 0 && due_ns < until_ns) {
		while (under_way < alive && due_ns <= now_ns()) {
			while (connections[next].fd < 0 || connections[next].waiting)
				next = (next + 1) % connection_count;
			ask(&connections[next], due_ns);
			due_ns += step_ns;
		}
		take_answers(under_way < alive ? due_ns : until_ns, false);
	}
}

/* Take the answers that are still out; each that does not come is an error. */
static void
drain(void)
{
	int64_t until_ns = now_ns() + GRACE_S * INT64_C(1000000000);

	while (under_way > 0 && now_ns() < until_ns)
		take_answers(until_ns, false);
	errors += under_way;
}

static void
run_load(double seconds, double rate, int pid)
{
	int64_t ns = (int64_t)(seconds * 1e9);

	for (int counted_run = 0; counted_run < 2; counted_run++) {
		int64_t begin_ns = now_ns(), length_ns = counted_run ? ns : ns / 5;
		double cpu = pid ? cpu_s(pid) : 0;
		uint64_t before = answered;

		counting = counted_run;
		if (rate > 0)
			run_open(begin_ns + length_ns, rate);
		else
			run_closed(begin_ns + length_ns);
		if (!counted_run)
			continue;
		uint64_t done = answered - before;
		double took_s = (double)(now_ns() - begin_ns) / 1e9;
		cpu = pid ? cpu_s(pid) - cpu : 0;
		drain();
		printf("req_s=%.0f cpu_us=%.3f ", (double)done / took_s, done ? cpu * 1e6 / (double)done : 0);
	}
	printf("p50_us=%.1f p99_us=%.1f p999_us=%.1f ", quantile_us(0.5), quantile_us(0.99), quantile_us(0.999));
}

/* One answer on each connection; what the last of them cost in memory. */
static void
run_idle(const struct sockaddr_storage *to, socklen_t size, int pid)
{
	long before_kb = pss_kb(pid);

	for (size_t i = 1; i < connection_count; i++) {
		connect_to(&connections[i], to, size);
		ask(&connections[i], now_ns());
		drain();
	}
	printf("conn_bytes=%.0f ", (double)(pss_kb(pid) - before_kb) * 1024 / (double)(connection_count - 1));
}

static int
usage(void)
{
	fputs("usage: load [-c connections] [-s seconds] [-r rate] [-p pid]\n"
	    "            fresh|repeated|strangers|refused|new|known|counted|idle inet:127.0.0.1:PORT|unix:PATH\n", stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	struct sockaddr_storage to;
	double seconds = 1, rate = 0;
	int pid = 0, option;

	while ((option = getopt(argc, argv, "c:s:r:p:")) != -1) {
		if (option == 'c')
			connection_count = (size_t)strtoul(optarg, NULL, 10);
		else if (option == 's')
			seconds = strtod(optarg, NULL);
		else if (option == 'r')
			rate = strtod(optarg, NULL);
		else if (option == 'p')
			pid = atoi(optarg);
		else
			return usage();
	}
	if (argc - optind != 2 || connection_count < 1 || connection_count > CONNECTIONS_MAX ||
	    !(seconds > 0 && seconds <= 60))
		return usage();
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (strcmp(modes[i].name, argv[optind]) == 0)
			mode = &modes[i];
	if (mode == NULL || (mode->idle && (pid == 0 || connection_count < 2)))
		return usage();
	socklen_t size = read_address(argv[optind + 1], &to);
	poller = epoll_create1(0);
	connections = calloc(connection_count, sizeof *connections);
	if (poller < 0 || connections == NULL)
		die("start");
	for (size_t i = 0; i < (mode->idle ? 1 : connection_count); i++)
		connect_to(&connections[i], &to, size);
	if (mode->idle) {
		ask(&connections[0], now_ns());
		drain();
		run_idle(&to, size, pid);
	} else
		run_load(seconds, rate, pid);
	if (pid)
		printf("pss_kb=%ld ", pss_kb(pid));
	printf("errors=%" PRIu64 "\n", errors);
	return errors > 0;
}
