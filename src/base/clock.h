/* clock.h - the time, as a fact that tests can set
 *
 * Wall clock for what is stored or shown, monotonic for how long something
 * takes; a step of the wall clock moves no timer.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_wall_s(void);		/* Unix seconds */
int64_t clock_mono_us(void);		/* microseconds since some moment before the start */
int64_t clock_tick_us(void);		/* the same as of the kernel's last tick, up to 10 ms ago: for what only ages */

/* For tests: stop both clocks at these values; clock_release() lets them run again. */
void clock_freeze(int64_t wall_s, int64_t mono_us);
void clock_release(void);

/* "2026-11-23T09:30:00Z" into out (21 bytes). */
enum { CLOCK_TEXT = 21 };
#define CLOCK_MAX_S INT64_C(253402300799)	/* the end of the year 9999, which fits in */
const char *clock_print(int64_t wall_s, char out[CLOCK_TEXT]);

#endif
