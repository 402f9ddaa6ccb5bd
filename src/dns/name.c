/* name.c - see name.h */
#include "dns/name.h"
#include "base/ascii.h"

#include <arpa/nameser.h>
#include <stddef.h>

enum { LABEL_MAX = 63, TEXT_MAX = 253 };

/* What nearly every name is made of; true if that was all, and the name is a good one. */
static bool
normal_plain(const char *text, char *out)
{
	size_t len = 0, label = 0;

	for (; *text != '\0' && len <= TEXT_MAX; text++) {
		char c = *text;

		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (is_letter(c) || is_digit(c) || c == '-' || c == '_') {
			label++;
		} else {
			return false;
		}
		if (label > LABEL_MAX)
			return false;
		out[len++] = to_lower(c);
	}
	if (len > 0 && label == 0)
		len--;			/* the trailing dot */
	out[len] = '\0';
	return *text == '\0' && len <= TEXT_MAX;
}

bool
dns_name_normal(const char *text, char out[DNS_NAME_TEXT])
{
	unsigned char wire[NS_MAXCDNAME];

	if (normal_plain(text, out))
		return true;
	if (ns_name_pton(text, wire, sizeof wire) < 0 || ns_name_ntop(wire, out, DNS_NAME_TEXT) < 0)
		return false;
	dns_name_lower(out);
	return true;
}

void
dns_name_lower(char *name)
{
	if (name[0] == '.' && name[1] == '\0')
		name[0] = '\0';
	for (; *name != '\0'; name++)
		*name = to_lower(*name);
}
