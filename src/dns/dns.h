/* dns.h - asking the DNS from the event loop, with one cache for all
 *
 * c-ares carries the questions; answers are read whole here, with their TTL and
 * SOA minimum.  One query serves all who ask the same question.  The cache is
 * bounded and honours TTLs between dns_ttl_min and dns_ttl_max; negative
 * answers last as their SOA says (RFC 2308 s.5), failures dns_failure_ttl.
 */
#ifndef DNS_DNS_H
#define DNS_DNS_H

#include "config/option.h"
#include "dns/answer.h"

struct dns;
struct loop;

struct dns_options {
	struct option_list nameservers;	/* "192.0.2.53", "192.0.2.53:5353", "[2001:db8::53]:53"; empty: resolv.conf */
	int64_t dns_timeout_ms;		/* of each try; one that is cut and goes on over TCP has it twice */
	int64_t dns_tries;		/* in all, each at the next name server */
	int64_t dns_cache_size;		/* answers */
	int64_t dns_ttl_min_s, dns_ttl_max_s, dns_negative_max_s, dns_failure_ttl_s;
	int64_t dns_max_in_flight;	/* queries under way; further ones queue */
	int64_t dns_max_queue;		/* beyond it a question has failed at once */
};
extern const struct option_table dns_option_table;

/*
 * Who wants to know.  Embedded by the caller; must stay where it is until
 * answered() was called or dns_forget() was.  answered() is called once, from
 * the loop, never from within dns_ask(); the answer is a reference the callee
 * owns and hands to answer_release().
 */
struct dns_waiter {
	void (*answered)(struct dns_waiter *w, const struct answer *a);
	struct dns_waiter *next, **prev;	/* the resolver's */
};

/* NULL with a sentence in *why (static or kept until the next call) if nameservers holds nonsense. */
struct dns *dns_new(struct loop *l, const struct dns_options *o, const char **why);

/* Other options from now on; the cache is kept.  False with *why, and nothing changed, as above. */
bool dns_configure(struct dns *d, const struct dns_options *o, const char **why);

/*
 * Ask for the records of type at name (presentation format; brought to normal form).
 *
 * The cache's answer, a reference the caller hands to answer_release(); or NULL,
 * and w will be told.  A name the DNS cannot hold is answered at once: failed,
 * "not a domain name".
 */
const struct answer *dns_ask(struct dns *d, const char *name, enum dns_type type, struct dns_waiter *w);

/* The same with the cache alone: NULL if it does not know. */
const struct answer *dns_known(struct dns *d, const char *name, enum dns_type type);

/* The same without looking into the cache. */
const struct answer *dns_ask_anew(struct dns *d, const char *name, enum dns_type type, struct dns_waiter *w);

/* w no longer wants to know (nothing happens if it asked nothing); the question, if sent, goes on and fills the cache. */
void dns_forget(struct dns *d, struct dns_waiter *w);

/*
 * From now on mind() hears what became of every query, before anybody else does.  It returns NULL, or a sentence (which
 * holds until it is called again) why what came is to count as failed.
 */
void dns_mind(struct dns *d, const char *(*mind)(void *arg, const struct answer *a), void *arg);

/* Drop what the cache knows of this name and those below it. */
void dns_drop(struct dns *d, const char *name);

const struct answer *answer_ref(const struct answer *a);
void answer_release(const struct answer *a);	/* NULL is ignored */

/*
 * Read the DNS message of len bytes that answered name/type (RFC 1035 s.4) into a new answer; never NULL,
 * failed() if the message is malformed, not for this question, or carries an error code.
 * Here for the fuzz target and tests.
 */
const struct answer *answer_read(const struct dns_options *o, const char *name, enum dns_type type,
    const unsigned char *message, size_t len);

/* A made-up failure, for a question that nobody will answer any more. */
const struct answer *answer_failed(const char *name, enum dns_type type, const char *why);

/* Ends open queries (waiters are not told) and frees everything; not from within answered(). */
void dns_free(struct dns *d);

#endif
