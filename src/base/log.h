/* log.h - what policyd says while it runs
 *
 * One line per call, to stderr (which systemd's journal reads, with a "<n>"
 * priority in front when the journal is listening) or to syslog's mail
 * facility.  Every line passes text_add_safe(), so nothing from outside can
 * start a line of its own; lines are cut at 2000 bytes.  Loop thread and
 * writer thread may call.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_target { LOG_TO_STDERR, LOG_TO_SYSLOG, LOG_TO_NOWHERE };

/* Where lines go from now on; stderr until called. */
void log_open(enum log_target target);

/*
 * While on, this thread's lines to stderr are gathered, so that not each is a system call of its own: until a page is
 * full, a warning or an error is among them, or log_flush(), which is to be called before the thread waits.  A crash
 * takes those along that it has not seen yet.
 */
void log_gather(bool on);
void log_flush(void);

void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));	/* "warning: " in front */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));	/* "error: " in front */

#endif
