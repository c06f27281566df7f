/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/json_text.h"
#include "core/path.h"
#include "unit/check_main.h"

static const struct path_rules rules = {.interval = 5,
	.interval_doubtful = 1,
	.interval_down = 30,
	.rise = 2,
	.fall = 3,
	.penalty = 1000,
	.suppress = 2500,
	.reuse = 800,
	.half_life = 60};

static bool feed(struct path *path, double time, bool good)
{
	struct probe_round round = {.time = time, .good = good, .rtt = good ? 0.02 : 0};

	text_copy(round.reason, sizeof(round.reason), good ? "" : "no answer");
	return path_on_round(path, &rules, &round);
}

/* One that is up since time 100. */
static struct path path_up(void)
{
	struct path path = {0};

	ck_assert(feed(&path, 100, true));
	return path;
}

static void fell_at(struct path *path, double time)
{
	feed(path, time, false);
	feed(path, time, false);
	feed(path, time, false);
	ck_assert_int_eq(path->health, PATH_DOWN);
}

static void rise_at(struct path *path, double time)
{
	feed(path, time, true);
	feed(path, time, true);
	ck_assert_int_eq(path->health, PATH_UP);
}

static bool is_near(double a, double b)
{
	return fabs(a - b) <= 1e-9 * (fabs(a) + fabs(b)) + 1e-9;
}

START_TEST(first_verdicts)
{
	struct path path = {0};

	ck_assert(!path_is_usable(&path));
	ck_assert(feed(&path, 100, true));
	ck_assert_int_eq(path.health, PATH_UP);
	ck_assert(path.since == 100 && path.changes == 0 && path_is_usable(&path));

	path = (struct path){0};
	ck_assert(!feed(&path, 100, false));
	ck_assert(!feed(&path, 101, false));
	ck_assert_int_eq(path.health, PATH_UNKNOWN);
	ck_assert(feed(&path, 102, false));
	ck_assert_int_eq(path.health, PATH_DOWN);
	/* It never was up, so it did not fall. */
	ck_assert(path_penalty(&path, &rules, 102) == 0 && path.changes == 0);
}
END_TEST

START_TEST(rises_and_falls)
{
	struct path path = path_up();

	ck_assert(feed(&path, 105, false));
	ck_assert_int_eq(path.health, PATH_DOUBTFUL);
	ck_assert(path_is_usable(&path) && path.since == 100);
	for (int i = 1; i < PATH_WINDOW; i++) {
		ck_assert(!feed(&path, 105 + i * 0.1, true));
	}
	ck_assert_int_eq(path.health, PATH_DOUBTFUL);
	ck_assert(feed(&path, 107, true));
	ck_assert_int_eq(path.health, PATH_UP);
	ck_assert(path.since == 100 && path_penalty(&path, &rules, 107) == 0);
	ck_assert(feed(&path, 110, false));
	ck_assert(!feed(&path, 111, false));
	ck_assert(feed(&path, 112, false));
	ck_assert_int_eq(path.health, PATH_DOWN);
	ck_assert(path.since == 112 && path.changes == 1);
	ck_assert(is_near(path_penalty(&path, &rules, 112), 1000));
	ck_assert(!feed(&path, 113, true));
	ck_assert(!feed(&path, 114, false));
	ck_assert(!feed(&path, 115, true));
	ck_assert_int_eq(path.health, PATH_DOWN);
	ck_assert(feed(&path, 116, true));
	ck_assert_int_eq(path.health, PATH_UP);
	ck_assert(path.since == 116 && path.changes == 2);
}
END_TEST

/* A way that works every other moment only: never so many bad rounds in a row, but too many. */
START_TEST(now_and_then)
{
	struct path path = path_up();

	for (int i = 0; i < 3; i++) {
		feed(&path, 110 + i * 2, false);
		feed(&path, 111 + i * 2, true);
		ck_assert_int_eq(path.health, PATH_DOUBTFUL);
	}
	ck_assert(feed(&path, 116, false));
	ck_assert_int_eq(path.health, PATH_DOWN);
	/* What was before it fell does not count when it is up again. */
	for (int i = 0; i < 2; i++) {
		feed(&path, 117 + i, true);
	}
	ck_assert_int_eq(path.health, PATH_UP);
	feed(&path, 120, false);
	ck_assert_int_eq(path.health, PATH_DOUBTFUL);
	/* Long ago does not count either. */
	path = path_up();
	for (int i = 0; i < 60; i++) {
		feed(&path, 200 + i, i % 5 != 0);
	}
	ck_assert(path_is_usable(&path));
}
END_TEST

START_TEST(captive_portal_is_bad)
{
	struct path path = path_up();
	struct probe_round round = {.time = 105, .good = true, .captive = true};

	text_copy(round.reason, sizeof(round.reason), "captive portal");
	for (int i = 0; i < 3; i++) {
		path_on_round(&path, &rules, &round);
	}
	ck_assert_int_eq(path.health, PATH_DOWN);
	ck_assert(path.last.captive);
	ck_assert_str_eq(path.last.reason, "captive portal");
}
END_TEST

START_TEST(penalty_halves)
{
	struct path path = path_up();

	fell_at(&path, 200);
	for (int seconds = 0; seconds < 550; seconds += 7) {
		double wanted = 1000 * exp2(-seconds / 60.0);
		double got = path_penalty(&path, &rules, 200 + seconds);
		ck_assert_msg(is_near(got, wanted), "%d s: %.12g, not %.12g", seconds, got, wanted);
	}
	ck_assert(path_penalty(&path, &rules, 200 + 600) == 0); /* below 1 */
	ck_assert(path_penalty(&path, &rules, 1e12) == 0);
	ck_assert(path_penalty(&path, &rules, 100) == path.penalty);
	struct path_rules none = rules;
	none.half_life = 0;
	ck_assert(path_penalty(&path, &none, 201) == 0);
}
END_TEST

START_TEST(suppresses_and_releases)
{
	struct path path = path_up();

	for (int i = 1; i <= 2; i++) {
		fell_at(&path, 100 + i);
		rise_at(&path, 100.5 + i);
		ck_assert(!path.suppressed);
		ck_assert(isinf(path_next_decay(&path, &rules)));
	}
	fell_at(&path, 103);
	ck_assert(path.suppressed);
	rise_at(&path, 104);
	ck_assert_int_eq(path.health, PATH_UP);
	ck_assert(!path_is_usable(&path));
	double release = path_next_decay(&path, &rules);
	double wanted = path.penalty_time + 60 * log2(path.penalty / 800);
	ck_assert_msg(release > wanted && release < wanted + 0.01, "%.6f, not %.6f", release,
		wanted);
	ck_assert(!path_decay(&path, &rules, wanted - 0.01));
	ck_assert(path.suppressed);
	ck_assert(path_decay(&path, &rules, release));
	ck_assert(path_is_usable(&path));
	ck_assert(!path_decay(&path, &rules, release));
}
END_TEST

/* At whatever time a deadline is, something is done when it has come. */
START_TEST(deadline_is_kept)
{
	for (int i = 0; i < 2000; i++) {
		struct path_rules wild = rules;
		struct path path = {.health = PATH_UP, .suppressed = true, .good = 1};
		wild.reuse = i % 5 == 0 ? 0 : (double)(rand() % 3000);
		wild.half_life = i % 7 == 0 ? 0 : 0.5 + rand() % 10000;
		path.penalty = rand() % 100000;
		path.penalty_time = rand() % 100000000 / 7.0;
		double release = path_next_decay(&path, &wild);
		ck_assert(isfinite(release) && release >= path.penalty_time);
		ck_assert(path_decay(&path, &wild, release));
	}
}
END_TEST

START_TEST(every_suppression_ends)
{
	struct path path = path_up();
	double time = 100;

	for (int i = 0; i < 1000; i++) {
		fell_at(&path, time += 1);
		rise_at(&path, time += 1);
	}
	ck_assert(path.suppressed && path.penalty <= 4 * rules.suppress);
	ck_assert(path_next_decay(&path, &rules) < time + 60 * 4);
	ck_assert_uint_eq(path.changes, 2000);
}
END_TEST

START_TEST(lost_way)
{
	struct path path = path_up();

	ck_assert(path_lose(&path, &rules, 120, "no carrier"));
	ck_assert_int_eq(path.health, PATH_DOWN);
	ck_assert_str_eq(path.last.reason, "no carrier");
	ck_assert(path.since == 120 && is_near(path_penalty(&path, &rules, 120), 1000));
	double next = path_next_round(&path, &rules);
	ck_assert(next == 121);
	/* Said again and again: no more penalty, and the next round is not put off. */
	ck_assert(!path_lose(&path, &rules, 120.9, "no route"));
	ck_assert(path_next_round(&path, &rules) == next && path.since == 120);
	ck_assert_str_eq(path.last.reason, "no route");
	/* An answer to a round of before comes too late. */
	ck_assert(!feed(&path, 119, true));
	ck_assert_uint_eq(path.good, 0);

	path = (struct path){0};
	ck_assert(path_lose(&path, &rules, 50, "no route"));
	ck_assert_int_eq(path.health, PATH_DOWN);
	ck_assert(path_penalty(&path, &rules, 50) == 0);
}
END_TEST

START_TEST(intervals)
{
	static const double down[] = {1, 2, 4, 8, 16, 30, 30, 30};
	struct path path = {0};

	ck_assert(path_next_round(&path, &rules) == 0); /* at once */
	feed(&path, 100, false);
	ck_assert(path_next_round(&path, &rules) == 101);
	path = path_up();
	ck_assert(path_next_round(&path, &rules) == 105);
	feed(&path, 105, false);
	ck_assert(path_next_round(&path, &rules) == 106);
	feed(&path, 106, false);
	feed(&path, 107, false);
	double time = 107;
	for (size_t i = 0; i < ARRAY_SIZE(down); i++) {
		double next = path_next_round(&path, &rules);
		ck_assert_msg(next == time + down[i], "%zu: %g", i, next - time);
		feed(&path, time = next, false);
	}
	feed(&path, time + 1, true);
	ck_assert(path_next_round(&path, &rules) == time + 2);
	path.good = 0;
	path.bad = UINT32_MAX;
	ck_assert(path_next_round(&path, &rules) == time + 1 + 30);
}
END_TEST

static json_t *parse(const char *text)
{
	return json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
}

START_TEST(json_round_trip)
{
	for (int i = 0; i < 500; i++) {
		struct path path = {0};
		double time = 1000;
		for (int round = rand() % 30; round > 0; round--) {
			feed(&path, time += 1 + rand() % 5, rand() % 3 > 0);
			path.last.asked[PROBE_DNS] = (uint8_t)(rand() % 256);
		}
		CLEANUP(cleanup_json) json_t *json = path_to_json(&path, &rules, time + 2);
		struct path read;
		ck_assert(path_from_json(json, &rules, 12.5, &read));
		ck_assert_int_eq(read.health, path.health);
		ck_assert_int_eq(read.suppressed, path.suppressed);
		ck_assert_uint_eq(read.good, path.good);
		ck_assert_uint_eq(read.bad, path.bad);
		ck_assert_uint_eq(read.changes, path.changes);
		ck_assert(memcmp(read.last.asked, path.last.asked, sizeof(read.last.asked)) == 0);
		ck_assert_str_eq(read.last.reason, path.last.reason);
		ck_assert(fabs(path_penalty(&read, &rules, 12.5) -
				  path_penalty(&path, &rules, time + 2)) < 0.1);
		if (path.good + path.bad > 0) {
			ck_assert(fabs(path_next_round(&read, &rules) - 12.5 + time + 2 -
					  path_next_round(&path, &rules)) < 0.01);
		}
		CLEANUP(cleanup_json) json_t *again = path_to_json(&read, &rules, 12.5);
		ck_assert(json_equal(json, again));
	}
}
END_TEST

static const char *const members[][2] = {{"health", "\"down\""}, {"suppressed", "false"},
	{"penalty", "7.5"}, {"since", "3"}, {"changes", "2"}, {"good", "0"}, {"bad", "3"},
	{"rtt", "0.1"}, {"reason", "\"x\""}, {"captive", "false"}, {"age", "1.5"},
	{"asked", "{\"ping\": 2}"}, {"answered", "{}"}};

/* The good object with one member replaced (NULL: left out). */
static bool takes(const char *name, const char *value)
{
	CLEANUP(cleanup_json) json_t *json = json_object();
	struct path path;

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		bool here = name != NULL && strcmp(name, members[i][0]) == 0;
		const char *text = here ? value : members[i][1];
		if (text != NULL) {
			json_object_set_new(json, members[i][0], parse(text));
		}
	}
	return path_from_json(json, &rules, 100, &path);
}

START_TEST(json_hostile)
{
	static const char *const bad[][2] = {{"health", "\"fine\""}, {"health", "1"},
		{"health", NULL}, {"health", "\"\""}, {"suppressed", "0"}, {"suppressed", NULL},
		{"penalty", "-1"}, {"penalty", "1e7"}, {"penalty", "\"1\""}, {"since", "-0.1"},
		{"since", "1e300"}, {"since", NULL}, {"changes", "-1"}, {"changes", "4294967296"},
		{"changes", "1.5"}, {"good", "1"}, {"good", "-1"}, {"bad", "99999999999"},
		{"bad", "0"}, {"bad", NULL}, {"rtt", "-1"}, {"rtt", "1e9"}, {"rtt", "null"},
		{"reason", "7"}, {"reason", NULL}, {"captive", "null"}, {"age", "-1"},
		{"age", "null"}, {"age", "[]"}, {"asked", "{\"ping\": 256}"}, {"asked", "[]"},
		{"asked", "{\"dns\": -1}"}, {"asked", NULL}, {"answered", "{\"http\": true}"}};
	char text[200];
	struct path path;

	ck_assert(takes(NULL, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		ck_assert_msg(!takes(bad[i][0], bad[i][1]), "%s %s", bad[i][0], bad[i][1]);
	}
	memset(text, 'a', sizeof(text));
	text[0] = text[129] = '"';
	text[130] = '\0';
	ck_assert(!takes("reason", text)); /* 128 bytes */
	text[128] = '"';
	text[129] = '\0';
	ck_assert(takes("reason", text)); /* 127 */
	ck_assert(!path_from_json(NULL, &rules, 1, &path));
	CLEANUP(cleanup_json) json_t *list = json_array();
	ck_assert(!path_from_json(list, &rules, 1, &path));
}
END_TEST

START_TEST(texts)
{
	ck_assert_str_eq(path_health_text(PATH_DOUBTFUL), "doubtful");
	ck_assert_str_eq(path_health_text((enum path_health)77), "unknown");
	ck_assert_str_eq(probe_kind_text(PROBE_HTTP), "http");
	ck_assert_str_eq(probe_kind_text(PROBE_KINDS), "unknown");
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("path");
	TCase *tests = tcase_create("path");

	tcase_add_test(tests, first_verdicts);
	tcase_add_test(tests, rises_and_falls);
	tcase_add_test(tests, now_and_then);
	tcase_add_test(tests, captive_portal_is_bad);
	tcase_add_test(tests, penalty_halves);
	tcase_add_test(tests, suppresses_and_releases);
	tcase_add_test(tests, deadline_is_kept);
	tcase_add_test(tests, every_suppression_ends);
	tcase_add_test(tests, lost_way);
	tcase_add_test(tests, intervals);
	tcase_add_test(tests, json_round_trip);
	tcase_add_test(tests, json_hostile);
	tcase_add_test(tests, texts);
	suite_add_tcase(suite, tests);
	return suite;
}
