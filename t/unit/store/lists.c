/* lists.c - the lists people write promise that … */
#include "store/lists.h"
#include "base/address.h"
#include "base/clock.h"
#include "store/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NOW = 1793611800 };

static char problems[1024];

static void
on_problem(void *arg, const char *list, const char *row, const char *finding)
{
	size_t len = strlen(problems);
	(void)arg;

	snprintf(problems + len, sizeof problems - len, "%s %s: %s\n", list, row, finding);
}

/* A setting is its own text; 'bad' is none, and no profile either. */
static void *
read_setting(const char *check, const char *setting, char *why, size_t size)
{
	if (strcmp(setting, "bad") != 0)
		return strdup(setting);
	snprintf(why, size, "no setting of %s", check);
	return NULL;
}

static bool
read_profile(void *arg, const char *profile, char *why, size_t size)
{
	assert_ptr_equal(arg, problems);
	if (strcmp(profile, "bad") != 0)
		return true;
	snprintf(why, size, "no profile");
	return false;
}

static const struct store_reader reader = { read_setting, read_profile, problems };

static struct lists *
load(const char *sql)
{
	sqlite3 *db;
	char why[256];

	problems[0] = '\0';
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(schema_apply(db, why, sizeof why), SCHEMA_MADE);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	struct lists *l = lists_load(db, "+", &reader, on_problem, NULL);
	assert_non_null(l);
	sqlite3_close(db);
	return l;
}

/* client, confirmed name, helo, sender, recipient */
#define USUAL "192.0.2.7", "mx.example.net", "mx.example.net", "bob@example.net", "ann@example.org"
#define FROM(sender) "192.0.2.7", "mx.example.net", "mx.example.net", sender, "ann@example.org"
#define TO(recipient) "192.0.2.7", "mx.example.net", "mx.example.net", "bob@example.net", recipient
#define CLIENT(address, name) address, name, "mx.example.net", "bob@example.net", "ann@example.org"
#define HELO(helo) "192.0.2.7", "mx.example.net", helo, "bob@example.net", "ann@example.org"

static const struct match {
	const char *says;
	const char *row;		/* columns = values of rows of deny, ids 1, 2, … */
	const char *client, *name, *helo, *sender, *recipient;
	int want;			/* id; 0: none */
} matches[] = {
	{ "an address matches", "(client) VALUES ('192.0.2.7')", USUAL, 1 },
	{ "and no other", "(client) VALUES ('192.0.2.7')", CLIENT("192.0.2.8", "mx.example.net"), 0 },
	{ "an address may be written as IPv6", "(client) VALUES ('::ffff:192.0.2.7')", USUAL, 1 },
	{ "a network matches its first", "(client) VALUES ('192.0.2.0/29')", CLIENT("192.0.2.0", NULL), 1 },
	{ "and its last", "(client) VALUES ('192.0.2.0/29')", CLIENT("192.0.2.7", NULL), 1 },
	{ "not the one behind", "(client) VALUES ('192.0.2.0/29')", CLIENT("192.0.2.8", NULL), 0 },
	{ "0.0.0.0/0 is every IPv4 client", "(client) VALUES ('0.0.0.0/0')", USUAL, 1 },
	{ "and no IPv6 client", "(client) VALUES ('0.0.0.0/0')", CLIENT("2001:db8::1", NULL), 0 },
	{ "::/0 is every IPv6 client", "(client) VALUES ('::/0')", CLIENT("2001:db8::1", NULL), 1 },
	{ "and no IPv4 client", "(client) VALUES ('::/0')", USUAL, 0 },
	{ "IPv6 in any spelling", "(client) VALUES ('2001:DB8:0:0:0::0:1')", CLIENT("2001:db8::1", NULL), 1 },
	{ "an IPv6 network in any spelling", "(client) VALUES ('2001:DB8:0:1::/64')",
	  CLIENT("2001:db8:0:1:ffff:ffff:ffff:ffff", NULL), 1 },
	{ "not the next one", "(client) VALUES ('2001:DB8:0:1::/64')", CLIENT("2001:db8:0:2::", NULL), 0 },
	{ "a network longer than 64 bits", "(client) VALUES ('2001:db8::40/122')", CLIENT("2001:db8::7f", NULL), 1 },
	{ "a confirmed name matches", "(client) VALUES ('MX.Example.net.')", USUAL, 1 },
	{ "only if it is confirmed", "(client) VALUES ('mx.example.net')", CLIENT("192.0.2.7", NULL), 0 },
	{ "not a name below", "(client) VALUES ('example.net')", USUAL, 0 },
	{ ".parent matches what is below", "(client) VALUES ('.example.net')", USUAL, 1 },
	{ "far below too", "(client) VALUES ('.net')", USUAL, 1 },
	{ "not the parent", "(client) VALUES ('.mx.example.net')", USUAL, 0 },
	{ "not what only ends alike", "(client) VALUES ('.xample.net')", USUAL, 0 },
	{ "a helo matches", "(helo) VALUES ('mx.example.net')", USUAL, 1 },
	{ "no other helo", "(helo) VALUES ('mx.example.net')", HELO("mx2.example.net"), 0 },
	{ "no client without a helo", "(helo) VALUES ('mx.example.net')", HELO(NULL), 0 },
	{ "a helo by its parent", "(helo) VALUES ('.example.net')", USUAL, 1 },
	{ "a sender in any case", "(sender) VALUES ('Bob@Example.NET')", USUAL, 1 },
	{ "no other sender", "(sender) VALUES ('bo@example.net')", USUAL, 0 },
	{ "a sender's domain", "(sender) VALUES ('example.net')", USUAL, 1 },
	{ "not those below", "(sender) VALUES ('example.net')", FROM("bob@mx.example.net"), 0 },
	{ ".domain is those below", "(sender) VALUES ('.example.net')", FROM("bob@mx.example.net"), 1 },
	{ "not itself", "(sender) VALUES ('.example.net')", USUAL, 0 },
	{ "<> is the null sender", "(sender) VALUES ('<>')", FROM(""), 1 },
	{ "and no other", "(sender) VALUES ('<>')", USUAL, 0 },
	{ "a domain is not the null sender", "(sender) VALUES ('example.net')", FROM(""), 0 },
	{ "an international domain", "(sender) VALUES ('m\xc3\xbcller.example')", FROM("b@xn--mller-kva.example"), 1 },
	{ "a recipient", "(recipient) VALUES ('ann@example.org')", USUAL, 1 },
	{ "no other", "(recipient) VALUES ('ann@example.org')", TO("bob@example.org"), 0 },
	{ "a recipient's domain", "(recipient) VALUES ('example.org')", USUAL, 1 },
	{ "a recipient by .domain", "(recipient) VALUES ('.org')", USUAL, 1 },
	{ "one with an extension by its address without", "(recipient) VALUES ('ann@example.org')", TO("ann+x+y@example.org"), 1 },
	{ "or with it", "(recipient) VALUES ('ann+x@example.org')", TO("ann+x@example.org"), 1 },
	{ "which goes first", "(recipient) VALUES ('ann+x@example.org'), ('ann@example.org')", TO("ann+x@example.org"), 1 },
	{ "even if it is older", "(recipient) VALUES ('ann@example.org'), ('ann+x@example.org')", TO("ann+x@example.org"), 2 },
	{ "and not by another", "(recipient) VALUES ('ann+x@example.org')", TO("ann+y@example.org"), 0 },
	{ "beside other columns, too", "(client, recipient) VALUES ('192.0.2.7', 'ann@example.org')", TO("ann+x@example.org"), 1 },
	{ "a row with an extension is not for the address without", "(recipient) VALUES ('ann+x@example.org')", USUAL, 0 },
	{ "a sender's extension is its own", "(sender) VALUES ('bob@example.net')", FROM("bob+x@example.net"), 0 },
	{ "every column must match: client", "(client, sender) VALUES ('192.0.2.8', 'example.net')", USUAL, 0 },
	{ "every column must match: sender", "(client, sender) VALUES ('192.0.2.7', 'example.com')", USUAL, 0 },
	{ "every column must match: helo", "(client, helo) VALUES ('192.0.2.7', '.example.com')", USUAL, 0 },
	{ "every column must match: recipient", "(sender, recipient) VALUES ('<>', 'example.com')", FROM(""), 0 },
	{ "all four together", "(client, helo, sender, recipient) VALUES ('.example.net', 'mx.example.net', "
	  "'example.net', 'ann@example.org')", USUAL, 1 },
	{ "the smaller network wins", "(client) VALUES ('192.0.2.0/28'), ('192.0.2.0/24')", USUAL, 1 },
	{ "the address before its network", "(client) VALUES ('192.0.2.7'), ('192.0.2.0/24')", USUAL, 1 },
	{ "the nearer parent wins", "(client) VALUES ('.example.net'), ('.net')", USUAL, 1 },
	{ "the name before its parent", "(client) VALUES ('mx.example.net'), ('.example.net')", USUAL, 1 },
	{ "the sender before its domain", "(sender) VALUES ('bob@example.net'), ('example.net')", USUAL, 1 },
	{ "two columns before one", "(client, sender) VALUES ('192.0.2.0/24', NULL), ('0.0.0.0/0', '.net'), "
	  "('192.0.2.7', NULL)", USUAL, 2 },
	{ "of equals the newest", "(sender) VALUES ('example.net'), ('EXAMPLE.net'), ('example.com')", USUAL, 2 },
	{ "until it expires", "(client, expires) VALUES ('192.0.2.7', 1793611801)", USUAL, 1 },
	{ "not at that second", "(client, expires) VALUES ('192.0.2.7', 1793611800)", USUAL, 0 },
	{ "the next best when one has expired",
	  "(client, expires) VALUES ('192.0.2.0/24', NULL), ('192.0.2.7', 1793611800)", USUAL, 1 },
	{ "empty columns say nothing", "(client, helo, sender) VALUES ('192.0.2.7', '', NULL)", USUAL, 1 },
};

static const struct list_row *
find(const struct lists *l, enum list_kind kind, const struct match *m)
{
	struct address a;

	assert_true(address_parse(&a, m->client));
	return lists_find(l, kind, &(struct list_subject){ &a, m->name, m->helo, m->sender, m->recipient }, NOW);
}

static void
matches_rows(void **state)
{
	const struct match *m = *state;
	char sql[512];

	snprintf(sql, sizeof sql, "INSERT INTO deny %s", m->row);
	struct lists *l = load(sql);
	const struct list_row *row = find(l, LIST_DENY, m);
	assert_int_equal(row ? row->id : 0, m->want);
	assert_null(find(l, LIST_ALLOW, m));
	lists_release(l);
}

static const struct wrong {
	const char *says, *sql, *want;	/* what is told begins so; NULL: nothing */
} wrongs[] = {
	{ "an allowed sender without a client is told", "INSERT INTO allow (sender) VALUES ('example.net')", "allow 1: anybody " },
	{ "an allowed helo too", "INSERT INTO allow (helo, recipient) VALUES ('mx.example.net', 'example.org')",
	  "allow 1: anybody " },
	{ "a denied one is well", "INSERT INTO deny (sender) VALUES ('example.net')", NULL },
	{ "an allowed recipient is well", "INSERT INTO allow (recipient) VALUES ('example.org')", NULL },
	{ "a row that says nothing", "INSERT INTO deny (note) VALUES ('x')", "deny 1: says nothing" },
	{ "bits behind the prefix", "INSERT INTO deny (client) VALUES ('192.0.2.1/24')", "deny 1: " },
	{ "half an address", "INSERT INTO deny (client) VALUES ('192.0.2')", "deny 1: " },
	{ "a blank in a name", "INSERT INTO deny (client) VALUES ('mx example.net')", "deny 1: client = mx example.net: neither " },
	{ "an address without a domain", "INSERT INTO deny (sender) VALUES ('bob@')", "deny 1: sender = bob@: no mail address" },
	{ "an address without a local part", "INSERT INTO deny (sender) VALUES ('@example.net')", "deny 1: sender = @example.net: no mail address" },
	{ "a parent without a name", "INSERT INTO deny (helo) VALUES ('..')", "deny 1: helo = ..: no domain name" },
	{ "<> is no recipient", "INSERT INTO deny (recipient) VALUES ('<>')", "deny 1: recipient = <>: no domain; " },
	{ "an unwanted row that names nobody who wants none", "INSERT INTO unwanted (sender) VALUES ('example.net')",
	  "unwanted 1: says not who" },
	{ "an unwanted row that names nobody to stop", "INSERT INTO unwanted (recipient) VALUES ('ann@example.org')",
	  "unwanted 1: says not what" },
	{ "an unwanted row of no known scope", "INSERT INTO unwanted (recipient, sender, scope) VALUES "
	  "('ann@example.org', 'example.net', 'world')", "unwanted 1: no scope" },
	{ "an unwanted row for all is well", "INSERT INTO unwanted (client, scope) VALUES ('192.0.2.7', 'all')", NULL },
	{ "a setting that cannot be read",
	  "INSERT INTO recipient_setting (recipient, check_name, setting) VALUES ('ann@example.org', 'dnsbl', 'bad')",
	  "recipient_setting ann@example.org dnsbl: no setting of dnsbl" },
	{ "a quota of one address", "INSERT INTO quota_limit (sender, quota) VALUES ('ann@example.org', '5 recipients / 1h')",
	  "quota_limit 1: no domain" },
	{ "a quota that is not there", "INSERT INTO quota_limit (login, quota) VALUES ('ann', ' ')", "quota_limit 1: no quota" },
	{ "quotas too long to read", "INSERT INTO quota_limit (login, quota) WITH n(i) AS (VALUES (60) UNION ALL SELECT i + 1 FROM n "
	  "WHERE i < 90) SELECT 'ann', group_concat('1000 recipients / ' || i || 'm', ', ') FROM n", "quota_limit 1: too long" },
	{ "no quota at all is well", "INSERT INTO quota_limit (sender, quota) VALUES ('.example.org', 'none')", NULL },
	{ "a login's empty sender that was not written as <>", "INSERT INTO login_domain (login, sender) VALUES ('ann@example.org', '')",
	  "login_domain 1: sender is ''; write '<>' for the empty sender, or NULL for any" },
	{ "a login's any sender is well", "INSERT INTO login_domain (login, sender) VALUES ('ann@example.org', NULL)", NULL },
	{ "a star for all of a domain", "INSERT INTO login_domain (login, sender) VALUES ('ann@example.org', '*@example.net')",
	  "login_domain 1: sender = *@example.net: no mail address; write ann@example.net, example.net or" },
	{ "also of logins", "INSERT INTO relay_login (login) VALUES ('*@example.org')", "relay_login *@example.org: login = *@example.org: no login; " },
	{ "or for any of them", "INSERT INTO block (login) VALUES ('*')", "block *: login = *: no login; " },
	{ "a star for part of an address", "INSERT INTO spamtrap (recipient) VALUES ('trap*@example.org')",
	  "spamtrap trap*@example.org: recipient = trap*@example.org: no mail address; write ann@example.net, example.net or .example.net" },
	{ "a blank before an address", "INSERT INTO unwanted (recipient, sender) VALUES (' ann@example.org', 'example.net')",
	  "unwanted 1: recipient =  ann@example.org: no mail address" },
	{ "or behind a login", "INSERT INTO block (login) VALUES ('ann ')", "block ann : login = ann : no login" },
	{ "a blank in a login is well", "INSERT INTO block (login) VALUES ('ann smith')", NULL },
	{ "two addresses for one", "INSERT INTO deny (sender) VALUES ('a@example.net, b@example.net')", "deny 1: sender = " },
	{ "from one address to another", "INSERT INTO block (client) VALUES ('192.0.2.7-192.0.2.9')",
	  "block 192.0.2.7-192.0.2.9: client = 192.0.2.7-192.0.2.9: neither an address, a network nor a name" },
	{ "also if shortened", "INSERT INTO block (client) VALUES ('192.0.2.7-9')", "block 192.0.2.7-9: client = 192.0.2.7-9: neither " },
	{ "an address of a host without a name", "INSERT INTO deny (sender) VALUES ('bob@192.0.2.7')", "deny 1: sender = bob@192.0.2.7: no mail " },
	{ "but a HELO may be an address", "INSERT INTO deny (helo) VALUES ('192.0.2.7')", NULL },
	{ "a block of two at once, by both", "INSERT INTO block (client, login) VALUES ('192.0.2.7', 'x')",
	  "block 192.0.2.7 x: not one of client, sender and login is filled" },
	{ "half an address of a recipient", "INSERT INTO deny (recipient) VALUES ('ann')",
	  "deny 1: recipient = ann: no domain; write ann@example.net, example.net or .example.net" },
	{ "for all that is his own, too", "INSERT INTO recipient_profile (recipient, profile) VALUES ('ann', 'mx')",
	  "recipient_profile ann: no recipient; write ann@example.org or example.org" },
	{ "localhost is well", "INSERT INTO deny (recipient) VALUES ('localhost')", NULL },
	{ "so is a top-level domain", "INSERT INTO deny (recipient) VALUES ('.org')", NULL },
	{ "and a sender's domain without a dot", "INSERT INTO deny (sender) VALUES ('server1')", NULL },
	{ "a profile that is none", "INSERT INTO recipient_profile (recipient, profile) VALUES ('example.org', 'bad')",
	  "recipient_profile example.org: no profile" },
	{ "a recipient that is none", "INSERT INTO recipient_profile (recipient, profile) VALUES ('.example.org', 'mx')",
	  "recipient_profile .example.org: no recipient" },
};

static void
tells_what_is_wrong(void **state)
{
	const struct wrong *w = *state;
	struct lists *l = load(w->sql);

	if (w->want == NULL)
		assert_string_equal(problems, "");
	else if (strncmp(problems, w->want, strlen(w->want)) != 0)
		fail_msg("told: %s", problems);
	if (strstr(w->sql, "INTO allow") != NULL && w->want != NULL)
		assert_null(find(l, LIST_ALLOW, &(struct match){ NULL, NULL, USUAL, 0 }));
	lists_release(l);
}

static void
knows_recipients(void **state)
{
	struct lists *l = load(
	    "INSERT INTO recipient_profile (recipient, profile, expires) VALUES ('Ann@Example.org', 'strict', NULL),"
	    "  ('example.org', 'mild', NULL), ('bob@example.org', 'gone', 1793611800);"
	    "INSERT INTO recipient_setting (recipient, check_name, setting, expires) VALUES"
	    "  ('ann@example.org', 'dnsbl', 'off', NULL), ('example.org', 'dnsbl', 'log', NULL),"
	    "  ('ann+y@example.org', 'dnsbl', 'defer', NULL), ('ann@example.com', 'dnsbl', 'off', 1793611800),"
	    "  ('example.org', 'deny', 'gone', 1793611800)");
	(void)state;

	assert_string_equal(problems, "");
	assert_string_equal(lists_profile(l, "ann@example.org", NOW), "strict");
	assert_string_equal(lists_profile(l, "bob@example.org", NOW), "mild");
	assert_string_equal(lists_profile(l, "bob@example.org", NOW - 1), "gone");
	assert_null(lists_profile(l, "ann@example.com", NOW));
	assert_string_equal(lists_setting(l, "ann@example.org", "dnsbl", NOW), "off");
	assert_string_equal(lists_setting(l, "bob@example.org", "dnsbl", NOW), "log");
	assert_null(lists_setting(l, "bob@example.org", "deny", NOW));
	assert_string_equal(lists_setting(l, "bob@example.org", "deny", NOW - 1), "gone");
	assert_null(lists_setting(l, "ann@example.com", "dnsbl", NOW));
	assert_string_equal(lists_profile(l, "ann+x@example.org", NOW), "strict");
	assert_string_equal(lists_profile(l, "bob+x@example.org", NOW), "mild");
	assert_string_equal(lists_setting(l, "ann+x@example.org", "dnsbl", NOW), "off");
	assert_string_equal(lists_setting(l, "ann+y@example.org", "dnsbl", NOW), "defer");
	assert_true(lists_has_setting(l, "ann+x@example.com"));
	assert_true(lists_has_setting(l, "bob@example.org"));
	assert_null(lists_setting(l, "ann+x@example.com", "dnsbl", NOW));
	assert_false(lists_has_setting(l, "bob@example.com"));
	lists_release(l);
}

static void
takes_the_newer_spelling(void **state)
{
	struct lists *l = load(
	    "INSERT INTO hand_recipient_profile (recipient, profile, expires, created) VALUES ('example.org', 'mild', NULL, 5),"
	    "  ('Example.org', 'strict', NULL, 6), ('M\xc3\xbcller.example', 'strict', 1793611800, 9), ('xn--mller-kva.example', 'mild', NULL, 8);"
	    "INSERT INTO hand_recipient_setting (recipient, check_name, setting, created) VALUES"
	    "  ('ANN@example.org', 'dnsbl', 'off', 6), ('ann@example.org', 'dnsbl', 'log', 5), ('ann@Example.org', 'dnsbl', 'reject', 4),"
	    "  ('Ann@example.org', 'deny', 'off', 1)");
	(void)state;

	assert_string_equal(lists_profile(l, "bob@example.org", NOW), "strict");
	assert_null(lists_profile(l, "bob@xn--mller-kva.example", NOW));	/* what was replaced does not come back */
	assert_string_equal(lists_setting(l, "ann@example.org", "dnsbl", NOW), "off");
	assert_string_equal(lists_setting(l, "ann@example.org", "deny", NOW), "off");
	assert_string_equal(problems,
	    "recipient_profile example.org: does nothing, since the row Example.org is about the same recipient, and newer; delete one\n"
	    "recipient_profile xn--mller-kva.example: does nothing, since the row M\xc3\xbcller.example is about the same recipient, and newer; "
	    "delete one\n"
	    "recipient_setting ann@Example.org dnsbl: does nothing, since the row ANN@example.org dnsbl is about the same recipient, and newer; "
	    "delete one\n"
	    "recipient_setting ann@example.org dnsbl: does nothing, since the row ANN@example.org dnsbl is about the same recipient, and newer; "
	    "delete one\n");
	lists_release(l);
}

static void
keeps_wishes(void **state)
{
	struct lists *l = load(
	    "INSERT INTO unwanted (recipient, sender, cause) VALUES ('ann@example.org', 'example.net', 'unsubscribed');"
	    "INSERT INTO unwanted (recipient, client, scope) VALUES ('ann@example.org', '192.0.2.9', 'all')");
	struct match m = { NULL, NULL, USUAL, 0 };
	(void)state;

	assert_string_equal(problems, "");
	m.recipient = "ann@example.org";
	const struct list_row *row = find(l, LIST_UNWANTED, &m);
	assert_non_null(row);
	assert_string_equal(row->cause, "unsubscribed");
	assert_false(row->for_all);
	m.recipient = "ann+lists@example.org";
	assert_ptr_equal(find(l, LIST_UNWANTED, &m), row);
	m.recipient = "bob@example.org";
	assert_null(find(l, LIST_UNWANTED, &m));
	assert_null(find(l, LIST_DENY, &m));
	m.client = "192.0.2.9";
	row = find(l, LIST_UNWANTED, &m);
	assert_non_null(row);
	assert_true(row->for_all);
	assert_string_equal(row->recipient, "ann@example.org");
	lists_release(l);
}

/* The row's strikes, by which the test knows it; 0: none matches. */
static int
block_at(const struct lists *l, int64_t now_s)
{
	struct address a;

	assert_true(address_parse(&a, "192.0.2.7"));
	const struct list_row *row = lists_find(l, LIST_BLOCK, &(struct list_subject){ .client = &a }, now_s);
	return row ? row->strikes : 0;
}

static void
knows_blocks(void **state)
{
	struct lists *l = load("INSERT INTO hand_block (client, strikes, since, expires, set_by) VALUES "
	    "('192.0.2.7', 1, 1793611800, 1793611900, 'x'), ('192.0.2.0/24', 2, 1793611850, 1793612000, 'x')");
	(void)state;

	assert_int_equal(block_at(l, NOW - 1), 0);
	assert_int_equal(block_at(l, NOW), 1);
	assert_int_equal(block_at(l, NOW + 99), 1);
	assert_int_equal(block_at(l, NOW + 100), 2);
	assert_int_equal(block_at(l, NOW + 200), 0);
	lists_release(l);
	l = load("INSERT INTO hand_block (client, strikes, since, expires, set_by) VALUES "
	    "('192.0.2.7', 1, 5, 1793611900, 'x'), ('192.0.0.0/16', 2, 5, NULL, 'hand'), ('192.0.2.0/24', 3, 5, 1793612000, 'hand')");
	assert_int_equal(block_at(l, NOW), 2);
	lists_release(l);
}

static void
bears_odd_numbers(void **state)
{
	struct lists *l = load("INSERT INTO hand_block (client, strikes, since, expires, set_by) VALUES "
	    "('192.0.2.1', -1, -5, 0, 'hand'), ('192.0.2.2', 9223372036854775807, 5, 9223372036854775807, 'hand'), "
	    "('192.0.2.3', 'many', 'then', 'later', 'hand'), ('2001:DB8::/64', 1, 5, 6, 'x'), ('2001:db8:0:0::/64', 2, 5, 9, 'hand');"
	    "INSERT INTO hand_allow (client, expires, created) VALUES ('192.0.2.7', 0, 5)");
	(void)state;

	const struct list_row *ended = lists_block(l, "192.0.2.1", ""), *far = lists_block(l, "192.0.2.2", "");
	assert_int_equal(ended->strikes, 0);
	assert_false(list_row_counts(ended, NOW));	/* 1970 is over: it is not for good */
	assert_true(list_row_counts(far, NOW));
	assert_in_range(far->strikes, 1, 1000000);
	assert_in_range(far->expires_s, NOW, CLOCK_MAX_S);
	assert_false(list_row_counts(lists_block(l, "192.0.2.3", ""), NOW));
	assert_int_equal(lists_block(l, "2001:db8::/64", "")->strikes, 2);
	assert_null(find(l, LIST_ALLOW, &(struct match){ NULL, NULL, USUAL, 0 }));
	lists_release(l);
}

static void
finds_one_wish_of_many(void **state)
{
	struct lists *l = load(
	    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 49999) INSERT INTO hand_unwanted "
	    "(sender, recipient, scope, created) SELECT 'example.net', 'ann' || i || '@example.org', 'recipient', 1 FROM n");
	struct match m = { NULL, NULL, USUAL, 0 };
	char recipient[64];
	(void)state;

	m.recipient = recipient;
	for (int i = 0; i < 2000; i++) {
		snprintf(recipient, sizeof recipient, "ann%d@example.org", i * 25);
		const struct list_row *row = find(l, LIST_UNWANTED, &m);
		assert_non_null(row);
		assert_string_equal(row->recipient, recipient);
	}
	lists_release(l);
}

static void
knows_logins_in_any_spelling(void **state)
{
	struct lists *l = load(
	    "INSERT INTO login_domain (login, sender) VALUES ('X@M\xc3\xbcller.Example', 'example.net'), ('Ann', 'example.net'),"
	    "  ('x@[192.0.2.7]', 'example.net');"
	    "INSERT INTO relay_login (login) VALUES ('X@M\xc3\xbcller.Example'), ('Ann'), ('x@[192.0.2.7]');"
	    "INSERT INTO quota_limit (login, quota) VALUES ('X@M\xc3\xbcller.Example', 'none'), ('Ann', 'none'), ('x@[192.0.2.7]', 'none');"
	    "INSERT INTO block (login, since) VALUES ('X@M\xc3\xbcller.Example', 1793600000), ('Ann', 1793600000), ('x@[192.0.2.7]', 1793600000)");
	static const enum list_kind kinds[] = { LIST_LOGIN_DOMAIN, LIST_RELAY_LOGIN, LIST_QUOTA_LIMIT, LIST_BLOCK };
	static const char *const logins[] = { "x@xn--mller-kva.example", "ann", "x@[192.0.2.7]" };
	(void)state;

	assert_string_equal(problems, "");
	for (size_t i = 0; i < sizeof logins / sizeof *logins; i++) {
		struct list_subject who = { .login = logins[i], .sender = "bob@example.net" };

		for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
			assert_non_null(lists_find(l, kinds[k], &who, NOW));
		assert_non_null(lists_block(l, "", logins[i]));
	}
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
		struct list_subject who = { .login = "ann@example.org", .sender = "bob@example.net" };

		assert_null(lists_find(l, kinds[k], &who, NOW));
		who.login_name = "ann";
		assert_non_null(lists_find(l, kinds[k], &who, NOW));
	}
	assert_null(lists_find(l, LIST_BLOCK, &(struct list_subject){ .login = "y@xn--mller-kva.example" }, NOW));
	lists_release(l);
}

static void
knows_who_has_senders(void **state)
{
	struct lists *l = load("INSERT INTO login_domain (login, sender, expires) VALUES ('Ann', 'example.net', NULL),"
	    "  ('bob', 'example.net', 1793611800); INSERT INTO relay_login (login) VALUES ('eve')");
	(void)state;

	assert_true(lists_name_login(l, "ann"));
	assert_true(lists_name_login(l, "bob"));		/* though it has ended */
	assert_false(lists_name_login(l, "eve"));
	lists_release(l);
}

static bool
wants_name(const struct lists *l, enum list_kind kind, const char *recipient)
{
	struct address a;

	assert_true(address_parse(&a, "192.0.2.7"));
	return lists_want_name(l, kind, &(struct list_subject){ &a, NULL, "mx.example.net", "bob@example.net", recipient }, NOW);
}

static void
knows_whether_names_matter(void **state)
{
	struct lists *l = load("INSERT INTO deny (client) VALUES ('192.0.2.7');"
	    "INSERT INTO allow (client) VALUES ('.example.net');"
	    "INSERT INTO unwanted (recipient, client) VALUES ('ann@example.org', '.example.com')");
	(void)state;

	assert_false(wants_name(l, LIST_DENY, "ann@example.org"));
	assert_true(wants_name(l, LIST_ALLOW, "bob@example.org"));
	assert_true(wants_name(l, LIST_UNWANTED, "ann@example.org"));
	assert_false(wants_name(l, LIST_UNWANTED, "bob@example.org"));
	lists_release(l);
	l = load("INSERT INTO allow (client, expires) VALUES ('.example.net', 1793611800)");
	assert_false(wants_name(l, LIST_ALLOW, "bob@example.org"));
	lists_release(l);
	l = load("INSERT INTO allow (client, sender, expires) VALUES ('.example.net', 'example.net', 1793611800),"
	    " ('.example.net', '.net', NULL)");
	assert_true(wants_name(l, LIST_ALLOW, "bob@example.org"));
	lists_release(l);
}

static void
stays_as_it_is(void **state)
{
	struct lists *l = load("INSERT INTO deny (client) VALUES ('192.0.2.7')");
	const struct list_row *row = find(l, LIST_DENY, &(struct match){ NULL, NULL, USUAL, 0 });
	(void)state;

	assert_non_null(row);
	lists_ref(l);
	lists_release(l);
	assert_string_equal(row->client, "192.0.2.7");
	assert_string_equal(row->sender, "");
	assert_int_equal(row->expires_s, 0);
	lists_release(l);
}

static void
reads_by_slices(void **state)
{
	sqlite3 *db;
	char why[256];
	int slices = 1;
	enum loading_state now;
	(void)state;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(schema_apply(db, why, sizeof why), SCHEMA_MADE);
	assert_int_equal(sqlite3_exec(db, "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4999) "
	    "INSERT INTO hand_deny (client, created) SELECT '192.0.' || (i / 256) || '.' || (i % 256), 1 FROM n", NULL, NULL, NULL),
	    SQLITE_OK);
	struct loading *given_up = lists_load_begin(db, "", &reader, on_problem, NULL);
	assert_int_equal(lists_load_slice(given_up), LOADING_MORE);
	assert_null(lists_load_end(given_up));
	struct loading *loading = lists_load_begin(db, "", &reader, on_problem, NULL);
	while ((now = lists_load_slice(loading)) == LOADING_MORE)
		slices++;
	assert_int_equal(now, LOADING_DONE);
	assert_in_range(slices, 5, 50);
	struct lists *l = lists_load_end(loading);
	assert_non_null(find(l, LIST_DENY, &(struct match){ NULL, NULL, USUAL, 0 }));
	lists_release(l);
	sqlite3_close(db);
}

int
main(void)
{
	enum { MATCHES = sizeof matches / sizeof *matches, WRONGS = sizeof wrongs / sizeof *wrongs };
	static const struct CMUnitTest others[] = {
		{ "a recipient's own goes before its domain's", knows_recipients, NULL, NULL, NULL },
		{ "of two spellings of a recipient the newer row counts, and the other is told", takes_the_newer_spelling, NULL, NULL, NULL },
		{ "a wish is one recipient's, or all recipients'", keeps_wishes, NULL, NULL, NULL },
		{ "a block counts while it lasts, and one for good before one with an end", knows_blocks, NULL, NULL, NULL },
		{ "a login may be written in any case, its domain in UTF-8, or without login_realm", knows_logins_in_any_spelling, NULL, NULL, NULL },
		{ "whether any senders were named for a login is known", knows_who_has_senders, NULL, NULL, NULL },
		{ "a time or a number that makes no sense does no harm", bears_odd_numbers, NULL, NULL, NULL },
		{ "what thousands do not want is found at once", finds_one_wish_of_many, NULL, NULL, NULL },
		{ "names are asked for only if a row needs one", knows_whether_names_matter, NULL, NULL, NULL },
		{ "who holds the lists keeps them", stays_as_it_is, NULL, NULL, NULL },
		{ "a long list is read by slices, which may be given up", reads_by_slices, NULL, NULL, NULL },
	};
	struct CMUnitTest tests[MATCHES + WRONGS + sizeof others / sizeof *others], *t = tests;

	for (size_t i = 0; i < MATCHES; i++)
		*t++ = (struct CMUnitTest){ matches[i].says, matches_rows, NULL, NULL, (void *)(uintptr_t)&matches[i] };
	for (size_t i = 0; i < WRONGS; i++)
		*t++ = (struct CMUnitTest){ wrongs[i].says, tells_what_is_wrong, NULL, NULL, (void *)(uintptr_t)&wrongs[i] };
	memcpy(t, others, sizeof others);
	return cmocka_run_group_tests_name("the lists people write promise that", tests, NULL, NULL);
}
