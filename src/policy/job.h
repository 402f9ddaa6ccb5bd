/* job.h - one request between its bytes and its answer
 *
 * Judged, run again as facts land, closed at its deadline; a refusal waits for
 * its row's commit; then everybody who asked is answered.  Known to policy.c and job.c only.
 */
#ifndef POLICY_JOB_H
#define POLICY_JOB_H

#include "policy/bracket.h"
#include "policy/eval.h"
#include "policy/policy.h"
#include "policy/transaction.h"
#include "policy/wiring.h"

#include <stdio.h>

/* What one reload brought; lives as long as a request that began under it. */
struct era {
	unsigned refs;
	struct config *config;
	const struct policy_options *options;
	struct world world;
	struct needs needs;
};

struct waiting_ticket {
	struct waiting_ticket *next;
	void *ticket;
};

/* One request between its bytes and its answer. */
struct job {
	struct store_waiter waiter;	/* first: committed() finds the job by it */
	struct policy *policy;
	struct era *era;
	struct arena *arena;		/* holds the job itself */
	struct lists *lists;
	struct request request;
	struct eval *eval;
	struct decision decision;
	struct waiting_ticket *tickets;	/* whoever asked this, resent requests too */
	struct job *newer, *older;	/* by deadline, while in the list */
	struct job *next_ready;
	int64_t due_us;
	uint64_t hash;
	size_t len;
	bool listed, ready, remembered, committing;
	char reference[REFERENCE_TEXT];
	const char *text;		/* of a refusal's reply, as it was worded last */
	const char *answer;		/* given once it is committed; NULL: not worded yet */
	FILE *explain;			/* instead of an answer */
	void (*explained)(void *arg);
	void *explained_arg;
	const void *connection;		/* what the request came by last; NULL: that is gone */
};

/* Services of Postfix, as far as seen since the start. */
enum { SERVICES_MAX = 64 };
struct services {
	uint64_t hashes[SERVICES_MAX];
	size_t count;
};

struct policy {
	struct policy_parts parts;
	struct era *era;
	struct messages *messages;
	struct transactions *transactions;
	struct bracket *bracket;
	bool explains;			/* policyd -x: Postfix asks another process, and here the bracket knows nothing */
	int64_t broken_s;		/* when the table of mailboxes looked broken last, by what others tried */
	int64_t broken_said_us;		/* when it was last said in the log that the table of mailboxes looks broken */
	struct services at_data, at_end;	/* that ask about users of ours at DATA; at END-OF-MESSAGE */
	struct wiring wiring;
	unsigned stages;		/* some rule can use */
	struct job *newest, *oldest;	/* by deadline */
	struct job *ready;		/* an answer landed; run again */
	struct timer *deadline, *rerun;
	size_t busy;
	struct metric *passes, *resent, *closed, *unreferenced, *unremembered, *blocks, *broken;
	struct metric *greylist_tried, *greylist_early, *greylist_passed, *greylist_delay_s;
	struct histogram *seconds;
};

/* A job under the present era; job_free() ends it, its evaluation and all it holds. */
struct job *job_new(struct policy *p);
void job_free(struct job *j);

/* Have its deadline come at due_us (clock_mono_us). */
void job_list(struct job *j, int64_t due_us);

/*
 * The verdict is final.  True: reply holds the answer, and job_answer() must follow.  False: the
 * answer will be given after the commit, or the job was explained and is gone.
 */
bool job_decide(struct job *j, struct text *reply);

/* The same at END-OF-MESSAGE, where all pass and no line is logged. */
bool job_learn(struct job *j, struct text *reply);

/* The answer stands: log and remember it, tell everybody in j->tickets, and free j. */
void job_answer(struct job *j, const struct text *reply);

/* Callbacks: an answer for job arg landed; run what is ready of policy arg; look at its deadlines. */
void job_landed(void *arg);
void jobs_rerun(void *arg);
void jobs_deadline(void *arg);

void era_release(struct era *era);

#endif
