/* spf.h - may this client send mail as this domain? RFC 7208
 *
 * A strict reader of our own looks at every record first; libspf2 evaluates only
 * records that it wrote.  A check is run again whenever an answer it waits for has
 * come, and asks for all it can at once: equal answers, equal result.
 */
#ifndef SPF_SPF_H
#define SPF_SPF_H

#include "base/address.h"
#include "base/arena.h"

/* RFC 7208 s.4.6.4: DNS terms, and look-ups without an answer, in one evaluation; names of one MX or PTR. */
enum { SPF_TERMS_MAX = 10, SPF_VOIDS_MAX = 2, SPF_NAMES_MAX = 10 };

enum spf_result { SPF_NONE, SPF_NEUTRAL, SPF_PASS, SPF_FAIL, SPF_SOFTFAIL, SPF_TEMPERROR, SPF_PERMERROR };

/* "none", "neutral", … (s.2.6) */
const char *spf_result_word(enum spf_result r);

enum spf_type { SPF_TYPE_A, SPF_TYPE_AAAA, SPF_TYPE_MX, SPF_TYPE_PTR, SPF_TYPE_TXT };

struct spf_item {
	struct address address;		/* A, AAAA */
	const char *name;		/* MX, PTR: in lower case */
	const char *text;		/* TXT: its strings joined */
	size_t text_len;
};

struct spf_answer {
	enum { SPF_OPEN, SPF_FOUND, SPF_NOT_FOUND, SPF_FAILED } status;
	size_t count;
	const void *records;		/* the source's own: item() knows them */
};

/* Where answers come from; what they lead to lives, and stays where it is, as long as the arena of the check. */
struct spf_source {
	struct spf_answer (*ask)(void *arg, const char *name, enum spf_type type);
	struct spf_item (*item)(const struct spf_answer *a, size_t i);
	void *arg;
};

struct spf_subject {
	struct address client;
	const char *helo;		/* as said */
	const char *local, *domain;	/* the identity: "" for a HELO name's local part (s.4.3: postmaster); domain in normal form */
	const char *receiver;		/* our own name: %{r} */
	int64_t now_s;			/* %{t} */
};

struct spf_outcome {
	bool waiting;			/* an answer is open: nothing below holds yet */
	enum spf_result result;
	bool unsure;			/* a look-up failed where the RFC says to go on (PTR, s.5.5): FAIL might be PASS */
	const char *mechanism;		/* that matched, as written; NULL if none did */
	unsigned bits;			/* of the client's address that it rests on, the first: 0 if anybody matches, as by all */
	const char *record_domain;	/* whose record gave the result */
	const char *why;		/* TEMPERROR, PERMERROR: what is wrong; else NULL */
	const char *explanation;	/* FAIL: the domain's own (s.6.2), bytes from outside; NULL if it gives none */
	const char *trace;		/* records and mechanisms in the order they were looked at */
	unsigned terms, voids;		/* look-ups counted */
};

/*
 * check_host() (s.4) of the subject's domain, not run yet.  It is part of arena a, as are the texts of its outcome; what
 * the subject's point to must live as long.
 */
struct spf;
struct spf *spf_new(struct arena *a, const struct spf_subject *s, const struct spf_source *dns);

/*
 * Run it with what is known, and ask for what is not.  A name is expanded, a record read and an address looked at once,
 * however many runs there are, so that they are cheap.
 */
struct spf_outcome spf_run(struct spf *c);

#endif
