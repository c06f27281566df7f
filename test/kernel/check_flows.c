/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flows that change their way: a client of the node talks to servers first through a link without
 * masquerading, then through one with it. Needs root; without it the tests pass by doing nothing
 * and say so. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/cleanup.h"
#include "core/nat.h"
#include "kernel/codec_conntrack.h"
#include "kernel/fixture.h"
#include "kernel/netlink.h"
#include "kernel/talk.h"
#include "unit/check_main.h"

static struct state desired;

static void want_nat(void)
{
	static const char links[][IFNAMSIZ] = {"wan0"};
	struct nat_request request = {.masquerade_ipv4 = links,
		.masquerade_ipv4_count = 1,
		.masquerade_ipv6 = links,
		.masquerade_ipv6_count = 1};

	ck_assert_int_eq(nat_build(&request, &desired.nat), 0);
	mend(&desired);
}

static void setup(void)
{
	open_room();
	if (room.ready) {
		talk_start();
		want_nat();
	}
}

static void teardown(void)
{
	if (room.ready) {
		talk_stop();
	}
	state_free(&desired);
	close_room();
}

/* --- what the kernel tracks --- */

struct search {
	struct ip destination;
	uint32_t id;
	size_t count;
};

static int on_flow(const struct nlmsghdr *message, void *context)
{
	struct search *search = context;
	struct codec_flow flow;

	ck_assert_int_eq(codec_conntrack_decode(message, &flow), 0);
	ck_assert_ptr_nonnull(flow.key.id);
	if (memcmp(&flow.destination, &search->destination, sizeof(flow.destination)) == 0) {
		search->id = mnl_attr_get_u32(flow.key.id);
		search->count++;
	}
	return 0;
}

/* The kernel's number of the one flow to a destination. */
static uint32_t id_of(const char *destination)
{
	char bytes[MNL_NLMSG_HDRLEN + 64];
	struct nlmsghdr *message = mnl_nlmsg_put_header(bytes);
	struct search search = {0};
	struct netlink netlink;

	ck_assert_int_eq(ip_parse(destination, &search.destination), 0);
	message->nlmsg_type = (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_GET;
	struct nfgenmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->nfgen_family = search.destination.family;
	ck_assert_int_eq(netlink_open(&netlink, NETLINK_NETFILTER), 0);
	ck_assert_int_eq(netlink_request(&netlink, message, NLM_F_DUMP, on_flow, &search), 0);
	netlink_close(&netlink);
	ck_assert_uint_eq(search.count, 1);
	return search.id;
}

static int begin_to_forget(const char *const networks[], size_t count)
{
	struct prefix prefixes[4];

	for (size_t i = 0; i < count; i++) {
		ck_assert_int_eq(prefix_parse(networks[i], &prefixes[i]), 0);
	}
	return kernel_forget_flows(room.kernel, prefixes, count);
}

static void forget(const char *const networks[], size_t count)
{
	int result = begin_to_forget(networks, count);

	while (result == 1) { /* a slow machine */
		result = kernel_forget_more(room.kernel);
	}
	ck_assert_int_eq(result, 0);
}

static const char *const mesh[] = {"10.13.0.0/16", "fd13::/16"};

/* --- tests --- */

/* Who is where, by family. */
static const struct {
	const char *client;
	const char *uplink;
	const char *server;
	const char *masqueraded; /* servers: by the uplink from the start, and within the mesh */
	const char *near;
	const char *others[2]; /* networks that the client is not in */
} sides[] = {
	{"10.13.0.2", "198.51.100.7", "203.0.113.1", "203.0.113.2", "10.99.0.1",
		{"10.12.0.0/16", "10.13.0.3/32"}},
	{"fd13::2", "2001:db8:7::7", "2001:db8::1", "2001:db8::2", "fd99::1",
		{"fd13:0:0:1::/64", "10.13.0.0/16"}},
};

/* All by the tunnel, except the flow that is to be masqueraded from the start. */
static void route_by_tunnel(void)
{
	run("ip route replace default via 10.14.0.2; ip -6 route replace default via fd14::2;"
	    "ip route add 203.0.113.2 via 198.51.100.1; ip route add 10.99.0.1 via 10.14.0.2;"
	    "ip -6 route add 2001:db8::2 via 2001:db8:7::1;"
	    "ip -6 route add fd99::1 via fd14::2");
}

static void route_by_uplink(void)
{
	run("ip route replace default via 198.51.100.1;"
	    "ip -6 route replace default via 2001:db8:7::1");
}

START_TEST(test_flow_is_masqueraded_on_its_new_way)
{
	if (!room.ready) {
		return;
	}
	route_by_tunnel();
	struct talk moving = talk_open(sides[_i].server, 5000);
	struct talk masqueraded = talk_open(sides[_i].masqueraded, 5001);
	struct talk near = talk_open(sides[_i].near, 5002);
	ck_talk(&moving, sides[_i].client);
	ck_talk(&masqueraded, sides[_i].uplink);
	ck_talk(&near, sides[_i].client);
	uint32_t before = id_of(sides[_i].server);
	uint32_t kept[] = {id_of(sides[_i].masqueraded), id_of(sides[_i].near)};

	route_by_uplink();
	ck_talk(&moving, sides[_i].client); /* what is to be mended */
	forget(sides[_i].others, 2);
	ck_talk(&moving, sides[_i].client);
	ck_assert_uint_eq(id_of(sides[_i].server), before);

	forget(mesh, 2);
	ck_assert_int_eq(talk_tracked(sides[_i].client, sides[_i].server), 0);
	ck_assert_uint_eq(id_of(sides[_i].masqueraded), kept[0]);
	ck_assert_uint_eq(id_of(sides[_i].near), kept[1]);
	ck_talk(&moving, sides[_i].uplink);
	ck_talk(&masqueraded, sides[_i].uplink);
	ck_talk(&near, sides[_i].client);
	ck_assert_int_eq(talk_tracked(sides[_i].client, sides[_i].server), 1);

	/* And now that it is masqueraded it stays. */
	before = id_of(sides[_i].server);
	forget(mesh, 2);
	ck_assert_uint_eq(id_of(sides[_i].server), before);
}
END_TEST

/* Tracking begins when the table comes, maybe with a packet from the other side. */
START_TEST(test_flow_tracked_from_its_answer)
{
	struct sockaddr_storage name;
	char byte;

	if (!room.ready) {
		return;
	}
	route_by_tunnel();
	struct talk talk = talk_open(sides[_i].server, 5000);
	socklen_t length = talk_name(sides[_i].client, 5000, &name);
	ck_assert_int_eq(sendto(talk.server, "y", 1, 0, (void *)&name, length), 1);
	ck_assert_int_eq(recv(talk.client, &byte, 1, 0), 1);
	ck_assert_int_eq(talk_tracked(sides[_i].server, sides[_i].client), 1);
	route_by_uplink();
	ck_talk(&talk, sides[_i].client);
	forget(mesh, 2);
	ck_assert_int_eq(talk_tracked(sides[_i].server, sides[_i].client), 0);
	ck_talk(&talk, sides[_i].uplink);
}
END_TEST

/* --- very many --- */

#define MANY 65536

/* Fewer where the kernel tracks fewer, lest it drops some by itself. */
static uint32_t how_many(void)
{
	FILE *file = fopen("/proc/sys/net/netfilter/nf_conntrack_max", "re");
	uint32_t most = 0;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%u", &most), 1);
	fclose(file);
	return most / 4 < MANY ? most / 4 : MANY;
}

static void put_tuple(struct nlmsghdr *message, uint16_t type, const uint32_t addresses[2],
	const uint16_t ports[2])
{
	struct nlattr *tuple = mnl_attr_nest_start(message, type);
	struct nlattr *nest = mnl_attr_nest_start(message, CTA_TUPLE_IP);

	mnl_attr_put_u32(message, CTA_IP_V4_SRC, htonl(addresses[0]));
	mnl_attr_put_u32(message, CTA_IP_V4_DST, htonl(addresses[1]));
	mnl_attr_nest_end(message, nest);
	nest = mnl_attr_nest_start(message, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(message, CTA_PROTO_NUM, IPPROTO_UDP);
	mnl_attr_put_u16(message, CTA_PROTO_SRC_PORT, htons(ports[0]));
	mnl_attr_put_u16(message, CTA_PROTO_DST_PORT, htons(ports[1]));
	mnl_attr_nest_end(message, nest);
	mnl_attr_nest_end(message, tuple);
}

static void on_made(void *context, void *owner, int error, const char *text)
{
	(void)context;
	(void)owner;
	ck_assert_msg(error == 0, "%s: %s", strerror(-error), text != NULL ? text : "");
}

/* From 10.13.X.Y to a destination. */
static void track_many(uint32_t count, uint32_t destination)
{
	struct netlink netlink;
	struct batch batch;

	ck_assert_int_eq(netlink_open(&netlink, NETLINK_NETFILTER), 0);
	ck_assert_int_eq(batch_open(&batch, &netlink, on_made, NULL), 0);
	for (uint32_t i = 0; i < count; i++) {
		const uint32_t addresses[] = {0x0a0d0000 | i, destination, 0x0a0d0000 | i};
		const uint16_t ports[] = {5000, 7, 5000};
		struct nlmsghdr *message =
			batch_begin(&batch, NULL, (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_NEW,
				NLM_F_CREATE | NLM_F_EXCL);
		struct nfgenmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
		head->nfgen_family = AF_INET;
		put_tuple(message, CTA_TUPLE_ORIG, addresses, ports);
		put_tuple(message, CTA_TUPLE_REPLY, addresses + 1, ports + 1);
		mnl_attr_put_u32(message, CTA_TIMEOUT, htonl(600));
	}
	ck_assert_int_eq(batch_flush(&batch), 0);
	batch_close(&batch);
	netlink_close(&netlink);
}

static double now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return 1e3 * (double)now.tv_sec + 1e-6 * (double)now.tv_nsec;
}

/* How long it takes, and its longest step. */
struct timing {
	double whole;
	double longest;
	unsigned int steps;
};

static struct timing forget_timed(void)
{
	struct timing timing = {0};
	double start = now();
	double step = start;
	int result;

	do {
		result = timing.steps++ == 0 ? begin_to_forget(mesh, 2)
					     : kernel_forget_more(room.kernel);
		double end = now();
		timing.longest = end - step > timing.longest ? end - step : timing.longest;
		step = end;
	} while (result == 1);
	ck_assert_int_eq(result, 0);
	timing.whole = step - start;
	return timing;
}

static void show_timing(const char *what, const struct timing *timing)
{
	fprintf(stderr, "%s: %.1f ms in %u steps of at most %.1f ms\n", what, timing->whole,
		timing->steps, timing->longest);
}

static void ck_tracked(unsigned int count)
{
	char command[80];

	snprintf(command, sizeof(command), "test $(grep -c . /proc/net/nf_conntrack) = %u", count);
	run(command);
}

START_TEST(test_very_many_flows)
{
	if (!room.ready) {
		return;
	}
	uint32_t many = how_many();
	struct timing none = forget_timed();
	track_many(many, 0x0a630001); /* 10.99.0.1 */
	ck_tracked(many);
	struct timing kept = forget_timed();
	ck_tracked(many);
	track_many(many, 0xcb007101); /* 203.0.113.1 */
	ck_tracked(2 * many);
	struct timing gone = forget_timed();
	ck_tracked(many);
	fprintf(stderr, "many: %u\n", many);
	show_timing("no flow", &none);
	show_timing("many that stay", &kept);
	show_timing("many that stay and as many that go", &gone);
	ck_assert_uint_gt(gone.steps, 1);
}
END_TEST

/* Left off in the middle, and begun anew. */
START_TEST(test_begun_anew)
{
	if (!room.ready) {
		return;
	}
	uint32_t many = how_many();
	track_many(many, 0xcb007101);
	ck_assert_int_eq(begin_to_forget(mesh, 2), 1);
	ck_assert_int_eq(begin_to_forget(mesh, 1), 1);
	while (kernel_forget_more(room.kernel) == 1) {
	}
	ck_tracked(0);
	ck_assert_int_eq(kernel_forget_more(room.kernel), 0);
	track_many(many, 0xcb007101);
	ck_assert_int_eq(begin_to_forget(mesh, 2), 1); /* to the end of the room */
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("flows in the running kernel");
	TCase *tests = tcase_create("flows");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, test_flow_is_masqueraded_on_its_new_way, 0, ARRAY_SIZE(sides));
	tcase_add_loop_test(tests, test_flow_tracked_from_its_answer, 0, ARRAY_SIZE(sides));
	tcase_add_test(tests, test_very_many_flows);
	tcase_add_test(tests, test_begun_anew);
	suite_add_tcase(suite, tests);
	return suite;
}
