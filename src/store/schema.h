/* schema.h - the tables and views, and how an older file becomes a newer one */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include <sqlite3.h>
#include <stddef.h>

enum { SCHEMA_VERSION = 5 };

enum schema_result {
	SCHEMA_READY,
	SCHEMA_MADE,			/* ready; there was nothing before */
	SCHEMA_NEWER,			/* a later policyd made this file */
	SCHEMA_FOREIGN,			/* another program did */
	SCHEMA_CORRUPT,			/* the file cannot be read, now or ever */
	SCHEMA_TROUBLE,			/* SQLite could not, for another reason */
};

/* A step from version - 1 to version, as SQL. */
struct migration {
	int version;
	const char *sql;
};

/*
 * Bring the file to the newest version in one transaction: a new one gets
 * schema and views, an older one the steps behind its version, and the views anew.
 */
enum schema_result schema_apply(sqlite3 *db, char *why, size_t size);

/* The same with other steps and another version, for tests. */
enum schema_result schema_migrate(sqlite3 *db, const struct migration *steps, size_t count, int version, char *why,
    size_t size);

#endif
