/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/fixture.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <jansson.h>

#include "base/cleanup.h"

struct room room;

void open_room(void)
{
	struct err err = {0};

	if (unshare(CLONE_NEWNET) < 0) {
		fprintf(stderr, "skipped: no right to make a network namespace\n");
		return;
	}
	run("ip link set lo up; ip link add v0 type veth peer name v1");
	ck_assert_msg(kernel_open(&room.kernel, &err) == 0, "%s", err.text);
	ck_assert_msg(kernel_listen(room.kernel, &err) == 0, "%s", err.text);
	room.ready = true;
}

void close_room(void)
{
	plan_free(&room.plan);
	state_free(&room.observed);
	kernel_close(room.kernel);
	room.kernel = NULL;
}

static json_t *ask_ip(const char *command)
{
	FILE *pipe = popen(command, "re");
	json_t *answer = json_loadf(pipe, 0, NULL);

	ck_assert_msg(pclose(pipe) == 0 && json_array_size(answer) > 0, "%s", command);
	return answer;
}

/* A member of the first object that ip prints, by a path such as "linkinfo.info_data.mode"; answer
 * is the caller's to drop. */
static const json_t *ask(const char *command, const char *path, json_t **answer)
{
	*answer = ask_ip(command);
	const json_t *at = json_array_get(*answer, 0);
	CLEANUP(cleanup_free) char *copy = strdup(path);
	char *rest = copy;

	for (char *name = strsep(&rest, "."); name != NULL; name = strsep(&rest, ".")) {
		at = json_object_get(at, name);
	}
	ck_assert_msg(at != NULL, "%s has no %s", command, path);
	return at;
}

void ck_text(const char *command, const char *path, const char *expected)
{
	json_t *answer;

	ck_assert_str_eq(json_string_value(ask(command, path, &answer)), expected);
	json_decref(answer);
}

void ck_number(const char *command, const char *path, long long expected)
{
	json_t *answer;

	ck_assert_int_eq(json_integer_value(ask(command, path, &answer)), expected);
	json_decref(answer);
}

void observe(void)
{
	struct observe_scope scope = {.mesh = room.mesh,
		.mesh_vlans = room.mesh_vlans,
		.mesh_vlan_count = room.mesh_vlan_count,
		.uplinks = room.uplinks,
		.uplink_count = room.uplink_count};
	struct err err = {0};

	state_free(&room.observed);
	ck_assert_msg(kernel_observe(room.kernel, &scope, &room.observed, &err) == 0, "%s",
		err.text);
}

void show_plan(void)
{
	json_t *json = plan_to_json(&room.plan);
	char *text = json_dumps(json, JSON_INDENT(1));

	fprintf(stderr, "%s\n", text);
	free(text);
	json_decref(json);
}

size_t mend(struct state *desired)
{
	observe();
	state_sort(desired);
	plan_free(&room.plan);
	ck_assert_int_eq(diff_plan(desired, &room.observed, kernel_highest_ifindex(room.kernel),
				 &room.plan),
		0);
	int result = kernel_apply(room.kernel, &room.plan, &room.observed);
	if (result != 0) {
		show_plan();
	}
	ck_assert_int_eq(result, 0);
	plan_foreach (op, &room.plan) {
		ck_assert(op->done);
	}
	return room.plan.count;
}

void ck_settled(struct state *desired)
{
	size_t count = mend(desired);

	if (count != 0) {
		show_plan();
	}
	ck_assert_uint_eq(count, 0);
}

void ck_mended_after(struct state *desired, const char *command)
{
	(void)mend(desired);
	fprintf(stderr, "drift: %s\n", command);
	run(command);
	ck_assert_uint_gt(mend(desired), 0);
	show_plan();
	ck_settled(desired);
}

int hear(enum hear_from from)
{
	int fds[KERNEL_FDS];

	kernel_fds(room.kernel, fds);
	ck_assert_int_ge(fds[from], 0);
	return kernel_on_readable(room.kernel, fds[from]);
}

int hear_all(enum hear_from from)
{
	int events = KERNEL_NOTHING;

	for (int more = hear(from); more != KERNEL_NOTHING; more = hear(from)) {
		ck_assert_int_gt(more, 0);
		events |= more;
	}
	return events;
}

struct link *want_link(struct state *desired, const char *name, enum link_kind kind)
{
	struct link *link = state_add_link(desired, name);

	object_give(link, LINK_KIND, kind, (uint8_t)kind);
	object_give_text(link, LINK_ALIAS, alias, "meshd:test");
	object_give(link, LINK_GROUP, group, STATE_LINK_GROUP);
	object_give(link, LINK_UP, up, 1);
	return link;
}
