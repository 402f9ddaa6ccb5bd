/* profile.c - see profile.h */
#include "policy/profile.h"
#include "base/arena.h"

#include <string.h>

const char *const profile_builtin[] = { "mx", "submission", NULL };

enum { CONTEXT_BYTES = 64 };

/* Cut suffix off name; true if it was there. */
static bool
cut_suffix(char *name, const char *suffix)
{
	size_t len = strlen(name), cut = strlen(suffix);

	if (len <= cut || strcmp(name + len - cut, suffix) != 0)
		return false;
	name[len - cut] = '\0';
	return true;
}

struct route
route_request(const struct config *c, const struct lists *lists, const struct request *r, const char *recipient, int64_t now_s)
{
	bool login = *r->sasl_username != '\0';
	struct route to = { .hook = HOOK_MX };
	char name[CONTEXT_BYTES] = "";
	const struct profile *named = NULL;

	if (strlen(r->policy_context) < sizeof name)
		strcpy(name, r->policy_context);
	else
		to.unknown_context = true;
	if (cut_suffix(name, "-pre"))
		to.hook = HOOK_MX_PRE;
	else if (cut_suffix(name, "-sender"))
		to.hook = HOOK_SUBMISSION_SENDER;
	if (strcmp(name, "submission") == 0) {
		if (to.hook == HOOK_MX_PRE)
			to.unknown_context = true;
		if (to.hook != HOOK_SUBMISSION_SENDER)
			to.hook = HOOK_SUBMISSION;
	} else if (to.hook == HOOK_SUBMISSION_SENDER) {
		to.hook = HOOK_MX;
		to.unknown_context = true;
	} else if (*name) {
		named = config_profile(c, name);
		if (named == NULL) {
			to.hook = HOOK_MX;
			to.unknown_context = true;
		}
	}
	if (login && to.hook == HOOK_MX)
		to.hook = HOOK_SUBMISSION;
	if (to.hook == HOOK_SUBMISSION || to.hook == HOOK_SUBMISSION_SENDER)
		to.profile = config_profile(c, "submission");
	else {
		const char *own = lists ? lists_profile(lists, recipient, now_s) : NULL;

		to.profile = own ? config_profile(c, own) : NULL;
		if (own != NULL && to.profile == NULL)
			to.missing_profile = own;
		if (to.profile == NULL)
			to.profile = named ? named : config_profile(c, "mx");
	}
	return to;
}

void *
profile_read_setting(const struct rule *const *rules, size_t rule_count, const char *check, const char *setting,
    char *why, size_t size)
{
	struct text t = { .at = why, .size = size };
	bool known = false;

	for (size_t i = 0; i < rule_count; i++)
		for (size_t k = 0; k < rules[i]->options.count; k++)
			known |= rules[i]->options.rows[k].type == OPT_SETTING &&
			    strcmp(rules[i]->options.rows[k].name, check) == 0;
	if (!known) {
		text_addf(&t, "there is no check '%.60s'; policyd -d lists them", check);
		return NULL;
	}
	struct arena *a = arena_new();
	struct setting read, *kept = NULL;
	const char *finding;
	if (setting_parse(a, setting, &read, &finding)) {
		size_t text_size = read.text ? strlen(read.text) + 1 : 0;

		kept = xmalloc(sizeof *kept + text_size);
		*kept = read;
		if (read.text != NULL)
			kept->text = memcpy(kept + 1, read.text, text_size);
	} else
		text_add(&t, finding);
	arena_free(a);
	return kept;
}
