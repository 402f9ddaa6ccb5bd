/* clock.c - see clock.h */
#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static bool frozen;
static int64_t frozen_wall_s, frozen_mono_us;

int64_t
clock_wall_s(void)
{
	struct timespec t;

	if (frozen)
		return frozen_wall_s;
	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec;
}

static int64_t
mono_us(clockid_t clock)
{
	struct timespec t;

	if (frozen)
		return frozen_mono_us;
	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t
clock_mono_us(void)
{
	return mono_us(CLOCK_MONOTONIC);
}

int64_t
clock_tick_us(void)
{
	return mono_us(CLOCK_MONOTONIC_COARSE);
}

void
clock_freeze(int64_t wall_s, int64_t mono_us)
{
	frozen = true;
	frozen_wall_s = wall_s;
	frozen_mono_us = mono_us;
}

void
clock_release(void)
{
	frozen = false;
}

const char *
clock_print(int64_t wall_s, char out[CLOCK_TEXT])
{
	time_t t = (time_t)wall_s;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(out, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		strcpy(out, "?");
	return out;
}
