/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One process of ours: started without a shell, held by its pidfd, ended with its whole group.
 * Nothing here waits longer than PROCESS_EXEC_WAIT. */
#ifndef PROCESS_PROCESS_H
#define PROCESS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define PROCESS_EXEC_WAIT 1000 /* milliseconds */

struct process {
	pid_t pid;           /* also of its group; 0 = none */
	int pidfd;           /* readable when it has ended; -1 = none */
	uint64_t start_time; /* clock ticks since boot, /proc/PID/stat's 22nd field */
	int hold_fd;         /* until process_release() */
};

#define PROCESS_NONE ((struct process){.pidfd = -1, .hold_fd = -1})

struct process_options {
	const char *program; /* absolute path */
	char *const *arguments;
	char *const *environment; /* complete */
	int output;           /* stdout, and stderr unless errors are separate; -1 = /dev/null */
	bool separate_errors; /* stderr is /dev/null */
};

struct process_end {
	int status; /* -1 = none or not known */
	int signal; /* 0 = none */
	bool known; /* false: it was not our child, nobody tells us */
};

/* Makes the process and holds it before it becomes the program, so that its pid can be written
 * down first: it ends by itself when we die before process_release(). It has a process group of
 * its own, no descriptors but 0 (/dev/null), 1 and 2, umask 022, directory /, no blocked signals
 * and default dispositions, but SIGPIPE ignored as systemd's services have it. 0 or -errno. */
int process_spawn(struct process *process, const struct process_options *options);
/* Lets it become the program. 0 or -errno of its execve(); it is then to be waited for all the
 * same. */
int process_release(struct process *process);
/* Takes up a process that runs, by its pid and start time. 0; -ESRCH: there is none such. */
int process_open(struct process *process, pid_t pid, uint64_t start_time);
/* Has the leader ended? */
bool process_has_ended(const struct process *process);
/* Takes notice of the end. Never waits. Ends what is left of its group, and only then gives its pid
 * back to the kernel, so that the group's number cannot be another's. 1 with end, 0 it runs, or
 * -errno. */
int process_reap(struct process *process, struct process_end *end);
/* To the leader. 0 or -errno. */
int process_signal(const struct process *process, int signal);
/* To the whole group. SIGTERM also wakes stopped processes, so that it is heard. 0 or -errno. */
int process_signal_group(const struct process *process, int signal);
/* Lets go of it; it lives on. May run twice. */
void process_close(struct process *process);

#endif
