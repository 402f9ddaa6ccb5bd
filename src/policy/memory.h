/* memory.h - what a request leaves behind for later ones of its message, and for our own mail's bounces
 *
 * At RCPT: whom policyd let pass, which is known again at DATA (transaction.h).  When mail of ours has left, at
 * END-OF-MESSAGE if the service asks there, else at DATA: that its sender sent mail (store_sent()).
 */
#ifndef POLICY_MEMORY_H
#define POLICY_MEMORY_H

#include "policy/job.h"

/* Before it is judged: what earlier requests of its message found out. */
void memory_recall(struct job *j);

/* It passes; its header is taken out of the decision unless it is the first of its message. */
void memory_keep(struct job *j);

#endif
