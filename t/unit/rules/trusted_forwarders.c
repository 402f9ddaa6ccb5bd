/* trusted_forwarders.c - test of src/rules/trusted_forwarders.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_trusted_forwarders;

#define KNOWN(list, ...) .options = { { "trusted_forwarders", list } }, .on_record = true, .name = { __VA_ARGS__ }
#define TRUSTED "EXEMPT 192.0.2.7 is in trusted_forwarders"

int
main(void)
{
	const struct promise promises[] = {
		{ "without a list nobody is asked about", { .on_record = true, .name = { .status = NAME_OPEN } }, "DUNNO" },
		{ "nor is a client that nothing is known against",
		  { .options = { { "trusted_forwarders", "mx2.example.net" } }, .name = { .status = NAME_OPEN } }, "DUNNO" },
		{ "a forwarder by address is let alone", { KNOWN("192.0.2.0/28", .status = NAME_OPEN) }, TRUSTED },
		{ "by name, too", { KNOWN(".example.net", .status = NAME_CONFIRMED, .name = "mx2.example.net") }, TRUSTED },
		{ "another is not", { KNOWN(".example.net", .status = NAME_CONFIRMED, .name = "mx2.example.com") }, "DUNNO" },
		{ "a name is waited for", { KNOWN(".example.net", .status = NAME_OPEN) }, "PENDING" },
		{ "and may be one of them while it cannot be had", { KNOWN(".example.net", .status = NAME_CANNOT_TELL) },
		  "PERHAPS EXEMPT cannot look up the name of 192.0.2.7 now" },
		{ "a name that is not confirmed is none", { KNOWN(".example.net", .status = NAME_NONE) }, "DUNNO" },
	};
	return promises_keep(&rule_trusted_forwarders, promises, sizeof promises / sizeof *promises);
}
