/* setting.h - the one grammar every check is set with
 *
 *     off | log | score N | greylist | defer | reject   [on_error skip|defer] [from YYYY-MM-DD] ["text"]
 *
 * What follows the first word may come in any order, each once.
 */
#ifndef CONFIG_SETTING_H
#define CONFIG_SETTING_H

#include "base/arena.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum { REPLY_TEXT_MAX = 200 };	/* bytes of text, as macro_room() counts them, %{help_url} not counted */

enum setting_action {
	SETTING_OFF,		/* the check is not made */
	SETTING_LOG,		/* shadow: recorded as would-have, never acted on */
	SETTING_SCORE,		/* adds to the score */
	SETTING_GREYLIST,	/* evidence for the rule greylist, which delays what is new */
	SETTING_DEFER,
	SETTING_REJECT,
};

enum setting_on_error {
	ON_ERROR_SKIP,		/* cannot tell is no objection */
	ON_ERROR_DEFER,		/* cannot tell is 4xx */
};

struct setting {
	enum setting_action action;
	enum setting_on_error on_error;
	int score;		/* -1000 to 1000, with SETTING_SCORE */
	int64_t from_s;		/* Unix seconds, midnight UTC; before it the setting is log; 0: always in force */
	const char *text;	/* replaces the check's own finding in the reply: ASCII, with macros (macro.h); NULL: none */
};

/*
 * Read text into *out; strings live in a.  False with a sentence in *why (in a)
 * that says what was found and what would be right.
 */
bool setting_parse(struct arena *a, const char *text, struct setting *out, const char **why);

/* The setting in its own grammar, so that reading it again gives an equal one; at most SETTING_PRINTED bytes. */
enum { SETTING_PRINTED = 700 };
void setting_print(struct text *out, const struct setting *s);

#endif
