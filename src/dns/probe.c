/* probe.c - see probe.h */
#include "dns/probe.h"
#include "base/domain.h"

#include <stdio.h>
#include <string.h>

#define IPV4_IN_IPV6 ".0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"

static const struct {
	enum dns_list_kind kind;
	bool listed;			/* it must be, or must not be */
	bool ipv6;			/* a list without IPv6 is none the worse */
	const char *name, *stands_for;
} entries[PROBE_ENTRIES] = {
	{ DNS_LIST_ADDRESSES, true, false, "2.0.0.127", "127.0.0.2" },
	{ DNS_LIST_ADDRESSES, false, false, "1.0.0.127", "127.0.0.1" },
	{ DNS_LIST_ADDRESSES, true, true, "2" IPV4_IN_IPV6, "::ffff:127.0.0.2" },
	{ DNS_LIST_ADDRESSES, false, true, "1" IPV4_IN_IPV6, "::ffff:127.0.0.1" },
	{ DNS_LIST_NAMES, true, false, "test", "test" },
	{ DNS_LIST_NAMES, false, false, "invalid", "invalid" },
};

/* Any address in 127.0.0.0/8 lists; others are what one finds where a list once was. */
static bool
lists(const struct answer *a)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->records[i].address.bits == 32 && a->records[i].address.bytes[0] == 127)
			return true;
	return false;
}

/* What one answer shows; what was found before stands if it is worse. */
static void
weigh(struct probe *p, size_t i, const struct answer *a)
{
	enum probe_finding shows = PROBE_GOOD;

	if (entries[i].ipv6 && entries[i].listed)
		p->ipv6 = lists(a);
	else if (!entries[i].listed && lists(a))
		shows = PROBE_LISTS_ALL;
	else if (failed(a) && !entries[i].ipv6)
		shows = PROBE_CANNOT_TELL;
	else if (entries[i].listed && !lists(a))
		shows = PROBE_LACKS;
	if (shows > p->finding) {
		p->finding = shows;
		p->entry = entries[i].stands_for;
	}
}

static void
conclude(struct probe *p)
{
	p->finding = PROBE_GOOD;
	p->ipv6 = false;
	for (size_t i = 0; i < PROBE_ENTRIES; i++) {
		struct probe_question *q = &p->questions[i];

		if (q->answer != NULL)
			weigh(p, i, q->answer);
		answer_release(q->answer);
		q->answer = NULL;
	}
}

static void
on_answer(struct dns_waiter *w, const struct answer *a)
{
	struct probe_question *q = (struct probe_question *)(void *)w;
	struct probe *p = q->probe;

	q->answer = a;
	if (--p->open > 0)
		return;
	conclude(p);
	p->done(p);
}

bool
probe_start(struct probe *p, struct dns *d, const char *domain, unsigned kinds)
{
	char name[DOMAIN_TEXT];

	for (size_t i = 0; i < PROBE_ENTRIES; i++) {
		struct probe_question *q = &p->questions[i];

		if (!(entries[i].kind & kinds))
			continue;
		q->probe = p;
		q->waiter.answered = on_answer;
		snprintf(name, sizeof name, "%s.%s", entries[i].name, domain);
		q->answer = dns_ask_anew(d, name, DNS_A, &q->waiter);
		p->open += q->answer == NULL;
	}
	if (p->open == 0)
		conclude(p);		/* it cannot tell */
	return p->open > 0;
}

void
probe_forget(struct probe *p, struct dns *d)
{
	for (size_t i = 0; i < PROBE_ENTRIES && p->open > 0; i++) {
		struct probe_question *q = &p->questions[i];

		dns_forget(d, &q->waiter);
		answer_release(q->answer);
		q->answer = NULL;
	}
	p->open = 0;
}

bool
probe_asks(const char *domain, const char *name)
{
	for (size_t i = 0; i < PROBE_ENTRIES; i++) {
		size_t len = strlen(entries[i].name);

		if (strncmp(name, entries[i].name, len) == 0 && name[len] == '.' && strcmp(name + len + 1, domain) == 0)
			return true;
	}
	return false;
}
