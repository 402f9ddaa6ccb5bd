/* block.c - what is remembered of the client, as facts; the block it would get (rule.h) */
#include "policy/eval.h"

#include <string.h>

enum { STEPS_MAX = 20 };

#define OPTIONS step
struct step {
	int64_t s;
};
static const struct option step_row = { "block_steps", OPT_SEC, INTO(s), "1h", "1m", "3650d", NULL };
#undef OPTIONS

const char *
block_steps_parse(struct arena *a, const char *text, void *into)
{
	int64_t *steps = arena_alloc(a, STEPS_MAX * sizeof *steps);
	struct block_steps s = { .at = steps };

	for (char *word; (word = option_word(a, &text)) != NULL; s.count++) {
		struct step step = { 0 };

		if (s.count == STEPS_MAX)
			return arena_printf(a, "more than %d steps; the last one counts for all further blocks", STEPS_MAX);
		const char *why = strcmp(word, "forever") == 0 ? NULL : option_read(&step_row, a, word, &step);
		if (why != NULL)
			return arena_printf(a, "%.60s: %s; forever is one, too", word, why);
		if (s.count > 0 && steps[s.count - 1] == 0)
			return "nothing comes behind forever; leave it out";
		steps[s.count] = step.s;
	}
	if (s.count == 0)
		return "no step; write how long a block lasts, as in 1h, 1d, 30d";
	*(struct block_steps *)into = s;
	return NULL;
}

const char *
client_key(struct eval *e)
{
	const struct address *client = &e->request->client;
	char text[NETWORK_TEXT];

	if (e->client_key == NULL && client->bits != 0) {
		struct network n = network_around(client, e->world->block_ipv4, e->world->block_ipv6);

		e->client_key = arena_strdup(e->arena, network_name(&n, text));
	}
	return e->client_key;
}

bool
on_record(struct eval *e)
{
	const struct client_source *from = &e->world->clients;
	bool doubt;

	if (client_key(e) == NULL)
		return false;
	return from->on_record(from->arg, e->client_key) || last_block(e, BLOCKED_CLIENT) != NULL ||
	    listed(e, LIST_SPAMTRAP, &doubt) != NULL || listed(e, LIST_BLOCK, &doubt) != NULL || doubt;
}

bool
tried_in_vain(struct eval *e, int64_t since_s, struct tried *out)
{
	const struct client_source *from = &e->world->clients;

	return from->tried(from->arg, client_key(e), since_s, out);
}

bool
client_activity(struct eval *e, int64_t window_s, int64_t out[ACTIVITIES])
{
	const struct client_source *from = &e->world->clients;

	return from->activity(from->arg, "client", client_key(e), e->now_s - window_s, out);
}

bool
login_activity(struct eval *e, int64_t window_s, int64_t out[ACTIVITIES])
{
	const struct client_source *from = &e->world->clients;

	return from->activity(from->arg, "login", e->login, e->now_s - window_s, out);
}

bool
recipient_bounces(struct eval *e, int64_t window_s, struct bounces *out)
{
	const struct client_source *from = &e->world->clients;

	return from->recipient_bounces(from->arg, e->recipient, e->now_s - window_s, out);
}

bool
login_bounces(struct eval *e, int64_t since_s, int64_t *count)
{
	const struct client_source *from = &e->world->clients;

	return from->login_bounces(from->arg, e->login, since_s, count);
}

bool
login_networks(struct eval *e, const char *network, int64_t since_s, int64_t *count)
{
	const struct client_source *from = &e->world->clients;

	e->login_network = arena_strdup(e->arena, network);
	return from->login_networks(from->arg, e->login, network, since_s, e->now_s, count);
}

enum known
client_reputation(struct eval *e, int64_t *score)
{
	struct site_answer a = reputation_lookup(e);

	*score = a.number;
	return a.status == SITE_YES ? KNOWN_YES : a.status == SITE_NO_ROW ? KNOWN_NO : KNOWN_CANNOT_TELL;
}

bool
mailboxes_look_broken(struct eval *e)
{
	const struct client_source *from = &e->world->clients;

	return from->looks_broken(from->arg, client_key(e));
}

/* The names a block has of them; "" if there is none. */
static const char *
blocked_client(struct eval *e, enum blocked whom)
{
	return whom == BLOCKED_CLIENT && client_key(e) != NULL ? e->client_key : "";
}

static const char *
blocked_login(const struct eval *e, enum blocked whom)
{
	return whom == BLOCKED_LOGIN && e->login != NULL ? e->login : "";
}

const struct list_row *
last_block(struct eval *e, enum blocked whom)
{
	const struct client_source *from = &e->world->clients;

	if (e->lists == NULL)
		return NULL;
	const struct list_row *last = from->last_block(from->arg, e->lists, blocked_client(e, whom), blocked_login(e, whom));
	if (last == NULL && whom == BLOCKED_LOGIN && e->login_name != NULL)	/* as people may have written it */
		last = from->last_block(from->arg, e->lists, "", e->login_name);
	return last;
}

/* The how manieth block it would be now. */
static int
next_strike(const struct eval *e, const struct list_row *last)
{
	bool counts = last != NULL && (last->expires_s == 0 || last->expires_s + profile_of(e)->block_forget_s > e->now_s);

	return counts ? last->strikes + 1 : 1;
}

/* When that ends; 0: never. */
static int64_t
end_of_strike(const struct eval *e, int strikes)
{
	const struct block_steps *steps = &profile_of(e)->block_steps;
	size_t place = (size_t)strikes < steps->count ? (size_t)strikes : steps->count;
	int64_t step_s = steps->at[place - 1];

	return step_s ? e->now_s + step_s : 0;
}

struct verdict
blocking(struct eval *e, enum blocked whom, struct verdict v, const char *cause, const char *evidence)
{
	const char *client = blocked_client(e, whom), *login = blocked_login(e, whom);
	const struct list_row *last = last_block(e, whom);

	if (last != NULL && list_row_counts(last, e->now_s))
		return v;		/* what it does while it is blocked says nothing new about it */
	if (*client == '\0' && *login == '\0')
		return v;
	struct block *b = arena_alloc(e->arena, sizeof *b);
	int strikes = next_strike(e, last);
	*b = (struct block){ .client = client, .sender = "", .login = login, .cause = arena_strdup(e->arena, cause),
	    .evidence = arena_strdup(e->arena, evidence), .strikes = strikes, .since_s = e->now_s,
	    .expires_s = end_of_strike(e, strikes) };
	v.block = b;
	return v;
}
