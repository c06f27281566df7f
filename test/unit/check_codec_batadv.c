/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/batman_adv.h>
#include <linux/genetlink.h>
#include <string.h>

#include "kernel/codec_batadv.h"
#include "unit/check_main.h"

static char bytes[2048] __attribute__((aligned(8)));

static struct nlmsghdr *begin(uint8_t command)
{
	memset(bytes, 0, sizeof(bytes));
	struct nlmsghdr *message = mnl_nlmsg_put_header(bytes);
	codec_batadv_put_command(message, command);
	return message;
}

/* Every field of every kind survives, with a value of its own. */
START_TEST(test_round_trip)
{
	static const enum object_type types[] = {OBJECT_MESH, OBJECT_HARDIF, OBJECT_MESH_VLAN};
	const struct object_class *class = &object_classes[types[_i]];
	_Alignas(8) char given[256] = {0};
	_Alignas(8) char back[256] = {0};
	uint64_t all = (UINT64_C(1) << class->field_count) - 1;

	ck_assert_uint_le(class->size, sizeof(given));
	for (size_t i = 0; i < class->field_count; i++) {
		memset(given + class->fields[i].offset, (int)i + 1, class->fields[i].size);
	}
	codec_batadv_encode(begin(BATADV_CMD_SET_MESH), types[_i], given, all);
	codec_batadv_decode((void *)bytes, types[_i], back);
	for (size_t i = 0; i < class->field_count; i++) {
		ck_assert(object_field_equal(types[_i], given, back, i));
	}
	ck_assert(((struct object_head *)back)->has == all);
}
END_TEST

START_TEST(test_only_given_fields)
{
	struct mesh mesh = {.orig_interval = 5};
	struct mesh back = {0};

	codec_batadv_encode(begin(BATADV_CMD_SET_MESH), OBJECT_MESH, &mesh,
		FIELD_BIT(MESH_ORIG_INTERVAL));
	codec_batadv_decode((void *)bytes, OBJECT_MESH, &back);
	ck_assert(back.head.has == FIELD_BIT(MESH_ORIG_INTERVAL));
	ck_assert_uint_eq(back.orig_interval, 5);
}
END_TEST

START_TEST(test_names)
{
	struct nlmsghdr *message = begin(BATADV_CMD_GET_HARDIF);
	struct batadv_names names;

	mnl_attr_put_strz(message, BATADV_ATTR_ALGO_NAME, "BATMAN_IV");
	mnl_attr_put_strz(message, BATADV_ATTR_HARD_IFNAME, "eth0.29");
	codec_batadv_decode_names(message, &names);
	ck_assert_str_eq(names.algorithm, "BATMAN_IV");
	ck_assert_str_eq(names.hardif, "eth0.29");
	ck_assert(!names.active);
	mnl_attr_put(message, BATADV_ATTR_ACTIVE, 0, NULL);
	codec_batadv_decode_names(message, &names);
	ck_assert(names.active);
}
END_TEST

START_TEST(test_peers)
{
	static const uint8_t node[6] = {2, 0, 0, 0, 0, 1};
	static const uint8_t hop[6] = {2, 0, 0, 0, 0, 2};
	struct nlmsghdr *message = begin(BATADV_CMD_GET_ORIGINATORS);
	struct mesh_peer peer;

	ck_assert_int_eq(codec_batadv_decode_peer(message, &peer), -EINVAL);
	mnl_attr_put(message, BATADV_ATTR_NEIGH_ADDRESS, 6, hop);
	mnl_attr_put_strz(message, BATADV_ATTR_HARD_IFNAME, "eth0.29");
	mnl_attr_put_u32(message, BATADV_ATTR_LAST_SEEN_MSECS, 120);
	ck_assert_int_eq(codec_batadv_decode_peer(message, &peer), 0);
	ck_assert(peer.neighbour); /* as in the dump of neighbours */
	ck_assert_mem_eq(peer.originator.bytes, hop, 6);
	mnl_attr_put(message, BATADV_ATTR_ORIG_ADDRESS, 6, node);
	mnl_attr_put_u8(message, BATADV_ATTR_TQ, 251);
	mnl_attr_put(message, BATADV_ATTR_FLAG_BEST, 0, NULL);
	ck_assert_int_eq(codec_batadv_decode_peer(message, &peer), 0);
	ck_assert(!peer.neighbour && peer.best);
	ck_assert_mem_eq(peer.originator.bytes, node, 6);
	ck_assert_mem_eq(peer.next_hop.bytes, hop, 6);
	ck_assert_uint_eq(peer.tq, 251);
	ck_assert_uint_eq(peer.last_seen, 120);
	/* A message that is cut: nothing is believed. */
	message->nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN) + 6;
	ck_assert_int_eq(codec_batadv_decode_peer(message, &peer), -EINVAL);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("codec_batadv");
	TCase *tests = tcase_create("codec_batadv");

	tcase_add_loop_test(tests, test_round_trip, 0, 3);
	tcase_add_test(tests, test_only_given_fields);
	tcase_add_test(tests, test_names);
	tcase_add_test(tests, test_peers);
	suite_add_tcase(suite, tests);
	return suite;
}
