/* client_rdns.c - a client must have a reverse DNS name, and the name must lead back to it
 *
 * Asks          the client's name: PTR, then the addresses of the names it gives
 * Checks        client_no_rdns        5.7.25  there is no PTR, or only a name that is not fully qualified
 *               client_rdns_mismatch  5.7.25  no name of the PTR has the client's address
 * Cannot tell   when the DNS cannot, 4.7.25; when there are more than ten names, and the first ten do not lead back
 * Leaves        a client without an IP address
 */
#include "policy/rule.h"

#define OPTIONS client_rdns_options
struct client_rdns_options {
	struct setting client_no_rdns, client_rdns_mismatch;
};
enum { CLIENT_NO_RDNS, CLIENT_RDNS_MISMATCH };

static const struct option rows[] = {
	[CLIENT_NO_RDNS] = { "client_no_rdns", OPT_SETTING, INTO(client_no_rdns), "reject",
	    .sentence = "The client's address has no reverse DNS name (PTR), or one that is not fully qualified." },
	[CLIENT_RDNS_MISMATCH] = { "client_rdns_mismatch", OPT_SETTING, INTO(client_rdns_mismatch), "log",
	    .sentence = "The client's reverse DNS name does not resolve back to its address (FCrDNS)." },
};

static struct verdict
judge(struct eval *e)
{
	const char *address = request(e)->client_address;

	if (request(e)->client.bits == 0)
		return DUNNO;

	struct client_name name = client_name(e);
	if (waiting(e))
		return PENDING;

	if (name.status == NAME_CONFIRMED)
		return DUNNO;
	if (name.status == NAME_CANNOT_TELL)
		return cannot_tell(e, domain_within(name.name, "arpa") ? CLIENT_NO_RDNS : CLIENT_RDNS_MISMATCH, "4.7.25",
		    "cannot look up %s now", name.name);
	if (name.status == NAME_NONE)
		return object(e, CLIENT_NO_RDNS, "5.7.25",
		    "the address %s has no reverse DNS name; ask your provider for one", address);
	if (!domain_is_fqdn(name.name))
		return object(e, CLIENT_NO_RDNS, "5.7.25",
		    "the reverse DNS name of %s is %.80s, not a fully qualified name; ask your provider for a full one",
		    address, name.name);
	return object(e, CLIENT_RDNS_MISMATCH, "5.7.25",
	    "the reverse DNS name of %s is %.80s, which does not resolve to it; mend either", address, name.name);
}

const struct rule rule_client_rdns = { "client_rdns", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows) };
