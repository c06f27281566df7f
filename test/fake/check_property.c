/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever is there and whatever is wished: the plan is taken, ends at the wish, touches nothing
 * foreign, and a plan cut anywhere is finished by the next. */
#include <stdio.h>

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
		cycle_round(seed, &kernel, &wanted, &dice, CUTS);
		if (dice_chance(&dice, 60)) {
			wish = wish_change(&wish, &dice);
		}
	}
	fake_free(&kernel);
}

START_TEST(any_wish_is_reached)
{
	cycle_seeds(_i, CASES, run_case);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("fake_property");
	TCase *tests = tcase_create("property");

	printf("seeds 0 to %d; FAKE_SEED=n runs one\n", CASES - 1);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, any_wish_is_reached, 0, CYCLE_PARTS);
	suite_add_tcase(suite, tests);
	return suite;
}
