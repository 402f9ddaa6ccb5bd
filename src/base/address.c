/* address.c - see address.h */
#include "base/address.h"
#include "base/ascii.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct address
address_from_bytes(const void *bytes, size_t len)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	struct address a = { 0 };

	if (len == 16 && memcmp(bytes, mapped, sizeof mapped) == 0) {
		bytes = (const uint8_t *)bytes + sizeof mapped;
		len = 4;
	}
	if (len == 4 || len == 16) {
		a.bits = (uint8_t)(len * 8);
		memcpy(a.bytes, bytes, len);
	}
	return a;
}

bool
address_parse(struct address *a, const char *text)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1)
		*a = address_from_bytes(bytes, 4);
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		*a = address_from_bytes(bytes, 16);
	else
		return false;
	return true;
}

bool
address_parse_literal(struct address *a, const char *text)
{
	char inner[sizeof "IPv6:" + ADDRESS_TEXT];
	size_t len = strlen(text);

	if (len < 2 || text[0] != '[' || text[len - 1] != ']' || len - 2 >= sizeof inner)
		return false;
	memcpy(inner, text + 1, len - 2);
	inner[len - 2] = '\0';
	if (strncasecmp(inner, "IPv6:", 5) == 0)
		return strchr(inner + 5, ':') != NULL && address_parse(a, inner + 5);
	return address_parse(a, inner);
}

/* In decimal; where it ends. */
static char *
put_octet(char *at, unsigned octet)
{
	if (octet >= 100)
		*at++ = (char)('0' + octet / 100);
	if (octet >= 10)
		*at++ = (char)('0' + octet / 10 % 10);
	*at++ = (char)('0' + octet % 10);
	return at;
}

/* inet_ntop() takes fifteen times as long for it. */
static void
print_v4(const uint8_t bytes[4], char *at)
{
	for (int i = 0; i < 4; i++) {
		at = put_octet(at, bytes[i]);
		*at++ = '.';
	}
	at[-1] = '\0';
}

const char *
address_print(const struct address *a, char out[ADDRESS_TEXT])
{
	if (a->bits == 32)
		print_v4(a->bytes, out);
	else if (a->bits == 0 || inet_ntop(AF_INET6, a->bytes, out, ADDRESS_TEXT) == NULL)
		strcpy(out, "unknown");
	return out;
}

bool
address_equal(const struct address *a, const struct address *b)
{
	return a->bits == b->bits && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

const char *
address_reverse(const struct address *a, char out[REVERSE_TEXT])
{
	char *at = out;

	for (int i = a->bits / 8 - 1; i >= 0; i--) {
		unsigned byte = a->bytes[i];

		if (a->bits == 32)
			at = put_octet(at, byte);
		else {
			*at++ = "0123456789abcdef"[byte & 15];
			*at++ = '.';
			*at++ = "0123456789abcdef"[byte >> 4];
		}
		if (i > 0)
			*at++ = '.';
	}
	*at = '\0';
	return out;
}

static const struct {
	const char *network;
	enum address_class class;
} special[] = {
	{ "0.0.0.0/8", ADDRESS_UNSPECIFIED }, { "10.0.0.0/8", ADDRESS_PRIVATE }, { "100.64.0.0/10", ADDRESS_PRIVATE },
	{ "127.0.0.0/8", ADDRESS_LOOPBACK }, { "169.254.0.0/16", ADDRESS_PRIVATE },
	{ "172.16.0.0/12", ADDRESS_PRIVATE }, { "192.168.0.0/16", ADDRESS_PRIVATE },
	{ "192.0.0.0/24", ADDRESS_RESERVED }, { "192.0.2.0/24", ADDRESS_DOCUMENTATION },
	{ "198.18.0.0/15", ADDRESS_RESERVED }, { "198.51.100.0/24", ADDRESS_DOCUMENTATION },
	{ "203.0.113.0/24", ADDRESS_DOCUMENTATION }, { "224.0.0.0/4", ADDRESS_MULTICAST },
	{ "240.0.0.0/4", ADDRESS_RESERVED },
	{ "::", ADDRESS_UNSPECIFIED }, { "::1", ADDRESS_LOOPBACK }, { "fc00::/7", ADDRESS_PRIVATE },
	{ "fe80::/10", ADDRESS_PRIVATE }, { "ff00::/8", ADDRESS_MULTICAST }, { "100::/64", ADDRESS_RESERVED },
	{ "2001:db8::/32", ADDRESS_DOCUMENTATION }, { "3fff::/20", ADDRESS_DOCUMENTATION },
};

enum address_class
address_classify(const struct address *a)
{
	enum { COUNT = sizeof special / sizeof *special };
	static struct network networks[COUNT];
	static bool ready;
	const char *why;

	for (size_t i = 0; !ready && i < COUNT; i++)
		if (!network_parse(&networks[i], special[i].network, &why))
			abort();
	ready = true;
	for (size_t i = 0; i < COUNT; i++)
		if (network_contains(&networks[i], a))
			return special[i].class;
	return ADDRESS_PUBLIC;
}

bool
address_is_private(const struct address *a)
{
	enum address_class class = address_classify(a);

	return class == ADDRESS_UNSPECIFIED || class == ADDRESS_LOOPBACK || class == ADDRESS_PRIVATE;
}

struct network
network_of(const struct address *a, unsigned prefix)
{
	struct network n = { .base = *a, .prefix = (uint8_t)(prefix > a->bits ? a->bits : prefix) };

	for (unsigned i = 0; i < 16; i++)
		if (n.prefix <= i * 8)
			n.base.bytes[i] = 0;
		else if (n.prefix < i * 8 + 8)
			n.base.bytes[i] &= (uint8_t)(0xff << (i * 8 + 8 - n.prefix));
	return n;
}

struct network
network_around(const struct address *a, unsigned ipv4, unsigned ipv6)
{
	return network_of(a, a->bits == 32 ? ipv4 : ipv6);
}

bool
network_parse(struct network *n, const char *text, const char **why)
{
	char copy[NETWORK_TEXT];
	struct address a;
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);

	*why = "not an IP address or network; write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32";
	if (len >= sizeof copy)
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (!address_parse(&a, copy))
		return false;
	unsigned long prefix = a.bits;
	if (slash != NULL) {
		char *end;

		if (!is_digit(slash[1]))
			return false;
		prefix = strtoul(slash + 1, &end, 10);
		if (*end != '\0')
			return false;
		if (a.bits == 32 && strchr(copy, ':') != NULL) {	/* ::ffff:192.0.2.0/120 */
			if (prefix < 96) {
				*why = "a prefix shorter than ::ffff:, which is IPv4; write it as IPv4, as in 192.0.2.0/24";
				return false;
			}
			prefix -= 96;
		}
		if (prefix > a.bits) {
			*why = "a prefix longer than the address; IPv4 has 32 bits, IPv6 128";
			return false;
		}
	}
	*n = network_of(&a, (unsigned)prefix);
	if (!address_equal(&n->base, &a)) {
		*why = "bits are set behind the prefix; write the network's first address, as in 192.0.2.0/24";
		return false;
	}
	return true;
}

bool
network_contains(const struct network *n, const struct address *a)
{
	if (n->base.bits != a->bits)
		return false;
	unsigned whole = n->prefix / 8u, rest = n->prefix % 8u;
	if (memcmp(n->base.bytes, a->bytes, whole) != 0)
		return false;
	return rest == 0 || (n->base.bytes[whole] ^ a->bytes[whole]) >> (8 - rest) == 0;
}

const char *
network_print(const struct network *n, char out[NETWORK_TEXT])
{
	address_print(&n->base, out);
	char *at = out + strlen(out);
	*at++ = '/';
	*put_octet(at, n->prefix) = '\0';
	return out;
}

const char *
network_name(const struct network *n, char out[NETWORK_TEXT])
{
	return n->prefix == n->base.bits ? address_print(&n->base, out) : network_print(n, out);
}
