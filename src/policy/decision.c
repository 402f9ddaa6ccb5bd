/* decision.c - from verdicts to the one action: reject (by score too), defer, greylist; of equals the first in the table
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
	{ "score_greylist", OPT_INT, INTO(score_greylist), "0", "0", "100000",
	  "Greylist when the scores of all checks add up to this; 0: never." },
	{ "score_defer", OPT_INT, INTO(score_defer), "0", "0", "100000",
	  "Defer when the scores of all checks add up to this; 0: never." },
	{ "score_reject", OPT_INT, INTO(score_reject), "0", "0", "100000",
	  "Reject when the scores of all checks add up to this; 0: never." },
	{ "block_steps", OPT_PARSED, INTO(block_steps), "1h, 1d, 30d", NULL, NULL,
	  "How long policyd blocks a client, or a login, the first time, the second, and so on; the last counts for all further ones.  "
	  "forever: until somebody lifts it.", .parse = block_steps_parse },
	{ "block_forget", OPT_SEC, INTO(block_forget_s), "90d", "1h", "3650d",
	  "So long after the end of its last block a client, or a login, begins with the first step again." },
};
const struct option_table profile_option_table = OPTION_TABLE(rows);
#undef OPTIONS

enum { WOULD_BYTES = 2048 };		/* some fifty checks */

const struct profile_options *
profile_of(const struct eval *e)
{
	return e->shared ? e->shared : profile_values(e->profile, e->world->profile_table);
}

bool
only_logs(const struct eval *e)
{
	return e->world->only_log || profile_of(e)->mode == MODE_LOG;
}

/* What the verdict adds to the score; of what cannot be told, the part that speaks for the client. */
static int
points_of(const struct rule_state *s)
{
	if (s->setting == NULL || s->setting->action != SETTING_SCORE)
		return 0;
	return s->setting->score * (s->setting->score > 0 ? s->verdict.least : s->verdict.most);
}

/* It only logs, also where mode = log does not say so. */
static bool
is_held_back(const struct eval *e, const struct setting *s)
{
	return s->action == SETTING_LOG || s->from_s > e->now_s;
}

static bool
is_shadow(const struct eval *e, const struct setting *s)
{
	return is_held_back(e, s) || only_logs(e);
}

bool
refuses_nothing(const struct eval *e, unsigned check)
{
	const struct setting *s = setting_of(e, e->current, &e->world->rules[e->current]->options.rows[check]);
	return is_shadow(e, s) || s->action < SETTING_GREYLIST;
}

void
decide_effect(struct eval *e, size_t i)
{
	static const enum effect effects[] = { [SETTING_OFF] = EFFECT_NONE, [SETTING_LOG] = EFFECT_NONE,
	    [SETTING_SCORE] = EFFECT_SCORE, [SETTING_GREYLIST] = EFFECT_GREYLIST, [SETTING_DEFER] = EFFECT_DEFER,
	    [SETTING_REJECT] = EFFECT_REJECT };
	struct rule_state *s = &e->states[i];

	s->effect = EFFECT_NONE;
	s->shadow = false;
	s->setting = NULL;
	if (s->verdict.check == NULL)
		return;
	s->setting = setting_of(e, i, s->verdict.check);
	if (s->setting->action == SETTING_OFF)
		return;
	if (s->verdict.kind == VERDICT_OBJECT) {
		s->effect = effects[s->setting->action];
		if (s->effect == EFFECT_REJECT && *s->verdict.enhanced == '4')
			s->effect = EFFECT_DEFER;	/* what passes by itself is not refused for good */
	} else if (s->verdict.kind == VERDICT_CANNOT_TELL && s->setting->on_error == ON_ERROR_DEFER)
		s->effect = EFFECT_DEFER;
	else if (points_of(s) != 0)
		s->effect = EFFECT_SCORE;
	else
		return;
	s->shadow = is_shadow(e, s->setting);
}

const char *
effect_word(const struct rule_state *s)
{
	static const char *const words[2][5] = {
		{ [EFFECT_NONE] = "", [EFFECT_SCORE] = "score", [EFFECT_GREYLIST] = "greylist", [EFFECT_DEFER] = "defer",
		  [EFFECT_REJECT] = "reject" },
		{ [EFFECT_NONE] = "would object", [EFFECT_SCORE] = "would score", [EFFECT_GREYLIST] = "would greylist",
		  [EFFECT_DEFER] = "would defer", [EFFECT_REJECT] = "would reject" },
	};

	return words[s->shadow][s->effect];
}

static const char *const action_words[] = { [ACTION_DUNNO] = "dunno", [ACTION_GREYLIST] = "greylist",
    [ACTION_DEFER] = "defer", [ACTION_REJECT] = "reject" };

const char *
decision_word(const struct decision *d)
{
	return action_words[d->action];
}

static void
decide_by_rule(const struct eval *e, struct decision *d, size_t i, enum action_kind action)
{
	const struct rule_state *s = &e->states[i];

	d->action = action;
	d->greylisted = e->world->rules[i]->greylists;
	d->rule = e->world->rules[i]->name;
	d->check = s->verdict.check->name;
	d->enhanced = s->verdict.enhanced;
	d->said[0] = s;
	d->said_count = 1;
}

/* ---- the score ---- */

/* What scores add up to: of what is in force, and with the shadow's. */
struct sum {
	int score;
	unsigned spares;		/* enum spare: of the rules that scored */
};

static void
add_score(struct sum *to, const struct rule_state *s, unsigned spares)
{
	to->score += points_of(s);
	if (points_of(s) != 0)
		to->spares |= spares;
}

struct outcome {
	enum action_kind action;
	const char *check;
};

static struct outcome
outcome_of(const struct eval *e, const struct sum *sum)
{
	const struct profile_options *o = profile_of(e);

	/* A client that may be exempt, for all we know, is not refused for good. */
	if (o->score_reject > 0 && sum->score >= o->score_reject)
		return (struct outcome){ sum->spares & e->doubt ? ACTION_DEFER : ACTION_REJECT, "score_reject" };
	if (o->score_defer > 0 && sum->score >= o->score_defer)
		return (struct outcome){ ACTION_DEFER, "score_defer" };
	if (o->score_greylist > 0 && sum->score >= o->score_greylist)
		return (struct outcome){ ACTION_GREYLIST, "score_greylist" };
	return (struct outcome){ ACTION_DUNNO, NULL };
}

/* The heaviest findings first; of equals the first in the table. */
static void
say_heaviest(const struct eval *e, struct decision *d)
{
	size_t count = 0;

	d->said_count = 0;
	for (EACH_RULE(i, e->found)) {
		const struct rule_state *s = &e->states[i];
		size_t at = d->said_count;

		if (s->progress != RULE_DONE || s->shadow || points_of(s) <= 0)
			continue;
		count++;
		while (at > 0 && points_of(d->said[at - 1]) < points_of(s))
			at--;
		if (at == SAID_MAX)
			continue;
		d->said_count += d->said_count < SAID_MAX;
		for (size_t k = d->said_count - 1; k > at; k--)
			d->said[k] = d->said[k - 1];
		d->said[at] = s;
	}
	d->unsaid = count - d->said_count;
}

static void
decide_by_score(const struct eval *e, struct decision *d, const struct sum *sum)
{
	struct outcome outcome = outcome_of(e, sum);

	if (outcome.action <= ACTION_GREYLIST || outcome.action <= d->action)
		return;			/* what would greylist is evidence, and the rule greylist has had it */
	d->action = outcome.action;
	d->check = outcome.check;
	d->greylisted = false;
	d->rule = NULL;
	d->enhanced = "5.7.1";
	say_heaviest(e, d);
}

/* ---- greylisting ---- */

/* It counts, were it not for mode = log: a dry run shows what would be greylisted. */
static bool
is_earnest(const struct eval *e, const struct rule_state *s)
{
	return s->progress == RULE_DONE && s->setting != NULL && !is_held_back(e, s->setting);
}

/* What those that have answered so far come to, by a rule or by the score. */
static enum action_kind
come_to(const struct eval *e)
{
	static const enum action_kind actions[] = { [EFFECT_NONE] = ACTION_DUNNO, [EFFECT_SCORE] = ACTION_DUNNO,
	    [EFFECT_GREYLIST] = ACTION_GREYLIST, [EFFECT_DEFER] = ACTION_DEFER, [EFFECT_REJECT] = ACTION_REJECT };
	enum action_kind most = ACTION_DUNNO;
	struct sum sum = { 0 };

	for (EACH_RULE(i, e->found)) {
		const struct rule_state *s = &e->states[i];

		if (!is_earnest(e, s))
			continue;
		add_score(&sum, s, 0);
		if (actions[s->effect] > most)
			most = actions[s->effect];
	}
	enum action_kind by_score = outcome_of(e, &sum).action;
	return by_score > most ? by_score : most;
}

bool
suspicious(const struct eval *e)
{
	return come_to(e) >= ACTION_GREYLIST;
}

bool
is_refused(const struct eval *e)
{
	return come_to(e) >= ACTION_DEFER;
}

/* The first check that has found what the rule greylist acts on; NULL if none has. */
static const struct rule_state *
first_evidence(const struct eval *e)
{
	for (EACH_RULE(i, e->found))
		if (is_earnest(e, &e->states[i]) && e->states[i].effect == EFFECT_GREYLIST && !e->world->rules[i]->greylists)
			return &e->states[i];
	return NULL;
}

/* Behind the rule's own finding stands what made the mail look odd, unless the site has words of its own. */
static void
say_evidence(const struct eval *e, struct decision *d, const struct sum *sum)
{
	const struct rule_state *rule = d->said[0], *first = first_evidence(e);

	if (rule->setting->text != NULL)
		return;
	if (first == NULL && outcome_of(e, sum).action >= ACTION_GREYLIST)
		say_heaviest(e, d);
	else {
		d->said[0] = first;
		d->said_count = first != NULL;
	}
	d->unsaid += d->said_count == SAID_MAX;
	d->said_count -= d->said_count == SAID_MAX;
	memmove(d->said + 1, d->said, d->said_count * sizeof *d->said);
	d->said[0] = rule;
	d->said_count++;
}

/* ---- what shadow checks would have done ---- */

static void
add_would(struct text *would, const char *action, const char *check)
{
	text_addf(would, "%s%s %s", would->len ? ", " : "", action, check);
}

static void
add_would_by_score(const struct eval *e, const struct decision *d, const struct sum *real, const struct sum *with_shadow,
    struct text *would)
{
	struct outcome outcome = outcome_of(e, with_shadow);

	if (outcome.action > d->action && outcome.action > outcome_of(e, real).action)
		add_would(would, action_words[outcome.action], outcome.check);
}

/* ---- blocks ---- */

/* A stranger is blocked as the mail is deferred or rejected; a login, which is a customer's, only if the check says reject. */
static bool
sets_block(const struct eval *e, const struct rule_state *s, unsigned spares)
{
	const struct block *b = s->verdict.block;

	return b != NULL && !s->shadow && !(spares & e->doubt) &&
	    (*b->login ? s->setting->action == SETTING_REJECT : s->effect >= EFFECT_DEFER);
}

/* ---- all of it ---- */

struct decision
decide(const struct eval *e)
{
	char buffer[WOULD_BYTES];
	struct text would = TEXT(buffer);
	struct decision d = { .action = ACTION_DUNNO };
	struct sum real = { 0 }, with_shadow = { 0 };

	for (EACH_RULE(i, e->found)) {
		const struct rule_state *s = &e->states[i];
		unsigned spares = e->world->rules[i]->spares;

		if (d.action == ACTION_REJECT)
			break;
		if (s->progress == RULE_DONE && s->verdict.header != NULL && d.header_count < HEADERS_MAX && !only_logs(e))
			d.headers[d.header_count++] = s->verdict.header;
		if (s->progress == RULE_DONE && s->verdict.delay_s > 0)
			d.delay_s = s->verdict.delay_s;
		if (s->progress != RULE_DONE || s->setting == NULL)
			continue;
		if (sets_block(e, s, spares))
			d.block = s->verdict.block;
		add_score(&with_shadow, s, spares);
		if (!s->shadow)
			add_score(&real, s, spares);
		if (s->shadow)
			add_would(&would, effect_word(s) + strlen("would "), s->verdict.check->name);
		else if (s->effect == EFFECT_REJECT && !(spares & e->doubt))
			decide_by_rule(e, &d, i, ACTION_REJECT);
		else if ((s->effect == EFFECT_REJECT || s->effect == EFFECT_DEFER) && d.action == ACTION_DUNNO)
			decide_by_rule(e, &d, i, ACTION_DEFER);
		else if (s->effect == EFFECT_GREYLIST && e->world->rules[i]->greylists && d.action == ACTION_DUNNO)
			decide_by_rule(e, &d, i, ACTION_GREYLIST);
	}
	d.score = real.score;
	decide_by_score(e, &d, &real);
	if (d.action == ACTION_GREYLIST)
		say_evidence(e, &d, &real);
	add_would_by_score(e, &d, &real, &with_shadow, &would);
	if (would.len > 0)
		d.would = arena_strndup(e->arena, buffer, would.len);
	if (d.action != ACTION_DUNNO) {
		d.header_count = 0;
		d.delay_s = 0;
	}
	d.header = d.header_count > 0 ? d.headers[0] : NULL;
	return d;
}

struct decision
decide_without_memory(struct eval *e)
{
	for (EACH_RULE(i, e->found)) {
		struct rule_state *s = &e->states[i];

		if (e->world->rules[i]->greylists && s->progress == RULE_DONE) {
			s->verdict = (struct verdict){ .kind = VERDICT_CANNOT_TELL, .text = "the store is in trouble" };
			s->effect = EFFECT_NONE;
			s->setting = NULL;
		}
	}
	return decide(e);
}
