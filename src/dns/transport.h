/* transport.h - questions out to the name servers, messages in: c-ares on the loop
 *
 * One c-ares channel per name server and protocol, each set to try once: which
 * server is asked, how often and in which order is decided above, and a server
 * that hangs up on TCP disturbs no question under way over UDP.  Messages with
 * another id, another question or another source than was asked are dropped by
 * c-ares and the kernel.
 */
#ifndef DNS_TRANSPORT_H
#define DNS_TRANSPORT_H

#include "dns/dns.h"

struct transport;

enum landing {
	LANDED_ANSWER,			/* a message; good for the length of the call */
	LANDED_SILENT,			/* no answer in dns_timeout */
	LANDED_UNREACHABLE,		/* could not be sent, or the connection was refused or lost */
	LANDED_AGAIN,			/* the transport was freed meanwhile */
};

/* Must do no more than remember what came: it is called from the middle of c-ares. */
typedef void landed_callback(void *query, enum landing how, const unsigned char *message, size_t len);

/* NULL with a sentence in *why (kept until the next call) if o->nameservers holds nonsense. */
struct transport *transport_new(struct loop *l, const struct dns_options *o, landed_callback *landed,
    const char **why);

/* Name servers there are, at least 1; and the one to begin with: the first that is not known to be silent. */
unsigned transport_servers(const struct transport *t);
unsigned transport_best(const struct transport *t);

/* Send it once, over UDP, over TCP if the answer is cut.  landed() follows, perhaps from within this call. */
void transport_send(struct transport *t, unsigned server, const char *name, enum dns_type type, void *query);

/* Whatever is under way lands, AGAIN. */
void transport_free(struct transport *t);

#endif
