/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop/report.h"

#include <string.h>

#include "base/log.h"

#define LOGGED_OPS_MAX 20

void report_ops(const struct plan *plan)
{
	char object[OBJECT_TEXT_SIZE];
	size_t logged = 0;

	plan_foreach (op, plan) {
		if (op->error == 0 && logged++ < LOGGED_OPS_MAX) {
			object_format_key(op->type, op_object(op), object);
			log_info("reconcile", "%s %s %s", op_verb_name(op->verb),
				object_classes[op->type].name, object);
		}
	}
	if (logged > LOGGED_OPS_MAX) {
		log_info("reconcile", "and %zu more operations", logged - LOGGED_OPS_MAX);
	}
}

static bool is_known(const struct problem_list *list, const struct problem *problem)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].kind == problem->kind &&
			strcmp(list->items[i].object, problem->object) == 0) {
			return true;
		}
	}
	return false;
}

void report_problems(const struct problem_list *before, const struct problem_list *after)
{
	static const enum log_level levels[] = {[PROBLEM_NOTE] = LOG_LEVEL_INFO,
		[PROBLEM_WARNING] = LOG_LEVEL_WARNING,
		[PROBLEM_ERROR] = LOG_LEVEL_ERROR};

	for (size_t i = 0; i < after->count; i++) {
		const struct problem *problem = &after->items[i];
		if (!is_known(before, problem)) {
			log_line(levels[problem_severity(problem->kind)], "reconcile", "%s%s%s",
				problem->text, problem->hint[0] != '\0' ? ": " : "", problem->hint);
		}
	}
	for (size_t i = 0; i < before->count; i++) {
		if (!is_known(after, &before->items[i])) {
			log_info("reconcile", "no longer: %s", before->items[i].text);
		}
	}
}
