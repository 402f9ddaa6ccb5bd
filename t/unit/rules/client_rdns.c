/* client_rdns.c - test of src/rules/client_rdns.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_client_rdns;

int
main(void)
{
	const struct promise promises[] = {
		{ "it waits for the name", { .name = { NAME_OPEN, NULL } }, "PENDING" },
		{ "a confirmed name passes", { .name = { NAME_CONFIRMED, "mx.example.net" } }, "DUNNO" },
		{ "no PTR is refused", { .name = { NAME_NONE, NULL } },
		  "OBJECT client_no_rdns 5.7.25 the address 192.0.2.7 has no reverse DNS name; ask your provider for one" },
		{ "a PTR without a dot is no name", { .name = { NAME_MISMATCH, "mailserver" } },
		  "OBJECT client_no_rdns 5.7.25 the reverse DNS name of 192.0.2.7 is mailserver, not a fully qualified name; "
		  "ask your provider for a full one" },
		{ "a PTR that does not lead back is a mismatch",
		  { .client = "2001:db8::1", .name = { NAME_MISMATCH, "mx.example.net" } },
		  "OBJECT client_rdns_mismatch 5.7.25 the reverse DNS name of 2001:db8::1 is mx.example.net, "
		  "which does not resolve to it; mend either" },
		{ "a PTR that cannot be looked up is no missing one", { .name = { NAME_CANNOT_TELL, "7.2.0.192.in-addr.arpa" } },
		  "CANNOT TELL client_no_rdns 4.7.25 cannot look up 7.2.0.192.in-addr.arpa now" },
		{ "a name that cannot be looked up is no mismatch", { .name = { NAME_CANNOT_TELL, "mx.example.net" } },
		  "CANNOT TELL client_rdns_mismatch 4.7.25 cannot look up mx.example.net now" },
		{ "a client without an address is let alone", { .client = "unknown" }, "DUNNO" },
	};
	return promises_keep(&rule_client_rdns, promises, sizeof promises / sizeof *promises);
}
