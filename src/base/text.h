/* text.h - building a text in a buffer of fixed size
 *
 * A text is always NUL-terminated; what does not fit is dropped (never half a
 * UTF-8 character) and remembered in `cut`.  TEXT(buffer) makes one over a char array.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *at;		/* the buffer, size bytes, always NUL-terminated */
	size_t len, size;	/* bytes used without the NUL; bytes there are */
	bool cut;		/* something did not fit */
};

#define TEXT(buffer) ((struct text){ .at = ((buffer)[0] = '\0', (buffer)), .size = sizeof(buffer) })

void text_add(struct text *t, const char *s);
void text_add_list(struct text *t, const char *const *texts);	/* up to a NULL; none of those of text_add_all() may be one */
void text_add_number(struct text *t, int64_t n);
#define text_add_all(t, ...) text_add_list(t, (const char *const[]){ __VA_ARGS__, NULL })
void text_add_bytes(struct text *t, const char *bytes, size_t len);
void text_add_most(struct text *t, const char *s, size_t most);	/* so many bytes of s at most, no half of a character */
void text_addf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_addv(struct text *t, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/*
 * Add bytes from outside so that no reader of a log, a terminal or a database
 * can be fooled: control bytes, DEL and what is not UTF-8 become \xHH, a
 * backslash \\; UTF-8 stays, save C1 controls and the characters that reorder
 * text (U+200E-U+200F, U+2028-U+202E, U+2066-U+2069).
 */
void text_add_safe(struct text *t, const char *bytes, size_t len);

/* Add s as a JSON string, quotes included (RFC 8259 s.7); unsafe bytes as text_add_safe() writes them. */
void text_add_json(struct text *t, const char *s);

/* Copy text to *at, where there is room for it, NUL and all; *at moves behind it.  NULL is NULL, and takes no room. */
const char *text_place(char **at, const char *text);

/* Length of the well-formed UTF-8 character (RFC 3629) at bytes, 0 if there is none in len bytes. */
size_t utf8_length(const char *bytes, size_t len);

#endif
