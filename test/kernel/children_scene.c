/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/children_scene.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <check.h>
#include <ev.h>

#include "base/text.h"
#include "kernel/shell.h"

double scene_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void scene_make(struct scene *scene)
{
	*scene = (struct scene){.loop = NULL};
	strcpy(scene->directory, "/tmp/check_children.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(scene->directory));
	snprintf(scene->run_dir, sizeof(scene->run_dir), "%s/run", scene->directory);
	for (enum child_name name = 0; name < CHILDREN; name++) {
		scene->works[name] = true;
		scene->told[name] = -1;
	}
}

void scene_remove(struct scene *scene)
{
	if (scene->children != NULL) {
		for (enum child_name name = 0; name < CHILDREN; name++) {
			pid_t pid = scene_pid(scene, name);
			if (pid > 1) {
				kill(-pid, SIGKILL);
			}
		}
		scene_close(scene);
	}
	run_format("rm -r %s", scene->directory);
}

static void before_start(void *context, enum child_name name)
{
	struct scene *scene = context;

	scene->starts[name]++;
}

static void ask(void *context, enum child_name name)
{
	struct scene *scene = context;

	if (!scene->silent[name]) {
		children_on_answer(scene->children, name, scene->works[name]);
	}
}

static void on_change(void *context, enum child_name name, bool answers)
{
	struct scene *scene = context;

	ck_assert_int_eq(children_answers(scene->children, name), answers);
	scene->told[name] = answers;
}

void scene_open(struct scene *scene)
{
	struct err err;
	struct children_listener listener = {.before_start = before_start,
		.ask = ask,
		.on_change = on_change,
		.context = scene};

	scene->loop = ev_default_loop(EVFLAG_NOENV); /* as the daemon does */
	ck_assert_ptr_nonnull(scene->loop);
	ck_assert_int_eq(children_open(&scene->children, scene->loop, scene->run_dir, &listener,
				 &err),
		0);
}

void scene_close(struct scene *scene)
{
	children_close(scene->children);
	ev_loop_destroy(scene->loop);
	scene->children = NULL;
}

const char *scene_script(struct scene *scene, const char *name, const char *text)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", scene->directory, name);
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fprintf(file, "#!/bin/sh\n%s\n", text);
	fclose(file);
	ck_assert_int_eq(chmod(path, 0755), 0);
	return path;
}

void scene_wish(struct scene *scene, enum child_name name, const char *program,
	const char *argument)
{
	struct child_wish wish = {.wanted = true};

	text_copy(wish.program, sizeof(wish.program), program);
	child_arguments_add(&wish.arguments, "%s", child_name_text(name));
	if (argument != NULL) {
		child_arguments_add(&wish.arguments, "%s", argument);
	}
	children_wish(scene->children, name, &wish);
	ck_assert_ptr_null(wish.arguments.words);
}

json_t *scene_child(struct scene *scene, enum child_name name)
{
	json_t *all = children_to_json(scene->children);
	json_t *one = json_incref(json_array_get(all, name));

	json_decref(all);
	return one;
}

bool scene_is(struct scene *scene, enum child_name name, const char *state)
{
	json_t *child = scene_child(scene, name);
	bool same = strcmp(json_string_value(json_object_get(child, "state")), state) == 0;

	json_decref(child);
	return same;
}

pid_t scene_pid(struct scene *scene, enum child_name name)
{
	json_t *child = scene_child(scene, name);
	pid_t pid = (pid_t)json_integer_value(json_object_get(child, "pid"));

	json_decref(child);
	return pid;
}

size_t scene_exits(struct scene *scene, enum child_name name)
{
	json_t *child = scene_child(scene, name);
	size_t count = json_array_size(json_object_get(child, "exits"));

	json_decref(child);
	return count;
}

const char *scene_exit(struct scene *scene, enum child_name name, const char *member)
{
	static char text[1024];
	json_t *child = scene_child(scene, name);
	json_t *exits = json_object_get(child, "exits");
	json_t *last = json_array_get(exits, json_array_size(exits) - 1);
	char *dumped = json_dumps(json_object_get(last, member), JSON_ENCODE_ANY | JSON_COMPACT);

	snprintf(text, sizeof(text), "%s", dumped != NULL ? dumped : "");
	free(dumped);
	json_decref(child);
	return text;
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)timer;
	(void)events;
	ev_break(loop, EVBREAK_ONE);
}

void scene_run(struct scene *scene, double seconds)
{
	ev_timer timer;

	ev_now_update(scene->loop);
	ev_timer_init(&timer, on_timer, seconds, 0.);
	ev_timer_start(scene->loop, &timer);
	ev_run(scene->loop, 0);
	ev_timer_stop(scene->loop, &timer);
}

void scene_wait(struct scene *scene, enum child_name name, const char *state)
{
	double start = scene_now();

	while (!scene_is(scene, name, state)) {
		ck_assert_msg(scene_now() - start < SCENE_PATIENCE, "%s does not become %s",
			child_name_text(name), state);
		scene_run(scene, 0.01);
	}
}

void scene_wait_exits(struct scene *scene, enum child_name name, size_t count)
{
	double start = scene_now();

	while (scene_exits(scene, name) < count) {
		ck_assert_msg(scene_now() - start < SCENE_PATIENCE, "%s does not end",
			child_name_text(name));
		scene_run(scene, 0.01);
	}
}

static void on_done(void *context)
{
	struct scene *scene = context;

	scene->done = true;
	ev_break(scene->loop, EVBREAK_ONE);
}

void scene_stop(struct scene *scene)
{
	double start = scene_now();

	children_stop(scene->children, on_done, scene);
	while (!scene->done) {
		ck_assert_double_lt(scene_now() - start, SCENE_PATIENCE);
		scene_run(scene, 0.01);
	}
}

bool scene_idles(struct scene *scene)
{
	return ev_run(scene->loop, EVRUN_NOWAIT) == 0;
}
