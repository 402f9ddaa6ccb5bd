/* setting.c - see setting.h */
#include "config/setting.h"
#include "base/ascii.h"
#include "base/clock.h"
#include "config/macro.h"
#include "config/word.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SCORE_MAX = 1000 };

#define BLANKS " \t"

static const char actions[] = "off|log|score|greylist|defer|reject";	/* as in enum setting_action */
static const char on_errors[] = "skip|defer";			/* as in enum setting_on_error */
static const char extras[] = "on_error|from";

enum extra { EXTRA_ON_ERROR, EXTRA_FROM, EXTRA_TEXT };

/* A setting while it is read. */
struct reading {
	struct arena *arena;
	const char *at;			/* what was not read yet */
	const char *why;		/* the first thing that is wrong; NULL so far */
	unsigned seen;			/* enum extra, as bits */
};

static bool
wrong(struct reading *r, const char *why)
{
	r->why = why;
	return false;
}

static bool
read_score(struct reading *r, int *score)
{
	const char *word = word_next(r->arena, &r->at, BLANKS);
	char *end;

	if (word == NULL)
		return wrong(r, "score without a number; write how much it adds, as in score 3");
	long n = strtol(word, &end, 10);
	if (*end != '\0' || strspn(word, "+-0123456789") == 0)
		return wrong(r, arena_printf(r->arena, "no score '%.60s'; write a whole number, as in score 3", word));
	if (n < -SCORE_MAX || n > SCORE_MAX)
		return wrong(r, arena_printf(r->arena, "a score of %.60s; write -%d to %d", word, SCORE_MAX, SCORE_MAX));
	*score = (int)n;
	return true;
}

static bool
read_on_error(struct reading *r, enum setting_on_error *on_error)
{
	const char *word = word_next(r->arena, &r->at, BLANKS);

	if (word == NULL)
		return wrong(r, "on_error without a word; write on_error skip or on_error defer");
	int place = word_place(on_errors, word);
	if (place < 0)
		return wrong(r, arena_printf(r->arena, "on_error: %s", word_unknown(r->arena, on_errors, word)));
	*on_error = (enum setting_on_error)place;
	return true;
}

/* Four, two and two digits; the calendar's word on the rest is timegm()'s. */
static bool
date_parse(const char *word, int64_t *unix_s)
{
	static const char shape[] = "dddd-dd-dd";
	struct tm day = { 0 }, same;

	for (size_t i = 0; i < sizeof shape; i++)	/* the NUL as well */
		if (shape[i] == 'd' ? !is_digit(word[i]) : word[i] != shape[i])
			return false;
	day.tm_year = atoi(word) - 1900;
	day.tm_mon = atoi(word + 5) - 1;
	day.tm_mday = atoi(word + 8);
	struct tm asked = day;
	time_t t = timegm(&day);
	if (t < 0 || gmtime_r(&t, &same) == NULL || same.tm_mon != asked.tm_mon || same.tm_mday != asked.tm_mday)
		return false;
	*unix_s = t;
	return true;
}

static bool
read_from(struct reading *r, int64_t *from_s)
{
	const char *word = word_next(r->arena, &r->at, BLANKS);

	if (word == NULL)
		return wrong(r, "from without a date; write one as in from 2026-01-31");
	if (!date_parse(word, from_s))
		return wrong(r, arena_printf(r->arena, "no date '%.60s'; write year, month and day, as in 2026-01-31",
		    word));
	return true;
}

static bool
read_text(struct reading *r, const char **text)
{
	const char *found = word_quoted(r->arena, &r->at, &r->why);

	if (found == NULL)
		return false;
	if (*r->at != '\0' && strchr(BLANKS, *r->at) == NULL)
		return wrong(r, "no blank behind the closing quote; write one (a quote within is \\\")");
	if (*found == '\0')
		return wrong(r, "the text is empty; leave it out for the check's own words");
	for (const char *at = found; *at; at++)
		if (*at < ' ' || *at > '~')
			return wrong(r, "the text holds a byte that no SMTP reply may; write printable ASCII");
	const char *why = macro_check(r->arena, found, MACRO_NAMES);
	if (why != NULL)
		return wrong(r, why);
	/* A text that says %{help_url} itself has the room of the tail that does so otherwise. */
	size_t room = macro_room(found), most = REPLY_TEXT_MAX + (macro_uses(found, MACRO_HELP_URL) ? HELP_URL_MAX : 0);
	if (room > most)
		return wrong(r, arena_printf(r->arena, "a text that takes %zu bytes, with its macros; a reply has room for %zu",
		    room, most));
	*text = found;
	return true;
}

/* One of what may follow the action, in any order, each once. */
static bool
read_extra(struct reading *r, struct setting *s)
{
	int extra = EXTRA_TEXT;

	if (*r->at != '"') {
		const char *word = word_next(r->arena, &r->at, BLANKS);

		extra = word_place(extras, word);
		if (extra < 0) {
			struct nearest near = { .wanted = word };

			nearest_try(&near, "on_error", 8);
			nearest_try(&near, "from", 4);
			return wrong(r, near.name == NULL ?
			    arena_printf(r->arena, "no word '%.60s'; write a text in quotes, on_error or from", word) :
			    arena_printf(r->arena, "no word '%.60s'; did you mean %s?", word, near.name));
		}
	}
	if (r->seen & 1u << extra)
		return wrong(r, extra == EXTRA_TEXT ? "two texts; keep one" :
		    extra == EXTRA_FROM ? "from stands twice; keep one" : "on_error stands twice; keep one");
	r->seen |= 1u << extra;
	switch ((enum extra)extra) {
	case EXTRA_ON_ERROR:
		return read_on_error(r, &s->on_error);
	case EXTRA_FROM:
		return read_from(r, &s->from_s);
	case EXTRA_TEXT:
		return read_text(r, &s->text);
	}
	return false;
}

bool
setting_parse(struct arena *a, const char *text, struct setting *out, const char **why)
{
	struct reading r = { .arena = a, .at = text };
	const char *word = word_next(a, &r.at, BLANKS);
	int action = word ? word_place(actions, word) : -1;

	*out = (struct setting){ 0 };
	if (action < 0) {
		*why = word_unknown(a, actions, word ? word : "");
		return false;
	}
	out->action = (enum setting_action)action;
	bool good = out->action != SETTING_SCORE || read_score(&r, &out->score);
	while (good && *(r.at += strspn(r.at, BLANKS)) != '\0')
		good = read_extra(&r, out);
	*why = r.why;
	return good;
}

void
setting_print(struct text *out, const struct setting *s)
{
	static const char *const names[] = { "off", "log", "score", "greylist", "defer", "reject" };
	char date[CLOCK_TEXT];

	text_add(out, names[s->action]);
	if (s->action == SETTING_SCORE)
		text_addf(out, " %d", s->score);
	if (s->on_error == ON_ERROR_DEFER)
		text_add(out, " on_error defer");
	if (s->from_s != 0)
		text_addf(out, " from %.10s", clock_print(s->from_s, date));
	if (s->text == NULL)
		return;
	text_add(out, " \"");
	for (const char *at = s->text; *at; at++) {
		if (*at == '"' || *at == '\\')
			text_add(out, "\\");
		text_add_bytes(out, at, 1);
	}
	text_add(out, "\"");
}
