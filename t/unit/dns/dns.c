/* dns.c - asking the DNS promises that …
 *
 * Against name servers of this test's own, on the same loop (t/lib/dns_server.h).
 */
#include "dns/dns.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "dns_message.h"
#include "dns_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	SERVERS = 2,
	TIMEOUT_MS = 500,			/* where a server is silent, and another is not so late; else nobody may time out */
	PATIENCE_MS = 60000,
};

static struct loop *loop;
static struct dns_server servers[SERVERS];
static struct dns *dns;
static struct dns_options options;
static const char *addresses[SERVERS];

/* ---- who asks ---- */

struct asker {
	struct dns_waiter waiter;
	int times;				/* answered() was called */
	char line[ANSWER_LINE];
	uint32_t took_us;
	const struct asker *forget;		/* from within answered() */
	const char *ask;			/* again, from within answered(): this name */
	struct asker *by;			/* … on behalf of */
};

static bool out_of_patience;
static int told;				/* whoever it was */

static void
take(struct asker *k, const struct answer *a)
{
	k->times++;
	k->took_us = a->took_us;
	answer_line(a, k->line);
	answer_release(a);
}

static void answered(struct dns_waiter *w, const struct answer *a);

static void
ask(struct asker *k, const char *name)
{
	k->waiter.answered = answered;
	int before = k->times;
	const struct answer *a = dns_ask(dns, name, DNS_A, &k->waiter);
	assert_int_equal(k->times, before);	/* never from within */
	if (a != NULL)
		take(k, a);
}

static void
answered(struct dns_waiter *w, const struct answer *a)
{
	struct asker *k = (struct asker *)w;

	told++;
	take(k, a);
	if (k->forget != NULL)
		dns_forget(dns, (struct dns_waiter *)(uintptr_t)&k->forget->waiter);
	if (k->ask != NULL)
		ask(k->by, k->ask);
	loop_stop(loop);
}

static void
on_patience(void *arg)
{
	(void)arg;
	out_of_patience = true;
	loop_stop(loop);
}

/* Run the loop until *count is wanted, in good time. */
static void
wait_for(const int *count, int wanted)
{
	struct timer *t = timer_new(loop, on_patience, NULL);

	out_of_patience = false;
	timer_start(t, PATIENCE_MS, 0);
	while (*count < wanted && !out_of_patience)
		loop_run(loop);
	timer_free(t);
	assert_int_equal(*count, wanted);
}

static void
wait_ms(uint64_t ms)
{
	struct timer *t = timer_new(loop, on_patience, NULL);

	out_of_patience = false;
	timer_start(t, ms, 0);
	while (!out_of_patience)
		loop_run(loop);
	timer_free(t);
}

static uint64_t
metric(const char *name, const char *labels)
{
	return metric_counter(name, labels, "")->value;
}

static int
set_up(void **state)
{
	const char *why = "";
	(void)state;

	clock_release();
	log_open(LOG_TO_NOWHERE);
	loop = loop_new();
	for (int i = 0; i < SERVERS; i++) {
		dns_server_open(&servers[i], loop);
		addresses[i] = servers[i].address;
	}
	options = (struct dns_options){ .nameservers = { 1, addresses }, .dns_timeout_ms = PATIENCE_MS, .dns_tries = 2,
	    .dns_cache_size = 1000, .dns_ttl_min_s = 1, .dns_ttl_max_s = 86400, .dns_negative_max_s = 3600,
	    .dns_failure_ttl_s = 10, .dns_max_in_flight = 100, .dns_max_queue = 100 };
	dns = dns_new(loop, &options, &why);
	assert_non_null(dns);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	dns_free(dns);
	for (int i = 0; i < SERVERS; i++)
		dns_server_close(&servers[i]);
	loop_free(loop);
	return 0;
}

static void
configure(void)
{
	const char *why = "";

	assert_true(dns_configure(dns, &options, &why));
}

/* ---- one question ---- */

#define ADDRESS "an example.com 300 A 192.0.2.7\n"
#define NO_SUCH_NAME "rcode 3\nns example 900 SOA 60\n"	/* known for a minute; without the SOA it is a second */
#define ADDRESSES_5 ADDRESS ADDRESS ADDRESS ADDRESS ADDRESS
#define ADDRESSES_25 ADDRESSES_5 ADDRESSES_5 ADDRESSES_5 ADDRESSES_5 ADDRESSES_5	/* 704 bytes */

static const struct exchange {
	const char *says;
	size_t servers;
	const char *udp[SERVERS], *tcp, *want;	/* the beginning of the answer's line */
	int udp_asked[SERVERS], tcp_asked;
} exchanges[] = {
	{ "an answer is handed out", 1, { ADDRESS }, "", "FOUND 300 192.0.2.7", { 1 }, 0 },
	{ "no such domain is handed out", 1, { "rcode 3\nns com 900 SOA 60\n" }, "", "NXDOMAIN 60", { 1 }, 0 },
	{ "no such data is handed out", 1, { "ns com 900 SOA 60\n" }, "", "NO_DATA 60", { 1 }, 0 },
	{ "an answer cut short is fetched over TCP", 1, { "tc\n" }, ADDRESS, "FOUND 300 192.0.2.7", { 1 }, 1 },
	{ "an answer of more than 512 bytes needs no TCP", 1,
	  { ADDRESSES_25 }, "", "FOUND 300 192.0.2.7 192.0.2.7", { 1 }, 0 },
	{ "an answer over UDP that is longer than allowed is fetched over TCP", 1,
	  { ADDRESSES_25 ADDRESSES_25 }, ADDRESS, "FOUND 300 192.0.2.7", { 1 }, 1 },
	{ "a server that hangs up on TCP is asked again", 1,
	  { "tc\n" }, "close\n---\n" ADDRESS, "FOUND 300 192.0.2.7", { 2 }, 2 },
	{ "a server that always hangs up on TCP is a failure", 1,
	  { "tc\n" }, "close\n", "FAILED 10 no name server can be reached", { 2 }, 2 },
	{ "a question lost on its way is sent again", 1, { "silent\n---\n" ADDRESS }, "", "FOUND 300 192.0.2.7", { 2 }, 0 },
	{ "silence is a failure after all tries", 1, { "silent\n" }, "", "FAILED 10 no answer in ", { 2 }, 0 },
	{ "SERVFAIL is a failure, the only server is asked once", 1, { "rcode 2\n" }, "", "FAILED 10 SERVFAIL", { 1 }, 0 },
	{ "REFUSED is a failure", 1, { "rcode 5\n" }, "", "FAILED 10 REFUSED", { 1 }, 0 },
	{ "a malformed answer is a failure", 1, { "garbage\n" ADDRESS }, "", "FAILED 10 malformed answer", { 1 }, 0 },
	{ "after SERVFAIL another server is asked", 2, { "rcode 2\n", ADDRESS }, "", "FOUND 300 192.0.2.7", { 1, 1 }, 0 },
	{ "SERVFAIL from all is a failure", 2, { "rcode 2\n", "rcode 2\n" }, "", "FAILED 10 SERVFAIL", { 1, 1 }, 0 },
	{ "SERVFAIL is the reason, though another is silent", 2,
	  { "rcode 2\n", "silent\n" }, "", "FAILED 10 SERVFAIL", { 1, 1 }, 0 },
	{ "after silence another server is asked", 2, { "silent\n", ADDRESS }, "", "FOUND 300 192.0.2.7", { 1, 1 }, 0 },
	{ "an answer of another id is dropped", 1, { "forge id\n" ADDRESS }, "", "FOUND 300 192.0.2.7", { 1 }, 0 },
	{ "an answer to another question is dropped", 1,
	  { "forge question\n" ADDRESS }, "", "FOUND 300 192.0.2.7", { 1 }, 0 },
	{ "an answer from elsewhere is dropped", 1, { "forge source\n" ADDRESS }, "", "FOUND 300 192.0.2.7", { 1 }, 0 },
	{ "a server that knows no EDNS is asked without", 1, { "no edns\n" ADDRESS }, "", "FOUND 300 192.0.2.7", { 2 }, 0 },
};

static void
exchanges_messages(void **state)
{
	const struct exchange *e = *state;
	struct asker k = { 0 };

	options.nameservers.count = e->servers;
	for (size_t i = 0; i < e->servers; i++) {
		servers[i].udp_script = e->udp[i];
		if (strstr(e->udp[i], "silent") != NULL)
			options.dns_timeout_ms = TIMEOUT_MS;
	}
	configure();
	servers[0].tcp_script = e->tcp;
	ask(&k, "example.com");
	assert_int_equal(k.times, 0);
	wait_for(&k.times, 1);
	if (strncmp(k.line, e->want, strlen(e->want)) != 0)
		fail_msg("%s, not %s", k.line, e->want);
	assert_true(k.took_us > 0);
	for (size_t i = 0; i < SERVERS; i++)
		assert_int_equal(servers[i].udp_asked, e->udp_asked[i]);
	assert_int_equal(servers[0].tcp_asked, e->tcp_asked);

	ask(&k, "EXAMPLE.com.");		/* now the cache knows it, failure or not */
	assert_int_equal(k.times, 2);
	assert_int_equal(k.took_us, 0);
}

/* ---- many questions ---- */

static void
asks_once_for_many(void **state)
{
	struct asker k[3] = { 0 };
	uint64_t sent = metric("policyd_dns_queries_total", "");
	(void)state;

	servers[0].udp_script = ADDRESS;
	ask(&k[0], "example.com");
	ask(&k[1], "Example.COM");
	ask(&k[2], "example.com.");
	for (int i = 0; i < 3; i++) {
		wait_for(&k[i].times, 1);
		assert_string_equal(k[i].line, "FOUND 300 192.0.2.7");
	}
	assert_int_equal(servers[0].udp_asked, 1);
	assert_int_equal(metric("policyd_dns_queries_total", "") - sent, 1);
}

static void
gives_up_in_time(void **state)
{
	struct asker k = { 0 };
	int64_t start_us = clock_mono_us();
	int ms = 0;
	(void)state;

	options.dns_timeout_ms = TIMEOUT_MS;
	configure();
	servers[0].udp_script = "silent\n";
	ask(&k, "example.com");
	wait_for(&k.times, 1);
	int64_t took_ms = (clock_mono_us() - start_us) / 1000;
	assert_int_equal(sscanf(k.line, "FAILED 10 no answer in %d ms", &ms), 1);
	assert_in_range(ms, 2 * TIMEOUT_MS, (uintmax_t)took_ms);
	assert_in_range(took_ms, 2 * TIMEOUT_MS, PATIENCE_MS / 2);
}

static void
queues_and_refuses(void **state)
{
	struct asker k[4] = { 0 };
	uint64_t dropped = metric("policyd_dns_queue_dropped_total", "");
	(void)state;

	options.dns_max_in_flight = 1;
	options.dns_max_queue = 2;
	configure();
	servers[0].udp_script = "rcode 3\n";
	ask(&k[0], "a.example");
	ask(&k[1], "b.example");
	ask(&k[2], "c.example");
	assert_int_equal(k[2].times, 0);
	ask(&k[3], "d.example");
	assert_int_equal(k[3].times, 1);
	assert_string_equal(k[3].line, "FAILED 0 too many questions waiting");
	assert_int_equal(metric("policyd_dns_queue_dropped_total", "") - dropped, 1);
	assert_int_equal(metric_gauge("policyd_dns_in_flight", "", "")->value, 1);
	wait_for(&k[0].times, 1);
	assert_true(servers[0].udp_asked <= 2);
	wait_for(&k[1].times, 1);
	wait_for(&k[2].times, 1);
	assert_int_equal(servers[0].udp_asked, 3);
	ask(&k[3], "d.example");		/* that failure was ours, and is not remembered */
	wait_for(&k[3].times, 2);
	assert_string_equal(k[3].line, "NXDOMAIN 1");
	assert_int_equal(metric_gauge("policyd_dns_in_flight", "", "")->value, 0);
}

static void
drops_what_nobody_wants(void **state)
{
	struct asker k[3] = { 0 };
	(void)state;

	options.dns_max_in_flight = 1;
	configure();
	servers[0].udp_script = "rcode 3\n";
	ask(&k[0], "a.example");
	ask(&k[1], "b.example");
	ask(&k[2], "c.example");
	dns_forget(dns, &k[1].waiter);
	wait_for(&k[2].times, 1);
	assert_int_equal(k[1].times, 0);
	assert_int_equal(servers[0].udp_asked, 2);
	assert_string_equal(servers[0].name, "c.example");
}

static void
forgets(void **state)
{
	struct asker k[2] = { 0 };
	(void)state;

	dns_forget(dns, &k[1].waiter);		/* asked nothing yet */
	servers[0].udp_script = ADDRESS;
	ask(&k[0], "example.com");
	ask(&k[1], "example.com");
	dns_forget(dns, &k[0].waiter);
	dns_forget(dns, &k[0].waiter);
	wait_for(&k[1].times, 1);
	assert_int_equal(k[0].times, 0);
	dns_forget(dns, &k[1].waiter);
	ask(&k[0], "example.com");		/* it filled the cache all the same */
	assert_int_equal(k[0].times, 1);
	dns_forget(dns, &k[0].waiter);
}

static void
forgets_all(void **state)
{
	static const char answers[] = "policyd_dns_answers_total";
	uint64_t before = metric(answers, "result=\"found\"");
	struct asker k = { 0 };
	(void)state;

	servers[0].udp_script = ADDRESS;
	ask(&k, "example.com");
	dns_forget(dns, &k.waiter);
	for (int tries = 0; metric(answers, "result=\"found\"") == before && tries < PATIENCE_MS / 5; tries++)
		wait_ms(5);
	ask(&k, "example.com");
	assert_int_equal(servers[0].udp_asked, 1);
	assert_string_equal(k.line, "FOUND 300 192.0.2.7");
}

static void
forgets_from_within(void **state)
{
	struct asker k[2] = { 0 };
	(void)state;

	k[0].forget = &k[1];			/* whoever is told first, the other is not told */
	k[1].forget = &k[0];
	servers[0].udp_script = "rcode 3\n";
	ask(&k[0], "example.com");
	ask(&k[1], "example.com");
	told = 0;
	wait_for(&told, 1);
	wait_ms(20);
	assert_int_equal(told, 1);
}

static void
asks_from_within(void **state)
{
	struct asker last = { 0 }, k[2] = { { .ask = "b.example", .by = &k[1] }, { .ask = "a.example", .by = &last } };
	(void)state;

	servers[0].udp_script = NO_SUCH_NAME;
	ask(&k[0], "a.example");
	wait_for(&last.times, 1);
	assert_int_equal(servers[0].udp_asked, 2);
	assert_int_equal(last.took_us, 0);
}

/* No socket can be opened towards a broadcast address: c-ares says so from within ares_send(). */
static void
fails_later(void **state)
{
	static const char *const nowhere[] = { "255.255.255.255" };
	struct asker k[2] = { { .ask = "b.example", .by = &k[1] } };
	(void)state;

	options.nameservers = (struct option_list){ 1, nowhere };
	options.dns_failure_ttl_s = 0;
	configure();
	ask(&k[0], "a.example");
	assert_int_equal(k[0].times, 0);
	wait_for(&k[1].times, 1);
	assert_string_equal(k[1].line, "FAILED 0 no name server can be reached");
}

static void
remembers_who_knows_no_edns(void **state)
{
	struct asker k = { 0 };
	char name[32];
	(void)state;

	servers[0].udp_script = "no edns\nrcode 3\n";
	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof name, "n%d.example", i);
		ask(&k, name);
		wait_for(&k.times, i + 1);
		assert_string_equal(k.line, "NXDOMAIN 1");
	}
	assert_int_equal(servers[0].udp_asked, 6);	/* c-ares learns it, then we do */
}

static void
draws_ids(void **state)
{
	enum { QUESTIONS = 30 };
	unsigned ids[QUESTIONS];
	struct asker k = { 0 };
	char name[32];
	int same = 0;
	(void)state;

	servers[0].udp_script = "rcode 3\n";
	for (int i = 0; i < QUESTIONS; i++) {
		snprintf(name, sizeof name, "n%d.example", i);
		ask(&k, name);
		wait_for(&k.times, i + 1);
		ids[i] = servers[0].id;
		for (int j = 0; j < i; j++)
			same += ids[j] == ids[i] || ids[j] + 1 == ids[i];
	}
	assert_in_range(same, 0, 3);
}

static void
hears_what_came_meanwhile(void **state)
{
	struct asker k = { 0 };
	(void)state;

	options.dns_timeout_ms = TIMEOUT_MS;
	options.dns_tries = 1;
	configure();
	servers[0].udp_script = ADDRESS;
	ask(&k, "example.com");
	wait_for(&servers[0].udp_asked, 1);
	usleep(2 * TIMEOUT_MS * 1000);		/* the answer is there, and nobody looks */
	wait_for(&k.times, 1);
	assert_string_equal(k.line, "FOUND 300 192.0.2.7");
}

static void
shuns_the_silent(void **state)
{
	struct asker k = { 0 };
	char name[32];
	(void)state;

	options.nameservers.count = 2;
	options.dns_timeout_ms = TIMEOUT_MS;
	configure();
	servers[0].udp_script = "silent\n";
	servers[1].udp_script = "rcode 3\n";
	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof name, "n%d.example", i);
		ask(&k, name);
		wait_for(&k.times, i + 1);
		assert_string_equal(k.line, "NXDOMAIN 1");
	}
	assert_int_equal(servers[0].udp_asked, 3);
	assert_int_equal(servers[1].udp_asked, 6);
}

static void
asks_anew_elsewhere(void **state)
{
	struct asker k[3] = { 0 };
	(void)state;

	servers[0].udp_script = NO_SUCH_NAME "---\nsilent\n";
	servers[1].udp_script = ADDRESS;
	ask(&k[0], "cached.example");
	wait_for(&k[0].times, 1);
	ask(&k[1], "example.com");
	wait_for(&servers[0].udp_asked, 2);
	options.nameservers.at = &addresses[1];
	configure();
	wait_for(&k[1].times, 1);
	assert_string_equal(k[1].line, "FOUND 300 192.0.2.7");
	ask(&k[2], "cached.example");
	assert_int_equal(k[2].times, 1);
}

static void
refuses_nonsense(void **state)
{
	static const char *const nonsense[] = { "192.0.2.53", "ns.example.com" };
	const char *why = NULL;
	struct asker k = { 0 };
	(void)state;

	options.nameservers = (struct option_list){ 2, nonsense };
	assert_null(dns_new(loop, &options, &why));
	assert_non_null(strstr(why, "ns.example.com"));
	assert_false(dns_configure(dns, &options, &why));
	servers[0].udp_script = "rcode 3\n";	/* nothing has changed */
	ask(&k, "example.com");
	wait_for(&k.times, 1);
	assert_int_equal(servers[0].udp_asked, 1);
}

static void
refuses_bad_names(void **state)
{
	struct asker k = { 0 };
	(void)state;

	ask(&k, "a..example");
	assert_string_equal(k.line, "FAILED 0 not a domain name");
	dns_forget(dns, &k.waiter);
}

static void
asks_for_odd_names(void **state)
{
	static const char *const odd[] = { "a\\010b\\.c\\255.example", "hidden.onion", "_spf.example.com", "." };
	struct asker k = { 0 };
	(void)state;

	servers[0].udp_script = "rcode 3\n";
	for (int i = 0; i < 4; i++) {
		ask(&k, odd[i]);
		wait_for(&k.times, i + 1);
		assert_string_equal(k.line, "NXDOMAIN 1");
		assert_string_equal(servers[0].name, odd[i]);
	}
}

static void
counts(void **state)
{
	static const char answers[] = "policyd_dns_answers_total", cache[] = "policyd_dns_cache_total";
	uint64_t found_before = metric(answers, "result=\"found\""), failed_before = metric(answers, "result=\"failed\"");
	uint64_t hits = metric(cache, "result=\"hit\""), misses = metric(cache, "result=\"miss\"");
	struct asker k = { 0 };
	(void)state;

	servers[0].udp_script = ADDRESS "---\nrcode 2\n";
	ask(&k, "example.com");
	wait_for(&k.times, 1);
	ask(&k, "example.com");
	ask(&k, "example.net");
	wait_for(&k.times, 3);
	assert_int_equal(metric(answers, "result=\"found\"") - found_before, 1);
	assert_int_equal(metric(answers, "result=\"failed\"") - failed_before, 1);
	assert_int_equal(metric(cache, "result=\"hit\"") - hits, 1);
	assert_int_equal(metric(cache, "result=\"miss\"") - misses, 2);
}

static const char *
mind(void *arg, const struct answer *a)
{
	(*(int *)arg)++;
	return found(a) && a->records[0].address.bytes[3] == 7 ? "not to be believed" : NULL;
}

static void
minds(void **state)
{
	struct asker k = { 0 };
	int heard = 0;
	(void)state;

	dns_mind(dns, mind, &heard);
	servers[0].udp_script = ADDRESS "---\nan other.example 300 A 192.0.2.8\n---\nrcode 2\n";
	ask(&k, "example.com");
	wait_for(&k.times, 1);
	assert_string_equal(k.line, "FAILED 10 not to be believed");
	ask(&k, "example.com");			/* so it stands in the cache */
	assert_string_equal(k.line, "FAILED 10 not to be believed");
	assert_int_equal(heard, 1);
	ask(&k, "other.example");
	wait_for(&k.times, 3);
	assert_string_equal(k.line, "FOUND 300 192.0.2.8");
	ask(&k, "third.example");
	wait_for(&k.times, 4);
	assert_string_equal(k.line, "FAILED 10 SERVFAIL");
	assert_int_equal(heard, 3);
}

static void
known_or_anew(void **state)
{
	struct asker k = { .waiter.answered = answered };
	(void)state;

	servers[0].udp_script = ADDRESS;
	assert_null(dns_known(dns, "example.com", DNS_A));
	assert_null(dns_known(dns, "example..com", DNS_A));
	ask(&k, "example.com");
	wait_for(&k.times, 1);
	const struct answer *a = dns_known(dns, "EXAMPLE.com.", DNS_A);
	assert_true(a != NULL && found(a));
	answer_release(a);
	assert_null(dns_ask_anew(dns, "example.com", DNS_A, &k.waiter));
	wait_for(&k.times, 2);
	assert_int_equal(servers[0].udp_asked, 2);
	dns_drop(dns, "com");
	assert_null(dns_known(dns, "example.com", DNS_A));
}

static void
ends_with_questions_open(void **state)
{
	static struct asker k[3];
	(void)state;

	options.dns_max_in_flight = 1;
	configure();
	servers[0].udp_script = "silent\n";
	ask(&k[0], "a.example");
	ask(&k[1], "a.example");
	ask(&k[2], "b.example");
	wait_for(&servers[0].udp_asked, 1);	/* tear_down() does the rest, the sanitizers look on */
}

#define PROMISE(says, test) { says, test, set_up, tear_down, NULL }

int
main(void)
{
	enum { EXCHANGES = sizeof exchanges / sizeof *exchanges };
	static const struct CMUnitTest others[] = {
		PROMISE("one query serves all who ask the same", asks_once_for_many),
		PROMISE("silence ends in bounded time, and says how long it was", gives_up_in_time),
		PROMISE("questions too many wait, and more than that fail at once", queues_and_refuses),
		PROMISE("a waiting question that nobody wants any more is not sent", drops_what_nobody_wants),
		PROMISE("who forgets is not told, the others are", forgets),
		PROMISE("a question that all forgot fills the cache", forgets_all),
		PROMISE("one may forget another from within answered()", forgets_from_within),
		PROMISE("one may ask again from within answered()", asks_from_within),
		PROMISE("a failure on the spot is told later", fails_later),
		PROMISE("a server without EDNS is known as such before long", remembers_who_knows_no_edns),
		PROMISE("ids follow no order", draws_ids),
		PROMISE("an answer that came while policyd could not run is in time", hears_what_came_meanwhile),
		PROMISE("a server silent three times in a row is not asked first", shuns_the_silent),
		PROMISE("new options send open questions anew and keep the cache", asks_anew_elsewhere),
		PROMISE("what is no name server is refused, and nothing changed", refuses_nonsense),
		PROMISE("what is no name fails at once", refuses_bad_names),
		PROMISE("odd names are asked for as they are, without a search list", asks_for_odd_names),
		PROMISE("what happens is counted", counts),
		PROMISE("who minds the answers hears of all, and may make failures of them", minds),
		PROMISE("the cache can be asked alone, and passed by", known_or_anew),
		PROMISE("it can end with questions open", ends_with_questions_open),
	};
	struct CMUnitTest tests[EXCHANGES + sizeof others / sizeof *others];

	for (size_t i = 0; i < EXCHANGES; i++)
		tests[i] = (struct CMUnitTest){ exchanges[i].says, exchanges_messages, set_up, tear_down,
		    (void *)(uintptr_t)&exchanges[i] };
	memcpy(tests + EXCHANGES, others, sizeof others);
	return cmocka_run_group_tests_name("asking the DNS promises that", tests, NULL, NULL);
}
