/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/shell.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <check.h>

#define OUTPUT_SIZE 65536

void run(const char *command)
{
	int status = system(command);

	ck_assert_msg(status == 0, "%s: %d", command, status);
}

void run_format(const char *format, ...)
{
	char command[512];
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	ck_assert_msg(length >= 0 && length < (int)sizeof(command), "too long: %s", command);
	run(command);
}

char *output_of(const char *command)
{
	char *output = calloc(1, OUTPUT_SIZE);
	FILE *pipe = popen(command, "re");

	ck_assert_ptr_nonnull(output);
	ck_assert_ptr_nonnull(pipe);
	output[fread(output, 1, OUTPUT_SIZE - 1, pipe)] = '\0';
	ck_assert_msg(pclose(pipe) == 0, "%s", command);
	return output;
}
