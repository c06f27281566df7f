/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One drift, one minimal plan. */
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "unit/diff_net.h"

static const struct mac other_mac = {{0x02, 1, 2, 3, 4, 5}};

static void drop_anygw(void)
{
	drop(OBJECT_LINK, "anygw");
	drop(OBJECT_ADDRESS, "10.13.0.1/16 dev anygw");
	drop(OBJECT_ADDRESS, "fd0d::1/64 dev anygw");
	drop(OBJECT_ROUTE, "10.13.0.0/16 dev anygw table 254 metric 2147483647");
	drop(OBJECT_ROUTE, "fd0d::/64 dev anygw table 254 metric 2147483647");
	drop(OBJECT_ROUTE, "10.13.0.0/16 dev anygw table 170 metric 0");
	drop(OBJECT_ROUTE, "fd0d::/64 dev anygw table 170 metric 1024");
}

static struct link *observed_link(const char *name)
{
	return find(OBJECT_LINK, name);
}

START_TEST(nothing)
{
	ck_assert_str_eq(plan_text(), "");
}
END_TEST

START_TEST(vlan_deleted)
{
	drop(OBJECT_LINK, "eth1.29");
	drop(OBJECT_HARDIF, "eth1.29");
	ck_assert_str_eq(plan_text(), "create link eth1.29\n"
				      "create hardif eth1.29\n");
	ck_assert_uint_eq(net.plan.ops[0].ifindex, 101);
	/* elp_interval is the default already. */
	ck_assert_uint_eq(net.plan.ops[1].fields, FIELD_BIT(HARDIF_HOP_PENALTY));
}
END_TEST

START_TEST(hardif_detached)
{
	memset(observed_link("eth1.29")->master, 0, IFNAMSIZ);
	drop(OBJECT_HARDIF, "eth1.29");
	ck_assert_str_eq(plan_text(), "set link eth1.29: master\n"
				      "create hardif eth1.29\n");
}
END_TEST

START_TEST(mesh_deleted)
{
	drop(OBJECT_LINK, "bat0");
	drop(OBJECT_MESH, "bat0");
	memset(observed_link("eth1.29")->master, 0, IFNAMSIZ);
	drop(OBJECT_HARDIF, "eth1.29");
	ck_assert_str_eq(plan_text(), "create link bat0\n"
				      "create mesh bat0\n"
				      "set link eth1.29: master\n"
				      "create hardif eth1.29\n");
}
END_TEST

START_TEST(port_removed)
{
	struct link *port = observed_link("bat0");

	memset(port->master, 0, IFNAMSIZ);
	port->head.has &= ~FIELD_BIT(LINK_MULTICAST_ROUTER);
	ck_assert_str_eq(plan_text(), "set link bat0: master multicast_router\n");
}
END_TEST

START_TEST(anycast_deleted)
{
	drop_anygw();
	/* The routes of the main table come with the addresses. */
	ck_assert_str_eq(plan_text(), "create link anygw\n"
				      "create address 10.13.0.1/16 dev anygw\n"
				      "create address fd0d::1/64 dev anygw\n"
				      "create route 10.13.0.0/16 dev anygw table 170 metric 0\n"
				      "create route fd0d::/64 dev anygw table 170 metric 1024\n");
}
END_TEST

START_TEST(address_removed)
{
	drop(OBJECT_ADDRESS, "10.13.0.1/16 dev anygw");
	drop(OBJECT_ROUTE, "10.13.0.0/16 dev anygw table 254 metric 2147483647");
	drop(OBJECT_ROUTE, "10.13.0.0/16 dev anygw table 170 metric 0");
	ck_assert_str_eq(plan_text(), "create address 10.13.0.1/16 dev anygw\n"
				      "create route 10.13.0.0/16 dev anygw table 170 metric 0\n");
}
END_TEST

START_TEST(address_recreated)
{
	struct address *address = find(OBJECT_ADDRESS, "10.13.0.1/16 dev anygw");

	address->metric = 0;
	drop(OBJECT_ROUTE, "10.13.0.0/16 dev anygw table 254 metric 2147483647");
	add_route(&net.observed, "anygw", "10.13.0.1/16", RT_TABLE_MAIN, 0);
	/* The kernel takes the route of table 170 with its source, and makes the main one. */
	ck_assert_str_eq(plan_text(), "delete address 10.13.0.1/16 dev anygw\n"
				      "create address 10.13.0.1/16 dev anygw\n"
				      "create route 10.13.0.0/16 dev anygw table 170 metric 0\n");
}
END_TEST

START_TEST(rule_removed)
{
	drop(OBJECT_RULE, "from 10.13.0.1/32 lookup 170 priority 10");
	ck_assert_str_eq(plan_text(), "create rule from 10.13.0.1/32 lookup 170 priority 10\n");
}
END_TEST

START_TEST(route_removed)
{
	drop(OBJECT_ROUTE, "10.13.0.0/16 dev anygw table 170 metric 0");
	drop(OBJECT_ROUTE, "10.13.0.0/16 dev br-lan table 254 metric 0");
	ck_assert_str_eq(plan_text(), "create route 10.13.0.0/16 dev anygw table 170 metric 0\n"
				      "create route 10.13.0.0/16 dev br-lan table 254 metric 0\n");
}
END_TEST

START_TEST(route_source_changed)
{
	struct route *route = find(OBJECT_ROUTE, "10.13.0.0/16 dev anygw table 170 metric 0");

	route->source.bytes[3] = 9;
	ck_assert_str_eq(plan_text(), "delete route 10.13.0.0/16 dev anygw table 170 metric 0\n"
				      "create route 10.13.0.0/16 dev anygw table 170 metric 0\n");
}
END_TEST

START_TEST(mtu_changed)
{
	/* The kernel lowers the VLAN with its lower link: the lower link goes first. */
	observed_link("eth1")->mtu = 1500;
	observed_link("eth1.29")->mtu = 1500;
	ck_assert_str_eq(plan_text(), "set link eth1: mtu\nset link eth1.29: mtu\n");
}
END_TEST

START_TEST(mac_changed)
{
	observed_link("eth1.29")->mac = other_mac;
	ck_assert_str_eq(plan_text(), "set link eth1.29: mac\n");
}
END_TEST

START_TEST(setting_changed)
{
	struct mesh *mesh = find(OBJECT_MESH, "bat0");
	struct hardif *hardif = find(OBJECT_HARDIF, "eth1.29");
	struct sysctl *sysctl = find(OBJECT_SYSCTL, "net/ipv4/ip_forward");

	mesh->orig_interval = 1000;
	hardif->hop_penalty = 0;
	sysctl->value = 0;
	ck_assert_str_eq(plan_text(), "set sysctl net/ipv4/ip_forward: value\n"
				      "set mesh bat0: orig_interval\n"
				      "set hardif eth1.29: hop_penalty\n");
}
END_TEST

START_TEST(ruleset_flushed)
{
	net.observed.ruleset.present = false;
	ck_assert_str_eq(plan_text(), "create ruleset table bridge meshd\n");
}
END_TEST

START_TEST(ruleset_changed)
{
	net.observed.ruleset.rules[0].verdict = NFT_VERDICT_ACCEPT;
	ck_assert_str_eq(plan_text(), "set ruleset table bridge meshd\n");
}
END_TEST

/* The plan of now alone. */
static const char *next_plan_text(void)
{
	plan_free(&net.plan);
	net.text[0] = '\0';
	return plan_text();
}

START_TEST(nat_alone)
{
	struct nft_rule rule = {.chain = "forward", .name = "clamp-mss"};

	net.desired.nat.present = true;
	ck_assert_int_eq(ruleset_add_rule(&net.desired.nat, &rule), 0);
	ck_assert_str_eq(next_plan_text(), "create ruleset table inet meshd\n");
	net.observed.nat.present = true;
	ck_assert_str_eq(next_plan_text(), "set ruleset table inet meshd\n");
	ck_assert_int_eq(ruleset_add_rule(&net.observed.nat, &rule), 0);
	ck_assert_str_eq(next_plan_text(), "");
	net.desired.nat.present = false;
	ck_assert_str_eq(next_plan_text(), "delete ruleset table inet meshd\n");
}
END_TEST

START_TEST(both_tables_flushed)
{
	net.desired.nat.present = true;
	net.observed.ruleset.present = false;
	ck_assert_str_eq(plan_text(), "create ruleset table bridge meshd\n"
				      "create ruleset table inet meshd\n");
}
END_TEST

START_TEST(bridge_deleted)
{
	struct link *port = observed_link("bat0");

	memset(port->master, 0, IFNAMSIZ);
	port->head.has &= ~FIELD_BIT(LINK_MULTICAST_ROUTER);
	drop(OBJECT_LINK, "br-lan");
	drop(OBJECT_ADDRESS, "10.13.115.170/16 dev br-lan");
	drop(OBJECT_ROUTE, "10.13.0.0/16 dev br-lan table 254 metric 0");
	drop_anygw();
	ck_assert_str_eq(plan_text(), "create link br-lan\n"
				      "set link bat0: master multicast_router\n"
				      "create link anygw\n"
				      "create address 10.13.0.1/16 dev anygw\n"
				      "create address fd0d::1/64 dev anygw\n"
				      "create address 10.13.115.170/16 dev br-lan\n"
				      "create route 10.13.0.0/16 dev anygw table 170 metric 0\n"
				      "create route fd0d::/64 dev anygw table 170 metric 1024\n");
}
END_TEST

/* --- what is to be made anew, and what is not ours --- */

START_TEST(vlan_protocol_changed)
{
	observed_link("eth1.29")->vlan_protocol = ETH_P_8021AD;
	ck_assert_str_eq(plan_text(), "delete link eth1.29\n"
				      "create link eth1.29\n"
				      "create hardif eth1.29\n");
}
END_TEST

START_TEST(algorithm_changed)
{
	text_copy(observed_link("bat0")->algorithm, sizeof(((struct link *)0)->algorithm),
		"BATMAN_V");
	ck_assert_str_eq(plan_text(), "delete link bat0\n"
				      "create link bat0\n"
				      "create mesh bat0\n"
				      "set link eth1.29: master\n"
				      "create hardif eth1.29\n");
}
END_TEST

START_TEST(older_objects_removed)
{
	struct link *old = add_link(&net.observed, "eth1.30", LINK_VLAN);
	object_give_text(old, LINK_LOWER, lower, "eth1");
	struct link *above = add_link(&net.observed, "above", LINK_MACVLAN);
	object_give_text(above, LINK_LOWER, lower, "eth1.30");
	add_address(&net.observed, "eth1.30", "10.9.0.1/16", 0);
	add_address(&net.observed, "br-lan", "10.9.0.1/16", 0);
	add_route(&net.observed, "br-lan", "10.9.0.1/16", 170, 0);
	/* What stands on a link that goes needs no op of its own. */
	ck_assert_str_eq(plan_text(), "delete route 10.9.0.0/16 dev br-lan table 170 metric 0\n"
				      "delete address 10.9.0.1/16 dev br-lan\n"
				      "delete link eth1.30\n");
}
END_TEST

/* Three links on top of each other, named so that one look through the list does not see it. */
START_TEST(gone_with_the_lowest)
{
	struct link *link = add_link(&net.observed, "z", LINK_VLAN);
	object_give_text(link, LINK_LOWER, lower, "eth1");
	link = add_link(&net.observed, "m", LINK_VLAN);
	object_give_text(link, LINK_LOWER, lower, "z");
	link->head.flags = 0;
	link = add_link(&net.observed, "a", LINK_VLAN);
	object_give_text(link, LINK_LOWER, lower, "m");
	link->head.flags = 0;
	add_address(&net.observed, "a", "10.9.0.1/16", 0);
	ck_assert_str_eq(plan_text(), "delete link z\n");
}
END_TEST

/* Our older address goes, somebody's of the same network stays: its route comes back by itself. */
START_TEST(address_promoted)
{
	struct address *address = find(OBJECT_ADDRESS, "10.13.115.170/16 dev br-lan");
	struct route *route = find(OBJECT_ROUTE, "10.13.0.0/16 dev br-lan table 254 metric 0");

	address->head.flags = 0;
	route->source.bytes[3] = 1;
	add_address(&net.observed, "br-lan", "10.13.115.1/16", 0);
	ck_assert_str_eq(plan_text(), "delete address 10.13.115.1/16 dev br-lan\n");
}
END_TEST

START_TEST(foreign_untouched)
{
	add_link(&net.observed, "eth1.31", LINK_VLAN)->head.flags = 0;
	add_address(&net.observed, "br-lan", "10.9.0.1/16", 0)->head.flags = 0;
	add_route(&net.observed, "br-lan", "10.9.0.1/16", 170, 0)->head.flags = 0;
	ck_assert_str_eq(plan_text(), "");
}
END_TEST

/* Desired says a problem then; the diff must not touch what is in the way. */
START_TEST(foreign_in_the_way)
{
	struct link *link = observed_link("br-lan");
	struct route *route = find(OBJECT_ROUTE, "10.13.0.0/16 dev anygw table 170 metric 0");
	struct rule *rule = find(OBJECT_RULE, "from 10.13.0.1/32 lookup 170 priority 10");

	link->head.flags = 0;
	link->stp = 1;
	route->head.flags = 0;
	memset(&route->source, 0, sizeof(route->source));
	rule->head.flags = 0;
	rule->table = 99;
	ck_assert_str_eq(plan_text(), "");
}
END_TEST

/* "ip address change" takes our mark off an address; on our own link it is ours all the same. */
START_TEST(address_changed_by_hand)
{
	struct address *address = find(OBJECT_ADDRESS, "10.13.0.1/16 dev anygw");

	address->head.flags = 0;
	ck_assert_str_eq(plan_text(), "");
	address = find(OBJECT_ADDRESS, "10.13.0.1/16 dev anygw"); /* it was sorted */
	address->metric = 7;
	ck_assert_str_eq(plan_text(), "delete address 10.13.0.1/16 dev anygw\n"
				      "create address 10.13.0.1/16 dev anygw\n"
				      "create route 10.13.0.0/16 dev anygw table 170 metric 0\n");
}
END_TEST

START_TEST(address_about_to_expire)
{
	struct address *address = find(OBJECT_ADDRESS, "fd0d::1/64 dev anygw");

	address->lasting = 0;
	ck_assert_str_eq(plan_text(), "delete address fd0d::1/64 dev anygw\n"
				      "create address fd0d::1/64 dev anygw\n");
}
END_TEST

/* The kernel keeps both, in any order; ours is the one that is found. */
START_TEST(foreign_beside_ours)
{
	struct rule rule = *(struct rule *)state_at(&net.observed, OBJECT_RULE, 0);
	struct route *ours = find(OBJECT_ROUTE, "10.13.0.0/16 dev anygw table 170 metric 0");
	struct route route = *ours;

	rule.head.flags = 0;
	rule.table = 99;
	route.head.flags = 0;
	route.source = prefix_of("10.13.47.1/32").ip;
	for (int i = 0; i < 2; i++) {
		*(struct rule *)state_add(&net.observed, OBJECT_RULE, &rule.key) = rule;
		*(struct route *)state_add(&net.observed, OBJECT_ROUTE, &route.key) = route;
		ck_assert_str_eq(plan_text(), "");
	}
}
END_TEST

/* Somebody may give a link the highest number there is. */
START_TEST(number_chosen_by_hand)
{
	observed_link("eth1")->head.ifindex = INT32_MAX;
	drop_anygw();
	plan_text();
	ck_assert_uint_eq(net.plan.ops[0].ifindex, 101);
}
END_TEST

START_TEST(everything_purged)
{
	state_free(&net.desired);
	/* anygw goes with br-lan, eth1.29 stays on a link that is not ours. */
	ck_assert_str_eq(plan_text(), "delete ruleset table bridge meshd\n"
				      "delete rule from 10.13.0.1/32 lookup 170 priority 10\n"
				      "delete link bat0\n"
				      "delete link br-lan\n"
				      "delete link eth1.29\n");
}
END_TEST

START_TEST(stacked_links_lowest_first)
{
	struct link *lower;

	for (int i = 0; i < 2; i++) {
		struct state *state = i == 0 ? &net.desired : &net.observed;
		struct link *upper = add_link(state, "a.7", LINK_VLAN);
		object_give_text(upper, LINK_LOWER, lower, "eth1");
		upper->head.flags = i == 0 ? OBJECT_BORROWED : 0;
		upper->mtu = i == 0 ? 1536 : 1500;
	}
	lower = observed_link("eth1");
	lower->mtu = 1500;
	ck_assert_str_eq(plan_text(), "set link eth1: mtu\nset link a.7: mtu\n");
}
END_TEST

START_TEST(link_goes_up)
{
	observed_link("br-lan")->up = 0;
	drop(OBJECT_ROUTE, "10.13.0.0/16 dev br-lan table 254 metric 0");
	/* IPv4's own route comes back by itself. */
	ck_assert_str_eq(plan_text(), "set link br-lan: up\n");
}
END_TEST

START_TEST(numbers_above_all)
{
	observed_link("eth1")->head.ifindex = 500;
	drop_anygw();
	plan_text();
	ck_assert_uint_eq(net.plan.ops[0].ifindex, 501);
}
END_TEST

Suite *check_suite(void)
{
	const TTest *const tests[] = {nothing, vlan_deleted, hardif_detached, mesh_deleted,
		port_removed, anycast_deleted, address_removed, address_recreated, rule_removed,
		route_removed, route_source_changed, mtu_changed, mac_changed, setting_changed,
		ruleset_flushed, ruleset_changed, nat_alone, both_tables_flushed, bridge_deleted,
		vlan_protocol_changed, algorithm_changed, older_objects_removed,
		gone_with_the_lowest, address_promoted, foreign_untouched, foreign_in_the_way,
		address_changed_by_hand, address_about_to_expire, foreign_beside_ours,
		number_chosen_by_hand, everything_purged, stacked_links_lowest_first, link_goes_up,
		numbers_above_all};
	Suite *suite = suite_create("diff");
	TCase *drift = tcase_create("drift");

	tcase_add_checked_fixture(drift, setup, teardown);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		tcase_add_test(drift, tests[i]);
	}
	suite_add_tcase(suite, drift);
	return suite;
}
