/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/log.h"
#include "loop/children_state.h"
#include "loop/clock.h"
#include "process/proc.h"
#include "process/program.h"

#define TIMER_LEAST 0.001
#define BUSY_LOOK   0.5  /* seconds between two looks at what a child computes */
#define BUSY_SHARE  0.05 /* of a processor; many may have to share it */

static const char *text_of(const struct child *child)
{
	return child_name_text(child->name);
}

/* 0 <= x < 1, for the jitter that keeps nodes from doing the same at the same time. */
static double random_number(void)
{
	uint16_t number = 0;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) < 0) {
		number = 0x8000;
	}
	return (double)number / 65536.;
}

static void perform(struct child *child, enum service_action action);

/* --- what follows from a change of state --- */

static void schedule(struct child *child)
{
	double deadline = service_deadline(&child->service);
	double delay = deadline - clock_now();

	ev_timer_stop(child->children->loop, &child->timer);
	/* What is to be asked, and how long, is not known before the first wish. */
	if (deadline == 0 || (!child->wished && child->service.state != SERVICE_STOPPING)) {
		return;
	}
	ev_timer_set(&child->timer, delay > TIMER_LEAST ? delay : TIMER_LEAST, 0.);
	ev_timer_start(child->children->loop, &child->timer);
}

static void say_state(const struct child *child)
{
	const struct service *service = &child->service;

	switch (service->state) {
	case SERVICE_MISSING:
		log_warning("children", "%s: its program is not there", text_of(child));
		break;
	case SERVICE_WAITING:
		log_info("children", "%s waits for %s", text_of(child), child->wish.waits_for);
		break;
	case SERVICE_STARTING:
		log_info("children", "%s is started", text_of(child));
		break;
	case SERVICE_RUNNING:
		log_notice("children", "%s runs, process %d", text_of(child),
			(int)child->process.pid);
		break;
	case SERVICE_STOPPING:
		log_info("children", "%s is stopped (%s)", text_of(child),
			service_reason_name(service->reason));
		break;
	case SERVICE_BACK_OFF:
		log_info("children", "%s is started again in %.1f s", text_of(child),
			service->not_before - clock_now());
		break;
	case SERVICE_OFF:
		log_info("children", "%s is off", text_of(child));
		break;
	case SERVICE_STATES:
		break;
	}
}

static void tell(struct child *child, enum service_state before)
{
	struct children *children = child->children;
	const struct children_listener *listener = &children->listener;
	bool answers = child->service.answers;

	if (child->service.state != before) {
		child->since = time(NULL);
		if (children->opened) {
			say_state(child);
		}
	}
	schedule(child);
	if (answers && !child->recorded_answer) {
		child->recorded_answer = true;
		child_see(child);
		children_record_save(children);
	}
	if (answers != child->told_answers) {
		child->told_answers = answers;
		listener->on_change(listener->context, child->name, answers);
	}
	if (child->service.state != before && listener->on_problem != NULL && children->opened) {
		listener->on_problem(listener->context);
	}
}

/* Events may come from within what the machine asked for (a listener that knows the answer at
 * once), so the state is complete before anything is done. */
static void follow(struct child *child, enum service_action action, enum service_state before)
{
	tell(child, before);
	perform(child, action);
	if (child->children->stopping && child->service.state != before) {
		children_stop_next(child->children);
	}
}

/* Has it computed since the last look? Under a STOP, or waiting for something, it has not. */
static void look_busy(struct child *child)
{
	struct proc_stat stat;
	double now = clock_now();

	if (child->process.pidfd < 0 || now - child->cpu_at < BUSY_LOOK ||
		proc_stat_read(child->process.pid, &stat) < 0) {
		return;
	}
	if (child->cpu_at > 0 && stat.cpu - child->cpu > BUSY_SHARE * (now - child->cpu_at)) {
		(void)service_handle(&child->service, SERVICE_BUSY, now, 0);
	}
	child->cpu = stat.cpu;
	child->cpu_at = now;
}

void child_feed(struct child *child, enum service_event event)
{
	if (event == SERVICE_SILENT || event == SERVICE_TIMEOUT) {
		look_busy(child);
	}
	enum service_state before = child->service.state;
	/* Only the wait after an end has jitter. */
	bool ends = event == SERVICE_EXITED || event == SERVICE_START_FAILED;
	enum service_action action =
		service_handle(&child->service, event, clock_now(), ends ? random_number() : 0);

	follow(child, action, before);
}

static void find_program(struct child *child)
{
	char found[sizeof(child->program)];

	child->find_error =
		-program_find(text_of(child), child->wish.program, found, sizeof(found));
	if (child->find_error == 0) {
		memcpy(child->program, found, sizeof(found));
	}
}

void child_feed_levels(struct child *child)
{
	enum service_state before = child->service.state;

	find_program(child);
	enum service_action action =
		service_levels(&child->service, child->wish.wanted && !child->children->stopping,
			child->find_error == 0, child->wish.waits_for[0] == '\0', clock_now());

	follow(child, action, before);
}

/* --- what the machine wants done --- */

static void add_exit(struct child *child, struct service_exit *exit)
{
	exit->time = time(NULL);
	if (child->output.lines.last.count > 0) {
		exit->output = &child->output.lines.last;
	}
	service_exits_add(&child->exits, exit);
}

static void start(struct child *child)
{
	struct children *children = child->children;
	struct service_exit exit = {.status = -1};

	if (children->listener.before_start != NULL) {
		children->listener.before_start(children->listener.context, child->name);
	}
	if (child->service.state != SERVICE_STARTING || child->process.pidfd >= 0) {
		return;
	}
	child->cpu_at = 0;
	int result = child_start(child);
	if (result < 0) {
		log_error("children", "%s cannot be started: %s", text_of(child),
			strerrordesc_np(-result));
		service_lines_add(&child->output.lines.last, strerrordesc_np(-result));
		add_exit(child, &exit);
		child_feed(child, SERVICE_START_FAILED);
	}
}

static void ask(struct child *child)
{
	const struct children_listener *listener = &child->children->listener;

	if (child->process.pidfd < 0) {
		return;
	}
	if (child->wish.memory_max > 0 &&
		proc_memory(child->process.pid) > child->wish.memory_max) {
		log_warning("children", "%s has more than its %llu MiB of memory", text_of(child),
			(unsigned long long)child->wish.memory_max >> 20);
		child_feed(child, SERVICE_TOO_BIG);
		return;
	}
	listener->ask(listener->context, child->name);
}

static void send_signal(struct child *child, int signal)
{
	if (child->process.pidfd < 0) {
		child_feed(child, SERVICE_EXITED); /* it was not begun yet */
		return;
	}
	process_signal_group(&child->process, signal);
}

static void perform(struct child *child, enum service_action action)
{
	switch (action) {
	case SERVICE_DO_START:
		start(child);
		break;
	case SERVICE_DO_ASK:
		ask(child);
		break;
	case SERVICE_DO_TERM:
		send_signal(child, SIGTERM);
		break;
	case SERVICE_DO_KILL:
		log_warning("children", "%s does not end and is killed", text_of(child));
		send_signal(child, SIGKILL);
		break;
	case SERVICE_DO_LOOK:
		child_feed_levels(child);
		break;
	case SERVICE_DO_NOTHING:
		break;
	}
}

/* --- what happens to it --- */

static void on_end(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct child *child = watcher->data;
	struct process_end end;
	pid_t pid = child->process.pid;
	char text[96];

	(void)events;
	if (!process_has_ended(&child->process)) {
		return;
	}
	ev_io_stop(loop, watcher); /* before its descriptor is closed */
	process_reap(&child->process, &end);
	child_output_finish(child);
	struct service_exit exit = {.pid = (int)pid,
		.status = end.status,
		.signal = end.signal,
		.reason = end.known ? SERVICE_BY_ITSELF : SERVICE_GONE};
	if (child->service.state == SERVICE_STOPPING) {
		exit.reason = child->service.reason;
	}
	if (child->exec_error != 0) {
		service_lines_add(&child->output.lines.last, strerrordesc_np(child->exec_error));
	}
	add_exit(child, &exit);
	if (child->service.state != SERVICE_STOPPING) {
		service_exit_describe(&exit, text, sizeof(text));
		log_warning("children", "%s %s", text_of(child), text);
	}
	if (child->children->journal) {
		child_fetch_begin(child, (int)pid);
	}
	find_program(child);
	child->service.found = child->find_error == 0;
	if (child->children->stopping) {
		child->service.wanted = false;
	}
	child_feed(child, SERVICE_EXITED);
	if (child->process.pidfd < 0) { /* a start has saved it already */
		children_record_save(child->children);
	}
}

void child_watch(struct child *child)
{
	ev_io_stop(child->children->loop, &child->end_watcher);
	ev_io_init(&child->end_watcher, on_end, child->process.pidfd, EV_READ);
	child->end_watcher.data = child;
	ev_io_start(child->children->loop, &child->end_watcher);
}

void child_on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	child_feed(timer->data, SERVICE_TIMEOUT);
}
