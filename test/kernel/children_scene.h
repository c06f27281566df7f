/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A loop with supervised programs that are scripts in a directory of their own. */
#ifndef KERNEL_CHILDREN_SCENE_H
#define KERNEL_CHILDREN_SCENE_H

#include <stdbool.h>
#include <sys/types.h>

#include "loop/children.h"

#define SCENE_PATIENCE 30. /* seconds, far more than anything takes */

struct ev_loop;

struct scene {
	struct ev_loop *loop;
	struct children *children;
	char directory[64];
	char run_dir[96];
	bool works[CHILDREN];  /* the answer to ask() */
	bool silent[CHILDREN]; /* no answer at all */
	int starts[CHILDREN];  /* calls of before_start() */
	int told[CHILDREN];    /* the last on_change(): 1 answers, 0 not, -1 none */
	bool done;             /* children_stop() has ended */
};

/* A new directory; nothing is open. All children answer well. */
void scene_make(struct scene *scene);
/* Kills what is left by the record, removes the directory. */
void scene_remove(struct scene *scene);
void scene_open(struct scene *scene);
void scene_close(struct scene *scene);
/* Writes an executable shell script and returns its path (static). */
const char *scene_script(struct scene *scene, const char *name, const char *text);
/* Wants the program with one argument (NULL = none). */
void scene_wish(struct scene *scene, enum child_name name, const char *program,
	const char *argument);
/* The child's part of children_to_json(); to be freed. */
json_t *scene_child(struct scene *scene, enum child_name name);
bool scene_is(struct scene *scene, enum child_name name, const char *state);
pid_t scene_pid(struct scene *scene, enum child_name name);
/* A member of the newest exit as text, "" when there is none (static). */
const char *scene_exit(struct scene *scene, enum child_name name, const char *member);
size_t scene_exits(struct scene *scene, enum child_name name);
/* Runs the loop until the child is in the state. */
void scene_wait(struct scene *scene, enum child_name name, const char *state);
/* Runs the loop until it has so many exits. */
void scene_wait_exits(struct scene *scene, enum child_name name, size_t count);
/* Runs the loop for so long. */
void scene_run(struct scene *scene, double seconds);
void scene_stop(struct scene *scene);
/* Is the loop without anything to wait for? */
bool scene_idles(struct scene *scene);
double scene_now(void);

#endif
