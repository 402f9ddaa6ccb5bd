/* lists.c - see lists.h
 *
 * A row stands in one hash table under the key of its most telling column:
 * client, else sender, helo, recipient; one of unwanted under who does not want
 * it, as thousands may not want the same.  A subject's possible keys are few (its
 * address under each prefix length in use, its names and their parents); the row's other columns are compared
 * where a key hits.
 */
#include "store/list_entry.h"
#include "store/extension.h"
#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lists *
lists_empty(void)
{
	struct lists *l = xcalloc(1, sizeof *l);

	l->refs = 1;
	l->arena = arena_new();
	l->delimiters = "";
	return l;
}

void
lists_ref(struct lists *l)
{
	l->refs++;
}

void
lists_release(struct lists *l)
{
	if (l == NULL || --l->refs > 0)
		return;
	for (struct entry *e = l->settings; e != NULL; e = e->next_setting)
		free(e->setting);
	hash_free(&l->table);
	arena_free(l->arena);
	free(l);
}

/* ---- keys ---- */

static struct entry *
match_from(struct hash_link *l, uint64_t hash, const char *key)
{
	while (l != NULL && (l->hash != hash || strcmp(((const struct entry *)(const void *)l)->key, key) != 0))
		l = l->next;
	return (struct entry *)(void *)l;
}

struct entry *
list_first(const struct lists *l, const char *key)
{
	uint64_t hash = hash_bytes(key, strlen(key));

	return match_from(hash_first(&l->table, hash), hash, key);
}

static const struct entry *
next_match(const struct entry *e)
{
	return match_from(e->link.next, e->link.hash, e->key);
}

void
list_insert(struct lists *l, struct entry *e, const char *key)
{
	e->key = arena_strdup(l->arena, key);
	hash_insert(&l->table, &e->link, hash_bytes(key, strlen(key)));
}

void
list_network_key(char key[KEY_BYTES], unsigned kind, const struct network *n)
{
	char text[NETWORK_TEXT];

	snprintf(key, KEY_BYTES, "%uc%s", kind, network_print(n, text));
}

void
list_pattern_key(char key[KEY_BYTES], unsigned kind, char column, const struct pattern *p)
{
	if (p->what == PATTERN_NETWORK)
		list_network_key(key, kind, &p->network);
	else
		snprintf(key, KEY_BYTES, "%u%c%s%s", kind, column, p->what == PATTERN_BELOW ? "." : "", p->text);
}

/* ---- finding ---- */

struct search {
	const struct lists *lists;
	unsigned kind;			/* enum list_kind, or NAMELESS more */
	const struct list_subject *who;
	int64_t now_s;
	const struct entry *best;
	const char *plain;		/* the recipient without its extension; NULL: it has none */
};

static const char *
plain_recipient(const struct lists *l, const char *recipient, char out[KEY_BYTES])
{
	return recipient != NULL && extension_cut(recipient, l->delimiters, out, KEY_BYTES) ? out : NULL;
}

/* Of addresses the one with an extension, which is the longer. */
static bool
is_nearer(const struct pattern *p, const struct pattern *other)
{
	return p->what == PATTERN_EXACT && other->what == PATTERN_EXACT && strlen(p->text) > strlen(other->text);
}

/* Of blocks one for good, so that none with an end makes it weaker; then the most specific, then the newest. */
static bool
beats(const struct entry *e, const struct entry *other)
{
	if (e->kind == LIST_BLOCK && (e->row.expires_s == 0) != (other->row.expires_s == 0))
		return e->row.expires_s == 0;
	if (e->weight != other->weight)
		return e->weight > other->weight;
	if (is_nearer(&e->recipient, &other->recipient))
		return true;
	return e->row.id > other->row.id && !is_nearer(&other->recipient, &e->recipient);
}

static bool
client_matches(const struct pattern *p, const struct list_subject *who)
{
	if (p->what == PATTERN_NETWORK)
		return network_contains(&p->network, who->client);
	return pattern_matches(p, who->client_name);
}

static bool
recipient_matches(const struct pattern *p, const struct search *s)
{
	return pattern_matches(p, s->who->recipient) || (s->plain != NULL && pattern_matches(p, s->plain));
}

static bool
login_matches(const struct pattern *p, const struct list_subject *who)
{
	return pattern_matches(p, who->login) || (who->login_name != NULL && pattern_matches(p, who->login_name));
}

static void
try_key(struct search *s, const char *key)
{
	for (const struct entry *e = list_first(s->lists, key); e != NULL; e = next_match(e)) {
		if (!list_row_counts(&e->row, s->now_s) || !client_matches(&e->client, s->who) ||
		    !pattern_matches(&e->helo, s->who->helo) || !pattern_matches(&e->sender, s->who->sender) ||
		    !recipient_matches(&e->recipient, s) || !login_matches(&e->login, s->who))
			continue;
		if (s->best == NULL || beats(e, s->best))
			s->best = e;
	}
}

static void
try_networks(struct search *s)
{
	const struct address *a = s->who->client;
	char key[KEY_BYTES];

	for (unsigned prefix = 0; a != NULL && a->bits != 0 && prefix <= a->bits; prefix++) {
		bool used = a->bits == 32 ? s->lists->prefixes[s->kind][0] >> prefix & 1 :
		    prefix == 128 ? s->lists->v6_128[s->kind] :
		    s->lists->prefixes[s->kind][1 + prefix / 64] >> prefix % 64 & 1;

		if (!used)
			continue;
		struct network n = network_of(a, prefix);
		list_network_key(key, s->kind, &n);
		try_key(s, key);
	}
}

/* The value whole, its domain if it is an address, and every domain above as ".domain". */
static void
try_names(struct search *s, char column, const char *value)
{
	char key[KEY_BYTES];

	if (value == NULL)
		return;
	snprintf(key, sizeof key, "%u%c%.512s", s->kind, column, value);
	try_key(s, key);
	const char *at = strrchr(value, '@');
	if (at != NULL && column != 'c' && column != 'h') {
		value = at + 1;
		snprintf(key, sizeof key, "%u%c%.255s", s->kind, column, value);
		try_key(s, key);
	}
	for (const char *dot = strchr(value, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
		snprintf(key, sizeof key, "%u%c%.255s", s->kind, column, dot);
		try_key(s, key);
	}
}

static void
try_recipient(struct search *s)
{
	char key[KEY_BYTES];

	try_names(s, 'r', s->who->recipient);
	if (s->plain == NULL)
		return;
	snprintf(key, sizeof key, "%ur%.512s", s->kind, s->plain);
	try_key(s, key);
}

const struct list_row *
lists_find(const struct lists *l, enum list_kind kind, const struct list_subject *who, int64_t now_s)
{
	char plain[KEY_BYTES];
	struct search s = { l, kind, who, now_s, NULL, plain_recipient(l, who->recipient, plain) };

	if (l->rows[kind] == 0)
		return NULL;
	try_networks(&s);
	if (l->names[kind] && who->client_name != NULL && *who->client_name)
		try_names(&s, 'c', who->client_name);
	try_names(&s, 's', who->sender);
	try_names(&s, 'h', who->helo);
	try_recipient(&s);
	try_names(&s, 'l', who->login);
	try_names(&s, 'l', who->login_name);
	return s.best ? &s.best->row : NULL;
}

const struct list_row *
lists_block(const struct lists *l, const char *client, const char *login)
{
	char key[KEY_BYTES];
	struct network n;
	const char *why;

	if (l->rows[LIST_BLOCK] == 0 || (*login == '\0' && !network_parse(&n, client, &why)))
		return NULL;
	if (*login)
		snprintf(key, sizeof key, "%ul%.512s", LIST_BLOCK, login);
	else
		list_network_key(key, LIST_BLOCK, &n);
	const struct list_row *last = NULL;
	/* People may have written another row of it in another spelling. */
	for (const struct entry *e = list_first(l, key); e != NULL; e = next_match(e))
		if (last == NULL || (last->expires_s != 0 && (e->row.expires_s == 0 || e->row.expires_s > last->expires_s)))
			last = &e->row;
	return last;
}

bool
lists_name_login(const struct lists *l, const char *login)
{
	char key[KEY_BYTES];

	snprintf(key, sizeof key, "%ul%.512s", LIST_LOGIN_DOMAIN, login);
	return list_first(l, key) != NULL;
}

bool
lists_want_name(const struct lists *l, enum list_kind kind, const struct list_subject *who, int64_t now_s)
{
	char plain[KEY_BYTES];
	struct search s = { l, NAMELESS + kind, who, now_s, NULL, plain_recipient(l, who->recipient, plain) };

	if (!l->names[kind])
		return false;
	if (l->names_alone_until_s[kind] > now_s)
		return true;
	try_names(&s, 's', who->sender);
	try_names(&s, 'h', who->helo);
	try_recipient(&s);
	return s.best != NULL;
}

/* The first entry under prefix + recipient (+ suffix), then without its extension, then its domain, that has not expired. */
static const struct entry *
find_recipient(const struct lists *l, char prefix, const char *recipient, const char *suffix, int64_t now_s)
{
	const char *at = strrchr(recipient, '@');
	char key[KEY_BYTES], plain[KEY_BYTES];
	const char *const values[] = { recipient, plain_recipient(l, recipient, plain), at ? at + 1 : NULL };

	for (size_t i = 0; i < 3; i++) {
		if (values[i] == NULL)
			continue;
		snprintf(key, sizeof key, "%c%.512s%s", prefix, values[i], suffix);
		for (const struct entry *e = list_first(l, key); e != NULL; e = next_match(e))
			if (list_row_counts(&e->row, now_s))
				return e;
	}
	return NULL;
}

const char *
lists_profile(const struct lists *l, const char *recipient, int64_t now_s)
{
	const struct entry *e = l->table.count ? find_recipient(l, 'p', recipient, "", now_s) : NULL;

	return e ? e->profile : NULL;
}

const void *
lists_setting(const struct lists *l, const char *recipient, const char *check, int64_t now_s)
{
	char suffix[128];

	snprintf(suffix, sizeof suffix, " %.100s", check);
	const struct entry *e = find_recipient(l, 't', recipient, suffix, now_s);
	return e ? e->setting : NULL;
}

bool
lists_has_setting(const struct lists *l, const char *recipient)
{
	return l->settings != NULL && find_recipient(l, 'o', recipient, "", 0) != NULL;
}
