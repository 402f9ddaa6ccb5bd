/* quota.c - see quota.h */
#include "config/quota.h"
#include "config/option.h"

#include <string.h>

const char *const quota_units[QUOTA_UNITS] = { [QUOTA_RECIPIENTS] = "recipients", [QUOTA_MESSAGES] = "messages",
	[QUOTA_BYTES] = "bytes" };

#define OPTIONS number
struct number {
	int64_t n;
};
static const struct option plain = { "", OPT_INT, INTO(n), "1", "0", "1000000000" };
static const struct option size = { "", OPT_BYTES, INTO(n), "1", "0", "1000000G" };
static const struct option length = { "", OPT_SEC, INTO(n), "1h", "1m", "366d" };
#undef OPTIONS

enum { WORDS_MAX = 8 };

/* Its words, a slash being one wherever it stands; how many, or more than WORDS_MAX. */
static size_t
split(struct arena *a, const char *text, size_t len, const char *words[WORDS_MAX])
{
	size_t count = 0;

	for (const char *at = text, *end = text + len; at < end;) {
		size_t word = *at == '/' ? 1 : strcspn(at, " \t/,");

		if (word > 0 && count == WORDS_MAX)
			return WORDS_MAX + 1;
		if (word > 0)
			words[count++] = arena_strndup(a, at, word);
		at += word ? word : 1;
	}
	return count;
}

static bool
read_unit(const char *word, enum quota_unit *unit)
{
	for (*unit = 0; *unit < QUOTA_UNITS; (*unit)++)
		if (strcmp(word, quota_units[*unit]) == 0)
			return true;
	return false;
}

/* One of them, whose words these are; NULL, or what is wrong. */
static const char *
read_quota(struct arena *a, const char *const words[], size_t count, bool scoped, struct quota *q)
{
	const char *why;
	struct number most, time;

	*q = (struct quota){ .scope = NULL };
	if (scoped && count > 0) {
		q->scope = *words++;
		count--;
	}
	q->fixed = count == 5 && strcmp(words[4], "fixed") == 0;
	if (count != (q->fixed ? 5 : 4) || strcmp(words[2], "/") != 0 || !read_unit(words[1], &q->unit))
		return scoped ? "write login 500 recipients / 1h, or messages or bytes, with fixed behind it if it is to begin anew each time" :
		    "write 500 recipients / 1h, or messages or bytes, with fixed behind it if it is to begin anew each time";
	why = option_read(q->unit == QUOTA_BYTES ? &size : &plain, a, words[0], &most);
	if (why == NULL)
		why = option_read(&length, a, words[3], &time);
	if (why != NULL)
		return why;
	q->most = most.n;
	q->length_s = time.n;
	return NULL;
}

/* Would the two count the same thing? */
static bool
is_same(const struct quota *a, const struct quota *b)
{
	bool same_scope = a->scope == b->scope || (a->scope != NULL && b->scope != NULL && strcmp(a->scope, b->scope) == 0);

	return same_scope && a->unit == b->unit && a->length_s == b->length_s && a->fixed == b->fixed;
}

static const char *
add_quota(struct arena *a, const char *const words[], size_t count, bool scoped, struct quota *at, size_t *used)
{
	const char *why = *used == QUOTAS_MAX ? "one too many; take some out" : read_quota(a, words, count, scoped, &at[*used]);

	for (size_t i = 0; why == NULL && i < *used; i++)
		if (is_same(&at[i], &at[*used]))
			why = "there is one for the same and the same time before it; leave one out";
	++*used;
	return why;
}

const char *
quotas_read(struct arena *a, const char *text, bool scoped, struct quotas *out)
{
	struct quota at[QUOTAS_MAX];
	const char *words[WORDS_MAX];
	size_t count = 0;

	if (strcmp(text, "none") == 0)
		text = "";
	for (size_t len; *text != '\0'; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		size_t word_count = split(a, text, len, words);

		if (word_count == 0)
			continue;
		const char *why = add_quota(a, words, word_count, scoped, at, &count);
		if (why != NULL)
			return arena_printf(a, "%.*s: %s", len < 100 ? (int)len : 100, text + strspn(text, " \t"), why);
	}
	struct quota *copy = arena_alloc(a, count * sizeof *copy);	/* there may be a million rows */
	memcpy(copy, at, count * sizeof *copy);
	*out = (struct quotas){ count, copy };
	return NULL;
}

int64_t
quota_step_s(const struct quota *q)
{
	return q->fixed ? q->length_s : (q->length_s + QUOTA_STEPS - 2) / (QUOTA_STEPS - 1);
}

int64_t
quota_span_s(const struct quota *q)
{
	return q->fixed ? q->length_s : quota_step_s(q) * QUOTA_STEPS;
}
