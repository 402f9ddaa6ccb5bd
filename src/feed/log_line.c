/* log_line.c - see log_line.h */
#include "feed/log_line.h"
#include "base/ascii.h"

#include <string.h>
#include <time.h>

enum { DAY_S = 86400, CLASSIC_LEN = 15 };

/* The number of exactly so many digits at *at, which moves behind it; -1 if there is none. */
static int
number(const char **at, int digits)
{
	int n = 0;

	for (; digits > 0; digits--, (*at)++) {
		if (!is_digit(**at))
			return -1;
		n = n * 10 + (**at - '0');
	}
	return n;
}

/* The same behind the byte before. */
static int
number_behind(char before, const char **at, int digits)
{
	if (**at != before)
		return -1;
	(*at)++;
	return number(at, digits);
}

/* "09:00:00"; false if it is none. */
static bool
read_clock(const char **at, struct tm *tm)
{
	tm->tm_hour = number(at, 2);
	tm->tm_min = number_behind(':', at, 2);
	tm->tm_sec = number_behind(':', at, 2);
	return tm->tm_hour >= 0 && tm->tm_hour < 24 && tm->tm_min >= 0 && tm->tm_min < 60 && tm->tm_sec >= 0 &&
	    tm->tm_sec <= 60;
}

/* "2026-11-28T09:00:00.123456+01:00", up to a blank. */
static bool
read_rfc3339(const char *at, int64_t *time_s)
{
	struct tm tm = { .tm_year = number(&at, 4) - 1900 };
	int64_t offset_s = 0;

	tm.tm_mon = number_behind('-', &at, 2) - 1;
	tm.tm_mday = number_behind('-', &at, 2);
	if (tm.tm_year < 70 || tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 || tm.tm_mday > 31 || *at++ != 'T' ||
	    !read_clock(&at, &tm))
		return false;
	if (*at == '.')
		at += 1 + strspn(at + 1, "0123456789");
	if (*at == 'Z')
		at++;
	else {
		int sign = *at == '-' ? -1 : 1, hours = number_behind(*at == '-' ? '-' : '+', &at, 2);
		int minutes = number_behind(':', &at, 2);

		if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
			return false;
		offset_s = sign * (hours * 3600 + minutes * 60);
	}
	*time_s = timegm(&tm) - offset_s;
	return *at == ' ';
}

/* "Nov 28 09:00:00", "Dec  1 09:00:00", up to a blank. */
static bool
read_classic(const char *at, int64_t now_s, int64_t *time_s)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t now = (time_t)now_s;
	struct tm tm, today;
	char name[4] = "";

	memcpy(name, at, 3);
	const char *month = strlen(name) == 3 ? strstr(months, name) : NULL;
	if (month == NULL || (month - months) % 3 != 0 || at[3] != ' ')
		return false;
	at += 4;
	int day = *at == ' ' ? number_behind(' ', &at, 1) : number(&at, 2);
	if (day < 1 || day > 31 || *at++ != ' ' || !read_clock(&at, &tm) || *at != ' ')
		return false;
	localtime_r(&now, &today);
	for (int year = today.tm_year + 1;; year--) {	/* + 1: on New Year's Eve a day ahead is the next year's */
		struct tm then = { .tm_year = year, .tm_mon = (int)(month - months) / 3, .tm_mday = day,
		    .tm_hour = tm.tm_hour, .tm_min = tm.tm_min, .tm_sec = tm.tm_sec, .tm_isdst = -1 };

		*time_s = mktime(&then);
		if (*time_s <= now_s + DAY_S)
			return true;
	}
}

bool
log_line_split(char *line, int64_t now_s, struct log_line *out)
{
	bool classic = !is_digit(*line);

	if (classic && strnlen(line, CLASSIC_LEN) < CLASSIC_LEN)
		return false;
	char *host = strchr(line + (classic ? CLASSIC_LEN : 0), ' ');
	out->tag = host ? strchr(host + 1, ' ') : NULL;
	if (out->tag == NULL)
		return false;
	out->tag++;
	char *tag_end = out->tag + strcspn(out->tag, "[: "), *pid_end = tag_end;
	if (*pid_end == '[')
		pid_end += 1 + strspn(pid_end + 1, "0123456789");
	if (pid_end > tag_end && *pid_end++ != ']')
		return false;
	if (strncmp(pid_end, ": ", 2) != 0 || memchr(out->tag, '/', (size_t)(tag_end - out->tag)) == NULL)
		return false;
	out->text = pid_end + 2;
	*tag_end = '\0';
	if (!(classic ? read_classic(line, now_s, &out->time_s) : read_rfc3339(line, &out->time_s)))
		return false;
	if (out->time_s > now_s)
		out->time_s = now_s;
	return true;
}
