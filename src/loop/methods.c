/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/json_text.h"
#include "loop/clock.h"
#include "loop/daemon_state.h"
#include "loop/reexec.h"
#include "version.h"

static void add_routing(json_t *list, const struct daemon *daemon, enum link_protocol protocol)
{
	const struct routing_state *state = routing_get(daemon->services.routing, protocol);

	if (state != NULL) {
		json_array_append_new(list, routing_state_to_json(state));
	}
}

/* What the layer-3 daemons report that are in use. */
static json_t *routing_list(const struct daemon *daemon)
{
	const struct config *config = &daemon->reconcile.config;
	json_t *list = json_array();

	if (config_supervises(&config->bmx7)) {
		add_routing(list, daemon, PROTOCOL_BMX7);
	}
	if (config_supervises(&config->babeld)) {
		add_routing(list, daemon, PROTOCOL_BABELD);
	}
	return list;
}

static json_t *method_status(void *context, const json_t *params, struct request_error *error)
{
	struct daemon *daemon = context;
	struct err err = {0};
	json_t *status = reconcile_status(&daemon->reconcile, &err);

	(void)params;
	if (status == NULL) {
		request_fail(error, REQUEST_FAILED, NULL, "cannot read the state: %s", err.text);
		return NULL;
	}
	if (!daemon->reconcile.record.converged) {
		daemon_mark_dirty(daemon); /* a difference of which the kernel sends no word */
	}
	CLEANUP(cleanup_json) json_t *children = children_to_json(daemon->services.children);
	CLEANUP(cleanup_json)
	json_t *cloud = cloud_to_json(daemon->services.cloud, clock_now());
	CLEANUP(cleanup_json) json_t *routing = routing_list(daemon);
	struct snapshot_services services = {.children = children,
		.cloud = cloud,
		.routing = routing};
	if (snapshot_add_services(status, &services) < 0) {
		json_decref(status);
		return NULL;
	}
	json_object_set_new(status, "gateway", gateways_to_short_json(daemon->services.gateways));
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

static json_t *method_children(void *context, const json_t *params, struct request_error *error)
{
	const struct daemon *daemon = context;

	(void)params;
	(void)error;
	return json_pack("{s:o}", "children", children_to_json(daemon->services.children));
}

static json_t *method_restart(void *context, const json_t *params, struct request_error *error)
{
	struct daemon *daemon = context;
	const char *word = json_string_value(json_object_get(params, "name"));
	enum child_name name = child_name_parse(word);

	if (name == CHILDREN) {
		request_fail(error, REQUEST_BAD_PARAMS, "one of babeld, bmx7, alfred and dnsmasq",
			"there is no child \"%.64s\"", word);
		return NULL;
	}
	int result = children_restart(daemon->services.children, name);
	if (result == -ENOENT) {
		request_fail(error, REQUEST_FAILED, "see meshctl children",
			"%s is not wanted, so it is not started", word);
		return NULL;
	}
	if (result < 0) {
		request_fail(error, REQUEST_FAILED, NULL, "cannot restart %s: %s", word,
			strerrordesc_np(-result));
		return NULL;
	}
	return json_pack("{s:s}", "restarted", word);
}

static json_t *method_leases(void *context, const json_t *params, struct request_error *error)
{
	const struct daemon *daemon = context;

	(void)params;
	(void)error;
	return cloud_leases_to_json(daemon->services.cloud, clock_now());
}

static json_t *method_nodes(void *context, const json_t *params, struct request_error *error)
{
	const struct daemon *daemon = context;

	(void)params;
	(void)error;
	return cloud_nodes_to_json(daemon->services.cloud, clock_now());
}

static json_t *method_gateway(void *context, const json_t *params, struct request_error *error)
{
	struct daemon *daemon = context;

	(void)params;
	(void)error;
	return gateways_to_json(daemon->services.gateways);
}

static json_t *method_choose(void *context, const json_t *params, struct request_error *error)
{
	struct daemon *daemon = context;

	return gateways_choose(daemon->services.gateways, params, error);
}

static json_t *method_routing(void *context, const json_t *params, struct request_error *error)
{
	(void)params;
	(void)error;
	return json_pack("{s:o}", "protocols", routing_list(context));
}

/* The program that follows answers. */
static json_t *method_reexec(void *context, const json_t *params, struct request_error *error)
{
	struct err err = {0};

	(void)params;
	if (reexec_begin(context, &err) < 0) {
		request_fail(error, REQUEST_FAILED, "this meshd goes on", "%s", err.text);
	} else {
		error->later = true;
	}
	return NULL;
}

static json_t *method_version(void *context, const json_t *params, struct request_error *error)
{
	(void)context;
	(void)params;
	(void)error;
	return json_pack("{s:s, s:i}", "version", MESHD_VERSION, "api", REQUEST_API);
}

static const struct request_param restart_params[] = {
	{"name", JSON_STRING, true, "of a child: babeld, bmx7, alfred or dnsmasq"},
};

static const struct request_param choose_params[] = {
	{"use", JSON_STRING, false, "the node to be used"},
	{"strict", JSON_TRUE, false, "with use: rather no way than another"},
	{"auto", JSON_TRUE, false, "the best is used"},
	{"prefer", JSON_STRING, false, "a node that goes before others"},
	{"avoid", JSON_STRING, false, "a node that is used when no other works"},
	{"forget", JSON_STRING, false, "a node that is neither preferred nor avoided any more"},
	{"never_share", JSON_TRUE, false, "whether the mesh is offered no uplink of this node"},
	{"local_only", JSON_TRUE, false, "only uplinks of this node are used"},
	{"reset", JSON_TRUE, false, "what the configuration says is in force again"},
	{"force", JSON_TRUE, false, "the node need not be known yet"},
};

static const struct request_method methods[] = {
	{.name = "status", .text = "the node's state", .run = method_status},
	{.name = "plan", .text = "what differs from the configuration", .run = method_plan},
	{.name = "reload",
		.text = "read the configuration again",
		.run = method_reload,
		.writes = true},
	{.name = "children", .text = "the supervised programs", .run = method_children},
	{.name = "restart",
		.text = "stop a child and start it again",
		.run = method_restart,
		.writes = true,
		.params = restart_params,
		.param_count = ARRAY_SIZE(restart_params)},
	{.name = "leases", .text = "the cloud's leases and conflicts", .run = method_leases},
	{.name = "nodes", .text = "the cloud's nodes by their facts", .run = method_nodes},
	{.name = "routing", .text = "what the layer-3 daemons report", .run = method_routing},
	{.name = "gateway", .text = "the ways to the Internet", .run = method_gateway},
	{.name = "gateway.choose",
		.text = "say which way to the Internet is to be used",
		.run = method_choose,
		.writes = true,
		.params = choose_params,
		.param_count = ARRAY_SIZE(choose_params)},
	{.name = "reexec",
		.text = "go on as the program that is now at meshd's path",
		.run = method_reexec,
		.writes = true},
	{.name = "version",
		.text = "version of the daemon and its protocol",
		.run = method_version},
};

const struct request_table daemon_methods = {.version = MESHD_VERSION,
	.methods = methods,
	.method_count = ARRAY_SIZE(methods)};
