/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

#define OUTPUT_SIZE 4096
#define KILL_WAIT   100 /* milliseconds for a killed program */
#define ADDED_WORDS 3   /* --check --handover FORM */
#define TAKES_OVER  "takes over "

struct probe {
	struct probe_request request;
	pid_t pid;
	int pidfd;
	int output; /* its standard output and error */
	ev_io end;
	ev_timer limit;
	bool late;
	char text[OUTPUT_SIZE];
};

/* --- the end --- */

/* One that was late has to die first, or it would stay a zombie. */
static void probe_reap(struct probe *probe)
{
	struct pollfd ended = {.fd = probe->pidfd, .events = POLLIN};

	if (probe->pid > 0) {
		kill(-probe->pid, SIGKILL);
		poll(&ended, 1, KILL_WAIT);
		waitpid(probe->pid, NULL, WNOHANG);
	}
	probe->pid = 0;
}

/* What it said; more than fits is of no interest. */
static void read_output(struct probe *probe)
{
	size_t length = 0;
	ssize_t count = 1;

	while (count > 0 && length < sizeof(probe->text) - 1) {
		count = read(probe->output, probe->text + length, sizeof(probe->text) - 1 - length);
		length += count > 0 ? (size_t)count : 0;
	}
	probe->text[length] = '\0';
}

static bool takes_over(const char *line, int form)
{
	const char *said = strstr(line, TAKES_OVER);

	return said != NULL && strtol(said + strlen(TAKES_OVER), NULL, 10) == form;
}

/* Cuts the output into lines. True when one of them says that it takes over. */
static bool read_lines(struct probe *probe, struct probe_result *result)
{
	char *rest = probe->text;
	bool works = false;

	for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
		works = works || takes_over(line, probe->request.form);
		if (line[0] != '\0' && result->line_count < PROBE_LINES_MAX) {
			result->lines[result->line_count++] = line;
		}
	}
	return works;
}

/* The exit status is not asked for: what a program says that would start is said last. */
static void judge(struct probe *probe, struct probe_result *result)
{
	const char *program = probe->request.program;

	result->works = read_lines(probe, result) && !probe->late;
	if (probe->late) {
		snprintf(result->text, sizeof(result->text),
			"%.160s did not say within %g s whether it "
			"would start",
			program, PROBE_SECONDS);
	} else if (!result->works) {
		snprintf(result->text, sizeof(result->text),
			"%.160s would not start in place of this meshd%s", program,
			result->line_count > 0 ? "" : ", and does not say why");
	}
}

/* done() may not come back. */
static void finish(struct probe *probe)
{
	struct probe_result result = {0};

	ev_io_stop(probe->request.loop, &probe->end);
	ev_timer_stop(probe->request.loop, &probe->limit);
	probe_reap(probe);
	read_output(probe);
	judge(probe, &result);
	probe->request.done(probe->request.context, &result);
}

static void on_end(struct ev_loop *loop, ev_io *watcher, int events)
{
	(void)loop;
	(void)events;
	finish(watcher->data);
}

static void on_limit(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct probe *probe = timer->data;

	(void)loop;
	(void)events;
	probe->late = true;
	finish(probe);
}

/* --- life --- */

static void cleanup_actions(posix_spawn_file_actions_t **actions)
{
	posix_spawn_file_actions_destroy(*actions);
}

static void cleanup_attributes(posix_spawnattr_t **attributes)
{
	posix_spawnattr_destroy(*attributes);
}

/* Its own process group, default signals, nothing open but the pipe; in our directory, since its
 * arguments may name paths from there. Returns an errno. */
static int spawn(struct probe *probe, char **words, int output)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	sigset_t ignored;

	sigemptyset(&none);
	sigemptyset(&ignored);
	sigaddset(&ignored, SIGPIPE);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	CLEANUP(cleanup_actions) posix_spawn_file_actions_t *made = &actions;
	CLEANUP(cleanup_attributes) posix_spawnattr_t *set = &attributes;
	posix_spawn_file_actions_addopen(made, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(made, output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(made, output, STDERR_FILENO);
	posix_spawnattr_setflags(set,
		POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(set, &none);
	posix_spawnattr_setsigdefault(set, &ignored);
	return posix_spawn(&probe->pid, probe->request.program, made, set, words, environ);
}

/* argv[0] --check --handover FORM argv[1] ... */
static int run(struct probe *probe, int output)
{
	char check[] = "--check";
	char handover[] = "--handover";
	char form[16];
	size_t count = 0;

	while (probe->request.arguments[count] != NULL) {
		count++;
	}
	CLEANUP(cleanup_free)
	char **words = calloc(count + ADDED_WORDS + 2, sizeof(*words));
	if (words == NULL) {
		return -ENOMEM;
	}
	snprintf(form, sizeof(form), "%d", probe->request.form);
	words[0] = count > 0 ? probe->request.arguments[0] : check;
	words[1] = check;
	words[2] = handover;
	words[3] = form;
	for (size_t i = 1; i < count; i++) {
		words[ADDED_WORDS + i] = probe->request.arguments[i];
	}
	int error = spawn(probe, words, output);
	if (error != 0) {
		probe->pid = 0;
		return -error;
	}
	probe->pidfd = pidfd_open(probe->pid, 0);
	return probe->pidfd < 0 ? -errno : 0;
}

static void watch(struct probe *probe)
{
	ev_io_init(&probe->end, on_end, probe->pidfd, EV_READ);
	probe->end.data = probe;
	ev_io_start(probe->request.loop, &probe->end);
	ev_timer_init(&probe->limit, on_limit, PROBE_SECONDS, 0.);
	probe->limit.data = probe;
	ev_timer_start(probe->request.loop, &probe->limit);
}

int probe_start(struct probe **probe, const struct probe_request *request, struct err *err)
{
	int ends[2] = {-1, -1};
	struct probe *made = calloc(1, sizeof(*made));

	if (made == NULL) {
		err_set(err, "no memory");
		return -ENOMEM;
	}
	made->request = *request;
	made->pidfd = -1;
	/* A program that says more than the pipe holds waits, and is late. */
	int result = pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0;
	made->output = ends[0];
	if (result == 0) {
		fcntl(ends[0], F_SETFL, O_NONBLOCK);
		result = run(made, ends[1]);
	}
	cleanup_close(&ends[1]);
	if (result < 0) {
		err_set(err, "cannot run %s: %s", request->program, strerrordesc_np(-result));
		probe_stop(made);
		return result;
	}
	watch(made);
	*probe = made;
	return 0;
}

void probe_stop(struct probe *probe)
{
	if (probe == NULL) {
		return;
	}
	ev_io_stop(probe->request.loop, &probe->end);
	ev_timer_stop(probe->request.loop, &probe->limit);
	probe_reap(probe);
	cleanup_close(&probe->pidfd);
	cleanup_close(&probe->output);
	free(probe);
}
