/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A running meshd makes room for the program that is now at its path: execve(2) in place, so that
 * the process number, the children, the control socket and its clients stay. */
#ifndef LOOP_REEXEC_H
#define LOOP_REEXEC_H

#include <stdbool.h>

#include "base/err.h"

/* What one program hands to the next is in this form. A program says "takes over N" when it is
 * asked with --check --handover N and would start: see reexec_begin(). */
#define REEXEC_FORM 1

struct daemon;
struct reexec;

/* Before anything else in main(): remembers where this program lies and its arguments (argv,
 * borrowed for good), and takes what an earlier program handed over. A handover that is of no use
 * is said and dropped, its descriptors closed: the start is then a normal one. NULL when memory
 * ends. */
struct reexec *reexec_new(char **argv);
/* NULL is fine. */
void reexec_free(struct reexec *reexec);

/* SIGHUP, SIGTERM, SIGINT and SIGCHLD wait while they are held: until somebody watches them. */
void reexec_hold_signals(bool hold);

/* --- for the daemon; all find it in daemon->options --- */

/* Opens daemon->server at path: the one that was handed over, or a new one. 0 or -errno with err.
 */
int reexec_open_server(struct daemon *daemon, const char *path, struct err *err);
/* The loop's watchers are started: lets the signals in that were held back, tells systemd, and
 * answers who asked for it. */
void reexec_finish(struct daemon *daemon);
/* Lets the program at our path say whether it would start, and then goes on as it; the answer of
 * the waiting requests is given by the new program, or by this one when it stays. 0, or -errno with
 * err when it could not even be asked. */
int reexec_begin(struct daemon *daemon, struct err *err);
/* Before the loop ends. */
void reexec_stop(struct daemon *daemon);

#endif
