/* spf_result.c - see spf_result.h */
#include "rules/spf_result.h"

#include <string.h>

enum { EXPLANATION_MAX = 110, EXPLANATION_LEAST = 40 };	/* bytes; the latter with "; explains: " */

/*
 * "192.0.2.7 may not send mail as example.net (SPF fail by -all)", how an honest server or forwarder mends it, then the
 * domain's own words, as such (RFC 7208 s.6.2): last, where what does not fit is cut, and only if there is room for some.
 */
static struct verdict
refuse(struct eval *e, enum spf_identity identity, const char *domain, const struct spf_outcome *o)
{
	bool fail = o->result == SPF_FAIL;
	char buffer[VERDICT_TEXT];
	struct text t = TEXT(buffer);

	text_addf(&t, "%s %s not %s as %.80s (SPF %s by %.40s)", request(e)->client_address, fail ? "may" : "should",
	    identity == SPF_HELO ? "greet" : "send mail", domain, spf_result_word(o->result),
	    o->mechanism ? o->mechanism : "default");
	text_add(&t, identity == SPF_HELO ? "; greet with the public name of your server" :
	    "; who forwards mail rewrites the sender (SRS)");
	if (o->explanation != NULL && t.size - t.len > strlen(domain) + EXPLANATION_LEAST)
		text_addf(&t, "; %s explains: %.*s", domain, EXPLANATION_MAX, o->explanation);
	return object(e, fail ? SPF_CHECK_FAIL : SPF_CHECK_SOFTFAIL, "5.7.23", "%s", buffer);
}

static struct verdict
follow(struct eval *e, enum spf_identity identity, const char *domain, const struct spf_outcome *o)
{
	switch (o->unsure && o->result != SPF_PASS ? SPF_TEMPERROR : o->result) {
	case SPF_PASS:
		return DUNNO;
	case SPF_FAIL:
	case SPF_SOFTFAIL:
		return refuse(e, identity, domain, o);
	case SPF_NEUTRAL:
		return object(e, SPF_CHECK_NEUTRAL, "5.7.23", "%.80s does not say whether %s may %s in its name (SPF neutral); "
		    "let its SPF record say so", domain, request(e)->client_address, identity == SPF_HELO ? "greet" : "send mail");
	case SPF_NONE:
		return object(e, SPF_CHECK_NONE, "5.7.23", "%.80s has no SPF record; publish one that allows %s", domain,
		    request(e)->client_address);
	case SPF_PERMERROR:
		return object(e, SPF_CHECK_PERMERROR, "5.7.24", "the SPF record of %.80s is wrong: %.120s; mend it", domain, o->why);
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
	char trace[TRACE_TEXT];
	struct text t = TEXT(trace);
	text_add(&t, "SPF ");
	text_add(&t, spf_result_word(o->result));
	text_add(&t, " of ");
	text_add(&t, domain);
	if (because != NULL) {
		text_add(&t, o->why ? ": " : " by ");
		text_add(&t, because);
	}
	if (o->terms + o->voids > 0)
		text_addf(&t, "; terms %u of %d, void look-ups %u of %d", o->terms, SPF_TERMS_MAX, o->voids, SPF_VOIDS_MAX);
	if (*o->trace) {
		text_add(&t, "; ");
		text_add(&t, o->trace);
	}
	return traced_text(e, follow(e, identity, domain, o), &t);
}
