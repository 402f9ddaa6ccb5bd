/* dns_answer.c - any bytes as an answer from the DNS
 *
 * The first byte chooses the type asked for, the rest is the message; its own
 * question, if it has one, is the name asked for, so that the fuzzer gets past it.
 */
#include "dns/dns.h"
#include "dns/name.h"

#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct dns_options options = { .dns_ttl_min_s = 10, .dns_ttl_max_s = 86400,
	    .dns_negative_max_s = 3600, .dns_failure_ttl_s = 10 };
	static const enum dns_type types[] = { DNS_A, DNS_NS, DNS_SOA, DNS_PTR, DNS_MX, DNS_TXT, DNS_AAAA };
	char name[DNS_NAME_TEXT], normal[DNS_NAME_TEXT];

	if (len < 1)
		return 0;
	enum dns_type type = types[*bytes++ % (sizeof types / sizeof *types)];
	len--;
	if (len < NS_HFIXEDSZ
	    || ns_name_uncompress(bytes, bytes + len, bytes + NS_HFIXEDSZ, name, sizeof name) < 0)
		strcpy(name, "example.com");
	if (!dns_name_normal(name, normal))
		abort();		/* what the platform could read can be asked for */
	const struct answer *a = answer_read(&options, name, type, bytes, len);
	if (strcmp(a->name, normal) != 0 || a->count > DNS_RECORDS_MAX || is_open(a) || found(a) != (a->count > 0)
	    || failed(a) != (*a->why != '\0') || a->ttl_s > 86400)
		abort();
	for (size_t i = 0; i < a->count; i++)
		if (a->records[i].name != NULL && (!dns_name_normal(a->records[i].name, normal)
		    || strcmp(a->records[i].name, normal) != 0))
			abort();	/* a name from an answer is in normal form, and can be asked for */
	answer_release(a);
	return 0;
}
