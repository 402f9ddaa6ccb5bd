/* scene.c - see scene.h */
#include "scene.h"
#include "base/clock.h"
#include "dns/keep.h"
#include "policy/policy.h"
#include "policy/profile.h"
#include "policy/reply.h"
#include "rules/table.h"
#include "store/lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

enum { NOW_S = 1800000000 };

/* ---- lists ---- */

static void *
read_setting(const char *check, const char *setting, char *why, size_t size)
{
	return profile_read_setting(rules, rules_count, check, setting, why, size);
}

static bool
read_profile(void *arg, const char *profile, char *why, size_t size)
{
	(void)arg;
	(void)profile;
	(void)why;
	(void)size;
	return true;
}

static void
problem(void *arg, const char *list, const char *row, const char *finding)
{
	(void)arg;
	fail_msg("%s: %s: %s", list, row, finding);
}

static struct lists *
read_lists(const char *sql)
{
	static const char tables[] =
	    "CREATE TABLE hand_allow (id INTEGER PRIMARY KEY, client TEXT, helo TEXT, sender TEXT, recipient TEXT,"
	    " note TEXT, expires INTEGER);"
	    "CREATE TABLE hand_deny (id INTEGER PRIMARY KEY, client TEXT, helo TEXT, sender TEXT, recipient TEXT,"
	    " note TEXT, expires INTEGER);"
	    "CREATE TABLE hand_unwanted (id INTEGER PRIMARY KEY, recipient TEXT, client TEXT, sender TEXT, cause TEXT,"
	    " scope TEXT, expires INTEGER);"
	    "CREATE TABLE hand_block (client TEXT DEFAULT '', sender TEXT DEFAULT '', login TEXT DEFAULT '', cause TEXT,"
	    " since INTEGER DEFAULT 1, expires INTEGER, strikes INTEGER DEFAULT 1);"
	    "CREATE TABLE hand_spamtrap (recipient TEXT, expires INTEGER);"
	    "CREATE TABLE hand_login_domain (id INTEGER PRIMARY KEY, login TEXT, sender TEXT, expires INTEGER);"
	    "CREATE TABLE hand_relay_login (login TEXT, expires INTEGER);"
	    "CREATE TABLE hand_quota_limit (id INTEGER PRIMARY KEY, login TEXT, sender TEXT, client TEXT, quota TEXT,"
	    " expires INTEGER);"
	    "CREATE TABLE hand_recipient_profile (recipient TEXT, profile TEXT, expires INTEGER, created AS (1));"
	    "CREATE TABLE hand_recipient_setting (recipient TEXT, check_name TEXT, setting TEXT, expires INTEGER, created AS (1));";
	sqlite3 *db;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, tables, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	struct lists *l = lists_load(db, "", &(struct store_reader){ read_setting, read_profile, NULL }, problem, NULL);
	assert_non_null(l);
	sqlite3_close(db);
	return l;
}

/* ---- DNS ---- */

static const struct answer *
ask(void *arg, const char *list, const char *name, enum dns_type type, struct dns_waiter *w)
{
	struct scene *s = arg;

	(void)list;
	assert_true(s->asked_count < SCENE_QUESTIONS);
	for (size_t i = 0; i < s->asked_count; i++)
		if (s->asked[i].type == type && strcmp(s->asked[i].name, name) == 0)
			fail_msg("%s %s was asked twice", dns_type_name(type), name);
	bool known = s->knows != NULL && s->knows(s, name, type);
	s->asked[s->asked_count++] = (struct scene_question){ xstrdup(name), type, known ? NULL : w, NULL };
	return known ? s->says(s, name, type) : NULL;
}

static void
forget(void *arg, struct dns_waiter *w)
{
	struct scene *s = arg;

	for (size_t i = 0; i < s->asked_count; i++)
		if (s->asked[i].waiter == w)
			s->asked[i].waiter = NULL;
}

/* ---- the site's database ---- */

static struct site_answer
ask_site(void *arg, const char *recipient, const char *login, struct site_waiter *w)
{
	struct scene *s = arg;
	(void)login;

	if (s->site == NULL)
		return (struct site_answer){ SITE_NO_QUERY, "", 0 };
	assert_true(s->asked_count < SCENE_QUESTIONS);
	for (size_t i = 0; i < s->asked_count; i++)
		if (s->asked[i].site != NULL)
			fail_msg("%s was asked for twice", recipient);
	s->asked[s->asked_count++] = (struct scene_question){ xstrdup(recipient), 0, NULL, w };
	return (struct site_answer){ SITE_OPEN, "", 0 };
}

static void
forget_site(void *arg, struct site_waiter *w)
{
	struct scene *s = arg;

	for (size_t i = 0; i < s->asked_count; i++)
		if (s->asked[i].site == w)
			s->asked[i].site = NULL;
}

/* ---- answers ---- */

static bool
is_waited_for(const struct scene_question *q)
{
	return q->waiter != NULL || q->site != NULL;
}

void
scene_answer(struct scene *s, size_t i)
{
	struct scene_question q = s->asked[i];

	assert_true(is_waited_for(&q));
	s->asked[i].waiter = NULL;
	s->asked[i].site = NULL;
	if (q.site != NULL)
		q.site->answered(q.site, s->site(s, q.name));
	else
		q.waiter->answered(q.waiter, s->says(s, q.name, q.type));
}

size_t
scene_open_count(const struct scene *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->asked_count; i++)
		count += is_waited_for(&s->asked[i]);
	return count;
}

size_t
scene_open_place(const struct scene *s, size_t nth)
{
	size_t i = 0;

	for (;; i++)
		if (is_waited_for(&s->asked[i]) && nth-- == 0)
			return i;
}

static enum known
sent_since(void *arg, const char *who, int64_t since_s)
{
	assert_non_null(who);
	assert_true(since_s < NOW_S);
	return ((struct scene *)arg)->sent;
}

/* Of nobody anything is known. */
static struct site_answer
ask_none(void *arg, const char *value, const char *login, struct site_waiter *w)
{
	(void)arg;
	(void)value;
	(void)login;
	(void)w;
	return (struct site_answer){ SITE_NO_ROW, "", 0 };
}

static bool
on_record_of(void *arg, const char *client)
{
	(void)client;
	return ((struct scene *)arg)->tried.unknown > 0;
}

static bool
tried_of(void *arg, const char *client, int64_t since_s, struct tried *out)
{
	(void)client;
	(void)since_s;
	*out = ((struct scene *)arg)->tried;
	return true;
}

static bool
activity_of(void *arg, const char *scope, const char *name, int64_t since_s, int64_t out[ACTIVITIES])
{
	(void)arg;
	(void)scope;
	(void)name;
	(void)since_s;
	memset(out, 0, ACTIVITIES * sizeof *out);
	return true;
}

static bool
none_bounced(void *arg, const char *recipient, int64_t since_s, struct bounces *out)
{
	(void)arg;
	(void)recipient;
	(void)since_s;
	*out = (struct bounces){ 0 };
	return true;
}

static bool
no_bounces(void *arg, const char *login, int64_t since_s, int64_t *count)
{
	(void)arg;
	(void)login;
	(void)since_s;
	*count = 0;
	return true;
}

static bool
networks_of(void *arg, const char *login, const char *network, int64_t since_s, int64_t now_s, int64_t *count)
{
	(void)login;
	(void)network;
	assert_true(since_s <= now_s);
	*count = ((struct scene *)arg)->networks;
	return true;
}

static bool
looks_broken(void *arg, const char *client)
{
	(void)client;
	return ((struct scene *)arg)->looks_broken;
}

static const struct list_row *
block_of(void *arg, const struct lists *l, const char *client, const char *login)
{
	(void)arg;
	return lists_block(l, client, login);
}

static struct triplet_past
past_of(void *arg, const struct triplet *t, struct triplet_span within)
{
	assert_non_null(t->clients[0]);
	assert_int_equal(within.now_s, NOW_S);
	return ((struct scene *)arg)->past;
}

static struct dns_record
read_record(enum dns_type type, char *text)
{
	struct dns_record r = { 0 };

	if (type == DNS_A || type == DNS_AAAA)
		assert_true(address_parse(&r.address, text));
	else if (type == DNS_TXT) {
		r.text = text;
		r.text_len = strlen(text);
	} else {
		if (type == DNS_MX)
			r.preference = (uint16_t)strtoul(text, &text, 10);
		text += *text == ' ';
		r.name = strcmp(text, ".") == 0 ? "" : text;
	}
	return r;
}

const struct answer *
scene_says(const char *name, enum dns_type type, const char *line)
{
	struct dns_record records[16];
	struct answer a = { .name = name, .type = type, .status = DNS_FOUND, .why = "", .records = records };
	char copy[512];

	if (strcmp(line, "SERVFAIL") == 0)
		return answer_failed(name, type, "SERVFAIL");
	if (strcmp(line, "NXDOMAIN") == 0)
		a.status = DNS_NXDOMAIN;
	else if (strcmp(line, "NODATA") == 0)
		a.status = DNS_NO_DATA;
	else {
		assert_true(strlen(line) < sizeof copy);
		strcpy(copy, line);
		for (char *save, *p = strtok_r(copy, "|", &save); p != NULL; p = strtok_r(NULL, "|", &save))
			records[a.count++] = read_record(type, p);
	}
	return answer_keep(&a);
}

static bool
nothing_used(void *arg, const struct quota_use *u, int64_t now_s, struct quota_past *out)
{
	(void)arg;
	*out = (struct quota_past){ .first_s = now_s, .step_s = quota_step_s(&u->quota), .span_s = quota_span_s(&u->quota) };
	return true;
}

static struct quota_message
nothing_counted(void *arg, const char *instance)
{
	(void)arg;
	(void)instance;
	return (struct quota_message){ 0 };
}

static int64_t
none_before(void *arg, const char *instance)
{
	(void)arg;
	(void)instance;
	return 0;
}

static bool
no_relay(void *arg, const char *domain, struct relay_past *out)
{
	(void)arg;
	(void)domain;
	*out = (struct relay_past){ 0 };
	return true;
}

/* ---- from start to end ---- */

static void
on_landed(void *arg)
{
	((struct scene *)arg)->landed++;
}

static const struct option_table *const server_tables[] = { &policy_option_table };

void
scene_open(struct scene *s, const struct rule *const *some, size_t count, const char *conf, const char *sql)
{
	struct problems problems = { 0 };

	if (some == NULL) {
		some = rules;
		count = rules_count;
	}
	const struct option_table **profile = xcalloc(count + 1, sizeof *profile);
	profile[0] = &profile_option_table;
	for (size_t i = 0; i < count; i++)
		profile[1 + i] = &some[i]->options;
	s->schema = (struct config_schema){ .server = server_tables, .server_count = 1, .profile = profile,
	    .profile_count = count + 1, .builtin = profile_builtin };
	s->config = config_read_bytes(&s->schema, "conf", conf, strlen(conf), &problems);
	if (s->config == NULL)
		fail_msg("%s", problems.lines[0]);
	problems_free(&problems);
	s->lists = sql ? read_lists(sql) : NULL;
	const struct policy_options *o = config_server(s->config, 0);
	s->world = (struct world){ .rules = some, .rule_count = count, .profile_table = 0, .first_table = 1,
	    .on = xcalloc(config_profile_count(s->config), sizeof *s->world.on),
	    .dns = { ask, forget, s }, .sites = { [ABOUT_RECIPIENT] = { ask_site, forget_site, s },
	    [ABOUT_LOGIN] = { ask_none, forget_site, s }, [ABOUT_RELAY] = { ask_none, forget_site, s },
	    [ABOUT_REPUTATION] = { ask_none, forget_site, s } }, .sent = { sent_since, s },
	    .triplets = { past_of, s }, .quotas = { nothing_used, nothing_counted, none_before, NULL },
	    .clients = { on_record_of, tried_of, activity_of, none_bounced, no_bounces, networks_of, looks_broken,
	    no_relay, block_of, s }, .block_ipv4 = 32, .block_ipv6 = 64,
	    .local_networks = o->local_networks, .only_log = o->mode == MODE_LOG, .help_url = o->help_url,
	    .own_name = "mx.example.org", .addresses = (enum addresses)o->addresses, .login_realm = o->login_realm };
}

void
scene_close(struct scene *s)
{
	if (s->lists != NULL)
		lists_release(s->lists);
	config_release(s->config);
	free(s->world.on);
	free((void *)(uintptr_t)s->schema.profile);
}

size_t
scene_place_of(const char *rule)
{
	size_t place = 0;

	while (strcmp(rules[place]->name, rule) != 0)
		place++;
	return place;
}

void
scene_begin(struct scene *s, const char *attributes)
{
	char buffer[512];
	struct text why = TEXT(buffer);

	s->arena = arena_new();
	char *bytes = arena_printf(s->arena, "request=smtpd_access_policy\n%s%s\n", attributes,
	    strstr(attributes, "protocol_state=") ? "" : "protocol_state=RCPT\n");
	if (!request_parse(&s->request, bytes, strlen(bytes), &why))
		fail_msg("%s", buffer);
	s->eval = eval_new(s->arena, &s->world, &s->request, s->lists, NOW_S);
	struct route to = route_request(s->config, s->lists, &s->request, s->eval->recipient, NOW_S);
	s->eval->hook = to.hook;
	s->eval->service = to.service;
	s->eval->profile = to.profile;
	s->eval->landed = on_landed;
	s->eval->landed_arg = s;
	s->landed = 0;
}

void
scene_end(struct scene *s)
{
	eval_end(s->eval);
	assert_int_equal(scene_open_count(s), 0);
	for (size_t i = 0; i < s->asked_count; i++)
		free(s->asked[i].name);
	s->asked_count = 0;
	arena_free(s->arena);
}

struct decision
scene_decide(struct scene *s)
{
	while (!eval_run(s->eval))
		scene_answer(s, scene_open_place(s, 0));
	return decide(s->eval);
}

const char *
scene_text(const struct eval *e, const struct decision *d, const char *reference)
{
	char buffer[REPLY_MAX];
	struct text reply = TEXT(buffer);

	return reply_encode(&reply, e, d, reference);
}
