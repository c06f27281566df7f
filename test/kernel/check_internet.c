/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ways to the Internet against the kernel that runs: default routes by next hops and none, rules,
 * others' default routes, and where a packet goes. Needs root, else the tests pass and say so. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "kernel/fixture.h"
#include "unit/addresses.h"
#include "unit/check_main.h"

static const char uplinks[][64] = {"v0", "wan*"};

static void setup(void)
{
	open_room();
	if (room.ready) {
		room.uplinks = uplinks;
		room.uplink_count = ARRAY_SIZE(uplinks);
		run("ip link add w0 type veth peer name w1;"
		    "for i in v0 v1 w0 w1; do ip link set $i up; done;"
		    "ip address add 192.0.2.77/24 dev v0; ip address add 198.51.100.7/24 dev w0;"
		    "ip -6 address add 2001:db8::77/64 dev v0 nodad;"
		    "ip -6 address add 2001:db8:1::7/64 dev w0 nodad");
	}
}

static struct route *want_way(struct state *desired, const char *link, const char *via,
	uint32_t table, uint32_t metric)
{
	struct route_key key = {.table = table, .metric = metric};
	struct ip next = ip_of(via);

	key.destination.ip.family = next.family;
	text_copy(key.link, sizeof(key.link), link);
	struct route *route = state_add(desired, OBJECT_ROUTE, &key);
	object_give(route, ROUTE_VIA, via, next);
	object_give(route, ROUTE_SOURCE, source, ((struct ip){.family = 0}));
	return route;
}

static void want_rule(struct state *desired, uint8_t family, const struct rule *wanted)
{
	struct rule_key key = wanted->key;

	key.source.ip.family = family;
	struct rule *rule = state_add(desired, OBJECT_RULE, &key);
	object_give(rule, RULE_TABLE, table, wanted->table);
	object_give(rule, RULE_SUPPRESS, suppress, wanted->suppress);
}

static void want_rules(struct state *desired)
{
	static const struct rule rules[] = {
		{.key = {.priority = 1000}, .table = RT_TABLE_MAIN, .suppress = 0},
		{.key = {.priority = 1001, .oif = "v0"}, .table = 174, .suppress = -1},
		{.key = {.priority = 1001, .oif = "absent"}, .table = 174, .suppress = -1},
		{.key = {.priority = 1002, .iif = "md-a"}, .table = 175, .suppress = -1},
		{.key = {.priority = 1003, .iif = "md-a"}, .table = 0, .suppress = -1},
		{.key = {.priority = 1010}, .table = 171, .suppress = -1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		want_rule(desired, AF_INET, &rules[i]);
		want_rule(desired, AF_INET6, &rules[i]);
	}
}

static void want_all(struct state *desired)
{
	want_way(desired, "v0", "192.0.2.1", STATE_TABLE_INTERNET, 10);
	want_way(desired, "", "0.0.0.0", STATE_TABLE_INTERNET, 1000);
	want_way(desired, "v0", "fe80::1", STATE_TABLE_INTERNET, 10);
	want_way(desired, "w0", "::", STATE_TABLE_INTERNET, 20);
	want_way(desired, "", "::", STATE_TABLE_INTERNET, 1000);
	want_way(desired, "w0", "203.0.113.9", STATE_TABLE_WARM, 10); /* in no network of ours */
	want_way(desired, "w0", "0.0.0.0", STATE_TABLE_UPLINK, 10)->source = ip_of("198.51.100.7");
	want_way(desired, "w0", "fe80::2", STATE_TABLE_UPLINK, 10)->source = ip_of("2001:db8:1::7");
	want_way(desired, "v0", "192.0.2.1", STATE_TABLE_OFFER, 10);
	want_way(desired, "v0", "fe80::1", STATE_TABLE_OFFER, 10);
	want_rules(desired);
}

START_TEST(test_all_comes_up)
{
	CLEANUP(state_free) struct state desired = {0};
	CLEANUP(state_free) struct state nothing = {0};

	if (!room.ready) {
		return;
	}
	want_all(&desired);
	ck_assert_uint_eq(mend(&desired), 10 + 12);
	ck_settled(&desired);
	run("ip route show table 171 | grep -q "
	    "'^default via 192.0.2.1 dev v0 proto 109 metric 10 onlink'");
	run("ip route show table 171 | grep -q '^unreachable default proto 109 metric 1000'");
	run("ip -6 route show table 171 | grep -q "
	    "'^default via fe80::1 dev v0 proto 109 metric 10 onlink'");
	run("ip -6 route show table 171 | grep -q '^default dev w0 proto 109 metric 20'");
	run("ip -6 route show table 171 | grep -q '^unreachable default dev lo proto 109'");
	run("ip route show table 173 | grep -q '^default via 203.0.113.9 dev w0'");
	run("ip route show table 175 | grep -q '^default via 192.0.2.1 dev v0 proto 7 '");
	run("ip route show table 174 | grep -q "
	    "'^default dev w0 proto 109 scope link src 198.51.100.7 metric 10'");
	run("ip -6 route show table 174 | grep -q "
	    "'^default via fe80::2 dev w0 proto 109 src 2001:db8:1::7 metric 10 onlink'");
	for (int i = 0; i < 2; i++) {
		run("ip rule | grep -q '^1000:.from all lookup main suppress_prefixlength 0 "
		    "proto'");
		run("ip rule | grep -q '^1001:.from all oif v0 lookup 174 proto 109'");
		run("ip rule | grep -q '^1002:.from all iif md-a .detached. lookup 175'");
		run("ip rule | grep -q '^1003:.from all iif md-a .detached. unreachable proto'");
		run("ip -6 rule | grep -q '^1000:.from all lookup main suppress_prefixlength 0'");
		run("ip -6 rule | grep -q '^1003:.from all iif md-a .detached. unreachable'");
	}
	ck_assert_uint_eq(mend(&nothing), 10 + 12);
	ck_settled(&nothing);
	run("test -z \"$(for i in 171 173 174 175; do ip route show table $i; "
	    "ip -6 route show table $i; done 2>/dev/null)\"");
	run("test $(ip rule | wc -l) = 3");
}
END_TEST

static const char *const drifts[] = {
	"ip route flush table 171",
	"ip -6 route flush table 171",
	"ip route delete unreachable default table 171",
	"ip route change default via 192.0.2.9 dev v0 onlink proto 109 table 171 metric 10",
	"ip route flush table 175; ip -6 route flush table 175",
	"ip rule delete priority 1000",
	"ip -6 rule delete priority 1003",
	"ip rule delete priority 1000; ip rule add lookup main priority 1000 protocol 109",
	"ip link set v0 down; ip link set v0 up; ip -6 address add 2001:db8::77/64 dev v0 nodad",
	"ip address flush dev v0; ip address add 192.0.2.77/24 dev v0",
	("ip -6 address del 2001:db8:1::7/64 dev w0; "
	 "ip -6 address add 2001:db8:1::7/64 dev w0 nodad"),
};

START_TEST(test_drift)
{
	CLEANUP(state_free) struct state desired = {0};

	if (!room.ready) {
		return;
	}
	want_all(&desired);
	ck_mended_after(&desired, drifts[_i]);
}
END_TEST

/* To another link and back, with a way that is unreachable as one of them: two ops each. */
START_TEST(test_way_moves)
{
	static const struct {
		const char *link;
		const char *via[2];
	} ways[] = {{"v0", {"192.0.2.1", "fe80::1"}}, {"w0", {"198.51.100.1", "fe80::1"}},
		{"", {"0.0.0.0", "::"}}, {"w0", {"0.0.0.0", "::"}},
		{"v0", {"192.0.2.2", "fe80::2"}}, {"v0", {"0.0.0.0", "::"}},
		{"v0", {"192.0.2.1", "fe80::1"}}};

	if (!room.ready) {
		return;
	}
	run("ip route add default via 192.0.2.1 dev v0 table 171 metric 77;"
	    "ip -6 route add default via fe80::9 dev v0 table 171 metric 77");
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		CLEANUP(state_free) struct state desired = {0};
		for (int family = 0; family < 2; family++) {
			want_way(&desired, ways[i].link, ways[i].via[family], 171, 10);
		}
		ck_assert_uint_eq(mend(&desired), i == 0 ? 2 : 4);
		ck_settled(&desired);
		run("test $(ip route show table 171 | wc -l) = 2");
		run("test $(ip -6 route show table 171 | wc -l) = 2");
	}
}
END_TEST

static void ck_default(size_t index, const char *expected)
{
	const struct default_route *found = &room.observed.defaults[index];
	char via[IP_TEXT_SIZE];
	char text[256];

	ck_assert_uint_lt(index, room.observed.default_count);
	ip_format(&found->via, via);
	(void)snprintf(text, sizeof(text), "%s %s table %u metric %u proto %u", via, found->link,
		found->table, found->metric, found->protocol);
	ck_assert_str_eq(text, expected);
}

START_TEST(test_defaults_of_uplinks)
{
	CLEANUP(state_free) struct state desired = {0};

	if (!room.ready) {
		return;
	}
	want_all(&desired);
	(void)mend(&desired);
	run("ip link add wan9 type veth peer name x9; ip link set wan9 up; ip link set x9 up;"
	    "ip route add default via 192.0.2.1 dev v0 metric 100 proto dhcp;"
	    "ip route add default via 192.0.2.2 dev v0 metric 50 table 4711 proto static;"
	    "ip route add default via 192.0.2.3 dev v0 metric 10 table 172 proto 42;"
	    "ip route add default via 198.51.100.1 dev w0 metric 5;"
	    "ip route add default metric 200 nexthop via 192.0.2.4 dev v0"
	    " nexthop via 198.51.100.4 dev w0;"
	    "ip route add default dev wan9 metric 300;"
	    "ip -6 route add default via fe80::5 dev v0 metric 1024 proto ra");
	observe();
	ck_assert_uint_eq(room.observed.default_count, 5);
	ck_default(0, "192.0.2.2 v0 table 4711 metric 50 proto 4");
	ck_default(1, "192.0.2.1 v0 table 254 metric 100 proto 16");
	ck_default(2, "192.0.2.4 v0 table 254 metric 200 proto 3");
	ck_default(3, "0.0.0.0 wan9 table 254 metric 300 proto 3");
	ck_default(4, "fe80::5 v0 table 254 metric 1024 proto 9");
	run("ip link set x9 down; until ip route | grep -q linkdown; do sleep 0.05; done");
	observe();
	ck_assert_uint_eq(room.observed.default_count, 4);
	run("ip link set v0 down");
	observe();
	ck_assert_uint_eq(room.observed.default_count, 0);
}
END_TEST

static void want_tunnel(struct state *desired, const char *name, const char *local,
	const char *remote, uint8_t protocol)
{
	struct link *link = want_link(desired, name, LINK_IP6TNL);

	ck_assert_int_eq(ip_parse(local, &link->tunnel_local), 0);
	link->head.has |= FIELD_BIT(LINK_TUNNEL_LOCAL) | FIELD_BIT(LINK_TUNNEL_REMOTE);
	if (remote != NULL) {
		ck_assert_int_eq(ip_parse(remote, &link->tunnel_remote), 0);
	}
	object_give(link, LINK_TUNNEL_PROTOCOL, tunnel_protocol, protocol);
	object_give_text(link, LINK_MASTER, master, "");
	object_give(link, LINK_ADDR_GEN_MODE, addr_gen_mode, IN6_ADDR_GEN_MODE_NONE);
	object_give(link, LINK_RP_FILTER, rp_filter, 2);
}

static void want_receiver(struct state *desired)
{
	struct address_key key = {.link = "md-in"};

	want_tunnel(desired, "md-in", "fd6d::1", NULL, IPPROTO_IPIP);
	ck_assert_int_eq(prefix_parse("fd6d::1/128", &key.prefix), 0);
	struct address *address = state_add(desired, OBJECT_ADDRESS, &key);
	object_give(address, ADDRESS_NODAD, nodad, 1);
}

/* A routing daemon's tunnels and the kernel's own stay as they are. */
START_TEST(test_tunnels)
{
	CLEANUP(state_free) struct state desired = {0};
	CLEANUP(state_free) struct state other = {0};
	CLEANUP(state_free) struct state nothing = {0};

	if (!room.ready || kernel_load_link_kind(room.kernel, "ip6tnl") == -EOPNOTSUPP) {
		fprintf(stderr, "skipped: no module ip6_tunnel\n");
		return;
	}
	run("ip -6 tunnel add X7Out_far mode ipip6 local fd66::1 remote fd66::2");
	want_receiver(&desired);
	want_tunnel(&desired, "md-a", "fd6d::2", "fd6d::9", IPPROTO_IPV6);
	want_way(&desired, "md-a", "::", STATE_TABLE_INTERNET, 10);
	want_way(&desired, "md-in", "0.0.0.0", STATE_TABLE_INTERNET, 10);
	ck_assert_uint_eq(mend(&desired), 5);
	ck_settled(&desired);
	ck_text("ip -d -j link show md-a", "linkinfo.info_kind", "ip6tnl");
	ck_text("ip -d -j link show md-a", "linkinfo.info_data.proto", "ip6ip6");
	ck_text("ip -d -j link show md-a", "linkinfo.info_data.remote", "fd6d::9");
	ck_text("ip -d -j link show md-in", "linkinfo.info_data.proto", "ipip6");
	ck_text("ip -d -j link show md-in", "linkinfo.info_data.local", "fd6d::1");
	run("ip -d link show md-in | grep -q 'remote any local fd6d::1 hoplimit 64 encaplimit "
	    "none'");
	run("ip -d link show md-a | grep -q 'group 28004.*' && ip link show md-a up | grep -q "
	    "md-a");
	run("ip -6 route show table 171 | grep -q '^default dev md-a '");
	run("ping -c 1 -W 1 fd6d::1 >/dev/null");

	want_receiver(&other); /* md-a leads elsewhere */
	want_tunnel(&other, "md-a", "fd6d::2", "fd6d::8", IPPROTO_IPV6);
	want_way(&other, "md-a", "::", STATE_TABLE_INTERNET, 10);
	ck_assert_uint_eq(mend(&other), 4);
	ck_settled(&other);
	run("ip link delete md-a");
	ck_assert_uint_eq(mend(&other), 2);
	ck_settled(&other);
	ck_assert_uint_eq(mend(&nothing), 2);
	ck_settled(&nothing);
	run("! ip link show md-in 2>/dev/null && ! ip link show md-a 2>/dev/null");
	run("ip link show X7Out_far | grep -q mtu && ip link show ip6tnl0 | grep -q mtu");
}
END_TEST

/* Each command by itself: is it heard? */
static const struct {
	const char *command;
	bool heard;
} events[] = {
	{"ip route add default via 192.0.2.1 dev v0 metric 100", true},
	{"ip route del default via 192.0.2.1 dev v0 metric 100", true},
	{"ip route add default via 192.0.2.1 dev v0 table 4711", true},
	{"ip route change default via 192.0.2.2 dev v0 table 4711", true},
	{"ip -6 route add default via fe80::5 dev v0", true},
	{"ip route add default via 192.0.2.2 dev v0 table 171 metric 77", true},
	{"ip route add unreachable default table 171", true},
	{"ip route add default via 198.51.100.1 dev w0 metric 9", false},
	{"ip route add default via 192.0.2.1 dev v0 table 172 proto 42", false},
	{"ip route add 203.0.113.0/24 via 192.0.2.1 dev v0 proto 42", false},
	{"ip route add unreachable 203.0.114.0/24 proto 42", false},
	{"ip -6 route add 2001:db8:9::/48 via fe80::5 dev v0 proto 42", false},
	{"for i in $(seq 250); do echo route add 10.$i.0.0/16 via 198.51.100.1; done | ip -b -",
		false},
};

START_TEST(test_what_is_heard)
{
	if (!room.ready) {
		return;
	}
	run("sleep 3"); /* until the link-local addresses have settled */
	observe();
	(void)hear_all(HEAR_RTNL);
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		run(events[i].command);
		ck_assert_msg(hear(HEAR_RTNL) ==
				      (events[i].heard ? KERNEL_CHANGED : KERNEL_NOTHING),
			"%s", events[i].command);
	}
}
END_TEST

static struct kernel_way ask(const char *destination, const char *source, int expected)
{
	struct kernel_way way = {.table = 0};
	struct ip to;
	struct ip from = {.family = 0};

	ck_assert_int_eq(ip_parse(destination, &to), 0);
	ck_assert(source == NULL || ip_parse(source, &from) == 0);
	ck_assert_int_eq(kernel_ask_way(room.kernel, &to, &from, &way), expected);
	return way;
}

static void ck_way(const struct kernel_way *way, const char *expected)
{
	char via[IP_TEXT_SIZE];
	char source[IP_TEXT_SIZE];
	char text[256];

	ip_format(&way->via, via);
	ip_format(&way->source, source);
	(void)snprintf(text, sizeof(text), "%s via %s from %s table %u proto %u", way->link,
		way->via.family != 0 ? via : "none", source, way->table, way->protocol);
	ck_assert_str_eq(text, expected);
}

START_TEST(test_ask_way)
{
	CLEANUP(state_free) struct state desired = {0};
	CLEANUP(state_free) struct state nothing = {0};
	struct kernel_way way;

	if (!room.ready) {
		return;
	}
	ask("203.0.113.1", NULL, -ENETUNREACH);
	ask("2001:db8:5::1", NULL, -ENETUNREACH);
	run("ip route add default via 192.0.2.3 dev v0 metric 1 proto 42");
	want_all(&desired);
	want_way(&desired, "w0", "198.51.100.1", STATE_TABLE_INTERNET, 5);
	(void)mend(&desired);
	way = ask("203.0.113.1", NULL, 0);
	ck_way(&way, "w0 via 198.51.100.1 from 198.51.100.7 table 171 proto 109");
	way = ask("203.0.113.1", "192.0.2.77", 0);
	ck_way(&way, "w0 via 198.51.100.1 from 192.0.2.77 table 171 proto 109");
	way = ask("192.0.2.5", NULL, 0);
	ck_way(&way, "v0 via none from 192.0.2.77 table 254 proto 2");
	way = ask("2001:db8:5::1", NULL, 0);
	ck_way(&way, "v0 via fe80::1 from 2001:db8::77 table 171 proto 109");
	(void)mend(&nothing);
	way = ask("203.0.113.1", NULL, 0);
	ck_way(&way, "v0 via 192.0.2.3 from 192.0.2.77 table 254 proto 42");
	want_way(&nothing, "", "0.0.0.0", STATE_TABLE_INTERNET, 10);
	want_rules(&nothing);
	(void)mend(&nothing);
	ask("203.0.113.1", NULL, -EHOSTUNREACH);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("ways on the running kernel");
	TCase *tests = tcase_create("ways");

	tcase_add_checked_fixture(tests, setup, close_room);
	tcase_set_timeout(tests, 300); /* an emulated clock may run ahead */
	tcase_add_test(tests, test_all_comes_up);
	tcase_add_loop_test(tests, test_drift, 0, ARRAY_SIZE(drifts));
	tcase_add_test(tests, test_way_moves);
	tcase_add_test(tests, test_defaults_of_uplinks);
	tcase_add_test(tests, test_tunnels);
	tcase_add_test(tests, test_what_is_heard);
	tcase_add_test(tests, test_ask_way);
	suite_add_tcase(suite, tests);
	return suite;
}
