/* eval.c - one request being judged: it promises that …
 *
 * The property test draws worlds (settings, lists, DNS) from a seed and delivers
 * each world's answers in many orders; EVAL_SEED=N and EVAL_WORLDS=N draw others.
 */
#include "scene.h"
#include "stderr.h"
#include "rules/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SEED = 20261123, WORLDS = 400, EVERY_ORDER_MAX = 5, ORDERS_MAX = 2000, RANDOM_ORDERS = 30 };

/* ---- numbers from a seed (splitmix64) ---- */

static uint64_t
mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static uint64_t state;

static unsigned
draw(unsigned below)
{
	state = mix(state);
	return (unsigned)(state >> 33) % below;
}

#define PICK(words) ((words)[draw(sizeof (words) / sizeof *(words))])

/* ---- a random world ---- */

struct nature {
	uint64_t seed;			/* the DNS is a function of it and the question */
	bool knows_some;		/* the cache has some answers */
	bool remembers;			/* told is filled */
	uint64_t other;			/* not 0: the seed of all that is not in told */
	uint64_t told[SCENE_QUESTIONS];
	size_t told_count;
};

static const char *
one_of(uint64_t h, const char *const *lines, size_t count)
{
	return lines[(h >> 20) % count];
}

/* What is drawn for a question; type 0: a recipient, for the site's database. */
static uint64_t
draw_answer(struct nature *n, const char *name, enum dns_type type)
{
	uint64_t question = mix((uint64_t)type), told = n->other;

	for (const char *c = name; *c; c++)
		question = mix(question ^ (unsigned char)*c);
	for (size_t i = 0; i < n->told_count; i++)
		if (n->told[i] == question)
			told = 0;
	if (n->remembers)
		n->told[n->told_count++] = question;
	return mix(question ^ (told ? told : n->seed));
}

static struct site_answer
nature_site(struct scene *s, const char *recipient)
{
	static const enum site_status statuses[] = { SITE_NO_ROW, SITE_YES, SITE_YES, SITE_YES, SITE_NO, SITE_CANNOT_TELL };
	uint64_t h = draw_answer(s->arg, recipient, 0);

	return (struct site_answer){ statuses[(h >> 20) % (sizeof statuses / sizeof *statuses)], "" };
}

static const struct answer *
nature_says(struct scene *s, const char *name, enum dns_type type)
{
#define ONE_OF(...) one_of(h, (const char *const[]){ __VA_ARGS__ }, \
	sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))
	uint64_t h = draw_answer(s->arg, name, type);
	const char *line;

	if (type == DNS_PTR)
		line = ONE_OF("NXDOMAIN", "NODATA", "SERVFAIL", "mail.example.net", "mail.example.net",
		    "mail.example.net|other.example.com|mx.example.org", "other.example.com", "localhost", "localhost|mail.example.net");
	else if (type == DNS_MX)
		line = ONE_OF("NXDOMAIN", "NODATA", "SERVFAIL", "10 mx.example.net", "0 .", "0 .|10 mx.example.net");
	else if (type == DNS_TXT && strstr(name, ".bl") != NULL)
		line = ONE_OF("NODATA", "SERVFAIL", "sends spam", "see https://bl.example/");
	else if (type == DNS_TXT)
		line = ONE_OF("NODATA", "SERVFAIL", "not for mail", "v=spf1 -all", "v=spf1 ip4:203.0.113.7 ip6:2001:db8::/32 ~all",
		    "v=spf1 a mx -all exp=why.example.net", "v=spf1 a:x.example.com -all", "v=spf1 mx -all|other", "v=spf1 a|v=spf1 mx",
		    "v=spf1 include:%{h}.example.com include:i2.example.com ?all", "v=spf1 exists:%{ir}.%{p}.example.com -all",
		    "v=spf1 ptr:example.net -all", "v=spf1 ptr:example.net ~all", "v=spf1 ptr redirect=r1.example.com", "v=spf1 mx redirect=%{d2}",
		    "v=spf1 a include:i3.example.com -mx exists:%{l}.example.org ~all", "v=spf1 nonsense -all");
	else if (strstr(name, ".bl") != NULL)
		line = ONE_OF("NXDOMAIN", "NXDOMAIN", "SERVFAIL", "127.0.0.2", "127.0.0.4", "127.0.0.9");
	else if (type == DNS_AAAA)
		line = ONE_OF("NXDOMAIN", "NODATA", "NODATA", "SERVFAIL", "2001:db8::7", "2001:db8::8");
	else
		line = ONE_OF("NXDOMAIN", "NODATA", "SERVFAIL", "192.0.2.7", "203.0.113.7", "198.51.100.9",
		    "198.51.100.9|203.0.113.7");
	return scene_says(name, type, line);
}

static bool
nature_knows(struct scene *s, const char *name, enum dns_type type)
{
	const struct nature *n = s->arg;

	(void)name;
	(void)type;
	return n->knows_some && draw(2) == 0;
}

static void
draw_setting(struct text *t, const struct option *check, bool mild)
{
	static const char *const mild_actions[] = { "off", "log", "score 1", "greylist", "greylist" };
	static const char *const actions[] = { "off", "log", "score 3", "score 5", "score -2", "greylist", "defer", "reject", "reject" };
	static const char *const errors[] = { "", " on_error skip", " on_error defer" };
	static const char *const dates[] = { "", "", "", " from 2020-01-01", " from 2100-01-01" };
	static const char *const texts[] = { "", "", " \"our own words\"" };

	text_addf(t, "%s = %s%s%s%s\n", check->name, mild ? PICK(mild_actions) : PICK(actions), mild ? "" : PICK(errors), PICK(dates), PICK(texts));
}

static void
draw_conf(struct text *t, bool reject_by_score)
{
	static const char *const scores[] = { "0", "0", "3", "6", "8" };
	static const char *const sites[] = { "", "bl1.example", "bl1.example, bl2.example*2, bl3.example=127.0.0.[2..5]*-1",
	    "bl1.example=127.0.0.2*2, bl1.example=127.0.0.4*3, bl2.example, bl3.example, bl4.example*-2, bl5.example" };
	static const char *const words[] = { "address", "required" };
	static const char *const levels[] = { "exact", "organisation", "network" };
	static const char *const dynamic[] = { "", "bl1.example=127.0.0.4", "bl2.example=127.0.0.9, bl6.example=127.0.0.2" };
	static const char *const allow_sites[] = { "", "", "", "", "bl6.example=127.0.0.9" };
	static const char *const spf_skip[] = { "", "", "", "192.0.2.0/24 mail.example.net", "203.0.113.7", ".example.com" };
	static const char *const domain_sites[] = { "", "", "", "bl7.example*2, bl8.example=127.0.0.4*-1" };

	bool spf_alone = draw(3) == 0;		/* else it is seldom reached: others refuse before */
	bool mild = draw(2) == 0;		/* so that something is left to be greylisted */

	text_addf(t, "[server]\nlocal_networks = 127.0.0.0/8%s\n[mx]\n", draw(8) == 0 ? " 203.0.113.0/24" : "");
	text_addf(t, "mode = %s\n", draw(10) == 0 ? "log" : "enforce");
	text_addf(t, "greylist_when = %s\ngreylist_delay = %s\ngreylist_auto_pass = %u\ngreylist_ipv4 = %u\n",
	    draw(4) == 0 ? "always" : "evidence", draw(8) == 0 ? "0s" : "5m", draw(3) * 3, draw(2) ? 24u : 32u);
	text_addf(t, "score_greylist = %s\nscore_defer = %s\nscore_reject = %s\n", PICK(scores), PICK(scores),
	    reject_by_score ? PICK(scores) : "0");
	for (size_t i = 0; i < rules_count; i++)
		for (size_t k = 0; k < rules[i]->options.count; k++)
			if (rules[i]->options.rows[k].type == OPT_SETTING) {
				if (spf_alone && strncmp(rules[i]->name, "spf", 3) != 0)
					text_addf(t, "%s = off\n", rules[i]->options.rows[k].name);
				else
					draw_setting(t, &rules[i]->options.rows[k], mild);
			}
	text_addf(t, "sender_mx = %s\ndnsbl_sites = %s\ndnsbl_threshold = %u\nlocal_domains = example.org\n", PICK(words),
	    PICK(sites), 1 + draw(4));
	text_addf(t, "helo_match = %s\n", PICK(levels));
	text_addf(t, "dynamic_names = *.example.com\ndnsbl_dynamic = %s\n", PICK(dynamic));
	text_addf(t, "spf_skip_clients = %s\n", PICK(spf_skip));
	text_addf(t, "dnswl_sites = %s\nrhsbl_sites = %s\nrhsbl_names = sender helo client\n", PICK(allow_sites),
	    PICK(domain_sites));
}

static const char *
draw_lists(void)
{
	static const char *const lists[] = {
		NULL,
		"INSERT INTO hand_allow VALUES(1, '.example.net', '', '', '', '', NULL)",
		"INSERT INTO hand_allow VALUES(1, 'mail.example.net', '', '', 'to@example.org', '', NULL)",
		"INSERT INTO hand_allow VALUES(1, '203.0.113.7', '', '', '', '', NULL)",
		"INSERT INTO hand_deny VALUES(1, '.example.com', '', '', '', '', NULL)",
		"INSERT INTO hand_deny VALUES(1, 'mail.example.net', '', '', '', '', NULL);"
		"INSERT INTO hand_allow VALUES(1, '.example.org', '', '', '', '', NULL)",
		"INSERT INTO hand_recipient_setting VALUES('to@example.org', 'sender_no_mx', 'score 4', NULL)",
		"INSERT INTO hand_recipient_setting VALUES('to@example.org', 'greylist', 'greylist', NULL),"
		" ('example.org', 'sender_no_mx', 'greylist', NULL), ('example.org', 'spf_none', 'greylist', NULL)",
		"INSERT INTO hand_recipient_setting VALUES('to@example.org', 'greylist', 'score 3', NULL),"
		" ('to@example.org', 'dnsbl', 'greylist', NULL)",
	};

	return PICK(lists);
}

static void
draw_request(struct text *t)
{
	static const char *const clients[] = { "203.0.113.7", "203.0.113.7", "203.0.113.7", "2001:db8::7", "10.0.0.1", "unknown" };
	static const char *const helos[] = { "mail.example.net", "mail.example.net", "mail.example.net", "nodot",
	    "my_pc.example.net", "[203.0.113.7]", "[192.0.2.99]", "mx.example.org", "" };
	static const char *const senders[] = { "a@example.net", "a@example.net", "b@nowhere.example", "" };
	static const char *const names[] = { "unknown", "unknown", "unknown", "", "mail.example.net",
	    "dsl-203-0-113-7.example.net" };

	text_addf(t, "client_address=%s\nhelo_name=%s\nsender=%s\nrecipient=to@example.org\nclient_name=%s\n",
	    PICK(clients), PICK(helos), PICK(senders), PICK(names));
}

/* What greylisting remembers. */
static struct triplet_past
draw_past(uint64_t seed)
{
	static const struct triplet_past pasts[] = { { .known = false }, { .known = true, .next_gen = 1 },
	    { .known = true, .next_gen = 1 }, { .known = true, .waits = true, .client = "example.net", .first_s = 1799999900 },
	    { .known = true, .waits = true, .client = "example.net", .first_s = 1799990000 },
	    { .known = true, .proven = true, .client = "example.net", .last_s = 1799990000 },
	    { .known = true, .proven = true, .client = "example.net", .last_s = 1799000000 },
	    { .known = true, .next_gen = 2, .proven_client = "example.net", .client_passes = 4, .client_last_s = 1799000000 } };

	return pasts[seed / 3 % (sizeof pasts / sizeof *pasts)];
}

/* ---- orders ---- */

/* One order: which of the open questions is answered next, as digits of a number that counts through all. */
struct order {
	size_t choice[SCENE_QUESTIONS], of[SCENE_QUESTIONS];
	size_t depth;
};

static bool
next_order(struct order *o)
{
	while (o->depth > 0 && ++o->choice[o->depth - 1] == o->of[o->depth - 1])
		o->choice[--o->depth] = 0;
	return o->depth > 0;
}

static void
add_news(struct text *t, const struct triplet_news *news)
{
	text_addf(t, " news %d counts %d of", (int)news->event, news->counts);
	for (size_t i = 0; i < TRIPLET_CLIENTS && news->triplet.clients[i] != NULL; i++)
		text_addf(t, " %s", news->triplet.clients[i]);
	text_addf(t, " <%s> first %lld", news->triplet.sender, (long long)news->past.first_s);
}

static void
print_decision(struct scene *s, char *to, size_t size)
{
	struct text t = { .at = to, .size = size };
	struct decision d = decide(s->eval);

	text_addf(&t, "%s check %s rule %s %s \"%s\" score %d would %s header %s greylisted %d delay %lld", decision_word(&d), d.check ? d.check : "-",
	    d.rule ? d.rule : "-", d.enhanced ? d.enhanced : "-", scene_text(s->eval, &d, ""), d.score, d.would ? d.would : "-",
	    d.header ? d.header : "-", d.greylisted, (long long)d.delay_s);
	if (s->eval->news != NULL)
		add_news(&t, s->eval->news);
}

/* Follow the order's digits, the first open question behind their end. */
static void
run_in_order(struct scene *s, struct order *o)
{
	size_t depth = 0;

	while (!eval_run(s->eval)) {
		size_t open = scene_open_count(s);

		assert_true(open > 0);
		if (depth == o->depth)
			o->choice[o->depth++] = 0;
		o->of[depth] = open;
		scene_answer(s, scene_open_place(s, o->choice[depth++]));
	}
}

/* Any order, up to four answers between two runs. */
static void
run_at_random(struct scene *s)
{
	while (!eval_run(s->eval)) {
		assert_true(scene_open_count(s) > 0);
		for (unsigned n = 1 + draw(4); n > 0 && scene_open_count(s) > 0; n--)
			scene_answer(s, scene_open_place(s, draw((unsigned)scene_open_count(s))));
	}
}

struct tally { unsigned worlds, orders, refused, greylisted, scored, shadowed, whole, most; };

static void
compare(const char *want, const char *got, uint64_t seed, unsigned world, const char *conf, const char *request_text)
{
	if (strcmp(want, got) != 0)
		fail_msg("EVAL_SEED=%llu world %u: first %s, in another order %s\n%s\n%s", (unsigned long long)seed, world,
		    want, got, conf, request_text);
}

static void
one_world(uint64_t seed, unsigned world, struct tally *tally)
{
	char conf_room[10000], request_room[500], want[2500], got[2500];
	struct text conf = TEXT(conf_room), request_text = TEXT(request_room);
	struct nature nature = { .seed = mix(seed ^ mix(world)) };
	struct scene s = { .says = nature_says, .knows = nature_knows, .site = nature_site,
	    .sent = (enum known)(nature.seed % 3), .past = draw_past(nature.seed), .arg = &nature };
	struct order order = { .depth = 0 };

	state = nature.seed;
	draw_conf(&conf, true);
	draw_request(&request_text);
	scene_open(&s, NULL, 0, conf_room, draw_lists());
	scene_begin(&s, request_room);
	run_in_order(&s, &order);
	print_decision(&s, want, sizeof want);
	struct decision d = decide(s.eval);
	tally->worlds++;
	tally->refused += d.action != ACTION_DUNNO;
	tally->greylisted += d.greylisted;
	tally->scored += d.score != 0;
	tally->shadowed += d.would != NULL;
	tally->most = s.asked_count > tally->most ? (unsigned)s.asked_count : tally->most;
	/* Another order may lead to many more questions: then not all of them. */
	bool several = s.asked_count > 1, more = s.asked_count <= EVERY_ORDER_MAX;
	scene_end(&s);
	for (unsigned n = 0; more && n < ORDERS_MAX && (more = next_order(&order)); n++) {
		scene_begin(&s, request_room);
		run_in_order(&s, &order);
		print_decision(&s, got, sizeof got);
		compare(want, got, seed, world, conf_room, request_room);
		scene_end(&s);
		tally->orders++;
	}
	tally->whole += several && !more && order.depth == 0;
	for (unsigned i = 0; i < RANDOM_ORDERS; i++) {
		nature.knows_some = i % 2;
		scene_begin(&s, request_room);
		run_at_random(&s);
		print_decision(&s, got, sizeof got);
		compare(want, got, seed, world, conf_room, request_room);
		scene_end(&s);
		tally->orders++;
	}
	scene_close(&s);
}

static void
any_order(void **unused)
{
	const char *seed_given = getenv("EVAL_SEED"), *worlds_given = getenv("EVAL_WORLDS");
	uint64_t seed = seed_given ? strtoull(seed_given, NULL, 10) : SEED;
	unsigned worlds = worlds_given ? (unsigned)strtoul(worlds_given, NULL, 10) : WORLDS;
	struct tally tally = { 0 };

	(void)unused;
	for (unsigned i = 0; i < worlds; i++)
		one_world(seed, i, &tally);
	print_message("# %u worlds, %u orders; %u refused (%u greylisted), %u scored, %u with shadows, %u in every order, up to %u questions\n",
	    tally.worlds, tally.orders, tally.refused, tally.greylisted, tally.scored, tally.shadowed, tally.whole, tally.most);
	if (worlds < WORLDS)
		return;
	/* Worlds in which nothing happens would prove nothing. */
	assert_true(tally.refused > worlds / 5 && tally.refused < worlds);
	assert_true(tally.greylisted > worlds / 100 && tally.scored > worlds / 20 && tally.shadowed > worlds / 20 && tally.whole > worlds / 20);
	assert_true(tally.most > 10);
}

/*
 * Answers that came before the deadline stay; what was open then is drawn anew, again and again: a refusal for good
 * must stand in each of these worlds.  Without score_reject: a check with a negative score may be unknown too.
 */
static bool
close_one_world(uint64_t seed, unsigned world)
{
	char conf_room[10000], request_room[500], closed[2500], whole[2500];
	struct text conf = TEXT(conf_room), request_text = TEXT(request_room);
	struct nature nature = { .seed = mix(seed ^ mix(world)), .remembers = true };
	struct scene s = { .says = nature_says, .site = nature_site, .sent = (enum known)(nature.seed % 3),
	    .past = draw_past(nature.seed), .arg = &nature };

	state = nature.seed;
	draw_conf(&conf, false);
	draw_request(&request_text);
	scene_open(&s, NULL, 0, conf_room, draw_lists());
	scene_begin(&s, request_room);
	bool final = eval_run(s.eval);
	for (unsigned n = draw(8); n > 0 && !final; n--) {
		scene_answer(&s, scene_open_place(&s, draw((unsigned)scene_open_count(&s))));
		final = eval_run(s.eval);
	}
	if (!final)
		eval_close(s.eval);
	assert_true(final || scene_open_count(&s) == 0);
	bool refused = decide(s.eval).action == ACTION_REJECT;
	print_decision(&s, closed, sizeof closed);
	scene_end(&s);
	nature.remembers = false;
	for (unsigned i = 1; i <= 20 && refused; i++) {
		nature.other = mix(seed ^ i);
		scene_begin(&s, request_room);
		run_at_random(&s);
		print_decision(&s, whole, sizeof whole);
		if (decide(s.eval).action != ACTION_REJECT)
			fail_msg("EVAL_SEED=%llu world %u: at the deadline %s, when all is known %s\n%s\n%s",
			    (unsigned long long)seed, world, closed, whole, conf_room, request_room);
		scene_end(&s);
	}
	scene_close(&s);
	return refused;
}

static void
unknown_refuses_nobody(void **unused)
{
	const char *seed_given = getenv("EVAL_SEED");
	unsigned refused = 0;

	(void)unused;
	for (unsigned i = 0; i < 2 * WORLDS; i++)
		refused += close_one_world(seed_given ? strtoull(seed_given, NULL, 10) : SEED + 1, i);
	assert_true(refused > WORLDS / 10);
}

/* ---- one thing at a time ---- */

#define NAMED_FRIENDS "INSERT INTO hand_allow VALUES(1, '.example.net', '', '', '', '', NULL)"
#define STRANGER "client_address=203.0.113.7\nsender=a@example.com\nrecipient=to@example.org\n"
#define GREETING "helo_name=[203.0.113.7]\n"

/* What the DNS says in these cases: the PTR as the test has it, what leads back to the client or fails, else nothing. */
static const struct answer *
simply_says(struct scene *s, const char *name, enum dns_type type)
{
	if (type == DNS_PTR)
		return scene_says(name, type, s->arg);
	if (type == DNS_NS)
		return scene_says(name, type, "NODATA");
	if (strncmp(name, "broken.", strlen("broken.")) == 0)
		return scene_says(name, type, "SERVFAIL");
	bool leads_back = strcmp(name, "mail.example.net") == 0 || strcmp(name, "host.example.com") == 0;
	return scene_says(name, type, leads_back && type == DNS_A ? "203.0.113.7" : "NXDOMAIN");
}

static size_t
place_of(const struct scene *s, enum dns_type type)
{
	for (size_t i = 0; i < s->asked_count; i++)
		if (s->asked[i].type == type && s->asked[i].waiter != NULL)
			return i;
	fail_msg("no %s is asked", dns_type_name(type));
	return 0;
}

static void
assert_decision(struct scene *s, const char *action, const char *check)
{
	struct decision d = decide(s->eval);

	assert_string_equal(decision_word(&d), action);
	assert_string_equal(d.check ? d.check : "", check);
}

static void
reject_ends_the_walk(void **unused)
{
	struct scene s = { .says = simply_says, .arg = (void *)(uintptr_t)"NXDOMAIN" };

	(void)unused;
	scene_open(&s, NULL, 0, "", NULL);
	scene_begin(&s, STRANGER "helo_name=nodot\n");
	assert_true(eval_run(s.eval));
	assert_int_equal(s.asked_count, 0);
	assert_decision(&s, "reject", "helo_not_fqdn");
	assert_int_equal(s.eval->states[rules_count - 1].progress, RULE_NOT_RUN);
	scene_end(&s);
	scene_close(&s);
}

/* Two names, of which the first cannot be looked up: it may be the one that a row of allow names. */
static const struct answer *
half_says(struct scene *s, const char *name, enum dns_type type)
{
	(void)s;
	if (type == DNS_PTR)
		return scene_says(name, type, "mail.example.net|mail.example.com");
	return scene_says(name, type, strcmp(name, "mail.example.com") == 0 ? "203.0.113.7" : "SERVFAIL");
}

static void
allowlists_can_be_off(void **unused)
{
	struct scene s = { .says = simply_says, .arg = (void *)(uintptr_t)"mail.example.net" };

	(void)unused;
	scene_open(&s, NULL, 0, "[mx]\nallowlists = no\n", NAMED_FRIENDS);
	scene_begin(&s, STRANGER "helo_name=nodot\n");
	assert_true(eval_run(s.eval));
	assert_decision(&s, "reject", "helo_not_fqdn");
	scene_end(&s);
	scene_close(&s);
}

static void
everybody_reaches_the_postmaster(void **unused)
{
	static const struct { const char *lists, *request, *action; } cases[] = {
		{ NULL, "recipient=postmaster@example.org\nhelo_name=nodot\n", "dunno" },
		{ NULL, "recipient=to@example.org\nhelo_name=nodot\n", "reject" },
		{ "INSERT INTO hand_deny VALUES(1, '203.0.113.7', '', '', '', '', NULL)",
		  "recipient=postmaster@example.org\nhelo_name=mx.example.com\n", "reject" },
		{ "INSERT INTO hand_unwanted VALUES(1, 'example.org', '203.0.113.7', '', '', 'recipient', NULL)",
		  "recipient=abuse@example.org\nhelo_name=mx.example.com\n", "dunno" },
		{ "INSERT INTO hand_unwanted VALUES(1, 'example.org', '203.0.113.7', '', '', 'recipient', NULL);"
		  "INSERT INTO hand_allow VALUES(1, '203.0.113.7', '', '', '', '', NULL)",
		  "recipient=to@example.org\nhelo_name=mx.example.com\n", "reject" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct scene s = { .says = simply_says, .arg = (void *)(uintptr_t)"NXDOMAIN" };
		char text[300];

		scene_open(&s, NULL, 0, "", cases[i].lists);
		snprintf(text, sizeof text, "client_address=203.0.113.7\nsender=\n%s", cases[i].request);
		scene_begin(&s, text);
		assert_string_equal(decision_word(&(struct decision){ .action = scene_decide(&s).action }), cases[i].action);
		scene_end(&s);
		scene_close(&s);
	}
}

/* Rows of block, and a spam trap: what is decided, and whether the client is blocked for it. */
static void
blocks_do_not_add_up(void **unused)
{
	static const struct { const char *rows, *action; int strikes; } cases[] = {
		{ "('192.0.2.1', 1, NULL, 1)", "reject", 1 },
		{ "('203.0.113.7', 1, 1700000000, 2)", "reject", 1 },	/* forgotten by now */
		{ "('203.0.113.7', 1, 1799999990, 2)", "reject", 3 },
		{ "('203.0.113.7', 1, 1800000010, 2)", "reject", 0 },
		{ "('203.0.113.7', 1800000001, 1800009999, 2)", "reject", 3 },	/* not yet */
		{ "('203.0.113.7', 1, 1800000010, 2), ('203.0.113.0/24', 1, NULL, 1)", "reject client_block_permanent", 0 },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct scene s = { .says = simply_says, .arg = (void *)(uintptr_t)"NXDOMAIN" };
		char sql[300], said[100];

		snprintf(sql, sizeof sql, "INSERT INTO hand_spamtrap VALUES ('to@example.org', NULL);"
		    "INSERT INTO hand_block (client, since, expires, strikes) VALUES %s", cases[i].rows);
		scene_open(&s, NULL, 0, "", sql);
		scene_begin(&s, "client_address=203.0.113.7\nsender=\nrecipient=to@example.org\nhelo_name=mx.example.com\n");
		struct decision d = scene_decide(&s);
		snprintf(said, sizeof said, "%s %s", decision_word(&d), d.check);
		assert_ptr_equal(strstr(said, cases[i].action), said);
		assert_int_equal(d.block ? d.block->strikes : 0, cases[i].strikes);
		scene_end(&s);
		scene_close(&s);
	}
}

/* At mx-pre, with these rows of allow: what is decided of a spam trap or of somebody else, and whether the DNS is asked. */
static void
traps_are_no_mailboxes(void **unused)
{
	static const struct { const char *allow, *recipient, *action; bool asks; } cases[] = {
		{ "192.0.2.1", "trap", "reject spamtrap", false },
		{ "192.0.2.1", "ann", "dunno -", false },
		{ "203.0.113.7", "trap", "dunno -", false },
		{ "mail.example.net", "trap", "dunno -", true },
		{ "mail.example.com", "trap", "reject spamtrap", true },
		{ "mail.example.com", "ann", "dunno -", false },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct scene s = { .says = simply_says, .arg = (void *)(uintptr_t)"mail.example.net" };
		char sql[300], attributes[200], said[100];

		snprintf(sql, sizeof sql, "INSERT INTO hand_spamtrap VALUES ('trap@example.org', NULL);"
		    "INSERT INTO hand_allow VALUES (1, '%s', '', '', '', '', NULL)", cases[i].allow);
		snprintf(attributes, sizeof attributes, "client_address=203.0.113.7\nsender=bob@example.net\n"
		    "recipient=%s@example.org\npolicy_context=mx-pre\n", cases[i].recipient);
		scene_open(&s, NULL, 0, "", sql);
		scene_begin(&s, attributes);
		struct decision d = scene_decide(&s);
		snprintf(said, sizeof said, "%s %s", decision_word(&d), d.check ? d.check : "-");
		assert_string_equal(said, cases[i].action);
		assert_int_equal(d.block != NULL, d.action == ACTION_REJECT);
		assert_int_equal(s.asked_count > 0, cases[i].asks);
		scene_end(&s);
		scene_close(&s);
	}
}

/* A login that sends from everywhere: what is decided under these settings, and whether the login is blocked for it. */
static void
logins_are_blocked_by_reject_alone(void **unused)
{
	static const struct { const char *conf, *rows, *action; int strikes; } cases[] = {
		{ "login_spread = reject", NULL, "defer login_spread", 1 },
		{ "login_spread = defer", NULL, "defer login_spread", 0 },
		{ "login_spread = log", NULL, "dunno -", 0 },
		{ "login_spread = score 9\nscore_defer = 9", NULL, "defer score_defer", 0 },
		{ "login_spread = reject from 2999-01-01", NULL, "dunno -", 0 },
		{ "login_spread = reject\nmode = log", NULL, "dunno -", 0 },
		{ "login_spread = reject", "('ann@example.org', 1, 1799999990, 2)", "defer login_spread", 3 },
		{ "login_spread = reject", "('ann@example.org', 1, 1700000000, 2)", "defer login_spread", 1 },
		{ "login_spread = reject", "('ann@example.org', 1, 1800000010, 2)", "defer login_block", 0 },
		{ "login_spread = reject", "('ann@example.org', 1, NULL, 2)", "reject login_block", 0 },
		{ "login_spread = reject", "('bob@example.org', 1, 1800000010, 2)", "defer login_spread", 1 },
		{ "login_spread = reject", "('ann', 1, NULL, 2)", "defer login_spread", 1 },
		{ "login_spread = reject\n[server]\nlogin_realm = Example.org", "('Ann', 1, NULL, 2)", "reject login_block", 0 },
		{ "login_spread = reject\n[server]\nlogin_realm = example.org", "('ann', 1, 1799999990, 2)", "defer login_spread", 3 },
		{ "login_spread = reject\n[server]\nlogin_realm = example.net", "('ann', 1, NULL, 2)", "defer login_spread", 1 },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct scene s = { .says = simply_says, .arg = (void *)(uintptr_t)"NXDOMAIN", .networks = 10 };
		char conf[200], sql[200], said[100];

		snprintf(conf, sizeof conf, "[submission]\n%s\n", cases[i].conf);
		snprintf(sql, sizeof sql, "INSERT INTO hand_block (login, since, expires, strikes) VALUES %s",
		    cases[i].rows ? cases[i].rows : "('nobody@example.org', 1, NULL, 1)");
		scene_open(&s, NULL, 0, conf, sql);
		scene_begin(&s, "client_address=203.0.113.7\nsasl_username=Ann@example.org\nsender=ann@example.org\nrecipient=to@example.net\n");
		struct decision d = scene_decide(&s);
		snprintf(said, sizeof said, "%s %s", decision_word(&d), d.check ? d.check : "-");
		assert_string_equal(said, cases[i].action);
		assert_int_equal(d.block ? d.block->strikes : 0, cases[i].strikes);
		if (d.block != NULL)
			assert_string_equal(d.block->login, "ann@example.org");
		scene_end(&s);
		scene_close(&s);
	}
}

static void
another_name_might_be_allowed(void **unused)
{
	struct scene s = { .says = half_says };

	(void)unused;
	scene_open(&s, NULL, 0, "", NAMED_FRIENDS);
	scene_begin(&s, STRANGER "helo_name=nodot\n");
	scene_decide(&s);
	assert_decision(&s, "defer", "helo_not_fqdn");
	scene_end(&s);
	scene_close(&s);
}

static void
pending_allow_holds_back(void **unused)
{
	static const struct { const char *ptr, *action, *check; } cases[] = {
		{ "NXDOMAIN", "reject", "helo_not_fqdn" },
		{ "mail.example.com", "reject", "helo_not_fqdn" },
		{ "SERVFAIL", "defer", "helo_not_fqdn" },
		{ "mail.example.net", "dunno", "" },
		{ "host.example.com", "reject", "helo_not_fqdn" },
		{ "broken.example.com|mail.example.net", "dunno", "" },
		{ "broken.example.net|host.example.com", "defer", "helo_not_fqdn" },
		{ "host.example.com|broken.example.net", "reject", "helo_not_fqdn" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct scene s = { .says = simply_says, .arg = (void *)(uintptr_t)cases[i].ptr };

		scene_open(&s, NULL, 0, "", NAMED_FRIENDS);
		scene_begin(&s, STRANGER "helo_name=nodot\n");
		assert_false(eval_run(s.eval));
		assert_int_equal(s.asked_count, 1);	/* the PTR: rules behind the reject are not asked */
		scene_decide(&s);
		assert_decision(&s, cases[i].action, cases[i].check);
		scene_end(&s);
		scene_close(&s);
	}
}

static void
deny_wants_the_first_name(void **unused)
{
	static const struct { const char *ptr, *action, *check; } cases[] = {
		{ "host.example.com", "reject", "deny" },
		{ "mail.example.net|host.example.com", "dunno", "" },
		{ "broken.example.net|host.example.com", "defer", "deny" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct scene s = { .says = simply_says, .arg = (void *)(uintptr_t)cases[i].ptr };

		scene_open(&s, NULL, 0, "[mx]\ndeny = reject on_error defer\nsender_no_mx = off\n",
		    "INSERT INTO hand_deny VALUES(1, '.example.com', '', '', '', '', NULL)");
		scene_begin(&s, STRANGER GREETING);
		scene_decide(&s);
		assert_decision(&s, cases[i].action, cases[i].check);
		scene_end(&s);
		scene_close(&s);
	}
}

static void
perhaps_exempt_weakens_the_score(void **unused)
{
	struct scene s = { .says = simply_says, .arg = (void *)(uintptr_t)"SERVFAIL" };

	(void)unused;
	scene_open(&s, NULL, 0, "[mx]\nhelo_not_fqdn = score 9\nscore_reject = 9\nsender_no_mx = off\n", NAMED_FRIENDS);
	scene_begin(&s, STRANGER "helo_name=nodot\n");
	scene_decide(&s);
	assert_decision(&s, "defer", "score_reject");
	scene_end(&s);
	scene_close(&s);
}

static void
final_is_quiet(void **unused)
{
	struct scene s = { .says = simply_says, .arg = (void *)(uintptr_t)"NXDOMAIN" };

	(void)unused;
	scene_open(&s, NULL, 0, "", NULL);
	scene_begin(&s, STRANGER GREETING);
	assert_false(eval_run(s.eval));
	scene_answer(&s, place_of(&s, DNS_A));
	assert_int_equal(s.landed, 1);
	assert_false(eval_run(s.eval));
	scene_answer(&s, place_of(&s, DNS_PTR));
	assert_int_equal(s.landed, 2);
	assert_true(eval_run(s.eval));
	assert_decision(&s, "reject", "client_no_rdns");
	scene_answer(&s, place_of(&s, DNS_MX));
	assert_int_equal(s.landed, 2);
	assert_decision(&s, "reject", "client_no_rdns");
	scene_end(&s);
	scene_close(&s);
}

static void
close_fails_what_is_open(void **unused)
{
	static const struct { const char *conf, *action, *check; } cases[] = {
		{ "", "dunno", "" },
		{ "[mx]\nclient_no_rdns = reject on_error defer\n", "defer", "client_no_rdns" },
		{ "[mx]\nsender_no_mx = reject on_error defer\n", "defer", "sender_no_mx" },
		{ "[mx]\ndnsbl = reject on_error defer\ndnsbl_sites = bl.example\n", "defer", "dnsbl" },
		{ "[mx]\ndnsbl_sites = bl.example\n", "dunno", "" },
		{ "[mx]\nrecipient_unknown = reject on_error defer\n", "defer", "recipient_unknown" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct scene s = { .says = simply_says, .site = nature_site, .arg = (void *)(uintptr_t)"NXDOMAIN" };

		scene_open(&s, NULL, 0, cases[i].conf, NULL);
		scene_begin(&s, STRANGER GREETING);
		assert_false(eval_run(s.eval));
		eval_close(s.eval);
		assert_int_equal(scene_open_count(&s), 0);
		for (const struct question *q = s.eval->questions; q != NULL; q = q->next)
			assert_true(q->about == ABOUT_RECIPIENT ? q->site.status == SITE_CANNOT_TELL : failed(q->answer));
		assert_decision(&s, cases[i].action, cases[i].check);
		scene_end(&s);
		scene_close(&s);
	}
}

/* ---- rules of our own that ask too much ---- */

static unsigned judged;

/* A chain without an end: each answer leads to a next question. */
static struct verdict
judge_endless(struct eval *e)
{
	char name[64] = "1.example";

	for (unsigned i = 2; !is_open(dns_lookup(e, name, DNS_A)); i++) {
		if (i > 1000)
			return DUNNO;
		snprintf(name, sizeof name, "%u.example", i);
	}
	return PENDING;
}

static struct verdict
judge_greedy(struct eval *e)
{
	unsigned failures = 0;

	for (unsigned i = 0; i < QUESTIONS_MAX + 20; i++) {
		char name[64];

		snprintf(name, sizeof name, "%u.example", i);
		failures += failed(dns_lookup(e, name, DNS_A));
	}
	if (waiting(e))
		return PENDING;
	assert_int_equal(failures, 20);
	return DUNNO;
}

/* The same name twice, another type, as two rules would. */
static struct verdict
judge_twins(struct eval *e)
{
	const struct answer *a = dns_lookup(e, "twin.example", DNS_A);

	judged++;
	assert_ptr_equal(a, dns_lookup(e, "twin.example", DNS_A));
	assert_ptr_not_equal(a, dns_lookup(e, "twin.example", DNS_AAAA));
	return waiting(e) ? PENDING : DUNNO;
}

static struct verdict
judge_patient(struct eval *e)
{
	const struct answer *a = dns_lookup(e, "patient.example", DNS_A);

	judged++;
	return is_open(a) ? PENDING : DUNNO;
}

static struct verdict
judge_once(struct eval *e)
{
	(void)e;
	judged += 100;
	return DUNNO;
}

#define RULE(n) static const struct rule n = { #n, judge_##n, STAGE_RCPT, HOOK_MX, 0, { NULL, 0, 0 } }
RULE(endless);
RULE(greedy);
RULE(twins);
RULE(patient);
RULE(once);

static void
endless_questions_end(void **unused)
{
	static const struct rule *const some[] = { &endless, &once };
	struct scene s = { .says = simply_says };

	(void)unused;
	scene_open(&s, some, 2, "", NULL);
	scene_begin(&s, STRANGER);
	stderr_catch();
	scene_decide(&s);
	const char *heard = stderr_release();
	assert_non_null(strstr(heard, "warning: policy: rule endless is still asking after 500 runs"));
	assert_int_equal(s.asked_count, RUNS_MAX);
	assert_true(s.eval->closed);
	assert_int_equal(scene_open_count(&s), 0);
	assert_decision(&s, "dunno", "");
	scene_end(&s);
	scene_close(&s);
}

static void
too_many_questions_fail(void **unused)
{
	static const struct rule *const some[] = { &greedy };
	struct scene s = { .says = simply_says };

	(void)unused;
	scene_open(&s, some, 1, "", NULL);
	scene_begin(&s, STRANGER);
	assert_false(eval_run(s.eval));
	assert_int_equal(s.asked_count, QUESTIONS_MAX);
	assert_int_equal(s.eval->question_count, QUESTIONS_MAX);
	while (scene_open_count(&s) > 0)
		scene_answer(&s, scene_open_place(&s, 0));
	assert_true(eval_run(s.eval));
	scene_end(&s);
	scene_close(&s);
}

static void
same_question_once(void **unused)
{
	static const struct rule twins_again = { "again", judge_twins, STAGE_RCPT, HOOK_MX, 0, { NULL, 0, 0 } };
	static const struct rule *const some[] = { &twins, &once, &twins_again };
	struct scene s = { .says = simply_says };

	(void)unused;
	judged = 0;
	scene_open(&s, some, 3, "", NULL);
	scene_begin(&s, STRANGER);
	assert_false(eval_run(s.eval));
	assert_int_equal(s.asked_count, 2);
	scene_answer(&s, 0);
	scene_answer(&s, 1);
	assert_true(eval_run(s.eval));
	assert_int_equal(s.asked_count, 2);
	assert_int_equal(judged, 104);	/* the pending twins in both runs, the other one once */
	scene_end(&s);
	scene_close(&s);
}

static void
no_news_no_run(void **unused)
{
	static const struct rule *const some[] = { &patient, &twins };
	static const unsigned judged_then[] = { 5, 3, 4 };	/* by the question that landed, patient's last */
	struct scene s = { .says = simply_says };

	(void)unused;
	judged = 0;
	scene_open(&s, some, 2, "", NULL);
	scene_begin(&s, STRANGER);
	assert_false(eval_run(s.eval));
	assert_int_equal(judged, 2);
	for (size_t i = 1; i <= 3; i++) {
		scene_answer(&s, i % 3);
		assert_int_equal(eval_run(s.eval), i == 3);
		assert_int_equal(judged, judged_then[i % 3]);
	}
	scene_end(&s);
	scene_close(&s);
}

static void
most_lists_one_by_one(void **unused)
{
	char conf[4000];
	struct text t = TEXT(conf);
	struct nature nature = { .seed = 1 };
	struct scene s = { .says = nature_says, .sent = (enum known)(nature.seed % 3), .arg = &nature };

	(void)unused;
	text_add(&t, "[mx]\nclient_no_rdns = log\nclient_rdns_mismatch = log\nsender_no_mx = log\nsender_null_mx = log\n"
	    "dnsbl_sites =");
	for (unsigned i = 0; i < 64; i++)
		text_addf(&t, " s%u.bl.example", i);
	text_add(&t, "\n");
	scene_open(&s, NULL, 0, conf, NULL);
	scene_begin(&s, STRANGER GREETING);
	stderr_catch();
	scene_decide(&s);
	assert_string_equal(stderr_release(), "");
	assert_true(s.eval->runs > 80);
	assert_false(s.eval->closed);
	assert_decision(&s, "reject", "dnsbl");
	scene_end(&s);
	scene_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "the answers' order, and what the cache has, change nothing", any_order, NULL, NULL, NULL },
		{ "what is unknown at the deadline refuses nobody for good", unknown_refuses_nobody, NULL, NULL, NULL },
		{ "rules behind a reject are not asked", reject_ends_the_walk, NULL, NULL, NULL },
		{ "a pending allow holds a reject back, one in doubt makes it a defer", pending_allow_holds_back, NULL, NULL, NULL },
		{ .name = "without allow lists nobody is let alone", .test_func = allowlists_can_be_off },
		{ .name = "everybody reaches the postmaster: deny goes before, a wish and a missing PTR do not",
		  .test_func = everybody_reaches_the_postmaster },
		{ .name = "a login is blocked by reject alone, once, and for longer the next time", .test_func = logins_are_blocked_by_reject_alone },
		{ .name = "a spam trap need be no mailbox, and only who writes there might have to be looked up",
		  .test_func = traps_are_no_mailboxes },
		{ .name = "a block is not made weaker by another, nor is who is blocked blocked again", .test_func = blocks_do_not_add_up },
		{ .name = "a client that may have another name, which is allowed, is not refused for good",
		  .test_func = another_name_might_be_allowed },
		{ "a row of deny wants the name that counts, not one that may", deny_wants_the_first_name, NULL, NULL, NULL },
		{ "an allow in doubt makes a reject by score a defer", perhaps_exempt_weakens_the_score, NULL, NULL, NULL },
		{ "an answer behind the final verdict tells nobody", final_is_quiet, NULL, NULL, NULL },
		{ "at the deadline every open question has failed", close_fails_what_is_open, NULL, NULL, NULL },
		{ "a rule that never stops asking is stopped, and named", endless_questions_end, NULL, NULL, NULL },
		{ "questions beyond the bound have failed at once", too_many_questions_fail, NULL, NULL, NULL },
		{ "the same question is asked once, and a verdict given once", same_question_once, NULL, NULL, NULL },
		{ "a rule that waits is not run for others' answers", no_news_no_run, NULL, NULL, NULL },
		{ "64 lists may answer one by one", most_lists_one_by_one, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("eval.c: it promises that", tests, NULL, NULL);
}
