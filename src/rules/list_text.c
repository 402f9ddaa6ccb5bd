/* list_text.c - see list_text.h */
#include "rules/list_text.h"

static void
add(struct text *t, const char *column, const char *what, const char *value)
{
	size_t before = t->len;

	if (*column != '\0')
		text_addf(t, "%s%s %.80s", before ? ", " : "", what, *value ? value : "<>");
	if (t->cut) {			/* no half of it */
		t->len = before;
		t->at[before] = '\0';
	}
}

void
list_text(struct text *t, const struct list_row *row, const struct request *r)
{
	add(t, row->client, "client", r->client_address);
	add(t, row->helo, "HELO name", r->helo_name);
	add(t, row->sender, "sender", r->sender);
	add(t, row->recipient, "recipient", r->recipient);
}
