/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: lines as a client of the control socket may send them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "control/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void expect(bool holds)
{
	if (!holds) {
		abort();
	}
}

static json_t *run_echo(void *context, const json_t *params, struct request_error *error)
{
	const json_t *name = json_object_get(params, "name");
	const json_t *count = json_object_get(params, "count");
	const json_t *loud = json_object_get(params, "loud");

	/* What the table promises a method. */
	expect(json_is_object(params) && json_object_size(params) <= 3);
	expect(json_is_string(name));
	expect(count == NULL || json_is_integer(count));
	expect(loud == NULL || json_is_boolean(loud));
	++*(int *)context;
	if (loud != NULL) {
		request_fail(error, REQUEST_FAILED, json_string_value(name), "%s",
			json_string_value(name));
		return NULL;
	}
	return json_deep_copy(params);
}

static json_t *run_later(void *context, const json_t *params, struct request_error *error)
{
	(void)params;
	++*(int *)context;
	error->later = true;
	return NULL;
}

static const struct request_param params[] = {
	{"name", JSON_STRING, true, "a text"},
	{"count", JSON_INTEGER, false, "a number"},
	{"loud", JSON_TRUE, false, "fail with the text"},
};

static const struct request_method methods[] = {
	{.name = "echo", .run = run_echo, .params = params, .param_count = ARRAY_SIZE(params)},
	{.name = "later", .run = run_later},
};

/* Gives the reference away. */
static json_t *finish(json_t *later)
{
	json_t *result = json_true();
	json_t *answer = request_finish(later, result, NULL);

	expect(answer != NULL && !request_is_later(answer));
	json_decref(result);
	json_decref(later);
	return answer;
}

static void check_answer(const json_t *answer)
{
	const json_t *error = json_object_get(answer, "error");
	const json_t *result = json_object_get(answer, "result");
	const char *version = json_string_value(json_object_get(answer, "jsonrpc"));

	expect(json_object_size(answer) == 3 && json_object_get(answer, "id") != NULL);
	expect(version != NULL && strcmp(version, "2.0") == 0);
	expect((error == NULL) != (result == NULL));
	if (error != NULL) {
		expect(json_is_integer(json_object_get(error, "code")));
		expect(json_is_string(json_object_get(error, "message")));
	}
	char *line = json_dumps(answer, JSON_COMPACT);
	expect(line != NULL && strchr(line, '\n') == NULL);
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct request_table table = {.version = "1",
		.methods = methods,
		.method_count = ARRAY_SIZE(methods)};
	const struct request_caller caller = {0};
	const char *at = (const char *)bytes;
	size_t left = size;

	while (left > 0) {
		const char *feed = memchr(at, '\n', left);
		size_t length = feed == NULL ? left : (size_t)(feed - at);
		int ran = 0;
		json_t *answer = request_answer(&table, &ran, &caller, at, length);
		expect(ran <= 1);
		if (request_is_later(answer)) {
			answer = finish(answer);
		}
		if (answer != NULL) {
			check_answer(answer);
		}
		json_decref(answer);
		length += feed != NULL;
		at += length;
		left -= length;
	}
	return 0;
}
