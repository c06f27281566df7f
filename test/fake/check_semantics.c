/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fake kernel refuses and ignores what Linux does (facts: see the sources each file names). */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "fake/fake_kernel.h"
#include "unit/check_main.h"

static struct fake_kernel kernel;

static struct link wish(const char *name, enum link_kind kind, const char *lower)
{
	struct link link = {.head.has = 0};

	text_copy(link.name, sizeof(link.name), name);
	object_give(&link, LINK_KIND, kind, (uint8_t)kind);
	if (lower != NULL) {
		object_give_text(&link, LINK_LOWER, lower, lower);
		object_give(&link, LINK_VLAN_ID, vlan_id, 29);
		object_give(&link, LINK_VLAN_PROTOCOL, vlan_protocol, ETH_P_8021Q);
	}
	return link;
}

static int create(const struct link *link)
{
	return fake_link_create(&kernel, link, link->head.has, 0);
}

static int set_up(const char *name, uint8_t up)
{
	struct link link = wish(name, LINK_OTHER, NULL);

	object_give(&link, LINK_UP, up, up);
	return fake_link_set(&kernel, &link, FIELD_BIT(LINK_UP));
}

static int set_mtu(const char *name, uint32_t mtu)
{
	struct link link = wish(name, LINK_OTHER, NULL);

	object_give(&link, LINK_MTU, mtu, mtu);
	return fake_link_set(&kernel, &link, FIELD_BIT(LINK_MTU));
}

static int set_master(const char *name, const char *master)
{
	struct link link = wish(name, LINK_OTHER, NULL);

	object_give_text(&link, LINK_MASTER, master, master);
	return fake_link_set(&kernel, &link, FIELD_BIT(LINK_MASTER));
}

static int set_router(const char *name)
{
	struct link link = wish(name, LINK_OTHER, NULL);

	object_give(&link, LINK_MULTICAST_ROUTER, multicast_router, 2);
	return fake_link_set(&kernel, &link, FIELD_BIT(LINK_MULTICAST_ROUTER));
}

/* eth0 (up), its VLAN eth0.29, bat0, br-lan, anygw on br-lan. */
static void setup(void)
{
	struct link eth0 = wish("eth0", LINK_OTHER, NULL);
	struct link vlan = wish("eth0.29", LINK_VLAN, "eth0");
	struct link mesh = wish("bat0", LINK_BATADV, NULL);
	struct link bridge = wish("br-lan", LINK_BRIDGE, NULL);
	struct link anycast = wish("anygw", LINK_MACVLAN, "br-lan");

	ck_assert_int_eq(fake_init(&kernel), 0);
	ck_assert_int_eq(create(&eth0), 0);
	ck_assert_int_eq(create(&vlan), 0);
	ck_assert_int_eq(create(&mesh), 0);
	ck_assert_int_eq(create(&bridge), 0);
	ck_assert_int_eq(create(&anycast), 0);
	ck_assert_int_eq(set_up("eth0", 1), 0);
}

static void teardown(void)
{
	fake_free(&kernel);
}

START_TEST(creation_refused)
{
	struct link link = wish("eth0", LINK_BRIDGE, NULL);

	ck_assert_int_eq(create(&link), -EEXIST);
	link = wish("new", LINK_BRIDGE, NULL);
	ck_assert_int_eq(fake_link_create(&kernel, &link, link.head.has, 1), -EEXIST);
	link = wish("new", LINK_VLAN, "none");
	ck_assert_int_eq(create(&link), -ENODEV);
	link = wish("new", LINK_MACVLAN, "none");
	ck_assert_int_eq(create(&link), -ENODEV);
	link = wish("other-name", LINK_VLAN, "eth0");
	ck_assert_int_eq(create(&link), -EEXIST);
	link.vlan_protocol = ETH_P_8021AD;
	object_give(&link, LINK_MTU, mtu, 1501);
	ck_assert_int_eq(create(&link), -EINVAL);
	link.mtu = 1500;
	object_give_text(&link, LINK_MASTER, master, "none");
	ck_assert_int_eq(create(&link), -ENODEV);
	ck_assert_ptr_null(fake_link(&kernel, "other-name"));
	link = wish("batx", LINK_BATADV, NULL);
	object_give_text(&link, LINK_ALGORITHM, algorithm, "BATMAN_VI");
	ck_assert_int_eq(create(&link), -EINVAL);
	link = wish("new", LINK_MACVLAN, "br-lan");
	object_give(&link, LINK_UP, up, 1);
	ck_assert_int_eq(create(&link), -ENETDOWN);
}
END_TEST

START_TEST(mtu_chain)
{
	ck_assert_int_eq(set_mtu("eth0.29", 1501), -ERANGE);
	ck_assert_int_eq(set_mtu("anygw", 1501), -EINVAL);
	ck_assert_int_eq(set_mtu("eth0", 1536), 0);
	ck_assert_int_eq(set_mtu("eth0.29", 1532), 0);
	ck_assert_int_eq(set_mtu("eth0", 1500), 0);
	ck_assert_uint_eq(fake_link(&kernel, "eth0.29")->mtu, 1500);
	ck_assert_int_eq(set_mtu("bat0", 1501), -EINVAL);
	ck_assert_int_eq(set_mtu("bat0", 67), -EINVAL);
	fake_link(&kernel, "eth0")->max_mtu = 1500;
	ck_assert_int_eq(set_mtu("eth0", 1504), -EINVAL);
}
END_TEST

START_TEST(up_and_down)
{
	ck_assert_int_eq(set_up("anygw", 1), -ENETDOWN);
	ck_assert_int_eq(set_up("eth0.29", 1), 0);
	ck_assert_int_eq(set_up("eth0", 0), 0);
	ck_assert_uint_eq(fake_link(&kernel, "eth0.29")->up, 0);
	ck_assert_int_eq(set_up("eth0.29", 1), -ENETDOWN);
	ck_assert_int_eq(set_up("eth0", 1), 0);
	ck_assert_uint_eq(fake_link(&kernel, "eth0.29")->up, 1);
}
END_TEST

START_TEST(masters)
{
	struct link above = wish("bat0.29", LINK_VLAN, "bat0");
	struct link other = wish("bat1", LINK_BATADV, NULL);
	struct hardif *hardif;

	ck_assert_int_eq(create(&above), 0);
	ck_assert_int_eq(create(&other), 0);
	ck_assert_int_eq(set_master("eth0", "none"), -ENODEV);
	ck_assert_int_eq(set_master("eth0", "eth0.29"), -EOPNOTSUPP);
	ck_assert_int_eq(set_master("bat1", "bat0"), -EINVAL);
	ck_assert_int_eq(set_master("bat0.29", "bat0"), -EINVAL);
	ck_assert_int_eq(set_mtu("eth0.29", 127), 0);
	ck_assert_int_eq(set_master("eth0.29", "bat0"), -EINVAL);
	ck_assert_int_eq(set_mtu("eth0.29", 128), 0);
	ck_assert_int_eq(set_master("eth0.29", "bat0"), 0);
	hardif = state_find(&kernel.state, OBJECT_HARDIF, "eth0.29\0\0\0\0\0\0\0\0");
	ck_assert_ptr_nonnull(hardif);
	ck_assert_uint_eq(hardif->elp_interval, 500);
	ck_assert_int_eq(set_router("eth0.29"), -EINVAL);
	ck_assert_int_eq(set_router("bat0"), -EINVAL);
	ck_assert_int_eq(set_master("bat0", "br-lan"), 0);
	ck_assert_int_eq(set_router("bat0"), 0);
	ck_assert_int_eq(set_master("br-lan", "br-lan"), -ELOOP);
	ck_assert_int_eq(set_master("anygw", "br-lan"), -ELOOP);
	ck_assert_int_eq(set_master("eth0.29", ""), 0);
	ck_assert_uint_eq(state_count(&kernel.state, OBJECT_HARDIF), 0);
}
END_TEST

START_TEST(deletion_takes_along)
{
	struct address address = {.key.link = "br-lan"};
	struct link foreign = wish("br-lan.9", LINK_VLAN, "br-lan");

	ck_assert_int_eq(create(&foreign), 0);
	ck_assert_int_eq(set_master("bat0", "br-lan"), 0);
	ck_assert_int_eq(set_up("br-lan", 1), 0);
	ck_assert_int_eq(prefix_parse("10.13.5.1/16", &address.key.prefix), 0);
	ck_assert_int_eq(fake_address_add(&kernel, &address), 0);
	ck_assert_uint_eq(state_count(&kernel.state, OBJECT_ROUTE), 1);
	ck_assert_int_eq(fake_link_delete(&kernel, "br-lan"), 0);
	ck_assert_ptr_null(fake_link(&kernel, "anygw"));
	ck_assert_ptr_null(fake_link(&kernel, "br-lan.9"));
	ck_assert_str_eq(fake_link(&kernel, "bat0")->master, "");
	ck_assert(!object_has(fake_link(&kernel, "bat0"), LINK_MULTICAST_ROUTER));
	ck_assert_uint_eq(state_count(&kernel.state, OBJECT_ADDRESS), 0);
	ck_assert_uint_eq(state_count(&kernel.state, OBJECT_ROUTE), 0);
	ck_assert_int_eq(fake_link_delete(&kernel, "bat0"), 0);
	ck_assert_uint_eq(state_count(&kernel.state, OBJECT_MESH), 0);
	ck_assert_int_eq(fake_link_delete(&kernel, "bat0"), -ENODEV);
}
END_TEST

START_TEST(mesh_settings)
{
	struct mesh mesh = {.name = "bat0"};
	const struct mesh *now;

	object_give(&mesh, MESH_GW_MODE, gw_mode, 3);
	object_give(&mesh, MESH_GW_SEL_CLASS, gw_sel_class, 256);
	object_give(&mesh, MESH_ORIG_INTERVAL, orig_interval, 1);
	object_give(&mesh, MESH_BONDING, bonding, 7);
	object_give(&mesh, MESH_LOG_LEVEL, log_level, 3);
	ck_assert_int_eq(fake_mesh_set(&kernel, &mesh, mesh.head.has), 0);
	now = state_at(&kernel.state, OBJECT_MESH, 0);
	ck_assert_uint_eq(now->gw_mode, 0);
	ck_assert_uint_eq(now->gw_sel_class, 20);
	ck_assert_uint_eq(now->orig_interval, 40);
	ck_assert_uint_eq(now->bonding, 1);
	ck_assert_uint_eq(now->hop_penalty, 30);
	ck_assert(!object_has(now, MESH_LOG_LEVEL));
	memset(mesh.name, 'x', 3);
	ck_assert_int_eq(fake_mesh_set(&kernel, &mesh, mesh.head.has), -ENODEV);
}
END_TEST

static int add_address(const char *link, const char *prefix, uint32_t metric)
{
	struct address address = {.key.prefix = {.length = 0}};

	text_copy(address.key.link, sizeof(address.key.link), link);
	ck_assert_int_eq(prefix_parse(prefix, &address.key.prefix), 0);
	object_give(&address, ADDRESS_METRIC, metric, metric);
	return fake_address_add(&kernel, &address);
}

static int delete_address(const char *link, const char *prefix)
{
	struct address_key key = {.prefix = {.length = 0}};

	text_copy(key.link, sizeof(key.link), link);
	ck_assert_int_eq(prefix_parse(prefix, &key.prefix), 0);
	return fake_address_delete(&kernel, &key);
}

static int add_route(const char *link, const char *network, const char *source, uint32_t table)
{
	struct route route = {.key.table = table};

	text_copy(route.key.link, sizeof(route.key.link), link);
	ck_assert_int_eq(prefix_parse(network, &route.key.destination), 0);
	if (source != NULL) {
		ck_assert_int_eq(ip_parse(source, &route.source), 0);
		route.head.has = FIELD_BIT(ROUTE_SOURCE);
	}
	return fake_route_add(&kernel, &route);
}

/* All routes, one a line. */
static void expect_routes(const char *expected)
{
	char text[1024] = "";
	size_t length = 0;

	for (size_t i = 0; i < state_count(&kernel.state, OBJECT_ROUTE); i++) {
		object_format_key(OBJECT_ROUTE, state_at(&kernel.state, OBJECT_ROUTE, i),
			text + length);
		length += strlen(text + length);
		text[length++] = '\n';
		text[length] = '\0';
	}
	ck_assert_str_eq(text, expected);
}

START_TEST(prefix_routes)
{
	ck_assert_int_eq(add_address("none", "10.13.0.1/16", 0), -ENODEV);
	ck_assert_int_eq(add_address("eth0", "10.13.0.1/16", 7), 0);
	ck_assert_int_eq(add_address("eth0", "10.13.0.1/16", 0), -EEXIST);
	ck_assert_int_eq(add_address("eth0", "fd0d::1/64", 0), 0);
	ck_assert_int_eq(add_address("eth0", "fd0d::1/48", 0), -EEXIST);
	ck_assert_int_eq(add_address("eth0", "fd0d::2/64", 0), 0);
	ck_assert_int_eq(add_address("eth0", "10.9.9.9/32", 0), 0);
	expect_routes("10.13.0.0/16 dev eth0 table 254 metric 7\n"
		      "fd0d::/64 dev eth0 table 254 metric 256\n");
	ck_assert_int_eq(delete_address("eth0", "fd0d::1/64"), 0);
	ck_assert_uint_eq(state_count(&kernel.state, OBJECT_ROUTE), 2);
	ck_assert_int_eq(delete_address("eth0", "fd0d::2/64"), 0);
	ck_assert_int_eq(delete_address("eth0", "10.13.0.1/16"), 0);
	ck_assert_int_eq(delete_address("eth0", "10.13.0.1/16"), -EADDRNOTAVAIL);
	expect_routes("");
}
END_TEST

START_TEST(routes_and_sources)
{
	ck_assert_int_eq(add_address("eth0", "10.13.0.1/16", 0), 0);
	ck_assert_int_eq(add_route("br-lan", "10.13.0.0/16", NULL, 170), -ENETDOWN);
	ck_assert_int_eq(add_route("eth0", "10.13.0.1/16", NULL, 170), -EINVAL);
	ck_assert_int_eq(add_route("eth0", "10.13.0.0/16", "10.13.0.2", 170), -EINVAL);
	ck_assert_int_eq(add_route("eth0", "10.13.0.0/16", "10.13.0.1", 170), 0);
	ck_assert_int_eq(add_route("eth0", "10.13.0.0/16", NULL, 170), -EEXIST);
	ck_assert_int_eq(add_route("eth0", "10.14.0.0/16", NULL, 170), 0);
	ck_assert_int_eq(add_address("eth0", "10.15.0.1/16", 0), 0);
	ck_assert_int_eq(delete_address("eth0", "10.13.0.1/16"), 0);
	expect_routes("10.14.0.0/16 dev eth0 table 170 metric 0\n"
		      "10.15.0.0/16 dev eth0 table 254 metric 0\n");
	/* The last IPv4 address takes all. */
	ck_assert_int_eq(delete_address("eth0", "10.15.0.1/16"), 0);
	expect_routes("");
}
END_TEST

static int add_way(const char *link, const char *via, uint32_t metric)
{
	struct route route = {.key = {.table = STATE_TABLE_INTERNET, .metric = metric}};

	text_copy(route.key.link, sizeof(route.key.link), link);
	ck_assert_int_eq(ip_parse(via, &route.via), 0);
	route.head.has = FIELD_BIT(ROUTE_VIA);
	route.key.destination.ip.family = route.via.family;
	return fake_route_add(&kernel, &route);
}

START_TEST(ways)
{
	ck_assert_int_eq(add_address("eth0", "192.0.2.77/24", 0), 0);
	ck_assert_int_eq(delete_address("eth0", "192.0.2.77/24"), 0);
	ck_assert_int_eq(add_address("eth0", "192.0.2.77/32", 0), 0);
	ck_assert_int_eq(add_way("", "192.0.2.1", 1000), -EINVAL); /* via without a link */
	ck_assert_int_eq(add_way("none", "192.0.2.1", 10), -ENODEV);
	ck_assert_int_eq(add_way("br-lan", "192.0.2.1", 10), -ENETDOWN);
	ck_assert_int_eq(add_way("eth0", "192.0.2.77", 10), -EINVAL); /* ourselves */
	ck_assert_int_eq(add_way("eth0", "192.0.2.1", 10), 0);
	ck_assert_int_eq(add_way("eth0", "192.0.2.2", 10), -EEXIST);
	ck_assert_int_eq(add_way("", "0.0.0.0", 10), -EEXIST);
	ck_assert_int_eq(add_way("eth0", "::", 10), 0);
	ck_assert_int_eq(add_way("", "0.0.0.0", 1000), 0);
	ck_assert_int_eq(set_up("eth0", 0), 0);
	expect_routes("unreachable default table 171 metric 1000\n");
}
END_TEST

static struct link tunnel(const char *name, const char *local, const char *remote)
{
	struct link link = wish(name, LINK_IP6TNL, NULL);

	ck_assert_int_eq(ip_parse(local, &link.tunnel_local), 0);
	link.head.has |= FIELD_BIT(LINK_TUNNEL_LOCAL) | FIELD_BIT(LINK_TUNNEL_REMOTE);
	if (remote != NULL) {
		ck_assert_int_eq(ip_parse(remote, &link.tunnel_remote), 0);
	}
	object_give(&link, LINK_TUNNEL_PROTOCOL, tunnel_protocol, 4);
	return link;
}

START_TEST(tunnels)
{
	struct link link = tunnel("a", "fd6d::1", "fd6d::2");

	ck_assert_int_eq(create(&link), 0);
	ck_assert_uint_eq(fake_link(&kernel, "a")->mtu, 1460);
	ck_assert(!object_has(fake_link(&kernel, "a"), LINK_MAC));
	link = tunnel("b", "fd6d::1", "fd6d::2");
	link.tunnel_protocol = 41; /* what it carries makes no other tunnel of it */
	ck_assert_int_eq(create(&link), -EEXIST);
	link = tunnel("b", "fd6d::1", NULL);
	ck_assert_int_eq(create(&link), 0);
	ck_assert_uint_eq(fake_link(&kernel, "b")->tunnel_remote.family, AF_INET6);
	link = tunnel("c", "fd6d::1", "::");
	ck_assert_int_eq(create(&link), -EEXIST);
	link = wish("c", LINK_IP6TNL, NULL);
	ck_assert_int_eq(create(&link), -EINVAL);
	ck_assert_int_eq(set_mtu("a", 1279), -EINVAL);
	ck_assert_int_eq(set_master("a", "br-lan"), -EINVAL);
	ck_assert_int_eq(set_up("a", 1), 0);
	ck_assert_int_eq(add_way("a", "0.0.0.0", 10), 0);
	ck_assert_int_eq(fake_link_delete(&kernel, "a"), 0);
	expect_routes("");
}
END_TEST

START_TEST(down_flushes)
{
	ck_assert_int_eq(add_address("eth0", "10.13.0.1/16", 0), 0);
	ck_assert_int_eq(add_address("eth0", "fd0d::1/64", 0), 0);
	ck_assert_int_eq(add_route("eth0", "10.14.0.0/16", NULL, 170), 0);
	ck_assert_int_eq(set_up("eth0", 0), 0);
	expect_routes("");
	ck_assert_uint_eq(state_count(&kernel.state, OBJECT_ADDRESS), 1);
	ck_assert_int_eq(set_up("eth0", 1), 0);
	expect_routes("10.13.0.0/16 dev eth0 table 254 metric 0\n");
}
END_TEST

START_TEST(rules)
{
	struct rule rule = {.key.priority = 10, .table = 170};

	ck_assert_int_eq(fake_rule_delete(&kernel, &rule), -ENOENT);
	ck_assert_int_eq(fake_rule_add(&kernel, &rule), 0);
	ck_assert_int_eq(fake_rule_add(&kernel, &rule), -EEXIST);
	rule.table = 171;
	ck_assert_int_eq(fake_rule_add(&kernel, &rule), 0);
	ck_assert_int_eq(fake_rule_delete(&kernel, &rule), 0);
	ck_assert_uint_eq(state_count(&kernel.state, OBJECT_RULE), 1);
	object_give(&rule, RULE_SUPPRESS, suppress, 0);
	ck_assert_int_eq(fake_rule_add(&kernel, &rule), 0);
	text_copy(rule.key.iif, sizeof(rule.key.iif), "none"); /* no matter */
	ck_assert_int_eq(fake_rule_add(&kernel, &rule), 0);
	ck_assert_int_eq(fake_rule_add(&kernel, &rule), -EEXIST);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("fake_semantics");
	TCase *tests = tcase_create("semantics");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, creation_refused);
	tcase_add_test(tests, mtu_chain);
	tcase_add_test(tests, up_and_down);
	tcase_add_test(tests, masters);
	tcase_add_test(tests, deletion_takes_along);
	tcase_add_test(tests, mesh_settings);
	tcase_add_test(tests, prefix_routes);
	tcase_add_test(tests, routes_and_sources);
	tcase_add_test(tests, ways);
	tcase_add_test(tests, tunnels);
	tcase_add_test(tests, down_flushes);
	tcase_add_test(tests, rules);
	suite_add_tcase(suite, tests);
	return suite;
}
