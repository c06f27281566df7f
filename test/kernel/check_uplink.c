/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The uplink room against providers in namespaces, of IPv4 and IPv6. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/shell.h"
#include "kernel/uplink_scene.h"
#include "unit/check_main.h"
#include "uplink/probe.h"

START_TEST(well)
{
	struct scene scene;

	if (!scene_start(&scene, scene_families[_i])) {
		return;
	}
	int descriptors = scene_count_descriptors();
	scene_set_way(&scene, scene_families[_i], "wan0");
	ck_assert_msg(uplink_deadline(scene.uplink) <= scene_now(),
		"the first round starts at once");
	const struct probe_round *round = scene_wait_round(&scene);
	ck_assert_msg(round->good, "%s", round->reason);
	ck_assert(round->rtt > 0 && round->rtt < TIMEOUT);
	ck_assert_int_eq(uplink_path(scene.uplink, "way")->health, PATH_UP);
	ck_assert_int_eq(scene.changes, 1);
	ck_assert_int_eq(scene_count_descriptors(), descriptors);
	double first = round->time;
	for (int i = 0; i < 4; i++) {
		round = scene_wait_round(&scene);
		ck_assert_msg(round->good, "%s", round->reason);
		ck_assert_uint_le(round->asked[PROBE_PING] + round->asked[PROBE_TCP], 2);
		ck_assert_uint_eq(round->asked[PROBE_DNS], 1);
		ck_assert_uint_eq(round->asked[PROBE_HTTP], 1);
	}
	ck_assert(round->time >= first + 4 * 0.3 - 0.01);
	ck_assert_int_eq(scene.changes, 1);
	ck_assert_int_eq(scene_count_descriptors(), descriptors);
	json_t *json = uplink_targets_to_json(scene.uplink, "way", scene_now());
	char *text = json_dumps(json, JSON_COMPACT);
	printf("  %s\n", text);
	ck_assert_uint_ge(json_array_size(json), 5);
	ck_assert_ptr_nonnull(strstr(text, "\"kind\":\"http\",\"target\":\"http://example.org/"));
	free(text);
	json_decref(json);
	scene_stop(&scene);
}
END_TEST

START_TEST(nothing_between_rounds)
{
	struct scene scene;

	if (!scene_start(&scene, scene_families[_i])) {
		return;
	}
	scene.probes.interval = 60000;
	scene_set_way(&scene, scene_families[_i], "wan0");
	scene_wait_round(&scene);
	int turns = scene.turns;
	for (double end = scene_now() + 1; scene_now() < end;) {
		scene_turn(&scene);
	}
	ck_assert_int_eq(scene.turns, turns);
	ck_assert(uplink_deadline(scene.uplink) > scene_now() + 50);
	scene_stop(&scene);
}
END_TEST

START_TEST(filtered)
{
	struct scene scene;

	if (!scene_start(&scene, scene_families[_i])) {
		return;
	}
	provider_run(&scene.providers[PROVIDER_WAN],
		scene_families[_i] == AF_INET ? "sysctl -qw net.ipv4.icmp_echo_ignore_all=1"
					      : "sysctl -qw net.ipv6.icmp.echo_ignore_all=1");
	scene_set_way(&scene, scene_families[_i], "wan0");
	scene_expect_good(&scene);
	ck_assert_uint_eq(uplink_path(scene.uplink, "way")->last.answered[PROBE_PING], 0);
	scene.probes.need[PROBE_TCP] = 0;
	scene_set_way(&scene, scene_families[_i], "wan0");
	scene_expect_bad(&scene, scene_families[_i] == AF_INET
					 ? "no answer to ping from 192.0.2.1 and 1 other"
					 : "no answer to ping from 2001:db8::1");
	scene_stop(&scene);
}
END_TEST

START_TEST(name_servers)
{
	struct scene scene;

	if (!scene_start(&scene, scene_families[_i])) {
		return;
	}
	volatile int *mode = &scene.providers[PROVIDER_WAN].modes->dns;
	*mode = DNS_SILENT;
	scene_set_way(&scene, scene_families[_i], "wan0");
	double begin = scene_now();
	scene_expect_bad(&scene, "does not answer and 1 other");
	double took = scene_now() - begin;
	ck_assert_msg(took > TIMEOUT - 0.01 && took < TIMEOUT + 0.3, "%f s", took);
	ck_assert_int_eq(memcmp(uplink_path(scene.uplink, "way")->last.reason, "DNS: ", 5), 0);
	*mode = DNS_WRONG_ID;
	scene_expect_bad(&scene, "does not answer");
	*mode = DNS_FROM_ELSEWHERE;
	scene_expect_bad(&scene, "does not answer");
	*mode = DNS_SERVFAIL;
	begin = scene_now();
	scene_expect_bad(&scene, "answers SERVFAIL");
	ck_assert_msg(scene_now() - begin < TIMEOUT + 0.2, "%f s", scene_now() - begin);
	*mode = DNS_ANSWERS;
	scene_expect_good(&scene);
	*mode = DNS_NO_NAME; /* the name server works; the web server by address does too */
	scene_expect_good(&scene);
	scene_stop(&scene);
}
END_TEST

static const struct {
	enum http_mode mode;
	bool text;       /* is HTTP_TEXT expected */
	const char *bad; /* the reason */
	bool captive;
} web_servers[] = {
	{HTTP_204, false, NULL, false},
	{HTTP_HALF, false, NULL, false},
	{HTTP_REDIRECT, false, "answered 302", true},
	{HTTP_WRONG_TEXT, false, "answered 200", true},
	{HTTP_ENDLESS_HEAD, false, "no answer to http from http://", false},
	{HTTP_DRIP, false, "no answer to http from http://", false},
	{HTTP_SILENT, false, "no answer to http from http://", false},
	{HTTP_NONSENSE, false, "(answers what is no answer)", false},
	{HTTP_TEXT, true, NULL, false},
	{HTTP_HUGE, true, NULL, false},
	{HTTP_WRONG_TEXT, true, "answers another text", true},
	{HTTP_204, true, "answered 204", true},
};

START_TEST(web)
{
	size_t count = sizeof(web_servers) / sizeof(web_servers[0]);
	uint8_t family = scene_families[(size_t)_i / count];
	size_t i = (size_t)_i % count;
	struct scene scene;

	if (!scene_start(&scene, family)) {
		return;
	}
	if (web_servers[i].text) {
		strcat(scene.targets[PROBE_HTTP][0].text, " 200 success");
		strcat(scene.targets[PROBE_HTTP][1].text, " 200 success");
	}
	scene.providers[PROVIDER_WAN].modes->http = web_servers[i].mode;
	scene_set_way(&scene, family, "wan0");
	if (web_servers[i].bad == NULL) {
		scene_expect_good(&scene);
	} else {
		scene_expect_bad(&scene, web_servers[i].bad);
	}
	ck_assert_int_eq(uplink_path(scene.uplink, "way")->last.captive, web_servers[i].captive);
	scene_stop(&scene);
}
END_TEST

/* What a probe of one target finds, with and without the binding: 0 = answered. */
static int ask(uint8_t family, const char *device, enum probe_kind kind, const char *text)
{
	struct probe_scene scene = {.way = {.family = family},
		.epoll = epoll_create1(EPOLL_CLOEXEC),
		.dns_name = "example.org",
		.now = scene_now()};
	struct target target;
	struct probe probe = {.target = &target, .state = PROBE_RUNNING, .fd = -1};
	struct epoll_event event;

	text_copy(scene.way.device, sizeof(scene.way.device), device);
	ck_assert_int_eq(target_parse(kind, text, &target), 0);
	int result = probe_verbs(kind)->start(&probe, &scene);
	while (result == 0 && probe.state == PROBE_RUNNING &&
		epoll_wait(scene.epoll, &event, 1, 500) == 1) {
		probe_verbs(kind)->on_ready(&probe, &scene);
	}
	if (probe.state == PROBE_ENDED) {
		result = probe.outcome.error;
	} else if (result == 0) {
		result = -1;
	}
	probe_close(&probe);
	probe_http_free(&probe);
	close(scene.epoll);
	return result;
}

START_TEST(other_path)
{
	uint8_t family = scene_families[_i];
	struct scene scene;

	if (!scene_start(&scene, family)) {
		return;
	}
	scene_set_way(&scene, family, "wan0");
	scene_expect_good(&scene);
	/* The provider is dead, its link is not; the way through mesh0 leads to the same hosts. */
	provider_run(&scene.providers[PROVIDER_WAN], "ip addr flush dev lo && ip link set lo down");
	run_format("ping -c 1 -W 2 %s >/dev/null", scene.targets[PROBE_PING][0].text);
	scene_expect_bad(&scene, "no answer to ping from");
	scene_expect_bad(&scene, "no answer to ping from");
	ck_assert_int_eq(uplink_path(scene.uplink, "way")->health, PATH_DOWN);
	/* Each kind of probe by itself: bound it has no answer, and with the binding taken out it
	 * has one. */
	for (int kind = 0; kind < PROBE_KINDS; kind++) {
		const char *text = scene.targets[kind][0].text;
		ck_assert_msg(ask(family, "wan0", (enum probe_kind)kind, text) != 0, "%s", text);
		ck_assert_msg(ask(family, "", (enum probe_kind)kind, text) == 0, "%s", text);
		ck_assert_msg(ask(family, "mesh0", (enum probe_kind)kind, text) == 0, "%s", text);
	}
	/* And without any device of that name nothing is asked at all. */
	run("ip link del wan0");
	double begin = scene_now();
	scene_expect_bad(&scene, "wan0: No such device");
	ck_assert(scene_now() - begin < TIMEOUT / 2);
	scene_set_way(&scene, family, "mesh0");
	scene_expect_good(&scene);
	scene_stop(&scene);
}
END_TEST

/* ICMP errors end a round early. */
START_TEST(unreachable)
{
	bool ipv6 = scene_families[_i] == AF_INET6;
	struct scene scene;

	if (!scene_start(&scene, scene_families[_i])) {
		return;
	}
	provider_run(&scene.providers[PROVIDER_WAN],
		"sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 "
		"net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0; "
		"ip addr flush dev lo; ip route add unreachable 192.0.2.0/24; "
		"ip -6 route add unreachable 2001:db8::/48 metric 1; "
		"ip -6 route replace 2001:db8:1::/64 dev user");
	/* One of each kind, as Linux sends few such errors a second. */
	for (int kind = 0; kind < PROBE_KINDS; kind++) {
		scene.probes.target_count[kind] = 1;
	}
	scene_set_way(&scene, scene_families[_i], "wan0");
	double begin = scene_now();
	scene_expect_bad(&scene,
		ipv6 ? "2001:db8::1 (Network is unreachable)" : "192.0.2.1 (No route to host)");
	ck_assert_msg(scene_now() - begin < TIMEOUT / 2, "%f s", scene_now() - begin);
	scene_stop(&scene);
}
END_TEST

START_TEST(lost)
{
	struct scene scene;

	if (!scene_start(&scene, scene_families[_i])) {
		return;
	}
	scene_set_way(&scene, scene_families[_i], "wan0");
	scene_expect_good(&scene);
	uplink_lose(scene.uplink, "way", "no default route", scene_now());
	const struct path *path = uplink_path(scene.uplink, "way");
	ck_assert_int_eq(path->health, PATH_DOWN);
	ck_assert_str_eq(path->last.reason, "no default route");
	/* Its path stays when other things are asked, and what is the same changes nothing. */
	scene.probes.need[PROBE_HTTP] = 0;
	scene_set_way(&scene, scene_families[_i], "wan0");
	ck_assert_int_eq(uplink_path(scene.uplink, "way")->health, PATH_DOWN);
	scene_expect_good(&scene);
	scene_set_way(&scene, scene_families[_i], "wan0");
	ck_assert_int_eq(uplink_path(scene.uplink, "way")->health, PATH_UP);
	ck_assert_int_eq(uplink_path(scene.uplink, "way")->changes, 2);
	ck_assert_int_eq(uplink_set_wish(scene.uplink, &scene.probes, NULL, 0, scene_now()), 0);
	ck_assert_ptr_null(uplink_path(scene.uplink, "way"));
	ck_assert(uplink_deadline(scene.uplink) == 0);
	/* A family without targets. */
	uint8_t other = scene_families[1 - _i];
	scene_set_way(&scene, other, "wan0");
	scene_expect_bad(&scene, other == AF_INET6 ? "no targets for IPv6" : "no targets for IPv4");
	scene_stop(&scene);
}
END_TEST

START_TEST(restored)
{
	struct path path = {.health = PATH_UP, .good = 1};
	struct scene scene;

	if (!scene_start(&scene, scene_families[_i])) {
		return;
	}
	scene_set_way(&scene, scene_families[_i], "wan0");
	uplink_restore(scene.uplink, "nobody", &path);
	path.last.time = path.since = scene_now() - 1;
	uplink_restore(scene.uplink, "way", &path);
	ck_assert_int_eq(uplink_path(scene.uplink, "way")->health, PATH_UP);
	scene_expect_good(&scene);
	ck_assert_int_eq(scene.changes, 0);
	path.health = PATH_DOWN;
	uplink_restore(scene.uplink, "way", &path);
	ck_assert_int_eq(uplink_path(scene.uplink, "way")->health, PATH_UP);
	scene_stop(&scene);
}
END_TEST

static int count_probed(const struct scene *scene, const struct uplink_way *ways)
{
	int count = 0;

	for (size_t i = 0; i < UPLINK_WAYS_MAX; i++) {
		count += uplink_path(scene->uplink, ways[i].key)->bad > 0;
	}
	return count;
}

/* As many ways as there may be, over a dead link: sockets stay bounded, rounds are spread. */
START_TEST(many)
{
	struct uplink_way ways[UPLINK_WAYS_MAX + 1];
	struct scene scene;
	int most = 0;

	if (!scene_start(&scene, scene_families[_i])) {
		return;
	}
	provider_run(&scene.providers[PROVIDER_WAN], "ip addr flush dev lo && ip link set lo down");
	for (size_t i = 0; i < UPLINK_WAYS_MAX + 1; i++) {
		ways[i] = (struct uplink_way){.family = scene_families[_i], .device = "wan0"};
		snprintf(ways[i].key, sizeof(ways[i].key), "way%zu", i);
	}
	int descriptors = scene_count_descriptors();
	ck_assert_int_lt(uplink_set_wish(scene.uplink, &scene.probes, ways, UPLINK_WAYS_MAX + 1,
				 scene_now()),
		0);
	ck_assert_int_eq(uplink_set_wish(scene.uplink, &scene.probes, ways, UPLINK_WAYS_MAX,
				 scene_now()),
		0);
	for (double end = scene_now() + 20; count_probed(&scene, ways) < UPLINK_WAYS_MAX;) {
		ck_assert_msg(scene_now() < end, "%d ways had a round", count_probed(&scene, ways));
		scene_turn(&scene);
		int open = scene_count_descriptors() - descriptors;
		most = open > most ? open : most;
	}
	ck_assert_msg(scene.turns < 2000, "%d turns", scene.turns);
	ck_assert_msg(most > 50 && most <= 200, "%d sockets", most);
	for (size_t i = 0; i < UPLINK_WAYS_MAX; i++) {
		const struct path *path = uplink_path(scene.uplink, ways[i].key);
		for (size_t j = 0; j < i; j++) {
			const struct path *other = uplink_path(scene.uplink, ways[j].key);
			ck_assert(fabs(path->last.time - other->last.time) > 0.04);
		}
	}
	printf("  %d sockets, %d turns\n", most, scene.turns);
	uplink_close(scene.uplink);
	scene.uplink = NULL;
	ck_assert_int_lt(scene_count_descriptors(), descriptors);
	scene_stop(&scene);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("uplink");
	TCase *test = tcase_create("uplink");
	int webs = 2 * (int)(sizeof(web_servers) / sizeof(web_servers[0]));

	tcase_set_timeout(test, 60);
	tcase_add_loop_test(test, well, 0, 2);
	tcase_add_loop_test(test, nothing_between_rounds, 0, 2);
	tcase_add_loop_test(test, filtered, 0, 2);
	tcase_add_loop_test(test, name_servers, 0, 2);
	tcase_add_loop_test(test, web, 0, webs);
	tcase_add_loop_test(test, other_path, 0, 2);
	tcase_add_loop_test(test, unreachable, 0, 2);
	tcase_add_loop_test(test, lost, 0, 2);
	tcase_add_loop_test(test, restored, 0, 2);
	tcase_add_loop_test(test, many, 0, 2);
	suite_add_tcase(suite, test);
	return suite;
}
