/* policyd-feed.c - the program: reads Postfix's log, writes what it tells into policyd's database */
#include "base/clock.h"
#include "base/log.h"
#include "base/notify.h"
#include "feed/event.h"
#include "feed/source.h"
#include "policy/policy.h"
#include "server/server.h"
#include "settings.h"
#include "store/store.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	EVENTS_MAX = 1000,		/* of one transaction */
	LOOK_MS = 250,			/* how often for more */
	BATCH_US = 1000000,		/* so long lines are gathered at most, */
	CALM_US = 200000,		/* and at least, before they are committed */
	ALIVE_US = 5000000,		/* so often the place is written when nothing comes */
	CLOSE_US = 10000000,		/* so long the last transaction is tried */
	RETRY_MS = 1000,
};
#define SUMMARY_US (3600 * INT64_C(1000000))

struct feed {
	struct config *config;
	struct source *source;
	struct feed_store *store;
	struct feed_place place;
	bool follows;			/* the source has a place */
	struct feed_event events[EVENTS_MAX];
	size_t count;			/* of events not committed yet */
	bool more;			/* lines were read since the last commit */
	bool trouble;			/* said in the log */
	int64_t committed_us, summary_us;
	uint64_t lines;
	struct feed_counts counts;
};

static volatile sig_atomic_t stopping;

static void
on_signal(int signal)
{
	(void)signal;
	stopping = 1;
}

static void
say_summary(struct feed *f)
{
	const struct feed_counts *c = &f->counts;

	log_info("%" PRIu64 " lines read, %" PRIu64 " of them too long; %" PRIu64 " unknown recipients, %" PRIu64 " mails came "
	    "back (%" PRIu64 " for good), %" PRIu64 " were delayed, %" PRIu64 " reached who had been out of reach", f->lines,
	    f->source->too_long, c->unknown, c->bounced, c->bounced_hard, c->delayed, c->delivered);
	f->summary_us = clock_mono_us();
}

/* ---- batches ---- */

static void
sleep_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);		/* a signal ends it */
}

/* False: it is no use to try again. */
static bool
handle(struct feed *f, enum feed_result result, const char *why)
{
	if (result == FEED_REFUSED)
		log_error("store: %s", why);
	if (result == FEED_TROUBLE && !f->trouble)
		log_warn("store: %s; nothing more is read until it can be written, tried again every second", why);
	if (result == FEED_DONE && f->trouble)
		log_info("store: it can be written again");
	f->trouble = result == FEED_TROUBLE;
	notify_watchdog();
	return result != FEED_REFUSED;
}

/* Commit what was read; false if that can never be, or it is time to end. */
static bool
commit(struct feed *f)
{
	struct feed_place *place = f->follows ? &f->place : NULL;
	int64_t stop_us = clock_mono_us() + CLOSE_US;
	enum feed_result result;
	char why[512];

	if (place != NULL)
		f->source->place(f->source, place);
	while ((result = feed_store_commit(f->store, f->events, f->count, place, &f->counts, why, sizeof why)) == FEED_TROUBLE) {
		handle(f, result, why);
		if (stopping && clock_mono_us() > stop_us)
			return false;
		sleep_ms(RETRY_MS);
	}
	f->count = 0;
	f->more = false;
	f->committed_us = clock_mono_us();
	if (f->committed_us - f->summary_us > SUMMARY_US)
		say_summary(f);
	return handle(f, result, why);
}

static bool
is_due(const struct feed *f, enum source_got got)
{
	int64_t waited_us = clock_mono_us() - f->committed_us;

	if (f->count == EVENTS_MAX || (f->more && waited_us > (got == SOURCE_NOTHING ? CALM_US : BATCH_US)))
		return true;
	return got == SOURCE_NOTHING && f->follows && waited_us > ALIVE_US;
}

/* As policyd has it. */
static void
normalise_login(char login[FEED_LOGIN], const char *realm)
{
	char room[FEED_LOGIN];
	struct text normal = TEXT(room);

	login_normal(login, realm, &normal);
	strcpy(login, room);
}

/* Is it one that counts?  Who hands mail in from local_networks is one of ours, and not told by names it gets wrong. */
static bool
is_wanted(const struct feed *f, struct feed_event *e)
{
	const struct policy_options *o = config_server(f->config, TABLE_POLICY);
	bool local = e->client.bits != 0 && networks_contain(&o->local_networks, &e->client);

	if (*e->login)
		normalise_login(e->login, o->login_realm);
	if (e->kind == FEED_HANDED_IN && e->client.bits != 0) {
		e->ours |= local;
		if (!local)
			*e->origin = '\0';
	}
	return e->kind != FEED_UNKNOWN || !local;
}

static int
run(struct feed *f)
{
	enum source_got got = SOURCE_NOTHING;
	bool good = true;

	while (!stopping && good && got != SOURCE_END) {
		struct feed_event *e = &f->events[f->count];
		struct log_line line;

		got = f->source->next(f->source, clock_wall_s(), &line);
		if (got == SOURCE_LINE && event_read(&line, e) && is_wanted(f, e))
			f->count++;
		f->lines += got == SOURCE_LINE || got == SOURCE_OTHER;
		f->more |= got == SOURCE_LINE || got == SOURCE_OTHER;
		if (is_due(f, got))
			good = commit(f);
		if (got == SOURCE_NOTHING) {
			notify_watchdog();
			f->source->wait(f->source, LOOK_MS);
		}
	}
	notify_stopping();
	if (good && (f->more || f->follows))
		good = commit(f);
	if (!good && f->count > 0 && !f->follows)
		log_warn("store: %zu events were not written", f->count);
	say_summary(f);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- start ---- */

/* Where the last start left the log; waits until the database can be read.  False if it never can, or it is time to end. */
static bool
resume(struct feed *f)
{
	enum feed_result result;
	char why[512];

	for (;;) {
		result = feed_store_resume(f->store, &f->place, why, sizeof why);
		if (!handle(f, result, why) || stopping)
			return false;
		if (result == FEED_DONE)
			return true;
		sleep_ms(RETRY_MS);
	}
}

static bool
open_source(struct feed *f, const char *file, const char *journal)
{
	char why[512];

	if (file != NULL)
		f->source = source_file(&f->place, why, sizeof why);
	else if (f->follows)
		f->source = source_journal(*journal ? journal : NULL, &f->place, why, sizeof why);
	else
		f->source = source_stdin();
	if (f->source == NULL)
		log_error("%s", why);
	return f->source != NULL;
}

/* file: -F; journal: -J, or -D with its folder; both NULL: standard input. */
static int
feed(struct config *config, const char *file, const char *journal)
{
	static struct feed f;
	const struct store_options *o = config_server(config, TABLE_STORE);
	const struct policy_options *policy = config_server(config, TABLE_POLICY);
	struct sigaction stop = { .sa_handler = on_signal };
	int status = EXIT_FAILURE;

	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	settings_open_log(config);
	if (!server_drop_root(config_server(config, TABLE_SERVER)))
		return EXIT_FAILURE;
	f.config = config;
	f.follows = file != NULL || journal != NULL;
	f.place.source = file ? file : journal && *journal ? journal : "journal";
	f.store = feed_store_new(&(struct feed_options){ .database = o->database, .synchronous_full = o->synchronous == 1,
	    .block_ipv4 = (unsigned)policy->block_ipv4, .block_ipv6 = (unsigned)policy->block_ipv6 });
	f.summary_us = clock_mono_us();
	if ((!f.follows || resume(&f)) && open_source(&f, file, journal) && commit(&f)) {	/* alive from now on */
		log_info("policyd-feed %s ready: pid %ld, reading %s", VERSION, (long)getpid(),
		    f.follows ? f.place.source : "standard input");
		notify_ready();
		status = run(&f);
	}
	if (f.source != NULL)
		f.source->close(f.source);
	feed_store_free(f.store);
	log_info("stopped");
	return status;
}

static int
usage(void)
{
	fputs("usage: policyd-feed [-c file]             read Postfix's log from standard input\n"
	    "       policyd-feed [-c file] -F log      follow that file; its whole path\n"
	    "       policyd-feed [-c file] -J          follow the journal\n"
	    "       policyd-feed [-c file] -D folder   follow a journal in that folder\n"
	    "       policyd-feed [-c file] -n          check the configuration\n"
	    "       policyd-feed -v                    print the version\n", stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	const char *path = SETTINGS_PATH, *file = NULL, *journal = NULL;
	bool check = false;

	for (int option; (option = getopt(argc, argv, "c:D:F:Jnv")) != -1;)
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'F':
			file = optarg;
			break;
		case 'J':
			journal = "";
			break;
		case 'D':
			journal = optarg;
			break;
		case 'n':
			check = true;
			break;
		case 'v':
			puts("policyd-feed " VERSION);
			return EXIT_SUCCESS;
		default:
			return usage();
		}
	if (optind < argc || (file != NULL && (journal != NULL || *file != '/')))
		return usage();
	struct config *config = settings_read(path, false);
	if (config == NULL)
		return EXIT_FAILURE;
	int status = check ? EXIT_SUCCESS : feed(config, file, journal);
	config_release(config);
	return status;
}
