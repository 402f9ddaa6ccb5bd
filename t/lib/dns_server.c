/* dns_server.c - see dns_server.h */
#include "dns_server.h"
#include "base/loop.h"
#include "dns_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK_BYTES = 4096 };

struct connection {
	uv_tcp_t tcp;
	struct dns_server *server;
	size_t len;
	unsigned char bytes[1024];
};

static void
check(bool good)
{
	if (!good)
		abort();
}

static struct sockaddr_in
loopback(int port)
{
	struct sockaddr_in a;

	uv_ip4_addr("127.0.0.1", port, &a);
	return a;
}

static const char *
next_line(const char *lines)
{
	const char *end = strchr(lines, '\n');

	return end != NULL ? end + 1 : lines + strlen(lines);
}

static bool
take_word(const char **lines, const char *word)
{
	if (strncmp(*lines, word, strlen(word)) != 0)
		return false;
	*lines = next_line(*lines);
	return true;
}

/* The block for the asked-th time, counted from 1. */
static void
block_of(const char *script, int asked, char out[BLOCK_BYTES])
{
	const char *end;

	while ((end = strstr(script, "---\n")) != NULL && asked-- > 1)
		script = end + 4;
	snprintf(out, BLOCK_BYTES, "%.*s", end != NULL ? (int)(end - script) : BLOCK_BYTES - 1, script);
}

static void
send_udp(uv_udp_t *from, const unsigned char *bytes, size_t len, const struct sockaddr *to)
{
	uv_buf_t buf = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)len);

	check(uv_udp_try_send(from, &buf, 1, to) == (int)len);
}

/* The answer to the question into out by the next block of script; its length, 0: none. */
static size_t
answer_by(struct dns_server *s, const char *script, int asked, const unsigned char *question, size_t len,
    unsigned char out[DNS_MESSAGE_BYTES], const struct sockaddr *to)
{
	static const char false_record[] = "an example.com 300 A 192.0.2.66";
	char block[BLOCK_BYTES];
	const char *lines = block;
	unsigned id = s->id = ns_get16(question);
	int used = ns_name_uncompress(question, question + len, question + NS_HFIXEDSZ, s->name, sizeof s->name);

	check(used > 0 && question[2] == 1);
	enum dns_type type = (enum dns_type)ns_get16(question + NS_HFIXEDSZ + used);
	block_of(script, asked, block);
	if (take_word(&lines, "silent") || take_word(&lines, "close"))
		return 0;
	bool garbage = take_word(&lines, "garbage");
	if (take_word(&lines, "no edns") && question[11] != 0)
		return dns_message(out, id, s->name, type, "rcode 1");
	if (take_word(&lines, "forge id"))
		send_udp(&s->udp, out, dns_message(out, id ^ 1, s->name, type, false_record), to);
	if (take_word(&lines, "forge question"))
		send_udp(&s->udp, out, dns_message(out, id, "example.net", type, false_record), to);
	if (take_word(&lines, "forge source"))
		send_udp(&s->other, out, dns_message(out, id, s->name, type, false_record), to);
	len = dns_message(out, id, s->name, type, lines);
	if (garbage)
		out[len++] = 0;
	return len;
}

static void
give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	static char bytes[65536];

	(void)handle;
	(void)suggested;
	*buf = uv_buf_init(bytes, sizeof bytes);
}

static void
on_datagram(uv_udp_t *udp, ssize_t len, const uv_buf_t *buf, const struct sockaddr *from, unsigned flags)
{
	static unsigned char out[DNS_MESSAGE_BYTES];
	struct dns_server *s = udp->data;

	(void)flags;
	if (from == NULL || len < NS_HFIXEDSZ)
		return;
	size_t size = answer_by(s, s->udp_script, ++s->udp_asked, (unsigned char *)buf->base, (size_t)len, out, from);
	if (size > 0)
		send_udp(udp, out, size, from);
	loop_stop(s->loop);
}

static void
on_connection_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void
on_tcp_bytes(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	static unsigned char out[DNS_MESSAGE_BYTES + 2];
	struct connection *c = stream->data;
	struct dns_server *s = c->server;

	if (len < 0) {
		uv_close((uv_handle_t *)stream, on_connection_closed);
		return;
	}
	memcpy(c->bytes + c->len, buf->base, (size_t)len);
	c->len += (size_t)len;
	if (c->len < 2 || c->len < ns_get16(c->bytes) + 2u)
		return;
	size_t size = answer_by(s, s->tcp_script, ++s->tcp_asked, c->bytes + 2, c->len - 2, out + 2, NULL);
	c->len = 0;
	loop_stop(s->loop);
	if (size == 0) {
		uv_close((uv_handle_t *)stream, on_connection_closed);
		return;
	}
	ns_put16((unsigned)size, out);
	uv_buf_t reply = uv_buf_init((char *)out, (unsigned)size + 2);
	check(uv_try_write(stream, &reply, 1) == (int)size + 2);
}

static void
on_connection(uv_stream_t *listener, int status)
{
	struct connection *c = calloc(1, sizeof *c);

	check(status == 0);
	c->server = listener->data;
	uv_tcp_init(loop_uv(c->server->loop), &c->tcp);
	c->tcp.data = c;
	check(uv_accept(listener, (uv_stream_t *)&c->tcp) == 0);
	uv_read_start((uv_stream_t *)&c->tcp, give_buffer, on_tcp_bytes);
}

static int
bound_socket(int type, struct sockaddr_in *a)
{
	socklen_t len = sizeof *a;
	int fd = socket(AF_INET, type, 0);

	check(fd >= 0);
	if (bind(fd, (struct sockaddr *)a, len) != 0) {
		close(fd);
		return -1;
	}
	check(getsockname(fd, (struct sockaddr *)a, &len) == 0);
	return fd;
}

/* UDP and TCP on one port, whichever is free for both; the port. */
static int
bind_both(struct dns_server *s)
{
	for (int tries = 0; tries < 100; tries++) {
		struct sockaddr_in a = loopback(0);
		int udp = bound_socket(SOCK_DGRAM, &a), tcp = bound_socket(SOCK_STREAM, &a);

		if (udp >= 0 && tcp >= 0) {
			check(uv_udp_open(&s->udp, udp) == 0 && uv_tcp_open(&s->tcp, tcp) == 0);
			return ntohs(a.sin_port);
		}
		close(udp);
	}
	abort();
}

void
dns_server_open(struct dns_server *s, struct loop *l)
{
	struct sockaddr_in other = loopback(0);

	*s = (struct dns_server){ .loop = l, .udp_script = "", .tcp_script = "" };
	uv_udp_init(loop_uv(l), &s->udp);
	uv_udp_init(loop_uv(l), &s->other);
	uv_tcp_init(loop_uv(l), &s->tcp);
	s->udp.data = s->tcp.data = s;
	snprintf(s->address, sizeof s->address, "127.0.0.1:%d", bind_both(s));
	check(uv_udp_bind(&s->other, (struct sockaddr *)&other, 0) == 0);
	check(uv_listen((uv_stream_t *)&s->tcp, 16, on_connection) == 0);
	check(uv_udp_recv_start(&s->udp, give_buffer, on_datagram) == 0);
}

void
dns_server_close(struct dns_server *s)
{
	uv_close((uv_handle_t *)&s->udp, NULL);
	uv_close((uv_handle_t *)&s->other, NULL);
	uv_close((uv_handle_t *)&s->tcp, NULL);
}
