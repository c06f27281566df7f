/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same properties with what real configurations ask for: a shipped profile and a random
 * meshd.json over it, through config_read() and desired_build(). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/config.h"
#include "core/desired.h"
#include "fake/cycle.h"
#include "unit/check_main.h"

#ifndef CASES
#define CASES 800
#endif
#define CUTS          4
#define PROFILE_SIZE  16384
#define SETTINGS_SIZE 4096

struct node {
	struct config config;
	struct mac primary_mac;
};

static int build(const void *what, const struct state *observed, struct state *desired)
{
	const struct node *node = what;
	struct problem_list problems = {0};
	struct identity identity;
	struct err err;
	struct desired_input input = {.config = &node->config,
		.hostname = "node",
		.observed = observed,
		.primary_mac = node->primary_mac};

	memset(desired, 0, sizeof(*desired));
	int result = desired_build(&input, &identity, desired, &problems, &err);
	problem_list_free(&problems);
	return result;
}

static void read_profile(const char *name, char text[PROFILE_SIZE])
{
	char path[512];

	snprintf(path, sizeof(path), "%s/conf/profiles/%s.json", SOURCE_DIR, name);
	FILE *file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	size_t length = fread(text, 1, PROFILE_SIZE - 1, file);
	text[length] = '\0';
	fclose(file);
}

static const char *either(struct dice *dice, const char *a, const char *b)
{
	return dice_chance(dice, 50) ? a : b;
}

static int print_links(struct dice *dice, char *text, size_t size)
{
	static const char *const settings[] = {"", "\"mtu\": 1500", "\"mtu\": 1540",
		"\"protocols\": [\"batadv\"]", "\"protocols\": [\"babeld\", \"bmx7\"]",
		"\"hop_penalty\": 15, \"elp_interval\": 700", "\"protocols\": []"};
	static const char *const names[] = {"eth0", "eth1", "wlan*-mesh", "lan1", "a.7"};
	size_t length = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (dice_chance(dice, 70)) {
			const char *setting = settings[dice_roll(dice, ARRAY_SIZE(settings))];
			bool is_lower = strcmp(names[i], "eth1") == 0;
			length += (size_t)snprintf(text + length, size - length, "%s\"%s\": {%s}",
				length > 0 ? ", " : "", names[i],
				is_lower && strstr(setting, "mtu") != NULL ? "" : setting);
		}
	}
	return (int)length;
}

/* A random meshd.json. */
static void print_settings(struct dice *dice, char text[SETTINGS_SIZE])
{
	static const char *const vlans[] = {"\"auto\"", "\"auto\"", "0", "30"};
	static const char *const ports[] = {"", "", "\"lan1\"", "\"a.7\", \"eth1\"", "\"*.9\""};
	char links[1024] = "";

	print_links(dice, links, sizeof(links));
	snprintf(text, SETTINGS_SIZE,
		"{\"cloud\": {\"ssid\": \"%s\", \"vlan\": %s, \"vlan_protocol\": \"%s\"},"
		"\"links\": {%s}, \"lan\": {\"ports\": [%s], \"stp\": %s},"
		"\"anycast\": {\"enabled\": %s},"
		"\"batadv\": {\"enabled\": %s, \"algorithm\": \"%s\", \"gw_mode\": \"%s\","
		"\"hop_penalty\": %u, \"vlans\": {\"9\": {\"ap_isolation\": true}}},"
		"\"bmx7\": {\"enabled\": %s, \"vlan\": %s},"
		"\"babeld\": {\"enabled\": %s, \"vlan\": %s, \"mtu\": %s}}",
		either(dice, "LibreMesh.org", "quintana-libre.org.ar"),
		vlans[dice_roll(dice, ARRAY_SIZE(vlans))], either(dice, "802.1q", "802.1ad"), links,
		ports[dice_roll(dice, ARRAY_SIZE(ports))], either(dice, "true", "false"),
		either(dice, "true", dice_chance(dice, 50) ? "true" : "false"),
		either(dice, "true", dice_chance(dice, 50) ? "true" : "false"),
		either(dice, "BATMAN_IV", "BATMAN_V"), either(dice, "client", "off"),
		dice_roll(dice, 2) * 10, either(dice, "true", "false"), either(dice, "18", "0"),
		either(dice, "true", "false"), either(dice, "17", "18"),
		either(dice, "\"inherit\"", "\"auto\""));
}

/* Draws until the parser takes it: some combinations clash, and say so. */
static void node_read(struct node *node, struct dice *dice)
{
	static const char *const profiles[] = {"default", "libremesh", "l2-only", "l3-only"};
	char profile[PROFILE_SIZE];
	char settings[SETTINGS_SIZE];
	int result;

	memset(node, 0, sizeof(*node));
	read_profile(profiles[dice_roll(dice, ARRAY_SIZE(profiles))], profile);
	do {
		struct err_list errors = {0};
		print_settings(dice, settings);
		struct config_layer layers[] = {{"profile", profile, strlen(profile)},
			{"meshd.json", settings, strlen(settings)}};
		result = config_read(layers, ARRAY_SIZE(layers), &node->config, &errors);
		err_list_free(&errors);
	} while (result == -EINVAL);
	ck_assert_int_eq(result, 0);
	node->primary_mac = (struct mac){{0xa8, 0x40, 0x41, 0x1f, 0x73, 0xaa}};
	if (getenv("FAKE_SEED") != NULL) {
		fprintf(stderr, "%s\n", settings);
	}
}

/* eth1, with a.7 on it, is up and large: what it lets a.7 have is not meshd's to foresee. */
static void keep_lower(struct fake_kernel *kernel)
{
	const struct link *lower = fake_link(kernel, "eth1");

	if (lower != NULL) {
		struct link wanted = *lower;
		object_give(&wanted, LINK_MTU, mtu, 9000);
		object_give(&wanted, LINK_UP, up, 1);
		ck_assert_int_eq(fake_link_set(kernel, &wanted,
					 FIELD_BIT(LINK_MTU) | FIELD_BIT(LINK_UP)),
			0);
	}
}

static void run_case(uint64_t seed)
{
	struct dice dice = dice_new(seed);
	struct node node;
	struct wanted wanted = {.build = build, .what = &node};
	struct fake_kernel kernel;

	ck_assert_int_eq(world_start(&kernel, &dice), 0);
	node_read(&node, &dice);
	for (int round = 0; round < 3; round++) {
		keep_lower(&kernel);
		cycle_round(seed, &kernel, &wanted, &dice, CUTS);
		if (dice_chance(&dice, 60)) {
			config_free(&node.config);
			node_read(&node, &dice);
		}
	}
	config_free(&node.config);
	fake_free(&kernel);
}

START_TEST(any_configuration_is_reached)
{
	cycle_seeds(_i, CASES, run_case);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("fake_node");
	TCase *tests = tcase_create("node");

	printf("seeds 0 to %d; FAKE_SEED=n runs one\n", CASES - 1);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, any_configuration_is_reached, 0, CYCLE_PARTS);
	suite_add_tcase(suite, tests);
	return suite;
}
