/* privacy.c - see privacy.h */
#include "policy/privacy.h"

#include <string.h>

enum { ADDRESS_BYTES = 700 };

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

static const char *
replace(const struct eval *e, const char *text, const char *what, const char *by)
{
	size_t what_len = strlen(what), by_len = strlen(by), count = 0;

	if (what_len == 0 || strcmp(what, by) == 0)
		return text;
	for (const char *at = text; (at = strstr(at, what)) != NULL; at += what_len)
		count++;
	if (count == 0)
		return text;
	char *out = arena_alloc(e->arena, strlen(text) + count * by_len + 1), *end = out;
	for (const char *at; (at = strstr(text, what)) != NULL; text = at + what_len) {
		memcpy(end, text, (size_t)(at - text));
		end += at - text;
		memcpy(end, by, by_len);
		end += by_len;
	}
	strcpy(end, text);
	return out;
}

const char *
privacy_text(const struct eval *e, const char *text)
{
	const struct request *r = e->request;
	/* As they were given, and in normal form. */
	const char *const addresses[] = { r->sender, e->sender, r->recipient, e->recipient, r->sasl_username };

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
