/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the server's socket may be and where not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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

Suite *check_suite(void)
{
	Suite *suite = suite_create("server_paths");
	TCase *cases = tcase_create("server_paths");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, test_foreign_living_is_kept);
	tcase_add_test(cases, test_bad_paths);
	suite_add_tcase(suite, cases);
	return suite;
}
