/* config.c - see config.h
 *
 * The reader (reader.c) leaves texts in sections; here each section's structs
 * are filled from its parent's and its own texts.
 */
#include "base/log.h"
#include "config/section.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct profile *
section_new(struct config *c, const struct kind *k, const char *name)
{
	struct profile *s = arena_alloc(c->arena, sizeof *s);

	s->kind = k;
	s->name = arena_strdup(c->arena, name);
	s->parent = k->defaults;
	s->texts = arena_alloc(c->arena, k->count * sizeof *s->texts);
	s->lines = arena_alloc(c->arena, k->count * sizeof *s->lines);
	return s;
}

struct profile *
section_find(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->profile_count; i++)
		if (strcmp(c->profiles[i]->name, name) == 0)
			return c->profiles[i];
	return NULL;
}

/* The structs are the parent's, changed by what the section says itself. */
static void
section_fill(struct config *c, struct profile *s)
{
	const struct kind *k = s->kind;

	if (s->values != NULL)
		return;
	if (s->parent != NULL)
		section_fill(c, s->parent);
	s->values = arena_alloc(c->arena, k->table_count * sizeof *s->values);
	for (size_t t = 0; t < k->table_count; t++) {
		s->values[t] = arena_alloc(c->arena, k->tables[t]->size);
		if (s->parent != NULL)
			memcpy(s->values[t], s->parent->values[t], k->tables[t]->size);
	}
	for (size_t i = 0; i < k->count; i++) {
		const struct option *o = k->slots[i].option;

		if (s->texts[i] == NULL) {
			s->texts[i] = s->parent->texts[i];
			continue;
		}
		const char *why = option_read(o, c->arena, s->texts[i], s->values[k->slots[i].table]);
		if (why != NULL)
			log_error("%s = %s: %s", o->name, s->texts[i], why);
		assert(why == NULL);	/* the reader tried a file's values: this is a default of ours */
	}
}

static void
kind_open(struct config *c, struct kind *k, const struct option_table *const *tables, size_t table_count)
{
	*k = (struct kind){ .tables = tables, .table_count = table_count };
	for (size_t t = 0; t < table_count; t++)
		k->count += tables[t]->count;
	k->slots = arena_alloc(c->arena, k->count * sizeof *k->slots);
	struct profile *defaults = section_new(c, k, "");
	for (size_t t = 0, i = 0; t < table_count; t++)
		for (size_t row = 0; row < tables[t]->count; row++, i++) {
			k->slots[i] = (struct slot){ &tables[t]->rows[row], t };
			defaults->texts[i] = tables[t]->rows[row].fallback;
		}
	section_fill(c, defaults);
	k->defaults = defaults;
}

static struct config *
config_open(const struct config_schema *schema)
{
	struct arena *a = arena_new();
	struct config *c = arena_alloc(a, sizeof *c);

	c->refs = 1;
	c->arena = a;
	kind_open(c, &c->server_kind, schema->server, schema->server_count);
	kind_open(c, &c->profile_kind, schema->profile, schema->profile_count);
	c->server = section_new(c, &c->server_kind, "server");
	for (const char *const *name = schema->builtin; *name != NULL; name++)
		c->profiles[c->profile_count++] = section_new(c, &c->profile_kind, *name);
	return c;
}

static struct config *
read_spoiling(const struct config_schema *schema, const char *name, char *bytes, size_t len, struct problems *p)
{
	struct config *c = config_open(schema);

	if (!reader_read(c, name, bytes, len, p)) {
		config_release(c);
		return NULL;
	}
	section_fill(c, c->server);
	for (size_t i = 0; i < c->profile_count; i++) {
		c->profiles[i]->place = i;
		section_fill(c, c->profiles[i]);
	}
	return c;
}

struct config *
config_read_bytes(const struct config_schema *schema, const char *name, const char *bytes, size_t len,
    struct problems *p)
{
	char *copy = xmalloc(len + 1);

	memcpy(copy, bytes, len);
	copy[len] = '\0';
	struct config *c = read_spoiling(schema, name, copy, len, p);
	free(copy);
	return c;
}

struct config *
config_read(const struct config_schema *schema, const char *path, struct problems *p)
{
	char *bytes = xmalloc(CONFIG_BYTES_MAX + 2);	/* one more than may be, so that it shows */
	FILE *in = fopen(path, "re");
	size_t len = in ? fread(bytes, 1, CONFIG_BYTES_MAX + 1, in) : 0;
	struct config *c = NULL;

	if (in == NULL || ferror(in))
		reader_failed(path, strerror(errno), p);
	else {
		bytes[len] = '\0';
		c = read_spoiling(schema, path, bytes, len, p);
	}
	if (in != NULL)
		fclose(in);
	free(bytes);
	return c;
}

struct config *
config_ref(struct config *c)
{
	c->refs++;
	return c;
}

void
config_release(struct config *c)
{
	if (c != NULL && --c->refs == 0)
		arena_free(c->arena);
}

const void *
config_server(const struct config *c, size_t table)
{
	assert(table < c->server_kind.table_count);
	return c->server->values[table];
}

size_t
profile_line(const struct profile *p, const char *option, const char **text)
{
	size_t i = 0;

	for (; strcmp(p->kind->slots[i].option->name, option) != 0; i++)
		assert(i + 1 < p->kind->count);
	*text = p->texts[i];
	return p->lines[i];
}

size_t
config_server_line(const struct config *c, const char *option, const char **text)
{
	return profile_line(c->server, option, text);
}

const struct profile *
config_profile(const struct config *c, const char *name)
{
	return section_find(c, name);
}

const struct profile *
config_profile_at(const struct config *c, size_t place)
{
	return place < c->profile_count ? c->profiles[place] : NULL;
}

size_t
config_profile_count(const struct config *c)
{
	return c->profile_count;
}

const struct profile *
profile_parent(const struct profile *p)
{
	return p->parent;
}

size_t
profile_place(const struct profile *p)
{
	return p->place;
}

const void *
profile_values(const struct profile *p, size_t table)
{
	assert(table < p->kind->table_count);
	return p->values[table];
}

const char *
profile_name(const struct profile *p)
{
	return p->name;
}

/* Values stand as they were written, each on one line: what was read once can be read again. */
static void
section_print(FILE *out, const struct profile *s)
{
	fprintf(out, "[%s%s%s]\n", s->name, s->parent_name ? " : " : "", s->parent_name ? s->parent_name : "");
	for (size_t i = 0; i < s->kind->count; i++)
		fprintf(out, "%s =%s%s\n", s->kind->slots[i].option->name, *s->texts[i] ? " " : "", s->texts[i]);
}

void
config_print(FILE *out, const struct config *c)
{
	section_print(out, c->server);
	for (size_t i = 0; i < c->profile_count; i++) {
		fputc('\n', out);
		section_print(out, c->profiles[i]);
	}
}
