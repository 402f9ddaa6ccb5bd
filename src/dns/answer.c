/* answer.c - reading a DNS message, see answer_read() in dns.h
 *
 * Every record of the answer section is looked at twice at most, however they
 * are ordered: once for aliases, once for what was asked, at the name where the
 * aliases end.  An answer is read to its last record or has failed: nobody can
 * take a part of it for the whole.
 */
#include "dns/answer.h"
#include "base/arena.h"
#include "dns/dns.h"
#include "dns/keep.h"
#include "dns/name.h"

#include <arpa/nameser.h>
#include <string.h>

enum { ALIASES_MAX = 16 };

struct alias {
	const char *owner, *target;
	uint32_t ttl_s;
};

struct reading {
	const struct dns_options *options;
	struct arena *scratch;
	ns_msg message;
	ns_rr rr;			/* the record being looked at; its name in normal form */
	const char *target;		/* where the aliases end */
	size_t aliases, count;
	struct alias alias[ALIASES_MAX];
	struct dns_record *records;
};

static const char malformed[] = "malformed answer";

static const char *const rcodes[] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
    "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE" };

const char *
dns_type_name(enum dns_type type)
{
	switch (type) {
	case DNS_A: return "A";
	case DNS_NS: return "NS";
	case DNS_SOA: return "SOA";
	case DNS_PTR: return "PTR";
	case DNS_MX: return "MX";
	case DNS_TXT: return "TXT";
	case DNS_AAAA: return "AAAA";
	}
	return "?";
}

/* RFC 2181 s.8: with its highest bit set it is 0. */
static uint32_t
ttl_of(uint32_t ttl_s)
{
	return ttl_s > INT32_MAX ? 0 : ttl_s;
}

static uint32_t
smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Not below the floor, not above the ceiling, which wins. */
static uint32_t
bounded(const struct dns_options *o, uint32_t ttl_s, int64_t ceiling_s)
{
	int64_t t = ttl_s > o->dns_ttl_min_s ? ttl_s : o->dns_ttl_min_s;

	return (uint32_t)(t < ceiling_s ? t : ceiling_s);
}

static bool
parse(struct reading *r, ns_sect section, size_t i)
{
	if (ns_parserr(&r->message, section, (int)i, &r->rr) != 0)
		return false;
	dns_name_lower(r->rr.name);
	return true;
}

static bool
is_of_type(const struct reading *r, unsigned type)
{
	return ns_rr_type(r->rr) == (ns_type)type && ns_rr_class(r->rr) == ns_c_in;
}

static size_t
section_count(const struct reading *r, ns_sect section)
{
	return ns_msg_count(r->message, section);
}

/* The domain name that fills the record's data from the byte at offset; NULL if there is none. */
static const char *
rdata_name(struct reading *r, size_t offset)
{
	char name[DNS_NAME_TEXT];

	if (offset > ns_rr_rdlen(r->rr))
		return NULL;
	int used = ns_name_uncompress(ns_msg_base(r->message), ns_msg_end(r->message), ns_rr_rdata(r->rr) + offset,
	    name, sizeof name);
	if (used < 0 || (size_t)used + offset != ns_rr_rdlen(r->rr))
		return NULL;
	dns_name_lower(name);
	return arena_strdup(r->scratch, name);
}

/* Its strings joined (RFC 7208 s.3.3 reads them so); false if they do not fill the record. */
static bool
read_text(struct reading *r, struct dns_record *record)
{
	const unsigned char *from = ns_rr_rdata(r->rr), *end = from + ns_rr_rdlen(r->rr);
	char *text = arena_alloc(r->scratch, ns_rr_rdlen(r->rr) + 1u);

	record->text = text;
	if (from == end)
		return false;
	while (from < end) {
		size_t len = *from++;

		if (len > (size_t)(end - from))
			return false;
		memcpy(text + record->text_len, from, len);
		record->text_len += len;
		from += len;
	}
	return true;
}

static bool
read_record(struct reading *r, struct dns_record *record)
{
	const unsigned char *data = ns_rr_rdata(r->rr);
	size_t len = ns_rr_rdlen(r->rr);

	switch ((enum dns_type)ns_rr_type(r->rr)) {
	case DNS_A:
	case DNS_AAAA:
		if (len != (ns_rr_type(r->rr) == ns_t_a ? NS_INADDRSZ : NS_IN6ADDRSZ))
			return false;
		record->address = address_from_bytes(data, len);
		return true;
	case DNS_MX:
		if (len < NS_INT16SZ)
			return false;
		record->preference = (uint16_t)ns_get16(data);
		record->name = rdata_name(r, NS_INT16SZ);
		return record->name != NULL;
	case DNS_NS:
	case DNS_PTR:
		record->name = rdata_name(r, 0);
		return record->name != NULL;
	case DNS_TXT:
		return read_text(r, record);
	case DNS_SOA:
		return true;		/* that there is one says enough */
	}
	return false;
}

/* Is it an answer to name and type? */
static const char *
check_question(struct reading *r, const char *name, enum dns_type type)
{
	if (!ns_msg_getflag(r->message, ns_f_qr) || ns_msg_count(r->message, ns_s_qd) != 1)
		return malformed;
	if (!parse(r, ns_s_qd, 0))
		return malformed;
	if (!is_of_type(r, type) || strcmp(r->rr.name, name) != 0)
		return "answer to another question";
	return NULL;
}

static const char *
collect_aliases(struct reading *r)
{
	for (size_t i = 0; i < section_count(r, ns_s_an); i++) {
		if (!parse(r, ns_s_an, i))
			return malformed;
		if (!is_of_type(r, ns_t_cname))
			continue;
		if (r->aliases == ALIASES_MAX)
			return "too many aliases";
		const char *target = rdata_name(r, 0);
		if (target == NULL)
			return malformed;
		r->alias[r->aliases++] = (struct alias){ .owner = arena_strdup(r->scratch, r->rr.name),
		    .target = target, .ttl_s = ttl_of(ns_rr_ttl(r->rr)) };
	}
	return NULL;
}

static const struct alias *
alias_of(const struct reading *r, const char *name)
{
	for (size_t i = 0; i < r->aliases; i++)
		if (strcmp(r->alias[i].owner, name) == 0)
			return &r->alias[i];
	return NULL;
}

/* From name to r->target; *ttl_s is lowered to the aliases' own. */
static const char *
follow_aliases(struct reading *r, const char *name, uint32_t *ttl_s)
{
	size_t steps = 0;

	r->target = name;
	for (const struct alias *a; (a = alias_of(r, r->target)) != NULL; r->target = a->target) {
		if (steps++ == r->aliases)
			return "aliases in a circle";
		*ttl_s = smaller(*ttl_s, a->ttl_s);
	}
	return NULL;
}

static const char *
collect_records(struct reading *r, enum dns_type type, uint32_t *ttl_s)
{
	r->records = arena_alloc(r->scratch, section_count(r, ns_s_an) * sizeof *r->records);
	for (size_t i = 0; i < section_count(r, ns_s_an); i++) {
		if (!parse(r, ns_s_an, i))
			return malformed;
		if (!is_of_type(r, type) || strcmp(r->rr.name, r->target) != 0)
			continue;
		if (!read_record(r, &r->records[r->count]))
			return malformed;
		r->count++;
		*ttl_s = smaller(*ttl_s, ttl_of(ns_rr_ttl(r->rr)));
	}
	return NULL;
}

/*
 * How long a "no" lasts: the smaller of the SOA's TTL and its MINIMUM (RFC 2308
 * s.5); 0 without one.  Name servers in its place are a referral (s.2.2): whom
 * we asked does not resolve for us.
 */
static const char *
read_authority(struct reading *r, enum dns_status status, uint32_t *ttl_s)
{
	bool referral = false;

	for (size_t i = 0; i < section_count(r, ns_s_ns) && i < DNS_RECORDS_MAX; i++) {
		if (!parse(r, ns_s_ns, i))
			return malformed;
		if (is_of_type(r, ns_t_ns))
			referral = true;
		if (!is_of_type(r, ns_t_soa))
			continue;
		if (ns_rr_rdlen(r->rr) < 2 + 5 * NS_INT32SZ)
			return malformed;
		const unsigned char *minimum = ns_rr_rdata(r->rr) + ns_rr_rdlen(r->rr) - NS_INT32SZ;
		*ttl_s = smaller(*ttl_s, smaller(ttl_of(ns_rr_ttl(r->rr)), (uint32_t)ns_get32(minimum)));
		return NULL;
	}
	*ttl_s = 0;
	return referral && status == DNS_NO_DATA && r->aliases == 0 ? "referral, not an answer" : NULL;
}

/* Fill a; NULL, or why it cannot be told. */
static const char *
read_message(struct reading *r, struct answer *a, const unsigned char *message, size_t len)
{
	uint32_t ttl_s = UINT32_MAX;
	const char *why;

	if (len > UINT16_MAX || ns_initparse(message, (int)len, &r->message) != 0)
		return malformed;
	if ((why = check_question(r, a->name, a->type)) != NULL)
		return why;
	size_t rcode = (size_t)ns_msg_getflag(r->message, ns_f_rcode);
	if (rcode != ns_r_noerror && rcode != ns_r_nxdomain)
		return rcode < sizeof rcodes / sizeof *rcodes ? rcodes[rcode] :
		    arena_printf(r->scratch, "error %zu", rcode);
	if (ns_msg_getflag(r->message, ns_f_tc))
		return "truncated answer";
	if (section_count(r, ns_s_an) > DNS_RECORDS_MAX)
		return "too many records";
	if ((why = collect_aliases(r)) != NULL || (why = follow_aliases(r, a->name, &ttl_s)) != NULL)
		return why;
	if (rcode == ns_r_noerror && (why = collect_records(r, a->type, &ttl_s)) != NULL)
		return why;
	if (r->count > 0) {
		a->status = DNS_FOUND;
		a->ttl_s = bounded(r->options, ttl_s, r->options->dns_ttl_max_s);
		return NULL;
	}
	a->status = rcode == ns_r_nxdomain ? DNS_NXDOMAIN : DNS_NO_DATA;
	why = read_authority(r, a->status, &ttl_s);
	a->ttl_s = bounded(r->options, ttl_s, r->options->dns_negative_max_s);
	return why;
}

const struct answer *
answer_read(const struct dns_options *o, const char *name, enum dns_type type, const unsigned char *message,
    size_t len)
{
	char normal[DNS_NAME_TEXT];
	struct answer a = { .name = normal, .type = type, .why = "" };

	if (!dns_name_normal(name, normal))
		return answer_failed(name, type, "not a domain name");
	struct reading r = { .options = o, .scratch = arena_new() };
	const char *why = read_message(&r, &a, message, len);
	if (why != NULL) {
		a.status = DNS_FAILED;
		a.why = why;
		a.ttl_s = (uint32_t)o->dns_failure_ttl_s;
	} else {
		a.count = r.count;
		a.records = r.records;
	}
	const struct answer *kept = answer_keep(&a);
	arena_free(r.scratch);
	return kept;
}

const struct answer *
answer_failed(const char *name, enum dns_type type, const char *why)
{
	char normal[DNS_NAME_TEXT];
	bool good = dns_name_normal(name, normal);
	struct answer a = { .name = good ? normal : name, .type = type, .status = DNS_FAILED, .why = why };

	return answer_keep(&a);
}
