/* list_text.c - see list_text.h */
#include "rules/list_text.h"

static void
add(struct text *t, const char *column, const char *what, const char *value)
{
	if (*column != '\0')
		text_addf(t, "%s%s %.80s", t->len ? ", " : "", what, *value ? value : "<>");
}

void
list_text(struct text *t, const struct list_row *row, const struct request *r)
{
	add(t, row->client, "client", r->client_address);
	add(t, row->helo, "HELO name", r->helo_name);
	add(t, row->sender, "sender", r->sender);
	add(t, row->recipient, "recipient", r->recipient);
}
