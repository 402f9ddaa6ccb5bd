/* feed.c - what policyd-feed writes: the store promises that … */
#include "store/feed.h"
#include "base/clock.h"
#include "store/database.h"
#include "store_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define DAY 86400
#define NOON 1795867200			/* a full hour */
#define Q "postfix/6C848A729FB"
#define BOUNCES "SELECT recipient, queue_id, time, hard, dsn, sender, login FROM bounce ORDER BY recipient, queue_id"
#define COUNTS "SELECT scope, name, kind, n FROM activity ORDER BY scope, name, kind"
#define QUEUE "SELECT queue_id, login, sender FROM feed_queue ORDER BY queue_id"

static struct fixture *f;
static struct feed_store *store;
static struct feed_place place;
static struct feed_counts counts;
static char why[300];
static struct feed_event events[8];
static size_t count;

static struct feed_store *
open_feed(unsigned block_ipv4, unsigned block_ipv6)
{
	return feed_store_new(&(struct feed_options){ .database = f->path, .block_ipv4 = block_ipv4,
	    .block_ipv6 = block_ipv6 });
}

static int
begin(void **state)
{
	(void)state;
	sick_disk_install();
	f = fixture_new();
	store = open_feed(32, 64);
	place = (struct feed_place){ .source = "/var/log/mail.log", .inode = 7, .head = "abc" };
	counts = (struct feed_counts){ 0 };
	count = 0;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	sick_disk(0);
	if (store != NULL)
		feed_store_free(store);
	fixture_free(f);
	return 0;
}

/* ---- events ---- */

static struct feed_event *
event(enum feed_kind kind, const char *queue, const char *address)
{
	struct feed_event *e = &events[count++];

	*e = (struct feed_event){ .kind = kind, .time_s = NOON + 10 };
	strcpy(e->queue, queue);
	strcpy(e->address, address);
	return e;
}

static void
unknown(const char *client, const char *recipient, int64_t time_s)
{
	struct feed_event *e = event(FEED_UNKNOWN, "", recipient);

	assert_true(address_parse(&e->client, client));
	strcpy(e->domain, "example.net");
	e->time_s = time_s;
}

static void
handed_in(const char *queue, const char *login, bool ours, const char *origin)
{
	struct feed_event *e = event(FEED_HANDED_IN, queue, "");

	strcpy(e->login, login);
	e->ours = ours;
	strcpy(e->origin, origin);
}

/* A mail of a stranger's, or what a filter brings back of it. */
static void
stranger(const char *queue, const char *client, const char *origin)
{
	handed_in(queue, "", *origin != '\0', origin);
	assert_true(address_parse(&events[count - 1].client, client));
}

static void
returned(const char *queue, const char *recipient, const char *dsn, bool hard)
{
	struct feed_event *e = event(FEED_RETURNED, queue, recipient);

	strcpy(e->dsn, dsn);
	strcpy(e->said, "no");
	e->hard = hard;
}

static enum feed_result
try(void)
{
	return feed_store_commit(store, events, count, &place, &counts, why, sizeof why);
}

static void
commit(void)
{
	place.position++;
	if (try() != FEED_DONE)
		fail_msg("%s", why);
	count = 0;
}

/* A mail of ours, under way. */
static void
mail_of_john(void)
{
	handed_in(Q, "john", true, "");
	event(FEED_SENDER, Q, "john@example.org");
}

/* ---- promises ---- */

static void
unknown_recipients(void **state)
{
	(void)state;
	unknown("192.0.2.7", "a@example.org", NOON + 400);
	unknown("192.0.2.7", "a@example.org", NOON + 10);
	unknown("192.0.2.7", "b@example.org", NOON + 7300);
	unknown("2001:db8:1:2:3::4", "a@example.org", NOON);
	commit();
	assert_string_equal(sql_text(f, "SELECT client, recipient, state, source, first - 1795867200, last - 1795867200 FROM unknown "
	    "ORDER BY client, recipient"), "192.0.2.7|a@example.org|unknown|feed|10|400\n192.0.2.7|b@example.org|unknown|feed|7300|7300\n"
	    "2001:db8:1:2::/64|a@example.org|unknown|feed|0|0");
	assert_string_equal(sql_text(f, "SELECT scope, name, window - 1795867200, kind, n FROM activity ORDER BY scope, name, window"),
	    "client|192.0.2.7|0|unknown|2\nclient|192.0.2.7|7200|unknown|1\nclient|2001:db8:1:2::/64|0|unknown|1\n"
	    "sender_domain|example.net|0|unknown|3\nsender_domain|example.net|7200|unknown|1");
	assert_int_equal(sql_number(f, "SELECT count(*) FROM writer WHERE id IN (SELECT writer FROM activity)"), 1);
	assert_int_equal(counts.unknown, 4);
}

static void
policyd_counted(void **state)
{
	(void)state;
	commit();
	sql_run(f, "INSERT INTO unknown VALUES ('192.0.2.7', 'a@example.org', 'unknown', 'bracket', 1795867300, 1795867800)");
	unknown("192.0.2.7", "a@example.org", NOON + 100);
	unknown("192.0.2.7", "a@example.org", NOON + 300);
	unknown("192.0.2.7", "a@example.org", NOON + 601);
	unknown("192.0.2.8", "a@example.org", NOON + 300);
	commit();
	assert_string_equal(sql_text(f, "SELECT source, last - 1795867200 FROM unknown ORDER BY client"), "bracket|600\nfeed|300");
	assert_string_equal(sql_text(f, COUNTS), "client|192.0.2.8|unknown|1\nsender_domain|example.net|unknown|1");
	assert_int_equal(counts.unknown, 1);

	unknown("192.0.2.7", "a@example.org", NOON + 20);	/* before policyd was there */
	unknown("192.0.2.7", "a@example.org", NOON + 350);
	commit();
	assert_string_equal(sql_text(f, "SELECT source, first - 1795867200, last - 1795867200 FROM unknown WHERE client = '192.0.2.7'"),
	    "bracket|20|600");
	unknown("192.0.2.7", "a@example.org", NOON + 700);
	unknown("192.0.2.7", "a@example.org", NOON + 701);
	commit();
	assert_string_equal(sql_text(f, "SELECT source, last - 1795867200 FROM unknown WHERE client = '192.0.2.7'"), "feed|701");
	assert_string_equal(sql_text(f, "SELECT name, n FROM activity WHERE scope = 'client' ORDER BY 1"), "192.0.2.7|3\n192.0.2.8|1");
}

static void
users_mistakes(void **state)
{
	(void)state;
	mail_of_john();
	unknown("192.0.2.7", "a@example.org", NOON);
	strcpy(events[count - 1].queue, Q);
	stranger("postfix/7A", "192.0.2.7", "");
	unknown("192.0.2.7", "b@example.org", NOON);
	strcpy(events[count - 1].queue, "postfix/7A");
	commit();
	assert_string_equal(sql_text(f, "SELECT recipient FROM unknown"), "b@example.org");
	assert_string_equal(sql_text(f, COUNTS), "client|192.0.2.7|unknown|1\nsender_domain|example.net|unknown|1");
	assert_int_equal(counts.unknown, 1);
}

static void
other_networks(void **state)
{
	(void)state;
	feed_store_free(store);
	store = open_feed(24, 56);
	unknown("192.0.2.7", "a@example.org", NOON);
	unknown("2001:db8:1:2:3::4", "a@example.org", NOON);
	commit();
	assert_string_equal(sql_text(f, "SELECT client FROM unknown ORDER BY 1"), "192.0.2.0/24\n2001:db8:1::/56");
}

static void
bounces(void **state)
{
	(void)state;
	mail_of_john();
	returned(Q, "dead@example.net", "5.1.1", true);
	commit();
	returned(Q, "policy@example.net", "5.7.1", false);
	event(FEED_REMOVED, Q, "");
	commit();
	assert_string_equal(sql_text(f, BOUNCES), "dead@example.net|6C848A729FB|1795867210|1|5.1.1|john@example.org|john\n"
	    "policy@example.net|6C848A729FB|1795867210|0|5.7.1|john@example.org|john");
	assert_string_equal(sql_text(f, COUNTS), "login|john|bounced|2\nsender_domain|example.org|bounced|2");
	assert_string_equal(sql_text(f, QUEUE), "");
	assert_string_equal(sql_text(f, "SELECT DISTINCT said FROM bounce"), "no");
	assert_int_equal(counts.bounced, 2);
	assert_int_equal(counts.bounced_hard, 1);
}

static void
strangers_do_not_count(void **state)
{
	(void)state;
	mail_of_john();
	handed_in(Q, "", false, "");		/* its id again, before anybody said that the other is gone */
	event(FEED_SENDER, Q, "spammer@example.net");
	returned(Q, "dead@example.net", "5.1.1", true);
	returned("postfix/4TxLrM2Ys4z9rZ", "dead@example.net", "5.1.1", true);
	returned("postfix-out/6C848A729FB", "dead@example.net", "5.1.1", true);
	commit();
	assert_string_equal(sql_text(f, BOUNCES), "");
	assert_string_equal(sql_text(f, COUNTS), "");
	assert_string_equal(sql_text(f, QUEUE), "");
}

static void
strangers_mailboxes(void **state)
{
	(void)state;
	stranger(Q, "192.0.2.7", "");
	event(FEED_SENDER, Q, "bob@example.net")->time_s++;	/* nobody asks who */
	commit();
	assert_string_equal(sql_text(f, "SELECT queue_id, login, sender, client, time FROM feed_queue"), Q "|||192.0.2.7|1795867211");
	returned(Q, "gone@example.org", "5.1.1", true);
	returned(Q, "full@example.org", "5.2.2", false);
	returned(Q, "later@example.org", "4.2.0", false);
	returned(Q, "goneelsewhere@example.com", "5.1.1", true);
	events[count - 1].redirected = true;
	commit();
	assert_string_equal(sql_text(f, BOUNCES), "");
	assert_string_equal(sql_text(f, COUNTS), "client|192.0.2.7|bounced|1");

	/* A filter brings it back, and an alias that is not seen there had sent it on. */
	stranger("postfix/7A", "127.0.0.1", Q);
	event(FEED_REMOVED, Q, "");
	returned("postfix/7A", "goneelsewhere@example.com", "5.1.1", true);
	stranger("postfix/7B", "2001:db8::7", "");
	returned("postfix/7B", "gone@example.org", "5.1.1", true);
	commit();
	assert_string_equal(sql_text(f, BOUNCES), "");
	assert_string_equal(sql_text(f, COUNTS), "client|192.0.2.7|bounced|1\nclient|2001:db8::/64|bounced|1");

	event(FEED_REMOVED, "postfix/7B", "");
	mail_of_john();						/* the id is used again */
	returned(Q, "dead@example.net", "5.1.1", true);
	returned(Q, "dead@example.net", "5.1.1", true);
	returned("postfix/7B", "gone@example.org", "5.1.1", true);
	commit();
	assert_string_equal(sql_text(f, COUNTS), "client|192.0.2.7|bounced|1\nclient|2001:db8::/64|bounced|1\n"
	    "login|john|bounced|1\nsender_domain|example.org|bounced|1");
	assert_string_equal(sql_text(f, "SELECT client, bounced, score FROM reputation ORDER BY client"), "192.0.2.7|1|-33\n2001:db8::/64|1|-33");
}

static void
ours_without_login(void **state)
{
	(void)state;
	handed_in(Q, "", true, "");
	returned(Q, "a@example.net", "5.1.1", true);
	event(FEED_SENDER, Q, "");
	returned(Q, "b@example.net", "5.1.1", true);
	event(FEED_SENDER, Q, "root");
	returned(Q, "c@example.net", "5.1.1", true);
	commit();
	assert_string_equal(sql_text(f, "SELECT recipient, sender IS NULL, sender, login IS NULL FROM bounce ORDER BY 1"),
	    "a@example.net|1||1\nb@example.net|0||1\nc@example.net|0|root|1");
	assert_string_equal(sql_text(f, COUNTS), "");
}

static void
delays(void **state)
{
	(void)state;
	mail_of_john();
	returned(Q, "full@example.net", "4.2.2", false);
	returned(Q, "full@example.net", "4.2.2", false);
	returned(Q, "grey@example.net", "4.7.1", false);
	commit();
	assert_int_equal(counts.delayed, 2);
	returned(Q, "grey@example.net", "5.1.1", true);
	returned(Q, "grey@example.net", "4.7.1", false);
	returned(Q, "grey@example.net", "5.1.1", true);
	commit();
	assert_string_equal(sql_text(f, "SELECT recipient, hard, dsn FROM bounce ORDER BY 1"),
	    "full@example.net|0|4.2.2\ngrey@example.net|1|5.1.1");
	assert_string_equal(sql_text(f, COUNTS), "login|john|bounced|1\nlogin|john|delayed|2\n"
	    "sender_domain|example.org|bounced|1\nsender_domain|example.org|delayed|2");
}

static void
filters(void **state)
{
	(void)state;
	mail_of_john();
	handed_in("postfix/7A", "", false, Q);
	handed_in("postfix/7B", "", false, "postfix/none");
	handed_in("postfix/7C", "ann", true, Q);
	handed_in(Q, "", false, Q);
	commit();
	assert_string_equal(sql_text(f, QUEUE), Q "|john|john@example.org\npostfix/7A|john|john@example.org\npostfix/7C|ann|");
}

static void
deliveries(void **state)
{
	(void)state;
	mail_of_john();
	returned(Q, "a@example.net", "5.1.1", true);
	event(FEED_DELIVERED, Q, "a@example.net")->time_s = NOON + 20;
	event(FEED_DELIVERED, Q, "a@example.net")->time_s = NOON + 5;
	event(FEED_DELIVERED, Q, "b@example.net");
	commit();
	assert_string_equal(sql_text(f, "SELECT recipient, last FROM delivered"), "a@example.net|1795867220");
}

static void
old_mail_is_forgotten(void **state)
{
	(void)state;
	handed_in("postfix/1A", "john", true, "");
	handed_in("postfix/1B", "john", true, "");
	commit();
	event(FEED_SENDER, "postfix/1B", "john@example.org")->time_s += 5 * DAY;
	event(FEED_REMOVED, "postfix/1C", "")->time_s += 6 * DAY + 1;
	commit();
	assert_string_equal(sql_text(f, QUEUE), "postfix/1B|john|john@example.org");
}

/* Enough for the queue to be counted once. */
static void
hand_in_many(void)
{
	for (int i = 0; i < 10000; i++) {
		handed_in("postfix/1B", "john", true, "");
		if (count == 8)
			commit();
	}
}

static void
the_queue_is_bounded(void **state)
{
	(void)state;
	handed_in("postfix/1A", "john", true, "");
	commit();
	sql_run(f, "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 200010) "
	    "INSERT INTO feed_queue SELECT 'postfix/' || i, NULL, NULL, 1795867210 + i, NULL FROM n");
	hand_in_many();
	assert_int_equal(sql_number(f, "SELECT count(*) FROM feed_queue"), 200000);
	assert_int_equal(sql_number(f, "SELECT count(*) FROM feed_queue WHERE queue_id = 'postfix/1A'"), 0);
	/* Strangers' mail goes first. */
	sql_run(f, "UPDATE feed_queue SET client = '192.0.2.9' WHERE time BETWEEN 1795867210 + 199001 AND 1795867210 + 199100");
	sql_run(f, "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 30) "
	    "INSERT INTO feed_queue SELECT 'postfix/A' || i, NULL, NULL, 1795867210, NULL FROM n");
	int64_t surplus = sql_number(f, "SELECT count(*) FROM feed_queue WHERE queue_id <> 'postfix/1B'") + 1 - 200000;
	hand_in_many();
	assert_int_equal(sql_number(f, "SELECT count(*) FROM feed_queue"), 200000);
	assert_int_equal(sql_number(f, "SELECT count(*) FROM feed_queue WHERE client IS NOT NULL"), 100 - surplus);
	assert_int_equal(sql_number(f, "SELECT count(*) FROM feed_queue WHERE queue_id LIKE 'postfix/A%'"), 30);
}

static void
the_place_is_kept(void **state)
{
	struct feed_place at = { .source = place.source };

	(void)state;
	assert_int_equal(feed_store_resume(store, &at, why, sizeof why), FEED_DONE);
	assert_int_equal(at.inode, 0);
	place.position = 1000;
	strcpy(place.cursor, "s=1");
	commit();
	feed_store_free(store);
	store = open_feed(32, 64);
	assert_int_equal(feed_store_resume(store, &at, why, sizeof why), FEED_DONE);
	assert_int_equal(at.inode, 7);
	assert_int_equal(at.position, 1001);
	assert_string_equal(at.head, "abc");
	assert_string_equal(at.cursor, "s=1");
	sql_run(f, "UPDATE feed_position SET seen = 1");
	place = at;
	assert_int_equal(try(), FEED_DONE);
	assert_in_range(sql_number(f, "SELECT seen FROM feed_position"), clock_wall_s() - 3600, clock_wall_s());
}

static void
two_feeds_are_refused(void **state)
{
	struct feed_place at = { .source = place.source };
	struct feed_store *other = open_feed(32, 64);

	(void)state;
	commit();
	assert_int_equal(feed_store_resume(other, &at, why, sizeof why), FEED_DONE);
	unknown("192.0.2.7", "a@example.org", NOON);
	commit();
	unknown("192.0.2.7", "b@example.org", NOON);
	at.position++;
	at.inode++;
	assert_int_equal(feed_store_commit(other, events, count, &at, &counts, why, sizeof why), FEED_REFUSED);
	assert_non_null(strstr(why, "another policyd-feed"));
	assert_string_equal(sql_text(f, "SELECT recipient FROM unknown"), "a@example.org");
	feed_store_free(other);
}

/* The disk took it, though SQLite could not say so: as if it had been another with the same place. */
static void
done_after_all(void **state)
{
	struct feed_place at = { .source = place.source };
	struct feed_store *other = open_feed(32, 64);

	(void)state;
	commit();
	assert_int_equal(feed_store_resume(other, &at, why, sizeof why), FEED_DONE);
	unknown("192.0.2.7", "a@example.org", NOON);
	place.position++;
	assert_int_equal(try(), FEED_DONE);
	assert_int_equal(feed_store_commit(other, events, count, &place, &counts, why, sizeof why), FEED_DONE);
	assert_int_equal(sql_number(f, "SELECT max(n) FROM activity"), 1);
	feed_store_free(other);
}

static void
full_disk(void **state)
{
	(void)state;
	commit();
	unknown("192.0.2.7", "a@example.org", NOON);
	place.position++;
	sick_disk(SQLITE_FULL);
	assert_int_equal(try(), FEED_TROUBLE);
	assert_non_null(strstr(why, "full"));
	assert_int_equal(try(), FEED_TROUBLE);
	sick_disk(0);
	assert_int_equal(try(), FEED_DONE);
	assert_int_equal(sql_number(f, "SELECT max(n) FROM activity"), 1);
	assert_int_equal(counts.unknown, 1);
}

static void
locked(void **state)
{
	sqlite3 *db;

	(void)state;
	commit();
	unknown("192.0.2.7", "a@example.org", NOON);
	place.position++;
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(try(), FEED_TROUBLE);
	sqlite3_close(db);
	assert_int_equal(try(), FEED_DONE);
	assert_int_equal(sql_number(f, "SELECT max(n) FROM activity"), 1);
}

/* Somebody moved it with its log, and another has made a new one there: neither loses anything. */
static void
moved_away(void **state)
{
	char command[400];
	sqlite3 *db;

	(void)state;
	unknown("192.0.2.7", "a@example.org", NOON);
	commit();
	snprintf(command, sizeof command, "cd %s && for end in '' -wal -shm; do mv policyd.db$end old.db$end; done", f->folder);
	assert_int_equal(system(command), 0);
	assert_int_equal(database_open(f->path, false, &db, why, sizeof why), DATABASE_OPEN);
	assert_int_equal(sqlite3_exec(db, "INSERT INTO unknown VALUES ('192.0.2.9', 'x@example.org', 'unknown', 'query', 1, 1)",
	    NULL, NULL, NULL), SQLITE_OK);
	unknown("192.0.2.7", "b@example.org", NOON);
	commit();
	assert_string_equal(sql_text(f, "SELECT recipient FROM unknown ORDER BY 1"), "b@example.org\nx@example.org");
	assert_int_equal(sqlite3_exec(db, "INSERT INTO unknown VALUES ('192.0.2.9', 'y@example.org', 'unknown', 'query', 1, 1)",
	    NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	feed_store_free(store);
	store = NULL;
	assert_string_equal(sql_text(f, "SELECT recipient FROM unknown ORDER BY 1"), "b@example.org\nx@example.org\ny@example.org");
	assert_string_equal(sql_text(f, "PRAGMA integrity_check"), "ok");
	snprintf(f->path, sizeof f->path, "%s/old.db", f->folder);
	assert_string_equal(sql_text(f, "SELECT recipient FROM unknown ORDER BY 1"), "a@example.org");
}

static void
anothers_file(void **state)
{
	(void)state;
	commit();
	sql_run(f, "PRAGMA user_version = 1000");
	feed_store_free(store);
	store = open_feed(32, 64);
	assert_int_equal(feed_store_resume(store, &place, why, sizeof why), FEED_REFUSED);
}

#define PROMISE(name_, function) \
	{ .name = (name_), .test_func = (function), .setup_func = begin, .teardown_func = end }

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		PROMISE("unknown recipients are rows and counts, by address or network", unknown_recipients),
		PROMISE("or by networks as the site has it", other_networks),
		PROMISE("not what policyd has counted already", policyd_counted),
		PROMISE("nor what users of ours got wrong", users_mistakes),
		PROMISE("mail that came back is known by its login and sender", bounces),
		PROMISE("what strangers handed in is not, whatever its id", strangers_do_not_count),
		PROMISE("but if we took mail to mailboxes that are not there, that is counted of them", strangers_mailboxes),
		PROMISE("mail of ours may have no login, and no sender", ours_without_login),
		PROMISE("what waits is one row and one count, and may come back once", delays),
		PROMISE("what a filter brings back is whose it was", filters),
		PROMISE("mail that arrives is noted where some had come back", deliveries),
		PROMISE("mail nobody has heard of for six days is forgotten", old_mail_is_forgotten),
		PROMISE("so is what is too much", the_queue_is_bounded),
		PROMISE("another start goes on where the last one was", the_place_is_kept),
		PROMISE("two that read the same log are one too many", two_feeds_are_refused),
		PROMISE("what was done after all is not done again", done_after_all),
		PROMISE("a full disk loses nothing and doubles nothing", full_disk),
		PROMISE("nor does another's lock", locked),
		PROMISE("nor a file that is moved away", moved_away),
		PROMISE("a file of a later policyd is refused", anothers_file),
	};

	return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
