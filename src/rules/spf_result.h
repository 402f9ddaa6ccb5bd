/* spf_result.h - from what SPF says of an identity to a verdict, for the rules spf and spf_helo */
#ifndef RULES_SPF_RESULT_H
#define RULES_SPF_RESULT_H

#include "policy/rule.h"

/* Each of the two has these checks at the start of its option rows, in this order. */
enum spf_check { SPF_CHECK_FAIL, SPF_CHECK_SOFTFAIL, SPF_CHECK_NEUTRAL, SPF_CHECK_NONE, SPF_CHECK_PERMERROR,
	SPF_CHECK_TEMPERROR, SPF_CHECKS };

struct spf_settings {
	struct setting at[SPF_CHECKS];
};

struct verdict spf_verdict(struct eval *e, enum spf_identity identity);

#endif
