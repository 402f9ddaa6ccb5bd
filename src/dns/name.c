/* name.c - see name.h */
#include "dns/name.h"
#include "base/ascii.h"
#include "base/domain.h"

#include <arpa/nameser.h>

bool
dns_name_normal(const char *text, char out[DNS_NAME_TEXT])
{
	unsigned char wire[NS_MAXCDNAME];

	if (domain_normal_ascii(text, out))	/* nearly every name */
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
