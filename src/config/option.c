/* option.c - see option.h */
#include "config/option.h"
#include "base/ascii.h"
#include "base/domain.h"
#include "config/word.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATORS " \t\r\n,"

enum { OCTAL_MAX = 07777 };

/* ---- numbers ---- */

struct unit {
	const char *name;
	int64_t factor;
};

/* How a number of one type is written. */
struct measure {
	const char *advice;
	struct unit units[6];
};

static const struct measure count = { "write a whole number, as in 10", { { "", 1 } } };
static const struct measure seconds = { "write s, m, h, d or w, as in 5m",
    { { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 }, { "w", 604800 } } };
static const struct measure milliseconds = { "write ms, s or m, as in 250ms",
    { { "ms", 1 }, { "s", 1000 }, { "m", 60000 } } };
static const struct measure bytes = { "write bytes, or K, M or G, as in 10M",
    { { "", 1 }, { "K", 1 << 10 }, { "M", 1 << 20 }, { "G", 1 << 30 } } };

static const char *
number_read(const struct measure *m, struct arena *a, const char *text, int64_t *out)
{
	const char *digits = text + (m == &count && *text == '-');
	char *unit;

	if (!is_digit(*digits))
		return arena_printf(a, "%s; %s", *text ? "not a number" : "no value", m->advice);
	errno = 0;
	long long n = strtoll(text, &unit, 10);
	for (const struct unit *u = m->units; u->name != NULL; u++) {
		if (strcmp(unit, u->name) != 0)
			continue;
		if (errno == ERANGE || __builtin_mul_overflow(n, u->factor, out))
			return "far too large a number; write a smaller one";
		return NULL;
	}
	if (*unit == '\0')
		return arena_printf(a, "no unit; %s", m->advice);
	if (m == &count)
		return arena_printf(a, "'%.60s' behind the number; %s", unit, m->advice);
	return arena_printf(a, "no unit '%.60s'; %s", unit, m->advice);
}

/* A bound of the option's own, as a number; none if there is no bound. */
static int64_t
bound(const struct measure *m, struct arena *a, const char *text, int64_t none)
{
	int64_t n;

	if (text == NULL)
		return none;
	const char *why = number_read(m, a, text, &n);
	assert(why == NULL);
	(void)why;
	return n;
}

static const char *
read_number(const struct option *o, const struct measure *m, struct arena *a, const char *text, int64_t *out)
{
	const char *why = number_read(m, a, text, out);

	if (why != NULL)
		return why;
	bool below = *out < bound(m, a, o->min, INT64_MIN), above = *out > bound(m, a, o->max, INT64_MAX);
	if (!below && !above)
		return NULL;
	if (o->max == NULL)
		return arena_printf(a, "less than %s; write %s or more", o->min, o->min);
	if (o->min == NULL)
		return arena_printf(a, "more than %s; write %s or less", o->max, o->max);
	return arena_printf(a, "%s than %s; write %s to %s", below ? "less" : "more", below ? o->min : o->max,
	    o->min, o->max);
}

static const char *
read_octal(const char *text, int64_t *out)
{
	*out = *text && text[strspn(text, "01234567")] == '\0' ? strtol(text, NULL, 8) : -1;
	return *out < 0 || *out > OCTAL_MAX ? "not file permissions; write them in octal, as in 0660" : NULL;
}

/* ---- words ---- */

static const char *
read_bool(struct arena *a, const char *text, bool *out)
{
	int place = word_place("no|yes", text);

	if (place >= 0) {
		*out = place == 1;
		return NULL;
	}
	if (word_place("on|true|1|y|Yes|YES|enable|enabled", text) >= 0)
		return arena_printf(a, "no word '%s' here; write yes", text);
	if (word_place("off|false|0|n|No|NO|disable|disabled|none", text) >= 0)
		return arena_printf(a, "no word '%s' here; write no", text);
	return word_unknown(a, "yes|no", text);
}

static const char *
read_word(const struct option *o, struct arena *a, const char *text, int *out)
{
	*out = word_place(o->words, text);
	return *out < 0 ? word_unknown(a, o->words, text) : NULL;
}

static const char *
read_text(struct arena *a, const char *text, const char **out)
{
	const char *why;

	if (*text != '"') {
		*out = arena_strdup(a, text);
		return NULL;
	}
	*out = word_quoted(a, &text, &why);
	if (*out == NULL)
		return why;
	return *text ? "something follows the closing quote; remove it (a quote within is \\\")" : NULL;
}

/* ---- lists ---- */

static size_t
pieces(const char *text)
{
	size_t n = 0;

	while (*(text += strspn(text, SEPARATORS)) != '\0') {
		text += strcspn(text, SEPARATORS);
		n++;
	}
	return n;
}

/* The name in normal form, a leading dot kept; NULL if it is none. */
static char *
domain_keep(struct arena *a, const char *text)
{
	char normal[DOMAIN_TEXT];
	bool below = *text == '.';

	if (!domain_normal(text + below, normal) || *normal == '\0')
		return NULL;
	return arena_printf(a, "%s%s", below ? "." : "", normal);
}

static const char *
read_list(const struct option *o, struct arena *a, const char *text, struct option_list *out)
{
	bool domains = o->type == OPT_DOMAINS;
	const char **at = arena_alloc(a, pieces(text) * sizeof *at);

	*out = (struct option_list){ .at = at };
	for (char *piece; (piece = word_next(a, &text, SEPARATORS)) != NULL; ) {
		char *kept = domains ? domain_keep(a, piece) : piece;
		const char *wrong = o->check ? o->check(piece) : NULL;

		if (wrong != NULL)
			return arena_printf(a, "'%.80s': %s", piece, wrong);

		if (kept == NULL)
			return arena_printf(a, "'%.60s' is no domain name; write names as in example.org "
			    "(or .example.org, all below it)", piece);
		at[out->count++] = kept;
	}
	return NULL;
}

static const char *
read_networks(struct arena *a, const char *text, struct option_networks *out)
{
	struct network *at = arena_alloc(a, pieces(text) * sizeof *at);
	const char *why;

	*out = (struct option_networks){ .at = at };
	for (char *piece; (piece = word_next(a, &text, SEPARATORS)) != NULL; )
		if (!network_parse(&at[out->count++], piece, &why))
			return arena_printf(a, "'%.60s': %s", piece, why);
	return NULL;
}

bool
networks_contain(const struct option_networks *n, const struct address *a)
{
	for (size_t i = 0; i < n->count; i++)
		if (network_contains(&n->at[i], a))
			return true;
	return false;
}

const char *
domains_find(const struct option_list *domains, const char *name)
{
	for (size_t i = 0; i < domains->count; i++) {
		const char *domain = domains->at[i];

		if (*domain == '.' ? domain_within(name, domain + 1) && strcmp(name, domain + 1) != 0
		    : domain_within(name, domain))
			return domain;
	}
	return NULL;
}

char *
option_word(struct arena *a, const char **text)
{
	return word_next(a, text, SEPARATORS);
}

/* ---- all of them ---- */

const char *
option_read(const struct option *o, struct arena *a, const char *text, void *base)
{
	void *into = (char *)base + o->offset;
	const char *why;

	switch (o->type) {
	case OPT_BOOL:
		return read_bool(a, text, into);
	case OPT_INT:
		return read_number(o, &count, a, text, into);
	case OPT_SEC:
		return read_number(o, &seconds, a, text, into);
	case OPT_MSEC:
		return read_number(o, &milliseconds, a, text, into);
	case OPT_BYTES:
		return read_number(o, &bytes, a, text, into);
	case OPT_OCTAL:
		return read_octal(text, into);
	case OPT_TEXT:
		return read_text(a, text, into);
	case OPT_WORD:
		return read_word(o, a, text, into);
	case OPT_LIST:
	case OPT_DOMAINS:
		return read_list(o, a, text, into);
	case OPT_NETWORKS:
		return read_networks(a, text, into);
	case OPT_SETTING:
		return setting_parse(a, text, into, &why) ? NULL : why;
	case OPT_PARSED:
		return o->parse(a, text, into);
	}
	assert(false);			/* no such type */
	return NULL;
}
