/* wiring.c - see wiring.h */
#include "policy/wiring.h"
#include "base/log.h"

#include <string.h>

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

/* ---- what rules need ---- */

static bool
is_on(const struct rule *rule, const char *values)
{
	for (size_t i = 0; i < rule->options.count; i++) {
		const struct option *o = &rule->options.rows[i];

		if (o->type == OPT_SETTING &&
		    ((const struct setting *)(const void *)(values + o->offset))->action != SETTING_OFF)
			return true;
	}
	return false;
}

/* Make *most the option's seconds if those are more; a rule without that option has none. */
static void
at_least(int64_t *most, const struct option *o, const char *values)
{
	int64_t s = o ? *(const int64_t *)(const void *)(values + o->offset) : 0;

	if (s > *most)
		*most = s;
}

struct needs
wiring_needs(const struct config *c, const struct rule *const *rules, size_t count, size_t first_table)
{
	struct needs n = { 0 };
	const struct profile *p;

	for (size_t place = 0; (p = config_profile_at(c, place)) != NULL; place++)
		for (size_t i = 0; i < count; i++) {
			const char *values = profile_values(p, first_table + i);
			const struct option *window = rules[i]->sent_window;
			bool on = (rules[i]->hooks & profile_hooks(p)) && is_on(rules[i], values);

			enum mail of = profile_is_users(p) ? MAIL_OF_USERS : MAIL_OF_STRANGERS;
			unsigned stages = on && rules[i]->counts_at != NULL ? rules[i]->counts_at(values, of == MAIL_OF_USERS) : 0;

			if (on && rules[i]->stages == STAGE_DATA)
				stages |= STAGE_DATA;
			if (stages & STAGE_DATA && n.mail[of].data_rule == NULL)
				n.mail[of].data_rule = rules[i]->name;
			if (stages & STAGE_END_OF_MESSAGE && n.mail[of].end_rule == NULL)
				n.mail[of].end_rule = rules[i]->name;
			if (on && window != NULL && n.sent_rule == NULL)
				n.sent_rule = rules[i]->name;
			if (on && rules[i]->on_unknown && n.unknown_rule == NULL)
				n.unknown_rule = rules[i]->name;
			at_least(&n.sent_keep_s, window, values);
			at_least(&n.attempt_keep_s, rules[i]->retry_window, values);
			at_least(&n.triplet_keep_s, rules[i]->triplet_life, values);
		}
	return n;
}

static void
want_stage(struct wiring *w, enum mail of, enum stage stage, const char *rule)
{
	bool users = of == MAIL_OF_USERS;

	if (rule == NULL || (w->mail[of].seen | w->mail[of].warned) & stage)
		return;
	w->mail[of].warned |= stage;
	log_warn("wiring: the rule %s has nothing to go by: no message%s in %d came to %s here; put check_policy_service%s into %s, too",
	    rule, users ? " of a user" : "", WIRING_SAMPLE, stage_name(stage),
	    users ? " with policy_context=submission" : "",
	    stage == STAGE_DATA ? "smtpd_data_restrictions" : "smtpd_end_of_data_restrictions");
}

void
wiring_message(struct wiring *w, const struct needs *needs, enum mail of)
{
	if (w->mail[of].messages < WIRING_SAMPLE)
		w->mail[of].messages++;
	if (w->mail[of].messages < WIRING_SAMPLE)
		return;
	want_stage(w, of, STAGE_DATA, needs->mail[of].data_rule);
	want_stage(w, of, STAGE_END_OF_MESSAGE, needs->mail[of].end_rule);
	if (of == MAIL_OF_USERS)
		return;
	if (needs->unknown_rule != NULL && !w->unknown_seen && !w->unknown_warned) {
		w->unknown_warned = true;
		log_warn("wiring: the rule %s does not know which recipients are not here: in %d messages nothing was asked at "
		    "mx-pre; put check_policy_service with policy_context=mx-pre before reject_unlisted_recipient, or set "
		    "recipient_query, or let policyd-feed read Postfix's log", needs->unknown_rule, WIRING_SAMPLE);
	}
	if (needs->sent_rule != NULL && !w->sent_seen && !w->sent_warned) {
		w->sent_warned = true;
		log_warn("wiring: the rule %s does not know what our users send: in %d messages no submission service "
		    "asked at DATA or END-OF-MESSAGE; put check_policy_service with policy_context=submission into its "
		    "smtpd_end_of_data_restrictions", needs->sent_rule, WIRING_SAMPLE);
	}
}

/* ---- what is asked ---- */

void
wiring_see(struct wiring *w, const struct request *r, const struct route *to, bool local, unsigned stages)
{
	see_stage(w, r, stages);
	see_context(w, r, to);
	w->pre_seen |= to->hook == HOOK_MX_PRE;
	w->unknown_seen |= w->pre_seen;
	if (to->hook & (HOOK_MX | HOOK_SUBMISSION))
		w->mail[to->hook == HOOK_MX ? MAIL_OF_STRANGERS : MAIL_OF_USERS].seen |= r->stage;
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
