/* pending.c - what is handed to the writer, each in one piece of memory with its texts; see writer.h */
#include "base/arena.h"
#include "base/text.h"
#include "store/writer.h"

#include <string.h>

struct pending_write *
pending_decision(const struct decision_row *row)
{
	struct decision_row copy = *row;
	const char **texts[] = { &copy.action, &copy.check, &copy.would, &copy.reply, &copy.profile, &copy.context,
	    &copy.stage, &copy.client_address, &copy.client_name, &copy.helo, &copy.sender, &copy.sender_domain,
	    &copy.recipient, &copy.login, &copy.instance, &copy.queue_id, &copy.detail };
	size_t lens[sizeof texts / sizeof *texts], size = 0;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		size += lens[i] = *texts[i] ? strlen(*texts[i]) + 1 : 0;
	struct pending_write *w = xmalloc(sizeof *w + size);
	memset(w, 0, sizeof *w);
	char *at = (char *)(w + 1);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (*texts[i] != NULL) {
			*texts[i] = memcpy(at, *texts[i], lens[i]);
			at += lens[i];
		}
	w->kind = WRITE_DECISION;
	w->row = copy;
	w->bytes = sizeof *w + size;
	return w;
}

struct pending_write *
pending_count(const char *scope, const char *key, int64_t time_s, int64_t n)
{
	size_t scope_size = strlen(scope) + 1, key_size = strlen(key) + 1;
	struct pending_write *w = xcalloc(1, sizeof *w + scope_size + key_size);

	w->kind = WRITE_COUNT;
	w->scope = memcpy(w + 1, scope, scope_size);
	w->key = memcpy((char *)(w + 1) + scope_size, key, key_size);
	w->time_s = time_s;
	w->n = n;
	return w;
}

struct pending_write *
pending_cells(enum write_kind kind, const char *cells, size_t size)
{
	struct pending_write *w = xcalloc(1, sizeof *w + size);

	w->kind = kind;
	w->cells = memcpy(w + 1, cells, size);
	return w;
}

struct pending_write *
pending_row(enum row_kind kind, const struct cell *cells, size_t count)
{
	size_t size = sizeof(struct pending_write);

	for (size_t i = 0; i < count; i++)
		size += cells[i].text ? strlen(cells[i].text) + 1 : 0;
	struct pending_write *w = xcalloc(1, size);
	char *at = (char *)(w + 1);
	w->kind = WRITE_ROW;
	w->row_kind = kind;
	w->bytes = size;
	w->cell_count = count;
	for (size_t i = 0; i < count; i++) {
		w->row_cells[i] = cells[i];
		w->row_cells[i].text = text_place(&at, cells[i].text);
	}
	return w;
}

bool
pending_key(struct text *t, const char *who)
{
	text_add_safe(t, who, strlen(who));
	return !t->cut && t->len > 0;
}
