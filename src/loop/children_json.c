/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/json_text.h"
#include "loop/children_state.h"
#include "loop/clock.h"
#include "process/proc.h"

#define FAILURES_TO_TELL 2 /* one crash alone is mended before anybody has read of it */

static json_t *optional_seconds(bool there, double seconds)
{
	return there ? json_real(seconds > 0 ? seconds : 0) : json_null();
}

static json_t *next_try(const struct child *child)
{
	bool waits =
		child->service.state == SERVICE_BACK_OFF || child->service.state == SERVICE_MISSING;

	return optional_seconds(waits, service_deadline(&child->service) - clock_now());
}

/* Those of the process, or those it will get. */
static json_t *arguments_of(const struct child *child)
{
	bool runs = child->process.pidfd >= 0;
	const struct child_arguments *arguments =
		runs ? &child->start.arguments : &child->wish.arguments;
	json_t *array = json_array();

	for (size_t i = 0; i < arguments->count; i++) {
		bool replaced = i == 0 && !runs && child->find_error == 0;
		json_array_append_new(array,
			json_text(replaced ? child->program : arguments->words[i]));
	}
	return array;
}

static json_t *program_of(const struct child *child)
{
	if (child->process.pidfd >= 0) {
		return json_text(child->start.arguments.words[0]);
	}
	return child->wished && child->find_error == 0 ? json_text(child->program) : json_null();
}

static json_t *waiting_for(const struct child *child)
{
	if (child->service.state != SERVICE_WAITING) {
		return json_null();
	}
	return json_text(child->wished ? child->wish.waits_for : "the configuration");
}

static json_t *process_part(const struct child *child)
{
	bool runs = child->process.pidfd >= 0;
	uint64_t memory = runs ? proc_memory(child->process.pid) : 0;

	return json_pack("{s:o, s:o, s:b, s:o}", "pid",
		runs ? json_integer(child->process.pid) : json_null(), "uptime",
		optional_seconds(runs, runs ? proc_uptime(child->process.start_time) : 0),
		"adopted", runs && child->adopted, "memory",
		runs ? json_integer((json_int_t)memory) : json_null());
}

static json_t *child_to_json(const struct child *child)
{
	const struct service *service = &child->service;
	json_t *json = json_pack("{s:s, s:s, s:b, s:b, s:I, s:i, s:I, s:o, s:o, s:o, s:o, s:o}",
		"name", child_name_text(child->name), "state", service_state_name(service->state),
		"wanted", service->wanted, "answers", service->answers, "since",
		(json_int_t)child->since, "restarts", (int)service->restarts, "memory_max",
		(json_int_t)child->wish.memory_max, "waiting_for", waiting_for(child), "next_try",
		next_try(child), "program", program_of(child), "arguments", arguments_of(child),
		"exits", service_exits_to_json(&child->exits));
	json_t *process = process_part(child);

	json_object_update(json, process);
	json_decref(process);
	return json;
}

json_t *children_to_json(const struct children *children)
{
	json_t *array = json_array();

	for (enum child_name name = 0; name < CHILDREN; name++) {
		json_array_append_new(array, child_to_json(&children->items[name]));
	}
	return array;
}

/* --- problems --- */

#define BMX7_HINT                                                                                  \
	"Debian has no package of it: build it from https://github.com/bmx-routing/bmx7, or give " \
	"its path in the configuration"

static const char *const install_hints[CHILDREN] = {
	[CHILD_BABELD] = "apt install babeld",
	[CHILD_BMX7] = BMX7_HINT,
	[CHILD_ALFRED] = "apt install alfred",
	[CHILD_DNSMASQ] = "apt install dnsmasq-base",
};

static int add_missing(const struct child *child, struct problem_list *problems)
{
	const char *name = child_name_text(child->name);
	const char *path = child->wish.program;

	if (child->find_error == EACCES) {
		return problem_add(problems, PROBLEM_PROGRAM_MISSING, name,
			"its file must be executable (chmod +x)", "%s cannot be executed",
			path[0] != '\0' ? path : name);
	}
	if (path[0] != '\0') {
		return problem_add(problems, PROBLEM_PROGRAM_MISSING, name,
			install_hints[child->name], "%s is not installed: there is no %s", name,
			path);
	}
	return problem_add(problems, PROBLEM_PROGRAM_MISSING, name, install_hints[child->name],
		"%s is not installed", name);
}

static int add_failing(const struct child *child, struct problem_list *problems)
{
	char text[96] = "fails";
	unsigned int failures = service_failures(&child->service, clock_now());
	const struct service_exits *exits = &child->exits;
	const struct service_exit *last = exits->count > 0 ? &exits->items[exits->count - 1] : NULL;
	bool told_by_reason =
		last != NULL && (last->reason == SERVICE_HUNG || last->reason == SERVICE_MEMORY);

	if (failures == 0 || (failures < FAILURES_TO_TELL && !told_by_reason)) {
		return 0;
	}
	if (last != NULL) {
		service_exit_describe(last, text, sizeof(text));
	}
	const char *hint = last != NULL && last->reason == SERVICE_MEMORY
				   ? "if it needs so much, raise its ceiling in the configuration"
				   : "meshctl children shows what it said last";
	return problem_add(problems, PROBLEM_CHILD_FAILS, child_name_text(child->name), hint,
		"%s is started again and again: it %s", child_name_text(child->name), text);
}

int children_problems(const struct children *children, struct problem_list *problems)
{
	int result = 0;

	for (enum child_name name = 0; name < CHILDREN && result == 0; name++) {
		const struct child *child = &children->items[name];
		/* One that runs still would not come back. */
		bool lost = child->wished && child->service.wanted && child->find_error != 0;
		if (lost || child->service.state == SERVICE_MISSING) {
			result = add_missing(child, problems);
		} else if (child->service.wanted) {
			result = add_failing(child, problems);
		}
	}
	return result;
}
