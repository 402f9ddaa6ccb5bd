/* arena.c - see arena.h */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 16384, KEPT = 128 };	/* the latter: 2 MB */

struct chunk {
	struct chunk *next;
	size_t used, size;
	max_align_t bytes[];
};

/* The first chunk is part of the arena, so that most requests are one malloc, reused. */
struct arena {
	struct chunk *chunks;		/* the one being filled first */
	struct arena *next_kept;
	struct chunk first;
};

static _Thread_local struct arena *kept;
static _Thread_local unsigned kept_count;

static void *
check(void *p)
{
	if (p == NULL) {
		fputs("policyd: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *
xmalloc(size_t size)
{
	return check(malloc(size ? size : 1));
}

void *
xcalloc(size_t count, size_t size)
{
	return check(calloc(count ? count : 1, size ? size : 1));
}

void *
xrealloc(void *old, size_t size)
{
	return check(realloc(old, size ? size : 1));
}

char *
xstrdup(const char *text)
{
	return check(strdup(text));
}

struct arena *
arena_new(void)
{
	struct arena *a = kept;

	if (a != NULL) {
		kept = a->next_kept;
		kept_count--;
	} else {
		a = xmalloc(sizeof *a + CHUNK_BYTES);
		a->first.size = CHUNK_BYTES;
	}
	a->first.used = 0;
	a->first.next = NULL;
	a->chunks = &a->first;
	a->next_kept = NULL;
	return a;
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	for (struct chunk *c = a->chunks, *next; c != &a->first; c = next) {
		next = c->next;
		free(c);
	}
	if (kept_count == KEPT) {
		free(a);
		return;
	}
	a->next_kept = kept;
	kept = a;
	kept_count++;
}

void *
arena_alloc(struct arena *a, size_t size_bytes)
{
	const size_t unit = sizeof(max_align_t);
	struct chunk *c = a->chunks;

	if (size_bytes > SIZE_MAX / 2)
		check(NULL);
	size_bytes = (size_bytes + unit - 1) / unit * unit;
	if (c->size - c->used < size_bytes) {
		size_t size = size_bytes > CHUNK_BYTES ? size_bytes : CHUNK_BYTES;

		c = xmalloc(sizeof *c + size);
		c->size = size;
		c->used = 0;
		c->next = a->chunks;
		a->chunks = c;
	}
	void *p = (char *)c->bytes + c->used;
	c->used += size_bytes;
	return memset(p, 0, size_bytes);
}

char *
arena_strndup(struct arena *a, const char *bytes, size_t len)
{
	char *copy = arena_alloc(a, len + 1);

	memcpy(copy, bytes, len);
	return copy;
}

char *
arena_strdup(struct arena *a, const char *text)
{
	return arena_strndup(a, text, strlen(text));
}

char *
arena_vprintf(struct arena *a, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0)
		return arena_strdup(a, "");
	char *text = arena_alloc(a, (size_t)len + 1);
	vsnprintf(text, (size_t)len + 1, format, args);
	return text;
}

char *
arena_printf(struct arena *a, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text = arena_vprintf(a, format, args);
	va_end(args);
	return text;
}
