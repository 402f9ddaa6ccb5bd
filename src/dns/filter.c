/* filter.c - see filter.h */
#include "dns/filter.h"
#include "base/ascii.h"

#include <string.h>

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
parse_filter(struct dns_filter *f, const char *at)
{
	const char *why = NULL;

	for (int i = 0; i < 4; i++) {
		if (i > 0 && *at++ != '.')
			return "a filter has four numbers with dots between";
		if (*at != '[') {
			if ((why = parse_range(f->octets[i], &at, false)) != NULL)
				return why;
			continue;
		}
		do {
			at++;
			if ((why = parse_range(f->octets[i], &at, true)) != NULL)
				return why;
		} while (*at == ';');
		if (*at++ != ']')
			return "a set ends with ']' and has ';' between its numbers and ranges";
	}
	if (*at != '\0')
		return "a filter ends after its fourth number";
	if (!(f->octets[0][127 / 32] >> 127 % 32 & 1))
		return "lists answer with 127.x.y.z, so this filter takes nothing";
	return NULL;
}

/* 127.0.0.0/8 */
static void
take_all(struct dns_filter *f)
{
	f->octets[0][127 / 32] = 1u << 127 % 32;
	memset(f->octets[1], 0xff, 3 * sizeof f->octets[1]);
}

const char *
dns_filter_parse(struct arena *a, char *entry, const char **domain, struct dns_filter *filter)
{
	char *codes = strchr(entry, '='), normal[DOMAIN_TEXT];
	const char *why;

	*filter = (struct dns_filter){ 0 };
	if (codes != NULL) {
		*codes++ = '\0';
		if ((why = parse_filter(filter, codes)) != NULL)
			return why;
	} else
		take_all(filter);
	if (!domain_normal(entry, normal) || !domain_is_fqdn(normal))
		return "a list starts with its domain name";
	if (strlen(normal) > DNS_LIST_DOMAIN_MAX)
		return "the domain is too long for an IPv6 address to fit before it";
	*domain = arena_strdup(a, normal);
	return NULL;
}

bool
dns_filter_takes(const struct dns_filter *f, const struct address *answer)
{
	if (answer->bits != 32 || answer->bytes[0] != 127)
		return false;
	for (int i = 0; i < 4; i++) {
		unsigned n = answer->bytes[i];

		if (!(f->octets[i][n / 32] >> n % 32 & 1))
			return false;
	}
	return true;
}

bool
dns_is_list_error(const struct address *answer)
{
	return answer->bits == 32 && memcmp(answer->bytes, "\x7f\xff\xff", 3) == 0;
}
