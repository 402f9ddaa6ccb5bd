/* loop.h - the one event loop: timers, wake-ups from other threads, signals, work put off
 *
 * Everything here belongs to the loop's thread, save wake_send().  No callback
 * is ever run from inside the call that asked for it.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct timer;
struct wake;
struct uv_loop_s;

typedef void loop_callback(void *arg);

struct loop *loop_new(void);
void loop_before_wait(struct loop *l, void (*waits)(void));	/* called whenever the loop is about to wait */
void loop_run(struct loop *l);			/* until loop_stop(), or nothing is left to wait for */
void loop_stop(struct loop *l);			/* from a callback */
void loop_free(struct loop *l);			/* after every handle on it was freed; runs their close callbacks */
struct uv_loop_s *loop_uv(struct loop *l);	/* for the rooms that may include uv.h */

/* A timer, stopped.  timer_start() starts it anew, each time it fires it stops by itself unless repeat_ms. */
struct timer *timer_new(struct loop *l, loop_callback *fired, void *arg);
void timer_start(struct timer *t, uint64_t in_ms, uint64_t repeat_ms);
void timer_stop(struct timer *t);
void timer_free(struct timer *t);		/* NULL is ignored */

/*
 * A wake-up: woken(arg) runs on the loop some time after wake_send(), which any
 * thread may call (sends that come close together may be felt as one).  It does
 * not keep loop_run() going by itself.
 */
struct wake *wake_new(struct loop *l, loop_callback *woken, void *arg);
void wake_send(struct wake *w);
void wake_free(struct wake *w);			/* no thread may send any more; NULL is ignored */

/* caught(arg) runs on the loop whenever the signal came; lasts until loop_free(). */
void loop_on_signal(struct loop *l, int signal, loop_callback *caught, void *arg);

#endif
