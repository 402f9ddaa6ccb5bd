/* dnsd.c - a DNS responder for measuring: answers everything alike, after a delay
 *
 *     dnsd DELAY_MS
 *
 * Listens on a free UDP port of 127.0.0.1, which it prints.  Every address
 * under list.example is not listed (NXDOMAIN), save the test entry 127.0.0.2
 * (RFC 5782 s.5).  Every other name has an A, an MX and a PTR record, and no
 * data of other types.  Answers leave in the order of the questions, so the
 * ones that wait are a ring.
 */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEADER_BYTES = 12, MESSAGE_BYTES = 512, RING = 65536, SOCKET_BUFFER = 8 << 20, TTL_S = 3600 };

struct waiting {
	int64_t due_us;
	struct sockaddr_in to;
	size_t len;
	uint8_t message[MESSAGE_BYTES];
};

static struct waiting *ring;		/* RING of them */
static size_t first, count;

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Bytes of the question's name and type and class behind the header; 0 if it is none. */
static size_t
question_bytes(const uint8_t *message, size_t len)
{
	size_t at = HEADER_BYTES;

	while (at < len && message[at] != 0) {
		if (message[at] > 63)
			return 0;
		at += message[at] + 1u;
	}
	return at + 5 <= len ? at + 5 - HEADER_BYTES : 0;
}

/* Append one record, owned by the name at offset owner; the message's length with it. */
static size_t
add_record(uint8_t *message, size_t at, size_t owner, uint16_t type, const uint8_t *data, size_t len)
{
	uint8_t *p = message + at;

	ns_put16(0xc000 | (unsigned)owner, p);
	ns_put16(type, p + 2);
	ns_put16(ns_c_in, p + 4);
	ns_put32(TTL_S, p + 6);
	ns_put16((unsigned)len, p + 10);
	memcpy(p + 12, data, len);
	return at + 12 + len;
}

/* Turn the question in w->message into its answer. */
static void
answer(struct waiting *w, size_t question)
{
	static const uint8_t listed[] = { 127, 0, 0, 2 }, address[] = { 192, 0, 2, 7 },
	    mx[] = { 0, 10, 4, 'm', 'a', 'i', 'l', 0xc0, HEADER_BYTES },
	    ptr[] = { 4, 'm', 'a', 'i', 'l', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 3, 'n', 'e', 't', 0 },
	    soa[] = { 0, 0, 0, 0, 0, 1, 0, 0, 14, 16, 0, 0, 3, 132, 0, 9, 58, 128, 0, 0, 14, 16 },
	    list_zone[] = "\4list\7example", test_entry[] = "\1""2\1""0\1""0\3""127";
	uint8_t *m = w->message, *name = m + HEADER_BYTES;
	uint16_t type = (uint16_t)(name[question - 4] << 8 | name[question - 3]);
	bool in_list = memmem(name, question, list_zone, sizeof list_zone) != NULL;
	bool is_test = in_list && memcmp(name, test_entry, sizeof test_entry - 1) == 0;
	size_t at = HEADER_BYTES + question;

	memset(m + 6, 0, 6);		/* no records yet, and the question's own are dropped */
	m[2] = (uint8_t)(0x84 | (m[2] & 1));
	m[3] = 0x80;
	if (in_list && !is_test)
		m[3] |= ns_r_nxdomain;
	if (type == ns_t_a && is_test)
		at = add_record(m, at, HEADER_BYTES, type, listed, sizeof listed);
	else if (type == ns_t_a && !in_list)
		at = add_record(m, at, HEADER_BYTES, type, address, sizeof address);
	else if (type == ns_t_mx && !in_list)
		at = add_record(m, at, HEADER_BYTES, type, mx, sizeof mx);
	else if (type == ns_t_ptr && !in_list)
		at = add_record(m, at, HEADER_BYTES, type, ptr, sizeof ptr);
	else {
		at = add_record(m, at, at - 5, ns_t_soa, soa, sizeof soa);
		m[9] = 1;
	}
	m[7] = m[9] == 0;
	w->len = at;
}

/* Take every question that is there; what the ring cannot hold is lost, as UDP may. */
static void
take(int sock, int64_t delay_us)
{
	for (;;) {
		struct waiting *w = &ring[(first + count) % RING];
		socklen_t size = sizeof w->to;

		if (count == RING)
			return;
		ssize_t len = recvfrom(sock, w->message, MESSAGE_BYTES / 2, MSG_DONTWAIT,
		    (struct sockaddr *)&w->to, &size);
		if (len < 0)
			return;
		size_t question = len > HEADER_BYTES ? question_bytes(w->message, (size_t)len) : 0;
		if (question == 0)
			continue;
		answer(w, question);
		w->due_us = now_us() + delay_us;
		count++;
		if (delay_us == 0)
			return;
	}
}

int
main(int argc, char **argv)
{
	int delay_ms = argc == 2 ? atoi(argv[1]) : -1, buffer = SOCKET_BUFFER;
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof here;

	if (delay_ms < 0) {
		fputs("usage: dnsd DELAY_MS\n", stderr);
		return 2;
	}
	int sock = socket(AF_INET, SOCK_DGRAM, 0);
	if (sock < 0 || bind(sock, (struct sockaddr *)&here, size) != 0 ||
	    getsockname(sock, (struct sockaddr *)&here, &size) != 0 ||
	    (ring = calloc(RING, sizeof *ring)) == NULL) {
		perror("dnsd");
		return 1;
	}
	setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
	printf("%d\n", ntohs(here.sin_port));
	fflush(stdout);
	for (;;) {
		struct pollfd p = { .fd = sock, .events = POLLIN };
		int64_t left_us = count ? ring[first].due_us - now_us() : INT64_MAX;
		struct timespec wait = { .tv_sec = left_us / 1000000, .tv_nsec = left_us % 1000000 * 1000 };

		if (left_us > 0)
			ppoll(&p, 1, count ? &wait : NULL, NULL);
		take(sock, (int64_t)delay_ms * 1000);
		for (; count > 0 && ring[first].due_us <= now_us(); first = (first + 1) % RING, count--)
			sendto(sock, ring[first].message, ring[first].len, 0,
			    (struct sockaddr *)&ring[first].to, sizeof ring[first].to);
	}
}
