/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "unit/desired_scene.h"

START_TEST(whole_node)
{
	struct scene scene;

	scene_open(&scene);
	scene_build(&scene);
	ck_assert_int_eq(scene.result, 0);
	ck_assert_uint_eq(scene.problems.count, 0);

	const struct link *hardif = want(&scene, "eth0.29");
	ck_assert_int_eq(hardif->kind, LINK_VLAN);
	ck_assert_str_eq(hardif->lower, "eth0");
	ck_assert_uint_eq(hardif->vlan_id, 29);
	ck_assert_uint_eq(hardif->mtu, 1532);
	ck_assert_str_eq(hardif->master, "bat0");
	ck_assert_str_eq(hardif->alias, "meshd:hardif");
	assert_mac(&hardif->mac, "02:95:39:1f:73:aa");

	ck_assert_uint_eq(want(&scene, "eth0")->mtu, 1536);
	ck_assert(want(&scene, "eth0")->head.flags & OBJECT_BORROWED);
	ck_assert_uint_eq(want(&scene, "eth0.17")->mtu, 1500);
	ck_assert_str_eq(want(&scene, "bat0")->master, "br-lan");
	ck_assert_uint_eq(want(&scene, "bat0")->multicast_router, 2);
	ck_assert_int_eq(want(&scene, "br-lan")->arp_ignore, 1);
	assert_mac(&want(&scene, "anygw")->mac, "aa:aa:aa:0d:fe:aa");

	ck_assert(has_address(&scene, "10.13.115.170/16", "br-lan"));
	ck_assert(has_address(&scene, "fd0d:fe46:8ce8::1f:73aa/64", "br-lan"));
	ck_assert(has_address(&scene, "10.13.0.1/16", "anygw"));
	ck_assert(has_address(&scene, "fd0d:fe46:8ce8::1/64", "anygw"));
	ck_assert(has_address(&scene, "fe80::a8aa:aaff:fe0d:feaa/64", "anygw"));
	ck_assert(has_address(&scene, "10.13.115.170/32", "eth0.17"));
	ck_assert_uint_eq(state_count(&scene.desired, OBJECT_RULE), 2);
	ck_assert_uint_eq(state_count(&scene.desired, OBJECT_ROUTE), 7);
	ck_assert(scene.desired.ruleset.present);
	scene_close(&scene);
}
END_TEST

START_TEST(name_taken)
{
	struct scene scene;

	scene_open(&scene);
	add_observed(&scene, "bat0", "02:00:00:00:00:01");
	scene_build(&scene);
	ck_assert_ptr_null(state_find_link(&scene.desired, "bat0"));
	ck_assert_ptr_null(state_find_link(&scene.desired, "eth0.29"));
	ck_assert_ptr_nonnull(state_find_link(&scene.desired, "eth0.17"));
	ck_assert_ptr_nonnull(state_find_link(&scene.desired, "br-lan"));
	ck_assert_str_eq(problem_of(&scene, PROBLEM_NAME_TAKEN)->object, "bat0");
	scene_close(&scene);
}
END_TEST

START_TEST(bridge_name_taken)
{
	struct scene scene;

	scene_open(&scene);
	add_port_config(&scene.config, "eth1");
	add_observed(&scene, "eth1", "02:00:00:00:00:02");
	add_observed(&scene, "br-lan", "02:00:00:00:00:01");
	scene_build(&scene);
	ck_assert_str_eq(want(&scene, "bat0")->master, "");
	ck_assert_ptr_null(state_find_link(&scene.desired, "anygw"));
	ck_assert_ptr_null(state_find_link(&scene.desired, "eth1"));
	ck_assert_ptr_nonnull(state_find_link(&scene.desired, "eth0.29"));
	scene_close(&scene);
}
END_TEST

START_TEST(no_primary)
{
	struct scene scene;

	scene_open(&scene);
	scene.config.links[0].name[3] = '7';
	scene_build(&scene);
	ck_assert_int_eq(scene.result, -ENODEV);
	scene_close(&scene);
}
END_TEST

START_TEST(port_of_somebody_else)
{
	struct scene scene;

	scene_open(&scene);
	add_port_config(&scene.config, "eth1");
	add_observed(&scene, "docker0", "02:00:00:00:00:05");
	struct link *port = add_observed(&scene, "eth1", "02:00:00:00:00:02");
	strcpy(port->master, "docker0");
	scene_build(&scene);
	ck_assert_ptr_null(state_find_link(&scene.desired, "eth1"));
	ck_assert_str_eq(problem_of(&scene, PROBLEM_NAME_TAKEN)->object, "eth1");
	scene_close(&scene);
}
END_TEST

START_TEST(glob_takes_no_vlan_of_its_match)
{
	struct scene scene;

	scene_open(&scene);
	strcpy(scene.config.links[0].name, "eth*");
	add_port_config(&scene.config, "lan*");
	add_observed(&scene, "lan0", "02:00:00:00:00:02");
	add_vlan(&scene, "eth0.30", "eth0");
	add_vlan(&scene, "lan0.30", "lan0");
	add_vlan(&scene, "lan7", "wan");
	scene_build(&scene);
	ck_assert_ptr_nonnull(state_find_link(&scene.desired, "eth0.29"));
	ck_assert_ptr_null(state_find_link(&scene.desired, "eth0.30.29"));
	ck_assert_ptr_null(state_find_link(&scene.desired, "eth0.30"));
	ck_assert_str_eq(want(&scene, "lan0")->master, "br-lan");
	ck_assert_str_eq(want(&scene, "lan7")->master, "br-lan");
	ck_assert_ptr_null(state_find_link(&scene.desired, "lan0.30"));
	scene_close(&scene);
}
END_TEST

START_TEST(vlan_as_a_port_and_as_a_mesh_link)
{
	struct scene scene;

	scene_open(&scene);
	strcpy(scene.config.links[0].name, "wan.5");
	add_port_config(&scene.config, "wan.6");
	add_observed(&scene, "wan", "02:00:00:00:00:02");
	add_vlan(&scene, "wan.5", "wan");
	add_vlan(&scene, "wan.6", "wan");
	scene_build(&scene);
	/* Borrowed, with a mark that is not the one of what is ours. */
	ck_assert_str_eq(want(&scene, "wan.6")->alias, "meshd-borrowed:port");
	ck_assert(want(&scene, "wan.6")->head.flags & OBJECT_BORROWED);
	/* The driver says 9000, the link below says 1500: not tried, and planned as it will be. */
	ck_assert(!object_has(want(&scene, "wan.5"), LINK_MTU));
	ck_assert_uint_eq(want(&scene, "wan.5.29")->mtu, 1496);
	ck_assert_uint_eq(want(&scene, "wan.5.17")->mtu, 1496);
	scene_close(&scene);
}
END_TEST

START_TEST(port_of_an_older_configuration)
{
	struct scene scene;

	scene_open(&scene);
	add_observed(&scene, "br-lan", "02:00:00:00:00:05")->head.flags = OBJECT_OWNED;
	struct link *port = add_observed(&scene, "eth1", "02:00:00:00:00:02");
	strcpy(port->master, "br-lan");
	strcpy(port->alias, "meshd-borrowed:port");
	struct link *foreign = add_observed(&scene, "eth2", "02:00:00:00:00:06");
	strcpy(foreign->master, "br-lan");
	scene_build(&scene);
	ck_assert_str_eq(want(&scene, "eth1")->master, "");
	ck_assert_str_eq(want(&scene, "eth1")->alias, "");
	ck_assert(object_has(want(&scene, "eth1"), LINK_MASTER));
	ck_assert_ptr_null(state_find_link(&scene.desired, "eth2"));
	scene_close(&scene);
}
END_TEST

START_TEST(unsupported_setting)
{
	struct scene scene;
	char key[IFNAMSIZ] = "bat0";

	scene_open(&scene);
	object_give(&scene.config.batadv.settings, MESH_NETWORK_CODING, network_coding, 1);
	struct mesh *mesh = state_add(&scene.observed, OBJECT_MESH, key);
	object_give(mesh, MESH_FRAGMENTATION, fragmentation, 1);
	scene_build(&scene);
	ck_assert_str_eq(problem_of(&scene, PROBLEM_UNSUPPORTED)->object, "network_coding");
	scene_close(&scene);
}
END_TEST

/* A kernel that does not know what is off anyway lacks nothing. */
START_TEST(unsupported_and_off)
{
	struct scene scene;
	char key[IFNAMSIZ] = "bat0";

	scene_open(&scene);
	object_give(&scene.config.batadv.settings, MESH_NETWORK_CODING, network_coding, 0);
	struct mesh *mesh = state_add(&scene.observed, OBJECT_MESH, key);
	object_give(mesh, MESH_FRAGMENTATION, fragmentation, 1);
	scene_build(&scene);
	ck_assert_ptr_null(problem_of(&scene, PROBLEM_UNSUPPORTED));
	scene_close(&scene);
}
END_TEST

START_TEST(kernel_without_ipv6)
{
	struct scene scene;

	scene_open(&scene);
	scene.observed.no_ipv6 = true;
	scene_build(&scene);
	ck_assert(has_address(&scene, "10.13.0.1/16", "anygw"));
	ck_assert(!has_address(&scene, "fd0d:fe46:8ce8::1/64", "anygw"));
	ck_assert_uint_eq(state_count(&scene.desired, OBJECT_RULE), 1);
	for (size_t i = 0; i < state_count(&scene.desired, OBJECT_ROUTE); i++) {
		const struct route *route = state_at(&scene.desired, OBJECT_ROUTE, i);
		ck_assert_uint_eq(route->key.destination.ip.family, AF_INET);
	}
	for (size_t i = 0; i < state_count(&scene.desired, OBJECT_LINK); i++) {
		const struct link *link = state_at(&scene.desired, OBJECT_LINK, i);
		ck_assert(!object_has(link, LINK_ADDR_GEN_MODE));
		ck_assert(!object_has(link, LINK_ACCEPT_RA));
		ck_assert(!object_has(link, LINK_ACCEPT_DAD));
	}
	ck_assert_ptr_nonnull(state_find_link(&scene.desired, "eth0.29"));
	ck_assert_str_eq(problem_of(&scene, PROBLEM_UNSUPPORTED)->object, "IPv6");
	scene_close(&scene);
}
END_TEST

static struct rule *add_foreign_rule(struct scene *scene, uint32_t table)
{
	struct rule_key key = {.priority = 10};

	ck_assert_int_eq(prefix_parse("10.13.0.1/32", &key.source), 0);
	struct rule *rule = state_add(&scene->observed, OBJECT_RULE, &key);
	object_give(rule, RULE_TABLE, table, table);
	object_give(rule, RULE_SUPPRESS, suppress, -1);
	return rule;
}

static struct route *add_foreign_route(struct scene *scene, const char *destination,
	const char *link)
{
	struct route_key key = {.table = STATE_TABLE_ANYCAST};

	ck_assert_int_eq(prefix_parse(destination, &key.destination), 0);
	snprintf(key.link, sizeof(key.link), "%s", link);
	return state_add(&scene->observed, OBJECT_ROUTE, &key);
}

START_TEST(foreign_rule_in_the_way)
{
	struct scene scene;

	scene_open(&scene);
	add_foreign_rule(&scene, STATE_TABLE_ANYCAST);
	scene_build(&scene);
	ck_assert_ptr_null(problem_of(&scene, PROBLEM_IN_THE_WAY)); /* it does the same */
	scene_close(&scene);

	scene_open(&scene);
	add_foreign_rule(&scene, 99);
	scene_build(&scene);
	ck_assert_str_eq(problem_of(&scene, PROBLEM_IN_THE_WAY)->object,
		"from 10.13.0.1/32 lookup 99 priority 10");
	scene_close(&scene);

	scene_open(&scene);
	add_foreign_rule(&scene, 99); /* behind ours */
	add_foreign_rule(&scene, STATE_TABLE_ANYCAST)->head.flags = OBJECT_OWNED;
	scene_build(&scene);
	ck_assert_ptr_null(problem_of(&scene, PROBLEM_IN_THE_WAY));
	scene_close(&scene);
}
END_TEST

START_TEST(foreign_route_in_the_way)
{
	static const char *const links[] = {"", "br-lan"};
	struct scene scene;

	for (size_t i = 0; i < 2; i++) {
		scene_open(&scene);
		add_foreign_route(&scene, "10.13.0.0/16", links[i]);
		scene_build(&scene);
		ck_assert_ptr_nonnull(problem_of(&scene, PROBLEM_IN_THE_WAY));
		scene_close(&scene);
	}
	scene_open(&scene);
	add_foreign_route(&scene, "10.14.0.0/16", "br-lan"); /* elsewhere */
	struct route *same = add_foreign_route(&scene, "10.13.0.0/16", "anygw");
	struct prefix source;
	ck_assert_int_eq(prefix_parse("10.13.0.1/32", &source), 0);
	object_give(same, ROUTE_SOURCE, source, source.ip);
	scene_build(&scene);
	ck_assert_ptr_null(problem_of(&scene, PROBLEM_IN_THE_WAY));
	scene_close(&scene);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("desired");
	TCase *tests = tcase_create("desired");

	tcase_add_test(tests, whole_node);
	tcase_add_test(tests, name_taken);
	tcase_add_test(tests, bridge_name_taken);
	tcase_add_test(tests, no_primary);
	tcase_add_test(tests, port_of_somebody_else);
	tcase_add_test(tests, glob_takes_no_vlan_of_its_match);
	tcase_add_test(tests, vlan_as_a_port_and_as_a_mesh_link);
	tcase_add_test(tests, port_of_an_older_configuration);
	tcase_add_test(tests, unsupported_setting);
	tcase_add_test(tests, unsupported_and_off);
	tcase_add_test(tests, kernel_without_ipv6);
	tcase_add_test(tests, foreign_rule_in_the_way);
	tcase_add_test(tests, foreign_route_in_the_way);
	suite_add_tcase(suite, tests);
	return suite;
}
