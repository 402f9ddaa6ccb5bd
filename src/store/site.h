/* site.h - asking an SQLite database what it knows of an address or a client, by a query that people wrote
 *
 * The hoster writes the query, for a database of the site's own; or may change the view it asks, in policyd's.  It runs
 * on a thread of its own, so that nothing it does can hold up the loop: what takes longer than half a second, and what
 * cannot be asked at all, is SITE_CANNOT_TELL.  The database is only read, and the address is bound, never pasted.  The
 * same question under way is asked once.  Nothing is kept: a mailbox made a moment ago is known, and a look-up costs no
 * more than a cache would.
 */
#ifndef STORE_SITE_H
#define STORE_SITE_H

#include "config/option.h"

struct site;
struct loop;

struct site_options {
	const char *site_database;	/* path; "": none */
	const char *recipient_query;	/* "": none */
	const char *login_query, *relay_query;	/* "": none */
};
extern const struct option_table site_option_table;

/* What is asked about, and how the answer is read; the reputation of clients is asked of policyd's own database. */
enum site_about { ABOUT_RECIPIENT, ABOUT_LOGIN, ABOUT_RELAY, ABOUT_REPUTATION, ABOUTS };
struct site_kind {
	const char *setting;		/* what sets the query, for the log */
	const char *short_name;		/* for the metrics */
	/* The value whole, what stands before the last @ of it, and behind, the login; "": none; NULL ends them. */
	const char *parameters[5];
	const char *right;		/* those to write, for people */
	bool number;			/* the first column is a whole number; else a state, as below */
	const char *doubt;		/* what cannot be told without the answer: "whether recipients are known" */
};
extern const struct site_kind site_kinds[ABOUTS];

/* What a kind's query and database are: a site of that kind is made of it. */
struct site_place {
	const char *database, *query;	/* "": none */
	const char *delimiter;		/* that begins an extension; "": none does */
};
struct site_place site_place_of(const struct site_options *o, enum site_about about, const char *delimiter);

enum site_status {
	SITE_OPEN,			/* not answered yet */
	SITE_NO_QUERY,			/* there is none: nothing was asked */
	SITE_NO_ROW,
	SITE_YES,			/* 1, active, yes, y, true; or a number */
	SITE_NO,			/* 0, deactivated, inactive, disabled, no, n, false */
	SITE_CANNOT_TELL,
};

struct site_answer {
	enum site_status status;
	const char *why;		/* CANNOT_TELL: a sentence; else "" */
	int64_t number;			/* YES, of a kind with numbers */
};

/*
 * Who wants to know.  Embedded by the caller; must stay where it is until answered() was called or
 * site_forget() was.  answered() is called once, from the loop, never from within site_ask(); why lives
 * until it returns.
 */
struct site_waiter {
	void (*answered)(struct site_waiter *w, struct site_answer a);
	struct site_waiter *next, **prev;	/* the site's */
};

/*
 * Could policyd use this?  For the configuration's check: the query is prepared, not run.
 *
 * SITE_WRONG  the query is a mistake; why says what and how to mend it
 * SITE_LATER  site_database cannot be read now; why says why
 */
enum site_check { SITE_GOOD, SITE_WRONG, SITE_LATER };
enum site_check site_check(const struct site_kind *kind, const struct site_place *at, char *why, size_t size);

struct site *site_new(struct loop *l, const struct site_kind *kind, const struct site_place *at);

/* Elsewhere, or otherwise, from now on. */
void site_configure(struct site *s, const struct site_place *at);

/*
 * Ask the query for an address, in normal form (lower case, the domain in A-labels; "<>": the null sender), or a client.
 * If there is no row, and the address has an extension (delimiter), for the one without it too.
 *
 * login   whose address it may be, for ABOUT_LOGIN; else ""
 *
 * SITE_OPEN: w will be told.  SITE_NO_QUERY, SITE_CANNOT_TELL (too many questions wait) and SITE_NO_ROW (the query names
 * the sender's domain, and not the sender, who has none or that of the login) are said at once, and w is not used; why is
 * static then.
 */
struct site_answer site_ask(struct site *s, const char *value, const char *login, struct site_waiter *w);

/* w no longer wants to know (nothing happens if it asked nothing). */
void site_forget(struct site *s, struct site_waiter *w);

/* Interrupts what is under way; waiters are not told. */
void site_free(struct site *s);

#endif
