/* site.c - see site.h; a question goes from the loop to the thread and back, and belongs to one of them at a time */
#include "store/site.h"
#include "store/extension.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "base/text.h"
#include "store/site_file.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS site_options
static const struct option rows[] = {
	{ "site_database", OPT_TEXT, INTO(site_database), "", NULL, NULL,
	  "An SQLite file of the site's own that recipient_query asks.  It is only read; policyd's user must be able to." },
	{ "recipient_query", OPT_TEXT, INTO(recipient_query), "", NULL, NULL,
	  "A SELECT that says of :recipient (:local@:domain) whether it is active (1) or deactivated (0); "
	  "no row: there is no such mailbox.  Empty: nobody is asked." },
	{ "login_query", OPT_TEXT, INTO(login_query), "", NULL, NULL,
	  "A SELECT that says whether :login may send as :sender, or as all of :domain, which is not its own: 1; no row, or 0: "
	  "it may not.  Empty: nobody is asked." },
	{ "relay_query", OPT_TEXT, INTO(relay_query), "", NULL, NULL,
	  "A SELECT that says whether :login (:local@:domain) hands on what others of its domain wrote (relay_spf): 1; no row, "
	  "or 0: it does not.  Empty: nobody is asked." },
};
const struct option_table site_option_table = OPTION_TABLE(rows);
#undef OPTIONS

const struct site_kind site_kinds[ABOUTS] = {
	[ABOUT_RECIPIENT] = { "recipient_query", "recipient", { ":recipient", ":local", ":domain" },
	    ":recipient, :local or :domain", false,
	    "whether recipients are known" },
	[ABOUT_LOGIN] = { "login_query", "login", { ":sender", "", ":domain", ":login" },
	    ":login, and :sender or :domain", false,
	    "as whom logins may send" },
	[ABOUT_RELAY] = { "relay_query", "relay", { ":login", ":local", ":domain" },
	    ":login, :local or :domain", false, "which logins are relays" },
	[ABOUT_REPUTATION] = { "the view reputation", "reputation", { ":client" },
	    ":client", true, "which reputation clients have" },
};

enum {
	QUESTIONS_MAX = 1000,		/* under way; one more is not asked */
	TURN_MS = 1000,			/* nor is one that has waited so long for the thread */
	BUSY_MS = 250,			/* so long somebody's lock is waited for */
	PAUSE_MS = 1000,		/* a file that cannot be read is let alone for so long */
	SAID_EVERY_S = 60,		/* trouble that comes and goes is not said more often */
	WHY_BYTES = 256,
	STATUSES = SITE_CANNOT_TELL + 1,
};

struct site_question {
	struct hash_link link;		/* in site.open */
	struct site_question *next;	/* in waiting or done */
	struct site_waiter *waiters;	/* the loop's; the thread does not look */
	int64_t asked_us;
	enum site_status status;
	int64_t number;
	enum site_fault fault;
	char why[WHY_BYTES];
	const char *plain;		/* the address without its extension; NULL if it has none */
	const char *login;		/* "": none */
	char address[];
};

struct site {
	const struct site_kind *kind;
	char *delimiter;
	struct wake *wake;
	struct hash_table open;		/* questions, by address and login */
	bool started, trouble_said, value_said;
	int64_t said_us;
	struct metric *answers[STATUSES], *dropped, *in_trouble;

	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct site_question *waiting, **waiting_end;	/* under lock, as all down to settings */
	struct site_question *done, **done_end;
	char *path, *query;		/* only the loop changes them, and reads them without the lock */
	unsigned settings;		/* grows when they change */
	atomic_bool stopping;

	/* the thread's own */
	struct site_file *file;
	char *file_path, *file_query;
	unsigned file_settings;
	int64_t pause_until_us;
	enum site_fault fault;		/* what the pause is for */
	char why[WHY_BYTES];
};

/* ---- the thread ---- */

static void
fail(struct site_question *q, enum site_fault fault, const char *why)
{
	q->status = SITE_CANNOT_TELL;
	q->fault = fault;
	snprintf(q->why, sizeof q->why, "%s", why);
}

static void
pause_for(struct site *s, enum site_fault fault)
{
	site_file_close(s->file);
	s->file = NULL;
	s->fault = fault;
	s->pause_until_us = clock_mono_us() + PAUSE_MS * 1000;
}

/* Runs on the thread: open the file, or anew if it is another one by now. */
static bool
have_file(struct site *s)
{
	enum site_fault fault;

	if (s->file != NULL && site_file_moved(s->file)) {
		site_file_close(s->file);
		s->file = NULL;
	}
	if (s->file == NULL && clock_mono_us() >= s->pause_until_us) {
		s->file = site_file_open(s->file_path, s->kind, s->file_query, BUSY_MS, &s->stopping, &fault, s->why, sizeof s->why);
		if (s->file == NULL)
			pause_for(s, fault);
	}
	return s->file != NULL;
}

/* Runs on the thread. */
static void
answer(struct site *s, struct site_question *q)
{
	if (clock_mono_us() - q->asked_us > TURN_MS * 1000) {
		fail(q, SITE_FAULT_SLOW, "too many questions wait for their turn");
		return;
	}
	if (!have_file(s)) {
		fail(q, s->fault, s->why);
		return;
	}
	q->status = site_file_ask(s->file, q->address, q->login, &q->number, &q->fault, q->why, sizeof q->why);
	if (q->status == SITE_NO_ROW && q->plain != NULL)
		q->status = site_file_ask(s->file, q->plain, q->login, &q->number, &q->fault, q->why, sizeof q->why);
	if (q->fault == SITE_FAULT_FILE) {
		memcpy(s->why, q->why, sizeof s->why);
		pause_for(s, q->fault);
	}
}

/* Runs on the thread: other settings, if there are. */
static void
take_settings(struct site *s)
{
	if (s->settings == s->file_settings)
		return;
	site_file_close(s->file);
	s->file = NULL;
	s->pause_until_us = 0;
	free(s->file_path);
	free(s->file_query);
	s->file_path = xstrdup(s->path);
	s->file_query = xstrdup(s->query);
	s->file_settings = s->settings;
}

/* Runs on the thread: hand back the question that was answered, if any, and take the next; NULL at the end. */
static struct site_question *
next_question(struct site *s, struct site_question *answered)
{
	pthread_mutex_lock(&s->lock);
	if (answered != NULL) {
		answered->next = NULL;
		*s->done_end = answered;
		s->done_end = &answered->next;
		wake_send(s->wake);
	}
	while (s->waiting == NULL && !atomic_load(&s->stopping))
		pthread_cond_wait(&s->more, &s->lock);
	struct site_question *q = atomic_load(&s->stopping) ? NULL : s->waiting;
	if (q != NULL) {
		s->waiting = q->next;
		if (s->waiting == NULL)
			s->waiting_end = &s->waiting;
		take_settings(s);
	}
	pthread_mutex_unlock(&s->lock);
	return q;
}

static void *
run(void *arg)
{
	struct site *s = arg;

	for (struct site_question *q = NULL; (q = next_question(s, q)) != NULL;)
		answer(s, q);
	site_file_close(s->file);
	return NULL;
}

/* ---- the loop: answers ---- */

/* Say when trouble begins and when it ends; a value that means nothing is one row's matter. */
static void
see(struct site *s, const struct site_question *q)
{
	bool trouble = q->status == SITE_CANNOT_TELL && q->fault != SITE_FAULT_VALUE;
	int64_t now_us = clock_mono_us();

	if (*s->query == '\0')
		return;			/* it was taken away while this one was open */
	if (q->fault == SITE_FAULT_VALUE && !s->value_said) {
		log_warn("site: %s for %s%s%s: %s; %s, nobody can tell of such (said once)", s->kind->setting, q->address,
		    *q->login ? " by " : "", q->login, q->why, s->kind->doubt);
		s->value_said = true;
	}
	if (trouble && !s->trouble_said && (s->said_us == 0 || now_us - s->said_us > SAID_EVERY_S * INT64_C(1000000))) {
		log_warn("site: %s%s%s: %s; %s, nobody can tell now", q->fault == SITE_FAULT_QUERY ? s->kind->setting : "",
		    q->fault == SITE_FAULT_QUERY ? " at " : "", s->path, q->why, s->kind->doubt);
		s->said_us = now_us;
		s->trouble_said = true;
	} else if (!trouble && s->trouble_said) {
		log_info("site: %s answers again", s->path);
		s->trouble_said = false;
	}
	s->in_trouble->value = trouble;
}

static void
waiter_remove(struct site_waiter *w)
{
	*w->prev = w->next;
	if (w->next != NULL)
		w->next->prev = w->prev;
	w->next = NULL;
	w->prev = NULL;
}

static void
waiter_add(struct site_question *q, struct site_waiter *w)
{
	w->next = q->waiters;
	w->prev = &q->waiters;
	if (w->next != NULL)
		w->next->prev = &w->next;
	q->waiters = w;
}

static void
on_wake(void *arg)
{
	struct site *s = arg;

	pthread_mutex_lock(&s->lock);
	struct site_question *q = s->done;
	s->done = NULL;
	s->done_end = &s->done;
	pthread_mutex_unlock(&s->lock);
	for (struct site_question *next; q != NULL; q = next) {
		next = q->next;
		hash_remove(&s->open, &q->link);
		s->answers[q->status]->value++;
		see(s, q);
		while (q->waiters != NULL) {
			struct site_waiter *w = q->waiters;

			waiter_remove(w);
			w->answered(w, (struct site_answer){ q->status, q->status == SITE_CANNOT_TELL ? q->why : "", q->number });
		}
		free(q);
	}
}

/* ---- the loop: questions ---- */

static struct site_question *
question_new(const struct site *s, const char *address, const char *login)
{
	size_t len = strlen(address);
	struct site_question *q = xcalloc(1, sizeof *q + 2 * len + 2 + strlen(login) + 1);

	memcpy(q->address, address, len);
	q->login = strcpy(q->address + 2 * len + 2, login);
	q->asked_us = clock_mono_us();
	char *plain = q->address + len + 1;
	if (extension_cut(address, s->delimiter, plain, len + 1))
		q->plain = plain;
	return q;
}

static void
hand_over(struct site *s, struct site_question *q)
{
	pthread_mutex_lock(&s->lock);
	*s->waiting_end = q;
	s->waiting_end = &q->next;
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
	if (!s->started && pthread_create(&s->thread, NULL, run, s) != 0)
		abort();
	s->started = true;
}

/* What only names the sender's domain cannot tell senders in the login's own apart, nor know of one that has none. */
static bool
says_nothing_of(const char *query, const char *sender, const char *login)
{
	const char *domain = strrchr(sender, '@'), *own = strrchr(login, '@');

	return strstr(query, ":sender") == NULL && (domain == NULL || (own != NULL && strcmp(domain, own) == 0));
}

struct site_answer
site_ask(struct site *s, const char *value, const char *login, struct site_waiter *w)
{
	uint64_t hash = hash_pair(value, login);

	w->next = NULL;
	w->prev = NULL;
	if (*s->query == '\0')
		return (struct site_answer){ SITE_NO_QUERY, "", 0 };
	if (*login != '\0' && says_nothing_of(s->query, value, login))
		return (struct site_answer){ SITE_NO_ROW, "", 0 };
	for (struct hash_link *l = hash_first(&s->open, hash); l != NULL; l = l->next) {
		struct site_question *q = (struct site_question *)l;

		if (l->hash == hash && strcmp(q->address, value) == 0 && strcmp(q->login, login) == 0) {
			waiter_add(q, w);
			return (struct site_answer){ SITE_OPEN, "", 0 };
		}
	}
	if (s->open.count >= QUESTIONS_MAX) {
		s->dropped->value++;
		return (struct site_answer){ SITE_CANNOT_TELL, "too many questions wait for the site's database", 0 };
	}
	struct site_question *q = question_new(s, value, login);
	hash_insert(&s->open, &q->link, hash);
	waiter_add(q, w);
	hand_over(s, q);
	return (struct site_answer){ SITE_OPEN, "", 0 };
}

void
site_forget(struct site *s, struct site_waiter *w)
{
	(void)s;
	if (w->prev != NULL)
		waiter_remove(w);
}

/* ---- from start to end ---- */

struct site_place
site_place_of(const struct site_options *o, enum site_about about, const char *delimiter)
{
	const char *const queries[ABOUTS] = { [ABOUT_RECIPIENT] = o->recipient_query, [ABOUT_LOGIN] = o->login_query,
	    [ABOUT_RELAY] = o->relay_query };

	return (struct site_place){ o->site_database, queries[about], about == ABOUT_RECIPIENT ? delimiter : "" };
}

enum site_check
site_check(const struct site_kind *kind, const struct site_place *at, char *why, size_t size)
{
	enum site_fault fault;

	if (*at->query == '\0')
		return SITE_GOOD;
	if (*at->database == '\0') {
		snprintf(why, size, "there is no database to ask; set site_database");
		return SITE_WRONG;
	}
	site_file_close(site_file_open(at->database, kind, at->query, 0, NULL, &fault, why, size));
	return fault == SITE_FAULT_NONE ? SITE_GOOD : fault == SITE_FAULT_QUERY ? SITE_WRONG : SITE_LATER;
}

static struct metric *
metric(const struct site *s, const char *name, const char *label, const char *help)
{
	char labels[128];
	struct text t = TEXT(labels);

	text_addf(&t, "query=\"%s\"%s%s", s->kind->short_name, *label ? "," : "", label);
	return strstr(name, "_total") ? metric_counter(name, labels, help) : metric_gauge(name, labels, help);
}

static void
register_metrics(struct site *s)
{
	static const char *const labels[STATUSES] = { [SITE_NO_ROW] = "answer=\"none\"", [SITE_YES] = "answer=\"yes\"",
	    [SITE_NO] = "answer=\"no\"", [SITE_CANNOT_TELL] = "answer=\"cannot_tell\"" };

	for (int i = 0; i < STATUSES; i++)
		if (labels[i] != NULL && (i != SITE_NO || !s->kind->number))
			s->answers[i] = metric(s, "policyd_site_answers_total", labels[i], "Answers of queries, by what they said.");
	s->dropped = metric(s, "policyd_site_dropped_total", "", "Questions not asked, since too many waited.");
	s->in_trouble = metric(s, "policyd_site_trouble", "", "1 while the query cannot be asked.");
}

struct site *
site_new(struct loop *l, const struct site_kind *kind, const struct site_place *at)
{
	struct site *s = xcalloc(1, sizeof *s);

	s->kind = kind;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->more, NULL);
	s->waiting_end = &s->waiting;
	s->done_end = &s->done;
	s->wake = wake_new(l, on_wake, s);
	register_metrics(s);
	site_configure(s, at);
	return s;
}

static void
set(char **text, const char *to)
{
	free(*text);
	*text = xstrdup(to);
}

void
site_configure(struct site *s, const struct site_place *at)
{
	pthread_mutex_lock(&s->lock);
	s->settings++;
	set(&s->path, at->database);
	set(&s->query, at->query);
	pthread_mutex_unlock(&s->lock);
	set(&s->delimiter, at->delimiter);
	s->value_said = s->trouble_said = false;
	s->said_us = 0;
	s->in_trouble->value = 0;
}

static void
free_questions(struct site_question *q)
{
	for (struct site_question *next; q != NULL; q = next) {
		next = q->next;
		free(q);
	}
}

void
site_free(struct site *s)
{
	pthread_mutex_lock(&s->lock);
	atomic_store(&s->stopping, true);
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
	if (s->started)
		pthread_join(s->thread, NULL);
	wake_free(s->wake);
	free_questions(s->waiting);
	free_questions(s->done);
	hash_free(&s->open);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->more);
	free(s->delimiter);
	free(s->path);
	free(s->query);
	free(s->file_path);
	free(s->file_query);
	free(s);
}
