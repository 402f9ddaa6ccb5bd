/* profile.c - see profile.h */
#include "policy/profile.h"
#include "base/arena.h"

#include <string.h>

const char *const profile_builtin[] = { "mx", "submission", NULL };

enum { CONTEXT_BYTES = 128 };

/* The profile of a context "NAME-pre"; NULL if it is none. */
static const struct profile *
profile_before_hook(const struct config *c, const char *context)
{
	size_t len = strlen(context), cut = strlen("-pre");
	char name[CONTEXT_BYTES];

	if (len <= cut || len - cut >= sizeof name || strcmp(context + len - cut, "-pre") != 0)
		return NULL;
	memcpy(name, context, len - cut);
	name[len - cut] = '\0';
	return strcmp(name, "submission") != 0 ? config_profile(c, name) : NULL;
}

struct route
route_request(const struct config *c, const struct lists *lists, const struct request *r, const char *recipient, int64_t now_s)
{
	bool login = *r->sasl_username != '\0';
	const char *context = r->policy_context;
	struct route to = { .hook = HOOK_MX };
	const struct profile *named = NULL;

	if (strcmp(context, "submission") == 0)
		to.hook = HOOK_SUBMISSION;
	else if (strcmp(context, "submission-sender") == 0)
		to.hook = HOOK_SUBMISSION_SENDER;
	else if ((named = profile_before_hook(c, context)) != NULL)
		to.hook = HOOK_MX_PRE;
	else if (*context) {
		named = config_profile(c, context);
		to.unknown_context = named == NULL;
	}
	if (login && to.hook == HOOK_MX)
		to.hook = HOOK_SUBMISSION;
	else if (login && to.hook == HOOK_MX_PRE)
		to.hook = HOOK_NONE;	/* it is judged at mx, as a user of ours */
	bool users = login || to.hook == HOOK_SUBMISSION || to.hook == HOOK_SUBMISSION_SENDER;
	to.service = users ? config_profile(c, "submission") : named ? named : config_profile(c, "mx");
	const char *own = lists && !users ? lists_profile(lists, recipient, now_s) : NULL;
	to.profile = own ? config_profile(c, own) : NULL;
	if (to.profile == NULL)		/* or it was there when the row was read */
		to.profile = to.service;
	return to;
}

bool
profile_is_users(const struct profile *p)
{
	return strcmp(profile_name(p), "submission") == 0;
}

unsigned
profile_hooks(const struct profile *p)
{
	return profile_is_users(p) ? HOOK_SUBMISSION | HOOK_SUBMISSION_SENDER : HOOK_MX | HOOK_MX_PRE;
}

/* The hooks of all profiles that take from this one, itself among them. */
static unsigned
hooks_below(const struct config *c, const struct profile *p)
{
	const struct profile *other;
	unsigned hooks = 0;

	for (size_t place = 0; (other = config_profile_at(c, place)) != NULL; place++)
		for (const struct profile *at = other; at != NULL; at = profile_parent(at))
			if (at == p)
				hooks |= profile_hooks(other);
	return hooks;
}

const char *
profile_why_idle(const struct config *c, const struct profile *p, const struct rule *rule, bool of_logins)
{
	enum { USERS = HOOK_SUBMISSION | HOOK_SUBMISSION_SENDER };
	unsigned hooks = hooks_below(c, p);

	if (of_logins && !(hooks & USERS))
		return "strangers have no login, so what it says of logins does nothing here; write it below [submission]";
	if (rule->hooks & hooks)
		return NULL;
	return hooks & USERS ? "this is for mail from strangers, so it does nothing here; write it below [mx]" :
	    "this is for users of our own, so it does nothing here; write it below [submission]";
}

const char *
profile_why_not_greylist(const struct rule *rule, bool users)
{
	if (users || !(rule->hooks & HOOK_MX))
		return "users of our own are not greylisted, so this does nothing; write defer or reject";
	if (!(rule->stages & STAGE_RCPT))
		return "this is asked at DATA, where nothing is greylisted, so it does nothing; write defer or reject";
	return NULL;
}

void *
profile_read_setting(const struct rule *const *rules, size_t rule_count, const char *check, const char *setting,
    char *why, size_t size)
{
	struct text t = { .at = why, .size = size };
	const struct rule *rule = NULL;

	for (size_t i = 0; i < rule_count; i++)
		for (size_t k = 0; k < rules[i]->options.count; k++)
			if (rules[i]->options.rows[k].type == OPT_SETTING &&
			    strcmp(rules[i]->options.rows[k].name, check) == 0)
				rule = rules[i];
	if (rule == NULL) {
		text_addf(&t, "there is no check '%.60s'; policyd -d lists them", check);
		return NULL;
	}
	struct arena *a = arena_new();
	struct setting read, *kept = NULL;
	const char *finding = NULL;
	bool good = setting_parse(a, setting, &read, &finding);
	if (good && read.action == SETTING_GREYLIST)
		good = (finding = profile_why_not_greylist(rule, false)) == NULL;
	if (good) {
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

bool
profile_read_name(const struct config *c, const char *name, char *why, size_t size)
{
	struct text t = { .at = why, .size = size };
	const struct profile *p = config_profile(c, name);

	if (p == NULL)
		text_addf(&t, "there is no profile '%.60s'; policyd -d lists them", name);
	else if (profile_is_users(p))
		text_add(&t, "submission is for users of our own; name a profile for mail from strangers");
	return p != NULL && !profile_is_users(p);
}
