/* pattern.c - see pattern.h */
#include "store/pattern.h"
#include "base/domain.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { VALUE_BYTES = 512 };

/* A name of the DNS; no top-level domain is without a letter, so 192.0.2.7-192.0.2.9 is none, though a HELO may be. */
static bool
is_name(const char *normal, char column)
{
	const char *dot = strrchr(normal, '.'), *last = dot ? dot + 1 : normal;

	return column == 'h' || strspn(last, "0123456789-_") != strlen(last);
}

/* All of a domain's recipients; without a dot it is but half of an address. */
static bool
is_mail_domain(const char *text, const char *normal)
{
	return *text == '.' || strchr(normal, '.') != NULL || strcmp(normal, "localhost") == 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What a column says; false with a finding. */
static bool
read_pattern(struct arena *a, const char *text, char column, struct pattern *p, const char **finding)
{
	char normal[VALUE_BYTES];
	struct text address = TEXT(normal);

	if (*text == '\0')
		return true;
	if (column == 'c' && strpbrk(text, ":/") == NULL && strspn(text, "0123456789.") != strlen(text))
		;
	else if (column == 'c') {
		p->what = PATTERN_NETWORK;
		return network_parse(&p->network, text, finding);
	}
	if (column == 's' && strcmp(text, "<>") == 0) {
		p->what = PATTERN_EXACT;
		p->text = "";
		return true;
	}
	const char *at = strrchr(text, '@');
	if (column == 'l') {
		bool any = strcmp(text, "*") == 0 || strncmp(text, "*@", 2) == 0;	/* as people write it, and nobody's login */

		p->what = *text == '@' ? PATTERN_DOMAIN : PATTERN_EXACT;
		*finding = "no login; write ann@example.org, ann, or @example.org for all of a domain";
		if (any || is_blank(*text) || is_blank(text[strlen(text) - 1]) ||
		    (p->what == PATTERN_DOMAIN && !domain_normal(text + 1, normal)))
			return false;
		if (p->what == PATTERN_EXACT)
			mail_address_normal(text, &address);
	} else if (at != NULL && (column == 's' || column == 'r')) {
		p->what = PATTERN_EXACT;
		*finding = "no mail address; write ann@example.net, example.net or .example.net";
		if (at == text || at - text > 255 || strpbrk(text, "* \t\r\n") != NULL)
			return false;
		const char *domain = mail_address_normal(text, &address);
		if (domain == NULL || !is_name(domain, column))
			return false;
	} else {
		p->what = *text == '.' ? PATTERN_BELOW : column == 's' || column == 'r' ? PATTERN_DOMAIN : PATTERN_EXACT;
		*finding = column == 'c' ? "neither an address, a network nor a name; write 192.0.2.7, 192.0.2.0/24, "
		    "mx.example.net or .example.net" : column == 'h' ? "no domain name; write example.net or .example.net" :
		    "no domain; write ann@example.net, example.net or .example.net";
		if (!domain_normal(text + (*text == '.'), normal) || !is_name(normal, column) ||
		    (column == 'r' && !is_mail_domain(text, normal)))
			return false;
	}
	p->text = arena_strdup(a, normal);
	return true;
}

bool
pattern_read(struct arena *a, const char *name, const char *text, struct pattern *p, const char **finding)
{
	char buffer[VALUE_BYTES];
	struct text t = TEXT(buffer);

	if (read_pattern(a, text, *name, p, finding))
		return true;
	text_addf(&t, "%s = ", name);
	text_add_safe(&t, text, strnlen(text, 200));
	text_addf(&t, ": %s", *finding);
	*finding = arena_strdup(a, buffer);
	return false;
}

int
pattern_weight(const struct pattern *p)
{
	switch (p->what) {
	case PATTERN_ANY:
		return 0;
	case PATTERN_NETWORK:
		return 1000 + p->network.prefix + (p->network.base.bits == 32 ? 96 : 0);
	case PATTERN_EXACT:
		return 1000 + 600;
	case PATTERN_DOMAIN:
		return 1000 + 300;
	default:
		return 1000 + (int)strlen(p->text);
	}
}

bool
pattern_matches(const struct pattern *p, const char *value)
{
	switch (p->what) {
	case PATTERN_ANY:
		return true;
	case PATTERN_EXACT:
		return value != NULL && strcmp(value, p->text) == 0;
	case PATTERN_DOMAIN: {
		const char *at = value ? strrchr(value, '@') : NULL;

		return at != NULL && strcmp(at + 1, p->text) == 0;
	}
	case PATTERN_BELOW: {
		const char *at = value ? strrchr(value, '@') : NULL;
		const char *name = at ? at + 1 : value;

		return name != NULL && strlen(name) > strlen(p->text) && domain_within(name, p->text);
	}
	default:
		return false;
	}
}
