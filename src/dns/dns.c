/* dns.c - see dns.h
 *
 * A question is a struct query from the first dns_ask() until its answer was
 * handed out: waiting in the queue, sent, or landed.  What lands, lands in the
 * middle of c-ares, or of dns_ask(): it is only put aside there, and deliver()
 * runs from a timer.  So a waiter's answered() may call anything but dns_free().
 */
#include "dns/dns.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "dns/cache.h"
#include "dns/keep.h"
#include "dns/name.h"
#include "dns/nameserver.h"
#include "dns/transport.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARN_EVERY_S = 60, STATUSES = DNS_FAILED + 1 };

struct query {
	struct hash_link link;		/* in dns.open */
	struct query *next;		/* in dns.queue or dns.landed */
	struct dns *dns;
	struct dns_waiter *waiters;
	const struct answer *answer;	/* the last one read; NULL */
	enum landing how;		/* what came of it when it was last sent */
	enum dns_type type;
	unsigned first;			/* name server it was sent to first */
	unsigned sent, refused;		/* times; times the answer was a failure */
	int64_t asked_us;
	char name[];
};

struct fifo {
	struct query *first, **end;
	size_t count;
};

struct dns {
	struct dns_options options;	/* but for nameservers, which the transport has read */
	struct loop *loop;
	struct transport *transport;
	struct dns_cache *cache;
	struct hash_table open;		/* queries by name and type */
	struct fifo queue, landed;
	size_t in_flight;
	struct timer *deliver;
	bool delivering;
	const char *(*mind)(void *arg, const struct answer *a);
	void *mind_arg;
	uint64_t failures;		/* since the log last said so */
	int64_t warned_us;
	struct metric *queries, *answers[STATUSES], *hits, *misses, *in_flight_gauge, *dropped;
	struct histogram *seconds;
};

#define OPTIONS dns_options
static const struct option rows[] = {
	{ .name = "nameservers", .type = OPT_LIST, .offset = INTO(nameservers), .fallback = "",
	  .check = nameserver_check,
	  .sentence = "Resolvers to ask, in order, as in 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353; "
	  "empty: those of /etc/resolv.conf.  Best is one on this machine." },
	{ .name = "dns_timeout", .type = OPT_MSEC, .offset = INTO(dns_timeout_ms), .fallback = "2s",
	  .min = "50ms", .max = "30s",
	  .sentence = "How long to wait for an answer before a question is sent again." },
	{ .name = "dns_tries", .type = OPT_INT, .offset = INTO(dns_tries), .fallback = "2", .min = "1", .max = "10",
	  .sentence = "How often a question is sent in all, each time to the next resolver." },
	{ .name = "dns_cache_size", .type = OPT_INT, .offset = INTO(dns_cache_size), .fallback = "100000",
	  .min = "1000", .max = "10000000",
	  .sentence = "Answers kept in memory; one larger than 1 KiB counts once more for each KiB." },
	{ .name = "dns_ttl_min", .type = OPT_SEC, .offset = INTO(dns_ttl_min_s), .fallback = "10s",
	  .min = "0s", .max = "1h",
	  .sentence = "Every answer is kept at least so long, even if its TTL is shorter." },
	{ .name = "dns_ttl_max", .type = OPT_SEC, .offset = INTO(dns_ttl_max_s), .fallback = "1d",
	  .min = "1s", .max = "1w",
	  .sentence = "No answer is kept longer, even if its TTL is." },
	{ .name = "dns_negative_max", .type = OPT_SEC, .offset = INTO(dns_negative_max_s), .fallback = "1h",
	  .min = "0s", .max = "1d",
	  .sentence = "No answer that there is nothing is kept longer, even if the zone's SOA allows it (RFC 2308)." },
	{ .name = "dns_failure_ttl", .type = OPT_SEC, .offset = INTO(dns_failure_ttl_s), .fallback = "10s",
	  .min = "0s", .max = "5m",
	  .sentence = "How long a question that failed is not asked again (RFC 2308 s.7)." },
	{ .name = "dns_max_in_flight", .type = OPT_INT, .offset = INTO(dns_max_in_flight), .fallback = "1000",
	  .min = "1", .max = "10000",
	  .sentence = "Questions under way at a time; further ones wait in a queue." },
	{ .name = "dns_max_queue", .type = OPT_INT, .offset = INTO(dns_max_queue), .fallback = "10000",
	  .min = "0", .max = "1000000",
	  .sentence = "Questions in that queue; one more has failed at once." },
};
const struct option_table dns_option_table = OPTION_TABLE(rows);

/* ---- queues ---- */

static void
fifo_add(struct fifo *f, struct query *q)
{
	q->next = NULL;
	if (f->first == NULL)
		f->end = &f->first;
	*f->end = q;
	f->end = &q->next;
	f->count++;
}

static struct query *
fifo_take(struct fifo *f)
{
	struct query *q = f->first;

	if (q != NULL) {
		f->first = q->next;
		f->count--;
	}
	return q;
}

static void
waiter_remove(struct dns_waiter *w)
{
	*w->prev = w->next;
	if (w->next != NULL)
		w->next->prev = w->prev;
	w->next = NULL;
	w->prev = NULL;
}

static void
waiter_add(struct query *q, struct dns_waiter *w)
{
	w->next = q->waiters;
	w->prev = &q->waiters;
	if (w->next != NULL)
		w->next->prev = &w->next;
	q->waiters = w;
}

/* ---- a query's life ---- */

static struct query *
query_find(const struct dns *d, const char *name, enum dns_type type, uint64_t hash)
{
	for (struct hash_link *l = hash_first(&d->open, hash); l != NULL; l = l->next) {
		struct query *q = (struct query *)l;

		if (l->hash == hash && q->type == type && strcmp(q->name, name) == 0)
			return q;
	}
	return NULL;
}

static struct query *
query_new(struct dns *d, const char *name, enum dns_type type, uint64_t hash)
{
	size_t size = strlen(name) + 1;
	struct query *q = xcalloc(1, sizeof *q + size);

	q->dns = d;
	q->type = type;
	q->asked_us = clock_mono_us();
	memcpy(q->name, name, size);
	hash_insert(&d->open, &q->link, hash);
	return q;
}

static void
query_free(struct dns *d, struct query *q)
{
	while (q->waiters != NULL)
		waiter_remove(q->waiters);
	hash_remove(&d->open, &q->link);
	answer_release(q->answer);
	free(q);
}

static void
query_send(struct dns *d, struct query *q)
{
	if (q->sent == 0)
		q->first = transport_best(d->transport);
	unsigned server = (q->first + q->sent) % transport_servers(d->transport);
	q->sent++;
	d->in_flight++;
	d->in_flight_gauge->value = d->in_flight;
	d->queries->value++;
	transport_send(d->transport, server, q->name, q->type, q);
}

/* From the middle of c-ares, or of query_send(). */
static void
on_landed(void *arg, enum landing how, const unsigned char *message, size_t len)
{
	struct query *q = arg;
	struct dns *d = q->dns;

	d->in_flight--;
	d->in_flight_gauge->value = d->in_flight;
	q->how = how;
	if (how == LANDED_ANSWER) {
		answer_release(q->answer);
		q->answer = answer_read(&d->options, q->name, q->type, message, len);
	}
	fifo_add(&d->landed, q);
	timer_start(d->deliver, 0, 0);
}

/* A failure may be one server's own: as long as there is another, and a try left, that one is asked. */
static bool
is_settled(const struct dns *d, struct query *q)
{
	if (q->how == LANDED_AGAIN) {
		q->sent = q->refused = 0;
		return false;
	}
	if (q->how == LANDED_ANSWER) {
		if (!failed(q->answer))
			return true;
		q->refused++;
	}
	return q->sent >= d->options.dns_tries || q->refused >= transport_servers(d->transport);
}

/* One line a minute at most, however much fails. */
static void
warn_failed(struct dns *d, const char *name, enum dns_type type, const char *why)
{
	int64_t now_us = clock_mono_us();

	d->failures++;
	if (d->warned_us != 0 && now_us - d->warned_us < WARN_EVERY_S * (int64_t)1000000)
		return;
	if (d->failures == 1)
		log_warn("dns: %s %s: %s", name, dns_type_name(type), why);
	else
		log_warn("dns: %s %s: %s; %" PRIu64 " more failed since the last such line", name,
		    dns_type_name(type), why, d->failures - 1);
	d->failures = 0;
	d->warned_us = now_us;
}

/* Whatever came, it counts as failed. */
static void
query_fail(const struct dns *d, struct query *q, const char *why)
{
	answer_release(q->answer);
	q->answer = answer_keep(&(struct answer){ .name = q->name, .type = q->type, .status = DNS_FAILED, .why = why,
	    .ttl_s = (uint32_t)d->options.dns_failure_ttl_s });
}

/* No server said anything. */
static void
query_unanswered(const struct dns *d, struct query *q, int64_t took_us)
{
	char why[64] = "no name server can be reached";

	if (q->how == LANDED_SILENT)
		snprintf(why, sizeof why, "no answer in %" PRId64 " ms", took_us / 1000);
	query_fail(d, q, why);
}

static void
query_finish(struct dns *d, struct query *q)
{
	int64_t took_us = clock_mono_us() - q->asked_us;

	if (q->answer == NULL)
		query_unanswered(d, q, took_us);
	const char *why = d->mind != NULL ? d->mind(d->mind_arg, q->answer) : NULL;
	if (why != NULL)
		query_fail(d, q, why);
	d->answers[q->answer->status]->value++;
	histogram_add(d->seconds, took_us);
	if (failed(q->answer))
		warn_failed(d, q->name, q->type, q->answer->why);
	dns_cache_add(d->cache, q->answer);

	const struct answer *timed = answer_timed(q->answer, took_us < UINT32_MAX ? (uint32_t)took_us : UINT32_MAX);
	struct dns_waiter *waiters = q->waiters;
	if (waiters != NULL)
		waiters->prev = &waiters;	/* dns_forget() of any of them is still right */
	q->waiters = NULL;
	query_free(d, q);			/* a new question from answered() is a new query */
	for (struct dns_waiter *w; (w = waiters) != NULL;) {
		waiter_remove(w);
		w->answered(w, answer_ref(timed));
	}
	answer_release(timed);
}

/* Hand out what has landed so far; what lands meanwhile has its own turn. */
static void
on_deliver(void *arg)
{
	struct dns *d = arg;
	struct fifo landed = d->landed;

	d->landed = (struct fifo){ 0 };
	d->delivering = true;
	for (struct query *q; (q = fifo_take(&landed)) != NULL;) {
		if (is_settled(d, q))
			query_finish(d, q);
		else
			query_send(d, q);
	}
	while (d->queue.count > 0 && d->in_flight < (size_t)d->options.dns_max_in_flight) {
		struct query *q = fifo_take(&d->queue);

		if (q->waiters != NULL)
			query_send(d, q);
		else
			query_free(d, q);
	}
	d->delivering = false;
}

/* ---- what others call ---- */

/* The name as it is given: most are in normal form, as what the cache knows is. */
static const struct answer *
find_known(struct dns *d, const char *name, enum dns_type type)
{
	const struct answer *known = dns_cache_find(d->cache, name, type, dns_question_hash(name, type));

	if (known == NULL)
		return NULL;
	d->hits->value++;
	return answer_ref(known);
}

/* dns_ask(), or dns_ask_anew(). */
static const struct answer *
ask(struct dns *d, const char *name, enum dns_type type, struct dns_waiter *w, bool anew)
{
	char normal[DNS_NAME_TEXT];

	w->next = NULL;
	w->prev = NULL;
	const struct answer *known = anew ? NULL : find_known(d, name, type);
	if (known != NULL)
		return known;
	if (!dns_name_normal(name, normal))
		return answer_failed(name, type, "not a domain name");
	if (!anew && strcmp(name, normal) != 0 && (known = find_known(d, normal, type)) != NULL)
		return known;
	d->misses->value++;
	uint64_t hash = dns_question_hash(normal, type);
	struct query *q = query_find(d, normal, type, hash);
	if (q == NULL) {
		bool full = d->queue.count > 0 || d->in_flight >= (size_t)d->options.dns_max_in_flight;

		if (full && d->queue.count >= (size_t)d->options.dns_max_queue) {
			const char *why = "too many questions waiting";

			d->dropped->value++;
			warn_failed(d, normal, type, why);
			return answer_failed(normal, type, why);
		}
		q = query_new(d, normal, type, hash);
		if (full)
			fifo_add(&d->queue, q);
		else
			query_send(d, q);
	}
	waiter_add(q, w);
	return NULL;
}

const struct answer *
dns_ask(struct dns *d, const char *name, enum dns_type type, struct dns_waiter *w)
{
	return ask(d, name, type, w, false);
}

const struct answer *
dns_ask_anew(struct dns *d, const char *name, enum dns_type type, struct dns_waiter *w)
{
	return ask(d, name, type, w, true);
}

const struct answer *
dns_known(struct dns *d, const char *name, enum dns_type type)
{
	char normal[DNS_NAME_TEXT];

	return dns_name_normal(name, normal) ? find_known(d, normal, type) : NULL;
}

void
dns_mind(struct dns *d, const char *(*mind)(void *arg, const struct answer *a), void *arg)
{
	d->mind = mind;
	d->mind_arg = arg;
}

void
dns_drop(struct dns *d, const char *name)
{
	dns_cache_drop(d->cache, name);
}

void
dns_forget(struct dns *d, struct dns_waiter *w)
{
	(void)d;
	if (w->prev != NULL)
		waiter_remove(w);
}

static void
count_in_metrics(struct dns *d)
{
	static const char answers[] = "policyd_dns_answers_total", cache[] = "policyd_dns_cache_total";
	static const char answers_help[] = "Questions answered, by what came of them.";
	static const char cache_help[] = "Questions asked, by whether the cache knew.";

	d->queries = metric_counter("policyd_dns_queries_total", "", "Queries sent to name servers.");
	d->answers[DNS_FOUND] = metric_counter(answers, "result=\"found\"", answers_help);
	d->answers[DNS_NO_DATA] = metric_counter(answers, "result=\"nodata\"", answers_help);
	d->answers[DNS_NXDOMAIN] = metric_counter(answers, "result=\"nxdomain\"", answers_help);
	d->answers[DNS_FAILED] = metric_counter(answers, "result=\"failed\"", answers_help);
	d->hits = metric_counter(cache, "result=\"hit\"", cache_help);
	d->misses = metric_counter(cache, "result=\"miss\"", cache_help);
	d->in_flight_gauge = metric_gauge("policyd_dns_in_flight", "", "Queries under way.");
	d->dropped = metric_counter("policyd_dns_queue_dropped_total", "",
	    "Questions that failed at once because the queue was full.");
	d->seconds = metric_histogram("policyd_dns_seconds", "From a question to its answer, where the cache knew none.");
}

bool
dns_configure(struct dns *d, const struct dns_options *o, const char **why)
{
	struct transport *old = d->transport, *new = transport_new(d->loop, o, on_landed, why);

	if (new == NULL)
		return false;
	d->transport = new;
	d->options = *o;
	d->options.nameservers = (struct option_list){ 0 };
	transport_free(old);			/* what it had under way lands, and is sent again */
	dns_cache_limit(d->cache, (size_t)o->dns_cache_size);
	return true;
}

struct dns *
dns_new(struct loop *l, const struct dns_options *o, const char **why)
{
	struct dns *d = xcalloc(1, sizeof *d);

	d->loop = l;
	d->deliver = timer_new(l, on_deliver, d);
	d->cache = dns_cache_new((size_t)o->dns_cache_size);
	count_in_metrics(d);
	if (dns_configure(d, o, why))
		return d;
	dns_free(d);
	return NULL;
}

void
dns_free(struct dns *d)
{
	assert(!d->delivering);
	transport_free(d->transport);
	for (size_t i = 0; i < d->open.size; i++)
		while (d->open.buckets[i] != NULL)
			query_free(d, (struct query *)d->open.buckets[i]);
	hash_free(&d->open);
	dns_cache_free(d->cache);
	timer_free(d->deliver);
	free(d);
}
