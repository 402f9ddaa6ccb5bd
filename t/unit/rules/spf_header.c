/* spf_header.c - test of src/rules/spf_header.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_spf_header;

#define RECEIVED .options = { { "spf_header", "received-spf" } }
#define RESULTS .options = { { "spf_header", "authentication-results" } }
#define REQUEST .helo = "mx.example.net", .sender = "b@example.net"
#define SAYS(...) .spf = { [SPF_MAIL_FROM] = { __VA_ARGS__ } }

#define QUOTES_10 "\"\"\"\"\"\"\"\"\"\""
#define QUOTES_90 QUOTES_10 QUOTES_10 QUOTES_10 QUOTES_10 QUOTES_10 QUOTES_10 QUOTES_10 QUOTES_10 QUOTES_10
#define ESCAPED_10 "\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\""
#define ESCAPED_30 ESCAPED_10 ESCAPED_10 ESCAPED_10
#define ESCAPED_90 ESCAPED_30 ESCAPED_30 ESCAPED_30

#define LETTERS_50 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwx"
#define LETTERS_254 LETTERS_50 LETTERS_50 LETTERS_50 LETTERS_50 LETTERS_50 "abcd"

int
main(void)
{
	const struct promise promises[] = {
		{ "it is off unless wanted", { REQUEST, SAYS(.waiting = true) }, "DUNNO" },
		{ "it waits for what SPF says", { REQUEST, RECEIVED, SAYS(.waiting = true) }, "PENDING" },
		{ "Received-SPF has result, client, sender, HELO name, identity, mechanism and receiver",
		  { REQUEST, RECEIVED, SAYS(.result = SPF_PASS, .mechanism = "mx") },
		  "DUNNO, PREPEND Received-SPF: pass client-ip=192.0.2.7; envelope-from=\"b@example.net\"; "
		  "helo=mx.example.net; identity=mailfrom; mechanism=mx; receiver=mx.example.org" },
		{ "values that are no atoms are quoted, what has no place in a header is not let in",
		  { .client = "2001:db8::7", .helo = "my \"pc\\", .sender = "b\r\nX: y\xc3\xa4@example.net", RECEIVED,
		    SAYS(.result = SPF_SOFTFAIL, .mechanism = "~all") },
		  "DUNNO, PREPEND Received-SPF: softfail client-ip=\"2001:db8::7\"; envelope-from=\"b??X: y??@example.net\"; "
		  "helo=\"my \\\"pc\\\\\"; identity=mailfrom; mechanism=~all; receiver=mx.example.org" },
		{ "long values are cut, and their quotes closed",
		  { .helo = QUOTES_90 QUOTES_90 QUOTES_90, .sender = QUOTES_90 QUOTES_90 QUOTES_90 "@example.net", RECEIVED,
		    SAYS(.result = SPF_PASS, .mechanism = "mx") },
		  "DUNNO, PREPEND Received-SPF: pass client-ip=192.0.2.7; envelope-from=\"" ESCAPED_90 ESCAPED_30
		  "\\\"\\\"\\\"\\\"\\\"\\\"\\\"\"; helo=\"" ESCAPED_90
		  "\"; identity=mailfrom; mechanism=mx; receiver=mx.example.org" },
		{ "the null sender has the HELO identity",
		  { .helo = "mx.example.net", .sender = "", RECEIVED, .spf = { [SPF_HELO] = { .result = SPF_FAIL, .mechanism = "-all" } } },
		  "DUNNO, PREPEND Received-SPF: fail client-ip=192.0.2.7; helo=mx.example.net; identity=helo; mechanism=-all; "
		  "receiver=mx.example.org" },
		{ "no record is a result, too", { REQUEST, RECEIVED, SAYS(.result = SPF_NONE) },
		  "DUNNO, PREPEND Received-SPF: none client-ip=192.0.2.7; envelope-from=\"b@example.net\"; helo=mx.example.net; "
		  "identity=mailfrom; receiver=mx.example.org" },
		{ "an error says what the problem is, quoted",
		  { REQUEST, RECEIVED, SAYS(.result = SPF_PERMERROR, .why = "the record of example.net cannot be read: a\"b\\: no") },
		  "DUNNO, PREPEND Received-SPF: permerror client-ip=192.0.2.7; envelope-from=\"b@example.net\"; "
		  "helo=mx.example.net; identity=mailfrom; problem=\"the record of example.net cannot be read: a\\\"b\\\\: no\"; "
		  "receiver=mx.example.org" },
		{ "a temporary one, too",
		  { REQUEST, RECEIVED, SAYS(.result = SPF_TEMPERROR, .why = "cannot look up a.example now") },
		  "DUNNO, PREPEND Received-SPF: temperror client-ip=192.0.2.7; envelope-from=\"b@example.net\"; "
		  "helo=mx.example.net; identity=mailfrom; problem=\"cannot look up a.example now\"; receiver=mx.example.org" },
		{ "the longest header there can be is whole",
		  { .client = "2001:db8:1111:2222:3333:4444:5555:6666", .helo = QUOTES_90 QUOTES_90 QUOTES_90,
		    .sender = QUOTES_90 QUOTES_90 QUOTES_90 "@example.net", .options = { { "spf_header", "received-spf" },
		    { "authserv_id", LETTERS_254 } }, SAYS(.result = SPF_PERMERROR, .why = QUOTES_90) },
		  "DUNNO, PREPEND Received-SPF: permerror client-ip=\"2001:db8:1111:2222:3333:4444:5555:6666\"; envelope-from=\""
		  ESCAPED_90 ESCAPED_30 "\\\"\\\"\\\"\\\"\\\"\\\"\\\"\"; helo=\"" ESCAPED_90
		  "\"; identity=mailfrom; problem=\"" ESCAPED_30 ESCAPED_10 ESCAPED_10 "\"; receiver=" LETTERS_254 },
		{ "Authentication-Results name the domain", { REQUEST, RESULTS, SAYS(.result = SPF_TEMPERROR) },
		  "DUNNO, PREPEND Authentication-Results: mx.example.org; spf=temperror smtp.mailfrom=example.net" },
		{ "or the HELO name", { .helo = "mx.example.net", .sender = "", RESULTS, .spf = { [SPF_HELO] = { .result = SPF_PASS } } },
		  "DUNNO, PREPEND Authentication-Results: mx.example.org; spf=pass smtp.helo=mx.example.net" },
		{ "our name can be set", { REQUEST, .options = { { "spf_header", "authentication-results" },
		    { "authserv_id", "example.org" } }, SAYS(.result = SPF_PASS) },
		  "DUNNO, PREPEND Authentication-Results: example.org; spf=pass smtp.mailfrom=example.net" },
	};
	return promises_keep(&rule_spf_header, promises, sizeof promises / sizeof *promises);
}
