/* dns_list_errors.c - fuzz target: what dns_list_errors_parse() takes keeps dns/list.h's and dns/filter.h's promises */
#include "dns/list.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct dns_list_errors errors;
	struct address code = { 32, { 127, 0, 0, 1 } }, other = { 32, { 192, 0, 2, 1 } };

	const char *why = dns_list_errors_parse(a, arena_strndup(a, (const char *)data, size), &errors);
	if (why == NULL)
		for (size_t i = 0; i < errors.count; i++) {
			assert(domain_is_fqdn(errors.at[i].list));
			assert(strlen(errors.at[i].list) <= DNS_LIST_DOMAIN_MAX);
			(void)dns_filter_takes(&errors.at[i].codes, &code);
			assert(!dns_filter_takes(&errors.at[i].codes, &other));
		}
	else
		assert(strlen(why) < 300);
	arena_free(a);
	return 0;
}
