/* mildest.c - whose setting counts: one recipient's, or the mildest where one answer hits several
 *
 * From the mildest: off, log (which a date to come is, too), then as enum setting_action has them; of two scores the
 * lower.  What follows when a check cannot tell is defer only if all say so.
 */
#include "policy/eval.h"

static const struct setting *
setting_for(const struct eval *e, const struct profile *profile, const char *recipient, size_t rule,
    const struct option *check)
{
	const struct setting *own = recipient ? lists_setting(e->lists, recipient, check->name, e->now_s) : NULL;

	if (own != NULL)
		return own;
	const char *values = profile_values(profile, e->world->first_table + rule);
	return (const struct setting *)(const void *)(values + check->offset);
}

static enum setting_action
rank(const struct setting *s, int64_t now_s)
{
	return s->action != SETTING_OFF && s->from_s > now_s ? SETTING_LOG : s->action;
}

static bool
is_milder(const struct setting *a, const struct setting *b, int64_t now_s)
{
	enum setting_action of_a = rank(a, now_s), of_b = rank(b, now_s);

	return of_a < of_b || (of_a == of_b && of_a == SETTING_SCORE && a->score < b->score);
}

static const struct setting *
mildest_setting(const struct eval *e, size_t rule, const struct option *check)
{
	struct setting *mildest = arena_alloc(e->arena, sizeof *mildest);
	enum setting_on_error on_error = ON_ERROR_DEFER;
	for (size_t i = 0; i < e->party_count; i++) {
		const struct party *p = &e->parties[i];
		const struct setting *s = setting_for(e, p->profile, p->recipient, rule, check);

		if (i == 0 || is_milder(s, mildest, e->now_s))
			*mildest = *s;
		if (s->on_error == ON_ERROR_SKIP)
			on_error = ON_ERROR_SKIP;
	}
	mildest->on_error = on_error;
	return mildest;
}

const struct setting *
setting_of(const struct eval *e, size_t rule, const struct option *check)
{
	if (e->parties != NULL)
		return mildest_setting(e, rule, check);
	return setting_for(e, e->profile, e->own_settings ? e->recipient : NULL, rule, check);
}

/* A threshold of 0 is never reached. */
static int64_t
higher(int64_t a, int64_t b)
{
	return a == 0 || b == 0 ? 0 : a > b ? a : b;
}

void
eval_share(struct eval *e, const struct party *parties, size_t count)
{
	struct party *copy = arena_alloc(e->arena, count * sizeof *copy);
	struct profile_options *shared = arena_alloc(e->arena, sizeof *shared);

	for (size_t i = 0; i < count; i++) {
		const struct profile_options *o = profile_values(parties[i].profile, e->world->profile_table);

		copy[i] = parties[i];
		if (i == 0)
			*shared = *o;
		if (o->mode == MODE_LOG)
			shared->mode = MODE_LOG;
		shared->allowlists |= o->allowlists;
		shared->score_greylist = higher(shared->score_greylist, o->score_greylist);
		shared->score_defer = higher(shared->score_defer, o->score_defer);
		shared->score_reject = higher(shared->score_reject, o->score_reject);
	}
	e->parties = copy;
	e->party_count = count;
	e->shared = shared;
}
