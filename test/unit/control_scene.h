/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Methods of a server to be tested, and its directory. */
#ifndef UNIT_CONTROL_SCENE_H
#define UNIT_CONTROL_SCENE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "control/request.h"

#define BIG_SIZE ((size_t)3 * 1024 * 1024)

/* The context, where there is one, counts the calls. */
static inline json_t *run_ping(void *context, const json_t *params, struct request_error *error)
{
	int *ran = context;

	(void)params;
	(void)error;
	if (ran != NULL) {
		++*ran;
	}
	return json_string("pong");
}

static const struct request_param big_params[] = {
	{"size", JSON_INTEGER, true, "bytes"},
};

/* A string of as many bytes as asked for. */
static inline json_t *run_big(void *context, const json_t *params, struct request_error *error)
{
	size_t size = (size_t)json_integer_value(json_object_get(params, "size"));
	char *text = malloc(size);
	int *ran = context;

	(void)error;
	if (ran != NULL) {
		++*ran;
	}
	memset(text, 'x', size);
	json_t *json = json_stringn(text, size);
	free(text);
	return json;
}

static const struct request_method control_methods[] = {
	{.name = "ping", .run = run_ping},
	{.name = "big", .run = run_big, .params = big_params, .param_count = 1},
};

static const struct request_table control_table = {
	.version = "1",
	.methods = control_methods,
	.method_count = ARRAY_SIZE(control_methods),
};

/* A file or an empty directory; name begins with a slash, or is "" for the directory itself. */
static inline void remove_left(const char *directory, const char *name)
{
	char full[200];

	snprintf(full, sizeof(full), "%s%s", directory, name);
	remove(full);
}

#endif
