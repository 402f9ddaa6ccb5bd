/* policyd.c - the program: options, start, signals, reload, shutdown */
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "base/notify.h"
#include "config/word.h"
#include "dns/dns.h"
#include "dns/list.h"
#include "policy/policy.h"
#include "policy/profile.h"
#include "protocol/request.h"
#include "rules/table.h"
#include "server/server.h"
#include "settings.h"
#include "store/site.h"
#include "store/store.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { METRICS_EVERY_MS = 15000, CLOSE_MS = 10000 };

struct program {
	const char *path;
	struct config *config;
	struct loop *loop;
	struct dns *dns;
	struct dns_lists *dns_lists;
	struct store *store;
	struct site *sites[ABOUTS];
	struct policy *policy;
	struct server *server;
	struct timer *metrics, *watchdog;
	bool stopping;
};

/* ---- configuration ---- */

/* The view reputation is in the store's own file, but people may change it: it is asked as the site's database is. */
static struct site_place
place_of(const struct config *config, enum site_about about)
{
	const struct store_options *store = config_server(config, TABLE_STORE);

	if (about == ABOUT_REPUTATION)
		return (struct site_place){ store->database, "SELECT score FROM reputation WHERE client = :client", "" };
	return site_place_of(config_server(config, TABLE_SITE), about, store->recipient_delimiter);
}

/* A query of the configuration, tried on the site's database; false if it is wrong. */
static bool
try_query(const struct program *pr, const struct config *config, enum site_about about, bool to_log)
{
	char why[256], safe[1200];
	struct text t = TEXT(safe);
	const char *value;
	const struct site_kind *kind = &site_kinds[about];
	struct site_place at = place_of(config, about);
	enum site_check check = site_check(kind, &at, why, sizeof why);

	if (check == SITE_GOOD)
		return true;
	const char *name = check == SITE_WRONG ? kind->setting : "site_database";
	size_t line = config_server_line(config, name, &value), len = strlen(value);
	text_addf(&t, "%s:%zu: %s = ", pr->path, line, name);
	text_add_safe(&t, value, len < 80 ? len : 80);
	text_add(&t, len < 80 ? ": " : "…: ");
	text_add_safe(&t, why, strlen(why));
	if (check == SITE_WRONG)
		settings_complain(to_log, safe);
	else
		log_warn("%s; until it can be read, %s nobody can tell", safe, kind->doubt);
	return check == SITE_LATER;
}

static bool
try_queries(const struct program *pr, const struct config *config, bool to_log)
{
	for (enum site_about about = 0; about < ABOUT_REPUTATION; about++)
		if (!try_query(pr, config, about, to_log))
			return false;
	return true;
}

/* Read the configuration, say what is wrong with it, and with the site's own database, on stderr or in the log. */
static struct config *
read_config(const struct program *pr, bool to_log)
{
	struct config *config = settings_read(pr->path, to_log);

	if (config != NULL && !try_queries(pr, config, to_log)) {
		config_release(config);
		config = NULL;
	}
	return config;
}

static void *
read_setting(const char *check, const char *setting, char *why, size_t size)
{
	return profile_read_setting(rules, rules_count, check, setting, why, size);
}

static bool
read_profile(void *arg, const char *profile, char *why, size_t size)
{
	return profile_read_name(((const struct program *)arg)->config, profile, why, size);
}

/* ---- what is the same for serving and for explaining ---- */

static bool
open_rooms(struct program *pr, bool read_only)
{
	char why[512] = "";
	const char *dns_why = "";

	pr->dns = dns_new(pr->loop, config_server(pr->config, TABLE_DNS), &dns_why);
	if (pr->dns == NULL) {
		log_error("dns: %s", dns_why);
		return false;
	}
	pr->dns_lists = dns_lists_new(pr->loop, pr->dns, config_server(pr->config, TABLE_DNS_LISTS), !read_only);
	pr->store = store_open(pr->loop, config_server(pr->config, TABLE_STORE),
	    &(struct store_reader){ read_setting, read_profile, pr }, read_only, why, sizeof why);
	if (pr->store == NULL) {
		log_error("store: %s", why);
		return false;
	}
	for (enum site_about about = 0; about < ABOUTS; about++) {
		struct site_place at = place_of(pr->config, about);

		pr->sites[about] = site_new(pr->loop, &site_kinds[about], &at);
	}
	return true;
}

static void
answer_ticket(void *ticket, const char *reply, size_t len)
{
	server_answer(ticket, reply, len);
}

static void
open_policy(struct program *pr)
{
	struct policy_parts parts = { .loop = pr->loop, .dns = pr->dns, .dns_lists = pr->dns_lists, .store = pr->store,
	    .rules = rules, .rule_count = rules_count, .server_table = TABLE_POLICY, .profile_table = 0,
	    .answer = answer_ticket };

	memcpy(parts.sites, pr->sites, sizeof parts.sites);
	pr->policy = policy_new(&parts, pr->config);
}

static void
close_rooms(struct program *pr)
{
	if (pr->policy != NULL)
		policy_free(pr->policy);
	for (enum site_about about = 0; about < ABOUTS; about++)
		if (pr->sites[about] != NULL)
			site_free(pr->sites[about]);
	if (pr->store != NULL)
		store_close(pr->store, CLOSE_MS);
	if (pr->dns_lists != NULL)
		dns_lists_free(pr->dns_lists);
	if (pr->dns != NULL)
		dns_free(pr->dns);
	timer_free(pr->metrics);
	timer_free(pr->watchdog);
	if (pr->loop != NULL)
		loop_free(pr->loop);
	config_release(pr->config);
}

/* ---- serving ---- */

/* A dry run that is forgotten protects nobody: said at every start and reload. */
static void
say_mode(const struct config *config)
{
	const struct policy_options *o = config_server(config, TABLE_POLICY);

	if (o->mode == MODE_LOG)
		log_info("mode = log: nothing is refused, what would have been is recorded");
}

static enum ask
on_ask(void *arg, struct ticket *t, char *bytes, size_t len, struct text *reply)
{
	static const enum ask asks[] = { [POLICY_ANSWERED] = ASK_ANSWERED, [POLICY_LATER] = ASK_LATER,
	    [POLICY_MALFORMED] = ASK_HANGUP };
	struct program *pr = arg;

	return asks[policy_ask(pr->policy, t, bytes, len, reply)];
}

static void
on_gone(void *arg, struct ticket *t)
{
	struct program *pr = arg;

	policy_gone(pr->policy, t);
}

static void
on_sent_away(void *arg)
{
	policy_sent_away(((struct program *)arg)->policy);
}

static void
on_metrics(void *arg)
{
	const struct program *pr = arg;
	const struct policy_options *o = config_server(pr->config, TABLE_POLICY);

	if (*o->metrics_file)
		metrics_write(o->metrics_file);
}

static void
on_watchdog(void *arg)
{
	(void)arg;
	notify_watchdog();
}

static void
on_stopped(void *arg)
{
	struct program *pr = arg;

	loop_stop(pr->loop);
}

static void
on_terminate(void *arg)
{
	struct program *pr = arg;

	if (pr->stopping)
		return;
	pr->stopping = true;
	log_info("stopping: %zu requests under way", policy_busy(pr->policy));
	notify_stopping();
	server_stop(pr->server, on_stopped, pr);
}

static void
on_reload(void *arg)
{
	struct program *pr = arg;
	const char *why = "";
	struct config *config = read_config(pr, true);

	if (config != NULL && !dns_configure(pr->dns, config_server(config, TABLE_DNS), &why)) {
		log_error("dns: %s", why);
		config_release(config);
		config = NULL;
	}
	if (config == NULL) {
		log_error("%s was not taken; policyd goes on with the settings it has", pr->path);
		return;
	}
	settings_open_log(config);
	store_configure(pr->store, config_server(config, TABLE_STORE));
	for (enum site_about about = 0; about < ABOUT_REPUTATION; about++) {	/* the store stays where it is */
		struct site_place at = place_of(config, about);

		site_configure(pr->sites[about], &at);
	}
	dns_lists_configure(pr->dns_lists, config_server(config, TABLE_DNS_LISTS));
	policy_configure(pr->policy, config);
	server_configure(pr->server, config_server(config, TABLE_SERVER));
	config_release(pr->config);
	pr->config = config;
	log_info("%s read again", pr->path);
	say_mode(pr->config);
}

static void
start_timers(struct program *pr)
{
	uint64_t watchdog_ms = notify_watchdog_ms();

	pr->metrics = timer_new(pr->loop, on_metrics, pr);
	timer_start(pr->metrics, 0, METRICS_EVERY_MS);
	pr->watchdog = timer_new(pr->loop, on_watchdog, pr);
	if (watchdog_ms > 0)
		timer_start(pr->watchdog, watchdog_ms / 2, watchdog_ms / 2);
	loop_on_signal(pr->loop, SIGTERM, on_terminate, pr);
	loop_on_signal(pr->loop, SIGINT, on_terminate, pr);
	loop_on_signal(pr->loop, SIGHUP, on_reload, pr);
}

static int
serve(struct program *pr)
{
	const struct server_options *o = config_server(pr->config, TABLE_SERVER);

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	settings_open_log(pr->config);

	/* Sockets first, while we may be root; everything that is written belongs to the user we become. */
	struct service service = { .ask = on_ask, .gone = on_gone, .sent_away = on_sent_away, .arg = pr,
	    .overload_reply = "action=DUNNO\n\n" };
	pr->loop = loop_new();
	pr->server = server_new(pr->loop, o, &service);
	if (!server_listen(pr->server) || !server_drop_root(o))
		return EXIT_FAILURE;
	if (!open_rooms(pr, false))
		return EXIT_FAILURE;
	open_policy(pr);
	start_timers(pr);
	say_mode(pr->config);
	log_info("policyd %s ready: pid %ld, configuration %s", VERSION, (long)getpid(), pr->path);
	notify_ready();
	loop_before_wait(pr->loop, log_flush);
	log_gather(true);
	loop_run(pr->loop);
	log_gather(false);

	on_metrics(pr);
	server_free(pr->server);
	close_rooms(pr);
	log_info("stopped");
	return EXIT_SUCCESS;
}

/* ---- explaining: policyd -x ---- */

static void
on_explained(void *arg)
{
	struct program *pr = arg;

	pr->stopping = true;
	loop_stop(pr->loop);
}

/* False, with what is wrong on stderr, if a person mistyped a word: Postfix has no such attribute, or it is no address. */
static bool
check_word(const char *word)
{
	int len = (int)strcspn(word, "=");
	char name[64], names[1024];
	struct nearest near = { .wanted = name };
	struct text all = TEXT(names);
	struct address address;

	snprintf(name, sizeof name, "%.*s", len, word);
	for (size_t i = 0; request_attribute(i) != NULL; i++) {
		const char *known = request_attribute(i);

		if (strcmp(known, name) == 0) {
			if (strcmp(name, "client_address") != 0 || word[len] == '\0' || address_parse(&address, word + len + 1))
				return true;
			fprintf(stderr, "policyd: -x: %s: no address; write it as 192.0.2.7 or 2001:db8::7\n", word);
			return false;
		}
		nearest_try(&near, known, strlen(known));
		text_addf(&all, "%s%s", i ? ", " : "", known);
	}
	if (near.name != NULL)
		fprintf(stderr, "policyd: -x: %s: no attribute of that name; did you mean %s?\n", word, near.name);
	else
		fprintf(stderr, "policyd: -x: %s: no attribute of that name; write one of %s\n", word, names);
	return false;
}

/* The request from name=value words, or from stdin as Postfix sends it. */
static size_t
read_request(char **words, char *bytes, size_t size)
{
	struct text t = { .at = bytes, .size = size };

	bytes[0] = '\0';
	if (*words != NULL) {
		text_add(&t, "request=smtpd_access_policy\n");
		for (bool stage = false; *words != NULL; words++) {
			stage |= strncmp(*words, "protocol_state=", strlen("protocol_state=")) == 0;
			text_addf(&t, "%s\n", *words);
			if (words[1] == NULL && !stage)
				text_add(&t, "protocol_state=RCPT\n");
		}
		text_add(&t, "\n");
	} else {
		char chunk[4096];
		size_t got;

		while (!t.cut && strstr(bytes, "\n\n") == NULL && (got = fread(chunk, 1, sizeof chunk, stdin)) > 0)
			text_add_bytes(&t, chunk, got);
		char *end = strstr(bytes, "\n\n");
		if (end != NULL)
			t.len = (size_t)(end + 2 - bytes);
	}
	return t.cut ? 0 : t.len;
}

static int
explain(struct program *pr, char **words)
{
	static char bytes[REQUEST_BYTES_MAX + 1];
	char buffer[512] = "";
	struct text why = TEXT(buffer);
	bool right = true;

	for (char **word = words; *word != NULL; word++)
		right &= check_word(*word);
	if (!right)
		return EXIT_FAILURE;
	size_t len = read_request(words, bytes, sizeof bytes);
	if (len < 2 || memcmp(bytes + len - 2, "\n\n", 2) != 0) {
		fprintf(stderr, "policyd: -x: no whole request of at most %d bytes, ended by an empty line; "
		    "or give it as words, as in client_address=192.0.2.7 sender=a@example.net\n", REQUEST_BYTES_MAX);
		return EXIT_FAILURE;
	}
	pr->loop = loop_new();
	if (!open_rooms(pr, true))
		return EXIT_FAILURE;
	open_policy(pr);
	if (!policy_explain(pr->policy, bytes, len, stdout, on_explained, pr, &why)) {
		fprintf(stderr, "policyd: -x: %s\n", buffer);
		return EXIT_FAILURE;
	}
	if (!pr->stopping)
		loop_run(pr->loop);
	close_rooms(pr);
	return EXIT_SUCCESS;
}

/* ---- the command line ---- */

static int
usage(void)
{
	fputs("usage: policyd [-c file]               serve\n"
	    "       policyd [-c file] -n            check the configuration\n"
	    "       policyd [-c file] -d            print every effective setting\n"
	    "       policyd [-c file] -x [name=value ...]\n"
	    "                                       explain a request (from stdin, or as words)\n"
	    "       policyd -v                      print the version\n", stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	static struct program pr = { .path = SETTINGS_PATH };	/* what an early end leaves, exit() frees */
	int mode = 0;

	for (int option; (option = getopt(argc, argv, "c:ndxv")) != -1;)
		switch (option) {
		case 'c':
			pr.path = optarg;
			break;
		case 'v':
			puts("policyd " VERSION);
			return EXIT_SUCCESS;
		case 'n':
		case 'd':
		case 'x':
			if (mode != 0)
				return usage();
			mode = option;
			break;
		default:
			return usage();
		}
	if (mode != 'x' && optind < argc)
		return usage();
	pr.config = read_config(&pr, false);
	if (pr.config == NULL)
		return EXIT_FAILURE;
	switch (mode) {
	case 'n':
		return EXIT_SUCCESS;
	case 'd':
		config_print(stdout, pr.config);
		return EXIT_SUCCESS;
	case 'x':
		return explain(&pr, argv + optind);
	default:
		return serve(&pr);
	}
}
