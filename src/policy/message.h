/* message.h - what is remembered of a message while Postfix may still ask about it
 *
 * The resend memory: Postfix sends a request again, byte for byte, when an
 * answer was late or a connection broke.  Such a request gets the stored answer for ten minutes, and counts
 * nothing.  A request without an instance is never remembered.  A request is
 * known by a keyed 64-bit hash of all its bytes and its length, and so is what else is noted of a message.
 */
#ifndef POLICY_MESSAGE_H
#define POLICY_MESSAGE_H

#include <stdint.h>
#include <stddef.h>

struct messages;

enum { RESEND_KEEP_S = 600 };

/* What is known of a request that came before; at most one is set. */
struct resend {
	const char *reply;		/* the answer it got; "" cannot be */
	void *asked;			/* it is still being judged: what message_open() was given */
};

/* Remembers at most max requests, the oldest are forgotten first; 0: none. */
struct messages *messages_new(size_t max);
void messages_free(struct messages *m);
void messages_limit(struct messages *m, size_t max);

struct resend message_find(struct messages *m, uint64_t hash, size_t len, int64_t now_us);

/* The request is being judged by asked (not NULL); message_close() must follow. */
void message_open(struct messages *m, uint64_t hash, size_t len, void *asked, int64_t now_us);

/* The request got this answer, whether it was opened or not. */
void message_close(struct messages *m, uint64_t hash, size_t len, const char *reply, int64_t now_us);

/* Something else is known by this hash and length, in the room of a request: message_find() has a reply to it. */
void message_note(struct messages *m, uint64_t hash, size_t len, int64_t now_us);

#endif
