/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A server with clients from one program to the next: in one process, and through a real execve. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "control/server.h"
#include "unit/check_main.h"

#define BIG_SIZE     ((size_t)3 * 1024 * 1024)
#define BIG          "{\"jsonrpc\":\"2.0\",\"method\":\"big\",\"id\":\"big\"}\n"
#define PING         "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1}\n"
#define PONG         "{\"jsonrpc\":\"2.0\",\"result\":\"pong\",\"id\":1}\n"
#define LATER        "{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":[7]}\n"
#define LATER_SEVEN  "{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":7}\n"
#define ANSWER_SEVEN "{\"jsonrpc\":\"2.0\",\"result\":\"new\",\"id\":7}\n"
#define WAIT_MS      10000
#define VARIABLE     "CHECK_HANDOVER" /* "PATH FD OFFSET" for the new program */

struct seen {
	int pings;
	bool later;
	bool quit;
};

static json_t *run_ping(void *context, const json_t *params, struct request_error *error)
{
	struct seen *seen = context;

	(void)params;
	(void)error;
	seen->pings++;
	return json_string("pong");
}

static json_t *run_big(void *context, const json_t *params, struct request_error *error)
{
	char *text = malloc(BIG_SIZE);

	(void)context;
	(void)params;
	(void)error;
	memset(text, 'x', BIG_SIZE);
	json_t *json = json_stringn(text, BIG_SIZE);
	free(text);
	return json;
}

static json_t *run_later(void *context, const json_t *params, struct request_error *error)
{
	struct seen *seen = context;

	(void)params;
	seen->later = true;
	error->later = true;
	return NULL;
}

static json_t *run_quit(void *context, const json_t *params, struct request_error *error)
{
	struct seen *seen = context;

	(void)params;
	(void)error;
	seen->quit = true;
	return json_true();
}

static const struct request_method methods[] = {
	{.name = "ping", .run = run_ping},
	{.name = "big", .run = run_big},
	{.name = "later", .run = run_later},
	{.name = "quit", .run = run_quit},
};

static const struct request_table table = {
	.version = "1",
	.methods = methods,
	.method_count = ARRAY_SIZE(methods),
};

static char directory[64];
static char path[108];
static struct server *server;
static struct seen seen;

static void setup(void)
{
	snprintf(directory, sizeof(directory), "/tmp/check_handover.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/control.sock", directory);
	memset(&seen, 0, sizeof(seen));
	server = NULL;
}

static void open_server(void)
{
	struct err err;

	setup();
	ck_assert_int_eq(server_open(&server, path, &table, &seen, &err), 0);
}

static void teardown(void)
{
	char name[128];

	server_close(server);
	snprintf(name, sizeof(name), "%s.lock", path);
	remove(path);
	remove(name);
	rmdir(directory);
}

static void turn(struct server *turned)
{
	struct pollfd entry = {.fd = server_fd(turned), .events = POLLIN};
	int turns = 0;

	while (poll(&entry, 1, 0) == 1) {
		ck_assert_int_eq(server_on_readable(turned), 0);
		ck_assert_int_lt(++turns, 10000);
	}
}

static int connect_peer(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void send_text(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* One line, turning the server (NULL: another process does) until it is whole. */
static char *receive_line(int fd, struct server *turned)
{
	static char line[BIG_SIZE + 1000];
	size_t length = 0;

	while (length == 0 || line[length - 1] != '\n') {
		struct pollfd entry = {.fd = fd, .events = POLLIN};
		if (turned != NULL) {
			turn(turned);
		}
		ck_assert_int_eq(poll(&entry, 1, WAIT_MS), 1);
		/* Byte by byte only where a second line may follow. */
		ssize_t count = recv(fd, line + length, sizeof(line) - 1 - length, MSG_PEEK);
		ck_assert_int_gt(count, 0);
		const char *feed = memchr(line + length, '\n', (size_t)count);
		size_t wanted =
			feed == NULL ? (size_t)count : (size_t)(feed - line - (long)length) + 1;
		ck_assert_int_eq(recv(fd, line + length, wanted, 0), (ssize_t)wanted);
		length += wanted;
	}
	line[length] = '\0';
	return line;
}

static int connect_greeted(struct server *turned)
{
	int fd = connect_peer();

	ck_assert_ptr_nonnull(strstr(receive_line(fd, turned), "\"capabilities\""));
	return fd;
}

static void expect_big(const char *line)
{
	ck_assert_int_gt(strlen(line), BIG_SIZE);
	ck_assert_ptr_nonnull(strstr(line, "xxx\",\"id\":\"big\"}\n"));
}

/* --- answers that come later --- */

START_TEST(test_later)
{
	struct request_error error = {0};
	json_t *result = json_string("new");
	int waiting = connect_greeted(server);
	int other = connect_greeted(server);

	send_text(waiting, LATER_SEVEN PING);
	turn(server);
	ck_assert(seen.later);
	ck_assert_int_eq(seen.pings, 0); /* it waits its turn */
	send_text(other, PING);
	ck_assert_str_eq(receive_line(other, server), PONG);
	server_answer(server, result, NULL);
	server_answer(server, result, NULL); /* only once */
	ck_assert_str_eq(receive_line(waiting, server), ANSWER_SEVEN);
	ck_assert_str_eq(receive_line(waiting, server), PONG);
	send_text(other, LATER);
	ck_assert_ptr_nonnull(strstr(receive_line(other, server), "\"id\\\" must be"));
	send_text(other, LATER_SEVEN);
	turn(server);
	request_fail(&error, REQUEST_FAILED, "hint", "no");
	server_answer(server, NULL, &error);
	ck_assert_str_eq(receive_line(other, server),
		"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32000,\"message\":\"no\",\"data\":"
		"{\"hint\":\"hint\"}},\"id\":7}\n");
	json_decref(result);
	close(waiting);
	close(other);
}
END_TEST

/* Who hangs up while he waits must not keep the loop awake; who only ends his input hears it. */
START_TEST(test_later_and_gone)
{
	struct pollfd entry = {.fd = server_fd(server), .events = POLLIN};
	json_t *result = json_string("new");
	int gone = connect_greeted(server);
	int half = connect_greeted(server);

	send_text(gone, LATER_SEVEN);
	send_text(half, LATER_SEVEN);
	turn(server);
	shutdown(half, SHUT_WR);
	close(gone);
	turn(server);
	ck_assert_int_eq(poll(&entry, 1, 0), 0);
	server_answer(server, result, NULL);
	ck_assert_str_eq(receive_line(half, server), ANSWER_SEVEN);
	turn(server);
	char byte;
	ck_assert_int_eq(recv(half, &byte, 1, 0), 0);
	json_decref(result);
	close(half);
}
END_TEST

/* --- in one process --- */

static json_t *dup_number(const json_t *number)
{
	return json_integer(dup((int)json_integer_value(number)));
}

/* What execve does: the descriptors live on, everything else ends. Returns the state with the
 * numbers of copies of the descriptors. */
static json_t *let_die(struct server *dying, int bytes)
{
	char kept[128];
	json_t *state = NULL;
	size_t index;
	json_t *client;

	ck_assert_int_eq(server_save(dying, bytes, &state), 0);
	json_object_set_new(state, "listener", dup_number(json_object_get(state, "listener")));
	json_object_set_new(state, "lock", dup_number(json_object_get(state, "lock")));
	json_array_foreach (json_object_get(state, "clients"), index, client) {
		json_object_set_new(client, "fd", dup_number(json_object_get(client, "fd")));
	}
	snprintf(kept, sizeof(kept), "%s.kept", path);
	ck_assert_int_eq(rename(path, kept), 0);
	server_close(dying);
	ck_assert_int_eq(rename(kept, path), 0);
	return state;
}

START_TEST(test_one_process)
{
	int bytes = memfd_create("bytes", MFD_CLOEXEC);
	int half = connect_greeted(server);
	int slow = connect_greeted(server);
	int idle = connect_greeted(server);

	send_text(half, "{\"jsonrpc\":\"2.0\",\"meth");
	send_text(slow, BIG PING PING);
	turn(server);
	ck_assert_int_eq(seen.pings, 0);
	json_t *state = let_die(server, bytes);
	server = NULL;
	ck_assert_int_eq(server_restore(&server, state, bytes, &table, &seen), 0);
	json_decref(state);
	close(bytes);

	turn(server);
	send_text(half, "od\":\"ping\",\"id\":1}\n");
	ck_assert_str_eq(receive_line(half, server), PONG);
	expect_big(receive_line(slow, server));
	ck_assert_str_eq(receive_line(slow, server), PONG);
	ck_assert_str_eq(receive_line(slow, server), PONG);
	send_text(idle, PING);
	ck_assert_str_eq(receive_line(idle, server), PONG);
	ck_assert_int_eq(seen.pings, 4);
	/* It is the server there: a second one is refused, a new client comes in. */
	struct server *second = NULL;
	struct err err;
	ck_assert_int_eq(server_open(&second, path, &table, &seen, &err), -EADDRINUSE);
	close(connect_greeted(server));
	close(half);
	close(slow);
	close(idle);
}
END_TEST

/* A wrong state leaves nothing behind that keeps a normal start out. */
START_TEST(test_wrong_state)
{
	static const char *const members[] = {"listener", "lock", "path"};
	int bytes = memfd_create("bytes", MFD_CLOEXEC);
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		int client = connect_greeted(server);
		char byte;
		json_t *state = let_die(server, bytes);
		server = NULL;
		json_t *right = json_incref(json_object_get(state, members[i]));
		json_object_set_new(state, members[i],
			json_is_string(right) ? json_string("/elsewhere") : json_integer(bytes));
		if (json_is_integer(right)) {
			close((int)json_integer_value(right));
		}
		bytes = memfd_create("bytes", MFD_CLOEXEC); /* the other was named, and closed */
		ck_assert_int_lt(server_restore(&server, state, bytes, &table, &seen), 0);
		ck_assert_ptr_null(server);
		ck_assert_int_eq(recv(client, &byte, 1, 0), 0);
		json_decref(right);
		json_decref(state);
		close(client);
		ck_assert_int_eq(server_open(&server, path, &table, &seen, &err), 0);
	}
	close(bytes);
	struct server *none = NULL;
	json_t *empty = json_object();
	ck_assert_int_eq(server_restore(&none, empty, -1, &table, &seen), -EINVAL);
	ck_assert_int_eq(server_restore(&none, NULL, -1, &table, &seen), -EINVAL);
	json_decref(empty);
}
END_TEST

/* One connection whose bytes are not there is closed; the others go on. */
START_TEST(test_wrong_client)
{
	int bytes = memfd_create("bytes", MFD_CLOEXEC);
	int good = connect_greeted(server);
	int bad = connect_greeted(server);
	char byte;

	json_t *state = let_die(server, bytes);
	server = NULL;
	json_t *client = json_array_get(json_object_get(state, "clients"), 1);
	json_object_set_new(client, "output", json_pack("[i, i]", 1000, 1));
	ck_assert_int_eq(server_restore(&server, state, bytes, &table, &seen), 0);
	ck_assert_int_eq(recv(bad, &byte, 1, 0), 0);
	send_text(good, PING);
	ck_assert_str_eq(receive_line(good, server), PONG);
	json_decref(state);
	close(bytes);
	close(good);
	close(bad);
}
END_TEST

/* --- through execve --- */

static void serve_until(struct server *served, const bool *done)
{
	while (!*done) {
		struct pollfd entry = {.fd = server_fd(served), .events = POLLIN};
		if (poll(&entry, 1, WAIT_MS) != 1 || server_on_readable(served) != 0) {
			_exit(3);
		}
	}
}

static void run_old(void)
{
	char program[] = "/proc/self/exe";
	char *arguments[] = {program, NULL};
	int bytes = memfd_create("bytes", 0);
	char value[256];
	json_t *state = NULL;
	struct err err;

	if (server_open(&server, path, &table, &seen, &err) != 0) {
		_exit(4);
	}
	serve_until(server, &seen.later);
	if (server_save(server, bytes, &state) != 0) {
		_exit(5);
	}
	snprintf(value, sizeof(value), "%s %d %ld", path, bytes, (long)lseek(bytes, 0, SEEK_CUR));
	json_dumpfd(state, bytes, JSON_COMPACT);
	setenv(VARIABLE, value, 1);
	execv(program, arguments);
	_exit(6);
}

static void run_new(const char *value)
{
	int bytes;
	long offset;

	if (sscanf(value, "%107s %d %ld", path, &bytes, &offset) != 3) {
		_exit(7);
	}
	lseek(bytes, offset, SEEK_SET);
	json_t *state = json_loadfd(bytes, 0, NULL);
	if (server_restore(&server, state, bytes, &table, &seen) != 0) {
		_exit(8);
	}
	json_t *result = json_string("new");
	server_answer(server, result, NULL);
	json_decref(result);
	json_decref(state);
	serve_until(server, &seen.quit);
	server_close(server);
	_exit(seen.pings);
}

static void wait_for_socket(void)
{
	for (int i = 0; i < WAIT_MS && access(path, F_OK) != 0; i++) {
		poll(NULL, 0, 1);
	}
}

START_TEST(test_execve)
{
	pid_t old = fork();
	int status = 0;

	if (old == 0) {
		run_old();
	}
	wait_for_socket();
	int half = connect_greeted(NULL);
	int slow = connect_greeted(NULL);
	int asks = connect_greeted(NULL);
	send_text(half, "{\"jsonrpc\":\"2.0\",\"meth");
	send_text(slow, BIG PING);
	send_text(asks, LATER_SEVEN PING);
	ck_assert_str_eq(receive_line(asks, NULL), ANSWER_SEVEN);
	ck_assert_str_eq(receive_line(asks, NULL), PONG);
	send_text(half, "od\":\"ping\",\"id\":1}\n");
	ck_assert_str_eq(receive_line(half, NULL), PONG);
	expect_big(receive_line(slow, NULL));
	ck_assert_str_eq(receive_line(slow, NULL), PONG);
	int fresh = connect_greeted(NULL);
	send_text(fresh, "{\"jsonrpc\":\"2.0\",\"method\":\"quit\"}\n");
	/* The same process number, and all three pings were served by the new program. */
	ck_assert_int_eq(waitpid(old, &status, 0), old);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 3);
	close(half);
	close(slow);
	close(asks);
	close(fresh);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("handover");
	TCase *cases = tcase_create("handover");
	TCase *programs = tcase_create("programs");

	if (getenv(VARIABLE) != NULL) {
		run_new(getenv(VARIABLE));
	}
	tcase_add_checked_fixture(cases, open_server, teardown);
	tcase_add_test(cases, test_later);
	tcase_add_test(cases, test_later_and_gone);
	tcase_add_test(cases, test_one_process);
	tcase_add_test(cases, test_wrong_state);
	tcase_add_test(cases, test_wrong_client);
	tcase_add_checked_fixture(programs, setup, teardown);
	tcase_add_test(programs, test_execve);
	tcase_set_timeout(programs, 30);
	suite_add_tcase(suite, cases);
	suite_add_tcase(suite, programs);
	return suite;
}
