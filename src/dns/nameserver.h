/* nameserver.h - which name servers to ask */
#ifndef DNS_NAMESERVER_H
#define DNS_NAMESERVER_H

#include "config/option.h"

#include <ares.h>

/*
 * A list for ares_set_servers_ports(), of the texts given ("192.0.2.53",
 * "192.0.2.53:5353", "[2001:db8::53]:53") or, if there are none, of
 * resolv.conf; freed with nameservers_free().  NULL with a sentence in *why
 * (kept until the next call) if a text is no name server's address.
 */
struct ares_addr_port_node *nameservers_list(const struct option_list *texts, const char **why);

/* NULL if text is a name server's address; else a sentence that says what would be one. */
const char *nameserver_check(const char *text);

void nameservers_free(struct ares_addr_port_node *list);

/* As it is written in the configuration. */
enum { NAMESERVER_TEXT = 64 };
const char *nameserver_print(const struct ares_addr_port_node *n, char out[NAMESERVER_TEXT]);

#endif
