/* action.c - test of src/protocol/action.c: it promises that … */
#include "protocol/action.h"

#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NO "Not accepted by the policy of this server"
#define LATER "Not accepted now, please try again later"

static const struct {
	const char *says;
	struct action a;
	const char *want;		/* without "action=" and the two line ends */
} cases[] = {
	{ "no objection is DUNNO", { ACTION_DUNNO, NULL, NULL, NULL, NULL }, "DUNNO" },
	{ "DUNNO carries nothing", { ACTION_DUNNO, "5.7.1", "text", "tail", NULL }, "DUNNO" },
	{ "DUNNO with a header prepends it", { ACTION_DUNNO, NULL, NULL, NULL, "X-Spf: pass (by mx)" }, "PREPEND X-Spf: pass (by mx)" },
	{ "a header is one line", { ACTION_DUNNO, NULL, NULL, NULL, "X-Spf: a\n\naction=OK\r\nb" }, "PREPEND X-Spf: a action=OK b" },
	{ "what is no header is left out", { ACTION_DUNNO, NULL, NULL, NULL, "no header" }, "DUNNO" },
	{ "so is one without a name", { ACTION_DUNNO, NULL, NULL, NULL, ": x" }, "DUNNO" },
	{ "so is one without a value", { ACTION_DUNNO, NULL, NULL, NULL, "X-Spf: " }, "DUNNO" },
	{ "a refusal has none", { ACTION_REJECT, "5.7.1", "no", NULL, "X-Spf: pass" }, "550 5.7.1 no" },
	{ "a reject is 550", { ACTION_REJECT, "5.7.25", "no name", NULL, NULL }, "550 5.7.25 no name" },
	{ "a defer is 450", { ACTION_DEFER, "4.7.1", "later", NULL, NULL }, "450 4.7.1 later" },
	{ "a greylisting waits for what Postfix says of the recipient", { ACTION_GREYLIST, "4.2.0", "later", NULL, NULL },
	  "DEFER_IF_PERMIT 4.2.0 later" },
	{ "its class is 4, too", { ACTION_GREYLIST, "5.2.0", "", NULL, NULL }, "DEFER_IF_PERMIT 4.2.0 " LATER },
	{ "trouble of our own is 451", { ACTION_DEFER, "4.3.0", "later", NULL, NULL }, "451 4.3.0 later" },
	{ "trouble of the network is 451", { ACTION_DEFER, "4.4.3", "later", NULL, NULL }, "451 4.4.3 later" },
	{ "4.30.1 is neither", { ACTION_DEFER, "4.30.1", "later", NULL, NULL }, "450 4.30.1 later" },
	{ "a reject with 5.3.0 stays 550", { ACTION_REJECT, "5.3.0", "no", NULL, NULL }, "550 5.3.0 no" },
	{ "a reject's class is 5", { ACTION_REJECT, "4.7.27", "no", NULL, NULL }, "550 5.7.27 no" },
	{ "a defer's class is 4", { ACTION_DEFER, "5.4.4", "later", NULL, NULL }, "451 4.4.4 later" },
	{ "class 2 is mended too", { ACTION_REJECT, "2.1.5", "no", NULL, NULL }, "550 5.1.5 no" },
	{ "no enhanced code is x.7.1", { ACTION_REJECT, NULL, "no", NULL, NULL }, "550 5.7.1 no" },
	{ "an empty one is x.7.1", { ACTION_DEFER, "", "no", NULL, NULL }, "450 4.7.1 no" },
	{ "class 3 is nonsense", { ACTION_REJECT, "3.7.5", "no", NULL, NULL }, "550 5.7.1 no" },
	{ "two numbers are nonsense", { ACTION_REJECT, "5.7", "no", NULL, NULL }, "550 5.7.1 no" },
	{ "four numbers are nonsense", { ACTION_REJECT, "5.7.5.1", "no", NULL, NULL }, "550 5.7.1 no" },
	{ "four digits are nonsense", { ACTION_REJECT, "5.7.1234", "no", NULL, NULL }, "550 5.7.1 no" },
	{ "leading zeros are nonsense", { ACTION_REJECT, "5.07.5", "no", NULL, NULL }, "550 5.7.1 no" },
	{ "a code with text behind is nonsense", { ACTION_REJECT, "5.7.5 x", "no", NULL, NULL }, "550 5.7.1 no" },
	{ "an empty number is nonsense", { ACTION_REJECT, "5..5", "no", NULL, NULL }, "550 5.7.1 no" },
	{ "no text is a sentence", { ACTION_REJECT, "5.7.1", NULL, NULL, NULL }, "550 5.7.1 " NO },
	{ "an empty text is a sentence", { ACTION_DEFER, "4.7.1", "", NULL, NULL }, "450 4.7.1 " LATER },
	{ "a text of blanks is a sentence", { ACTION_REJECT, "5.7.1", " \t\r\n ", NULL, NULL }, "550 5.7.1 " NO },
	{ "a line end splits nothing", { ACTION_REJECT, "5.7.1", "a\n\naction=OK\r\nb", NULL, NULL },
	  "550 5.7.1 a action=OK b" },
	{ "runs of blanks are one", { ACTION_REJECT, "5.7.1", "  a \t b  ", NULL, NULL }, "550 5.7.1 a b" },
	{ "UTF-8 and other bytes are ?", { ACTION_REJECT, "5.7.1", "m\xc3\xbcll \xff\x7f\001", NULL, NULL },
	  "550 5.7.1 m??ll ???" },
	{ "a tail stands behind", { ACTION_REJECT, "5.7.1", "no", "(x 0DX)", NULL }, "550 5.7.1 no (x 0DX)" },
	{ "a tail alone has a sentence before it", { ACTION_DEFER, NULL, NULL, "(x)", NULL }, "450 4.7.1 " LATER " (x)" },
	{ "an empty tail is none", { ACTION_REJECT, "5.7.1", "no", "  ", NULL }, "550 5.7.1 no" },
	{ "a tail is one line too", { ACTION_REJECT, "5.7.1", "no", "\n(x\ny)\n", NULL }, "550 5.7.1 no (x y)" },
	{ "a text that looks like codes is text", { ACTION_REJECT, "5.7.1", "250 2.0.0 Ok", NULL, NULL },
	  "550 5.7.1 250 2.0.0 Ok" },
};

static void
one_case(void **state)
{
	size_t i = (size_t)*state;
	char room[REPLY_MAX] = "", want[REPLY_MAX];
	struct text out = TEXT(room);

	action_encode(&out, &cases[i].a);
	snprintf(want, sizeof want, "action=%s\n\n", cases[i].want);
	assert_string_equal(room, want);
	assert_int_equal(out.len, strlen(want));
}

static void
a_long_text_is_cut(void **state)
{
	char longer[2000], room[REPLY_MAX] = "";
	struct text out = TEXT(room);

	(void)state;
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	action_encode(&out, &(struct action){ ACTION_REJECT, "5.7.1", longer, "(rule 0DX)", NULL });
	assert_false(out.cut);
	assert_int_equal(out.len, strlen("action=550 5.7.1 ") + ACTION_TEXT_MAX + 2);
	assert_string_equal(room + out.len - strlen(" (rule 0DX)\n\n"), " (rule 0DX)\n\n");
}

/* What Postfix takes: one action, code, enhanced code of its class, printable text without blanks at its ends. */
static const char strict[] = "^action=(DUNNO|(550 5|45[01] 4|DEFER_IF_PERMIT 4)\\.(0|[1-9][0-9]{0,2})\\.(0|[1-9][0-9]{0,2}) "
    "[!-~]([ -~]*[!-~])?)\n\n$";

static void
nothing_else_comes_out(void **state)
{
	static const char *const enhanced[] = { NULL, "", "5.7.1", "4.4.3", "2.0.0", "5.7.1x", "550", "5.1000.1",
	    "5.7.0", "9.9.9", "5.7.1\n", "4.3.999" };
	enum { CODES = sizeof enhanced / sizeof *enhanced };
	regex_t re;

	(void)state;
	assert_int_equal(regcomp(&re, strict, REG_EXTENDED | REG_NOSUB), 0);
	srand(1);			/* the same actions each time */
	for (int i = 0; i < 20000; i++) {
		char text[1200], tail[1200], room[REPLY_MAX] = "";
		struct text out = TEXT(room);
		char *const pieces[2] = { text, tail };

		for (int p = 0; p < 2; p++) {
			size_t len = (size_t)rand() % (rand() % 3 ? 30 : sizeof text);
			for (size_t k = 0; k < len; k++)	/* blanks often */
				pieces[p][k] = (char)(rand() % 4 ? rand() % 256 : " \n"[rand() % 2]);
			pieces[p][len] = '\0';
		}
		struct action a = { .kind = (enum action_kind)(rand() % 4), .enhanced = enhanced[rand() % CODES],
			.text = rand() % 8 ? text : NULL, .tail = rand() % 8 ? tail : NULL };
		action_encode(&out, &a);
		assert_false(out.cut);
		assert_true(out.len <= strlen("action=DEFER_IF_PERMIT 4.777.777 ") + ACTION_TEXT_MAX + 2);
		assert_null(strstr(room, "  "));
		if (regexec(&re, room, 0, NULL, 0) != 0)
			fail_msg("%s", room);
	}
	regfree(&re);
}

int
main(void)
{
	enum { COUNT = sizeof cases / sizeof *cases, MORE = 2 };
	static struct CMUnitTest tests[COUNT + MORE] = {
		{ "a long text is cut, its tail is not", a_long_text_is_cut, NULL, NULL, NULL },
		{ "whatever is put in, only what Postfix takes comes out", nothing_else_comes_out, NULL, NULL, NULL },
	};

	for (size_t i = 0; i < COUNT; i++)
		tests[MORE + i] = (struct CMUnitTest){ cases[i].says, one_case, NULL, NULL, (void *)i };
	return cmocka_run_group_tests_name("action", tests, NULL, NULL);
}
