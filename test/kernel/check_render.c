/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Do the real programs take what core/render.h tells them? Runs in a network namespace of its own;
 * a program that is not installed is left out. */
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/shell.h"
#include "routing/babeld_file.h"
#include "unit/render_scene.h"

#define ANSWER_SECONDS 10

static struct render_scene scene;
static char dir[] = "/tmp/check_render.XXXXXX";

static void open_scene(void)
{
	char path[64];

	render_scene_open(&scene);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	scene.input.run_dir = dir;
	scene.input.state_dir = dir;
	static const char *const parts[] = {CHILD_BMX7_DIR, CHILD_DNSMASQ_HOSTS,
		CHILD_DNSMASQ_NAMES};
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, parts[i]);
		ck_assert_int_eq(mkdir(path, 0755), 0);
	}
}

static void close_scene(void)
{
	run_format("rm -r %s", dir);
	render_scene_close(&scene);
}

static pid_t start(char **words)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		execv(words[0], words);
		_exit(127);
	}
	return pid;
}

/* Connects to DIR/NAME as soon as somebody listens; -1 when the child ends before. */
static int connect_to(const char *name, pid_t pid)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir, name);
	for (int turn = 0; turn < ANSWER_SECONDS * 100; turn++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ck_assert_int_ge(fd, 0);
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
			return fd;
		}
		close(fd);
		if (waitpid(pid, NULL, WNOHANG) != 0) {
			return -1;
		}
		usleep(10000);
	}
	return -1;
}

/* The child answers the request on its socket by something that starts so. */
static void expect_answer(struct child_arguments *arguments, const char *socket_name,
	const char *request, size_t length, const char *begin)
{
	char answer[4096] = "";
	struct timeval limit = {.tv_sec = ANSWER_SECONDS};

	if (access(arguments->words[0], X_OK) < 0) {
		printf("%s is not installed: left out\n", arguments->words[0]);
		child_arguments_free(arguments);
		return;
	}
	pid_t pid = start(arguments->words);
	int fd = connect_to(socket_name, pid);
	ck_assert_int_ge(fd, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	ck_assert_int_eq(send(fd, request, length, MSG_NOSIGNAL), (ssize_t)length);
	ck_assert_int_gt(recv(fd, answer, sizeof(answer) - 1, 0), 0);
	ck_assert_int_eq(memcmp(answer, begin, strlen(begin)), 0);
	close(fd);
	kill(pid, SIGTERM);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	child_arguments_free(arguments);
}

START_TEST(babeld)
{
	struct uplink_config uplink = {.metric = 128};
	struct child_arguments arguments = {0};

	if (_i == 1) {
		render_scene_libremesh(&scene);
		scene.input.run_dir = dir;
		scene.input.state_dir = dir;
	}
	if (_i == 2) {
		scene.scene.config.gateway.enabled = true;
		scene.scene.config.uplinks = &uplink;
		scene.scene.config.uplink_count = 1;
	}
	ck_assert_int_eq(babeld_file_prepare(dir, &scene.scene.identity.mac, &scene.err), 0);
	ck_assert_int_eq(render_babeld(&scene.input, &arguments, &scene.err), 0);
	expect_answer(&arguments, CHILD_BABELD_SOCKET, "dump\n", 5, "BABEL 1.");
}
END_TEST

START_TEST(bmx7)
{
	static const char request[] = "jshow=status #";
	struct child_arguments arguments = {0};

	ck_assert_int_eq(render_bmx7(&scene.input, &arguments, &scene.err), 0);
	expect_answer(&arguments, CHILD_BMX7_DIR "/sock", request, strlen(request), "{ \"status\"");
}
END_TEST

/* Without its bridge too: it waits for it. */
START_TEST(alfred)
{
	static const char request[] = "\x08\0\0\0"; /* SERVER_STATUS */
	struct child_arguments arguments = {0};

	ck_assert_int_eq(render_alfred(&scene.input, &arguments, &scene.err), 0);
	expect_answer(&arguments, CHILD_ALFRED_SOCKET, request, 4, "\x08");
}
END_TEST

START_TEST(dnsmasq)
{
	struct child_arguments arguments = {0};
	char file[64];
	char *text;
	int status;

	if (_i == 1) {
		render_scene_libremesh(&scene);
		scene.input.run_dir = dir;
		scene.input.state_dir = dir;
	}
	ck_assert_int_eq(render_dnsmasq_config(&scene.input, 1400, &text, &scene.err), 0);
	snprintf(file, sizeof(file), "%s/%s", dir, CHILD_DNSMASQ_CONFIG);
	FILE *to = fopen(file, "w");
	ck_assert_ptr_nonnull(to);
	fputs(text, to);
	fclose(to);
	free(text);
	ck_assert_int_eq(render_dnsmasq(&scene.input, &arguments, &scene.err), 0);
	ck_assert_int_eq(child_arguments_add(&arguments, "--test"), 0);
	if (access(arguments.words[0], X_OK) < 0) {
		printf("%s is not installed: left out\n", arguments.words[0]);
	} else {
		pid_t pid = start(arguments.words);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
	}
	child_arguments_free(&arguments);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("render, real programs");
	TCase *tests = tcase_create("render");

	tcase_add_checked_fixture(tests, open_scene, close_scene);
	tcase_set_timeout(tests, 3 * ANSWER_SECONDS);
	tcase_add_loop_test(tests, babeld, 0, 3);
	tcase_add_test(tests, bmx7);
	tcase_add_test(tests, alfred);
	tcase_add_loop_test(tests, dnsmasq, 0, 2);
	suite_add_tcase(suite, tests);
	return suite;
}
