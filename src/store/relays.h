/* relays.h - the table relay_domain: whose SPF record does not name us, though they send by us (store.h) */
#ifndef STORE_RELAYS_H
#define STORE_RELAYS_H

#include "store/writer.h"

#include <sqlite3.h>

struct relays {
	sqlite3_stmt *question;		/* prepared when first asked */
};

/* As store_relay(); false if db (NULL: none) cannot say. */
bool relays_past(struct relays *r, sqlite3 *db, const char *domain, struct relay_past *out);

/* The write that remembers it. */
struct pending_write *relays_write(const struct relay_news *news);

/* Before db is closed. */
void relays_finalize(struct relays *r);

#endif
