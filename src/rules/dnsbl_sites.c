/* dnsbl_sites.c - see dnsbl_sites.h */
#include "rules/dnsbl_sites.h"

#include <stdlib.h>
#include <string.h>

enum { DOMAIN_MAX = DOMAIN_TEXT - 1 - 64 };	/* before it go the 32 nibbles of an IPv6 address, a dot behind each */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A number up to 255 at *at, which moves behind it; -1 if there is none. */
static int
parse_octet(const char **at)
{
	int n = 0;

	if (!is_digit(**at))
		return -1;
	for (; is_digit(**at); ++*at) {
		n = n * 10 + (**at - '0');
		if (n > 255)
			return -1;
	}
	return n;
}

/* "7", or "2..11" where a range may stand; NULL, or what is wrong. */
static const char *
parse_range(uint32_t set[8], const char **at, bool in_brackets)
{
	int low = parse_octet(at), high = low;

	if (low >= 0 && in_brackets && strncmp(*at, "..", 2) == 0) {
		*at += 2;
		high = parse_octet(at);
	}
	if (low < 0 || high < 0)
		return "a filter has four numbers from 0 to 255";
	if (low > high)
		return "a range goes from the lower number to the higher";
	for (int n = low; n <= high; n++)
		set[n / 32] |= 1u << n % 32;
	return NULL;
}

static const char *
parse_filter(struct dnsbl_site *s, const char *at)
{
	const char *why = NULL;

	for (int i = 0; i < 4; i++) {
		if (i > 0 && *at++ != '.')
			return "a filter has four numbers with dots between";
		if (*at != '[') {
			if ((why = parse_range(s->octets[i], &at, false)) != NULL)
				return why;
			continue;
		}
		do {
			at++;
			if ((why = parse_range(s->octets[i], &at, true)) != NULL)
				return why;
		} while (*at == ';');
		if (*at++ != ']')
			return "a set ends with ']' and has ';' between its numbers and ranges";
	}
	if (*at != '\0')
		return "a filter ends after its fourth number";
	if (!(s->octets[0][127 / 32] >> 127 % 32 & 1))
		return "lists answer with 127.x.y.z, so this filter takes nothing";
	return NULL;
}

/* Without a filter: 127.0.0.0/8 (RFC 5782 s.2.3). */
static void
take_all(struct dnsbl_site *s)
{
	s->octets[0][127 / 32] = 1u << 127 % 32;
	memset(s->octets[1], 0xff, 3 * sizeof s->octets[1]);
}

static const char *
parse_weight(struct dnsbl_site *s, const char *text)
{
	const char *digits = text + (*text == '-' || *text == '+');
	size_t len = strspn(digits, "0123456789");
	long weight = len > 0 && len < 10 ? strtol(text, NULL, 10) : DNSBL_WEIGHT_MAX + 1;

	if (digits[len] != '\0' || labs(weight) > DNSBL_WEIGHT_MAX)
		return "a weight is a whole number from -1000 to 1000";
	s->weight = (int)weight;
	return NULL;
}

/* One "domain[=filter][*weight]", changed in place. */
static const char *
parse_site(struct arena *a, struct dnsbl_site *s, char *entry)
{
	char *weight = strchr(entry, '*'), normal[DOMAIN_TEXT];
	const char *why;

	*s = (struct dnsbl_site){ .weight = 1 };
	if (weight != NULL) {
		*weight++ = '\0';
		if ((why = parse_weight(s, weight)) != NULL)
			return why;
	}
	char *filter = strchr(entry, '=');
	if (filter != NULL) {
		*filter++ = '\0';
		if ((why = parse_filter(s, filter)) != NULL)
			return why;
	} else
		take_all(s);
	if (!domain_normal(entry, normal) || !domain_is_fqdn(normal))
		return "a list starts with its domain name";
	if (strlen(normal) > DOMAIN_MAX)
		return "the domain is too long for an IPv6 address to fit before it";
	s->domain = arena_strdup(a, normal);
	return NULL;
}

const char *
dnsbl_sites_parse(struct arena *a, const char *text, void *into)
{
	static const char separators[] = ", \t\r\n";
	struct dnsbl_site *sites = arena_alloc(a, DNSBL_SITES_MAX * sizeof *sites);
	size_t count = 0;

	for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
		size_t len = strcspn(text, separators);
		char *entry = arena_strndup(a, text, len);

		if (count == DNSBL_SITES_MAX)
			return arena_printf(a, "more than %d lists; take the least useful ones out", DNSBL_SITES_MAX);
		const char *why = parse_site(a, &sites[count++], entry);
		if (why != NULL)
			return arena_printf(a, "%.*s: %s; write bl.example, bl.example*2 or "
			    "bl.example=127.0.0.[2..11;13]*2", len > 100 ? 100 : (int)len, text, why);
		text += len;
	}
	*(struct dnsbl_sites *)into = (struct dnsbl_sites){ count, sites };
	return NULL;
}

bool
dnsbl_is_failing(const struct address *answer)
{
	return answer->bits == 32 && memcmp(answer->bytes, "\x7f\xff\xff", 3) == 0;
}

bool
dnsbl_site_takes(const struct dnsbl_site *s, const struct address *answer)
{
	if (answer->bits != 32 || answer->bytes[0] != 127 || dnsbl_is_failing(answer))
		return false;
	for (int i = 0; i < 4; i++) {
		unsigned n = answer->bytes[i];

		if (!(s->octets[i][n / 32] >> n % 32 & 1))
			return false;
	}
	return true;
}
