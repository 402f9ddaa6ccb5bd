/* counter.h - the writer's absolute totals, by scope, key and hour
 *
 * The file gets the total, never an increment, so writing it twice changes
 * nothing, and several writers' totals can be merged by max().
 */
#ifndef STORE_COUNTER_H
#define STORE_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

struct counters;

enum { COUNTER_WINDOW_S = 3600 };

struct counters *counters_new(void);
void counters_add(struct counters *c, const char *scope, const char *key, int64_t time_s, int64_t n);

/* Hand every total that changed since counters_written() to write(); false as soon as that is. */
bool counters_write(struct counters *c,
    bool (*write)(void *arg, const char *scope, const char *key, int64_t window, int64_t n), void *arg);

/* They are committed; windows long past are forgotten. */
void counters_written(struct counters *c);

/* Every total is to be written again. */
void counters_dirty(struct counters *c);
void counters_free(struct counters *c);

#endif
