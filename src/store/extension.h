/* extension.h - what may stand between local part and @ to sort mail by: ann+lists@example.org is ann@example.org's */
#ifndef STORE_EXTENSION_H
#define STORE_EXTENSION_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The address without the extension that one of the delimiters begins: as in Postfix (recipient_delimiter), the first.
 * False if it has none, or does not fit into out.
 */
bool extension_cut(const char *address, const char *delimiters, char *out, size_t size);

#endif
