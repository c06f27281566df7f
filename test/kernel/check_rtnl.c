/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel room against the kernel that runs, each test in a network namespace of its own. The
 * judge is `ip -d -j`. Needs root; without it the tests pass by doing nothing and say so. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "kernel/fixture.h"
#include "unit/check_main.h"

/* --- what is wanted --- */

static const struct mac anycast_mac = {{0xaa, 0xaa, 0xaa, 0x12, 0x34, 0x56}};

static void want_bridge(struct state *desired)
{
	struct link *link = want_link(desired, "br-lan", LINK_BRIDGE);

	object_give(link, LINK_MAC, mac, ((struct mac){{2, 0, 0, 0, 0, 7}}));
	object_give(link, LINK_MTU, mtu, 1500);
	object_give(link, LINK_STP, stp, 1);
	object_give(link, LINK_MULTICAST_SNOOPING, multicast_snooping, 1);
	object_give(link, LINK_MULTICAST_QUERIER, multicast_querier, 1);
	object_give_text(link, LINK_MASTER, master, "");
}

static void want_anygw(struct state *desired)
{
	struct link *link = want_link(desired, "anygw", LINK_MACVLAN);

	object_give_text(link, LINK_LOWER, lower, "br-lan");
	object_give(link, LINK_MACVLAN_MODE, macvlan_mode, MACVLAN_MODE_PRIVATE);
	object_give(link, LINK_MAC, mac, anycast_mac);
	object_give(link, LINK_ADDR_GEN_MODE, addr_gen_mode, IN6_ADDR_GEN_MODE_NONE);
	object_give(link, LINK_RP_FILTER, rp_filter, 0);
	object_give(link, LINK_ARP_IGNORE, arp_ignore, 1);
	object_give(link, LINK_ACCEPT_DAD, accept_dad, 0);
	object_give(link, LINK_ACCEPT_RA, accept_ra, 0);
}

static void want_port(struct state *desired)
{
	struct link *link = state_add_link(desired, "v0");

	link->head.flags = OBJECT_BORROWED;
	object_give(link, LINK_MTU, mtu, 1532);
	object_give(link, LINK_UP, up, 1);
	object_give_text(link, LINK_MASTER, master, "br-lan");
	object_give(link, LINK_MULTICAST_ROUTER, multicast_router, 2);
}

static void want_address(struct state *desired, const char *link, const char *text, bool nodad,
	uint32_t metric)
{
	struct address_key key = {0};

	text_copy(key.link, sizeof(key.link), link);
	ck_assert_int_eq(prefix_parse(text, &key.prefix), 0);
	struct address *address = state_add(desired, OBJECT_ADDRESS, &key);
	object_give(address, ADDRESS_NODAD, nodad, nodad);
	object_give(address, ADDRESS_METRIC, metric, metric);
}

static void want_route(struct state *desired, const char *link, const char *text, uint32_t table,
	uint32_t metric)
{
	struct route_key key = {.table = table, .metric = metric};

	text_copy(key.link, sizeof(key.link), link);
	ck_assert_int_eq(prefix_parse(text, &key.destination), 0);
	(void)state_add(desired, OBJECT_ROUTE, &key);
}

static void want_rule(struct state *desired, const char *text, uint32_t priority)
{
	struct rule_key key = {.priority = priority};

	ck_assert_int_eq(prefix_parse(text, &key.source), 0);
	struct rule *rule = state_add(desired, OBJECT_RULE, &key);
	object_give(rule, RULE_TABLE, table, STATE_TABLE_ANYCAST);
}

static void want_all(struct state *desired)
{
	want_bridge(desired);
	want_anygw(desired);
	want_port(desired);
	want_address(desired, "br-lan", "10.13.0.7/16", false, 0);
	want_address(desired, "br-lan", "fd66::7/64", false, 0);
	want_address(desired, "anygw", "10.13.0.1/16", true, 2048);
	want_address(desired, "anygw", "fd66::1/64", true, 2048);
	want_address(desired, "anygw", "fe80::a8aa:aaff:fe12:3456/64", true, 0);
	want_route(desired, "br-lan", "10.13.0.0/16", STATE_TABLE_ANYCAST, 0);
	want_route(desired, "br-lan", "fd66::/64", STATE_TABLE_ANYCAST, 1024);
	want_rule(desired, "10.13.0.1/32", 1000);
	want_rule(desired, "fd66::1/128", 1000);
}

/* --- tests --- */

START_TEST(test_everything_comes_up)
{
	CLEANUP(state_free) struct state desired = {0};

	if (!room.ready) {
		return;
	}
	want_all(&desired);
	ck_assert_uint_gt(mend(&desired), 0);
	ck_settled(&desired);

	ck_text("ip -d -j link show br-lan", "linkinfo.info_kind", "bridge");
	ck_text("ip -d -j link show br-lan", "address", "02:00:00:00:00:07");
	ck_text("ip -d -j link show br-lan", "ifalias", "meshd:test");
	ck_text("ip -d -j link show br-lan", "group", "28004");
	ck_number("ip -d -j link show br-lan", "linkinfo.info_data.stp_state", 1);
	ck_number("ip -d -j link show br-lan", "linkinfo.info_data.mcast_querier", 1);
	ck_text("ip -d -j link show anygw", "link", "br-lan");
	ck_text("ip -d -j link show anygw", "address", "aa:aa:aa:12:34:56");
	ck_text("ip -d -j link show anygw", "linkinfo.info_data.mode", "private");
	ck_text("ip -d -j link show anygw", "inet6_addr_gen_mode", "none");
	ck_text("ip -d -j link show v0", "master", "br-lan");
	ck_number("ip -d -j link show v0", "mtu", 1532);
	ck_number("ip -d -j link show v0", "linkinfo.info_slave_data.multicast_router", 2);
	run("test $(cat /proc/sys/net/ipv4/conf/anygw/arp_ignore) = 1");
	run("test $(cat /proc/sys/net/ipv6/conf/anygw/accept_dad) = 0");
	run("test $(cat /proc/sys/net/ipv6/conf/anygw/accept_ra) = 0");
	run("ip -4 address show anygw | grep -q 'inet 10.13.0.1/16 metric 2048 brd 10.13.255.255'");
	run("test $(ip -6 address show anygw | grep -c nodad) = 2");
	run("test $(ip -6 address show anygw | grep -c inet6) = 2");
	run("ip route show table 170 | grep -q '^10.13.0.0/16 dev br-lan proto 109 scope link'");
	run("ip -6 route show table 170 | grep -q '^fd66::/64 dev br-lan proto 109 metric 1024'");
	run("ip rule | grep -q '^1000:.from 10.13.0.1 lookup 170 proto 109'");
	run("ip -6 rule | grep -q '^1000:.from fd66::1 lookup 170 proto 109'");
}
END_TEST

/* Each is one command that undoes a part; what mends it must leave the other links alone. */
static const char *const drifts[] = {
	"ip link delete anygw",
	"ip link set v0 nomaster",
	"ip link set v0 mtu 1500",
	"ip link set br-lan mtu 1400",
	"ip link set br-lan down",
	"ip link set br-lan address 02:00:00:00:00:08",
	"ip link set anygw address 02:00:00:00:00:09",
	"ip link set anygw type macvlan mode bridge",
	"ip link set br-lan type bridge stp_state 0",
	"ip link set br-lan type bridge mcast_querier 0",
	"ip link set v0 type bridge_slave mcast_router 1",
	"ip link set br-lan alias meshd:other",
	"ip link set br-lan group 5",
	"ip link set anygw addrgenmode eui64",
	"echo 1 > /proc/sys/net/ipv6/conf/anygw/accept_ra",
	"echo 1 > /proc/sys/net/ipv6/conf/anygw/accept_dad",
	"echo 2 > /proc/sys/net/ipv4/conf/anygw/arp_ignore",
	"ip address delete 10.13.0.1/16 dev anygw",
	"ip address delete fd66::1/64 dev anygw",
	"ip address flush dev br-lan",
	"ip route flush table 170",
	"ip -6 route flush table 170",
	"ip rule delete priority 1000",
	"ip -6 rule delete priority 1000",
	"ip link delete br-lan",
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

/* Objects of ours that are not wanted go, foreign ones with the same look stay. */
START_TEST(test_foreign_stays)
{
	CLEANUP(state_free) struct state desired = {0};
	CLEANUP(state_free) struct state nothing = {0};

	if (!room.ready) {
		return;
	}
	run("ip link add br-lan2 type bridge; ip link add anygw2 link v1 type macvlan;"
	    "ip link set v1 alias meshd:veth; ip link set v1 up; ip link set br-lan2 up;"
	    "ip address add 10.13.0.9/16 dev br-lan2; ip route add 10.99.0.0/16 dev br-lan2;"
	    "ip route add 10.13.0.0/16 dev br-lan2 table 170 metric 5;"
	    "ip rule add from 10.13.0.1 lookup 170 priority 999");
	want_all(&desired);
	(void)mend(&desired);
	ck_settled(&desired);
	ck_assert_uint_gt(mend(&nothing), 0);
	ck_settled(&nothing);
	run("! ip link show br-lan 2>/dev/null && ! ip link show anygw 2>/dev/null");
	run("ip link show anygw2 >/dev/null && ip link show v0 >/dev/null");
	run("ip route show table 170 | grep -q 'dev br-lan2 scope link metric 5'");
	run("ip route show | grep -q '10.99.0.0/16 dev br-lan2'");
	run("ip rule | grep -q '^999:'; ! ip rule | grep -q '^1000:'");
}
END_TEST

/* An address that another program holds in the same place is a link's neighbour, not ours. */
START_TEST(test_failures_are_named)
{
	CLEANUP(state_free) struct state desired = {0};
	struct problem_list problems = {0};

	if (!room.ready) {
		return;
	}
	struct link *link = want_link(&desired, "lonely", LINK_MACVLAN);
	object_give_text(link, LINK_LOWER, lower, "absent");
	object_give(link, LINK_MACVLAN_MODE, macvlan_mode, MACVLAN_MODE_PRIVATE);
	want_address(&desired, "lonely", "10.1.1.1/24", false, 0);
	want_bridge(&desired);
	state_sort(&desired);
	observe();
	ck_assert_int_eq(diff_plan(&desired, &room.observed, 0, &room.plan), 0);
	ck_assert_int_eq(kernel_apply(room.kernel, &room.plan, &room.observed), 1);
	plan_foreach (op, &room.plan) {
		if (op->type == OBJECT_ADDRESS) {
			ck_assert_int_eq(op->error, -ENODEV);
			ck_assert_str_eq(op->message, "its link lonely could not be created");
		}
	}
	kernel_explain(room.kernel, &room.plan, &problems);
	ck_assert_uint_eq(problems.count, 2);
	run("ip link show br-lan up | grep -q br-lan"); /* the rest came up */
	problem_list_free(&problems);
}
END_TEST

#define MANY 300

static void want_many(struct state *desired, enum link_kind kind)
{
	char name[IFNAMSIZ];

	for (unsigned int i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "m%u", i);
		struct link *link = want_link(desired, name, kind);
		object_give_text(link, LINK_LOWER, lower, "v0");
		object_give(link, LINK_MACVLAN_MODE, macvlan_mode, MACVLAN_MODE_PRIVATE);
		object_give(link, LINK_MAC, mac,
			((struct mac){{2, 9, 0, 0, (uint8_t)(i >> 8), (uint8_t)i}}));
		object_give(link, LINK_ADDR_GEN_MODE, addr_gen_mode, IN6_ADDR_GEN_MODE_NONE);
	}
}

/* More links than one batch holds, and a deletion by group. */
START_TEST(test_many_links)
{
	CLEANUP(state_free) struct state desired = {0};
	CLEANUP(state_free) struct state nothing = {0};

	if (!room.ready) {
		return;
	}
	run("ip link set v0 up");
	want_many(&desired, LINK_MACVLAN);
	ck_assert_uint_eq(mend(&desired), MANY);
	ck_settled(&desired);
	run("test $(ip -o link show type macvlan up | wc -l) = 300");
	run("ip link delete m7");
	ck_assert_uint_eq(mend(&desired), 1);
	ck_settled(&desired);
	ck_assert_uint_eq(mend(&nothing), MANY);
	ck_settled(&nothing);
	run("test -z \"$(ip -o link show type macvlan)\"");
}
END_TEST

START_TEST(test_notifications)
{
	if (!room.ready) {
		return;
	}
	(void)hear_all(HEAR_RTNL);
	run("ip link set v0 up; ip link set v1 up");
	ck_assert_int_eq(hear(HEAR_RTNL), KERNEL_CHANGED);
	run("ip address add 10.5.0.1/24 dev v0");
	ck_assert_int_eq(hear(HEAR_RTNL), KERNEL_CHANGED);
	run("ip rule add from 10.5.0.1 lookup 170");
	ck_assert_int_eq(hear(HEAR_RTNL), KERNEL_CHANGED);
	/* A routing daemon at work: by next hops, and in tables that are not ours. */
	run("sleep 3"); /* until the link-local addresses have settled */
	(void)hear(HEAR_RTNL);
	run("ip route add 10.6.0.0/16 via 10.5.0.2; ip route del 10.6.0.0/16;"
	    "ip route add 10.6.0.0/16 dev v0 table 77; ip route add default via 10.5.0.2");
	ck_assert_int_eq(hear(HEAR_RTNL), KERNEL_NOTHING);
	run("ip route add 10.6.0.0/16 dev v0 table 170");
	ck_assert_int_eq(hear(HEAR_RTNL), KERNEL_CHANGED);
}
END_TEST

static bool table_has_route(uint32_t table)
{
	bool found = false;

	observe();
	for (size_t i = 0; i < state_count(&room.observed, OBJECT_ROUTE); i++) {
		const struct route *route = state_at(&room.observed, OBJECT_ROUTE, i);

		found = found || route->key.table == table;
	}
	return found;
}

/* A table that was empty is not read again, until something comes into it. */
START_TEST(test_tables_fill)
{
	static const uint32_t tables[] = {STATE_TABLE_ANYCAST, STATE_TABLE_INTERNET,
		STATE_TABLE_WARM, STATE_TABLE_UPLINK, STATE_TABLE_OFFER, STATE_TABLE_WITHDRAWN};
	char command[128];

	if (!room.ready) {
		return;
	}
	run("ip link set v0 up; ip link set v1 up");
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		for (int family = 4; family <= 6; family += 2) {
			const char *network = family == 4 ? "10.6.0.0/16" : "fd06::/64";

			ck_assert(!table_has_route(tables[i]));
			snprintf(command, sizeof(command), "ip -%d route add %s dev v0 table %u",
				family, network, tables[i]);
			run(command);
			(void)hear_all(HEAR_RTNL);
			ck_assert_msg(table_has_route(tables[i]), "%s", command);
			snprintf(command, sizeof(command), "ip -%d route del %s dev v0 table %u",
				family, network, tables[i]);
			run(command);
		}
	}
}
END_TEST

/* Another program at work all the time: what is read is never torn, and we never give up for good.
 */
START_TEST(test_storm)
{
	CLEANUP(state_free) struct state desired = {0};
	size_t settled = 0;

	if (!room.ready) {
		return;
	}
	want_all(&desired);
	(void)mend(&desired);
	run("(for i in $(seq 300); do ip link add s$i type veth peer name t$i; done;"
	    "for i in $(seq 300); do ip link delete s$i; done) >/dev/null 2>&1 &");
	for (int i = 0; i < 200; i++) {
		settled += mend(&desired) == 0;
	}
	ck_assert_uint_eq(settled, 200);
	while (system("ip -o link show type veth 2>/dev/null | grep -q ': s[0-9]'") == 0) {
	}
	ck_assert_int_eq(hear_all(HEAR_RTNL), KERNEL_CHANGED);
	ck_settled(&desired);
}
END_TEST

/* Notifications that are not read in time are lost, and we are told. */
START_TEST(test_overrun)
{
	int fds[KERNEL_FDS];
	int size = 4096;
	int events = 0;

	if (!room.ready) {
		return;
	}
	kernel_fds(room.kernel, fds);
	ck_assert_int_eq(setsockopt(fds[0], SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)), 0);
	run("for i in 1 2 3 4 5 6 7 8; do ip link set v0 up; ip link set v0 down; done");
	for (int i = 0; i < 100 && !(events & KERNEL_OVERRUN); i++) {
		events |= hear(HEAR_RTNL);
	}
	ck_assert(events & KERNEL_OVERRUN);
	(void)hear_all(HEAR_RTNL);
	run("ip link set v0 up");
	ck_assert_int_eq(hear(HEAR_RTNL), KERNEL_CHANGED); /* it hears again */
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("rtnl on the running kernel");
	TCase *tests = tcase_create("rtnl");

	tcase_add_checked_fixture(tests, open_room, close_room);
	tcase_set_timeout(tests, 900); /* an emulated clock may run ahead */
	tcase_add_test(tests, test_everything_comes_up);
	tcase_add_loop_test(tests, test_drift, 0, ARRAY_SIZE(drifts));
	tcase_add_test(tests, test_foreign_stays);
	tcase_add_test(tests, test_failures_are_named);
	tcase_add_test(tests, test_many_links);
	tcase_add_test(tests, test_notifications);
	tcase_add_test(tests, test_tables_fill);
	tcase_add_test(tests, test_storm);
	tcase_add_test(tests, test_overrun);
	suite_add_tcase(suite, tests);
	return suite;
}
