/* engine.h - libspf2, which runs the records that check.c writes
 *
 * It sees names like r1 and m2 only, no byte of a stranger's record.
 */
#ifndef SPF_ENGINE_H
#define SPF_ENGINE_H

#include "spf/spf.h"

enum engine_match { ENGINE_NO, ENGINE_YES, ENGINE_STOP };

struct engine_source {
	/* The record of rN, "v=spf1 exists:m1 -include:r2 redirect=r3"; NULL: stop. */
	const char *(*record)(void *arg, unsigned n);
	enum engine_match (*matches)(void *arg, unsigned n);	/* whether mN matches */
	void *arg;
};

/*
 * Evaluate the record of r0.  SPF_TEMPERROR if libspf2 fails, or was stopped; *matched is false if
 * no mechanism matched.
 */
enum spf_result engine_run(const struct engine_source *source, bool *matched);

#endif
