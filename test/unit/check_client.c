/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client against a server that a thread turns, and alone. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "control/client.h"
#include "control/server.h"
#include "unit/check_main.h"
#include "unit/control_scene.h"

static char directory[64];
static char path[108];
static struct server *server;

static json_t *run_refuse(void *context, const json_t *params, struct request_error *error)
{
	(void)context;
	(void)params;
	request_fail(error, REQUEST_FAILED, "look", "no");
	error->data = json_pack("{s:[s]}", "errors", "one");
	return NULL;
}

static const struct request_method methods[] = {
	{.name = "ping", .run = run_ping},
	{.name = "big", .run = run_big, .params = big_params, .param_count = 1},
	{.name = "refuse", .run = run_refuse},
};

static const struct request_table table = {
	.version = "1",
	.methods = methods,
	.method_count = ARRAY_SIZE(methods),
};

static void setup(void)
{
	struct err err;

	snprintf(directory, sizeof(directory), "/tmp/check_client.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/control.sock", directory);
	ck_assert_int_eq(server_open(&server, path, &table, NULL, &err), 0);
}

static void teardown(void)
{
	char lock[128];

	server_close(server);
	snprintf(lock, sizeof(lock), "%s.lock", path);
	remove(lock);
	remove(directory);
}

static atomic_bool stop;

static void *turn_until_stopped(void *unused)
{
	struct pollfd entry = {.fd = server_fd(server), .events = POLLIN};

	(void)unused;
	while (!atomic_load(&stop)) {
		if (poll(&entry, 1, 20) == 1) {
			server_on_readable(server);
		}
	}
	return NULL;
}

START_TEST(test_client)
{
	json_t *params = json_pack("{s:i}", "size", (int)BIG_SIZE);
	json_t *result = NULL;
	struct err err;
	pthread_t thread;

	atomic_store(&stop, false);
	pthread_create(&thread, NULL, turn_until_stopped, NULL);
	ck_assert_int_eq(client_call(path, "ping", NULL, 0, &result, &err), 0);
	ck_assert_str_eq(json_string_value(result), "pong");
	json_decref(result);
	ck_assert_int_eq(client_call(path, "big", params, 0, &result, &err), 0);
	ck_assert_uint_eq(json_string_length(result), BIG_SIZE);
	json_decref(result);
	ck_assert_int_eq(client_call(path, "refuse", NULL, 0, &result, &err), 1);
	ck_assert_str_eq(err.text, "no (look)");
	const json_t *errors = json_object_get(json_object_get(result, "data"), "errors");
	ck_assert_str_eq(json_string_value(json_array_get(errors, 0)), "one");
	json_decref(result);
	json_object_set_new(params, "size", json_integer(100000));
	json_object_set_new(params, "other", json_stringn(path, strlen(path)));
	ck_assert_int_eq(client_call(path, "big", params, 0, &result, &err), 1);
	json_decref(result);
	json_decref(params);
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
}
END_TEST

START_TEST(test_client_alone)
{
	json_t *result = NULL;
	struct err err;
	char name[200];

	/* Nobody turns the server. */
	ck_assert_int_eq(client_call(path, "ping", NULL, 50, &result, &err), -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(err.text, "no answer within 0.05 seconds"));
	snprintf(name, sizeof(name), "%s/none", directory);
	ck_assert_int_eq(client_call(name, "ping", NULL, 0, &result, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "meshd is not running (no socket at "));
	snprintf(name, sizeof(name), "%s/%0120d", directory, 1);
	ck_assert_int_eq(client_call(name, "ping", NULL, 0, &result, &err), -ENAMETOOLONG);
	ck_assert_ptr_null(result);
}
END_TEST

/* Something else listens: answers lines that are no answers, then hangs up. */
static void answer_with(const char *text, int expected, const char *words)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	json_t *result = NULL;
	struct err err;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/other", directory);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	pid_t pid = fork();
	if (pid == 0) {
		int fd = accept(listener, NULL, NULL);
		char request[256];
		ssize_t length = recv(fd, request, sizeof(request), 0);
		_exit(length > 0 && send(fd, text, strlen(text), MSG_NOSIGNAL) < 0);
	}
	int error = client_call(address.sun_path, "ping", NULL, 5000, &result, &err);
	waitpid(pid, NULL, 0);
	close(listener);
	remove(address.sun_path);
	ck_assert_int_eq(error, expected);
	ck_assert_msg(strstr(err.text, words) != NULL, "%s", err.text);
	json_decref(result);
}

START_TEST(test_strangers)
{
	answer_with("", -ECONNRESET, "closed the connection");
	answer_with("220 mail.example ESMTP\r\n", -EPROTO, "is not meshd");
	answer_with("[]\n", -EPROTO, "is not meshd");
	answer_with("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":1}\n", -ECONNRESET, "closed");
	answer_with("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":7}\n", 1, "meshd refused");
	answer_with("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"message\":\"full\"}}\n", 1,
		"full");
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("client");
	TCase *cases = tcase_create("client");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, test_client);
	tcase_add_test(cases, test_client_alone);
	tcase_add_test(cases, test_strangers);
	suite_add_tcase(suite, cases);
	return suite;
}
