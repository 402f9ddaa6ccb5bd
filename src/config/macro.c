/* macro.c - see macro.h */
#include "config/macro.h"
#include "config/word.h"

#include <string.h>

enum { NAME_SHOWN = 30 };

static const size_t rooms[MACROS] = { [MACRO_CHECK] = CHECK_NAME_MAX, [MACRO_REFERENCE] = 10,
    [MACRO_HELP_URL] = HELP_URL_MAX };	/* where nothing stands: from outside */

/* A text is a row of words and macros. */
struct piece {
	enum { PIECE_END, PIECE_WORDS, PIECE_MACRO, PIECE_LONE, PIECE_UNCLOSED, PIECE_UNKNOWN } kind;
	const char *at;			/* WORDS: the bytes; MACRO, UNCLOSED, UNKNOWN: the name */
	size_t len;
	enum macro macro;
};

static struct piece
macro_piece(const char **at)
{
	struct piece p = { .kind = PIECE_UNCLOSED, .at = *at + 2, .len = strcspn(*at + 2, "%{}") };
	char name[NAME_SHOWN];

	*at = p.at + p.len;
	if (**at != '}')
		return p;
	*at += 1;
	p.kind = PIECE_UNKNOWN;
	if (p.len >= sizeof name)
		return p;
	memcpy(name, p.at, p.len);
	name[p.len] = '\0';
	int place = word_place(MACRO_NAMES, name);
	if (place < 0)
		return p;
	p.kind = PIECE_MACRO;
	p.macro = (enum macro)place;
	return p;
}

/* What stands at *at, which moves behind it. */
static struct piece
next(const char **at)
{
	const char *from = *at;
	size_t words = strcspn(from, "%");

	if (words > 0) {
		*at += words;
		return (struct piece){ .kind = PIECE_WORDS, .at = from, .len = words };
	}
	if (*from == '\0')
		return (struct piece){ .kind = PIECE_END };
	if (from[1] == '{')
		return macro_piece(at);
	*at += 1;
	if (from[1] != '%')
		return (struct piece){ .kind = PIECE_LONE };
	*at += 1;
	return (struct piece){ .kind = PIECE_WORDS, .at = from, .len = 1 };
}

const char *
macro_check(struct arena *a, const char *text, const char *names)
{
	for (;;) {
		struct piece p = next(&text);
		const char *name = p.at ? arena_strndup(a, p.at, p.len < NAME_SHOWN ? p.len : NAME_SHOWN) : "";

		switch (p.kind) {
		case PIECE_END:
			return NULL;
		case PIECE_WORDS:
			break;
		case PIECE_MACRO:
			if (word_place(names, name) >= 0)
				break;
			/* fall through */
		case PIECE_UNKNOWN:
			return arena_printf(a, "macro %%{%s}: %s", name, word_unknown(a, names, name));
		case PIECE_UNCLOSED:
			return arena_printf(a, "macro %%{%s has no closing bracket; write it as in %%{reference}", name);
		case PIECE_LONE:
			return "a lone %; write %% for a percent sign, or a macro as in %{reference}";
		}
	}
}

size_t
macro_room(const char *text)
{
	size_t room = 0;

	for (struct piece p; (p = next(&text)).kind != PIECE_END; )
		room += p.kind == PIECE_WORDS ? p.len : rooms[p.macro] ? rooms[p.macro] : MACRO_LEAST;
	return room;
}

bool
macro_uses(const char *text, enum macro m)
{
	for (struct piece p; (p = next(&text)).kind != PIECE_END; )
		if (p.kind == PIECE_MACRO && p.macro == m)
			return true;
	return false;
}

void
macro_expand(struct text *out, const char *text, const char *const values[MACROS], size_t limit)
{
	for (struct piece p; (p = next(&text)).kind != PIECE_END; ) {
		if (p.kind == PIECE_WORDS)
			text_add_bytes(out, p.at, p.len);
		else if (rooms[p.macro] != 0)
			text_add(out, values[p.macro]);
		else
			text_add_most(out, values[p.macro], limit);
	}
}
