/* metrics.c - see metrics.h */
#include "base/metrics.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { BUCKETS = 11 };

struct entry {
	struct hash_link link;		/* first: the table's */
	struct metric metric;
	struct entry *next;		/* in order of registration */
	char *name, *labels, *help;
	const char *type;
};

struct histogram {
	struct histogram *next;
	char *name, *help;
	uint64_t counts[BUCKETS + 1], sum_us;
};

static const int64_t bucket_us[BUCKETS] = { 100, 300, 1000, 3000, 10000, 30000, 100000, 300000, 1000000,
    3000000, 10000000 };

static struct entry *entries;
static struct hash_table table;		/* of them */
static struct histogram *histograms;

static struct metric *
metric_register(const char *name, const char *labels, const char *help, const char *type)
{
	uint64_t hash = hash_pair(name, labels);
	struct hash_link *l = hash_first(&table, hash);

	for (; l != NULL; l = l->next) {
		struct entry *known = (struct entry *)(void *)l;

		if (l->hash == hash && strcmp(known->name, name) == 0 && strcmp(known->labels, labels) == 0)
			return &known->metric;
	}
	struct entry **at = &entries, **same = NULL;
	for (; *at != NULL; at = &(*at)->next)
		if (strcmp((*at)->name, name) == 0)
			same = &(*at)->next;
	if (same != NULL)		/* a family stands together in the file */
		at = same;
	struct entry *e = xcalloc(1, sizeof *e);
	e->name = xstrdup(name);
	e->labels = xstrdup(labels);
	e->help = xstrdup(help);
	e->type = type;
	e->next = *at;
	*at = e;
	hash_insert(&table, &e->link, hash);
	return &e->metric;
}

struct metric *
metric_counter(const char *name, const char *labels, const char *help)
{
	return metric_register(name, labels, help, "counter");
}

struct metric *
metric_gauge(const char *name, const char *labels, const char *help)
{
	return metric_register(name, labels, help, "gauge");
}

struct histogram *
metric_histogram(const char *name, const char *help)
{
	struct histogram *h;

	for (h = histograms; h != NULL; h = h->next)
		if (strcmp(h->name, name) == 0)
			return h;
	h = xcalloc(1, sizeof *h);
	h->name = xstrdup(name);
	h->help = xstrdup(help);
	h->next = histograms;
	histograms = h;
	return h;
}

void
histogram_add(struct histogram *h, int64_t us)
{
	unsigned i = 0;

	while (i < BUCKETS && us > bucket_us[i])
		i++;
	h->counts[i]++;
	h->sum_us += us > 0 ? (uint64_t)us : 0;
}

static void
print_histogram(FILE *out, const struct histogram *h)
{
	uint64_t total = 0;

	fprintf(out, "# HELP %s %s\n# TYPE %s histogram\n", h->name, h->help, h->name);
	for (unsigned i = 0; i < BUCKETS; i++) {
		total += h->counts[i];
		fprintf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", h->name, (double)bucket_us[i] / 1e6, total);
	}
	total += h->counts[BUCKETS];
	fprintf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum %.6f\n%s_count %" PRIu64 "\n",
	    h->name, total, h->name, (double)h->sum_us / 1e6, h->name, total);
}

void
metrics_print(FILE *out)
{
	const char *family = "";

	for (const struct entry *e = entries; e != NULL; e = e->next) {
		if (strcmp(family, e->name) != 0)
			fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", e->name, e->help, e->name, e->type);
		family = e->name;
		if (*e->labels)
			fprintf(out, "%s{%s} %" PRIu64 "\n", e->name, e->labels, e->metric.value);
		else
			fprintf(out, "%s %" PRIu64 "\n", e->name, e->metric.value);
	}
	for (const struct histogram *h = histograms; h != NULL; h = h->next)
		print_histogram(out, h);
}

bool
metrics_write(const char *path)
{
	char temporary[4096];

	if (snprintf(temporary, sizeof temporary, "%s.tmp", path) >= (int)sizeof temporary)
		return false;
	FILE *out = fopen(temporary, "w");
	if (out == NULL) {
		log_warn("metrics: cannot write %s: %s", temporary, strerror(errno));
		return false;
	}
	metrics_print(out);
	bool whole = !ferror(out);
	if (fclose(out) != 0 || !whole || rename(temporary, path) != 0) {
		log_warn("metrics: cannot write %s: %s", path, strerror(errno));
		remove(temporary);
		return false;
	}
	return true;
}
