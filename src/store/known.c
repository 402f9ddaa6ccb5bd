/* known.c - what rules ask the store, and what is remembered (store.h): each a look at its table, and a write handed over */
#include "store/inside.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "store/lists.h"

#include <stdlib.h>

enum { ACTIVITY_MAX = 500000, ON_RECORD_S = 86400 };

/* ---- who of ours sent mail ---- */

void
store_sent(struct store *s, const char *address, const char *domain, int64_t time_s)
{
	struct pending_write *w = store_is_full(s) ? NULL : sent_write(&s->sent, address, domain, time_s);

	s->dropped->value += w == NULL;
	if (w != NULL)
		store_put(s, w);
}

void
store_keep_sent(struct store *s, int64_t keep_s)
{
	atomic_store(&s->writer_options.sent_keep_s, keep_s);
}

enum known
store_sent_since(struct store *s, const char *who, int64_t since_s)
{
	if (s->trouble)
		return KNOWN_CANNOT_TELL;
	return sent_since(&s->sent, store_facts(s), who, since_s);
}

/* ---- what clients did ---- */

void
store_unknown(struct store *s, const struct unknown_recipient *u)
{
	struct pending_write *w = store_is_full(s) ? NULL : clients_unknown(s->clients, u);

	s->dropped->value += w == NULL;
	if (w == NULL)
		return;
	store_put(s, w);
	store_add_activity(s, "client", u->client, ACTIVITY_UNKNOWN, u->time_s, 1);
}

bool
store_on_record(struct store *s, const char *client)
{
	/* A feed that catches up writes what was tried hours ago: no look at what is new finds that. */
	return clients_on_record(s->clients, client) || (s->fed && !s->trouble &&
	    clients_in_file(s->clients, store_facts(s), client, clock_wall_s() - ON_RECORD_S, clock_wall_s()));
}

bool
store_tried(struct store *s, const char *client, int64_t since_s, struct tried *out)
{
	return !s->trouble && clients_tried(s->clients, store_facts(s), client, since_s, clock_wall_s(), out);
}

bool
store_tried_by_others(struct store *s, const char *client, int64_t since_s, struct tried_by_others *out)
{
	return !s->trouble && clients_tried_by_others(s->clients, store_facts(s), client, since_s, clock_wall_s(), out);
}

void
store_add_activity(struct store *s, const char *scope, const char *who, enum activity kind, int64_t time_s, int64_t n)
{
	if (clients_counts(s->clients) < ACTIVITY_MAX)
		clients_count(s->clients, scope, who, kind, time_s, n);
	else
		s->dropped->value++;
}

bool
store_activity(struct store *s, const char *scope, const char *who, int64_t since_s, int64_t out[ACTIVITIES])
{
	return !s->trouble && clients_activity(s->clients, store_facts(s), scope, who, since_s, out);
}

bool
store_recipient_bounces(struct store *s, const char *recipient, int64_t since_s, struct bounces *out)
{
	return !s->trouble && bounces_of_recipient(&s->bounces, store_facts(s), recipient, since_s, out);
}

bool
store_login_bounces(struct store *s, const char *login, int64_t since_s, int64_t *count)
{
	return !s->trouble && bounces_of_login(&s->bounces, store_facts(s), login, since_s, count);
}

bool
store_relay(struct store *s, const char *domain, struct relay_past *out)
{
	return !s->trouble && relays_past(&s->relays, store_facts(s), domain, out);
}

void
store_relay_news(struct store *s, const struct relay_news *news)
{
	if (store_is_full(s))
		s->dropped->value++;
	else
		store_put(s, relays_write(news));
}

bool
store_is_fed(const struct store *s)
{
	return s->fed;
}

/* ---- quotas ---- */

bool
store_quota_past(struct store *s, const struct quota_use *u, int64_t now_s, struct quota_past *out)
{
	return quotas_past(&s->quotas, s->trouble ? NULL : store_facts(s), u, now_s, out);
}

bool
store_quota_message(struct store *s, const char *instance, struct quota_message *out)
{
	return quotas_message(&s->quotas, s->trouble ? NULL : store_facts(s), instance, out);
}

/* All of it is written in one transaction: what is handed over in one piece is. */
bool
store_quota_count(struct store *s, const struct quota_count *counts, const char *instance, const struct quota_message *m,
    int64_t now_s, struct store_waiter *waiter)
{
	bool full = store_is_full(s), trouble = atomic_load(&writer_state(s->writer)->trouble);
	struct pending_write *w = NULL;

	s->together = true;
	for (; counts != NULL; counts = counts->next) {
		w = quotas_count(&s->quotas, s->trouble ? NULL : store_facts(s), &counts->use, counts->n, now_s);
		if (full)
			free(w);
		else
			store_put(s, w);
	}
	if (*instance != '\0' && !full)
		store_put(s, w = quotas_write_message(instance, m, now_s));
	s->together = false;
	s->dropped->value += full;
	if (full || trouble || w == NULL)
		return false;
	if (waiter != NULL)
		store_await(s, w, waiter);
	return true;
}

/* ---- from where logins send ---- */

void
store_login_seen(struct store *s, const char *login, const char *client, int64_t time_s)
{
	if (store_is_full(s)) {
		s->dropped->value++;
		return;
	}
	struct pending_write *w = logins_seen(&s->logins, store_facts(s), login, client, time_s);
	if (w != NULL)
		store_put(s, w);
}

bool
store_login_spread(struct store *s, const char *login, const char *client, int64_t since_s, int64_t now_s, int64_t *count)
{
	return !s->trouble && logins_spread(&s->logins, store_facts(s), login, client, since_s, now_s, count);
}

/* ---- blocks ---- */

void
store_keep_blocks(struct store *s, int64_t keep_s)
{
	atomic_store(&s->writer_options.blocks_keep_s, keep_s);
}

void
store_block(struct store *s, const struct block *b)
{
	const struct cell cells[] = { { b->client, 0 }, { b->sender, 0 }, { b->login, 0 }, { b->cause, 0 },
	    { b->evidence, 0 }, { NULL, b->strikes }, { NULL, b->since_s },
	    b->expires_s ? (struct cell){ NULL, b->expires_s } : CELL_NULL };

	if (store_is_full(s)) {
		s->dropped->value++;
		return;
	}
	blocks_add(&s->blocks, b);
	s->together = true;
	store_put(s, pending_row(ROW_BLOCK_NUMBER, NULL, 0));
	store_put(s, pending_row(ROW_BLOCK, cells, sizeof cells / sizeof *cells));
	s->together = false;
}

const struct list_row *
store_last_block(const struct store *s, const struct lists *l, const char *client, const char *login)
{
	const struct list_row *ours = blocks_find(&s->blocks, client, login);

	return ours ? ours : lists_block(l, client, login);
}

/* ---- greylisting ---- */

struct triplet_past
store_triplet(struct store *s, const struct triplet *t, struct triplet_span within)
{
	if (s->trouble)
		return (struct triplet_past){ .known = false };
	return triplets_past(&s->triplets, store_facts(s), t, within);
}

bool
store_triplet_news(struct store *s, const struct triplet_news *news, struct store_waiter *waiter)
{
	if (store_is_full(s) || atomic_load(&writer_state(s->writer)->trouble)) {
		s->dropped->value++;
		return false;
	}
	struct pending_write *w = triplets_write(&s->triplets, news);
	if (w != NULL && waiter != NULL)
		store_await(s, w, waiter);
	for (struct pending_write *next; w != NULL; w = next) {
		next = w->next;
		store_put(s, w);
	}
	return true;
}

void
store_keep_triplets(struct store *s, int64_t attempts_s, int64_t triplets_s)
{
	s->attempts_keep_s = attempts_s;
	atomic_store(&s->writer_options.attempts_keep_s, attempts_s);
	atomic_store(&s->writer_options.triplets_keep_s, triplets_s);
}
