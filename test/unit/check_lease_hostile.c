/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts that lie. */
#include <stdlib.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "unit/check_main.h"
#include "unit/lease_scene.h"

/* A fact of node 2 that is all right. */
static struct fact good_fact(size_t leases)
{
	struct lease_settings settings = scene_settings(2);
	struct fact fact = {
		.author = settings.mac,
		.source = settings.source,
		.incarnation = 5,
		.sequence = 1,
		.published = (int64_t)SCENE_WALL,
		.wall = (int64_t)SCENE_WALL,
		.ipv4 = settings.ipv4,
		.hostname = "node-2",
		.lease_count = leases,
	};

	fact.leases = calloc(leases + 1, sizeof(*fact.leases));
	for (size_t i = 0; i < leases; i++) {
		fact.leases[i] = (struct fact_lease){
			.address = 0x0a010002 + (uint32_t)i,
			.mac = scene_mac(0xcc, (unsigned int)i),
			.begin = fact.published - 100,
			.renewed = fact.published - 50,
			.remaining = 1000,
		};
	}
	return fact;
}

static enum lease_taken tell(struct scene_node *node, const struct fact *fact,
	const struct mac *source, double time)
{
	struct lease_now now = scene_now(node, time);
	enum lease_taken taken;
	uint8_t *bytes;
	size_t length;
	size_t left_out;

	ck_assert_int_eq(fact_build(fact, &bytes, &length, &left_out), 0);
	ck_assert_int_eq(lease_book_take(node->book, source, bytes, length, &now, &taken), 0);
	free(bytes);
	return taken;
}

static void check_dropped(const struct scene_node *node, enum lease_reason reason, uint64_t count)
{
	ck_assert_msg(node->book->dropped[reason] == count, "reason %d: %llu, not %llu",
		(int)reason, (unsigned long long)node->book->dropped[reason],
		(unsigned long long)count);
}

START_TEST(bad_leases_are_dropped_each_for_its_reason)
{
	struct scene_node node;
	struct fact fact = good_fact(10);

	scene_open(&node, 1);
	fact.leases[0].address = 0x08080808; /* outside */
	fact.leases[1].address = 0x0a010000; /* the network */
	fact.leases[2].address = 0x0a010001; /* the anycast address */
	fact.leases[3].mac = (struct mac){{0}};
	fact.leases[4].mac.bytes[0] |= 1; /* multicast */
	fact.leases[5].renewed = fact.leases[5].begin - 1;
	fact.leases[8].address = 0x0a01fff0; /* a node's part of the network */
	fact.leases[9].address = 0x0a01ffff; /* broadcast */
	ck_assert_int_eq(tell(&node, &fact, &fact.source, 10), LEASE_TAKEN);
	check_dropped(&node, LEASE_REASON_POOL, 5);
	check_dropped(&node, LEASE_REASON_MAC, 2);
	check_dropped(&node, LEASE_REASON_TIME, 1);
	scene_resolve(&node, 10);
	ck_assert_uint_eq(node.book->result.line_count, 2);
	fact_free(&fact);
	scene_close(&node);
}
END_TEST

START_TEST(network_broadcast_and_anycast_are_never_leased)
{
	struct scene_node node;
	struct lease_settings settings = scene_settings(1);
	struct fact fact = good_fact(3);

	scene_open(&node, 1);
	struct lease_now now = scene_now(&node, 0);
	settings.pool_first = scene_ip(0);
	settings.pool_last = scene_ip(0xffff);
	lease_book_set(node.book, &settings, &now);
	fact.leases[0].address = 0x0a010000;
	fact.leases[1].address = 0x0a010001;
	fact.leases[2].address = 0x0a01ffff;
	ck_assert_int_eq(tell(&node, &fact, &fact.source, 10), LEASE_TAKEN);
	check_dropped(&node, LEASE_REASON_RESERVED, 3);
	fact_free(&fact);
	scene_close(&node);
}
END_TEST

START_TEST(nobody_speaks_for_another)
{
	struct scene_node node;
	struct fact fact = good_fact(1);
	struct mac other = scene_source(3);

	scene_open(&node, 1);
	/* Not what alfred says. */
	ck_assert_int_eq(tell(&node, &fact, &other, 10), LEASE_REFUSED);
	check_dropped(&node, LEASE_REASON_SOURCE, 1);
	ck_assert_int_eq(tell(&node, &fact, &fact.source, 10), LEASE_TAKEN);
	/* The author is alive under its own source. */
	fact.source = other;
	fact.sequence = 100;
	ck_assert_int_eq(tell(&node, &fact, &other, 20), LEASE_REFUSED);
	check_dropped(&node, LEASE_REASON_AUTHOR, 1);
	/* Its bridge got another MAC long ago. */
	ck_assert_int_eq(tell(&node, &fact, &other, 400), LEASE_TAKEN);
	/* Us. */
	fact.author = node.mac;
	ck_assert_int_eq(tell(&node, &fact, &other, 400), LEASE_REFUSED);
	check_dropped(&node, LEASE_REASON_SELF, 1);
	/* Our own dataset, given back. */
	fact.source = scene_source(1);
	ck_assert_int_eq(tell(&node, &fact, &fact.source, 400), LEASE_UNCHANGED);
	fact_free(&fact);
	scene_close(&node);
}
END_TEST

START_TEST(old_copies_change_nothing)
{
	struct scene_node node;
	struct fact fact = good_fact(1);

	scene_open(&node, 1);
	fact.sequence = 10;
	ck_assert_int_eq(tell(&node, &fact, &fact.source, 10), LEASE_TAKEN);
	ck_assert_int_eq(tell(&node, &fact, &fact.source, 20), LEASE_UNCHANGED);
	ck_assert_double_eq(node.book->nodes[0].received, node.boot + 10);
	fact.sequence = 9;
	ck_assert_int_eq(tell(&node, &fact, &fact.source, 20), LEASE_REFUSED);
	/* It was started anew; then a copy from before. */
	fact.incarnation = 6;
	fact.sequence = 1;
	ck_assert_int_eq(tell(&node, &fact, &fact.source, 30), LEASE_TAKEN);
	fact.incarnation = 5;
	fact.sequence = 10;
	ck_assert_int_eq(tell(&node, &fact, &fact.source, 31), LEASE_REFUSED);
	check_dropped(&node, LEASE_REASON_STALE, 2);
	/* It goes on counting: it was the other that is old. */
	fact.sequence = 11;
	ck_assert_int_eq(tell(&node, &fact, &fact.source, 32), LEASE_TAKEN);
	fact.incarnation = 6;
	fact.sequence = 1;
	ck_assert_int_eq(tell(&node, &fact, &fact.source, 33), LEASE_REFUSED);
	fact_free(&fact);
	scene_close(&node);
}
END_TEST

START_TEST(a_flood_is_work_for_two_a_second)
{
	struct scene_node node;
	struct fact fact = good_fact(1);
	unsigned int taken = 0;

	scene_open(&node, 1);
	for (unsigned int i = 0; i < 1000; i++) {
		fact.sequence++;
		taken += tell(&node, &fact, &fact.source, 10 + i * 0.01) == LEASE_TAKEN;
	}
	ck_assert_uint_le(taken, 20 + 2 * 10 + 1);
	ck_assert_uint_ge(taken, 20 + 2 * 10 - 1);
	fact_free(&fact);
	scene_close(&node);
}
END_TEST

START_TEST(nodes_and_leases_are_bounded)
{
	struct scene_node node;
	struct fact fact = good_fact(600);

	scene_open(&node, 1);
	for (unsigned int i = 0; i < LEASE_NODES_MAX + 10; i++) {
		fact.author = scene_mac(0xaa, i + 2);
		fact.source = scene_source(i + 2);
		tell(&node, &fact, &fact.source, 10);
	}
	ck_assert_uint_eq(node.book->node_count, LEASE_NODES_MAX);
	ck_assert_uint_eq(node.book->claim_total, LEASE_MAX);
	check_dropped(&node, LEASE_REASON_NODES, 10);
	check_dropped(&node, LEASE_REASON_LEASES, 600 * LEASE_NODES_MAX - LEASE_MAX);
	scene_resolve(&node, 10);
	/* The silent make room. */
	ck_assert_int_eq(tell(&node, &fact, &fact.source, 1000), LEASE_TAKEN);
	ck_assert_uint_eq(node.book->node_count, LEASE_NODES_MAX);
	scene_resolve(&node, 5000);
	ck_assert_uint_eq(node.book->node_count, 0);
	fact_free(&fact);
	scene_close(&node);
}
END_TEST

START_TEST(a_node_outside_the_network_has_no_address)
{
	struct scene_node node;
	struct fact fact = good_fact(0);

	scene_open(&node, 1);
	fact.ipv4.ip.bytes[1] = 2;
	fact.ipv6 = (struct prefix){{AF_INET6, {0x20, 1}}, 64};
	ck_assert_int_eq(tell(&node, &fact, &fact.source, 10), LEASE_TAKEN);
	check_dropped(&node, LEASE_REASON_NODE_ADDRESS, 2);
	scene_resolve(&node, 10);
	ck_assert_uint_eq(node.book->result.label_count, 0);
	/* Nor the gateway's. */
	fact.sequence = 2;
	fact.ipv4.ip = scene_ip(1);
	tell(&node, &fact, &fact.source, 20);
	scene_resolve(&node, 20);
	ck_assert_uint_eq(node.book->result.label_count, 0);
	fact_free(&fact);
	scene_close(&node);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("lease_hostile");
	TCase *tests = tcase_create("lease_hostile");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, bad_leases_are_dropped_each_for_its_reason);
	tcase_add_test(tests, network_broadcast_and_anycast_are_never_leased);
	tcase_add_test(tests, nobody_speaks_for_another);
	tcase_add_test(tests, old_copies_change_nothing);
	tcase_add_test(tests, a_flood_is_work_for_two_a_second);
	tcase_add_test(tests, nodes_and_leases_are_bounded);
	tcase_add_test(tests, a_node_outside_the_network_has_no_address);
	suite_add_tcase(suite, tests);
	return suite;
}
