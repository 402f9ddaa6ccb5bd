/* config.h - policyd.conf, read whole or not at all
 *
 *     [server]
 *     listen = inet:127.0.0.1:10031
 *     [mx]
 *     client_no_rdns = reject "your server needs a reverse DNS name"
 *     [strict : mx]
 *     helo_forged = reject
 *
 * `name = value`, `#` at the start of a line for comments, lines that start
 * with a blank continue the one before (as in main.cf).  A profile takes what
 * it does not say from its parent, at last from the defaults.  The reader knows
 * no option: the tables are handed to it.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "config/option.h"

#include <stdbool.h>
#include <stdio.h>

struct config;				/* one configuration, unchanging; shared by references */
struct profile;				/* one section but [server] */

struct config_schema {
	const struct option_table *const *server;	/* the tables of [server] */
	size_t server_count;
	const struct option_table *const *profile;	/* the tables of every profile */
	size_t profile_count;
	const char *const *builtin;			/* profiles there always are, NULL at the end */
};

/* Everything that is wrong, one line each: "policyd.conf:12: greylist_delay = 5x: no unit 'x'; write …". */
struct problems {
	size_t count;
	char **lines;			/* at most 100 are kept, NULL behind the last; count goes on */
};
void problems_free(struct problems *p);

/*
 * Read the file at path; NULL with at least one line in *p if it cannot be read
 * or anything in it is wrong.  The caller holds one reference.  The schema must
 * outlive the configuration.  Files over 1 MiB are refused.
 */
struct config *config_read(const struct config_schema *schema, const char *path, struct problems *p);

/* The same from memory; name stands in messages where the file's would. */
struct config *config_read_bytes(const struct config_schema *schema, const char *name, const char *bytes,
    size_t len, struct problems *p);

struct config *config_ref(struct config *c);
void config_release(struct config *c);		/* NULL is ignored */

/* The struct that the server table filled (schema->server[table]). */
const void *config_server(const struct config *c, size_t table);

/* The line in which a setting of [server] was written, and what was; 0: nowhere, and the default. */
size_t config_server_line(const struct config *c, const char *option, const char **text);

/* The profile of that name (case matters), NULL if there is none. */
const struct profile *config_profile(const struct config *c, const char *name);

/* Every profile has a place from 0; NULL beyond the last. */
size_t config_profile_count(const struct config *c);
const struct profile *config_profile_at(const struct config *c, size_t place);
size_t profile_place(const struct profile *p);

/* The same of a setting of a profile, in the profile's own section. */
size_t profile_line(const struct profile *p, const char *option, const char **text);

/* The one it takes from what it does not say; at last one of defaults, which has no place, and whose own is NULL. */
const struct profile *profile_parent(const struct profile *p);

/* The struct that the profile table filled (schema->profile[table]), and the profile's name. */
const void *profile_values(const struct profile *p, size_t table);
const char *profile_name(const struct profile *p);

/* Every effective setting, section by section, so that reading it back gives the same configuration. */
void config_print(FILE *out, const struct config *c);

#endif
