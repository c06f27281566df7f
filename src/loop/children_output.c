/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Without a journal a child writes into a FIFO that it holds open itself, so that it lives on when
 * meshd does not. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "loop/children_state.h"
#include "loop/clock.h"
#include "process/output.h"

#define READ_A_TURN   16384
#define READ_AT_END   131072 /* more than a FIFO holds (64 KiB) */
#define PAUSE_SECONDS 1.0

static void identifier(const struct child *child, char *text, size_t size)
{
	snprintf(text, size, "meshd-%s", child_name_text(child->name));
}

static void emit(void *context, int level, const char *line)
{
	const struct child *child = context;
	char room[32];

	identifier(child, room, sizeof(room));
	if (level < LOG_LEVEL_ERROR) {
		level = LOG_LEVEL_ERROR;
	}
	log_line((enum log_level)level, room, "%s", line);
}

static void fifo_path(const struct child *child, char *path, size_t size)
{
	snprintf(path, size, "%s/%s.out", child->children->run_dir, child_name_text(child->name));
}

static void child_output_say(const struct child *child, const char *what, int error)
{
	log_warning("children", "%s: %s: %s", child_name_text(child->name), what,
		strerrordesc_np(-error));
}

/* Returns false at the end of the file or when it is broken. */
static bool read_some(struct child *child, size_t most)
{
	char bytes[4096];
	struct child_output *output = &child->output;

	for (size_t taken = 0; taken < most;) {
		ssize_t count = read(output->fd, bytes, sizeof(bytes));
		if (count <= 0) {
			return count < 0 && (errno == EAGAIN || errno == EINTR);
		}
		service_output_push(&output->lines, bytes, (size_t)count, clock_now());
		taken += (size_t)count;
	}
	return true;
}

static void on_output(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct child *child = watcher->data;
	struct child_output *output = &child->output;
	double now = clock_now();

	(void)events;
	if (!read_some(child, READ_A_TURN)) {
		ev_io_stop(loop, watcher); /* nobody writes any more */
	}
	service_output_flush(&output->lines, now, false);
	/* What it writes meanwhile fills the FIFO, then is lost: it does not wait for us. */
	if (ev_is_active(watcher) && service_output_is_limited(&output->lines, now)) {
		ev_io_stop(loop, watcher);
		ev_timer_set(&output->resume, PAUSE_SECONDS, 0.);
		ev_timer_start(loop, &output->resume);
	}
}

static void on_resume(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct child *child = timer->data;

	(void)events;
	service_output_flush(&child->output.lines, clock_now(), false);
	if (child->output.fd >= 0) {
		ev_io_start(loop, &child->output.watcher);
	}
}

void child_output_init(struct child *child)
{
	struct child_output *output = &child->output;

	output->fd = -1;
	service_output_init(&output->lines, emit, child, clock_now());
	ev_init(&output->watcher, on_output);
	output->watcher.data = child;
	ev_timer_init(&output->resume, on_resume, 0., 0.);
	output->resume.data = child;
}

static int open_reader(struct child *child, const char *path)
{
	child_output_close(child);
	int fd = output_open_fifo(path);
	if (fd < 0) {
		return fd;
	}
	child->output.fd = fd;
	ev_io_set(&child->output.watcher, fd, EV_READ);
	ev_io_start(child->children->loop, &child->output.watcher);
	return 0;
}

static int prepare_fifo(struct child *child)
{
	char path[256];

	fifo_path(child, path, sizeof(path));
	int fd = output_make_fifo(path);
	if (fd == 0) {
		fd = output_open_fifo_child(path);
	}
	if (fd < 0) {
		return fd;
	}
	int result = open_reader(child, path);
	if (result < 0) {
		close(fd);
		return result;
	}
	return fd;
}

int child_output_prepare(struct child *child)
{
	char name[32];

	child->output.lines.last = (struct service_lines){.count = 0};
	if (child->children->journal) {
		identifier(child, name, sizeof(name));
		int fd = output_open_journal(OUTPUT_JOURNAL, name);
		if (fd >= 0) {
			return fd;
		}
		child_output_say(child, "the journal takes no output", fd);
	}
	int fd = prepare_fifo(child);
	if (fd < 0) {
		child_output_say(child, "its output is lost", fd);
	}
	return fd;
}

void child_output_adopt(struct child *child)
{
	char path[256];

	fifo_path(child, path, sizeof(path));
	if (child->children->journal || access(path, F_OK) < 0) {
		return;
	}
	int result = open_reader(child, path);
	if (result < 0) {
		child_output_say(child, "its output is lost", result);
	}
}

void child_output_finish(struct child *child)
{
	if (child->output.fd >= 0) {
		read_some(child, READ_AT_END);
	}
	service_output_flush(&child->output.lines, clock_now(), true);
	child_output_close(child);
}

void child_output_close(struct child *child)
{
	struct child_output *output = &child->output;

	ev_io_stop(child->children->loop, &output->watcher);
	ev_timer_stop(child->children->loop, &output->resume);
	if (output->fd >= 0) {
		close(output->fd);
	}
	output->fd = -1;
}
