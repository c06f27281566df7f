/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "process/proc.h"

#define CHILD_HOLD_FD  3
#define CHILD_FDS_FROM 10 /* above the low ones that are given out again */
#define EXIT_NO_EXEC   127

/* --- in the new process: only calls that signal-safety(7) allows --- */

static void become_default(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int number = 1; number < NSIG; number++) {
		sigaction(number, &action, NULL);
	}
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(022);
}

/* What protects meshd from the kernel's out-of-memory choice is not for its children. */
static void forget_oom_score(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		ssize_t written = write(fd, "0", 1);
		(void)written;
		close(fd);
	}
}

/* Leaves only 0, 1, 2 and the hold, which closes itself with the execve. */
static int arrange_descriptors(const struct process_options *options, int hold)
{
	int null = open("/dev/null", O_RDWR);
	int kept_null = fcntl(null, F_DUPFD, CHILD_FDS_FROM);
	int kept_hold = fcntl(hold, F_DUPFD, CHILD_FDS_FROM);
	int output =
		options->output < 0 ? kept_null : fcntl(options->output, F_DUPFD, CHILD_FDS_FROM);

	if (kept_null < 0 || kept_hold < 0 || output < 0 || dup2(kept_null, 0) < 0 ||
		dup2(output, 1) < 0 || dup2(options->separate_errors ? kept_null : output, 2) < 0 ||
		dup3(kept_hold, CHILD_HOLD_FD, O_CLOEXEC) < 0 ||
		close_range(CHILD_HOLD_FD + 1, ~0U, 0) < 0) {
		return -errno;
	}
	return 0;
}

static _Noreturn void run_child(const struct process_options *options, int hold)
{
	char go;

	setpgid(0, 0);
	int error = -arrange_descriptors(options, hold);
	if (error != 0) {
		_exit(EXIT_NO_EXEC);
	}
	become_default();
	while (read(CHILD_HOLD_FD, &go, 1) != 1) {
		if (errno != EINTR) {
			_exit(EXIT_NO_EXEC); /* meshd is gone before it knew us */
		}
	}
	forget_oom_score();
	error = chdir("/") < 0 ? errno : 0;
	if (error == 0) {
		execve(options->program, options->arguments, options->environment);
		error = errno;
	}
	ssize_t written = write(CHILD_HOLD_FD, &error, sizeof(error));
	(void)written;
	_exit(EXIT_NO_EXEC);
}

/* --- in meshd --- */

/* A signal that came between would run meshd's handlers in the child. */
static pid_t fork_quietly(const struct process_options *options, int hold)
{
	sigset_t all;
	sigset_t before;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0) {
		run_child(options, hold);
	}
	int error = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return pid;
}

int process_spawn(struct process *process, const struct process_options *options)
{
	int ends[2];
	struct process spawned = PROCESS_NONE;
	struct proc_stat stat = {0};

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
		return -errno;
	}
	spawned.pid = fork_quietly(options, ends[1]);
	int result = spawned.pid < 0 ? -errno : 0;
	spawned.hold_fd = ends[0];
	close(ends[1]);
	if (result < 0) {
		close(spawned.hold_fd);
		return result;
	}
	setpgid(spawned.pid, spawned.pid);
	spawned.pidfd = pidfd_open(spawned.pid, 0);
	result = spawned.pidfd < 0 ? -errno : proc_stat_read(spawned.pid, &stat);
	if (result < 0) {
		/* It ends by itself when the hold is closed. */
		process_close(&spawned);
		waitpid(spawned.pid, NULL, 0);
		return result;
	}
	spawned.start_time = stat.start_time;
	*process = spawned;
	return 0;
}

int process_release(struct process *process)
{
	int error = 0;
	struct pollfd ready = {.fd = process->hold_fd, .events = POLLIN};

	if (send(process->hold_fd, "", 1, MSG_NOSIGNAL) != 1) {
		error = errno;
	} else if (poll(&ready, 1, PROCESS_EXEC_WAIT) > 0 &&
		   recv(process->hold_fd, &error, sizeof(error), MSG_DONTWAIT) != sizeof(error)) {
		error = 0;
	}
	close(process->hold_fd);
	process->hold_fd = -1;
	return -error;
}

bool process_has_ended(const struct process *process)
{
	struct pollfd ready = {.fd = process->pidfd, .events = POLLIN};

	return poll(&ready, 1, 0) > 0;
}

int process_open(struct process *process, pid_t pid, uint64_t start_time)
{
	struct proc_stat stat;
	struct process opened = PROCESS_NONE;

	if (pid <= 1) {
		return -ESRCH;
	}
	/* First the pidfd, then the look: what is seen while the pidfd lives is about it. */
	opened.pidfd = pidfd_open(pid, 0);
	if (opened.pidfd < 0) {
		return -errno;
	}
	opened.pid = pid;
	opened.start_time = start_time;
	int result = proc_stat_read(pid, &stat);
	if (result == 0 && (stat.start_time != start_time || stat.group != pid)) {
		result = -ESRCH;
	}
	if (result < 0) {
		process_close(&opened);
		return result;
	}
	*process = opened;
	return 0;
}

static void sweep_foreign(const struct process *process)
{
	struct proc_stat stat;

	/* Somebody else waited for the leader, so the number may be given out anew; but not while
	 * the group has members. */
	if (proc_stat_read(process->pid, &stat) == 0 && stat.start_time != process->start_time) {
		return;
	}
	kill(-process->pid, SIGKILL);
}

int process_reap(struct process *process, struct process_end *end)
{
	siginfo_t info = {0};
	struct process_end found = {.status = -1};

	if (!process_has_ended(process)) {
		return 0;
	}
	id_t id = (id_t)process->pidfd;
	if (waitid(P_PIDFD, id, &info, WEXITED | WNOHANG | WNOWAIT) == 0) {
		kill(-process->pid, SIGKILL);
		waitid(P_PIDFD, id, &info, WEXITED | WNOHANG);
		found.known = info.si_pid != 0;
	} else {
		sweep_foreign(process);
	}
	if (found.known && info.si_code == CLD_EXITED) {
		found.status = info.si_status;
	} else if (found.known) {
		found.signal = info.si_status;
	}
	process_close(process);
	*end = found;
	return 1;
}

int process_signal(const struct process *process, int signal)
{
	if (process->pidfd < 0) {
		return -ESRCH;
	}
	return pidfd_send_signal(process->pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

int process_signal_group(const struct process *process, int signal)
{
	if (process->pidfd < 0 || process_has_ended(process)) {
		return -ESRCH;
	}
	if (kill(-process->pid, signal) < 0) {
		return -errno;
	}
	if (signal == SIGTERM) {
		kill(-process->pid, SIGCONT);
	}
	return 0;
}

void process_close(struct process *process)
{
	if (process->pidfd >= 0) {
		close(process->pidfd);
	}
	if (process->hold_fd >= 0) {
		close(process->hold_fd);
	}
	process->pidfd = -1;
	process->hold_fd = -1;
}
