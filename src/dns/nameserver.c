/* nameserver.c - see nameserver.h */
#include "dns/nameserver.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { DNS_PORT = 53 };

static bool
parse_port(const char *text, int *port)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 5 || text[digits] != '\0')
		return false;
	*port = atoi(text);
	return *port > 0 && *port <= UINT16_MAX;
}

/* ADDRESS, IPV4:PORT, [ADDRESS] or [ADDRESS]:PORT */
static bool
parse(struct ares_addr_port_node *n, const char *text)
{
	char host[ADDRESS_TEXT + 2] = "";
	const char *colon = strchr(text, ':'), *end = text + strlen(text), *port = end;
	struct address a;

	if (*text == '[') {
		end = strchr(++text, ']');
		if (end == NULL)
			return false;
		port = end + 1;
	} else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		end = port = colon;
	}
	if ((size_t)(end - text) >= sizeof host)
		return false;
	memcpy(host, text, (size_t)(end - text));
	n->udp_port = DNS_PORT;
	if (!address_parse(&a, host) || (*port != '\0' && (*port != ':' || !parse_port(port + 1, &n->udp_port))))
		return false;
	n->tcp_port = n->udp_port;
	n->family = a.bits == 32 ? AF_INET : AF_INET6;
	memcpy(&n->addr, a.bytes, a.bits / 8);
	return true;
}

/* From resolv.conf, as c-ares reads it; 127.0.0.1 if it names none. */
static struct ares_addr_port_node *
system_list(void)
{
	struct ares_addr_port_node *found = NULL, *list = NULL, **end = &list;
	struct ares_options options = { .lookups = "b" };
	ares_channel channel;

	if (ares_init_options(&channel, &options, ARES_OPT_LOOKUPS | ARES_OPT_DOMAINS) != ARES_SUCCESS)
		return NULL;
	ares_get_servers_ports(channel, &found);
	for (const struct ares_addr_port_node *n = found; n != NULL; n = n->next) {
		*end = xmalloc(sizeof **end);
		**end = *n;
		(*end)->next = NULL;
		end = &(*end)->next;
	}
	ares_free_data(found);
	ares_destroy(channel);
	return list;
}

const char *
nameserver_check(const char *text)
{
	struct ares_addr_port_node n = { .next = NULL };

	return parse(&n, text) ? NULL : "no name server's address; write 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353";
}

struct ares_addr_port_node *
nameservers_list(const struct option_list *texts, const char **why)
{
	static char sentence[256];
	struct ares_addr_port_node *list = NULL, **end = &list;

	for (size_t i = 0; i < texts->count; i++, end = &(*end)->next) {
		*end = xcalloc(1, sizeof **end);
		if (parse(*end, texts->at[i]))
			continue;
		struct text t = TEXT(sentence);
		text_add(&t, "nameservers: '");
		text_add_safe(&t, texts->at[i], strnlen(texts->at[i], 80));
		text_addf(&t, "': %s", nameserver_check(texts->at[i]));
		*why = sentence;
		nameservers_free(list);
		return NULL;
	}
	if (list == NULL)
		list = system_list();
	if (list == NULL)
		*why = "nameservers: cannot learn them from resolv.conf; name them";
	return list;
}

void
nameservers_free(struct ares_addr_port_node *list)
{
	for (struct ares_addr_port_node *next; list != NULL; list = next) {
		next = list->next;
		free(list);
	}
}

const char *
nameserver_print(const struct ares_addr_port_node *n, char out[NAMESERVER_TEXT])
{
	struct address a = address_from_bytes(&n->addr, n->family == AF_INET ? 4 : 16);
	struct text t = { .at = out, .size = NAMESERVER_TEXT };
	char host[ADDRESS_TEXT];

	address_print(&a, host);
	if (n->udp_port == 0 || n->udp_port == DNS_PORT)
		text_add(&t, host);
	else
		text_addf(&t, a.bits == 32 ? "%s:%d" : "[%s]:%d", host, n->udp_port);
	return out;
}
