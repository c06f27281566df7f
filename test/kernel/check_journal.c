/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Children under systemd: their output is a stream of their own in the journal. The journal is the
 * test's own, in a mount namespace; journalctl is a script. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "kernel/children_scene.h"
#include "process/output.h"
#include "unit/check_main.h"

static struct scene scene;
static int journal;

/* False where the test is not allowed to. */
static bool hide_journal(void)
{
	char target[160];

	if (access("/usr/bin/journalctl", X_OK) < 0 || unshare(CLONE_NEWNS) < 0 ||
		mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0) {
		return false;
	}
	const char *script =
		scene_script(&scene, "journalctl", "for i in 1 2 3; do echo \"$i of $*\"; done");
	snprintf(target, sizeof(target), "%s", script);
	return mount(target, "/usr/bin/journalctl", NULL, MS_BIND, NULL) == 0;
}

static void open_journal(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = OUTPUT_JOURNAL};

	ck_assert_int_eq(mkdir("/run/systemd", 0755), 0);
	ck_assert_int_eq(mkdir("/run/systemd/journal", 0755), 0);
	journal = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(journal, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(journal, 8), 0);
}

/* Our own stderr becomes a stream of the journal, as systemd gives it. */
static void become_service(void)
{
	struct stat own;
	char stream[64];
	int fd = output_open_journal(OUTPUT_JOURNAL, "meshd");

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	close(fd);
	fstat(STDERR_FILENO, &own);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)own.st_dev,
		(unsigned long long)own.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
}

START_TEST(output_does_not_come_through_us)
{
	char text[256] = "";
	char wanted[256];

	scene_make(&scene);
	if (!hide_journal()) {
		printf("skip: no mount namespace or no journalctl here\n");
		scene_remove(&scene);
		return;
	}
	open_journal();
	become_service();
	int own = accept(journal, NULL, NULL);
	ck_assert_int_ge(own, 0);
	scene_open(&scene);
	scene_wish(&scene, CHILD_ALFRED,
		scene_script(&scene, "talks", "echo out; echo err >&2; sleep 0.4; exit 2"), NULL);
	int stream = accept(journal, NULL, NULL);
	size_t length = 0;
	while (strstr(text, "err\n") == NULL) {
		ssize_t got = read(stream, text + length, sizeof(text) - 1 - length);
		ck_assert_int_gt(got, 0);
		length += (size_t)got;
	}
	ck_assert_str_eq(text, "meshd-alfred\n\n6\n1\n0\n0\n0\nout\nerr\n");
	ck_assert_int_lt(access("alfred.out", F_OK), 0);

	pid_t pid = scene_pid(&scene, CHILD_ALFRED);
	scene_wait_exits(&scene, CHILD_ALFRED, 1);
	scene.silent[CHILD_ALFRED] = true;
	struct child_wish off = {.wanted = false};
	children_wish(scene.children, CHILD_ALFRED, &off);
	/* The last words come a little later. */
	for (int i = 0; i < 1000 && strcmp(scene_exit(&scene, CHILD_ALFRED, "output"), "[]") == 0;
		i++) {
		scene_run(&scene, 0.01);
	}
	snprintf(wanted, sizeof(wanted),
		"[\"1 of -q --no-pager -b -o cat -n 5 --identifier=meshd-alfred _PID=%d\"",
		(int)pid);
	ck_assert_msg(strncmp(scene_exit(&scene, CHILD_ALFRED, "output"), wanted, strlen(wanted)) ==
			      0,
		"%s", scene_exit(&scene, CHILD_ALFRED, "output"));
	scene_remove(&scene);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("journal");
	TCase *tcase = tcase_create("journal");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, output_does_not_come_through_us);
	suite_add_tcase(suite, tcase);
	return suite;
}
