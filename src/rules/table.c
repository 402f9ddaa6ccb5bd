/* table.c - see table.h */
#include "rules/table.h"

#define RULES \
	RULE(deny) \
	RULE(role_accounts) \
	RULE(unwanted) \
	RULE(allow) \
	RULE(dnswl) \
	RULE(client_block) \
	RULE(login_block) \
	RULE(login_required) \
	RULE(login_mismatch) \
	RULE(relay_spf) \
	RULE(login_bouncing) \
	RULE(login_spread) \
	RULE(recipient_bounced) \
	RULE(trusted_forwarders) \
	RULE(client_harvesting) \
	RULE(spamtrap) \
	RULE(client_delivery_rate) \
	RULE(client_reputation) \
	RULE(recipient) \
	RULE(null_sender_multiple) \
	RULE(helo_missing) \
	RULE(helo_syntax) \
	RULE(helo_not_fqdn) \
	RULE(helo_literal) \
	RULE(helo_forged) \
	RULE(helo_reserved) \
	RULE(sender_syntax) \
	RULE(client_rdns) \
	RULE(client_dynamic) \
	RULE(helo_unknown_tld) \
	RULE(helo_unresolvable) \
	RULE(helo_mismatch) \
	RULE(sender_unknown_tld) \
	RULE(sender_domain) \
	RULE(sender_bogus_mx) \
	RULE(null_sender_unsolicited) \
	RULE(dnsbl) \
	RULE(rhsbl) \
	RULE(spf_skip) \
	RULE(spf) \
	RULE(spf_helo) \
	RULE(spf_header) \
	RULE(greylist) \
	RULE(quota)

#define RULE(name) extern const struct rule rule_##name;
RULES
#undef RULE

#define RULE(name) &rule_##name,
const struct rule *const rules[] = { RULES };

const size_t rules_count = sizeof rules / sizeof *rules;
