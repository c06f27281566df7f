/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/children_scene.h"
#include "process/proc.h"
#include "unit/check_main.h"

#define FOREVER "while :; do sleep 1000; done"

static struct scene scene;

static void setup(void)
{
	scene_make(&scene);
	scene_open(&scene);
}

static void teardown(void)
{
	scene_remove(&scene);
}

static bool has_problem(const char *kind, const char *object, const char *text)
{
	struct problem_list problems = {0};
	bool found = false;

	ck_assert_int_eq(children_problems(scene.children, &problems), 0);
	for (size_t i = 0; i < problems.count; i++) {
		const struct problem *problem = &problems.items[i];
		found = found ||
			(strcmp(problem_kind_name(problem->kind), kind) == 0 &&
				strcmp(problem->object, object) == 0 &&
				strstr(problem->text, text) != NULL && problem->hint[0] != '\0');
	}
	problem_list_free(&problems);
	return found;
}

START_TEST(starts_answers_and_is_shown)
{
	scene.works[CHILD_ALFRED] = false;
	scene_wish(&scene, CHILD_ALFRED, "/bin/sleep", "1000");
	ck_assert(scene_is(&scene, CHILD_ALFRED, "starting"));
	scene_run(&scene, 0.6);
	ck_assert(scene_is(&scene, CHILD_ALFRED, "starting"));
	ck_assert(!children_answers(scene.children, CHILD_ALFRED));
	ck_assert_int_eq(scene.told[CHILD_ALFRED], -1);
	scene.works[CHILD_ALFRED] = true;
	scene_wait(&scene, CHILD_ALFRED, "running");
	ck_assert_int_eq(scene.told[CHILD_ALFRED], 1);

	json_t *child = scene_child(&scene, CHILD_ALFRED);
	ck_assert_int_eq(json_integer_value(json_object_get(child, "restarts")), 0);
	ck_assert_int_gt(json_integer_value(json_object_get(child, "memory")), 4096);
	ck_assert(json_is_real(json_object_get(child, "uptime")));
	ck_assert(json_is_null(json_object_get(child, "waiting_for")));
	ck_assert(json_is_null(json_object_get(child, "next_try")));
	ck_assert_str_eq(json_string_value(json_object_get(child, "program")), "/bin/sleep");
	char *arguments = json_dumps(json_object_get(child, "arguments"), JSON_COMPACT);
	ck_assert_str_eq(arguments, "[\"/bin/sleep\",\"1000\"]");
	free(arguments);
	json_decref(child);
	ck_assert_int_eq(scene.starts[CHILD_ALFRED], 1);
}
END_TEST

START_TEST(killed_is_started_again)
{
	struct proc_stat stat;

	scene_wish(&scene, CHILD_BMX7, "/bin/sleep", "1000");
	scene_wait(&scene, CHILD_BMX7, "running");
	pid_t pid = scene_pid(&scene, CHILD_BMX7);
	kill(pid, SIGKILL);
	/* Its end and its SIGCHLD meet the loop together: libev must not take the status. */
	do {
		ck_assert_int_eq(proc_stat_read(pid, &stat), 0);
	} while (stat.state != 'Z');
	scene_wait(&scene, CHILD_BMX7, "back-off");
	ck_assert_int_eq(scene.told[CHILD_BMX7], 0);
	ck_assert_str_eq(scene_exit(&scene, CHILD_BMX7, "signal"), "\"KILL\"");
	ck_assert_str_eq(scene_exit(&scene, CHILD_BMX7, "status"), "null");
	ck_assert_str_eq(scene_exit(&scene, CHILD_BMX7, "reason"), "\"exited\"");
	scene_wait(&scene, CHILD_BMX7, "running");
	ck_assert_int_ne(scene_pid(&scene, CHILD_BMX7), pid);
}
END_TEST

START_TEST(last_words_of_one_that_fails)
{
	const char *script = scene_script(&scene, "fails",
		"for i in 1 2 3 4 5 6; do echo line $i; done; printf 'b\\303\\244d\\033\\377' >&2; "
		"exit 3");

	scene_wish(&scene, CHILD_BABELD, script, NULL);
	scene_wait_exits(&scene, CHILD_BABELD, 1);
	ck_assert(!has_problem("child-fails", "babeld", ""));
	ck_assert_str_eq(scene_exit(&scene, CHILD_BABELD, "status"), "3");
	ck_assert_str_eq(scene_exit(&scene, CHILD_BABELD, "output"),
		"[\"line 3\",\"line 4\",\"line 5\",\"line 6\",\"b\xc3\xa4"
		"d??\"]");
	scene_wait_exits(&scene, CHILD_BABELD, 2);
	ck_assert(has_problem("child-fails", "babeld", "status 3"));
	scene_wait(&scene, CHILD_BABELD, "back-off");
	json_t *child = scene_child(&scene, CHILD_BABELD);
	ck_assert_double_gt(json_real_value(json_object_get(child, "next_try")), 0);
	json_decref(child);
}
END_TEST

START_TEST(no_program_of_any_kind)
{
	char path[128];

	/* A file with the x bit that the kernel does not take. */
	snprintf(path, sizeof(path), "%s", scene_script(&scene, "odd", ""));
	FILE *file = fopen(path, "w");
	fputs("\x7f"
	      "ELF, not really",
		file);
	fclose(file);
	scene_wish(&scene, CHILD_BABELD, path, NULL);
	scene_wait_exits(&scene, CHILD_BABELD, 1);
	ck_assert_ptr_nonnull(
		strstr(scene_exit(&scene, CHILD_BABELD, "output"), "Exec format error"));
}
END_TEST

START_TEST(missing_program_appears)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/later", scene.directory);
	scene_wish(&scene, CHILD_BMX7, path, NULL);
	ck_assert(scene_is(&scene, CHILD_BMX7, "missing"));
	ck_assert(has_problem("program-missing", "bmx7", path));
	/* The others do not mind. */
	scene_wish(&scene, CHILD_ALFRED, "/bin/sleep", "1000");
	scene_wait(&scene, CHILD_ALFRED, "running");
	scene_script(&scene, "later", FOREVER);
	ck_assert_int_eq(children_restart(scene.children, CHILD_BMX7), 0);
	scene_wait(&scene, CHILD_BMX7, "running");
	ck_assert(!has_problem("program-missing", "bmx7", ""));
	ck_assert_int_eq(children_restart(scene.children, CHILD_BABELD), -ENOENT);
}
END_TEST

START_TEST(missing_program_is_looked_for)
{
	char path[128];
	double start = scene_now();

	snprintf(path, sizeof(path), "%s/later", scene.directory);
	scene_wish(&scene, CHILD_BMX7, path, NULL);
	scene_script(&scene, "later", FOREVER);
	scene_wait(&scene, CHILD_BMX7, "running");
	ck_assert_double_lt(scene_now() - start, 11.5);
}
END_TEST

START_TEST(waits_and_waits_again)
{
	struct child_wish wish = {.wanted = true, .program = "/bin/sleep", .waits_for = "br-lan"};
	struct child_arguments arguments = {0};

	child_arguments_add(&arguments, "alfred");
	child_arguments_add(&arguments, "1000");
	wish.arguments = arguments;
	children_wish(scene.children, CHILD_ALFRED, &wish);
	json_t *child = scene_child(&scene, CHILD_ALFRED);
	ck_assert_str_eq(json_string_value(json_object_get(child, "state")), "waiting");
	ck_assert_str_eq(json_string_value(json_object_get(child, "waiting_for")), "br-lan");
	json_decref(child);
	scene_wish(&scene, CHILD_ALFRED, "/bin/sleep", "1000");
	scene_wait(&scene, CHILD_ALFRED, "running");
	wish.arguments = (struct child_arguments){0};
	child_arguments_add(&wish.arguments, "alfred");
	child_arguments_add(&wish.arguments, "1000");
	children_wish(scene.children, CHILD_ALFRED, &wish);
	scene_wait(&scene, CHILD_ALFRED, "waiting");
	ck_assert_str_eq(scene_exit(&scene, CHILD_ALFRED, "reason"), "\"asked\"");
}
END_TEST

START_TEST(nothing_wanted_nothing_active)
{
	struct child_wish wish = {.wanted = false};

	for (enum child_name name = 0; name < CHILDREN; name++) {
		children_wish(scene.children, name, &wish);
	}
	/* A loop without active watchers ends by itself. */
	ck_assert(scene_idles(&scene));
	ck_assert_int_eq(children_signal(scene.children, CHILD_BMX7, SIGHUP), -ESRCH);
}
END_TEST

START_TEST(kill_after_term_is_ignored)
{
	scene_wish(&scene, CHILD_BMX7,
		scene_script(&scene, "deaf", "trap '' TERM; echo ready; " FOREVER), NULL);
	scene_wait(&scene, CHILD_BMX7, "running");
	scene_run(&scene, 0.3);
	double start = scene_now();
	ck_assert_int_eq(children_restart(scene.children, CHILD_BMX7), 0);
	scene_wait_exits(&scene, CHILD_BMX7, 1);
	ck_assert_double_gt(scene_now() - start, 4.9);
	ck_assert_double_lt(scene_now() - start, 6);
	ck_assert_str_eq(scene_exit(&scene, CHILD_BMX7, "signal"), "\"KILL\"");
	ck_assert_str_eq(scene_exit(&scene, CHILD_BMX7, "reason"), "\"asked\"");
	scene_wait(&scene, CHILD_BMX7, "running");
}
END_TEST

START_TEST(stopped_process_is_noticed)
{
	scene_wish(&scene, CHILD_ALFRED, "/bin/sleep", "1000");
	scene_wait(&scene, CHILD_ALFRED, "running");
	pid_t pid = scene_pid(&scene, CHILD_ALFRED);
	kill(pid, SIGSTOP);
	scene.silent[CHILD_ALFRED] = true;
	double start = scene_now();
	scene_wait_exits(&scene, CHILD_ALFRED, 1);
	ck_assert_double_lt(scene_now() - start, 10);
	ck_assert_str_eq(scene_exit(&scene, CHILD_ALFRED, "reason"), "\"hung\"");
	ck_assert(has_problem("child-fails", "alfred", "does not answer"));
	scene.silent[CHILD_ALFRED] = false;
	scene_wait(&scene, CHILD_ALFRED, "running");
	ck_assert_int_ne(scene_pid(&scene, CHILD_ALFRED), pid);
}
END_TEST

START_TEST(memory_ceiling)
{
	struct child_wish wish = {.wanted = true, .memory_max = 20U << 20};
	const char *script = scene_script(&scene, "grows",
		"x=$(head -c 40000000 /dev/zero | tr '\\0' x); " FOREVER);

	strcpy(wish.program, script);
	child_arguments_add(&wish.arguments, "grows");
	children_wish(scene.children, CHILD_DNSMASQ, &wish);
	scene_wait_exits(&scene, CHILD_DNSMASQ, 1);
	ck_assert_str_eq(scene_exit(&scene, CHILD_DNSMASQ, "reason"), "\"memory\"");
	ck_assert(has_problem("child-fails", "dnsmasq", "memory"));
}
END_TEST

START_TEST(only_the_changed_one_is_restarted)
{
	scene_wish(&scene, CHILD_ALFRED, "/bin/sleep", "1000");
	scene_wish(&scene, CHILD_BMX7, "/bin/sleep", "1000");
	scene_wait(&scene, CHILD_ALFRED, "running");
	scene_wait(&scene, CHILD_BMX7, "running");
	pid_t alfred = scene_pid(&scene, CHILD_ALFRED);
	pid_t bmx7 = scene_pid(&scene, CHILD_BMX7);
	scene_wish(&scene, CHILD_ALFRED, "/bin/sleep", "1000");
	scene_wish(&scene, CHILD_BMX7, "/bin/sleep", "1001");
	scene_wait_exits(&scene, CHILD_BMX7, 1);
	scene_wait(&scene, CHILD_BMX7, "running");
	ck_assert_str_eq(scene_exit(&scene, CHILD_BMX7, "reason"), "\"arguments\"");
	ck_assert_int_ne(scene_pid(&scene, CHILD_BMX7), bmx7);
	ck_assert_int_eq(scene_pid(&scene, CHILD_ALFRED), alfred);
	ck_assert_uint_eq(scene_exits(&scene, CHILD_ALFRED), 0);
}
END_TEST

START_TEST(environment_and_descriptors)
{
	char path[64];
	char target[256];
	struct child_wish wish = {.wanted = true, .environment = {"BMX7_LIB_PATH=/x", NULL}};
	const char *script = scene_script(&scene, "shows", "env | grep -v PWD; exit 1");

	setenv("SECRET", "of meshd", 1);
	strcpy(wish.program, script);
	child_arguments_add(&wish.arguments, "shows");
	children_wish(scene.children, CHILD_BABELD, &wish);
	scene_wish(&scene, CHILD_ALFRED, "/bin/sleep", "1000");
	scene_wait_exits(&scene, CHILD_BABELD, 1);
	const char *output = scene_exit(&scene, CHILD_BABELD, "output");
	ck_assert_ptr_nonnull(strstr(output, "BMX7_LIB_PATH=/x"));
	ck_assert_ptr_nonnull(strstr(output, "PATH=/usr/sbin:"));
	ck_assert_ptr_null(strstr(output, "SECRET"));

	int count = 0;
	for (int fd = 0; fd < 1024; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)scene_pid(&scene, CHILD_ALFRED),
			fd);
		ssize_t length = readlink(path, target, sizeof(target) - 1);
		if (length >= 0) {
			target[length] = '\0';
			ck_assert_msg(fd < 3, "descriptor %d is %s", fd, target);
			ck_assert_ptr_nonnull(strstr(target, fd == 0 ? "/dev/null" : "alfred.out"));
			count++;
		}
	}
	ck_assert_int_eq(count, 3);
}
END_TEST

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int lines_of(const char *path, const char *word)
{
	char line[2100];
	int count = 0;
	FILE *file = fopen(path, "r");

	while (fgets(line, sizeof(line), file) != NULL) {
		count += strstr(line, word) != NULL;
	}
	fclose(file);
	return count;
}

START_TEST(flood)
{
	char path[128];
	int own_stderr = dup(STDERR_FILENO);

	snprintf(path, sizeof(path), "%s/stderr", scene.directory);
	int log = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);
	dup2(log, STDERR_FILENO);
	scene_wish(&scene, CHILD_ALFRED,
		scene_script(&scene, "floods", "while :; do echo flood; done"), NULL);
	scene_wait(&scene, CHILD_ALFRED, "running");
	scene_run(&scene, 0.5);
	uint64_t memory = proc_memory(getpid());
	double cpu = cpu_seconds();
	scene_run(&scene, 4);
	cpu = cpu_seconds() - cpu;
	dup2(own_stderr, STDERR_FILENO);
	ck_assert_double_lt(cpu, 0.2);
	ck_assert_uint_le(proc_memory(getpid()), memory + (1U << 20));
	ck_assert_int_ge(lines_of(path, "meshd-alfred: flood"), 50);
	ck_assert_int_le(lines_of(path, "meshd-alfred: flood"), 50 + 60);
	ck_assert_int_eq(lines_of(path, "lines left out"), 1);
	close(log);
	close(own_stderr);
}
END_TEST

START_TEST(stop_is_in_reverse_order)
{
	char path[128];
	char text[256] = "";
	char loop[256];

	snprintf(path, sizeof(path), "%s/order", scene.directory);
	snprintf(loop, sizeof(loop),
		"trap 'sleep 0.2; echo $1 >>%s; exit 0' TERM; while :; do sleep 0.1; done", path);
	const char *script = scene_script(&scene, "orderly", loop);
	for (enum child_name name = 0; name < CHILDREN; name++) {
		scene_wish(&scene, name, script, child_name_text(name));
	}
	for (enum child_name name = 0; name < CHILDREN; name++) {
		scene_wait(&scene, name, "running");
	}
	scene_run(&scene, 0.3);
	scene_stop(&scene);
	FILE *file = fopen(path, "r");
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	ck_assert_str_eq(text, "dnsmasq\nalfred\nbmx7\nbabeld\n");
	for (enum child_name name = 0; name < CHILDREN; name++) {
		ck_assert(scene_is(&scene, name, "off"));
		ck_assert_str_eq(scene_exit(&scene, name, "status"), "0");
	}
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("children");
	TCase *tcase = tcase_create("children");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, starts_answers_and_is_shown);
	tcase_add_test(tcase, killed_is_started_again);
	tcase_add_test(tcase, last_words_of_one_that_fails);
	tcase_add_test(tcase, no_program_of_any_kind);
	tcase_add_test(tcase, missing_program_appears);
	tcase_add_test(tcase, missing_program_is_looked_for);
	tcase_add_test(tcase, waits_and_waits_again);
	tcase_add_test(tcase, nothing_wanted_nothing_active);
	tcase_add_test(tcase, kill_after_term_is_ignored);
	tcase_add_test(tcase, stopped_process_is_noticed);
	tcase_add_test(tcase, memory_ceiling);
	tcase_add_test(tcase, only_the_changed_one_is_restarted);
	tcase_add_test(tcase, environment_and_descriptors);
	tcase_add_test(tcase, flood);
	tcase_add_test(tcase, stop_is_in_reverse_order);
	suite_add_tcase(suite, tcase);
	return suite;
}
