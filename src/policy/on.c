/* on.c - which rules have anything to say to a request
 *
 * Where the recipient has nothing of its own, the same for all requests under one profile, at one hook and stage.
 */
#include "policy/eval.h"

/* A rule of the service's counts for all of it, though one recipient's own profile leaves it without consequences. */
static bool
is_service_on(const struct eval *e, size_t i, const struct option *check)
{
	const char *values = profile_values(e->service, e->world->first_table + i);

	return e->world->rules[i]->of_service &&
	    ((const struct setting *)(const void *)(values + check->offset))->action != SETTING_OFF;
}

/* A rule without a check that is on has nothing to say; one that has no check at all (allow) is always asked. */
static bool
is_on(const struct eval *e, size_t i, bool learning)
{
	const struct rule *rule = e->world->rules[i];
	bool checks = false;

	if (!(rule->hooks & (unsigned)e->hook) ||
	    (learning ? rule->learn == NULL : !(rule->stages & (unsigned)e->request->stage)))
		return false;
	if (rule->grants & SPARE_ALLOWED && !profile_of(e)->allowlists)
		return false;
	for (size_t k = 0; k < rule->options.count; k++)
		if (rule->options.rows[k].type == OPT_SETTING) {
			if (setting_of(e, i, &rule->options.rows[k])->action != SETTING_OFF ||
			    is_service_on(e, i, &rule->options.rows[k]))
				return true;
			checks = true;
		}
	return !checks;
}

static uint64_t
find(const struct eval *e, bool learning)
{
	uint64_t on = 0;

	for (size_t i = 0; i < e->world->rule_count; i++)
		if (is_on(e, i, learning))
			on |= RULE_BIT(i);
	return on;
}

uint64_t
rules_on(const struct eval *e, bool learning)
{
	if (learning || e->own_settings || e->profile != e->service || e->parties != NULL || e->world->on == NULL)
		return find(e, learning);

	uint64_t *kept = &e->world->on[profile_place(e->profile)].rules[e->hook][__builtin_ctz(e->request->stage)];
	if (*kept == 0)
		*kept = find(e, false);
	return *kept;
}
