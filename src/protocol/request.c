/* request.c - see request.h */
#include "protocol/request.h"
#include "base/ascii.h"

#include <stddef.h>
#include <string.h>

enum { SHOWN_BYTES = 100 };		/* of an offending line */

enum attribute_kind { ATTRIBUTE_TEXT, ATTRIBUTE_XTEXT, ATTRIBUTE_NUMBER, ATTRIBUTE_REQUEST };

struct attribute {
	const char *name;
	size_t len;
	enum attribute_kind kind;
	size_t offset;			/* of the member it fills */
};

#define ROW(name, kind) { #name, sizeof #name - 1, kind, offsetof(struct request, name) }
#define TEXT_ROW(name) ROW(name, ATTRIBUTE_TEXT)

/*
 * In the order in which Postfix sends them.  The row behind the last one found
 * is tried first, so a request of Postfix costs one comparison per line.
 */
static const struct attribute attributes[] = {
	{ "request", 7, ATTRIBUTE_REQUEST, 0 },
	TEXT_ROW(protocol_state),
	TEXT_ROW(protocol_name),
	TEXT_ROW(client_address),
	TEXT_ROW(client_name),
	TEXT_ROW(client_port),
	TEXT_ROW(reverse_client_name),
	TEXT_ROW(server_address),
	TEXT_ROW(server_port),
	TEXT_ROW(helo_name),
	TEXT_ROW(sender),
	TEXT_ROW(recipient),
	ROW(recipient_count, ATTRIBUTE_NUMBER),
	TEXT_ROW(queue_id),
	TEXT_ROW(instance),
	{ "size", 4, ATTRIBUTE_NUMBER, offsetof(struct request, size_bytes) },
	TEXT_ROW(etrn_domain),
	TEXT_ROW(stress),
	TEXT_ROW(sasl_method),
	TEXT_ROW(sasl_username),
	TEXT_ROW(sasl_sender),
	ROW(ccert_subject, ATTRIBUTE_XTEXT),
	ROW(ccert_issuer, ATTRIBUTE_XTEXT),
	TEXT_ROW(ccert_fingerprint),
	TEXT_ROW(ccert_pubkey_fingerprint),
	TEXT_ROW(encryption_protocol),
	TEXT_ROW(encryption_cipher),
	ROW(encryption_keysize, ATTRIBUTE_NUMBER),
	TEXT_ROW(policy_context),
	TEXT_ROW(compatibility_level),
	TEXT_ROW(mail_version),
	TEXT_ROW(tls_sni),
};
enum { ATTRIBUTES = sizeof attributes / sizeof *attributes };
_Static_assert(ATTRIBUTES <= 64, "one bit each says which were seen");

static const struct {
	const char *name;
	enum stage stage;
} stages[] = {				/* the first of a stage is its name */
	{ "RCPT", STAGE_RCPT },
	{ "DATA", STAGE_DATA },
	{ "END-OF-MESSAGE", STAGE_END_OF_MESSAGE },
	{ "CONNECT", STAGE_CONNECT },
	{ "HELO", STAGE_HELO },
	{ "EHLO", STAGE_HELO },
	{ "MAIL", STAGE_MAIL },
	{ "BDAT", STAGE_DATA },
	{ "VRFY", STAGE_VRFY },
	{ "ETRN", STAGE_ETRN },
};
enum { STAGES = sizeof stages / sizeof *stages };

const char *
stage_name(enum stage s)
{
	for (size_t i = 0; i < STAGES; i++)
		if (stages[i].stage == s)
			return stages[i].name;
	return "unknown";
}

const char *
request_attribute(size_t i)
{
	return i < ATTRIBUTES ? attributes[i].name : NULL;
}

static enum stage
stage_of(const char *protocol_state)
{
	for (size_t i = 0; i < STAGES; i++)
		if (strcmp(stages[i].name, protocol_state) == 0)
			return stages[i].stage;
	return STAGE_OTHER;
}

static int
hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* RFC 3461 s.4, in place; what is no "+XX", or would be NUL or LF, stays as it is. */
static void
decode_xtext(char *text)
{
	char *out = text;

	for (const char *in = text; *in; in++) {
		int high = *in == '+' ? hex_digit(in[1]) : -1;
		int low = high >= 0 ? hex_digit(in[2]) : -1;
		int byte = low >= 0 ? high * 16 + low : 0;

		if (byte == 0 || byte == '\n') {
			*out++ = *in;
			continue;
		}
		*out++ = (char)byte;
		in += 2;
	}
	*out = '\0';
}

/* Empty is 0. */
static bool
parse_number(const char *text, uint64_t *out)
{
	uint64_t n = 0;

	for (; is_digit(*text); text++) {
		unsigned digit = (unsigned)(*text - '0');

		if (n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*out = n;
	return *text == '\0';
}

/* False with "finding: the line" in *why. */
static bool
malformed(struct text *why, const char *finding, const char *line, size_t len)
{
	text_addf(why, "%s: \"", finding);
	text_add_safe(why, line, len < SHOWN_BYTES ? len : SHOWN_BYTES);
	text_add(why, len < SHOWN_BYTES ? "\"" : "...\"");
	return false;
}

/* The place in the table of the name that starts a line of len bytes, `next` tried first; ATTRIBUTES if unknown. */
static size_t
find_attribute(const char *line, size_t len, size_t next)
{
	for (size_t tried = 0; tried < ATTRIBUTES; tried++, next++) {
		if (next >= ATTRIBUTES)
			next = 0;
		const struct attribute *a = &attributes[next];
		if (len > a->len && line[a->len] == '=' && memcmp(line, a->name, a->len) == 0)
			return next;
	}
	return ATTRIBUTES;
}

static bool
take_value(struct request *r, const struct attribute *a, char *value)
{
	void *into = (char *)r + a->offset;

	switch (a->kind) {
	case ATTRIBUTE_XTEXT:
		decode_xtext(value);
		/* fall through */
	case ATTRIBUTE_TEXT:
		*(const char **)into = value;
		return true;
	case ATTRIBUTE_NUMBER:
		return parse_number(value, into);
	case ATTRIBUTE_REQUEST:
		return strcmp(value, "smtpd_access_policy") == 0;
	}
	return false;
}

static bool
parse_lines(struct request *r, uint64_t *seen, char *bytes, const char *end, struct text *why)
{
	size_t next = 0;

	for (char *line = bytes, *line_end; line < end; line = line_end + 1) {
		line_end = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)(line_end - line);
		size_t found = find_attribute(line, len, next);

		if (found == ATTRIBUTES) {
			if (len == 0)
				return malformed(why, "an empty line before the end", line, len);
			const char *equals = memchr(line, '=', len);
			if (equals == NULL || equals == line)
				return malformed(why, equals ? "a line without a name" : "a line without \"=\"",
				    line, len);
			continue;
		}
		next = found + 1;
		if (*seen & UINT64_C(1) << found)
			continue;
		*seen |= UINT64_C(1) << found;
		const struct attribute *a = &attributes[found];
		*line_end = '\0';
		if (!take_value(r, a, line + a->len + 1))
			return malformed(why, a->kind == ATTRIBUTE_NUMBER ? "not a number" :
			    "not a request for smtpd_access_policy", line, len);
	}
	return true;
}

bool
request_parse(struct request *r, char *bytes, size_t len, struct text *why)
{
	uint64_t seen = 0;

	*r = (struct request){ .stage = STAGE_OTHER };
	for (size_t i = 0; i < ATTRIBUTES; i++)
		if (attributes[i].kind == ATTRIBUTE_TEXT || attributes[i].kind == ATTRIBUTE_XTEXT)
			*(const char **)((char *)r + attributes[i].offset) = "";
	const char *nul = memchr(bytes, '\0', len);
	if (nul != NULL) {
		const char *before = memrchr(bytes, '\n', (size_t)(nul - bytes));
		const char *line = before ? before + 1 : bytes;
		return malformed(why, "a NUL in a line", line, (size_t)(nul - line) + 1);
	}
	if (len < 2 || bytes[len - 1] != '\n' || bytes[len - 2] != '\n')
		return malformed(why, "no empty line at the end", bytes, len);
	if (!parse_lines(r, &seen, bytes, bytes + len - 1, why))
		return false;
	if ((seen & 1) == 0) {
		text_add(why, "no request=smtpd_access_policy");
		return false;
	}
	r->stage = stage_of(r->protocol_state);
	if (!address_parse(&r->client, r->client_address))
		r->client.bits = 0;
	return true;
}
