/* clients.c - what clients did, and blocks: the store promises that … */
#include "store/store.h"
#include "base/clock.h"
#include "store_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#define CLIENT "192.0.2.7"

static struct fixture *f;
static int64_t now;

static int
begin(void **state)
{
	(void)state;
	f = fixture_new();
	bool is_open = fixture_open(f);
	now = clock_wall_s();		/* what is tried now is news to the store, however long that took */
	return !is_open;
}

static int
end(void **state)
{
	(void)state;
	fixture_free(f);
	return 0;
}

static void
tries(const char *client, const char *recipient, bool deactivated, enum unknown_source source)
{
	store_unknown(f->store, &(struct unknown_recipient){ client, recipient, deactivated, source, now });
}

/* unknown, deactivated, by Postfix */
static const char *
tried(int64_t since_s)
{
	static char said[32];
	struct tried t;

	if (!store_tried(f->store, CLIENT, since_s, &t))
		return "cannot tell";
	snprintf(said, sizeof said, "%u %u %u", t.unknown, t.deactivated, t.by_postfix);
	return said;
}

static void
distinct(void **state)
{
	(void)state;
	assert_false(store_on_record(f->store, CLIENT));
	tries(CLIENT, "a@example.org", false, UNKNOWN_BY_BRACKET);
	tries(CLIENT, "b@example.org", false, UNKNOWN_BY_QUERY);
	tries(CLIENT, "b@example.org", true, UNKNOWN_BY_QUERY);
	tries("192.0.2.8", "c@example.org", false, UNKNOWN_BY_QUERY);
	assert_true(store_on_record(f->store, CLIENT));
	assert_false(store_on_record(f->store, "192.0.2.9"));
	assert_string_equal(tried(now), "2 1 1");
	assert_true(sql_becomes(f, "SELECT client, recipient, state, source FROM unknown ORDER BY 1, 2",
	    CLIENT "|a@example.org|unknown|bracket\n" CLIENT "|b@example.org|deactivated|query\n"
	    "192.0.2.8|c@example.org|unknown|query"));
	assert_true(all_written(f));
	assert_string_equal(tried(now), "2 1 1");
	assert_string_equal(tried(now + 1), "0 0 0");
	tries(CLIENT, "a@example.org", false, UNKNOWN_BY_BRACKET);
	assert_string_equal(tried(now), "2 1 1");
}

static void
clock_goes_back(void **state)
{
	(void)state;
	tries(CLIENT, "a@example.org", false, UNKNOWN_BY_BRACKET);
	now += 7200;
	tries(CLIENT, "b@example.org", false, UNKNOWN_BY_BRACKET);
	assert_string_equal(tried(now - 7200), "1 0 1");
	assert_true(sql_becomes(f, "SELECT count(*) FROM unknown", "2"));
	assert_true(all_written(f));
	assert_string_equal(tried(now - 7200), "1 0 1");
}

static bool
is_on_record(void *client)
{
	return store_on_record(f->store, client);
}

static const char *
by_others(int64_t since_s)
{
	static char said[32];
	struct tried_by_others t;

	if (!store_tried_by_others(f->store, CLIENT, since_s, &t))
		return "cannot tell";
	snprintf(said, sizeof said, "%u by %u", t.unknown, t.clients);
	return said;
}

static void
others(void **state)
{
	char sql[256];

	(void)state;
	snprintf(sql, sizeof sql, "INSERT INTO unknown SELECT '192.0.2.' || (column1 / 2), column1, 'unknown', 'feed', %lld, %lld - column1 "
	    "FROM (VALUES (20), (21), (22), (23), (24), (25))", (long long)now - 100, (long long)now);
	sql_run(f, sql);
	snprintf(sql, sizeof sql, "INSERT INTO unknown VALUES ('" CLIENT "', 'x@example.org', 'unknown', 'feed', %lld, %lld)",
	    (long long)now, (long long)now);
	sql_run(f, sql);
	assert_true(eventually(f, is_on_record, CLIENT));
	assert_string_equal(tried(now), "1 0 1");
	assert_string_equal(by_others(now - 25), "6 by 3");
	assert_string_equal(by_others(now - 22), "3 by 2");
}

static bool
is_fed(void *nothing)
{
	(void)nothing;
	return store_is_fed(f->store);
}

static void
catches_up(void **state)
{
	char sql[256];

	(void)state;
	assert_false(store_is_fed(f->store));
	snprintf(sql, sizeof sql, "INSERT INTO feed_position VALUES ('/var/log/mail.log', 1, 1, '', NULL, %lld)", (long long)now);
	sql_run(f, sql);
	assert_true(eventually(f, is_fed, NULL));
	snprintf(sql, sizeof sql, "INSERT INTO unknown VALUES ('" CLIENT "', 'x@example.org', 'unknown', 'feed', %lld, %lld)",
	    (long long)now - 7200, (long long)now - 7200);
	sql_run(f, sql);
	assert_true(eventually(f, is_on_record, CLIENT));
	assert_false(store_on_record(f->store, "192.0.2.8"));
}

static void
again(void **state)
{
	(void)state;
	tries(CLIENT, "a@example.org", false, UNKNOWN_BY_BRACKET);
	store_add_activity(f->store, "client", CLIENT, ACTIVITY_ACCEPTED, now, 3);
	fixture_close(f);
	assert_true(fixture_open(f));
	assert_true(store_on_record(f->store, CLIENT));
	assert_string_equal(tried(now), "1 0 1");
	int64_t done[ACTIVITIES];
	assert_true(store_activity(f->store, "client", CLIENT, now, done));
	assert_int_equal(done[ACTIVITY_ACCEPTED], 3);
	assert_int_equal(done[ACTIVITY_UNKNOWN], 1);
}

static void
summed(void **state)
{
	int64_t done[ACTIVITIES];

	(void)state;
	for (int i = 0; i < 5; i++)
		store_add_activity(f->store, "client", CLIENT, ACTIVITY_ACCEPTED, now, 1);
	store_add_activity(f->store, "client", CLIENT, ACTIVITY_REFUSED, now - 7200, 2);
	store_add_activity(f->store, "sender_domain", CLIENT, ACTIVITY_ACCEPTED, now, 7);
	assert_true(store_activity(f->store, "client", CLIENT, now - 3600, done));
	assert_int_equal(done[ACTIVITY_ACCEPTED], 5);
	assert_true(sql_becomes(f, "SELECT scope, kind, n FROM activity ORDER BY 1, 2",
	    "client|accepted|5\nclient|refused|2\nsender_domain|accepted|7"));
	assert_true(all_written(f));
	store_add_activity(f->store, "client", CLIENT, ACTIVITY_ACCEPTED, now, 1);
	assert_true(store_activity(f->store, "client", CLIENT, now - 3600, done));
	assert_int_equal(done[ACTIVITY_ACCEPTED], 6);
	assert_int_equal(done[ACTIVITY_REFUSED], 0);
	assert_true(store_activity(f->store, "client", CLIENT, now - 7200, done));
	assert_int_equal(done[ACTIVITY_REFUSED], 2);
	store_add_activity(f->store, "login", "HOST\\ann", ACTIVITY_ACCEPTED, now, 2);
	assert_true(store_activity(f->store, "login", "HOST\\ann", now, done));
	assert_int_equal(done[ACTIVITY_ACCEPTED], 2);
	assert_true(sql_becomes(f, "SELECT name, n FROM activity WHERE scope = 'login'", "HOST\\\\ann|2"));
	assert_true(store_activity(f->store, "login", "HOST\\ann", now, done));
	assert_int_equal(done[ACTIVITY_ACCEPTED], 2);
	assert_true(sql_becomes(f, "SELECT sum(n) FROM activity WHERE scope = 'client' AND kind = 'accepted'", "6"));
}

/* "strikes, seconds it lasts" of the latest block. */
static const char *
last(void)
{
	static char said[64];
	struct lists *l = store_lists(f->store);
	const struct list_row *row = store_last_block(f->store, l, CLIENT, "");

	if (row == NULL)
		strcpy(said, "none");
	else
		snprintf(said, sizeof said, "%d, %d, %s", row->strikes, (int)(row->expires_s - row->since_s), row->cause);
	lists_release(l);
	return said;
}

static void
block(int strikes, int64_t for_s)
{
	store_block(f->store, &(struct block){ .client = CLIENT, .sender = "", .login = "", .cause = "it tried", .evidence = "20 of 20",
	    .strikes = strikes, .since_s = now, .expires_s = now + for_s });
}

static bool
has_no_block(void *nothing)
{
	(void)nothing;
	return strcmp(last(), "none") == 0;
}

static void
blocks(void **state)
{
	(void)state;
	assert_string_equal(last(), "none");
	block(1, 3600);
	assert_string_equal(last(), "1, 3600, it tried");
	assert_true(sql_becomes(f, "SELECT client, cause, evidence, strikes, active FROM block",
	    CLIENT "|it tried|20 of 20|1|1"));
	block(2, 86400);
	assert_string_equal(last(), "2, 86400, it tried");
	assert_true(sql_becomes(f, "SELECT strikes FROM block", "2"));
	assert_true(all_written(f));
	loop_for(f, 400);
	assert_string_equal(last(), "2, 86400, it tried");
	sql_run(f, "DELETE FROM block WHERE client = '" CLIENT "'");
	assert_true(eventually(f, has_no_block, NULL));
}

static void
kept(void **state)
{
	(void)state;
	block(1, 3600);
	fixture_close(f);
	assert_true(fixture_open(f));
	assert_string_equal(last(), "1, 3600, it tried");
}

static bool
is_in_lists(void *client)
{
	struct lists *l = store_lists(f->store);
	bool in = lists_block(l, client, "") != NULL;

	lists_release(l);
	return in;
}

static const char *
block_one(int i)
{
	static char client[32];

	snprintf(client, sizeof client, "10.0.%d.%d", i >> 8, i & 255);
	store_block(f->store, &(struct block){ .client = client, .sender = "", .login = "", .cause = "c", .evidence = "e",
	    .strikes = 1, .since_s = now, .expires_s = now + 3600 });
	return client;
}

/* The last one makes them too many, and may itself not be written yet when the others are read. */
static void
many_blocks(void **state)
{
	enum { MOST = 10000 };
	char last_but_one[32] = "";

	(void)state;
	for (int i = 0; i < MOST - 1; i++)
		strcpy(last_but_one, block_one(i));
	assert_true(all_written(f));
	assert_false(is_in_lists("10.0.0.0"));
	block_one(MOST - 1);
	assert_true(eventually(f, is_in_lists, "10.0.0.0"));
	assert_true(is_in_lists(last_but_one));
}

static bool
has_ended(void *nothing)
{
	struct lists *l = store_lists(f->store);
	const struct list_row *row = store_last_block(f->store, l, CLIENT, "");
	bool ended = row != NULL && row->expires_s <= clock_wall_s();

	(void)nothing;
	lists_release(l);
	return ended;
}

static void
lifted(void **state)
{
	(void)state;
	block(1, 3600);
	assert_true(sql_becomes(f, "SELECT active FROM block", "1"));
	assert_true(all_written(f));
	sql_run(f, "UPDATE block SET expires = 'now', note = 'they mended it' WHERE client = '" CLIENT "'");
	assert_true(eventually(f, has_ended, NULL));
	assert_string_equal(sql_text(f, "SELECT what, note FROM history"), "block: update|they mended it");
	assert_string_equal(sql_text(f, "SELECT strikes, note FROM block"), "1|they mended it");
	block(2, 86400);
	assert_true(sql_becomes(f, "SELECT strikes, note IS NULL FROM block", "2|1"));
	assert_string_equal(sql_text(f, "SELECT note FROM history"), "they mended it");
}

/* Another policyd on the same file. */
static struct store *other;

static bool
other_knows(void *want)
{
	struct lists *l = store_lists(other);
	const struct list_row *row = store_last_block(other, l, CLIENT, "");
	bool knows = row != NULL && row->strikes == *(int *)want;

	lists_release(l);
	return knows;
}

static bool
other_has(void *client)
{
	struct lists *l = store_lists(other);
	bool has = lists_block(l, client, "") != NULL;

	lists_release(l);
	return has;
}

static void
of_another(void **state)
{
	(void)state;
	sql_run(f, "INSERT INTO block (client) VALUES ('192.0.2.1')");
	other = store_open(f->loop, &f->options, &fixture_reader, false, f->why, sizeof f->why);
	assert_non_null(other);
	assert_true(eventually(f, other_has, "192.0.2.1"));
	int64_t changes = sql_number(f, "SELECT n FROM change");
	block(1, 3600);
	assert_true(eventually(f, other_knows, &(int){ 1 }));
	block(2, 86400);
	assert_true(eventually(f, other_knows, &(int){ 2 }));
	assert_false(other_has(CLIENT));		/* the lists were not read for it */
	assert_int_equal(sql_number(f, "SELECT n FROM change"), changes);
	assert_string_equal(sql_text(f, "SELECT group_concat(number) FROM hand_block WHERE client = '" CLIENT "'"), "2");
	sql_run(f, "UPDATE block SET expires = 'now', strikes = 7 WHERE client = '" CLIENT "'");
	assert_true(eventually(f, other_knows, &(int){ 7 }));
	assert_true(other_has(CLIENT));
	block(8, 3600);
	assert_true(eventually(f, other_knows, &(int){ 8 }));
	sql_run(f, "UPDATE change SET blocks = blocks + 1; UPDATE hand_block SET strikes = 1 << 40, "
	    "number = (SELECT blocks FROM change) WHERE client = '" CLIENT "'");
	assert_true(eventually(f, other_knows, &(int){ 1000000 }));	/* whatever stands there is bounded */
	store_close(other, 1000);
}

static void
stays(void **state)
{
	(void)state;
	sql_run(f, "INSERT INTO block (client, cause) VALUES ('" CLIENT "', 'for good')");
	block(1, 3600);
	assert_true(all_written(f));
	assert_string_equal(sql_text(f, "SELECT cause, expires IS NULL FROM block"), "for good|1");
}

/* The strikes of the latest block of this client, or login; 0: none. */
static int
strikes_of(const char *client, const char *login)
{
	struct lists *l = store_lists(f->store);
	const struct list_row *row = store_last_block(f->store, l, client, login);
	int strikes = row ? row->strikes : 0;

	lists_release(l);
	return strikes;
}

static void
of_logins(void **state)
{
	(void)state;
	block(1, 3600);
	store_block(f->store, &(struct block){ .client = "", .sender = "", .login = CLIENT, .cause = "c", .evidence = "e",
	    .strikes = 2, .since_s = now, .expires_s = now + 3600 });
	sql_run(f, "INSERT INTO block (login, strikes) VALUES ('@example.org', 3), ('Ann@example.org', 4)");
	assert_int_equal(strikes_of("", CLIENT), 2);
	assert_int_equal(strikes_of(CLIENT, ""), 1);
	assert_true(sql_becomes(f, "SELECT client, login, strikes FROM block WHERE cause = 'c'", "|" CLIENT "|2"));
	fixture_close(f);
	assert_true(fixture_open(f));
	assert_int_equal(strikes_of("", CLIENT), 2);
	assert_int_equal(strikes_of(CLIENT, ""), 1);
	assert_int_equal(strikes_of("", "ann@example.org"), 4);
	assert_int_equal(strikes_of("", "bob@example.org"), 0);
	assert_int_equal(strikes_of("", ""), 0);
}

#define PROMISE(says, function) { says, function, begin, end, NULL }

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PROMISE("a recipient tried in vain counts at once, and once", distinct),
		PROMISE("what a clock that was ahead says was tried counts when it is time", clock_goes_back),
		PROMISE("what another program writes counts soon", others),
		PROMISE("what policyd-feed writes late counts, too", catches_up),
		PROMISE("all of it is known after a restart", again),
		PROMISE("activity is summed up by the hour, and counts before it is written", summed),
		PROMISE("a block holds at once, is written, and goes when somebody deletes it", blocks),
		PROMISE("a block is known after a restart", kept),
		PROMISE("thousands of blocks become part of the lists", many_blocks),
		PROMISE("a block that somebody ended has ended, and what they noted is not said of the next one", lifted),
		PROMISE("a block that another policyd set holds soon, without reading all lists for it", of_another),
		PROMISE("a block for good is not made shorter", stays),
		PROMISE("a block of a login is one of its own, whatever the login is called", of_logins),
	};
	return cmocka_run_group_tests_name("clients", tests, NULL, NULL);
}
