/* dynamic_name.c - see dynamic_name.h */
#include "rules/dynamic_name.h"

#include <string.h>

#define DECIMAL "0123456789"
#define HEX DECIMAL "abcdef"

enum { PARTS = 4 };			/* of an IPv4 address: octets; of the /64 of an IPv6 address: groups */

struct notation {
	const char *digits;
	int base;
	size_t width;			/* a number has no more digits */
	const char *orders[5];		/* in which parts may stand, by their places */
};

static const struct notation v4 = { DECIMAL, 10, 3, { "123", "321", "2301", "3012" } };
static const struct notation v6 = { HEX, 16, 4, { "0123", "3210" } };

/* The number of len digits, all of them the notation's; -1 if that is too many. */
static long
read_number(const struct notation *n, const char *text, size_t len)
{
	long number = 0;

	if (len > n->width)
		return -1;
	for (size_t i = 0; i < len; i++)
		number = number * n->base + (strchr(n->digits, text[i]) - n->digits);
	return number;
}

/* Are the last of the numbers read so far the parts, in this order? */
static bool
ends_with(const long numbers[PARTS], const long parts[PARTS], const char *order)
{
	size_t len = strlen(order);

	for (size_t i = 0; i < len; i++)
		if (numbers[PARTS - len + i] != parts[order[i] - '0'])
			return false;
	return true;
}

/* Do the numbers in the name include the parts, next to each other, in an order that is known? */
static bool
has_numbers(const char *name, const struct notation *n, const long parts[PARTS])
{
	long numbers[PARTS] = { -1, -1, -1, -1 };

	for (name += strcspn(name, n->digits); *name; name += strcspn(name, n->digits)) {
		size_t len = strspn(name, n->digits);

		memmove(numbers, numbers + 1, sizeof numbers - sizeof *numbers);
		numbers[PARTS - 1] = read_number(n, name, len);
		for (const char *const *order = n->orders; *order != NULL; order++)
			if (ends_with(numbers, parts, *order))
				return true;
		name += len;
	}
	return false;
}

/* Letters and digits of the name, without what stands between. */
static void
squeeze(const char *name, char out[DOMAIN_TEXT])
{
	size_t len = 0;

	for (; *name && len < DOMAIN_TEXT - 1; name++)
		if (*name != '-' && *name != '.' && *name != '_')
			out[len++] = *name;
	out[len] = '\0';
}

/* The four octets, first to last or back, each as width digits; snprintf() would take longer than all the rest. */
static void
write_octets(char out[13], const uint8_t b[4], bool back, unsigned base, size_t width)
{
	for (size_t i = 0; i < 4; i++) {
		unsigned octet = b[back ? 3 - i : i];

		for (size_t k = width; k-- > 0; octet /= base)
			out[i * width + k] = HEX[octet % base];
	}
	out[4 * width] = '\0';
}

static bool
spells_v4(const char *name, const char *squeezed, const uint8_t b[4])
{
	const long parts[PARTS] = { b[0], b[1], b[2], b[3] };
	char forms[4][13];

	if (has_numbers(name, &v4, parts))
		return true;
	write_octets(forms[0], b, false, 10, 3);
	write_octets(forms[1], b, true, 10, 3);
	write_octets(forms[2], b, false, 16, 2);
	write_octets(forms[3], b, true, 16, 2);
	for (size_t i = 0; i < 4; i++)
		if (strstr(squeezed, forms[i]) != NULL)
			return true;
	return false;
}

static bool
spells_v6(const char *name, const char *squeezed, const struct address *a)
{
	const uint8_t *b = a->bytes;
	const long parts[PARTS] = { b[0] << 8 | b[1], b[2] << 8 | b[3], b[4] << 8 | b[5], b[6] << 8 | b[7] };
	char forward[17], back[17], whole[ADDRESS_TEXT];

	if (has_numbers(name, &v6, parts))
		return true;
	for (size_t i = 0; i < 16; i++) {
		forward[i] = HEX[i % 2 ? b[i / 2] & 15 : b[i / 2] >> 4];
		back[15 - i] = forward[i];
	}
	forward[16] = back[16] = '\0';
	address_print(a, whole);
	for (char *c = whole; *c; c++)
		if (*c == ':')
			*c = '-';
	return strstr(squeezed, forward) != NULL || strstr(squeezed, back) != NULL || strstr(name, whole) != NULL;
}

bool
name_spells_address(const char *name, const struct address *a)
{
	char squeezed[DOMAIN_TEXT];

	squeeze(name, squeezed);
	if (a->bits == 32)
		return spells_v4(name, squeezed, a->bytes);
	return a->bits == 128 && spells_v6(name, squeezed, a);
}

static size_t
count_digits(const char *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += is_digit(text[i]);
	return count;
}

/* Has it digits enough, in front of its organisational domain, for one of many lines? */
static bool
is_numbered(const char *name)
{
	enum { POOL_DIGITS = 3 };

	return count_digits(name, strlen(name)) >= POOL_DIGITS && count_digits(name, name_host_len(name)) >= POOL_DIGITS;
}

const char *
dynamic_name(const char *name, const struct address *a, const struct name_patterns *dynamic,
    const struct name_patterns *fixed)
{
	if (name_patterns_match(fixed, name, true) != NULL)
		return NULL;
	if (name_spells_address(name, a))
		return "the address";
	return name_patterns_match(dynamic, name, is_numbered(name));
}
