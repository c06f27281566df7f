/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/attr.h"
#include "kernel/codec_rtnl.h"
#include "kernel/notify.h"
#include "unit/check_main.h"

static char bytes[1024] __attribute__((aligned(8)));

static struct nlmsghdr *begin(uint16_t type)
{
	memset(bytes, 0, sizeof(bytes));
	struct nlmsghdr *message = mnl_nlmsg_put_header(bytes);
	message->nlmsg_type = type;
	return message;
}

static struct prefix prefix_of(const char *text)
{
	struct prefix prefix = {0};

	ck_assert_int_eq(prefix_parse(text, &prefix), 0);
	return prefix;
}

/* Byte by byte but for the padding between fields, which nobody compares. The one read is ours. */
static void ck_same(enum object_type type, const void *given, const void *back)
{
	const struct object_class *class = &object_classes[type];

	ck_assert_mem_eq(object_key(type, given), object_key(type, back), class->key_size);
	ck_assert(object_head(given)->has == object_head(back)->has);
	ck_assert_uint_eq(object_head(back)->flags, OBJECT_OWNED);
	for (size_t field = 0; field < class->field_count; field++) {
		ck_assert(object_field_equal(type, given, back, field));
	}
}

static const char *const addresses[] = {"10.13.0.1/16", "192.0.2.1/32", "10.0.0.1/31", "fd66::1/64",
	"fe80::a8aa:aaff:fe00:1/64"};

START_TEST(test_address_round_trip)
{
	struct address given = {.key.prefix = prefix_of(addresses[_i])};
	struct address back = {0};
	uint32_t ifindex;

	object_give(&given, ADDRESS_METRIC, metric, 2048);
	if (given.key.prefix.ip.family == AF_INET6) {
		object_give(&given, ADDRESS_NODAD, nodad, 1);
	}
	codec_address_encode(begin(RTM_NEWADDR), &given, 12);
	ck_assert_int_eq(codec_address_decode((void *)bytes, &back, &ifindex), 0);
	ck_assert_uint_eq(ifindex, 12);
	ck_assert_uint_eq(back.head.flags, OBJECT_OWNED);
	ck_same(OBJECT_ADDRESS, &given, &back);
}
END_TEST

START_TEST(test_broadcast)
{
	static const uint8_t expected[] = {10, 13, 255, 255};
	struct address given = {.key.prefix = prefix_of("10.13.4.5/16")};
	struct nlmsghdr *message = begin(RTM_NEWADDR);
	const struct nlattr *attr = NULL;
	bool seen = false;

	codec_address_encode(message, &given, 12);
	while ((attr = attr_next(message, sizeof(struct ifaddrmsg), attr)) != NULL) {
		if (mnl_attr_get_type(attr) == IFA_BROADCAST) {
			seen = true;
			ck_assert_mem_eq(mnl_attr_get_payload(attr), expected, 4);
		}
	}
	ck_assert(seen);
}
END_TEST

static const char *const loopbacks[] = {"127.0.0.1/8", "::1/128"};

START_TEST(test_loopback_is_no_concern)
{
	struct address given = {.key.prefix = prefix_of(loopbacks[_i])};
	struct address back = {0};
	uint32_t ifindex;

	codec_address_encode(begin(RTM_NEWADDR), &given, 1);
	ck_assert_int_eq(codec_address_decode((void *)bytes, &back, &ifindex), -ENOENT);
}
END_TEST

static struct route make_route(const char *destination, uint32_t table, uint32_t metric)
{
	struct route route = {0};

	route.key.table = table;
	route.key.metric = metric;
	route.key.destination = prefix_of(destination);
	return route;
}

START_TEST(test_route_round_trip)
{
	struct route given[] = {make_route("10.13.0.0/16", STATE_TABLE_ANYCAST, 0),
		make_route("fd66::/64", STATE_TABLE_ANYCAST, 1024),
		make_route("10.13.0.0/16", RT_TABLE_MAIN, 2048)};
	uint32_t ifindex;

	for (size_t i = 0; i < 3; i++) {
		struct route back = {0};
		object_give(&given[i], ROUTE_SOURCE, source,
			i == 1 ? (struct ip){0} : prefix_of("10.13.0.7/32").ip);
		codec_route_encode(begin(RTM_NEWROUTE), &given[i], 3);
		ck_assert_int_eq(codec_route_decode((void *)bytes, &back, &ifindex), 0);
		ck_assert_uint_eq(ifindex, 3);
		ck_same(OBJECT_ROUTE, &given[i], &back);
		ck_assert(notify_concerns((void *)bytes));
	}
}
END_TEST

static void ck_no_concern(void)
{
	struct route back = {0};
	uint32_t ifindex;

	ck_assert_int_eq(codec_route_decode((void *)bytes, &back, &ifindex), -ENOENT);
	ck_assert(!notify_concerns((void *)bytes));
}

START_TEST(test_foreign_routes_are_no_concern)
{
	struct route route = make_route("10.13.0.0/16", RT_TABLE_MAIN, 0);
	struct nlmsghdr *message = begin(RTM_NEWROUTE);

	codec_route_encode(message, &route, 3);
	mnl_attr_put_u32(message, RTA_GATEWAY, 1);
	ck_no_concern();
	codec_route_encode(begin(RTM_NEWROUTE), &route, 3);
	((struct rtmsg *)mnl_nlmsg_get_payload((void *)bytes))->rtm_flags = RTM_F_CLONED;
	ck_no_concern();
	codec_route_encode(begin(RTM_NEWROUTE), &route, 3);
	((struct rtmsg *)mnl_nlmsg_get_payload((void *)bytes))->rtm_type = RTN_BLACKHOLE;
	ck_no_concern();
	route.key.table = 77;
	codec_route_encode(begin(RTM_NEWROUTE), &route, 3);
	ck_no_concern();
}
END_TEST

static const char *const sources[] = {"10.13.0.1/32", "fd66::1/128", "10.13.0.0/16"};

START_TEST(test_rule_round_trip)
{
	struct rule given = {.key.priority = 1000, .key.source = prefix_of(sources[_i])};
	struct rule back = {0};
	struct nlmsghdr *message = begin(RTM_NEWRULE);

	object_give(&given, RULE_TABLE, table, STATE_TABLE_ANYCAST);
	codec_rule_encode(message, &given);
	mnl_attr_put_u32(message, FRA_SUPPRESS_PREFIXLEN, UINT32_MAX);
	ck_assert_int_eq(codec_rule_decode(message, &back), 0);
	ck_same(OBJECT_RULE, &given, &back);

	struct rule other = {0};
	mnl_attr_put_u32(message, FRA_FWMARK, 5);
	ck_assert_int_eq(codec_rule_decode(message, &other), -ENOENT);
}
END_TEST

START_TEST(test_dynamic_addresses_do_not_wake)
{
	struct address given = {.key.prefix = prefix_of("fd66::9/64")};
	struct nlmsghdr *message = begin(RTM_NEWADDR);

	codec_address_encode(message, &given, 12);
	ck_assert(!notify_concerns(message));
	((struct ifaddrmsg *)mnl_nlmsg_get_payload(message))->ifa_flags = IFA_F_PERMANENT;
	ck_assert(notify_concerns(message));
}
END_TEST

START_TEST(test_link_events)
{
	struct nlmsghdr *message = begin(RTM_NEWLINK);

	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	ck_assert(notify_concerns(message));
	mnl_attr_put_u32(message, IFLA_WIRELESS, 0);
	ck_assert(!notify_concerns(message));
	message->nlmsg_type = RTM_NEWNEIGH;
	ck_assert(!notify_concerns(message));
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("codec_rtnl");
	TCase *tests = tcase_create("codec_rtnl");

	tcase_add_loop_test(tests, test_address_round_trip, 0, 5);
	tcase_add_test(tests, test_broadcast);
	tcase_add_loop_test(tests, test_loopback_is_no_concern, 0, 2);
	tcase_add_test(tests, test_route_round_trip);
	tcase_add_test(tests, test_foreign_routes_are_no_concern);
	tcase_add_loop_test(tests, test_rule_round_trip, 0, 3);
	tcase_add_test(tests, test_dynamic_addresses_do_not_wake);
	tcase_add_test(tests, test_link_events);
	suite_add_tcase(suite, tests);
	return suite;
}
