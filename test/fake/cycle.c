/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/cycle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/diff.h"
#include "fake/verify.h"
#include "unit/check_main.h"

/* One cycle of meshd on a fake kernel. */
struct cycle {
	struct state before;
	struct state desired;
	struct plan plan;
};

static void cycle_free(struct cycle *cycle)
{
	state_free(&cycle->before);
	state_free(&cycle->desired);
	plan_free(&cycle->plan);
}

static void print_plan(const char *title, const struct plan *plan)
{
	char text[OBJECT_TEXT_SIZE];

	fprintf(stderr, "%s:\n", title);
	plan_foreach (op, plan) {
		object_format_key(op->type, op_object(op), text);
		fprintf(stderr, "  %2d %s %s %s", op->phase, op_verb_name(op->verb),
			object_classes[op->type].name, text);
		for (size_t field = 0; field < object_classes[op->type].field_count; field++) {
			if (op->fields & FIELD_BIT(field)) {
				object_format_field(op->type, op_object(op), field, text);
				fprintf(stderr, " %s=%s",
					object_classes[op->type].fields[field].name, text);
			}
		}
		fprintf(stderr, "%s%s\n", op->error != 0 ? " REFUSED: " : "",
			op->error != 0 ? strerror(-op->error) : "");
	}
}

static void report(uint64_t seed, const struct plan *plan, const struct verdict *verdict)
{
	print_plan("plan", plan);
	ck_abort_msg("seed %llu: %s", (unsigned long long)seed, verdict->text);
}

/* Reads the fake kernel, builds what is wanted on what is there and plans. */
static void cycle_plan(struct cycle *cycle, const struct fake_kernel *kernel,
	const struct wanted *wanted)
{
	memset(cycle, 0, sizeof(*cycle));
	ck_assert_int_eq(fake_observe(kernel, &cycle->before), 0);
	ck_assert_int_eq(wanted->build(wanted->what, &cycle->before, &cycle->desired), 0);
	ck_assert_int_eq(diff_plan(&cycle->desired, &cycle->before, kernel->highest_ifindex,
				 &cycle->plan),
		0);
}

/* Ops of one phase do not depend on each other: any order of them does. Links below others are the
 * exception, as one may stand on another. */
static void shuffle_phases(struct plan *plan, struct dice *dice)
{
	for (size_t i = plan->count; i > 1; i--) {
		size_t j = dice_roll(dice, (uint32_t)i);
		struct op *a = &plan->ops[i - 1];
		struct op *b = &plan->ops[j];
		bool between = false;
		for (size_t k = j; k < i; k++) {
			between |= plan->ops[k].phase != a->phase;
		}
		if (!between && a->phase != PHASE_SET_BASE) {
			struct op swap = *a;
			*a = *b;
			*b = swap;
		}
	}
}

/* After a plan that ran to its end. */
static void check_end(uint64_t seed, const struct fake_kernel *kernel, const struct wanted *wanted,
	const struct cycle *done)
{
	struct verdict verdict = {.text = ""};
	struct cycle next;

	cycle_plan(&next, kernel, wanted);
	if (!verify_taken(&done->plan, &verdict) ||
		!verify_reached(&done->desired, &next.before, &verdict) ||
		!verify_untouched(&done->desired, &done->before, &next.before, &verdict)) {
		report(seed, &done->plan, &verdict);
	}
	if (next.plan.count != 0) {
		char text[OBJECT_TEXT_SIZE];
		const struct op *op = &next.plan.ops[0];
		print_plan("first plan", &done->plan);
		object_format_key(op->type, op_object(op), text);
		snprintf(verdict.text, sizeof(verdict.text), "a second plan wants to %s %s %s",
			op_verb_name(op->verb), object_classes[op->type].name, text);
		report(seed, &next.plan, &verdict);
	}
	cycle_free(&next);
}

void cycle_run(uint64_t seed, struct fake_kernel *kernel, const struct wanted *wanted,
	struct dice *dice)
{
	struct verdict verdict = {.text = ""};
	struct cycle cycle;

	cycle_plan(&cycle, kernel, wanted);
	if (!verify_plan(&cycle.plan, &verdict)) {
		report(seed, &cycle.plan, &verdict);
	}
	if (dice_chance(dice, 50)) {
		shuffle_phases(&cycle.plan, dice);
	}
	fake_apply(kernel, &cycle.plan, 0, cycle.plan.count);
	check_end(seed, kernel, wanted, &cycle);
	cycle_free(&cycle);
}

void cycle_run_cut(uint64_t seed, const struct fake_kernel *start, const struct wanted *wanted,
	struct dice *dice)
{
	struct fake_kernel kernel;
	struct cycle cycle;

	ck_assert_int_eq(fake_copy(start, &kernel), 0);
	cycle_plan(&cycle, &kernel, wanted);
	if (cycle.plan.count > 0) {
		size_t cut = dice_roll(dice, (uint32_t)cycle.plan.count);
		const struct op *op = &cycle.plan.ops[cut];
		fake_apply(&kernel, &cycle.plan, 0, cut);
		if (op->type == OBJECT_LINK && op->verb != OP_DELETE) {
			/* What comes with the first message of a new link is there together. */
			uint64_t first = op->verb == OP_SET ? 0 : FIELD_BIT(LINK_MASTER) - 1;
			uint64_t fields = op->fields & (first | dice_roll(dice, 1u << 30));
			fake_apply_fields(&kernel, op, fields & ~FIELD_BIT(LINK_ALIAS));
		}
		cycle_run(seed, &kernel, wanted, dice);
	}
	cycle_free(&cycle);
	fake_free(&kernel);
}

void cycle_round(uint64_t seed, struct fake_kernel *kernel, const struct wanted *wanted,
	struct dice *dice, int cuts)
{
	for (int cut = 0; cut < cuts; cut++) {
		cycle_run_cut(seed, kernel, wanted, dice);
	}
	cycle_run(seed, kernel, wanted, dice);
	uint32_t disturbances = dice_roll(dice, 4);
	for (uint32_t i = 0; i < disturbances; i++) {
		world_disturb(kernel, dice);
	}
}

void cycle_seeds(int part, uint64_t cases, void (*run_case)(uint64_t seed))
{
	const char *only = getenv("FAKE_SEED");
	uint64_t count = cases / CYCLE_PARTS;

	if (only != NULL) {
		run_case(strtoull(only, NULL, 10));
		return;
	}
	for (uint64_t seed = 0; seed < count; seed++) {
		run_case((uint64_t)part * count + seed);
	}
}
