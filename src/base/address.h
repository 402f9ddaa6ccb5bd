/* address.h - IP addresses and networks, in any spelling
 *
 * An IPv4 address in IPv6 clothes (::ffff:192.0.2.7, RFC 4291 s.2.5.5.2) is the
 * IPv4 address, so that two spellings of one address are always equal.
 */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADDRESS_TEXT = 46, NETWORK_TEXT = 50, REVERSE_TEXT = 74 };

struct address {
	uint8_t bits;			/* 32 or 128; 0: none */
	uint8_t bytes[16];		/* network order; what is not used is 0 */
};

struct network {
	struct address base;		/* host bits 0 */
	uint8_t prefix;
};

/* False unless text is one whole address: 192.0.2.7, 2001:DB8::1; no brackets, ports or zones. */
bool address_parse(struct address *a, const char *text);

/* The same of an address literal (RFC 5321 s.4.1.3): [192.0.2.7], [IPv6:2001:db8::1]; without its tag, too. */
bool address_parse_literal(struct address *a, const char *text);

/* From network-order bytes of an A (4) or AAAA (16) record. */
struct address address_from_bytes(const void *bytes, size_t len);

/* Canonical text (RFC 5952) into out; returns out. */
const char *address_print(const struct address *a, char out[ADDRESS_TEXT]);
bool address_equal(const struct address *a, const struct address *b);

/* "7.2.0.192" or 32 nibbles "1.0.…8.b.d.0.1.0.0.2": what stands before in-addr.arpa or a DNSBL (RFC 5782 s.2). */
const char *address_reverse(const struct address *a, char out[REVERSE_TEXT]);

/* What the registries of special-purpose addresses (RFC 6890) say of an address. */
enum address_class {
	ADDRESS_PUBLIC,			/* nothing: it may be anybody's */
	ADDRESS_UNSPECIFIED,		/* 0.0.0.0/8, :: */
	ADDRESS_LOOPBACK,		/* 127.0.0.0/8, ::1 */
	ADDRESS_PRIVATE,		/* RFC 1918, 4193, 6598; link-local, too */
	ADDRESS_MULTICAST,
	ADDRESS_DOCUMENTATION,		/* RFC 5737, 3849, 9637 */
	ADDRESS_RESERVED,		/* protocols', benchmarks', class E, discarded */
	ADDRESS_CLASSES
};
enum address_class address_classify(const struct address *a);

/* Unspecified, loopback or private: what no list on the internet knows. */
bool address_is_private(const struct address *a);

/*
 * "192.0.2.0/24", "2001:db8::/32", or a single address.  False with a sentence
 * in *why (static) if it is neither, or has bits set behind its prefix.
 */
bool network_parse(struct network *n, const char *text, const char **why);
bool network_contains(const struct network *n, const struct address *a);
struct network network_of(const struct address *a, unsigned prefix);
struct network network_around(const struct address *a, unsigned ipv4, unsigned ipv6);	/* by the length for its family */
const char *network_print(const struct network *n, char out[NETWORK_TEXT]);

/* The same, but a network of one address is that address. */
const char *network_name(const struct network *n, char out[NETWORK_TEXT]);

#endif
