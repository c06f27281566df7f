/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/state.h"
#include "unit/check_main.h"

static struct state state;

static void setup(void)
{
	memset(&state, 0, sizeof(state));
}

static void teardown(void)
{
	state_free(&state);
	state_free(&state);
}

START_TEST(find_sorted_and_unsorted)
{
	char name[IFNAMSIZ];

	for (int sorted = 0; sorted <= 1; sorted++) {
		for (unsigned int i = 0; i < 100; i++) {
			snprintf(name, sizeof(name), "eth%u", (i * 37) % 100);
			if (sorted == 0) {
				ck_assert_ptr_null(state_find_link(&state, name));
				state_add_link(&state, name)->mtu = (i * 37) % 100;
			}
		}
		for (unsigned int i = 0; i < 100; i++) {
			snprintf(name, sizeof(name), "eth%u", i);
			const struct link *link = state_find_link(&state, name);
			ck_assert_ptr_nonnull(link);
			ck_assert_uint_eq(link->mtu, i);
		}
		ck_assert_ptr_null(state_find_link(&state, "eth100"));
		ck_assert_ptr_null(state_find_link(&state, ""));
		ck_assert_ptr_null(state_find_link(&state, "a-name-of-16-byte"));
		state_sort(&state);
	}
	ck_assert_uint_eq(state_count(&state, OBJECT_LINK), 100);
	ck_assert_str_eq(((struct link *)state_at(&state, OBJECT_LINK, 1))->name, "eth1");
	ck_assert_str_eq(((struct link *)state_at(&state, OBJECT_LINK, 2))->name, "eth10");
}
END_TEST

START_TEST(add_after_sort)
{
	state_add_link(&state, "b");
	state_sort(&state);
	state_add_link(&state, "a");
	ck_assert_ptr_nonnull(state_find_link(&state, "a"));
	ck_assert_ptr_nonnull(state_find_link(&state, "b"));
}
END_TEST

START_TEST(keys_are_whole)
{
	struct address_key key = {.link = "br-lan"};
	struct address_key other;

	ck_assert_int_eq(prefix_parse("10.13.0.1/16", &key.prefix), 0);
	state_add(&state, OBJECT_ADDRESS, &key);
	state_sort(&state);
	other = key;
	other.prefix.length = 17;
	ck_assert_ptr_nonnull(state_find(&state, OBJECT_ADDRESS, &key));
	ck_assert_ptr_null(state_find(&state, OBJECT_ADDRESS, &other));
}
END_TEST

/* Keys are compared as bytes, so none may have padding. */
START_TEST(keys_have_no_padding)
{
	ck_assert_uint_eq(sizeof(struct prefix), 18);
	ck_assert_uint_eq(sizeof(struct address_key), IFNAMSIZ + 18);
	ck_assert_uint_eq(sizeof(struct mesh_vlan_key), IFNAMSIZ + 2);
	ck_assert_uint_eq(sizeof(struct route_key), 4 + 4 + 18 + IFNAMSIZ + 2);
	ck_assert_uint_eq(sizeof(struct rule_key), 4 + 18 + 16 + 16 + 2);
	for (int type = 0; type < OBJECT_SETS; type++) {
		ck_assert_uint_lt(object_classes[type].field_count, 64);
		ck_assert_uint_ge(object_classes[type].key_offset, sizeof(struct object_head));
	}
}
END_TEST

static void expect_key(enum object_type type, const void *object, const char *expected)
{
	char text[OBJECT_TEXT_SIZE];

	object_format_key(type, object, text);
	ck_assert_str_eq(text, expected);
}

START_TEST(format_keys)
{
	struct link link = {.name = "eth1.29"};
	struct mesh_vlan vlan = {.key = {.mesh = "bat0", .vid = 9}};
	struct address address = {.key.link = "anygw"};
	struct route route = {.key = {.table = 170, .metric = 1024, .link = "anygw"}};
	struct rule rule = {.key.priority = 10};
	struct sysctl sysctl = {.path = "net/ipv4/ip_forward"};
	struct ruleset ruleset = {0};

	ck_assert_int_eq(prefix_parse("fd0d:fe46:8ce8::1/64", &address.key.prefix), 0);
	ck_assert_int_eq(prefix_parse("fd0d:fe46:8ce8::/64", &route.key.destination), 0);
	ck_assert_int_eq(prefix_parse("10.13.0.1/32", &rule.key.source), 0);
	expect_key(OBJECT_LINK, &link, "eth1.29");
	expect_key(OBJECT_MESH_VLAN, &vlan, "bat0 vlan 9");
	expect_key(OBJECT_ADDRESS, &address, "fd0d:fe46:8ce8::1/64 dev anygw");
	expect_key(OBJECT_ROUTE, &route, "fd0d:fe46:8ce8::/64 dev anygw table 170 metric 1024");
	expect_key(OBJECT_RULE, &rule, "from 10.13.0.1/32 priority 10");
	route = (struct route){.key = {.table = 171, .metric = 10, .link = "wan0"}};
	route.key.destination.ip.family = AF_INET;
	expect_key(OBJECT_ROUTE, &route, "default dev wan0 table 171 metric 10");
	ck_assert_int_eq(ip_parse("192.0.2.1", &route.via), 0);
	route.head.has = FIELD_BIT(ROUTE_VIA);
	expect_key(OBJECT_ROUTE, &route, "default via 192.0.2.1 dev wan0 table 171 metric 10");
	route = (struct route){.key = {.table = 171, .metric = 1000}};
	route.key.destination.ip.family = AF_INET6;
	expect_key(OBJECT_ROUTE, &route, "IPv6 unreachable default table 171 metric 1000");
	ck_assert_ptr_null(object_link(OBJECT_ROUTE, &route));
	rule = (struct rule){.key = {.priority = 1002, .iif = "md-a"}};
	rule.key.source.ip.family = AF_INET;
	object_give(&rule, RULE_TABLE, table, 174);
	object_give(&rule, RULE_SUPPRESS, suppress, -1);
	expect_key(OBJECT_RULE, &rule, "from all iif md-a lookup 174 priority 1002");
	rule.table = 0;
	expect_key(OBJECT_RULE, &rule, "from all iif md-a unreachable priority 1002");
	rule = (struct rule){.key = {.priority = 1000, .oif = "wan0"}};
	rule.key.source.ip.family = AF_INET6;
	object_give(&rule, RULE_TABLE, table, 254);
	object_give(&rule, RULE_SUPPRESS, suppress, 0);
	expect_key(OBJECT_RULE, &rule,
		"IPv6 from all oif wan0 lookup main suppress_prefixlength 0 priority 1000");
	expect_key(OBJECT_SYSCTL, &sysctl, "net/ipv4/ip_forward");
	expect_key(OBJECT_RULESET, &ruleset, "table bridge meshd");
	expect_key(OBJECT_NAT, &ruleset, "table inet meshd");
}
END_TEST

static void expect_field(enum object_type type, const void *object, size_t field,
	const char *expected)
{
	char text[OBJECT_TEXT_SIZE];

	object_format_field(type, object, field, text);
	ck_assert_str_eq(text, expected);
}

START_TEST(format_link_fields)
{
	struct link link = {.name = "anygw"};

	expect_field(OBJECT_LINK, &link, LINK_MTU, "none");
	object_give(&link, LINK_KIND, kind, LINK_MACVLAN);
	object_give(&link, LINK_VLAN_PROTOCOL, vlan_protocol, ETH_P_8021AD);
	object_give(&link, LINK_MACVLAN_MODE, macvlan_mode, MACVLAN_MODE_PRIVATE);
	object_give(&link, LINK_MAC, mac, ((struct mac){{0xaa, 0xaa, 0xaa, 0x0d, 0xfe, 0xaa}}));
	object_give(&link, LINK_MTU, mtu, 1500);
	object_give(&link, LINK_GROUP, group, STATE_LINK_GROUP);
	object_give(&link, LINK_ADDR_GEN_MODE, addr_gen_mode, IN6_ADDR_GEN_MODE_NONE);
	object_give_text(&link, LINK_MASTER, master, "");
	object_give(&link, LINK_UP, up, 1);
	object_give(&link, LINK_RP_FILTER, rp_filter, 2);
	object_give(&link, LINK_MULTICAST_ROUTER, multicast_router, 2);
	expect_field(OBJECT_LINK, &link, LINK_KIND, "macvlan");
	expect_field(OBJECT_LINK, &link, LINK_VLAN_PROTOCOL, "802.1ad");
	expect_field(OBJECT_LINK, &link, LINK_MACVLAN_MODE, "private");
	expect_field(OBJECT_LINK, &link, LINK_MAC, "aa:aa:aa:0d:fe:aa");
	expect_field(OBJECT_LINK, &link, LINK_MTU, "1500");
	expect_field(OBJECT_LINK, &link, LINK_GROUP, "0x6d64");
	expect_field(OBJECT_LINK, &link, LINK_ADDR_GEN_MODE, "none");
	expect_field(OBJECT_LINK, &link, LINK_MASTER, "none");
	expect_field(OBJECT_LINK, &link, LINK_UP, "on");
	expect_field(OBJECT_LINK, &link, LINK_RP_FILTER, "2");
	expect_field(OBJECT_LINK, &link, LINK_MULTICAST_ROUTER, "always");
	link.kind = 99;
	expect_field(OBJECT_LINK, &link, LINK_KIND, "99");
}
END_TEST

START_TEST(format_other_fields)
{
	struct mesh mesh = {.name = "bat0"};
	struct route route = {.source = {0}};
	struct sysctl sysctl = {.path = "net/ipv6/conf/all/accept_dad"};

	object_give(&mesh, MESH_GW_MODE, gw_mode, 2);
	object_give(&mesh, MESH_GW_BANDWIDTH_DOWN, gw_bandwidth_down, 105);
	object_give(&mesh, MESH_ORIG_INTERVAL, orig_interval, 2000);
	object_give(&mesh, MESH_ISOLATION_MARK, isolation_mark, 0);
	object_give(&mesh, MESH_BONDING, bonding, 0);
	object_give(&sysctl, SYSCTL_VALUE, value, -1);
	expect_field(OBJECT_MESH, &mesh, MESH_GW_MODE, "server");
	expect_field(OBJECT_MESH, &mesh, MESH_GW_BANDWIDTH_DOWN, "10.5 Mbit/s");
	expect_field(OBJECT_MESH, &mesh, MESH_ORIG_INTERVAL, "2000 ms");
	expect_field(OBJECT_MESH, &mesh, MESH_ISOLATION_MARK, "0x0");
	expect_field(OBJECT_MESH, &mesh, MESH_BONDING, "off");
	object_give(&route, ROUTE_SOURCE, source, ((struct ip){0}));
	expect_field(OBJECT_ROUTE, &route, ROUTE_SOURCE, "none");
	ck_assert_int_eq(ip_parse("10.13.0.1", &route.source), 0);
	expect_field(OBJECT_ROUTE, &route, ROUTE_SOURCE, "10.13.0.1");
	expect_field(OBJECT_SYSCTL, &sysctl, SYSCTL_VALUE, "-1");
}
END_TEST

START_TEST(field_equal)
{
	struct link a = {.mtu = 1500, .master = "br-lan"};
	struct link b = {.mtu = 1500, .master = "br-lan2"};

	ck_assert(object_field_equal(OBJECT_LINK, &a, &b, LINK_MTU));
	ck_assert(!object_field_equal(OBJECT_LINK, &a, &b, LINK_MASTER));
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("state");
	TCase *tests = tcase_create("state");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, find_sorted_and_unsorted);
	tcase_add_test(tests, add_after_sort);
	tcase_add_test(tests, keys_are_whole);
	tcase_add_test(tests, keys_have_no_padding);
	tcase_add_test(tests, format_keys);
	tcase_add_test(tests, format_link_fields);
	tcase_add_test(tests, format_other_fields);
	tcase_add_test(tests, field_equal);
	suite_add_tcase(suite, tests);
	return suite;
}
