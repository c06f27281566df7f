/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/output.h"
#include "process/proc.h"
#include "process/process.h"
#include "process/program.h"
#include "unit/check_main.h"

#define WAIT_MAX 10000 /* milliseconds, far more than anything takes */

static char directory[64];
static struct process process = PROCESS_NONE;
static char path_variable[] = PROGRAM_PATH;
static char own_variable[] = "GREETING=hello world";

static void setup(void)
{
	strcpy(directory, "/tmp/check_process.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	process = PROCESS_NONE;
}

static void teardown(void)
{
	char command[128];

	process_signal_group(&process, SIGKILL);
	process_close(&process);
	snprintf(command, sizeof(command), "rm -r %s", directory);
	ck_assert_int_eq(system(command), 0);
}

/* Runs a shell script; output goes to a pipe whose reading end is returned. */
static int spawn_script(const char *script)
{
	static char shell[] = "/bin/sh";
	static char option[] = "-c";
	static char text[512];
	char *arguments[] = {shell, option, text, NULL};
	char *environment[] = {path_variable, own_variable, NULL};
	int ends[2];

	snprintf(text, sizeof(text), "%s", script);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	struct process_options options = {.program = shell,
		.arguments = arguments,
		.environment = environment,
		.output = ends[1]};
	ck_assert_int_eq(process_spawn(&process, &options), 0);
	close(ends[1]);
	return ends[0];
}

static void read_all(int fd, char *text, size_t size)
{
	size_t length = 0;
	ssize_t got;

	while ((got = read(fd, text + length, size - 1 - length)) > 0) {
		length += (size_t)got;
	}
	text[length] = '\0';
	close(fd);
}

static struct process_end wait_end(void)
{
	struct process_end end = {0};
	struct pollfd ready = {.fd = process.pidfd, .events = POLLIN};

	ck_assert_int_eq(poll(&ready, 1, WAIT_MAX), 1);
	ck_assert_int_eq(process_reap(&process, &end), 1);
	ck_assert_int_eq(process.pidfd, -1);
	return end;
}

START_TEST(surroundings_are_clean)
{
	char text[4096];
	sigset_t blocked;

	/* What a child must not see of us. */
	setenv("SECRET", "of meshd", 1);
	int leak = open("/etc/passwd", O_RDONLY);
	int leak_high = fcntl(leak, F_DUPFD, 200);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	signal(SIGUSR2, SIG_IGN);
	umask(077);

	int fd = spawn_script("env; pwd; umask; readlink /proc/self/fd/0; ls -m /proc/$$/fd; "
			      "grep -E 'SigBlk|SigIgn' /proc/self/status; ps -o "
			      "pgid= -p $$ | tr -d ' '; echo $$");
	ck_assert_int_eq(process_release(&process), 0);
	read_all(fd, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "GREETING=hello world\n"));
	ck_assert_ptr_null(strstr(text, "SECRET"));
	ck_assert_ptr_nonnull(strstr(text, "\n/\n0022\n/dev/null\n0, 1, 2\n"));
	ck_assert_ptr_nonnull(strstr(text, "SigBlk:\t0000000000000000"));
	ck_assert_ptr_nonnull(strstr(text, "SigIgn:\t0000000000001000")); /* PIPE alone */
	char pids[64];
	snprintf(pids, sizeof(pids), "\n%d\n%d\n", (int)process.pid, (int)process.pid);
	ck_assert_ptr_nonnull(strstr(text, pids));
	struct process_end end = wait_end();
	ck_assert(end.known);
	ck_assert_int_eq(end.status, 0);
	close(leak);
	close(leak_high);
}
END_TEST

START_TEST(ends_are_told)
{
	close(spawn_script("exit 7"));
	process_release(&process);
	struct process_end end = wait_end();
	ck_assert_int_eq(end.status, 7);
	ck_assert_int_eq(end.signal, 0);

	close(spawn_script("kill -SEGV $$"));
	process_release(&process);
	end = wait_end();
	ck_assert_int_eq(end.status, -1);
	ck_assert_int_eq(end.signal, SIGSEGV);
}
END_TEST

START_TEST(no_such_program)
{
	static char none[] = "/no/such/program";
	char *arguments[] = {none, NULL};
	char *environment[] = {NULL};
	struct process_options options = {.program = none,
		.arguments = arguments,
		.environment = environment,
		.output = -1};

	ck_assert_int_eq(process_spawn(&process, &options), 0);
	ck_assert_int_eq(process_release(&process), -ENOENT);
	ck_assert_int_eq(wait_end().status, 127);
}
END_TEST

/* Before its release it is no program, and it ends when we let go of it. */
START_TEST(held_until_released)
{
	char text[16];
	struct process_end end;
	int fd = spawn_script("echo ran");

	ck_assert_int_eq(process_reap(&process, &end), 0);
	close(process.hold_fd);
	process.hold_fd = -1;
	read_all(fd, text, sizeof(text));
	ck_assert_str_eq(text, "");
	wait_end();
}
END_TEST

/* The group's last member is killed although the leader has ended by itself. */
START_TEST(group_is_swept)
{
	char text[32];
	int fd = spawn_script("sleep 1000 & echo $!; exec >&-; exit 3");

	process_release(&process);
	ck_assert_int_gt(read(fd, text, sizeof(text)), 0);
	pid_t grandchild = (pid_t)strtol(text, NULL, 10);
	ck_assert_int_eq(kill(grandchild, 0), 0);
	ck_assert_int_eq(wait_end().status, 3);
	/* Its writing end closes when it ends: waits for that. */
	read_all(fd, text, sizeof(text));
	struct proc_stat stat;
	for (int i = 0; proc_stat_read(grandchild, &stat) == 0 && stat.state != 'Z'; i++) {
		ck_assert_int_lt(i, WAIT_MAX);
		usleep(1000);
	}
}
END_TEST

START_TEST(term_wakes_the_stopped)
{
	close(spawn_script("kill -STOP $$; sleep 1000"));
	process_release(&process);
	struct proc_stat stat = {0};
	for (int i = 0; i < WAIT_MAX && stat.state != 'T'; i++) {
		usleep(1000);
		ck_assert_int_eq(proc_stat_read(process.pid, &stat), 0);
	}
	ck_assert_int_eq(process_signal_group(&process, SIGTERM), 0);
	ck_assert_int_eq(wait_end().signal, SIGTERM);
	ck_assert_int_eq(process_signal_group(&process, SIGTERM), -ESRCH);
}
END_TEST

START_TEST(taken_up_by_start_time)
{
	struct process other = PROCESS_NONE;

	close(spawn_script("exec sleep 1000"));
	process_release(&process);
	ck_assert_int_eq(process_open(&other, process.pid, process.start_time + 1), -ESRCH);
	ck_assert_int_eq(process_open(&other, 1, 0), -ESRCH);
	ck_assert_int_eq(process_open(&other, process.pid, process.start_time), 0);
	process_signal_group(&other, SIGKILL);
	struct pollfd ready = {.fd = other.pidfd, .events = POLLIN};
	ck_assert_int_eq(poll(&ready, 1, WAIT_MAX), 1);
	struct process_end end;
	ck_assert_int_eq(process_reap(&other, &end), 1);
	ck_assert(end.known); /* it is our child */
	ck_assert_int_eq(end.signal, SIGKILL);
}
END_TEST

/* A process of somebody else: its end is seen, its status is not. */
START_TEST(not_our_child)
{
	char text[32];
	struct proc_stat stat;
	struct process_end end;
	struct process other = PROCESS_NONE;
	int fd = spawn_script("setsid sleep 1000 >&- & echo $!; wait");

	process_release(&process);
	ck_assert_int_gt(read(fd, text, sizeof(text)), 0);
	close(fd);
	pid_t pid = (pid_t)strtol(text, NULL, 10);
	do {
		ck_assert_int_eq(proc_stat_read(pid, &stat), 0);
	} while (stat.group != pid);
	ck_assert_int_eq(process_open(&other, pid, stat.start_time), 0);
	ck_assert_int_eq(process_reap(&other, &end), 0);
	process_signal(&other, SIGKILL);
	struct pollfd ready = {.fd = other.pidfd, .events = POLLIN};
	ck_assert_int_eq(poll(&ready, 1, WAIT_MAX), 1);
	ck_assert_int_eq(process_reap(&other, &end), 1);
	ck_assert(!end.known);
	ck_assert_int_eq(end.status, -1);
}
END_TEST

START_TEST(what_proc_says)
{
	char program[256];
	struct child_arguments arguments = {0};

	close(spawn_script("exec sleep 1000"));
	process_release(&process);
	for (int i = 0; i < WAIT_MAX; i++) {
		ck_assert_int_eq(proc_program(process.pid, program, sizeof(program)), 0);
		child_arguments_free(&arguments);
		ck_assert_int_eq(proc_arguments(process.pid, &arguments), 0);
		if (arguments.count == 2) {
			break;
		}
		usleep(1000);
	}
	ck_assert_str_eq(arguments.words[0], "sleep");
	ck_assert_str_eq(arguments.words[1], "1000");
	child_arguments_free(&arguments);
	ck_assert_ptr_nonnull(strstr(program, "sleep"));
	ck_assert_uint_gt(proc_memory(process.pid), 4096);
	ck_assert_double_lt(proc_uptime(process.start_time), 60);
	ck_assert_int_eq(proc_program(0x3fffff, program, sizeof(program)), -ESRCH);
	ck_assert_uint_eq(proc_memory(0x3fffff), 0);
}
END_TEST

START_TEST(programs)
{
	char path[256];
	char configured[128];

	ck_assert_int_eq(program_find("sh", "", path, sizeof(path)), 0);
	ck_assert_str_eq(path, "/usr/bin/sh");
	ck_assert_int_eq(program_find("no-such-program", "", path, sizeof(path)), -ENOENT);
	ck_assert_int_eq(program_find("sh", "bin/sh", path, sizeof(path)), -ENOENT);
	ck_assert_int_eq(program_find("sh", directory, path, sizeof(path)), -EACCES);
	snprintf(configured, sizeof(configured), "%s/tool", directory);
	ck_assert_int_eq(program_find("sh", configured, path, sizeof(path)), -ENOENT);
	close(open(configured, O_CREAT | O_WRONLY, 0600));
	ck_assert_int_eq(program_find("sh", configured, path, sizeof(path)), -EACCES);
	chmod(configured, 0700);
	ck_assert_int_eq(program_find("sh", configured, path, sizeof(path)), 0);
	ck_assert_str_eq(path, configured);
}
END_TEST

/* Nobody reads: the writer neither waits nor is it killed. */
START_TEST(fifo_does_not_hold_its_writer)
{
	char path[128];
	char bytes[4096] = "x";
	ssize_t written = 0;
	size_t total = 0;

	snprintf(path, sizeof(path), "%s/child.out", directory);
	close(open(path, O_CREAT | O_WRONLY, 0600)); /* no FIFO: is replaced */
	ck_assert_int_eq(output_make_fifo(path), 0);
	ck_assert_int_eq(output_make_fifo(path), 0);
	int child = output_open_fifo_child(path);
	ck_assert_int_ge(child, 0);
	while ((written = write(child, bytes, sizeof(bytes))) > 0) {
		total += (size_t)written;
	}
	ck_assert_int_eq(errno, EAGAIN);
	int reader = output_open_fifo(path);
	ck_assert_int_ge(reader, 0);
	for (size_t got = 0; got < total; got += sizeof(bytes)) {
		ck_assert_int_eq(read(reader, bytes, sizeof(bytes)), sizeof(bytes));
	}
	ck_assert_int_eq(read(reader, bytes, sizeof(bytes)), -1);
	close(child);
	ck_assert_int_eq(read(reader, bytes, sizeof(bytes)), 0);
	close(reader);
}
END_TEST

START_TEST(journal_stream)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char text[256];
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/stdout", directory);
	ck_assert_int_eq(output_open_journal(address.sun_path, "meshd-alfred"), -ENOENT);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	int fd = output_open_journal(address.sun_path, "meshd-alfred");
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(write(fd, "hello\n", 6), 6);
	close(fd);
	int journal = accept(listener, NULL, NULL);
	read_all(journal, text, sizeof(text));
	ck_assert_str_eq(text, "meshd-alfred\n\n6\n1\n0\n0\n0\nhello\n");
	close(listener);
}
END_TEST

START_TEST(journal_is_ours_only_when_stderr_is)
{
	unsetenv("JOURNAL_STREAM");
	ck_assert(!output_is_journal());
	setenv("JOURNAL_STREAM", "1:2", 1);
	ck_assert(!output_is_journal());
	setenv("JOURNAL_STREAM", "nonsense", 1);
	ck_assert(!output_is_journal());
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("process");
	TCase *tcase = tcase_create("process");

	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, surroundings_are_clean);
	tcase_add_test(tcase, ends_are_told);
	tcase_add_test(tcase, no_such_program);
	tcase_add_test(tcase, held_until_released);
	tcase_add_test(tcase, group_is_swept);
	tcase_add_test(tcase, term_wakes_the_stopped);
	tcase_add_test(tcase, taken_up_by_start_time);
	tcase_add_test(tcase, not_our_child);
	tcase_add_test(tcase, what_proc_says);
	tcase_add_test(tcase, programs);
	tcase_add_test(tcase, fifo_does_not_hold_its_writer);
	tcase_add_test(tcase, journal_stream);
	tcase_add_test(tcase, journal_is_ours_only_when_stderr_is);
	suite_add_tcase(suite, tcase);
	return suite;
}
