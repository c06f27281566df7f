/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans for the ways to the Internet: default routes, tunnels, rules. */
#include "base/cleanup.h"
#include "unit/diff_net.h"

static struct route *add_way(struct state *state, const char *link, const char *via,
	uint32_t metric)
{
	struct route_key key = {.table = STATE_TABLE_INTERNET,
		.metric = metric,
		.destination.ip.family = AF_INET};
	struct ip next = {.family = AF_INET};

	text_copy(key.link, sizeof(key.link), link);
	if (via != NULL) {
		ck_assert_int_eq(ip_parse(via, &next), 0);
	}
	struct route *route = state_add(state, OBJECT_ROUTE, &key);
	route->head.flags = state == &net.observed ? OBJECT_OWNED : 0;
	object_give(route, ROUTE_SOURCE, source, ((struct ip){.family = 0}));
	object_give(route, ROUTE_VIA, via, next);
	return route;
}

static struct link *add_tunnel(struct state *state, const char *name, const char *remote)
{
	struct link *link = add_link(state, name, LINK_IP6TNL);

	ck_assert_int_eq(ip_parse("fd6d::1", &link->tunnel_local), 0);
	link->head.has |= FIELD_BIT(LINK_TUNNEL_LOCAL) | FIELD_BIT(LINK_TUNNEL_REMOTE);
	if (remote != NULL) {
		ck_assert_int_eq(ip_parse(remote, &link->tunnel_remote), 0);
	}
	object_give(link, LINK_TUNNEL_PROTOCOL, tunnel_protocol, 4);
	return link;
}

/* The old way goes last of all, in the batch in which the new one comes. */
START_TEST(way_moves)
{
	add_way(&net.observed, "eth1", "192.0.2.1", 10);
	add_way(&net.observed, "eth1", "192.0.2.1", 20);
	add_way(&net.observed, "", NULL, 1000);
	add_way(&net.desired, "br-lan", NULL, 10);
	add_way(&net.desired, "eth1", "192.0.2.1", 20);
	add_way(&net.desired, "", NULL, 1000);
	drop(OBJECT_ADDRESS, "10.13.0.1/16 dev anygw");
	drop(OBJECT_ROUTE, "10.13.0.0/16 dev anygw table 254 metric 2147483647");
	drop(OBJECT_ROUTE, "10.13.0.0/16 dev anygw table 170 metric 0");
	ck_assert_str_eq(plan_text(),
		"create address 10.13.0.1/16 dev anygw\n"
		"delete route default via 192.0.2.1 dev eth1 table 171 metric 10\n"
		"create route 10.13.0.0/16 dev anygw table 170 metric 0\n"
		"create route default dev br-lan table 171 metric 10\n");
}
END_TEST

START_TEST(way_by_another_next_hop)
{
	add_way(&net.observed, "eth1", "192.0.2.1", 10);
	add_way(&net.desired, "eth1", "192.0.2.2", 10);
	ck_assert_str_eq(plan_text(),
		"delete route default via 192.0.2.1 dev eth1 table 171 metric 10\n"
		"create route default via 192.0.2.2 dev eth1 table 171 metric 10\n");
	ck_assert_int_eq(net.plan.ops[0].phase, PHASE_REROUTE);
}
END_TEST

START_TEST(way_withdrawn)
{
	add_way(&net.observed, "eth1", "192.0.2.1", 10);
	add_way(&net.observed, "", NULL, 1000);
	ck_assert_str_eq(plan_text(),
		"delete route default via 192.0.2.1 dev eth1 table 171 metric 10\n"
		"delete route unreachable default table 171 metric 1000\n");
	ck_assert_int_eq(net.plan.ops[0].phase, PHASE_DELETE_ROUTE);
}
END_TEST

/* Zero bytes are no next hop, with a family or without; a tunnel from anybody likewise. */
START_TEST(none_is_none)
{
	add_way(&net.observed, "", NULL, 1000);
	memset(&add_way(&net.desired, "", NULL, 1000)->via, 0, sizeof(struct ip));
	add_tunnel(&net.observed, "md-in", "::");
	add_tunnel(&net.desired, "md-in", NULL);
	ck_assert_str_eq(plan_text(), "");
}
END_TEST

START_TEST(tunnel_before_what_stands_on_it)
{
	add_tunnel(&net.desired, "md-a", "fd6d::9");
	add_address(&net.desired, "md-a", "fd6d::1/128", 0);
	add_way(&net.desired, "md-a", NULL, 10);
	ck_assert_str_eq(plan_text(), "create link md-a\n"
				      "create address fd6d::1/128 dev md-a\n"
				      "create route default dev md-a table 171 metric 10\n");
}
END_TEST

START_TEST(tunnel_to_another_end)
{
	add_tunnel(&net.observed, "md-a", "fd6d::8");
	add_way(&net.observed, "md-a", NULL, 10);
	add_tunnel(&net.desired, "md-a", "fd6d::9");
	add_way(&net.desired, "md-a", NULL, 10);
	add_tunnel(&net.observed, "X7Out_a", "fd6d::7")->head.flags = 0;
	ck_assert_str_eq(plan_text(), "delete link md-a\n"
				      "create link md-a\n"
				      "create route default dev md-a table 171 metric 10\n");
}
END_TEST

START_TEST(rule_changed)
{
	struct rule_key key = {.priority = 1002, .source.ip.family = AF_INET, .iif = "md-a"};

	for (int i = 0; i < 2; i++) {
		struct state *state = i == 0 ? &net.desired : &net.observed;
		struct rule *rule = state_add(state, OBJECT_RULE, &key);
		rule->head.flags = i == 0 ? 0 : OBJECT_OWNED;
		object_give(rule, RULE_TABLE, table, i == 0 ? 174 : 0);
		object_give(rule, RULE_SUPPRESS, suppress, -1);
	}
	ck_assert_str_eq(plan_text(), "delete rule from all iif md-a unreachable priority 1002\n"
				      "create rule from all iif md-a lookup 174 priority 1002\n");
}
END_TEST

/* IPv4 routes go with their source, and with the last address of their link. */
START_TEST(way_goes_with_address)
{
	struct ip source;

	ck_assert_int_eq(ip_parse("10.13.115.170", &source), 0);
	for (int i = 0; i < 2; i++) {
		struct state *state = i == 0 ? &net.desired : &net.observed;
		add_way(state, "eth1", "192.0.2.1", 10)->source = source;
		add_way(state, "br-lan", "10.13.0.9", 20);
	}
	find(OBJECT_ADDRESS, "10.13.115.170/16 dev br-lan");
	((struct address *)find(OBJECT_ADDRESS, "10.13.115.170/16 dev br-lan"))->metric = 5;
	drop(OBJECT_ROUTE, "10.13.0.0/16 dev br-lan table 254 metric 0");
	ck_assert_str_eq(plan_text(),
		"delete address 10.13.115.170/16 dev br-lan\n"
		"create address 10.13.115.170/16 dev br-lan\n"
		"create route default via 192.0.2.1 dev eth1 table 171 metric 10\n"
		"create route default via 10.13.0.9 dev br-lan table 171 metric 20\n");
}
END_TEST

Suite *check_suite(void)
{
	const TTest *const tests[] = {way_moves, way_by_another_next_hop, way_withdrawn,
		none_is_none, tunnel_before_what_stands_on_it, tunnel_to_another_end, rule_changed,
		way_goes_with_address};
	Suite *suite = suite_create("diff_ways");
	TCase *ways = tcase_create("ways");

	tcase_add_checked_fixture(ways, setup, teardown);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		tcase_add_test(ways, tests[i]);
	}
	suite_add_tcase(suite, ways);
	return suite;
}
