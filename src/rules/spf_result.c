/* spf_result.c - see spf_result.h */
#include "rules/spf_result.h"

/* What the domain has to say about it, or how an honest forwarder mends it. */
static const char *
advice(const struct spf_outcome *o, enum spf_identity identity, struct text *t)
{
	if (o->explanation != NULL)
		text_addf(t, ": %.110s", o->explanation);
	else if (identity == SPF_MAIL_FROM)
		text_add(t, "; who forwards mail rewrites the sender (SRS)");
	return t->at;
}

static struct verdict
follow(struct eval *e, enum spf_identity identity, const char *domain, const struct spf_outcome *o)
{
	const char *client = request(e)->client_address;
	const char *what = identity == SPF_HELO ? "greet" : "send mail";
	char buffer[VERDICT_TEXT];
	struct text more = TEXT(buffer);

	switch (o->unsure && o->result != SPF_PASS ? SPF_TEMPERROR : o->result) {
	case SPF_PASS:
		return DUNNO;
	case SPF_FAIL:
		return object(e, SPF_CHECK_FAIL, "5.7.23", "%s may not %s as %.80s (SPF fail by %.40s)%s", client, what, domain,
		    o->mechanism ? o->mechanism : "default", advice(o, identity, &more));
	case SPF_SOFTFAIL:
		return object(e, SPF_CHECK_SOFTFAIL, "5.7.23", "%s should not %s as %.80s (SPF softfail by %.40s)%s", client,
		    what, domain, o->mechanism ? o->mechanism : "default", advice(o, identity, &more));
	case SPF_NEUTRAL:
		return object(e, SPF_CHECK_NEUTRAL, "5.7.23", "%.80s does not say whether %s may %s in its name (SPF neutral)",
		    domain, client, what);
	case SPF_NONE:
		return object(e, SPF_CHECK_NONE, "5.7.23", "%.80s has no SPF record", domain);
	case SPF_PERMERROR:
		return object(e, SPF_CHECK_PERMERROR, "5.7.24", "the SPF record of %.80s is wrong: %.120s", domain, o->why);
	case SPF_TEMPERROR:
		break;
	}
	return object(e, SPF_CHECK_TEMPERROR, "4.4.3", "cannot look up the SPF records of %.80s now", domain);
}

struct verdict
spf_verdict(struct eval *e, enum spf_identity identity)
{
	const char *domain = identity == SPF_HELO ? helo_domain(e) : sender_domain(e);

	const struct spf_outcome *o = spf_says(e, identity);
	if (waiting(e))
		return PENDING;

	if (domain == NULL)
		return DUNNO;
	const char *because = o->why ? o->why : o->mechanism;
	return traced(e, follow(e, identity, domain, o), "SPF %s of %s%s%s; terms %u of %d, void look-ups %u of %d%s%s",
	    spf_result_word(o->result), domain, because == NULL ? "" : o->why ? ": " : " by ", because ? because : "",
	    o->terms, SPF_TERMS_MAX, o->voids, SPF_VOIDS_MAX, *o->trace ? "; " : "", o->trace);
}
