/* list_entry.h - what lists.c and list_rows.c share: a row in memory, and the key under which it is found */
#ifndef STORE_LIST_ENTRY_H
#define STORE_LIST_ENTRY_H

#include "store/lists.h"
#include "store/pattern.h"
#include "base/hash.h"

enum { KEY_BYTES = 700 };

enum { KINDS = LIST_QUOTA_LIMIT + 1, NAMELESS = KINDS };	/* NAMELESS + kind: rows by name, without the name */

struct entry {
	struct hash_link link;
	const char *key;
	enum list_kind kind;
	struct list_row row;
	struct pattern client, helo, sender, recipient, login;
	bool sender_is_empty;		/* '' stands there, not NULL */
	int weight;			/* how specific */
	/* recipient_profile and recipient_setting */
	const char *name;		/* of the row, in the view problem */
	int64_t created_s;
	const char *profile;
	void *setting;
	struct entry *next_setting;	/* for freeing */
};

struct lists {
	unsigned refs;
	struct arena *arena;
	const char *delimiters;		/* that begin an address extension */
	struct hash_table table;
	size_t rows[KINDS];
	uint64_t prefixes[KINDS][3];	/* prefix lengths in use, as bits: IPv4 in [0], IPv6 0-63 in [1], 64-127 in [2] */
	bool v6_128[KINDS];		/* and this one */
	bool names[KINDS];		/* some row has a client name */
	int64_t names_alone_until_s[KINDS];	/* and one nothing else, which lasts until then */
	struct entry *settings;
};

/* The keys of a client's network, and of a pattern in that column; kind is an enum list_kind, or NAMELESS more. */
void list_network_key(char key[KEY_BYTES], unsigned kind, const struct network *n);
void list_pattern_key(char key[KEY_BYTES], unsigned kind, char column, const struct pattern *p);

/* The first entry under that key; NULL if there is none. */
struct entry *list_first(const struct lists *l, const char *key);

/* The entry is found by that key from now on; one entry has one key. */
void list_insert(struct lists *l, struct entry *e, const char *key);

#endif
