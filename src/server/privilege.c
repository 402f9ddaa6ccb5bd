/* privilege.c - server_drop_root(): a parser of hostile input is no place for root */
#include "server/server.h"
#include "base/log.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

static bool
become(const char *name, uid_t uid, gid_t gid)
{
	if (initgroups(name, gid) != 0 || setgid(gid) != 0 || setuid(uid) != 0) {
		log_error("user = %s: cannot become it: %s", name, strerror(errno));
		return false;
	}
	if (getuid() != uid || geteuid() != uid || getgid() != gid || getegid() != gid ||
	    (uid != 0 && (setuid(0) == 0 || seteuid(0) == 0))) {
		log_error("user = %s: root could not be given up", name);
		return false;
	}
	return true;
}

bool
server_drop_root(const struct server_options *o)
{
	bool root = geteuid() == 0;

	if (!*o->user) {
		if (root)
			log_warn("policyd stays root, which it needs for nothing; set `user`");
		if (*o->group)
			log_warn("group = %s is not used without `user`", o->group);
		return true;
	}
	const struct passwd *user = getpwnam(o->user);
	if (user == NULL) {
		log_error("user = %s: no such user; create it, or write one that `getent passwd` shows", o->user);
		return false;
	}
	uid_t uid = user->pw_uid;
	gid_t gid = user->pw_gid;
	if (*o->group) {
		const struct group *group = getgrnam(o->group);

		if (group == NULL) {
			log_error("group = %s: no such group; write one that `getent group` shows", o->group);
			return false;
		}
		gid = group->gr_gid;
	}
	if (root)
		return become(o->user, uid, gid);
	if (uid != geteuid() || gid != getegid())
		log_warn("user = %s: policyd was not started by root, so it stays user %u, group %u", o->user,
		    (unsigned)geteuid(), (unsigned)getegid());
	return true;
}
