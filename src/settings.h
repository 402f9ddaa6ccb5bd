/* settings.h - policyd.conf as both programs read it: every room's and every rule's options */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "config/config.h"

#define VERSION "0.1"
#define SETTINGS_PATH "/etc/policyd/policyd.conf"

/* The tables of [server]; the places by which config_server() finds them. */
enum { TABLE_SERVER, TABLE_DNS, TABLE_DNS_LISTS, TABLE_STORE, TABLE_SITE, TABLE_POLICY, TABLES };

/* Read the file, say what is wrong with it, or does nothing, on stderr or in the log; NULL if anything is wrong. */
struct config *settings_read(const char *path, bool to_log);

/* A mistake in the configuration, on stderr or in the log. */
void settings_complain(bool to_log, const char *mistake);

/* Log from now on where log_to says. */
void settings_open_log(const struct config *config);

#endif
