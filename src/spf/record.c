/* record.c - see record.h */
#include "spf/record.h"
#include "spf/macro.h"
#include "base/ascii.h"

#include <string.h>
#include <strings.h>

enum { RECORD_MAX = 8192 };	/* octets: twenty times what s.3.4 asks for, and little work */

/* ---- prefix lengths ---- */

/* A number without leading zeros up to max; false if it is none. */
static bool
read_prefix(const char *at, size_t len, unsigned max, uint8_t *prefix)
{
	unsigned n = 0;

	if (len == 0 || len > 3 || (len > 1 && at[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(at[i]))
			return false;
		n = n * 10 + (unsigned)(at[i] - '0');
	}
	*prefix = (uint8_t)n;
	return n <= max;
}

/* The place of the digits at the end of at, if what stands before them is mark; else len. */
static size_t
prefix_place(const char *at, size_t len, const char *mark)
{
	size_t i = len, mark_len = strlen(mark);

	while (i > 0 && is_digit(at[i - 1]))
		i--;
	return i < len && i >= mark_len && memcmp(at + i - mark_len, mark, mark_len) == 0 ? i : len;
}

/* Take a dual-cidr-length, "/24//64", "/24" or "//64", off the end of *len (s.5.3). */
static bool
take_prefixes(struct spf_term *t, const char *at, size_t *len)
{
	size_t six = prefix_place(at, *len, "//");

	t->prefix4 = 32;
	t->prefix6 = 128;
	if (six < *len) {
		if (!read_prefix(at + six, *len - six, 128, &t->prefix6))
			return false;
		*len = six - 2;
	}
	size_t four = prefix_place(at, *len, "/");
	if (four < *len) {
		if (!read_prefix(at + four, *len - four, 32, &t->prefix4))
			return false;
		*len = four - 1;
	}
	return true;
}

/* ---- mechanisms ---- */

/* "ip4:192.0.2.0/24": what stands behind the colon (s.5.6). */
static bool
read_network(struct spf_term *t, const char *at, size_t len)
{
	unsigned bits = t->mechanism == SPF_IP4 ? 32 : 128;
	size_t place = prefix_place(at, len, "/"), address_len = place < len ? place - 1 : len;
	char text[ADDRESS_TEXT];
	uint8_t prefix = (uint8_t)bits;
	struct address a;

	if (place < len && !read_prefix(at + place, len - place, bits, &prefix))
		return false;
	if (address_len >= sizeof text)
		return false;
	memcpy(text, at, address_len);
	text[address_len] = '\0';
	if ((strchr(text, ':') != NULL) != (bits == 128) || !address_parse(&a, text))
		return false;
	if (a.bits != bits) {		/* ::ffff:192.0.2.7, whose two spellings are one address elsewhere */
		memcpy(a.bytes + 12, a.bytes, 4);
		memcpy(a.bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
		a.bits = 128;
	}
	t->network = network_of(&a, prefix);
	return true;
}

static const struct {
	const char *name;
	enum spf_mechanism mechanism;
	enum { NONE, OPTIONAL, REQUIRED } domain;
	bool prefixes;
} mechanisms[] = {
	{ "all", SPF_ALL, NONE, false },
	{ "include", SPF_INCLUDE, REQUIRED, false },
	{ "a", SPF_A, OPTIONAL, true },
	{ "mx", SPF_MX, OPTIONAL, true },
	{ "ptr", SPF_PTR, OPTIONAL, false },
	{ "ip4", SPF_IP4, REQUIRED, false },
	{ "ip6", SPF_IP6, REQUIRED, false },
	{ "exists", SPF_EXISTS, REQUIRED, false },
};

/* A directive (s.4.6.1): what is wrong with it, or NULL. */
static const char *
read_directive(struct spf_term *t, const char *at, size_t len)
{
	size_t i = 0, name = 0;

	*t = (struct spf_term){ .qualifier = '+', .written = { at, len } };
	if (len > 0 && strchr("+-~?", *at) != NULL) {
		t->qualifier = *at++;
		len--;
	}
	while (name < len && at[name] != ':' && at[name] != '/')
		name++;
	while (i < sizeof mechanisms / sizeof *mechanisms &&
	    (strlen(mechanisms[i].name) != name || strncasecmp(mechanisms[i].name, at, name) != 0))
		i++;
	if (i == sizeof mechanisms / sizeof *mechanisms)
		return "there is no such mechanism";
	t->mechanism = mechanisms[i].mechanism;
	bool colon = name < len && at[name] == ':';
	at += name + colon;
	len -= name + colon;
	if (mechanisms[i].domain == (colon ? NONE : REQUIRED) || (colon && len == 0))
		return colon ? "there is nothing to stand behind the colon" : "a domain or an address is missing";
	if (t->mechanism == SPF_IP4 || t->mechanism == SPF_IP6)
		return read_network(t, at, len) ? NULL : "this is no network";
	if (mechanisms[i].prefixes && !take_prefixes(t, at, &len))
		return "this is no prefix length";
	if (colon ? !spf_macro_is_domain(at, len) : len > 0)
		return "this is no domain";
	if (colon)
		t->domain = (struct spf_spec){ at, len };
	return NULL;
}

/* ---- modifiers ---- */

/* The length of the name before "=", 0 if the term is no modifier (s.12: a letter, then letters, digits, - _ .). */
static size_t
modifier_name(const char *at, size_t len)
{
	size_t i = 0;

	while (i < len && (is_letter(at[i]) || (i > 0 && (is_digit(at[i]) || strchr("-_.", at[i]) != NULL))))
		i++;
	return i < len && at[i] == '=' ? i : 0;
}

static const char *
read_modifier(struct spf_record *r, const char *at, size_t len, size_t name)
{
	struct spf_spec value = { at + name + 1, len - name - 1 }, *into = NULL;

	if (name == strlen("redirect") && strncasecmp(at, "redirect", name) == 0)
		into = &r->redirect;
	else if (name == strlen("exp") && strncasecmp(at, "exp", name) == 0)
		into = &r->exp;
	if (into == NULL)
		return spf_macro_is_string(value.at, value.len, false) ? NULL : "this is no macro string";
	if (into->at != NULL)
		return "this may stand only once";
	if (!spf_macro_is_domain(value.at, value.len))
		return "this is no domain";
	*into = value;
	return NULL;
}

/* ---- records ---- */

static const char version[] = "v=spf1";

bool
spf_record_is(const char *text, size_t len)
{
	size_t v = strlen(version);

	return len >= v && strncasecmp(text, version, v) == 0 && (len == v || text[v] == ' ');
}

static bool
refuse(struct arena *a, const char **why, const char *finding, const char *at, size_t len)
{
	*why = arena_printf(a, "%.*s: %s", len > 100 ? 100 : (int)len, at, finding);
	return false;
}

bool
spf_record_read(struct arena *a, const char *text, size_t len, struct spf_record *r, const char **why)
{
	size_t terms = 0, macros = 0;

	if (len > RECORD_MAX)
		return refuse(a, why, "longer than 8192 octets", "v=spf1", 6);
	for (size_t i = 0; i < len; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e)
			return refuse(a, why, "an octet that no record may hold", "v=spf1", 6);
		terms += text[i] != ' ' && i > 0 && text[i - 1] == ' ';
		macros += text[i] == '{' && i > 0 && text[i - 1] == '%';
	}
	if (macros > SPF_MACROS_MAX)
		return refuse(a, why, "more than 100 macros", "v=spf1", 6);
	*r = (struct spf_record){ .terms = arena_alloc(a, terms * sizeof *r->terms) };
	for (size_t i = strlen(version), n; i < len; i += n) {
		const char *at = text + i, *end = memchr(at, ' ', len - i), *finding;

		n = end ? (size_t)(end - at) : len - i;
		if (n == 0) {
			n = 1;
			continue;
		}
		size_t name = modifier_name(at, n);
		finding = name ? read_modifier(r, at, n, name) : read_directive(&r->terms[r->count++], at, n);
		if (finding != NULL)
			return refuse(a, why, finding, at, n);
	}
	return true;
}
