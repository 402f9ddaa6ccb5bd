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

/* Why that value of the rule's option does nothing in the profile, and what is right; NULL: it does something. */
static const char *
why_idle(const struct config *c, const struct profile *p, const struct rule *rule, const struct option *o, const char *values)
{
	const struct setting *s = o->type == OPT_SETTING ? (const void *)(values + o->offset) : NULL;

	if (s != NULL && s->action == SETTING_OFF)
		return NULL;
	const char *why = profile_why_idle(c, p, rule, rule->of_logins != NULL && rule->of_logins(values) == o);
	if (why == NULL && s != NULL && s->action == SETTING_GREYLIST && !rule->greylists)
		why = profile_why_not_greylist(rule, profile_is_users(p));
	return why;
}

/* What does nothing where it is written is let pass, but not in silence, unless it is the default. */
static void
warn_of_idle(const char *path, const struct config *c, const struct profile *p, size_t place, bool to_log)
{
	for (size_t i = 0; i < rules[place]->options.count; i++) {
		const struct option *o = &rules[place]->options.rows[i];
		const char *text;
		size_t line = profile_line(p, o->name, &text);

		if (line == 0 || strcmp(text, o->fallback) == 0)
			continue;
		const char *why = why_idle(c, p, rules[place], o, profile_values(p, 1 + place));
		if (why != NULL && to_log)
			log_warn("%s:%zu: %s = %s: %s", path, line, o->name, text, why);
		else if (why != NULL)
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
			warn_of_idle(path, config, p, i, to_log);
	return config;
}

void
settings_open_log(const struct config *config)
{
	static const enum log_target targets[] = { LOG_TO_STDERR, LOG_TO_SYSLOG };
	const struct policy_options *o = config_server(config, TABLE_POLICY);

	log_open(targets[o->log_to]);
}
