/* mailbox.c - see mailbox.h */
#include "rules/mailbox.h"
#include "policy/rule.h"

#include <string.h>
#include <strings.h>

enum { LABEL_MAX = 63 };

static const char *
local_fault(const char *local, size_t len, const struct mailbox_limits *limits)
{
	if (len == 0)
		return "has nothing before the @";
	if (len > limits->local_max)
		return "is too long before the @";
	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_length(local + i, len - i);
		if (n == 0)
			return "is not UTF-8";
		if ((unsigned char)local[i] < ' ' || local[i] == 0x7f)
			return "has a control character in it";
	}
	return NULL;
}

static const char *
literal_fault(const char *domain)
{
	struct address a;

	if (!address_parse_literal(&a, domain))
		return "has no IP address between its brackets";
	if (strchr(domain, ':') != NULL && strncasecmp(domain, "[IPv6:", 6) != 0)
		return "needs the tag IPv6: before its IPv6 address";
	return NULL;
}

static const char *
label_fault(const char *label, size_t len, bool underscore)
{
	if (len == 0)
		return "has a dot too many in its domain";
	if (len > LABEL_MAX)
		return "has a label of more than 63 octets in its domain";
	if (label[0] == '-' || label[len - 1] == '-')
		return "has a hyphen at the start or end of a label in its domain";
	for (size_t i = 0; i < len; i++)
		if (is_letter(label[i]) || is_digit(label[i]) || label[i] == '-')
			continue;
		else if (label[i] != '_')
			return "has a character in its domain that none may have";
		else if (!underscore)
			return "has an underscore in its domain";
	return NULL;
}

static bool
is_ascii(const char *text)
{
	while (*text != '\0' && (unsigned char)*text < 0x80)
		text++;
	return *text == '\0';
}

static const char *
domain_fault(const char *domain, const struct mailbox_limits *limits)
{
	char normal[DOMAIN_TEXT];
	size_t len = strlen(domain);

	if (len == 0)
		return "has nothing behind the @";
	if (domain[0] == '[')
		return literal_fault(domain);
	if (domain[len - 1] == '.')
		return "has a dot at its end";
	if (!is_ascii(domain)) {
		if (!domain_normal(domain, normal))
			return "has a domain that is no internationalised name (RFC 5890)";
		domain = normal;
	}
	const char *label = domain;
	for (;; label += len + 1) {
		len = strcspn(label, ".");
		const char *fault = label_fault(label, len, limits->underscore);
		if (fault != NULL)
			return fault;
		if (label[len] == '\0')
			break;
	}
	if (strspn(label, "0123456789") == len)
		return "has a domain that ends in a number";
	return NULL;
}

const char *
mailbox_fault(const char *address, const struct mailbox_limits *limits)
{
	const char *at = strrchr(address, '@');

	if (strlen(address) > MAILBOX_MAX)
		return "is longer than 254 octets";
	if (at == NULL)
		return "has no domain";
	const char *fault = local_fault(address, (size_t)(at - address), limits);
	return fault ? fault : domain_fault(at + 1, limits);
}
