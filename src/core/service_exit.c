/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/service_exit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/json_text.h"

static const char *const signals[] = {
	[SIGHUP] = "HUP",
	[SIGINT] = "INT",
	[SIGQUIT] = "QUIT",
	[SIGILL] = "ILL",
	[SIGTRAP] = "TRAP",
	[SIGABRT] = "ABRT",
	[SIGBUS] = "BUS",
	[SIGFPE] = "FPE",
	[SIGKILL] = "KILL",
	[SIGUSR1] = "USR1",
	[SIGSEGV] = "SEGV",
	[SIGUSR2] = "USR2",
	[SIGPIPE] = "PIPE",
	[SIGALRM] = "ALRM",
	[SIGTERM] = "TERM",
	[SIGXCPU] = "XCPU",
	[SIGXFSZ] = "XFSZ",
	[SIGVTALRM] = "VTALRM",
	[SIGPROF] = "PROF",
	[SIGSYS] = "SYS",
};

/* NULL for 0; a number for those without a name. */
static const char *signal_name(int number, char text[16])
{
	if (number <= 0) {
		return NULL;
	}
	if ((size_t)number < ARRAY_SIZE(signals) && signals[number] != NULL) {
		return signals[number];
	}
	snprintf(text, 16, "%d", number);
	return text;
}

static int signal_parse(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		if (signals[i] != NULL && strcmp(signals[i], name) == 0) {
			return (int)i;
		}
	}
	return (int)strtol(name, NULL, 10);
}

static void set_output(struct service_exit *exit, const struct service_lines *lines)
{
	if (lines == NULL || lines->count == 0) {
		return;
	}
	if (exit->output == NULL) {
		exit->output = malloc(sizeof(*exit->output));
	}
	if (exit->output != NULL) {
		*exit->output = *lines;
	}
}

void service_exits_add(struct service_exits *exits, const struct service_exit *exit)
{
	if (exits->count == SERVICE_EXITS_MAX) {
		free(exits->items[0].output);
		memmove(&exits->items[0], &exits->items[1],
			sizeof(exits->items) - sizeof(exits->items[0]));
		exits->count--;
	}
	struct service_exit *added = &exits->items[exits->count++];

	*added = *exit;
	added->output = NULL;
	set_output(added, exit->output);
}

void service_exits_set_output(struct service_exits *exits, int pid,
	const struct service_lines *lines)
{
	for (size_t i = exits->count; i-- > 0;) {
		if (exits->items[i].pid == pid) {
			set_output(&exits->items[i], lines);
			return;
		}
	}
}

void service_exits_free(struct service_exits *exits)
{
	for (size_t i = 0; i < exits->count; i++) {
		free(exits->items[i].output);
	}
	*exits = (struct service_exits){0};
}

void service_exit_describe(const struct service_exit *exit, char *text, size_t size)
{
	char number[16];

	if (exit->reason == SERVICE_HUNG) {
		snprintf(text, size, "does not answer");
	} else if (exit->reason == SERVICE_MEMORY) {
		snprintf(text, size, "used more memory than it may");
	} else if (exit->pid == 0) {
		snprintf(text, size, "could not be started");
	} else if (exit->signal > 0) {
		snprintf(text, size, "was ended by signal %s", signal_name(exit->signal, number));
	} else if (exit->status >= 0) {
		snprintf(text, size, "ended with status %d", exit->status);
	} else {
		snprintf(text, size, "ended, its status is not known");
	}
}

static json_t *exit_to_json(const struct service_exit *exit)
{
	char number[16];
	json_t *lines = json_array();

	for (size_t i = 0; exit->output != NULL && i < exit->output->count; i++) {
		json_array_append_new(lines, json_text(exit->output->items[i]));
	}
	return json_pack("{s:I, s:i, s:o, s:s?, s:s, s:o}", "time", (json_int_t)exit->time, "pid",
		exit->pid, "status", exit->status < 0 ? json_null() : json_integer(exit->status),
		"signal", signal_name(exit->signal, number), "reason",
		service_reason_name(exit->reason), "output", lines);
}

json_t *service_exits_to_json(const struct service_exits *exits)
{
	json_t *array = json_array();

	for (size_t i = 0; i < exits->count; i++) {
		json_array_append_new(array, exit_to_json(&exits->items[i]));
	}
	return array;
}

static void exit_from_json(struct service_exits *exits, json_t *json)
{
	json_int_t time = 0;
	int pid = 0;
	const char *reason = "";
	const json_t *output = NULL;
	struct service_lines lines = {.count = 0};
	const char *name = json_string_value(json_object_get(json, "signal"));
	const json_t *status = json_object_get(json, "status");

	if (json_unpack(json, "{s:I, s:i, s:s, s:o}", "time", &time, "pid", &pid, "reason", &reason,
		    "output", &output) < 0 ||
		service_reason_parse(reason) == SERVICE_REASONS) {
		return;
	}
	for (size_t i = 0; i < json_array_size(output); i++) {
		const char *line = json_string_value(json_array_get(output, i));
		if (line != NULL) {
			service_lines_add(&lines, line);
		}
	}
	struct service_exit exit = {.time = time,
		.pid = pid,
		.status = json_is_integer(status) ? (int)json_integer_value(status) : -1,
		.signal = name != NULL ? signal_parse(name) : 0,
		.reason = service_reason_parse(reason),
		.output = &lines};
	service_exits_add(exits, &exit);
}

void service_exits_from_json(struct service_exits *exits, const json_t *json)
{
	size_t count = json_array_size(json);
	size_t first = count > SERVICE_EXITS_MAX ? count - SERVICE_EXITS_MAX : 0;

	for (size_t i = first; i < count; i++) {
		exit_from_json(exits, json_array_get(json, i));
	}
}
