/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table "inet meshd" beside "bridge meshd" in the running kernel: made, read back, listed by
 * nft, mended one without the other, and met by real connections. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <libnftnl/common.h>

#include "base/cleanup.h"
#include "core/nat.h"
#include "core/ruleset.h"
#include "kernel/fixture.h"
#include "kernel/namespaces.h"
#include "kernel/netlink.h"
#include "kernel/nft_tool.h"
#include "unit/check_main.h"

static struct state desired;

static void want_bridge_rules(bool anycast)
{
	static const uint16_t vlans[] = {29};
	struct ruleset_request request = {.mesh = "bat0",
		.anycast = anycast,
		.vlan_protocol = 0x8100,
		.mesh_vlans = vlans,
		.mesh_vlan_count = 1};

	ruleset_free(&desired.ruleset);
	ck_assert_int_eq(ruleset_build(&request, &desired.ruleset), 0);
}

static void want_nat(size_t uplinks)
{
	static const char links[][IFNAMSIZ] = {"wan0", "wwan0", "anygw", "br-lan"};
	struct nat_request request = {.masquerade_ipv4 = links,
		.masquerade_ipv4_count = uplinks,
		.masquerade_ipv6 = links,
		.masquerade_ipv6_count = uplinks,
		.lan = links + 2,
		.lan_count = 2};

	ruleset_free(&desired.nat);
	ck_assert_int_eq(nat_build(&request, &desired.nat), 0);
}

static void setup(void)
{
	open_room();
	if (room.ready) {
		want_bridge_rules(true);
		want_nat(1);
	}
}

static void teardown(void)
{
	state_free(&desired);
	close_room();
}

/* With handles, so that a table that was made anew shows. */
static char *list(const char *table)
{
	char command[80];

	snprintf(command, sizeof(command), "nft -a -s list table %s", table);
	return output_of(command);
}

static void ck_only_op(enum op_verb verb, enum object_type type)
{
	ck_assert_uint_eq(room.plan.count, 1);
	ck_assert_int_eq(room.plan.ops[0].verb, verb);
	ck_assert_int_eq(room.plan.ops[0].type, type);
}

/* Has something changed that concerns us? All notifications are taken. */
static bool heard(void)
{
	int fds[KERNEL_FDS];
	bool heard = false;

	kernel_fds(room.kernel, fds);
	struct pollfd waiting = {.fd = fds[2], .events = POLLIN};
	while (poll(&waiting, 1, 0) > 0) {
		heard = kernel_on_readable(room.kernel, fds[2]) == KERNEL_CHANGED || heard;
	}
	return heard;
}

START_TEST(kernel_and_tool_agree)
{
	if (!room.ready) {
		return;
	}
	for (size_t uplinks = 0; uplinks <= 2; uplinks++) {
		want_nat(uplinks);
		mend(&desired);
		ck_settled(&desired);
		nft_tool_compare(NFT_TABLE_INET, &desired.nat);
		nft_tool_compare(NFT_TABLE_BRIDGE, &desired.ruleset);
	}
}
END_TEST

static int take_generation(const struct nlmsghdr *message, void *context)
{
	struct nlattr *attr;

	mnl_attr_for_each (attr, message, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == NFTA_GEN_ID) {
			*(uint32_t *)context = ntohl(mnl_attr_get_u32(attr));
		}
	}
	return 0;
}

/* The kernel counts every transaction. */
static uint32_t generation(void)
{
	char bytes[64];
	struct netlink netlink;
	uint32_t number = 0;
	struct nlmsghdr *message =
		nftnl_nlmsg_build_hdr(bytes, NFT_MSG_GETGEN, NFPROTO_UNSPEC, 0, 0);

	ck_assert_int_eq(netlink_open(&netlink, NETLINK_NETFILTER), 0);
	ck_assert_int_eq(netlink_request(&netlink, message, NLM_F_ACK, take_generation, &number),
		0);
	netlink_close(&netlink);
	return number;
}

START_TEST(both_come_and_go_at_once)
{
	if (!room.ready) {
		return;
	}
	uint32_t before = generation();
	ck_assert_uint_eq(mend(&desired), 2);
	uint32_t after = generation();
	ck_assert_uint_eq(after, before + 1);
	desired.nat.present = desired.ruleset.present = false;
	ck_assert_uint_eq(mend(&desired), 2);
	ck_assert_uint_eq(generation(), after + 1);
	run("test -z \"$(nft list ruleset)\"");
	ck_settled(&desired);
}
END_TEST

START_TEST(each_is_left_alone_when_the_other_changes)
{
	if (!room.ready) {
		return;
	}
	mend(&desired);
	CLEANUP(cleanup_free) char *bridge = list("bridge meshd");
	want_nat(2);
	ck_assert_uint_eq(mend(&desired), 1);
	ck_only_op(OP_SET, OBJECT_NAT);
	CLEANUP(cleanup_free) char *bridge_after = list("bridge meshd");
	ck_assert_str_eq(bridge, bridge_after);

	CLEANUP(cleanup_free) char *nat = list("inet meshd");
	want_bridge_rules(false);
	ck_assert_uint_eq(mend(&desired), 1);
	ck_only_op(OP_SET, OBJECT_RULESET);
	CLEANUP(cleanup_free) char *nat_after = list("inet meshd");
	ck_assert_str_eq(nat, nat_after);

	desired.nat.present = false; /* no longer wanted */
	ck_assert_uint_eq(mend(&desired), 1);
	ck_only_op(OP_DELETE, OBJECT_NAT);
	run("nft list tables | grep -qx 'table bridge meshd' && ! nft list table inet meshd 2>&-");
}
END_TEST

static const char *const meddlings[] = {
	"nft delete table inet meshd",
	"nft flush table inet meshd",
	"nft flush chain inet meshd forward",
	"nft insert rule inet meshd forward counter drop comment mine",
	"nft add rule inet meshd postrouting oifname wan0 counter masquerade random comment x",
	("nft delete rule inet meshd postrouting handle $(nft -a list table inet meshd |"
	 " sed -n 's/.*masquerade-ipv6-wan0.*handle //p')"),
	"nft 'chain inet meshd forward { policy drop; }'",
	"nft add chain inet meshd other",
	"nft 'add table inet meshd { flags dormant; }'",
};

START_TEST(meddling_is_noticed_and_mended)
{
	if (!room.ready) {
		return;
	}
	mend(&desired);
	ck_assert(heard());
	ck_settled(&desired);
	ck_assert(!heard());
	CLEANUP(cleanup_free) char *bridge = list("bridge meshd");
	run(meddlings[_i]);
	ck_assert_msg(heard(), "%s", meddlings[_i]);
	ck_assert_uint_eq(mend(&desired), 1);
	ck_only_op(_i == 0 ? OP_CREATE : OP_SET, OBJECT_NAT);
	ck_settled(&desired);
	nft_tool_compare(NFT_TABLE_INET, &desired.nat);
	CLEANUP(cleanup_free) char *after = list("bridge meshd");
	ck_assert_str_eq(bridge, after);
}
END_TEST

START_TEST(flushed_ruleset_comes_back_whole)
{
	if (!room.ready) {
		return;
	}
	mend(&desired);
	run("nft add table inet meshd2; nft flush ruleset; nft add table ip meshd");
	ck_assert(heard());
	ck_assert_uint_eq(mend(&desired), 2);
	ck_settled(&desired);
	run("nft list tables | grep -qx 'table ip meshd'");
}
END_TEST

/* What the kernel refuses of one table does not keep the other away. */
START_TEST(refused_nat_leaves_the_bridge_rules)
{
	struct problem_list problems = {0};

	if (!room.ready) {
		return;
	}
	text_copy(desired.nat.chains[0].type, sizeof(desired.nat.chains[0].type), "nonesuch");
	observe();
	ck_assert_int_eq(diff_plan(&desired, &room.observed, 0, &room.plan), 0);
	ck_assert_int_eq(kernel_apply(room.kernel, &room.plan, &room.observed), 1);
	ck_assert_int_eq(room.plan.ops[0].error, 0);
	ck_assert_int_eq(room.plan.ops[1].error, -ENOENT);
	ck_assert_msg(strncmp(room.plan.ops[1].message,
			      "chain postrouting in table inet meshd: ", 39) == 0,
		"%s", room.plan.ops[1].message);
	kernel_explain(room.kernel, &room.plan, &problems);
	ck_assert_uint_eq(problems.count, 1);
	ck_assert_str_eq(problems.items[0].object, "nft_chain_nat");
	problem_list_free(&problems);
	nft_tool_compare(NFT_TABLE_BRIDGE, &desired.ruleset);
	run("! nft list table inet meshd 2>&-");
}
END_TEST

/* It came between reading and writing: what is there must not be added to. */
START_TEST(table_that_came_meanwhile_is_replaced)
{
	if (!room.ready) {
		return;
	}
	observe();
	ck_assert_int_eq(diff_plan(&desired, &room.observed, 0, &room.plan), 0);
	run("nft add table inet meshd; nft add chain inet meshd mine");
	ck_assert_int_eq(kernel_apply(room.kernel, &room.plan, &room.observed), 0);
	ck_settled(&desired);
	nft_tool_compare(NFT_TABLE_INET, &desired.nat);
}
END_TEST

/* --- real connections: a client behind br-lan, a server behind wan0 --- */

/* The uplink takes 1400 bytes only; nobody tells the client or the server. */
static void connect_namespaces(void)
{
	run("ip link add br-lan type veth peer name lan0 netns $CLIENT;"
	    "ip link add wan0 mtu 1400 type veth peer name inet0 mtu 1500 netns $SERVER;"
	    "ip address add 10.1.0.1/24 dev br-lan; ip address add 10.2.0.1/24 dev wan0;"
	    "ip address add fd01::1/64 dev br-lan nodad; ip address add fd02::1/64 dev wan0 nodad;"
	    "ip link set br-lan up; ip link set wan0 up;"
	    "echo 1 >/proc/sys/net/ipv4/ip_forward;"
	    "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding");
	run(IN_CLIENT "sh -ec 'ip address add 10.1.0.2/24 dev lan0; ip link set lan0 up;"
		      "ip address add fd01::2/64 dev lan0 nodad;"
		      "ip route add default via 10.1.0.1; ip route add default via fd01::1'");
	run(IN_SERVER "sh -ec 'ip address add 10.2.0.2/24 dev inet0; ip link set inet0 up;"
		      "ip address add fd02::2/64 dev inet0 nodad'");
}

/* The client sends 50000 bytes and takes 200000. Prints what the server sees of the client, and
 * the segment sizes of both. */
static const char *const script =
	"import os, socket, subprocess, sys\n"
	"address = sys.argv[1]\n"
	"family = socket.AF_INET6 if ':' in address else socket.AF_INET\n"
	"def into(pid):\n"
	"    fd = os.open(f'/proc/{pid}/ns/net', os.O_RDONLY)\n"
	"    import ctypes\n"
	"    assert ctypes.CDLL(None).setns(fd, 0) == 0\n"
	"into(os.environ['SERVER'])\n"
	"server = socket.create_server((address, 8080), family=family)\n"
	"if os.fork() == 0:\n"
	"    into(os.environ['CLIENT'])\n"
	"    client = socket.create_connection((address, 8080), timeout=10)\n"
	"    size = client.getsockopt(6, 2)\n"
	"    if size > 1360: os._exit(1)\n" /* its bytes would not arrive */
	"    client.sendall(b'x' * 50000)\n"
	"    client.shutdown(socket.SHUT_WR)\n"
	"    while client.recv(65536): pass\n"
	"    os._exit(0)\n"
	"server.settimeout(10)\n"
	"link, peer = server.accept()\n"
	"link.settimeout(10)\n"
	"while link.recv(65536): pass\n"
	"size = link.getsockopt(6, 2)\n"
	"if size <= 1360: link.sendall(b'x' * 200000)\n"
	"link.close()\n"
	"small = os.wait()[1] == 0\n"
	"print(peer[0], 'small' if small and size <= 1360 else f'large {size}')\n";

static void ck_connection(const char *address, const char *expected)
{
	char command[80];

	ck_assert_int_eq(setenv("SCRIPT", script, 1), 0);
	snprintf(command, sizeof(command), "python3 -c \"$SCRIPT\" %s", address);
	CLEANUP(cleanup_free) char *seen = output_of(command);
	ck_assert_str_eq(seen, expected);
}

/* The sum over the LAN's links, of which the second has the traffic. */
static uint64_t counted(const char *rule)
{
	uint64_t bytes = 0;

	ck_assert_int_eq(kernel_nat_counter(room.kernel, rule, &bytes), 0);
	return bytes;
}

START_TEST(connections_are_translated_clamped_and_counted)
{
	struct neighbours neighbours;
	uint64_t bytes;

	if (!room.ready) {
		return;
	}
	neighbours_start(&neighbours);
	connect_namespaces();
	run(IN_SERVER "sh -ec 'ip route add 10.1.0.0/24 via 10.2.0.1;"
		      "ip route add fd01::/64 via fd02::1'");
	ck_connection("10.2.0.2",
		"10.1.0.2 large 1448\n"); /* so that a pass below means something */
	ck_assert_int_eq(kernel_nat_counter(room.kernel, "own-down-wan0", &bytes), -ENOENT);

	mend(&desired);
	ck_assert_uint_eq(counted("own-down-wan0"), 0);
	ck_connection("10.2.0.2", "10.2.0.1 small\n");
	uint64_t down = counted("own-down-wan0");
	uint64_t up = counted("own-up-wan0");
	ck_assert_uint_gt(down, 200000);
	ck_assert_uint_lt(down, 250000);
	ck_assert_uint_gt(up, 50000);
	ck_assert_uint_lt(up, 100000);
	ck_connection("fd02::2", "fd02::1 small\n");
	ck_assert_uint_gt(counted("own-down-wan0"), down + 200000);
	ck_assert_int_eq(kernel_nat_counter(room.kernel, "own-down-wan", &bytes), -ENOENT);
	neighbours_stop(&neighbours);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("nat in the kernel");
	TCase *tests = tcase_create("nat");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, kernel_and_tool_agree);
	tcase_add_test(tests, both_come_and_go_at_once);
	tcase_add_test(tests, each_is_left_alone_when_the_other_changes);
	tcase_add_loop_test(tests, meddling_is_noticed_and_mended, 0, ARRAY_SIZE(meddlings));
	tcase_add_test(tests, flushed_ruleset_comes_back_whole);
	tcase_add_test(tests, refused_nat_leaves_the_bridge_rules);
	tcase_add_test(tests, table_that_came_meanwhile_is_replaced);
	tcase_add_test(tests, connections_are_translated_clamped_and_counted);
	suite_add_tcase(suite, tests);
	return suite;
}
