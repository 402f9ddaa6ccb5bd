/* sender_bogus_mx.c - mail must come from a domain whose MX can be reached
 *
 * Asks          MX of the sender's domain, then A and AAAA of the ten most preferred of them; without MX, of the
 *               domain itself                                                             RFC 5321 s.5.1
 * Checks        sender_bogus_mx  5.7.1  all of them point where no mail server of the internet is: each is of one
 *                                       of sender_bogus_mx_classes
 * Cannot tell   when the DNS cannot, 4.4.3; when there are more than ten, and the ten are no good
 * Leaves        the null sender <>                                                        RFC 5321 s.4.5.5
 *               a domain with neither MX nor address, and the null MX (sender_domain looks at them);
 *               senders without a domain, or with a literal in its place
 */
#include "policy/rule.h"

#include <string.h>

#define REMEDY "; mend its DNS records"

#define OPTIONS sender_bogus_mx_options
struct sender_bogus_mx_options {
	struct setting sender_bogus_mx;
	struct option_list classes;
};
enum { SENDER_BOGUS_MX, SENDER_BOGUS_MX_CLASSES };

enum { HOSTS_MAX = 10 };

/* Beside enum address_class: what else a host can be.  A literal stands where a name should. */
enum { HOST_LITERAL = ADDRESS_CLASSES, HOST_UNRESOLVABLE, HOST_CLASSES, HOST_GOOD, HOST_CANNOT_TELL };

static const char *const words[HOST_CLASSES] = { [ADDRESS_UNSPECIFIED] = "unspecified",
    [ADDRESS_LOOPBACK] = "loopback", [ADDRESS_PRIVATE] = "private", [ADDRESS_MULTICAST] = "multicast",
    [ADDRESS_DOCUMENTATION] = "documentation", [ADDRESS_RESERVED] = "reserved", [HOST_LITERAL] = "literal",
    [HOST_UNRESOLVABLE] = "unresolvable" };

static const char *
check_class(const char *word)
{
	for (unsigned class = ADDRESS_PUBLIC + 1; class < HOST_CLASSES; class++)
		if (strcmp(word, words[class]) == 0)
			return NULL;
	return "no such class; write unspecified, loopback, private, multicast, documentation, reserved, literal or "
	    "unresolvable";
}

static const struct option rows[] = {
	[SENDER_BOGUS_MX] = { "sender_bogus_mx", OPT_SETTING, INTO(sender_bogus_mx), "reject",
	    .sentence = "No MX of the sender's domain can be reached from the internet (without MX: its address): each "
	    "is of one of sender_bogus_mx_classes." },
	[SENDER_BOGUS_MX_CLASSES] = { "sender_bogus_mx_classes", OPT_LIST, INTO(classes),
	    "unspecified loopback private multicast documentation reserved literal unresolvable", .check = check_class,
	    .sentence = "What makes an MX bogus: the kind of its addresses; literal: an address stands in place of its "
	    "name; unresolvable: its name has no address." },
};

struct host {
	const char *name;
	const struct answer *a, *aaaa;	/* NULL for a literal */
	struct address address;		/* the literal's, or the first found */
	unsigned class;
};

static bool
is_bogus(const struct sender_bogus_mx_options *o, unsigned class)
{
	for (size_t i = 0; i < o->classes.count; i++)
		if (class < HOST_CLASSES && words[class] != NULL && strcmp(o->classes.at[i], words[class]) == 0)
			return true;
	return false;
}

/* The most preferred MX names, the best first, without the null MX; how many. */
static size_t
best_hosts(const struct answer *mx, struct host hosts[HOSTS_MAX])
{
	const struct dns_record *best[HOSTS_MAX + 1];
	size_t count = 0;

	for (size_t i = 0; i < mx->count; i++) {
		const struct dns_record *r = &mx->records[i];
		size_t at = count;

		if (*r->name == '\0')
			continue;
		for (; at > 0 && best[at - 1]->preference > r->preference; at--)
			best[at] = best[at - 1];
		best[at] = r;
		count += count < HOSTS_MAX;
	}
	for (size_t i = 0; i < count; i++)
		hosts[i] = (struct host){ .name = best[i]->name };
	return count;
}

static void
ask(struct eval *e, struct host *h)
{
	if (address_parse(&h->address, h->name) || address_parse_literal(&h->address, h->name))
		return;
	h->a = dns_lookup(e, h->name, DNS_A);
	h->aaaa = dns_lookup(e, h->name, DNS_AAAA);
}

/* One address that is not bogus makes a host good; else the first that was found speaks for it. */
static unsigned
classify_name(const struct sender_bogus_mx_options *o, struct host *h)
{
	const struct answer *const answers[] = { h->a, h->aaaa };
	unsigned first = HOST_UNRESOLVABLE;

	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < answers[i]->count; k++) {
			const struct address *address = &answers[i]->records[k].address;
			unsigned class = address_classify(address);

			if (!is_bogus(o, class))
				return HOST_GOOD;
			if (first == HOST_UNRESOLVABLE) {
				first = class;
				h->address = *address;
			}
		}
	return failed(h->a) || failed(h->aaaa) ? HOST_CANNOT_TELL : first;
}

static unsigned
classify(const struct sender_bogus_mx_options *o, struct host *h)
{
	unsigned class = h->a ? classify_name(o, h) : is_bogus(o, HOST_LITERAL) ? HOST_LITERAL :
	    address_classify(&h->address);

	return class == HOST_CANNOT_TELL || is_bogus(o, class) ? class : HOST_GOOD;
}

static struct verdict
refuse(struct eval *e, const char *domain, const struct host *h, bool is_mx)
{
	char address[ADDRESS_TEXT];

	address_print(&h->address, address);
	if (!is_mx)
		return object(e, SENDER_BOGUS_MX, "5.7.1",
		    "no mail can reach %.100s: it has no MX, and the %s address %s" REMEDY, domain, words[h->class], address);
	if (h->class == HOST_LITERAL)
		return object(e, SENDER_BOGUS_MX, "5.7.1",
		    "no mail can reach %.70s: its MX %.60s is an address, not a host name" REMEDY, domain, h->name);
	if (h->class == HOST_UNRESOLVABLE)
		return object(e, SENDER_BOGUS_MX, "5.7.1", "no mail can reach %.70s: its MX %.60s has no address" REMEDY,
		    domain, h->name);
	return object(e, SENDER_BOGUS_MX, "5.7.1", "no mail can reach %.70s: its MX %.60s has the %s address %s" REMEDY,
	    domain, h->name, words[h->class], address);
}

static struct verdict
judge(struct eval *e)
{
	const struct sender_bogus_mx_options *o = options(e);
	const char *domain = sender_domain(e), *unsure = NULL;
	struct host hosts[HOSTS_MAX] = { { .name = domain } };

	if (sender_is_null(e) || domain == NULL)
		return DUNNO;

	const struct answer *mx = dns_lookup(e, domain, DNS_MX);
	if (waiting(e))
		return PENDING;
	if (failed(mx))
		return cannot_tell(e, SENDER_BOGUS_MX, "4.4.3", "cannot look up %s now", domain);

	size_t count = found(mx) ? best_hosts(mx, hosts) : 1;
	for (size_t i = 0; i < count; i++)
		ask(e, &hosts[i]);
	if (waiting(e))
		return PENDING;

	for (size_t i = 0; i < count; i++) {
		hosts[i].class = classify(o, &hosts[i]);
		if (hosts[i].class == HOST_GOOD)
			return DUNNO;
		if (hosts[i].class == HOST_CANNOT_TELL && unsure == NULL)
			unsure = hosts[i].name;
	}
	if (unsure != NULL)
		return cannot_tell(e, SENDER_BOGUS_MX, "4.4.3", "cannot look up %s now", unsure);
	if (mx->count > HOSTS_MAX)
		return cannot_tell(e, SENDER_BOGUS_MX, "4.4.3", "%.150s has more than %d MX, too many to look at",
		    domain, HOSTS_MAX);
	if (count == 0 || (!found(mx) && hosts[0].class == HOST_UNRESOLVABLE))
		return DUNNO;
	return refuse(e, domain, &hosts[0], found(mx));
}

const struct rule rule_sender_bogus_mx = { "sender_bogus_mx", judge, STAGE_RCPT, HOOK_MX, SPARE_STRANGER,
    OPTION_TABLE(rows) };
