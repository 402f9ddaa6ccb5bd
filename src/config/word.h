/* word.h - the small pieces that values are made of, and what to say of a wrong one
 *
 * Known words stand in one string with bars between them, "all|refusals|off".
 */
#ifndef CONFIG_WORD_H
#define CONFIG_WORD_H

#include "base/arena.h"

#include <stddef.h>

/* The place of text among words, from 0; -1 if it is none of them. */
int word_place(const char *words, const char *text);

/* "no word 'refusal'; did you mean refusals? Write all, refusals or off" */
const char *word_unknown(struct arena *a, const char *words, const char *text);

/*
 * The next piece of *at between separators (a set of bytes), copied into a; *at
 * moves behind it.  NULL at the end.
 */
char *word_next(struct arena *a, const char **at, const char *separators);

/*
 * The text that stands in quotes at *at (which is the opening quote), with \"
 * and \\ undone; *at moves behind the closing quote.  NULL with a sentence in
 * *why if it does not end or holds another backslash.
 */
const char *word_quoted(struct arena *a, const char **at, const char **why);

/* The candidate that takes the fewest edits to become wanted; start with { .wanted = … }. */
struct nearest {
	const char *wanted;
	const char *name;		/* NULL: none is near enough to be meant */
	size_t edits;
};
void nearest_try(struct nearest *n, const char *candidate, size_t len);

#endif
