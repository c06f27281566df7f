/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all commands share: options, exit codes, asking the daemon. */
#ifndef MESHCTL_COMMAND_H
#define MESHCTL_COMMAND_H

#include <stdbool.h>

#include <jansson.h>

#include "core/json_text.h"
#include "meshctl/print_status.h"

enum exit_code {
	EXIT_CODE_OK = 0,
	EXIT_CODE_FAILURE = 1,
	EXIT_CODE_ATTENTION = 2, /* something differs or needs help */
	EXIT_CODE_NOT_RUNNING = 3,
	EXIT_CODE_USAGE = 4,
};

struct options {
	const char *socket;
	const char *profiles; /* NULL = where they are installed */
	bool json;
	bool all;
	bool own;
	bool remote;
	bool help;
	bool strict;
	bool force;
	const char *family;  /* "ipv4", "ipv6" or NULL: both */
	const char *operand; /* the word after the command, or NULL */
	const char *second;  /* and the one after that */
};

/* Each returns an exit code. */
int command_status(const struct options *options);
int command_plan(const struct options *options);
int command_reload(const struct options *options);
int command_version(const struct options *options);
int command_check(const struct options *options);
int command_children(const struct options *options);
int command_restart(const struct options *options);
int command_leases(const struct options *options);
int command_nodes(const struct options *options);
int command_routing(const struct options *options);
int command_gateway(const struct options *options);
int command_reexec(const struct options *options);

struct command_request {
	const char *method;
	json_t *params; /* borrowed, or NULL */
	int timeout_ms; /* 0 = the usual one */
};

/* Calls the daemon. EXIT_CODE_OK with *result, a new reference; else the exit code, with the reason
 * said on stderr, or (options->json) the error object on stdout where the daemon refused. */
int command_call(const struct options *options, const char *method, json_t **result);
int command_ask(const struct options *options, const struct command_request *request,
	json_t **result);
void command_print_json(const json_t *json);
/* What is printed goes to stdout. */
struct status_view command_view(const struct options *options);

#endif
