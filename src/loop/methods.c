/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "base/cleanup.h"
#include "core/json_text.h"
#include "loop/daemon_state.h"
#include "version.h"

static json_t *method_status(void *context, const json_t *params, struct request_error *error)
{
	struct daemon *daemon = context;
	struct err err = {0};
	json_t *status = reconcile_status(&daemon->reconcile, &err);

	(void)params;
	if (status == NULL) {
		request_fail(error, REQUEST_FAILED, NULL, "cannot read the state: %s", err.text);
	} else if (!daemon->reconcile.record.converged) {
		daemon_mark_dirty(daemon); /* a difference of which the kernel sends no word */
	}
	return status;
}

static json_t *method_plan(void *context, const json_t *params, struct request_error *error)
{
	struct daemon *daemon = context;
	struct err err = {0};
	json_t *plan = reconcile_plan(&daemon->reconcile, &err);

	(void)params;
	if (plan == NULL) {
		request_fail(error, REQUEST_FAILED, NULL, "cannot make a plan: %s", err.text);
		return NULL;
	}
	if (json_array_size(plan) > 0) {
		daemon_mark_dirty(daemon);
	}
	return json_pack("{s:o}", "plan", plan);
}

static json_t *method_reload(void *context, const json_t *params, struct request_error *error)
{
	struct daemon *daemon = context;
	CLEANUP(err_list_free) struct err_list errors = {0};

	(void)params;
	if (daemon_reload(daemon, &errors) == 0) {
		return json_pack("{s:b}", "reloaded", 1);
	}
	json_t *lines = json_array();
	for (size_t i = 0; i < errors.count; i++) {
		char line[1024];
		err_format(&errors.items[i], line, sizeof(line));
		json_array_append_new(lines, json_text(line));
	}
	request_fail(error, REQUEST_FAILED, "mend the configuration; the old one stays in force",
		"the configuration is not right");
	error->data = json_pack("{s:o}", "errors", lines);
	return NULL;
}

static json_t *method_version(void *context, const json_t *params, struct request_error *error)
{
	(void)context;
	(void)params;
	(void)error;
	return json_pack("{s:s, s:i}", "version", MESHD_VERSION, "api", REQUEST_API);
}

static const struct request_method methods[] = {
	{.name = "status", .text = "the node's state", .run = method_status},
	{.name = "plan", .text = "what differs from the configuration", .run = method_plan},
	{.name = "reload",
		.text = "read the configuration again",
		.run = method_reload,
		.writes = true},
	{.name = "version",
		.text = "version of the daemon and its protocol",
		.run = method_version},
};

const struct request_table daemon_methods = {.version = MESHD_VERSION,
	.methods = methods,
	.method_count = ARRAY_SIZE(methods)};
