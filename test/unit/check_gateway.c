/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>

#include "unit/gateway_scene.h"

static struct scene *scene;

static void setup(void)
{
	scene = calloc(1, sizeof(*scene));
	ck_assert_ptr_nonnull(scene);
	scene_open(scene);
}

static void teardown(void)
{
	scene_close(scene);
	free(scene);
}

static void use(const char *name, bool strict)
{
	scene->choice.mode = GATEWAY_USE;
	scene->choice.strict = strict;
	text_copy(scene->choice.use, sizeof(scene->choice.use), name);
}

START_TEST(nothing_there)
{
	scene_expect(scene, 0, "", GATEWAY_RULE_NONE);
	ck_assert(scene->decision.explanation[0] != '\0' && scene->decision.flip[0] != '\0');
	ck_assert(isinf(scene->decision.next) && !scene->decision.block);
	ck_assert_uint_eq(scene->memory.changes, 0);
}
END_TEST

START_TEST(best_score)
{
	scene_add(scene, GATEWAY_BMX7, "g1", 50);
	scene_expect(scene, 0, "g1", GATEWAY_RULE_ONLY);
	ck_assert_uint_eq(scene->memory.changes, 1);
	scene_add(scene, GATEWAY_BABELD, "g2", 20);
	scene_expect(scene, 1, "g1", GATEWAY_RULE_SCORE);
	ck_assert_str_eq(scene->decision.explanation,
		"g1 scores 50 Mbit/s, 150 % more than g2 (20 Mbit/s)");
	ck_assert_str_eq(scene->decision.flip,
		"g2 would have to reach more than 60 Mbit/s for 20 s, or g1 to fail");
	/* The narrower of path and announced bandwidth counts. */
	scene_find(scene, "g2")->bandwidth = 900000000;
	scene_find(scene, "g2")->path = 55000000;
	scene_expect(scene, 1, "g1", GATEWAY_RULE_HYSTERESIS);
	ck_assert_str_eq(scene->decision.explanation, "g2 scores 55 Mbit/s, 10 % better than g1 "
						      "(50 Mbit/s), but more than 20 % are needed "
						      "to change");
	ck_assert(fabs(scene_rank(scene, "g1")->score - 60e6) < 1);
	ck_assert(fabs(scene_rank(scene, "g1")->preference - 1.2) < 1e-9);
	ck_assert(fabs(scene_rank(scene, "g2")->score - 55e6) < 1);
	/* Nothing known: a modest guess. */
	scene_add(scene, GATEWAY_BMX7, "g3", 0);
	scene_expect(scene, 1, "g1", GATEWAY_RULE_HYSTERESIS);
	ck_assert(fabs(scene_rank(scene, "g3")->score - 1e6) < 1);
}
END_TEST

START_TEST(penalty_costs)
{
	struct gateway_candidate *g1 = scene_add(scene, GATEWAY_BMX7, "g1", 50);

	scene_add(scene, GATEWAY_BMX7, "g2", 30);
	g1->health.penalty = 1000;
	g1->health.penalty_time = scene->now;
	scene_expect(scene, 0, "g2", GATEWAY_RULE_SCORE);
	ck_assert(fabs(scene_rank(scene, "g1")->stability - 0.5) < 1e-9);
	scene_decide(scene, 60);
	ck_assert(fabs(scene_rank(scene, "g1")->stability - 1 / 1.5) < 1e-9);
}
END_TEST

START_TEST(hold_down)
{
	scene_add(scene, GATEWAY_BMX7, "g1", 50);
	scene_decide(scene, 0);
	scene_add(scene, GATEWAY_BMX7, "g2", 100);
	scene_expect(scene, 5, "g1", GATEWAY_RULE_HOLD_DOWN);
	ck_assert(scene->decision.next == scene->now + 20);
	scene_expect(scene, 15, "g1", GATEWAY_RULE_HOLD_DOWN);
	ck_assert_str_eq(scene->decision.explanation,
		"g2 scores 100 Mbit/s, 100 % better than g1, but for 15 s only; 20 s are needed "
		"to change");
	ck_assert_str_eq(scene->decision.flip,
		"in 5 s, if g2 stays better by more than 20 %, or g1 to fail");
	/* A moment of weakness, and it waits anew. */
	scene_find(scene, "g2")->bandwidth = 40000000;
	scene_expect(scene, 1, "g1", GATEWAY_RULE_SCORE);
	scene_find(scene, "g2")->bandwidth = 100000000;
	scene_expect(scene, 1, "g1", GATEWAY_RULE_HOLD_DOWN);
	scene_expect(scene, 19.5, "g1", GATEWAY_RULE_HOLD_DOWN);
	scene_expect(scene, 0.5, "g2", GATEWAY_RULE_SCORE);
	ck_assert(scene->memory.since == scene->now);
	ck_assert_int_eq(scene_last_event(scene)->rule, GATEWAY_RULE_SCORE);
	ck_assert_str_eq(scene_last_event(scene)->from.id, "g1");
	ck_assert_str_eq(scene_last_event(scene)->to.id, "g2");
	ck_assert_str_eq(scene_last_event(scene)->reason, "");
}
END_TEST

/* Two that are better and alike do not keep each other from their turn; one that is better by far
 * goes before both. */
START_TEST(challengers)
{
	scene_add(scene, GATEWAY_BMX7, "g1", 10);
	scene_decide(scene, 0);
	scene_add(scene, GATEWAY_BMX7, "g2", 50);
	scene_add(scene, GATEWAY_BMX7, "g3", 50);
	for (int i = 0; i < 20; i++) {
		scene_find(scene, "g2")->bandwidth = i % 2 == 0 ? 50000000 : 45000000;
		scene_find(scene, "g3")->bandwidth = i % 2 == 0 ? 45000000 : 50000000;
		scene_expect(scene, 1, "g1", GATEWAY_RULE_HOLD_DOWN);
		ck_assert_str_eq(scene->memory.challenger.id, "g2");
	}
	ck_assert_str_eq(scene_decide(scene, 1), "g2");
	scene_add(scene, GATEWAY_BMX7, "g4", 70);
	scene_expect(scene, 5, "g2", GATEWAY_RULE_HOLD_DOWN);
	scene_add(scene, GATEWAY_BMX7, "g5", 700);
	scene_expect(scene, 10, "g2", GATEWAY_RULE_HOLD_DOWN);
	ck_assert_str_eq(scene->memory.challenger.id, "g5");
	scene_expect(scene, 10, "g2", GATEWAY_RULE_HOLD_DOWN);
	scene_expect(scene, 10, "g5", GATEWAY_RULE_SCORE);
}
END_TEST

START_TEST(dies)
{
	scene_add(scene, GATEWAY_BMX7, "g1", 100);
	scene_add(scene, GATEWAY_BMX7, "g2", 50);
	scene_expect(scene, 0, "g1", GATEWAY_RULE_SCORE);
	scene_health(scene, "g1", PATH_DOUBTFUL);
	scene_expect(scene, 1, "g1", GATEWAY_RULE_SCORE);
	scene_health(scene, "g1", PATH_DOWN);
	scene_expect(scene, 0, "g2", GATEWAY_RULE_ONLY);
	ck_assert_str_eq(scene_rank(scene, "g1")->why_not, "down: no answer from 9.9.9.9");
	ck_assert_int_eq(scene_last_event(scene)->rule, GATEWAY_RULE_LEFT);
	ck_assert_str_eq(scene_last_event(scene)->reason, "down: no answer from 9.9.9.9");
	/* It vanishes, with nobody to follow. */
	scene_health(scene, "g2", PATH_UP);
	scene_remove(scene, "g2");
	scene_expect(scene, 1, "", GATEWAY_RULE_NONE);
	ck_assert_uint_eq(scene->memory.changes, 3);
	ck_assert_str_eq(scene_last_event(scene)->reason, "it is not offered any more");
	ck_assert_str_eq(scene_last_event(scene)->to.id, "");
	scene_expect(scene, 1, "", GATEWAY_RULE_NONE);
	ck_assert_uint_eq(scene->memory.changes, 3);
}
END_TEST

START_TEST(own_uplink)
{
	scene_add(scene, GATEWAY_BMX7, "g1", 900);
	scene_add(scene, GATEWAY_UPLINK, "wan0", 10);
	scene_expect(scene, 0, "wan0", GATEWAY_RULE_OWN);
	ck_assert_str_eq(scene->decision.explanation,
		"wan0: an uplink of its own goes before gateways of the mesh");
	scene_health(scene, "wan0", PATH_DOWN);
	scene_expect(scene, 10, "g1", GATEWAY_RULE_ONLY);
	ck_assert_str_eq(scene->decision.explanation,
		"g1 is the only usable one of 2; wan0 would go first, but: down: no answer from "
		"9.9.9.9");
	scene_health(scene, "wan0", PATH_UP);
	scene_expect(scene, 0, "g1", GATEWAY_RULE_HOLD_DOWN);
	ck_assert(scene->decision.next == scene->now + 60);
	scene_expect(scene, 12, "g1", GATEWAY_RULE_HOLD_DOWN);
	ck_assert_str_eq(scene->decision.explanation, "wan0 would go first, but it is up for 12 s "
						      "only; 60 s are needed to return to it");
	scene_expect(scene, 47, "g1", GATEWAY_RULE_HOLD_DOWN);
	scene_expect(scene, 1, "wan0", GATEWAY_RULE_OWN);
	ck_assert_int_eq(scene_last_event(scene)->rule, GATEWAY_RULE_OWN);
	/* Nothing else: at once. */
	scene_health(scene, "wan0", PATH_DOWN);
	scene_expect(scene, 10, "g1", GATEWAY_RULE_ONLY);
	scene_health(scene, "wan0", PATH_UP);
	scene_health(scene, "g1", PATH_DOWN);
	scene_expect(scene, 1, "wan0", GATEWAY_RULE_ONLY);
}
END_TEST

START_TEST(own_at_first_start)
{
	scene_add(scene, GATEWAY_BMX7, "g1", 900);
	scene_add(scene, GATEWAY_UPLINK, "wan0", 10);
	scene_health(scene, "wan0", PATH_UP); /* this very moment */
	scene_expect(scene, 0, "wan0", GATEWAY_RULE_OWN);
}
END_TEST

START_TEST(uplinks_by_priority)
{
	scene_add(scene, GATEWAY_UPLINK, "lte0", 100)->priority = 10;
	scene_add(scene, GATEWAY_UPLINK, "wan0", 5)->priority = 1;
	scene_add(scene, GATEWAY_UPLINK, "wan1", 50)->priority = 1;
	scene_expect(scene, 0, "wan1", GATEWAY_RULE_SCORE);
	scene_health(scene, "wan1", PATH_DOWN);
	scene_expect(scene, 1, "wan0", GATEWAY_RULE_PRIORITY);
	ck_assert_str_eq(scene->decision.explanation,
		"wan0: its priority 1 goes before lte0's 10; wan1 would go first, but: down: no "
		"answer from 9.9.9.9");
	scene_health(scene, "wan0", PATH_DOWN);
	scene_expect(scene, 1, "lte0", GATEWAY_RULE_ONLY);
	scene_health(scene, "wan0", PATH_UP);
	scene_expect(scene, 59, "lte0", GATEWAY_RULE_HOLD_DOWN);
	scene_expect(scene, 1, "wan0", GATEWAY_RULE_PRIORITY);
}
END_TEST

START_TEST(user_uses)
{
	scene_add(scene, GATEWAY_UPLINK, "wan0", 100);
	scene_add(scene, GATEWAY_BMX7, "11223344556677", 10);
	scene_add(scene, GATEWAY_BMX7, "99aabbccddeeff", 90);
	text_copy(scene_find(scene, "11223344556677")->name, 64, "Barn");
	scene_expect(scene, 0, "wan0", GATEWAY_RULE_OWN);
	use("barn", false);
	scene_expect(scene, 0, "11223344556677", GATEWAY_RULE_USE);
	ck_assert_str_eq(scene->decision.explanation, "Barn: the user's choice");
	ck_assert_int_eq(scene_last_event(scene)->rule, GATEWAY_RULE_USE);
	scene_health(scene, "11223344556677", PATH_DOWN);
	scene_expect(scene, 1, "wan0", GATEWAY_RULE_FALLBACK);
	ck_assert_str_eq(scene->decision.explanation,
		"barn is to be used but is not usable (down: no answer from 9.9.9.9); wan0 "
		"stands in");
	ck_assert(!scene->decision.block);
	scene_health(scene, "11223344556677", PATH_UP);
	scene_expect(scene, 1, "11223344556677", GATEWAY_RULE_USE);
	use("99aa", true);
	scene_expect(scene, 1, "99aabbccddeeff", GATEWAY_RULE_USE);
	ck_assert(scene->decision.block);
	ck_assert_str_eq(scene_rank(scene, "wan0")->why_not, "only 99aa is wanted (strict)");
	scene_health(scene, "99aabbccddeeff", PATH_DOWN);
	scene_expect(scene, 1, "", GATEWAY_RULE_STRICT);
	ck_assert(scene->decision.block);
	use("nobody", false);
	scene_expect(scene, 1, "wan0", GATEWAY_RULE_FALLBACK);
	use("local", false);
	scene_expect(scene, 1, "wan0", GATEWAY_RULE_USE);
}
END_TEST

START_TEST(user_prefers_and_avoids)
{
	scene_add(scene, GATEWAY_UPLINK, "wan0", 100);
	scene_add(scene, GATEWAY_BMX7, "g1", 10);
	scene_add(scene, GATEWAY_BMX7, "g2", 90);
	text_copy(scene->choice.prefer[0], 64, "g1");
	scene->choice.prefer_count = 1;
	scene_expect(scene, 0, "g1", GATEWAY_RULE_PREFER);
	scene->choice.prefer_count = 0;
	text_copy(scene->choice.avoid[0], 64, "wan0");
	text_copy(scene->choice.avoid[1], 64, "g2");
	scene->choice.avoid_count = 2;
	scene_expect(scene, 1, "g1", GATEWAY_RULE_PREFER);
	ck_assert_str_eq(scene->decision.explanation,
		"g1: the user wants the others to be avoided");
	scene_health(scene, "g1", PATH_DOWN);
	scene_expect(scene, 1, "wan0", GATEWAY_RULE_OWN);
	ck_assert_int_eq(scene_rank(scene, "wan0")->user_class, -1);
}
END_TEST

START_TEST(local_only)
{
	scene_add(scene, GATEWAY_BMX7, "g1", 10);
	scene_add(scene, GATEWAY_UPLINK, "wan0", 100);
	scene_health(scene, "wan0", PATH_DOWN);
	scene_expect(scene, 0, "g1", GATEWAY_RULE_ONLY);
	scene->choice.mode = GATEWAY_LOCAL_ONLY;
	scene_expect(scene, 1, "", GATEWAY_RULE_NONE);
	ck_assert(scene->decision.block);
	ck_assert_int_eq(scene_last_event(scene)->rule, GATEWAY_RULE_NONE); /* it was well */
	ck_assert_ptr_nonnull(strstr(scene_last_event(scene)->reason, "local-only"));
	ck_assert(scene_rank(scene, "g1")->probe_interval == 0);
	scene_health(scene, "wan0", PATH_UP);
	scene_expect(scene, 1, "wan0", GATEWAY_RULE_ONLY);
	ck_assert(scene->decision.block);
}
END_TEST

START_TEST(unknown_health)
{
	scene_add(scene, GATEWAY_BMX7, "g1", 100)->probed = false;
	scene_add(scene, GATEWAY_BMX7, "g2", 10);
	/* Who is known to be up goes first. */
	scene_expect(scene, 0, "g2", GATEWAY_RULE_ONLY);
	ck_assert_str_eq(scene_rank(scene, "g1")->why_not, "it was not probed yet");
	ck_assert(scene_rank(scene, "g1")->probe_interval == 30);
	scene_health(scene, "g2", PATH_DOWN);
	scene_expect(scene, 1, "g1", GATEWAY_RULE_ONLY);
	/* In use it stays, for as long as a verdict may take. */
	scene_health(scene, "g2", PATH_UP);
	scene_expect(scene, 1, "g1", GATEWAY_RULE_SCORE);
	ck_assert(scene->decision.next == scene->now + 29);
	scene_expect(scene, 28, "g1", GATEWAY_RULE_SCORE);
	scene_expect(scene, 1, "g2", GATEWAY_RULE_ONLY);
	ck_assert_int_eq(scene_last_event(scene)->rule, GATEWAY_RULE_LEFT);
}
END_TEST

START_TEST(restart_moves_nobody)
{
	scene_add(scene, GATEWAY_BMX7, "g1", 100);
	scene_add(scene, GATEWAY_BMX7, "g2", 90);
	scene_expect(scene, 0, "g1", GATEWAY_RULE_SCORE);
	scene_find(scene, "g1")->probed = false;
	scene_expect(scene, 1, "g1", GATEWAY_RULE_SCORE);
	scene_health(scene, "g1", PATH_UNKNOWN);
	scene_expect(scene, 5, "g1", GATEWAY_RULE_SCORE);
	scene_health(scene, "g1", PATH_UP);
	scene_expect(scene, 100, "g1", GATEWAY_RULE_SCORE);
	ck_assert_uint_eq(scene->memory.changes, 1);
}
END_TEST

START_TEST(flapping)
{
	struct gateway_candidate *wan0 = scene_add(scene, GATEWAY_UPLINK, "wan0", 100);

	scene_add(scene, GATEWAY_BMX7, "g1", 10);
	wan0->health.suppressed = true;
	wan0->health.penalty = 3000;
	wan0->health.penalty_time = scene->now;
	scene_expect(scene, 0, "g1", GATEWAY_RULE_ONLY);
	ck_assert_str_eq(scene_rank(scene, "wan0")->why_not,
		"it failed too often: its penalty of 3000 is small enough in 115 s");
	ck_assert(fabs(scene->decision.next - scene->now - 60 * log2(3000 / 800.0)) < 0.01);
	/* Better than none at all. */
	scene_health(scene, "g1", PATH_DOWN);
	scene_expect(scene, 1, "wan0", GATEWAY_RULE_ONLY);
	ck_assert_ptr_nonnull(strstr(scene->decision.explanation, "better than none"));
	scene_health(scene, "g1", PATH_UP);
	scene_expect(scene, 1, "g1", GATEWAY_RULE_ONLY);
	/* The suppression ends without anybody else's doing. */
	scene_expect(scene, scene->decision.next - scene->now, "wan0", GATEWAY_RULE_OWN);
}
END_TEST

START_TEST(hop_by_hop)
{
	scene_add(scene, GATEWAY_BABELD_HOP, "02:11:22:ff:fe:33:44:55", 50);
	scene_expect(scene, 0, "02:11:22:ff:fe:33:44:55", GATEWAY_RULE_ONLY);
	use("02:11:22", true);
	scene_expect(scene, 1, "02:11:22:ff:fe:33:44:55", GATEWAY_RULE_USE);
	ck_assert_ptr_nonnull(strstr(scene->decision.explanation, "cannot be held to"));
	/* Nothing probes it and another is known to be up: the user's word is enough. */
	scene->candidates[0].probed = false;
	scene_add(scene, GATEWAY_BMX7, "g9", 900);
	use("02:11:22", false);
	scene_expect(scene, 100, "02:11:22:ff:fe:33:44:55", GATEWAY_RULE_USE);
	scene->choice.mode = GATEWAY_AUTO;
	scene_expect(scene, 0, "g9", GATEWAY_RULE_ONLY);
	scene_remove(scene, "g9");
	scene->candidates[0].probed = true;
	scene_expect(scene, 0, "02:11:22:ff:fe:33:44:55", GATEWAY_RULE_ONLY);
	/* The same node's tunnel is as good but surer. */
	scene->choice.mode = GATEWAY_AUTO;
	scene_add(scene, GATEWAY_BABELD, "00:11:22:33:44:55", 50);
	scene_expect(scene, 1, "02:11:22:ff:fe:33:44:55", GATEWAY_RULE_HOLD_DOWN);
	scene_expect(scene, 20, "00:11:22:33:44:55", GATEWAY_RULE_TIE);
	/* And pinned the tunnel goes first whatever the scores. */
	scene_find(scene, "02:11:22:ff:fe:33:44:55")->bandwidth = 900000000;
	text_copy(scene->candidates[0].name, 64, "g1");
	text_copy(scene->candidates[1].name, 64, "G1");
	use("g1", false);
	scene_expect(scene, 100, "00:11:22:33:44:55", GATEWAY_RULE_USE);
}
END_TEST

START_TEST(names)
{
	struct gateway_candidate mesh = {.key = {GATEWAY_BMX7, "89ABcdef"}, .name = "Roof"};
	struct gateway_candidate own = {.key = {GATEWAY_UPLINK, "wan0"}, .name = "Roof"};

	ck_assert(gateway_name_matches("roof", &mesh) && gateway_name_matches("89ab", &mesh));
	ck_assert(gateway_name_matches("89abCDEF", &mesh));
	ck_assert(!gateway_name_matches("", &mesh) && !gateway_name_matches("89a", &mesh));
	ck_assert(!gateway_name_matches("roo", &mesh) && !gateway_name_matches("local", &mesh));
	ck_assert(!gateway_name_matches("89abcdef0", &mesh));
	ck_assert(gateway_name_matches("wan0", &own) && gateway_name_matches("local", &own));
	ck_assert(!gateway_name_matches("roof", &own) && !gateway_name_matches("wan", &own));
	mesh.name[0] = '\0';
	ck_assert(!gateway_name_matches("", &mesh));
	text_copy(mesh.name, sizeof(mesh.name), "local");
	ck_assert(!gateway_name_matches("local", &mesh));
}
END_TEST

START_TEST(probes)
{
	char id[4] = "g1";

	for (int i = 1; i <= 8; i++, id[1]++) {
		scene_add(scene, GATEWAY_BMX7, id, (uint64_t)(100 - i));
	}
	scene_decide(scene, 0);
	ck_assert(scene_rank(scene, "g1")->probe_interval == 5);
	ck_assert(scene_rank(scene, "g2")->probe_interval == 30);
	ck_assert(scene_rank(scene, "g4")->probe_interval == 30);
	ck_assert(scene_rank(scene, "g5")->probe_interval == 0);
	use("g8", false);
	scene_health(scene, "g8", PATH_DOWN);
	scene_health(scene, "g2", PATH_DOWN);
	scene_decide(scene, 0);
	ck_assert(scene_rank(scene, "g8")->probe_interval == 30);
	ck_assert(scene_rank(scene, "g1")->probe_interval == 5);
	ck_assert(scene_rank(scene, "g3")->probe_interval == 30);
	ck_assert(scene_rank(scene, "g2")->probe_interval == 30);
	ck_assert(scene_rank(scene, "g4")->probe_interval == 0);
	/* An own uplink in use: the mesh is kept warm all the same; the uplink's probes are
	 * configured elsewhere. */
	scene->choice.mode = GATEWAY_AUTO;
	scene_add(scene, GATEWAY_UPLINK, "wan0", 100);
	ck_assert_str_eq(scene_decide(scene, 0), "wan0");
	ck_assert(scene_rank(scene, "wan0")->probe_interval == 0);
	ck_assert(scene_rank(scene, "g1")->probe_interval == 30);
}
END_TEST

/* No second good one is known: those without a verdict are tried, to the end, before dead ones. */
START_TEST(probes_search)
{
	char id[4] = "g1";

	for (int i = 1; i <= 8; i++, id[1]++) {
		scene_add(scene, GATEWAY_BMX7, id, (uint64_t)(100 - i))->probed = i == 1;
	}
	scene_decide(scene, 0);
	ck_assert(scene_rank(scene, "g2")->probe_interval == 30);
	scene_health(scene, "g2", PATH_DOWN);
	scene_health(scene, "g3", PATH_DOWN);
	scene_health(scene, "g4", PATH_UNKNOWN);
	scene_health(scene, "g7", PATH_UNKNOWN);
	scene_decide(scene, 0);
	ck_assert(scene_rank(scene, "g2")->probe_interval == 0);
	ck_assert(scene_rank(scene, "g4")->probe_interval == 30);
	ck_assert(scene_rank(scene, "g7")->probe_interval == 30);
	ck_assert(scene_rank(scene, "g5")->probe_interval == 30);
	scene_health(scene, "g7", PATH_UP);
	scene_decide(scene, 0);
	ck_assert(scene_rank(scene, "g7")->probe_interval == 30);
	ck_assert(scene_rank(scene, "g2")->probe_interval == 30);
	ck_assert(scene_rank(scene, "g3")->probe_interval == 30);
}
END_TEST

/* Both ways to a node end at one uplink: what the tunnel's probes find is so of both. */
START_TEST(twins_share_their_health)
{
	static const char tunnel[] = "02:11:22:33:44:55";
	static const char hop[] = "02:11:22:33:44:55:a1:b2";

	scene_add(scene, GATEWAY_BABELD, tunnel, 50);
	scene_add(scene, GATEWAY_BABELD_HOP, hop, 90);
	scene_add(scene, GATEWAY_BABELD, "g2", 10);
	scene_expect(scene, 0, hop, GATEWAY_RULE_SCORE);
	/* Only the tunnel is probed, and often, as it stands for the one in use. */
	ck_assert(scene_rank(scene, hop)->probe_interval == 0);
	ck_assert(scene_rank(scene, tunnel)->probe_interval == 5);
	scene_health(scene, tunnel, PATH_DOWN);
	scene_health(scene, hop, PATH_UP);
	scene_expect(scene, 1, "g2", GATEWAY_RULE_ONLY);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("gateway");
	TCase *tests = tcase_create("gateway");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, nothing_there);
	tcase_add_test(tests, best_score);
	tcase_add_test(tests, penalty_costs);
	tcase_add_test(tests, hold_down);
	tcase_add_test(tests, challengers);
	tcase_add_test(tests, dies);
	tcase_add_test(tests, own_uplink);
	tcase_add_test(tests, own_at_first_start);
	tcase_add_test(tests, uplinks_by_priority);
	tcase_add_test(tests, user_uses);
	tcase_add_test(tests, user_prefers_and_avoids);
	tcase_add_test(tests, local_only);
	tcase_add_test(tests, unknown_health);
	tcase_add_test(tests, restart_moves_nobody);
	tcase_add_test(tests, flapping);
	tcase_add_test(tests, hop_by_hop);
	tcase_add_test(tests, twins_share_their_health);
	tcase_add_test(tests, names);
	tcase_add_test(tests, probes);
	tcase_add_test(tests, probes_search);
	suite_add_tcase(suite, tests);
	return suite;
}
