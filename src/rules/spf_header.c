/* spf_header.c - whatever SPF said of the sender can be read in the message
 *
 * Asks          what spf asks
 * Checks        none: one header, Received-SPF (RFC 7208 s.9.1) or Authentication-Results (RFC 8601), is put before the
 *               message when the first of its recipients is let pass
 * Leaves        whom spf leaves
 */
#include "policy/rule.h"

#include <string.h>

#define OPTIONS spf_header_options
struct spf_header_options {
	int header;
	const char *authserv_id;
};
/* The longest header has them all; quotes and "; key=" are less than 150 bytes together, so no value is cut open. */
enum { VALUE_MAX = 254, HELO_MAX = 180, MECHANISM_MAX = 90, PROBLEM_MAX = 100,	/* there is but one of these two */
	HEADER_TEXT = 2 * VALUE_MAX + HELO_MAX + PROBLEM_MAX + 150 };
enum { HEADER_OFF, HEADER_RECEIVED_SPF, HEADER_AUTHENTICATION_RESULTS };	/* header */

/* What may stand in a header value without quotes: a dot-atom (RFC 5322 s.3.2.3). */
static bool
is_dot_atom(const char *value)
{
	static const char atext[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~.";
	size_t len = strlen(value);

	return len > 0 && value[0] != '.' && value[len - 1] != '.' && value[strspn(value, atext)] == '\0' &&
	    strstr(value, "..") == NULL;
}

static const char *
parse_id(struct arena *a, const char *text, void *into)
{
	*(const char **)into = arena_strdup(a, text);
	return *text == '\0' || (is_dot_atom(text) && strlen(text) <= VALUE_MAX) ? NULL :
	    "this cannot stand in a header as our name; write a host name, as in mx.example.org";
}

static const struct option rows[] = {
	{ "spf_header", OPT_WORD, INTO(header), "off", .words = "off|received-spf|authentication-results",
	    .sentence = "The header that says in each message what SPF said, once per message." },
	{ "authserv_id", OPT_PARSED, INTO(authserv_id), "", .parse = parse_id,
	    .sentence = "Our name in that header; empty: this host's.  Postfix must remove headers of strangers that claim it." },
};

/* "; key=value", the value quoted if need be, in at most max bytes; what is not printable ASCII becomes "?". */
static void
add_value(struct text *t, const char *between, const char *key, const char *value, size_t max)
{
	bool plain = strlen(value) <= max && is_dot_atom(value);

	text_addf(t, "%s%s=%s", between, key, plain ? "" : "\"");
	for (size_t i = 0, used = 0; value[i] != '\0'; i++) {
		char c = value[i] >= ' ' && value[i] <= '~' ? value[i] : '?';
		bool escape = c == '"' || c == '\\';

		if ((used += 1u + escape) > max)
			break;
		text_addf(t, "%s%c", escape ? "\\" : "", c);
	}
	text_add(t, plain ? "" : "\"");
}

static struct verdict
received_spf(struct eval *e, const struct spf_outcome *o, const char *own_name, const char *identity)
{
	const struct request *r = request(e);
	char buffer[HEADER_TEXT];
	struct text t = TEXT(buffer);

	text_add(&t, spf_result_word(o->result));
	add_value(&t, " ", "client-ip", r->client_address, VALUE_MAX);
	if (!sender_is_null(e))
		add_value(&t, "; ", "envelope-from", r->sender, VALUE_MAX);
	add_value(&t, "; ", "helo", *r->helo_name ? r->helo_name : "unknown", HELO_MAX);
	add_value(&t, "; ", "identity", identity, VALUE_MAX);
	if (o->mechanism != NULL && strlen(o->mechanism) <= MECHANISM_MAX)
		add_value(&t, "; ", "mechanism", o->mechanism, MECHANISM_MAX);
	if (o->why != NULL)
		add_value(&t, "; ", "problem", o->why, PROBLEM_MAX);
	add_value(&t, "; ", "receiver", own_name, VALUE_MAX);
	return prepend(e, "Received-SPF: %s", buffer);
}

static struct verdict
judge(struct eval *e)
{
	const struct spf_header_options *o = options(e);
	bool null = sender_is_null(e);

	if (o->header == HEADER_OFF)
		return DUNNO;

	const struct spf_outcome *spf = spf_says(e, null ? SPF_HELO : SPF_MAIL_FROM);
	if (waiting(e))
		return PENDING;

	const char *name = *o->authserv_id ? o->authserv_id : own_name(e);
	if (o->header == HEADER_RECEIVED_SPF)
		return received_spf(e, spf, name, null ? "helo" : "mailfrom");
	const char *domain = null ? helo_domain(e) : sender_domain(e);
	return prepend(e, "Authentication-Results: %s; spf=%s smtp.%s=%s", name, spf_result_word(spf->result),
	    null ? "helo" : "mailfrom", domain ? domain : "unknown");
}

const struct rule rule_spf_header = { "spf_header", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER | SPARE_SPF,
    OPTION_TABLE(rows) };
