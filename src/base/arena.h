/* arena.h - memory: what dies together is allocated together
 *
 * xmalloc() and friends never return NULL: a daemon that cannot get a few bytes
 * says so and ends, and its supervisor starts it anew.  An arena hands out
 * zeroed, aligned pieces that live until the whole arena is freed; one request,
 * or one configuration, is one arena.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);

/* A new, empty arena.  Freed ones are kept for reuse (by this thread only). */
struct arena *arena_new(void);

/* Free everything the arena handed out, and the arena; NULL is ignored. */
void arena_free(struct arena *a);

/* size_bytes zeroed bytes, aligned for any type; never NULL. */
void *arena_alloc(struct arena *a, size_t size_bytes);

/* Copies, NUL-terminated; arena_strndup() takes exactly len bytes. */
char *arena_strdup(struct arena *a, const char *text);
char *arena_strndup(struct arena *a, const char *bytes, size_t len);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

#endif
