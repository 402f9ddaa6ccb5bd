/* wiring.c - see wiring.h */
#include "policy/wiring.h"
#include "base/log.h"

enum { WIRING_SAMPLE = 1000, NAMES_WARNED_MAX = 10 };

static void
see_stage(struct wiring *w, const struct request *r, unsigned stages)
{
	if (r->stage & (stages | STAGE_DATA | STAGE_END_OF_MESSAGE) || w->stages_warned & r->stage)
		return;
	w->stages_warned |= r->stage;
	log_warn("wiring: Postfix asks at %s, where policyd has nothing to say; "
	    "put check_policy_service into smtpd_recipient_restrictions, and leave smtpd_delay_reject = yes",
	    *r->protocol_state ? r->protocol_state : "an unnamed stage");
}

static void
see_context(struct wiring *w, const struct request *r, const struct route *to)
{
	if (!to->unknown_context || w->contexts_warned >= NAMES_WARNED_MAX)
		return;
	w->contexts_warned++;
	log_warn("wiring: policy_context=%.64s is no service and no profile; judged as mail from strangers. "
	    "Known are mx, mx-pre, submission, submission-sender and the profiles of policyd.conf", r->policy_context);
}

static void
see_profile(struct wiring *w, const struct route *to)
{
	if (to->missing_profile == NULL || w->profiles_warned >= NAMES_WARNED_MAX)
		return;
	w->profiles_warned++;
	log_warn("wiring: a row in recipient_profile names the profile %.64s, which policyd.conf does not have; "
	    "the row does nothing", to->missing_profile);
}

void
wiring_see(struct wiring *w, const struct request *r, const struct route *to, bool local, unsigned stages)
{
	see_stage(w, r, stages);
	see_context(w, r, to);
	see_profile(w, to);
	if (w->requests < WIRING_SAMPLE) {
		w->requests++;
		w->at_rcpt += r->stage == STAGE_RCPT;
		if (w->requests == WIRING_SAMPLE && w->at_rcpt == 0)
			log_warn("wiring: no request in %d came at RCPT, so no rule that needs it is ever asked; "
			    "put check_policy_service into smtpd_recipient_restrictions", WIRING_SAMPLE);
	}
	if (w->strangers < WIRING_SAMPLE && to->hook == HOOK_MX && !local) {
		w->strangers++;
		w->private_strangers += address_is_private(&r->client);
		if (w->strangers == WIRING_SAMPLE && w->private_strangers == WIRING_SAMPLE)
			log_warn("wiring: every one of %d clients has a private address: is a proxy in front of Postfix? "
			    "Let it hand on the client (smtpd_upstream_proxy_protocol, XCLIENT), "
			    "else no rule about clients can be right", WIRING_SAMPLE);
	}
}
