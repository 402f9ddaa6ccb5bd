/* config.c - fuzz target: any bytes are a configuration that reads back as it is printed, or have a problem told */
#include "config/config.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct all {
	bool yes_no;
	int64_t number, delay_s, timeout_ms, size_bytes, mode;
	const char *text;
	int word;
	struct option_list list, domains;
	struct option_networks networks;
	struct setting setting;
	int parsed;
};

static const char *
parse(struct arena *a, const char *text, void *into)
{
	*(int *)into = 1;
	return *text == '!' ? arena_printf(a, "%s is no good; write something else", text) : NULL;
}

#define OPTIONS all
static const struct option rows[] = {
	{ "yes_no", OPT_BOOL, INTO(yes_no), "no" },
	{ "number", OPT_INT, INTO(number), "5", "-100", "100" },
	{ "delay", OPT_SEC, INTO(delay_s), "5m", "1m", "24h" },
	{ "timeout", OPT_MSEC, INTO(timeout_ms), "2s", "10ms", "1m" },
	{ "size", OPT_BYTES, INTO(size_bytes), "1M", "4K", "2G" },
	{ "mode", OPT_OCTAL, INTO(mode), "0660" },
	{ "text", OPT_TEXT, INTO(text), "" },
	{ "word", OPT_WORD, INTO(word), "all", .words = "all|refusals|off" },
	{ "list", OPT_LIST, INTO(list), "" },
	{ "domains", OPT_DOMAINS, INTO(domains), "" },
	{ "networks", OPT_NETWORKS, INTO(networks), "" },
	{ "setting", OPT_SETTING, INTO(setting), "off" },
	{ "parsed", OPT_PARSED, INTO(parsed), "one", .parse = parse },
};
static const struct option_table table = OPTION_TABLE(rows);
static const struct option_table *const tables[] = { &table };
static const char *const builtin[] = { "mx", NULL };
static const struct config_schema schema = { tables, 1, tables, 1, builtin };

static void
check_settings(const struct all *all)
{
	char buffer[SETTING_PRINTED];
	struct text t = TEXT(buffer);
	struct arena *a = arena_new();
	struct setting again;
	const char *why;

	setting_print(&t, &all->setting);
	assert(!t.cut && setting_parse(a, buffer, &again, &why));
	assert(again.action == all->setting.action && again.from_s == all->setting.from_s);
	assert(all->number >= -100 && all->number <= 100 && all->delay_s >= 60 && all->delay_s <= 86400);
	arena_free(a);
}

static char *
print(const struct config *c, size_t *len)
{
	char *text;
	FILE *out = open_memstream(&text, len);

	config_print(out, c);
	fclose(out);
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problems p;
	size_t len, len_again;
	struct config *c = config_read_bytes(&schema, "fuzz", (const char *)data, size, &p);

	assert((c == NULL) == (p.count > 0) && (c != NULL || p.lines[0] != NULL));
	problems_free(&p);
	if (c == NULL)
		return 0;
	check_settings(config_server(c, 0));
	check_settings(profile_values(config_profile(c, "mx"), 0));
	char *text = print(c, &len);
	struct config *again = config_read_bytes(&schema, "again", text, len, &p);
	assert(again != NULL);
	char *text_again = print(again, &len_again);
	assert(len == len_again && memcmp(text, text_again, len) == 0);
	free(text);
	free(text_again);
	config_release(again);
	config_release(c);
	return 0;
}
