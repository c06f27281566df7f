/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/codec_link.h"
#include "unit/check_main.h"

static char bytes[4096] __attribute__((aligned(8)));

static struct nlmsghdr *begin(void)
{
	memset(bytes, 0, sizeof(bytes));
	struct nlmsghdr *message = mnl_nlmsg_put_header(bytes);
	message->nlmsg_type = RTM_NEWLINK;
	return message;
}

static struct link make_vlan(void)
{
	struct link link = {.name = "eth0.29"};

	object_give(&link, LINK_KIND, kind, LINK_VLAN);
	object_give(&link, LINK_VLAN_ID, vlan_id, 29);
	object_give(&link, LINK_VLAN_PROTOCOL, vlan_protocol, ETH_P_8021AD);
	object_give(&link, LINK_MAC, mac, ((struct mac){{2, 1, 2, 3, 4, 5}}));
	object_give(&link, LINK_MTU, mtu, 1532);
	object_give(&link, LINK_GROUP, group, STATE_LINK_GROUP);
	object_give_text(&link, LINK_ALIAS, alias, "meshd:cloud");
	object_give(&link, LINK_ADDR_GEN_MODE, addr_gen_mode, IN6_ADDR_GEN_MODE_NONE);
	object_give(&link, LINK_UP, up, 1);
	return link;
}

/* All given fields that the message can carry come back as they were. */
static void ck_back(const struct link *given, uint64_t fields)
{
	struct link back = {0};
	struct link_numbers numbers;

	ck_assert_int_eq(codec_link_decode((void *)bytes, &back, &numbers), 0);
	for (size_t field = 0; field < LINK_FIELD_COUNT; field++) {
		if ((fields & given->head.has) & FIELD_BIT(field)) {
			ck_assert_msg(object_has(&back, field), "field %zu", field);
			ck_assert_msg(object_field_equal(OBJECT_LINK, given, &back, field),
				"field %zu", field);
		}
	}
}

START_TEST(test_create_vlan)
{
	struct link link = make_vlan();
	struct link_numbers numbers = {.link = 77, .lower = 5};
	struct link_numbers back_numbers;
	struct link back = {0};

	codec_link_create(begin(), &link, link.head.has & codec_link_create_fields, &numbers);
	ck_back(&link, codec_link_create_fields);
	ck_assert_int_eq(codec_link_decode((void *)bytes, &back, &back_numbers), 0);
	ck_assert_str_eq(back.name, "eth0.29");
	ck_assert_uint_eq(back.head.ifindex, 77);
	ck_assert_uint_eq(back_numbers.lower, 5);
	ck_assert_uint_eq(back_numbers.master, 0);
	ck_assert_uint_eq(back.head.flags, OBJECT_OWNED);
	ck_assert_uint_eq(back.up, 0); /* it rises only when all is set */
}
END_TEST

/* A link made by hand-written desired state without a group is ours all the same. */
START_TEST(test_create_always_marks)
{
	struct link link = {.name = "x", .kind = LINK_BRIDGE};
	struct link_numbers numbers = {.link = 2};
	struct link back = {0};

	codec_link_create(begin(), &link, 0, &numbers);
	ck_assert_int_eq(codec_link_decode((void *)bytes, &back, &numbers), 0);
	ck_assert_uint_eq(back.group, STATE_LINK_GROUP);
	ck_assert_uint_eq(back.head.flags, OBJECT_OWNED);
}
END_TEST

/* Only the chosen fields are written, so that nothing else is touched. */
START_TEST(test_set_is_minimal)
{
	struct link link = make_vlan();
	struct link_numbers numbers = {.link = 77};
	struct nlmsghdr *message = begin();

	codec_link_set(message, &link, FIELD_BIT(LINK_MTU), &numbers);
	ck_assert_uint_eq(message->nlmsg_len,
		NLMSG_LENGTH(sizeof(struct ifinfomsg)) + RTA_LENGTH(sizeof(uint32_t)));
	const struct ifinfomsg *head = mnl_nlmsg_get_payload(message);
	ck_assert_uint_eq(head->ifi_change, 0);
}
END_TEST

START_TEST(test_set_and_rise)
{
	struct link link = make_vlan();
	struct link_numbers numbers = {.link = 77, .master = 9};
	struct link_numbers back_numbers;
	struct link back = {0};
	struct nlmsghdr *message = begin();

	object_give_text(&link, LINK_MASTER, master, "bat0");
	codec_link_set(message, &link, link.head.has & codec_link_set_fields, &numbers);
	mnl_attr_put_strz(message, IFLA_IFNAME, link.name);
	ck_back(&link, FIELD_BIT(LINK_ALIAS) | FIELD_BIT(LINK_ADDR_GEN_MODE));
	ck_assert_int_eq(codec_link_decode(message, &back, &back_numbers), 0);
	ck_assert_uint_eq(back_numbers.master, 9);

	message = begin();
	codec_link_rise(message, &link, FIELD_BIT(LINK_UP), &numbers);
	mnl_attr_put_strz(message, IFLA_IFNAME, link.name);
	ck_back(&link, FIELD_BIT(LINK_UP));
}
END_TEST

START_TEST(test_bridge_port_settings)
{
	struct link link = {.name = "bat0"};
	struct link_numbers numbers = {.link = 3};
	struct nlmsghdr *message = begin();

	object_give(&link, LINK_MULTICAST_ROUTER, multicast_router, 2);
	codec_link_rise(message, &link, link.head.has, &numbers);
	mnl_attr_put_strz(message, IFLA_IFNAME, link.name);
	ck_back(&link, link.head.has);
	ck_assert_uint_eq(((struct ifinfomsg *)mnl_nlmsg_get_payload(message))->ifi_change, 0);
}
END_TEST

START_TEST(test_bridge_and_macvlan_data)
{
	struct link bridge = {.name = "br-lan"};
	struct link macvlan = {.name = "anygw"};
	struct link_numbers numbers = {.link = 3};
	struct nlmsghdr *message = begin();

	object_give(&bridge, LINK_KIND, kind, LINK_BRIDGE);
	object_give(&bridge, LINK_STP, stp, 1);
	object_give(&bridge, LINK_MULTICAST_SNOOPING, multicast_snooping, 1);
	object_give(&bridge, LINK_MULTICAST_QUERIER, multicast_querier, 1);
	codec_link_set(message, &bridge, bridge.head.has & codec_link_set_fields, &numbers);
	mnl_attr_put_strz(message, IFLA_IFNAME, bridge.name);
	ck_back(&bridge, bridge.head.has);

	message = begin();
	object_give(&macvlan, LINK_KIND, kind, LINK_MACVLAN);
	object_give(&macvlan, LINK_MACVLAN_MODE, macvlan_mode, MACVLAN_MODE_PRIVATE);
	codec_link_create(message, &macvlan, macvlan.head.has, &numbers);
	ck_back(&macvlan, macvlan.head.has);
}
END_TEST

START_TEST(test_tunnel)
{
	struct link link = {.name = "md-a"};
	struct link_numbers numbers = {.link = 8};
	struct link back = {0};
	struct nlmsghdr *message = begin();

	object_give(&link, LINK_KIND, kind, LINK_IP6TNL);
	ck_assert_int_eq(ip_parse("fd6d::1", &link.tunnel_local), 0);
	ck_assert_int_eq(ip_parse("fd6d::9", &link.tunnel_remote), 0);
	link.head.has |= FIELD_BIT(LINK_TUNNEL_LOCAL) | FIELD_BIT(LINK_TUNNEL_REMOTE);
	object_give(&link, LINK_TUNNEL_PROTOCOL, tunnel_protocol, IPPROTO_IPIP);
	codec_link_create(message, &link, link.head.has, &numbers);
	ck_back(&link, link.head.has);
	ck_assert_int_eq(codec_link_decode(message, &back, &numbers), 0);
	ck_assert_uint_eq(back.head.flags, OBJECT_OWNED);

	/* From anybody: told as "::". Nothing of it can be set later. */
	message = begin();
	memset(&link.tunnel_remote, 0, sizeof(link.tunnel_remote));
	codec_link_create(message, &link, link.head.has, &numbers);
	ck_back(&link, link.head.has);
	message = begin();
	codec_link_set(message, &link, link.head.has & codec_link_set_fields, &numbers);
	ck_assert_uint_eq(message->nlmsg_len, NLMSG_LENGTH(sizeof(struct ifinfomsg)));
}
END_TEST

/* bmx7 makes its tunnels by ioctl: no alias, no group. */
START_TEST(test_foreign_tunnel)
{
	struct link back = {0};
	struct link_numbers numbers;
	struct nlmsghdr *message = begin();
	struct ifinfomsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	head->ifi_type = ARPHRD_TUNNEL6;
	mnl_attr_put_strz(message, IFLA_IFNAME, "X7Out_far");
	mnl_attr_put_u32(message, IFLA_GROUP, 0);
	struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, "ip6tnl");
	mnl_attr_nest_end(message, info);
	ck_assert_int_eq(codec_link_decode(message, &back, &numbers), 0);
	ck_assert_uint_eq(back.head.flags, 0);
	ck_assert(!back.ethernet);
	ck_assert(!object_has(&back, LINK_MAC));
}
END_TEST

static void put_conf(struct nlmsghdr *message)
{
	uint32_t inet[IPV4_DEVCONF_MAX] = {0};
	int32_t inet6[DEVCONF_MAX] = {0};

	inet[IPV4_DEVCONF_RP_FILTER - 1] = 2;
	inet[IPV4_DEVCONF_ARP_IGNORE - 1] = 1;
	inet6[DEVCONF_ACCEPT_DAD] = -1;
	inet6[DEVCONF_ACCEPT_RA] = 2;
	struct nlattr *spec = mnl_attr_nest_start(message, IFLA_AF_SPEC);
	struct nlattr *nest = mnl_attr_nest_start(message, AF_INET);
	mnl_attr_put(message, IFLA_INET_CONF, sizeof(inet), inet);
	mnl_attr_nest_end(message, nest);
	nest = mnl_attr_nest_start(message, AF_INET6);
	mnl_attr_put(message, IFLA_INET6_CONF, sizeof(inet6), inet6);
	mnl_attr_nest_end(message, nest);
	mnl_attr_nest_end(message, spec);
}

static struct nlmsghdr *put_foreign(void)
{
	struct nlmsghdr *message = begin();
	struct ifinfomsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	head->ifi_index = 4;
	head->ifi_type = ARPHRD_ETHER;
	mnl_attr_put_strz(message, IFLA_IFNAME, "eth1");
	mnl_attr_put_strz(message, IFLA_IFALIAS, "meshd:not-really");
	mnl_attr_put_u32(message, IFLA_LINK, 8);
	mnl_attr_put_u32(message, IFLA_LINK_NETNSID, 0);
	mnl_attr_put_u32(message, IFLA_MAX_MTU, 9000);
	mnl_attr_put_u8(message, IFLA_CARRIER, 1);
	mnl_attr_put(message, IFLA_PHYS_SWITCH_ID, 2, "ab");
	put_conf(message);
	return message;
}

START_TEST(test_foreign_link)
{
	struct link back = {0};
	struct link_numbers numbers;

	ck_assert_int_eq(codec_link_decode(put_foreign(), &back, &numbers), 0);
	ck_assert_uint_eq(back.kind, LINK_OTHER);
	ck_assert_uint_eq(back.head.flags, 0);
	ck_assert_str_eq(back.alias, "meshd:not-really");
	ck_assert_uint_eq(numbers.lower, 0); /* it is in another namespace */
	ck_assert(object_has(&back, LINK_MASTER) && back.master[0] == '\0');
	ck_assert(!object_has(&back, LINK_VLAN_ID) && !object_has(&back, LINK_STP) &&
		  !object_has(&back, LINK_MULTICAST_ROUTER) && !object_has(&back, LINK_ALGORITHM));
	ck_assert_uint_eq(back.max_mtu, 9000);
	ck_assert(back.carrier && back.switch_port && back.ethernet);
	ck_assert_int_eq(back.rp_filter, 2);
	ck_assert_int_eq(back.arp_ignore, 1);
	ck_assert_int_eq(back.accept_dad, -1);
	ck_assert_int_eq(back.accept_ra, 2);
}
END_TEST

START_TEST(test_port_message_is_no_link)
{
	struct nlmsghdr *message = put_foreign();
	struct link back = {0};
	struct link_numbers numbers;

	((struct ifinfomsg *)mnl_nlmsg_get_payload(message))->ifi_family = AF_BRIDGE;
	ck_assert_int_eq(codec_link_decode(message, &back, &numbers), -EINVAL);
}
END_TEST

/* Whatever the length says and whichever byte is wrong, nothing outside is read (run with ASan). */
START_TEST(test_broken_messages)
{
	struct link_numbers numbers;
	uint32_t length = put_foreign()->nlmsg_len;

	for (uint32_t cut = NLMSG_HDRLEN; cut <= length; cut++) {
		struct link back = {0};
		struct nlmsghdr *copy = malloc(cut);
		memcpy(copy, bytes, cut);
		copy->nlmsg_len = cut;
		(void)codec_link_decode(copy, &back, &numbers);
		free(copy);
	}
	for (uint32_t i = NLMSG_HDRLEN; i < length; i++) {
		struct link back = {0};
		struct nlmsghdr *copy = malloc(length);
		memcpy(copy, bytes, length);
		((uint8_t *)copy)[i] ^= 0xff;
		(void)codec_link_decode(copy, &back, &numbers);
		free(copy);
	}
}
END_TEST

START_TEST(test_ownership)
{
	struct link link = {.kind = LINK_VLAN};

	ck_assert_uint_eq(codec_link_flags(&link), 0);
	text_copy(link.alias, sizeof(link.alias), "meshd");
	ck_assert_uint_eq(codec_link_flags(&link), 0);
	text_copy(link.alias, sizeof(link.alias), "meshd:x");
	ck_assert_uint_eq(codec_link_flags(&link), OBJECT_OWNED);
	link.alias[0] = '\0';
	link.group = STATE_DOOMED_GROUP;
	ck_assert_uint_eq(codec_link_flags(&link), OBJECT_OWNED);
	link.kind = LINK_OTHER;
	ck_assert_uint_eq(codec_link_flags(&link), 0);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("codec_link");
	TCase *tests = tcase_create("codec_link");

	tcase_add_test(tests, test_create_vlan);
	tcase_add_test(tests, test_create_always_marks);
	tcase_add_test(tests, test_set_is_minimal);
	tcase_add_test(tests, test_set_and_rise);
	tcase_add_test(tests, test_bridge_port_settings);
	tcase_add_test(tests, test_bridge_and_macvlan_data);
	tcase_add_test(tests, test_tunnel);
	tcase_add_test(tests, test_foreign_tunnel);
	tcase_add_test(tests, test_foreign_link);
	tcase_add_test(tests, test_port_message_is_no_link);
	tcase_add_test(tests, test_broken_messages);
	tcase_add_test(tests, test_ownership);
	suite_add_tcase(suite, tests);
	return suite;
}
