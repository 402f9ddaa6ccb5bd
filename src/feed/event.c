/* event.c - see event.h; the lines are Postfix's log_whatsup(), log_adhoc(), opened() and their kin */
#include "feed/event.h"
#include "base/domain.h"

#include <stdio.h>
#include <string.h>

/* Short and long queue ids: hexadecimal, or digits and consonants.  No word of English is one. */
#define QUEUE_ID "0123456789ABCDEFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
enum { QUEUE_ID_MIN = 5, QUEUE_ID_MAX = 30 };

/* True, and *at moves behind it, if it starts with that. */
static bool
skip(char **at, const char *start)
{
	size_t len = strlen(start);

	if (strncmp(*at, start, len) != 0)
		return false;
	*at += len;
	return true;
}

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* The last one. */
static char *
find_last(char *text, const char *what)
{
	char *last = NULL;

	for (char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
		last = at;
	return last;
}

/* ---- pieces ---- */

static void
copy_safe(char *out, size_t size, const char *from)
{
	struct text t = { .at = out, .size = size };

	text_add_safe(&t, from, strlen(from));
}

/* An address without quotes. */
static void
copy_address(struct feed_event *out, const char *address)
{
	char room[FEED_ADDRESS];
	struct text normal = TEXT(room);

	mail_address_normal(address, &normal);
	copy_safe(out->address, sizeof out->address, room);
}

/* "postfix/6C848A729FB", of the instance's name in the tag and the id that stands there; false if none does. */
static bool
make_queue(char out[FEED_KEY], const char *tag, const char *id)
{
	size_t name = strcspn(tag, "/"), len = strspn(id, QUEUE_ID);

	if (len < QUEUE_ID_MIN || len > QUEUE_ID_MAX || strchr(":,", id[len]) == NULL || name == 0)
		return false;
	struct text t = { .at = out, .size = FEED_KEY };
	text_add_safe(&t, tag, name);
	text_add(&t, "/");
	text_add_bytes(&t, id, len);
	return !t.cut;
}

/* "mx.example.net[192.0.2.7]", perhaps with ":25" behind it; no address if it has none. */
static bool
skip_client(char **at, struct address *client)
{
	char *open = strchr(*at, '['), *close = open ? strchr(open, ']') : NULL;

	if (close == NULL || strcspn(*at, " ,") < (size_t)(open - *at))
		return false;
	*close = '\0';
	if (!address_parse(client, open + 1))
		*client = (struct address){ .bits = 0 };
	*at = close + 1;
	if (**at == ':' && (*at)[1] != ' ')
		*at += 1 + strspn(*at + 1, "0123456789");
	return true;
}

/*
 * The address before the next '>', its quotes taken off where it stands; *at moves behind the '>'.  NULL if it cannot be
 * told where it ends: behind a leading '@' Postfix forgets to quote.
 */
static char *
read_address(char **at)
{
	char *address = *at, *to = address, *from = address;

	if (*from == '@')
		return NULL;
	if (*from == '"') {
		for (from++; *from != '"'; *to++ = *from++) {
			from += *from == '\\';
			if (*from == '\0')
				return NULL;
		}
		from++;
	}
	for (; *from != '>'; *to++ = *from++)
		if (*from == '\0')
			return NULL;
	*at = from + 1;
	*to = '\0';
	return address;
}

/* ---- smtpd: "NOQUEUE: reject: RCPT from " ---- */

#define REJECTED ">: Recipient address rejected: "

/* Where the reason begins with REJECTED: behind its "from=<"; NULL if it is another reason. */
static char *
unknown_end(char *at)
{
	/* The first with show_user_unknown_table_name = no. */
	static const char *const tables[] = { "", " in local recipient table", " in relay recipient table",
	    " in virtual mailbox table", " in virtual alias table" };

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		char *behind = at;
		if (skip(&behind, REJECTED "User unknown") && skip(&behind, tables[i]) && skip(&behind, "; from=<"))
			return behind;
	}
	return NULL;
}

/* Is q, up to its end, the address a as Postfix quotes it? */
static bool
is_quoted(const char *q, const char *q_end, const char *a, const char *a_end)
{
	bool quoted = *q == '"';
	const char *at = memrchr(a, '@', (size_t)(a_end - a));

	for (q += quoted; a < a_end; a++, q++) {
		if (quoted && a == at && *q++ != '"')
			return false;
		if (quoted && (at == NULL || a < at) && *q == '\\')
			q++;
		if (q >= q_end || *q != *a)
			return false;
	}
	return q == q_end;
}

/*
 * Behind "550 5.1.1 <": the recipient, cut off where it stands, and *sender behind from=<; NULL if it is not unknown.
 *
 * It stands here as it is, and in to=<…>, before the last proto=, in quotes.  So of the places where it may end, only
 * one is right, whatever sender and recipient pretend.  A line that was cut has no to=<…>: then it is the last place.
 * Where another reason comes first, "User unknown" is the next server's word in it.
 */
static char *
read_unknown(char *recipient, char **sender)
{
	char *end = NULL, *to_end = find_last(recipient, "> proto=");

	for (char *at = strstr(recipient, REJECTED); at != NULL; at = strstr(at + 1, REJECTED)) {
		char *behind = unknown_end(at);

		if (behind == NULL && end == NULL)
			return NULL;
		if (behind == NULL)
			continue;
		end = at;
		*sender = behind;
		bool agreed = false;
		for (char *to = behind; to_end != NULL && !agreed && (to = strstr(to, " to=<")) != NULL && to < to_end;) {
			to += strlen(" to=<");
			agreed = is_quoted(to, to_end, recipient, at);
		}
		if (agreed)
			break;
	}
	if (end != NULL)
		*end = '\0';
	return end != NULL && end > recipient ? recipient : NULL;
}

/* Of a service that only users of ours use: named as in Postfix's own master.cf, "postfix/submission/smtpd". */
static bool
is_for_users(const char *tag)
{
	static const char *const services[] = { "/submission/smtpd", "/submissions/smtpd", "/smtps/smtpd" };

	for (size_t i = 0; i < sizeof services / sizeof *services; i++)
		if (ends_with(tag, services[i]))
			return true;
	return false;
}

/*
 * Behind "from=<…>": " to=<…> proto=ESMTP helo=<…> sasl_method=PLAIN sasl_username=ann".  A HELO name is logged
 * without blanks.
 */
static bool
has_login(char *at)
{
	return skip(&at, " to=<") && read_address(&at) != NULL && strstr(at, " sasl_username=") != NULL;
}

static bool
read_reject(const struct log_line *line, char *at, struct feed_event *out)
{
	char room[FEED_ADDRESS], *rest = NULL;
	struct text normal = TEXT(room);

	if (!ends_with(line->tag, "/smtpd") || is_for_users(line->tag) || !skip_client(&at, &out->client) || out->client.bits == 0 ||
	    !skip(&at, ": 5") || strspn(at, "0123456789") != 2)
		return false;
	at += 2;
	char *recipient = skip(&at, " 5.1.1 <") ? read_unknown(at, &rest) : NULL;
	if (recipient == NULL)
		return false;
	copy_address(out, recipient);
	const char *sender = read_address(&rest);
	if (sender != NULL && has_login(rest))
		return false;
	const char *domain = sender ? mail_address_normal(sender, &normal) : NULL;
	if (domain != NULL && !normal.cut)
		snprintf(out->domain, sizeof out->domain, "%s", domain);
	return true;
}

/* ---- who hands a mail in ---- */

/* smtpd: "client=mx.example.net[192.0.2.7], sasl_method=PLAIN, sasl_username=ann, sasl_sender=…, orig_queue_id=…" */
static bool
read_client(const struct log_line *line, char *at, struct feed_event *out)
{
	static const char *const next[] = { ", sasl_sender=", ", orig_queue_id=", ", orig_client=" };

	if (!skip_client(&at, &out->client) || (*at != '\0' && *at != ','))
		return false;
	char *origin = strstr(at, next[1]);
	if (origin != NULL && !make_queue(out->origin, line->tag, origin + strlen(next[1])))
		strcpy(out->origin, "?");	/* of a queue we do not know */
	if (!skip(&at, ", sasl_method="))
		return true;
	at += strcspn(at, ",");
	if (!skip(&at, ", sasl_username="))
		return true;
	for (size_t i = 0; i < sizeof next / sizeof *next; i++) {
		char *end = strstr(at, next[i]);
		if (end != NULL)
			*end = '\0';
	}
	copy_safe(out->login, sizeof out->login, at);
	out->ours = true;
	return true;
}

/* pickup: "uid=1000 from=<ann>", and " orig_id=…" if postsuper -r put it in again */
static bool
read_uid(const struct log_line *line, char *at, struct feed_event *out)
{
	char *origin = find_last(at, "> orig_id=");

	out->ours = true;
	if (origin != NULL) {
		origin += strlen("> orig_id=");
		if (strspn(origin, QUEUE_ID) == strlen(origin) && make_queue(out->origin, line->tag, origin))
			out->ours = false;
	}
	return ends_with(line->tag, "/pickup");
}

/* qmgr: "from=<ann@example.org>, size=209, nrcpt=11 (queue active)" */
static bool
read_sender(const struct log_line *line, char *at, struct feed_event *out)
{
	const char *sender = read_address(&at);

	(void)line;
	if (sender == NULL || !skip(&at, ", size="))
		return false;
	copy_address(out, sender);
	return true;
}

/* qmgr, postsuper: "removed" */
static bool
read_removed(const struct log_line *line, char *at, struct feed_event *out)
{
	(void)line;
	(void)out;
	return *at == '\0';
}

/* ---- where it went: "to=<…>, orig_to=<…>, relay=…, delay=…, delays=…, dsn=5.1.1, status=bounced (…)" ---- */

/*
 * Does such a code say that there is no such mailbox, or will never be?  Not 5.1.0, 5.1.4, 5.1.5, and not 5.1.7 and
 * 5.1.8, which are about the sender (RFC 3463 s.3.2); Postfix says 5.1.0 where RFC 7505 has 5.1.10.  A reply to MAIL
 * speaks of no recipient, whatever its code; the next server's own words are in front of these.
 */
static bool
is_hard(const char *dsn, const char *relay, const char *said)
{
	static const char *const dead[] = { "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1" };

	if (strcmp(dsn, "5.1.0") == 0)
		return strcmp(relay, "none") == 0 && ends_with(said, " does not accept mail (nullMX)");
	for (size_t i = 0; i < sizeof dead / sizeof *dead; i++)
		if (strcmp(dsn, dead[i]) == 0)
			return !ends_with(said, " (in reply to MAIL FROM command)");
	return false;
}

/* A content filter behind a local port, or /dev/null: nothing has reached anybody yet. */
static bool
is_delivery(const char *tag, char *relay)
{
	struct address a;

	return !ends_with(tag, "/discard") && !(skip_client(&relay, &a) && a.bits != 0 &&
	    address_classify(&a) == ADDRESS_LOOPBACK);
}

/* Two mailboxes?  A stranger may write the same one otherwise, with a dot at its end. */
static bool
differ(const char *a, const char *b)
{
	char a_room[FEED_ADDRESS], b_room[FEED_ADDRESS];
	struct text a_normal = TEXT(a_room), b_normal = TEXT(b_room);

	mail_address_normal(a, &a_normal);
	mail_address_normal(b, &b_normal);
	return strcmp(a_room, b_room) != 0;
}

static bool
read_delivery(const struct log_line *line, char *at, struct feed_event *out)
{
	const char *recipient = read_address(&at);

	if (recipient == NULL || *recipient == '\0')
		return false;
	const char *named = skip(&at, ", orig_to=<") ? read_address(&at) : recipient;
	if (named == NULL || !skip(&at, ", relay="))
		return false;
	out->redirected = named != recipient && differ(named, recipient);
	char *relay = strsep(&at, ","), *dsn = at ? strstr(at, " dsn=") : NULL;
	if (dsn == NULL)
		return false;
	at = dsn + strlen(" dsn=");
	dsn = strsep(&at, ",");
	if (at == NULL || !skip(&at, " status=") || strlen(dsn) >= sizeof out->dsn || dsn[strspn(dsn, "0123456789.")] != '\0')
		return false;
	const char *status = strsep(&at, " ");
	if (at == NULL || !skip(&at, "("))
		return false;
	copy_address(out, recipient);
	if (strcmp(status, "sent") == 0) {
		out->kind = FEED_DELIVERED;
		return is_delivery(line->tag, relay);
	}
	size_t len = strlen(at);
	if (len > 0 && at[len - 1] == ')')
		at[len - 1] = '\0';
	out->hard = is_hard(dsn, relay, at);
	strcpy(out->dsn, dsn);
	copy_safe(out->said, sizeof out->said, at);
	return (strcmp(status, "bounced") == 0 && *dsn == '5') || (strcmp(status, "deferred") == 0 && *dsn == '4');
}

/* ---- */

static const struct {
	const char *start;		/* behind "6C848A729FB: " */
	enum feed_kind kind;
	bool (*read)(const struct log_line *line, char *at, struct feed_event *out);
} readers[] = {
	{ "to=<", FEED_RETURNED, read_delivery },
	{ "client=", FEED_HANDED_IN, read_client },
	{ "uid=", FEED_HANDED_IN, read_uid },
	{ "from=<", FEED_SENDER, read_sender },
	{ "removed", FEED_REMOVED, read_removed },
	{ "reject: RCPT from ", FEED_UNKNOWN, read_reject },
};

bool
event_read(struct log_line *line, struct feed_event *out)
{
	char *at = line->text + strcspn(line->text, ": ");

	if (!skip(&at, ": "))
		return false;
	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
		if (skip(&at, readers[i].start)) {
			*out = (struct feed_event){ .kind = readers[i].kind, .time_s = line->time_s };
			return (make_queue(out->queue, line->tag, line->text) ||
			    (out->kind == FEED_UNKNOWN && strncmp(line->text, "NOQUEUE:", 8) == 0)) &&
			    readers[i].read(line, at, out);
		}
	return false;
}
