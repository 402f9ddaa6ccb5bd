/* quota.c - so much mail, and no more, may be sent within a time: by a login, a domain of ours, a client
 *
 * Asks          the table quota_limit, what was used of each quota, and what of the message has been counted
 * Checks        quota_exceeded  5.7.1  the message, or this recipient of it, is more than a quota has left
 *                               5.5.3  it is more than there is at all     RFC 3463 s.3.6
 *               quota_near      5.7.1  the message fits, and takes more than quota_soft per cent
 * Cannot tell   when the store cannot, unless what was counted since the start is too much already
 * Leaves        whom a row of quota_limit gives "none"; a sender's domain that a stranger claims
 *
 * Nothing is refused at END-OF-MESSAGE.  Recipients and messages are counted at DATA, in the same step in which they are
 * found to fit, so that no burst is let through; bytes are known only when the message has arrived, so that those under
 * way may be too many.  What fails later is not given back.
 */
#include "policy/rule.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OPTIONS quota_options
struct quota_options {
	struct setting exceeded, near;
	struct quotas quotas;
	int64_t soft;
	bool header;
};
enum { QUOTA_EXCEEDED, QUOTA_NEAR, QUOTA };

static const char *
parse_quotas(struct arena *a, const char *text, void *into)
{
	struct quotas *q = into;
	const char *why = quotas_read(a, text, true, q);

	for (size_t i = 0; why == NULL && i < q->count; i++)
		if (!quota_scope_is(q->at[i].scope))
			why = arena_printf(a, "%.60s is nobody's name; write login, client, sender_domain or an attribute such as "
			    "ccert_fingerprint", q->at[i].scope);
	return why;
}

static const struct option rows[] = {
	[QUOTA_EXCEEDED] = { "quota_exceeded", OPT_SETTING, INTO(exceeded), "defer",
	    .sentence = "A quota has not enough left for this recipient or message." },
	[QUOTA_NEAR] = { "quota_near", OPT_SETTING, INTO(near), "log",
	    .sentence = "It has, but more than quota_soft per cent of it are used then." },
	[QUOTA] = { "quota", OPT_PARSED, INTO(quotas), "", .parse = parse_quotas,
	    .sentence = "So much may be sent: login 500 recipients / 1h, client 1G bytes / 1d fixed, ...; rows of quota_limit go before." },
	{ "quota_soft", OPT_INT, INTO(soft), "80", "0", "100",
	    .sentence = "So many per cent are near the end." },
	{ "quota_header", OPT_BOOL, INTO(header), "no",
	    .sentence = "The message gets a header X-Quota with what is left, for all its recipients to see." },
};

/* What a request would do to a quota. */
struct fit {
	struct quota_use use;		/* .name NULL: there is none */
	int64_t need, after;		/* used when this is */
	int64_t frees_s;		/* when there is enough left; INT64_MAX: never */
};

struct found {
	struct fit over;		/* that has not enough left, for longest */
	struct fit tightest;		/* of those that have: which has the least left, for its size */
	bool doubt;			/* of one it cannot be told */
};

/* A number as Postfix gives it; so large a one that it cannot be added to is more than any quota, too. */
static int64_t
bounded(uint64_t n)
{
	return n < INT64_MAX / 1000 ? (int64_t)n : INT64_MAX / 1000;
}

/* How much of it this request needs; of bytes, what is known of them by now. */
static int64_t
needed(struct eval *e, enum quota_unit unit)
{
	const struct request *r = request(e);
	struct quota_message counted = quota_message(e);
	int64_t recipients = r->stage == STAGE_RCPT ? recipients_before(e) + 1 : bounded(r->recipient_count);

	switch (unit) {
	case QUOTA_RECIPIENTS:
		return recipients > counted.recipients ? recipients - counted.recipients : 0;
	case QUOTA_MESSAGES:
		return counted.recipients == 0;
	default:
		return counted.whole ? 0 : r->size_bytes > 0 ? bounded(r->size_bytes) : 1;
	}
}

static double
share(const struct fit *fit)
{
	return (double)fit->after / (double)(fit->use.quota.most > 0 ? fit->use.quota.most : 1);
}

/* Does it fit?  Then, at DATA, it is counted. */
static void
try(struct eval *e, const struct quota_use *u, struct found *f)
{
	struct fit fit = { .use = *u, .need = needed(e, u->quota.unit) };
	int64_t most = u->quota.most;
	struct quota_past past;

	if (fit.need == 0)
		return;
	if (request(e)->stage == STAGE_DATA && u->quota.unit != QUOTA_BYTES)
		count_quota(e, u, fit.need);
	bool known = quota_past(e, u, &past);
	fit.after = past.used + fit.need;
	if (fit.after > most) {
		fit.frees_s = fit.need > most ? INT64_MAX : quota_frees_s(&past, fit.after - most);
		if (f->over.use.name == NULL || fit.frees_s > f->over.frees_s)
			f->over = fit;
	} else if (!known)
		f->doubt = true;
	else if (f->tightest.use.name == NULL || share(&fit) > share(&f->tightest))
		f->tightest = fit;
}

/* What has arrived whole: bytes, and the rest if Postfix did not ask at DATA. */
static void
count(struct eval *e, const struct quota_use *u, struct found *f)
{
	int64_t n = needed(e, u->quota.unit);

	(void)f;
	if (n > 0)
		count_quota(e, u, n);
}

static const char *const limited[] = { "login", "sender_domain", "client" };	/* scopes a row of quota_limit can have */
enum { LIMITED = sizeof limited / sizeof *limited };

/* Every quota of this request, by its row of quota_limit or the setting. */
static void
for_each_quota(struct eval *e, void (*see)(struct eval *e, const struct quota_use *u, struct found *f), struct found *f)
{
	const struct quota_options *o = options(e);
	const struct list_row *rows_of[LIMITED];

	for (size_t i = 0; i < LIMITED; i++) {
		rows_of[i] = quota_limit(e, limited[i]);
		const char *name = rows_of[i] ? quota_name(e, limited[i]) : NULL;
		for (size_t k = 0; name != NULL && k < rows_of[i]->quotas->count; k++)
			see(e, &(struct quota_use){ limited[i], name, rows_of[i]->quotas->at[k] }, f);
	}
	for (size_t i = 0; i < o->quotas.count; i++) {
		const struct quota *q = &o->quotas.at[i];
		const char *name = quota_name(e, q->scope);
		bool own = false;

		for (size_t k = 0; k < LIMITED; k++)
			own |= rows_of[k] != NULL && strcmp(limited[k], q->scope) == 0;
		if (name != NULL && !own)
			see(e, &(struct quota_use){ q->scope, name, *q }, f);
	}
}

static const struct { int64_t s; const char *one; } units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" },
    { 1, "second" } };

/* "90 minutes", in the largest unit of which it is so many. */
static const char *
words(int64_t seconds, char out[32])
{
	size_t i = 0;

	while (seconds % units[i].s != 0)
		i++;
	int64_t n = seconds / units[i].s;
	snprintf(out, 32, "%" PRId64 " %s%s", n, units[i].one, n == 1 ? "" : "s");
	return out;
}

/* Up to whole minutes, or hours or days if it is some of them: nobody waits by the second. */
static int64_t
rounded(int64_t seconds)
{
	size_t i = 0;

	while (i < 2 && seconds < 2 * units[i].s)
		i++;
	return (seconds + units[i].s - 1) / units[i].s * units[i].s;
}

/* What one sends: mail to recipients, or messages, or bytes. */
static const char *
to(const struct quota_use *u)
{
	return u->quota.unit == QUOTA_RECIPIENTS ? "to " : "";
}

static struct verdict
refuse(struct eval *e, const struct fit *fit)
{
	const struct quota_use *u = &fit->use;
	char within[32], again[32], message[48] = "";
	bool several = fit->need > 1;

	words(u->quota.length_s, within);
	if (fit->frees_s == INT64_MAX)
		return object(e, QUOTA_EXCEEDED, "5.5.3", "%.80s may send %s%" PRId64 " %s within %s, and this message has %" PRId64
		    "; send less at once, or ask us", u->name, to(u), u->quota.most, quota_units[u->quota.unit], within, fit->need);
	if (several)
		snprintf(message, sizeof message, ", and this message has %" PRId64, fit->need);
	return object(e, QUOTA_EXCEEDED, "5.7.1", "%.80s may send %s%" PRId64 " %s within %s,%s has sent %s%" PRId64
	    "%s; try again in %s", u->name, to(u), u->quota.most, quota_units[u->quota.unit], within, several ? "" : " and",
	    to(u), fit->after - fit->need, message, words(rounded(fit->frees_s - now(e)), again));
}

static struct verdict
pass(struct eval *e, const struct fit *fit)
{
	const struct quota_options *o = options(e);
	const struct quota_use *u = &fit->use;
	struct verdict v = DUNNO;
	char within[32];

	if (u->name == NULL)
		return v;
	words(u->quota.length_s, within);
	if (fit->after * 100 > o->soft * u->quota.most && request(e)->stage == STAGE_DATA)	/* once for a message */
		v = object(e, QUOTA_NEAR, "5.7.1", "%.80s may send %s%" PRId64 " %s within %s, and has sent %s%" PRId64
		    " with this message", u->name, to(u), u->quota.most, quota_units[u->quota.unit], within, to(u), fit->after);
	if (o->header && request(e)->stage == STAGE_DATA)
		v.header = prepend(e, "X-Quota: %" PRId64 " of %" PRId64 " %s within %s left", u->quota.most - fit->after,
		    u->quota.most, quota_units[u->quota.unit], within).header;
	return traced(e, v, "%.80s: %" PRId64 " of %" PRId64 " %s within %s", u->name, fit->after, u->quota.most,
	    quota_units[u->quota.unit], within);
}

static struct verdict
judge(struct eval *e)
{
	struct found f = { 0 };

	for_each_quota(e, try, &f);
	if (waiting(e))
		return PENDING;

	if (f.over.use.name != NULL)
		return refuse(e, &f.over);
	if (f.doubt)
		return cannot_tell(e, QUOTA_EXCEEDED, "4.3.0", "cannot tell now how much was sent before");
	return pass(e, &f.tightest);
}

static void
learn(struct eval *e)
{
	for_each_quota(e, count, NULL);
}

static bool
is_of_logins(const struct quota *q)
{
	return strcmp(q->scope, "login") == 0 || strncmp(q->scope, "sasl_", 5) == 0;
}

/* Strangers have no login. */
static unsigned
counts_at(const void *values, bool users)
{
	const struct quotas *q = &((const struct quota_options *)values)->quotas;
	unsigned stages = 0;

	for (size_t i = 0; i < q->count; i++)
		if (users || !is_of_logins(&q->at[i]))
			stages |= q->at[i].unit == QUOTA_BYTES ? STAGE_END_OF_MESSAGE : STAGE_DATA;
	return stages;
}

static const struct option *
of_logins(const void *values)
{
	const struct quotas *q = &((const struct quota_options *)values)->quotas;

	for (size_t i = 0; i < q->count; i++)
		if (is_of_logins(&q->at[i]))
			return &rows[QUOTA];
	return NULL;
}

const struct rule rule_quota = { "quota", judge, STAGE_RCPT | STAGE_DATA, HOOK_MX | HOOK_SUBMISSION, 0, OPTION_TABLE(rows),
    .last = true, .of_service = true, .learn = learn, .counts_at = counts_at, .of_logins = of_logins };
