/* transaction.h - whom policyd let pass at RCPT, by message, until its DATA is judged
 *
 * A refusal at DATA hits every recipient, so what was found out about each of
 * them must be known again then.  A message is known by its instance, for ten
 * minutes from its last recipient; the oldest are forgotten first when there
 * are too many.  Recipients of whom there is nothing special to say cost a flag.
 */
#ifndef POLICY_TRANSACTION_H
#define POLICY_TRANSACTION_H

#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct transactions;

/* A message beyond these pushes out the oldest; a recipient beyond RECIPIENTS_MAX is not remembered. */
enum { TRANSACTION_KEEP_S = 600, TRANSACTIONS_MAX = 65536, TRANSACTIONS_BYTES_MAX = 16 << 20, RECIPIENTS_MAX = 1000 };

/* A recipient with something of its own. */
struct passed {
	struct passed *next;
	const char *profile;		/* its own (recipient_profile); NULL: the one Postfix's context names */
	const char *recipient;		/* in normal form, if it has settings of its own (recipient_setting); NULL */
};

struct transaction {
	struct passed *special;		/* newest first, each once */
	size_t special_count;
	bool plain;			/* a recipient with nothing of its own was let pass, too */
	unsigned spared, doubt;		/* enum spare: of any of them */
	int64_t recipients;		/* how often one was let pass */
	struct quota_message counted;	/* by quotas */
	int64_t accepted;		/* recipients that were counted of its login */
};

struct transactions *transactions_new(void);
void transactions_free(struct transactions *t);

/*
 * A recipient was let pass; who->next is ignored, its texts are copied, spared and doubt are added.  True
 * if it was the first of its message.
 */
bool transaction_pass(struct transactions *t, const char *instance, const struct passed *who, unsigned spared,
    unsigned doubt, int64_t now_us);

/* So much of a message, if it is remembered, has been counted by quotas. */
void transaction_counted(struct transactions *t, const char *instance, const struct quota_message *m, int64_t now_us);

/* So many of its recipients, if it is remembered, have been counted of its login. */
void transaction_accepted(struct transactions *t, const char *instance, int64_t recipients, int64_t now_us);

/*
 * A message that is remembered has this header, "Name: value" (copied): it will leave with one of its answers, unless one
 * of that name has left, or will.
 */
void transaction_queue_header(struct transactions *t, const char *instance, const char *header, int64_t now_us);

/* The header that leaves next, until the next call here; NULL if there is none.  It has left now. */
const char *transaction_next_header(struct transactions *t, const char *instance, int64_t now_us);

/* Whom this message was let pass for, until the next call here; NULL if nothing is known of it. */
const struct transaction *transaction_find(struct transactions *t, const char *instance, int64_t now_us);

#endif
