/* lasting_sender.c - see lasting_sender.h */
#include "rules/lasting_sender.h"

#include <string.h>

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyz"

/* A part of the local part: from here, so long. */
struct part {
	const char *at;
	size_t len;
};

static bool
starts(const struct part *p, const char *with)
{
	size_t len = strlen(with);

	return p->len > len && memcmp(p->at, with, len) == 0;
}

static void
skip(struct part *p, size_t len)
{
	p->at += len;
	p->len -= len;
}

/* Skip what stands before the mark, and the mark; false if it is not there, or nothing else is. */
static bool
skip_behind(struct part *p, const char *mark)
{
	const char *found = memmem(p->at, p->len, mark, strlen(mark));

	if (found == NULL || found == p->at || found + strlen(mark) >= p->at + p->len)
		return false;
	skip(p, (size_t)(found - p->at) + strlen(mark));
	return true;
}

/* Bounce address tag validation, as sites write it. */
static void
skip_tag(struct part *p)
{
	static const char *const tags[][2] = { { "prvs=", "=" }, { "msprvs1=", "=" }, { "btv1==", "==" } };

	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
		struct part rest = *p;

		if (!starts(p, tags[i][0]))
			continue;
		skip(&rest, strlen(tags[i][0]));
		if (skip_behind(&rest, tags[i][1])) {
			*p = rest;
			return;
		}
	}
}

/* Sender rewriting: of the marks a hash and a time go, =, + and - may stand behind SRS0 and SRS1. */
static void
skip_rewriting(struct text *out, struct part *p)
{
	struct part rest = *p;
	bool again = starts(p, "srs1");

	if ((!again && !starts(p, "srs0")) || strchr("=+-", p->at[4]) == NULL)
		return;
	skip(&rest, 5);
	if (!skip_behind(&rest, "="))
		return;
	struct part host = rest;
	if (again && (!skip_behind(&rest, "=") || (*rest.at != '=' && *rest.at != '+' && *rest.at != '-')))
		return;
	host.len = (size_t)(rest.at - host.at);
	if (again) {
		skip(&rest, 1);
		if (!skip_behind(&rest, "="))
			return;
	}
	if (!skip_behind(&rest, "="))
		return;
	text_addf(out, "srs%c=%.*s", p->at[3], again ? (int)host.len : 0, host.at);
	*p = rest;
}

static bool
is_counter(const char *word, size_t len)
{
	size_t digits = 0, hex = 0;

	for (size_t i = 0; i < len; i++) {
		digits += strchr(DIGITS, word[i]) != NULL;
		hex += strchr(DIGITS "abcdef", word[i]) != NULL;
	}
	return digits > 0 && (digits == len || digits >= 3 || (hex == len && len >= 4));
}

/* Letters and digits from here on. */
static size_t
word_len(const char *at, const char *end)
{
	size_t len = strspn(at, DIGITS LETTERS);

	return len < (size_t)(end - at) ? len : (size_t)(end - at);
}

static void
add_words(struct text *out, const char *at, const char *end)
{
	bool counter = false;		/* that is what was added last */
	const char *mark = NULL;	/* behind it, and part of it if another one follows */

	while (at < end) {
		size_t len = word_len(at, end);

		if (len > 0 && is_counter(at, len)) {
			if (!counter)
				text_add(out, "#");
			counter = true;
			mark = NULL;
			at += len;
			continue;
		}
		if (counter && mark == NULL && strchr("-._=", *at) != NULL) {
			mark = at++;
			continue;
		}
		if (mark != NULL)
			text_add_bytes(out, mark, 1);
		text_add_bytes(out, at, len ? len : 1);
		at += len ? len : 1;
		counter = false;
		mark = NULL;
	}
	if (mark != NULL)
		text_add_bytes(out, mark, 1);
}

void
add_lasting_sender(struct text *out, const char *address)
{
	const char *domain = strrchr(address, '@');
	struct part local = { address, domain ? (size_t)(domain - address) : strlen(address) };

	skip_tag(&local);
	skip_rewriting(out, &local);
	const char *plus = local.len > 0 ? memchr(local.at + 1, '+', local.len - 1) : NULL;
	add_words(out, local.at, plus ? plus : local.at + local.len);
	if (domain != NULL)
		text_add(out, domain);
}
