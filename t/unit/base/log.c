/* log.c - lines that are gathered are none that are lost: it promises that … */
#include "base/log.h"
#include "stderr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int
listen_to_stderr(void **state)
{
	(void)state;
	stderr_catch();
	return 0;
}

static int
let_stderr_be(void **state)
{
	(void)state;
	log_gather(false);
	stderr_release();
	return 0;
}

static void
line_by_line(void **state)
{
	(void)state;
	log_info("one");
	assert_string_equal(stderr_heard(), "one\n");
	log_warn("two\nthree");
	assert_string_equal(stderr_heard(), "warning: two\\x0athree\n");
}

static void
gathers(void **state)
{
	(void)state;
	log_gather(true);
	log_info("one");
	log_info("two");
	assert_string_equal(stderr_heard(), "");
	log_flush();
	assert_string_equal(stderr_heard(), "one\ntwo\n");
	log_flush();
	assert_string_equal(stderr_heard(), "");
	log_info("three");
	log_gather(false);
	assert_string_equal(stderr_heard(), "three\n");
	log_info("four");
	assert_string_equal(stderr_heard(), "four\n");
}

static void
warns_at_once(void **state)
{
	(void)state;
	log_gather(true);
	log_info("one");
	log_warn("two");
	assert_string_equal(stderr_heard(), "one\nwarning: two\n");
	log_info("three");
	log_error("four");
	assert_string_equal(stderr_heard(), "three\nerror: four\n");
}

/* More than a page: what is full is written, whole lines only, and nothing is lost. */
static void
fills_pages(void **state)
{
	char want[20000] = "", line[2100];
	size_t had = 0;
	(void)state;

	log_gather(true);
	for (int i = 0; i < 60; i++) {
		snprintf(line, sizeof line, "%d%0*d", i, 100 + i * 5, 7);
		log_info("%s", line);
		strcat(strcat(want, line), "\n");
		const char *got = stderr_heard();
		size_t len = strlen(got);
		assert_true(len <= 4096);
		assert_true(len == 0 || got[len - 1] == '\n');
		assert_memory_equal(got, want + had, len);
		had += len;
	}
	assert_true(had > 0);
	log_flush();
	assert_string_equal(stderr_heard(), want + had);
	memset(line, 'x', sizeof line - 1);
	line[sizeof line - 1] = '\0';
	log_info("%s", line);
	log_info("%s", line);
	log_info("%s", line);
	log_flush();
	assert_int_equal(strlen(stderr_heard()), 3 * 2000);
}

static void *
log_in_thread(void *arg)
{
	log_info("of the other");
	return arg;
}

static void
leaves_threads_alone(void **state)
{
	pthread_t thread;
	(void)state;

	log_gather(true);
	log_info("ours");
	assert_int_equal(pthread_create(&thread, NULL, log_in_thread, NULL), 0);
	pthread_join(thread, NULL);
	assert_string_equal(stderr_heard(), "of the other\n");
	log_flush();
	assert_string_equal(stderr_heard(), "ours\n");
}

#define PROMISE(name, f) { name, f, listen_to_stderr, let_stderr_be, NULL }

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PROMISE("a line is written as it comes", line_by_line),
		PROMISE("lines are gathered until they are wanted", gathers),
		PROMISE("a warning takes along what was gathered", warns_at_once),
		PROMISE("a page that is full is written, in whole lines", fills_pages),
		PROMISE("another thread's lines do not wait", leaves_threads_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
