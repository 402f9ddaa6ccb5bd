/* feed.h - what policyd-feed writes: events, who handed in what is under way, and how far it has read
 *
 * A batch of events, and the place in the log behind the last of them, is one transaction: whatever happens, each
 * event counts once.
 */
#ifndef STORE_FEED_H
#define STORE_FEED_H

#include "base/address.h"
#include "base/domain.h"

enum {
	FEED_KEY = 96, FEED_ADDRESS = 512, FEED_LOGIN = 256, FEED_DSN = 12, FEED_SAID = 512, FEED_CURSOR = 512,
	FEED_HEAD = 17
};

enum feed_kind {
	FEED_UNKNOWN,			/* client named a recipient (address) that is not here; queue, if the mail has another already */
	FEED_HANDED_IN,			/* client, or a program on this machine, handed in a mail: queue, login, origin, ours */
	FEED_SENDER,			/* address is its envelope sender: queue; empty: the null sender */
	FEED_RETURNED,			/* it cannot, or not yet, be brought to a recipient: queue, address, dsn, said, hard */
	FEED_DELIVERED,			/* some mail reached a recipient: address */
	FEED_REMOVED,			/* nothing of it is left to do: queue */
	FEED_KINDS
};

/* What a line of the log says.  All texts are safe to store and show (text_add_safe), addresses normal, "" is none. */
struct feed_event {
	enum feed_kind kind;
	int64_t time_s;
	struct address client;
	bool ours;			/* HANDED_IN: by a user, a machine or a program of ours */
	bool hard;			/* RETURNED: there is no such mailbox, nor will there be */
	bool redirected;		/* RETURNED: not the mailbox that the sender named, but where that one's mail goes on to */
	char queue[FEED_KEY];		/* syslog name and queue id: "postfix/6C848A729FB" */
	char origin[FEED_KEY];		/* HANDED_IN: it is that one, which comes back from a filter; who handed that in, handed in this */
	char address[FEED_ADDRESS];
	char domain[DOMAIN_TEXT];	/* UNKNOWN: of the sender */
	char login[FEED_LOGIN];		/* normal, as policyd has it */
	char dsn[FEED_DSN];		/* 4.x.x: the mail waits; 5.x.x: it came back */
	char said[FEED_SAID];
};

/* A place in the log. */
struct feed_place {
	const char *source;		/* the file's path, or "journal" */
	int64_t inode, position;	/* bytes read */
	char head[FEED_HEAD];		/* a hash of the first bytes, of position at most */
	char cursor[FEED_CURSOR];	/* of the journal; "": none */
};

/* What events made, in rows or counts. */
struct feed_counts {
	uint64_t unknown, bounced, bounced_hard, delayed, delivered;
};

struct feed_store;

struct feed_options {
	const char *database;		/* its path */
	bool synchronous_full;
	unsigned block_ipv4, block_ipv6;	/* so many bits of an address are one client */
};

/* Nothing is opened yet. */
struct feed_store *feed_store_new(const struct feed_options *o);

enum feed_result {
	FEED_DONE,
	FEED_TROUBLE,			/* nothing was done; try again later */
	FEED_REFUSED,			/* no use to try again: another program's file, or another policyd-feed reads the log */
};

/* Where place->source was left; position 0 without head or cursor if it was never read. */
enum feed_result feed_store_resume(struct feed_store *s, struct feed_place *place, char *why, size_t size);

/*
 * One transaction.  place: behind these events; NULL: nobody will go on from there.  Adds to *counts once it is done.
 * After TROUBLE the same may be given again, and is not counted twice though the disk had it after all.
 */
enum feed_result feed_store_commit(struct feed_store *s, const struct feed_event *events, size_t count,
    const struct feed_place *place, struct feed_counts *counts, char *why, size_t size);

void feed_store_free(struct feed_store *s);

#endif
