/* quota.c - fuzz target: what quotas_read() takes keeps config/quota.h's promises */
#include "config/quota.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_so(const char *text, bool scoped)
{
	struct arena *a = arena_new();
	struct quotas quotas;

	const char *why = quotas_read(a, text, scoped, &quotas);
	if (why == NULL) {
		assert(quotas.count <= QUOTAS_MAX);
		for (size_t i = 0; i < quotas.count; i++) {
			const struct quota *q = &quotas.at[i];

			assert(q->most >= 0 && q->length_s >= 60 && q->unit < QUOTA_UNITS);
			assert((q->scope != NULL && *q->scope != '\0') == scoped);
			assert(quota_step_s(q) > 0 && quota_span_s(q) >= q->length_s);
		}
	} else
		assert(strlen(why) < 400);
	arena_free(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	const char *text = arena_strndup(a, (const char *)data, size);

	read_so(text, true);
	read_so(text, false);
	arena_free(a);
	return 0;
}
