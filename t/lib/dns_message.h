/* dns_message.h - DNS messages written as text, and answers printed as such
 *
 *     an www.example.com 300 CNAME host.example.net
 *     an host.example.net 60 A 192.0.2.7
 *     ns example.net 600 SOA 30
 *
 * One line per record: section (an, ns, ar), owner, TTL, type, data.  SOA's data
 * is its MINIMUM; TXT's are words, each one string ("" is an empty one), w*N is
 * w N times; RAW's are a type and bytes in hex, # for none.  Other lines:
 * "rcode N", "tc" (truncated), "query" (no answer), "question NAME TYPE" (another
 * than was asked), "no question".
 */
#ifndef DNS_MESSAGE_H
#define DNS_MESSAGE_H

#include "dns/answer.h"

#include <stddef.h>

enum { DNS_MESSAGE_BYTES = 65535, ANSWER_LINE = 8192 };

/* The message that answers name and type under id, into out; its length. */
size_t dns_message(unsigned char out[DNS_MESSAGE_BYTES], unsigned id, const char *name, enum dns_type type,
    const char *lines);

/* "FOUND 300 192.0.2.7 192.0.2.8", "NXDOMAIN 60", "FAILED 10 SERVFAIL"; the number is the TTL. */
const char *answer_line(const struct answer *a, char out[ANSWER_LINE]);

#endif
