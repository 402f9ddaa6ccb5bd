/* memory.h - what a request leaves behind for later ones of its message, and for our own mail's bounces
 *
 * At RCPT: whom policyd let pass, which is known again at DATA (transaction.h).  When mail of ours has left, at
 * END-OF-MESSAGE if the service asks there, else at DATA: that its sender sent mail (store_sent()); at DATA if the service
 * asks there, else at RCPT: to how many recipients its login did.  Of strangers: which recipients they tried, and what
 * became of it.  Of both, at DATA and END-OF-MESSAGE: what quotas count.
 */
#ifndef POLICY_MEMORY_H
#define POLICY_MEMORY_H

#include "policy/job.h"

/* Before it is judged: what earlier requests of its message found out. */
void memory_recall(struct job *j);

/* Its place in the bracket (policy/bracket.h): it ends the last first request of its connection, or the one it belongs to. */
void memory_bracket(struct job *j);

/* What came by that connection is over. */
void memory_concludes(struct policy *p, const void *connection);

/*
 * What shadow checks would have done, but for what they said of this recipient of the message before, where Postfix asks
 * about it in two contexts (mx-pre and mx, submission-sender and submission); NULL: nothing.
 */
const char *memory_would(struct job *j);

/* It is decided: count it of its client, sender and login, and set the block that goes with it. */
void memory_count(struct job *j);

/* It passes: count it of the quotas it uses.  True if its answer waits for that (j->waiter). */
bool memory_charge(struct job *j);

/*
 * It passes, with one of the headers of its message that has not left yet, those of this decision among them.  What has no
 * instance has no message.
 */
void memory_keep(struct job *j);

#endif
