/* name_patterns.h - a list of patterns for host names, as people write it
 *
 *     dsl, dial*, *static, *.dyn.example.net
 *
 * A pattern without a dot is a word.  It is looked for among the words that stand
 * in front of a name's organisational domain, where everything but letters stands
 * between words: "p3-dsl7.pool.isp.example" has p, dsl and pool.  A pattern with
 * a dot is held against the whole name.  "*" stands for any characters, or none.
 */
#ifndef RULES_NAME_PATTERNS_H
#define RULES_NAME_PATTERNS_H

#include "policy/rule.h"

enum { NAME_PATTERNS_MAX = 250 };

struct name_patterns {
	size_t count;
	const char *const *at;		/* lower case */
};

/* The parser of an OPT_PARSED row whose member is a struct name_patterns. */
const char *name_patterns_parse(struct arena *a, const char *text, void *into);

/* The first pattern that matches name (lower case, any bytes), or NULL; without words only patterns with a dot count. */
const char *name_patterns_match(const struct name_patterns *p, const char *name, bool words);

/* How many bytes of name stand in front of its organisational domain; all of them if it has none. */
size_t name_host_len(const char *name);

#endif
