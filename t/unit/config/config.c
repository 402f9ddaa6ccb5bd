/* config.c - test of src/config/config.c and reader.c: they promise that … */
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- a schema: two tables in [server], three (one of them empty) in profiles ---- */

struct net_options { const char *listen; int64_t limit; };
#define OPTIONS net_options
static const struct option net_rows[] = {
	{ "listen", OPT_TEXT, INTO(listen), "inet:127.0.0.1:10031" },
	{ "limit", OPT_INT, INTO(limit), "100", "1", "1000" },
};
static const struct option_table net_table = OPTION_TABLE(net_rows);
#undef OPTIONS

struct log_options { bool log_passes; };
#define OPTIONS log_options
static const struct option log_rows[] = { { "log_passes", OPT_BOOL, INTO(log_passes), "yes" } };
static const struct option_table log_table = OPTION_TABLE(log_rows);
#undef OPTIONS

struct helo_options { struct setting helo_syntax, helo_forged; struct option_list local_domains; };
#define OPTIONS helo_options
static const struct option helo_rows[] = {
	{ "helo_syntax", OPT_SETTING, INTO(helo_syntax), "reject" },
	{ "helo_forged", OPT_SETTING, INTO(helo_forged), "off" },
	{ "local_domains", OPT_DOMAINS, INTO(local_domains), "" },
};
static const struct option_table helo_table = OPTION_TABLE(helo_rows);
#undef OPTIONS

struct grey_options { int64_t delay_s; };
#define OPTIONS grey_options
static const struct option grey_rows[] = { { "delay", OPT_SEC, INTO(delay_s), "5m", "0s", "24h" } };
static const struct option_table grey_table = OPTION_TABLE(grey_rows);
#undef OPTIONS

static const struct option_table empty_table;
static const struct option_table *const server_tables[] = { &net_table, &log_table };
static const struct option_table *const profile_tables[] = { &helo_table, &empty_table, &grey_table };
static const char *const builtin[] = { "mx", "submission", NULL };
static const struct config_schema schema = { server_tables, 2, profile_tables, 3, builtin };

static struct config *
read_text(const char *text, struct problems *p)
{
	return config_read_bytes(&schema, "f", text, strlen(text), p);
}

static struct config *
read_good(const char *text)
{
	struct problems p;
	struct config *c = read_text(text, &p);

	if (c == NULL)
		fail_msg("%s", p.lines[0]);
	assert_int_equal(p.count, 0);
	problems_free(&p);
	return c;
}

static const struct helo_options *
helo(const struct config *c, const char *profile)
{
	assert_non_null(config_profile(c, profile));
	return profile_values(config_profile(c, profile), 0);
}

static int64_t
delay(const struct config *c, const char *profile)
{
	assert_non_null(config_profile(c, profile));
	return ((const struct grey_options *)profile_values(config_profile(c, profile), 2))->delay_s;
}

static char *
print(const struct config *c)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	config_print(out, c);
	fclose(out);
	return text;
}

/* ---- what is right ---- */

static void
defaults(void **state)
{
	struct config *c = read_good("");
	const struct net_options *net = config_server(c, 0);
	const struct log_options *log = config_server(c, 1);

	(void)state;
	assert_string_equal(net->listen, "inet:127.0.0.1:10031");
	assert_int_equal(net->limit, 100);
	assert_true(log->log_passes);
	assert_int_equal(helo(c, "mx")->helo_syntax.action, SETTING_REJECT);
	assert_int_equal(delay(c, "submission"), 300);
	assert_string_equal(profile_name(config_profile(c, "mx")), "mx");
	assert_null(config_profile(c, "strict"));
	assert_null(config_profile(c, "MX"));
	assert_null(config_profile(c, "server"));
	config_release(c);
}

static void
shape(void **state)
{
	struct config *c = read_good(
	    "# a comment\n"
	    "\n"
	    "  # an indented one\n"
	    "[server]\n"
	    "listen=unix:/a # b\n"
	    "limit\t = \t7  \n"
	    "[ mx ]\n"
	    "local_domains = a.example,\n"
	    "# between\n"
	    "\n"
	    "\t \n"
	    "    b.example\n"
	    " # between, indented\n"
	    "\tc.example\n"
	    "delay =\n"
	    " 6m\n"
	    "[submission]\n"
	    "helo_syntax = reject \"a\n"
	    "    b\"");
	const struct net_options *net = config_server(c, 0);

	(void)state;
	assert_string_equal(net->listen, "unix:/a # b");
	assert_int_equal(net->limit, 7);
	assert_int_equal(helo(c, "mx")->local_domains.count, 3);
	assert_string_equal(helo(c, "mx")->local_domains.at[2], "c.example");
	assert_int_equal(delay(c, "mx"), 360);
	assert_string_equal(helo(c, "submission")->helo_syntax.text, "a b");
	config_release(c);
}

static void
inheritance(void **state)
{
	struct config *c = read_good(
	    "[stricter : strict]\n"
	    "helo_syntax = defer\n"
	    "[strict:mx]\n"
	    "helo_forged = reject\n"
	    "[mx]\n"
	    "delay = 1m\n"
	    "local_domains = example.org\n"
	    "[submission : other]\n"
	    "[other]\n"
	    "delay = 2m\n");

	(void)state;
	assert_int_equal(delay(c, "stricter"), 60);
	assert_int_equal(helo(c, "stricter")->helo_forged.action, SETTING_REJECT);
	assert_int_equal(helo(c, "stricter")->helo_syntax.action, SETTING_DEFER);
	assert_string_equal(helo(c, "stricter")->local_domains.at[0], "example.org");
	assert_int_equal(helo(c, "strict")->helo_syntax.action, SETTING_REJECT);
	assert_int_equal(helo(c, "mx")->helo_forged.action, SETTING_OFF);
	assert_int_equal(delay(c, "submission"), 120);
	assert_int_equal(helo(c, "other")->local_domains.count, 0);
	config_release(c);
}

static void
prints(void **state)
{
	static const char *const files[] = {
		"",
		"[server]\nlisten = \"  quoted \\\"x\\\" \"\nlog_passes = no\n",
		"[server]\nlisten =\n",
		"[z : mx]\ndelay = 1h\n[mx]\nlocal_domains = M\xc3\xbcller.example,\n\ta.example\n[a : z]\n",
		"[mx]\nhelo_syntax = reject \"say \\\"x\\\"\"\n   from 2026-01-01\n  on_error defer\nhelo_forged = score -3\n",
		"[server]\nlisten = # no comment\n[submission:mx]\ndelay = 0s\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct config *c = read_good(files[i]);
		char *once = print(c);
		struct config *again = read_good(once);
		char *twice = print(again);

		assert_string_equal(once, twice);
		for (size_t k = 0; builtin[k] != NULL; k++) {
			assert_int_equal(delay(c, builtin[k]), delay(again, builtin[k]));
			assert_int_equal(helo(c, builtin[k])->helo_forged.score, helo(again, builtin[k])->helo_forged.score);
			assert_int_equal(helo(c, builtin[k])->helo_syntax.from_s, helo(again, builtin[k])->helo_syntax.from_s);
		}
		free(once);
		free(twice);
		config_release(c);
		config_release(again);
	}
	struct config *c = read_good("[s : mx]\nlocal_domains = a.example,\n  b.example\n[mx]\ndelay = 1h\n");
	char *text = print(c);
	assert_string_equal(text,
	    "[server]\nlisten = inet:127.0.0.1:10031\nlimit = 100\nlog_passes = yes\n"
	    "\n[mx]\nhelo_syntax = reject\nhelo_forged = off\nlocal_domains =\ndelay = 1h\n"
	    "\n[submission]\nhelo_syntax = reject\nhelo_forged = off\nlocal_domains =\ndelay = 5m\n"
	    "\n[s : mx]\nhelo_syntax = reject\nhelo_forged = off\nlocal_domains = a.example, b.example\ndelay = 1h\n");
	free(text);
	config_release(c);
}

static void
places(void **state)
{
	struct config *c = read_good("# a comment\n[server]\nlimit = 7\n[mx]\nhelo_syntax = off\n");
	const char *text;

	(void)state;
	assert_int_equal(config_server_line(c, "limit", &text), 3);
	assert_string_equal(text, "7");
	assert_int_equal(config_server_line(c, "log_passes", &text), 0);
	assert_string_equal(text, "yes");
	config_release(c);
}

static void
references(void **state)
{
	struct config *old = read_good("[mx]\ndelay = 1m\n");
	struct config *held = config_ref(old);

	(void)state;
	config_release(old);
	struct config *new = read_good("[mx]\ndelay = 2m\n");
	assert_int_equal(delay(held, "mx"), 60);
	assert_int_equal(delay(new, "mx"), 120);
	config_release(held);
	config_release(new);
	config_release(NULL);
}

/* ---- what is wrong ---- */

static const struct {
	const char *file, *problems;	/* one a line */
} mistakes[] = {
	{ "limit = 7\n", "f:1: limit = 7: no section stands above; it belongs into [server]\n" },
	{ "delay = 7\n", "f:1: delay = 7: no section stands above; it belongs into a profile, such as [mx]\n"
	    "f:1: delay = 7: no unit; write s, m, h, d or w, as in 5m\n" },
	{ "[mx]\nlimit = 0\n", "f:2: limit = 0: no setting of a profile; it belongs into [server]\n"
	    "f:2: limit = 0: less than 1; write 1 to 1000\n" },
	{ "[server]\ndelay = 7m\n", "f:2: delay = 7m: no setting of [server]; it belongs into a profile, such as [mx]\n" },
	{ "[mx]\ndealy = 7m\n", "f:2: dealy = 7m: no setting of that name; did you mean delay?\n" },
	{ "[mx]\nlimitt = 7\n", "f:2: limitt = 7: no setting of that name; did you mean limit? It belongs into [server]\n" },
	{ "dely = 7m\n", "f:1: dely = 7m: no setting of that name; did you mean delay? "
	    "It belongs into a profile, such as [mx]\n" },
	{ "[mx]\nx = 7\n", "f:2: x = 7: no setting of that name; policyd.conf(5) lists them all\n" },
	{ "[mx]\n= 7\n", "f:2:  = 7: no setting of that name; policyd.conf(5) lists them all\n" },
	{ "[mx]\ndelay 7m\n", "f:2: delay 7m: no =; write a setting as name = value, a section as [name]\n" },
	{ "[mx]\ndelay = 7m # week\n",
	    "f:2: delay = 7m # week: no unit 'm # week'; write s, m, h, d or w, as in 5m (a comment needs a line of its own)\n" },
	{ "[mx]\ndelay =\n", "f:2: delay =: no value; write s, m, h, d or w, as in 5m\n" },
	{ "[mx]\nhelo_syntax = reject \"open\n", "f:2: helo_syntax = reject \"open: the text does not end; "
	    "write a closing quote (a quote within is \\\\\")\n" },
	{ "[mx]\ndelay = 1m\n\ndelay = 2m\n", "f:4: delay = 2m: set in line 2 already; keep one of the two\n" },
	{ "[mx]\n[server]\n[mx]\ndelay = x\n",
	    "f:3: [mx]: the section stands in line 1 already; put these settings there\n"
	    "f:4: delay = x: not a number; write s, m, h, d or w, as in 5m\n" },
	{ "[server]\n[server]\n", "f:2: [server]: the section stands in line 1 already; put these settings there\n" },
	{ "[MX]\n", "f:1: [MX]: no name for a profile; write 1 to 63 of a-z, 0-9, _ and -, as in [mx]\n" },
	{ "[]\n", "f:1: []: no name for a profile; write 1 to 63 of a-z, 0-9, _ and -, as in [mx]\n" },
	{ "[profile a]\n", "f:1: [profile a]: no name for a profile; write 1 to 63 of a-z, 0-9, _ and -, as in [mx]\n" },
	{ "[mx\ndelay = 1y\n", "f:1: [mx: no ]; write a section as in [mx] or [strict : mx]\n"
	    "f:2: delay = 1y: no unit 'y'; write s, m, h, d or w, as in 5m\n" },
	{ "[mx] # x\n", "f:1: [mx] # x: something follows the ]; write a section as in [mx] or [strict : mx]\n" },
	{ "[server : mx]\n", "f:1: [server : mx]: [server] takes settings from no other section; write [server]\n" },
	{ "[a : server]\n", "f:1: [a : server]: no profile stands behind the colon; write one, as in [strict : mx]\n" },
	{ "[a :]\n", "f:1: [a :]: no profile stands behind the colon; write one, as in [strict : mx]\n" },
	{ "[a : b : c]\n", "f:1: [a : b : c]: no profile stands behind the colon; write one, as in [strict : mx]\n" },
	{ "[a : strikt]\n[strict]\n", "f:1: [a : strikt]: no profile strikt; did you mean strict?\n" },
	{ "[a : strictt]\n[striker]\n[strict]\n", "f:1: [a : strictt]: no profile strictt; did you mean strict?\n" },
	{ "[strict : stric]\n", "f:1: [strict : stric]: no profile stric; write a section [stric]\n" },
	{ "[a : q]\n", "f:1: [a : q]: no profile q; write a section [q]\n" },
	{ "[a : a]\n",
	    "f:1: [a : a]: the parents go round in a circle of 1; write one of them without a parent, as in [a]\n" },
	{ "[d : c]\n[a : b]\n[b : c]\n[c : a]\n",
	    "f:2: [a : b]: the parents go round in a circle of 3; write one of them without a parent, as in [a]\n" },
	{ "[mx]\n  delay = 1m\n  helo_forged = log\n",
	    "f:2: delay = 1m: blanks in front continue a setting, and none stands above; remove them\n"
	    "f:3: helo_forged = log: blanks in front continue a setting, and none stands above; remove them\n" },
	{ "\xff[mx]\n# \x80\x01\ndelay = \x1b[31m\n",
	    "f:1: byte 0xff in column 1 is not UTF-8; write UTF-8 text\n"
	    "f:1: ?[mx]: no =; write a setting as name = value, a section as [name]\n"
	    "f:2: byte 0x80 in column 3 is not UTF-8; write UTF-8 text\n"
	    "f:3: byte 0x1b in column 9 is a control character; write UTF-8 text\n"
	    "f:3: delay = ?[31m: no section stands above; it belongs into a profile, such as [mx]\n"
	    "f:3: delay = ?[31m: not a number; write s, m, h, d or w, as in 5m\n" },
	{ "[mx]\n#\tx\x7f\n", "f:2: byte 0x7f in column 4 is a control character; write UTF-8 text\n" },
	{ "[mx]\r\ndelay = 1m\r\ndelay = 2m\r\n",
	    "f:1: lines end with a carriage return; save the file with line feeds alone (said once)\n"
	    "f:3: delay = 2m: set in line 2 already; keep one of the two\n" },
	{ "[mx]\nhelo_syntax = reject \"0123456789012345678901234567890123456789012345678901234567890123456789\" x\n",
	    "f:2: helo_syntax = reject \"0123456789012345678901234567890123456789012345678901234567…: "
	    "no word 'x'; write a text in quotes, on_error or from\n" },
};

static void
tells(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		char all[4000] = "";
		struct problems p;

		assert_null(read_text(mistakes[i].file, &p));
		for (size_t k = 0; k < p.count; k++) {
			strcat(all, p.lines[k]);
			strcat(all, "\n");
		}
		assert_string_equal(all, mistakes[i].problems);
		problems_free(&p);
	}
}

static void
nul(void **state)
{
	static const char bytes[] = "[mx]\ndelay = 5m\0\n[a:b]";
	struct problems p;

	(void)state;
	assert_null(config_read_bytes(&schema, "f", bytes, sizeof bytes - 1, &p));
	assert_int_equal(p.count, 3);
	assert_string_equal(p.lines[0], "f:2: byte 0x00 in column 11 is a control character; write UTF-8 text");
	assert_string_equal(p.lines[1], "f:2: delay = 5m?: no unit 'm?'; write s, m, h, d or w, as in 5m");
	assert_string_equal(p.lines[2], "f:3: [a : b]: no profile b; write a section [b]");
	problems_free(&p);
}

/* size bytes: start, then as often as it fits part. */
static char *
fill(size_t size, const char *start, const char *part)
{
	char *bytes = calloc(1, size + 1);

	strcpy(bytes, start);
	for (size_t at = strlen(start); at < size; at += strlen(part))
		strncpy(bytes + at, part, size - at);
	return bytes;
}

static void
bounds(void **state)
{
	struct problems p;

	(void)state;
	char *bytes = fill((1 << 20) + 1, "", "#\n");
	assert_null(read_text(bytes, &p));
	assert_string_equal(p.lines[0], "f: more than 1048576 bytes; is this policyd's configuration?");
	problems_free(&p);
	bytes[1 << 20] = '\0';
	config_release(read_good(bytes));
	free(bytes);

	bytes = fill(1 << 20, "[mx]\nlocal_domains =", "\n a.example");
	struct config *c = read_good(bytes);
	assert_int_equal(helo(c, "mx")->local_domains.count, ((1 << 20) - 20 + 10) / 11);
	config_release(c);
	free(bytes);

	bytes = fill(1 << 20, "", "x\n");
	assert_null(read_text(bytes, &p));
	assert_int_equal(p.count, 1 << 19);
	assert_string_equal(p.lines[99], "f:100: x: no =; write a setting as name = value, a section as [name]");
	assert_null(p.lines[100]);
	problems_free(&p);
	assert_int_equal(p.count, 0);
	free(bytes);

	char many[8000] = "";
	struct text t = TEXT(many);
	for (int i = 0; i < 255; i++)		/* mx and submission are there already */
		text_addf(&t, "[p%d : p%d]\n", i, i < 253 ? i + 1 : 0);
	assert_null(read_text(many, &p));
	assert_int_equal(p.count, 2);
	assert_string_equal(p.lines[0], "f:1: [p0 : p1]: the parents go round in a circle of 254; "
	    "write one of them without a parent, as in [p0]");
	assert_string_equal(p.lines[1], "f:255: [p254 : p0]: more than 256 profiles; remove some");
	problems_free(&p);
}

static void
files(void **state)
{
	char folder[] = "/tmp/policyd-config-XXXXXX", path[64];
	struct problems p;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/policyd.conf", folder);
	assert_null(config_read(&schema, path, &p));
	assert_int_equal(p.count, 1);
	assert_non_null(strstr(p.lines[0], "/policyd.conf: cannot read it: No such file or directory; name a file with -c"));
	problems_free(&p);
	assert_null(config_read(&schema, folder, &p));
	assert_non_null(strstr(p.lines[0], ": cannot read it: Is a directory"));
	problems_free(&p);
	assert_null(config_read(&schema, "/dev/zero", &p));
	assert_string_equal(p.lines[0], "/dev/zero: more than 1048576 bytes; is this policyd's configuration?");
	problems_free(&p);

	FILE *out = fopen(path, "w");
	fputs("[mx]\ndelay = 3m\n", out);
	fclose(out);
	struct config *c = config_read(&schema, path, &p);
	assert_non_null(c);
	assert_int_equal(delay(c, "mx"), 180);
	config_release(c);
	unlink(path);
	rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ .name = "an empty file means the defaults, in the profiles there always are", .test_func = defaults },
		{ .name = "comments, blanks and continuations are read as in main.cf", .test_func = shape },
		{ .name = "a profile takes from its parent what it does not say, wherever that stands", .test_func = inheritance },
		{ .name = "what is printed reads back as the same configuration", .test_func = prints },
		{ .name = "where a setting of [server] stands, and how, is known", .test_func = places },
		{ .name = "an old configuration lives on while it is held", .test_func = references },
		{ .name = "every mistake is told with its line, at once", .test_func = tells },
		{ .name = "a NUL ends nothing", .test_func = nul },
		{ .name = "files, problems and profiles are bounded, a line may fill a file", .test_func = bounds },
		{ .name = "a file is read, or it is said why not", .test_func = files },
	};
	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
