/* stderr.h - what a test, and the code it tests, writes to stderr, caught to be looked at */
#ifndef TEST_STDERR_H
#define TEST_STDERR_H

#include <stddef.h>

/* Catch it from now on. */
void stderr_catch(void);

/* What was written since the last call, or since it is caught; valid until the next. */
const char *stderr_heard(void);

/* How often that stands in all that was caught. */
size_t stderr_says(const char *words);

/* The same as stderr_heard(), for the last time: let it be again. */
const char *stderr_release(void);

#endif
