/* dnsbl_weigh.c - see dnsbl_weigh.h */
#include "rules/dnsbl_weigh.h"

#include <string.h>

#define REMEDY "; ask there to be taken off"	/* where no list gives a reason, or none was asked for one */

struct listing {			/* one list and one entry */
	const struct dnsbl_site *site;
	const struct dnsbl_entry *entry;
};

struct findings {
	int sure;			/* weights of lists that list an entry, */
	int granted;			/* of allow lists that failed, */
	int possible;			/* of block lists that failed */
	struct listing unsure;		/* the first of them, and what it was asked for */
	struct listing *against;	/* each list that lists an entry, once */
	size_t count;
};

/* A name so long that it does not fit before the list's domain can stand in no list. */
static bool
fits(const struct dnsbl_site *s, const struct dnsbl_entry *entry)
{
	return strlen(entry->name) + 1 + strlen(s->domain) < DOMAIN_TEXT;
}

/* The same domain may stand in several entries, with different filters. */
static bool
is_among(const struct findings *f, const struct dnsbl_site *s, const struct dnsbl_entry *entry)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->against[i].entry == entry && strcmp(f->against[i].site->domain, s->domain) == 0)
			return true;
	return false;
}

/* What one list says of all entries. */
static void
look_at(struct eval *e, struct findings *f, const struct dnsbl_site *s, const struct dnsbl_entry *entries, size_t count)
{
	const struct dnsbl_entry *failed_for = NULL;
	bool listed_any = false;

	for (size_t i = 0; i < count; i++) {
		if (!fits(s, &entries[i]))
			continue;
		const struct answer *a = list_lookup(e, s->domain, entries[i].name, DNS_A);
		if (failed(a))
			failed_for = failed_for ? failed_for : &entries[i];
		if (!dnsbl_site_lists(s, a))
			continue;
		listed_any = true;
		if (s->weight > 0 && !is_among(f, s, &entries[i]))
			f->against[f->count++] = (struct listing){ s, &entries[i] };
	}
	if (listed_any)
		f->sure += s->weight;
	else if (failed_for != NULL && s->weight < 0)
		f->granted += s->weight;
	else if (failed_for != NULL && s->weight > 0) {
		f->possible += s->weight;
		if (f->unsure.site == NULL)
			f->unsure = (struct listing){ s, failed_for };
	}
}

/* "192.0.2.7 is listed by a.example, b.example"; several entries with "; " between. */
static void
describe(struct text *t, const struct findings *f, const struct dnsbl_entry *entries, size_t count)
{
	for (size_t k = 0; k < count; k++) {
		const char *between = t->len > 0 ? "; " : "";
		bool first = true;

		for (size_t i = 0; i < f->count; i++) {
			if (f->against[i].entry != &entries[k])
				continue;
			if (first)
				text_addf(t, "%s%.100s is listed by ", between, entries[k].shown);
			text_addf(t, "%s%s", first ? "" : ", ", f->against[i].site->domain);
			first = false;
		}
	}
}

static struct verdict
refuse(struct eval *e, unsigned check, const struct findings *f, const char *listings)
{
	const struct answer *reason = NULL;

	for (size_t i = 0; i < f->count; i++) {
		const struct listing *l = &f->against[i];
		const struct answer *txt = list_lookup(e, l->site->domain, l->entry->name, DNS_TXT);

		if (found(txt) && reason == NULL)
			reason = txt;
	}
	if (waiting(e))
		return PENDING;

	if (reason == NULL)
		return object(e, check, "5.7.1", "%s" REMEDY, listings);
	return object(e, check, "5.7.1", "%s (%.100s)", listings, reason->records[0].text);
}

struct verdict
dnsbl_weigh(struct eval *e, unsigned check, const struct dnsbl_sites *sites, int64_t threshold,
    const struct dnsbl_entry *entries, size_t count)
{
	struct listing against[DNSBL_SITES_MAX * DNSBL_ENTRIES_MAX];
	struct findings f = { .against = against };
	char buffer[VERDICT_TEXT * 3 / 5];
	struct text listings = TEXT(buffer);
	struct verdict v;

	for (size_t i = 0; i < sites->count; i++)
		look_at(e, &f, &sites->at[i], entries, count);
	if (waiting(e))
		return PENDING;

	describe(&listings, &f, entries, count);
	int least = f.sure + f.granted;
	if (least >= threshold)
		v = refuse(e, check, &f, buffer);
	else if (least + f.possible >= threshold)
		v = cannot_tell(e, check, "4.7.1", "%s%scannot look up %.100s at %s now", buffer, f.count ? "; " : "",
		    f.unsure.entry->shown, f.unsure.site->domain);
	else if (f.count > 0)
		v = weigh(e, check, "%s" REMEDY, buffer);
	else if (least != 0 || f.possible != 0)
		v = weigh(e, check, "%.100s weighs %d", entries[0].shown, least);
	else
		return DUNNO;
	v.least = least;
	v.most = f.sure + f.possible;
	return v;
}
