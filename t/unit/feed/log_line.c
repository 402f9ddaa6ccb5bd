/* log_line.c - test of src/feed/log_line.c: it promises that … */
#include "feed/log_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define NOW 1795856400			/* 2026-11-28 09:00:00 UTC, where the clock shows 10:00:00 */

/* A case says what it has to say; what it leaves out is NULL. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

static const struct {
	const char *says, *line, *time;	/* UTC; NULL: no line of ours */
	const char *tag, *text;		/* NULL: as usual */
} lines[] = {
	{ "a classic stamp is local time", "Nov 28 09:59:30 mx postfix/smtpd[212]: hello", "2026-11-28 08:59:30" },
	{ "in summer, too", "Jul  1 12:00:00 mx postfix/smtpd[212]: hello", "2026-07-01 10:00:00" },
	{ "a day of one digit has a blank before it", "Nov  1 09:00:00 mx postfix/smtpd[212]: hello", "2026-11-01 08:00:00" },
	{ "December is last year's", "Dec 24 09:00:00 mx postfix/smtpd[212]: hello", "2025-12-24 08:00:00" },
	{ "a little ahead is now", "Nov 28 23:00:00 mx postfix/smtpd[212]: hello", "2026-11-28 09:00:00" },
	{ "more than a day ahead is a year ago", "Nov 29 11:00:01 mx postfix/smtpd[212]: hello", "2025-11-29 10:00:01" },
	{ "RFC 3339 has its offset", "2026-11-28T09:00:00.123456+01:00 mx postfix/smtpd[212]: hello", "2026-11-28 08:00:00" },
	{ "west of Greenwich, too", "2026-11-28T01:00:00-03:30 mx postfix/smtpd[212]: hello", "2026-11-28 04:30:00" },
	{ "or Z", "2025-02-28T23:59:60Z mx postfix/smtpd[212]: hello", "2025-03-01 00:00:00" },
	{ "what is to come is now", "2030-01-01T00:00:00Z mx postfix/smtpd[212]: hello", "2026-11-28 09:00:00" },
	{ "a tag may have more slashes", "Nov 28 09:59:30 mx postfix/submission/smtpd[1]: a: b", "2026-11-28 08:59:30",
	  "postfix/submission/smtpd", "a: b" },
	{ "an instance has its own name", "Nov 28 09:59:30 mx postfix-mx1/smtp[1]: x", "2026-11-28 08:59:30", "postfix-mx1/smtp", "x" },
	{ "a tag may lack the process", "Nov 28 09:59:30 mx postfix/smtpd: hello", "2026-11-28 08:59:30" },
	{ "the text may be empty", "Nov 28 09:59:30 mx postfix/smtpd[1]: ", "2026-11-28 08:59:30", NULL, "" },
	{ "other programs are not ours", "Nov 28 09:59:30 mx dovecot: imap-login: postfix/smtpd[1]: x" },
	{ "nor is who has a slash in its process", "Nov 28 09:59:30 mx cron[a/b]: x" },
	{ "nothing is no line", "" },
	{ "a stamp is no line", "Nov 28 09:59:30" },
	{ "a stamp and a host are none", "Nov 28 09:59:30 mx" },
	{ "nor is a blank behind them", "Nov 28 09:59:30 mx " },
	{ "a tag without a text is none", "Nov 28 09:59:30 mx postfix/smtpd[212]" },
	{ "an unclosed process is none", "Nov 28 09:59:30 mx postfix/smtpd[212: hello" },
	{ "a month must be one", "Foo 28 09:59:30 mx postfix/smtpd[1]: hello" },
	{ "not a piece of two", "anF 28 09:59:30 mx postfix/smtpd[1]: hello" },
	{ "a day must be one", "Nov 32 09:59:30 mx postfix/smtpd[1]: hello" },
	{ "an hour must be one", "Nov 28 24:00:00 mx postfix/smtpd[1]: hello" },
	{ "what stands before the stamp spoils it", "x Nov 28 09:59:30 mx postfix/smtpd[1]: hello" },
	{ "RFC 3339 needs its T", "2026-11-28 09:00:00Z mx postfix/smtpd[1]: hello" },
	{ "and an offset", "2026-11-28T09:00:00 mx postfix/smtpd[1]: hello" },
	{ "of hours and minutes", "2026-11-28T09:00:00+1:00 mx postfix/smtpd[1]: hello" },
	{ "and a month", "2026-13-28T09:00:00Z mx postfix/smtpd[1]: hello" },
};

static void
split(void **state)
{
	size_t i = (size_t)*state;
	char *copy = strdup(lines[i].line), text[20];
	struct log_line line;

	assert_int_equal(log_line_split(copy, NOW, &line), lines[i].time != NULL);
	if (lines[i].time != NULL) {
		time_t t = (time_t)line.time_s;
		struct tm tm;

		strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", gmtime_r(&t, &tm));
		assert_string_equal(text, lines[i].time);
		assert_string_equal(line.tag, lines[i].tag ? lines[i].tag : "postfix/smtpd");
		assert_string_equal(line.text, lines[i].text ? lines[i].text : "hello");
	}
	free(copy);
}

/* On New Year's Eve a clock that is ahead writes of the next year, and that is less than a day away. */
static void
new_year(void **state)
{
	char copy[] = "Jan  1 00:00:10 mx postfix/smtpd[1]: hello";
	struct log_line line;

	(void)state;
	assert_true(log_line_split(copy, 1798757000, &line));	/* 2026-12-31 22:43:20 UTC */
	assert_int_equal(line.time_s, 1798757000);
}

int
main(void)
{
	enum { LINES = sizeof lines / sizeof *lines };
	struct CMUnitTest tests[LINES + 1] = { [LINES] = { .name = "New Year comes a little early", .test_func = new_year } };

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	for (size_t i = 0; i < LINES; i++)
		tests[i] = (struct CMUnitTest){ .name = lines[i].says, .test_func = split, .initial_state = (void *)i };
	return cmocka_run_group_tests_name("log_line", tests, NULL, NULL);
}
