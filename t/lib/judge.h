/* judge.h - a rule judged over typed facts: no socket, no clock, no evaluation around it
 *
 * A stand-in for policy/eval.c: judge.c implements rule.h over a struct facts.
 */
#ifndef LIB_JUDGE_H
#define LIB_JUDGE_H

#include "policy/rule.h"

enum { JUDGE_NOW_S = 1793611800 };	/* what now() says: 2026-11-02 09:30 UTC */

struct facts {				/* what is not said is empty, or has the option's default */
	const char *client;		/* address; "192.0.2.7" if not said */
	const char *helo, *sender, *recipient, *login;
	const char *server;		/* its address */
	const char *local_network;	/* "198.51.100.0/24" */
	unsigned recipients;		/* recipient_count */
	const char *sent;		/* who sent mail: the address or domain asked about; "?": cannot tell; NULL: nobody */
	const char *options[4][2];	/* name, value */
	struct client_name name;	/* what client_name() says; NAME_OPEN is waited for */
	struct spf_outcome spf[SPF_IDENTITIES];	/* what spf_says() says; NONE if not said */
	bool suspicious, refuses_nothing;	/* what suspicious() says, and refuses_nothing() of any check */
	struct triplet_past past;	/* what triplet_past() says */
	bool traced;			/* behind the verdict stands {its trace} */
	enum recipient_state state;	/* what recipient_state() says; NOT_ASKED if not said */
	const struct list_row *row;	/* what listed() says */
	bool row_open, row_doubt;
	enum hook hook;			/* HOOK_MX if not said */
	bool on_record;			/* what on_record() says */
	const struct tried *tried;	/* what tried_in_vain() says; NULL: it cannot */
	int64_t accepted, refused, unknown;	/* what client_activity() says, if tried is not NULL */
	const struct bounces *bounces;	/* what recipient_bounces() says, and login_bounces() of .hard; NULL: it cannot */
	int64_t networks;		/* what login_networks() says; 0: it cannot */
	enum known lent;		/* what login_may_use() says */
	bool lent_open, senders_known;	/* what login_senders_known() says of a login without a domain */
	enum stage stage;		/* STAGE_RCPT if not said */
	uint64_t size;			/* SIZE= */
	struct quota_past used[3];	/* what quota_past() says of recipients, messages, bytes */
	bool used_unknown;		/* and that this is not all */
	struct quota_message counted;	/* what quota_message() says */
	int64_t before;			/* what recipients_before() says */
	const struct list_row *limit;	/* what quota_limit() says of the login */
	bool limit_open;
	enum known relay;		/* what login_is_relay() says */
	bool relay_open;
	enum known spf_names;		/* what spf_names() says of any domain */
	struct spf_outcome would[2];	/* what spf_would_allow() says of IPv4 addresses, of IPv6 */
	const struct relay_past *relay_past;	/* NULL: it cannot be told */
	enum known reputation;		/* what client_reputation() says, with score */
	int64_t score;
	bool reputation_open;
	bool looks_broken;		/* what mailboxes_look_broken() says */
	const struct list_row *last_block;	/* what last_block() says, of the client or the login */
	/*
	 * What the DNS says, a line each: "MX example.net = 10 a.example.net, 20 b.example.net",
	 * "TXT example.net = any text", or in place of records NXDOMAIN, NODATA, SERVFAIL, OPEN.
	 * A question that has no line fails the test; so does a line that nobody asks for.
	 */
	const char *dns;
};

/*
 * The verdict as a line: "DUNNO", "PENDING", "OBJECT check 5.7.1 finding",
 * "CANNOT TELL check 4.7.1 finding", "EXEMPT finding", "PERHAPS EXEMPT finding"; "DUNNO check finding" if that
 * weighs something, "OBJECT …; BLOCK cause" with a block of the client, "OBJECT …; BLOCK LOGIN cause" of the login,
 * "DUNNO, PREPEND header".  "; tried CLIENT, … <sender> <recipient>" stands behind it if that is to be remembered
 * ("passed", with " counts" if the client is counted, "seen"), "; seen NETWORK" if the login's
 * is, "; relay FINDING" or "; relay good" if its domain is, "; count 3 recipients of NAME".  Behind it stands
 * "[2..3]" if that is what it weighs, and not what every verdict of its kind does.
 */
struct promise {
	const char *says;
	struct facts given;
	const char *want;
};

/*
 * Within a cmocka test: the rule says what was promised, says it again, and is PENDING while any one of its DNS
 * answers is missing.
 */
void promise_keep(const struct rule *rule, const struct promise *promise);

/* Run every promise as a test of its own.  Returns how many failed. */
int promises_keep(const struct rule *rule, const struct promise *promises, size_t count);

#endif
