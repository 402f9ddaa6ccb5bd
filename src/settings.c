/* settings.c - see settings.h */
#include "settings.h"
#include "base/arena.h"
#include "base/log.h"
#include "dns/dns.h"
#include "dns/list.h"
#include "policy/policy.h"
#include "policy/profile.h"
#include "rules/table.h"
#include "server/server.h"
#include "store/site.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>

static const struct option_table *const server_tables[TABLES] = {
	[TABLE_SERVER] = &server_option_table,
	[TABLE_DNS] = &dns_option_table,
	[TABLE_DNS_LISTS] = &dns_list_option_table,
	[TABLE_STORE] = &store_option_table,
	[TABLE_SITE] = &site_option_table,
	[TABLE_POLICY] = &policy_option_table,
};

/* Every profile has the policy's own table, then one for each rule; made once, for as long as the program runs. */
static const struct config_schema *
schema(void)
{
	static struct config_schema schema = { .server = server_tables, .server_count = TABLES, .builtin = profile_builtin };

	if (schema.profile == NULL) {
		const struct option_table **profile = xcalloc(rules_count + 1, sizeof *profile);

		profile[0] = &profile_option_table;
		for (size_t i = 0; i < rules_count; i++)
			profile[1 + i] = &rules[i]->options;
		schema.profile = profile;
		schema.profile_count = rules_count + 1;
	}
	return &schema;
}

void
settings_complain(bool to_log, const char *mistake)
{
	if (to_log)
		log_error("%s", mistake);
	else
		fprintf(stderr, "%s\n", mistake);
}

/* A check that is set to greylist where it does nothing is let pass, but not in silence. */
static void
warn_of_greylist(const char *path, const struct profile *p, const struct rule *rule, const void *values, bool to_log)
{
	const char *why = profile_why_not_greylist(rule, strcmp(profile_name(p), "submission") == 0), *text;

	if (why == NULL || rule->greylists)
		return;
	for (size_t i = 0; i < rule->options.count; i++) {
		const struct option *o = &rule->options.rows[i];
		size_t line = o->type == OPT_SETTING ? profile_line(p, o->name, &text) : 0;

		if (line == 0 || ((const struct setting *)(const void *)((const char *)values + o->offset))->action != SETTING_GREYLIST)
			continue;
		if (to_log)
			log_warn("%s:%zu: %s = %s: %s", path, line, o->name, text, why);
		else
			fprintf(stderr, "warning: %s:%zu: %s = %s: %s\n", path, line, o->name, text, why);
	}
}

struct config *
settings_read(const char *path, bool to_log)
{
	struct problems problems = { 0 };
	struct config *config = config_read(schema(), path, &problems);
	size_t shown = 0;
	char more[1200];

	for (; shown < problems.count && problems.lines[shown] != NULL; shown++)
		settings_complain(to_log, problems.lines[shown]);
	if (problems.count > shown) {
		snprintf(more, sizeof more, "%s: and %zu more mistakes", path, problems.count - shown);
		settings_complain(to_log, more);
	}
	problems_free(&problems);
	const struct profile *p;
	for (size_t place = 0; config != NULL && (p = config_profile_at(config, place)) != NULL; place++)
		for (size_t i = 0; i < rules_count; i++)
			warn_of_greylist(path, p, rules[i], profile_values(p, 1 + i), to_log);
	return config;
}

void
settings_open_log(const struct config *config)
{
	static const enum log_target targets[] = { LOG_TO_STDERR, LOG_TO_SYSLOG };
	const struct policy_options *o = config_server(config, TABLE_POLICY);

	log_open(targets[o->log_to]);
}
