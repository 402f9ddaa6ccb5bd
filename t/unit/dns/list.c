/* list.c - test of src/dns/list.c and probe.c: they promise that …
 *
 * Over a DNS of the test's own: it stands in for dns.c, and answers when the test says so.
 */
#include "dns/list.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "dns/keep.h"
#include "stderr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- the stand-in for dns.c ---- */

enum { ASKED_MAX = 600 };

static struct asked {
	char name[DOMAIN_TEXT];
	enum dns_type type;
	struct dns_waiter *waiter;	/* NULL: forgotten, or answered */
	bool open;
} asked[ASKED_MAX];
static size_t asked_count;
static const char *cached;		/* the one name that the cache knows: found, 127.0.0.2 */
static char dropped[DOMAIN_TEXT];
static const char *(*minding)(void *arg, const struct answer *a);
static void *minding_arg;

static const struct answer *
says(const char *name, enum dns_type type, const char *line)
{
	struct dns_record record = { 0 };
	struct answer a = { .name = name, .type = type, .status = DNS_FOUND, .why = "", .count = 1, .records = &record };

	if (strcmp(line, "NXDOMAIN") == 0)
		a = (struct answer){ .name = name, .type = type, .status = DNS_NXDOMAIN, .why = "" };
	else if (strcmp(line, "SERVFAIL") == 0)
		a = (struct answer){ .name = name, .type = type, .status = DNS_FAILED, .why = "SERVFAIL" };
	else if (type == DNS_TXT)
		record = (struct dns_record){ .text = line, .text_len = strlen(line) };
	else
		assert_true(address_parse(&record.address, line));
	return answer_keep(&a);
}

const struct answer *
dns_known(struct dns *d, const char *name, enum dns_type type)
{
	(void)d;
	return cached != NULL && strcmp(name, cached) == 0 ? says(name, type, "127.0.0.2") : NULL;
}

const struct answer *
dns_ask_anew(struct dns *d, const char *name, enum dns_type type, struct dns_waiter *w)
{
	(void)d;
	assert_true(asked_count < ASKED_MAX);
	struct asked *q = &asked[asked_count++];
	*q = (struct asked){ .type = type, .waiter = w, .open = true };
	snprintf(q->name, sizeof q->name, "%s", name);
	return NULL;
}

const struct answer *
dns_ask(struct dns *d, const char *name, enum dns_type type, struct dns_waiter *w)
{
	const struct answer *known = dns_known(d, name, type);

	return known != NULL ? known : dns_ask_anew(d, name, type, w);
}

void
dns_forget(struct dns *d, struct dns_waiter *w)
{
	(void)d;
	for (size_t i = 0; i < asked_count; i++)
		if (asked[i].waiter == w)
			asked[i].waiter = NULL;
}

void
dns_mind(struct dns *d, const char *(*mind)(void *arg, const struct answer *a), void *arg)
{
	(void)d;
	minding = mind;
	minding_arg = arg;
}

void
dns_drop(struct dns *d, const char *name)
{
	(void)d;
	snprintf(dropped, sizeof dropped, "%s", name);
}

/* Answer the open questions for this name; fails if there is none. */
static void
answer(const char *name, const char *line)
{
	bool any = false;

	for (size_t i = 0; i < asked_count; i++) {
		struct asked *q = &asked[i];
		struct dns_waiter *w = q->waiter;

		if (!q->open || strcmp(q->name, name) != 0)
			continue;
		any = true;
		q->open = false;
		q->waiter = NULL;
		const struct answer *a = says(q->name, q->type, line);
		const char *why = minding(minding_arg, a);
		if (why != NULL) {
			answer_release(a);
			a = answer_failed(name, q->type, why);
		}
		if (w != NULL)
			w->answered(w, a);
		else
			answer_release(a);
	}
	if (!any)
		fail_msg("nobody asks for %s", name);
}

static size_t
open_questions(void)
{
	size_t count = 0;

	for (size_t i = 0; i < asked_count; i++)
		count += asked[i].open;
	return count;
}

/* ---- the lists ---- */

static struct loop *loop;
static struct dns_lists *lists;
static struct dns_list_options options;
static int64_t mono_us;
static unsigned changes;

static void
stop(void *arg)
{
	(void)arg;
	loop_stop(loop);
}

/* Let what is due happen. */
static void
turn(uint64_t ms)
{
	struct timer *t = timer_new(loop, stop, NULL);

	timer_start(t, ms, 0);
	loop_run(loop);
	timer_free(t);
}

static void
name_one(const char *domain, unsigned kinds)
{
	if (kinds & DNS_LIST_ADDRESSES)
		dns_lists_name(lists, domain, DNS_LIST_ADDRESSES, "dnsbl");
	if (kinds & DNS_LIST_NAMES)
		dns_lists_name(lists, domain, DNS_LIST_NAMES, "rhsbl");
}

static void
name_lists(const char *domain, unsigned kinds)
{
	dns_lists_begin(lists);
	if (domain != NULL)
		name_one(domain, kinds);
	dns_lists_end(lists);
	turn(1);
}

/* So many seconds later; the timers, which no frozen clock moves, are set anew by naming. */
static void
later(int64_t s, const char *domain, unsigned kinds)
{
	mono_us += s * 1000000;
	clock_freeze(1800000000 + mono_us / 1000000, mono_us);
	name_lists(domain, kinds);
}

#define BL "bl.example"
#define ADDRESSES DNS_LIST_ADDRESSES
#define IPV6(n) #n ".0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0." BL

static void
probe(const char *listed, const char *unlisted, const char *listed6, const char *unlisted6)
{
	answer("2.0.0.127." BL, listed);
	answer("1.0.0.127." BL, unlisted);
	answer(IPV6(2), listed6);
	answer(IPV6(1), unlisted6);
}

static void good_probe(void) { probe("127.0.0.2", "NXDOMAIN", "NXDOMAIN", "NXDOMAIN"); }

/* What the list says of an entry: "found", "none", "failed: why"; line NULL: it must not be asked. */
static char got[300];

static void
answered(struct dns_waiter *w, const struct answer *a)
{
	(void)w;
	if (failed(a))
		snprintf(got, sizeof got, "failed: %s", a->why);
	else
		strcpy(got, found(a) ? "found" : "none");
	answer_release(a);
}

static const char *
look(const char *list, enum dns_type type, const char *entry, const char *line)
{
	static struct dns_waiter w = { .answered = answered };
	char name[DOMAIN_TEXT];
	size_t before = asked_count;

	snprintf(name, sizeof name, "%s.%s", entry, list);
	const struct answer *a = dns_list_ask(lists, list, name, type, &w);
	if (a != NULL)
		answered(&w, a);
	assert_int_equal(asked_count - before, line != NULL);
	if (line != NULL)
		answer(name, line);
	return got;
}

#define LOOK(entry, line, want) assert_string_equal(look(BL, DNS_A, entry, line), want)

/* So many questions for different names fail. */
static void
fail_names(unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++) {
		char entry[24];

		snprintf(entry, sizeof entry, "%u.2.0.192", i);
		LOOK(entry, "SERVFAIL", "failed: SERVFAIL");
	}
}

static const char *
state(void)
{
	struct dns_list_report r;

	assert_true(dns_lists_report(lists, 0, &r));
	return r.state;
}

static void
changed(void *arg)
{
	(void)arg;
	changes++;
}

static int
set_up(void **unused)
{
	(void)unused;
	asked_count = 0;
	cached = NULL;
	dropped[0] = '\0';
	changes = 0;
	mono_us = 1000000;
	clock_freeze(1800000000, mono_us);
	options = (struct dns_list_options){ .dns_list_failures = 3, .dns_list_pause_s = 30, .dns_list_pause_max_s = 100,
	    .dns_list_probe_s = 3600 };
	loop = loop_new();
	lists = dns_lists_new(loop, NULL, &options, true);
	dns_lists_on_change(lists, changed, NULL);
	stderr_heard();
	return 0;
}

static int
tear_down(void **unused)
{
	(void)unused;
	dns_lists_free(lists);
	loop_free(loop);
	clock_release();
	return 0;
}

/* A list whose first probe was good. */
static void
begin(void)
{
	name_lists(BL, ADDRESSES);
	good_probe();
	assert_string_equal(state(), "good");
	assert_string_equal(stderr_heard(), "");
}

/* ---- the breaker ---- */

static void
opens(void **unused)
{
	(void)unused;
	begin();
	fail_names(1, 2);
	assert_string_equal(state(), "good");
	fail_names(3, 1);
	assert_string_equal(state(), "failing");
	assert_string_equal(stderr_heard(), "warning: dns: list bl.example: 3 questions in a row failed, the last: SERVFAIL; "
	    "rule dnsbl goes on without it\n");
	LOOK("4.2.0.192", NULL, "failed: the list is not asked: 3 questions in a row failed, the last: SERVFAIL");
	assert_int_equal(metric_counter("policyd_dns_list_questions_total", "list=\"bl.example\",result=\"refused\"", "")->value, 1);
	assert_int_equal(metric_gauge("policyd_dns_list_state", "list=\"bl.example\"", "")->value, DNS_LIST_FAILING);
	cached = "5.2.0.192." BL;
	LOOK("5.2.0.192", NULL, "found");
}

static void
counts_names(void **unused)
{
	(void)unused;
	begin();
	for (unsigned i = 0; i < 20; i++)
		fail_names(1 + i % 2, 1);
	assert_string_equal(state(), "good");
}

static void
counts_in_a_row(void **unused)
{
	(void)unused;
	begin();
	for (int i = 0; i < 5; i++) {
		fail_names(1, 2);
		LOOK("9.2.0.192", "NXDOMAIN", "none");
	}
	assert_string_equal(state(), "good");
	assert_string_equal(stderr_heard(), "");
}

static void
tries_again(void **unused)
{
	struct dns_waiter first = { .answered = answered };
	(void)unused;

	begin();
	fail_names(1, 3);
	stderr_heard();
	later(29, BL, ADDRESSES);
	LOOK("4.2.0.192", NULL, "failed: the list is not asked: 3 questions in a row failed, the last: SERVFAIL");
	later(1, BL, ADDRESSES);
	assert_null(dns_list_ask(lists, BL, "5.2.0.192." BL, DNS_A, &first));
	LOOK("6.2.0.192", NULL, "failed: the list is not asked: 3 questions in a row failed, the last: SERVFAIL");
	answer("5.2.0.192." BL, "NXDOMAIN");
	assert_string_equal(got, "none");
	assert_string_equal(state(), "good");
	assert_string_equal(stderr_heard(), "dns: list bl.example: it answers again; rule dnsbl goes by it again\n");
	LOOK("6.2.0.192", "127.0.0.2", "found");
	fail_names(1, 2);
	assert_string_equal(state(), "good");
}

/* Somebody else's question is answered. */
static void
answer_others(void)
{
	assert_null(minding(minding_arg, &(struct answer){ .name = "example.net", .type = DNS_MX, .status = DNS_FOUND }));
}

/* After such a pause, no sooner, a question is let through, and fails. */
static void
fails_after(int64_t s, bool others_are_answered)
{
	struct dns_waiter w = { .answered = answered };

	later(s - 1, BL, ADDRESSES);
	LOOK("99.2.0.192", NULL, "failed: the list is not asked: 3 questions in a row failed, the last: SERVFAIL");
	later(1, BL, ADDRESSES);
	assert_null(dns_list_ask(lists, BL, "7.2.0.192." BL, DNS_A, &w));
	if (others_are_answered)
		answer_others();
	answer("7.2.0.192." BL, "SERVFAIL");
}

static void
pauses_grow(void **unused)
{
	static const int64_t pauses[] = { 30, 60, 100, 100, 100 };
	(void)unused;

	begin();
	fail_names(1, 3);
	stderr_heard();
	for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++)
		fails_after(pauses[i], true);
	assert_string_equal(stderr_heard(), "");
}

static void
outage_is_no_fault(void **unused)
{
	(void)unused;
	begin();
	fail_names(1, 3);
	for (int i = 0; i < 5; i++)
		fails_after(30, false);
}

static void
stragglers(void **unused)
{
	struct dns_waiter w[5];
	char name[64];
	(void)unused;

	begin();
	for (unsigned i = 0; i < 5; i++) {
		w[i] = (struct dns_waiter){ .answered = answered };
		snprintf(name, sizeof name, "%u.2.0.192." BL, 20 + i);
		assert_null(dns_list_ask(lists, BL, name, DNS_A, &w[i]));
	}
	fail_names(1, 3);
	answer_others();
	for (unsigned i = 0; i < 5; i++) {
		snprintf(name, sizeof name, "%u.2.0.192." BL, 20 + i);
		answer(name, "SERVFAIL");
	}
	fails_after(30, true);
}

static void
forgotten_try(void **unused)
{
	struct dns_waiter w = { .answered = answered };
	(void)unused;

	begin();
	fail_names(1, 3);
	later(30, BL, ADDRESSES);
	assert_null(dns_list_ask(lists, BL, "5.2.0.192." BL, DNS_A, &w));	/* and it is never sent */
	later(30, BL, ADDRESSES);
	LOOK("6.2.0.192", "NXDOMAIN", "none");
	assert_string_equal(state(), "good");
}

/* ---- error codes ---- */

static void
error_codes(void **unused)
{
	struct arena *a = arena_new();
	(void)unused;

	assert_null(dns_list_errors_parse(a, "other.example=127.0.0.2, " BL "=127.0.0.[1;255]", &options.dns_list_errors));
	begin();
	LOOK("1.2.0.192", "127.0.0.2", "found");
	LOOK("1.2.0.192", "127.0.0.255", "failed: 127.0.0.255, an error code");
	LOOK("2.2.0.192", "127.0.0.1", "failed: 127.0.0.1, an error code");
	LOOK("3.2.0.192", "127.255.255.254", "failed: 127.255.255.254, an error code");
	assert_string_equal(state(), "failing");
	assert_non_null(strstr(stderr_heard(), "the last: 127.255.255.254, an error code; rule dnsbl goes on"));
	arena_free(a);
}

static void
texts_are_no_codes(void **unused)
{
	(void)unused;
	begin();
	assert_string_equal(look(BL, DNS_TXT, "1.2.0.192", "127.255.255.254"), "found");
}

static void
wrong_errors(void **unused)
{
	static const char *const wrong[] = { "bl.example", "bl.example=", "bl.example=127.0.0", "=127.0.0.1", "bl=127.0.0.1",
	    "bl.example=127.0.0.1*2", "bl.example=192.0.2.1", "a.example=127.0.0.1 bl.example" };
	struct dns_list_errors errors;
	struct arena *a = arena_new();
	char many[65 * 24] = "";
	(void)unused;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const char *why = dns_list_errors_parse(a, wrong[i], &errors);

		if (why == NULL || strstr(why, "write allow.example=127.0.0.255") == NULL)
			fail_msg("%s: %s", wrong[i], why ? why : "taken");
	}
	assert_null(dns_list_errors_parse(a, "", &errors));
	assert_int_equal(errors.count, 0);
	for (int i = 0; i < 65; i++)
		strcat(many, "bl.example=127.0.0.1 ");
	assert_non_null(strstr(dns_list_errors_parse(a, many, &errors), "more than 64"));
	arena_free(a);
}

/* ---- the probe ---- */

static void
probes_at_once(void **unused)
{
	(void)unused;
	name_lists(BL, ADDRESSES);
	assert_string_equal(state(), "new");
	assert_int_equal(open_questions(), 4);
	good_probe();
	assert_string_equal(state(), "good");
	later(3599, BL, ADDRESSES);
	assert_int_equal(open_questions(), 0);
	later(2, BL, ADDRESSES);
	assert_int_equal(open_questions(), 4);
	assert_string_equal(state(), "good");
	assert_string_equal(stderr_heard(), "");
}

static void
shorter_times_count_at_once(void **unused)
{
	(void)unused;
	begin();
	fail_names(1, 3);
	options.dns_list_probe_s = 3;
	options.dns_list_pause_max_s = 2;
	later(0, BL, ADDRESSES);
	later(2, BL, ADDRESSES);
	assert_int_equal(open_questions(), 0);
	fail_names(4, 1);
	later(2, BL, ADDRESSES);
	assert_int_equal(open_questions(), 4);
}

static void
not_believed_before(void **unused)
{
	(void)unused;
	name_lists(BL, ADDRESSES);
	LOOK("1.2.0.192", "127.0.0.2", "failed: not believed before its test entries are known to be right");
	LOOK("2.2.0.192", "NXDOMAIN", "none");
	good_probe();
	LOOK("3.2.0.192", "127.0.0.2", "found");
}

static void
a_silent_probe_is_no_verdict(void **unused)
{
	(void)unused;
	options.dns_list_failures = 20;
	name_lists(BL, ADDRESSES);
	probe("SERVFAIL", "SERVFAIL", "SERVFAIL", "SERVFAIL");
	assert_string_equal(state(), "good");
	LOOK("3.2.0.192", "127.0.0.2", "found");
	later(101, BL, ADDRESSES);
	assert_int_equal(open_questions(), 4);		/* sooner than in an hour */
}

static void
failing_at_the_start(void **unused)
{
	(void)unused;
	name_lists(BL, ADDRESSES);
	probe("SERVFAIL", "SERVFAIL", "SERVFAIL", "SERVFAIL");
	assert_string_equal(state(), "failing");
	assert_non_null(strstr(stderr_heard(), "3 questions in a row failed"));
}

static void
lists_the_world(void **unused)
{
	struct dns_list_report r;
	(void)unused;

	begin();
	later(3601, BL, ADDRESSES);
	probe("127.0.0.2", "127.0.0.2", "NXDOMAIN", "NXDOMAIN");
	assert_string_equal(state(), "lists all");
	assert_string_equal(stderr_heard(), "warning: dns: list bl.example: it lists 127.0.0.1, so it lists the world; "
	    "rule dnsbl goes on without it\n");
	assert_string_equal(dropped, BL);
	cached = "1.2.0.192." BL;
	LOOK("1.2.0.192", NULL, "failed: the list is not asked: it lists 127.0.0.1, so it lists the world");
	assert_true(dns_lists_report(lists, 0, &r));
	assert_string_equal(r.why, "it lists 127.0.0.1, so it lists the world");
	assert_string_equal(r.probe, "lists 127.0.0.1");
	assert_int_equal(r.since_s, 1800000000 + 3602);

	later(101, BL, ADDRESSES);
	probe("SERVFAIL", "NXDOMAIN", "NXDOMAIN", "NXDOMAIN");		/* nothing learnt */
	assert_string_equal(state(), "lists all");
	later(101, BL, ADDRESSES);
	good_probe();
	assert_string_equal(state(), "good");
	assert_string_equal(stderr_heard(), "dns: list bl.example: its test entries are as they must be; "
	    "rule dnsbl goes by it again\n");
	LOOK("2.2.0.192", "127.0.0.2", "found");
}

static void
in_flight_when_found_out(void **unused)
{
	struct dns_waiter w = { .answered = answered };
	(void)unused;

	begin();
	later(3601, BL, ADDRESSES);
	assert_null(dns_list_ask(lists, BL, "1.2.0.192." BL, DNS_A, &w));
	probe("127.0.0.2", "127.0.0.2", "NXDOMAIN", "NXDOMAIN");
	answer("1.2.0.192." BL, "127.0.0.2");
	assert_string_equal(got, "failed: not believed before its test entries are known to be right");
}

static void
ipv6(void **unused)
{
	struct dns_list_report r;
	(void)unused;

	name_lists(BL, ADDRESSES);
	probe("127.0.0.2", "NXDOMAIN", "127.0.0.2", "NXDOMAIN");
	assert_true(dns_lists_report(lists, 0, &r) && r.ipv6);
	later(3601, BL, ADDRESSES);
	probe("127.0.0.2", "NXDOMAIN", "SERVFAIL", "SERVFAIL");
	assert_true(dns_lists_report(lists, 0, &r) && !r.ipv6);
	assert_string_equal(state(), "good");
	later(3601, BL, ADDRESSES);
	probe("127.0.0.2", "NXDOMAIN", "127.0.0.2", "127.0.0.2");
	assert_string_equal(state(), "lists all");
	assert_non_null(strstr(stderr_heard(), "it lists ::ffff:127.0.0.1, so"));
}

static void
dead(void **unused)
{
	(void)unused;
	begin();
	later(3601, BL, ADDRESSES);
	probe("NXDOMAIN", "NXDOMAIN", "NXDOMAIN", "NXDOMAIN");
	assert_string_equal(state(), "good");
	LOOK("1.2.0.192", "127.0.0.2", "found");
	later(101, BL, ADDRESSES);
	probe("SERVFAIL", "NXDOMAIN", "NXDOMAIN", "NXDOMAIN");		/* neither makes it better nor worse */
	later(101, BL, ADDRESSES);
	probe("192.0.2.80", "192.0.2.80", "NXDOMAIN", "NXDOMAIN");	/* as a domain that was sold may answer */
	assert_string_equal(state(), "dead");
	assert_string_equal(stderr_heard(), "warning: dns: list bl.example: it does not list 127.0.0.2, as every list must; it is "
	    "dead, or belongs into dns_list_unprobed; rule dnsbl goes on without it\n");
	LOOK("2.2.0.192", NULL, "failed: the list is not asked: it does not list 127.0.0.2, as every list must; it is "
	    "dead, or belongs into dns_list_unprobed");
	later(101, BL, ADDRESSES);
	good_probe();
	assert_string_equal(state(), "good");
	LOOK("2.2.0.192", "127.0.0.2", "found");
}

static void
lists_of_names(void **unused)
{
	(void)unused;
	name_lists(BL, DNS_LIST_NAMES);
	assert_int_equal(open_questions(), 2);
	answer("test." BL, "127.0.1.2");
	answer("invalid." BL, "NXDOMAIN");
	assert_string_equal(state(), "good");
	LOOK("example.net", "127.0.1.2", "found");
	later(3601, BL, DNS_LIST_NAMES);
	answer("test." BL, "127.0.1.2");
	answer("invalid." BL, "127.0.1.2");
	assert_string_equal(state(), "lists all");
	assert_string_equal(stderr_heard(), "warning: dns: list bl.example: it lists invalid, so it lists the world; "
	    "rule rhsbl goes on without it\n");
}

static void
lists_of_both(void **unused)
{
	struct dns_list_report r;
	(void)unused;

	name_lists(BL, DNS_LIST_ADDRESSES | DNS_LIST_NAMES);
	assert_int_equal(open_questions(), 6);
	assert_true(dns_lists_report(lists, 0, &r));
	assert_string_equal(r.kind, "addresses, names");
	assert_string_equal(r.rules, "dnsbl, rhsbl");
	good_probe();
	assert_string_equal(state(), "new");
	answer("test." BL, "127.0.0.2");
	answer("invalid." BL, "127.0.0.2");
	assert_non_null(strstr(stderr_heard(), "rules dnsbl, rhsbl go on without it"));
}

static void
names_while_addresses_are_probed(void **unused)
{
	(void)unused;

	name_lists(BL, ADDRESSES);
	assert_int_equal(open_questions(), 4);
	name_lists(BL, ADDRESSES | DNS_LIST_NAMES);
	good_probe();
	assert_string_equal(state(), "new");
	answer("test." BL, "127.0.0.2");
	answer("invalid." BL, "127.0.0.2");
	assert_string_equal(state(), "lists all");
}

static void
unprobed(void **unused)
{
	static const char *const some[] = { "other.example", BL };
	(void)unused;

	options.dns_list_unprobed = (struct option_list){ 2, some };
	name_lists(BL, ADDRESSES);
	assert_int_equal(open_questions(), 0);
	assert_string_equal(state(), "good");
	LOOK("1.2.0.192", "127.0.0.2", "found");
	options.dns_list_unprobed = (struct option_list){ 0 };
	name_lists(BL, ADDRESSES);
	assert_int_equal(open_questions(), 4);
	probe("127.0.0.2", "127.0.0.2", "NXDOMAIN", "NXDOMAIN");
	assert_string_equal(state(), "lists all");
	options.dns_list_unprobed = (struct option_list){ 2, some };
	name_lists(BL, ADDRESSES);
	assert_string_equal(state(), "good");
}

static void
not_probing(void **unused)
{
	(void)unused;
	dns_lists_free(lists);
	lists = dns_lists_new(loop, NULL, &options, false);
	name_lists(BL, ADDRESSES);
	assert_int_equal(open_questions(), 0);
	LOOK("1.2.0.192", "127.0.0.2", "found");
}

/* ---- which there are ---- */

static void
come_and_go(void **unused)
{
	struct dns_list_report r;
	(void)unused;

	name_lists(BL, ADDRESSES);
	name_lists("other.example", ADDRESSES);			/* with a probe of bl.example under way */
	assert_true(dns_lists_report(lists, 0, &r));
	assert_string_equal(r.domain, "other.example");
	assert_false(dns_lists_report(lists, 1, &r));
	good_probe();						/* which tells nobody */
	LOOK("1.2.0.192", "127.255.255.254", "found");		/* a list nobody named is asked as it is */
	name_lists(NULL, 0);
	assert_false(dns_lists_report(lists, 0, &r));
}

static void
inner_lists(void **unused)
{
	struct dns_list_report r;
	(void)unused;

	dns_lists_begin(lists);
	name_one(BL, ADDRESSES);
	name_one("in." BL, ADDRESSES);
	name_one("x" BL, ADDRESSES);
	dns_lists_end(lists);
	for (int i = 1; i <= 3; i++) {
		char entry[24];

		snprintf(entry, sizeof entry, "%d.2.0.192", i);
		look("in." BL, DNS_A, entry, "SERVFAIL");
	}
	assert_true(dns_lists_report(lists, 0, &r));
	assert_string_equal(r.state, "new");
	assert_true(dns_lists_report(lists, 1, &r));
	assert_string_equal(r.state, "failing");
	assert_true(dns_lists_report(lists, 2, &r));
	assert_string_equal(r.state, "new");
}

static void
bounded(void **unused)
{
	struct dns_list_report r;
	char domain[32];
	(void)unused;

	options.dns_list_probe_s = 1;
	dns_lists_free(lists);
	lists = dns_lists_new(loop, NULL, &options, false);
	dns_lists_begin(lists);
	for (int i = 0; i < DNS_LISTS_MAX + 5; i++) {
		snprintf(domain, sizeof domain, "l%d.example", i);
		name_one(domain, ADDRESSES);
	}
	dns_lists_end(lists);
	assert_true(dns_lists_report(lists, DNS_LISTS_MAX - 1, &r));
	assert_false(dns_lists_report(lists, DNS_LISTS_MAX, &r));
	assert_string_equal(stderr_heard(), "warning: dns: more than 256 lists; 5 names of further ones are asked, but not minded: "
	    "take some out\n");
	assert_string_equal(look("l258.example", DNS_A, "1.2.0.192", "127.0.0.2"), "found");
}

static void
tells_of_changes(void **unused)
{
	(void)unused;
	begin();
	turn(150);
	unsigned before = changes;
	assert_in_range(before, 1, 2);		/* its name and its state; at once, unless the machine stood still between them */
	fail_names(1, 3);
	dns_lists_begin(lists);
	name_one(BL, ADDRESSES);
	dns_lists_end(lists);
	assert_int_equal(changes, before);	/* never from within */
	turn(150);
	assert_int_equal(changes, before + 1);
}

int
main(void)
{
#define PROMISE(title, test) { title, test, set_up, tear_down, NULL }
	const struct CMUnitTest tests[] = {
		PROMISE("a list that fails often enough in a row is not asked", opens),
		PROMISE("one name that fails, or two in turn, are not often enough", counts_names),
		PROMISE("an answer in between starts the row anew", counts_in_a_row),
		PROMISE("after the pause one question is let through, and an answer closes the breaker", tries_again),
		PROMISE("each failure doubles the pause, up to its bound", pauses_grow),
		PROMISE("but not while nobody else is answered either", outage_is_no_fault),
		PROMISE("failures under way when it opened do not lengthen the pause", stragglers),
		PROMISE("a question let through that never comes back blocks nobody", forgotten_try),
		PROMISE("error codes are failures, the list's own too", error_codes),
		PROMISE("texts are no codes", texts_are_no_codes),
		PROMISE("wrong dns_list_errors are told, with what is right", wrong_errors),
		PROMISE("a list is probed at once, then every dns_list_probe", probes_at_once),
		PROMISE("times that a reload makes shorter count at once", shorter_times_count_at_once),
		PROMISE("who is listed before the first probe is back is not believed to be", not_believed_before),
		PROMISE("a probe without an answer is no verdict, and made again sooner", a_silent_probe_is_no_verdict),
		PROMISE("its failures count as others do", failing_at_the_start),
		PROMISE("a list that lists 127.0.0.1 is not asked until a probe is good", lists_the_world),
		PROMISE("what it answers to questions under way is not believed", in_flight_when_found_out),
		PROMISE("IPv6 may be missing, but ::ffff:127.0.0.1 must not be listed", ipv6),
		PROMISE("a list that twice lacks 127.0.0.2 is dead, until a probe is good", dead),
		PROMISE("lists of names have other test entries", lists_of_names),
		PROMISE("lists of both have both", lists_of_both),
		PROMISE("a rule for names that comes while addresses are probed has its entries asked",
		    names_while_addresses_are_probed),
		PROMISE("a list in dns_list_unprobed is never probed, and believed", unprobed),
		PROMISE("nor is any where nothing is to be probed", not_probing),
		PROMISE("lists that are not named any more go", come_and_go),
		PROMISE("a list within another has its own failures", inner_lists),
		PROMISE("there are so many lists at most", bounded),
		PROMISE("changes are told some time later, several at once", tells_of_changes),
	};

	stderr_catch();
	log_open(LOG_TO_STDERR);
	int failures = cmocka_run_group_tests_name("dns lists promise that", tests, NULL, NULL);
	stderr_release();
	return failures;
}
