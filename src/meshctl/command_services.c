/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands about children, the cloud and layer 3. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "control/client.h"
#include "meshctl/command.h"
#include "meshctl/print_services.h"
#include "meshctl/usage.h"

#define REEXEC_TIMEOUT_MS 20000 /* the new program has 10 s to say whether it would start */

/* Asks and prints, as JSON or by the function. The exit code of asking; *result where one wants to
 * look at it. */
static int show(const struct options *options, const char *method,
	void (*print)(const json_t *result, const struct status_view *view), json_t **result)
{
	struct status_view view = command_view(options);
	int code = command_call(options, method, result);

	if (code != EXIT_CODE_OK) {
		return code;
	}
	if (options->json) {
		command_print_json(*result);
	} else {
		print(*result, &view);
	}
	return EXIT_CODE_OK;
}

int command_children(const struct options *options)
{
	json_t *result CLEANUP(cleanup_json) = NULL;
	int code = show(options, "children", print_children, &result);

	return code == EXIT_CODE_OK && !children_are_well(result) ? EXIT_CODE_ATTENTION : code;
}

int command_routing(const struct options *options)
{
	json_t *result CLEANUP(cleanup_json) = NULL;
	int code = show(options, "routing", print_routing, &result);

	return code == EXIT_CODE_OK && !routing_is_well(result) ? EXIT_CODE_ATTENTION : code;
}

int command_nodes(const struct options *options)
{
	json_t *result CLEANUP(cleanup_json) = NULL;

	return show(options, "nodes", print_nodes, &result);
}

/* Leaves only the leases of one origin. */
static void keep_origin(json_t *result, const char *origin)
{
	const json_t *leases = json_object_get(result, "leases");
	json_t *kept = json_array();
	size_t index;
	json_t *lease;

	json_array_foreach (leases, index, lease) {
		const char *of = json_string_value(json_object_get(lease, "origin"));
		if (of != NULL && strcmp(of, origin) == 0) {
			json_array_append(kept, lease);
		}
	}
	json_object_set_new(result, "leases", kept);
}

int command_leases(const struct options *options)
{
	json_t *result CLEANUP(cleanup_json) = NULL;
	struct status_view view = command_view(options);
	int code = command_call(options, "leases", &result);

	if (code != EXIT_CODE_OK) {
		return code;
	}
	if (options->own != options->remote) {
		keep_origin(result, options->own ? "own" : "remote");
	}
	if (options->json) {
		command_print_json(result);
	} else {
		print_leases(result, &view);
	}
	return EXIT_CODE_OK;
}

int command_restart(const struct options *options)
{
	json_t *result CLEANUP(cleanup_json) = NULL;
	json_t *params CLEANUP(cleanup_json) = NULL;

	if (options->operand == NULL) {
		return usage_fail("restart", "the name of a child is missing, see meshctl children",
			NULL);
	}
	params = json_pack("{s:s}", "name", options->operand);
	struct command_request request = {.method = "restart", .params = params};
	int code = command_ask(options, &request, &result);
	if (code != EXIT_CODE_OK) {
		return code;
	}
	if (options->json) {
		command_print_json(result);
	} else {
		printf("%s is being restarted\n", options->operand);
	}
	return EXIT_CODE_OK;
}

int command_reexec(const struct options *options)
{
	json_t *result CLEANUP(cleanup_json) = NULL;
	struct command_request request = {.method = "reexec", .timeout_ms = REEXEC_TIMEOUT_MS};
	int code = command_ask(options, &request, &result);

	if (code != EXIT_CODE_OK) {
		return code;
	}
	if (options->json) {
		command_print_json(result);
		return EXIT_CODE_OK;
	}
	const char *version = json_string_value(json_object_get(result, "version"));
	const char *was = json_string_value(json_object_get(result, "was"));
	print_styled(stdout, false, PRINT_PLAIN, "meshd %s goes on where %s was",
		version == NULL ? "(of another version)" : version, was == NULL ? "another" : was);
	print_end(stdout);
	return EXIT_CODE_OK;
}
