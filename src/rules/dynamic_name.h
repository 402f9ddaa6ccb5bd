/* dynamic_name.h - is this the name of one of many lines, or of a machine that somebody named?
 *
 * Providers name the lines of a pool by a scheme: the client's address stands in
 * the name, or a word such as dsl or dialup beside some number.
 */
#ifndef RULES_DYNAMIC_NAME_H
#define RULES_DYNAMIC_NAME_H

#include "rules/name_patterns.h"

/*
 * True if the name spells the address, whatever stands between its parts:
 *
 * IPv4   the last three numbers or all, in order or reversed; all, with the last half or the last number moved to
 *        the front (100-7.w198-51, 7.sub-198-51-100); all with zeros (198051100007) or in hex (c6336407), in order
 *        or reversed
 * IPv6   the /64, which is the line, in order or reversed, as 16 digits or four groups; or all as RFC 5952 writes it
 *
 * name   in lower case, any bytes
 */
bool name_spells_address(const char *name, const struct address *a);

/*
 * What in the name shows a line of a pool: the pattern of dynamic that matches, or "the address".
 * NULL if nothing does, or if a pattern of fixed matches.  A word of dynamic counts only in a name with
 * three digits or more in front of the organisational domain: "dsl.firm.example" is no pool.
 */
const char *dynamic_name(const char *name, const struct address *a, const struct name_patterns *dynamic,
    const struct name_patterns *fixed);

#endif
