/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "meshctl/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "control/client.h"
#include "control/config_dir.h"
#include "control/print.h"
#include "core/json_text.h"
#include "meshctl/print_status.h"
#include "version.h"

#define CONFIG_DIR_DEFAULT "/etc/meshd"

void command_print_json(const json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	putchar('\n');
}

static void print_errors(const json_t *errors)
{
	size_t index;
	json_t *line;

	json_array_foreach (errors, index, line) {
		if (json_is_string(line)) {
			print_styled(stderr, false, PRINT_PLAIN, "  %s", json_string_value(line));
			print_end(stderr);
		}
	}
}

int command_call(const struct options *options, const char *method, json_t **result)
{
	struct command_request request = {.method = method};

	return command_ask(options, &request, result);
}

int command_ask(const struct options *options, const struct command_request *request,
	json_t **result)
{
	json_t *answer CLEANUP(cleanup_json) = NULL;
	struct err err = {0};
	int error = client_call(options->socket, request->method, request->params,
		request->timeout_ms, &answer, &err);

	if (error == 0) {
		*result = steal_ptr(answer);
		return EXIT_CODE_OK;
	}
	print_styled(stderr, print_wants_colour(stderr), PRINT_BAD, "meshctl: %s", err.text);
	print_end(stderr);
	if (error > 0) {
		print_errors(json_object_get(json_object_get(answer, "data"), "errors"));
	} else if (options->json) { /* as a refusal, but nobody was there to give it a code */
		answer = json_pack("{s:s}", "message", err.text);
	}
	if (options->json) {
		command_print_json(answer);
	}
	return error == -ENOENT || error == -ECONNREFUSED ? EXIT_CODE_NOT_RUNNING
							  : EXIT_CODE_FAILURE;
}

struct status_view command_view(const struct options *options)
{
	return (struct status_view){.to = stdout,
		.colour = print_wants_colour(stdout),
		.all = options->all,
		.now = time(NULL)};
}

int command_status(const struct options *options)
{
	json_t *status CLEANUP(cleanup_json) = NULL;
	struct status_view view = command_view(options);
	int code = command_call(options, "status", &status);

	if (code != EXIT_CODE_OK) {
		return code;
	}
	if (options->json) {
		command_print_json(status);
	} else {
		print_status(status, &view);
	}
	return status_is_troubled(status) ? EXIT_CODE_ATTENTION : EXIT_CODE_OK;
}

int command_plan(const struct options *options)
{
	json_t *result CLEANUP(cleanup_json) = NULL;
	int code = command_call(options, "plan", &result);

	if (code != EXIT_CODE_OK) {
		return code;
	}
	const json_t *plan = json_object_get(result, "plan");
	if (!json_is_array(plan)) {
		fputs("meshctl: the answer has no plan; are meshd and meshctl of one version?\n",
			stderr);
		return EXIT_CODE_FAILURE;
	}
	if (options->json) {
		command_print_json(plan);
	} else {
		print_plan(plan, print_wants_colour(stdout), stdout);
	}
	return json_array_size(plan) == 0 ? EXIT_CODE_OK : EXIT_CODE_ATTENTION;
}

int command_reload(const struct options *options)
{
	json_t *result CLEANUP(cleanup_json) = NULL;
	int code = command_call(options, "reload", &result);

	if (code != EXIT_CODE_OK) {
		return code;
	}
	if (options->json) {
		command_print_json(result);
	} else {
		puts("the configuration is in force");
	}
	return EXIT_CODE_OK;
}

/* Its own version is printed even when no daemon answers. */
int command_version(const struct options *options)
{
	json_t *result CLEANUP(cleanup_json) = NULL;

	if (!options->json) {
		puts("meshctl " MESHD_VERSION);
	}
	struct options asking = *options;
	asking.json = false; /* what is printed is ours, with or without an answer */
	int code = command_call(&asking, "version", &result);
	if (options->json) {
		json_t *both CLEANUP(cleanup_json) =
			json_pack("{s:s, s:O?}", "meshctl", MESHD_VERSION, "meshd", result);
		command_print_json(both);
	} else if (code == EXIT_CODE_OK) {
		const char *version = json_string_value(json_object_get(result, "version"));
		print_styled(stdout, false, PRINT_PLAIN, "meshd %s, protocol %lld",
			version == NULL ? "unknown" : version,
			(long long)json_integer_value(json_object_get(result, "api")));
		print_end(stdout);
	}
	return code;
}

int command_check(const struct options *options)
{
	struct err_list errors CLEANUP(err_list_free) = {0};
	struct problem_list warnings CLEANUP(problem_list_free) = {0};
	struct config config CLEANUP(config_free) = {0};
	const char *directory = options->operand == NULL ? CONFIG_DIR_DEFAULT : options->operand;
	const char *profiles = options->profiles == NULL ? MESHD_PROFILE_DIR : options->profiles;
	int error = config_dir_read(directory, profiles, &config, &errors);

	if (error == 0) {
		error = config_warn(&config, &warnings);
	}
	if (options->json) {
		json_t *json CLEANUP(cleanup_json) = json_pack("{s:b, s:o, s:I, s:o}", "valid",
			error == 0, "errors", config_dir_errors_to_json(&errors), "left_out",
			(json_int_t)errors.left_out, "warnings", problem_list_to_json(&warnings));
		command_print_json(json);
	} else if (error == 0) {
		printf("%s: right\n", directory);
		config_dir_print_warnings(&warnings, stderr);
	} else {
		err_list_print(&errors, stderr);
	}
	if (error != 0 && errors.count == 0) {
		fprintf(stderr, "meshctl: %s: %s\n", directory, strerror(-error));
	}
	return error == 0 ? EXIT_CODE_OK : EXIT_CODE_FAILURE;
}
