/* section.h - the inside of a configuration, for config.c and its reader */
#ifndef CONFIG_SECTION_H
#define CONFIG_SECTION_H

#include "config/config.h"

enum { CONFIG_BYTES_MAX = 1 << 20, PROFILES_MAX = 256, PROBLEMS_KEPT = 100 };

/* What sections of one kind hold: the rows of all its tables in one. */
struct kind {
	const struct option_table *const *tables;
	size_t table_count, count;
	struct slot {
		const struct option *option;
		size_t table;
	} *slots;
	struct profile *defaults;	/* the section that all of them start from */
};

/* One section; [server] is one too. */
struct profile {
	const struct kind *kind;
	const char *name, *parent_name;	/* parent_name NULL: none */
	struct profile *parent;		/* at last the defaults, whose own is NULL */
	size_t line;			/* of its header; 0: not in the file */
	size_t place;			/* among the profiles */
	const char **texts;		/* by slot: as written; the parent's where nothing was, once filled */
	size_t *lines;			/* by slot: where it was written; 0: nowhere */
	void **values;			/* by table: the struct; NULL until filled */
};

struct config {
	unsigned refs;			/* the loop's thread alone counts */
	struct arena *arena;
	struct kind server_kind, profile_kind;
	struct profile *server, *profiles[PROFILES_MAX];
	size_t profile_count;
};

struct profile *section_new(struct config *c, const struct kind *k, const char *name);
struct profile *section_find(const struct config *c, const char *name);	/* among profiles */

/*
 * Put what the file's bytes say into the sections of c, every value tried, no
 * circle of parents left.  bytes are spoilt; there is a NUL behind the len of
 * them.  False if *p has got a line.
 */
bool reader_read(struct config *c, const char *file, char *bytes, size_t len, struct problems *p);

/* The one line for a file that could not be read at all. */
void reader_failed(const char *file, const char *why, struct problems *p);

#endif
