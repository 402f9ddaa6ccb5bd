/* action.c - see action.h */
#include "protocol/action.h"

#include <string.h>

static const char *const plain_sentence[] = {
	[ACTION_GREYLIST] = "Not accepted now, please try again later",
	[ACTION_DEFER] = "Not accepted now, please try again later",
	[ACTION_REJECT] = "Not accepted by the policy of this server",
};

/* One to three digits without a leading zero, then `behind`: what follows that; NULL if it is something else. */
static const char *
skip_number(const char *at, char behind)
{
	size_t digits = strspn(at, "0123456789");

	if (digits < 1 || digits > 3 || (digits > 1 && *at == '0') || at[digits] != behind)
		return NULL;
	return at + digits + 1;
}

/* The subject and detail, "7.1", of an RFC 3463 code of class 2, 4 or 5; NULL if it is none. */
static const char *
subject_and_detail(const char *enhanced)
{
	if (enhanced == NULL || *enhanced == '\0' || strchr("245", enhanced[0]) == NULL || enhanced[1] != '.')
		return NULL;
	const char *detail = skip_number(enhanced + 2, '.');
	return detail != NULL && skip_number(detail, '\0') != NULL ? enhanced + 2 : NULL;
}

/* At most max bytes of s (NULL: none) as printable ASCII into out: one blank for a run of them, none at either end; how many. */
static size_t
make_printable(char *out, const char *s, size_t max)
{
	size_t used = 0;

	for (bool blank = false; s != NULL && *s && used < max; s++) {
		bool shown = *s > ' ' && *s <= '~';

		if (!shown && (*s == ' ' || (*s >= '\t' && *s <= '\r'))) {
			blank = used > 0;
			continue;
		}
		if (blank && used + 1 == max)
			break;
		if (blank)
			out[used++] = ' ';
		blank = false;
		out[used++] = shown ? *s : '?';
	}
	out[used] = '\0';
	return used;
}

/* A field name, a colon, a blank and more (RFC 5322 s.2.2). */
static bool
is_header(const char *header)
{
	size_t name = 0;

	while (header[name] > ' ' && header[name] <= '~' && header[name] != ':')
		name++;
	return name > 0 && header[name] == ':' && header[name + 1] == ' ' && header[name + 2] != '\0';
}

void
action_encode(struct text *out, const struct action *a)
{
	char header[HEADER_MAX + 1];

	char finding[ACTION_TEXT_MAX + 1], tail[ACTION_TEXT_MAX + 1];

	if (a->kind == ACTION_DUNNO) {
		if (a->header != NULL && make_printable(header, a->header, HEADER_MAX) > 0 && is_header(header))
			text_addf(out, "action=PREPEND %s\n\n", header);
		else
			text_add(out, "action=DUNNO\n\n");
		return;
	}
	size_t room = ACTION_TEXT_MAX, tail_len = make_printable(tail, a->tail, room);
	if (tail_len > 0)
		room -= tail_len < room ? tail_len + 1 : tail_len;	/* the blank between them */
	if (make_printable(finding, a->text, room) == 0)
		make_printable(finding, plain_sentence[a->kind], room);

	const char *detail = subject_and_detail(a->enhanced);
	if (detail == NULL)
		detail = "7.1";
	const char *code = a->kind == ACTION_GREYLIST ? "DEFER_IF_PERMIT 4" : "550 5";
	if (a->kind == ACTION_DEFER)	/* 451: our own trouble, or the network's */
		code = (detail[0] == '3' || detail[0] == '4') && detail[1] == '.' ? "451 4" : "450 4";
	text_add_all(out, "action=", code, ".", detail, " ", finding, *finding && *tail ? " " : "", tail, "\n\n");
}
