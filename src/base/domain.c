/* domain.c - see domain.h */
#include "base/domain.h"
#include "base/ascii.h"
#include "base/hash.h"

#include <idn2.h>
#include <libpsl.h>
#include <pthread.h>
#include <string.h>

enum { LABEL_MAX = 63, UTF8_MAX = 1024 };	/* no A-label form fits that is longer in UTF-8 */

/* What a byte of a name is in normal form; 0 if it is none of a name's. */
static const char normal_bytes[256] = {
	['-'] = '-', ['.'] = '.', ['_'] = '_', ['0'] = '0', '1', '2', '3', '4', '5', '6', '7', '8', '9',
	['A'] = 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm',
	'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
	['a'] = 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm',
	'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
};

bool
domain_normal_ascii(const char *text, char out[DOMAIN_TEXT])
{
	size_t len = strnlen(text, DOMAIN_TEXT + 1);

	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len >= DOMAIN_TEXT)
		return false;
	for (size_t at = 0, label = 0;; label = ++at) {
		char c;

		while ((c = normal_bytes[(unsigned char)text[at]]) > '.' || c == '-')
			out[at++] = c;
		out[at] = at < len ? c : '\0';
		if (at == label || at - label > LABEL_MAX || (at < len && c != '.'))
			return false;
		if (at == len)
			return true;
	}
}

static bool
is_ascii(const char *text)
{
	while (*text != '\0' && (unsigned char)*text < 0x80)
		text++;
	return *text == '\0';
}

static bool
normal_utf8(const char *text, char out[DOMAIN_TEXT])
{
	uint8_t *ascii;

	if (strlen(text) > UTF8_MAX ||
	    idn2_lookup_u8((const uint8_t *)text, &ascii, IDN2_NONTRANSITIONAL) != IDN2_OK)
		return false;
	bool good = domain_normal_ascii((const char *)ascii, out);
	idn2_free(ascii);
	return good;
}

bool
domain_normal(const char *text, char out[DOMAIN_TEXT])
{
	bool good = domain_normal_ascii(text, out) || (!is_ascii(text) && normal_utf8(text, out));

	if (!good)
		*out = '\0';
	return good;
}

const char *
login_normal(const char *login, const char *realm, struct text *out)
{
	const char *at = strrchr(login, '@'), *domain = at ? at + 1 : realm;
	char normal[DOMAIN_TEXT];
	size_t start = out->len;

	text_add_bytes(out, login, at ? (size_t)(at - login) : strlen(login));
	for (char *c = out->at + start; *c != '\0'; c++)
		*c = to_lower(*c);
	if (at == NULL && *realm == '\0')
		return NULL;
	bool good = domain_normal(domain, normal);
	text_add(out, "@");
	start = out->len;
	text_add(out, good ? normal : domain);
	return good ? out->at + start : NULL;
}

const char *
mail_address_normal(const char *address, struct text *out)
{
	return login_normal(address, "", out);
}

bool
domain_is_hostname(const char *normal)
{
	for (const char *c = normal; *c; c++) {
		if (is_letter(*c) || is_digit(*c) || *c == '.')
			continue;
		if (*c != '-' || c == normal || c[-1] == '.' || c[1] == '.' || c[1] == '\0')
			return false;
	}
	return *normal != '\0';
}

bool
domain_is_fqdn(const char *normal)
{
	const char *last = strrchr(normal, '.');

	if (last == NULL)
		return false;
	while (is_digit(*++last))
		continue;
	return *last != '\0';
}

bool
domain_within(const char *name, const char *parent)
{
	size_t len = strlen(name), parent_len = strlen(parent);

	return len >= parent_len && strcmp(name + len - parent_len, parent) == 0 &&
	    (len == parent_len || name[len - parent_len - 1] == '.');
}

static const psl_ctx_t *suffixes;
static pthread_once_t suffixes_loaded = PTHREAD_ONCE_INIT;

/* The system's list if it is newer than the one in the library. */
static void
load_suffixes(void)
{
	suffixes = psl_latest(NULL);
	if (suffixes == NULL)
		suffixes = psl_builtin();
}

/* The list is long to search, and the same clients come again and again; a name is known by its keyed hash. */
enum { REMEMBERED = 1024 };
static _Thread_local struct {
	uint64_t hash;
	int place;			/* of the organisation's name within it; -1: there is none */
} remembered[REMEMBERED];

const char *
domain_organisation(const char *normal)
{
	if (!domain_is_fqdn(normal))
		return NULL;
	uint64_t hash = hash_bytes(normal, strlen(normal));
	size_t at = hash % REMEMBERED;
	if (remembered[at].hash != hash) {
		pthread_once(&suffixes_loaded, load_suffixes);
		const char *organisation = psl_registrable_domain(suffixes, normal);

		remembered[at].hash = hash;
		remembered[at].place = organisation ? (int)(organisation - normal) : -1;
	}
	return remembered[at].place >= 0 ? normal + remembered[at].place : NULL;
}
