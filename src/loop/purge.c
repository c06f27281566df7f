/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "core/desired.h"
#include "core/diff.h"
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
