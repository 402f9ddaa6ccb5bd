/* decision.c - from verdicts to the one action: reject (by score too), then defer; among equals the first in the table
 *
 * The only place that knows what a setting means.  A shadow check (log, a date
 * to come, mode = log) is recorded, and changes nothing.
 */
#include "policy/eval.h"

#include <string.h>

#define OPTIONS profile_options
static const struct option rows[] = {
	{ "mode", OPT_WORD, INTO(mode), "enforce", NULL, NULL,
	  "enforce, or log: every check of the profile is only recorded, as what it would have done.",
	  .words = "enforce|log" },
	{ "allowlists", OPT_BOOL, INTO(allowlists), "yes", NULL, NULL,
	  "no: nobody is let alone for a row in the table allow, or for being on a DNS allow list." },
	{ "score_defer", OPT_INT, INTO(score_defer), "0", "0", "100000",
	  "Defer when the scores of all checks add up to this; 0: never." },
	{ "score_reject", OPT_INT, INTO(score_reject), "0", "0", "100000",
	  "Reject when the scores of all checks add up to this; 0: never." },
};
const struct option_table profile_option_table = OPTION_TABLE(rows);
#undef OPTIONS

const struct profile_options *
profile_of(const struct eval *e)
{
	return e->shared ? e->shared : profile_values(e->profile, e->world->profile_table);
}

/* What the verdict adds to the score; of what cannot be told, the part that speaks for the client. */
static int
points_of(const struct rule_state *s)
{
	if (s->setting == NULL || s->setting->action != SETTING_SCORE)
		return 0;
	return s->setting->score * (s->setting->score > 0 ? s->verdict.least : s->verdict.most);
}

void
decide_effect(struct eval *e, size_t i)
{
	static const enum effect effects[] = { [SETTING_OFF] = EFFECT_NONE, [SETTING_LOG] = EFFECT_NONE,
	    [SETTING_SCORE] = EFFECT_SCORE, [SETTING_DEFER] = EFFECT_DEFER, [SETTING_REJECT] = EFFECT_REJECT };
	struct rule_state *s = &e->states[i];

	s->effect = EFFECT_NONE;
	s->shadow = false;
	s->setting = NULL;
	if (s->verdict.check == NULL)
		return;
	s->setting = setting_of(e, i, s->verdict.check);
	if (s->setting->action == SETTING_OFF)
		return;
	bool in_force = s->setting->action != SETTING_LOG && s->setting->from_s <= e->now_s &&
	    profile_of(e)->mode == MODE_ENFORCE;
	if (s->verdict.kind == VERDICT_OBJECT) {
		s->effect = effects[s->setting->action];
		s->shadow = !in_force;
	} else if (s->verdict.kind == VERDICT_CANNOT_TELL && s->setting->on_error == ON_ERROR_DEFER) {
		s->effect = EFFECT_DEFER;
		s->shadow = !in_force;
	} else if (points_of(s) != 0) {
		s->effect = EFFECT_SCORE;
		s->shadow = !in_force;
	}
}

const char *
effect_word(const struct rule_state *s)
{
	static const char *const words[2][4] = {
		{ [EFFECT_NONE] = "", [EFFECT_SCORE] = "score", [EFFECT_DEFER] = "defer", [EFFECT_REJECT] = "reject" },
		{ [EFFECT_NONE] = "would object", [EFFECT_SCORE] = "would score", [EFFECT_DEFER] = "would defer",
		  [EFFECT_REJECT] = "would reject" },
	};

	return words[s->shadow][s->effect];
}

const char *
decision_word(const struct decision *d)
{
	static const char *const words[] = { [ACTION_DUNNO] = "dunno", [ACTION_DEFER] = "defer",
	    [ACTION_REJECT] = "reject" };

	return words[d->action];
}

/* What the stranger reads: the site's own text if there is one and the check can tell, else the rule's finding. */
static const char *
finding(const struct rule_state *s)
{
	return s->setting->text != NULL && s->verdict.kind != VERDICT_CANNOT_TELL ? s->setting->text : s->verdict.text;
}

static void
decide_by_rule(const struct eval *e, struct decision *d, size_t i, enum action_kind action)
{
	const struct rule_state *s = &e->states[i];

	d->action = action;
	d->rule = e->world->rules[i]->name;
	d->check = s->verdict.check->name;
	d->enhanced = s->verdict.enhanced;
	d->text = finding(s);
}

/* The findings that scored, as one sentence. */
static const char *
score_text(const struct eval *e, int score)
{
	char buffer[ACTION_TEXT_MAX];
	struct text t = TEXT(buffer);
	const char *between = "";

	text_addf(&t, "score %d: ", score);
	for (size_t i = 0; i < e->world->rule_count; i++) {
		const struct rule_state *s = &e->states[i];

		if (s->progress != RULE_DONE || s->shadow || points_of(s) <= 0)
			continue;
		text_addf(&t, "%s%s", between, finding(s));
		between = "; ";
	}
	return arena_strndup(e->arena, buffer, t.len);
}

static void
decide_by_score(const struct eval *e, struct decision *d, unsigned score_spares)
{
	const struct profile_options *o = profile_of(e);

	if (o->score_reject > 0 && d->score >= o->score_reject) {
		/* A client that may be exempt, for all we know, is not refused for good. */
		d->action = score_spares & e->doubt ? ACTION_DEFER : ACTION_REJECT;
		d->check = "score_reject";
	} else if (d->action == ACTION_DUNNO && o->score_defer > 0 && d->score >= o->score_defer) {
		d->action = ACTION_DEFER;
		d->check = "score_defer";
	} else
		return;
	d->rule = NULL;
	d->enhanced = "5.7.1";
	d->text = score_text(e, d->score);
}

static void
add_shadow(struct text *would, const struct rule_state *s)
{
	text_addf(would, "%s%s %s", would->len ? ", " : "", effect_word(s) + strlen("would "), s->verdict.check->name);
}

struct decision
decide(const struct eval *e)
{
	char buffer[512];
	struct text would = TEXT(buffer);
	struct decision d = { .action = ACTION_DUNNO };
	unsigned score_spares = 0;

	for (size_t i = 0; i < e->world->rule_count && d.action != ACTION_REJECT; i++) {
		const struct rule_state *s = &e->states[i];
		unsigned spares = e->world->rules[i]->spares;

		if (s->progress != RULE_DONE)
			continue;
		if (!s->shadow && points_of(s) != 0) {
			d.score += points_of(s);
			score_spares |= spares;
		}
		if (s->shadow)
			add_shadow(&would, s);
		else if (s->effect == EFFECT_REJECT && !(spares & e->doubt))
			decide_by_rule(e, &d, i, ACTION_REJECT);
		else if ((s->effect == EFFECT_REJECT || s->effect == EFFECT_DEFER) && d.action == ACTION_DUNNO)
			decide_by_rule(e, &d, i, ACTION_DEFER);
	}
	if (d.action != ACTION_REJECT)
		decide_by_score(e, &d, score_spares);
	if (would.len > 0)
		d.would = arena_strndup(e->arena, buffer, would.len);
	return d;
}
