/* health.c - see health.h */
#include "policy/health.h"
#include "base/arena.h"
#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct naming {
	struct dns_lists *lists;
	const struct rule *rule;
};

static void
name_list(void *arg, const char *list, enum dns_list_kind kind)
{
	const struct naming *n = arg;

	dns_lists_name(n->lists, list, kind, n->rule->name);
}

void
health_name_lists(const struct policy_parts *parts, const struct config *config)
{
	struct naming n = { .lists = parts->dns_lists };
	const struct profile *p;

	dns_lists_begin(parts->dns_lists);
	for (size_t i = 0; (p = config_profile_at(config, i)) != NULL; i++)
		for (size_t k = 0; k < parts->rule_count; k++) {
			n.rule = parts->rules[k];
			if (n.rule->lists != NULL)
				n.rule->lists(profile_values(p, parts->profile_table + 1 + k), name_list, &n);
		}
	dns_lists_end(parts->dns_lists);
}

void
health_record(void *arg)
{
	enum { ROW_BYTES = DOMAIN_TEXT + 700 };
	const struct policy_parts *parts = arg;
	struct text t = { .size = DNS_LISTS_MAX * ROW_BYTES + 1 };
	struct dns_list_report r;

	t.at = xmalloc(t.size);
	t.at[0] = '\0';
	for (size_t i = 0; dns_lists_report(parts->dns_lists, i, &r); i++) {
		char since[24], probed[24];
		const char *const cells[] = { r.domain, r.kind, r.rules, r.state, since, r.why, probed, r.probe,
		    r.ipv6 ? "yes" : "no" };

		snprintf(since, sizeof since, "%" PRId64, r.since_s);
		snprintf(probed, sizeof probed, "%" PRId64, r.probed_s);
		for (size_t k = 0; k < sizeof cells / sizeof *cells; k++)
			text_add_bytes(&t, cells[k], strlen(cells[k]) + 1);
	}
	text_add_bytes(&t, "", 1);
	assert(!t.cut);
	store_dns_lists(parts->store, t.at, t.len);
	free(t.at);
}
