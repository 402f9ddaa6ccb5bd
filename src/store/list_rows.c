/* list_rows.c - the rows people wrote, read a slice at a time, and what is wrong with them (lists.h) */
#include "store/list_entry.h"
#include "base/arena.h"
#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 1000000, SLICE_ROWS = 500, VALUE_BYTES = 512, STRIKES_MAX = 1000000 };

struct loading {
	struct lists *lists;
	const struct store_reader *reader;
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
	{ "recipient_profile", "SELECT recipient, expires, created, profile FROM hand_recipient_profile LIMIT ?", load_profile },
	{ "recipient_setting", "SELECT recipient, expires, created, check_name, setting FROM hand_recipient_setting "
	    "LIMIT ?", load_setting },
};
enum { TABLES = sizeof tables / sizeof *tables };

const char *
list_column_text(struct arena *a, sqlite3_stmt *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);

	return text != NULL && *text ? arena_strndup(a, text, strnlen(text, VALUE_BYTES - 1)) : "";
}

int64_t
list_column_time(sqlite3_stmt *s, int column)
{
	int64_t time_s = sqlite3_column_int64(s, column);

	if (sqlite3_column_type(s, column) == SQLITE_NULL)
		return 0;
	return time_s < 1 ? 1 : time_s > CLOCK_MAX_S ? CLOCK_MAX_S : time_s;
}

int
list_column_strikes(sqlite3_stmt *s, int column)
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
		list_pattern_key(key, kind, 'r', &e->recipient);
	else if (e->kind == LIST_LOGIN_DOMAIN)
		list_pattern_key(key, kind, 'l', &e->login);
	else if (e->client.what != PATTERN_ANY)
		list_pattern_key(key, kind, 'c', &e->client);
	else if (e->sender.what != PATTERN_ANY)
		list_pattern_key(key, kind, 's', &e->sender);
	else if (e->helo.what != PATTERN_ANY)
		list_pattern_key(key, kind, 'h', &e->helo);
	else if (e->recipient.what != PATTERN_ANY)
		list_pattern_key(key, kind, 'r', &e->recipient);
	else if (e->login.what != PATTERN_ANY)
		list_pattern_key(key, kind, 'l', &e->login);
	else
		return false;
	list_insert(l, e, key);
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

/* What people know a row by that has no id: its columns. */
static const char *
row_name(struct arena *a, const struct list_row *row)
{
	const char *const columns[] = { row->client, row->sender, row->login, row->recipient };
	const char *name = "";

	for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
		if (*columns[i])
			name = *name ? arena_printf(a, "%s %s", name, columns[i]) : columns[i];
	return name;
}

/* Read the row's columns and file it, or tell what is wrong with it. */
static void
file_entry(struct loading *to, struct entry *e, const char *scope)
{
	struct arena *a = to->lists->arena;
	const char *finding = NULL, *id = arena_printf(a, "%" PRId64, e->row.id);

	if (e->row.id == 0)
		id = row_name(a, &e->row);
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
	const char *scope = list_column_text(a, s, 8);

	e->kind = tables[to->table].kind;
	e->row = (struct list_row){ .id = sqlite3_column_int64(s, 0), .client = list_column_text(a, s, 1),
	    .helo = list_column_text(a, s, 2), .sender = list_column_text(a, s, 3), .recipient = list_column_text(a, s, 4),
	    .login = list_column_text(a, s, 5), .expires_s = list_column_time(s, 6), .cause = list_column_text(a, s, 7),
	    .for_all = strcmp(scope, "all") == 0, .since_s = list_column_time(s, 9), .strikes = list_column_strikes(s, 10) };
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

/* File what is a recipient's own.  The table knows one row of each, in one spelling; of two spellings the newer counts. */
static void
file_own(struct loading *to, struct entry *e, const char *key)
{
	struct entry *other = list_first(to->lists, key);
	bool newer = other == NULL || e->created_s >= other->created_s;

	if (other != NULL)
		to->problem(to->arg, tables[to->table].name, newer ? other->name : e->name, arena_printf(to->lists->arena,
		    "does nothing, since the row %.300s is about the same recipient, and newer; delete one", newer ? e->name : other->name));
	if (!newer)
		return;
	if (other != NULL)
		hash_remove(&to->lists->table, &other->link);
	list_insert(to->lists, e, key);
}

/* recipient, expires, created, profile */
static void
load_profile(struct loading *to, sqlite3_stmt *s)
{
	struct arena *a = to->lists->arena;
	struct entry *e = arena_alloc(a, sizeof *e);
	const char *recipient, *finding;
	char key[KEY_BYTES], why[256] = "";

	e->name = list_column_text(a, s, 0);
	e->row.expires_s = list_column_time(s, 1);
	e->created_s = sqlite3_column_int64(s, 2);
	e->profile = list_column_text(a, s, 3);
	if (!recipient_key(a, e->name, &recipient, &finding)) {
		to->problem(to->arg, "recipient_profile", e->name, finding);
		return;
	}
	if (!to->reader->profile(to->reader->arg, e->profile, why, sizeof why)) {
		to->problem(to->arg, "recipient_profile", e->name, why);
		return;
	}
	snprintf(key, sizeof key, "p%s", recipient);
	file_own(to, e, key);
}

/* recipient, expires, created, check_name, setting */
static void
load_setting(struct loading *to, sqlite3_stmt *s)
{
	struct arena *a = to->lists->arena;
	struct entry *e = arena_alloc(a, sizeof *e), *any = arena_alloc(a, sizeof *any);
	const char *written = list_column_text(a, s, 0), *check = list_column_text(a, s, 3), *setting = list_column_text(a, s, 4);
	const char *recipient, *finding;
	char key[KEY_BYTES], why[256] = "";

	e->name = arena_printf(a, "%.200s %.100s", written, check);
	e->row.expires_s = list_column_time(s, 1);
	e->created_s = sqlite3_column_int64(s, 2);
	if (!recipient_key(a, written, &recipient, &finding)) {
		to->problem(to->arg, "recipient_setting", e->name, finding);
		return;
	}
	e->setting = to->reader->setting(check, setting, why, sizeof why);
	if (e->setting == NULL) {
		to->problem(to->arg, "recipient_setting", e->name, why);
		return;
	}
	e->next_setting = to->lists->settings;
	to->lists->settings = e;
	snprintf(key, sizeof key, "t%s %.100s", recipient, check);
	file_own(to, e, key);
	snprintf(key, sizeof key, "o%s", recipient);
	list_insert(to->lists, any, key);
}

struct loading *
lists_load_begin(sqlite3 *db, const char *delimiters, const struct store_reader *reader, lists_problem *problem,
    void *arg)
{
	if (sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		return NULL;
	struct loading *l = xcalloc(1, sizeof *l);
	*l = (struct loading){ lists_empty(), reader, problem, arg, db, NULL, 0 };
	l->lists->delimiters = arena_strdup(l->lists->arena, delimiters);
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
lists_load(sqlite3 *db, const char *delimiters, const struct store_reader *reader, lists_problem *problem, void *arg)
{
	struct loading *l = lists_load_begin(db, delimiters, reader, problem, arg);

	while (l != NULL && lists_load_slice(l) == LOADING_MORE)
		;
	return l ? lists_load_end(l) : NULL;
}
