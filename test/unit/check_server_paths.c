/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the server's socket may be and where not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/server.h"
#include "unit/check_main.h"
#include "unit/control_scene.h"

static char directory[64];

static void setup(void)
{
	snprintf(directory, sizeof(directory), "/tmp/check_server_paths.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void teardown(void)
{
	remove_left(directory, "");
}

/* Someone else's socket, without our lock. */
START_TEST(test_foreign_living_is_kept)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct server *second = NULL;
	struct err err;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/other", directory);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(server_open(&second, address.sun_path, &control_table, NULL, &err),
		-EADDRINUSE);
	close(fd);
	/* Now it is dead, and replaced. */
	ck_assert_int_eq(server_open(&second, address.sun_path, &control_table, NULL, &err), 0);
	server_close(second);
	remove_left(directory, "/other.lock");
}
END_TEST

START_TEST(test_bad_paths)
{
	struct server *second = NULL;
	struct err err;
	char name[200];

	snprintf(name, sizeof(name), "%s/%0120d", directory, 1);
	ck_assert_int_eq(server_open(&second, name, &control_table, NULL, &err), -ENAMETOOLONG);
	ck_assert_ptr_nonnull(strstr(err.text, "must have 1 to 107 bytes, not "));
	ck_assert_int_eq(server_open(&second, "", &control_table, NULL, &err), -ENAMETOOLONG);
	snprintf(name, sizeof(name), "%s/file", directory);
	fclose(fopen(name, "w"));
	ck_assert_int_eq(server_open(&second, name, &control_table, NULL, &err), -EEXIST);
	ck_assert_ptr_nonnull(strstr(err.text, "is no socket"));
	remove_left(directory, "/file.lock");
	snprintf(name, sizeof(name), "%s/file/control.sock", directory);
	ck_assert_int_lt(server_open(&second, name, &control_table, NULL, &err), 0);
	ck_assert_ptr_null(second);
	remove_left(directory, "/file");
}
END_TEST

static bool answers(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	bool connected = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return connected;
}

/* A directory of its own, "/run" in the test's. */
static struct server *open_in_run(char name[100])
{
	struct server *server = NULL;
	struct err err;

	snprintf(name, 100, "%s/run/sock", directory);
	ck_assert_int_eq(server_open(&server, name, &control_table, NULL, &err), 0);
	ck_assert(answers(name));
	return server;
}

static void remove_run(void)
{
	remove_left(directory, "/run/sock");
	remove_left(directory, "/run/sock.lock");
	remove_left(directory, "/run");
}

static void turn(struct server *server)
{
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(server_on_readable(server), 0);
	}
}

START_TEST(test_removed_directory_comes_back)
{
	char name[100];
	struct err err;
	struct server *server = open_in_run(name);

	for (int lap = 0; lap < 3; lap++) {
		remove_run();
		ck_assert(!answers(name));
		turn(server);
		ck_assert(answers(name));
		ck_assert_int_eq(server_lock(name, &err), -EADDRINUSE);
	}
	server_close(server);
	ck_assert_int_ne(access(name, F_OK), 0);
	remove_run();
}
END_TEST

/* What is done to the file but removing it is the owner's business. */
START_TEST(test_touched_socket_stays)
{
	char name[100];
	struct stat before;
	struct stat after;
	struct server *server = open_in_run(name);

	ck_assert_int_eq(chmod(name, 0600), 0);
	ck_assert_int_eq(stat(name, &before), 0);
	turn(server);
	ck_assert_int_eq(stat(name, &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	ck_assert_uint_eq(after.st_mode & 07777, 0600);
	server_close(server);
	remove_run();
}
END_TEST

/* The first one's directory was removed and a second one opened there before it looked. */
START_TEST(test_successor_keeps_its_socket)
{
	char name[100];
	struct server *first = open_in_run(name);

	remove_run();
	struct server *second = open_in_run(name);
	turn(first);
	server_close(first);
	ck_assert(answers(name));
	server_close(second);
	ck_assert(!answers(name));
	remove_run();
}
END_TEST

/* What somebody puts in the socket's place is not removed; once it is gone, a second look helps. */
START_TEST(test_taken_address_is_tried_again)
{
	char name[100];
	struct server *server = open_in_run(name);

	remove_left(directory, "/run/sock");
	fclose(fopen(name, "w"));
	turn(server);
	ck_assert(!answers(name));
	ck_assert_int_eq(access(name, F_OK), 0);
	remove_left(directory, "/run/sock");
	server_keep_address(server);
	ck_assert(answers(name));
	server_close(server);
	remove_run();
}
END_TEST

START_TEST(test_lock)
{
	char name[100];
	struct err err;

	snprintf(name, sizeof(name), "%s/run/sock", directory);
	ck_assert_int_eq(server_lock(name, &err), -ENOENT);
	struct server *server = open_in_run(name);
	ck_assert_int_eq(server_lock(name, &err), -EADDRINUSE);
	remove_left(directory, "/run/sock.lock"); /* it answers all the same */
	ck_assert_int_eq(server_lock(name, &err), -EADDRINUSE);
	server_close(server);
	int lock = server_lock(name, &err);
	ck_assert_int_ge(lock, 0);
	ck_assert_int_eq(server_open(&server, name, &control_table, NULL, &err), -EADDRINUSE);
	close(lock);
	remove_run();
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("server_paths");
	TCase *cases = tcase_create("server_paths");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, test_foreign_living_is_kept);
	tcase_add_test(cases, test_bad_paths);
	tcase_add_test(cases, test_removed_directory_comes_back);
	tcase_add_test(cases, test_touched_socket_stays);
	tcase_add_test(cases, test_successor_keeps_its_socket);
	tcase_add_test(cases, test_taken_address_is_tried_again);
	tcase_add_test(cases, test_lock);
	suite_add_tcase(suite, cases);
	return suite;
}
