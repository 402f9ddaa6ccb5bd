/* scene.h - the policy room on a stage: a real configuration, real lists, and a DNS that answers when the test says so
 *
 * Nothing here stands in for src/policy; do not link it with judge.c, which does.
 */
#ifndef LIB_SCENE_H
#define LIB_SCENE_H

#include "policy/eval.h"

enum { SCENE_QUESTIONS = 600 };

struct scene_question {
	char *name;
	enum dns_type type;
	struct dns_waiter *waiter;	/* NULL once answered, or forgotten */
	struct site_waiter *site;	/* the same, if name is a recipient that the site's database was asked for */
};

struct scene {
	/*
	 * What the DNS says to a question, a new reference (scene_says() makes one); and whether it is said at
	 * once, as if the cache had it (NULL: nothing is).
	 */
	const struct answer *(*says)(struct scene *s, const char *name, enum dns_type type);
	bool (*knows)(struct scene *s, const char *name, enum dns_type type);
	/* What the site's database says of a recipient, as the DNS never at once; NULL: there is no recipient_query. */
	struct site_answer (*site)(struct scene *s, const char *recipient);
	enum known sent;		/* who sent mail: what is said of everybody */
	struct tried tried;		/* which recipients every client tried in vain */
	bool looks_broken;
	int64_t networks;		/* from how many every login sent */
	struct triplet_past past;	/* what greylisting remembers: what is said of every triplet */
	void *arg;			/* the test's own */

	struct config_schema schema;
	struct config *config;
	struct lists *lists;
	struct world world;

	struct arena *arena;
	struct request request;
	struct eval *eval;		/* the one under way */
	struct scene_question asked[SCENE_QUESTIONS];
	size_t asked_count;
	unsigned landed;		/* how often landed() was called */
};

/*
 * A scene with these rules (NULL: the real ones, of src/rules/table.c).
 *
 * conf  policyd.conf; its [server] knows the policy's own options
 * sql   statements that fill hand_allow, hand_deny (client, helo, sender, recipient), hand_recipient_profile
 *       (recipient, profile) and hand_recipient_setting (recipient, check_name, setting); NULL: no lists
 */
void scene_open(struct scene *s, const struct rule *const *rules, size_t count, const char *conf, const char *sql);
void scene_close(struct scene *s);

/* The place of one of the real rules in their table. */
size_t scene_place_of(const char *rule);

/* A new evaluation of a request, "sender=a@example.net\n…"; RCPT if no protocol_state is given. */
void scene_begin(struct scene *s, const char *attributes);
void scene_end(struct scene *s);

/* Answer question i of asked. */
void scene_answer(struct scene *s, size_t i);

/* How many questions are open; the place of the nth of them. */
size_t scene_open_count(const struct scene *s);
size_t scene_open_place(const struct scene *s, size_t nth);

/*
 * An answer from a line: "NXDOMAIN", "NODATA", "SERVFAIL", or records with "|" between: "192.0.2.7|192.0.2.8",
 * "10 mx.example.net|20 ." (a lone dot is the root), "name.example", "any text".
 */
const struct answer *scene_says(const char *name, enum dns_type type, const char *line);

/* Run with every answer in the order asked; the decision. */
struct decision scene_decide(struct scene *s);

/* What stands in a refusal's reply between code and tail; "" if it is none. */
const char *scene_text(const struct eval *e, const struct decision *d, const char *reference);

#endif
