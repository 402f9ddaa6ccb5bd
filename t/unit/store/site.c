/* site.c - test of src/store/site.c and site_file.c: the site's database promises that … */
#include "store_test.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "store/site.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define SCHEMA "CREATE TABLE mailbox (address TEXT PRIMARY KEY, active); "
#define ANN "INSERT INTO mailbox VALUES ('ann@example.org', 1), ('bob@example.org', 0); "
#define QUERY "SELECT active FROM mailbox WHERE address = :recipient"
/* Never ends by itself. */
#define ENDLESS "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n)"

/* ---- a database, and who asks it ---- */

struct asked {
	struct site_waiter waiter;
	int times;
	enum site_status status;
	char why[300];
};

static void
answered(struct site_waiter *w, struct site_answer a)
{
	struct asked *asked = (struct asked *)(void *)w;

	asked->times++;
	asked->status = a.status;
	snprintf(asked->why, sizeof asked->why, "%s", a.why);
}

static bool
is_answered(void *asked)
{
	return ((struct asked *)asked)->times > 0;
}

static void
ask_of(struct site *s, struct asked *asked, const char *value, const char *login)
{
	*asked = (struct asked){ .waiter = { .answered = answered } };
	struct site_answer now = site_ask(s, value, login, &asked->waiter);
	asked->status = now.status;
	if (now.status != SITE_OPEN) {
		asked->times = 1;
		snprintf(asked->why, sizeof asked->why, "%s", now.why);
	}
}

static void
ask(struct site *s, struct asked *asked, const char *recipient)
{
	ask_of(s, asked, recipient, "");
}

static enum site_status
answer_of(struct fixture *f, struct site *s, const char *recipient, char why[300])
{
	struct asked asked;

	do {				/* again if the machine stood still: nobody else asks */
		ask(s, &asked, recipient);
		assert_true(eventually(f, is_answered, &asked));
		assert_int_equal(asked.times, 1);
	} while (strcmp(asked.why, "too many questions wait for their turn") == 0);
	if (why != NULL)
		strcpy(why, asked.why);
	return asked.status;
}

struct hope {
	struct fixture *f;
	struct site *site;
	const char *recipient;
	enum site_status want;
	struct asked asked;
};

static bool
comes_true(void *arg)
{
	struct hope *h = arg;

	if (h->asked.times == 0 && h->asked.waiter.answered != NULL)
		return false;
	if (h->asked.times > 0 && h->asked.status == h->want)
		return true;
	ask(h->site, &h->asked, h->recipient);
	return false;
}

/* Asked again and again, it says so at last. */
static void
assert_becomes(struct fixture *f, struct site *s, const char *recipient, enum site_status want)
{
	struct hope h = { .f = f, .site = s, .recipient = recipient, .want = want };

	assert_true(eventually(f, comes_true, &h));
}

static void
make_database(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static struct site *
open_site(struct fixture *f, const char *sql, const char *query)
{
	if (sql != NULL)
		make_database(f->path, sql);
	return site_new(f->loop, &site_kinds[ABOUT_RECIPIENT], &(struct site_place){ f->path, query, "+-" });
}

static bool
exists(const struct fixture *f, const char *end)
{
	char path[120];

	snprintf(path, sizeof path, "%s%s", f->path, end);
	return access(path, F_OK) == 0;
}

static uint64_t
dropped(void)
{
	return metric_counter("policyd_site_dropped_total", "query=\"recipient\"", "")->value;
}

static uint64_t
said_active(void)
{
	return metric_counter("policyd_site_answers_total", "query=\"recipient\",answer=\"yes\"", "")->value;
}

/* ---- what it says ---- */

static void
says(void **state)
{
	static const struct { const char *value; enum site_status want; } cases[] = {
		{ "1", SITE_YES }, { "'1'", SITE_YES }, { "'active'", SITE_YES }, { "'Yes'", SITE_YES }, { "'Y'", SITE_YES },
		{ "'true'", SITE_YES }, { "0", SITE_NO }, { "'deactivated'", SITE_NO }, { "'INACTIVE'", SITE_NO },
		{ "'disabled'", SITE_NO }, { "'no'", SITE_NO }, { "'n'", SITE_NO }, { "'false'", SITE_NO },
		{ "NULL", SITE_CANNOT_TELL }, { "2", SITE_CANNOT_TELL }, { "''", SITE_CANNOT_TELL },
		{ "x'00ff'", SITE_CANNOT_TELL }, { "' yes'", SITE_CANNOT_TELL }, { "1.0", SITE_CANNOT_TELL },
		{ "printf('%.2000000d', 0)", SITE_CANNOT_TELL },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fixture *f = fixture_new();
		char query[200];

		snprintf(query, sizeof query, "SELECT %s WHERE :local <> ''", cases[i].value);
		struct site *s = open_site(f, SCHEMA, query);
		enum site_status status = answer_of(f, s, "ann@example.org", NULL);
		if (status != cases[i].want)
			fail_msg("%s: %d", cases[i].value, status);
		site_free(s);
		fixture_free(f);
	}
}

static void
knows(void **state)
{
	struct fixture *f = fixture_new();
	struct site *s = open_site(f, SCHEMA ANN, QUERY);
	(void)state;

	assert_int_equal(answer_of(f, s, "ann@example.org", NULL), SITE_YES);
	assert_int_equal(answer_of(f, s, "bob@example.org", NULL), SITE_NO);
	assert_int_equal(answer_of(f, s, "eve@example.org", NULL), SITE_NO_ROW);
	make_database(f->path, "INSERT INTO mailbox VALUES ('eve@example.org', 1)");
	assert_int_equal(answer_of(f, s, "eve@example.org", NULL), SITE_YES);
	site_free(s);
	fixture_free(f);
}

static void
parts(void **state)
{
	struct fixture *f = fixture_new();
	struct site *s = open_site(f, SCHEMA, "SELECT :recipient = 'a@b@example.org' AND :local = 'a@b' AND :domain = 'example.org'");
	(void)state;

	assert_int_equal(answer_of(f, s, "a@b@example.org", NULL), SITE_YES);
	assert_int_equal(answer_of(f, s, "a@example.org", NULL), SITE_NO);
	site_configure(s, &(struct site_place){ f->path, "SELECT :local = 'ann' AND :domain = ''", "" });
	assert_int_equal(answer_of(f, s, "ann", NULL), SITE_YES);
	site_free(s);
	fixture_free(f);
}

static void
extensions(void **state)
{
	static const struct { const char *recipient; enum site_status want; } cases[] = {
		{ "ann+news@example.org", SITE_YES }, { "ann-news+more@example.org", SITE_YES }, { "bob+@example.org", SITE_NO },
		{ "eve+news@example.org", SITE_NO_ROW }, { "+ann@example.org", SITE_NO_ROW }, { "ann_news@example.org", SITE_NO_ROW },
		{ "list-owner@example.org", SITE_NO }, { "ann@ex-ample.org", SITE_NO_ROW },
	};
	struct fixture *f = fixture_new();
	struct site *s = open_site(f, SCHEMA ANN "INSERT INTO mailbox VALUES ('list-owner@example.org', 0), "
	    "('list@example.org', 1)", QUERY);
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (answer_of(f, s, cases[i].recipient, NULL) != cases[i].want)
			fail_msg("%s", cases[i].recipient);
	site_configure(s, &(struct site_place){ f->path, QUERY, "" });
	assert_int_equal(answer_of(f, s, "ann+news@example.org", NULL), SITE_NO_ROW);
	site_free(s);
	fixture_free(f);
}

static void
bound(void **state)
{
	static const char *const hostile[] = { "x' OR '1'='1@example.org", "'; DROP TABLE mailbox; --@example.org",
	    "x\" OR 1=1 --@example.org", ":recipient@example.org", "%@example.org", "\xff\xfe@example.org", "@", "" };
	struct fixture *f = fixture_new();
	struct site *s = open_site(f, SCHEMA ANN, QUERY);
	char *huge = malloc(200000);
	(void)state;

	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++)
		assert_int_equal(answer_of(f, s, hostile[i], NULL), SITE_NO_ROW);
	memset(huge, 'a', 199999);
	huge[199999] = '\0';
	assert_int_equal(answer_of(f, s, huge, NULL), SITE_NO_ROW);
	free(huge);
	assert_int_equal(answer_of(f, s, "ann@example.org", NULL), SITE_YES);
	assert_int_equal(sql_number(f, "SELECT count(*) FROM mailbox"), 2);
	site_free(s);
	fixture_free(f);
}

static void
logins(void **state)
{
#define BY_DOMAIN "SELECT 1 FROM lent WHERE login = :login AND sender = :domain"
#define BY_SENDER "SELECT 1 FROM lent WHERE login = :login AND sender IN (:sender, :domain)"
	static const struct { const char *query, *sender, *login; enum site_status want; } cases[] = {
		{ BY_DOMAIN, "bob@example.net", "ann@example.org", SITE_YES },
		{ BY_DOMAIN, "bob@example.com", "ann@example.org", SITE_NO_ROW },
		{ BY_DOMAIN, "bob@example.net", "eve@example.org", SITE_NO_ROW },
		{ BY_DOMAIN, "boss@example.org", "ann@example.org", SITE_NO_ROW },
		{ BY_DOMAIN, "<>", "ann@example.org", SITE_NO_ROW },
		{ BY_DOMAIN, "bob@example.net", "ann", SITE_YES },
		{ BY_SENDER, "boss@example.org", "bob@example.org", SITE_YES },
		{ BY_SENDER, "ann@example.org", "bob@example.org", SITE_NO_ROW },
		{ BY_SENDER, "boss@example.org", "ann@example.org", SITE_YES },
		{ BY_SENDER, "<>", "gateway", SITE_YES },
		{ BY_SENDER, "<>", "ann", SITE_NO_ROW },
	};
	struct fixture *f = fixture_new();
	struct asked asked[3];
	(void)state;

	make_database(f->path, "CREATE TABLE lent (login, sender); INSERT INTO lent VALUES ('ann@example.org', 'example.net'), "
	    "('ann@example.org', 'example.org'), ('ann@example.org', ''), ('ann', 'example.net'), ('bob@example.org', 'boss@example.org'), "
	    "('gateway', '<>')");
	struct site *s = site_new(f->loop, &site_kinds[ABOUT_LOGIN], &(struct site_place){ f->path, "", "" });
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		site_configure(s, &(struct site_place){ f->path, cases[i].query, "" });
		ask_of(s, asked, cases[i].sender, cases[i].login);
		assert_true(eventually(f, is_answered, asked));
		if (asked->status != cases[i].want)
			fail_msg("%s as %s: %d", cases[i].login, cases[i].sender, asked->status);
	}
	ask_of(s, &asked[0], "bob@example.net", "ann");
	ask_of(s, &asked[1], "bob@example.net", "eve");
	ask_of(s, &asked[2], "bob@example.net", "ann");
	for (size_t i = 0; i < 3; i++) {
		assert_true(eventually(f, is_answered, &asked[i]));
		assert_int_equal(asked[i].status, i == 1 ? SITE_NO_ROW : SITE_YES);
	}
	site_free(s);
	fixture_free(f);
}

static void
silent(void **state)
{
	struct fixture *f = fixture_new();
	struct site *s = open_site(f, SCHEMA ANN, "");
	(void)state;

	assert_int_equal(answer_of(f, s, "ann@example.org", NULL), SITE_NO_QUERY);
	site_configure(s, &(struct site_place){ f->path, QUERY, "" });
	assert_int_equal(answer_of(f, s, "ann@example.org", NULL), SITE_YES);
	site_configure(s, &(struct site_place){ f->path, "", "" });
	assert_int_equal(answer_of(f, s, "ann@example.org", NULL), SITE_NO_QUERY);
	site_free(s);
	fixture_free(f);
}

/* ---- who asks ---- */

static void
once(void **state)
{
	struct fixture *f = fixture_new();
	struct site *s = open_site(f, SCHEMA ANN, QUERY);
	struct asked asked[3];
	uint64_t before = said_active();
	(void)state;

	for (size_t i = 0; i < 3; i++)
		ask(s, &asked[i], "ann@example.org");
	site_forget(s, &asked[1].waiter);
	site_forget(s, &asked[1].waiter);
	assert_true(eventually(f, is_answered, &asked[0]) && eventually(f, is_answered, &asked[2]));
	assert_int_equal(asked[0].status, SITE_YES);
	assert_int_equal(asked[2].status, SITE_YES);
	assert_int_equal(asked[1].times, 0);
	assert_int_equal(said_active(), before + 1);
	site_forget(s, &asked[0].waiter);
	site_free(s);
	fixture_free(f);
}

static void
queue(void **state)
{
	enum { MOST = 1000 };
	static struct asked asked[MOST + 1];
	struct fixture *f = fixture_new();
	struct site *s = open_site(f, SCHEMA, "SELECT " ENDLESS " WHERE :recipient <> ''");
	uint64_t before = dropped();
	char name[32];
	(void)state;

	for (int i = 0; i <= MOST; i++) {
		assert_int_equal(dropped(), before);
		snprintf(name, sizeof name, "%d@example.org", i);
		ask(s, &asked[i], name);
	}
	assert_int_equal(asked[MOST].status, SITE_CANNOT_TELL);
	assert_int_equal(dropped(), before + 1);
	int64_t began_us = clock_mono_us();
	assert_true(eventually(f, is_answered, &asked[MOST - 1]));
	assert_true(clock_mono_us() - began_us < 60 * 1000000);	/* not 500 s: most have waited too long for their turn */
	for (int i = 0; i < MOST; i++) {
		assert_true(eventually(f, is_answered, &asked[i]));
		assert_int_equal(asked[i].status, SITE_CANNOT_TELL);
	}
	site_free(s);
	fixture_free(f);
}

static void
ends(void **state)
{
	struct fixture *f = fixture_new();
	struct site *s = open_site(f, SCHEMA, "SELECT " ENDLESS " WHERE :recipient <> ''");
	struct asked asked[2];
	(void)state;

	ask(s, &asked[0], "ann@example.org");
	ask(s, &asked[1], "bob@example.org");
	site_free(s);
	assert_int_equal(asked[0].times + asked[1].times, 0);
	fixture_free(f);
}

/* ---- trouble ---- */

static void
slow(void **state)
{
	struct fixture *f = fixture_new();
	struct site *s = open_site(f, SCHEMA ANN,
	    "SELECT CASE :local WHEN 'slow' THEN " ENDLESS " ELSE active END FROM mailbox WHERE address = :recipient OR :local = 'slow'");
	char why[300];
	(void)state;

	int64_t began_us = clock_mono_us();
	assert_int_equal(answer_of(f, s, "slow@example.org", why), SITE_CANNOT_TELL);
	int64_t took_us = clock_mono_us() - began_us;
	assert_true(took_us > 400 * 1000 && took_us < 30 * 1000000);
	assert_non_null(strstr(why, "no answer in 500 ms"));
	assert_int_equal(answer_of(f, s, "ann@example.org", NULL), SITE_YES);
	site_free(s);
	fixture_free(f);
}

static void
missing(void **state)
{
	struct fixture *f = fixture_new();
	struct site *s = open_site(f, NULL, QUERY);
	char why[300];
	(void)state;

	assert_int_equal(answer_of(f, s, "ann@example.org", why), SITE_CANNOT_TELL);
	assert_string_equal(why, "No such file or directory");
	assert_false(exists(f, ""));
	make_database(f->path, SCHEMA ANN);
	assert_becomes(f, s, "ann@example.org", SITE_YES);
	unlink(f->path);
	assert_becomes(f, s, "ann@example.org", SITE_CANNOT_TELL);
	assert_false(exists(f, ""));
	site_free(s);
	fixture_free(f);
}

static void
replaced(void **state)
{
	struct fixture *f = fixture_new();
	struct site *s = open_site(f, SCHEMA ANN, QUERY);
	char other[120];
	(void)state;

	assert_int_equal(answer_of(f, s, "eve@example.org", NULL), SITE_NO_ROW);
	snprintf(other, sizeof other, "%s.new", f->path);
	make_database(other, SCHEMA "INSERT INTO mailbox VALUES ('eve@example.org', 1)");
	assert_int_equal(rename(other, f->path), 0);
	assert_int_equal(answer_of(f, s, "eve@example.org", NULL), SITE_YES);
	assert_int_equal(answer_of(f, s, "ann@example.org", NULL), SITE_NO_ROW);
	site_free(s);
	fixture_free(f);
}

static void
broken(void **state)
{
	struct fixture *f = fixture_new();
	struct site *s = open_site(f, SCHEMA ANN, QUERY);
	char why[300];
	(void)state;

	assert_int_equal(answer_of(f, s, "ann@example.org", NULL), SITE_YES);
	FILE *out = fopen(f->path, "r+");
	for (int i = 0; i < 20000; i++)
		fputc('x', out);
	fclose(out);
	assert_int_equal(answer_of(f, s, "ann@example.org", why), SITE_CANNOT_TELL);
	assert_non_null(strstr(why, "not a database"));
	unlink(f->path);
	make_database(f->path, SCHEMA ANN);
	assert_becomes(f, s, "ann@example.org", SITE_YES);
	site_free(s);
	fixture_free(f);
}

static void
schema_changes(void **state)
{
	struct fixture *f = fixture_new();
	struct site *s = open_site(f, SCHEMA ANN, QUERY);
	char why[300];
	(void)state;

	assert_int_equal(answer_of(f, s, "ann@example.org", NULL), SITE_YES);
	make_database(f->path, "CREATE INDEX i ON mailbox(active); ALTER TABLE mailbox ADD COLUMN note");
	assert_int_equal(answer_of(f, s, "ann@example.org", NULL), SITE_YES);
	make_database(f->path, "ALTER TABLE mailbox RENAME TO box");
	assert_int_equal(answer_of(f, s, "ann@example.org", why), SITE_CANNOT_TELL);
	assert_string_equal(why, "no such table: mailbox");
	make_database(f->path, "CREATE VIEW mailbox AS SELECT 'yes' AS active, address FROM box");
	assert_becomes(f, s, "ann@example.org", SITE_YES);
	assert_int_equal(answer_of(f, s, "bob@example.org", NULL), SITE_YES);
	site_free(s);
	fixture_free(f);
}

static void
locked(void **state)
{
	struct fixture *f = fixture_new();
	struct site *s = open_site(f, SCHEMA ANN, QUERY);
	sqlite3 *db;
	char why[300];
	(void)state;

	assert_int_equal(answer_of(f, s, "ann@example.org", NULL), SITE_YES);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(answer_of(f, s, "ann@example.org", why), SITE_CANNOT_TELL);
	assert_string_equal(why, "database is locked");
	assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	assert_becomes(f, s, "ann@example.org", SITE_YES);
	assert_int_equal(sqlite3_exec(db, "DELETE FROM mailbox", NULL, NULL, NULL), SQLITE_OK);	/* we hold no lock */
	assert_int_equal(answer_of(f, s, "ann@example.org", why), SITE_NO_ROW);
	sqlite3_close(db);
	site_free(s);
	fixture_free(f);
}

static void
taken_away(void **state)
{
	struct fixture *f = fixture_new();
	struct site *s = open_site(f, SCHEMA ANN, "SELECT " ENDLESS " WHERE :recipient <> ''");
	const struct metric *trouble = metric_gauge("policyd_site_trouble", "query=\"recipient\"", "");
	struct asked asked;
	(void)state;

	assert_int_equal(answer_of(f, s, "ann@example.org", NULL), SITE_CANNOT_TELL);
	assert_int_equal(trouble->value, 1);
	ask(s, &asked, "bob@example.org");
	site_configure(s, &(struct site_place){ f->path, "", "" });
	assert_int_equal(trouble->value, 0);
	assert_true(eventually(f, is_answered, &asked));
	assert_int_equal(asked.status, SITE_CANNOT_TELL);
	assert_int_equal(trouble->value, 0);
	site_free(s);
	fixture_free(f);
}

/* ---- nothing is written ---- */

static void
no_trace(void **state)
{
	struct fixture *f = fixture_new();
	struct site *s = open_site(f, SCHEMA ANN, QUERY " UNION SELECT 0 FROM mailbox ORDER BY 1 DESC");
	struct stat before, after;
	(void)state;

	assert_int_equal(stat(f->folder, &before), 0);
	assert_int_equal(answer_of(f, s, "ann@example.org", NULL), SITE_YES);
	site_free(s);
	assert_int_equal(stat(f->folder, &after), 0);
	assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof before.st_mtim);
	assert_false(exists(f, "-journal") || exists(f, "-wal") || exists(f, "-shm"));
	fixture_free(f);
}

static void
write_ahead_log(void **state)
{
	struct fixture *f = fixture_new();
	struct site *s = open_site(f, "PRAGMA journal_mode = WAL; " SCHEMA ANN, QUERY);
	sqlite3 *db;
	char why[300];
	(void)state;

	assert_int_equal(answer_of(f, s, "ann@example.org", why), SITE_CANNOT_TELL);
	assert_non_null(strstr(why, "it is in WAL mode, and no -wal and -shm"));
	assert_false(exists(f, "-wal") || exists(f, "-shm"));
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "INSERT INTO mailbox VALUES ('eve@example.org', 1)", NULL, NULL, NULL), SQLITE_OK);
	assert_becomes(f, s, "eve@example.org", SITE_YES);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(sqlite3_exec(db, "UPDATE mailbox SET active = 0", NULL, NULL, NULL), SQLITE_OK);
		assert_int_equal(answer_of(f, s, "eve@example.org", NULL), SITE_NO);
		assert_int_equal(sqlite3_exec(db, "UPDATE mailbox SET active = 1; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL),
		    SQLITE_OK);
		assert_int_equal(answer_of(f, s, "eve@example.org", NULL), SITE_YES);
	}
	site_free(s);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_false(exists(f, "-wal") || exists(f, "-shm"));
	fixture_free(f);
}

/* ---- the configuration's check ---- */

static void
mistakes(void **state)
{
	static const struct { const char *query, *why; } cases[] = {
		{ "SELCT active FROM mailbox WHERE address = :recipient", "near \"SELCT\": syntax error" },
		{ "SELECT active FROM mailboxes WHERE address = :recipient", "no such table: mailboxes" },
		{ "SELECT state FROM mailbox WHERE address = :recipient", "no such column: state" },
		{ "SELECT active FROM mailbox WHERE address = :recipent", "another parameter than those there are" },
		{ "SELECT active FROM mailbox WHERE address = ?", "another parameter than those there are" },
		{ "SELECT active FROM mailbox WHERE address = ?9", "another parameter than those there are" },
		{ "SELECT active FROM mailbox WHERE address = @recipient", "another parameter than those there are" },
		{ "SELECT active FROM mailbox WHERE address = ':recipient'", "it asks the same for everybody" },
		{ "SELECT active FROM mailbox WHERE address = :recipient; DELETE FROM mailbox", "something follows the statement" },
		{ "SELECT 1; SELECT :recipient", "something follows the statement" },
		{ "SELECT :recipient; rubbish", "something follows the statement" },
		{ "DELETE FROM mailbox WHERE address = :recipient", "it does other things than read" },
		{ "DELETE FROM mailbox WHERE address = :recipient RETURNING 1", "it does other things than read" },
		{ "WITH a AS (SELECT :recipient AS r) INSERT INTO mailbox SELECT r, 1 FROM a RETURNING active",
		  "it does other things than read" },
		{ "UPDATE mailbox SET active = 1 WHERE address = :recipient", "it does other things than read" },
		{ "CREATE TABLE t AS SELECT :recipient", "it does other things than read" },
		{ "PRAGMA journal_mode = WAL", "it does other things than read" },
		{ "PRAGMA table_info(mailbox)", "it does other things than read" },
		{ "SELECT name FROM pragma_table_info('mailbox') WHERE name = :local", "not authorized" },
		{ "ATTACH :recipient AS x", "it does other things than read" },
		{ "BEGIN IMMEDIATE", "it does other things than read" },
		{ "VACUUM INTO :recipient", "that is no SELECT" },
		{ "SELECT load_extension(:recipient)", "not authorized" },
		{ "EXPLAIN SELECT active FROM mailbox WHERE address = :recipient", "that is no SELECT" },
		{ "-- nothing", "that is no SELECT" },
		{ ";", "that is no SELECT" },
	};
	static const char *const good[] = { QUERY, QUERY ";", QUERY " ; -- as the panel does",
	    "WITH a(x) AS (VALUES (:local)) SELECT 1 FROM a, mailbox WHERE address = x || '@' || :domain",
	    "SELECT active, address FROM mailbox WHERE address = :recipient UNION ALL SELECT 1, '' WHERE :domain = 'example.net'" };
	struct fixture *f = fixture_new();
	char why[300];
	(void)state;

	make_database(f->path, SCHEMA ANN);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		enum site_check check = site_check(&site_kinds[ABOUT_RECIPIENT], &(struct site_place){ f->path, cases[i].query, "" }, why, sizeof why);

		if (check != SITE_WRONG || strstr(why, cases[i].why) == NULL)
			fail_msg("%s: %d %s", cases[i].query, check, why);
	}
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (site_check(&site_kinds[ABOUT_RECIPIENT], &(struct site_place){ f->path, good[i], "" }, why, sizeof why) != SITE_GOOD)
			fail_msg("%s: %s", good[i], why);
	assert_int_equal(sql_number(f, "SELECT count(*) FROM mailbox"), 2);
	assert_false(exists(f, "-wal"));
	assert_int_equal(site_check(&site_kinds[ABOUT_RECIPIENT], &(struct site_place){ "", QUERY, "" }, why, sizeof why), SITE_WRONG);
	assert_int_equal(site_check(&site_kinds[ABOUT_RECIPIENT], &(struct site_place){ "", "", "" }, why, sizeof why), SITE_GOOD);
	fixture_free(f);
}

/* A mistake the check could not find, since there was no database, is found when there is one. */
static void
later_mistakes(void **state)
{
	struct fixture *f = fixture_new();
	struct site *s = open_site(f, NULL, "DELETE FROM mailbox WHERE address = :recipient RETURNING active");
	char why[300];
	(void)state;

	make_database(f->path, SCHEMA ANN);
	assert_int_equal(answer_of(f, s, "ann@example.org", why), SITE_CANNOT_TELL);
	assert_non_null(strstr(why, "it does other things than read"));
	assert_int_equal(sql_number(f, "SELECT count(*) FROM mailbox"), 2);
	site_free(s);
	fixture_free(f);
}

static void
unreadable(void **state)
{
	static const struct { const char *path, *why; } cases[] = {
		{ "/nonexistent/mail.db", "No such file or directory" },
		{ "/tmp", "not a file" },
		{ "/dev/zero", "not a file" },
	};
	struct fixture *f = fixture_new();
	char why[300], odd[120];
	sqlite3 *db;
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(site_check(&site_kinds[ABOUT_RECIPIENT], &(struct site_place){ cases[i].path, QUERY, "" }, why, sizeof why), SITE_LATER);
		assert_string_equal(why, cases[i].why);
	}
	make_database(f->path, SCHEMA ANN);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(site_check(&site_kinds[ABOUT_RECIPIENT], &(struct site_place){ f->path, QUERY, "" }, why, sizeof why), SITE_LATER);
	assert_string_equal(why, "database is locked");
	sqlite3_close(db);
	snprintf(odd, sizeof odd, "%s/a b%%20c?mode=rwc&x#d.db", f->folder);
	assert_int_equal(rename(f->path, odd), 0);
	assert_int_equal(site_check(&site_kinds[ABOUT_RECIPIENT], &(struct site_place){ odd, QUERY, "" }, why, sizeof why), SITE_GOOD);
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ .name = "1, active and their like are yes; 0, deactivated and theirs no; all else says nothing", .test_func = says },
		{ .name = "who is there is known, and who came a moment ago", .test_func = knows },
		{ .name = ":local and :domain are the two sides of the last @", .test_func = parts },
		{ .name = "an unknown address is asked for without its extension too", .test_func = extensions },
		{ .name = "no address is ever more than a value", .test_func = bound },
		{ .name = "a login is asked about with the sender, and by a domain alone not about its own, nor the null sender", .test_func = logins },
		{ .name = "nobody is asked without a query, and settings may change", .test_func = silent },
		{ .name = "the same question is asked once, and who forgot it is not told", .test_func = once },
		{ .name = "no more questions wait than may, and none waits long", .test_func = queue },
		{ .name = "the end does not wait for a query", .test_func = ends },
		{ .name = "a slow query is interrupted, and no other one suffers", .test_func = slow },
		{ .name = "a missing file is not made, and read when it is there", .test_func = missing },
		{ .name = "a file that took the other's place is read", .test_func = replaced },
		{ .name = "a broken file says nothing, until it is mended", .test_func = broken },
		{ .name = "another schema is taken as it comes", .test_func = schema_changes },
		{ .name = "a locked file says nothing for now, and is not locked by us", .test_func = locked },
		{ .name = "without a query there is no trouble, whatever was still asked", .test_func = taken_away },
		{ .name = "nothing is written beside the file", .test_func = no_trace },
		{ .name = "nor for one in WAL mode, read while somebody has it open", .test_func = write_ahead_log },
		{ .name = "a query that is wrong, or would write, is refused with the reason", .test_func = mistakes },
		{ .name = "one that could not be checked is refused later", .test_func = later_mistakes },
		{ .name = "a file that cannot be read is no mistake, and a path may hold anything", .test_func = unreadable },
	};
	return cmocka_run_group_tests_name("site", tests, NULL, NULL);
}
