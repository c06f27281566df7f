/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VLANs and batman-adv on the kernel that runs; the judges are `ip -d -j` and batctl. Without the
 * modules the tests do nothing and say so. */
#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/fixture.h"
#include "unit/check_main.h"

static bool have_modules(void)
{
	if (!room.ready) {
		return false;
	}
	if (system("ip link add x0 type batadv 2>/dev/null && ip link del x0 &&"
		   "ip link add link v0 x0 type vlan id 5 2>/dev/null && ip link del x0") != 0) {
		fprintf(stderr, "skipped: this kernel has no batman-adv or no 8021q\n");
		return false;
	}
	return true;
}

static void want_vlan(struct state *desired, const char *lower, uint16_t vid, uint16_t protocol)
{
	char name[IFNAMSIZ];

	(void)snprintf(name, sizeof(name), "%.8s.%u", lower, vid);
	struct link *link = want_link(desired, name, LINK_VLAN);
	object_give_text(link, LINK_LOWER, lower, lower);
	object_give(link, LINK_VLAN_ID, vlan_id, vid);
	object_give(link, LINK_VLAN_PROTOCOL, vlan_protocol, protocol);
	object_give(link, LINK_MTU, mtu, 1528);
	object_give(link, LINK_ADDR_GEN_MODE, addr_gen_mode, IN6_ADDR_GEN_MODE_NONE);
	object_give_text(link, LINK_MASTER, master, "bat0");
	object_give(link, LINK_MAC, mac,
		((struct mac){{2, 0, 0, (uint8_t)lower[1], (uint8_t)(vid >> 8), (uint8_t)vid}}));
}

static void want_mesh(struct state *desired)
{
	struct link *link = want_link(desired, "br-lan", LINK_BRIDGE);
	object_give(link, LINK_MAC, mac, ((struct mac){{2, 0, 0, 0, 0, 7}}));
	link = want_link(desired, "bat0", LINK_BATADV);
	object_give(link, LINK_MAC, mac, ((struct mac){{2, 0, 0, 0, 0, 8}}));
	object_give_text(link, LINK_ALGORITHM, algorithm, "BATMAN_IV");
	object_give_text(link, LINK_MASTER, master, "br-lan");
	object_give(link, LINK_MULTICAST_ROUTER, multicast_router, 2);
	object_give(link, LINK_MTU, mtu, 1500);

	link = state_add_link(desired, "v0");
	link->head.flags = OBJECT_BORROWED;
	object_give(link, LINK_MTU, mtu, 1532);
	object_give(link, LINK_UP, up, 1);

	struct mesh *mesh = state_add(desired, OBJECT_MESH, "bat0\0\0\0\0\0\0\0\0\0\0\0");
	object_give(mesh, MESH_ORIG_INTERVAL, orig_interval, 2000);
	object_give(mesh, MESH_BRIDGE_LOOP_AVOIDANCE, bridge_loop_avoidance, 0);
	object_give(mesh, MESH_HOP_PENALTY, hop_penalty, 15);
	object_give(mesh, MESH_GW_MODE, gw_mode, 2);
	object_give(mesh, MESH_GW_BANDWIDTH_DOWN, gw_bandwidth_down, 100000);
	object_give(mesh, MESH_GW_BANDWIDTH_UP, gw_bandwidth_up, 2000);
	object_give(mesh, MESH_AGGREGATED_OGMS, aggregated_ogms, 0);
	object_give(mesh, MESH_ISOLATION_MARK, isolation_mark, 0x10);
	object_give(mesh, MESH_ISOLATION_MASK, isolation_mask, 0xff);
	object_give(mesh, MESH_MULTICAST_FANOUT, multicast_fanout, 8);
}

static void want_hardif(struct state *desired, const char *name)
{
	char key[IFNAMSIZ];

	text_copy(key, sizeof(key), name);
	struct hardif *hardif = state_add(desired, OBJECT_HARDIF, key);
	object_give(hardif, HARDIF_HOP_PENALTY, hop_penalty, 7);
	object_give(hardif, HARDIF_ELP_INTERVAL, elp_interval, 800);
	object_give(hardif, HARDIF_THROUGHPUT_OVERRIDE, throughput_override, 55);
}

static void want_node(struct state *desired)
{
	room.mesh = "bat0";
	want_mesh(desired);
	want_vlan(desired, "v0", 29, ETH_P_8021Q);
	want_vlan(desired, "v0", 30, ETH_P_8021AD);
	want_hardif(desired, "v0.29");
}

static void bring_up(struct state *desired)
{
	want_node(desired);
	(void)mend(desired);
	ck_settled(desired);
}

START_TEST(test_node_comes_up)
{
	CLEANUP(state_free) struct state desired = {0};

	if (!have_modules()) {
		return;
	}
	bring_up(&desired);
	ck_text("ip -d -j link show v0.29", "linkinfo.info_kind", "vlan");
	ck_text("ip -d -j link show v0.29", "linkinfo.info_data.protocol", "802.1Q");
	ck_number("ip -d -j link show v0.29", "linkinfo.info_data.id", 29);
	ck_text("ip -d -j link show v0.29", "master", "bat0");
	ck_text("ip -d -j link show v0.29", "address", "02:00:00:30:00:1d");
	ck_text("ip -d -j link show v0.29", "inet6_addr_gen_mode", "none");
	ck_number("ip -d -j link show v0.29", "mtu", 1528);
	ck_text("ip -d -j link show v0.30", "linkinfo.info_data.protocol", "802.1ad");
	ck_text("ip -d -j link show bat0", "master", "br-lan");
	ck_number("ip -d -j link show bat0", "linkinfo.info_slave_data.multicast_router", 2);
	run("test -z \"$(ip -6 address show dev v0.29)\""); /* never had a link-local */
	run("batctl meshif bat0 orig_interval | grep -qx 2000");
	run("batctl meshif bat0 bridge_loop_avoidance | grep -qx disabled");
	run("batctl meshif bat0 hop_penalty | grep -qx 15");
	run("batctl meshif bat0 gw_mode | grep -q 'server (announced bw: 10000.0/200.0 MBit)'");
	run("batctl meshif bat0 aggregation | grep -qx disabled");
	run("batctl meshif bat0 isolation_mark | grep -qx 0x00000010/0x000000ff");
	run("batctl meshif bat0 multicast_fanout | grep -qx 8");
	run("batctl hardif v0.29 hop_penalty | grep -qx 7");
	run("batctl hardif v0.29 elp_interval | grep -qx 800");
	run("batctl hardif v0.29 throughput_override | grep -q '5.5 MBit'");
}
END_TEST

static const char *const drifts[] = {
	"ip link delete v0.29",
	"ip link set v0.29 nomaster",
	"ip link set v0.30 down",
	"ip link set v0.29 mtu 1400",
	"ip link set v0.29 address 02:00:00:00:00:99",
	"ip link set v0.29 addrgenmode eui64",
	"ip link delete bat0",
	"ip link set bat0 nomaster",
	"ip link set bat0 mtu 1400",
	"ip link set bat0 address 02:00:00:00:00:98",
	"ip link delete br-lan",
	"batctl meshif bat0 orig_interval 1000",
	"batctl meshif bat0 gw_mode off",
	"batctl meshif bat0 isolation_mark 0x1/0x1",
	"batctl hardif v0.29 hop_penalty 0",
	"batctl hardif v0.29 throughput_override 0",
	"ip link delete bat0; ip link add bat0 type batadv ra BATMAN_V;"
	"ip link set bat0 alias meshd:old",
	"ip link delete v0.29; ip link add link v0 name v0.29 type vlan id 31;"
	"ip link set v0.29 alias meshd:old",
};

START_TEST(test_drift)
{
	CLEANUP(state_free) struct state desired = {0};

	if (!have_modules()) {
		return;
	}
	want_node(&desired);
	ck_mended_after(&desired, drifts[_i]);
}
END_TEST

#define MANY 100

static void want_many(struct state *desired)
{
	want_mesh(desired);
	for (uint16_t vid = 1; vid <= MANY; vid++) {
		char name[IFNAMSIZ];
		want_vlan(desired, "v0", vid, ETH_P_8021Q);
		(void)snprintf(name, sizeof(name), "v0.%u", vid);
		want_hardif(desired, name);
	}
}

START_TEST(test_many)
{
	CLEANUP(state_free) struct state desired = {0};
	CLEANUP(state_free) struct state less = {0};
	CLEANUP(state_free) struct state nothing = {0};

	if (!have_modules()) {
		return;
	}
	room.mesh = "bat0";
	want_many(&desired);
	(void)mend(&desired);
	ck_settled(&desired);
	want_mesh(&less);
	ck_assert_uint_eq(mend(&less), MANY);
	ck_settled(&less);
	(void)mend(&desired);
	ck_settled(&desired);
	ck_assert_uint_eq(mend(&nothing), MANY + 2);
	ck_settled(&nothing);
}
END_TEST

/* The other end of v0 in a second mesh of the same kernel. */
START_TEST(test_peers)
{
	CLEANUP(state_free) struct state desired = {0};
	struct mesh_peer *peers = NULL;
	size_t count = 0;

	if (!have_modules()) {
		return;
	}
	ck_assert_int_eq(kernel_mesh_peers(room.kernel, "bat0", &peers, &count), -ENODEV);
	want_node(&desired);
	(void)mend(&desired);
	run("ip link add bat1 type batadv; ip link set v1 up; ip link set v1 mtu 1532;"
	    "ip link add link v1 name p29 address 02:00:00:00:01:29 type vlan id 29;"
	    "ip link set p29 master bat1; ip link set p29 up; ip link set bat1 up");
	for (int i = 0; i < 100 && count == 0; i++) {
		free(peers);
		peers = NULL;
		run("sleep 0.1");
		int error = kernel_mesh_peers(room.kernel, "bat0", &peers, &count);
		ck_assert(error == 0 || error == -ENODEV); /* not active yet */
	}
	ck_assert_uint_ge(count, 1);
	const uint8_t expected[6] = {2, 0, 0, 0, 1, 0x29};
	ck_assert_mem_eq(peers[0].originator.bytes, expected, sizeof(expected));
	ck_assert_str_eq(peers[0].hardif, "v0.29");
	ck_assert(peers[0].neighbour);
	free(peers);
}
END_TEST

START_TEST(test_notifications)
{
	CLEANUP(state_free) struct state desired = {0};

	if (!have_modules()) {
		return;
	}
	bring_up(&desired);
	(void)hear_all(HEAR_BATADV);
	run("batctl meshif bat0 orig_interval 1000");
	ck_assert_int_eq(hear(HEAR_BATADV), KERNEL_CHANGED);
	ck_assert_int_eq(hear(HEAR_BATADV), KERNEL_NOTHING);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("batman-adv and VLANs on the running kernel");
	TCase *tests = tcase_create("batadv");

	tcase_add_checked_fixture(tests, open_room, close_room);
	tcase_set_timeout(tests, 900); /* an emulated clock may run ahead */
	tcase_add_test(tests, test_node_comes_up);
	tcase_add_loop_test(tests, test_drift, 0, ARRAY_SIZE(drifts));
	tcase_add_test(tests, test_many);
	tcase_add_test(tests, test_peers);
	tcase_add_test(tests, test_notifications);
	suite_add_tcase(suite, tests);
	return suite;
}
