/* wiring.h - does Postfix ask at the right places? warns, once each, where it does not */
#ifndef POLICY_WIRING_H
#define POLICY_WIRING_H

#include "policy/profile.h"

/* Whose mail it is. */
enum mail { MAIL_OF_STRANGERS, MAIL_OF_USERS, MAILS };

struct wiring {
	unsigned stages_warned;		/* enum stage, ored */
	unsigned contexts_warned;
	unsigned requests, at_rcpt;	/* counting ends at WIRING_SAMPLE */
	unsigned strangers, private_strangers;
	struct {
		unsigned messages;	/* counting ends at WIRING_SAMPLE */
		unsigned seen, warned;	/* enum stage, ored: where it came to; where it should have */
	} mail[MAILS];
	bool sent_seen;			/* mail of a user of ours left */
	bool pre_seen;			/* mx-pre is asked */
	bool unknown_seen;		/* mx-pre is asked, or recipient_query or policyd-feed says who is unknown */
	bool sent_warned, unknown_warned;
};

/* What rules that are on in some profile need Postfix to ask. */
struct needs {
	struct {
		const char *data_rule, *end_rule;	/* needs DATA, and END-OF-MESSAGE; NULL: none does */
	} mail[MAILS];
	const char *sent_rule;		/* needs to know who of ours sent mail; NULL: none does */
	const char *unknown_rule;	/* needs to know which recipients are not here; NULL: none does */
	int64_t sent_keep_s;		/* for so long, in whatever profile */
	int64_t attempt_keep_s, triplet_keep_s;	/* so long greylisting remembers who waits, and who came through */
};
struct needs wiring_needs(const struct config *c, const struct rule *const *rules, size_t count, size_t first_table);

/* A request came by this route; stages is what the rules can use at all. */
void wiring_see(struct wiring *w, const struct request *r, const struct route *to, bool local, unsigned stages);

/* Policyd let a first recipient of a message pass, so that its DATA should follow. */
void wiring_message(struct wiring *w, const struct needs *needs, enum mail of);

#endif
