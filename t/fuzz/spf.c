/* spf.c - records, macros and explanations from strangers: lines of the input are TXT records, picked by a name's hash
 *
 * Whatever they say: the check ends, within its limits, and says the same again, also if answers come one by one, the
 * last asked first.
 */
#include "spf/spf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 40, SLOTS = 4096, OPEN_MAX = 1000 };

static const char *lines[LINES_MAX];
static size_t lens[LINES_MAX], line_count, asked;

/* Questions are told apart by their slots, which is good enough. */
static bool slow, landed[SLOTS];
static size_t open_slots[OPEN_MAX], open_count;

static size_t
hash(const char *name, enum spf_type type)
{
	size_t h = type * 31u + 7;

	for (; *name; name++)
		h = h * 33 + (unsigned char)*name;
	return h ^ h >> 7;
}

static struct spf_answer
ask(void *arg, const char *name, enum spf_type type)
{
	struct spf_item *items = arena_alloc(arg, 12 * sizeof *items);
	size_t h = hash(name, type);

	asked++;
	assert(*name && strlen(name) < 254);
	if (slow && !landed[h % SLOTS]) {
		for (size_t i = 0; i < open_count; i++)
			if (open_slots[i] == h % SLOTS)
				return (struct spf_answer){ .status = SPF_OPEN };
		assert(open_count < OPEN_MAX);
		open_slots[open_count++] = h % SLOTS;
		return (struct spf_answer){ .status = SPF_OPEN };
	}
	if (type == SPF_TYPE_TXT && line_count > 0) {
		items[0] = (struct spf_item){ .text = lines[h % line_count], .text_len = lens[h % line_count] };
		return (struct spf_answer){ SPF_FOUND, 1, items };
	}
	if (h % 11 == 0)
		return (struct spf_answer){ .status = SPF_FAILED };
	if (h % 3 == 0)
		return (struct spf_answer){ .status = SPF_NOT_FOUND };
	for (size_t i = 0; i < 12; i++) {
		items[i] = (struct spf_item){ .name = h % 2 ? "mail.example.net" : "sub.example.com" };
		address_parse(&items[i].address, type == SPF_TYPE_AAAA ? "2001:db8::7" : h % 5 ? "192.0.2.9" : "192.0.2.7");
	}
	return (struct spf_answer){ SPF_FOUND, h % 13 == 0 ? 12 : h % 3 + 1, items };
}

static struct spf_item
item(const struct spf_answer *a, size_t i)
{
	return ((const struct spf_item *)a->records)[i];
}

static struct spf_outcome
run_slowly(struct arena *a, const struct spf_subject *s, const struct spf_source *source)
{
	struct spf *check = spf_new(a, s, source);
	struct spf_outcome o;
	size_t runs = 0;

	slow = true;
	open_count = 0;
	memset(landed, 0, sizeof landed);
	while ((o = spf_run(check)).waiting) {
		assert(open_count > 0 && ++runs < 300);
		landed[open_slots[--open_count]] = true;
	}
	slow = false;
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	char *text = arena_strndup(a, (const char *)data, size), *at = text;

	line_count = asked = 0;
	while (line_count < LINES_MAX && at <= text + size) {
		char *end = memchr(at, '\n', (size_t)(text + size - at));

		lens[line_count] = end ? (size_t)(end - at) : (size_t)(text + size - at);
		lines[line_count] = arena_strndup(a, at, lens[line_count]);
		line_count++;
		if (end == NULL)
			break;
		at = end + 1;
	}
	struct spf_subject s = { .helo = "mail.example.net", .local = size > 3 ? lines[0] : "", .domain = "example.com",
	    .receiver = "mx.example.org", .now_s = 1800000000 };
	address_parse(&s.client, size % 2 ? "192.0.2.7" : "2001:db8::7");
	struct spf_source source = { ask, item, a };
	struct spf *check = spf_new(a, &s, &source);
	struct spf_outcome first = spf_run(check), again = spf_run(check);
	assert(!first.waiting && first.result == again.result && first.terms == again.terms);
	assert(first.terms <= SPF_TERMS_MAX + 1 && first.voids <= SPF_VOIDS_MAX + 1);
	assert(asked <= 2 * (1 + SPF_TERMS_MAX * (1 + 2 * (SPF_NAMES_MAX + 1)) + SPF_NAMES_MAX + 2));
	again = run_slowly(a, &s, &source);
	assert(first.result == again.result && first.terms == again.terms && strcmp(first.trace, again.trace) == 0);
	arena_free(a);
	return 0;
}
