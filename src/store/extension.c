/* extension.c - see extension.h */
#include "store/extension.h"

#include <stdio.h>
#include <string.h>

bool
extension_cut(const char *address, const char *delimiters, char *out, size_t size)
{
	size_t len = strcspn(address, delimiters);
	const char *domain = strrchr(address, '@');

	if (domain == NULL)
		domain = address + strlen(address);
	if (len == 0 || len >= (size_t)(domain - address))
		return false;
	return (size_t)snprintf(out, size, "%.*s%s", (int)len, address, domain) < size;
}
