/* listen.c - test of src/server/listen.c: it promises that … */
#include "server/listen.h"
#include "stderr.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static const struct {
	const char *word;
	enum endpoint_kind kind;
	const char *wrong;		/* stands in what is said; NULL: it is right */
} words[] = {
	{ "inet:127.0.0.1:10031", ENDPOINT_INET, NULL },
	{ "inet:0.0.0.0:0", ENDPOINT_INET, NULL },
	{ "inet:[::1]:10031", ENDPOINT_INET, NULL },
	{ "inet:[2001:db8::1]:65535", ENDPOINT_INET, NULL },
	{ "inet:10031", ENDPOINT_INET, NULL },
	{ "unix:/run/policyd/policyd.sock", ENDPOINT_UNIX, NULL },
	{ "systemd", ENDPOINT_SYSTEMD, NULL },
	{ "inet:127.0.0.1", ENDPOINT_INET, "no port" },
	{ "inet:127.0.0.1:", ENDPOINT_INET, "no port" },
	{ "inet:127.0.0.1:65536", ENDPOINT_INET, "no port" },
	{ "inet:127.0.0.1:-1", ENDPOINT_INET, "no port" },
	{ "inet:127.0.0.1:100311", ENDPOINT_INET, "no port" },
	{ "inet:127.0.0.1:policy", ENDPOINT_INET, "no port" },
	{ "inet:", ENDPOINT_INET, "no port" },
	{ "inet::10031", ENDPOINT_INET, "no host" },
	{ "inet:[]:10031", ENDPOINT_INET, "no host" },
	{ "inet:[::1:10031", ENDPOINT_INET, "no host" },
	{ "inet:::1:10031", ENDPOINT_INET, "brackets" },
	{ "inet:[127.0.0.1]:10031", ENDPOINT_INET, "no IP address" },
	{ "inet:localhost:10031", ENDPOINT_INET, "no IP address" },
	{ "unix:run/policyd", ENDPOINT_UNIX, "start with /" },
	{ "unix:", ENDPOINT_UNIX, "start with /" },
	{ "unix:/run/policyd/", ENDPOINT_UNIX, "of a file" },
	{ "unix:/123456789/123456789/123456789/123456789/123456789/123456789/123456789/123456789/123456789/"
	  "123456789/1234567", ENDPOINT_UNIX, "too long" },
	{ "127.0.0.1:10031", ENDPOINT_INET, "write inet:HOST:PORT" },
	{ "", ENDPOINT_INET, "write inet:HOST:PORT" },
};

static void
one_word(void **state)
{
	size_t i = (size_t)*state;
	struct endpoint e;
	const char *wrong = endpoint_parse(&e, words[i].word);

	if (words[i].wrong == NULL) {
		assert_null(wrong);
		assert_int_equal(e.kind, words[i].kind);
	} else {
		assert_non_null(wrong);
		if (strstr(wrong, words[i].wrong) == NULL)
			fail_msg("%s", wrong);
	}
}

/* ---- sockets ---- */

struct bench {
	char folder[32], path[64], word[72];
	struct server_options options;
	struct bound bound[BOUND_MAX];
};

static int
set_up(void **state)
{
	struct bench *b = calloc(1, sizeof *b);

	strcpy(b->folder, "/tmp/policyd-listen-XXXXXX");
	if (mkdtemp(b->folder) == NULL)
		return -1;
	snprintf(b->path, sizeof b->path, "%s/socket", b->folder);
	snprintf(b->word, sizeof b->word, "unix:%s", b->path);
	b->options = (struct server_options){ .socket_mode = 0600, .socket_group = "", .user = "", .group = "" };
	stderr_catch();
	*state = b;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *b = *state;

	stderr_release();
	unlink(b->path);
	int left = rmdir(b->folder);
	free(b);
	return left;
}

static void
unix_mode(void **state)
{
	static const int64_t modes[] = { 0600, 0660, 0666, 0777 };
	struct bench *b = *state;
	struct stat file;

	for (size_t i = 0; i < 4; i++) {
		b->options.socket_mode = modes[i];
		assert_int_equal(listen_bind(&b->options, b->word, b->bound), 1);
		assert_true(b->bound[0].local);
		assert_string_equal(b->bound[0].name, b->word);
		assert_int_equal(lstat(b->path, &file), 0);
		assert_int_equal(file.st_mode, S_IFSOCK | (mode_t)modes[i]);
		close(b->bound[0].fd);		/* what it leaves behind is stale: the next takes its place */
	}
}

static void
unix_group(void **state)
{
	struct bench *b = *state;
	gid_t groups[256];
	int count = getgroups(256, groups);
	gid_t wanted = getuid() == 0 ? 1 : count > 0 ? groups[count - 1] : getgid();
	const struct group *g = getgrgid(wanted);
	struct stat file;

	if (g == NULL)
		skip();
	char *name = strdup(g->gr_name);
	b->options.socket_group = name;
	assert_int_equal(listen_bind(&b->options, b->word, b->bound), 1);
	assert_int_equal(lstat(b->path, &file), 0);
	assert_int_equal(file.st_gid, wanted);
	close(b->bound[0].fd);
	b->options.socket_group = "no-such-group";
	assert_int_equal(listen_bind(&b->options, b->word, b->bound), 0);
	assert_true(stderr_says("error: socket_group = no-such-group: no such group; "));
	free(name);
}

static void
unix_live(void **state)
{
	struct bench *b = *state;
	struct bound second[BOUND_MAX];

	assert_int_equal(listen_bind(&b->options, b->word, b->bound), 1);
	assert_int_equal(listen(b->bound[0].fd, 1), 0);
	assert_int_equal(listen_bind(&b->options, b->word, second), 0);
	assert_true(stderr_says("another program answers on this socket; stop it"));
	assert_int_equal(access(b->path, F_OK), 0);
	close(b->bound[0].fd);
}

static void
unix_foreign(void **state)
{
	struct bench *b = *state;
	struct stat file;
	int fd = open(b->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	close(fd);
	assert_int_equal(listen_bind(&b->options, b->word, b->bound), 0);
	assert_true(stderr_says("no socket; move it away"));
	assert_int_equal(unlink(b->path), 0);
	assert_int_equal(symlink("/nowhere", b->path), 0);
	assert_int_equal(listen_bind(&b->options, b->word, b->bound), 0);
	assert_int_equal(lstat(b->path, &file), 0);
	assert_true(S_ISLNK(file.st_mode));
	unlink(b->path);
	strcat(b->word, "/deeper");
	assert_int_equal(listen_bind(&b->options, b->word, b->bound), 0);
	assert_true(stderr_says("create its folder first"));
}

static void
inet_taken(void **state)
{
	struct bench *b = *state;
	struct bound second[BOUND_MAX];

	assert_int_equal(listen_bind(&b->options, "inet:127.0.0.1:0", b->bound), 1);
	assert_false(b->bound[0].local);
	assert_int_equal(listen(b->bound[0].fd, 1), 0);
	assert_int_equal(listen_bind(&b->options, b->bound[0].name, second), 0);
	assert_true(stderr_says("another program listens there: stop it"));
	assert_int_equal(listen_bind(&b->options, "inet:192.0.2.1:0", second), 0);
	assert_true(stderr_says("this machine has no such address"));
	close(b->bound[0].fd);
}

static void
inet_everywhere(void **state)
{
	struct bench *b = *state;
	size_t count = listen_bind(&b->options, "inet:0", b->bound);

	assert_true(count == 1 || count == 2);
	assert_int_equal(strncmp(b->bound[count - 1].name, "inet:0.0.0.0:", 13), 0);
	if (count == 2) {
		int v6only = 0;
		socklen_t len = sizeof v6only;

		assert_int_equal(strncmp(b->bound[0].name, "inet:[::]:", 10), 0);
		getsockopt(b->bound[0].fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, &len);
		assert_int_equal(v6only, 1);
		close(b->bound[1].fd);
	}
	close(b->bound[0].fd);
}

#ifdef HAVE_SYSTEMD
#define WANT(condition) do { if (!(condition)) return __LINE__; } while (0)

/* In a process of its own, for systemd's sockets begin at 3: the line of what is not as it should be, or 0. */
static int
inherit(struct bench *b)
{
	struct bound inet[BOUND_MAX], local[BOUND_MAX];
	char pid[20];

	WANT(listen_bind(&b->options, "inet:127.0.0.1:0", inet) == 1 && listen(inet[0].fd, 1) == 0);
	WANT(listen_bind(&b->options, b->word, local) == 1 && listen(local[0].fd, 1) == 0);
	int at[2] = { fcntl(inet[0].fd, F_DUPFD, 10), fcntl(local[0].fd, F_DUPFD, 10) };
	WANT(dup2(at[0], 3) == 3 && dup2(at[1], 4) == 4);
	snprintf(pid, sizeof pid, "%ld", (long)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "2", 1);
	WANT(listen_inherited() == 2);
	WANT(listen_bind(&b->options, "systemd", b->bound) == 2);
	WANT(b->bound[0].fd == 3 && !b->bound[0].local && strcmp(b->bound[0].name, inet[0].name) == 0);
	WANT(b->bound[1].fd == 4 && b->bound[1].local && b->bound[1].inherited);
	WANT(strcmp(b->bound[1].name, b->word) == 0);
	dup2(STDERR_FILENO, 4);
	WANT(listen_bind(&b->options, "systemd", b->bound) == 0);
	WANT(stderr_says("socket 2 of policyd.socket is no listening stream"));
	return 0;
}
#endif

static void
systemd(void **state)
{
	struct bench *b = *state;

	assert_int_equal(listen_inherited(), 0);
	assert_int_equal(listen_bind(&b->options, "systemd", b->bound), 0);
	assert_true(stderr_says("enable policyd.socket"));
#ifdef HAVE_SYSTEMD
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(inherit(b) & 255);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("child: status %d, line %d modulo 256", status, WEXITSTATUS(status));
#endif
}

#define PROMISE(says, test) { says, test, set_up, tear_down, NULL }

int
main(void)
{
	enum { COUNT = sizeof words / sizeof *words, MORE = 7 };
	static char says[COUNT][160];
	static struct CMUnitTest tests[COUNT + MORE] = {
		PROMISE("a unix socket has its mode from the start, a stale one is replaced", unix_mode),
		PROMISE("a unix socket has its group", unix_group),
		PROMISE("a socket that somebody answers on is left alone", unix_live),
		PROMISE("what is no socket is left alone", unix_foreign),
		PROMISE("a taken port and a foreign address are told with a remedy", inet_taken),
		PROMISE("a port alone is every address, IPv6 by itself", inet_everywhere),
		PROMISE("systemd's sockets are taken", systemd),
	};

	for (size_t i = 0; i < COUNT; i++) {
		snprintf(says[i], sizeof says[i], "\"%s\" is %s", words[i].word, words[i].wrong ? "wrong" : "right");
		tests[MORE + i] = (struct CMUnitTest){ says[i], one_word, NULL, NULL, (void *)i };
	}
	return cmocka_run_group_tests_name("listen", tests, NULL, NULL);
}
