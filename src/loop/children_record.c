/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RUN_DIR/children.json: which processes are ours, for a meshd that comes after this one. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "core/json_text.h"
#include "loop/children_state.h"
#include "loop/store.h"
#include "process/proc.h"

/* --- writing --- */

/* Bytes of arguments need not be UTF-8; those that are not are never adopted. */
static json_t *arguments_to_json(const struct child_arguments *arguments)
{
	json_t *array = json_array();

	for (size_t i = 0; i < arguments->count; i++) {
		json_array_append_new(array, json_text(arguments->words[i]));
	}
	return array;
}

static json_t *process_to_json(const struct child *child)
{
	char hash[24];

	snprintf(hash, sizeof(hash), "%016" PRIx64, child->start.environment);
	return json_pack("{s:i, s:I, s:o, s:o, s:o, s:s, s:b}", "pid", (int)child->process.pid,
		"start_time", (json_int_t)child->process.start_time, "program",
		json_text(child->start.program), "arguments",
		arguments_to_json(&child->start.arguments), "seen",
		arguments_to_json(&child->start.seen), "environment", hash, "answered",
		child->recorded_answer);
}

static json_t *record_to_json(const struct children *children)
{
	json_t *all = json_object();

	for (enum child_name name = 0; name < CHILDREN; name++) {
		const struct child *child = &children->items[name];
		json_t *one = json_pack("{s:I, s:i, s:o}", "since", (json_int_t)child->since,
			"restarts", (int)child->service.restarts, "exits",
			service_exits_to_json(&child->exits));
		if (child->process.pidfd >= 0) {
			json_object_set_new(one, "process", process_to_json(child));
		}
		json_object_set_new(all, child_name_text(name), one);
	}
	return json_pack("{s:s, s:o}", "boot", children->boot_id, "children", all);
}

static void record_path(const struct children *children, char *path, size_t size)
{
	snprintf(path, size, "%s/children.json", children->run_dir);
}

void children_record_save(struct children *children)
{
	char path[256];
	CLEANUP(cleanup_json) json_t *json = record_to_json(children);

	record_path(children, path, sizeof(path));
	int result = json == NULL ? -ENOMEM : store_write(path, json);
	if (result < 0 && !children->record_failed) {
		log_warning("children", "%s cannot be written: %s", path, strerrordesc_np(-result));
	}
	children->record_failed = result < 0;
}

/* --- reading --- */

static int arguments_from_json(const json_t *json, struct child_arguments *arguments)
{
	CLEANUP(child_arguments_free) struct child_arguments read = {0};

	for (size_t i = 0; i < json_array_size(json); i++) {
		const char *word = json_string_value(json_array_get(json, i));
		int result = word == NULL ? -EINVAL : child_arguments_add(&read, "%s", word);
		if (result < 0) {
			return result;
		}
	}
	if (read.count == 0) {
		return -EINVAL;
	}
	*arguments = read;
	read = (struct child_arguments){0};
	return 0;
}

struct recorded {
	int pid;
	json_int_t start_time;
	int answered;
	struct child_start start;
};

static void recorded_free(struct recorded *recorded)
{
	child_start_free(&recorded->start);
}

static int recorded_read(json_t *json, struct recorded *recorded)
{
	const char *program = NULL;
	const char *hash = NULL;
	json_t *arguments = NULL;
	json_t *seen = NULL;

	if (json_unpack(json, "{s:i, s:I, s:s, s:o, s:o, s:s, s:b}", "pid", &recorded->pid,
		    "start_time", &recorded->start_time, "program", &program, "arguments",
		    &arguments, "seen", &seen, "environment", &hash, "answered",
		    &recorded->answered) < 0 ||
		!text_copy(recorded->start.program, sizeof(recorded->start.program), program)) {
		return -EINVAL;
	}
	recorded->start.environment = strtoull(hash, NULL, 16);
	int result = arguments_from_json(arguments, &recorded->start.arguments);
	return result < 0 ? result : arguments_from_json(seen, &recorded->start.seen);
}

/* Is the process that the pidfd holds what was recorded? What /proc says counts only when the
 * process still lives afterwards. */
static bool process_matches(const struct process *process, const struct child_start *start)
{
	char program[sizeof(start->program)];
	CLEANUP(child_arguments_free) struct child_arguments seen = {0};

	return proc_program(process->pid, program, sizeof(program)) == 0 &&
	       proc_arguments(process->pid, &seen) == 0 && strcmp(program, start->program) == 0 &&
	       child_arguments_equal(&seen, &start->seen) && !process_has_ended(process);
}

/* It ended while no meshd looked; where it is still our own child (this program took the place of
 * the earlier one) the kernel kept its status. */
static void add_gone(struct child *child, int pid, const struct process_end *end)
{
	struct service_exit exit = {.time = time(NULL),
		.pid = pid,
		.status = end->status,
		.signal = end->signal,
		.reason = end->known ? SERVICE_BY_ITSELF : SERVICE_GONE};

	service_exits_add(&child->exits, &exit);
	log_notice("children", "%s, process %d, ended meanwhile", child_name_text(child->name),
		pid);
}

static void adopt(struct child *child, struct recorded *recorded)
{
	CLEANUP(process_close) struct process process = PROCESS_NONE;
	struct process_end end = {.status = -1};
	const char *name = child_name_text(child->name);
	int64_t since = child->since;

	if (process_open(&process, recorded->pid, (uint64_t)recorded->start_time) < 0) {
		add_gone(child, recorded->pid, &end);
		return;
	}
	if (process_has_ended(&process)) {
		process_reap(&process, &end);
		add_gone(child, recorded->pid, &end);
		return;
	}
	/* Before its first answer it may look like anything; its number and start time are ours. */
	if (recorded->answered && !process_matches(&process, &recorded->start)) {
		log_warning("children",
			"process %d is not the %s that was recorded and is left alone",
			recorded->pid, name);
		return;
	}
	child->process = process;
	process = PROCESS_NONE;
	child->start = recorded->start;
	recorded->start = (struct child_start){0};
	child->adopted = true;
	child->recorded_answer = recorded->answered != 0;
	child_output_adopt(child);
	child_watch(child);
	child_feed(child, recorded->answered ? SERVICE_ADOPTED : SERVICE_ADOPTED_YOUNG);
	child->since = since;
	log_notice("children", "%s, process %d, is adopted", name, recorded->pid);
}

static int load_child(struct child *child, json_t *json, bool same_boot)
{
	json_int_t since = 0;
	int restarts = 0;
	json_t *exits = NULL;
	json_t *process = NULL;
	CLEANUP(recorded_free) struct recorded recorded = {0};

	if (json_unpack(json, "{s:I, s:i, s:o, s?o}", "since", &since, "restarts", &restarts,
		    "exits", &exits, "process", &process) < 0 ||
		restarts < 0) {
		return -EINVAL;
	}
	service_exits_from_json(&child->exits, exits);
	child->service.restarts = (unsigned int)restarts;
	if (process == NULL || !same_boot) {
		return 0;
	}
	int result = recorded_read(process, &recorded);
	if (result == 0) {
		child->since = since;
		adopt(child, &recorded);
	}
	return result;
}

void children_record_load(struct children *children)
{
	char path[256];
	json_error_t error;
	const char *boot = NULL;
	json_t *all = NULL;
	int bad = 0;

	record_path(children, path, sizeof(path));
	if (access(path, F_OK) < 0) {
		return;
	}
	CLEANUP(cleanup_json) json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL || json_unpack(json, "{s:s, s:o}", "boot", &boot, "children", &all) < 0) {
		log_warning("children", "%s is no record of children and is ignored", path);
		return;
	}
	for (enum child_name name = 0; name < CHILDREN; name++) {
		json_t *one = json_object_get(all, child_name_text(name));
		if (one != NULL && load_child(&children->items[name], one,
					   strcmp(boot, children->boot_id) == 0) < 0) {
			bad++;
		}
	}
	if (bad > 0) {
		log_warning("children", "%s: %d children are recorded wrongly and are ignored",
			path, bad);
	}
}
