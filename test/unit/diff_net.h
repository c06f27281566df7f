/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small node as it shall be and as it is, and the plan between the two as text. */
#ifndef UNIT_DIFF_NET_H
#define UNIT_DIFF_NET_H

#include <stdio.h>
#include <string.h>

#include "core/diff.h"
#include "unit/check_main.h"
#include "unit/small_node.h"

struct net {
	struct state desired;
	struct state observed;
	struct plan plan;
	char text[4096];
};

static struct net net;

static inline void setup(void)
{
	memset(&net, 0, sizeof(net));
	add_links(&net.desired);
	add_ip(&net.desired);
	add_links(&net.observed);
	add_ip(&net.observed);
	state_find_link(&net.observed, "eth1")->head.flags = 0;
}

static inline void teardown(void)
{
	state_free(&net.desired);
	state_free(&net.observed);
	plan_free(&net.plan);
}

static inline void *find(enum object_type type, const char *key_text)
{
	for (size_t i = 0; i < state_count(&net.observed, type); i++) {
		char text[OBJECT_TEXT_SIZE];
		object_format_key(type, state_at(&net.observed, type, i), text);
		if (strcmp(text, key_text) == 0) {
			return state_at(&net.observed, type, i);
		}
	}
	ck_abort_msg("no %s", key_text);
}

static inline void drop(enum object_type type, const char *key_text)
{
	struct object_set *set = &net.observed.sets[type];
	size_t size = object_classes[type].size;
	char *object = find(type, key_text);

	memmove(object, object + size,
		(size_t)((char *)set->items + set->count * size - (object + size)));
	set->count--;
}

/* "create link eth1.29\nset link bat0: master multicast_router\n" */
static inline const char *plan_text(void)
{
	size_t length = 0;

	state_sort(&net.desired);
	state_sort(&net.observed);
	ck_assert_int_eq(diff_plan(&net.desired, &net.observed, 100, &net.plan), 0);
	plan_foreach (op, &net.plan) {
		char text[OBJECT_TEXT_SIZE];
		const char *separator = ":";
		object_format_key(op->type, op_object(op), text);
		length += (size_t)snprintf(net.text + length, sizeof(net.text) - length, "%s %s %s",
			op_verb_name(op->verb), object_classes[op->type].name, text);
		for (size_t field = 0; op->verb == OP_SET && op->fields >> field; field++) {
			if (op->fields & FIELD_BIT(field)) {
				length += (size_t)snprintf(net.text + length,
					sizeof(net.text) - length, "%s %s", separator,
					object_classes[op->type].fields[field].name);
				separator = "";
			}
		}
		length += (size_t)snprintf(net.text + length, sizeof(net.text) - length, "\n");
	}
	return net.text;
}

#endif
