/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "control/request.h"
#include "unit/check_main.h"

static json_t *run_echo(void *context, const json_t *params, struct request_error *error)
{
	(void)error;
	++*(int *)context;
	return json_deep_copy(params);
}

static json_t *run_refuse(void *context, const json_t *params, struct request_error *error)
{
	(void)params;
	++*(int *)context;
	request_fail(error, REQUEST_FAILED, "mend the file", "line %d is wrong", 3);
	error->data = json_pack("{s:[s,s]}", "errors", "first", "second");
	return NULL;
}

static json_t *run_nothing(void *context, const json_t *params, struct request_error *error)
{
	(void)context;
	(void)params;
	(void)error;
	return NULL;
}

static const struct request_param echo_params[] = {
	{"name", JSON_STRING, false, "any text"},
	{"count", JSON_INTEGER, false, "how often"},
	{"loud", JSON_TRUE, false, "shout"},
};

static const struct request_param need_params[] = {
	{"name", JSON_STRING, true, "who"},
};

static const struct request_method methods[] = {
	{.name = "echo", .run = run_echo, .params = echo_params, .param_count = 3},
	{.name = "need", .run = run_echo, .params = need_params, .param_count = 1},
	{.name = "bare", .run = run_echo},
	{.name = "refuse", .run = run_refuse},
	{.name = "nothing", .run = run_nothing},
};

static const struct request_table table = {
	.version = "1.2.3",
	.methods = methods,
	.method_count = ARRAY_SIZE(methods),
};

static int ran;

static json_t *answer_bytes(const char *line, size_t length)
{
	const struct request_caller caller = {.pid = 1, .uid = 2, .gid = 3};

	ran = 0;
	return request_answer(&table, &ran, &caller, line, length);
}

static char *answer(const char *line)
{
	json_t *json = answer_bytes(line, strlen(line));
	char *text = json == NULL ? strdup("nothing") : json_dumps(json, JSON_COMPACT);

	json_decref(json);
	return text;
}

/* What goes in, and exactly what comes out. */
struct exchange {
	const char *line;
	const char *answer;
};

#define ERROR(code, message, hint, id)                                                             \
	"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":" code ",\"message\":\"" message "\",\"data\":{" \
	"\"hint\":\"" hint "\"}},\"id\":" id "}"
#define ERROR_BARE(code, message, id)                                                              \
	"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":" code ",\"message\":\"" message                 \
	"\"},\"id\":" id "}"
#define KNOWN "known are echo, need, bare, refuse, nothing"

static const struct exchange exchanges[] = {
	{"{\"jsonrpc\":\"2.0\",\"method\":\"bare\",\"id\":7}",
		"{\"jsonrpc\":\"2.0\",\"result\":{},\"id\":7}"},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":{\"name\":\"x\",\"count\":3,"
	 "\"loud\":false},\"id\":\"a\"}\r",
		"{\"jsonrpc\":\"2.0\",\"result\":{\"name\":\"x\",\"count\":3,\"loud\":false},"
		"\"id\":\"a\"}"},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"bare\",\"id\":null}",
		"{\"jsonrpc\":\"2.0\",\"result\":{},\"id\":null}"},
	/* Notifications are silent, also when they fail. */
	{"{\"jsonrpc\":\"2.0\",\"method\":\"bare\"}", "nothing"},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"refuse\"}", "nothing"},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"unheard\"}", "nothing"},
	{"[{\"jsonrpc\":\"2.0\",\"method\":\"bare\",\"id\":1}]",
		ERROR("-32600", "batches are not supported", "send one object a line", "null")},
	{"42", ERROR("-32600", "a request is a JSON object", "send one object a line", "null")},
	{"{}", ERROR("-32600", "\\\"jsonrpc\\\" must be \\\"2.0\\\"",
		       "add \\\"jsonrpc\\\":\\\"2.0\\\"", "null")},
	{"{\"jsonrpc\":2.0,\"method\":\"bare\",\"id\":1}",
		ERROR("-32600", "\\\"jsonrpc\\\" must be \\\"2.0\\\"",
			"add \\\"jsonrpc\\\":\\\"2.0\\\"", "1")},
	{"{\"jsonrpc\":\"2.0\",\"method\":1,\"id\":1}",
		ERROR("-32600", "\\\"method\\\" must be a string",
			"such as \\\"method\\\":\\\"status\\\"", "1")},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"bare\",\"id\":1.5}",
		ERROR_BARE("-32600", "\\\"id\\\" must be a string, a whole number or null",
			"null")},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"bare\",\"id\":{}}",
		ERROR_BARE("-32600", "\\\"id\\\" must be a string, a whole number or null",
			"null")},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"bare\",\"id\":1,\"param\":{}}",
		ERROR("-32600", "the request has an unknown member",
			"known are jsonrpc, id, method and params", "1")},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"bare\",\"id\":1,\"params\":[]}",
		ERROR("-32602", "parameters are named, not listed",
			"use an object: \\\"params\\\":{\\\"name\\\":value}", "1")},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"bare\",\"id\":1,\"params\":3}",
		ERROR("-32600", "\\\"params\\\" must be an object",
			"leave it out when there are none", "1")},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"unheard\",\"id\":1}",
		ERROR("-32601", "there is no method \\\"unheard\\\"", KNOWN, "1")},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"eco\",\"id\":1}",
		ERROR("-32601", "there is no method \\\"eco\\\"", "did you mean \\\"echo\\\"?",
			"1")},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"bare\",\"params\":{\"x\":1},\"id\":1}",
		ERROR("-32602", "\\\"bare\\\" has no parameter \\\"x\\\"", "it takes no parameters",
			"1")},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":{\"x\":1},\"id\":1}",
		ERROR("-32602", "\\\"echo\\\" has no parameter \\\"x\\\"",
			"docs/control.md lists them", "1")},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":{\"count\":\"3\"},\"id\":1}",
		ERROR("-32602", "\\\"count\\\" must be a whole number, not a string", "how often",
			"1")},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"need\",\"id\":1}",
		ERROR("-32602", "\\\"need\\\" needs the parameter \\\"name\\\"", "who", "1")},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"refuse\",\"id\":1}",
		"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32000,\"message\":\"line 3 is wrong\","
		"\"data\":{\"hint\":\"mend the file\",\"errors\":[\"first\",\"second\"]}},"
		"\"id\":1}"},
	{"{\"jsonrpc\":\"2.0\",\"method\":\"nothing\",\"id\":1}",
		ERROR_BARE("-32603", "\\\"nothing\\\" ended without a result", "1")},
};

START_TEST(test_exchange)
{
	const struct exchange *exchange = &exchanges[_i];
	char *text = answer(exchange->line);

	ck_assert_str_eq(text, exchange->answer);
	free(text);
}
END_TEST

static void assert_parse_error(const char *line, size_t length)
{
	json_t *json = answer_bytes(line, length);
	const json_t *error = json_object_get(json, "error");

	ck_assert_int_eq(json_integer_value(json_object_get(error, "code")), REQUEST_PARSE_ERROR);
	ck_assert(json_is_null(json_object_get(json, "id")));
	ck_assert_int_eq(ran, 0);
	json_decref(json);
}

START_TEST(test_garbage)
{
	static const char *const lines[] = {
		"",
		" ",
		"{",
		"nonsense",
		"{\"jsonrpc\":\"2.0\",\"method\":\"bare\",\"method\":\"echo\",\"id\":1}",
		"{\"jsonrpc\":\"2.0\",\"method\":\"bare\",\"id\":1} {}",
		"{\"jsonrpc\":\"2.0\",\"method\":\"bare\",\"id\":99999999999999999999}",
		"{\"jsonrpc\":\"2.0\",\"method\":\"b\xff\",\"id\":1}",
		"{\"jsonrpc\":\"2.0\",\"method\":\"b\\u0000\",\"id\":1}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_parse_error(lines[i], strlen(lines[i]));
	}
	assert_parse_error("{\0}", 3);
}
END_TEST

/* Deeper than the parser lets be; must not end the process. */
START_TEST(test_deep)
{
	char line[REQUEST_LINE_MAX];

	memset(line, '[', sizeof(line));
	assert_parse_error(line, sizeof(line));
}
END_TEST

/* The message is cut in the middle of a character: the answer still is good UTF-8. */
START_TEST(test_long_names)
{
	char line[2048] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x";

	for (int i = 0; i < 500; i++) {
		strcat(line, "\xe2\x82\xac");
	}
	strcat(line, "\"}");
	json_t *json = answer_bytes(line, strlen(line));
	const json_t *error = json_object_get(json, "error");
	ck_assert_int_eq(json_integer_value(json_object_get(error, "code")), REQUEST_NO_METHOD);
	const char *message = json_string_value(json_object_get(error, "message"));
	ck_assert_ptr_nonnull(message);
	ck_assert_uint_lt(strlen(message), 120);
	json_decref(json);
}
END_TEST

START_TEST(test_notification_runs)
{
	const char *line = "{\"jsonrpc\":\"2.0\",\"method\":\"bare\"}";

	ck_assert_ptr_null(answer_bytes(line, strlen(line)));
	ck_assert_int_eq(ran, 1);
}
END_TEST

START_TEST(test_greeting)
{
	json_t *json = request_greeting(&table);
	char *text = json_dumps(json, JSON_COMPACT);

	ck_assert_str_eq(text, "{\"meshd\":{\"version\":\"1.2.3\",\"api\":1,\"capabilities\":["
			       "\"echo\",\"need\",\"bare\",\"refuse\",\"nothing\"]}}");
	free(text);
	json_decref(json);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("request");
	TCase *cases = tcase_create("request");

	tcase_add_loop_test(cases, test_exchange, 0, (int)ARRAY_SIZE(exchanges));
	tcase_add_test(cases, test_garbage);
	tcase_add_test(cases, test_deep);
	tcase_add_test(cases, test_long_names);
	tcase_add_test(cases, test_notification_runs);
	tcase_add_test(cases, test_greeting);
	suite_add_tcase(suite, cases);
	return suite;
}
