/* SPDX-License-Identifier: GPL-2.0-or-later */
/* With a journal a child's output does not come through meshd; its last lines are asked for after
 * its end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "loop/children_state.h"
#include "loop/clock.h"
#include "process/program.h"

#define JOURNAL_DELAY 1.0 /* until the journal has written what the child said last */
#define FETCH_SECONDS 5.0
#define READ_A_TURN   65536
#define CLOSE_WAIT    100 /* milliseconds for a killed program */

static void ignore_line(void *context, int level, const char *line)
{
	(void)context;
	(void)level;
	(void)line;
}

static void schedule(struct child *child, double delay)
{
	ev_timer_stop(child->children->loop, &child->fetch.timer);
	ev_timer_set(&child->fetch.timer, delay, 0.);
	ev_timer_start(child->children->loop, &child->fetch.timer);
}

/* Its program is told to end; on_end() waits for it. */
static void leave(struct child *child)
{
	struct child_fetch *fetch = &child->fetch;

	ev_timer_stop(child->children->loop, &fetch->timer);
	ev_io_stop(child->children->loop, &fetch->watcher);
	if (fetch->fd >= 0) {
		close(fetch->fd);
	}
	fetch->fd = -1;
	fetch->pid = 0;
	process_signal_group(&fetch->process, SIGKILL);
}

static void finish(struct child *child)
{
	struct child_fetch *fetch = &child->fetch;

	service_output_flush(&fetch->lines, clock_now(), true);
	service_exits_set_output(&child->exits, fetch->pid, &fetch->lines.last);
	leave(child);
	children_record_save(child->children);
}

static void on_lines(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct child *child = watcher->data;
	char bytes[4096];

	(void)loop;
	(void)events;
	for (size_t taken = 0; taken < READ_A_TURN;) {
		ssize_t count = read(child->fetch.fd, bytes, sizeof(bytes));
		if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
			return;
		}
		if (count <= 0) {
			finish(child);
			return;
		}
		service_output_push(&child->fetch.lines, bytes, (size_t)count, clock_now());
		taken += (size_t)count;
	}
}

static int make_arguments(const struct child *child, const char *program,
	struct child_arguments *arguments)
{
	static const char *const words[] = {"-q", "--no-pager", "-b", "-o", "cat", "-n", "5"};
	int result = child_arguments_add(arguments, "%s", program);

	for (size_t i = 0; i < ARRAY_SIZE(words) && result == 0; i++) {
		result = child_arguments_add(arguments, "%s", words[i]);
	}
	result = result < 0 ? result
			    : child_arguments_add(arguments, "--identifier=meshd-%s",
				      child_name_text(child->name));
	return result < 0 ? result : child_arguments_add(arguments, "_PID=%d", child->fetch.pid);
}

static int spawn(struct child *child, int output)
{
	char program[256];
	char path[] = PROGRAM_PATH;
	char *environment[] = {path, NULL};
	CLEANUP(child_arguments_free) struct child_arguments arguments = {0};

	int result = program_find("journalctl", "", program, sizeof(program));
	result = result < 0 ? result : make_arguments(child, program, &arguments);
	if (result < 0) {
		return result;
	}
	struct process_options options = {.program = program,
		.arguments = arguments.words,
		.environment = environment,
		.output = output,
		.separate_errors = true};
	result = process_spawn(&child->fetch.process, &options);
	if (result == 0) {
		process_release(&child->fetch.process); /* its end is seen in any case */
	}
	return result;
}

static int start_program(struct child *child)
{
	struct child_fetch *fetch = &child->fetch;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0) {
		return -errno;
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	int result = spawn(child, ends[1]);
	close(ends[1]);
	if (result < 0) {
		close(ends[0]);
		return result;
	}
	fetch->fd = ends[0];
	ev_io_set(&fetch->watcher, fetch->fd, EV_READ);
	ev_io_start(child->children->loop, &fetch->watcher);
	ev_io_set(&fetch->end_watcher, fetch->process.pidfd, EV_READ);
	ev_io_start(child->children->loop, &fetch->end_watcher);
	return 0;
}

static void on_end(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct child *child = watcher->data;
	struct process_end end;

	(void)events;
	ev_io_stop(loop, watcher);
	process_reap(&child->fetch.process, &end);
	if (child->fetch.fd < 0 && child->fetch.pid != 0) {
		schedule(child, JOURNAL_DELAY); /* the next one was waiting */
	}
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct child *child = timer->data;
	struct child_fetch *fetch = &child->fetch;

	(void)loop;
	(void)events;
	if (fetch->fd >= 0) {
		finish(child); /* it takes too long */
		return;
	}
	if (fetch->process.pidfd >= 0) {
		return; /* the one before is ending */
	}
	if (start_program(child) < 0) {
		fetch->pid = 0;
		return;
	}
	schedule(child, FETCH_SECONDS);
}

void child_fetch_init(struct child *child)
{
	struct child_fetch *fetch = &child->fetch;

	fetch->process = PROCESS_NONE;
	fetch->fd = -1;
	ev_init(&fetch->watcher, on_lines);
	fetch->watcher.data = child;
	ev_init(&fetch->end_watcher, on_end);
	fetch->end_watcher.data = child;
	ev_timer_init(&fetch->timer, on_timer, 0., 0.);
	fetch->timer.data = child;
}

void child_fetch_begin(struct child *child, int pid)
{
	struct child_fetch *fetch = &child->fetch;

	leave(child);
	fetch->pid = pid;
	service_output_init(&fetch->lines, ignore_line, NULL, clock_now());
	schedule(child, JOURNAL_DELAY);
}

void child_fetch_close(struct child *child)
{
	struct process_end end;
	struct pollfd ready = {.fd = child->fetch.process.pidfd, .events = POLLIN};

	leave(child);
	ev_io_stop(child->children->loop, &child->fetch.end_watcher);
	if (ready.fd >= 0) {
		poll(&ready, 1, CLOSE_WAIT);
		process_reap(&child->fetch.process, &end);
	}
	process_close(&child->fetch.process);
}
