/* transaction.c - see transaction.h */
#include "policy/transaction.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/metrics.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct header {
	struct header *next;
	char *text;			/* "Name: value", or once it has left "Name" */
	bool left;
};

struct entry {
	struct hash_link link;		/* first: the table's */
	struct entry *newer, *older;
	int64_t time_us;
	size_t bytes;
	struct header *headers;		/* in the order in which they leave */
	struct transaction known;
};

struct transactions {
	struct hash_table table;
	struct entry *newest, *oldest;
	size_t bytes;			/* of all entries */
	char *leaving;			/* what transaction_next_header() gave last */
	struct metric *count, *pushed_out;
};

struct transactions *
transactions_new(void)
{
	struct transactions *t = xcalloc(1, sizeof *t);

	t->count = metric_gauge("policyd_messages", "", "Messages whose recipients are remembered until DATA.");
	t->pushed_out = metric_counter("policyd_messages_pushed_out_total", "",
	    "Messages forgotten early, since too many were remembered.");
	return t;
}

/* ---- by age ---- */

static void
unlist(struct transactions *t, struct entry *e)
{
	*(e->newer ? &e->newer->older : &t->newest) = e->older;
	*(e->older ? &e->older->newer : &t->oldest) = e->newer;
}

static void
list(struct transactions *t, struct entry *e, int64_t now_us)
{
	e->time_us = now_us;
	e->newer = NULL;
	e->older = t->newest;
	*(t->newest ? &t->newest->newer : &t->oldest) = e;
	t->newest = e;
}

static void
forget(struct transactions *t, struct entry *e)
{
	for (struct passed *p = e->known.special, *next; p != NULL; p = next) {
		next = p->next;
		free(p);
	}
	for (struct header *h = e->headers, *next; h != NULL; h = next) {
		next = h->next;
		free(h->text);
		free(h);
	}
	hash_remove(&t->table, &e->link);
	unlist(t, e);
	t->bytes -= e->bytes;
	t->count->value = t->table.count;
	free(e);
}

void
transactions_free(struct transactions *t)
{
	while (t->oldest != NULL)
		forget(t, t->oldest);
	hash_free(&t->table);
	free(t->leaving);
	free(t);
}

static struct entry *
find(struct transactions *t, uint64_t hash, int64_t now_us)
{
	while (t->oldest != NULL && now_us - t->oldest->time_us > (int64_t)TRANSACTION_KEEP_S * 1000000)
		forget(t, t->oldest);
	struct hash_link *l = hash_first(&t->table, hash);
	while (l != NULL && l->hash != hash)
		l = l->next;
	return (struct entry *)(void *)l;
}

/* ---- recipients ---- */

static bool
same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
is_known(const struct entry *e, const struct passed *who)
{
	for (const struct passed *p = e->known.special; p != NULL; p = p->next)
		if (same(p->profile, who->profile) && same(p->recipient, who->recipient))
			return true;
	return false;
}

static void
add_special(struct transactions *t, struct entry *e, const struct passed *who)
{
	size_t texts = (who->profile ? strlen(who->profile) + 1 : 0) + (who->recipient ? strlen(who->recipient) + 1 : 0);
	struct passed *p = xmalloc(sizeof *p + texts);
	char *at = (char *)(p + 1);

	p->profile = text_place(&at, who->profile);
	p->recipient = text_place(&at, who->recipient);
	p->next = e->known.special;
	e->known.special = p;
	e->known.special_count++;
	e->bytes += sizeof *p + texts;
	t->bytes += sizeof *p + texts;
}

static struct entry *
add_entry(struct transactions *t, uint64_t hash)
{
	struct entry *e = xcalloc(1, sizeof *e);

	e->bytes = sizeof *e;
	t->bytes += e->bytes;
	hash_insert(&t->table, &e->link, hash);
	t->count->value = t->table.count;
	return e;
}

bool
transaction_pass(struct transactions *t, const char *instance, const struct passed *who, unsigned spared,
    unsigned doubt, int64_t now_us)
{
	uint64_t hash = hash_bytes(instance, strlen(instance));
	struct entry *e = find(t, hash, now_us);
	bool first = e == NULL;

	if (first)
		e = add_entry(t, hash);
	else
		unlist(t, e);
	list(t, e, now_us);
	e->known.spared |= spared;
	e->known.doubt |= doubt;
	e->known.recipients++;
	if (who->profile == NULL && who->recipient == NULL)
		e->known.plain = true;
	else if (e->known.special_count < RECIPIENTS_MAX && !is_known(e, who))
		add_special(t, e, who);
	while (t->oldest != e && (t->table.count > TRANSACTIONS_MAX || t->bytes > TRANSACTIONS_BYTES_MAX)) {
		forget(t, t->oldest);
		t->pushed_out->value++;
	}
	return first;
}

void
transaction_counted(struct transactions *t, const char *instance, const struct quota_message *m, int64_t now_us)
{
	struct entry *e = find(t, hash_bytes(instance, strlen(instance)), now_us);

	if (e != NULL)
		e->known.counted = *m;
}

void
transaction_accepted(struct transactions *t, const char *instance, int64_t recipients, int64_t now_us)
{
	struct entry *e = find(t, hash_bytes(instance, strlen(instance)), now_us);

	if (e != NULL)
		e->known.accepted = recipients;
}

/* ---- headers ---- */

static size_t
name_len(const char *header)
{
	return strcspn(header, ":");
}

static void
count_bytes(struct transactions *t, struct entry *e, size_t more, size_t less)
{
	e->bytes += more - less;
	t->bytes += more - less;
}

void
transaction_queue_header(struct transactions *t, const char *instance, const char *header, int64_t now_us)
{
	struct entry *e = find(t, hash_bytes(instance, strlen(instance)), now_us);
	size_t len = name_len(header);

	if (e == NULL)
		return;
	struct header **at = &e->headers;
	for (; *at != NULL; at = &(*at)->next)
		if (name_len((*at)->text) == len && memcmp((*at)->text, header, len) == 0)
			return;
	*at = xcalloc(1, sizeof **at);
	(*at)->text = xstrdup(header);
	count_bytes(t, e, sizeof **at + strlen(header) + 1, 0);
}

const char *
transaction_next_header(struct transactions *t, const char *instance, int64_t now_us)
{
	struct entry *e = find(t, hash_bytes(instance, strlen(instance)), now_us);
	struct header *h = e ? e->headers : NULL;

	while (h != NULL && h->left)
		h = h->next;
	free(t->leaving);
	t->leaving = NULL;
	if (h == NULL)
		return NULL;
	t->leaving = h->text;
	h->text = xcalloc(1, name_len(t->leaving) + 1);
	memcpy(h->text, t->leaving, name_len(t->leaving));
	h->left = true;
	count_bytes(t, e, strlen(h->text), strlen(t->leaving));
	return t->leaving;
}

const struct transaction *
transaction_find(struct transactions *t, const char *instance, int64_t now_us)
{
	const struct entry *e = find(t, hash_bytes(instance, strlen(instance)), now_us);

	return e ? &e->known : NULL;
}
