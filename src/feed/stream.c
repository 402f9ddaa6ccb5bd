/* stream.c - lines from standard input, or from a file that is rotated; see source.h */
#include "base/arena.h"
#include "base/log.h"
#include "feed/source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 65536, FIRST_MAX = 1024, PATH_BYTES = 4096 };

struct stream {
	struct source source;		/* first */
	const char *path;		/* NULL: standard input */
	char rotated[PATH_BYTES];	/* path.1 */
	int fd;				/* -1: there is no file now */
	struct feed_place known;	/* then: how far it was read before */
	dev_t device;
	ino_t inode;
	int64_t offset;			/* of the file: what is read next */
	int64_t start;			/* of the file: where the first line begins that was not given yet */
	char first[FIRST_MAX];		/* of the file, as far as it was read */
	bool ended;			/* at the last look there was a new one, and nothing more in this */
	bool said;			/* that it is not there */
	bool passing;			/* in the middle of a line that is too long */
	size_t at, len;			/* of the buffer: what was read and not given */
	char buffer[BUFFER + 1];
};

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* ---- which file is which ---- */

/* FNV-1a: the same in every start. */
static void
print_head(char out[FEED_HEAD], const char *bytes, size_t len)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
	snprintf(out, FEED_HEAD, "%016" PRIx64, hash);
}

static void
place(const struct source *source, struct feed_place *out)
{
	const struct stream *s = (const struct stream *)source;
	const char *name = out->source;

	*out = s->known;
	out->source = name;
	if (s->fd < 0)
		return;
	out->inode = (int64_t)s->inode;
	out->position = s->start;
	print_head(out->head, s->first, (size_t)least(s->start, FIRST_MAX));
}

/* The first bytes of a file; how many there are. */
static int64_t
read_first(int fd, char first[FIRST_MAX], int64_t want)
{
	ssize_t got = pread(fd, first, (size_t)least(want, FIRST_MAX), 0);

	return got < 0 ? 0 : got;
}

/* Was it this file, whatever it is called now, that was read up to there? */
static bool
is_place(int fd, const struct stat *st, const struct feed_place *from)
{
	char first[FIRST_MAX], head[FEED_HEAD];
	int64_t want = least(from->position, FIRST_MAX);

	if (want == 0)
		return (ino_t)from->inode == st->st_ino;
	print_head(head, first, (size_t)read_first(fd, first, want));
	return strcmp(head, from->head) == 0;
}

/* Go on in an open file at that place, or at its end. */
static void
adopt(struct stream *s, int fd, const struct stat *st, int64_t position)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = fd;
	s->device = st->st_dev;
	s->inode = st->st_ino;
	s->start = s->offset = least(position, st->st_size);
	read_first(fd, s->first, s->offset);
	s->at = s->len = 0;
	s->passing = s->said = s->ended = false;
}

/* A regular file; -1 with errno. */
static int
open_file(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	if (fd >= 0) {
		close(fd);
		errno = ENOTSUP;
	}
	return -1;
}

/* Find the file that was read before, else take the one that is at the path now; false with errno if there is none. */
static bool
find(struct stream *s)
{
	const char *const paths[] = { s->path, s->rotated };
	bool never = s->known.inode == 0;
	struct stat st;
	int fd;

	for (size_t i = 0; i < 2 && !never; i++) {
		fd = open_file(paths[i], &st);
		if (fd >= 0 && is_place(fd, &st, &s->known)) {
			adopt(s, fd, &st, s->known.position);
			return true;
		}
		if (fd >= 0)
			close(fd);
	}
	fd = open_file(s->path, &st);
	if (fd < 0)
		return false;
	if (!never)
		log_warn("%s is another file than was read before, and that is not %s; what it had behind byte %" PRId64
		    " was not read", s->path, s->rotated, s->known.position);
	adopt(s, fd, &st, 0);
	return true;
}

/* ---- reading ---- */

/* Is what was read still there? */
static bool
is_whole(const struct stream *s)
{
	char first[FIRST_MAX];
	int64_t want = least(s->offset, FIRST_MAX);
	struct stat st;

	return fstat(s->fd, &st) == 0 && st.st_size >= s->offset && read_first(s->fd, first, want) == want &&
	    memcmp(first, s->first, (size_t)want) == 0;
}

/* Has the log been begun anew, in another file? */
static bool
is_replaced(const struct stream *s)
{
	struct stat st;

	return stat(s->path, &st) == 0 && (st.st_ino != s->inode || st.st_dev != s->device) && st.st_size > 0;
}

static ssize_t
read_on(struct stream *s)
{
	ssize_t got = pread(s->fd, s->buffer + s->len, BUFFER - s->len, s->offset);

	if (got <= 0)
		return got;
	if (s->offset < FIRST_MAX)
		memcpy(s->first + s->offset, s->buffer + s->len, (size_t)least(got, FIRST_MAX - s->offset));
	s->offset += got;
	s->len += (size_t)got;
	return got;
}

/* From the file; SOURCE_END: no more will come in it, and the next one is at hand as soon as the buffer is empty. */
static enum source_got
fill_from_file(struct stream *s)
{
	struct stat st;

	if (s->fd < 0 && !find(s))
		return SOURCE_NOTHING;
	bool ended = is_replaced(s);
	ssize_t got = read_on(s);
	if (!is_whole(s)) {
		place(&s->source, &s->known);
		close(s->fd);
		s->fd = -1;
		s->at = s->len = 0;
		return SOURCE_OTHER;
	}
	ended = ended && got == 0;
	if (!ended || !s->ended) {		/* a look later nobody writes here any more */
		s->ended = ended;
		return got > 0 ? SOURCE_OTHER : SOURCE_NOTHING;
	}
	int fd = s->len == 0 ? open_file(s->path, &st) : -1;
	if (fd >= 0)
		adopt(s, fd, &st, 0);
	return s->len > 0 ? SOURCE_END : fd >= 0 ? SOURCE_OTHER : SOURCE_NOTHING;
}

static enum source_got
fill_from_stdin(struct stream *s)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };

	if (poll(&p, 1, 0) <= 0)
		return SOURCE_NOTHING;
	ssize_t got = read(STDIN_FILENO, s->buffer + s->len, BUFFER - s->len);
	if (got < 0)
		return errno == EINTR || errno == EAGAIN ? SOURCE_NOTHING : SOURCE_END;
	s->len += (size_t)got;
	return got > 0 ? SOURCE_OTHER : SOURCE_END;
}

/* More into the buffer: SOURCE_OTHER if there is any. */
static enum source_got
fill(struct stream *s)
{
	memmove(s->buffer, s->buffer + s->at, s->len - s->at);
	s->len -= s->at;
	s->at = 0;
	if (s->len == BUFFER || s->passing) {
		s->source.too_long += !s->passing;
		s->passing = true;
		s->len = 0;
	}
	return s->path ? fill_from_file(s) : fill_from_stdin(s);
}

/* len bytes of the buffer, and what ends them, are a line. */
static enum source_got
give(struct stream *s, size_t len, size_t end_len, int64_t now_s, struct log_line *line)
{
	char *bytes = s->buffer + s->at;
	bool passing = s->passing;

	s->at += len + end_len;
	s->start = s->offset - (int64_t)(s->len - s->at);
	s->passing = false;
	s->source.too_long += !passing && len > SOURCE_LINE_MAX;
	if (passing || len > SOURCE_LINE_MAX || memchr(bytes, '\0', len) != NULL)
		return SOURCE_OTHER;
	bytes[len] = '\0';
	return log_line_split(bytes, now_s, line) ? SOURCE_LINE : SOURCE_OTHER;
}

static enum source_got
next(struct source *source, int64_t now_s, struct log_line *line)
{
	struct stream *s = (struct stream *)source;

	for (;;) {
		const char *bytes = s->buffer + s->at, *end = memchr(bytes, '\n', s->len - s->at);

		if (end != NULL)
			return give(s, (size_t)(end - bytes), 1, now_s, line);
		enum source_got got = fill(s);
		if (got == SOURCE_END && s->len > 0)
			return give(s, s->len, 0, now_s, line);
		if (got != SOURCE_OTHER)
			return got;
	}
}

static void
wait(struct source *source, int ms)
{
	struct stream *s = (struct stream *)source;
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };

	if (s->path != NULL && s->fd < 0 && !s->said)
		log_warn("%s cannot be opened; until it can, nothing is read", s->path);
	s->said = s->fd < 0;
	poll(&p, s->path == NULL, ms);
}

static void
close_stream(struct source *source)
{
	struct stream *s = (struct stream *)source;

	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

static struct stream *
stream_new(const char *path)
{
	struct stream *s = xcalloc(1, sizeof *s);

	s->source = (struct source){ .next = next, .place = place, .wait = wait, .close = close_stream };
	s->path = path;
	s->fd = -1;
	return s;
}

struct source *
source_stdin(void)
{
	return &stream_new(NULL)->source;
}

struct source *
source_file(const struct feed_place *from, char *why, size_t size)
{
	struct stream *s = stream_new(from->source);

	s->known = *from;
	if (snprintf(s->rotated, sizeof s->rotated, "%s.1", s->path) < (int)sizeof s->rotated && (find(s) || errno == ENOENT))
		return &s->source;
	snprintf(why, size, "%s: %s", s->path, errno == ENOTSUP ? "no regular file" : strerror(errno));
	close_stream(&s->source);
	return NULL;
}
