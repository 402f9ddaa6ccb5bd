/* store.c - the loop's side of the store (store.h): hands writes over, is told when they are done */
#include "store/store.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "base/text.h"
#include "store/counter.h"
#include "store/database.h"
#include "store/inside.h"
#include "store/lists.h"
#include "store/writer.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS store_options
static const struct option rows[] = {
	{ "database", OPT_TEXT, INTO(database), "/var/lib/policyd/policyd.db", NULL, NULL,
	  "The SQLite file; its folder must exist and belong to policyd's user.  A change needs a restart." },
	{ "synchronous", OPT_WORD, INTO(synchronous), "normal", NULL, NULL,
	  "normal: what was answered survives a crash of policyd; full: of the machine too, for a fifth more work.  "
	  "A change needs a restart.", .words = "normal|full" },
	{ "decision_log", OPT_WORD, INTO(decision_log), "refusals", NULL, NULL,
	  "Which decisions get a row in the database: all, refusals (and what checks set to log would have refused), or off: "
	  "then replies carry no reference.  All are counted.", .words = "all|refusals|off" },
	{ "decision_keep", OPT_SEC, INTO(decision_keep_s), "14d", "1h", "3650d",
	  "Decisions older than this are deleted, a few at a time." },
	{ "database_size_max", OPT_BYTES, INTO(database_size_max), "1G", "0", "1000G",
	  "Beyond this the oldest rows of decision, unknown and activity are deleted; 0: no limit." },
	{ "write_queue_max", OPT_INT, INTO(write_queue_max), "100000", "100", "10000000",
	  "So many rows, and at most 256M of them, may wait for the disk; what comes beyond is not "
	  "recorded, and counted as dropped." },
	{ "history_keep", OPT_SEC, INTO(history_keep_s), "730d", "1d", "36500d",
	  "What people changed by hand (table history) is deleted when it is older than this." },
	{ "activity_keep", OPT_SEC, INTO(activity_keep_s), "30d", "1d", "3650d",
	  "What clients did (tables unknown and activity), from where logins sent (login_client), and mail of ours that came back "
	  "(table bounce), is deleted when it is older than this, a few rows at a time." },
	{ "sent_max", OPT_INT, INTO(sent_max), "1000000", "1", "1000000000",
	  "So many addresses of ours that sent mail are remembered; beyond it the oldest are forgotten." },
	{ "greylist_max", OPT_INT, INTO(greylist_max), "10000000", "1", "1000000000",
	  "So many attempts that were greylisted are remembered; beyond it the oldest are forgotten." },
	{ "recipient_delimiter", OPT_TEXT, INTO(recipient_delimiter), "", NULL, NULL,
	  "Characters that begin an address extension, as in main.cf: rows for the address without its extension hold for it, "
	  "too, and one that recipient_query does not know is asked for without it." },
};
const struct option_table store_option_table = OPTION_TABLE(rows);
#undef OPTIONS

enum { LOOK_EVERY_MS = 250, COUNTS_EVERY_MS = 1000, QUEUE_BYTES_MAX = 256 << 20,
	FACTS_AGAIN_US = 1000000, FED_S = 60, ACTIVITY_STEP = 5000, BLOCKS_APART_MAX = 10000, READ_FIRST_US = 10000,
	READ_SLICE_US = 5000, HAND_OVER = 32 };

/* Several writes of one turn of the loop are handed over at once: a commit costs as much as ten rows. */
static void
hand_over(struct store *s)
{
	if (s->writes != NULL)
		writer_put(s->writer, s->writes);
	s->writes = NULL;
	s->writes_end = &s->writes;
	s->write_count = 0;
}

bool
store_is_full(const struct store *s)
{
	return s->queued >= (size_t)s->options.write_queue_max || s->queued_bytes >= QUEUE_BYTES_MAX;
}

void
store_put(struct store *s, struct pending_write *w)
{
	s->queue->value = ++s->queued;
	s->queued_bytes += w->bytes;
	if (s->writes == NULL)
		timer_start(s->turn, 0, 0);
	w->next = NULL;
	*s->writes_end = w;
	s->writes_end = &w->next;
	if (++s->write_count >= HAND_OVER && !s->together)
		hand_over(s);
}

static void
put_row(void *arg, struct pending_write *w)
{
	store_put(arg, w);
}

/* ---- reading what people wrote ---- */

/* Have the table row_problem say what is wrong now, if that is not what it says. */
static void
write_problems(struct store *s)
{
	const struct desk *d = &s->desk;

	if (s->writer == NULL || (s->problems_written != NULL && s->problems_written_len == d->problems_len &&
	    memcmp(d->problems, s->problems_written, d->problems_len) == 0))
		return;
	s->problems_written = xrealloc(s->problems_written, d->problems_len + 1);
	memcpy(s->problems_written, d->problems, d->problems_len + 1);
	s->problems_written_len = d->problems_len;
	if (d->problems_len > 0)
		log_warn("store: some rows that people wrote do nothing; SELECT * FROM problem says which, and why");
	store_put(s, pending_cells(WRITE_PROBLEMS, d->problems, d->problems_len + 1));
}

/* Have the table list_state say how DNS lists fare; while in trouble nothing piles up for it. */
static void
write_dns_lists(struct store *s)
{
	if (!s->dns_lists_stale || atomic_load(&writer_state(s->writer)->trouble))
		return;
	s->dns_lists_stale = false;
	store_put(s, pending_cells(WRITE_DNS_LISTS, s->dns_lists, s->dns_lists_size));
}

void
store_dns_lists(struct store *s, const char *cells, size_t size)
{
	if (s->writer == NULL)
		return;
	s->dns_lists = xrealloc(s->dns_lists, size);
	memcpy(s->dns_lists, cells, size);
	s->dns_lists_size = size;
	s->dns_lists_stale = true;
	write_dns_lists(s);
}

static void
put_if_room(void *arg, struct pending_write *w)
{
	struct store *s = arg;

	if (store_is_full(s)) {
		s->dropped->value++;
		free(w);
	} else
		store_put(s, w);
}

/* A file that was opened anew may be another one; while in trouble that is every second. */
static void
write_quotas(struct store *s)
{
	if (!s->quotas_stale || atomic_load(&writer_state(s->writer)->trouble))
		return;
	s->quotas_stale = false;
	quotas_write_again(&s->quotas, clock_wall_s(), put_if_room, s);
}

/* The connection for what rules ask; NULL while the file cannot be read. */
static sqlite3 *
facts(struct store *s)
{
	char why[512];

	if (s->facts == NULL && clock_mono_us() >= s->facts_again_us) {
		s->facts = database_open_reader(s->path, 0, why, sizeof why);
		s->facts_again_us = clock_mono_us() + FACTS_AGAIN_US;
	}
	return s->facts;
}

/* Did policyd-feed look at the log just now? */
static bool
was_fed(const struct store *s)
{
	return database_number(s->facts, "SELECT max(seen) FROM feed_position", 0) > clock_wall_s() - FED_S;
}

static void
end_asking(struct store *s)
{
	if (s->asking && !database_finish(s->end_facts))
		sqlite3_exec(s->facts, "ROLLBACK", NULL, NULL, NULL);
	s->asking = false;
}

static void
on_turn(void *arg)
{
	end_asking(arg);
	hand_over(arg);
}

/* All that is asked in one turn of the loop is one transaction: each costs as much as several questions. */
sqlite3 *
store_facts(struct store *s)
{
	if (facts(s) == NULL || s->asking || s->turn == NULL)
		return s->facts;
	if (database_statement(&s->begin_facts, s->facts, "BEGIN") != NULL &&
	    database_statement(&s->end_facts, s->facts, "COMMIT") != NULL && database_finish(s->begin_facts)) {
		s->asking = true;
		timer_start(s->turn, 0, 0);
	}
	return s->facts;
}

static void
close_facts(struct store *s)
{
	end_asking(s);
	sqlite3_finalize(s->begin_facts);
	sqlite3_finalize(s->end_facts);
	s->begin_facts = s->end_facts = NULL;
	sent_finalize(&s->sent);
	clients_finalize(s->clients);
	bounces_finalize(&s->bounces);
	quotas_finalize(&s->quotas);
	relays_finalize(&s->relays);
	logins_finalize(&s->logins);
	triplets_finalize(&s->triplets);
	sqlite3_close(s->facts);
	s->facts = NULL;
	s->facts_again_us = 0;
}

/* Go on reading; true if there is more. */
static bool
read_slice(struct store *s)
{
	enum desk_slice slice = desk_read_slice(&s->desk);

	if (slice == DESK_READ) {
		blocks_read(&s->blocks);
		write_problems(s);
	}
	return slice == DESK_MORE;
}

static void
on_slice(void *arg)
{
	struct store *s = arg;

	if (read_slice(s))
		timer_start(s->slice, 1, 0);	/* 0 would come before anything else does */
}

/* Did anybody write what is kept in memory? */
static void
look(struct store *s)
{
	bool news = desk_look(&s->desk);

	if (desk_is_reading(&s->desk))
		blocks_reading(&s->blocks);
	if (!news || facts(s) == NULL)
		return;
	end_asking(s);			/* the news are younger than what is being asked, perhaps */
	clients_look(s->clients, s->facts, clock_wall_s());
	s->fed = was_fed(s);
}

/* Go on reading what was tried; what came since then is known already. */
static void
on_read(void *arg)
{
	struct store *s = arg;
	int64_t before = s->triplets.read_id;

	if (triplets_read(&s->triplets, facts(s), READ_SLICE_US))
		timer_start(s->read, s->triplets.read_id > before ? 1 : LOOK_EVERY_MS, 0);
	if (s->triplets.unreadable && !s->unreadable_said)
		log_warn("store: %s: triplet_pending cannot be read on from row %" PRId64 ": %s; nobody is greylisted until it can; "
		    "'DELETE FROM triplet_pending' forgets who waits, and a damaged file is mended by sqlite3's .recover",
		    s->path, s->triplets.read_id, sqlite3_errmsg(s->facts));
	s->unreadable_said = s->triplets.unreadable;
}

static void
on_look(void *arg)
{
	struct store *s = arg;

	if (desk_is_reading(&s->desk))		/* on_slice() is at it */
		return;
	if (s->blocks.table.count >= BLOCKS_APART_MAX && !s->trouble)
		desk_read_again(&s->desk);	/* then the lists have them */
	look(s);
	on_slice(s);
}

/* ---- writes that come back ---- */

static void
unwait(struct store *s, struct pending_write *w)
{
	if (w->waiter == NULL)
		return;
	*(w->newer ? &w->newer->older : &s->newest_awaited) = w->older;
	if (w->older != NULL)
		w->older->newer = w->newer;
	w->waiter->write = NULL;
	w->waiter = NULL;
}

static void
tell(struct store *s, struct pending_write *w, bool ok)
{
	struct store_waiter *waiter = w->waiter;

	unwait(s, w);
	if (waiter != NULL)
		waiter->committed(waiter, ok);
}

static void
see_state(struct store *s)
{
	const struct writer_state *state = writer_state(s->writer);
	bool trouble = atomic_load(&state->trouble);
	unsigned generation = atomic_load(&state->generation);
	char why[256];

	s->commits->value = atomic_load(&state->commits);
	s->rows->value = atomic_load(&state->rows);
	s->in_trouble->value = trouble;
	if (generation != s->generation) {		/* the file was opened anew, perhaps another one */
		s->generation = generation;
		desk_close(&s->desk);
		close_facts(s);
		triplets_read_again(&s->triplets);
		s->quotas_stale = true;
		timer_start(s->read, 1, 0);
		free(s->problems_written);
		s->problems_written = NULL;
		s->dns_lists_stale = s->dns_lists != NULL;
	}
	if (trouble && !s->trouble) {
		writer_why(s->writer, why, sizeof why);
		log_warn("store: %s; mail flows, refusals leave without a reference, "
		    "at most %" PRId64 " rows wait, tried again every second", why, s->options.write_queue_max);
	} else if (!trouble && s->trouble)
		log_info("store: %s can be written again", s->path);
	s->trouble = s->desk.quiet = trouble;
	write_dns_lists(s);
	write_quotas(s);
	while (trouble && s->newest_awaited != NULL)
		tell(s, s->newest_awaited, false);
}

static void
row_written(struct store *s, struct pending_write *w)
{
	if (w->row_kind == ROW_UNKNOWN)
		clients_written(s->clients, w);
	else if (w->row_kind == ROW_BLOCK)
		blocks_written(&s->blocks, w->row_cells[0].text, w->row_cells[2].text);
	else if (w->row_kind == ROW_LOGIN_CLIENT)
		logins_written(&s->logins, w);
}

static void
on_wake(void *arg)
{
	struct store *s = arg;

	end_asking(s);				/* what has been written is seen by whoever asks next */
	for (struct pending_write *w = writer_take_done(s->writer), *next; w != NULL; w = next) {
		next = w->next;
		s->queued--;
		s->queued_bytes -= w->bytes;
		if (w->kind == WRITE_SENT)
			sent_written(&s->sent, w);
		else if (w->kind == WRITE_ROW)
			row_written(s, w);
		triplets_written(&s->triplets, w);
		tell(s, w, !w->renumbered);	/* its reply would show a reference that is another's */
		free(w);
	}
	s->queue->value = s->queued;
	see_state(s);
}

/* ---- writing ---- */

enum { SECOND = 1 << REFERENCE_SHIFT, PLACES = 64, PLACE = SECOND / PLACES };

int64_t
store_reference(struct store *s)
{
	int64_t second = clock_wall_s() * SECOND, highest = s->desk.highest_reference;
	unsigned clashes = atomic_load(&writer_state(s->writer)->clashes);

	/* Behind the whole second of what others gave before us, though the clock went back since, or where two have met. */
	int64_t behind = s->reference < highest ? highest : clashes != s->clashes ? s->reference : -1;
	if (second <= behind)
		second = behind - behind % SECOND + SECOND;
	s->clashes = clashes;
	/* Where in each second ours begin: others who write to the file begin elsewhere; drawn again when two have met there. */
	int64_t place = (int64_t)((hash_bytes(s->id, strlen(s->id)) + clashes) % (PLACES - 1) + 1) * PLACE;
	s->reference = s->reference < second + place ? second + place : s->reference + 1;
	return s->reference;
}

bool
store_keeps(const struct store *s, bool refusal, bool would)
{
	return s->options.decision_log == DECISION_LOG_ALL ||
	    (s->options.decision_log == DECISION_LOG_REFUSALS && (refusal || would));
}

void
store_forget(struct store *s, struct store_waiter *waiter)
{
	if (waiter->write != NULL)
		unwait(s, waiter->write);
}

void
store_await(struct store *s, struct pending_write *w, struct store_waiter *waiter)
{
	store_forget(s, waiter);
	w->waiter = waiter;
	waiter->write = w;
	w->older = s->newest_awaited;
	if (w->older != NULL)
		w->older->newer = w;
	s->newest_awaited = w;
}

bool
store_write(struct store *s, const struct decision_row *row, struct store_waiter *waiter)
{
	bool trouble = atomic_load(&writer_state(s->writer)->trouble);

	if (store_is_full(s) || (trouble && waiter == NULL)) {
		s->dropped->value++;
		return false;
	}
	struct pending_write *w = pending_decision(row);
	if (w->row.reference == 0)
		w->row.reference = store_reference(s);
	if (waiter != NULL && !trouble)
		store_await(s, w, waiter);
	store_put(s, w);
	return !trouble;
}

static void
flush_counts(struct store *s)
{
	for (size_t i = 0; i < s->count_used; i++) {
		const struct pending_count *c = &s->counts[i];
		store_put(s, pending_count(c->scope, c->key, c->window, c->n));
	}
	s->count_used = 0;
}

/* Attempts that are too old for anybody, or that the writer took away as they were too many. */
static void
forget_attempts(struct store *s)
{
	int64_t now_s = clock_wall_s(), old_s = now_s - s->attempts_keep_s;
	int64_t many_s = atomic_load(&writer_state(s->writer)->attempts_since_s);

	if (many_s > now_s)		/* the clock went back: what is tried now would be as old */
		many_s = old_s;
	triplets_forget(&s->triplets, old_s > many_s ? old_s : many_s);
	s->attempts->value = attempts_count(s->triplets.attempts);
}

static void
on_flush(void *arg)
{
	struct store *s = arg;

	forget_attempts(s);
	/* In trouble they wait here, summed up, rather than fill the queue; so does what the disk is too slow for. */
	if (!atomic_load(&writer_state(s->writer)->trouble)) {
		flush_counts(s);
		if (s->queued < ACTIVITY_STEP)
			clients_flush(s->clients, ACTIVITY_STEP, put_row, s);
	}
	s->queue->value = s->queued;
}

void
store_count(struct store *s, const char *scope, const char *key, int64_t time_s)
{
	int64_t window = time_s - time_s % COUNTER_WINDOW_S;

	if (s->writer == NULL)
		return;
	for (size_t i = 0; i < s->count_used; i++)
		if (s->counts[i].window == window && strcmp(s->counts[i].key, key) == 0 &&
		    strcmp(s->counts[i].scope, scope) == 0) {
			s->counts[i].n++;
			return;
		}
	if (s->count_used == COUNTS_MAX)
		flush_counts(s);
	struct pending_count *c = &s->counts[s->count_used++];
	snprintf(c->scope, sizeof c->scope, "%s", scope);
	snprintf(c->key, sizeof c->key, "%s", key);
	c->window = window;
	c->n = 1;
}

void
store_count_decision(struct store *s, const char *action, const char *check, const char *would, int64_t time_s)
{
	char key[COUNTER_KEY];
	struct text t = TEXT(key);

	text_add(&t, action);
	text_add(&t, ":");
	text_add(&t, check ? check : "");
	store_count(s, "decision", key, time_s);
	while (would_key(&would, key))
		store_count(s, "would", key, time_s);
}

struct lists *
store_lists(struct store *s)
{
	lists_ref(s->desk.lists);
	return s->desk.lists;
}

/* ---- start and end ---- */

static void
register_metrics(struct store *s)
{
	s->commits = metric_counter("policyd_store_commits_total", "", "Transactions committed.");
	s->rows = metric_counter("policyd_store_rows_total", "", "Rows and counts committed.");
	s->dropped = metric_counter("policyd_store_dropped_total", "", "Rows not recorded: too many waited, or trouble.");
	s->queue = metric_gauge("policyd_store_queue", "", "Rows that wait for a commit.");
	s->attempts = metric_gauge("policyd_greylist_waiting", "", "Attempts remembered that have not come through yet.");
	s->in_trouble = metric_gauge("policyd_store_trouble", "", "1 while the database cannot be written.");
}

static bool
start_writer(struct loop *l, struct store *s, char *why, size_t size)
{
	sqlite3 *db = NULL;

	register_metrics(s);
	enum database_result got = database_open(s->path, s->options.synchronous == 1, &db, why, size);
	if (got == DATABASE_REFUSED)
		return false;
	if (got == DATABASE_TROUBLE) {
		log_warn("store: %s; mail flows, refusals leave without a reference, tried again every second", why);
		s->in_trouble->value = s->trouble = s->desk.quiet = true;
	}
	writer_make_id(s->id);
	s->writes_end = &s->writes;
	s->wake = wake_new(l, on_wake, s);
	s->writer = writer_start(s->path, s->options.synchronous == 1, db, s->id, &s->writer_options, s->wake);
	s->flush = timer_new(l, on_flush, s);
	timer_start(s->flush, COUNTS_EVERY_MS, COUNTS_EVERY_MS);
	s->slice = timer_new(l, on_slice, s);
	s->read = timer_new(l, on_read, s);
	s->turn = timer_new(l, on_turn, s);
	if (triplets_read(&s->triplets, facts(s), READ_FIRST_US))
		timer_start(s->read, 1, 0);
	s->look = timer_new(l, on_look, s);
	timer_start(s->look, LOOK_EVERY_MS, LOOK_EVERY_MS);
	return true;
}

static void
free_store(struct store *s)
{
	desk_free(&s->desk);
	close_facts(s);
	clients_free(s->clients);
	blocks_free(&s->blocks);
	logins_free(&s->logins);
	triplets_free(&s->triplets);
	quotas_free(&s->quotas);
	free(s->problems_written);
	free(s->dns_lists);
	free(s->path);
	free(s);
}

struct store *
store_open(struct loop *l, const struct store_options *o, const struct store_reader *reader, bool read_only, char *why,
    size_t size)
{
	struct store *s = xcalloc(1, sizeof *s);

	s->path = xstrdup(o->database);
	s->clients = clients_new();
	s->quotas.writer = s->id;
	desk_init(&s->desk, s->path, read_only ? DATABASE_BUSY_MS : 0, reader, &s->blocks);	/* the loop never waits */
	store_configure(s, o);
	triplets_init(&s->triplets, !read_only);
	store_keep_sent(s, INT64_MAX);		/* until it is told how long */
	store_keep_triplets(s, INT64_MAX, INT64_MAX);
	store_keep_blocks(s, INT64_MAX);
	if (!read_only && !start_writer(l, s, why, size)) {
		free_store(s);
		return NULL;
	}
	if (read_only && !desk_open(&s->desk, why, size))
		log_warn("store: %s; going on without what people wrote there", why);
	if (!read_only || s->desk.db != NULL)
		look(s);
	while (read_slice(s))
		;
	return s;
}

void
store_configure(struct store *s, const struct store_options *o)
{
	if (s->writer != NULL && strcmp(o->database, s->path) != 0)
		log_warn("store: database = %s needs a restart; policyd goes on with %s", o->database, s->path);
	s->options = *o;
	s->options.database = s->path;
	desk_configure(&s->desk, o->recipient_delimiter);
	atomic_store(&s->writer_options.decision_keep_s, o->decision_keep_s);
	atomic_store(&s->writer_options.database_size_max, o->database_size_max);
	atomic_store(&s->writer_options.history_keep_s, o->history_keep_s);
	atomic_store(&s->writer_options.activity_keep_s, o->activity_keep_s);
	atomic_store(&s->writer_options.sent_max, o->sent_max);
	atomic_store(&s->writer_options.greylist_max, o->greylist_max);
}

void
store_close(struct store *s, int64_t timeout_ms)
{
	if (s->writer != NULL) {
		flush_counts(s);
		clients_flush(s->clients, SIZE_MAX, put_row, s);
		hand_over(s);
		desk_close(&s->desk);
		close_facts(s);			/* the last to close, if it may write, leaves one file */
		writer_stop(s->writer, timeout_ms);
		on_wake(s);			/* what it committed at last */
		hand_over(s);
		struct pending_write *left;
		size_t lost = 0;
		writer_free(s->writer, &left);

		for (struct pending_write *next; left != NULL; left = next, lost++) {
			next = left->next;
			if (left->kind == WRITE_ROW)
				row_written(s, left);
			tell(s, left, false);
			free(left);
		}
		if (lost > 0)
			log_warn("store: %zu rows could not be written before the end", lost);
		wake_free(s->wake);
		timer_free(s->flush);
		timer_free(s->look);
		timer_free(s->slice);
		timer_free(s->read);
		timer_free(s->turn);
	}
	free_store(s);
}
