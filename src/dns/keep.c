/* keep.c - see keep.h */
#include "dns/keep.h"
#include "base/arena.h"
#include "dns/dns.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct kept {
	struct answer answer;
	const struct answer *body;	/* whose strings and records answer points to; NULL: its own */
	size_t bytes;
	unsigned refs;
	struct dns_record records[];	/* behind them the strings */
};

static struct kept *
kept_of(const struct answer *a)
{
	return (struct kept *)((uintptr_t)a - offsetof(struct kept, answer));
}

/* len bytes and a NUL to *at, which moves on; where they went. */
static const char *
copy(char **at, const char *bytes, size_t len)
{
	char *to = *at;

	memcpy(to, bytes, len);
	to[len] = '\0';
	*at += len + 1;
	return to;
}

static size_t
size_of(const struct answer *model)
{
	size_t bytes = sizeof(struct kept) + model->count * sizeof *model->records
	    + strlen(model->name) + 1 + strlen(model->why) + 1;

	for (size_t i = 0; i < model->count; i++) {
		const struct dns_record *r = &model->records[i];

		bytes += r->name != NULL ? strlen(r->name) + 1 : 0;
		bytes += r->text != NULL ? r->text_len + 1 : 0;
	}
	return bytes;
}

const struct answer *
answer_keep(const struct answer *model)
{
	size_t bytes = size_of(model);
	struct kept *k = xmalloc(bytes);
	char *at = (char *)&k->records[model->count];

	k->answer = *model;
	k->body = NULL;
	k->bytes = bytes;
	k->refs = 1;
	k->answer.name = copy(&at, model->name, strlen(model->name));
	k->answer.why = copy(&at, model->why, strlen(model->why));
	k->answer.records = k->records;
	for (size_t i = 0; i < model->count; i++) {
		struct dns_record *r = &k->records[i];

		*r = model->records[i];
		if (r->name != NULL)
			r->name = copy(&at, r->name, strlen(r->name));
		if (r->text != NULL)
			r->text = copy(&at, r->text, r->text_len);
	}
	assert(at == (char *)k + bytes);
	return &k->answer;
}

const struct answer *
answer_timed(const struct answer *a, uint32_t took_us)
{
	struct kept *k = xmalloc(sizeof *k);

	k->answer = *a;
	k->answer.took_us = took_us;
	k->body = answer_ref(a);
	k->bytes = sizeof *k;
	k->refs = 1;
	return &k->answer;
}

size_t
answer_bytes(const struct answer *a)
{
	return kept_of(a)->bytes;
}

const struct answer *
answer_ref(const struct answer *a)
{
	kept_of(a)->refs++;
	return a;
}

void
answer_release(const struct answer *a)
{
	if (a == NULL)
		return;
	struct kept *k = kept_of(a);
	assert(k->refs > 0);
	if (--k->refs > 0)
		return;
	answer_release(k->body);
	free(k);
}
