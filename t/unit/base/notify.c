/* notify.c - test of src/base/notify.c: it promises that … */
#include "base/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

static void
told(void **state)
{
	char folder[] = "/tmp/policyd-notify-XXXXXX", got[64];
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	(void)state;
#ifndef HAVE_SYSTEMD
	skip();
#endif
	assert_non_null(mkdtemp(folder));
	snprintf(un.sun_path, sizeof un.sun_path, "%s/notify", folder);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
	setenv("NOTIFY_SOCKET", un.sun_path, 1);
	notify_ready();
	notify_watchdog();
	notify_stopping();
	const char *const want[] = { "READY=1", "WATCHDOG=1", "STOPPING=1" };
	for (int i = 0; i < 3; i++) {
		ssize_t len = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);

		assert_true(len > 0);
		got[len] = '\0';
		assert_string_equal(got, want[i]);
	}
	unsetenv("NOTIFY_SOCKET");
	close(fd);
	unlink(un.sun_path);
	rmdir(folder);
}

static void
watchdog(void **state)
{
	(void)state;
	unsetenv("WATCHDOG_USEC");
	assert_int_equal(notify_watchdog_ms(), 0);
#ifdef HAVE_SYSTEMD
	setenv("WATCHDOG_USEC", "30000000", 1);
	assert_int_equal(notify_watchdog_ms(), 30000);
	unsetenv("WATCHDOG_USEC");
#endif
}

static void
alone(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	notify_ready();
	notify_watchdog();
	notify_stopping();
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		{ "systemd is told each thing", told, NULL, NULL, NULL },
		{ "the watchdog's patience is known", watchdog, NULL, NULL, NULL },
		{ "nothing happens without systemd", alone, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
