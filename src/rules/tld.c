/* tld.c - see tld.h */
#include "rules/tld.h"

#include <string.h>

static bool
is_special_use(const char *tld)
{
	static const char *const names[] = {
		"alt",							/* RFC 9476 */
		"example", "invalid", "localhost", "test",		/* RFC 6761 s.6 */
		"internal",						/* kept out of the root for private use */
		"local",						/* RFC 6762 s.3 */
		"onion",						/* RFC 7686 */
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(tld, names[i]) == 0)
			return true;
	return false;
}

struct tld
tld_of(struct eval *e, const char *normal)
{
	const char *dot = strrchr(normal, '.');
	struct tld tld = { TLD_KNOWN, dot ? dot + 1 : normal };

	if (tld.name[strspn(tld.name, "0123456789")] == '\0')
		return tld;
	if (is_special_use(tld.name)) {
		tld.status = TLD_UNKNOWN;
		return tld;
	}
	/* NS: some resolvers keep A and AAAA of a single label to themselves, and say there is nothing. */
	const struct answer *ns = dns_lookup(e, tld.name, DNS_NS);
	if (is_open(ns))
		tld.status = TLD_OPEN;
	else if (failed(ns))
		tld.status = TLD_CANNOT_TELL;
	else if (ns->status == DNS_NXDOMAIN)
		tld.status = TLD_UNKNOWN;
	return tld;
}
