/* privacy.h - how much of people's addresses the table decision keeps (decision_addresses)
 *
 * The log and the answer have them whole; so has an explanation (policyd -x).
 */
#ifndef POLICY_PRIVACY_H
#define POLICY_PRIVACY_H

#include "policy/eval.h"

/* An address, or a login, as it may be kept: whole, "@example.net", or "". */
const char *privacy_address(const struct eval *e, const char *address);

/* A text in which this request's sender, recipient and login may stand, with those as they may be kept; NULL of NULL. */
const char *privacy_text(const struct eval *e, const char *text);

#endif
