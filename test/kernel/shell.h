/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands of the shell that must succeed: the test fails where they do not. */
#ifndef KERNEL_TEST_SHELL_H
#define KERNEL_TEST_SHELL_H

void run(const char *command);
void run_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* What it prints, up to 64 KiB; malloc'd. */
char *output_of(const char *command);

#endif
