/* domain.h - domain names as the DNS and SMTP know them
 *
 * "Normal" is how policyd compares and asks: lower case, A-labels (IDNA2008,
 * UTS 46, by libidn2), no trailing dot, at most 253 bytes.
 */
#ifndef BASE_DOMAIN_H
#define BASE_DOMAIN_H

#include "base/text.h"

#include <stdbool.h>

enum { DOMAIN_TEXT = 254 };

/* The normal form of text into out; false, and out empty, if text can be no domain name (RFC 1035 s.2.3.4, IDNA). */
bool domain_normal(const char *text, char out[DOMAIN_TEXT]);

/*
 * The same for text that must be ASCII; out is rubbish if it is false.  Underscores pass: the DNS and Postfix know such
 * names, only hosts must not have one.
 */
bool domain_normal_ascii(const char *text, char out[DOMAIN_TEXT]);

/*
 * Add the normal form of a mail address: lower case, its domain normal.  Returns the domain, in *out; NULL if there is
 * none, or if that is no name (an address literal): then it is added as it is.
 */
const char *mail_address_normal(const char *address, struct text *out);

/* The same of a login; one without a domain has realm's ("": none). */
const char *login_normal(const char *login, const char *realm, struct text *out);

/* Labels of letters, digits and hyphens only, none starting or ending with a hyphen (RFC 1123 s.2.1, RFC 5321 s.2.3.5). */
bool domain_is_hostname(const char *normal);

/* At least two labels, the last not all digits: what RFC 5321 s.2.3.5 calls fully qualified. */
bool domain_is_fqdn(const char *normal);

/* name is parent, or ends with a dot and parent; both normal. */
bool domain_within(const char *name, const char *parent);

/*
 * The organisational domain, one label below the public suffix (libpsl), as a
 * pointer into normal; NULL if normal is a public suffix itself or not a name.
 */
const char *domain_organisation(const char *normal);

#endif
