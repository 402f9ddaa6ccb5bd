/* listen.h - from the words of `listen` to bound sockets
 */
#ifndef SERVER_LISTEN_H
#define SERVER_LISTEN_H

#include "server/server.h"

#include <sys/socket.h>

enum endpoint_kind { ENDPOINT_INET, ENDPOINT_UNIX, ENDPOINT_SYSTEMD };

struct endpoint {
	enum endpoint_kind kind;
	struct sockaddr_storage address;	/* of INET and UNIX */
	socklen_t address_len;
	bool everywhere;			/* inet:PORT: address is [::]; 0.0.0.0 is meant too */
};

/* Read one word of `listen`; NULL, or a sentence that says what is right. */
const char *endpoint_parse(struct endpoint *e, const char *word);

enum { BOUND_NAME = 128, BOUND_MAX = 16 };

struct bound {
	int fd;					/* bound, non-blocking, not listening yet; the caller's */
	bool local;				/* a unix socket */
	bool inherited;				/* systemd's: its file is not ours */
	char name[BOUND_NAME];			/* as in `listen`, the port that was got in place of 0 */
};

/* Bind what one word says: how many sockets; 0 with an error in the log. */
size_t listen_bind(const struct server_options *o, const char *word, struct bound out[BOUND_MAX]);

/* How many sockets systemd handed to this process. */
unsigned listen_inherited(void);

#endif
