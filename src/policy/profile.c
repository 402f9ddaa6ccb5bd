/* profile.c - see profile.h */
#include "policy/profile.h"

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
	if (to.hook == HOOK_SUBMISSION || to.hook == HOOK_SUBMISSION_SENDER)
		to.profile = config_profile(c, "submission");
	else {
		const char *own = lists ? lists_profile(lists, recipient, now_s) : NULL;

		to.profile = own ? config_profile(c, own) : NULL;
		if (to.profile == NULL)
			to.profile = named ? named : config_profile(c, "mx");
	}
	return to;
}
