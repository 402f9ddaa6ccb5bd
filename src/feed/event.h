/* event.h - what a line of Postfix's tells us
 *
 * Much of such a line was chosen by strangers: sender, recipient, HELO name, the next server's reply.  It is read from
 * the left, where Postfix alone wrote; addresses by the quotes Postfix puts around what is odd in them
 * (info_log_address_format = external, its default); and an end is looked for from the right.
 */
#ifndef FEED_EVENT_H
#define FEED_EVENT_H

#include "feed/log_line.h"
#include "store/feed.h"

/*
 * True if the line (changed) is an event, then in *out.  FEED_HANDED_IN by SMTP: who may call that ours fills in .ours;
 * its login is as it was typed.
 */
bool event_read(struct log_line *line, struct feed_event *out);

#endif
