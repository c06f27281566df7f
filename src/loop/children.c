/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop/children.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "loop/children_state.h"
#include "loop/clock.h"
#include "process/output.h"
#include "process/proc.h"
#include "process/program.h"

/* --- life --- */

static void on_done(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct children *children = timer->data;

	(void)loop;
	(void)events;
	children->done(children->done_context); /* may close */
}

static void init_child(struct children *children, enum child_name name)
{
	struct child *child = &children->items[name];

	child->children = children;
	child->name = name;
	child->process = PROCESS_NONE;
	child->find_error = ENOENT;
	child->since = time(NULL);
	ev_init(&child->timer, child_on_timer);
	child->timer.data = child;
	child_output_init(child);
	child_fetch_init(child);
}

int children_open(struct children **out, struct ev_loop *loop, const char *run_dir,
	const struct children_listener *listener, struct err *err)
{
	struct children *children = calloc(1, sizeof(*children));

	if (children == NULL) {
		return -ENOMEM;
	}
	if (!text_copy(children->run_dir, sizeof(children->run_dir), run_dir)) {
		err_set(err, "%s: the path is too long", run_dir);
		free(children);
		return -ENAMETOOLONG;
	}
	if (mkdir(run_dir, 0755) < 0 && errno != EEXIST) {
		int error = errno;
		err_set(err, "cannot make %s: %s", run_dir, strerrordesc_np(error));
		free(children);
		return -error;
	}
	children->loop = loop;
	children->listener = *listener;
	children->journal = output_is_journal();
	proc_boot_id(children->boot_id, sizeof(children->boot_id));
	ev_timer_init(&children->done_timer, on_done, 0., 0.);
	children->done_timer.data = children;
	signal(SIGCHLD, SIG_DFL);
	for (enum child_name name = 0; name < CHILDREN; name++) {
		init_child(children, name);
	}
	children_record_load(children);
	children->opened = true;
	*out = children;
	return 0;
}

static void drop_wish(struct child *child)
{
	child_arguments_free(&child->wish.arguments);
	for (size_t i = 0; i < ARRAY_SIZE(child->environment); i++) {
		free(child->environment[i]);
		child->environment[i] = NULL;
	}
	child->wish = (struct child_wish){0};
}

static void close_child(struct child *child)
{
	ev_timer_stop(child->children->loop, &child->timer);
	ev_io_stop(child->children->loop, &child->end_watcher);
	child_output_close(child);
	child_fetch_close(child);
	process_close(&child->process);
	drop_wish(child);
	child_start_free(&child->start);
	service_exits_free(&child->exits);
}

void children_end_fetches(struct children *children)
{
	for (enum child_name name = 0; name < CHILDREN; name++) {
		child_fetch_close(&children->items[name]);
	}
}

void children_close(struct children *children)
{
	if (children == NULL) {
		return;
	}
	ev_timer_stop(children->loop, &children->done_timer);
	for (enum child_name name = 0; name < CHILDREN; name++) {
		close_child(&children->items[name]);
	}
	free(children);
}

/* --- wishes --- */

/* The words of the environment are copied: they need not live on. */
static void take_wish(struct child *child, struct child_wish *wish)
{
	struct child_wish taken = *wish;

	memset(taken.environment, 0, sizeof(taken.environment));
	wish->arguments = (struct child_arguments){0};
	drop_wish(child);
	child->environment[0] = strdup(PROGRAM_PATH);
	for (size_t i = 0; i + 2 < ARRAY_SIZE(child->environment); i++) {
		if (wish->environment[i] == NULL) {
			break;
		}
		child->environment[i + 1] = strdup(wish->environment[i]);
		taken.environment[i] = child->environment[i + 1];
	}
	child->wish = taken;
}

static bool arguments_differ(const struct child_arguments *a, const struct child_arguments *b)
{
	if (a->count != b->count) {
		return true;
	}
	for (size_t i = 1; i < a->count; i++) {
		if (strcmp(a->words[i], b->words[i]) != 0) {
			return true;
		}
	}
	return false;
}

/* Is the process, or what failed last, other than what is wanted now? */
static bool start_differs(const struct child *child)
{
	const struct child_arguments *started = &child->start.arguments;

	if (started->count == 0) {
		return false;
	}
	return arguments_differ(started, &child->wish.arguments) ||
	       child->start.environment != child_environment_hash(&child->wish) ||
	       (child->find_error == 0 && strcmp(started->words[0], child->program) != 0);
}

void children_wish(struct children *children, enum child_name name, struct child_wish *wish)
{
	struct child *child = &children->items[name];
	bool first = !child->wished;

	if (children->stopping) {
		child_arguments_free(&wish->arguments);
		return;
	}
	take_wish(child, wish);
	child->wished = true;
	child->service.start_seconds = child->wish.start_seconds;
	if (first && child->service.state == SERVICE_STARTING && child->wish.start_seconds > 0) {
		child->service.start_by = clock_now() + child->wish.start_seconds;
	}
	child_feed_levels(child);
	if (child->wish.wanted && start_differs(child)) {
		child_feed(child, SERVICE_CHANGED);
	}
}

void children_on_answer(struct children *children, enum child_name name, bool works)
{
	child_feed(&children->items[name], works ? SERVICE_ANSWERED : SERVICE_SILENT);
}

bool children_answers(const struct children *children, enum child_name name)
{
	const struct service *service = &children->items[name].service;

	return service->state == SERVICE_RUNNING && service->answers;
}

int children_restart(struct children *children, enum child_name name)
{
	struct child *child = &children->items[name];

	if (!child->wished || !child->wish.wanted || children->stopping) {
		return -ENOENT;
	}
	child_feed(child, SERVICE_RESTART);
	return 0;
}

int children_signal(struct children *children, enum child_name name, int signal)
{
	return process_signal(&children->items[name].process, signal);
}

/* --- the end --- */

void children_stop_next(struct children *children)
{
	struct child *last = NULL;

	for (enum child_name name = 0; name < CHILDREN; name++) {
		struct child *child = &children->items[name];
		if (service_has_process(child->service.state)) {
			last = child;
		} else if (child->service.state != SERVICE_OFF) {
			child_feed_levels(child);
		}
	}
	if (last == NULL) {
		ev_timer_start(children->loop, &children->done_timer);
	} else if (last->service.state != SERVICE_STOPPING) {
		child_feed_levels(last);
	}
}

void children_stop(struct children *children, void (*done)(void *context), void *context)
{
	children->stopping = true;
	children->done = done;
	children->done_context = context;
	children_stop_next(children);
}
