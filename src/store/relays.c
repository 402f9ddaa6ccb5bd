/* relays.c - see relays.h */
#include "store/relays.h"
#include "base/text.h"
#include "store/database.h"

#include <string.h>

enum { LOGIN_BYTES = 400, FINDING_BYTES = 300 };

bool
relays_past(struct relays *r, sqlite3 *db, const char *domain, struct relay_past *out)
{
	sqlite3_stmt *q = db ? database_statement(&r->question, db,
	    "SELECT max(since, 1), max(last, 1) FROM relay_domain WHERE domain = ? AND good IS NULL") : NULL;

	*out = (struct relay_past){ 0 };
	if (q == NULL)
		return false;
	sqlite3_bind_text(q, 1, domain, -1, SQLITE_STATIC);
	int code = sqlite3_step(q);
	if (code == SQLITE_ROW)
		*out = (struct relay_past){ sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1) };
	sqlite3_reset(q);
	return code == SQLITE_ROW || code == SQLITE_DONE;
}

struct pending_write *
relays_write(const struct relay_news *news)
{
	char login_buffer[LOGIN_BYTES], finding_buffer[FINDING_BYTES];
	struct text login = TEXT(login_buffer), finding = TEXT(finding_buffer);
	const struct cell good[] = { { news->domain, 0 }, { NULL, news->time_s } };

	if (news->finding == NULL)
		return pending_row(ROW_RELAY_GOOD, good, sizeof good / sizeof *good);
	text_add_safe(&login, news->login, strlen(news->login));
	text_add_safe(&finding, news->finding, strlen(news->finding));
	const struct cell missing[] = { { news->domain, 0 }, { NULL, news->time_s }, { login.at, 0 }, { finding.at, 0 } };
	return pending_row(ROW_RELAY_MISSING, missing, sizeof missing / sizeof *missing);
}

void
relays_finalize(struct relays *r)
{
	database_finalize(&r->question, 1);
}
