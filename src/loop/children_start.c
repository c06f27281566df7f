/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "loop/children_state.h"
#include "process/proc.h"
#include "process/program.h"

#define FNV_BASIS 0xcbf29ce484222325ULL
#define FNV_PRIME 0x100000001b3ULL

/* FNV-1a; only compared with what we wrote ourselves. */
uint64_t child_environment_hash(const struct child_wish *wish)
{
	uint64_t hash = FNV_BASIS;

	for (size_t i = 0; i < ARRAY_SIZE(wish->environment) && wish->environment[i] != NULL; i++) {
		const char *text = wish->environment[i];
		/* With its NUL, so that the borders count. */
		for (size_t j = 0; j <= strlen(text); j++) {
			hash = (hash ^ (unsigned char)text[j]) * FNV_PRIME;
		}
	}
	return hash;
}

void child_start_free(struct child_start *start)
{
	child_arguments_free(&start->arguments);
	child_arguments_free(&start->seen);
	*start = (struct child_start){0};
}

static int copy_arguments(const struct child_arguments *from, const char *program,
	struct child_arguments *to)
{
	CLEANUP(child_arguments_free) struct child_arguments copy = {0};
	int result = child_arguments_add(&copy, "%s", program);

	for (size_t i = 1; i < from->count && result == 0; i++) {
		result = child_arguments_add(&copy, "%s", from->words[i]);
	}
	if (result == 0) {
		*to = copy;
		copy = (struct child_arguments){0};
	}
	return result;
}

/* What the process will look like when it runs, for the record. */
static int make_start(const struct child *child, struct child_start *start)
{
	CLEANUP(cleanup_free) char *path = realpath(child->program, NULL);
	struct child_start made = {.environment = child_environment_hash(&child->wish)};
	int result = copy_arguments(&child->wish.arguments, child->program, &made.arguments);

	if (result == 0) {
		result = copy_arguments(&made.arguments, child->program, &made.seen);
	}
	if (result < 0) {
		child_start_free(&made);
		return result;
	}
	text_copy(made.program, sizeof(made.program), path != NULL ? path : child->program);
	*start = made;
	return 0;
}

void child_see(struct child *child)
{
	struct child_start *start = &child->start;
	char program[sizeof(start->program)];
	CLEANUP(child_arguments_free) struct child_arguments seen = {0};

	if (proc_program(child->process.pid, program, sizeof(program)) < 0 ||
		proc_arguments(child->process.pid, &seen) < 0 || seen.count == 0) {
		return;
	}
	text_copy(start->program, sizeof(start->program), program);
	child_arguments_free(&start->seen);
	start->seen = seen;
	seen = (struct child_arguments){0};
}

static int spawn(struct child *child, int output)
{
	struct process_options options = {.program = child->program,
		.arguments = child->start.arguments.words,
		.environment = child->environment,
		.output = output};

	return process_spawn(&child->process, &options);
}

int child_start(struct child *child)
{
	struct child_start start;
	int result = make_start(child, &start);

	if (result < 0) {
		return result;
	}
	child_start_free(&child->start);
	child->start = start;
	child->exec_error = 0;
	child->adopted = false;
	child->recorded_answer = false;
	int output = child_output_prepare(child);
	result = spawn(child, output);
	if (output >= 0) {
		close(output);
	}
	if (result < 0) {
		return result;
	}
	/* First written down, then let go: whenever meshd is killed there is no child that nobody
	 * knows of. */
	children_record_save(child->children);
	child->exec_error = -process_release(&child->process);
	if (child->exec_error != 0) {
		log_error("children", "%s cannot be executed: %s", child->program,
			strerrordesc_np(child->exec_error));
	}
	child_watch(child);
	return 0;
}
