/* table.c - see table.h */
#include "rules/table.h"

extern const struct rule rule_deny, rule_allow, rule_dnswl, rule_helo_syntax, rule_helo_not_fqdn, rule_helo_literal,
    rule_helo_forged, rule_client_rdns, rule_sender_domain, rule_dnsbl, rule_rhsbl;

const struct rule *const rules[] = {
	&rule_deny,
	&rule_allow,
	&rule_dnswl,
	&rule_helo_syntax,
	&rule_helo_not_fqdn,
	&rule_helo_literal,
	&rule_helo_forged,
	&rule_client_rdns,
	&rule_sender_domain,
	&rule_dnsbl,
	&rule_rhsbl,
};

const size_t rules_count = sizeof rules / sizeof *rules;
