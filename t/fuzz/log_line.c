/* log_line.c - fuzz target: any bytes as lines of a log; an event holds nothing unsafe, and nothing that is not whole */
#include "feed/event.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1795856400 };

static void
is_safe(const char *text, size_t size)
{
	assert(strnlen(text, size) < size);
	for (; *text != '\0'; text++)
		assert((unsigned char)*text >= ' ' && *text != 0x7f);
}

static void
is_whole(const struct feed_event *e)
{
	assert(e->kind < FEED_KINDS && e->time_s <= NOW);
	assert((e->kind == FEED_UNKNOWN) || strchr(e->queue, '/') != NULL);
	assert((e->kind == FEED_UNKNOWN) <= (e->client.bits != 0 && *e->address));
	assert((e->kind == FEED_RETURNED) == (*e->dsn == '4' || *e->dsn == '5'));
	assert(!e->hard || *e->dsn == '5');
	is_safe(e->queue, sizeof e->queue);
	is_safe(e->origin, sizeof e->origin);
	is_safe(e->address, sizeof e->address);
	is_safe(e->login, sizeof e->login);
	is_safe(e->dsn, sizeof e->dsn);
	is_safe(e->said, sizeof e->said);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	while (size > 0) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) : size;
		char *copy = strndup((const char *)data, len);	/* ASan watches its end */
		static struct feed_event e;
		struct log_line line;

		if (log_line_split(copy, NOW, &line) && event_read(&line, &e))
			is_whole(&e);
		free(copy);
		data += len + (end != NULL);
		size -= len + (end != NULL);
	}
	return 0;
}
