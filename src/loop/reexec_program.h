/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOOP_REEXEC_PROGRAM_H
#define LOOP_REEXEC_PROGRAM_H

#include <limits.h>

/* The absolute path that this program was started by, "" when it is not known. /proc/self/exe would
 * follow links, and name the old file once another has taken its place, so it is the last resort.
 */
void reexec_find_program(char program[PATH_MAX]);

#endif
