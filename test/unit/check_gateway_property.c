/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What holds of every decision, shown on many random ones. */
#include <math.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "unit/gateway_scene.h"

#define QUESTIONS 5000

static unsigned int pick(unsigned int below)
{
	return (unsigned int)rand() % below;
}

static void name_any(struct scene *scene, char name[64])
{
	if (scene->count == 0 || pick(5) == 0) {
		text_copy(name, 64, pick(2) == 0 ? "local" : "nobody");
		return;
	}
	const struct gateway_candidate *candidate = &scene->candidates[pick(scene->count)];
	text_copy(name, 64, candidate->name[0] != '\0' ? candidate->name : candidate->key.id);
}

static void change_choice(struct scene *scene)
{
	struct gateway_choice *choice = &scene->choice;

	*choice = (struct gateway_choice){.mode = (enum gateway_mode)pick(3)};
	choice->strict = pick(2) == 0;
	name_any(scene, choice->use);
	choice->prefer_count = pick(3);
	choice->avoid_count = pick(3);
	for (int i = 0; i < 2; i++) {
		name_any(scene, choice->prefer[i]);
		name_any(scene, choice->avoid[i]);
	}
}

static void change_health(struct scene *scene, struct gateway_candidate *candidate)
{
	candidate->probed = pick(4) > 0;
	candidate->health = (struct path){.health = (enum path_health)pick(4),
		.suppressed = pick(4) == 0,
		.penalty = pick(3) == 0 ? 0 : pick(9000),
		.penalty_time = scene->now - pick(100),
		.since = scene->now - pick(100),
		.good = 1};
	text_copy(candidate->health.last.reason, sizeof(candidate->health.last.reason), "broken");
}

static void change_one(struct scene *scene)
{
	struct gateway_candidate *candidate = &scene->candidates[pick(scene->count)];

	switch (pick(4)) {
	case 0:
		*candidate = scene->candidates[--scene->count];
		break;
	case 1:
		candidate->bandwidth = pick(4) * UINT64_C(50000000) + pick(2) * pick(1000);
		candidate->path = pick(4) * UINT64_C(50000000);
		candidate->priority = (int)pick(3);
		break;
	default:
		change_health(scene, candidate);
		break;
	}
}

static void add_one(struct scene *scene)
{
	enum gateway_kind kind = (enum gateway_kind)pick(4);
	char id[32];

	snprintf(id, sizeof(id), "02:00:00:00:00:%02x", pick(12));
	for (size_t i = 0; i < scene->count; i++) {
		if (scene->candidates[i].key.kind == kind &&
			strcmp(scene->candidates[i].key.id, id) == 0) {
			return;
		}
	}
	struct gateway_candidate *candidate = scene_add(scene, kind, id, pick(5) * 50);
	if (pick(2) == 0) {
		snprintf(candidate->name, sizeof(candidate->name), "n%c", id[16]);
	}
	change_health(scene, candidate);
}

static void change(struct scene *scene)
{
	scene->now += pick(3) == 0 ? 0 : pick(1000) / 50.0;
	for (unsigned int i = pick(4); i > 0; i--) {
		if (scene->count < 10 && pick(2) == 0) {
			add_one(scene);
		} else if (scene->count > 0) {
			change_one(scene);
		}
	}
	if (pick(10) == 0) {
		change_choice(scene);
	}
}

static bool is_wanted(const struct scene *scene, const struct gateway_candidate *candidate)
{
	const struct gateway_choice *choice = &scene->choice;

	return choice->mode == GATEWAY_AUTO ||
	       (choice->mode == GATEWAY_LOCAL_ONLY && candidate->key.kind == GATEWAY_UPLINK) ||
	       (choice->mode == GATEWAY_USE &&
		       (!choice->strict || gateway_name_matches(choice->use, candidate)));
}

/* Whose health is the candidate's: of a hop-by-hop way the tunnel's to that node. */
static const struct gateway_candidate *judged(const struct scene *scene,
	const struct gateway_candidate *candidate)
{
	static const enum gateway_kind tunnels[] = {GATEWAY_BMX7, GATEWAY_BABELD};

	for (size_t t = 0; t < 2 && candidate->key.kind == GATEWAY_BABELD_HOP; t++) {
		for (size_t i = 0; i < scene->count; i++) {
			const struct gateway_key *key = &scene->candidates[i].key;
			if (key->kind == tunnels[t] && strcmp(key->id, candidate->key.id) == 0) {
				return &scene->candidates[i];
			}
		}
	}
	return candidate;
}

/* 3 up, 2 unknown, 1 suppressed, 0 not to be used. */
static int standing(const struct scene *scene, const struct gateway_candidate *candidate)
{
	if (!is_wanted(scene, candidate)) {
		return 0;
	}
	bool meant = scene->choice.mode == GATEWAY_USE &&
		     gateway_name_matches(scene->choice.use, candidate);
	candidate = judged(scene, candidate);
	struct path health = candidate->health;
	if (!candidate->probed || health.health == PATH_UNKNOWN) {
		return meant && !candidate->probed && candidate->key.kind == GATEWAY_BABELD_HOP ? 3
												: 2;
	}
	path_decay(&health, &scene->path_rules, scene->now);
	if (health.health == PATH_DOWN) {
		return 0;
	}
	return path_is_usable(&health) ? 3 : 1;
}

static void check_order(const struct scene *scene)
{
	ck_assert_uint_eq(scene->decision.count, scene->count);
	bool seen[SCENE_MAX] = {false};
	bool usable = true;
	unsigned int probed = 0;

	for (size_t i = 0; i < scene->decision.count; i++) {
		const struct gateway_rank *rank = &scene->decision.order[i];
		ck_assert_uint_lt(rank->candidate, scene->count);
		ck_assert(!seen[rank->candidate]);
		seen[rank->candidate] = true;
		ck_assert(usable || !rank->usable); /* usable ones first */
		usable = rank->usable;
		ck_assert((rank->why_not[0] == '\0') == rank->usable);
		ck_assert(rank->score > 0 && isfinite(rank->score));
		ck_assert(rank->stability > 0 && rank->stability <= 1);
		const struct gateway_candidate *candidate = &scene->candidates[rank->candidate];
		bool mesh = candidate->key.kind != GATEWAY_UPLINK && is_wanted(scene, candidate);
		ck_assert(mesh || rank->probe_interval == 0);
		probed += rank->probe_interval > 0;
	}
	ck_assert_uint_le(probed, 4);
}

static void check_decision(const struct scene *scene)
{
	const struct gateway_decision *decision = &scene->decision;
	const struct gateway_choice *choice = &scene->choice;
	int best = 0;

	check_order(scene);
	for (size_t i = 0; i < scene->count; i++) {
		int one = standing(scene, &scene->candidates[i]);
		best = one > best ? one : best;
	}
	ck_assert(decision->explanation[0] != '\0' && decision->flip[0] != '\0');
	ck_assert(decision->next > scene->now);
	ck_assert_int_eq(decision->block, choice->mode == GATEWAY_LOCAL_ONLY ||
						  (choice->mode == GATEWAY_USE && choice->strict));
	if (decision->in_use < 0) {
		ck_assert_int_eq(best, 0);
		return;
	}
	const struct gateway_rank *rank = &decision->order[decision->in_use];
	int used = standing(scene, &scene->candidates[rank->candidate]);
	/* Only one that is waited for may be worse than the best. */
	ck_assert_msg(used > 0 && (used == best || (used == 2 && best == 3)), "%d of %d", used,
		best);
	ck_assert(rank->usable);
	const struct gateway_candidate *in_use = &scene->candidates[rank->candidate];
	ck_assert(rank->probe_interval == 5 || in_use->key.kind == GATEWAY_UPLINK ||
		  judged(scene, in_use) != in_use);
	/* The user's class is never beaten. */
	ck_assert_int_ge(rank->user_class, decision->order[0].user_class);
}

static void check_same(const struct scene *a, const struct scene *b)
{
	const struct gateway_decision *one = &a->decision;
	const struct gateway_decision *two = &b->decision;

	ck_assert(memcmp(&a->memory, &b->memory, sizeof(a->memory)) == 0);
	ck_assert_int_eq(one->in_use, two->in_use);
	ck_assert_int_eq(one->rule, two->rule);
	ck_assert_str_eq(one->explanation, two->explanation);
	ck_assert_str_eq(one->flip, two->flip);
	ck_assert(one->next == two->next);
	for (size_t i = 0; i < one->count; i++) {
		struct gateway_rank rank = two->order[i];
		ck_assert(gateway_key_equal(&a->candidates[one->order[i].candidate].key,
			&b->candidates[rank.candidate].key));
		ck_assert(one->order[i].score == rank.score &&
			  one->order[i].usable == rank.usable &&
			  one->order[i].probe_interval == rank.probe_interval);
	}
}

static void shuffle(struct scene *scene)
{
	for (size_t i = scene->count; i > 1; i--) {
		size_t j = pick((unsigned int)i);
		struct gateway_candidate candidate = scene->candidates[i - 1];
		scene->candidates[i - 1] = scene->candidates[j];
		scene->candidates[j] = candidate;
	}
}

START_TEST(random_questions)
{
	CLEANUP(cleanup_free) struct scene *scene = calloc(1, sizeof(*scene));
	CLEANUP(cleanup_free) struct scene *other = calloc(1, sizeof(*other));
	unsigned int rules[GATEWAY_RULES] = {0};

	ck_assert(scene != NULL && other != NULL);
	srand((unsigned int)_i + 1);
	scene_open(scene);
	for (int i = 0; i < QUESTIONS; i++) {
		change(scene);
		*other = *scene;
		other->decision = (struct gateway_decision){.in_use = -1};
		shuffle(other);
		scene_decide(scene, 0);
		check_decision(scene);
		scene_decide(other, 0);
		check_same(scene, other);
		rules[scene->decision.rule]++;
		/* Asked again at the same time it is of the same mind. */
		uint64_t changes = scene->memory.changes;
		ck_assert_int_eq(scene_decide(other, 0)[0] == '\0', scene->decision.in_use < 0);
		ck_assert_uint_eq(other->memory.changes, changes);
		scene_close(other);
	}
	for (int rule = 0; rule < GATEWAY_RULES; rule++) {
		ck_assert_msg(rules[rule] > 10 || rule == GATEWAY_RULE_LEFT, "%s: %u",
			gateway_rule_text((enum gateway_rule)rule), rules[rule]);
	}
	scene_close(scene);
}
END_TEST

/* However the scores jump, there is at most one change in hold_down, and each is to one that is
 * better by more than hysteresis. */
START_TEST(noise_is_bounded)
{
	CLEANUP(cleanup_free) struct scene *scene = calloc(1, sizeof(*scene));
	double last = 0;
	unsigned int changes = 0;
	char id[3] = "g0";

	ck_assert_ptr_nonnull(scene);
	srand((unsigned int)_i + 1);
	scene_open(scene);
	for (id[1] = '0'; id[1] < '6'; id[1]++) {
		scene_add(scene, (enum gateway_kind)(1 + pick(2)), id, 100);
	}
	scene_decide(scene, 0);
	last = scene->now;
	for (int i = 0; i < QUESTIONS; i++) {
		unsigned int noise = 1 + (unsigned int)_i * 60;
		double before = 0;
		for (size_t j = 0; j < scene->count; j++) {
			struct gateway_candidate *candidate = &scene->candidates[j];
			candidate->bandwidth = 100000000 + UINT64_C(1000000) * pick(noise) +
					       (j == (size_t)i / 500 % 6 ? 400000000 : 0);
			before = gateway_key_equal(&candidate->key, &scene->memory.in_use)
					 ? (double)candidate->bandwidth
					 : before;
		}
		uint64_t count = scene->memory.changes;
		scene_decide(scene, 0.1 + pick(20) / 10.0);
		if (scene->memory.changes != count) {
			const struct gateway_rank *rank =
				&scene->decision.order[scene->decision.in_use];
			double now = (double)scene->candidates[rank->candidate].bandwidth;
			ck_assert(now > before * 1.2);
			ck_assert_msg(scene->now - last >= 20, "%g s", scene->now - last);
			last = scene->now;
			changes++;
		}
	}
	ck_assert_uint_ge(changes, 5); /* and it does follow what is better for long */
	scene_close(scene);
}
END_TEST

/* An uplink that comes and goes faster than return_after is not gone back to. */
START_TEST(flapping_uplink)
{
	CLEANUP(cleanup_free) struct scene *scene = calloc(1, sizeof(*scene));

	ck_assert_ptr_nonnull(scene);
	scene_open(scene);
	scene_add(scene, GATEWAY_UPLINK, "wan0", 100);
	scene_add(scene, GATEWAY_BMX7, "g1", 100);
	scene_decide(scene, 0);
	for (int i = 0; i < 100; i++) {
		scene_health(scene, "wan0", i % 2 == 0 ? PATH_DOWN : PATH_UP);
		scene_decide(scene, i % 2 == 0 ? 3 : 50);
	}
	ck_assert_uint_eq(scene->memory.changes, 2);
	scene_close(scene);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("gateway_property");
	TCase *tests = tcase_create("gateway_property");

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, random_questions, 0, 3);
	tcase_add_loop_test(tests, noise_is_bounded, 0, 4);
	tcase_add_test(tests, flapping_uplink);
	suite_add_tcase(suite, tests);
	return suite;
}
