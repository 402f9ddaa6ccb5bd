/* nameserver.c - the list of name servers promises that … */
#include "dns/nameserver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *text, *printed;		/* NULL: refused */
} texts[] = {
	{ "192.0.2.53", "192.0.2.53" },
	{ "192.0.2.53:53", "192.0.2.53" },
	{ "192.0.2.53:5353", "192.0.2.53:5353" },
	{ "[192.0.2.53]:65535", "192.0.2.53:65535" },
	{ "2001:DB8::53", "2001:db8::53" },
	{ "[2001:db8::53]", "2001:db8::53" },
	{ "[2001:db8::53]:5353", "[2001:db8::53]:5353" },
	{ "", NULL },
	{ "[]", NULL },
	{ "ns.example.com", NULL },
	{ "192.0.2.53:", NULL },
	{ "192.0.2.53:0", NULL },
	{ "192.0.2.53:65536", NULL },
	{ "192.0.2.53:-1", NULL },
	{ "192.0.2.53:5x", NULL },
	{ "192.0.2.53,192.0.2.54", NULL },
	{ "[2001:db8::53", NULL },
	{ "[2001:db8::53]5353", NULL },
	{ "[2001:db8::53%lo]:53", NULL },
	{ "2001:0db8:0000:0000:0000:0000:0000:0053:0000:0000:0000:0000", NULL },
};

static void
reads_texts(void **state)
{
	char printed[NAMESERVER_TEXT];
	(void)state;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const char *why = NULL;
		struct ares_addr_port_node *n = nameservers_list(&(struct option_list){ 1, &texts[i].text }, &why);

		if ((n != NULL) != (texts[i].printed != NULL))
			fail_msg("'%s' is %s", texts[i].text, n != NULL ? "accepted" : "refused");
		if (n == NULL) {
			assert_non_null(strstr(why, "write 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353"));
			continue;
		}
		assert_string_equal(nameserver_print(n, printed), texts[i].printed);
		assert_int_equal(n->udp_port, n->tcp_port);
		nameservers_free(n);
	}
}

static void
keeps_order(void **state)
{
	static const char *const two[] = { "192.0.2.54", "192.0.2.53" };
	char printed[NAMESERVER_TEXT];
	const char *why = NULL;
	struct ares_addr_port_node *n = nameservers_list(&(struct option_list){ 2, two }, &why);
	(void)state;

	assert_string_equal(nameserver_print(n, printed), "192.0.2.54");
	assert_string_equal(nameserver_print(n->next, printed), "192.0.2.53");
	assert_null(n->next->next);
	nameservers_free(n);
}

static void
asks_the_system(void **state)
{
	const char *why = NULL;
	struct ares_addr_port_node *n = nameservers_list(&(struct option_list){ 0, NULL }, &why);
	(void)state;

	assert_non_null(n);
	nameservers_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "addresses with and without port are read, all else is refused with a remedy", reads_texts, NULL, NULL, NULL },
		{ "the order written is kept", keeps_order, NULL, NULL, NULL },
		{ "there is one, even if none is written", asks_the_system, NULL, NULL, NULL },
	};

	return cmocka_run_group_tests_name("the list of name servers promises that", tests, NULL, NULL);
}
