/* dnsbl_sites.c - fuzz target: what dnsbl_sites_parse() takes keeps dnsbl_sites.h's promises */
#include "rules/dnsbl_sites.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct dnsbl_sites sites;
	struct address listed = { 32, { 127, 0, 0, 2 } };

	const char *why = dnsbl_sites_parse(a, arena_strndup(a, (const char *)data, size), &sites);
	if (why == NULL) {
		assert(sites.count <= DNSBL_SITES_MAX);
		for (size_t i = 0; i < sites.count; i++) {
			assert(domain_is_fqdn(sites.at[i].domain));
			assert(abs(sites.at[i].weight) <= DNSBL_WEIGHT_MAX);
			(void)dnsbl_site_takes(&sites.at[i], &listed);
		}
	} else
		assert(strlen(why) < 300);
	arena_free(a);
	return 0;
}
