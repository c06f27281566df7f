/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/request.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "core/json_text.h"

/* How much of a stranger's text goes back to him. */
#define ECHO_MAX 64

/* One request while it is checked. All pointers are borrowed from the parsed line. */
struct request {
	const json_t *id; /* NULL for a notification */
	const char *name;
	json_t *params; /* NULL when there are none */
};

void request_fail(struct request_error *error, int code, const char *hint, const char *format, ...)
{
	va_list arguments;

	error->code = code;
	va_start(arguments, format);
	vsnprintf(error->message, sizeof(error->message), format, arguments);
	va_end(arguments);
	text_copy(error->hint, sizeof(error->hint), hint == NULL ? "" : hint);
}

/* A string from text that may have been cut in the middle of a UTF-8 sequence. */
static json_t *string_from_cut(const char *text)
{
	size_t length = strlen(text);
	json_t *string = json_stringn(text, length);

	for (size_t cut = 1; string == NULL && cut <= 3 && cut <= length; cut++) {
		string = json_stringn(text, length - cut);
	}
	return string;
}

static json_t *answer_error(const json_t *id, const struct request_error *error)
{
	json_t *data CLEANUP(cleanup_json) = json_object();
	json_t *message = string_from_cut(error->message);

	if (error->hint[0] != '\0') {
		json_object_set_new(data, "hint", string_from_cut(error->hint));
	}
	if (error->data != NULL) {
		json_object_update(data, error->data);
	}
	json_t *body =
		json_pack("{s:i, s:o}", "code", error->code == 0 ? REQUEST_INTERNAL : error->code,
			"message", message == NULL ? json_string("internal error") : message);
	if (json_object_size(data) > 0) {
		json_object_set(body, "data", data);
	}
	return json_pack("{s:s, s:o, s:o}", "jsonrpc", "2.0", "error", body, "id",
		id == NULL ? json_null() : json_deep_copy(id));
}

static json_t *answer_result(const json_t *id, json_t *result)
{
	return json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "result", result, "id",
		json_deep_copy(id));
}

bool request_is_later(const json_t *answer)
{
	return answer != NULL && json_object_get(answer, "result") == NULL &&
	       json_object_get(answer, "error") == NULL;
}

json_t *request_finish(const json_t *later, json_t *result, const struct request_error *error)
{
	const json_t *id = json_object_get(later, "id");

	return result != NULL ? answer_result(id, result) : answer_error(id, error);
}

json_t *request_refuse(const json_t *id, int code, const char *message, const char *hint)
{
	struct request_error error = {0};

	request_fail(&error, code, hint, "%s", message);
	return answer_error(id, &error);
}

json_t *request_greeting(const struct request_table *table)
{
	json_t *capabilities = json_array();

	for (size_t i = 0; i < table->method_count; i++) {
		json_array_append_new(capabilities, json_string(table->methods[i].name));
	}
	return json_pack("{s:{s:s, s:i, s:o}}", "meshd", "version", table->version, "api",
		REQUEST_API, "capabilities", capabilities);
}

static bool id_is_valid(const json_t *id)
{
	return json_is_string(id) || json_is_integer(id) || json_is_null(id);
}

/* The members of the request object, by the rules of JSON-RPC 2.0, section 4. */
static bool check_envelope(const json_t *object, struct request *request,
	struct request_error *error)
{
	static const char *const members[] = {"jsonrpc", "id", "method", "params"};
	const char *version = json_string_value(json_object_get(object, "jsonrpc"));
	size_t known = 0;

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		known += json_object_get(object, members[i]) != NULL;
	}
	request->params = json_object_get(object, "params");
	request->name = json_string_value(json_object_get(object, "method"));
	if (version == NULL || strcmp(version, "2.0") != 0) {
		request_fail(error, REQUEST_INVALID, "add \"jsonrpc\":\"2.0\"",
			"\"jsonrpc\" must be \"2.0\"");
	} else if (request->name == NULL) {
		request_fail(error, REQUEST_INVALID, "such as \"method\":\"status\"",
			"\"method\" must be a string");
	} else if (json_is_array(request->params)) {
		request_fail(error, REQUEST_BAD_PARAMS,
			"use an object: \"params\":{\"name\":value}",
			"parameters are named, not listed");
	} else if (request->params != NULL && !json_is_object(request->params)) {
		request_fail(error, REQUEST_INVALID, "leave it out when there are none",
			"\"params\" must be an object");
	} else if (known != json_object_size(object)) {
		request_fail(error, REQUEST_INVALID, "known are jsonrpc, id, method and params",
			"the request has an unknown member");
	} else {
		return true;
	}
	return false;
}

/* Takes the id first, so that every later error can name it. */
static bool check_request(const json_t *json, struct request *request, struct request_error *error)
{
	if (json_is_array(json)) {
		request_fail(error, REQUEST_INVALID, "send one object a line",
			"batches are not supported");
		return false;
	}
	if (!json_is_object(json)) {
		request_fail(error, REQUEST_INVALID, "send one object a line",
			"a request is a JSON object");
		return false;
	}
	const json_t *id = json_object_get(json, "id");
	if (id != NULL && !id_is_valid(id)) {
		request_fail(error, REQUEST_INVALID, NULL,
			"\"id\" must be a string, a whole number or null");
		return false;
	}
	request->id = id;
	return check_envelope(json, request, error);
}

static void list_methods(const struct request_table *table, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < table->method_count && length < size; i++) {
		int added = snprintf(text + length, size - length, "%s%s",
			i == 0 ? "known are " : ", ", table->methods[i].name);
		length += added > 0 ? (size_t)added : 0;
	}
}

static const struct request_method *find_method(const struct request_table *table, const char *name,
	struct request_error *error)
{
	unsigned int nearest_distance = 3;
	const char *nearest = NULL;
	char hint[sizeof(error->hint)];

	for (size_t i = 0; i < table->method_count; i++) {
		const struct request_method *method = &table->methods[i];
		if (strcmp(method->name, name) == 0) {
			return method;
		}
		/* The distance costs length times length: a stranger's name is bounded first. */
		unsigned int distance =
			strlen(name) > ECHO_MAX ? UINT_MAX : text_distance(method->name, name);
		if (distance < nearest_distance) {
			nearest_distance = distance;
			nearest = method->name;
		}
	}
	if (nearest != NULL) {
		snprintf(hint, sizeof(hint), "did you mean \"%s\"?", nearest);
	} else {
		list_methods(table, hint, sizeof(hint));
	}
	request_fail(error, REQUEST_NO_METHOD, hint, "there is no method \"%.*s\"", ECHO_MAX, name);
	return NULL;
}

static const char *type_name(json_type type)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string",
		[JSON_INTEGER] = "a whole number",
		[JSON_REAL] = "a number",
		[JSON_TRUE] = "true or false",
		[JSON_FALSE] = "true or false",
		[JSON_NULL] = "null",
	};

	return (size_t)type < ARRAY_SIZE(names) ? names[type] : "something else";
}

static bool has_type(const json_t *value, json_type type)
{
	if (type == JSON_TRUE || type == JSON_FALSE) {
		return json_is_boolean(value);
	}
	return type == JSON_REAL ? json_is_number(value) : json_typeof(value) == type;
}

static const struct request_param *find_param(const struct request_method *method, const char *name)
{
	for (size_t i = 0; i < method->param_count; i++) {
		if (strcmp(method->params[i].name, name) == 0) {
			return &method->params[i];
		}
	}
	return NULL;
}

static bool check_given(const struct request_method *method, json_t *params,
	struct request_error *error)
{
	const char *name;
	json_t *value;

	json_object_foreach (params, name, value) {
		const struct request_param *param = find_param(method, name);
		if (param == NULL) {
			request_fail(error, REQUEST_BAD_PARAMS,
				method->param_count == 0 ? "it takes no parameters"
							 : "docs/control.md lists them",
				"\"%s\" has no parameter \"%.*s\"", method->name, ECHO_MAX, name);
			return false;
		}
		if (!has_type(value, param->type)) {
			request_fail(error, REQUEST_BAD_PARAMS, param->text,
				"\"%s\" must be %s, not %s", name, type_name(param->type),
				type_name(json_typeof(value)));
			return false;
		}
	}
	return true;
}

static bool check_params(const struct request_method *method, json_t *params,
	struct request_error *error)
{
	if (!check_given(method, params, error)) {
		return false;
	}
	for (size_t i = 0; i < method->param_count; i++) {
		const struct request_param *param = &method->params[i];
		if (param->required && json_object_get(params, param->name) == NULL) {
			request_fail(error, REQUEST_BAD_PARAMS, param->text,
				"\"%s\" needs the parameter \"%s\"", method->name, param->name);
			return false;
		}
	}
	return true;
}

static json_t *run_request(const struct request_table *table, void *context,
	const struct request_caller *caller, const struct request *request,
	struct request_error *error)
{
	json_t *none CLEANUP(cleanup_json) = json_object();
	json_t *params = request->params == NULL ? none : request->params;
	const struct request_method *method = find_method(table, request->name, error);

	if (method == NULL || !check_params(method, params, error)) {
		return NULL;
	}
	if (method->writes) {
		log_notice("control", "%s asked by process %ld of user %lu", method->name,
			(long)caller->pid, (unsigned long)caller->uid);
	}
	json_t *result = method->run(context, params, error);
	if (result == NULL && error->message[0] == '\0' && !error->later) {
		request_fail(error, REQUEST_INTERNAL, NULL, "\"%s\" ended without a result",
			method->name);
	}
	return result;
}

json_t *request_answer(const struct request_table *table, void *context,
	const struct request_caller *caller, const char *line, size_t length)
{
	json_error_t parse_error;
	json_t *json CLEANUP(cleanup_json) =
		json_loadb(line, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &parse_error);
	struct request_error error = {0};
	struct request request = {0};
	json_t *result = NULL;
	json_t *answer = NULL;
	bool silent = false;

	if (json == NULL) {
		request_fail(&error, REQUEST_PARSE_ERROR, "one JSON object a line",
			"not JSON at byte %d: %s", parse_error.position, parse_error.text);
	} else if (check_request(json, &request, &error)) {
		/* Only a well-formed request without an id is a notification. */
		silent = request.id == NULL;
		result = run_request(table, context, caller, &request, &error);
	}
	if (!silent && result != NULL) {
		answer = answer_result(request.id, result);
	} else if (!silent && error.later) {
		answer =
			json_pack("{s:s, s:o}", "jsonrpc", "2.0", "id", json_deep_copy(request.id));
	} else if (!silent) {
		answer = answer_error(request.id, &error);
	}
	json_decref(result);
	json_decref(error.data);
	return answer;
}
