/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/uplink_scene.h"

#include <dirent.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <check.h>

#include "kernel/namespaces.h"

const uint8_t scene_families[2] = {AF_INET, AF_INET6};

double scene_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void on_round(void *context, const char *key, bool changed)
{
	struct scene *scene = context;

	ck_assert_ptr_nonnull(uplink_path(scene->uplink, key));
	scene->rounds++;
	scene->changes += changed;
}

int scene_count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(dir) != NULL) {
		count++;
	}
	closedir(dir);
	return count;
}

static void set_target(struct scene *scene, enum probe_kind kind, const char *text)
{
	size_t i = scene->probes.target_count[kind]++;

	ck_assert(text_copy(scene->targets[kind][i].text, sizeof(scene->targets[kind][i].text),
		text));
}

/* Two targets of each kind and family; http by address and by name, without family. */
static void set_targets(struct scene *scene, uint8_t family)
{
	bool ipv6 = family == AF_INET6;

	for (int kind = 0; kind < PROBE_KINDS; kind++) {
		scene->probes.targets[kind] = scene->targets[kind];
		scene->probes.need[kind] = 1;
	}
	set_target(scene, PROBE_PING, ipv6 ? "2001:db8::1" : "192.0.2.1");
	set_target(scene, PROBE_PING, ipv6 ? "2001:db8::2" : "192.0.2.2");
	set_target(scene, PROBE_TCP, ipv6 ? "[2001:db8::1]:443" : "192.0.2.1:443");
	set_target(scene, PROBE_TCP, ipv6 ? "[2001:db8::2]:443" : "192.0.2.2:443");
	set_target(scene, PROBE_DNS, ipv6 ? "2001:db8::1" : "192.0.2.1");
	set_target(scene, PROBE_DNS, ipv6 ? "2001:db8::2" : "192.0.2.2");
	set_target(scene, PROBE_HTTP, ipv6 ? "http://[2001:db8::1]/" : "http://192.0.2.1/");
	set_target(scene, PROBE_HTTP, "http://example.org/generate_204");
}

void scene_set_way(struct scene *scene, uint8_t family, const char *device)
{
	struct uplink_way way = {.key = "way", .family = family};

	text_copy(way.device, sizeof(way.device), device);
	ck_assert_int_eq(uplink_set_wish(scene->uplink, &scene->probes, &way, 1, scene_now()), 0);
}

bool scene_start(struct scene *scene, uint8_t family)
{
	struct uplink_listener listener = {.on_round = on_round, .context = scene};
	struct err err = {.line = 0};

	*scene = (struct scene){.probes = {.dns_name = "example.net",
					.timeout = (int)(TIMEOUT * 1000),
					.interval = 300,
					.interval_doubtful = 100,
					.interval_down = 200,
					.rise = 1,
					.fall = 2}};
	if (!namespace_is_possible()) {
		printf("  skipped: no namespaces\n");
		return false;
	}
	set_targets(scene, family);
	provider_start(scene->providers);
	ck_assert_int_eq(uplink_open(&scene->uplink, &listener, &err), 0);
	return true;
}

void scene_stop(struct scene *scene)
{
	uplink_close(scene->uplink);
	provider_stop(scene->providers);
}

void scene_turn(struct scene *scene)
{
	struct pollfd poll_fd = {.fd = uplink_fd(scene->uplink), .events = POLLIN};
	double deadline = uplink_deadline(scene->uplink);
	double wait = deadline == 0 ? 0.1 : deadline - scene_now();
	int milliseconds = wait > 0.1 ? 100 : (int)ceil(wait * 1000);

	if (poll(&poll_fd, 1, wait < 0 ? 0 : milliseconds) > 0) {
		uplink_on_readable(scene->uplink, scene_now());
		scene->turns++;
	}
	deadline = uplink_deadline(scene->uplink);
	if (deadline != 0 && scene_now() >= deadline) {
		uplink_on_timer(scene->uplink, scene_now());
		scene->turns++;
	}
}

const struct probe_round *scene_wait_round(struct scene *scene)
{
	double end = scene_now() + 5;

	for (int rounds = scene->rounds; scene->rounds == rounds;) {
		ck_assert_msg(scene_now() < end, "no round ends");
		scene_turn(scene);
	}
	return &uplink_path(scene->uplink, "way")->last;
}

/* Urged, so of all targets. */
const struct probe_round *scene_ask_all(struct scene *scene)
{
	double begin = scene_now();

	uplink_urge(scene->uplink, "way", begin);
	const struct probe_round *round = scene_wait_round(scene);
	while (round->time < begin) {
		round = scene_wait_round(scene);
	}
	return round;
}

void scene_expect_good(struct scene *scene)
{
	const struct probe_round *round = scene_ask_all(scene);

	ck_assert_msg(round->good, "%s", round->reason);
	ck_assert_str_eq(round->reason, "");
}

void scene_expect_bad(struct scene *scene, const char *reason)
{
	const struct probe_round *round = scene_ask_all(scene);

	ck_assert_msg(!round->good && strstr(round->reason, reason) != NULL, "%s instead of %s",
		round->good ? "good" : round->reason, reason);
}
