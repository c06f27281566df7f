/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Would another meshd start in place of this one? It is run with the same arguments and --check
 * --handover FORM, and says so. */
#ifndef LOOP_PROBE_H
#define LOOP_PROBE_H

#include <stdbool.h>

#include <ev.h>

#include "base/err.h"

#define PROBE_SECONDS   10.0
#define PROBE_LINES_MAX 32

struct probe_result {
	bool works;
	char text[320];                     /* why not */
	const char *lines[PROBE_LINES_MAX]; /* what the program said; good during the call */
	size_t line_count;
};

struct probe_request {
	struct ev_loop *loop;
	const char *program;
	char **arguments; /* words[0] is the name; NULL-terminated */
	int form;
	void (*done)(void *context, const struct probe_result *result); /* may stop the probe */
	void *context;
};

struct probe;

/* Calls done() once, later, at most PROBE_SECONDS from now. request is copied, what it points at is
 * borrowed. 0, or -errno with err when the program cannot be run at all. */
int probe_start(struct probe **probe, const struct probe_request *request, struct err *err);
/* Ends the program where it still runs. NULL is fine. */
void probe_stop(struct probe *probe);

#endif
