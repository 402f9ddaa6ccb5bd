/* profile.c - see profile.h */
#include "policy/profile.h"

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
