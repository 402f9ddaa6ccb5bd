/* client_delivery_rate.c - test of src/rules/client_delivery_rate.c: the rule promises that … */
#include "judge.h"

extern const struct rule rule_client_delivery_rate;

#define DONE(accepted_, refused_, unknown_) .on_record = true, .tried = &(struct tried){ 0 }, .accepted = accepted_, \
    .refused = refused_, .unknown = unknown_
#define OPTION(name, value) .options = { { name, value } }
#define TOO_FEW(all, taken) "OBJECT client_delivery_rate 4.7.1 of " #all " recipients that 192.0.2.7 tried here, " #taken \
    " were taken; remove what bounces from your lists"

int
main(void)
{
	const struct promise promises[] = {
		{ "who tried nothing in vain is not asked about", { .accepted = 0, .unknown = 100 }, "DUNNO" },
		{ "fewer than fifty tell nothing", { DONE(0, 0, 49) }, "DUNNO" },
		{ "fifty do", { DONE(0, 0, 50) }, TOO_FEW(50, 0) },
		{ "a half is enough", { DONE(25, 0, 25) }, "DUNNO" },
		{ "one less is not", { DONE(24, 0, 26) }, TOO_FEW(50, 24) },
		{ "what was refused was not taken", { DONE(40, 30, 30) }, TOO_FEW(100, 40) },
		{ "how many are enough can be said", { DONE(60, 0, 40), OPTION("delivery_rate_min", "61") }, TOO_FEW(100, 60) },
		{ "and how many tell something", { DONE(0, 0, 50), OPTION("delivery_rate_recipients", "51") }, "DUNNO" },
		{ "store trouble is no no", { .on_record = true }, "CANNOT TELL client_delivery_rate 4.3.0 "
		  "cannot look up now what became of the recipients 192.0.2.7 tried" },
	};
	return promises_keep(&rule_client_delivery_rate, promises, sizeof promises / sizeof *promises);
}
