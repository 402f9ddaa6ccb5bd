/* quota.c - test of src/rules/quota.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_quota;

#define ANN .hook = HOOK_SUBMISSION, .login = "ann@example.org"
#define QUOTA(text) .options = { { "quota", text } }
#define TEN QUOTA("login 10 recipients / 1h")
#define HOUR .first_s = JUDGE_NOW_S - 3600, .step_s = 300, .span_s = 3900
#define RECIPIENTS(n) .used = { [QUOTA_RECIPIENTS] = { HOUR, .used = n, .steps = { [4] = n } } }
#define DATA .stage = STAGE_DATA
#define ANN_MAY "ann@example.org may send to 10 recipients within 1 hour, "
#define MAY_WITHIN(time) "OBJECT quota_exceeded 5.7.1 ann@example.org may send to 10 recipients within " time ", and has sent to 10; " \
	"try again in 25 minutes"

int
main(void)
{
	static const struct quota five[] = { { .unit = QUOTA_RECIPIENTS, .most = 5, .length_s = 3600 } };
	struct quotas five_quotas = { 1, five }, no_quotas = { 0, five };
	const struct list_row own = { .quotas = &five_quotas }, none = { .quotas = &no_quotas };
	const struct promise promises[] = {
		{ "without a quota it has nothing to say", { ANN, RECIPIENTS(1000) }, "DUNNO" },
		{ "what fits is no matter", { ANN, TEN, RECIPIENTS(7) }, "DUNNO" },
		{ "the last of a quota fits", { ANN, TEN, RECIPIENTS(9) }, "DUNNO" },
		{ "and is near its end, which is told once for a message", { ANN, TEN, RECIPIENTS(9), DATA, .recipients = 1 },
		  "OBJECT quota_near 5.7.1 " ANN_MAY "and has sent to 10 with this message; count 1 recipients of ann@example.org" },
		{ "so many per cent as quota_soft says are not near it yet", { ANN, RECIPIENTS(54), DATA, .recipients = 1,
		  .options = { { "quota", "login 100 recipients / 1h" }, { "quota_soft", "55" } } }, "DUNNO; count 1 recipients of ann@example.org" },
		{ "one more does not; there is room when the oldest count no more", { ANN, TEN, RECIPIENTS(10) },
		  "OBJECT quota_exceeded 5.7.1 " ANN_MAY "and has sent to 10; try again in 25 minutes" },
		{ "the recipients before it in its message are there, too", { ANN, TEN, RECIPIENTS(7), .before = 3 },
		  "OBJECT quota_exceeded 5.7.1 " ANN_MAY "has sent to 7, and this message has 4; try again in 25 minutes" },
		{ "at DATA all count, if they fit", { ANN, TEN, RECIPIENTS(2), DATA, .recipients = 6 },
		  "DUNNO; count 6 recipients of ann@example.org" },
		{ "else they do not", { ANN, TEN, RECIPIENTS(5), DATA, .recipients = 6 },
		  "OBJECT quota_exceeded 5.7.1 " ANN_MAY "has sent to 5, and this message has 6; try again in 25 minutes; count 6 recipients of ann@example.org" },
		{ "what was counted is not, again", { ANN, TEN, RECIPIENTS(10), DATA, .recipients = 6, .counted = { 6, false } }, "DUNNO" },
		{ "but for what has come since", { ANN, TEN, RECIPIENTS(6), DATA, .recipients = 8, .counted = { 6, false } },
		  "DUNNO; count 2 recipients of ann@example.org" },
		{ "a message that is more than there is at all never fits", { ANN, TEN, RECIPIENTS(0), DATA, .recipients = 11 },
		  "OBJECT quota_exceeded 5.5.3 ann@example.org may send to 10 recipients within 1 hour, and this message has 11"
		  "; send less at once, or ask us; count 11 recipients of ann@example.org" },
		{ "nor does one whose size is beyond counting", { ANN, QUOTA("login 1000 bytes / 1h"), .size = UINT64_MAX,
		  .used = { [QUOTA_BYTES] = { HOUR, .used = 500, .steps = { 500 } } } },
		  "OBJECT quota_exceeded 5.5.3 ann@example.org may send 1000 bytes within 1 hour, and this message has 9223372036854775"
		  "; send less at once, or ask us" },
		{ "messages are counted once", { ANN, QUOTA("login 3 messages / 1d"), DATA, .recipients = 9 },
		  "DUNNO; count 1 messages of ann@example.org" },
		{ "and no more than there are", { ANN, QUOTA("login 3 messages / 1d"), DATA, .recipients = 9,
		  .used = { [QUOTA_MESSAGES] = { .first_s = JUDGE_NOW_S - 86400, .step_s = 7200, .span_s = 93600, .used = 3, .steps = { 1, 2 } } } },
		  "OBJECT quota_exceeded 5.7.1 ann@example.org may send 3 messages within 1 day, and has sent 3; try again in 2 hours"
		  "; count 1 messages of ann@example.org" },
		{ "of bytes, what the client says fits or does not, and nothing is counted yet",
		  { ANN, QUOTA("login 1000 bytes / 1h"), .size = 500, DATA, .recipients = 1,
		  .used = { [QUOTA_BYTES] = { HOUR, .used = 501, .steps = { 501 } } } },
		  "OBJECT quota_exceeded 5.7.1 ann@example.org may send 1000 bytes within 1 hour, has sent 501, and this message has 500"
		  "; try again in 5 minutes" },
		{ "the time of a quota is told as it is", { ANN, QUOTA("login 10 recipients / 61h"), RECIPIENTS(10) }, MAY_WITHIN("61 hours") },
		{ "in minutes, too", { ANN, QUOTA("login 10 recipients / 150m"), RECIPIENTS(10) }, MAY_WITHIN("150 minutes") },
		{ "or seconds", { ANN, QUOTA("login 10 recipients / 90s"), RECIPIENTS(10) }, MAY_WITHIN("90 seconds") },
		{ "or whole days", { ANN, QUOTA("login 10 recipients / 48h"), RECIPIENTS(10) }, MAY_WITHIN("2 days") },
		{ "when there is room is rounded up", { ANN, QUOTA("login 10 recipients / 3d fixed"), .used = { [QUOTA_RECIPIENTS] =
		  { .first_s = JUDGE_NOW_S - 86400, .step_s = 259200, .span_s = 86400 + 7201, .used = 10, .steps = { 10 } } } },
		  "OBJECT quota_exceeded 5.7.1 ann@example.org may send to 10 recipients within 3 days, and has sent to 10; try again in 3 hours" },
		{ "one byte is left for who does not say", { ANN, QUOTA("login 1000 bytes / 1h"), .used = { [QUOTA_BYTES] = { HOUR, .used = 799 } } },
		  "DUNNO" },
		{ "of several that are used up the one that is for longest is told",
		  { ANN, QUOTA("login 1 messages / 1h, login 10 recipients / 1h"), .used = { { HOUR, .used = 10, .steps = { [9] = 10 } },
		  { HOUR, .used = 1, .steps = { 1 } } } },
		  "OBJECT quota_exceeded 5.7.1 " ANN_MAY "and has sent to 10; try again in 50 minutes" },
		{ "the client has a quota, too", { QUOTA("client 2 recipients / 1h"), RECIPIENTS(2) },
		  "OBJECT quota_exceeded 5.7.1 192.0.2.7 may send to 2 recipients within 1 hour, and has sent to 2; try again in 25 minutes" },
		{ "and whatever an attribute says", { QUOTA("helo_name 2 recipients / 1h"), .helo = "mx.example.net", RECIPIENTS(2) },
		  "OBJECT quota_exceeded 5.7.1 mx.example.net may send to 2 recipients within 1 hour, and has sent to 2; try again in 25 minutes" },
		{ "who is nobody has none", { TEN, RECIPIENTS(1000) }, "DUNNO" },
		{ "a row of quota_limit goes before", { ANN, TEN, .limit = &own, RECIPIENTS(5) },
		  "OBJECT quota_exceeded 5.7.1 ann@example.org may send to 5 recipients within 1 hour, and has sent to 5; try again in 25 minutes" },
		{ "and may let off all of them", { ANN, TEN, .limit = &none, RECIPIENTS(1000) }, "DUNNO" },
		{ "it waits for the name by which a row may match", { ANN, TEN, .limit_open = true }, "PENDING" },
		{ "a store that cannot tell refuses nobody", { ANN, TEN, RECIPIENTS(9), .used_unknown = true },
		  "CANNOT TELL quota_exceeded 4.3.0 cannot tell now how much was sent before" },
		{ "unless what it knows is too much already", { ANN, TEN, RECIPIENTS(10), .used_unknown = true },
		  "OBJECT quota_exceeded 5.7.1 " ANN_MAY "and has sent to 10; try again in 25 minutes" },
		{ "a header tells what is left", { ANN, DATA, .recipients = 1, RECIPIENTS(1),
		  .options = { { "quota", "login 10 recipients / 1h" }, { "quota_header", "yes" } } },
		  "DUNNO, PREPEND X-Quota: 8 of 10 recipients within 1 hour left; count 1 recipients of ann@example.org" },
		{ "how it came to that is told", { ANN, TEN, RECIPIENTS(1), .traced = true },
		  "DUNNO {ann@example.org: 2 of 10 recipients within 1 hour}" },
	};
	return promises_keep(&rule_quota, promises, sizeof promises / sizeof *promises);
}
