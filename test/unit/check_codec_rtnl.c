/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/attr.h"
#include "kernel/codec_rtnl.h"
#include "kernel/notify.h"
#include "unit/addresses.h"
#include "unit/check_main.h"

static const struct uplinks no_uplinks;

static char bytes[1024] __attribute__((aligned(8)));

static struct nlmsghdr *begin(uint16_t type)
{
	memset(bytes, 0, sizeof(bytes));
	struct nlmsghdr *message = mnl_nlmsg_put_header(bytes);
	message->nlmsg_type = type;
	return message;
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
	object_give(&given, ADDRESS_LASTING, lasting, 1);
	if (given.key.prefix.ip.family == AF_INET6) {
		object_give(&given, ADDRESS_NODAD, nodad, 1);
	}
	codec_address_encode(begin(RTM_NEWADDR), &given, 12);
	((struct ifaddrmsg *)mnl_nlmsg_get_payload((void *)bytes))->ifa_flags = IFA_F_PERMANENT;
	if (given.key.prefix.ip.family == AF_INET6) { /* the kernel tells all of them here */
		mnl_attr_put_u32((void *)bytes, IFA_FLAGS, IFA_F_PERMANENT | IFA_F_NODAD);
	}
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
		object_give(&given[i], ROUTE_VIA, via, ((struct ip){0}));
		text_copy(given[i].key.link, sizeof(given[i].key.link), "eth0");
		codec_route_encode(begin(RTM_NEWROUTE), &given[i], 3);
		ck_assert_int_eq(codec_route_decode((void *)bytes, &back, &ifindex), 0);
		ck_assert_uint_eq(ifindex, 3);
		text_copy(back.key.link, sizeof(back.key.link), "eth0");
		ck_same(OBJECT_ROUTE, &given[i], &back);
		ck_assert(notify_concerns((void *)bytes, &no_uplinks));
	}
}
END_TEST

static const uint32_t way_tables[] = {STATE_TABLE_INTERNET, STATE_TABLE_WARM, STATE_TABLE_UPLINK,
	STATE_TABLE_OFFER};
static const char *const next_hops[] = {"192.0.2.1", "fe80::1"};

static struct route make_way(uint32_t table, const char *via)
{
	struct route route = {.key = {.table = table, .metric = 10, .link = "eth0"}};

	ck_assert_int_eq(ip_parse(via, &route.via), 0);
	route.key.destination.ip.family = route.via.family;
	route.head.has = FIELD_BIT(ROUTE_SOURCE) | FIELD_BIT(ROUTE_VIA);
	return route;
}

/* Default routes by a next hop, to a link, and unreachable ones. */
START_TEST(test_way_round_trip)
{
	struct route given = make_way(way_tables[_i / 2], next_hops[_i % 2]);
	const struct rtmsg *head = mnl_nlmsg_get_payload((void *)bytes);

	for (uint32_t number = 3; number != UINT32_MAX; number = number == 3 ? 0 : UINT32_MAX) {
		struct route back = {0};
		uint32_t ifindex = 99;
		codec_route_encode(begin(RTM_NEWROUTE), &given, number);
		ck_assert_uint_eq(head->rtm_type, number == 3 ? RTN_UNICAST : RTN_UNREACHABLE);
		ck_assert_uint_eq(head->rtm_flags, number == 3 ? RTNH_F_ONLINK : 0);
		ck_assert_uint_eq(head->rtm_scope, RT_SCOPE_UNIVERSE);
		ck_assert_uint_eq(head->rtm_dst_len, 0);
		ck_assert_uint_eq(head->rtm_protocol, given.key.table == STATE_TABLE_OFFER
							      ? STATE_PROTOCOL_OFFER
							      : STATE_PROTOCOL);
		ck_assert_int_eq(codec_route_decode((void *)bytes, &back, &ifindex), 0);
		ck_assert_uint_eq(ifindex, number);
		memcpy(back.key.link, given.key.link, sizeof(back.key.link));
		ck_same(OBJECT_ROUTE, &given, &back);
		ck_assert(notify_concerns((void *)bytes, &no_uplinks));
		memset(&given.via, 0, sizeof(given.via)); /* an unreachable one has none */
		memset(given.key.link, 0, sizeof(given.key.link));
	}
}
END_TEST

/* IPv6 shows what is unreachable on "lo", and deletes by what is given. */
START_TEST(test_unreachable_ipv6)
{
	struct route given = make_way(STATE_TABLE_INTERNET, "::");
	struct route back = {0};
	struct nlmsghdr *message = begin(RTM_NEWROUTE);
	const struct nlattr *attr = NULL;
	uint32_t ifindex = 99;
	bool seen = false;

	given.key.destination.ip.family = AF_INET6;
	memset(given.key.link, 0, sizeof(given.key.link));
	codec_route_encode(message, &given, 0);
	mnl_attr_put_u32(message, RTA_OIF, 1);
	ck_assert_int_eq(codec_route_decode(message, &back, &ifindex), 0);
	ck_assert_uint_eq(ifindex, 0);
	message = begin(RTM_DELROUTE);
	codec_route_encode(message, &given, 0);
	while ((attr = attr_next(message, sizeof(struct rtmsg), attr)) != NULL) {
		seen = seen || (mnl_attr_get_type(attr) == RTA_OIF && mnl_attr_get_u32(attr) == 1);
	}
	ck_assert(seen);
}
END_TEST

/* Protocol 7 is ours only where babeld reads it; table 172 is babeld's. */
START_TEST(test_owner_of_offers)
{
	struct route given = make_way(STATE_TABLE_OFFER, "192.0.2.1");
	struct route back = {0};
	struct nlmsghdr *message = begin(RTM_NEWROUTE);
	uint32_t ifindex;

	given.key.table = STATE_TABLE_INTERNET;
	codec_route_encode(message, &given, 3);
	((struct rtmsg *)mnl_nlmsg_get_payload(message))->rtm_protocol = STATE_PROTOCOL_OFFER;
	ck_assert_int_eq(codec_route_decode(message, &back, &ifindex), 0);
	ck_assert_uint_eq(back.head.flags, 0);
	given.key.table = STATE_TABLE_BABELD;
	codec_route_encode(begin(RTM_NEWROUTE), &given, 3);
	ck_assert_int_eq(codec_route_decode((void *)bytes, &back, &ifindex), -ENOENT);
}
END_TEST

static void ck_no_concern(void)
{
	struct route back = {0};
	uint32_t ifindex;

	ck_assert_int_eq(codec_route_decode((void *)bytes, &back, &ifindex), -ENOENT);
	ck_assert(!notify_concerns((void *)bytes, &no_uplinks));
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
	codec_route_encode(begin(RTM_NEWROUTE), &route, 3);
	((struct rtmsg *)mnl_nlmsg_get_payload((void *)bytes))->rtm_type = RTN_UNREACHABLE;
	ck_no_concern();
	route.key.table = 77;
	codec_route_encode(begin(RTM_NEWROUTE), &route, 3);
	ck_no_concern();
}
END_TEST

/* In table 170 all that could take a packet to the gateway elsewhere is told. */
START_TEST(test_table_of_the_gateway)
{
	static const uint8_t types[] = {RTN_UNICAST, RTN_BLACKHOLE, RTN_UNREACHABLE, RTN_PROHIBIT,
		RTN_THROW};
	struct route route = make_route("10.13.0.0/16", STATE_TABLE_ANYCAST, 0);
	struct nlmsghdr *message = (void *)bytes;
	struct rtmsg *head = mnl_nlmsg_get_payload(message);
	uint32_t ifindex;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct route back = {0};
		codec_route_encode(begin(RTM_NEWROUTE), &route, 3);
		head->rtm_type = types[i];
		head->rtm_protocol = RTPROT_BOOT;
		ck_assert_int_eq(codec_route_decode(message, &back, &ifindex), 0);
		ck_assert_uint_eq(ifindex, types[i] == RTN_UNICAST ? 3 : 0);
		ck_assert_uint_eq(back.head.flags, 0);
	}
	codec_route_encode(begin(RTM_NEWROUTE), &route, 3);
	mnl_attr_put_u32(message, RTA_GATEWAY, 1);
	struct route back = {0};
	ck_assert_int_eq(codec_route_decode(message, &back, &ifindex), 0);
	ck_assert(!ip_is_zero(&back.via));
	/* One for a type of service is not ours, but may have come in the place of ours. */
	codec_route_encode(begin(RTM_NEWROUTE), &route, 3);
	head->rtm_tos = 0x10;
	ck_assert_int_eq(codec_route_decode(message, &back, &ifindex), -ENOENT);
	ck_assert(notify_concerns(message, &no_uplinks));
	route.key.table = RT_TABLE_MAIN;
	codec_route_encode(begin(RTM_NEWROUTE), &route, 3);
	head->rtm_tos = 0x10;
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
	object_give(&given, RULE_SUPPRESS, suppress, -1);
	codec_rule_encode(message, &given);
	mnl_attr_put_u32(message, FRA_SUPPRESS_PREFIXLEN, UINT32_MAX);
	ck_assert_int_eq(codec_rule_decode(message, &back), 0);
	ck_same(OBJECT_RULE, &given, &back);

	struct rule other = {0};
	mnl_attr_put_u32(message, FRA_FWMARK, 5);
	ck_assert_int_eq(codec_rule_decode(message, &other), -ENOENT);
}
END_TEST

START_TEST(test_rule_of_ways_round_trip)
{
	static const struct rule rules[] = {
		{.key = {.priority = 1000}, .table = RT_TABLE_MAIN, .suppress = 0},
		{.key = {.priority = 1001, .oif = "wan0"}, .table = 174, .suppress = -1},
		{.key = {.priority = 1002, .iif = "md-fifteen-long"}, .table = 175, .suppress = -1},
		{.key = {.priority = 1003, .iif = "md-a", .oif = "x"}, .table = 0, .suppress = -1},
		{.key = {.priority = 1010}, .table = 171, .suppress = 3},
	};
	struct rule given = rules[_i / 2];
	struct rule back = {0};

	given.key.source.ip.family = _i % 2 == 0 ? AF_INET : AF_INET6;
	given.head.has = FIELD_BIT(RULE_TABLE) | FIELD_BIT(RULE_SUPPRESS);
	codec_rule_encode(begin(RTM_NEWRULE), &given);
	ck_assert_int_eq(codec_rule_decode((void *)bytes, &back), 0);
	ck_same(OBJECT_RULE, &given, &back);
}
END_TEST

START_TEST(test_dynamic_addresses_do_not_wake)
{
	struct nlmsghdr *message = begin(RTM_NEWADDR);
	struct ifaddrmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	head->ifa_family = AF_INET6;
	ck_assert(!notify_concerns(message, &no_uplinks));
	head->ifa_flags = IFA_F_PERMANENT;
	ck_assert(notify_concerns(message, &no_uplinks));
	head->ifa_flags = 0;
	message->nlmsg_type =
		RTM_DELADDR; /* what was ours may have got a lifetime, and no more mark */
	ck_assert(notify_concerns(message, &no_uplinks));
}
END_TEST

/* "ip address change ... valid_lft 60" */
START_TEST(test_lifetimes)
{
	static const struct {
		uint32_t flags;
		uint8_t lasting;
	} cases[] = {{0, 0}, {IFA_F_PERMANENT, 1}, {IFA_F_PERMANENT | IFA_F_DEPRECATED, 0},
		{IFA_F_PERMANENT | IFA_F_NODAD, 1}, {IFA_F_DEPRECATED, 0}};
	struct address given = {.key.prefix = prefix_of("fd66::9/64")};
	uint32_t ifindex;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct address back = {0};
		struct nlmsghdr *message = begin(RTM_NEWADDR);
		codec_address_encode(message, &given, 12);
		mnl_attr_put_u32(message, IFA_FLAGS, cases[i].flags);
		ck_assert_int_eq(codec_address_decode(message, &back, &ifindex), 0);
		ck_assert(object_has(&back, ADDRESS_LASTING));
		ck_assert_uint_eq(back.lasting, cases[i].lasting);
		ck_assert(notify_concerns(message, &no_uplinks)); /* it is ours */
	}
}
END_TEST

START_TEST(test_link_events)
{
	struct nlmsghdr *message = begin(RTM_NEWLINK);

	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	ck_assert(notify_concerns(message, &no_uplinks));
	mnl_attr_put_u32(message, IFLA_WIRELESS, 0);
	ck_assert(!notify_concerns(message, &no_uplinks));
	message->nlmsg_type = RTM_NEWNEIGH;
	ck_assert(!notify_concerns(message, &no_uplinks));
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
	tcase_add_loop_test(tests, test_way_round_trip, 0, 8);
	tcase_add_test(tests, test_unreachable_ipv6);
	tcase_add_test(tests, test_owner_of_offers);
	tcase_add_loop_test(tests, test_rule_of_ways_round_trip, 0, 10);
	tcase_add_test(tests, test_foreign_routes_are_no_concern);
	tcase_add_loop_test(tests, test_rule_round_trip, 0, 3);
	tcase_add_test(tests, test_dynamic_addresses_do_not_wake);
	tcase_add_test(tests, test_lifetimes);
	tcase_add_test(tests, test_table_of_the_gateway);
	tcase_add_test(tests, test_link_events);
	suite_add_tcase(suite, tests);
	return suite;
}
