/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file of its own: <elf.h>, which <sys/auxv.h> needs, and <ev.h> both have an EV_NONE. */
#include "loop/reexec_program.h"

#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

void reexec_find_program(char program[PATH_MAX])
{
	static const char deleted[] = " (deleted)";
	const size_t suffix = sizeof(deleted) - 1;
	/* The kernel's pointer comes as a number. NOLINTNEXTLINE(performance-no-int-to-ptr) */
	const char *given = (const char *)getauxval(AT_EXECFN);
	char directory[PATH_MAX];
	int length = -1;

	if (given != NULL && given[0] == '/' && strncmp(given, "/dev/fd/", 8) != 0) {
		length = snprintf(program, PATH_MAX, "%s", given);
	} else if (given != NULL && given[0] != '\0' && given[0] != '/' &&
		   getcwd(directory, sizeof(directory)) != NULL) {
		given += strncmp(given, "./", 2) == 0 ? 2 : 0;
		length = snprintf(program, PATH_MAX, "%s/%s", directory, given);
	}
	if (length >= 0 && length < PATH_MAX) {
		return;
	}
	ssize_t size = readlink("/proc/self/exe", program, PATH_MAX - 1);
	program[size > 0 ? size : 0] = '\0';
	if (size > (ssize_t)suffix && strcmp(program + size - suffix, deleted) == 0) {
		program[size - (ssize_t)suffix] = '\0';
	}
}
