/* text.c - see text.h */
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Something did not fit: no half of a character may stay at the end. */
static void
cut(struct text *t)
{
	size_t at = t->len;

	t->cut = true;
	while (at > 0 && t->len - at < 3 && ((uint8_t)t->at[at - 1] & 0xc0) == 0x80)
		at--;
	if (at > 0 && (uint8_t)t->at[at - 1] >= 0xc0 && utf8_length(t->at + at - 1, t->len - at + 1) == 0) {
		t->len = at - 1;
		t->at[t->len] = '\0';
	}
}

void
text_add_bytes(struct text *t, const char *bytes, size_t len)
{
	size_t room = t->size - t->len - 1, fits = len > room ? room : len;

	memcpy(t->at + t->len, bytes, fits);
	t->len += fits;
	t->at[t->len] = '\0';
	if (fits < len)
		cut(t);
}

void
text_add(struct text *t, const char *s)
{
	text_add_bytes(t, s, strlen(s));
}

void
text_add_list(struct text *t, const char *const *texts)
{
	for (; *texts != NULL; texts++)
		text_add(t, *texts);
}

void
text_add_number(struct text *t, int64_t n)
{
	char digits[21];
	size_t at = sizeof digits;
	uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;

	do
		digits[--at] = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (n < 0)
		digits[--at] = '-';
	text_add_bytes(t, digits + at, sizeof digits - at);
}

void
text_add_most(struct text *t, const char *s, size_t most)
{
	size_t len = strlen(s);

	if (len > most)
		for (len = most; len > 0 && ((uint8_t)s[len] & 0xc0) == 0x80; )
			len--;
	text_add_bytes(t, s, len);
}

void
text_addv(struct text *t, const char *format, va_list args)
{
	size_t room = t->size - t->len;
	int len = vsnprintf(t->at + t->len, room, format, args);

	if (len < 0)
		t->at[t->len] = '\0';
	else if ((size_t)len >= room) {
		t->len = t->size - 1;
		cut(t);
	} else
		t->len += (size_t)len;
}

void
text_addf(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_addv(t, format, args);
	va_end(args);
}

size_t
utf8_length(const char *bytes, size_t len)
{
	const uint8_t *b = (const uint8_t *)bytes;
	size_t want;

	if (len == 0)
		return 0;
	if (b[0] < 0x80)
		return 1;
	if (b[0] >= 0xc2 && b[0] <= 0xdf)
		want = 2;
	else if ((b[0] & 0xf0) == 0xe0)
		want = 3;
	else if (b[0] >= 0xf0 && b[0] <= 0xf4)
		want = 4;
	else
		return 0;
	if (len < want)
		return 0;
	for (size_t i = 1; i < want; i++)
		if ((b[i] & 0xc0) != 0x80)
			return 0;
	if ((b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xed && b[1] > 0x9f) ||	/* overlong, surrogates */
	    (b[0] == 0xf0 && b[1] < 0x90) || (b[0] == 0xf4 && b[1] > 0x8f))
		return 0;
	return want;
}

/* Characters that look like nothing, or turn text around. */
static bool
is_tricky(const uint8_t *b, size_t len)
{
	if (len == 1)
		return b[0] < 0x20 || b[0] == 0x7f;
	if (len == 2)
		return b[0] == 0xc2 && b[1] < 0xa0;
	return len == 3 && b[0] == 0xe2 &&
	    ((b[1] == 0x80 && (b[2] == 0x8e || b[2] == 0x8f || (b[2] >= 0xa8 && b[2] <= 0xae))) ||
	     (b[1] == 0x81 && b[2] >= 0xa6 && b[2] <= 0xa9));
}

static bool
is_plain(char c)
{
	return (c >= ' ') & (c <= '~') & (c != '\\') & (c != '"');
}

/* How many bytes from here on are as harmless as nearly all are; a block is one loop without a branch. */
static size_t
plain_len(const char *bytes, size_t len)
{
	enum { BLOCK = 16 };
	size_t n = 0;

	for (; n + BLOCK <= len; n += BLOCK) {
		unsigned char all = 1;

		for (size_t k = 0; k < BLOCK; k++)
			all &= is_plain(bytes[n + k]);
		if (!all)
			break;
	}
	while (n < len && is_plain(bytes[n]))
		n++;
	return n;
}

void
text_add_safe(struct text *t, const char *bytes, size_t len)
{
	for (size_t i = 0, n; i < len && !t->cut; i += n) {
		const uint8_t *b = (const uint8_t *)bytes + i;

		n = plain_len(bytes + i, len - i);
		if (n > 0) {
			text_add_bytes(t, bytes + i, n);
			continue;
		}
		n = utf8_length(bytes + i, len - i);
		if (n == 0 || is_tricky(b, n)) {
			n = n ? n : 1;
			for (size_t k = 0; k < n; k++)
				text_addf(t, "\\x%02x", b[k]);
		} else if (*b == '\\')
			text_add(t, "\\\\");
		else
			text_add_bytes(t, bytes + i, n);
	}
}

void
text_add_json(struct text *t, const char *s)
{
	text_add(t, "\"");
	size_t len = strlen(s);
	for (size_t n; len > 0; s += n, len -= n) {
		const uint8_t *b = (const uint8_t *)s;

		n = plain_len(s, len);
		if (n > 0) {
			text_add_bytes(t, s, n);
			continue;
		}
		n = utf8_length(s, len);
		if (n == 0 || is_tricky(b, n)) {
			n = n ? n : 1;
			for (size_t k = 0; k < n; k++)
				text_addf(t, "\\\\x%02x", b[k]);
		} else if (*b == '"' || *b == '\\')
			text_addf(t, "\\%c", *b);
		else
			text_add_bytes(t, s, n);
	}
	text_add(t, "\"");
}

const char *
text_place(char **at, const char *text)
{
	if (text == NULL)
		return NULL;
	size_t size = strlen(text) + 1;
	char *copy = memcpy(*at, text, size);
	*at += size;
	return copy;
}
