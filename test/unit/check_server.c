/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server and the client over real sockets, in one process: the test turns the server by hand.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "control/server.h"
#include "unit/check_main.h"
#include "unit/control_scene.h"

#define BIG  "{\"jsonrpc\":\"2.0\",\"method\":\"big\",\"params\":{\"size\":3145728},\"id\":1}\n"
#define PING "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1}\n"
#define PONG "{\"jsonrpc\":\"2.0\",\"result\":\"pong\",\"id\":1}\n"

static char directory[64];
static char path[108];
static struct server *server;
static int ran;

static void setup(void)
{
	struct err err;

	snprintf(directory, sizeof(directory), "/tmp/check_server.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/run/control.sock", directory);
	ran = 0;
	ck_assert_int_eq(server_open(&server, path, &control_table, &ran, &err), 0);
}

static void teardown(void)
{
	server_close(server);
	server = NULL;
	ck_assert_int_ne(access(path, F_OK), 0);
	remove_left(directory, "/run/control.sock.lock");
	remove_left(directory, "/run");
	remove_left(directory, "");
}

static bool server_is_readable(void)
{
	struct pollfd entry = {.fd = server_fd(server), .events = POLLIN};

	return poll(&entry, 1, 0) == 1;
}

/* Until nothing is left to do. The bound shows a server that wakes its loop for nothing. */
static void turn(void)
{
	int turns = 0;

	while (server_is_readable()) {
		ck_assert_int_eq(server_on_readable(server), 0);
		ck_assert_int_lt(++turns, 10000);
	}
}

static int connect_peer(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	ck_assert_int_ge(fd, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void send_text(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* All that is there now; NULL at the end of the connection. */
static char *receive_text(int fd)
{
	static char text[200000];
	size_t length = 0;
	ssize_t received;

	while ((received = recv(fd, text + length, sizeof(text) - 1 - length, 0)) > 0) {
		length += (size_t)received;
	}
	text[length] = '\0';
	return length == 0 && received == 0 ? NULL : text;
}

static int connect_greeted(void)
{
	int fd = connect_peer();

	turn();
	ck_assert_str_eq(receive_text(fd), "{\"meshd\":{\"version\":\"1\",\"api\":1,"
					   "\"capabilities\":[\"ping\",\"big\"]}}\n");
	return fd;
}

static bool is_closed(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK) == 0 || errno == ECONNRESET;
}

START_TEST(test_pieces)
{
	int fd = connect_greeted();

	for (const char *at = PING; *at != '\0'; at++) {
		ck_assert_str_eq(receive_text(fd), "");
		ck_assert_int_eq(send(fd, at, 1, 0), 1);
		turn();
	}
	ck_assert_str_eq(receive_text(fd), PONG);
	/* A line's end and the next one's beginning in one piece. */
	send_text(fd, "{\"jsonrpc\":\"2.0\",");
	turn();
	send_text(fd, "\"method\":\"ping\",\"id\":1}\n{\"jsonrpc\":\"2.0\"");
	turn();
	ck_assert_str_eq(receive_text(fd), PONG);
	send_text(fd, ",\"method\":\"ping\",\"id\":1}\n");
	turn();
	ck_assert_str_eq(receive_text(fd), PONG);
	close(fd);
}
END_TEST

START_TEST(test_pipeline)
{
	int fd = connect_greeted();

	send_text(fd, PING PING PING);
	ck_assert_int_eq(server_on_readable(server), 0);
	ck_assert_int_eq(ran, 1); /* one a turn */
	turn();
	ck_assert_int_eq(ran, 3);
	ck_assert_str_eq(receive_text(fd), PONG PONG PONG);
	close(fd);
	turn();
}
END_TEST

START_TEST(test_end_of_input)
{
	int fd = connect_greeted();

	/* The last line needs no line feed, and answers come after the end of the input. */
	send_text(fd, PING "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1}");
	shutdown(fd, SHUT_WR);
	turn();
	ck_assert_str_eq(receive_text(fd), PONG PONG);
	ck_assert(is_closed(fd));
	close(fd);
}
END_TEST

START_TEST(test_hang_up)
{
	int fd = connect_peer();

	/* Gone before it is accepted: what it said is heard all the same. */
	send_text(fd, "{\"jsonrpc\":\"2.0\",\"method\":\"ping\"}\n" PING PING);
	close(fd);
	turn();
	ck_assert_int_eq(ran, 3);
	ck_assert(!server_is_readable());
}
END_TEST

/* A process between fork and execve holds copies of our descriptors. */
START_TEST(test_hang_up_beside_child)
{
	int fd = connect_greeted();
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		pause();
		_exit(0);
	}
	shutdown(fd, SHUT_RDWR);
	close(fd);
	turn();
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	turn();
}
END_TEST

START_TEST(test_longest_line)
{
	char *text = malloc(REQUEST_LINE_MAX + 3);
	int fd = connect_greeted();

	/* Exactly at the bound: white space makes it long. */
	memset(text, ' ', REQUEST_LINE_MAX);
	memcpy(text, PING, sizeof(PING) - 2);
	text[REQUEST_LINE_MAX] = '\n';
	text[REQUEST_LINE_MAX + 1] = '\0';
	send_text(fd, text);
	turn();
	ck_assert_str_eq(receive_text(fd), PONG);
	send_text(fd, PING);
	turn();
	ck_assert_str_eq(receive_text(fd), PONG);
	/* One byte more. */
	text[REQUEST_LINE_MAX] = ' ';
	text[REQUEST_LINE_MAX + 1] = '\n';
	text[REQUEST_LINE_MAX + 2] = '\0';
	send_text(fd, text);
	turn();
	ck_assert_str_eq(receive_text(fd),
		"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,\"message\":\"the request is "
		"longer than 64 KiB\",\"data\":{\"hint\":\"a request is one line; the connection "
		"is closed\"}},\"id\":null}\n");
	ck_assert(is_closed(fd));
	ck_assert_int_eq(ran, 2);
	close(fd);
	free(text);
}
END_TEST

START_TEST(test_garbage)
{
	unsigned int seed = 1;
	int fd = connect_greeted();

	for (int i = 0; i < 200; i++) {
		char bytes[257];
		for (size_t j = 0; j < sizeof(bytes) - 1; j++) {
			bytes[j] = (char)rand_r(&seed);
		}
		bytes[sizeof(bytes) - 1] = '\n';
		ck_assert_int_eq(send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL), sizeof(bytes));
		turn();
		ck_assert_ptr_nonnull(receive_text(fd));
	}
	send_text(fd, PING);
	turn();
	ck_assert_str_eq(receive_text(fd), PONG);
	close(fd);
}
END_TEST

START_TEST(test_longest_idle_goes)
{
	int fds[SERVER_CLIENTS_MAX];

	for (int i = 0; i < SERVER_CLIENTS_MAX; i++) {
		fds[i] = connect_greeted();
	}
	/* All but number 5 speak again. */
	for (int i = 0; i < SERVER_CLIENTS_MAX; i++) {
		if (i != 5) {
			send_text(fds[i], PING);
		}
	}
	turn();
	int newest = connect_greeted();
	const char *farewell = receive_text(fds[5]);
	ck_assert_ptr_nonnull(strstr(farewell, "\"code\":-32001"));
	ck_assert(is_closed(fds[5]));
	for (int i = 0; i < SERVER_CLIENTS_MAX; i++) {
		if (i != 5) {
			ck_assert_str_eq(receive_text(fds[i]), PONG);
			ck_assert(!is_closed(fds[i]));
		}
		close(fds[i]);
	}
	send_text(newest, PING);
	turn();
	ck_assert_str_eq(receive_text(newest), PONG);
	close(newest);
}
END_TEST

START_TEST(test_many_at_once)
{
	int fds[100];

	/* More than the backlog: each gets its turn or its dismissal, and the last ones live. */
	for (int i = 0; i < 100; i++) {
		fds[i] = connect_peer();
		if (i % 10 == 9) {
			turn();
		}
	}
	int alive = 0;
	for (int i = 0; i < 100; i++) {
		receive_text(fds[i]);
		alive += !is_closed(fds[i]);
		close(fds[i]);
	}
	ck_assert_int_eq(alive, SERVER_CLIENTS_MAX);
	turn();
	ck_assert(!server_is_readable());
}
END_TEST

START_TEST(test_slow_reader)
{
	int fd = connect_greeted();
	size_t length = 0;
	char text[8192];
	ssize_t received;

	send_text(fd, BIG PING);
	turn();
	/* The answer waits, the second request too, and the loop sleeps meanwhile. */
	ck_assert_int_eq(ran, 1);
	ck_assert(!server_is_readable());
	int other = connect_greeted();
	send_text(other, PING);
	turn();
	ck_assert_str_eq(receive_text(other), PONG);
	ck_assert_int_eq(ran, 2);
	close(other);
	while (length < BIG_SIZE) {
		turn();
		while ((received = recv(fd, text, sizeof(text), 0)) > 0) {
			length += (size_t)received;
		}
	}
	ck_assert_uint_eq(length, BIG_SIZE +
					  strlen("{\"jsonrpc\":\"2.0\",\"result\":\"\","
						 "\"id\":1}\n") +
					  strlen(PONG));
	ck_assert_int_eq(ran, 3);
	close(fd);
}
END_TEST

START_TEST(test_slow_reader_leaves)
{
	int fd = connect_greeted();

	send_text(fd, BIG);
	turn();
	close(fd);
	turn();
	ck_assert(!server_is_readable());
}
END_TEST

START_TEST(test_answer_too_large)
{
	int fd = connect_greeted();

	send_text(fd, "{\"jsonrpc\":\"2.0\",\"method\":\"big\",\"params\":{\"size\":8388608},"
		      "\"id\":9}\n");
	turn();
	ck_assert_str_eq(receive_text(fd),
		"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32603,\"message\":\"the answer is "
		"larger than 8 MiB\"},\"id\":9}\n");
	close(fd);
}
END_TEST

START_TEST(test_no_descriptors)
{
	struct rlimit limit;
	struct rlimit none;
	int fd = connect_peer();

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	/* The lowest free number is the first that may not be given out. */
	int next = dup(0);
	close(next);
	none.rlim_cur = (rlim_t)next;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	turn();
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert(is_closed(fd));
	close(fd);
	fd = connect_greeted();
	close(fd);
}
END_TEST

START_TEST(test_living_is_kept)
{
	struct server *second = NULL;
	struct stat status;
	struct err err;

	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0660);
	ck_assert_int_eq(server_open(&second, path, &control_table, &ran, &err), -EADDRINUSE);
	ck_assert_ptr_nonnull(strstr(err.text, "another meshd answers at "));
	int fd = connect_greeted();
	close(fd);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("server");
	TCase *cases = tcase_create("server");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, test_pieces);
	tcase_add_test(cases, test_pipeline);
	tcase_add_test(cases, test_end_of_input);
	tcase_add_test(cases, test_hang_up);
	tcase_add_test(cases, test_hang_up_beside_child);
	tcase_add_test(cases, test_longest_line);
	tcase_add_test(cases, test_garbage);
	tcase_add_test(cases, test_longest_idle_goes);
	tcase_add_test(cases, test_many_at_once);
	tcase_add_test(cases, test_slow_reader);
	tcase_add_test(cases, test_slow_reader_leaves);
	tcase_add_test(cases, test_answer_too_large);
	tcase_add_test(cases, test_no_descriptors);
	tcase_add_test(cases, test_living_is_kept);
	suite_add_tcase(suite, cases);
	return suite;
}
