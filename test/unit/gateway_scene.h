/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node with ways to the Internet, and what it decides. */
#ifndef UNIT_GATEWAY_SCENE_H
#define UNIT_GATEWAY_SCENE_H

#include <stdlib.h>
#include <string.h>

#include "core/gateway.h"
#include "unit/check_main.h"

#define SCENE_MAX 16

struct scene {
	struct gateway_candidate candidates[SCENE_MAX];
	size_t count;
	struct gateway_choice choice;
	struct gateway_rules rules;
	struct path_rules path_rules;
	struct gateway_memory memory;
	struct gateway_decision decision;
	double now;
};

static inline void scene_open(struct scene *scene)
{
	*scene = (struct scene){.now = 1000,
		.rules = {.hysteresis = 20,
			.hold_down = 20,
			.return_after = 60,
			.half_life = 60,
			.probe_next = 30},
		.path_rules = {.interval = 5,
			.interval_doubtful = 1,
			.interval_down = 30,
			.rise = 2,
			.fall = 3,
			.penalty = 1000,
			.suppress = 2500,
			.reuse = 800,
			.half_life = 60},
		.decision = {.in_use = -1}};
}

static inline void scene_close(struct scene *scene)
{
	gateway_decision_free(&scene->decision);
}

static inline struct gateway_candidate *scene_find(struct scene *scene, const char *id)
{
	for (size_t i = 0; i < scene->count; i++) {
		if (strcmp(scene->candidates[i].key.id, id) == 0) {
			return &scene->candidates[i];
		}
	}
	ck_abort_msg("no candidate %s", id);
	return NULL;
}

static inline void scene_health(struct scene *scene, const char *id, enum path_health health)
{
	struct gateway_candidate *candidate = scene_find(scene, id);

	candidate->probed = true;
	candidate->health.health = health;
	candidate->health.since = scene->now;
	text_copy(candidate->health.last.reason, sizeof(candidate->health.last.reason),
		health == PATH_DOWN ? "no answer from 9.9.9.9" : "");
}

/* One that has been up for long. */
static inline struct gateway_candidate *scene_add(struct scene *scene, enum gateway_kind kind,
	const char *id, uint64_t megabit)
{
	struct gateway_candidate *candidate = &scene->candidates[scene->count++];

	ck_assert_uint_le(scene->count, SCENE_MAX);
	*candidate = (struct gateway_candidate){.key.kind = kind, .probed = true};
	text_copy(candidate->key.id, sizeof(candidate->key.id), id);
	text_copy(candidate->link, sizeof(candidate->link), kind == GATEWAY_UPLINK ? id : "tun");
	candidate->bandwidth = megabit * 1000000;
	candidate->health.health = PATH_UP;
	candidate->health.since = 1;
	candidate->health.good = 1;
	return candidate;
}

static inline void scene_remove(struct scene *scene, const char *id)
{
	struct gateway_candidate *candidate = scene_find(scene, id);

	*candidate = scene->candidates[--scene->count];
}

static inline struct gateway_question scene_question(const struct scene *scene)
{
	return (struct gateway_question){.candidates = scene->candidates,
		.count = scene->count,
		.choice = &scene->choice,
		.rules = &scene->rules,
		.path_rules = &scene->path_rules,
		.now = scene->now};
}

/* The id of what is in use after deciding so many seconds later, "" = none. */
static inline const char *scene_decide(struct scene *scene, double seconds)
{
	scene->now += seconds;
	struct gateway_question question = scene_question(scene);
	gateway_decision_free(&scene->decision);
	ck_assert_int_eq(gateway_decide(&question, &scene->memory, &scene->decision), 0);
	if (scene->decision.in_use < 0) {
		ck_assert_str_eq(scene->memory.in_use.id, "");
		return "";
	}
	const struct gateway_rank *rank = &scene->decision.order[scene->decision.in_use];
	ck_assert(
		gateway_key_equal(&scene->candidates[rank->candidate].key, &scene->memory.in_use));
	return scene->memory.in_use.id;
}

static inline const struct gateway_rank *scene_rank(const struct scene *scene, const char *id)
{
	for (size_t i = 0; i < scene->decision.count; i++) {
		const struct gateway_rank *rank = &scene->decision.order[i];
		if (strcmp(scene->candidates[rank->candidate].key.id, id) == 0) {
			return rank;
		}
	}
	ck_abort_msg("no rank of %s", id);
	return NULL;
}

static inline const struct gateway_event *scene_last_event(const struct scene *scene)
{
	size_t last = (scene->memory.log_next + GATEWAY_LOG_MAX - 1) % GATEWAY_LOG_MAX;

	return &scene->memory.log[last];
}

static inline void scene_expect(struct scene *scene, double seconds, const char *id,
	enum gateway_rule rule)
{
	ck_assert_str_eq(scene_decide(scene, seconds), id);
	ck_assert_msg(scene->decision.rule == rule, "%s: %s, not %s", id,
		gateway_rule_text(scene->decision.rule), gateway_rule_text(rule));
}

#endif
