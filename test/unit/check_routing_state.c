/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "core/routing_state.h"
#include "unit/addresses.h"
#include "unit/check_main.h"

START_TEST(names_from_the_mesh_are_cleaned)
{
	static const struct {
		const char *from, *to;
	} names[] = {
		{"node-1", "node-1"},
		{"a\x1b[31mb\nc\x7f", "a[31mbc"},
		{"caf\xc3\xa9", "caf\xc3\xa9"},
		{"bad\xc3", "bad"},
		{"over\xc0\xaflong", "overlong"},
		{"\xed\xa0\x80surrogate", "surrogate"},
		{"c1\xc2\x85.", "c1."},
		{"turn\xe2\x80\xaeround", "turnround"},
	};
	char name[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		routing_state_copy_name(name, sizeof(name), names[i].from);
		ck_assert_str_eq(name, names[i].to);
	}
	routing_state_copy_name(name, 5, "caf\xc3\xa9s");
	ck_assert_str_eq(name, "caf");
}
END_TEST

START_TEST(node_ids_are_known)
{
	static const char *const wrong[] = {"", "C7",
		"C7D1F4A0B39E5D2C6A8F0E1B3D5C7A9F2E4B6D8C0A1F3E5D7B9C1A2",
		"C7D1F4A0B39E5D2C6A8F0E1B3D5C7A9F2E4B6D8C0A1F3E5D7B9C1A2FF",
		"C7D1F4A0B39E5D2C6A8F0E1B3D5C7A9F2E4B6D8C0A1F3E5D7B9C1A2 ",
		"C7D1F4A0B39E5D2C6A8F0E1B3D5C7A9F2E4B6D8C0A1F3E5D7B9C1A2G"};

	ck_assert(routing_state_is_node_id(
		"C7D1F4A0B39E5D2C6A8F0E1B3D5C7A9F2E4B6D8C0A1F3E5D7B9C1A2F"));
	ck_assert(routing_state_is_node_id(
		"c7d1f4a0b39e5d2c6a8f0e1b3d5c7a9f2e4b6d8c0a1f3e5d7b9c1a2f"));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ck_assert_msg(!routing_state_is_node_id(wrong[i]), "%s", wrong[i]);
	}
}
END_TEST

START_TEST(bounds_are_held_and_counted)
{
	struct routing_state state = {.protocol = PROTOCOL_BABELD};
	struct routing_route route = {.metric = 1};

	for (size_t i = 0; i < ROUTING_ROUTES_MAX + 5; i++) {
		ck_assert_int_eq(routing_state_add_route(&state, &route), 0);
	}
	ck_assert_uint_eq(state.route_count, ROUTING_ROUTES_MAX);
	ck_assert_uint_eq(state.left_out, 5);
	routing_state_free(&state);
}
END_TEST

START_TEST(metrics_are_no_change_and_routes_are)
{
	struct routing_state a = {.answers = true};
	struct routing_state b = {.answers = true};
	struct routing_route route = {.metric = 96, .link = "eth0", .installed = true};

	routing_state_add_route(&a, &route);
	route.metric = 97;
	routing_state_add_route(&b, &route);
	ck_assert(routing_state_looks_same(&a, &b));
	b.routes[0].installed = false;
	ck_assert(!routing_state_looks_same(&a, &b));
	b.routes[0].installed = true;
	b.answers = false;
	ck_assert(!routing_state_looks_same(&a, &b));
	routing_state_free(&a);
	routing_state_free(&b);
}
END_TEST

START_TEST(ways_are_default_routes_and_offers)
{
	static const struct {
		const char *network;
		bool way;
	} cases[] = {{"0.0.0.0/0", true}, {"::/0", true}, {"10.0.0.0/8", false},
		{"2000::/3", false}, {"fd6d:6573:6864:4b0:aabb:ccdd:eeff:0/128", true},
		{"fd6d:6573:6864::/48", true}, {"fd6d:6573::/32", false},
		{"fd6d:6573:6865::1/128", false}};
	struct prefix none = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct prefix prefix = prefix_of(cases[i].network);
		ck_assert_msg(routing_prefix_is_way(&prefix) == cases[i].way, "%s",
			cases[i].network);
	}
	ck_assert(!routing_prefix_is_way(&none));
}
END_TEST

/* What of ways is told at once, and what is not. */
START_TEST(ways_change)
{
	struct routing_state a = {.protocol = PROTOCOL_BABELD, .answers = true};
	struct routing_state b = {.protocol = PROTOCOL_BABELD, .answers = true};
	struct routing_route route = {.destination = prefix_of("0.0.0.0/0"),
		.metric = 96,
		.link = "eth0",
		.installed = true};
	struct routing_route other = {.destination = prefix_of("10.1.0.0/16"), .metric = 96};
	struct routing_network network = {.network = prefix_of("::/0"), .id = "AB"};

	routing_state_add_route(&a, &route);
	routing_state_add_route(&a, &other);
	routing_state_add_route(&b, &route);
	ck_assert(routing_state_ways_same(&a, &b) && routing_state_ways_same(&b, &a));
	b.routes[0].metric = 500;
	ck_assert(routing_state_ways_same(&a, &b) && !routing_state_looks_same(&a, &b));
	b.routes[0].metric = 65535;
	ck_assert(!routing_state_ways_same(&a, &b));
	routing_state_add_route(&b, &other);
	ck_assert(!routing_state_looks_same(&a, &b));
	b.routes[0].metric = 96;
	ck_assert(routing_state_looks_same(&a, &b));
	b.routes[0].installed = false;
	ck_assert(!routing_state_ways_same(&a, &b));
	b.routes[0].installed = true;
	routing_state_add_network(&a, &network);
	ck_assert(!routing_state_ways_same(&a, &b) && !routing_state_ways_same(&b, &a));
	strcpy(network.tunnel, "X7Out_1");
	routing_state_add_network(&b, &network);
	ck_assert(!routing_state_ways_same(&a, &b));
	strcpy(a.networks[0].tunnel, "X7Out_1");
	ck_assert(routing_state_ways_same(&a, &b));
	b.answers = false;
	ck_assert(!routing_state_ways_same(&a, &b));
	routing_state_free(&a);
	routing_state_free(&b);
}
END_TEST

START_TEST(route_is_found_by_what_it_is_worth)
{
	struct routing_state state = {.protocol = PROTOCOL_BABELD};
	struct prefix network = prefix_of("::/0");
	struct routing_route route = {.destination = network, .metric = 300, .link = "a"};

	ck_assert_ptr_null(routing_state_find_route(&state, &network));
	routing_state_add_route(&state, &route);
	route = (struct routing_route){.destination = network, .metric = 200, .link = "b"};
	routing_state_add_route(&state, &route);
	/* From some sources alone. */
	route = (struct routing_route){.destination = network, .metric = 1, .link = "c"};
	route.source = prefix_of("fd00::/64");
	routing_state_add_route(&state, &route);
	ck_assert_str_eq(routing_state_find_route(&state, &network)->link, "b");
	state.routes[0].installed = true;
	ck_assert_str_eq(routing_state_find_route(&state, &network)->link, "a");
	state.routes[0].metric = 65535;
	ck_assert_str_eq(routing_state_find_route(&state, &network)->link, "b");
	state.routes[1].metric = 65535;
	ck_assert_ptr_null(routing_state_find_route(&state, &network));
	/* bmx7: bit/s. */
	state.protocol = PROTOCOL_BMX7;
	state.routes[0].installed = false;
	state.routes[1].metric = 70000;
	ck_assert_str_eq(routing_state_find_route(&state, &network)->link, "b");
	routing_state_free(&state);
}
END_TEST

START_TEST(json_has_every_member)
{
	struct routing_state state = {.protocol = PROTOCOL_BMX7, .answers = true, .id = "AB"};
	struct routing_neighbour neighbour = {.link = "eth0", .rx_quality = 97};
	struct routing_route route = {.metric = 12};
	struct routing_node node = {.id = "AB", .self = true};
	struct routing_network network = {.own = true};

	prefix_parse("10.1.0.0/16", &network.network);
	ip_parse("fe80::1", &neighbour.address);
	routing_state_add_neighbour(&state, &neighbour);
	routing_state_add_route(&state, &route);
	routing_state_add_node(&state, &node);
	routing_state_add_network(&state, &network);
	json_t *json = routing_state_to_json(&state);
	ck_assert_ptr_nonnull(json);
	char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	ck_assert_str_eq(text,
		"{\"answers\":true,\"id\":\"AB\",\"left_out\":0,"
		"\"neighbours\":[{\"address\":\"fe80::1\",\"cost\":0,\"id\":null,\"link\":\"eth0\","
		"\"name\":null,\"rx_quality\":97,\"tx_quality\":0}],"
		"\"networks\":[{\"bandwidth\":null,\"id\":null,\"metric\":0,\"name\":null,"
		"\"network\":\"10.1.0.0/16\",\"own\":true,\"tunnel\":null}],"
		"\"nodes\":[{\"address\":null,\"hops\":null,\"id\":\"AB\",\"metric\":0,"
		"\"name\":null,\"reachable\":false,\"self\":true}],\"protocol\":\"bmx7\","
		"\"routes\":[{\"destination\":null,\"id\":null,\"installed\":false,\"link\":\"\","
		"\"metric\":12,\"source\":null,\"via\":null}],\"version\":null}");
	free(text);
	json_decref(json);
	routing_state_free(&state);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("routing_state");
	TCase *tcase = tcase_create("state");

	tcase_add_test(tcase, names_from_the_mesh_are_cleaned);
	tcase_add_test(tcase, node_ids_are_known);
	tcase_add_test(tcase, bounds_are_held_and_counted);
	tcase_add_test(tcase, metrics_are_no_change_and_routes_are);
	tcase_add_test(tcase, ways_are_default_routes_and_offers);
	tcase_add_test(tcase, ways_change);
	tcase_add_test(tcase, route_is_found_by_what_it_is_worth);
	tcase_add_test(tcase, json_has_every_member);
	suite_add_tcase(suite, tcase);
	return suite;
}
