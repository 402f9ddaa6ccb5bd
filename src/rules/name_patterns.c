/* name_patterns.c - see name_patterns.h */
#include "rules/name_patterns.h"

#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyz"

/* NULL, or what is wrong with it; text is put into lower case. */
static const char *
check(char *text)
{
	size_t letters = 0;

	for (char *c = text; *c; c++) {
		*c = to_lower(*c);
		letters += is_letter(*c);
	}
	if (strlen(text) >= DOMAIN_TEXT)
		return "longer than any name";
	if (text[strspn(text, LETTERS "0123456789-_.*")] != '\0')
		return "no name has such characters; a name that is not ASCII has A-labels (xn--)";
	if (strchr(text, '.') == NULL && text[strspn(text, LETTERS "*")] != '\0')
		return "a word has letters only, what else is in a name stands between words";
	if (letters < 2)
		return "it takes names of all kinds; at least two letters tell them apart";
	return NULL;
}

const char *
name_patterns_parse(struct arena *a, const char *text, void *into)
{
	const char **at = arena_alloc(a, NAME_PATTERNS_MAX * sizeof *at);
	size_t count = 0;

	for (char *pattern; (pattern = option_word(a, &text)) != NULL;) {
		if (count == NAME_PATTERNS_MAX)
			return arena_printf(a, "more than %d patterns; take the least useful ones out",
			    NAME_PATTERNS_MAX);
		const char *why = check(pattern);
		if (why != NULL)
			return arena_printf(a, "%.80s: %s; write words as in dsl or dial*, or names as in "
			    "*.dyn.example.net", pattern, why);
		at[count++] = pattern;
	}
	*(struct name_patterns *)into = (struct name_patterns){ count, at };
	return NULL;
}

/* The pieces between the stars, found one behind the other; the first and the last at the ends. */
static bool
matches(const char *pattern, const char *text, size_t len)
{
	size_t piece = strcspn(pattern, "*");

	if (pattern[piece] == '\0')
		return len == piece && memcmp(text, pattern, len) == 0;
	if (len < piece || memcmp(text, pattern, piece) != 0)
		return false;
	for (;;) {
		text += piece;
		len -= piece;
		pattern += piece + 1;
		piece = strcspn(pattern, "*");
		if (pattern[piece] == '\0')
			return len >= piece && memcmp(text + len - piece, pattern, piece) == 0;
		const char *at = memmem(text, len, pattern, piece);
		if (at == NULL)
			return false;
		len -= (size_t)(at - text);
		text = at;
	}
}

/* Names are in lower case; what is not is no letter. */
static bool
is_small(char c)
{
	return c >= 'a' && c <= 'z';
}

/* The next word from here on, and how many letters it has; end if there is none. */
static const char *
next_word(const char *text, const char *end, size_t *letters)
{
	while (text < end && !is_small(*text))
		text++;
	for (*letters = 0; text + *letters < end && is_small(text[*letters]);)
		++*letters;
	return text;
}

static bool
has_word(const char *pattern, const char *text, size_t len)
{
	const char *end = text + len;

	for (size_t letters; (text = next_word(text, end, &letters)) < end; text += letters)
		if (matches(pattern, text, letters))
			return true;
	return false;
}

size_t
name_host_len(const char *name)
{
	const char *organisation = domain_organisation(name);

	return organisation ? (size_t)(organisation - name) : strlen(name);
}

/* The letters that words begin with, as bits. */
static uint32_t
first_letters(const char *text, size_t len)
{
	const char *end = text + len;
	uint32_t first = 0;

	for (size_t letters; (text = next_word(text, end, &letters)) < end; text += letters)
		first |= UINT32_C(1) << (*text - 'a');
	return first;
}

/* Words are looked for in the first host_len bytes. */
static const char *
first_match(const struct name_patterns *p, const char *name, size_t host_len)
{
	size_t len = strlen(name);
	uint32_t first = first_letters(name, host_len);

	for (size_t i = 0; i < p->count; i++) {
		const char *pattern = p->at[i];

		/* Nearly all end here: neither a word nor the name begins as they do. */
		if (*pattern != *name && is_letter(*pattern) && !(first >> (*pattern - 'a') & 1))
			continue;
		if (strchr(pattern, '.') ? matches(pattern, name, len) : has_word(pattern, name, host_len))
			return pattern;
	}
	return NULL;
}

const char *
name_patterns_match(const struct name_patterns *p, const char *name, bool words)
{
	const char *pattern = first_match(p, name, words ? strlen(name) : 0);

	/* Where the organisational domain begins takes longer to find than all else, and is seldom asked. */
	if (pattern != NULL && strchr(pattern, '.') == NULL)
		pattern = first_match(p, name, name_host_len(name));
	return pattern;
}
