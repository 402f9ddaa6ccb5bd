/* listen.c - see listen.h */
#include "server/listen.h"
#include "base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

/* ---- reading ---- */

static bool
parse_port(const char *text, in_port_t *out)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long port = strtoul(text, NULL, 10);

	if (digits < 1 || digits > 5 || text[digits] != '\0' || port > 65535)
		return false;
	*out = htons((uint16_t)port);
	return true;
}

static const char *
parse_inet(struct endpoint *e, const char *text)
{
	char host[ADDRESS_TEXT] = "::";
	struct sockaddr_in *v4 = (struct sockaddr_in *)&e->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&e->address;
	const char *colon = strrchr(text, ':');
	bool bracketed = *text == '[';
	in_port_t port;

	e->kind = ENDPOINT_INET;
	e->everywhere = colon == NULL;
	if (!parse_port(colon ? colon + 1 : text, &port))
		return "no port at its end; write inet:127.0.0.1:10031, inet:[::1]:10031 or inet:10031";
	if (colon != NULL) {
		const char *begin = text + bracketed, *end = colon - bracketed;

		if (end <= begin || (size_t)(end - begin) >= sizeof host || (bracketed && *end != ']'))
			return "no host in front of its port; write inet:127.0.0.1:10031 or inet:[::1]:10031";
		memcpy(host, begin, (size_t)(end - begin));
		host[end - begin] = '\0';
	}
	if (!bracketed && inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = port;
		e->address_len = sizeof *v4;
	} else if ((bracketed || e->everywhere) && inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = port;
		e->address_len = sizeof *v6;
	} else
		return "its host is no IP address; write one, as in inet:127.0.0.1:10031, IPv6 in brackets";
	return NULL;
}

const char *
endpoint_parse(struct endpoint *e, const char *word)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&e->address;

	*e = (struct endpoint){ .kind = ENDPOINT_SYSTEMD };
	if (strcmp(word, "systemd") == 0)
		return NULL;
	if (strncmp(word, "inet:", 5) == 0)
		return parse_inet(e, word + 5);
	if (strncmp(word, "unix:", 5) != 0)
		return "write inet:HOST:PORT, unix:/PATH or systemd";
	const char *path = word + 5;
	if (*path != '/' || path[strlen(path) - 1] == '/')
		return "its path must be that of a file and start with /, as in unix:/run/policyd/policyd.sock";
	if (strlen(path) >= sizeof un->sun_path)
		return "its path is too long; a unix socket's has at most 107 bytes";
	e->kind = ENDPOINT_UNIX;
	un->sun_family = AF_UNIX;
	strcpy(un->sun_path, path);
	e->address_len = sizeof *un;
	return NULL;
}

/* ---- binding ---- */

static void
name_bound(struct bound *b)
{
	struct sockaddr_storage at = { 0 };
	socklen_t len = sizeof at;
	char host[INET6_ADDRSTRLEN] = "";

	getsockname(b->fd, (struct sockaddr *)&at, &len);
	b->local = at.ss_family == AF_UNIX;
	if (at.ss_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)&at;
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
		snprintf(b->name, sizeof b->name, "inet:%s:%u", host, ntohs(v4->sin_port));
	} else if (at.ss_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&at;
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
		snprintf(b->name, sizeof b->name, "inet:[%s]:%u", host, ntohs(v6->sin6_port));
	} else {
		const struct sockaddr_un *un = (const struct sockaddr_un *)&at;
		snprintf(b->name, sizeof b->name, "unix:%.*s", (int)sizeof un->sun_path, un->sun_path);
	}
}

static const char *
remedy(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "; another program listens there: stop it, or choose another port";
	case EACCES:
		return "; start policyd as root (it becomes `user` afterwards), or choose a port above 1023";
	case EADDRNOTAVAIL:
		return "; this machine has no such address: write one that `ip addr` shows";
	default:
		return "";
	}
}

static bool
bind_inet(const char *word, const struct sockaddr *address, socklen_t len, struct bound *b)
{
	int yes = 1;

	*b = (struct bound){ .fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) };
	if (b->fd >= 0) {
		setsockopt(b->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
		if (address->sa_family == AF_INET6)
			setsockopt(b->fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
		if (bind(b->fd, address, len) == 0) {
			name_bound(b);
			return true;
		}
	}
	int error = errno;
	if (b->fd >= 0)
		close(b->fd);
	errno = error;
	if (error != EAFNOSUPPORT)
		log_error("listen = %s: %s%s", word, strerror(error), remedy(error));
	return false;
}

static size_t
bind_all_inet(const char *word, const struct endpoint *e, struct bound out[BOUND_MAX])
{
	const struct sockaddr *address = (const struct sockaddr *)&e->address;
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_port = ((const struct sockaddr_in6 *)&e->address)->sin6_port };

	if (bind_inet(word, address, e->address_len, &out[0])) {
		if (!e->everywhere)
			return 1;
		if (bind_inet(word, (struct sockaddr *)&v4, sizeof v4, &out[1]))
			return 2;
		close(out[0].fd);
	} else if (errno == EAFNOSUPPORT && e->everywhere)	/* a machine without IPv6 */
		return bind_inet(word, (struct sockaddr *)&v4, sizeof v4, &out[0]);
	else if (errno == EAFNOSUPPORT)
		log_error("listen = %s: this machine has no such kind of address", word);
	return 0;
}

/* True when nothing is at path any more: a socket that nobody answers on is what a killed policyd leaves. */
static bool
clear_path(const char *word, const struct endpoint *e, const char *path)
{
	struct stat file;

	if (lstat(path, &file) != 0)
		return true;			/* bind() says what is wrong, if anything is */
	if (!S_ISSOCK(file.st_mode)) {
		log_error("listen = %s: there is a file that is no socket; move it away, or choose another path",
		    word);
		return false;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool stale = fd >= 0 && connect(fd, (const struct sockaddr *)&e->address, e->address_len) != 0 &&
	    errno == ECONNREFUSED;
	if (fd >= 0)
		close(fd);
	if (stale && unlink(path) == 0)
		return true;
	if (stale)
		log_error("listen = %s: cannot remove the old socket: %s", word, strerror(errno));
	else
		log_error("listen = %s: another program answers on this socket; stop it, or choose another path",
		    word);
	return false;
}

/* Who shall own the socket file; (uid_t)-1 and (gid_t)-1 leave things as they are. */
static bool
socket_owner(const struct server_options *o, uid_t *uid, gid_t *gid)
{
	const struct passwd *user = *o->user && geteuid() == 0 ? getpwnam(o->user) : NULL;
	const struct group *group = *o->socket_group ? getgrnam(o->socket_group) : NULL;

	*uid = user ? user->pw_uid : (uid_t)-1;
	*gid = group ? group->gr_gid : (gid_t)-1;
	if (*o->socket_group && group == NULL)
		log_error("socket_group = %s: no such group; write one that `getent group` shows", o->socket_group);
	return !*o->socket_group || group != NULL;
}

static bool
bind_unix(const struct server_options *o, const char *word, const struct endpoint *e, struct bound *b)
{
	const char *path = ((const struct sockaddr_un *)&e->address)->sun_path;
	uid_t uid;
	gid_t gid;

	if (!socket_owner(o, &uid, &gid) || !clear_path(word, e, path))
		return false;
	*b = (struct bound){ .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) };
	mode_t before = umask(~(mode_t)o->socket_mode & 0777);
	bool done = b->fd >= 0 && bind(b->fd, (const struct sockaddr *)&e->address, e->address_len) == 0;
	int error = errno;
	umask(before);
	if (!done) {
		log_error("listen = %s: %s%s", word, strerror(error), error == ENOENT ?
		    "; create its folder first, and let `user` and postfix pass through it" : "");
	} else if ((uid != (uid_t)-1 || gid != (gid_t)-1) && lchown(path, uid, gid) != 0) {
		log_error("socket_group = %s: cannot give %s to it: %s; start policyd as root, or join the group",
		    o->socket_group, path, strerror(errno));
		unlink(path);
		done = false;
	}
	if (done)
		name_bound(b);
	else if (b->fd >= 0)
		close(b->fd);
	return done;
}

unsigned
listen_inherited(void)
{
#ifdef HAVE_SYSTEMD
	int count = sd_listen_fds(0);

	return count > 0 ? (unsigned)count : 0;
#else
	return 0;
#endif
}

static size_t
take_inherited(const char *word, struct bound out[BOUND_MAX])
{
	size_t count = 0;

#ifdef HAVE_SYSTEMD
	for (unsigned i = 0; i < listen_inherited() && count < BOUND_MAX; i++) {
		struct bound *b = &out[count];

		*b = (struct bound){ .fd = SD_LISTEN_FDS_START + (int)i, .inherited = true };
		if (sd_is_socket(b->fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0) {
			log_error("listen = %s: socket %u of policyd.socket is no listening stream; "
			    "use only ListenStream= there", word, i + 1);
			return 0;
		}
		name_bound(b);
		count++;
	}
#else
	(void)out;
#endif
	if (count == 0)
		log_error("listen = %s: systemd handed over no socket; enable policyd.socket, "
		    "or write inet:HOST:PORT or unix:/PATH", word);
	return count;
}

size_t
listen_bind(const struct server_options *o, const char *word, struct bound out[BOUND_MAX])
{
	struct endpoint e;
	const char *wrong = endpoint_parse(&e, word);

	if (wrong != NULL) {
		log_error("listen = %s: %s", word, wrong);
		return 0;
	}
	switch (e.kind) {
	case ENDPOINT_INET:
		return bind_all_inet(word, &e, out);
	case ENDPOINT_UNIX:
		return bind_unix(o, word, &e, out);
	case ENDPOINT_SYSTEMD:
		return take_inherited(word, out);
	}
	return 0;
}
