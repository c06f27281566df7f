/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "unit/desired_scene.h"

START_TEST(link_that_cannot_grow)
{
	struct scene scene;

	scene_open(&scene);
	state_find_link(&scene.observed, "eth0")->max_mtu = 1500;
	scene_build(&scene);
	ck_assert_uint_eq(want(&scene, "eth0.29")->mtu, 1496);
	ck_assert_uint_eq(want(&scene, "eth0.17")->mtu, 1496);
	ck_assert(!object_has(want(&scene, "eth0"), LINK_MTU));
	ck_assert_ptr_nonnull(problem_of(&scene, PROBLEM_FRAGMENTATION));
	ck_assert_ptr_nonnull(problem_of(&scene, PROBLEM_MTU_REFUSED));
	scene_close(&scene);
}
END_TEST

START_TEST(link_that_refused_to_grow)
{
	struct scene scene;

	scene_open(&scene);
	strcpy(scene.refusal.link, "eth0");
	scene.refusal.mtu = 1536;
	scene_build(&scene);
	ck_assert_uint_eq(want(&scene, "eth0.29")->mtu, 1496);
	ck_assert(!object_has(want(&scene, "eth0"), LINK_MTU));
	ck_assert_ptr_nonnull(problem_of(&scene, PROBLEM_MTU_REFUSED));
	scene_close(&scene);
}
END_TEST

START_TEST(larger_link_is_left_alone)
{
	struct scene scene;

	scene_open(&scene);
	state_find_link(&scene.observed, "eth0")->mtu = 2000;
	scene_build(&scene);
	ck_assert(!object_has(want(&scene, "eth0"), LINK_MTU));
	ck_assert_uint_eq(want(&scene, "eth0.29")->mtu, 1532);
	scene_close(&scene);
}
END_TEST

START_TEST(fixed_mtu)
{
	struct scene scene;

	scene_open(&scene);
	scene.config.links[0].mtu = 1400;
	scene_build(&scene);
	ck_assert_uint_eq(want(&scene, "eth0")->mtu, 1400);
	ck_assert_uint_eq(want(&scene, "eth0.29")->mtu, 1396);
	scene_close(&scene);
}
END_TEST

START_TEST(untagged_cloud)
{
	struct scene scene;

	scene_open(&scene);
	scene.config.cloud.vlan = 0;
	scene_build(&scene);
	ck_assert_str_eq(want(&scene, "eth0")->master, "bat0");
	ck_assert_str_eq(want(&scene, "eth0")->alias, "meshd-borrowed:hardif");
	ck_assert_uint_eq(want(&scene, "eth0")->mtu, 1532);
	ck_assert_ptr_null(state_find_link(&scene.desired, "eth0.29"));
	scene_close(&scene);
}
END_TEST

/* Two patterns that both mean it: the mesh goes before, and it is said. */
START_TEST(untagged_hardif_is_no_port)
{
	struct scene scene;

	scene_open(&scene);
	scene.config.cloud.vlan = 0;
	strcpy(scene.config.links[0].name, "eth*");
	add_port_config(&scene.config, "e*");
	add_observed(&scene, "ethernet", "02:00:00:00:00:06")->ethernet = 0;
	add_observed(&scene, "e1", "02:00:00:00:00:07");
	scene_build(&scene);
	ck_assert_str_eq(want(&scene, "eth0")->master, "bat0");
	ck_assert_str_eq(want(&scene, "eth0")->alias, "meshd-borrowed:hardif");
	ck_assert_str_eq(want(&scene, "e1")->master, "br-lan");
	ck_assert_uint_eq(scene.problems.count, 1);
	ck_assert_str_eq(problem_of(&scene, PROBLEM_NAME_TAKEN)->object, "eth0");
	scene_close(&scene);
}
END_TEST

START_TEST(missing_link_and_no_carrier)
{
	struct scene scene;

	scene_open(&scene);
	add_link_config(&scene.config, "wlan0-mesh");
	state_find_link(&scene.observed, "eth0")->carrier = 0;
	scene_build(&scene);
	ck_assert_str_eq(problem_of(&scene, PROBLEM_LINK_MISSING)->object, "wlan0-mesh");
	ck_assert_str_eq(problem_of(&scene, PROBLEM_NO_CARRIER)->object, "eth0");
	ck_assert_ptr_nonnull(state_find_link(&scene.desired, "eth0.29"));
	scene_close(&scene);
}
END_TEST

START_TEST(globs_match_foreign_ethernet_only)
{
	struct scene scene;

	scene_open(&scene);
	add_link_config(&scene.config, "*");
	add_observed(&scene, "wlan0-mesh", "02:00:00:00:00:03");
	add_observed(&scene, "lo", "00:00:00:00:00:00")->ethernet = 0;
	add_observed(&scene, "eth0.29", "02:00:00:00:00:04")->head.flags = OBJECT_OWNED;
	add_observed(&scene, "br-lan", "02:00:00:00:00:05")->head.flags = OBJECT_OWNED;
	scene_build(&scene);
	ck_assert_ptr_nonnull(state_find_link(&scene.desired, "wlan0-mesh.29"));
	ck_assert_ptr_null(state_find_link(&scene.desired, "lo.29"));
	ck_assert_ptr_null(state_find_link(&scene.desired, "eth0.29.29"));
	ck_assert_ptr_null(state_find_link(&scene.desired, "br-lan.29"));
	scene_close(&scene);
}
END_TEST

START_TEST(layers_alone)
{
	struct scene scene;

	scene_open(&scene);
	scene.config.batadv.enabled = false;
	scene_build(&scene);
	ck_assert_ptr_null(state_find_link(&scene.desired, "bat0"));
	ck_assert_ptr_null(state_find_link(&scene.desired, "eth0.29"));
	ck_assert_ptr_nonnull(state_find_link(&scene.desired, "eth0.17"));
	scene.config.babeld.enabled = false;
	scene_build(&scene);
	ck_assert_ptr_null(state_find_link(&scene.desired, "eth0.17"));
	ck_assert_ptr_nonnull(state_find_link(&scene.desired, "br-lan"));
	scene.config.batadv.enabled = true;
	scene_build(&scene);
	ck_assert_ptr_nonnull(state_find_link(&scene.desired, "eth0.29"));
	ck_assert_ptr_null(state_find_link(&scene.desired, "eth0.17"));
	scene_close(&scene);
}
END_TEST

START_TEST(layer3_vlans)
{
	struct scene scene;

	scene_open(&scene);
	scene.config.bmx7.enabled = true;
	scene_build(&scene);
	ck_assert_str_eq(want(&scene, "eth0.17")->alias, "meshd:babeld");
	ck_assert_str_eq(want(&scene, "eth0.18")->alias, "meshd:bmx7");
	scene.config.babeld.vlan = 18;
	scene_build(&scene);
	ck_assert_str_eq(want(&scene, "eth0.18")->alias, "meshd:bmx7+babeld");
	ck_assert_ptr_null(state_find_link(&scene.desired, "eth0.17"));
	scene.config.links[0].protocols = PROTOCOL_BATADV;
	scene_build(&scene);
	ck_assert_ptr_null(state_find_link(&scene.desired, "eth0.18"));
	scene_close(&scene);
}
END_TEST

START_TEST(switch_port_in_the_bridge)
{
	struct scene scene;

	scene_open(&scene);
	add_port_config(&scene.config, "eth0");
	state_find_link(&scene.observed, "eth0")->switch_port = 1;
	scene_build(&scene);
	ck_assert_ptr_null(state_find_link(&scene.desired, "eth0.29"));
	ck_assert_ptr_nonnull(problem_of(&scene, PROBLEM_SWITCH_PORT));
	ck_assert_str_eq(want(&scene, "eth0")->master, "br-lan");
	scene_close(&scene);
}
END_TEST

START_TEST(mesh_without_fragmentation)
{
	struct scene scene;

	scene_open(&scene);
	scene.config.batadv.settings.fragmentation = 0;
	state_find_link(&scene.observed, "eth0")->max_mtu = 1500;
	scene_build(&scene);
	ck_assert_uint_eq(want(&scene, "bat0")->mtu, 1436);
	/* Nothing is fragmented; what is small is the mesh interface. */
	ck_assert_str_eq(problem_of(&scene, PROBLEM_FRAGMENTATION)->object, "bat0");
	scene_close(&scene);
}
END_TEST

/* What counts is whether a client's packet fits, not the MTU that was wished for. */
START_TEST(fragmentation_is_said_where_it_is)
{
	struct scene scene;

	scene_open(&scene);
	scene.config.batadv.mtu = 1496;
	scene_build(&scene);
	ck_assert_str_eq(problem_of(&scene, PROBLEM_FRAGMENTATION)->object, "eth0");
	scene_close(&scene);

	scene_open(&scene);
	scene.config.lan.mtu = 1400;
	state_find_link(&scene.observed, "eth0")->max_mtu = 1500;
	scene_build(&scene);
	ck_assert_ptr_null(problem_of(&scene, PROBLEM_FRAGMENTATION));
	scene_close(&scene);
}
END_TEST

START_TEST(choice_of_the_primary_link)
{
	struct scene scene;

	scene_open(&scene);
	add_observed(&scene, "aaa0", "02:00:00:00:00:07");
	state_sort(&scene.observed);
	ck_assert_str_eq(desired_primary(&scene.config, &scene.observed)->name, "eth0");
	strcpy(scene.config.node.primary_link, "aaa0");
	ck_assert_str_eq(desired_primary(&scene.config, &scene.observed)->name, "aaa0");
	scene.config.node.primary_link[0] = '\0';
	strcpy(scene.config.links[0].name, "a*");
	ck_assert_str_eq(desired_primary(&scene.config, &scene.observed)->name, "aaa0");
	scene.config.link_count = 0;
	ck_assert_ptr_null(desired_primary(&scene.config, &scene.observed));
	state_find_link(&scene.observed, "eth0")->permanent_mac.bytes[0] = 2;
	ck_assert_str_eq(desired_primary(&scene.config, &scene.observed)->name, "eth0");
	scene_close(&scene);
}
END_TEST

static bool choose(struct scene *scene, struct primary *primary)
{
	problem_list_free(&scene->problems);
	memset(&scene->problems, 0, sizeof(scene->problems));
	state_sort(&scene->observed);
	return desired_choose_primary(&scene->config, &scene->observed, primary, &scene->problems);
}

/* A missing one does not hold up the node; when it comes it is taken, and kept when it goes. */
START_TEST(configured_primary_that_is_missing)
{
	struct scene scene;
	struct primary primary = {0};

	scene_open(&scene);
	strcpy(scene.config.node.primary_link, "nix");
	ck_assert(choose(&scene, &primary));
	ck_assert_str_eq(primary.link, "eth0");
	assert_mac(&primary.mac, "a8:40:41:1f:73:aa");
	ck_assert_uint_eq(scene.problems.count, 1);
	const struct problem *problem = problem_of(&scene, PROBLEM_NO_PRIMARY);
	ck_assert_str_eq(problem->object, "nix");
	ck_assert_str_eq(problem->text,
		"node.primary_link nix is not there; the node is named after eth0 until it is");
	ck_assert_str_eq(problem->hint, "plug it in, or correct node.primary_link");
	/* The stand-in keeps the name as well. */
	struct link *eth0 = state_find_link(&scene.observed, "eth0");
	mac_parse("02:00:00:00:00:09", &eth0->mac);
	ck_assert(choose(&scene, &primary));
	assert_mac(&primary.mac, "a8:40:41:1f:73:aa");
	ck_assert_uint_eq(scene.problems.count, 1);

	add_observed(&scene, "nix", "02:00:00:00:00:07");
	ck_assert(choose(&scene, &primary));
	ck_assert_str_eq(primary.link, "nix");
	assert_mac(&primary.mac, "02:00:00:00:00:07");
	ck_assert_uint_eq(scene.problems.count, 0);
	state_find_link(&scene.observed, "nix")->name[0] = 'x';
	ck_assert(choose(&scene, &primary));
	ck_assert_str_eq(primary.link, "nix");
	assert_mac(&primary.mac, "02:00:00:00:00:07");
	ck_assert_uint_eq(scene.problems.count, 0);
	scene_close(&scene);
}
END_TEST

START_TEST(primary_needs_a_mac)
{
	struct scene scene;
	struct primary primary = {0};

	scene_open(&scene);
	strcpy(scene.config.node.primary_link, "wg0");
	struct link *tunnel = add_observed(&scene, "wg0", "02:00:00:00:00:07");
	tunnel->ethernet = 0;
	ck_assert(choose(&scene, &primary));
	ck_assert_str_eq(primary.link, "eth0");
	ck_assert_str_eq(problem_of(&scene, PROBLEM_NO_PRIMARY)->text,
		"node.primary_link wg0 has no MAC that could name a node; it is named after eth0 "
		"instead");
	memset(&primary, 0, sizeof(primary));
	memset(&state_find_link(&scene.observed, "eth0")->mac, 0, sizeof(struct mac));
	ck_assert(!choose(&scene, &primary));
	ck_assert_str_eq(problem_of(&scene, PROBLEM_NO_PRIMARY)->text,
		"neither node.primary_link wg0 nor another link is there whose MAC could name this "
		"node");
	scene.config.node.primary_link[0] = '\0';
	ck_assert(!choose(&scene, &primary));
	ck_assert_str_eq(problem_of(&scene, PROBLEM_NO_PRIMARY)->hint,
		"plug in a mesh link, or set node.primary_link");
	ck_assert(mac_is_zero(&primary.mac));
	scene_close(&scene);
}
END_TEST

START_TEST(port_that_is_no_ethernet)
{
	struct scene scene;

	scene_open(&scene);
	add_port_config(&scene.config, "wg0");
	add_port_config(&scene.config, "w*");
	add_observed(&scene, "wg0", "00:00:00:00:00:00")->ethernet = 0;
	scene_build(&scene);
	ck_assert_ptr_null(state_find_link(&scene.desired, "wg0"));
	ck_assert_uint_eq(scene.problems.count, 1);
	ck_assert_str_eq(scene.problems.items[0].text,
		"wg0 cannot be a LAN port: it is not Ethernet-like");
	scene_close(&scene);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("desired_links");
	TCase *tests = tcase_create("desired_links");

	tcase_add_test(tests, link_that_cannot_grow);
	tcase_add_test(tests, link_that_refused_to_grow);
	tcase_add_test(tests, larger_link_is_left_alone);
	tcase_add_test(tests, fixed_mtu);
	tcase_add_test(tests, untagged_cloud);
	tcase_add_test(tests, untagged_hardif_is_no_port);
	tcase_add_test(tests, missing_link_and_no_carrier);
	tcase_add_test(tests, globs_match_foreign_ethernet_only);
	tcase_add_test(tests, layers_alone);
	tcase_add_test(tests, layer3_vlans);
	tcase_add_test(tests, switch_port_in_the_bridge);
	tcase_add_test(tests, mesh_without_fragmentation);
	tcase_add_test(tests, fragmentation_is_said_where_it_is);
	tcase_add_test(tests, choice_of_the_primary_link);
	tcase_add_test(tests, configured_primary_that_is_missing);
	tcase_add_test(tests, primary_needs_a_mac);
	tcase_add_test(tests, port_that_is_no_ethernet);
	suite_add_tcase(suite, tests);
	return suite;
}
