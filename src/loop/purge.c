/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include <ev.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "core/desired.h"
#include "core/diff.h"
#include "loop/children.h"
#include "loop/reconcile.h"
#include "loop/report.h"

int reconcile_purge(struct kernel *kernel, struct err *err)
{
	CLEANUP(state_free) struct state observed = {0};
	CLEANUP(state_free) struct state desired = {0};
	CLEANUP(plan_free) struct plan plan = {0};
	struct observe_scope scope = {0};
	int failed = 0;

	int result = kernel_observe(kernel, &scope, &observed, err);
	if (result < 0) {
		return result;
	}
	result = desired_nothing(&observed, &desired);
	if (result == 0) {
		result = diff_plan(&desired, &observed, 0, &plan);
	}
	if (result == 0) {
		result = kernel_apply(kernel, &plan, &observed);
	}
	if (result < 0) {
		err_set(err, "%s", strerrordesc_np(-result));
		return result;
	}
	report_ops(&plan);
	plan_foreach (op, &plan) {
		if (op->error != 0) {
			char object[OBJECT_TEXT_SIZE];
			object_format_key(op->type, op_object(op), object);
			log_error("purge", "%s %s: %s", object_classes[op->type].name, object,
				strerrordesc_np(-op->error));
			failed++;
		}
	}
	return failed;
}

static void ask_nothing(void *context, enum child_name name)
{
	(void)context;
	(void)name;
}

static void note_change(void *context, enum child_name name, bool answers)
{
	(void)context;
	(void)name;
	(void)answers;
}

static void end_loop(void *context)
{
	ev_break(context, EVBREAK_ALL);
}

int children_purge(const char *run_dir, struct err *err)
{
	struct children_listener listener = {.ask = ask_nothing, .on_change = note_change};
	struct children *children = NULL;
	struct ev_loop *loop = ev_default_loop(EVFLAG_NOENV);

	if (loop == NULL) {
		err_set(err, "cannot make an event loop");
		return -EIO;
	}
	int result = children_open(&children, loop, run_dir, &listener, err);
	if (result == 0) {
		children_stop(children, end_loop, loop);
		ev_run(loop, 0);
		children_close(children);
	}
	ev_loop_destroy(loop);
	return result;
}
