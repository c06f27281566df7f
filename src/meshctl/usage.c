/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "meshctl/usage.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "control/print.h"
#include "meshctl/command.h"

int usage_fail(const char *command, const char *reason, const char *word)
{
	const char *blank = command == NULL ? "" : " ";

	command = command == NULL ? "" : command;
	print_styled(stderr, false, PRINT_PLAIN, "meshctl%s%s: %s%s%s", blank, command, reason,
		word == NULL ? "" : ": ", word == NULL ? "" : word);
	print_end(stderr);
	fprintf(stderr, "Try: meshctl%s%s --help\n", blank, command);
	return EXIT_CODE_USAGE;
}

/* Could the word "--NAME" or "--NAME=VALUE", NAME being shortened, mean the option? */
static bool may_mean(const char *word, const struct option *option)
{
	return strncmp(word, "--", 2) == 0 && (optopt == 0 || strchr(word, '=') != NULL) &&
	       strncmp(word + 2, option->name, strcspn(word + 2, "=")) == 0;
}

/* getopt tells an unknown short option from a long one that was given a value only by where it
 * stands: of both, optopt is the letter. */
static const char *find_reason(int result, const struct option *known, const char *word)
{
	int meant = 0;

	if (result == ':') {
		return "this option needs a value";
	}
	for (const struct option *option = known; option->name != NULL; option++) {
		if (may_mean(word, option) && (optopt == 0 || optopt == option->val)) {
			meant++;
		}
	}
	if (optopt != 0) {
		return meant > 0 ? "this option takes no value" : NULL;
	}
	return meant > 1 ? "this option is short for several" : "no such option";
}

int usage_fail_option(const char *command, int result, const struct option *known,
	char *const *argv)
{
	const char *word = argv[optind - 1];
	const char letter[] = {'-', (char)optopt, '\0'};
	const char *reason = find_reason(result, known, word);

	if (reason == NULL) {
		return usage_fail(command, "no such option", letter);
	}
	return usage_fail(command, reason, word);
}
