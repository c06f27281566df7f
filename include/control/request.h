/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON-RPC 2.0 (jsonrpc.org/specification) over one table of methods: one line in, one answer out.
 * No batches; parameters are named. What comes in is hostile until it is checked here. */
#ifndef CONTROL_REQUEST_H
#define CONTROL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <jansson.h>

#define REQUEST_API      1 /* raised when an old client would misunderstand a new answer */
#define REQUEST_LINE_MAX ((size_t)64 * 1024) /* bytes without the line feed */

enum request_code {
	REQUEST_PARSE_ERROR = -32700,
	REQUEST_INVALID = -32600,
	REQUEST_NO_METHOD = -32601,
	REQUEST_BAD_PARAMS = -32602,
	REQUEST_INTERNAL = -32603,
	REQUEST_FAILED = -32000, /* the method ran and could not do what was asked */
	REQUEST_CLOSED = -32001, /* the server closes this connection */
};

/* Filled by a method that fails. data, when given, is an object whose members are added to the
 * error's data; the error owns it. */
struct request_error {
	int code; /* 0 means REQUEST_INTERNAL */
	char message[256];
	char hint[192];
	json_t *data;
	bool later; /* no error: the answer comes later, through server_answer() */
};

struct request_param {
	const char *name;
	json_type type; /* JSON_TRUE stands for both booleans */
	bool required;
	const char *text; /* what it means, for people */
};

struct request_method {
	const char *name;
	const char *text; /* what it does, for people */
	/* params is an object, checked against the table below; borrowed. Returns the result (a new
	 * reference), or NULL with error filled. */
	json_t *(*run)(void *context, const json_t *params, struct request_error *error);
	bool writes; /* changes something: the log says who asked */
	const struct request_param *params;
	size_t param_count;
};

struct request_table {
	const char *version; /* of the daemon */
	const struct request_method *methods;
	size_t method_count;
};

/* Who asks, as SO_PEERCRED tells. */
struct request_caller {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};

/* Fills error; hint may be NULL. */
void request_fail(struct request_error *error, int code, const char *hint, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Checks one line (without its line feed), runs the method and returns the answer, a new reference.
 * NULL for a notification (no answer) or when memory ends. Where the method said that its answer
 * comes later: an answer without result and error, for request_finish(). */
json_t *request_answer(const struct request_table *table, void *context,
	const struct request_caller *caller, const char *line, size_t length);

bool request_is_later(const json_t *answer);
/* The answer that was left open, a new reference: result (borrowed) or, when that is NULL, error.
 * NULL when memory ends. */
json_t *request_finish(const json_t *later, json_t *result, const struct request_error *error);

/* An error of the server itself; id is borrowed, NULL (written null) where the request could not
 * even be read. NULL when memory ends. */
json_t *request_refuse(const json_t *id, int code, const char *message, const char *hint);

/* The first line of every connection: {"meshd":{"version","api","capabilities"}}; the capabilities
 * are the names of the methods. NULL when memory ends. */
json_t *request_greeting(const struct request_table *table);

#endif
