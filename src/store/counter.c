/* counter.c - see counter.h; few keys (actions and checks) in few hours, so a list does */
#include "store/counter.h"
#include "base/arena.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct total {
	struct total *next;
	char *scope, *key;
	int64_t window, n;
	bool dirty;
};

struct counters {
	struct total *totals;		/* newest window first, more or less */
	int64_t newest;
};

struct counters *
counters_new(void)
{
	return xcalloc(1, sizeof(struct counters));
}

void
counters_add(struct counters *c, const char *scope, const char *key, int64_t time_s, int64_t n)
{
	int64_t window = time_s - time_s % COUNTER_WINDOW_S;
	struct total *t = c->totals;

	while (t != NULL && (t->window != window || strcmp(t->key, key) != 0 || strcmp(t->scope, scope) != 0))
		t = t->next;
	if (t == NULL) {
		t = xcalloc(1, sizeof *t);
		t->scope = xstrdup(scope);
		t->key = xstrdup(key);
		t->window = window;
		t->next = c->totals;
		c->totals = t;
	}
	if (window > c->newest)
		c->newest = window;
	t->n += n;
	t->dirty = true;
}

bool
counters_write(struct counters *c,
    bool (*write)(void *arg, const char *scope, const char *key, int64_t window, int64_t n), void *arg)
{
	for (const struct total *t = c->totals; t != NULL; t = t->next)
		if (t->dirty && !write(arg, t->scope, t->key, t->window, t->n))
			return false;
	return true;
}

static void
total_free(struct total *t)
{
	free(t->scope);
	free(t->key);
	free(t);
}

void
counters_written(struct counters *c)
{
	for (struct total **at = &c->totals; *at != NULL;) {
		struct total *t = *at;

		t->dirty = false;
		if (t->window < c->newest - 48 * COUNTER_WINDOW_S) {
			*at = t->next;
			total_free(t);
		} else
			at = &t->next;
	}
}

void
counters_dirty(struct counters *c)
{
	for (struct total *t = c->totals; t != NULL; t = t->next)
		t->dirty = true;
}

void
counters_free(struct counters *c)
{
	for (struct total *t = c->totals, *next; t != NULL; t = next) {
		next = t->next;
		total_free(t);
	}
	free(c);
}

/* ---- what decisions count as ---- */

bool
would_key(const char **would, char key[COUNTER_KEY])
{
	char action[16], check[64];
	int len;

	if (*would == NULL || sscanf(*would, "%15[a-z] %63[a-z0-9_]%n", action, check, &len) != 2)
		return false;
	snprintf(key, COUNTER_KEY, "%s:%s", action, check);
	*would += len;
	*would += strspn(*would, ", ");
	return true;
}
