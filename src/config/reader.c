/* reader.c - from the bytes of policyd.conf to sections, and everything that is wrong on the way
 *
 * The first walk goes over the bytes and mends what is no text.  The second
 * goes over the lines, tries every value, and keeps what stands where.
 */
#include "config/section.h"
#include "config/word.h"

#include <stdlib.h>
#include <string.h>

enum {
	NAME_BYTES_MAX = 63,		/* of a profile */
	SHOWN_BYTES_MAX = 80,		/* of what is wrong */
};

#define BLANKS " \t"

struct reader {
	const char *file;		/* its name */
	struct config *config;
	struct arena *scratch;		/* what nobody needs afterwards */
	struct problems *problems;
	size_t problem_lines[PROBLEMS_KEPT];
	const struct kind *kind;	/* of the section we are in; NULL before the first */
	struct profile *section;	/* NULL: none, or one that was refused: its settings are tried, not kept */
	void *trial;			/* room for any table's struct */
};

/* ---- problems ---- */

/* Keep "FILE:LINE: subject: why", in the order of lines; line 0: "FILE: why". */
static void __attribute__((format(printf, 4, 5)))
problem(struct reader *r, size_t line, const char *subject, const char *format, ...)
{
	struct problems *p = r->problems;
	char shown[1200];
	struct text t = TEXT(shown);
	va_list args;

	if (p->count++ >= PROBLEMS_KEPT)
		return;
	va_start(args, format);
	const char *why = arena_vprintf(r->scratch, format, args);
	va_end(args);
	text_add_safe(&t, r->file, strlen(r->file));
	if (line != 0)
		text_addf(&t, ":%zu", line);
	text_add(&t, ": ");
	if (subject != NULL) {
		size_t len = strlen(subject), cut = len > SHOWN_BYTES_MAX ? SHOWN_BYTES_MAX : len;

		text_add_safe(&t, subject, cut);
		text_add(&t, cut < len ? "…: " : ": ");
	}
	text_add_safe(&t, why, strlen(why));

	size_t at = p->count - 1;
	if (p->lines == NULL)
		p->lines = xcalloc(PROBLEMS_KEPT + 1, sizeof *p->lines);
	for (; at > 0 && r->problem_lines[at - 1] > line; at--) {
		p->lines[at] = p->lines[at - 1];
		r->problem_lines[at] = r->problem_lines[at - 1];
	}
	p->lines[at] = xstrdup(shown);
	r->problem_lines[at] = line;
}

void
problems_free(struct problems *p)
{
	for (size_t i = 0; i < p->count && i < PROBLEMS_KEPT; i++)
		free(p->lines[i]);
	free(p->lines);
	*p = (struct problems){ 0 };
}

/* ---- one line: a section's header ---- */

static char *
trim(char *text)
{
	text += strspn(text, BLANKS);
	size_t len = strlen(text);
	while (len > 0 && strchr(BLANKS, text[len - 1]) != NULL)
		len--;
	text[len] = '\0';
	return text;
}

static bool
is_profile_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= NAME_BYTES_MAX && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len &&
	    strcmp(name, "server") != 0;
}

/* The section of that name, [server] or a profile; NULL and a problem if it may not begin here. */
static struct profile *
section_begin(struct reader *r, size_t line, const char *header, const char *name)
{
	struct config *c = r->config;
	bool server = r->kind == &c->server_kind;

	if (!server && !is_profile_name(name)) {
		problem(r, line, header, "no name for a profile; write 1 to %d of a-z, 0-9, _ and -, as in [mx]",
		    NAME_BYTES_MAX);
		return NULL;
	}
	struct profile *s = server ? c->server : section_find(c, name);
	if (s == NULL && c->profile_count == PROFILES_MAX) {
		problem(r, line, header, "more than %d profiles; remove some", PROFILES_MAX);
		return NULL;
	}
	if (s == NULL)
		s = c->profiles[c->profile_count++] = section_new(c, r->kind, name);
	if (s->line != 0) {
		problem(r, line, header, "the section stands in line %zu already; put these settings there", s->line);
		return NULL;
	}
	s->line = line;
	return s;
}

/* "[name]" or "[name : parent]" */
static void
read_header(struct reader *r, size_t line, char *text)
{
	const char *header = arena_strdup(r->scratch, text);
	char *end = strchr(text, ']'), *parent = strchr(text, ':');

	r->kind = &r->config->profile_kind;
	r->section = NULL;
	if (end == NULL || end[1] != '\0') {
		problem(r, line, header, "%s; write a section as in [mx] or [strict : mx]",
		    end ? "something follows the ]" : "no ]");
		return;
	}
	*end = '\0';
	if (parent != NULL)
		*parent++ = '\0';
	const char *name = trim(text + 1);
	if (strcmp(name, "server") == 0)
		r->kind = &r->config->server_kind;
	r->section = section_begin(r, line, header, name);
	if (parent == NULL)
		return;
	if (r->kind == &r->config->server_kind)
		problem(r, line, header, "[server] takes settings from no other section; write [server]");
	else if (!is_profile_name(parent = trim(parent)))
		problem(r, line, header, "no profile stands behind the colon; write one, as in [strict : mx]");
	else if (r->section != NULL)
		r->section->parent_name = arena_strdup(r->config->arena, parent);
}

/* ---- one line: a setting ---- */

static const struct slot *
find_slot(const struct kind *k, const char *name)
{
	for (size_t i = 0; i < k->count; i++)
		if (strcmp(k->slots[i].option->name, name) == 0)
			return &k->slots[i];
	return NULL;
}

/* Where settings of that kind belong. */
static const char *
home(const struct reader *r, const struct kind *k)
{
	return k == &r->config->server_kind ? "[server]" : "a profile, such as [mx]";
}

static void
unknown_name(struct reader *r, size_t line, const char *subject, const char *name)
{
	const struct config *c = r->config;
	const struct kind *kinds[] = { r->kind, &c->profile_kind, &c->server_kind }, *of = NULL;
	struct nearest near = { .wanted = name };

	if (r->problems->count < PROBLEMS_KEPT)		/* else nobody sees it */
		for (size_t k = 0; k < 3; k++)		/* this section's own first */
			for (size_t i = 0; kinds[k] != NULL && i < kinds[k]->count; i++) {
				const char *best = near.name, *known = kinds[k]->slots[i].option->name;

				nearest_try(&near, known, strlen(known));
				of = near.name != best ? kinds[k] : of;
			}
	if (near.name == NULL)
		problem(r, line, subject, "no setting of that name; policyd.conf(5) lists them all");
	else if (of == r->kind)
		problem(r, line, subject, "no setting of that name; did you mean %s?", near.name);
	else
		problem(r, line, subject, "no setting of that name; did you mean %s? It belongs into %s", near.name,
		    home(r, of));
}

static void
read_setting(struct reader *r, size_t line, char *text)
{
	struct config *c = r->config;
	char *equals = strchr(text, '=');

	if (equals == NULL) {
		problem(r, line, text, "no =; write a setting as name = value, a section as [name]");
		return;
	}
	*equals = '\0';
	const char *name = trim(text), *value = trim(equals + 1);
	const char *subject = arena_printf(r->scratch, "%s =%s%s", name, *value ? " " : "", value);
	const struct kind *k = r->kind ? r->kind : &c->server_kind;
	const struct slot *slot = find_slot(k, name);
	if (slot == NULL) {
		k = k == &c->server_kind ? &c->profile_kind : &c->server_kind;
		slot = find_slot(k, name);
	}
	if (slot == NULL) {
		unknown_name(r, line, subject, name);
		return;
	}
	if (r->kind != k)
		problem(r, line, subject, "%s; it belongs into %s", r->kind == NULL ? "no section stands above" :
		    k == &c->server_kind ? "no setting of a profile" : "no setting of [server]", home(r, k));
	const char *why = option_read(slot->option, r->scratch, value, r->trial);
	if (why != NULL)
		problem(r, line, subject, "%s%s", why,
		    strstr(value, " #") ? " (a comment needs a line of its own)" : "");
	if (r->kind != k || r->section == NULL)
		return;
	size_t at = (size_t)(slot - k->slots);
	if (r->section->lines[at] != 0) {
		problem(r, line, subject, "set in line %zu already; keep one of the two", r->section->lines[at]);
		return;
	}
	r->section->lines[at] = line;
	r->section->texts[at] = arena_strdup(c->arena, value);
}

/* ---- all lines ---- */

/* What is no text becomes '?' (one problem for each such line), so that all else is looked at as well. */
static void
mend(struct reader *r, char *bytes, size_t len)
{
	size_t line = 1, start = 0, told = 0, n;
	bool carriage = false;

	for (size_t i = 0; i < len; i += n) {
		unsigned char b = (unsigned char)bytes[i];

		n = utf8_length(bytes + i, len - i);
		if (b == '\n') {
			line++;
			start = i + 1;
		} else if (b == '\r' && bytes[i + 1] == '\n') {
			if (!carriage)
				problem(r, line, NULL, "lines end with a carriage return; save the file with "
				    "line feeds alone (said once)");
			carriage = true;
			bytes[i] = ' ';
		} else if (n == 0 || (b < ' ' && b != '\t') || b == 0x7f) {
			n = 1;
			if (told != line)
				problem(r, line, NULL, "byte 0x%02x in column %zu is %s; write UTF-8 text", b,
				    i - start + 1, b < 0x80 ? "a control character" : "not UTF-8");
			told = line;
			bytes[i] = '?';
		}
	}
}

/* A line and its continuations are whole. */
static void
end_line(struct reader *r, size_t line, struct text *t)
{
	if (*t->at == '[')
		read_header(r, line, t->at);
	else if (t->len > 0)
		read_setting(r, line, t->at);
	*t->at = '\0';
	t->len = 0;
}

static void
read_lines(struct reader *r, char *bytes, size_t len)
{
	struct text t = { .at = arena_alloc(r->scratch, len + 1), .size = len + 1 };	/* as long as all lines */
	size_t line = 0, begun = 0;
	bool can_continue = false;

	for (char *at = bytes, *next; at < bytes + len; at = next) {
		size_t n = strcspn(at, "\n");
		bool indented = *at == ' ' || *at == '\t';

		next = at + n + 1;
		at[n] = '\0';
		line++;
		char *text = trim(at);
		if (*text == '\0' || *text == '#')
			continue;
		if (indented && can_continue) {
			text_add(&t, " ");
			text_add(&t, text);
			continue;
		}
		end_line(r, begun, &t);
		if (indented)
			problem(r, line, text, "blanks in front continue a setting, and none stands above; remove them");
		can_continue = !indented && *text != '[';
		begun = line;
		text_add(&t, text);
	}
	end_line(r, begun, &t);
}

/* ---- who takes from whom ---- */

static void
find_parent(struct reader *r, struct profile *s)
{
	struct config *c = r->config;
	struct nearest near = { .wanted = s->parent_name };
	struct profile *parent = section_find(c, s->parent_name);

	if (parent != NULL) {
		s->parent = parent;
		return;
	}
	for (size_t i = 0; i < c->profile_count; i++)
		if (c->profiles[i] != s)
			nearest_try(&near, c->profiles[i]->name, strlen(c->profiles[i]->name));
	const char *header = arena_printf(r->scratch, "[%s : %s]", s->name, s->parent_name);
	if (near.name != NULL)
		problem(r, s->line, header, "no profile %s; did you mean %s?", s->parent_name, near.name);
	else
		problem(r, s->line, header, "no profile %s; write a section [%s]", s->parent_name, s->parent_name);
}

/* Said once for each circle, at the profile of it that stands first. */
static void
refuse_circle(struct reader *r, const struct profile *s)
{
	const struct profile *p = s->parent;
	size_t steps = 1;

	for (; p != NULL && p != s && p->line >= s->line && steps <= PROFILES_MAX; p = p->parent)
		steps++;
	if (p == s)
		problem(r, s->line, arena_printf(r->scratch, "[%s : %s]", s->name, s->parent_name),
		    "the parents go round in a circle of %zu; write one of them without a parent, as in [%s]",
		    steps, s->name);
}

/* ---- the whole ---- */

static void *
trial_room(struct arena *a, const struct config *c)
{
	size_t most = 0;

	for (size_t k = 0; k < 2; k++) {
		const struct kind *kind = k ? &c->profile_kind : &c->server_kind;

		for (size_t t = 0; t < kind->table_count; t++)
			if (most < kind->tables[t]->size)
				most = kind->tables[t]->size;
	}
	return arena_alloc(a, most);
}

bool
reader_read(struct config *c, const char *file, char *bytes, size_t len, struct problems *p)
{
	struct reader r = { .file = file, .config = c, .scratch = arena_new(), .problems = p };

	*p = (struct problems){ 0 };
	r.trial = trial_room(r.scratch, c);
	if (len > CONFIG_BYTES_MAX)
		problem(&r, 0, NULL, "more than %d bytes; is this policyd's configuration?", CONFIG_BYTES_MAX);
	else {
		mend(&r, bytes, len);
		read_lines(&r, bytes, len);
	}
	for (size_t i = 0; i < c->profile_count; i++)
		if (c->profiles[i]->parent_name != NULL)
			find_parent(&r, c->profiles[i]);
	for (size_t i = 0; i < c->profile_count; i++)
		refuse_circle(&r, c->profiles[i]);
	arena_free(r.scratch);
	return p->count == 0;
}

void
reader_failed(const char *file, const char *why, struct problems *p)
{
	struct reader r = { .file = file, .scratch = arena_new(), .problems = p };

	*p = (struct problems){ 0 };
	problem(&r, 0, NULL, "cannot read it: %s; name a file with -c", why);
	arena_free(r.scratch);
}
