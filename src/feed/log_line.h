/* log_line.h - one line of the system's mail log: when, which program, what it says
 *
 *     Nov 28 09:00:00 mx postfix/smtpd[212]: connect from …		(RFC 3164; local time, no year)
 *     2026-11-28T09:00:00.123456+01:00 mx postfix/smtpd[212]: …	(RFC 3339)
 */
#ifndef FEED_LOG_LINE_H
#define FEED_LOG_LINE_H

#include <stdbool.h>
#include <stdint.h>

struct log_line {
	int64_t time_s;			/* Unix seconds; never later than now */
	char *tag;			/* "postfix/submission/smtpd" */
	char *text;			/* behind "[212]: "; ours to change */
};

/*
 * Take a line apart where it stands, NUL-terminated and without its line end; out->tag and out->text are in it.
 * False, and the line perhaps changed, unless it is a daemon's of some Postfix: its tag has a slash.
 *
 * A stamp without year is of the year in which it is not in the future by more than a day.
 */
bool log_line_split(char *line, int64_t now_s, struct log_line *out);

#endif
