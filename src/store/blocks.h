/* blocks.h - the blocks this policyd, or another, set, until the lists that people write (lists.h) have been read with them
 *
 * An automatic block holds from the moment it is set; reading a million rows again for each would be too much.  It is done
 * when somebody changed the lists, or when there are thousands here.
 */
#ifndef STORE_BLOCKS_H
#define STORE_BLOCKS_H

#include "base/hash.h"
#include "store/store.h"

struct blocks {
	struct hash_table table;
};

/* In place of an earlier one of the same client, or login. */
void blocks_add(struct blocks *b, const struct block *block);

/* The same of one that is in the file, unless one of ours is on its way there. */
void blocks_found(struct blocks *b, const struct block *block);

/* The one of exactly this client, or login ("" the other); NULL if there is none here. */
const struct list_row *blocks_find(const struct blocks *b, const char *client, const char *login);

/* It is in the file.  Lists are being read from now on; have been read: those that were in the file then may go. */
void blocks_written(struct blocks *b, const char *client, const char *login);
void blocks_reading(struct blocks *b);
void blocks_read(struct blocks *b);
void blocks_free(struct blocks *b);

#endif
