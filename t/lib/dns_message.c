/* dns_message.c - see dns_message.h */
#include "dns_message.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writer {
	unsigned char *base, *at;
};

static void
fail(const char *what, const char *at)
{
	fprintf(stderr, "dns_message: %s at '%s'\n", what, at);
	abort();
}

static void
put16(struct writer *w, unsigned n)
{
	*w->at++ = (unsigned char)(n >> 8);
	*w->at++ = (unsigned char)n;
}

static void
put32(struct writer *w, unsigned long n)
{
	put16(w, (unsigned)(n >> 16 & 0xffff));
	put16(w, (unsigned)(n & 0xffff));
}

static void
put_name(struct writer *w, const char *name)
{
	unsigned char wire[NS_MAXCDNAME];
	size_t len = 0;

	if (ns_name_pton(name, wire, sizeof wire) < 0)
		fail("no name", name);
	while (wire[len] != 0)
		len += wire[len] + 1u;
	memcpy(w->at, wire, len + 1);
	w->at += len + 1;
}

static unsigned
type_number(const char *type)
{
	static const struct { const char *name; unsigned number; } types[] = { { "A", 1 }, { "NS", 2 }, { "CNAME", 5 },
	    { "SOA", 6 }, { "PTR", 12 }, { "MX", 15 }, { "TXT", 16 }, { "AAAA", 28 } };

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(types[i].name, type) == 0)
			return types[i].number;
	fail("no type", type);
	return 0;
}

static void
put_strings(struct writer *w, char *words)
{
	for (char *rest, *word = strtok_r(words, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
		char *star = strchr(word, '*');
		size_t times = star != NULL ? strtoul(star + 1, NULL, 10) : 1;
		size_t len = star != NULL ? (size_t)(star - word) : strcmp(word, "\"\"") == 0 ? 0 : strlen(word);

		*w->at++ = (unsigned char)(len * times);
		for (size_t i = 0; i < times; i++, w->at += len)
			memcpy(w->at, word, len);
	}
}

static void
put_data(struct writer *w, const char *type, char *data)
{
	unsigned preference;
	char name[256];

	if (strcmp(type, "A") == 0 || strcmp(type, "AAAA") == 0) {
		bool four = type[1] == '\0';

		if (inet_pton(four ? AF_INET : AF_INET6, data, w->at) != 1)
			fail("no address", data);
		w->at += four ? 4 : 16;
	} else if (strcmp(type, "MX") == 0) {
		if (sscanf(data, "%u %255s", &preference, name) != 2)
			fail("no MX", data);
		put16(w, preference);
		put_name(w, name);
	} else if (strcmp(type, "SOA") == 0) {
		put_name(w, "ns.example.net");
		put_name(w, "hostmaster.example.net");
		for (int i = 0; i < 4; i++)
			put32(w, 86400);
		put32(w, strtoul(data, NULL, 10));
	} else if (strcmp(type, "TXT") == 0) {
		put_strings(w, data);
	} else {
		put_name(w, data);
	}
}

static void
put_hex(struct writer *w, const char *hex)
{
	for (unsigned byte; *hex != '#' && sscanf(hex, "%2x", &byte) == 1; hex += 2)
		*w->at++ = (unsigned char)byte;
}

/* OWNER TTL TYPE DATA, or OWNER TTL RAW TYPE HEX */
static void
put_record(struct writer *w, char *line)
{
	char owner[256], type[16];
	unsigned long ttl;
	int used = 0;

	if (sscanf(line, "%255s %lu %15s %n", owner, &ttl, type, &used) < 3 || used == 0)
		fail("no record", line);
	char *data = line + used;
	bool raw = strcmp(type, "RAW") == 0;
	if (raw) {
		if (sscanf(data, "%15s %n", type, &used) != 1)
			fail("no type", data);
		data += used;
	}
	put_name(w, owner);
	put16(w, type_number(type));
	put16(w, ns_c_in);
	put32(w, ttl);
	unsigned char *length = w->at;
	w->at += 2;
	if (raw)
		put_hex(w, data);
	else
		put_data(w, type, data);
	struct writer back = { .at = length };
	put16(&back, (unsigned)(w->at - length - 2));
}

static void
put_line(struct writer *w, char *line)
{
	static const char *const sections[] = { "an ", "ns ", "ar " };

	for (size_t i = 0; i < 3; i++)
		if (strncmp(line, sections[i], 3) == 0) {
			unsigned char *count = w->base + 6 + 2 * i;

			put_record(w, line + 3);
			if (++count[1] == 0)
				count[0]++;
			return;
		}
	if (strncmp(line, "rcode ", 6) == 0)
		w->base[3] |= (unsigned char)atoi(line + 6);
	else if (strcmp(line, "tc") == 0)
		w->base[2] |= 2;
	else if (strcmp(line, "query") == 0)
		w->base[2] &= 0x7f;
	else if (strncmp(line, "question ", 9) != 0 && strcmp(line, "no question") != 0)
		fail("no such line", line);
}

size_t
dns_message(unsigned char out[DNS_MESSAGE_BYTES], unsigned id, const char *name, enum dns_type type,
    const char *lines)
{
	struct writer w = { out, out };
	const char *other = strstr(lines, "question ");
	char other_name[256], other_type[16];

	put16(&w, id);
	put16(&w, 0x8180);
	bool asked = strstr(lines, "no question") == NULL;
	put16(&w, asked);
	memset(w.at, 0, 6);
	w.at += 6;
	if (asked && other != NULL && sscanf(other, "question %255s %15s", other_name, other_type) == 2) {
		put_name(&w, other_name);
		put16(&w, type_number(other_type));
		put16(&w, ns_c_in);
	} else if (asked) {
		put_name(&w, name);
		put16(&w, type);
		put16(&w, ns_c_in);
	}
	char *copy = strdup(lines);
	for (char *rest, *line = strtok_r(copy, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		put_line(&w, line);
	free(copy);
	return (size_t)(w.at - out);
}

const char *
answer_line(const struct answer *a, char out[ANSWER_LINE])
{
	static const char *const statuses[] = { "OPEN", "FOUND", "NO_DATA", "NXDOMAIN", "FAILED" };
	struct text t = { .at = out, .size = ANSWER_LINE };
	char address[ADDRESS_TEXT];

	out[0] = '\0';
	text_addf(&t, "%s %u", statuses[a->status], (unsigned)a->ttl_s);
	if (*a->why)
		text_addf(&t, " %s", a->why);
	for (size_t i = 0; i < a->count; i++) {
		const struct dns_record *r = &a->records[i];

		if (r->address.bits != 0)
			text_addf(&t, " %s", address_print(&r->address, address));
		if (a->type == DNS_MX)
			text_addf(&t, " %u", r->preference);
		if (r->name != NULL)
			text_addf(&t, " %s", *r->name ? r->name : ".");
		if (r->text != NULL) {
			text_add(&t, " '");
			text_add_safe(&t, r->text, r->text_len);
			text_add(&t, "'");
		}
	}
	return out;
}
