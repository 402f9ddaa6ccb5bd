/* client_list.h - clients as people write them: addresses, networks, and domains of confirmed names */
#ifndef RULES_CLIENT_LIST_H
#define RULES_CLIENT_LIST_H

#include "policy/rule.h"

enum { CLIENT_LIST_MAX = 1000 };

struct client_list {
	size_t network_count;
	const struct network *networks;
	struct option_list names;	/* as of OPT_DOMAINS */
};

/* The parser of an OPT_PARSED row whose member is a struct client_list. */
const char *client_list_parse(struct arena *a, const char *text, void *into);

/* Who is in the list of that setting is exempt, perhaps if its name cannot be looked up. */
struct verdict client_list_exempts(const struct client_list *c, struct eval *e, const char *setting);

#endif
