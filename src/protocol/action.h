/* action.h - what Postfix is answered; only words that Postfix takes can come out
 *
 * Postfix lets mail through on an empty action and on any all-digit word, waits
 * forever on CRLF, reads stale memory on a code without text, and answers 451 to
 * unknown words and to text that is no UTF-8.  None of these can be built here.
 */
#ifndef PROTOCOL_ACTION_H
#define PROTOCOL_ACTION_H

#include "base/text.h"

enum { ACTION_TEXT_MAX = 380, HEADER_MAX = 950, REPLY_MAX = 1024 };	/* with its codes a reply stays below 400 */

enum action_kind { ACTION_DUNNO, ACTION_GREYLIST, ACTION_DEFER, ACTION_REJECT };	/* from the weakest */

struct action {
	enum action_kind kind;
	const char *enhanced;	/* RFC 3463, "5.7.1"; its class is corrected to fit the kind; NULL or nonsense: x.7.1 */
	const char *text;	/* the finding; any bytes; NULL or empty: a plain sentence of the kind's own */
	const char *tail;	/* added behind the text and never cut while the text can be: "(sender_no_mx 0DX…)"; NULL: none */
	const char *header;	/* DUNNO: "Name: value", put before the message (PREPEND); NULL, or nothing of that shape: none */
};

/*
 * Append the whole reply, "action=DUNNO\n\n", "action=PREPEND Name: value\n\n" or "action=550 5.7.1 text\n\n", to out
 * (which has REPLY_MAX bytes of room).  REJECT is 550, DEFER 450 (451 with
 * 4.3.x and 4.4.x), GREYLIST DEFER_IF_PERMIT: 450, unless another restriction of Postfix's refuses for good, as for an
 * unknown recipient.  Text and tail leave as printable ASCII, one line, at most
 * ACTION_TEXT_MAX bytes together: other bytes become "?", runs of blanks one.
 */
void action_encode(struct text *out, const struct action *a);

#endif
