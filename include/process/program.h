/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where programs are. */
#ifndef PROCESS_PROGRAM_H
#define PROCESS_PROGRAM_H

#include <stddef.h>

#define PROGRAM_PATH "PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"

/* The file to execute: the configured one (absolute), or, when configured is "", the first of that
 * name at the fixed places. 0, -ENOENT, or -EACCES (there, but not executable). */
int program_find(const char *name, const char *configured, char *path, size_t size);

#endif
