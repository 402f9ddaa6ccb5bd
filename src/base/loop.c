/* loop.c - see loop.h */
#include "base/loop.h"
#include "base/arena.h"

#include <assert.h>
#include <stdlib.h>
#include <uv.h>

struct signal_watch {
	uv_signal_t handle;
	struct signal_watch *next;
	loop_callback *caught;
	void *arg;
};

struct loop {
	uv_loop_t uv;
	uv_prepare_t before_wait;
	void (*waits)(void);
	struct signal_watch *signals;
};

struct timer {
	uv_timer_t handle;
	loop_callback *fired;
	void *arg;
};

struct wake {
	uv_async_t handle;
	loop_callback *woken;
	void *arg;
};

static void
free_handle(uv_handle_t *handle)
{
	free(handle->data);
}

struct loop *
loop_new(void)
{
	struct loop *l = xcalloc(1, sizeof *l);

	if (uv_loop_init(&l->uv) != 0)
		abort();
	uv_prepare_init(&l->uv, &l->before_wait);
	l->before_wait.data = l;
	return l;
}

static void
about_to_wait(uv_prepare_t *prepare)
{
	struct loop *l = prepare->data;

	l->waits();
}

void
loop_before_wait(struct loop *l, void (*waits)(void))
{
	l->waits = waits;
	uv_prepare_start(&l->before_wait, about_to_wait);
	uv_unref((uv_handle_t *)&l->before_wait);
}

void
loop_run(struct loop *l)
{
	uv_run(&l->uv, UV_RUN_DEFAULT);
}

void
loop_stop(struct loop *l)
{
	uv_stop(&l->uv);
}

void
loop_free(struct loop *l)
{
	for (struct signal_watch *s = l->signals, *next; s != NULL; s = next) {
		next = s->next;
		uv_close((uv_handle_t *)&s->handle, free_handle);
	}
	uv_close((uv_handle_t *)&l->before_wait, NULL);
	/* More than once: a loop_stop() nobody has run into yet ends the first. */
	int busy = UV_EBUSY;
	for (int i = 0; i < 10 && busy != 0; i++) {
		uv_run(&l->uv, UV_RUN_DEFAULT);
		busy = uv_loop_close(&l->uv);
	}
	assert(busy == 0);
	free(l);
}

struct uv_loop_s *
loop_uv(struct loop *l)
{
	return &l->uv;
}

static void
on_timer(uv_timer_t *handle)
{
	struct timer *t = handle->data;

	t->fired(t->arg);
}

struct timer *
timer_new(struct loop *l, loop_callback *fired, void *arg)
{
	struct timer *t = xcalloc(1, sizeof *t);

	uv_timer_init(&l->uv, &t->handle);
	t->handle.data = t;
	t->fired = fired;
	t->arg = arg;
	return t;
}

void
timer_start(struct timer *t, uint64_t in_ms, uint64_t repeat_ms)
{
	uv_timer_start(&t->handle, on_timer, in_ms, repeat_ms);
}

void
timer_stop(struct timer *t)
{
	uv_timer_stop(&t->handle);
}

void
timer_free(struct timer *t)
{
	if (t != NULL)
		uv_close((uv_handle_t *)&t->handle, free_handle);
}

static void
on_wake(uv_async_t *handle)
{
	struct wake *w = handle->data;

	w->woken(w->arg);
}

struct wake *
wake_new(struct loop *l, loop_callback *woken, void *arg)
{
	struct wake *w = xcalloc(1, sizeof *w);

	if (uv_async_init(&l->uv, &w->handle, on_wake) != 0)
		abort();
	uv_unref((uv_handle_t *)&w->handle);
	w->handle.data = w;
	w->woken = woken;
	w->arg = arg;
	return w;
}

void
wake_send(struct wake *w)
{
	uv_async_send(&w->handle);
}

void
wake_free(struct wake *w)
{
	if (w != NULL)
		uv_close((uv_handle_t *)&w->handle, free_handle);
}

static void
on_signal(uv_signal_t *handle, int signal)
{
	struct signal_watch *s = handle->data;

	(void)signal;
	s->caught(s->arg);
}

void
loop_on_signal(struct loop *l, int signal, loop_callback *caught, void *arg)
{
	struct signal_watch *s = xcalloc(1, sizeof *s);

	uv_signal_init(&l->uv, &s->handle);
	s->handle.data = s;
	s->caught = caught;
	s->arg = arg;
	s->next = l->signals;
	l->signals = s;
	uv_signal_start(&s->handle, on_signal, signal);
	uv_unref((uv_handle_t *)&s->handle);
}
