/* word.c - see word.h */
#include "config/word.h"
#include "base/text.h"

#include <stdbool.h>
#include <string.h>

enum { WORD_BYTES_MAX = 63 };		/* of a word that may have been meant as another */

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance; both at most WORD_BYTES_MAX long. */
static size_t
edits(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t row[WORD_BYTES_MAX + 1];

	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t replace = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = least(replace, least(row[j], row[j - 1]) + 1);
		}
	}
	return row[b_len];
}

void
nearest_try(struct nearest *n, const char *candidate, size_t len)
{
	size_t wanted_len = strlen(n->wanted);

	if (len > WORD_BYTES_MAX || wanted_len > WORD_BYTES_MAX)
		return;
	size_t count = edits(n->wanted, wanted_len, candidate, len);
	if (count <= wanted_len / 2 && (n->name == NULL || count < n->edits)) {
		n->name = candidate;
		n->edits = count;
	}
}

int
word_place(const char *words, const char *text)
{
	size_t len = strlen(text);

	for (int i = 0; ; i++) {
		size_t n = strcspn(words, "|");

		if (n == len && memcmp(words, text, n) == 0)
			return i;
		if (words[n] == '\0')
			return -1;
		words += n + 1;
	}
}

const char *
word_unknown(struct arena *a, const char *words, const char *text)
{
	struct nearest near = { .wanted = text };
	char list[200];
	struct text all = TEXT(list);

	for (const char *at = words; ; at++) {
		size_t n = strcspn(at, "|");
		bool last = at[n] == '\0';

		text_add(&all, at == words ? "" : last ? " or " : ", ");
		text_add_bytes(&all, at, n);
		nearest_try(&near, at, n);
		at += n;
		if (last)
			break;
	}
	if (*text == '\0')
		return arena_printf(a, "no value; write %s", list);
	if (near.name == NULL)
		return arena_printf(a, "no word '%.60s'; write %s", text, list);
	return arena_printf(a, "no word '%.60s'; did you mean %.*s? Write %s", text,
	    (int)strcspn(near.name, "|"), near.name, list);
}

char *
word_next(struct arena *a, const char **at, const char *separators)
{
	const char *start = *at + strspn(*at, separators);
	size_t len = strcspn(start, separators);

	*at = start + len;
	return len ? arena_strndup(a, start, len) : NULL;
}

const char *
word_quoted(struct arena *a, const char **at, const char **why)
{
	const char *from = *at + 1;
	char *text = arena_alloc(a, strlen(from) + 1), *to = text;

	for (; *from != '"'; from++) {
		if (*from == '\\' && *++from != '"' && *from != '\\') {
			*why = "a backslash in quotes stands before \" or \\ only; write \\\\ for one";
			return NULL;
		}
		if (*from == '\0') {
			*why = "the text does not end; write a closing quote (a quote within is \\\")";
			return NULL;
		}
		*to++ = *from;
	}
	*at = from + 1;
	return text;
}
