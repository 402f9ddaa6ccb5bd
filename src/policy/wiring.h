/* wiring.h - does Postfix ask at the right places? warns, once each, where it does not */
#ifndef POLICY_WIRING_H
#define POLICY_WIRING_H

#include "policy/profile.h"

struct wiring {
	unsigned stages_warned;		/* enum stage, ored */
	unsigned contexts_warned, profiles_warned;
	unsigned requests, at_rcpt;	/* counting ends at WIRING_SAMPLE */
	unsigned strangers, private_strangers;
};

/* A request came by this route; stages is what the rules can use at all. */
void wiring_see(struct wiring *w, const struct request *r, const struct route *to, bool local, unsigned stages);

#endif
