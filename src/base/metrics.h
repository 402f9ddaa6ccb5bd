/* metrics.h - what is counted, and the text file that shows it
 *
 * Counters live from registration to the end of the process; a counter is
 * registered once per name and labels (asking again returns the same one).  The
 * file is in Prometheus' text format for node_exporter's textfile collector.
 * Loop thread only.
 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct metric {
	uint64_t value;
};

/* labels: as in the file, without braces: rule="dnsbl",action="reject"; "" for none.  Copied. */
struct metric *metric_counter(const char *name, const char *labels, const char *help);	/* only grows */
struct metric *metric_gauge(const char *name, const char *labels, const char *help);	/* set ->value */

/* A histogram of durations; buckets 100 us to 10 s. */
struct histogram;
struct histogram *metric_histogram(const char *name, const char *help);
void histogram_add(struct histogram *h, int64_t us);

void metrics_print(FILE *out);

/* Write all of them to path by way of path.tmp and a rename; false, with a warning in the log, if that failed. */
bool metrics_write(const char *path);

#endif
