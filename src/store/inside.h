/* inside.h - what the files of the loop's side share: store.c, which keeps it, and known.c, which asks and fills it */
#ifndef STORE_INSIDE_H
#define STORE_INSIDE_H

#include "store/blocks.h"
#include "store/bounces.h"
#include "store/clients.h"
#include "store/desk.h"
#include "store/logins.h"
#include "store/quotas.h"
#include "store/relays.h"
#include "store/sent.h"
#include "store/triplets.h"

#include <sqlite3.h>

enum { COUNTS_MAX = 64 };

struct pending_count {
	char scope[24], key[COUNTER_KEY];
	int64_t window, n;
};

struct store {
	struct store_options options;
	char *path, id[WRITER_ID];		/* writer.id; "": read only */
	struct writer *writer;			/* NULL: read only */
	struct writer_options writer_options;
	struct wake *wake;
	struct timer *look, *slice, *flush, *read, *turn;
	struct pending_write *newest_awaited;
	size_t queued, queued_bytes;		/* all that waits; of decisions */
	int64_t reference;
	unsigned clashes;		/* so many there had been when that was given */
	bool trouble;				/* as last said in the log */
	bool unreadable_said;			/* that triplet_pending is */
	unsigned generation;

	struct desk desk;
	sqlite3 *facts;				/* reads what rules ask, always the newest; NULL: cannot be had now */
	int64_t facts_again_us;			/* then it is tried again */
	sqlite3_stmt *begin_facts, *end_facts;
	bool asking;				/* facts is in a transaction, until this turn of the loop is over */
	struct pending_write *writes, **writes_end;	/* of this turn, to be handed over */
	unsigned write_count;
	bool together;				/* what is put is handed over in one piece */
	struct sent sent;
	struct clients *clients;
	struct bounces_asked bounces;
	struct quotas_asked quotas;
	struct relays relays;
	struct logins logins;
	struct blocks blocks;
	struct triplets triplets;
	bool fed;				/* by policyd-feed, as of the last look */
	int64_t attempts_keep_s;
	char *problems_written;			/* as desk.problems were; NULL: never */
	size_t problems_written_len;
	char *dns_lists;			/* cells, as store_dns_lists() was given them; NULL: never */
	size_t dns_lists_size;
	bool dns_lists_stale;			/* the file does not have them yet */
	bool quotas_stale;			/* the same of what was counted before it was opened */

	struct pending_count counts[COUNTS_MAX];
	size_t count_used;
	struct metric *commits, *rows, *dropped, *queue, *in_trouble, *attempts;
};

/* Is there no room for another write? */
bool store_is_full(const struct store *s);

/* Hand it to the writer, with what else there is in this turn of the loop. */
void store_put(struct store *s, struct pending_write *w);

/* The waiter is told when this is written, and no more when what it waited for is. */
void store_await(struct store *s, struct pending_write *w, struct store_waiter *waiter);

/* The connection for what rules ask, in the transaction of this turn; NULL while the file cannot be read. */
sqlite3 *store_facts(struct store *s);

#endif
