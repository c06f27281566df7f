/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOOP_DAEMON_H
#define LOOP_DAEMON_H

#include "base/err.h"
#include "core/config.h"

struct reexec;

struct daemon_options {
	const char *config_dir;
	const char *profile_dir;
	const char *run_dir;
	const char *state_dir; /* what has to outlive a reboot: keys, leases */
	struct reexec *reexec; /* of main, see loop/reexec.h */
};

/* Runs the node until SIGTERM or SIGINT and leaves the network as it is. config, already read, is
 * taken over. 0, or -errno with err filled when it could not start. */
int daemon_run(const struct daemon_options *options, struct config *config, struct err *err);
/* Errors of the configuration, a line of the log each. */
void daemon_log_errors(const struct err_list *errors);

#endif
