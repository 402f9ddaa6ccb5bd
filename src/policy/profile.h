/* profile.h - which hook, and whose settings, a request is judged by
 *
 * policy_context is "service[-hook]": mx, mx-pre, submission, submission-sender,
 * or NAME and NAME-pre, where NAME is a profile of the configuration, for mail
 * from strangers under that profile.  Empty: submission if there is a login, else mx.
 */
#ifndef POLICY_PROFILE_H
#define POLICY_PROFILE_H

#include "config/config.h"
#include "policy/rule.h"

struct route {
	enum hook hook;
	const struct profile *service;	/* the context's, whoever the recipient is */
	const struct profile *profile;	/* the recipient's own (recipient_profile), else the service's */
	bool unknown_context;		/* judged as if it were empty; worth a warning */
};

/*
 * Submission's profile for that service and for any login; else the recipient's
 * own (recipient_profile); else the one the context names; else mx.
 *
 * recipient  in normal form; lists may be NULL
 */
struct route route_request(const struct config *c, const struct lists *lists, const struct request *r,
    const char *recipient, int64_t now_s);

/*
 * Read a setting that people wrote for a check of one of the rules, as a store_reader does: a
 * struct setting in one piece of memory, for free(); or NULL with a sentence in why.
 */
void *profile_read_setting(const struct rule *const *rules, size_t rule_count, const char *check,
    const char *setting, char *why, size_t size);

/* Whether people may give a recipient that profile; false with a sentence in why. */
bool profile_read_name(const struct config *c, const char *name, char *why, size_t size);

/* Users of ours are judged by the profile submission, strangers by all others: at these hooks (enum hook, ored). */
bool profile_is_users(const struct profile *p);
unsigned profile_hooks(const struct profile *p);

/*
 * Why it does nothing to set the rule's options in p, and what is right; NULL if it does something, there or in a profile
 * that takes them from it.
 *
 * of_logins   of an option that says something of logins alone
 */
const char *profile_why_idle(const struct config *c, const struct profile *p, const struct rule *rule, bool of_logins);

/*
 * Why it does nothing to set the rule's checks to greylist, and what is right; NULL if it does something.
 *
 * users   in the profile submission
 */
const char *profile_why_not_greylist(const struct rule *rule, bool users);

/* The profiles there always are. */
extern const char *const profile_builtin[];

#endif
