/* dns_server.h - a name server on the test's own loop, that answers by a script
 *
 * A script is blocks of lines as dns_message.h reads them, one block for each
 * time it is asked, the last one for all further times, "---\n" between them.
 * Lines of this server's own, in this order, before those of the message:
 *
 *     silent            no answer
 *     close             TCP: hang up
 *     garbage           one byte too many
 *     no edns           FORMERR, if the question has an OPT record
 *     forge id          before the answer another one that says 192.0.2.66, of another id,
 *     forge question    … to another question,
 *     forge source      … from another port
 *
 * It aborts if recursion is not desired.  Each question also stops the loop, so that
 * a test may look.
 */
#ifndef DNS_SERVER_H
#define DNS_SERVER_H

#include <arpa/nameser.h>
#include <uv.h>

struct loop;

struct dns_server {
	struct loop *loop;
	uv_udp_t udp, other;			/* other: another source */
	uv_tcp_t tcp;
	char address[32];			/* 127.0.0.1:port, the same for UDP and TCP */
	const char *udp_script, *tcp_script;
	int udp_asked, tcp_asked;		/* times */
	char name[NS_MAXDNAME];			/* last asked for */
	unsigned id;				/* … under this one */
};

void dns_server_open(struct dns_server *s, struct loop *l);
void dns_server_close(struct dns_server *s);	/* before loop_free() */

#endif
