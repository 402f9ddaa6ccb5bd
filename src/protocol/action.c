/* action.c - see action.h */
#include "protocol/action.h"

#include <string.h>

static const char *const plain_sentence[] = {
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

/* Add at most max bytes of s as printable ASCII: one blank for a run of them, none at either end. */
static void
add_printable(struct text *out, const char *s, size_t max)
{
	static const char blanks[] = " \t\n\v\f\r";
	size_t used = 0;

	if (s == NULL)
		return;
	for (s += strspn(s, blanks); *s && used < max; used++) {
		if (strchr(blanks, *s) == NULL) {
			text_add_bytes(out, *s > ' ' && *s <= '~' ? s : "?", 1);
			s++;
			continue;
		}
		s += strspn(s, blanks);
		if (*s == '\0' || used + 1 == max)
			break;
		text_add(out, " ");
	}
}

void
action_encode(struct text *out, const struct action *a)
{
	char finding_bytes[ACTION_TEXT_MAX + 1] = "", tail_bytes[ACTION_TEXT_MAX + 1] = "";
	struct text finding = TEXT(finding_bytes), tail = TEXT(tail_bytes);

	if (a->kind == ACTION_DUNNO) {
		text_add(out, "action=DUNNO\n\n");
		return;
	}
	add_printable(&tail, a->tail, ACTION_TEXT_MAX);
	size_t room = ACTION_TEXT_MAX - tail.len;
	if (tail.len > 0)
		room -= room > 0;			/* the blank between them */
	add_printable(&finding, a->text, room);
	if (finding.len == 0)
		add_printable(&finding, plain_sentence[a->kind], room);

	const char *detail = subject_and_detail(a->enhanced);
	if (detail == NULL)
		detail = "7.1";
	const char *code = "550 5";
	if (a->kind == ACTION_DEFER)	/* 451: our own trouble, or the network's */
		code = (detail[0] == '3' || detail[0] == '4') && detail[1] == '.' ? "451 4" : "450 4";
	text_addf(out, "action=%s.%s %s%s%s\n\n", code, detail, finding.at,
	    finding.len > 0 && tail.len > 0 ? " " : "", tail.at);
}
