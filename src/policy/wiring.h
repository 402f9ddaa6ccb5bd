/* wiring.h - does Postfix ask at the right places? warns, once each, where it does not */
#ifndef POLICY_WIRING_H
#define POLICY_WIRING_H

#include "policy/profile.h"

struct wiring {
	unsigned stages_warned;		/* enum stage, ored */
	unsigned contexts_warned, profiles_warned;
	unsigned requests, at_rcpt;	/* counting ends at WIRING_SAMPLE */
	unsigned strangers, private_strangers;
	unsigned messages;		/* from strangers; counting ends at WIRING_SAMPLE */
	bool data_seen, sent_seen;	/* DATA of a stranger's message; that mail of a user of ours left */
	bool unknown_seen;		/* mx-pre is asked, or recipient_query or policyd-feed says who is unknown */
	bool data_warned, sent_warned, unknown_warned;
	unsigned users_messages;	/* from users of ours; counting ends at WIRING_SAMPLE */
	bool users_data_seen, users_data_warned;
};

/* What rules that are on in some profile need Postfix to ask. */
struct needs {
	const char *data_rule;		/* needs DATA; NULL: none does */
	const char *count_rule;		/* needs DATA of what users of ours send, to count it; NULL: none does */
	const char *sent_rule;		/* needs to know who of ours sent mail; NULL: none does */
	const char *unknown_rule;	/* needs to know which recipients are not here; NULL: none does */
	int64_t sent_keep_s;		/* for so long, in whatever profile */
	int64_t attempt_keep_s, triplet_keep_s;	/* so long greylisting remembers who waits, and who came through */
};
struct needs wiring_needs(const struct config *c, const struct rule *const *rules, size_t count, size_t first_table);

/* A request came by this route; stages is what the rules can use at all. */
void wiring_see(struct wiring *w, const struct request *r, const struct route *to, bool local, unsigned stages);

/* Policyd let a first recipient of a stranger's message pass, so that its DATA should follow. */
void wiring_message(struct wiring *w, const struct needs *needs);

/* The same of a message of a user of ours. */
void wiring_users_message(struct wiring *w, const struct needs *needs);

#endif
