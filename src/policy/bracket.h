/* bracket.h - which recipients Postfix does not know, learnt from what it does not ask
 *
 *     check_policy_service { … policy_context=mx-pre }, reject_unlisted_recipient, check_policy_service { … policy_context=mx }
 *
 * A recipient the first asks about, and the second does not, was refused between the two: it is unknown.  That is certain
 * when the smtpd that asked first asks its next first question, or closes that connection; no timer concludes it.
 *
 * A broken table of mailboxes would make everybody look as if they tried unknown recipients.  So what others tried
 * in the last ten minutes is counted as well: see bracket_looks_broken().  Where nobody asks the first question
 * policyd-feed tells who is unknown, and what is known is counted here all the same.
 */
#ifndef POLICY_BRACKET_H
#define POLICY_BRACKET_H

#include "protocol/request.h"

#include <stdbool.h>
#include <stdint.h>

struct bracket;
struct tried_by_others;			/* store/store.h */

/* A pair that nothing concludes for so long is dropped, as are the oldest of more than PAIRS_MAX. */
enum { PAIR_KEEP_S = 300, PAIRS_MAX = 65536, BROKEN_WINDOW_S = 600 };

struct bracket *bracket_new(void);
void bracket_free(struct bracket *b);

/* A recipient that was tried in vain. */
struct vain {
	const char *client, *recipient, *sender_domain;	/* as bracket_open() got them; sender_domain may be NULL */
	int64_t time_s;
};

/* What a first request was about, when it has been let pass; texts are copied. */
struct pair_subject {
	const char *instance;		/* not "" */
	const char *client;		/* as blocks have it */
	const char *recipient;		/* in normal form */
	const char *sender_domain;	/* or NULL */
};

/* connection  whatever stands for the one it came by, until bracket_conclude() */
void bracket_open(struct bracket *b, const void *connection, const struct pair_subject *s, int64_t now_s, int64_t now_us);

/* The second request came: the recipient is known. */
void bracket_close(struct bracket *b, const char *instance, const char *recipient, int64_t now_us);

/* There is no first request, and the second came: a recipient of this client is known. */
void bracket_known(struct bracket *b, const char *client, int64_t now_us);

/*
 * That connection asks its next first question, or is closed.  True with *vain, which lives until the next call here, if
 * the recipient of its last one is unknown.
 */
bool bracket_conclude(struct bracket *b, const void *connection, int64_t now_us, struct vain *vain);

/* A request was not heard, perhaps the second about one of these: none of them is unknown for that. */
void bracket_forget(struct bracket *b);

/*
 * Does our own table of mailboxes look broken, rather than this client?  So it does if of the recipients that others
 * tried lately, at least ten by at least three clients, more than a half was unknown.
 *
 * fed   where there are no first requests: what others tried in vain lately, by at least three again; else NULL
 */
bool bracket_looks_broken(const struct bracket *b, const char *client, const struct tried_by_others *fed, int64_t now_us);

/* Was any recipient at all known since the start?  If not, perhaps none can be. */
bool bracket_ever_knew(const struct bracket *b);

#endif
