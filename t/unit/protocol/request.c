/* request.c - test of src/protocol/request.c: it promises that … */
#include "protocol/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define R "request=smtpd_access_policy\n"

/* What Postfix 3.7 sends, in its order. */
static const char usual[] = R
    "protocol_state=RCPT\nprotocol_name=ESMTP\nclient_address=192.0.2.7\nclient_name=mx.example.net\n"
    "client_port=41234\nreverse_client_name=mx.example.net\nserver_address=198.51.100.25\nserver_port=25\n"
    "helo_name=mx.example.net\nsender=b=c@example.net\nrecipient=ann@example.org\nrecipient_count=0\nqueue_id=\n"
    "instance=1a2b.65f1c2d3.4e5f6.0\nsize=2048\netrn_domain=\nstress=yes\nsasl_method=PLAIN\n"
    "sasl_username=ann\nsasl_sender=<x@example.com>\nccert_subject=Ann+20Example\nccert_issuer=CA+2B\n"
    "ccert_fingerprint=AA:BB\nccert_pubkey_fingerprint=CC+20\nencryption_protocol=TLSv1.3\n"
    "encryption_cipher=TLS_AES_256_GCM_SHA384\nencryption_keysize=256\npolicy_context=mx\n\n";

static bool
parse(struct request *r, char **copy, const char *bytes, size_t len, char why[512])
{
	struct text t = { .at = why, .size = 512 };

	*why = '\0';
	*copy = malloc(len);			/* exactly, so that ASan sees a byte read behind */
	memcpy(*copy, bytes, len);
	return request_parse(r, *copy, len, &t);
}

static void
all_attributes(void **state)
{
	struct request r;
	char *copy, why[512];

	(void)state;
	assert_true(parse(&r, &copy, usual, sizeof usual - 1, why));
	assert_int_equal(r.stage, STAGE_RCPT);
	assert_int_equal(r.client.bits, 32);
	assert_memory_equal(r.client.bytes, "\300\0\2\7", 4);
	assert_int_equal(r.recipient_count, 0);
	assert_int_equal(r.size_bytes, 2048);
	assert_int_equal(r.encryption_keysize, 256);
	const char *const pairs[][2] = {
		{ r.protocol_state, "RCPT" }, { r.protocol_name, "ESMTP" }, { r.helo_name, "mx.example.net" },
		{ r.queue_id, "" }, { r.sender, "b=c@example.net" }, { r.recipient, "ann@example.org" },
		{ r.client_address, "192.0.2.7" }, { r.client_name, "mx.example.net" },
		{ r.reverse_client_name, "mx.example.net" }, { r.client_port, "41234" },
		{ r.server_address, "198.51.100.25" }, { r.server_port, "25" },
		{ r.instance, "1a2b.65f1c2d3.4e5f6.0" }, { r.sasl_method, "PLAIN" }, { r.sasl_username, "ann" },
		{ r.sasl_sender, "<x@example.com>" }, { r.ccert_subject, "Ann Example" },
		{ r.ccert_issuer, "CA+" }, { r.ccert_fingerprint, "AA:BB" }, { r.ccert_pubkey_fingerprint, "CC+20" },
		{ r.encryption_protocol, "TLSv1.3" }, { r.encryption_cipher, "TLS_AES_256_GCM_SHA384" },
		{ r.etrn_domain, "" }, { r.stress, "yes" }, { r.policy_context, "mx" },
		{ r.compatibility_level, "" }, { r.mail_version, "" }, { r.tls_sni, "" },
	};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		assert_string_equal(pairs[i][0], pairs[i][1]);
	free(copy);
}

static void
any_order(void **state)
{
	char shuffled[sizeof usual], *lines[40], *copy, why[512];
	size_t count = 0, len = 0;
	struct request r;

	(void)state;
	memcpy(shuffled, usual, sizeof usual);
	for (char *line = strtok(shuffled, "\n"); line != NULL; line = strtok(NULL, "\n"))
		lines[count++] = line;
	char backwards[sizeof usual];
	while (count > 0)
		len += (size_t)sprintf(backwards + len, "%s\n", lines[--count]);
	backwards[len++] = '\n';
	assert_true(parse(&r, &copy, backwards, len, why));
	assert_string_equal(r.sender, "b=c@example.net");
	assert_string_equal(r.policy_context, "mx");
	assert_string_equal(r.ccert_subject, "Ann Example");
	assert_int_equal(r.size_bytes, 2048);
	assert_int_equal(r.stage, STAGE_RCPT);
	free(copy);
}

#define WHOLE(s) (s), sizeof(s) - 1

static const struct {
	const char *says, *bytes;
	size_t len;
	const char *sender;		/* of a request that is read */
	const char *why;		/* of one that is not: stands in the finding */
} cases[] = {
	{ "only request= is required", WHOLE(R "\n"), "", NULL },
	{ "names it does not know are ignored", WHOLE(R "sendera=1\nsende=2\nx=\nsender=a\nsenderb=3\n\n"), "a", NULL },
	{ "of duplicates the first wins", WHOLE(R "sender=a\nsender=b\n\n"), "a", NULL },
	{ "an empty first duplicate wins too", WHOLE(R "sender=\nsender=b\n\n"), "", NULL },
	{ "a value may hold =", WHOLE(R "sender=a=b==\n\n"), "a=b==", NULL },
	{ "bytes above 127 stay", WHOLE(R "sender=\xff\xc3\xbc@example.net\n\n"), "\xff\xc3\xbc@example.net", NULL },
	{ "control bytes and blanks stay", WHOLE(R "sender= \001\t\r \n\n"), " \001\t\r ", NULL },
	{ "names are told apart by case", WHOLE(R "Sender=a\nSENDER=b\n\n"), "", NULL },
	{ "xtext is not decoded in other values", WHOLE(R "sender=a+40b\n\n"), "a+40b", NULL },
	{ "a second request= is ignored", WHOLE(R "request=other\nsender=a\n\n"), "a", NULL },
	{ "an address that is none is no mistake", WHOLE(R "client_address=unknown\nsender=a\n\n"), "a", NULL },
	{ "a line without = is one", WHOLE(R "sender=a\nrubbish\n\n"), NULL, "a line without \"=\": \"rubbish\"" },
	{ "a known name without = is one", WHOLE(R "sender\n\n"), NULL, "\"sender\"" },
	{ "an empty name is one", WHOLE(R "=a\n\n"), NULL, "without a name: \"=a\"" },
	{ "a NUL is one, wherever", WHOLE(R "sender=a\0b\n\n"), NULL, "a NUL in a line: \"sender=a\\x00\"" },
	{ "a NUL as the first byte is one", WHOLE("\0" R "\n"), NULL, "a NUL in a line: \"\\x00\"" },
	{ "a missing request= is one", WHOLE("sender=a\n\n"), NULL, "no request=smtpd_access_policy" },
	{ "another request is one", WHOLE("request=junk\n\n"), NULL, "smtpd_access_policy: \"request=junk\"" },
	{ "CRLF is one", WHOLE("request=smtpd_access_policy\r\nsender=a\r\n\n"), NULL, "smtpd_access_policy\\x0d\"" },
	{ "a size that is no number is one", WHOLE(R "size=12k\n\n"), NULL, "not a number: \"size=12k\"" },
	{ "a negative number is one", WHOLE(R "recipient_count=-1\n\n"), NULL, "\"recipient_count=-1\"" },
	{ "a number over 64 bits is one", WHOLE(R "size=18446744073709551616\n\n"), NULL, "not a number" },
	{ "the greatest number is read", WHOLE(R "size=18446744073709551615\nsender=a\n\n"), "a", NULL },
	{ "an empty number is 0", WHOLE(R "size=\nencryption_keysize=\nsender=a\n\n"), "a", NULL },
	{ "an empty request is one", WHOLE("\n\n"), NULL, "an empty line" },
	{ "an empty line in front is one", WHOLE("\n" R "\n"), NULL, "an empty line" },
	{ "a missing empty line is one", WHOLE(R), NULL, "no empty line at the end" },
	{ "no bytes at all are one", WHOLE(""), NULL, "no empty line at the end" },
	{ "escape sequences are shown harmless", WHOLE(R "a\033[2Jb\n\n"), NULL, "\"a\\x1b[2Jb\"" },
};

static void
one_case(void **state)
{
	size_t i = (size_t)*state;
	struct request r;
	char *copy, why[512];
	bool good = parse(&r, &copy, cases[i].bytes, cases[i].len, why);

	if (cases[i].sender != NULL) {
		assert_true(good);
		assert_string_equal(r.sender, cases[i].sender);
		assert_string_equal(why, "");
	} else {
		assert_false(good);
		if (strstr(why, cases[i].why) == NULL)
			fail_msg("%s", why);
	}
	free(copy);
}

static void
long_lines_are_shown_cut(void **state)
{
	char bytes[9000] = R, *copy, why[512];
	struct request r;
	size_t len = strlen(bytes);

	(void)state;
	memset(bytes + len, '\033', 8000);
	memcpy(bytes + len + 8000, "\n\n", 2);
	assert_false(parse(&r, &copy, bytes, len + 8002, why));
	assert_non_null(strstr(why, "\\x1b...\""));
	free(copy);
}

static void
xtext(void **state)
{
	static const char *const pairs[][2] = {
		{ "+C3+BC", "\xc3\xbc" }, { "a+2Bb+3Dc", "a+b=c" }, { "+00a", "+00a" }, { "+0Aa", "+0Aa" },
		{ "+0D", "\r" }, { "+", "+" }, { "+4", "+4" }, { "+4x", "+4x" }, { "+4a", "+4a" }, { "++41", "+A" },
		{ "", "" }, { "+FF", "\xff" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		char bytes[200], *copy, why[512];
		struct request r;
		int len = snprintf(bytes, sizeof bytes, R "ccert_issuer=%s\nccert_subject=%s\n\n", pairs[i][0],
		    pairs[i][0]);

		assert_true(parse(&r, &copy, bytes, (size_t)len, why));
		assert_string_equal(r.ccert_issuer, pairs[i][1]);
		assert_string_equal(r.ccert_subject, pairs[i][1]);
		free(copy);
	}
}

static void
stages(void **state)
{
	static const struct {
		const char *name;
		enum stage stage;
		const char *shown;
	} names[] = {
		{ "CONNECT", STAGE_CONNECT, "CONNECT" }, { "HELO", STAGE_HELO, "HELO" }, { "EHLO", STAGE_HELO, "HELO" },
		{ "MAIL", STAGE_MAIL, "MAIL" }, { "RCPT", STAGE_RCPT, "RCPT" }, { "DATA", STAGE_DATA, "DATA" },
		{ "BDAT", STAGE_DATA, "DATA" }, { "VRFY", STAGE_VRFY, "VRFY" }, { "ETRN", STAGE_ETRN, "ETRN" },
		{ "END-OF-MESSAGE", STAGE_END_OF_MESSAGE, "END-OF-MESSAGE" }, { "", STAGE_OTHER, "unknown" },
		{ "rcpt", STAGE_OTHER, "unknown" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char bytes[200], *copy, why[512];
		struct request r;
		int len = snprintf(bytes, sizeof bytes, R "protocol_state=%s\n\n", names[i].name);

		assert_true(parse(&r, &copy, bytes, (size_t)len, why));
		assert_int_equal(r.stage, names[i].stage);
		assert_string_equal(stage_name(r.stage), names[i].shown);
		free(copy);
	}
}

static void
addresses(void **state)
{
	static const struct {
		const char *text;
		int bits;
	} texts[] = {
		{ "192.0.2.7", 32 }, { "2001:db8::1", 128 }, { "::ffff:192.0.2.7", 32 }, { "", 0 }, { "unknown", 0 },
		{ "[192.0.2.7]", 0 }, { "192.0.2", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		char bytes[200], *copy, why[512];
		struct request r;
		int len = snprintf(bytes, sizeof bytes, R "client_address=%s\n\n", texts[i].text);

		assert_true(parse(&r, &copy, bytes, (size_t)len, why));
		assert_int_equal(r.client.bits, texts[i].bits);
		assert_string_equal(r.client_address, texts[i].text);
		free(copy);
	}
}

int
main(void)
{
	enum { COUNT = sizeof cases / sizeof *cases, MORE = 6 };
	static struct CMUnitTest tests[COUNT + MORE] = {
		{ "every attribute of Postfix arrives", all_attributes, NULL, NULL, NULL },
		{ "any order will do", any_order, NULL, NULL, NULL },
		{ "a long line is shown cut", long_lines_are_shown_cut, NULL, NULL, NULL },
		{ "xtext is decoded in subject and issuer, but never to NUL or LF", xtext, NULL, NULL, NULL },
		{ "every stage is known by Postfix's name", stages, NULL, NULL, NULL },
		{ "client_address is parsed if it is one", addresses, NULL, NULL, NULL },
	};

	for (size_t i = 0; i < COUNT; i++)
		tests[MORE + i] = (struct CMUnitTest){ cases[i].says, one_case, NULL, NULL, (void *)i };
	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
