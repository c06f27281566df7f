/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the processes of a child ended: the last few, as shown to people and kept in the record. */
#ifndef CORE_SERVICE_EXIT_H
#define CORE_SERVICE_EXIT_H

#include <stdint.h>

#include <jansson.h>

#include "core/service.h"
#include "core/service_output.h"

#define SERVICE_EXITS_MAX 10

struct service_exit {
	int64_t time; /* unix seconds */
	int pid;      /* 0 = it could not be started */
	int status;   /* -1 = none or not known */
	int signal;   /* 0 = none */
	enum service_reason reason;
	struct service_lines *output; /* may be NULL */
};

struct service_exits {
	struct service_exit items[SERVICE_EXITS_MAX]; /* newest last */
	size_t count;
};

/* Adds one, with a copy of its lines; the oldest makes room. Without memory the lines are lost. */
void service_exits_add(struct service_exits *exits, const struct service_exit *exit);
/* Gives the newest exit with this pid the lines that were found later. */
void service_exits_set_output(struct service_exits *exits, int pid,
	const struct service_lines *lines);
void service_exits_free(struct service_exits *exits);
/* "ended with status 1", "was ended by signal KILL", "does not answer", ... */
void service_exit_describe(const struct service_exit *exit, char *text, size_t size);
/* [{"time","pid","status","signal","reason","output":[]}] */
json_t *service_exits_to_json(const struct service_exits *exits);
/* The same back; what does not fit is left out. */
void service_exits_from_json(struct service_exits *exits, const json_t *json);

#endif
