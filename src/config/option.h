/* option.h - a setting is one row
 *
 * The reader, the range check, `policyd -d`, the manual page's test and the
 * test of policyd.conf.example all read these tables.  A room or a rule keeps
 * its rows beside the struct they fill:
 *
 *     #define OPTIONS greylist_options
 *     static const struct option rows[] = {
 *         { "greylist_delay", OPT_SEC, INTO(greylist_delay_s), "5m", "0s", "24h",
 *           "How long a new triplet is deferred (RFC 6647); 0s turns greylisting off." },
 *     };
 */
#ifndef CONFIG_OPTION_H
#define CONFIG_OPTION_H

#include "base/address.h"
#include "base/arena.h"
#include "config/setting.h"

#include <stddef.h>

enum option_type {			/* what is written; what is filled */
	OPT_BOOL,			/* yes or no; bool */
	OPT_INT,			/* a whole number; int64_t */
	OPT_SEC,			/* 90s, 5m, 2h, 7d, 1w; int64_t seconds */
	OPT_MSEC,			/* 250ms, 2s, 1m; int64_t milliseconds */
	OPT_BYTES,			/* 4096, 64K, 10M, 2G; int64_t bytes */
	OPT_OCTAL,			/* file permissions, 0660; int64_t */
	OPT_TEXT,			/* anything, in quotes (\" and \\ within) if it starts with one; const char *, never NULL */
	OPT_WORD,			/* one of .words, "all|refusals|off"; int, the word's place from 0 */
	OPT_LIST,			/* separated by blanks or commas; struct option_list */
	OPT_NETWORKS,			/* addresses and networks; struct option_networks */
	OPT_DOMAINS,			/* domain names, kept in normal form, a leading dot kept; struct option_list */
	OPT_SETTING,			/* a check; struct setting */
	OPT_PARSED,			/* the row's own .parse; what it says */
};

struct option_list {
	size_t count;
	const char *const *at;
};

struct option_networks {
	size_t count;
	const struct network *at;
};

struct option {
	const char *name;
	enum option_type type;
	size_t offset;			/* INTO(member) */
	const char *fallback;		/* the default, as one would write it */
	const char *min, *max;		/* OPT_INT, OPT_SEC, OPT_MSEC, OPT_BYTES: as one would write them */
	const char *sentence;		/* what it does, for people */
	const char *words;		/* OPT_WORD */
	/* OPT_PARSED: read text into the member at into; NULL, or a sentence (in a) that says what is wrong and right. */
	const char *(*parse)(struct arena *a, const char *text, void *into);
	const char *(*check)(const char *word);		/* OPT_LIST, OPT_DOMAINS: NULL, or what is wrong with the word and what is right */
};

/* A row says what it has to say; what it leaves out is NULL. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define INTO(member) offsetof(struct OPTIONS, member)

struct option_table {
	const struct option *rows;
	size_t count;			/* rows; may be 0 */
	size_t size;			/* bytes of the struct they fill */
};

#define OPTION_TABLE(rows_) { (rows_), sizeof (rows_) / sizeof *(rows_), sizeof(struct OPTIONS) }

/*
 * Read text, one line without blanks around it, into the option's member of the
 * struct at base; strings live in a.  NULL, or a sentence (in a, or static) that
 * says what is wrong and right.
 */
const char *option_read(const struct option *o, struct arena *a, const char *text, void *base);

/* For an OPT_PARSED row's own parser: the next word of a list, in a; *text moves behind it.  NULL at the end. */
char *option_word(struct arena *a, const char **text);

/* True if one of the networks holds a. */
bool networks_contain(const struct option_networks *n, const struct address *a);

/*
 * The first of the domains (OPT_DOMAINS) that name, in normal form, is or lies below; one with a leading dot holds only
 * names below it.  NULL if there is none.
 */
const char *domains_find(const struct option_list *domains, const char *name);

#endif
