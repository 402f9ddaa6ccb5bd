/* privilege.c - test of src/server/privilege.c: it promises that …
 *
 * Whoever gives root up does not get it back, so each case is a process of its own.
 */
#include "server/server.h"

#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* What a process that drops root sees: its log, and 'y' if all is as wanted. */
static void
in_child(bool (*is_well)(void), char log[2000])
{
	int shared = memfd_create("log", 0), status;
	pid_t pid = fork();

	if (pid == 0) {
		dup2(shared, STDERR_FILENO);
		_exit(is_well() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	ssize_t len = pread(shared, log, 1999, 0);
	log[len > 0 ? len : 0] = '\0';
	close(shared);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("status %d: %s", status, log);
}

static bool
becomes_nobody(void)
{
	struct server_options o = { .user = "nobody", .group = "", .socket_group = "" };
	const struct passwd *nobody = getpwnam("nobody");
	uid_t uid = nobody->pw_uid;
	gid_t gid = nobody->pw_gid, groups[64];

	if (!server_drop_root(&o))
		return false;
	int count = getgroups(64, groups);
	for (int i = 0; i < count; i++)
		if (groups[i] == 0)
			return false;
	return getuid() == uid && geteuid() == uid && getgid() == gid && setuid(0) != 0 && setgid(0) != 0;
}

static bool
becomes_a_group(void)
{
	struct server_options o = { .user = "nobody", .group = "daemon", .socket_group = "" };
	gid_t gid = getgrnam("daemon")->gr_gid;

	return server_drop_root(&o) && getgid() == gid && getegid() == gid;
}

static bool
refuses_unknown(void)
{
	struct server_options user = { .user = "no-such-user", .group = "", .socket_group = "" };
	struct server_options group = { .user = "nobody", .group = "no-such-group", .socket_group = "" };

	return !server_drop_root(&user) && !server_drop_root(&group);
}

static bool
stays_who_it_is(void)
{
	struct server_options nobody = { .user = "nobody", .group = "", .socket_group = "" };
	struct server_options daemon = { .user = "daemon", .group = "", .socket_group = "" };

	return (geteuid() != 0 || server_drop_root(&nobody)) && server_drop_root(&daemon) && geteuid() != 0;
}

static bool
stays_root(void)
{
	struct server_options o = { .user = "", .group = "", .socket_group = "" };

	return server_drop_root(&o);
}

static void
need_root(void)
{
	if (geteuid() != 0)
		skip();
}

static void
user(void **state)
{
	char log[2000];

	(void)state;
	need_root();
	in_child(becomes_nobody, log);
	assert_string_equal(log, "");
}

static void
group(void **state)
{
	char log[2000];

	(void)state;
	need_root();
	in_child(becomes_a_group, log);
	assert_string_equal(log, "");
}

static void
unknown(void **state)
{
	char log[2000];

	(void)state;
	in_child(refuses_unknown, log);
	assert_non_null(strstr(log, "error: user = no-such-user: no such user; create it"));
	assert_non_null(strstr(log, "error: group = no-such-group: no such group; "));
}

static void
not_root(void **state)
{
	char log[2000];

	(void)state;
	in_child(stays_who_it_is, log);
	assert_non_null(strstr(log, "warning: user = daemon: policyd was not started by root"));
}

static void
root(void **state)
{
	char log[2000];

	(void)state;
	need_root();
	in_child(stays_root, log);
	assert_non_null(strstr(log, "warning: policyd stays root"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		{ "root becomes user, with its groups, for good", user, NULL, NULL, NULL },
		{ "root becomes group too", group, NULL, NULL, NULL },
		{ "unknown users and groups are errors", unknown, NULL, NULL, NULL },
		{ "one who is not root stays, and says so", not_root, NULL, NULL, NULL },
		{ "root without user stays, and is warned", root, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("privilege", tests, NULL, NULL);
}
