/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands in the place of our rules and of the gateway's routes. */
#include <string.h>

#include "core/desired_build.h"

static void add_problem(struct build *build, enum object_type type, const void *foreign,
	const char *hint)
{
	char object[OBJECT_TEXT_SIZE];

	object_format_key(type, foreign, object);
	problem_add(build->problems, PROBLEM_IN_THE_WAY, object, hint,
		"another program's %s %s stands where meshd's belongs", object_classes[type].name,
		object);
}

/* Of two rules of one selector and priority the one that came first counts; ours comes only where
 * there is none yet. */
static void note_rules(struct build *build)
{
	for (size_t i = 0; i < state_count(build->desired, OBJECT_RULE); i++) {
		const struct rule *wanted = state_at(build->desired, OBJECT_RULE, i);
		const struct rule *foreign = state_find(build->observed, OBJECT_RULE, &wanted->key);

		if (foreign != NULL && !(foreign->head.flags & OBJECT_OWNED) &&
			foreign->table != wanted->table) {
			add_problem(build, OBJECT_RULE, foreign,
				"remove it with ip rule del, or give it another priority");
		}
	}
}

static bool same_place(const struct route *a, const struct route *b)
{
	return a->key.table == b->key.table && a->key.metric == b->key.metric &&
	       memcmp(&a->key.destination, &b->key.destination, sizeof(a->key.destination)) == 0;
}

static bool same_way(const struct route *foreign, const struct route *wanted)
{
	return strcmp(foreign->key.link, wanted->key.link) == 0 && ip_is_zero(&foreign->via) &&
	       (!object_has(wanted, ROUTE_SOURCE) ||
		       object_field_equal(OBJECT_ROUTE, foreign, wanted, ROUTE_SOURCE));
}

/* A route that leads elsewhere, or nowhere, where the gateway's should lead to its device. */
static void note_routes(struct build *build)
{
	for (size_t i = 0; i < state_count(build->observed, OBJECT_ROUTE); i++) {
		const struct route *foreign = state_at(build->observed, OBJECT_ROUTE, i);

		if (foreign->key.table != STATE_TABLE_ANYCAST ||
			(foreign->head.flags & OBJECT_OWNED)) {
			continue;
		}
		for (size_t j = 0; j < state_count(build->desired, OBJECT_ROUTE); j++) {
			const struct route *wanted = state_at(build->desired, OBJECT_ROUTE, j);
			if (same_place(foreign, wanted) && !same_way(foreign, wanted)) {
				add_problem(build, OBJECT_ROUTE, foreign,
					"remove it with ip route del, or use another table");
			}
		}
	}
}

void build_note_foreign(struct build *build)
{
	note_rules(build);
	note_routes(build);
}
