/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever is there and whatever is wished: the plan is taken, ends at the wish, touches nothing
 * foreign, and a plan cut anywhere is finished by the next. */
#include <stdio.h>
#include <stdlib.h>

#include "fake/cycle.h"
#include "unit/check_main.h"

#ifndef CASES
#define CASES 3000
#endif
#define CUTS 5

static int build(const void *what, const struct state *observed, struct state *desired)
{
	return wish_build(what, observed, desired);
}

static void run_case(uint64_t seed)
{
	struct dice dice = dice_new(seed);
	struct wish wish = wish_random(&dice);
	struct wanted wanted = {.build = build, .what = &wish};
	struct fake_kernel kernel;

	ck_assert_int_eq(world_start(&kernel, &dice), 0);
	for (int round = 0; round < 3; round++) {
		for (int cut = 0; cut < CUTS; cut++) {
			cycle_run_cut(seed, &kernel, &wanted, &dice);
		}
		cycle_run(seed, &kernel, &wanted, &dice);
		uint32_t disturbances = dice_roll(&dice, 4);
		for (uint32_t i = 0; i < disturbances; i++) {
			world_disturb(&kernel, &dice);
		}
		if (dice_chance(&dice, 60)) {
			wish = wish_change(&wish, &dice);
		}
	}
	fake_free(&kernel);
}

START_TEST(any_wish_is_reached)
{
	const char *only = getenv("FAKE_SEED");

	if (only != NULL) {
		run_case(strtoull(only, NULL, 10));
		return;
	}
	for (uint64_t seed = 0; seed < CASES / 10; seed++) {
		run_case((uint64_t)_i * (CASES / 10) + seed);
	}
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("fake_property");
	TCase *tests = tcase_create("property");

	printf("seeds 0 to %d; FAKE_SEED=n runs one\n", CASES - 1);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, any_wish_is_reached, 0, 10);
	suite_add_tcase(suite, tests);
	return suite;
}
