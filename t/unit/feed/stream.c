/* stream.c - test of src/feed/stream.c: following a file it promises that …
 *
 * every line is given once, whatever becomes of the file, and whenever it is begun anew.
 */
#include "base/log.h"
#include "base/text.h"
#include "feed/source.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW 1795856400

static char folder[64], path[80], rotated[100], gone[100];
static struct feed_place place;
static struct source *source;

static int
begin(void **state)
{
	(void)state;
	log_open(LOG_TO_NOWHERE);
	strcpy(folder, "/tmp/policyd-stream-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/mail.log", folder);
	snprintf(rotated, sizeof rotated, "%s.1", path);
	snprintf(gone, sizeof gone, "%s.2.gz", path);
	place = (struct feed_place){ .source = path };
	source = NULL;
	return 0;
}

static int
remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(name);
}

static int
end(void **state)
{
	(void)state;
	if (source != NULL)
		source->close(source);
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- what is done to the log ---- */

static void
append_bytes(const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static void
append(const char *text)
{
	append_bytes(text, strlen(text));
}

/* A whole line that says only this. */
static void
add(const char *word)
{
	char line[400];

	snprintf(line, sizeof line, "2026-11-28T08:00:00Z mx postfix/smtpd[1]: %s\n", word);
	append(line);
}

static void
rename_away(void)
{
	assert_int_equal(rename(path, rotated), 0);
}

static void
copy_and_truncate(void)
{
	char command[300];

	snprintf(command, sizeof command, "cp %s %s", path, rotated);
	assert_int_equal(system(command), 0);
	assert_int_equal(truncate(path, 0), 0);
}

/* ---- reading it ---- */

static void
start(void)
{
	char why[300] = "";

	source = source_file(&place, why, sizeof why);
	if (source == NULL)
		fail_msg("%s", why);
}

/* What there is now, or at another look, as "a b c". */
static const char *
reads(void)
{
	static char room[4000];
	struct text words = TEXT(room);
	struct log_line line;

	if (source == NULL)
		start();
	for (int looks = 0; looks < 2;) {
		enum source_got got = source->next(source, NOW, &line);

		if (got == SOURCE_LINE)
			text_addf(&words, "%s%s", words.len > 0 ? " " : "", line.text);
		looks += got == SOURCE_NOTHING;
		assert_int_not_equal(got, SOURCE_END);
	}
	return room;
}

/* Only the next line, now or at another look. */
static const char *
reads_one(void)
{
	struct log_line line;

	if (source == NULL)
		start();
	enum source_got got = source->next(source, NOW, &line);
	if (got == SOURCE_NOTHING)
		got = source->next(source, NOW, &line);
	assert_int_equal(got, SOURCE_LINE);
	return line.text;
}

/* Die, with what was read until now written down. */
static void
stop(void)
{
	source->place(source, &place);
	source->close(source);
	source = NULL;
}

/* ---- promises ---- */

static void
follows(void **state)
{
	(void)state;
	add("a");
	add("b");
	assert_string_equal(reads(), "a b");
	assert_string_equal(reads(), "");
	add("c");
	assert_string_equal(reads(), "c");
}

static void
goes_on(void **state)
{
	(void)state;
	add("a");
	add("b");
	add("c");
	assert_string_equal(reads_one(), "a");
	stop();
	assert_string_equal(reads_one(), "b");
	stop();
	add("d");
	assert_string_equal(reads(), "c d");
	stop();
	assert_string_equal(reads(), "");
}

static void
waits_for_the_end_of_a_line(void **state)
{
	(void)state;
	add("a");
	append("2026-11-28T08:00:00Z mx postfix/smtpd[1]: b1");
	assert_string_equal(reads(), "a");
	stop();
	assert_string_equal(reads(), "");
	append("b2\n");
	assert_string_equal(reads(), "b1b2");
}

static void
renamed(void **state)
{
	(void)state;
	add("a");
	assert_string_equal(reads(), "a");
	add("b");
	rename_away();
	assert_string_equal(reads(), "b");
	append("");				/* made, but nobody writes there yet */
	assert_string_equal(reads(), "");
	add("c");
	assert_string_equal(reads(), "c");
	add("d");
	assert_string_equal(reads(), "d");
}

static void
renamed_in_the_middle(void **state)
{
	(void)state;
	add("a");
	add("b");
	assert_string_equal(reads_one(), "a");
	rename_away();
	add("c");
	assert_string_equal(reads(), "b c");
}

static void
renamed_while_down(void **state)
{
	(void)state;
	add("a");
	add("b");
	assert_string_equal(reads_one(), "a");
	stop();
	rename_away();
	add("c");
	assert_string_equal(reads_one(), "b");
	stop();
	assert_string_equal(reads_one(), "c");
	stop();
	assert_string_equal(reads(), "");
}

static void
renamed_before_anything_was_read(void **state)
{
	(void)state;
	append("");
	assert_string_equal(reads(), "");
	stop();
	add("a");
	rename_away();
	add("b");
	assert_string_equal(reads(), "a b");
}

static void
nothing_new_yet(void **state)
{
	(void)state;
	add("a");
	add("b");
	assert_string_equal(reads_one(), "a");
	stop();
	rename_away();
	assert_string_equal(reads(), "b");
	stop();
	assert_string_equal(reads(), "");
	add("c");
	assert_string_equal(reads(), "c");
}

/* Who writes may be slow to leave the old file, while another has begun the new one. */
static void
written_late(void **state)
{
	struct log_line line;

	(void)state;
	add("a");
	assert_string_equal(reads(), "a");
	rename_away();
	add("c");
	assert_int_equal(source->next(source, NOW, &line), SOURCE_NOTHING);
	int fd = open(rotated, O_WRONLY | O_APPEND);
	dprintf(fd, "2026-11-28T08:00:00Z mx postfix/smtpd[1]: b\n");
	close(fd);
	assert_string_equal(reads(), "b c");
}

static void
unfinished_when_renamed(void **state)
{
	(void)state;
	append("2026-11-28T08:00:00Z mx postfix/smtpd[1]: a");
	assert_string_equal(reads(), "");
	rename_away();
	add("b");
	assert_string_equal(reads(), "a b");
}

static void
truncated(void **state)
{
	(void)state;
	add("a");
	add("b");
	assert_string_equal(reads_one(), "a");
	add("c");
	copy_and_truncate();
	add("d");
	assert_string_equal(reads(), "b c d");
	copy_and_truncate();
	assert_string_equal(reads(), "");
	add("e");
	assert_string_equal(reads(), "e");
}

static void
truncated_while_down(void **state)
{
	(void)state;
	add("a");
	add("b");
	assert_string_equal(reads_one(), "a");
	stop();
	copy_and_truncate();
	add("c, which is longer than all there was before, so that the size alone shows nothing");
	add("d");
	assert_string_equal(reads_one(), "b");
	stop();
	assert_string_equal(reads(), "c, which is longer than all there was before, so that the size alone shows nothing d");
}

static void
same_inode(void **state)
{
	struct feed_place before;

	(void)state;
	add("a");
	add("b");
	assert_string_equal(reads(), "a b");
	stop();
	before = place;
	assert_int_equal(truncate(path, 0), 0);
	add("x, a longer one than both were together");
	add("y");
	assert_string_equal(reads(), "x, a longer one than both were together y");
	stop();
	assert_int_equal(place.inode, before.inode);
}

static void
gone_for_good(void **state)
{
	(void)state;
	add("a");
	add("b");
	assert_string_equal(reads_one(), "a");
	stop();
	assert_int_equal(rename(path, gone), 0);
	add("c");
	assert_string_equal(reads(), "c");
}

static void
moved_elsewhere(void **state)
{
	char command[400];

	(void)state;
	add("a");
	assert_string_equal(reads(), "a");
	stop();
	snprintf(command, sizeof command, "cp %s %s && mv %s %s", path, gone, gone, path);
	assert_int_equal(system(command), 0);
	assert_string_equal(reads(), "");
	add("b");
	assert_string_equal(reads(), "b");
}

static void
not_there_yet(void **state)
{
	(void)state;
	assert_string_equal(reads(), "");
	add("a");
	assert_string_equal(reads(), "a");
	stop();
	assert_int_equal(rename(path, gone), 0);
	assert_string_equal(reads(), "");
	stop();					/* what is known of it stays */
	assert_int_equal(rename(gone, path), 0);
	add("b");
	assert_string_equal(reads(), "b");
}

static void
not_a_file(void **state)
{
	char why[300] = "";

	(void)state;
	place.source = folder;
	assert_null(source_file(&place, why, sizeof why));
	assert_non_null(strstr(why, "no regular file"));
}

/* What is too long, or holds a NUL, is no line; nor is its end, for another start. */
static void
odd_lines(void **state)
{
	static char bytes[200000];

	(void)state;
	memset(bytes, 'x', sizeof bytes);
	add("a");
	append_bytes(bytes, SOURCE_LINE_MAX + 1);
	append("\n");
	append_bytes(bytes, sizeof bytes);
	assert_string_equal(reads(), "a");
	stop();
	append("\n2026-11-28T08:00:00Z mx postfix/smtpd[1]: b");
	append_bytes("\0", 1);
	append("\n");
	append_bytes(bytes, 100000);
	assert_string_equal(reads(), "");
	add(" the end of it");
	add("c");
	assert_string_equal(reads(), "c");
	assert_int_equal(source->too_long, 2);	/* the first of the three before this start */
}

/* At any moment, with both kinds of rotation in between: a, b, c, … each once. */
static void
whenever(void **state)
{
	unsigned seed = 7;
	char word[280];
	int written = 0, read = 0;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		seed = seed * 1103515245 + 12345;
		switch (seed >> 16 & 7) {
		case 0:
			if (access(path, F_OK) == 0 && read == written) {
				rename_away();
				if (seed >> 20 & 1)
					append("");
			}
			break;
		case 1:
			if (read == written && access(path, F_OK) == 0)
				copy_and_truncate();
			break;
		case 2:
			if (source != NULL)
				stop();
			break;
		case 3:
		case 4:
			snprintf(word, sizeof word, "%d%*s", written++, (int)(seed >> 20 & 255), "");
			add(word);
			break;
		default:
			if (read < written)
				assert_int_equal(strtol(reads_one(), NULL, 10), read++);
			else
				assert_string_equal(reads(), "");
		}
	}
	assert_true(read > 500);
}

#define PROMISE(name_, function) \
	{ .name = (name_), .test_func = (function), .setup_func = begin, .teardown_func = end }

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		PROMISE("what is appended is read", follows),
		PROMISE("another start goes on where the last one was", goes_on),
		PROMISE("a line waits for its end", waits_for_the_end_of_a_line),
		PROMISE("a file that is renamed is read to its end, then the new one", renamed),
		PROMISE("also when it was not read to its end before", renamed_in_the_middle),
		PROMISE("by other starts, too", renamed_while_down),
		PROMISE("even if nothing was read of it", renamed_before_anything_was_read),
		PROMISE("the new one may come later", nothing_new_yet),
		PROMISE("and the old one be written to a little longer", written_late),
		PROMISE("the last line of the old one ends with it", unfinished_when_renamed),
		PROMISE("a file that is copied and truncated is read to its end in the copy", truncated),
		PROMISE("by another start, too, however long it is by then", truncated_while_down),
		PROMISE("another file with the same inode is another file", same_inode),
		PROMISE("if the old one is gone, the new one is read from its beginning", gone_for_good),
		PROMISE("the same file with another inode is the same", moved_elsewhere),
		PROMISE("a file that is not there is waited for", not_there_yet),
		PROMISE("a folder is no file", not_a_file),
		PROMISE("lines that are too long or hold a NUL are passed over whole", odd_lines),
		PROMISE("whatever happens, whenever, each line is given once, in order", whenever),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
