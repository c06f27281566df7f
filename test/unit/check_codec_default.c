/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/codec_default.h"
#include "kernel/notify.h"
#include "unit/check_main.h"

static char bytes[1024] __attribute__((aligned(8)));
static const struct uplinks uplinks = {.numbers = {5, 7}, .count = 2};

static struct rtmsg *begin(uint8_t family)
{
	memset(bytes, 0, sizeof(bytes));
	struct nlmsghdr *message = mnl_nlmsg_put_header(bytes);
	message->nlmsg_type = RTM_NEWROUTE;
	struct rtmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->rtm_family = family;
	head->rtm_type = RTN_UNICAST;
	head->rtm_table = RT_TABLE_MAIN;
	head->rtm_protocol = RTPROT_DHCP;
	return head;
}

static void put_number(uint16_t type, uint32_t number)
{
	mnl_attr_put_u32((void *)bytes, type, number);
}

static void put_address(uint16_t type, const char *text)
{
	struct ip ip;

	ck_assert_int_eq(ip_parse(text, &ip), 0);
	mnl_attr_put((void *)bytes, type, ip_bits(&ip) / 8, ip.bytes);
}

static void put_plain(void)
{
	put_address(RTA_GATEWAY, "192.0.2.1");
	put_number(RTA_OIF, 5);
	put_number(RTA_TABLE, 4711);
	put_number(RTA_PRIORITY, 100);
	put_address(RTA_PREFSRC, "192.0.2.77");
}

START_TEST(test_plain)
{
	struct codec_default found;
	char text[IP_TEXT_SIZE];

	begin(AF_INET);
	put_plain();
	ck_assert_int_eq(codec_default_decode((void *)bytes, &found), 0);
	ck_assert_uint_eq(found.route.table, 4711);
	ck_assert_uint_eq(found.route.metric, 100);
	ck_assert_uint_eq(found.route.protocol, RTPROT_DHCP);
	ck_assert_uint_eq(found.count, 1);
	ck_assert_uint_eq(found.nexthops[0].ifindex, 5);
	ck_assert(!found.nexthops[0].dead);
	ip_format(&found.nexthops[0].via, text);
	ck_assert_str_eq(text, "192.0.2.1");
	ip_format(&found.route.source, text);
	ck_assert_str_eq(text, "192.0.2.77");
	ck_assert(notify_concerns((void *)bytes, &uplinks));
}
END_TEST

START_TEST(test_point_to_point)
{
	struct codec_default found;

	begin(AF_INET6);
	put_number(RTA_OIF, 7);
	ck_assert_int_eq(codec_default_decode((void *)bytes, &found), 0);
	ck_assert_uint_eq(found.nexthops[0].via.family, AF_INET6);
	ck_assert(ip_is_zero(&found.nexthops[0].via));
}
END_TEST

static void put_hop(int ifindex, uint8_t flags, const char *via)
{
	struct nlmsghdr *message = (void *)bytes;
	size_t start = message->nlmsg_len;
	struct rtnexthop *hop = (void *)(bytes + start);

	message->nlmsg_len += sizeof(*hop);
	put_address(RTA_GATEWAY, via);
	hop->rtnh_len = (uint16_t)(message->nlmsg_len - start);
	hop->rtnh_ifindex = ifindex;
	hop->rtnh_flags = flags;
}

static void put_multipath(void)
{
	struct nlattr *nest;

	begin(AF_INET6);
	nest = mnl_attr_nest_start((void *)bytes, RTA_MULTIPATH);
	put_hop(3, 0, "fe80::3");
	put_hop(5, RTNH_F_LINKDOWN, "fe80::5");
	put_hop(7, 0, "fe80::7");
	mnl_attr_nest_end((void *)bytes, nest);
}

START_TEST(test_multipath)
{
	struct codec_default found;

	put_multipath();
	ck_assert_int_eq(codec_default_decode((void *)bytes, &found), 0);
	ck_assert_uint_eq(found.count, 3);
	ck_assert_uint_eq(found.nexthops[2].ifindex, 7);
	ck_assert_uint_eq(found.nexthops[2].via.bytes[15], 7);
	ck_assert(found.nexthops[1].dead && !found.nexthops[2].dead);
	ck_assert(notify_concerns((void *)bytes, &uplinks));
}
END_TEST

/* Whatever the lengths say, nothing outside is read (run with ASan). */
START_TEST(test_broken)
{
	struct codec_default found;
	uint32_t length;

	put_multipath();
	length = ((struct nlmsghdr *)(void *)bytes)->nlmsg_len;
	for (uint32_t i = NLMSG_HDRLEN; i < 2 * length; i++) {
		struct nlmsghdr *copy = malloc(length);
		memcpy(copy, bytes, length);
		if (i < length) {
			((uint8_t *)copy)[i] ^= 0xff;
		} else {
			copy->nlmsg_len = i - length < NLMSG_HDRLEN ? NLMSG_HDRLEN : i - length;
		}
		(void)codec_default_decode(copy, &found);
		free(copy);
	}
}
END_TEST

static void ck_none(void)
{
	struct codec_default found;

	ck_assert_int_eq(codec_default_decode((void *)bytes, &found), -ENOENT);
	ck_assert(!notify_concerns((void *)bytes, &uplinks));
}

START_TEST(test_others)
{
	static const struct {
		uint8_t length;
		uint8_t source_length;
		uint8_t protocol;
		uint8_t type;
		uint8_t table;
	} heads[] = {
		{24, 0, RTPROT_DHCP, RTN_UNICAST, RT_TABLE_MAIN},
		{0, 56, RTPROT_DHCP, RTN_UNICAST, RT_TABLE_MAIN},
		{0, 0, STATE_PROTOCOL, RTN_UNICAST, RT_TABLE_MAIN},
		{0, 0, RTPROT_DHCP, RTN_UNREACHABLE, RT_TABLE_MAIN},
		{0, 0, 42, RTN_UNICAST, STATE_TABLE_BABELD},
	};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct rtmsg *head = begin(AF_INET);
		head->rtm_dst_len = heads[i].length;
		head->rtm_src_len = heads[i].source_length;
		head->rtm_protocol = heads[i].protocol;
		head->rtm_type = heads[i].type;
		head->rtm_table = heads[i].table;
		put_number(RTA_OIF, 5);
		put_address(RTA_GATEWAY, "192.0.2.1");
		ck_none();
	}
	begin(AF_INET); /* IPv4 by an IPv6 next hop */
	put_number(RTA_OIF, 5);
	put_number(RTA_VIA, 0);
	ck_none();
}
END_TEST

/* A routing daemon's default route by another link wakes nobody. */
START_TEST(test_other_link)
{
	begin(AF_INET);
	put_number(RTA_OIF, 6);
	put_address(RTA_GATEWAY, "192.0.2.1");
	ck_assert(!notify_concerns((void *)bytes, &uplinks));
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("codec_default");
	TCase *tests = tcase_create("codec_default");

	tcase_add_test(tests, test_plain);
	tcase_add_test(tests, test_point_to_point);
	tcase_add_test(tests, test_multipath);
	tcase_add_test(tests, test_broken);
	tcase_add_test(tests, test_others);
	tcase_add_test(tests, test_other_link);
	suite_add_tcase(suite, tests);
	return suite;
}
