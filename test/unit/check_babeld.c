/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines are what babeld 1.12.1 wrote. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "routing/babeld_table.h"
#include "unit/check_main.h"

#define NEIGHBOUR                                                                                  \
	"add neighbour 55e4eb9b4800 address fe80::e8ce:11ff:fe67:936a if ba reach fff0 ureach "    \
	"0000 rxcost 96 txcost 96 cost 96"
#define ROUTE                                                                                      \
	"add route 55e4eb9b4a40 prefix 10.1.0.0/16 from 0.0.0.0/0 installed yes id "               \
	"ec:d0:83:22:07:5f:7d:93 metric 96 refmetric 0 via fe80::e8ce:11ff:fe67:936a if ba"

static int parse(const char *text, struct babeld_line *line)
{
	return babeld_line_parse(text, strlen(text), line);
}

static void take(struct babeld_table *table, const char *text, int expected)
{
	struct babeld_line line;

	ck_assert_msg(parse(text, &line) == 0, "%s", text);
	ck_assert_int_eq(babeld_table_take(table, &line), expected);
}

START_TEST(lines_are_understood)
{
	struct babeld_line line;

	ck_assert_int_eq(parse(NEIGHBOUR, &line), 0);
	ck_assert_int_eq(line.kind, BABELD_NEIGHBOUR);
	ck_assert(line.key == 0x55e4eb9b4800);
	ck_assert_str_eq(line.link, "ba");
	ck_assert_uint_eq(line.reach, 0xfff0);
	ck_assert_uint_eq(line.cost, 96);
	ck_assert_int_eq(parse(ROUTE, &line), 0);
	ck_assert(line.installed);
	ck_assert_uint_eq(line.prefix.length, 16);
	ck_assert_uint_eq(line.source.ip.family, 0);
	ck_assert_str_eq(line.id, "ec:d0:83:22:07:5f:7d:93");
	ck_assert_int_eq(
		parse("change neighbour 1 address fe80::1 if wg0 reach ffff ureach 0000 rxcost 256 "
		      "txcost 300 rtt 1.024 rttcost 7 cost 307",
			&line),
		0);
	ck_assert_uint_eq(line.cost, 307);
	ck_assert_int_eq(parse("change interface ba up true ipv6 fe80::1 ipv4 10.1.0.1", &line), 0);
	ck_assert(line.up);
	ck_assert_int_eq(
		parse("flush xroute 10.2.0.0/16-0.0.0.0/0 prefix 10.2.0.0/16 from 0.0.0.0/0 "
		      "metric 0",
			&line),
		0);
	ck_assert_int_eq(line.verb, BABELD_FLUSH);
	ck_assert_int_eq(parse("ok", &line), 0);
	ck_assert_int_eq(line.kind, BABELD_OK);
	ck_assert_int_eq(parse("no No such interface", &line), 0);
	ck_assert_str_eq(line.text, "No such interface");
	ck_assert_int_eq(parse("version babeld-1.12.1", &line), 0);
	ck_assert_str_eq(line.text, "babeld-1.12.1");
	ck_assert_int_eq(parse("my-id 9c:f9:f1:5c:31:23:17:73", &line), 0);
	ck_assert_int_eq(parse("host some machine", &line), 0);
}
END_TEST

START_TEST(other_lines_are_not)
{
	static const char *const wrong[] = {"", "ok ok", "bad one", "add", "add interface",
		"add interface ba", "add interface ba up", "add interface ba up maybe",
		"add interface ba/../x up true", "add interface abcdefghijklmnop up true",
		"add thing 1 up true", "remove interface ba up true",
		"add neighbour xyz address fe80::1 if ba reach ffff rxcost 1 txcost 1 cost 1",
		"add neighbour 1 address nobody if ba reach ffff rxcost 1 txcost 1 cost 1",
		"add neighbour 1 address fe80::1 if ba reach 1ffff rxcost 1 txcost 1 cost 1",
		"add neighbour 1 address fe80::1 if ba reach ffff rxcost -1 txcost 1 cost 1",
		"add neighbour 1 address fe80::1 if ba reach ffff rxcost 1 cost 1",
		"add neighbour 1 address fe80::1 address fe80::2 if ba reach ffff rxcost 1 txcost "
		"1 "
		"cost 1",
		"add route 1 prefix 10.0.0.0/33 from 0.0.0.0/0 installed yes id "
		"ec:d0:83:22:07:5f:7d:93 metric 96 refmetric 0 via fe80::1 if ba",
		"add route 1 prefix 10.0.0.0/8 from 0.0.0.0/0 installed yes id "
		"ec:d0:83:22:07:5f:7d metric 96 refmetric 0 via fe80::1 if ba",
		"add interface b\x1b[1ma up true", "my-id \xff\xff"};
	struct babeld_line line;
	char longest[BABELD_LINE_MAX + 2];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ck_assert_msg(parse(wrong[i], &line) == -EINVAL, "%s", wrong[i]);
	}
	memset(longest, 'a', sizeof(longest));
	ck_assert_int_eq(babeld_line_parse(longest, sizeof(longest), &line), -EINVAL);
}
END_TEST

START_TEST(table_becomes_state)
{
	struct babeld_table table = {0};
	struct routing_state state;

	take(&table, "add interface ba up true ipv6 fe80::1", 1);
	take(&table, NEIGHBOUR, 1);
	take(&table, NEIGHBOUR, 0);
	take(&table, ROUTE, 1);
	take(&table, "add xroute 10.2.0.0/16-0.0.0.0/0 prefix 10.2.0.0/16 from 0.0.0.0/0 metric 0",
		1);
	/* A second way to the same network of the same node. */
	take(&table,
		"add route 2 prefix 10.1.0.0/16 from 0.0.0.0/0 installed no id "
		"ec:d0:83:22:07:5f:7d:93 metric 65535 refmetric 0 via fe80::3 if ba",
		1);
	ck_assert_int_eq(babeld_table_to_state(&table, "9c:f9:f1:5c:31:23:17:73", &state), 0);
	ck_assert_uint_eq(state.neighbour_count, 1);
	ck_assert_uint_eq(state.neighbours[0].rx_quality, 75);
	ck_assert_uint_eq(state.route_count, 2);
	ck_assert_uint_eq(state.node_count, 2);
	ck_assert(state.nodes[0].self);
	ck_assert(state.nodes[1].reachable);
	ck_assert_uint_eq(state.nodes[1].metric, 96);
	ck_assert_uint_eq(state.network_count, 2);
	ck_assert(state.networks[0].own);
	ck_assert_uint_eq(state.networks[1].metric, 96);
	routing_state_free(&state);
	/* Neighbours of a flushed interface linger in babeld. */
	take(&table, "flush interface ba up false", 1);
	take(&table,
		"flush route 2 prefix 10.1.0.0/16 from 0.0.0.0/0 installed no id "
		"ec:d0:83:22:07:5f:7d:93 metric 65535 refmetric 0 via fe80::3 if ba",
		1);
	ck_assert_int_eq(babeld_table_to_state(&table, "", &state), 0);
	ck_assert_uint_eq(state.neighbour_count, 0);
	ck_assert_uint_eq(state.route_count, 1);
	routing_state_free(&state);
	babeld_table_free(&table);
}
END_TEST

#define WAY(verb, metric, via, installed)                                                          \
	verb " route 5 prefix ::/0 from ::/0 installed " installed                                 \
	     " id ec:d0:83:22:07:5f:7d:93 metric " metric " refmetric 0 via " via " if ba"

static bool turns(const struct babeld_table *table, const char *text)
{
	struct babeld_line line;

	ck_assert_int_eq(babeld_line_parse(text, strlen(text), &line), 0);
	return babeld_table_turns(table, &line);
}

/* What is told at once of a way: not that it costs a little more. */
START_TEST(turns_are_seen)
{
	struct babeld_table table = {0};

	ck_assert(turns(&table, WAY("add", "96", "fe80::3", "no")));
	ck_assert(!turns(&table, WAY("flush", "96", "fe80::3", "no")));
	take(&table, WAY("add", "96", "fe80::3", "no"), 1);
	ck_assert(!turns(&table, WAY("change", "97", "fe80::3", "no")));
	ck_assert(turns(&table, WAY("change", "96", "fe80::3", "yes")));
	ck_assert(turns(&table, WAY("change", "96", "fe80::4", "no")));
	ck_assert(turns(&table, WAY("change", "65535", "fe80::3", "no")));
	ck_assert(turns(&table, WAY("flush", "96", "fe80::3", "no")));
	take(&table, WAY("change", "65535", "fe80::3", "no"), 1);
	ck_assert(turns(&table, WAY("change", "96", "fe80::3", "no")));
	babeld_table_free(&table);
}
END_TEST

START_TEST(stale_neighbour_beside_the_new_one_is_not_shown)
{
	struct babeld_table table = {0};
	struct routing_state state;

	take(&table, "add interface ba up true ipv6 fe80::1", 1);
	take(&table,
		"add neighbour 1 address fe80::2 if ba reach 0fff ureach 0000 rxcost 65535 "
		"txcost 96 cost 65535",
		1);
	take(&table,
		"add neighbour 2 address fe80::2 if ba reach ffff ureach 0000 rxcost 96 "
		"txcost 96 cost 96",
		1);
	ck_assert_int_eq(babeld_table_to_state(&table, "", &state), 0);
	ck_assert_uint_eq(state.neighbour_count, 1);
	ck_assert_uint_eq(state.neighbours[0].cost, 96);
	routing_state_free(&state);
	babeld_table_free(&table);
}
END_TEST

START_TEST(ten_thousand_routes_and_no_more)
{
	struct babeld_table table = {0};
	struct routing_state state;
	char text[256];

	for (unsigned int i = 0; i < ROUTING_ROUTES_MAX + 7; i++) {
		snprintf(text, sizeof(text),
			"add route %x prefix 10.%u.%u.0/24 from 0.0.0.0/0 installed yes id "
			"ec:d0:83:22:07:5f:7d:93 metric 96 refmetric 0 via fe80::1 if ba",
			i, i / 256, i % 256);
		take(&table, text, 1);
	}
	ck_assert_int_eq(babeld_table_to_state(&table, "", &state), 0);
	ck_assert_uint_eq(state.route_count, ROUTING_ROUTES_MAX);
	ck_assert_uint_eq(state.left_out, 7);
	routing_state_free(&state);
	babeld_table_free(&table);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("babeld");
	TCase *tcase = tcase_create("lines");

	tcase_add_test(tcase, lines_are_understood);
	tcase_add_test(tcase, other_lines_are_not);
	tcase_add_test(tcase, table_becomes_state);
	tcase_add_test(tcase, turns_are_seen);
	tcase_add_test(tcase, stale_neighbour_beside_the_new_one_is_not_shown);
	tcase_add_test(tcase, ten_thousand_routes_and_no_more);
	suite_add_tcase(suite, tcase);
	return suite;
}
