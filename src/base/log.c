/* log.c - see log.h */
#include "base/log.h"
#include "base/text.h"

#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

enum { LINE_BYTES = 2000, GATHERED_BYTES = PIPE_BUF };	/* so much is written whole */

/* Other threads log while a reload sets these. */
static _Atomic enum log_target target = LOG_TO_STDERR;
static atomic_bool journal;

static _Thread_local bool gathers;
static _Thread_local char gathered[GATHERED_BYTES];
static _Thread_local size_t gathered_len;

void
log_open(enum log_target to)
{
	target = to;
	journal = getenv("JOURNAL_STREAM") != NULL;
	if (to == LOG_TO_SYSLOG)
		openlog(NULL, LOG_PID, LOG_MAIL);	/* NULL: the name of the program */
}

static void
write_out(const char *bytes, size_t len)
{
	if (write(STDERR_FILENO, bytes, len) < 0)
		return;			/* nowhere left to say so */
}

void
log_flush(void)
{
	if (gathered_len > 0)
		write_out(gathered, gathered_len);
	gathered_len = 0;
}

void
log_gather(bool on)
{
	gathers = on;
	log_flush();
}

static void
put_line(int priority, const char *line, size_t len)
{
	if (!gathers) {
		write_out(line, len);
		return;
	}
	if (gathered_len + len > GATHERED_BYTES)
		log_flush();
	memcpy(gathered + gathered_len, line, len);
	gathered_len += len;
	if (priority != LOG_INFO)
		log_flush();
}

static void
say(int priority, const char *prefix, const char *format, va_list args)
{
	char raw[LINE_BYTES], line[LINE_BYTES + 64];

	if (target == LOG_TO_NOWHERE)
		return;
	struct text t = TEXT(raw);
	text_addv(&t, format, args);
	struct text safe = TEXT(line);
	if (target == LOG_TO_STDERR && journal)
		text_addf(&safe, "<%d>", priority);
	text_add(&safe, prefix);
	safe.size -= 1;			/* keep room for the line end */
	text_add_safe(&safe, raw, t.len);
	if (target == LOG_TO_SYSLOG) {
		syslog(priority, "%s", line);
		return;
	}
	safe.size += 1;
	text_add(&safe, "\n");
	put_line(priority, line, safe.len);
}

#define SAY(priority, prefix) do { \
	va_list args; \
	va_start(args, format); \
	say(priority, prefix, format, args); \
	va_end(args); \
} while (0)

void
log_info(const char *format, ...)
{
	SAY(LOG_INFO, "");
}

void
log_warn(const char *format, ...)
{
	SAY(LOG_WARNING, "warning: ");
}

void
log_error(const char *format, ...)
{
	SAY(LOG_ERR, "error: ");
}
