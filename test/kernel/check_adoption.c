/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an earlier meshd left behind: by being killed (its children are nobody's then), or by
 * letting another program take its place (they are still its own). */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/children_scene.h"
#include "process/proc.h"
#include "unit/check_main.h"

static struct scene scene;

static void setup(void)
{
	scene_make(&scene);
}

static void teardown(void)
{
	scene_remove(&scene);
}

static json_t *record_read(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/children.json", scene.run_dir);
	return json_load_file(path, 0, NULL);
}

static json_t *record_process(json_t *record, enum child_name name)
{
	json_t *children = json_object_get(record, "children");

	return json_object_get(json_object_get(children, child_name_text(name)), "process");
}

/* Changes a member of the recorded process (value is taken). */
static void record_change(enum child_name name, const char *member, json_t *value)
{
	char path[128];
	json_t *record = record_read();

	snprintf(path, sizeof(path), "%s/children.json", scene.run_dir);
	ck_assert_int_eq(json_object_set_new(record_process(record, name), member, value), 0);
	ck_assert_int_eq(json_dump_file(record, path, 0), 0);
	json_decref(record);
}

static pid_t recorded_pid(enum child_name name)
{
	json_t *record = record_read();
	json_t *pid = json_object_get(record_process(record, name), "pid");
	pid_t number = (pid_t)json_integer_value(pid);

	json_decref(record);
	return number;
}

static bool lives(pid_t pid)
{
	struct proc_stat stat;

	return proc_stat_read(pid, &stat) == 0 && stat.state != 'Z';
}

/* A meshd that starts alfred and bmx7, waits for their answers and is killed. */
static void leave_behind(const char *program)
{
	pid_t pid = fork();

	if (pid == 0) {
		scene_open(&scene);
		scene_wish(&scene, CHILD_ALFRED, program, "1000");
		scene_wish(&scene, CHILD_BMX7, "/bin/sleep", "1000");
		scene_wait(&scene, CHILD_ALFRED, "running");
		scene_wait(&scene, CHILD_BMX7, "running");
		kill(getpid(), SIGKILL);
	}
	int status = 0;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

START_TEST(adopted_without_a_restart)
{
	leave_behind("/bin/sleep");
	pid_t alfred = recorded_pid(CHILD_ALFRED);
	ck_assert(lives(alfred));
	scene_open(&scene);
	json_t *child = scene_child(&scene, CHILD_ALFRED);
	ck_assert_int_eq(json_integer_value(json_object_get(child, "pid")), alfred);
	ck_assert(json_is_true(json_object_get(child, "adopted")));
	json_decref(child);
	/* Nothing is asked before the first wish. */
	ck_assert_int_eq(scene.told[CHILD_ALFRED], -1);
	scene_wish(&scene, CHILD_ALFRED, "/bin/sleep", "1000");
	scene_run(&scene, 0.2);
	ck_assert_int_eq(scene_pid(&scene, CHILD_ALFRED), alfred);
	ck_assert(children_answers(scene.children, CHILD_ALFRED));
	ck_assert_int_eq(scene.told[CHILD_ALFRED], 1);
	ck_assert_int_eq(scene.starts[CHILD_ALFRED], 0);

	/* Its end is seen, but nobody tells the status. */
	kill(alfred, SIGKILL);
	scene_wait_exits(&scene, CHILD_ALFRED, 1);
	ck_assert_str_eq(scene_exit(&scene, CHILD_ALFRED, "reason"), "\"gone\"");
	ck_assert_str_eq(scene_exit(&scene, CHILD_ALFRED, "status"), "null");
	scene_wait(&scene, CHILD_ALFRED, "running");
}
END_TEST

START_TEST(changed_arguments_restart_that_one)
{
	leave_behind("/bin/sleep");
	pid_t alfred = recorded_pid(CHILD_ALFRED);
	pid_t bmx7 = recorded_pid(CHILD_BMX7);
	scene_open(&scene);
	scene_wish(&scene, CHILD_ALFRED, "/bin/sleep", "1001");
	scene_wish(&scene, CHILD_BMX7, "/bin/sleep", "1000");
	scene_wait_exits(&scene, CHILD_ALFRED, 1);
	scene_wait(&scene, CHILD_ALFRED, "running");
	ck_assert_str_eq(scene_exit(&scene, CHILD_ALFRED, "reason"), "\"arguments\"");
	ck_assert(!lives(alfred));
	ck_assert_int_eq(scene_pid(&scene, CHILD_BMX7), bmx7);
}
END_TEST

START_TEST(unwanted_is_stopped)
{
	struct child_wish wish = {.wanted = false};

	leave_behind("/bin/sleep");
	pid_t alfred = recorded_pid(CHILD_ALFRED);
	scene_open(&scene);
	children_wish(scene.children, CHILD_ALFRED, &wish);
	scene_wait(&scene, CHILD_ALFRED, "off");
	ck_assert(!lives(alfred));
	ck_assert_str_eq(scene_exit(&scene, CHILD_ALFRED, "reason"), "\"asked\"");
}
END_TEST

START_TEST(interpreter_is_adopted)
{
	leave_behind(scene_script(&scene, "script", "while :; do sleep 1000; done"));
	pid_t alfred = recorded_pid(CHILD_ALFRED);
	scene_open(&scene);
	ck_assert_int_eq(scene_pid(&scene, CHILD_ALFRED), alfred);
}
END_TEST

/* The member that does not match; the process must live on untouched, and another one start. */
static void refuse(const char *member, json_t *value)
{
	leave_behind("/bin/sleep");
	pid_t alfred = recorded_pid(CHILD_ALFRED);
	record_change(CHILD_ALFRED, member, value);
	scene_open(&scene);
	ck_assert_int_eq(scene_pid(&scene, CHILD_ALFRED), 0);
	ck_assert_int_ne(scene_pid(&scene, CHILD_BMX7), 0);
	scene_wish(&scene, CHILD_ALFRED, "/bin/sleep", "1000");
	scene_wait(&scene, CHILD_ALFRED, "running");
	ck_assert_int_ne(scene_pid(&scene, CHILD_ALFRED), alfred);
	ck_assert(lives(alfred));
	kill(alfred, SIGKILL);
}

START_TEST(other_start_time)
{
	refuse("start_time", json_integer(12345));
}
END_TEST

START_TEST(other_program)
{
	refuse("program", json_string("/usr/sbin/alfred"));
}
END_TEST

START_TEST(other_arguments)
{
	refuse("seen", json_pack("[s,s]", "/bin/sleep", "999"));
}
END_TEST

/* The pid was given to another process, here our own, even with the same start time. */
START_TEST(reused_pid)
{
	struct proc_stat own;

	leave_behind("/bin/sleep");
	kill(recorded_pid(CHILD_ALFRED), SIGKILL);
	ck_assert_int_eq(proc_stat_read(getpid(), &own), 0);
	record_change(CHILD_ALFRED, "pid", json_integer(getpid()));
	record_change(CHILD_ALFRED, "start_time", json_integer((json_int_t)own.start_time));
	scene_open(&scene);
	ck_assert_int_eq(scene_pid(&scene, CHILD_ALFRED), 0);
}
END_TEST

START_TEST(ended_meanwhile)
{
	leave_behind("/bin/sleep");
	pid_t alfred = recorded_pid(CHILD_ALFRED);
	kill(alfred, SIGKILL);
	while (lives(alfred)) {
		usleep(1000);
	}
	scene_open(&scene);
	ck_assert_int_eq(scene_pid(&scene, CHILD_ALFRED), 0);
	ck_assert_str_eq(scene_exit(&scene, CHILD_ALFRED, "reason"), "\"gone\"");
	scene_wish(&scene, CHILD_ALFRED, "/bin/sleep", "1000");
	ck_assert(scene_is(&scene, CHILD_ALFRED, "starting"));
}
END_TEST

START_TEST(other_boot)
{
	char path[128];

	leave_behind("/bin/sleep");
	pid_t alfred = recorded_pid(CHILD_ALFRED);
	pid_t bmx7 = recorded_pid(CHILD_BMX7);
	json_t *record = record_read();
	json_object_set_new(record, "boot", json_string("another"));
	snprintf(path, sizeof(path), "%s/children.json", scene.run_dir);
	json_dump_file(record, path, 0);
	json_decref(record);
	scene_open(&scene);
	ck_assert_int_eq(scene_pid(&scene, CHILD_ALFRED), 0);
	kill(alfred, SIGKILL);
	kill(bmx7, SIGKILL);
}
END_TEST

START_TEST(garbage_is_ignored)
{
	static const char *const records[] = {"", "{", "[]", "{\"boot\":1,\"children\":{}}",
		"{\"boot\":\"x\",\"children\":[]}",
		"{\"boot\":\"x\",\"children\":{\"alfred\":{\"since\":\"y\"}}}"};
	char path[128];

	scene_open(&scene);
	scene_close(&scene);
	snprintf(path, sizeof(path), "%s/children.json", scene.run_dir);
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		FILE *file = fopen(path, "w");
		fputs(records[i], file);
		fclose(file);
		scene_open(&scene);
		ck_assert(scene_is(&scene, CHILD_ALFRED, "off"));
		scene_close(&scene);
	}
	scene_open(&scene);
	scene_wish(&scene, CHILD_ALFRED, "/bin/sleep", "1000");
	scene_wait(&scene, CHILD_ALFRED, "running");
}
END_TEST

/* As after an execve() in place: the processes are still our own. */
START_TEST(taken_over_in_place)
{
	scene_open(&scene);
	scene_wish(&scene, CHILD_ALFRED, "/bin/sleep", "1000");
	scene_wish(&scene, CHILD_BMX7, "/bin/sleep", "1000");
	scene_wait(&scene, CHILD_ALFRED, "running");
	scene_wait(&scene, CHILD_BMX7, "running");
	pid_t alfred = scene_pid(&scene, CHILD_ALFRED);
	pid_t bmx7 = scene_pid(&scene, CHILD_BMX7);
	scene_close(&scene);
	ck_assert(lives(alfred));
	kill(bmx7, SIGUSR1);
	while (lives(bmx7)) {
		usleep(1000);
	}
	scene_open(&scene);
	ck_assert_int_eq(scene_pid(&scene, CHILD_ALFRED), alfred);
	ck_assert_int_eq(scene_pid(&scene, CHILD_BMX7), 0);
	ck_assert_str_eq(scene_exit(&scene, CHILD_BMX7, "signal"), "\"USR1\"");
	kill(alfred, SIGUSR2);
	scene_wait_exits(&scene, CHILD_ALFRED, 1);
	ck_assert_str_eq(scene_exit(&scene, CHILD_ALFRED, "signal"), "\"USR2\"");
	/* No zombie is left. */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

/* The output of an adopted child is read on. */
START_TEST(output_after_adoption)
{
	leave_behind(scene_script(&scene, "talks",
		"trap 'echo bye; exit 4' USR1; while :; do sleep 0.05; done"));
	pid_t alfred = recorded_pid(CHILD_ALFRED);
	scene_open(&scene);
	kill(alfred, SIGUSR1);
	scene_wait_exits(&scene, CHILD_ALFRED, 1);
	ck_assert_ptr_nonnull(strstr(scene_exit(&scene, CHILD_ALFRED, "output"), "bye"));
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("adoption");
	TCase *tcase = tcase_create("adoption");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, adopted_without_a_restart);
	tcase_add_test(tcase, changed_arguments_restart_that_one);
	tcase_add_test(tcase, unwanted_is_stopped);
	tcase_add_test(tcase, interpreter_is_adopted);
	tcase_add_test(tcase, other_start_time);
	tcase_add_test(tcase, other_program);
	tcase_add_test(tcase, other_arguments);
	tcase_add_test(tcase, reused_pid);
	tcase_add_test(tcase, ended_meanwhile);
	tcase_add_test(tcase, other_boot);
	tcase_add_test(tcase, garbage_is_ignored);
	tcase_add_test(tcase, taken_over_in_place);
	tcase_add_test(tcase, output_after_adoption);
	suite_add_tcase(suite, tcase);
	return suite;
}
