/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "core/diff.h"
#include "core/guard.h"
#include "unit/check_main.h"

/* A node that wants one VLAN on eth0; observed without it. */
struct scene {
	struct state desired;
	struct state observed;
	struct plan plan;
	struct problem_list problems;
	struct guard guard;
};

static void give_link(struct state *state, const char *name, const char *lower, uint32_t ifindex)
{
	struct link *link = state_add_link(state, name);

	ck_assert_ptr_nonnull(link);
	link->head.ifindex = ifindex;
	object_give(link, LINK_KIND, kind, lower[0] != '\0' ? LINK_VLAN : LINK_OTHER);
	object_give_text(link, LINK_LOWER, lower, lower);
	if (lower[0] == '\0') {
		link->head.flags |= OBJECT_BORROWED;
	}
}

static void scene_set(struct scene *scene, uint32_t lower_ifindex)
{
	state_free(&scene->desired);
	state_free(&scene->observed);
	plan_free(&scene->plan);
	problem_list_free(&scene->problems);
	give_link(&scene->observed, "eth0", "", lower_ifindex);
	give_link(&scene->desired, "eth0.29", "eth0", 0);
	state_sort(&scene->desired);
	state_sort(&scene->observed);
	ck_assert_int_eq(diff_plan(&scene->desired, &scene->observed, 0, &scene->plan), 0);
	ck_assert_uint_eq(scene->plan.count, 1);
}

static void scene_free(struct scene *scene)
{
	state_free(&scene->desired);
	state_free(&scene->observed);
	plan_free(&scene->plan);
	problem_list_free(&scene->problems);
	guard_free(&scene->guard);
}

static double filter(struct scene *scene, double now)
{
	return guard_filter(&scene->guard, &scene->observed, &scene->plan, now, &scene->problems);
}

static void note(struct scene *scene, double now, const struct problem *problem)
{
	ck_assert_int_eq(guard_note(&scene->guard, &scene->observed, &scene->plan.ops[0], now,
				 problem),
		0);
}

START_TEST(failure_waits_longer_each_time)
{
	static const double waits[] = {1, 2, 4, 8, 16, 32, 60, 60};
	const struct problem problem = {.kind = PROBLEM_OPERATION,
		.object = "eth0.29",
		.text = "refused"};
	struct scene scene = {0};
	double now = 100;

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		scene_set(&scene, 5);
		note(&scene, now, &problem);
		ck_assert_double_eq(filter(&scene, now), now + waits[i]);
		ck_assert_uint_eq(scene.plan.count, 0);
		ck_assert_uint_eq(scene.problems.count, 1);
		ck_assert_str_eq(scene.problems.items[0].text, "refused");
		now += waits[i];
		scene_set(&scene, 5);
		ck_assert_double_eq(filter(&scene, now), 0);
		ck_assert_uint_eq(scene.plan.count, 1);
	}
	scene_free(&scene);
}
END_TEST

START_TEST(success_ends_the_waiting)
{
	const struct problem problem = {.kind = PROBLEM_OPERATION, .object = "x"};
	struct scene scene = {0};

	scene_set(&scene, 5);
	note(&scene, 100, &problem);
	note(&scene, 101, &problem);
	note(&scene, 103, NULL);
	note(&scene, 104, &problem);
	ck_assert_double_eq(filter(&scene, 104), 105);
	scene_free(&scene);
}
END_TEST

/* The VLAN is not wanted between, and goes by itself; nobody fights. */
START_TEST(changes_of_mind_are_no_war)
{
	struct scene scene = {0};
	double now = 100;

	for (int change = 0; change < 4 * GUARD_HEALS; change++) {
		scene_set(&scene, 5);
		guard_follow(&scene.guard, &scene.desired);
		ck_assert_double_eq(filter(&scene, now), 0);
		note(&scene, now, NULL);
		now++;
		struct state nothing = {0};
		guard_follow(&scene.guard, &nothing);
		now++;
	}
	scene_free(&scene);
}
END_TEST

/* What is wanted all the time and undone all the time is a war all the same. */
START_TEST(following_keeps_the_war)
{
	struct scene scene = {0};

	for (int heal = 0; heal <= GUARD_HEALS; heal++) {
		scene_set(&scene, 5);
		guard_follow(&scene.guard, &scene.desired);
		ck_assert_double_eq(filter(&scene, 100 + heal), 0);
		note(&scene, 100 + heal, NULL);
	}
	scene_set(&scene, 5);
	guard_follow(&scene.guard, &scene.desired);
	ck_assert_double_gt(filter(&scene, 107), 107);
	scene_free(&scene);
}
END_TEST

START_TEST(six_heals_in_a_minute_are_a_war)
{
	struct scene scene = {0};

	for (int heal = 0; heal < GUARD_HEALS; heal++) {
		scene_set(&scene, 5);
		ck_assert_double_eq(filter(&scene, 100 + heal), 0);
		note(&scene, 100 + heal, NULL);
	}
	scene_set(&scene, 5);
	ck_assert_double_eq(filter(&scene, 110), 0);
	note(&scene, 110, NULL);
	ck_assert_double_eq(filter(&scene, 111), 110 + GUARD_TRUCE_FIRST);
	ck_assert_uint_eq(scene.plan.count, 0);
	ck_assert_int_eq(scene.problems.items[0].kind, PROBLEM_WAR);
	ck_assert_str_eq(scene.problems.items[0].object, "eth0.29");

	scene_set(&scene, 5);
	ck_assert_double_eq(filter(&scene, 121), 0);
	note(&scene, 121, NULL);
	ck_assert_double_eq(filter(&scene, 122), 121 + 2 * GUARD_TRUCE_FIRST);
	scene_free(&scene);
}
END_TEST

static void heal_nat(struct scene *scene, const char *rule_name, double now)
{
	struct nft_rule rule = {.chain = "forward"};

	scene_set(scene, 5);
	text_copy(rule.name, sizeof(rule.name), rule_name);
	ck_assert_int_eq(ruleset_add_rule(&scene->desired.nat, &rule), 0);
	scene->desired.nat.present = true;
	struct op *op = &scene->plan.ops[0];
	*op = (struct op){.verb = OP_CREATE, .type = OBJECT_NAT, .desired = &scene->desired.nat};
	guard_follow(&scene->guard, &scene->desired);
	ck_assert_double_eq(filter(scene, now), 0);
	note(scene, now, NULL);
}

START_TEST(changed_table_is_no_war)
{
	struct scene scene = {0};

	for (int heal = 0; heal < 4 * GUARD_HEALS; heal++) {
		heal_nat(&scene, heal & 1 ? "masquerade-ipv4-wan0" : "clamp-mss", 100 + heal);
	}
	for (int heal = 0; heal < GUARD_HEALS; heal++) {
		heal_nat(&scene, "clamp-mss", 130 + heal);
	}
	struct op again = scene.plan.ops[0];
	again.type = OBJECT_RULESET; /* the other table has its own */
	again.desired = &scene.desired.nat;
	ck_assert_int_eq(guard_note(&scene.guard, &scene.observed, &again, 140, NULL), 0);
	ck_assert_double_eq(filter(&scene, 141), 0);
	note(&scene, 141, NULL);
	ck_assert_double_eq(filter(&scene, 142), 141 + GUARD_TRUCE_FIRST);
	ck_assert_str_eq(scene.problems.items[0].object, "table inet meshd");
	scene_free(&scene);
}
END_TEST

START_TEST(slow_heals_are_no_war)
{
	struct scene scene = {0};

	for (int heal = 0; heal < 20; heal++) {
		double now = 100 + heal * 20;
		scene_set(&scene, 5);
		ck_assert_double_eq(filter(&scene, now), 0);
		note(&scene, now, NULL);
	}
	scene_free(&scene);
}
END_TEST

START_TEST(a_link_that_comes_back_is_another)
{
	struct scene scene = {0};

	for (uint32_t lap = 0; lap < 100; lap++) {
		scene_set(&scene, 5 + lap);
		ck_assert_double_eq(filter(&scene, 100 + lap * 0.1), 0);
		ck_assert_uint_eq(scene.plan.count, 1);
		note(&scene, 100 + lap * 0.1, NULL);
		ck_assert_uint_eq(scene.guard.count, 1); /* the one that is gone is forgotten */
	}
	scene_free(&scene);
}
END_TEST

START_TEST(what_comes_with_its_link_is_no_heal)
{
	struct address address = {.key.link = "eth0.29"};
	struct op op = {.verb = OP_CREATE, .type = OBJECT_ADDRESS, .desired = &address};
	const struct problem problem = {.kind = PROBLEM_OPERATION, .text = "refused"};
	struct scene scene = {0};

	scene_set(&scene, 5);
	ck_assert_int_eq(prefix_parse("10.13.1.1/32", &address.key.prefix), 0);
	for (int i = 0; i < 2 * GUARD_HEALS; i++) {
		ck_assert_int_eq(guard_note(&scene.guard, &scene.observed, &op, 100 + i, NULL), 0);
	}
	ck_assert_uint_eq(scene.guard.count, 0);
	/* A failure of it does wait, and its success ends that. */
	ck_assert_int_eq(guard_note(&scene.guard, &scene.observed, &op, 200, &problem), 0);
	ck_assert_double_eq(guard_next(&scene.guard, 200), 200 + GUARD_RETRY_FIRST);
	ck_assert_int_eq(guard_note(&scene.guard, &scene.observed, &op, 202, NULL), 0);
	ck_assert_int_eq(guard_note(&scene.guard, &scene.observed, &op, 203, &problem), 0);
	ck_assert_double_eq(guard_next(&scene.guard, 203), 203 + GUARD_RETRY_FIRST);
	scene_free(&scene);
}
END_TEST

START_TEST(what_needs_a_waiting_link_waits_too)
{
	const struct problem problem = {.kind = PROBLEM_MODULE_MISSING, .object = "eth0.29"};
	struct scene scene = {0};
	struct address_key key = {.link = "eth0.29"};

	scene_set(&scene, 5);
	note(&scene, 100, &problem);
	ck_assert_int_eq(prefix_parse("10.0.0.1/32", &key.prefix), 0);
	ck_assert_ptr_nonnull(state_add(&scene.desired, OBJECT_ADDRESS, &key));
	give_link(&scene.desired, "upper", "eth0.29", 0);
	state_sort(&scene.desired);
	plan_free(&scene.plan);
	ck_assert_int_eq(diff_plan(&scene.desired, &scene.observed, 0, &scene.plan), 0);
	ck_assert_uint_eq(scene.plan.count, 3);
	filter(&scene, 100.5);
	ck_assert_uint_eq(scene.plan.count, 0);
	ck_assert_uint_eq(scene.problems.count, 1);
	scene_free(&scene);
}
END_TEST

START_TEST(the_guard_is_bounded)
{
	struct scene scene = {0};

	for (uint32_t lap = 0; lap < GUARD_ENTRIES + 10; lap++) {
		scene_set(&scene, 5 + lap);
		note(&scene, 100, NULL);
	}
	ck_assert_uint_eq(scene.guard.count, GUARD_ENTRIES);
	scene_set(&scene, 1);
	filter(&scene, 1000);
	ck_assert_uint_eq(scene.guard.count, 0);
	scene_free(&scene);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("guard");
	TCase *tests = tcase_create("guard");

	tcase_add_test(tests, failure_waits_longer_each_time);
	tcase_add_test(tests, success_ends_the_waiting);
	tcase_add_test(tests, changes_of_mind_are_no_war);
	tcase_add_test(tests, following_keeps_the_war);
	tcase_add_test(tests, six_heals_in_a_minute_are_a_war);
	tcase_add_test(tests, changed_table_is_no_war);
	tcase_add_test(tests, slow_heals_are_no_war);
	tcase_add_test(tests, a_link_that_comes_back_is_another);
	tcase_add_test(tests, what_comes_with_its_link_is_no_heal);
	tcase_add_test(tests, what_needs_a_waiting_link_waits_too);
	tcase_add_test(tests, the_guard_is_bounded);
	suite_add_tcase(suite, tests);
	return suite;
}
