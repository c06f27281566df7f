/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What answers together say, and which targets are asked. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "unit/check_main.h"
#include "uplink/choice.h"

static struct probe_target pings[] = {{"192.0.2.1"}, {"192.0.2.2"}, {"192.0.2.3"}};
static struct probe_target tcps[] = {{"192.0.2.1:1"}, {"192.0.2.2:1"}};
static struct probe_target servers[] = {{"192.0.2.1"}, {"192.0.2.2"}};
static struct probe_target https[] = {{"http://192.0.2.1/"}, {"http://192.0.2.2/x 200 ok"}};

struct scene {
	struct probes_config probes;
	struct target_list targets;
	struct probe_outcome outcomes[16];
	struct round_memory memory;
	struct round_plan plan;
	struct probe probe[16];
	struct verdict_need need;
	struct probe_round round;
};

enum { PING = 0, TCP = 3, DNS = 5, HTTP = 7, COUNT = 9 };

static void open_scene(struct scene *scene)
{
	*scene = (struct scene){.probes = {.targets = {pings, tcps, servers, https},
					.target_count = {3, 2, 2, 2},
					.need = {1, 1, 1, 1}},
		.need = {.of = {1, 1, 1, 1}}};
	ck_assert_int_eq(target_list_read(&scene->probes, &scene->targets), 0);
	ck_assert_uint_eq(scene->targets.count, COUNT);
	scene->memory.outcomes = scene->outcomes;
	scene->plan = (struct round_plan){.probes = &scene->probes,
		.targets = &scene->targets,
		.memory = &scene->memory,
		.way = {.family = AF_INET, .device = "wan0"}};
	for (size_t i = 0; i < COUNT; i++) {
		scene->probe[i] = (struct probe){.target = &scene->targets.items[i],
			.state = PROBE_ENDED,
			.outcome = {.time = 1, .rtt = 0.5, .error = ETIMEDOUT}};
	}
}

static void answer(struct scene *scene, size_t i)
{
	scene->probe[i].outcome.error = 0;
}

static void set_error(struct scene *scene, size_t i, int error, int status)
{
	scene->probe[i].outcome.error = error;
	scene->probe[i].outcome.status = status;
}

static const struct probe_round *judge(struct scene *scene)
{
	verdict_judge(&scene->need, scene->probe, COUNT, &scene->plan.way, &scene->round);
	return &scene->round;
}

START_TEST(group)
{
	struct scene scene;

	open_scene(&scene);
	answer(&scene, DNS);
	answer(&scene, HTTP);
	ck_assert(!judge(&scene)->good);
	ck_assert_str_eq(scene.round.reason,
		"no answer to ping from 192.0.2.1 and 2 others, nor to tcp from 192.0.2.1:1 "
		"and 1 other");
	answer(&scene, TCP + 1); /* ICMP is filtered */
	ck_assert(judge(&scene)->good);
	ck_assert_str_eq(scene.round.reason, "");
	ck_assert_uint_eq(scene.round.asked[PROBE_PING], 3);
	ck_assert_uint_eq(scene.round.answered[PROBE_PING], 0);
	ck_assert_uint_eq(scene.round.answered[PROBE_TCP], 1);
	ck_assert(scene.round.rtt == 0.5);
	scene.need.of[PROBE_TCP] = 2;
	ck_assert(!judge(&scene)->good);
	scene.need.of[PROBE_PING] = 0;
	scene.need.of[PROBE_TCP] = 0;
	ck_assert(judge(&scene)->good);
	scene.need = (struct verdict_need){.of = {1, 1, 1, 0}};
	ck_assert(judge(&scene)->good);
	set_error(&scene, TCP + 1, EHOSTUNREACH, 0);
	set_error(&scene, PING, EHOSTUNREACH, 0);
	ck_assert(!judge(&scene)->good);
	ck_assert_ptr_nonnull(strstr(scene.round.reason, "and 2 others (No route to host)"));
	target_list_free(&scene.targets);
}
END_TEST

START_TEST(dns)
{
	struct scene scene;

	open_scene(&scene);
	answer(&scene, PING);
	answer(&scene, HTTP);
	ck_assert(!judge(&scene)->good);
	ck_assert_str_eq(scene.round.reason, "DNS: 192.0.2.1 does not answer and 1 other");
	set_error(&scene, DNS, PROBE_ERROR_RCODE + 2, 0);
	answer(&scene, DNS + 1);
	ck_assert(judge(&scene)->good);
	scene.need.of[PROBE_DNS] = 2;
	ck_assert(!judge(&scene)->good);
	ck_assert_str_eq(scene.round.reason, "DNS: 192.0.2.1 answers SERVFAIL");
	scene.need.of[PROBE_DNS] = 0;
	ck_assert(judge(&scene)->good);
	target_list_free(&scene.targets);
}
END_TEST

START_TEST(captive)
{
	struct scene scene;

	open_scene(&scene);
	answer(&scene, PING);
	answer(&scene, DNS);
	set_error(&scene, HTTP, PROBE_ERROR_UNEXPECTED, 302);
	ck_assert(!judge(&scene)->good);
	ck_assert(scene.round.captive);
	ck_assert_str_eq(scene.round.reason, "captive portal: http://192.0.2.1/ answered 302");
	scene.need.of[PROBE_HTTP] = 0;
	ck_assert_msg(!judge(&scene)->good, "also when no http answer is needed");
	scene.need.of[PROBE_HTTP] = 1;
	answer(&scene, HTTP + 1);
	ck_assert(judge(&scene)->good);
	ck_assert(!scene.round.captive);
	set_error(&scene, HTTP, PROBE_ERROR_MALFORMED, 0);
	set_error(&scene, HTTP + 1, PROBE_ERROR_OTHER_TEXT, 200);
	ck_assert(judge(&scene)->captive);
	ck_assert_str_eq(scene.round.reason,
		"captive portal: http://192.0.2.2/x answers another text");
	set_error(&scene, HTTP + 1, ETIMEDOUT, 0);
	ck_assert(!judge(&scene)->captive);
	ck_assert_str_eq(scene.round.reason,
		"no answer to http from http://192.0.2.1/ and 1 other (answers what is no answer)");
	target_list_free(&scene.targets);
}
END_TEST

START_TEST(nothing)
{
	struct scene scene;

	open_scene(&scene);
	for (size_t i = 0; i < COUNT; i++) {
		set_error(&scene, i, ENODEV, 0);
	}
	ck_assert(!judge(&scene)->good);
	ck_assert_str_eq(scene.round.reason, "wan0: No such device");
	scene.need = (struct verdict_need){.of = {0}};
	scene.plan.way.family = AF_INET6;
	ck_assert(!judge(&scene)->good);
	ck_assert_str_eq(scene.round.reason, "no targets for IPv6");
	/* What has not ended is not counted. */
	target_list_free(&scene.targets);
	open_scene(&scene);
	scene.probe[PING].state = PROBE_RUNNING;
	scene.probe[HTTP].state = PROBE_WAITING;
	ck_assert_uint_eq(judge(&scene)->asked[PROBE_PING], 2);
	ck_assert_uint_eq(scene.round.asked[PROBE_HTTP], 1);
	target_list_free(&scene.targets);
}
END_TEST

/* One letter a target: chosen or not. */
static const char *choose(struct scene *scene, enum round_extent extent)
{
	static const char letters[] = "pppttddhh";
	static char text[COUNT + 1];
	bool chosen[16] = {false};

	scene->plan.extent = extent;
	choice_make(&scene->plan, &scene->need, chosen);
	for (size_t i = 0; i < COUNT; i++) {
		text[i] = (char)(chosen[i] ? letters[i] : '.');
	}
	return text;
}

START_TEST(choice)
{
	struct scene scene;

	open_scene(&scene);
	ck_assert_str_eq(choose(&scene, ROUND_ALL), "pppttddhh");
	ck_assert_str_eq(choose(&scene, ROUND_QUICK), "p..t.d.h.");
	ck_assert_str_eq(choose(&scene, ROUND_QUICK), ".p..t.d.h");
	ck_assert_str_eq(choose(&scene, ROUND_ALL), "pppttddhh");
	ck_assert_str_eq(choose(&scene, ROUND_QUICK), "..pt.d.h.");
	ck_assert_str_eq(choose(&scene, ROUND_QUICK), "p...t.d.h");
	/* What failed is left out while there are others. */
	scene.outcomes[PING + 1].error = ETIMEDOUT;
	scene.outcomes[TCP].error = ETIMEDOUT;
	scene.outcomes[TCP + 1].error = ETIMEDOUT;
	ck_assert_str_eq(choose(&scene, ROUND_QUICK), "..pt.d.h.");
	/* Needs are at most what there is. */
	scene.probes.need[PROBE_PING] = 9;
	scene.probes.need[PROBE_HTTP] = 0;
	ck_assert_str_eq(choose(&scene, ROUND_QUICK), "ppp.t.d..");
	ck_assert_uint_eq(scene.need.of[PROBE_PING], 3);
	ck_assert_uint_eq(scene.need.of[PROBE_HTTP], 0);
	scene.plan.way.family = AF_INET6;
	ck_assert_str_eq(choose(&scene, ROUND_ALL), ".........");
	ck_assert_uint_eq(scene.need.of[PROBE_PING] + scene.need.of[PROBE_DNS], 0);
	target_list_free(&scene.targets);
}
END_TEST

START_TEST(light_choice)
{
	struct scene scene;

	open_scene(&scene);
	scene.probes.need[PROBE_DNS] = 2; /* one answer is enough all the same */
	ck_assert_str_eq(choose(&scene, ROUND_LIGHT), ".....dd..");
	ck_assert_uint_eq(scene.need.of[PROBE_DNS], 1);
	ck_assert_uint_eq(scene.need.of[PROBE_PING] + scene.need.of[PROBE_TCP] +
				  scene.need.of[PROBE_HTTP],
		0);
	ck_assert_str_eq(choose(&scene, ROUND_LIGHT_QUICK), ".....d...");
	ck_assert_str_eq(choose(&scene, ROUND_LIGHT_QUICK), "......d..");
	scene.outcomes[DNS].error = ETIMEDOUT;
	ck_assert_str_eq(choose(&scene, ROUND_LIGHT_QUICK), "......d..");
	/* Where no name server takes part; never the others. */
	scene.probes.need[PROBE_DNS] = 0;
	ck_assert_str_eq(choose(&scene, ROUND_LIGHT), "pp.......");
	ck_assert_uint_eq(scene.need.of[PROBE_PING], 1);
	ck_assert_uint_eq(scene.need.of[PROBE_DNS], 0);
	ck_assert_str_eq(choose(&scene, ROUND_LIGHT_QUICK), "..p......");
	ck_assert_str_eq(choose(&scene, ROUND_LIGHT_QUICK), "p........");
	scene.probes.need[PROBE_PING] = 0;
	ck_assert_str_eq(choose(&scene, ROUND_LIGHT), ".........");
	target_list_free(&scene.targets);
	/* Name servers of the other family only. */
	open_scene(&scene);
	for (size_t i = DNS; i < HTTP; i++) {
		scene.targets.items[i].ip.family = AF_INET6;
	}
	ck_assert_str_eq(choose(&scene, ROUND_LIGHT_QUICK), "p........");
	target_list_free(&scene.targets);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("uplink_verdict");
	TCase *test = tcase_create("verdict");

	tcase_add_test(test, group);
	tcase_add_test(test, dns);
	tcase_add_test(test, captive);
	tcase_add_test(test, nothing);
	tcase_add_test(test, choice);
	tcase_add_test(test, light_choice);
	suite_add_tcase(suite, test);
	return suite;
}
