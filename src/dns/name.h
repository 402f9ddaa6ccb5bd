/* name.h - domain names as questions hold them
 *
 * A question may hold any label (_spf, 7.2.0.192, or bytes that are no text),
 * so this is wider than base/domain.h: the normal form here is RFC 1035 s.5.1's
 * presentation format in lower case without a trailing dot; odd bytes stand
 * escaped, \DDD or \c, and the root is "".
 */
#ifndef DNS_NAME_H
#define DNS_NAME_H

#include <stdbool.h>

enum { DNS_NAME_TEXT = 1025 };		/* 255 bytes on the wire, all of them escaped */

/* The normal form of text into out; false if the DNS cannot hold it (RFC 1035 s.2.3.4). */
bool dns_name_normal(const char *text, char out[DNS_NAME_TEXT]);

/* Bring what the platform's ns_name_ntop() family wrote to normal form, in place. */
void dns_name_lower(char *name);

#endif
