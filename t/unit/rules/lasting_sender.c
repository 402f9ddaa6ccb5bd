/* lasting_sender.c - what of a sender's address stays the same: it promises that … */
#include "rules/lasting_sender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *says, *address, *want;
} cases[] = {
	{ "an address stays as it is", "ann.lee@example.net", "ann.lee@example.net" },
	{ "the null sender, too", "", "" },
	{ "and what is no address", "ann", "ann" },
	{ "only the last @ begins the domain", "a@b@example.net", "a@b@example.net" },
	{ "an extension goes", "ann+shop@example.net", "ann@example.net" },
	{ "VERP behind a + goes", "list-bounces+bob=example.org@lists.example.net", "list-bounces@lists.example.net" },
	{ "so does SRS there", "bounces+srs=ab1de=xy@example.net", "bounces@example.net" },
	{ "a + alone stays", "+@example.net", "+@example.net" },
	{ "at the start, too", "+49123@example.net", "+#@example.net" },
	{ "a counter is #", "bounce-12345@example.net", "bounce-#@example.net" },
	{ "several are one", "bounce-12345-678.9@example.net", "bounce-#@example.net" },
	{ "with what stands behind them", "b-1-2-ann=example.org@example.net", "b-#-ann=example.org@example.net" },
	{ "two marks keep them apart", "b-1--2@example.net", "b-#--#@example.net" },
	{ "a mark at the end stays", "b-1-@example.net", "b-#-@example.net" },
	{ "a hexadecimal number is one", "0100018c2f3ab-000@example.net", "#@example.net" },
	{ "each part of a UUID is", "f81d4fae-7dec-11d0-a765-00c04fc91e6b@example.net", "#@example.net" },
	{ "so is a word with three digits", "x9k2m4zz@example.net", "#@example.net" },
	{ "but not a name with a few", "ann2@example.net", "ann2@example.net" },
	{ "nor hexadecimal letters without one", "dad.cafe@example.net", "dad.cafe@example.net" },
	{ "the domain's numbers stay", "a@m123.example.net", "a@m123.example.net" },
	{ "BATV goes", "prvs=1234abcdef=ann@example.net", "ann@example.net" },
	{ "as others write it", "btv1==123abc==ann@example.net", "ann@example.net" },
	{ "and as a third does", "msprvs1=18000abc=bounces-77@example.net", "bounces-#@example.net" },
	{ "without an address it stays", "prvs=ann@example.net", "prvs=ann@example.net" },
	{ "nor is anything else taken for it", "prvs=a=@example.net", "prvs=a=@example.net" },
	{ "of SRS the hash and the time go", "srs0=hhhh=tt=example.com=ann@example.net", "srs0=example.com=ann@example.net" },
	{ "behind + and -, too", "srs0+ab12=cd=example.com=ann@example.net", "srs0=example.com=ann@example.net" },
	{ "twice of SRS1", "srs1=hhhh=example.org==hhhh=tt=example.com=ann@example.net", "srs1=example.org=example.com=ann@example.net" },
	{ "with + in the middle", "srs1+hhhh=example.org=+hhhh=tt=example.com=ann@example.net", "srs1=example.org=example.com=ann@example.net" },
	{ "half an SRS stays", "srs0=hhhh@example.net", "srs0=hhhh@example.net" },
	{ "so does half an SRS1", "srs1=hhhh=example.org=hh@example.net", "srs1=hhhh=example.org=hh@example.net" },
	{ "BATV within SRS", "srs0=hh=tt=example.com=a1b2c3@example.net", "srs0=example.com=#@example.net" },
	{ "other bytes stay", "m\xc3\xbcller@example.net", "m\xc3\xbcller@example.net" },
};

static void
one_case(void **state)
{
	size_t i = (size_t)*state;
	char room[200];
	struct text t = TEXT(room);

	add_lasting_sender(&t, cases[i].address);
	assert_string_equal(room, cases[i].want);
}

int
main(void)
{
	enum { CASES = sizeof cases / sizeof *cases };
	struct CMUnitTest tests[CASES];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ cases[i].says, one_case, NULL, NULL, (void *)i };
	return cmocka_run_group_tests_name("lasting_sender: it promises that", tests, NULL, NULL);
}
