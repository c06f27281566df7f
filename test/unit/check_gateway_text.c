/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people are told: the example of docs/gateway.md, and texts that do not fit. */
#include <math.h>

#include "unit/gateway_scene.h"

static void expect_text(struct scene *scene, double seconds, enum gateway_rule rule,
	const char *explanation)
{
	scene_decide(scene, seconds);
	ck_assert_msg(strncmp(scene->decision.explanation, explanation, strlen(explanation)) == 0,
		"%s", scene->decision.explanation);
	ck_assert_str_eq(gateway_rule_text(scene->decision.rule), gateway_rule_text(rule));
}

START_TEST(example_of_the_page)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	scene_open(scene);
	scene_add(scene, GATEWAY_UPLINK, "wan0", 16);
	scene_add(scene, GATEWAY_BMX7, "g1", 90)->path = 120000000;
	scene_add(scene, GATEWAY_BMX7, "g2", 1000)->path = 100000000;
	scene_find(scene, "g2")->health.penalty = 250;
	scene_find(scene, "g2")->health.penalty_time = scene->now;
	expect_text(scene, 0, GATEWAY_RULE_OWN,
		"wan0: an uplink of its own goes before gateways of the mesh");
	ck_assert(fabs(scene_rank(scene, "wan0")->score - 19.2e6) < 1);
	ck_assert(fabs(scene_rank(scene, "g1")->score - 90e6) < 1);
	ck_assert(fabs(scene_rank(scene, "g2")->score - 80e6) < 1);
	scene_health(scene, "wan0", PATH_DOWN);
	expect_text(scene, 0, GATEWAY_RULE_SCORE,
		"g1 scores 90 Mbit/s, 12 % more than g2 (80 Mbit/s); wan0 would go first, but: "
		"down: no answer from 9.9.9.9");
	ck_assert_str_eq(scene->decision.flip,
		"g2 would have to reach more than 108 Mbit/s for 20 s, or g1 to fail");
	expect_text(scene, 600, GATEWAY_RULE_HYSTERESIS,
		"g2 scores 100 Mbit/s, 11 % better than g1 (90 Mbit/s), but more than 20 % are "
		"needed to change");
	scene_find(scene, "g1")->path = 60000000;
	scene_decide(scene, 1);
	expect_text(scene, 5, GATEWAY_RULE_HOLD_DOWN,
		"g2 scores 100 Mbit/s, 67 % better than g1, but for 5 s only; 20 s are needed to "
		"change");
	expect_text(scene, 15, GATEWAY_RULE_SCORE, "g2 scores 100 Mbit/s");
	scene_health(scene, "wan0", PATH_UP);
	expect_text(scene, 12, GATEWAY_RULE_HOLD_DOWN,
		"wan0 would go first, but it is up for 12 s only; 60 s are needed to return to it");
	ck_assert_str_eq(scene->decision.flip, "in 48 s, if wan0 stays up, or g2 to fail");
	expect_text(scene, 48, GATEWAY_RULE_OWN, "wan0: ");
	scene->choice.mode = GATEWAY_USE;
	text_copy(scene->choice.use, 64, "g1");
	expect_text(scene, 1, GATEWAY_RULE_USE, "g1: the user's choice");
	scene_health(scene, "g1", PATH_DOWN);
	expect_text(scene, 1, GATEWAY_RULE_FALLBACK, "g1 is to be used but is not usable (down");
	scene->choice.strict = true;
	expect_text(scene, 1, GATEWAY_RULE_STRICT, "g1 is not usable (down: no answer from");
	scene_close(scene);
	free(scene);
}
END_TEST

/* The same node by both protocols. */
START_TEST(twins_are_told_apart)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	scene_open(scene);
	text_copy(scene_add(scene, GATEWAY_BMX7, "aaaaaaaaaaaaaaaaaaaaaaaa", 60)->name, 64, "g1");
	text_copy(scene_add(scene, GATEWAY_BABELD, "02:00:00:00:00:01", 50)->name, 64, "g1");
	expect_text(scene, 0, GATEWAY_RULE_SCORE,
		"g1 by bmx7 scores 60 Mbit/s, 20 % more than g1 by babeld (50 Mbit/s)");
	scene->candidates[0].name[0] = '\0';
	expect_text(scene, 0, GATEWAY_RULE_SCORE, "aaaaaaaaaaaa scores 60 Mbit/s, 20 % more");
	scene_close(scene);
	free(scene);
}
END_TEST

START_TEST(long_names_are_cut_whole)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	scene_open(scene);
	for (char kind = 'a'; kind < 'd'; kind++) {
		char id[2] = {kind, '\0'};
		struct gateway_candidate *candidate = scene_add(scene, GATEWAY_BMX7, id, 50);
		for (int i = 0; i < 31; i++) {
			memcpy(candidate->name + 2 * (size_t)i, "\xc3\xbc", 2);
		}
		candidate->name[62] = kind;
		memset(candidate->health.last.reason, 'x', PATH_REASON_SIZE - 1);
	}
	scene->candidates[2].health.health = PATH_DOWN;
	scene->choice.mode = GATEWAY_USE;
	text_copy(scene->choice.use, 64, scene->candidates[2].name);
	scene_decide(scene, 0);
	ck_assert_uint_lt(strlen(scene->decision.explanation), GATEWAY_TEXT_SIZE);
	struct gateway_question question = scene_question(scene);
	for (int i = 0; i < 2; i++) {
		json_t *text =
			json_string(i == 0 ? scene->decision.explanation : scene->decision.flip);
		ck_assert_ptr_nonnull(text); /* valid UTF-8 */
		json_decref(text);
	}
	json_t *json = gateway_family_to_json(&question, &scene->memory, &scene->decision, 1.7e9);
	ck_assert_ptr_nonnull(json);
	json_decref(json);
	scene_close(scene);
	free(scene);
}
END_TEST

START_TEST(small_and_large_figures)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	scene_open(scene);
	scene->rules.hold_down = 7200;
	scene_add(scene, GATEWAY_BMX7, "g1", 0)->bandwidth = UINT64_C(1250000000000);
	scene_add(scene, GATEWAY_BMX7, "g2", 0)->bandwidth = 999;
	expect_text(scene, 0, GATEWAY_RULE_SCORE, "g1 scores 1.2 Tbit/s, ");
	ck_assert_ptr_nonnull(strstr(scene->decision.explanation, "(999 bit/s)"));
	ck_assert_ptr_nonnull(strstr(scene->decision.flip, "1.5 Tbit/s for 2.0 h"));
	scene_find(scene, "g1")->bandwidth = 9990000;
	scene_find(scene, "g2")->bandwidth = 999700;
	expect_text(scene, 0, GATEWAY_RULE_SCORE, "g1 scores 10 Mbit/s, 899 % more than g2 (1.0 M");
	scene_close(scene);
	free(scene);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("gateway_text");
	TCase *tests = tcase_create("gateway_text");

	tcase_add_test(tests, example_of_the_page);
	tcase_add_test(tests, twins_are_told_apart);
	tcase_add_test(tests, long_names_are_cut_whole);
	tcase_add_test(tests, small_and_large_figures);
	suite_add_tcase(suite, tests);
	return suite;
}
