/* macro.h - macros in SPF records and explanations (RFC 7208 s.7) */
#ifndef SPF_MACRO_H
#define SPF_MACRO_H

#include "base/address.h"
#include "base/text.h"

/* No text, and no record, may have more: each is work that a stranger asks for.  Honest ones have ten. */
enum { SPF_MACROS_MAX = 100 };

/* Whether the text is a macro-string (s.7.1); in an explanation blanks and the letters c, r and t are allowed. */
bool spf_macro_is_string(const char *text, size_t len, bool explanation);

/* Whether it is a domain-spec: a macro-string that ends with a top label or a macro (s.7.1). */
bool spf_macro_is_domain(const char *text, size_t len);

/* True if a macro of one of these letters, in lower case, stands in it in either case. */
bool spf_macro_has(const char *text, size_t len, const char *letters);

struct spf_values {			/* what letters stand for (s.7.2) */
	const char *local, *sender_domain;	/* of the sender: l, o, and s */
	const char *domain;			/* d */
	const char *helo;			/* h */
	const char *client_name;		/* p */
	const char *receiver;			/* r */
	struct address client;			/* i, v, c */
	int64_t now_s;				/* t */
};

/* Expand a text that is a macro-string; what does not fit is cut (out->cut). */
void spf_macro_expand(struct text *out, const char *text, size_t len, const struct spf_values *v);

#endif
