/* privacy.c - see privacy.h */
#include "policy/privacy.h"
#include "base/ascii.h"

#include <string.h>

enum { ADDRESS_BYTES = 700, SHOWN_BYTES = 60 };

const char *
privacy_address(const struct eval *e, const char *address)
{
	const char *at = strrchr(address, '@');

	if (e->world->addresses == ADDRESSES_FULL)
		return address;
	return e->world->addresses == ADDRESSES_DOMAIN && at != NULL ? at : "";
}

/* What stands in place of one in a text. */
static const char *
mask(const struct eval *e, const char *address)
{
	const char *kept = privacy_address(e, address);

	return *kept ? kept : "(hidden)";
}

static bool
is_word(char c)
{
	return is_letter(c) || is_digit(c) || (c != '\0' && strchr("@_-+", c) != NULL);
}

/* How many bytes here are the address: all of it, if it stands alone, or what a finding shows of a long one; 0: none. */
static size_t
match(const char *text, const char *at, const char *address)
{
	size_t len = 0;

	if (at > text && is_word(at[-1]) && is_word(*address))
		return 0;
	while (address[len] != '\0' && at[len] == address[len])
		len++;
	return address[len] != '\0' ? (len >= SHOWN_BYTES ? len : 0) : is_word(at[len]) ? 0 : len;
}

static const char *
replace(const struct eval *e, const char *text, const char *what, const char *by)
{
	char buffer[TRACE_TEXT * 2];
	struct text out = TEXT(buffer);

	if (*what == '\0' || strcmp(what, by) == 0)
		return text;
	for (const char *at = text, *from = text; ; at++) {
		size_t len = *at ? match(text, at, what) : 0;

		if (len > 0 || *at == '\0') {
			text_addf(&out, "%.*s%s", (int)(at - from), from, len ? by : "");
			from = at + len;
		}
		if (*at == '\0')
			return arena_strndup(e->arena, buffer, out.len);
		at += len ? len - 1 : 0;
	}
}

const char *
privacy_text(const struct eval *e, const char *text)
{
	const struct request *r = e->request;
	/* As they were given, and in normal form. */
	const char *const addresses[] = { r->sender, e->sender, r->recipient, e->recipient, r->sasl_username,
	    e->login ? e->login : "" };

	if (text == NULL || e->world->addresses == ADDRESSES_FULL)
		return text;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		char buffer[ADDRESS_BYTES];
		struct text safe = TEXT(buffer);

		text_add_safe(&safe, addresses[i], strlen(addresses[i]));
		text = replace(e, text, buffer, mask(e, buffer));
	}
	return text;
}
