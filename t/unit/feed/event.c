/* event.c - test of src/feed/event.c: it promises that …
 *
 * Lines as Postfix 3.7.11 wrote them.  What an event says is put as words: "unknown CLIENT RECIPIENT from DOMAIN", "in QUEUE
 * ours|- LOGIN<-ORIGIN", "sender QUEUE ADDRESS", "back QUEUE RECIPIENT DSN hard|hard redirected|soft", "delivered RECIPIENT", "removed QUEUE".
 */
#include "feed/event.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REJECT "postfix/smtpd|NOQUEUE: reject: RCPT from "
#define H60 REJECT "h60.clients.example.net[198.51.100.60]: "
#define UNKNOWN ": Recipient address rejected: User unknown in virtual mailbox table; "
#define REST "from=<x@example.net> to=<nouser@example.org> proto=ESMTP helo=<h60.clients.example.net>"
#define SMTP "postfix/smtp|6C848A729FB: to=<"
#define RELAY ", relay=mx.example.net[203.0.113.99]:25, delay=0.04, delays=0.01/0.02/0/0.01, "
#define SAID "host mx.example.net[203.0.113.99] said: "
#define AT_RCPT " (in reply to RCPT TO command)"
#define BACK "back postfix/6C848A729FB "

/* A case says what it has to say; what it leaves out is NULL. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

static const struct {
	const char *says, *line, *want;	/* tag and text; want NULL: no event */
} cases[] = {
	/* ---- unknown recipients ---- */
	{ "an unknown mailbox is one", H60 "550 5.1.1 <nouser@example.org>" UNKNOWN REST, "unknown 198.51.100.60 nouser@example.org from example.net" },
	{ "in the local table", H60 "550 5.1.1 <nouser@example.org>: Recipient address rejected: User unknown in local recipient table; " REST,
	  "unknown 198.51.100.60 nouser@example.org from example.net" },
	{ "in the relay table", H60 "550 5.1.1 <nouser@example.org>: Recipient address rejected: User unknown in relay recipient table; " REST,
	  "unknown 198.51.100.60 nouser@example.org from example.net" },
	{ "in the alias table", H60 "550 5.1.1 <nouser@example.org>: Recipient address rejected: User unknown in virtual alias table; " REST,
	  "unknown 198.51.100.60 nouser@example.org from example.net" },
	{ "in a table that is not named", H60 "550 5.1.1 <nouser@example.org>: Recipient address rejected: User unknown; " REST,
	  "unknown 198.51.100.60 nouser@example.org from example.net" },
	{ "behind a recipient that was accepted",
	  "postfix/smtpd|114D4A7C579: reject: RCPT from h60.clients.example.net[198.51.100.60]: 550 5.1.1 <nouser@example.org>" UNKNOWN REST,
	  "unknown 198.51.100.60 nouser@example.org from example.net" },
	{ "with a long queue id", "postfix/smtpd|4TxLrM2Ys4z9rZ: reject: RCPT from unknown[2001:db8:100::20]: 550 5.1.1 <nouser@example.org>"
	  UNKNOWN "from=<> to=<nouser@example.org> proto=SMTP", "unknown 2001:db8:100::20 nouser@example.org" },
	{ "from a client that never greeted", REJECT "unknown[2001:db8:100::20]: 550 5.1.1 <nouser@example.org>" UNKNOWN
	  "from=<> to=<nouser@example.org> proto=SMTP", "unknown 2001:db8:100::20 nouser@example.org" },
	{ "with a client's port", REJECT "unknown[192.0.2.7]:50123: 550 5.1.1 <nouser@example.org>" UNKNOWN REST,
	  "unknown 192.0.2.7 nouser@example.org from example.net" },
	{ "with a code of the site's own", H60 "554 5.1.1 <nouser@example.org>" UNKNOWN REST, "unknown 198.51.100.60 nouser@example.org from example.net" },
	{ "at any other service", "postfix/p2504/smtpd|NOQUEUE: reject: RCPT from a.example[192.0.2.7]: 550 5.1.1 <nouser@example.org>" UNKNOWN REST,
	  "unknown 192.0.2.7 nouser@example.org from example.net" },
	{ "its address is normal", H60 "550 5.1.1 <No.User@Example.ORG.>" UNKNOWN
	  "from=<> to=<No.User@Example.ORG.> proto=ESMTP helo=<x>", "unknown 198.51.100.60 no.user@example.org" },
	{ "without quotes", H60 "550 5.1.1 <no user@example.org>" UNKNOWN "from=<> to=<\"no user\"@example.org> proto=ESMTP helo=<x>",
	  "unknown 198.51.100.60 no user@example.org" },
	{ "safe to show", H60 "550 5.1.1 <a\xff\x1b\\@example.org>" UNKNOWN "from=<> to=<x> proto=SMTP",
	  "unknown 198.51.100.60 a\\xff\\x1b\\\\@example.org" },
	{ "one of a user's who has logged in is none", H60 "550 5.1.1 <nouser@example.org>" UNKNOWN REST " sasl_method=PLAIN sasl_username=ann" },
	{ "before EHLO, too", REJECT "unknown[192.0.2.7]: 550 5.1.1 <no user@example.org>" UNKNOWN
	  "from=<\"a b\"@example.net> to=<\"no user\"@example.org> proto=SMTP sasl_method=PLAIN sasl_username=ann" },
	{ "one that says AUTH= is no login", H60 "550 5.1.1 <nouser@example.org>" UNKNOWN REST " sasl_sender=x+20sasl_username=ann",
	  "unknown 198.51.100.60 nouser@example.org from example.net" },
	{ "nor is one at a service for users", "postfix/submission/smtpd|NOQUEUE: reject: RCPT from a.example[192.0.2.7]: 550 5.1.1 "
	  "<nouser@example.org>" UNKNOWN REST },
	{ "also with TLS", "postfix-in/submissions/smtpd|NOQUEUE: reject: RCPT from a.example[192.0.2.7]: 550 5.1.1 <nouser@example.org>"
	  UNKNOWN REST },
	{ "by its old name", "postfix/smtps/smtpd|NOQUEUE: reject: RCPT from a.example[192.0.2.7]: 550 5.1.1 <nouser@example.org>"
	  UNKNOWN REST },
	{ "an unverified address is none", H60 "450 4.1.1 <nouser-3@example.com>: Recipient address rejected: unverified address: host "
	  "sink.example.org[203.0.113.99] said: 550 5.1.1 <nouser-3@example.com>" UNKNOWN "(in reply to RCPT TO command); " REST },
	{ "even if it is refused for good", H60 "550 5.1.1 <nouser-3@example.com>: Recipient address rejected: undeliverable address: host "
	  "sink.example.org[203.0.113.99] said: 550 5.1.1 <nouser-3@example.com>: Recipient address rejected: User unknown in virtual "
	  "mailbox table (in reply to RCPT TO command); " REST },
	{ "whatever that server says", H60 "550 5.1.1 <nouser-3@example.com>: Recipient address rejected: undeliverable address: host "
	  "sink.example.org[203.0.113.99] said: 550 5.1.1 <x" UNKNOWN "from=<> to=<x> proto=SMTP (in reply to RCPT TO command); " REST },
	{ "nor what may be known tomorrow", H60 "450 4.1.1 <nouser@example.org>" UNKNOWN REST },
	{ "nor a table that cannot be read", H60 "451 4.3.0 <bob@example.org>: Temporary lookup failure; " REST },
	{ "nor what a policy refuses", H60 "550 5.7.1 <alice@example.org>: Recipient address rejected: blocked by policy; " REST },
	{ "nor policyd itself", H60 "550 5.1.1 <alice@example.org>: Recipient address rejected: there is no mailbox alice@example.org here; "
	  "check the address (recipient_unknown 0123456789); " REST },
	{ "nor a sender", "postfix/p5871/smtpd|NOQUEUE: reject: RCPT from a.example[192.0.2.7]: 550 5.7.1 <x@example.com>: Sender address "
	  "rejected: Sender address is not allowed; " REST },
	{ "nor an unlisted one", H60 "550 5.1.0 <x@example.org>: Sender address rejected: User unknown in virtual mailbox table; " REST },
	{ "nor a refusal at DATA", "postfix/smtpd|AA549A7C62E: reject: DATA from h60[198.51.100.60]: 550 5.5.3 <DATA>: Data command rejected: "
	  "null sender with 2 recipients; from=<> proto=ESMTP helo=<x>" },
	{ "nor what would have been refused", "postfix/smtpd|NOQUEUE: reject_warning: RCPT from h60[198.51.100.60]: 550 5.1.1 "
	  "<nouser@example.org>" UNKNOWN REST },
	{ "nor postscreen", "postfix/postscreen|NOQUEUE: reject: RCPT from [192.0.2.7]:51234: 550 5.1.1 <nouser@example.org>" UNKNOWN REST },
	{ "nor who has no address", REJECT "unknown[unknown]: 550 5.1.1 <nouser@example.org>" UNKNOWN REST },
	{ "nor a line that was cut early", H60 "550 5.1.1 <nouser@example.org>: Recipient address rejected: User unknown in virt" },

	/* ---- who pretends ---- */
	{ "a sender that plays to= changes nothing", H60 "550 5.1.1 <nouser@example.org>" UNKNOWN
	  "from=<\"x> to=<alice@example.org> proto=ESMTP helo=<y\"@example.net> to=<nouser@example.org> proto=ESMTP helo=<x??y>",
	  "unknown 198.51.100.60 nouser@example.org from example.net" },
	{ "nor one that plays the reason", H60 "550 5.1.1 <nouser@example.org>" UNKNOWN
	  "from=<\"x>" UNKNOWN "from=<y\"@example.net> to=<nouser@example.org> proto=ESMTP helo=<x>",
	  "unknown 198.51.100.60 nouser@example.org from example.net" },
	{ "a recipient that plays the whole rest is itself", H60 "550 5.1.1 <alice@example.org>" UNKNOWN
	  "from=<z> to=<alice@example.org> proto=ESMTP helo=<q@example.org>" UNKNOWN
	  "from=<a@example.net> to=<\"alice@example.org>" UNKNOWN "from=<z> to=<alice@example.org> proto=ESMTP helo=<q\"@example.org> "
	  "proto=ESMTP helo=<x>", "unknown 198.51.100.60 alice@example.org>: recipient address rejected: user unknown in virtual mailbox "
	  "table; from=<z> to=<alice@example.org> proto=esmtp helo=<q@example.org from example.net" },
	{ "and with a sender that helps it, too", H60 "550 5.1.1 <alice@example.org>" UNKNOWN "from=<q@example.org>" UNKNOWN
	  "from=<\"" UNKNOWN " to=<alice@example.org\"@example.net> to=<\"alice@example.org>" UNKNOWN "from=<q\"@example.org> proto=ESMTP helo=<x>",
	  "unknown 198.51.100.60 alice@example.org>: recipient address rejected: user unknown in virtual mailbox table; from=<q@example.org from example.net" },
	{ "a recipient with the reason in it, refused for another, is none", H60 "554 5.7.1 <alice@example.org>" UNKNOWN
	  "from=<z> to=<alice@example.org> proto=ESMTP helo=<q@example.com>: Relay access denied; from=<a@example.net> to=<\"alice@example.org>"
	  UNKNOWN "from=<z> to=<alice@example.org> proto=ESMTP helo=<q\"@example.com> proto=ESMTP helo=<x>" },
	{ "quotes and backslashes are the recipient's", H60 "550 5.1.1 <no\"bo\\dy@example.org>" UNKNOWN
	  "from=<a@example.net> to=<\"no\\\"bo\\\\dy\"@example.org> proto=ESMTP helo=<x>", "unknown 198.51.100.60 no\"bo\\\\dy@example.org from example.net" },
	{ "a route that Postfix does not quote is the recipient's", H60 "550 5.1.1 <@x>" UNKNOWN "from=<y:z@example.org>" UNKNOWN
	  "from=<a@example.net> to=<@x>:\" Recipient address rejected: User unknown in virtual mailbox table; from=<y:z\"@example.org> "
	  "proto=ESMTP helo=<x>", "unknown 198.51.100.60 @x>: recipient address rejected: user unknown in virtual mailbox table; "
	  "from=<y:z@example.org from example.net" },
	{ "a sender so long that to= is missing does not help", H60 "550 5.1.1 <nouser@example.org>" UNKNOWN "from=<ssssssssssssssssssss",
	  "unknown 198.51.100.60 nouser@example.org" },
	{ "nor does one that plays a login", H60 "550 5.1.1 <nouser@example.org>" UNKNOWN "from=<\"x> to=<nouser@example.org> proto=ESMTP "
	  "helo=<y> sasl_username=z\"@example.net> to=<nouser@example.org> proto=ESMTP helo=<x?sasl_username=z>",
	  "unknown 198.51.100.60 nouser@example.org from example.net" },
	{ "nor with a line that was cut", H60 "550 5.1.1 <nouser@example.org>" UNKNOWN "from=<\"x> to=<nouser@example.org> proto=ESMTP "
	  "helo=<y> sasl_username=zzzzzzzzzzzzzzzz", "unknown 198.51.100.60 nouser@example.org" },
	{ "nor a recipient", H60 "550 5.1.1 <x> sasl_username=z@example.org>" UNKNOWN
	  "from=<a@example.net> to=<\"x> sasl_username=z\"@example.org> proto=ESMTP helo=<x>",
	  "unknown 198.51.100.60 x> sasl_username=z@example.org from example.net" },
	{ "a HELO name plays nothing", "postfix/smtpd|NOQUEUE: reject: RCPT from a[192.0.2.7]: 554 5.7.1 <a@example.org>: Relay access denied; "
	  "from=<a@example.net> to=<a@example.org> proto=ESMTP helo=<x?:?Recipient?address?rejected:?User?unknown;?from=?>" },
	{ "a program's own text does not", "postfix/smtpd|warning: reject: RCPT from a[192.0.2.7]: 550 5.1.1 <n@example.org>" UNKNOWN REST },

	/* ---- who hands it in ---- */
	{ "a login hands in", "postfix/submission/smtpd|6C848A729FB: client=h60.clients.example.net[198.51.100.60], sasl_method=PLAIN, "
	  "sasl_username=john.doe@example.com", "in postfix/6C848A729FB ours john.doe@example.com<-" },
	{ "also as somebody else", "postfix/submission/smtpd|6C848A729FB: client=h60[198.51.100.60], sasl_method=PLAIN, sasl_username=john, "
	  "sasl_sender=ann@example.com, orig_client=x[192.0.2.1]", "in postfix/6C848A729FB ours john<-" },
	{ "a stranger does", "postfix/smtpd|6C848A729FB: client=unknown[192.0.2.7]", "in postfix/6C848A729FB - <-" },
	{ "one that says AUTH= is no login", "postfix/smtpd|6C848A729FB: client=mx[192.0.2.7], sasl_sender=<x,+20sasl_username=ann>",
	  "in postfix/6C848A729FB - <-" },
	{ "nor is one with such a name", "postfix/smtpd|6C848A729FB: client=a, sasl_method=PLAIN, sasl_username=ann[192.0.2.7]" },
	{ "a filter brings it back", "postfix/smtpd|7C848A729FB: client=localhost[127.0.0.1], orig_queue_id=6C848A729FB, "
	  "orig_client=h60[198.51.100.60]", "in postfix/7C848A729FB - <-postfix/6C848A729FB" },
	{ "from a queue that is none", "postfix/smtpd|7C848A729FB: client=localhost[127.0.0.1], orig_queue_id=a/b",
	  "in postfix/7C848A729FB - <-?" },
	{ "in an instance of its own", "postfix-out/smtpd|4TxLrM2Ys4z9rZ: client=mx[192.0.2.7]:25", "in postfix-out/4TxLrM2Ys4z9rZ - <-" },
	{ "a program of this machine hands in", "postfix/pickup|83372A720D0: uid=0 from=<root@example.org>",
	  "in postfix/83372A720D0 ours <-" },
	{ "postsuper puts one in again", "postfix/pickup|83372A720D0: uid=0 from=<a@example.net> orig_id=6C848A729FB",
	  "in postfix/83372A720D0 - <-postfix/6C848A729FB" },
	{ "but no sender does", "postfix/pickup|83372A720D0: uid=0 from=<a> orig_id=6C848A729FB>", "in postfix/83372A720D0 ours <-" },
	{ "only pickup knows who is local", "postfix/cleanup|83372A720D0: uid=0 from=<root@example.org>" },

	/* ---- senders ---- */
	{ "qmgr knows the sender", "postfix/qmgr|6C848A729FB: from=<John.Doe@Example.com>, size=209, nrcpt=11 (queue active)",
	  "sender postfix/6C848A729FB john.doe@example.com" },
	{ "the null sender, too", "postfix/qmgr|6C848A729FB: from=<>, size=209, nrcpt=11 (queue active)", "sender postfix/6C848A729FB " },
	{ "quoted", "postfix/qmgr|6C848A729FB: from=<\"q>, size=1, nrcpt=1 (queue active)\"@example.org>, size=358, nrcpt=1 (queue active)",
	  "sender postfix/6C848A729FB q>, size=1, nrcpt=1 (queue active)@example.org" },
	{ "it is told of no route", "postfix/qmgr|6C848A729FB: from=<@x>, size=1, nrcpt=1 (queue active):y@example.org>, size=1, nrcpt=1" },
	{ "nor when it is given up", "postfix/qmgr|6C848A729FB: from=<a@example.org>, status=expired, returned to sender" },

	/* ---- what came back ---- */
	{ "a mailbox that is not there", SMTP "nouser-1@example.net>" RELAY "dsn=5.1.1, status=bounced (" SAID "550 5.1.1 <nouser-1@...>: "
	  "Recipient address rejected: User unknown in virtual mailbox table" AT_RCPT ")", BACK "nouser-1@example.net 5.1.1 hard" },
	{ "or is disabled", SMTP "a@example.net>" RELAY "dsn=5.2.1, status=bounced (" SAID "550 5.2.1 mailbox disabled" AT_RCPT ")",
	  BACK "a@example.net 5.2.1 hard" },
	{ "said in two lines", SMTP "a@example.net>" RELAY "dsn=5.1.1, status=bounced (" SAID "550-5.1.1 The email account 550 5.1.1 Please try"
	  AT_RCPT ")", BACK "a@example.net 5.1.1 hard" },
	{ "its domain takes no mail", SMTP "x@nullmx.example.org>, relay=none, delay=0, delays=0/0/0/0, dsn=5.1.0, status=bounced (Domain "
	  "nullmx.example.org does not accept mail (nullMX))", BACK "x@nullmx.example.org 5.1.0 hard" },
	{ "the same, said by a server", SMTP "a@example.net>" RELAY "dsn=5.1.10, status=bounced (" SAID "556 5.1.10 null MX" AT_RCPT ")",
	  BACK "a@example.net 5.1.10 hard" },
	{ "in our own tables", "postfix/virtual|6C848A729FB: to=<gone@example.org>, relay=virtual, delay=0, delays=0/0/0/0, dsn=5.1.1, "
	  "status=bounced (unknown user: \"gone@example.org\")", BACK "gone@example.org 5.1.1 hard" },
	{ "of our own users", "postfix/local|6C848A729FB: to=<nouser@example.org>, relay=local, delay=0, delays=0/0/0/0, dsn=5.1.1, "
	  "status=bounced (unknown user: \"nouser\")", BACK "nouser@example.org 5.1.1 hard" },
	{ "known by another name", SMTP "gone@example.net>, orig_to=<fwd@example.org>" RELAY "dsn=5.1.1, status=bounced (" SAID "550 5.1.1 no"
	  AT_RCPT ")", BACK "gone@example.net 5.1.1 hard redirected" },
	{ "not by the same, written otherwise", SMTP "gone@example.net>, orig_to=<gone@EXAMPLE.net.>" RELAY "dsn=5.1.1, status=bounced (" SAID
	  "550 5.1.1 no" AT_RCPT ")", BACK "gone@example.net 5.1.1 hard" },
	{ "nor by what only reads so", SMTP "\"x>, orig_to=<fwd\"@example.net>" RELAY "dsn=5.1.1, status=bounced (" SAID "550 5.1.1 no"
	  AT_RCPT ")", BACK "x>, orig_to=<fwd@example.net 5.1.1 hard" },
	{ "5.1.0 may be anything", SMTP "a@example.net>" RELAY "dsn=5.1.0, status=bounced (" SAID
	  "550 5.1.0 Domain example.net does not accept mail (nullMX)" AT_RCPT ")", BACK "a@example.net 5.1.0 soft" },
	{ "5.1.8 is the sender's", SMTP "a@example.net>" RELAY "dsn=5.1.8, status=bounced (" SAID "550 5.1.8 no" AT_RCPT ")",
	  BACK "a@example.net 5.1.8 soft" },
	{ "as is any reply to MAIL", SMTP "a@example.net>" RELAY "dsn=5.1.1, status=bounced (" SAID
	  "550 5.1.1 sender unknown (in reply to RCPT TO command) (in reply to MAIL FROM command))", BACK "a@example.net 5.1.1 soft" },
	{ "no code is no proof", SMTP "a@example.net>" RELAY "dsn=5.0.0, status=bounced (" SAID "550 no mailbox here by that name" AT_RCPT ")",
	  BACK "a@example.net 5.0.0 soft" },
	{ "a policy is none", SMTP "a@example.net>" RELAY "dsn=5.7.1, status=bounced (" SAID "550 5.7.1 no" AT_RCPT ")",
	  BACK "a@example.net 5.7.1 soft" },
	{ "nor is a message", SMTP "a@example.net>" RELAY "dsn=5.6.0, status=bounced (" SAID "554 5.6.0 no (in reply to end of DATA command))",
	  BACK "a@example.net 5.6.0 soft" },
	{ "nor a host not found", SMTP "x@nxdomain.example>, relay=none, delay=0, delays=0/0/0/0, dsn=5.4.4, status=bounced (Host or domain "
	  "name not found. Name service error for name=nxdomain.example type=AAAA: Host not found)", BACK "x@nxdomain.example 5.4.4 soft" },
	{ "a full mailbox waits", SMTP "full-1@example.net>" RELAY "dsn=4.2.2, status=deferred (" SAID "452 4.2.2 full" AT_RCPT ")",
	  BACK "full-1@example.net 4.2.2 soft" },
	{ "so does a lost connection", SMTP "a@example.net>, conn_use=2" RELAY "dsn=4.4.2, status=deferred (lost connection with x while "
	  "sending RCPT TO)" },
	{ "wherever it was lost", "postfix/relay/smtp|6C848A729FB: to=<a@example.net>, relay=mx.example.net[2001:db8::1]:25, conn_use=2, "
	  "delay=1, delays=0/0/1/0, tls=x, dsn=4.4.2, status=deferred (lost connection with x while sending RCPT TO)",
	  BACK "a@example.net 4.4.2 soft" },
	{ "a probe is no mail", SMTP "nouser-3@example.net>" RELAY "dsn=5.1.1, status=undeliverable (" SAID "550 5.1.1 no" AT_RCPT ")" },
	{ "nor one that went well", SMTP "nouser-3@example.net>" RELAY "dsn=2.1.5, status=deliverable (250 ok)" },
	{ "what only might have come back did not", SMTP "a@example.net>" RELAY "dsn=4.1.1, status=SOFTBOUNCE (" SAID "550 5.1.1 no" AT_RCPT ")" },
	{ "a server's reply is only that", SMTP "a@example.net>" RELAY "dsn=5.7.1, status=bounced (" SAID "550 5.7.1 x" AT_RCPT
	  "), dsn=5.1.1, status=bounced (550" AT_RCPT ")", BACK "a@example.net 5.7.1 soft" },
	{ "nor does a recipient say more", SMTP "\"x>, relay=none, delay=0, delays=0/0/0/0, dsn=5.1.1, status=bounced (x\"@example.net>" RELAY
	  "dsn=5.7.1, status=bounced (no)", BACK "x>, relay=none, delay=0, delays=0/0/0/0, dsn=5.1.1, status=bounced (x@example.net 5.7.1 soft" },
	{ "one that Postfix does not quote says nothing", SMTP "@foo>, relay=none, delay=0, delays=0/0/0/0, dsn=5.1.1, status=bounced "
	  "(x:y@example.net>" RELAY "dsn=2.0.0, status=sent (250 2.0.0 ok)" },
	{ "a quote without end says nothing", SMTP "\"x\\>, relay=none" },
	{ "nor does a code that is none", SMTP "a@example.net>" RELAY "dsn=5.1.1x, status=bounced (no)" },
	{ "nor one too long", SMTP "a@example.net>" RELAY "dsn=5.1.1111111111, status=bounced (no)" },
	{ "nor one of success", SMTP "a@example.net>" RELAY "dsn=2.0.0, status=bounced (no)" },
	{ "nor a line that was cut", SMTP "a@example.net>" RELAY "dsn=5.1.1" },

	/* ---- what arrived ---- */
	{ "a mail arrived", SMTP "Ann@Example.net>" RELAY "dsn=2.0.0, status=sent (250 2.0.0 ok)", "delivered ann@example.net" },
	{ "in a mailbox here", "postfix/lmtp|6C848A729FB: to=<ann@example.org>, relay=mx.example.org[private/dovecot-lmtp], delay=0, "
	  "delays=0/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 ok)", "delivered ann@example.org" },
	{ "a filter is on the way", "postfix/smtp|6C848A729FB: to=<ann@example.net>, relay=127.0.0.1[127.0.0.1]:10024, delay=0, "
	  "delays=0/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4Tx)" },
	{ "what is thrown away arrives nowhere", "postfix/discard|6C848A729FB: to=<ann@example.org>, relay=none, delay=0, delays=0/0/0/0, "
	  "dsn=2.0.0, status=sent (example.org)" },
	{ "all is done", "postfix/qmgr|6C848A729FB: removed", "removed postfix/6C848A729FB" },
	{ "but not so", "postfix/qmgr|6C848A729FB: removed x" },

	/* ---- what tells us nothing ---- */
	{ "a disconnect is nothing", "postfix/smtpd|disconnect from h60[198.51.100.60] ehlo=1 mail=1 rcpt=0/20 commands=2/22" },
	{ "nor is a lost connection", "postfix/smtpd|lost connection after RCPT from h60.clients.example.net[198.51.100.60]" },
	{ "nor pipelining", "postfix/smtpd|improper command pipelining after CONNECT from h60[198.51.100.60]: NOQUEUE: reject: RCPT from "
	  "a[192.0.2.7]: 550 5.1.1 <n@example.org>" UNKNOWN REST },
	{ "nor a message id", "postfix/cleanup|6C848A729FB: message-id=<to=<a@example.net>, relay=none, dsn=5.1.1, status=bounced (x)>" },
	{ "nor a header", "postfix/cleanup|6C848A729FB: warning: header Subject: 6C848A729FB: removed from x[192.0.2.7]; from=<a> to=<b>" },
	{ "nor a notification", "postfix/bounce|6C848A729FB: sender non-delivery notification: 76AF6A720CA" },
	{ "no word is a queue id", "postfix/smtp|warning: to=<a@example.net>, relay=none, delay=0, delays=0/0/0/0, dsn=5.1.1, status=bounced (x)" },
	{ "nor is NOQUEUE", "postfix/smtp|NOQUEUE: to=<a@example.net>, relay=none, delay=0, delays=0/0/0/0, dsn=5.1.1, status=bounced (x)" },
	{ "nothing is nothing", "postfix/smtp|" },
};

static void
put_in_words(struct text *out, const struct feed_event *e)
{
	char client[ADDRESS_TEXT];

	switch (e->kind) {
	case FEED_UNKNOWN:
		text_addf(out, "unknown %s %s%s%s", address_print(&e->client, client), e->address, *e->domain ? " from " : "",
		    e->domain);
		break;
	case FEED_HANDED_IN:
		text_addf(out, "in %s %s %s<-%s", e->queue, e->ours ? "ours" : "-", e->login, e->origin);
		break;
	case FEED_SENDER:
		text_addf(out, "sender %s %s", e->queue, e->address);
		break;
	case FEED_RETURNED:
		text_addf(out, "back %s %s %s %s", e->queue, e->address, e->dsn, e->hard ? e->redirected ? "hard redirected" : "hard" : "soft");
		break;
	case FEED_DELIVERED:
		text_addf(out, "delivered %s", e->address);
		break;
	case FEED_REMOVED:
		text_addf(out, "removed %s", e->queue);
		break;
	case FEED_KINDS:
		break;
	}
}

static void
reads(void **state)
{
	size_t i = (size_t)*state;
	char *tag = strdup(cases[i].line), room[1024];
	struct log_line line = { .time_s = 1795856400, .tag = tag, .text = strchr(tag, '|') + 1 };
	static struct feed_event e;
	struct text words = TEXT(room);

	line.text[-1] = '\0';
	if (event_read(&line, &e)) {
		put_in_words(&words, &e);
		assert_int_equal(e.time_s, 1795856400);
	} else
		text_add(&words, "nothing");
	assert_string_equal(room, cases[i].want ? cases[i].want : "nothing");
	free(tag);
}

static void
keeps_what_was_said(void **state)
{
	char tag[] = "postfix/smtp", text[] = "6C848A729FB: to=<a@example.net>, relay=x[192.0.2.1]:25, delay=0, delays=0/0/0/0, dsn=5.1.1, "
	    "status=bounced (host x said: 550 5.1.1 (no) \x1b[31m (in reply to RCPT TO command))";
	struct log_line line = { .tag = tag, .text = text };
	static struct feed_event e;

	(void)state;
	assert_true(event_read(&line, &e));
	assert_string_equal(e.said, "host x said: 550 5.1.1 (no) \\x1b[31m (in reply to RCPT TO command)");
}

/* Longer than any address, and never a byte too much. */
static void
cuts_what_is_too_long(void **state)
{
	static char text[20000];
	static struct feed_event e;
	char tag[] = "postfix/smtp";
	struct text t = TEXT(text);

	(void)state;
	text_add(&t, "6C848A729FB: to=<");
	while (t.len < 9000)
		text_add(&t, "\xc3\xa4");
	text_add(&t, "@example.net>, relay=none, delay=0, delays=0/0/0/0, dsn=5.1.1, status=bounced (");
	while (t.len < 19000)
		text_add(&t, "\xc3\xa4");
	struct log_line line = { .tag = tag, .text = text };
	assert_true(event_read(&line, &e));
	assert_in_range(strlen(e.address), 500, sizeof e.address - 1);
	assert_in_range(strlen(e.said), 500, sizeof e.said - 1);
}

int
main(void)
{
	enum { CASES = sizeof cases / sizeof *cases };
	struct CMUnitTest tests[CASES + 2] = {
		[CASES] = { .name = "what was said is kept, safe to show", .test_func = keeps_what_was_said },
		{ .name = "what is too long is cut", .test_func = cuts_what_is_too_long },
	};

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].says, .test_func = reads, .initial_state = (void *)i };
	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
