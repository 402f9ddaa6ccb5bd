/* lasting_sender.h - what of a sender's address stays the same from mail to mail
 *
 * Lists, shops and forwarders write into the address what differs for each mail: a counter, the recipient, a date, a
 * signature.  Greylisting would take each for somebody new.
 */
#ifndef RULES_LASTING_SENDER_H
#define RULES_LASTING_SENDER_H

#include "base/text.h"

/*
 * Add it to out; the null sender is nothing.  From the local part go
 *
 *   BATV          prvs=TAG=ann and btv1==TAG==ann are ann
 *   SRS           SRS0=HASH=TIME=DOMAIN=ann is srs0=DOMAIN=ann, SRS1=HASH=HOST==HASH=TIME=DOMAIN=ann srs1=HOST=DOMAIN=ann
 *   extensions    what follows a +, where VERP puts the recipient, too
 *   counters      each word of digits, or of hexadecimal ones four or more, with a digit; or with three digits or more
 *                 is one #, and so are several with one - . _ or = between
 *
 * address   in lower case
 */
void add_lasting_sender(struct text *out, const char *address);

#endif
