/* lists.c - see lists.h
 *
 * A row stands in one hash table under the key of its most telling column:
 * client, else sender, helo, recipient; one of unwanted under who does not want
 * it, as thousands may not want the same.  A subject's possible keys are few (its
 * address under each prefix length in use, its names and their parents); the row's other columns are compared
 * where a key hits.
 */
#include "store/lists.h"
#include "store/pattern.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/domain.h"
#include "base/hash.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 1000000, SLICE_ROWS = 500, VALUE_BYTES = 512, KEY_BYTES = 700, STRIKES_MAX = 1000000 };

enum { KINDS = LIST_QUOTA_LIMIT + 1, NAMELESS = KINDS };	/* NAMELESS + kind: rows by name, without the name */

struct entry {
	struct hash_link link;
	const char *key;
	enum list_kind kind;
	struct list_row row;
	struct pattern client, helo, sender, recipient, login;
	bool sender_is_empty;		/* '' stands there, not NULL */
	int weight;			/* how specific */
	/* recipient_profile and recipient_setting */
	const char *profile;
	void *setting;
	struct entry *next_setting;	/* for freeing */
};

struct lists {
	unsigned refs;
	struct arena *arena;
	struct hash_table table;
	size_t rows[KINDS];
	uint64_t prefixes[KINDS][3];	/* prefix lengths in use, as bits: IPv4 in [0], IPv6 0-63 in [1], 64-127 in [2] */
	bool v6_128[KINDS];		/* and this one */
	bool names[KINDS];		/* some row has a client name */
	int64_t names_alone_until_s[KINDS];	/* and one nothing else, which lasts until then */
	struct entry *settings;
};

struct lists *
lists_empty(void)
{
	struct lists *l = xcalloc(1, sizeof *l);

	l->refs = 1;
	l->arena = arena_new();
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

static const struct entry *
next_match(const struct hash_link *l, uint64_t hash, const char *key)
{
	for (; l != NULL; l = l->next)
		if (l->hash == hash && strcmp(((const struct entry *)(const void *)l)->key, key) == 0)
			break;
	return (const struct entry *)(const void *)l;
}

static void
insert(struct lists *l, struct entry *e, const char *key)
{
	e->key = arena_strdup(l->arena, key);
	hash_insert(&l->table, &e->link, hash_bytes(key, strlen(key)));
}

static void
network_key(char key[KEY_BYTES], unsigned kind, const struct network *n)
{
	char text[NETWORK_TEXT];

	snprintf(key, KEY_BYTES, "%uc%s", kind, network_print(n, text));
}

static void
pattern_key(char key[KEY_BYTES], unsigned kind, char column, const struct pattern *p)
{
	if (p->what == PATTERN_NETWORK)
		network_key(key, kind, &p->network);
	else
		snprintf(key, KEY_BYTES, "%u%c%s%s", kind, column, p->what == PATTERN_BELOW ? "." : "", p->text);
}

/* ---- reading rows ---- */

struct loading {
	struct lists *lists;
	store_setting_reader *reader;
	lists_problem *problem;
	void *arg;
	sqlite3 *db;
	sqlite3_stmt *rows;		/* of the table being read; NULL between two */
	size_t table;			/* the one being read, or next */
};

static void load_row(struct loading *to, sqlite3_stmt *s);
static void load_profile(struct loading *to, sqlite3_stmt *s);
static void load_setting(struct loading *to, sqlite3_stmt *s);

static const struct {
	const char *name;		/* of the view */
	const char *sql;
	void (*load)(struct loading *to, sqlite3_stmt *s);
	enum list_kind kind;		/* load_row */
} tables[] = {
	{ "allow", "SELECT id, client, helo, sender, recipient, NULL, expires, NULL, NULL, NULL, NULL FROM hand_allow LIMIT ?",
	    load_row, LIST_ALLOW },
	{ "deny", "SELECT id, client, helo, sender, recipient, NULL, expires, NULL, NULL, NULL, NULL FROM hand_deny LIMIT ?",
	    load_row, LIST_DENY },
	{ "unwanted", "SELECT id, client, NULL, sender, recipient, NULL, expires, cause, scope, NULL, NULL "
	    "FROM hand_unwanted LIMIT ?", load_row, LIST_UNWANTED },
	{ "block", "SELECT 0, client, NULL, sender, NULL, login, expires, cause, NULL, since, strikes FROM hand_block LIMIT ?",
	    load_row, LIST_BLOCK },
	{ "spamtrap", "SELECT 0, NULL, NULL, NULL, recipient, NULL, expires, NULL, NULL, NULL, NULL FROM hand_spamtrap LIMIT ?",
	    load_row, LIST_SPAMTRAP },
	{ "login_domain", "SELECT id, NULL, NULL, sender, NULL, login, expires, NULL, NULL, NULL, NULL "
	    "FROM hand_login_domain LIMIT ?", load_row, LIST_LOGIN_DOMAIN },
	{ "quota_limit", "SELECT id, client, NULL, sender, NULL, login, expires, quota, NULL, NULL, NULL FROM hand_quota_limit LIMIT ?",
	    load_row, LIST_QUOTA_LIMIT },
	{ "relay_login", "SELECT 0, NULL, NULL, NULL, NULL, login, expires, NULL, NULL, NULL, NULL FROM hand_relay_login LIMIT ?",
	    load_row, LIST_RELAY_LOGIN },
	{ "recipient_profile", "SELECT recipient, profile, expires FROM hand_recipient_profile LIMIT ?", load_profile },
	{ "recipient_setting", "SELECT recipient, check_name, setting, expires FROM hand_recipient_setting LIMIT ?",
	    load_setting },
};
enum { TABLES = sizeof tables / sizeof *tables };

static const char *
column_text(struct arena *a, sqlite3_stmt *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);

	return text != NULL && *text ? arena_strndup(a, text, strnlen(text, VALUE_BYTES - 1)) : "";
}

/* A time, or 0 if the column is NULL; whatever number people wrote, it can be shown, and added to. */
static int64_t
column_time(sqlite3_stmt *s, int column)
{
	int64_t time_s = sqlite3_column_int64(s, column);

	if (sqlite3_column_type(s, column) == SQLITE_NULL)
		return 0;
	return time_s < 1 ? 1 : time_s > CLOCK_MAX_S ? CLOCK_MAX_S : time_s;
}

static int
column_strikes(sqlite3_stmt *s, int column)
{
	int64_t strikes = sqlite3_column_int64(s, column);

	return strikes < 0 ? 0 : strikes > STRIKES_MAX ? STRIKES_MAX : (int)strikes;
}

static void
note_prefix(struct lists *l, enum list_kind kind, const struct network *n)
{
	if (n->base.bits == 32)
		l->prefixes[kind][0] |= 1ull << n->prefix;
	else if (n->prefix == 128)
		l->v6_128[kind] = true;
	else
		l->prefixes[kind][1 + n->prefix / 64] |= 1ull << n->prefix % 64;
}

/* Under the most telling column, a wish under whose it is; false if all columns match anything. */
static bool
file_under_key(struct lists *l, struct entry *e, unsigned kind)
{
	char key[KEY_BYTES];

	if (e->kind == LIST_UNWANTED && e->recipient.what != PATTERN_ANY)
		pattern_key(key, kind, 'r', &e->recipient);
	else if (e->kind == LIST_LOGIN_DOMAIN)
		pattern_key(key, kind, 'l', &e->login);
	else if (e->client.what != PATTERN_ANY)
		pattern_key(key, kind, 'c', &e->client);
	else if (e->sender.what != PATTERN_ANY)
		pattern_key(key, kind, 's', &e->sender);
	else if (e->helo.what != PATTERN_ANY)
		pattern_key(key, kind, 'h', &e->helo);
	else if (e->recipient.what != PATTERN_ANY)
		pattern_key(key, kind, 'r', &e->recipient);
	else if (e->login.what != PATTERN_ANY)
		pattern_key(key, kind, 'l', &e->login);
	else
		return false;
	insert(l, e, key);
	return true;
}

/* A row that names a client by its name is filed once more, without the name: see lists_want_name(). */
static void
file_nameless(struct lists *l, const struct entry *e)
{
	struct entry *twin = arena_alloc(l->arena, sizeof *twin);
	int64_t until_s = e->row.expires_s ? e->row.expires_s : INT64_MAX;

	*twin = *e;
	twin->client = (struct pattern){ .what = PATTERN_ANY };
	l->names[e->kind] = true;
	if (!file_under_key(l, twin, NAMELESS + e->kind) && l->names_alone_until_s[e->kind] < until_s)
		l->names_alone_until_s[e->kind] = until_s;
}

static void
file_row(struct lists *l, struct entry *e)
{
	file_under_key(l, e, e->kind);
	l->rows[e->kind]++;
	if (e->client.what == PATTERN_NETWORK)
		note_prefix(l, e->kind, &e->client.network);
	else if (e->client.what != PATTERN_ANY)
		file_nameless(l, e);
}

/* What is wrong with a row whose columns are fine each; NULL if nothing. */
static const char *
row_finding(const struct entry *e, const char *scope)
{
	bool source = e->client.what != PATTERN_ANY || e->sender.what != PATTERN_ANY;

	switch (e->kind) {
	case LIST_ALLOW:
		if (e->client.what == PATTERN_ANY && (e->sender.what != PATTERN_ANY || e->helo.what != PATTERN_ANY))
			return "anybody can claim this sender or helo, so the row does nothing; name a client beside it";
		break;
	case LIST_UNWANTED:
		if (!source)
			return "says not what is unwanted; fill client or sender";
		if (strcmp(scope, "recipient") != 0 && strcmp(scope, "all") != 0)
			return "no scope; write recipient or all";
		if (!e->row.for_all && e->recipient.what == PATTERN_ANY)
			return "says not who does not want it; fill recipient, or set scope = 'all'";
		return NULL;
	case LIST_LOGIN_DOMAIN:
		if (e->sender_is_empty)
			return "sender is ''; write '<>' for the empty sender, or NULL for any";
		/* fall through */
	case LIST_RELAY_LOGIN:
		return e->login.what == PATTERN_ANY ? "says not whose it is; fill login" : NULL;
	case LIST_QUOTA_LIMIT:
		if (e->sender.what == PATTERN_EXACT)
			return "no domain; write example.org or .example.org, or fill login";
		/* fall through */
	case LIST_BLOCK:
		if ((e->client.what != PATTERN_ANY) + (e->sender.what != PATTERN_ANY) + (e->login.what != PATTERN_ANY) != 1)
			return "not one of client, sender and login is filled; fill exactly one";
		return NULL;
	default:
		break;
	}
	return e->weight == 0 ? "says nothing; fill client, helo, sender or recipient" : NULL;
}

/* The quotas of a row; NULL, or what is wrong. */
static const char *
read_quotas(struct arena *a, struct list_row *row)
{
	const char *text = row->cause;

	if (strlen(text) == VALUE_BYTES - 1)
		return "too long; write fewer quotas";
	row->quotas = arena_alloc(a, sizeof *row->quotas);
	const char *why = quotas_read(a, text, false, row->quotas);
	return why == NULL && row->quotas->count == 0 && strcmp(text, "none") != 0 ? "no quota; write none if there is to be none" : why;
}

/* Read the row's columns and file it, or tell what is wrong with it. */
static void
file_entry(struct loading *to, struct entry *e, const char *scope)
{
	struct arena *a = to->lists->arena;
	const char *finding = NULL, *id = arena_printf(a, "%" PRId64, e->row.id);

	if (e->row.id == 0)
		id = arena_printf(a, "%s%s%s%s", e->row.client, e->row.sender, e->row.login, e->row.recipient);
	bool ok = pattern_read(a, "client", e->row.client, &e->client, &finding) &&
	    pattern_read(a, "helo", e->row.helo, &e->helo, &finding) &&
	    pattern_read(a, "sender", e->row.sender, &e->sender, &finding) &&
	    pattern_read(a, "recipient", e->row.recipient, &e->recipient, &finding) &&
	    pattern_read(a, "login", e->row.login, &e->login, &finding);
	if (ok && e->row.for_all)
		e->recipient = (struct pattern){ .what = PATTERN_ANY };
	if (ok && e->kind == LIST_QUOTA_LIMIT) {
		finding = read_quotas(a, &e->row);
		ok = finding == NULL;
	}
	if (ok) {			/* else a pattern may lack its text */
		e->weight = pattern_weight(&e->client) + pattern_weight(&e->helo) + pattern_weight(&e->sender) +
		    pattern_weight(&e->recipient) + pattern_weight(&e->login);
		finding = row_finding(e, scope);
	}
	if (finding == NULL)
		file_row(to->lists, e);
	else
		to->problem(to->arg, tables[to->table].name, id, finding);
}

/* id, client, helo, sender, recipient, login, expires, cause, scope, since, strikes */
static void
load_row(struct loading *to, sqlite3_stmt *s)
{
	struct arena *a = to->lists->arena;
	struct entry *e = arena_alloc(a, sizeof *e);
	const char *scope = column_text(a, s, 8);

	e->kind = tables[to->table].kind;
	e->row = (struct list_row){ .id = sqlite3_column_int64(s, 0), .client = column_text(a, s, 1),
	    .helo = column_text(a, s, 2), .sender = column_text(a, s, 3), .recipient = column_text(a, s, 4),
	    .login = column_text(a, s, 5), .expires_s = column_time(s, 6), .cause = column_text(a, s, 7),
	    .for_all = strcmp(scope, "all") == 0, .since_s = column_time(s, 9), .strikes = column_strikes(s, 10) };
	e->sender_is_empty = *e->row.sender == '\0' && sqlite3_column_type(s, 3) != SQLITE_NULL;
	file_entry(to, e, scope);
}

/* The recipient as a key: address, or domain. */
static bool
recipient_key(struct arena *a, const char *text, const char **key, const char **finding)
{
	struct pattern p = { PATTERN_ANY, NULL, { .prefix = 0 } };

	bool ok = pattern_read(a, "recipient", text, &p, finding) && p.what != PATTERN_ANY && p.what != PATTERN_BELOW;
	*finding = "no recipient; write ann@example.org or example.org";
	if (!ok)
		return false;
	*key = p.text;
	return true;
}

/* recipient, profile, expires */
static void
load_profile(struct loading *to, sqlite3_stmt *s)
{
	struct arena *a = to->lists->arena;
	struct entry *e = arena_alloc(a, sizeof *e);
	const char *written = column_text(a, s, 0), *recipient, *finding;
	char key[KEY_BYTES];

	e->profile = column_text(a, s, 1);
	e->row.expires_s = column_time(s, 2);
	if (!recipient_key(a, written, &recipient, &finding)) {
		to->problem(to->arg, "recipient_profile", written, finding);
		return;
	}
	snprintf(key, sizeof key, "p%s", recipient);
	insert(to->lists, e, key);
}

/* recipient, check_name, setting, expires */
static void
load_setting(struct loading *to, sqlite3_stmt *s)
{
	struct arena *a = to->lists->arena;
	struct entry *e = arena_alloc(a, sizeof *e), *any = arena_alloc(a, sizeof *any);
	const char *written = column_text(a, s, 0), *check = column_text(a, s, 1), *setting = column_text(a, s, 2);
	const char *recipient, *finding;
	char key[KEY_BYTES], why[256] = "", row[VALUE_BYTES];

	snprintf(row, sizeof row, "%.200s %.100s", written, check);
	e->row.expires_s = column_time(s, 3);
	if (!recipient_key(a, written, &recipient, &finding)) {
		to->problem(to->arg, "recipient_setting", row, finding);
		return;
	}
	e->setting = to->reader(check, setting, why, sizeof why);
	if (e->setting == NULL) {
		to->problem(to->arg, "recipient_setting", row, why);
		return;
	}
	e->next_setting = to->lists->settings;
	to->lists->settings = e;
	snprintf(key, sizeof key, "t%s %.100s", recipient, check);
	insert(to->lists, e, key);
	snprintf(key, sizeof key, "o%s", recipient);
	insert(to->lists, any, key);
}

struct loading *
lists_load_begin(sqlite3 *db, store_setting_reader *reader, lists_problem *problem, void *arg)
{
	if (sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		return NULL;
	struct loading *l = xcalloc(1, sizeof *l);
	*l = (struct loading){ lists_empty(), reader, problem, arg, db, NULL, 0 };
	return l;
}

enum loading_state
lists_load_slice(struct loading *l)
{
	for (unsigned rows = 0; l->table < TABLES; rows++) {
		int rc = SQLITE_OK;

		if (rows == SLICE_ROWS)
			return LOADING_MORE;
		if (l->rows == NULL) {
			rc = sqlite3_prepare_v2(l->db, tables[l->table].sql, -1, &l->rows, NULL);
			sqlite3_bind_int(l->rows, 1, ROWS_MAX);	/* harmless on NULL */
		}
		if (rc == SQLITE_OK)
			rc = sqlite3_step(l->rows);
		if (rc == SQLITE_ROW)
			tables[l->table].load(l, l->rows);
		else if (rc != SQLITE_DONE)
			return LOADING_FAILED;
		else {
			sqlite3_finalize(l->rows);
			l->rows = NULL;
			l->table++;
		}
	}
	return LOADING_DONE;
}

struct lists *
lists_load_end(struct loading *l)
{
	struct lists *lists = l->table == TABLES ? l->lists : NULL;

	sqlite3_finalize(l->rows);
	sqlite3_exec(l->db, "COMMIT", NULL, NULL, NULL);
	if (lists == NULL)
		lists_release(l->lists);
	free(l);
	return lists;
}

struct lists *
lists_load(sqlite3 *db, store_setting_reader *reader, lists_problem *problem, void *arg)
{
	struct loading *l = lists_load_begin(db, reader, problem, arg);

	while (l != NULL && lists_load_slice(l) == LOADING_MORE)
		;
	return l ? lists_load_end(l) : NULL;
}

/* ---- finding ---- */

struct search {
	const struct lists *lists;
	unsigned kind;			/* enum list_kind, or NAMELESS more */
	const struct list_subject *who;
	int64_t now_s;
	const struct entry *best;
};

/* Of blocks one for good, so that none with an end makes it weaker; then the most specific, then the newest. */
static bool
beats(const struct entry *e, const struct entry *other)
{
	if (e->kind == LIST_BLOCK && (e->row.expires_s == 0) != (other->row.expires_s == 0))
		return e->row.expires_s == 0;
	return e->weight > other->weight || (e->weight == other->weight && e->row.id > other->row.id);
}

static bool
client_matches(const struct pattern *p, const struct list_subject *who)
{
	if (p->what == PATTERN_NETWORK)
		return network_contains(&p->network, who->client);
	return pattern_matches(p, who->client_name);
}

static bool
login_matches(const struct pattern *p, const struct list_subject *who)
{
	return pattern_matches(p, who->login) || (who->login_name != NULL && pattern_matches(p, who->login_name));
}

static void
try_key(struct search *s, const char *key)
{
	uint64_t hash = hash_bytes(key, strlen(key));

	for (const struct entry *e = next_match(hash_first(&s->lists->table, hash), hash, key); e != NULL;
	    e = next_match(e->link.next, hash, key)) {
		if (!list_row_counts(&e->row, s->now_s) || !client_matches(&e->client, s->who) ||
		    !pattern_matches(&e->helo, s->who->helo) || !pattern_matches(&e->sender, s->who->sender) ||
		    !pattern_matches(&e->recipient, s->who->recipient) || !login_matches(&e->login, s->who))
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
		network_key(key, s->kind, &n);
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

const struct list_row *
lists_find(const struct lists *l, enum list_kind kind, const struct list_subject *who, int64_t now_s)
{
	struct search s = { l, kind, who, now_s, NULL };

	if (l->rows[kind] == 0)
		return NULL;
	try_networks(&s);
	if (l->names[kind] && who->client_name != NULL && *who->client_name)
		try_names(&s, 'c', who->client_name);
	try_names(&s, 's', who->sender);
	try_names(&s, 'h', who->helo);
	try_names(&s, 'r', who->recipient);
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
		network_key(key, LIST_BLOCK, &n);
	uint64_t hash = hash_bytes(key, strlen(key));
	const struct list_row *last = NULL;
	/* People may have written another row of it in another spelling. */
	for (const struct entry *e = next_match(hash_first(&l->table, hash), hash, key); e != NULL;
	    e = next_match(e->link.next, hash, key))
		if (last == NULL || (last->expires_s != 0 && (e->row.expires_s == 0 || e->row.expires_s > last->expires_s)))
			last = &e->row;
	return last;
}

bool
lists_name_login(const struct lists *l, const char *login, int64_t now_s)
{
	char key[KEY_BYTES];

	snprintf(key, sizeof key, "%ul%.512s", LIST_LOGIN_DOMAIN, login);
	uint64_t hash = hash_bytes(key, strlen(key));
	for (const struct entry *e = next_match(hash_first(&l->table, hash), hash, key); e != NULL;
	    e = next_match(e->link.next, hash, key))
		if (list_row_counts(&e->row, now_s))
			return true;
	return false;
}

bool
lists_want_name(const struct lists *l, enum list_kind kind, const struct list_subject *who, int64_t now_s)
{
	struct search s = { l, NAMELESS + kind, who, now_s, NULL };

	if (!l->names[kind])
		return false;
	if (l->names_alone_until_s[kind] > now_s)
		return true;
	try_names(&s, 's', who->sender);
	try_names(&s, 'h', who->helo);
	try_names(&s, 'r', who->recipient);
	return s.best != NULL;
}

/* The first entry under prefix + recipient (+ suffix), then under its domain, that has not expired. */
static const struct entry *
find_recipient(const struct lists *l, char prefix, const char *recipient, const char *suffix, int64_t now_s)
{
	const char *at = strrchr(recipient, '@');
	const char *const values[] = { recipient, at ? at + 1 : NULL };
	char key[KEY_BYTES];

	for (size_t i = 0; i < 2 && values[i] != NULL; i++) {
		snprintf(key, sizeof key, "%c%.512s%s", prefix, values[i], suffix);
		uint64_t hash = hash_bytes(key, strlen(key));
		for (const struct entry *e = next_match(hash_first(&l->table, hash), hash, key); e != NULL;
		    e = next_match(e->link.next, hash, key))
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
