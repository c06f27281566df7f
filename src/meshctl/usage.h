/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wrong calls, said the same way for every command. */
#ifndef MESHCTL_USAGE_H
#define MESHCTL_USAGE_H

#include <getopt.h>

/* For getopt_long(): usage_fail_option() says what is wrong, not getopt, which would print the
 * words as they are, terminal controls and all. */
#define USAGE_SHORT_OPTIONS ":"

/* Prints "meshctl COMMAND: REASON: WORD" and where help is, to stderr. command: NULL for meshctl
 * itself; word: NULL for none. Returns EXIT_CODE_USAGE. */
int usage_fail(const char *command, const char *reason, const char *word);
/* The same when getopt_long() returned result, '?' or ':'; known are the options it was given. */
int usage_fail_option(const char *command, int result, const struct option *known,
	char *const *argv);

#endif
