/* mailbox.c - fuzz target: an address with which mailbox_fault() finds nothing wrong keeps RFC 5321's sizes and forms */
#include "rules/mailbox.h"
#include "base/address.h"
#include "base/domain.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct mailbox_limits strict = { .local_max = 64 }, mild = { .local_max = MAILBOX_MAX, .underscore = true };
	char text[2048], normal[DOMAIN_TEXT];
	struct address a;

	if (size >= sizeof text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (mailbox_fault(text, &mild) != NULL) {
		assert(mailbox_fault(text, &strict) != NULL);
		return 0;
	}
	const char *at = strrchr(text, '@');
	assert(strlen(text) <= MAILBOX_MAX && at != NULL && at != text);
	if (at[1] == '[')
		assert(address_parse_literal(&a, at + 1) && !domain_normal(at + 1, normal));
	else
		assert(domain_normal(at + 1, normal) && !address_parse(&a, normal));
	if (mailbox_fault(text, &strict) == NULL)
		assert(at - text <= 64 && (at[1] == '[' || domain_is_hostname(normal)));
	return 0;
}
