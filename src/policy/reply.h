/* reply.h - what the stranger reads: the finding, or the site's own words, and where to learn more
 *
 *     550 5.7.25 the address 192.0.2.7 has no reverse DNS name (client_no_rdns DBM5G60000)
 *     550 5.7.25 get a name, 192.0.2.7 (see https://example.org/help?rule=client_no_rdns&ref=DBM5G60000)
 *
 * However long what a stranger sends is, check, reference and URL stay whole:
 * findings are left out, then cut.
 */
#ifndef POLICY_REPLY_H
#define POLICY_REPLY_H

#include "policy/eval.h"

/*
 * The option help_url, a URL (OPT_PARSED): with %{check} and %{reference} where
 * they belong, or without macros, then "?rule=…&ref=…" is appended.
 */
const char *help_url_parse(struct arena *a, const char *text, void *into);

/*
 * Append the whole reply, "action=…", to out, which has REPLY_MAX bytes of room; what stands in a refusal between code
 * and tail, in e's arena.
 *
 * reference  "" where there is none
 */
const char *reply_encode(struct text *out, const struct eval *e, const struct decision *d, const char *reference);

#endif
