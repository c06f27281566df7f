/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "uplink/choice.h"

/* The targets of a kind that a way of this family can ask. */
struct crowd {
	size_t items[TARGETS_MAX]; /* in the list */
	size_t count;
};

static struct crowd gather(const struct round_plan *plan, enum probe_kind kind)
{
	const struct target_list *targets = plan->targets;
	struct crowd crowd = {.count = 0};

	for (size_t i = 0; i < targets->count && crowd.count < TARGETS_MAX; i++) {
		if (targets->items[i].kind == kind &&
			target_is_for(targets, &targets->items[i], plan->way.family)) {
			crowd.items[crowd.count++] = i;
		}
	}
	return crowd;
}

static bool has_failed(const struct round_plan *plan, size_t target)
{
	return plan->memory->outcomes[target].error != 0;
}

/* Takes count of the crowd, beginning where the turn is. */
static void take(const struct round_plan *plan, const struct crowd *crowd, size_t count,
	enum probe_kind kind, bool *chosen)
{
	unsigned int *turn = &plan->memory->turn[kind];
	size_t first = crowd->count > 0 ? *turn % crowd->count : 0;
	size_t last = first;
	size_t taken = 0;

	for (int failed = 0; failed <= 1; failed++) {
		for (size_t i = 0; i < crowd->count && taken < count; i++) {
			size_t place = (first + i) % crowd->count;
			size_t target = crowd->items[place];
			if (!chosen[target] && has_failed(plan, target) == (failed == 1)) {
				chosen[target] = true;
				last = place;
				taken++;
			}
		}
	}
	if (crowd->count > 0 && count < crowd->count) {
		*turn = (unsigned int)((last + 1) % crowd->count);
	}
}

/* How many of the kind's are to be asked; its need is known. */
static size_t extent_count(const struct round_plan *plan, const struct crowd *crowd, size_t need)
{
	switch (plan->extent) {
	case ROUND_ALL:
		return crowd->count;
	case ROUND_QUICK:
		return need;
	case ROUND_LIGHT:
		return crowd->count < CHOICE_LIGHT_MAX ? crowd->count : CHOICE_LIGHT_MAX;
	case ROUND_LIGHT_QUICK:
		break;
	}
	return 1;
}

/* A name server that answers shows most at least cost, also where echoes are filtered. A tunnel
 * that only sends carries no TCP connection. */
static int light_kind(const struct round_plan *plan)
{
	return plan->probes->need[PROBE_DNS] > 0 && gather(plan, PROBE_DNS).count > 0 ? PROBE_DNS
										      : PROBE_PING;
}

void choice_make(const struct round_plan *plan, struct verdict_need *need, bool *chosen)
{
	bool light = plan->extent == ROUND_LIGHT || plan->extent == ROUND_LIGHT_QUICK;
	struct crowd crowds[PROBE_KINDS];

	*need = (struct verdict_need){0};
	for (int kind = 0; kind < PROBE_KINDS; kind++) {
		size_t wanted = plan->probes->need[kind] > 0 ? (size_t)plan->probes->need[kind] : 0;
		crowds[kind] = gather(plan, (enum probe_kind)kind);
		if (light) {
			wanted = wanted > 0 && kind == light_kind(plan) ? 1 : 0;
		}
		need->of[kind] =
			(uint8_t)(wanted < crowds[kind].count ? wanted : crowds[kind].count);
	}
	for (int kind = 0; kind < PROBE_KINDS; kind++) {
		if (need->of[kind] > 0) {
			size_t count = extent_count(plan, &crowds[kind], need->of[kind]);
			take(plan, &crowds[kind], count, (enum probe_kind)kind, chosen);
		}
	}
}
