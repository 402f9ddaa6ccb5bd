/* macro.h - %{name} in the texts that a site writes itself
 *
 *     "%{client_address} has no name, please ask postmaster@example.org (%{reference})"
 *
 * %% is a percent sign.  What is put in for a macro is not looked at again.
 */
#ifndef CONFIG_MACRO_H
#define CONFIG_MACRO_H

#include "base/arena.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

enum macro {
	MACRO_CLIENT_ADDRESS,		/* from outside, of any length, as all up to MACRO_FINDING: may be cut */
	MACRO_CLIENT_NAME,
	MACRO_HELO,
	MACRO_SENDER,
	MACRO_SENDER_DOMAIN,
	MACRO_RECIPIENT,
	MACRO_FINDING,			/* the rule's own words */
	MACRO_CHECK,			/* ours, and never cut */
	MACRO_REFERENCE,
	MACRO_HELP_URL,
	MACROS
};

/* Their names, as in enum macro; those that help_url may hold. */
#define MACRO_NAMES "client_address|client_name|helo|sender|sender_domain|recipient|finding|check|reference|help_url"
#define MACRO_URL_NAMES "check|reference"

enum {
	MACRO_LEAST = 10,		/* bytes: room kept for each value from outside */
	CHECK_NAME_MAX = 32,
	HELP_URL_MAX = 173,		/* bytes: help_url with check and reference in it */
};

/* NULL if every % begins %% or one of the macros called names; else a sentence (in a): what is wrong and right. */
const char *macro_check(struct arena *a, const char *text, const char *names);

/* The bytes text surely needs: its words, what is ours at its longest, MACRO_LEAST for each value from outside. */
size_t macro_room(const char *text);

/* True if the macro stands in text. */
bool macro_uses(const char *text, enum macro m);

/*
 * Append text, right by macro_check(), with its macros replaced by values; each
 * value from outside cut to limit bytes, never within a UTF-8 character.
 */
void macro_expand(struct text *out, const char *text, const char *const values[MACROS], size_t limit);

#endif
