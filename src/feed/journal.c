/* journal.c - lines from systemd's journal; see source.h */
#include "feed/source.h"

#include <stdio.h>

#ifdef HAVE_SYSTEMD
#include "base/arena.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>

struct journal {
	struct source source;		/* first */
	sd_journal *j;
	char cursor[FEED_CURSOR];	/* of the last entry that was given, perhaps by another start */
	bool unread;			/* the journal stands at an entry that was not given yet */
	bool sick;			/* said in the log */
	char tag[FEED_KEY], text[SOURCE_LINE_MAX + 1];
};

/* The entry's value of a field; false if it has none, or it is more than one line of text that fits. */
static bool
copy_field(struct journal *s, const char *name, char *out, size_t size)
{
	const void *data;
	size_t len, name_len = strlen(name) + 1;	/* "NAME=" */

	if (sd_journal_get_data(s->j, name, &data, &len) < 0)
		return false;
	const char *value = (const char *)data + name_len;
	len -= name_len;
	s->source.too_long += len >= size;
	if (len >= size || memchr(value, '\0', len) != NULL || memchr(value, '\n', len) != NULL)
		return false;
	memcpy(out, value, len);
	out[len] = '\0';
	return true;
}

static enum source_got
next(struct source *source, int64_t now_s, struct log_line *line)
{
	struct journal *s = (struct journal *)source;
	int got = s->unread ? 1 : sd_journal_next(s->j);
	char *cursor = NULL;
	uint64_t time_us;

	if (got > 0)
		got = sd_journal_get_cursor(s->j, &cursor) < 0 ? -EIO : 1;
	if (got < 0 && !s->sick)
		log_warn("journal: %s", strerror(-got));
	s->sick = got < 0;
	if (got <= 0)
		return SOURCE_NOTHING;
	s->unread = false;
	snprintf(s->cursor, sizeof s->cursor, "%s", cursor);
	free(cursor);
	if (!copy_field(s, "SYSLOG_IDENTIFIER", s->tag, sizeof s->tag) || strchr(s->tag, '/') == NULL ||
	    !copy_field(s, "MESSAGE", s->text, sizeof s->text) || sd_journal_get_realtime_usec(s->j, &time_us) < 0)
		return SOURCE_OTHER;
	*line = (struct log_line){ .time_s = (int64_t)(time_us / 1000000), .tag = s->tag, .text = s->text };
	if (line->time_s > now_s)
		line->time_s = now_s;
	return SOURCE_LINE;
}

static void
place(const struct source *source, struct feed_place *out)
{
	*out = (struct feed_place){ .source = out->source };
	memcpy(out->cursor, ((const struct journal *)source)->cursor, sizeof out->cursor);
}

static void
wait(struct source *source, int ms)
{
	sd_journal_wait(((struct journal *)source)->j, (uint64_t)ms * 1000);
}

static void
close_journal(struct source *source)
{
	struct journal *s = (struct journal *)source;

	sd_journal_close(s->j);
	free(s);
}

/* Stand at the entry of the cursor; if it is no more, at the one behind it. */
static int
seek(struct journal *s)
{
	int code = sd_journal_seek_cursor(s->j, s->cursor);

	if (code >= 0)
		code = sd_journal_next(s->j);
	s->unread = code > 0 && sd_journal_test_cursor(s->j, s->cursor) <= 0;
	if (code == 0 || s->unread)
		log_warn("journal: it does not go back to where it was read before; what came between was not read");
	return code;
}

struct source *
source_journal(const char *folder, const struct feed_place *from, char *why, size_t size)
{
	struct journal *s = xcalloc(1, sizeof *s);
	int code = folder ? sd_journal_open_directory(&s->j, folder, 0) :
	    sd_journal_open(&s->j, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);

	s->source = (struct source){ .next = next, .place = place, .wait = wait, .close = close_journal };
	if (code >= 0)
		code = sd_journal_set_data_threshold(s->j, SOURCE_LINE_MAX + FEED_KEY);
	if (code >= 0)
		code = sd_journal_add_match(s->j, "SYSLOG_FACILITY=2", 0);
	snprintf(s->cursor, sizeof s->cursor, "%s", from->cursor);
	if (code >= 0)
		code = *s->cursor ? seek(s) : sd_journal_seek_head(s->j);
	if (code >= 0 && folder == NULL && sd_journal_has_runtime_files(s->j) <= 0 && sd_journal_has_persistent_files(s->j) <= 0)
		code = -EACCES;
	if (code >= 0)
		return &s->source;
	snprintf(why, size, "journal: %s%s", strerror(-code), code == -EACCES ? "; who reads it must be in group systemd-journal" : "");
	close_journal(&s->source);
	return NULL;
}

#else

struct source *
source_journal(const char *folder, const struct feed_place *from, char *why, size_t size)
{
	(void)folder;
	(void)from;
	snprintf(why, size, "journal: policyd-feed was built without libsystemd");
	return NULL;
}

#endif
