/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "core/json_text.h"
#include "unit/gateway_scene.h"

static json_t *parse(const char *text)
{
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);

	ck_assert_msg(json != NULL, "%s", text);
	return json;
}

/* A copy of the object with one member replaced (value NULL: left out). */
static json_t *replace(const json_t *json, const char *name, const char *value)
{
	json_t *copy = json_deep_copy(json);

	json_object_del(copy, name);
	if (value != NULL) {
		json_object_set_new(copy, name, parse(value));
	}
	return copy;
}

/* Two gateways die and come back in turn. */
static void change_often(struct scene *scene, int changes)
{
	scene_add(scene, GATEWAY_BMX7, "g1", 100);
	scene_add(scene, GATEWAY_BABELD, "g2", 50);
	text_copy(scene->candidates[0].name, 64, "gr\xc3\xbcn");
	for (int i = 0; i < changes; i++) {
		scene_health(scene, "g1", i % 2 == 0 ? PATH_UP : PATH_DOWN);
		scene_health(scene, "g2", i % 2 == 0 ? PATH_DOWN : PATH_UP);
		scene_decide(scene, 10);
	}
}

START_TEST(memory_round_trip)
{
	CLEANUP(cleanup_free) struct scene *scene = calloc(1, sizeof(*scene));
	CLEANUP(cleanup_free) struct gateway_memory *read = calloc(1, sizeof(*read));

	ck_assert(scene != NULL && read != NULL);
	for (int changes = 0; changes < 200; changes += 1 + changes / 3) {
		scene_open(scene);
		change_often(scene, changes);
		CLEANUP(cleanup_json)
		json_t *json = gateway_memory_to_json(&scene->memory, scene->now + 5);
		ck_assert(gateway_memory_from_json(json, 50, read));
		ck_assert_uint_eq(read->changes, (uint64_t)changes);
		ck_assert(gateway_key_equal(&read->in_use, &scene->memory.in_use));
		ck_assert_str_eq(read->in_use_name, scene->memory.in_use_name);
		ck_assert(changes == 0 ||
			  fabs((50 - read->since) - (scene->now + 5 - scene->memory.since)) < 0.01);
		CLEANUP(cleanup_json) json_t *again = gateway_memory_to_json(read, 50);
		ck_assert(json_equal(json, again));
		size_t kept = json_array_size(json_object_get(json, "log"));
		ck_assert_uint_eq(kept, changes < GATEWAY_LOG_MAX ? (size_t)changes : 64);
		/* It goes on where it was: nobody is moved, the next change is the newest. */
		scene->memory = *read;
		scene->now = 50;
		scene_decide(scene, 1);
		ck_assert_uint_eq(scene->memory.changes, (uint64_t)changes + (changes == 0));
		scene_close(scene);
	}
}
END_TEST

START_TEST(challenger_is_kept)
{
	CLEANUP(cleanup_free) struct scene *scene = calloc(1, sizeof(*scene));

	ck_assert_ptr_nonnull(scene);
	scene_open(scene);
	scene_add(scene, GATEWAY_BMX7, "g1", 50);
	scene_decide(scene, 0);
	scene_add(scene, GATEWAY_BMX7, "g2", 100);
	scene_decide(scene, 1);
	scene_decide(scene, 15);
	CLEANUP(cleanup_json) json_t *json = gateway_memory_to_json(&scene->memory, scene->now);
	scene->memory = (struct gateway_memory){0};
	ck_assert(gateway_memory_from_json(json, scene->now, &scene->memory));
	ck_assert_str_eq(scene_decide(scene, 4), "g1");
	ck_assert_str_eq(scene_decide(scene, 1.1), "g2");
	scene_close(scene);
}
END_TEST

static void refuse_memory(const json_t *json, const char *what)
{
	static struct gateway_memory memory;

	ck_assert_msg(!gateway_memory_from_json(json, 100, &memory), "%s", what);
	ck_assert_uint_eq(memory.changes, 0);
}

START_TEST(memory_hostile)
{
	static const char *const bad[][2] = {{"in_use", NULL}, {"in_use", "7"}, {"in_use", "{}"},
		{"in_use", "{\"kind\":\"olsr\",\"id\":\"x\",\"name\":\"\"}"},
		{"in_use", "{\"kind\":\"bmx7\",\"id\":\"\",\"name\":\"\"}"},
		{"in_use", "{\"kind\":\"bmx7\",\"id\":5,\"name\":\"\"}"},
		{"in_use", "{\"kind\":\"bmx7\",\"id\":\"x\"}"},
		{"in_use", "{\"kind\":\"bmx7\",\"id\":\"\\u001b[2J\",\"name\":\"\"}"},
		{"since", "-1"}, {"since", "1e300"}, {"since", "null"}, {"since", "\"1\""},
		{"challenger", "[]"}, {"challenger_since", NULL}, {"changes", "-1"},
		{"changes", "1"}, {"changes", "9223372036854775807"}, {"changes", "2.0"},
		{"log", NULL}, {"log", "{}"}, {"log", "[1]"}, {"log", "[{}]"},
		{"log", "[{\"age\":1,\"from\":null,\"to\":null,\"rule\":\"score\","
			"\"reason\":\"\"}]"}};
	static const char *const bad_event[][2] = {{"age", "-1"}, {"age", NULL}, {"from", "5"},
		{"to", NULL}, {"rule", "\"luck\""}, {"rule", NULL}, {"reason", "1"},
		{"reason", "\"\\u0007\""}};
	CLEANUP(cleanup_free) struct scene *scene = calloc(1, sizeof(*scene));

	ck_assert_ptr_nonnull(scene);
	scene_open(scene);
	change_often(scene, 3);
	CLEANUP(cleanup_json) json_t *json = gateway_memory_to_json(&scene->memory, 2000);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CLEANUP(cleanup_json) json_t *copy = replace(json, bad[i][0], bad[i][1]);
		refuse_memory(copy, bad[i][1] != NULL ? bad[i][1] : bad[i][0]);
	}
	const json_t *log = json_object_get(json, "log");
	for (size_t i = 0; i < ARRAY_SIZE(bad_event); i++) {
		CLEANUP(cleanup_json) json_t *copy = json_deep_copy(json);
		json_array_set_new(json_object_get(copy, "log"), 1,
			replace(json_array_get(log, 1), bad_event[i][0], bad_event[i][1]));
		refuse_memory(copy, bad_event[i][0]);
	}
	CLEANUP(cleanup_json) json_t *many = json_deep_copy(json);
	json_object_set_new(many, "changes", json_integer(1000));
	while (json_array_size(json_object_get(many, "log")) <= GATEWAY_LOG_MAX) {
		json_array_append(json_object_get(many, "log"), json_array_get(log, 0));
	}
	refuse_memory(many, "65 entries");
	refuse_memory(NULL, "nothing");
	refuse_memory(log, "a list");
	scene_close(scene);
}
END_TEST

START_TEST(choice_round_trip)
{
	struct gateway_choice choice = {.mode = GATEWAY_USE,
		.use = "barn",
		.strict = true,
		.prefer = {"a", "b\"c"},
		.prefer_count = 2,
		.avoid = {"d"},
		.avoid_count = 1,
		.never_share = true};
	struct gateway_choice read;

	for (int i = 0; i < 3; i++) {
		CLEANUP(cleanup_json) json_t *json = gateway_choice_to_json(&choice);
		memset(&read, 0xff, sizeof(read));
		ck_assert(gateway_choice_from_json(json, &read));
		ck_assert(memcmp(&read, &choice, sizeof(read)) == 0);
		choice = (struct gateway_choice){.mode = (enum gateway_mode)(2 * i)};
	}
	CLEANUP(cleanup_json) json_t *least = parse("{\"mode\": \"auto\", \"from\": \"command\"}");
	ck_assert(gateway_choice_from_json(least, &read));
	ck_assert(read.mode == GATEWAY_AUTO && !read.strict && read.prefer_count == 0);
}
END_TEST

START_TEST(choice_hostile)
{
	static const char *const bad[][2] = {{"mode", NULL}, {"mode", "\"best\""}, {"mode", "0"},
		{"use", "\"\""}, {"use", "7"}, {"use", NULL}, {"use", "\"\\u001b[2J\""},
		{"strict", "1"}, {"strict", "\"yes\""}, {"prefer", "{}"}, {"prefer", "[7]"},
		{"prefer", "[\"\"]"}, {"prefer", "null"}, {"avoid", "\"x\""},
		{"avoid", "[\"a\", null]"}, {"never_share", "null"},
		{"avoid", "[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\","
			  "\"12\",\"13\",\"14\",\"15\",\"16\",\"17\"]"},
		{"prefer", "[\"1234567890123456789012345678901234567890123456789012345678901234\""
			   "]"}};
	struct gateway_choice choice = {.mode = GATEWAY_LOCAL_ONLY};
	CLEANUP(cleanup_json) json_t *json = parse("{\"mode\": \"use\", \"use\": \"barn\"}");

	ck_assert(gateway_choice_from_json(json, &choice));
	choice.mode = GATEWAY_LOCAL_ONLY;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CLEANUP(cleanup_json) json_t *copy = replace(json, bad[i][0], bad[i][1]);
		ck_assert_msg(!gateway_choice_from_json(copy, &choice), "%s %s", bad[i][0],
			bad[i][1] != NULL ? bad[i][1] : "");
	}
	CLEANUP(cleanup_json) json_t *list = json_array();
	ck_assert(!gateway_choice_from_json(list, &choice));
	ck_assert(!gateway_choice_from_json(NULL, &choice));
	ck_assert_int_eq(choice.mode, GATEWAY_LOCAL_ONLY); /* untouched */
}
END_TEST

static const char *text_of(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	ck_assert_msg(text != NULL, "no %s", name);
	return text;
}

static json_t *family_of(const struct scene *scene)
{
	struct gateway_question question = scene_question(scene);

	return gateway_family_to_json(&question, &scene->memory, &scene->decision, 1.7e9);
}

START_TEST(family)
{
	static const char *const members[] = {"kind", "id", "name", "link", "usable", "why_not",
		"in_use", "score", "path", "bandwidth", "stability", "preference", "user_class",
		"priority", "probe_interval", "health"};
	CLEANUP(cleanup_free) struct scene *scene = calloc(1, sizeof(*scene));

	ck_assert_ptr_nonnull(scene);
	scene_open(scene);
	CLEANUP(cleanup_json) json_t *none = family_of(scene);
	ck_assert(json_is_null(json_object_get(none, "in_use")));
	ck_assert(json_is_null(json_object_get(none, "since")));
	change_often(scene, 70);
	scene_find(scene, "g1")->probed = false;
	scene_find(scene, "g1")->bandwidth = UINT64_MAX;
	memcpy(scene_find(scene, "g2")->name, "\xff\xfe", 3);
	scene_decide(scene, 30);
	CLEANUP(cleanup_json) json_t *json = family_of(scene);
	ck_assert_ptr_nonnull(json);
	const json_t *used = json_object_get(json, "in_use");
	ck_assert_str_eq(text_of(used, "kind"), "babeld");
	ck_assert_str_eq(text_of(used, "link"), "tun");
	ck_assert(json_number_value(json_object_get(json, "since")) == 30);
	ck_assert_str_eq(text_of(json, "rule"), "only");
	ck_assert_int_eq(json_integer_value(json_object_get(json, "changes")), 70);
	const json_t *candidates = json_object_get(json, "candidates");
	ck_assert_uint_eq(json_array_size(candidates), 2);
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		ck_assert_ptr_nonnull(json_object_get(json_array_get(candidates, 0), members[i]));
	}
	ck_assert(json_is_true(json_object_get(json_array_get(candidates, 0), "in_use")));
	const json_t *second = json_array_get(candidates, 1);
	ck_assert(json_is_null(json_object_get(second, "health")));
	const json_t *decisions = json_object_get(json, "decisions");
	ck_assert_uint_eq(json_array_size(decisions), GATEWAY_LOG_MAX);
	const json_t *newest = json_array_get(decisions, 0);
	ck_assert(json_number_value(json_object_get(newest, "age")) == 30);
	ck_assert(json_number_value(json_object_get(newest, "time")) == 1.7e9 - 30);
	ck_assert_str_eq(text_of(newest, "rule"), "left");
	ck_assert_str_eq(text_of(newest, "reason"), "down: no answer from 9.9.9.9");
	ck_assert_str_eq(text_of(json_object_get(newest, "to"), "id"), "g2");
	scene_close(scene);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("gateway_json");
	TCase *tests = tcase_create("gateway_json");

	tcase_add_test(tests, memory_round_trip);
	tcase_add_test(tests, challenger_is_kept);
	tcase_add_test(tests, memory_hostile);
	tcase_add_test(tests, choice_round_trip);
	tcase_add_test(tests, choice_hostile);
	tcase_add_test(tests, family);
	suite_add_tcase(suite, tests);
	return suite;
}
