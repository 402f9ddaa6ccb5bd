/* macro.c - see macro.h */
#include "spf/macro.h"
#include "base/ascii.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

enum { VALUE_BYTES = 800 };

static bool
is_delimiter(char c)
{
	return c != '\0' && strchr(".-+,/_=", c) != NULL;
}

/* "%{" letter digits "r" delimiters "}" */
struct macro {
	char letter;			/* as written: upper case asks for URL escapes */
	unsigned parts;			/* 0: all */
	bool reverse;
	const char *delimiters;
	size_t delimiter_count;
};

/* Read the macro that begins behind "%{"; its length up to and with "}", 0 if it is none. */
static size_t
read_macro(struct macro *m, const char *text, size_t len)
{
	size_t i = 0;

	if (len == 0 || !is_letter(text[0]) || strchr("slodiphcrtvSLODIPHCRTV", text[0]) == NULL)
		return 0;
	*m = (struct macro){ .letter = text[i++] };
	bool digits = i < len && is_digit(text[i]);
	for (; i < len && is_digit(text[i]); i++)
		if (m->parts < 1000)
			m->parts = m->parts * 10 + (unsigned)(text[i] - '0');
	if (digits && m->parts == 0)
		return 0;		/* s.7.1: not zero */
	if (i < len && (text[i] == 'r' || text[i] == 'R')) {
		m->reverse = true;
		i++;
	}
	m->delimiters = text + i;
	while (i < len && is_delimiter(text[i]))
		i++;
	m->delimiter_count = (size_t)(text + i - m->delimiters);
	return i < len && text[i] == '}' ? i + 1 : 0;
}

/* Length of what stands behind the '%' at text, itself included; 0 if it is no macro. */
static size_t
percent(struct macro *m, const char *text, size_t len)
{
	m->letter = '\0';
	if (len < 2)
		return 0;
	if (text[1] == '%' || text[1] == '_' || text[1] == '-')
		return 2;
	size_t inner = text[1] == '{' ? read_macro(m, text + 2, len - 2) : 0;
	return inner ? inner + 2 : 0;
}

bool
spf_macro_is_string(const char *text, size_t len, bool explanation)
{
	struct macro m;
	unsigned macros = 0;

	for (size_t i = 0, step; i < len; i += step) {
		step = 1;
		if (text[i] == '%') {
			if ((step = percent(&m, text + i, len - i)) == 0)
				return false;
			if (m.letter != '\0' && ++macros > SPF_MACROS_MAX)
				return false;
			if (m.letter != '\0' && strchr("crtCRT", m.letter) != NULL && !explanation)
				return false;
		} else if (!(text[i] >= 0x21 && text[i] <= 0x7e) && !(explanation && text[i] == ' '))
			return false;
	}
	return true;
}

/* Letters, digits, inner hyphens, not digits alone. */
static bool
is_top_label(const char *at, size_t len)
{
	bool other = false;

	for (size_t i = 0; i < len; i++) {
		if (!is_letter(at[i]) && !is_digit(at[i]) && (at[i] != '-' || i == 0 || i == len - 1))
			return false;
		other |= !is_digit(at[i]);
	}
	return len > 0 && other;
}

bool
spf_macro_is_domain(const char *text, size_t len)
{
	size_t end = 0;			/* behind the last macro */
	struct macro m;

	if (len == 0 || !spf_macro_is_string(text, len, false))
		return false;
	for (size_t i = 0; i < len; )
		if (text[i] == '%') {
			i += percent(&m, text + i, len - i);
			end = i;
			if (i == len)
				return true;
		} else
			i++;
	if (text[len - 1] == '.')
		len--;
	size_t label = len;
	while (label > end && text[label - 1] != '.')
		label--;
	return label > end && is_top_label(text + label, len - label);
}

bool
spf_macro_has(const char *text, size_t len, const char *letters)
{
	struct macro m;

	for (size_t i = 0, step; i < len; i += step) {
		step = text[i] == '%' ? percent(&m, text + i, len - i) : 1;
		if (step == 0)
			return false;
		if (text[i] == '%' && m.letter != '\0' && strchr(letters, to_lower(m.letter)) != NULL)
			return true;
	}
	return false;
}

/* The address with dots: 192.0.2.7, or 32 nibbles. */
static void
dotted(struct text *t, const struct address *a)
{
	char buffer[ADDRESS_TEXT];

	if (a->bits == 32) {
		text_add(t, address_print(a, buffer));
		return;
	}
	for (size_t i = 0; i < 16; i++)
		text_addf(t, "%s%X.%X", i ? "." : "", a->bytes[i] >> 4, a->bytes[i] & 15u);
}

static void
value_of(struct text *t, char letter, const struct spf_values *v)
{
	char buffer[ADDRESS_TEXT];

	switch (letter | 0x20) {
	case 's':
		text_addf(t, "%s@%s", v->local, v->sender_domain);
		break;
	case 'l':
		text_add(t, v->local);
		break;
	case 'o':
		text_add(t, v->sender_domain);
		break;
	case 'd':
		text_add(t, v->domain);
		break;
	case 'i':
		dotted(t, &v->client);
		break;
	case 'p':
		text_add(t, v->client_name);
		break;
	case 'h':
		text_add(t, v->helo);
		break;
	case 'v':
		text_add(t, v->client.bits == 32 ? "in-addr" : "ip6");
		break;
	case 'c':
		text_add(t, address_print(&v->client, buffer));
		break;
	case 'r':
		text_add(t, v->receiver);
		break;
	default:
		text_addf(t, "%" PRId64, v->now_s);
	}
}

/* RFC 3986 s.2.3: what is not unreserved. */
static void
add_escaped(struct text *t, const char *at, size_t len, bool escape)
{
	if (!escape)
		text_add_bytes(t, at, len);
	for (size_t i = 0; i < len && escape; i++) {
		char c = at[i];

		if (is_letter(c) || is_digit(c) || (c != '\0' && strchr("-._~", c) != NULL))
			text_add_bytes(t, &c, 1);
		else
			text_addf(t, "%%%02X", (unsigned char)c);
	}
}

/* The value split at the delimiters, perhaps turned round, the rightmost parts of it, joined by dots (s.7.3). */
static void
expand_macro(struct text *out, const struct macro *m, const struct spf_values *v)
{
	struct { const char *at; size_t len; } parts[VALUE_BYTES];
	bool splits[UCHAR_MAX + 1] = { ['.'] = m->delimiter_count == 0, ['\0'] = true };
	char buffer[VALUE_BYTES];
	struct text value = TEXT(buffer);
	size_t count = 0;

	for (size_t i = 0; i < m->delimiter_count; i++)
		splits[(unsigned char)m->delimiters[i]] = true;
	value_of(&value, m->letter, v);
	for (const char *at = buffer, *start = at; ; at++)
		if (splits[(unsigned char)*at]) {
			parts[count].at = start;
			parts[count++].len = (size_t)(at - start);
			start = at + 1;
			if (*at == '\0')
				break;
		}
	size_t skip = m->parts != 0 && m->parts < count ? count - m->parts : 0;
	for (size_t i = skip; i < count; i++) {
		size_t place = m->reverse ? count - 1 - i : i;

		if (i > skip)
			text_add(out, ".");
		add_escaped(out, parts[place].at, parts[place].len, m->letter < 'a');
	}
}

void
spf_macro_expand(struct text *out, const char *text, size_t len, const struct spf_values *v)
{
	struct macro m;

	for (size_t i = 0, step; i < len && !out->cut; i += step) {
		step = 1;
		if (text[i] != '%') {
			text_add_bytes(out, text + i, 1);
			continue;
		}
		if ((step = percent(&m, text + i, len - i)) == 0)
			return;		/* no macro-string: the caller looked before */
		if (m.letter != '\0')
			expand_macro(out, &m, v);
		else
			text_add(out, text[i + 1] == '%' ? "%" : text[i + 1] == '_' ? " " : "%20");
	}
}
