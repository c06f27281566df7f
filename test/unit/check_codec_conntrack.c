/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "kernel/attr.h"
#include "kernel/codec_conntrack.h"
#include "unit/check_main.h"

static char bytes[2048] __attribute__((aligned(8)));
static char answer[2048] __attribute__((aligned(8)));
static struct codec_flow flow;

struct half {
	uint16_t type; /* CTA_TUPLE_... */
	const char *source;
	const char *destination;
	uint8_t protocol;
	uint16_t ports[2]; /* ICMP: its id and its type */
};

static struct nlmsghdr *begin(uint8_t family)
{
	memset(bytes, 0, sizeof(bytes));
	struct nlmsghdr *message = mnl_nlmsg_put_header(bytes);
	message->nlmsg_type = (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_NEW;
	struct nfgenmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->nfgen_family = family;
	return message;
}

static void put_address(uint16_t type, const char *text)
{
	struct ip ip;

	ck_assert_int_eq(ip_parse(text, &ip), 0);
	mnl_attr_put((void *)bytes, ip.family == AF_INET6 ? type + 2 : type, ip_bits(&ip) / 8,
		ip.bytes);
}

static void put_half(const struct half *half)
{
	struct nlmsghdr *message = (void *)bytes;
	struct nlattr *tuple = mnl_attr_nest_start(message, half->type);
	struct nlattr *nest = mnl_attr_nest_start(message, CTA_TUPLE_IP);

	put_address(CTA_IP_V4_SRC, half->source);
	put_address(CTA_IP_V4_DST, half->destination);
	mnl_attr_nest_end(message, nest);
	nest = mnl_attr_nest_start(message, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(message, CTA_PROTO_NUM, half->protocol);
	if (half->protocol == IPPROTO_ICMP) {
		mnl_attr_put_u16(message, CTA_PROTO_ICMP_ID, htons(half->ports[0]));
		mnl_attr_put_u8(message, CTA_PROTO_ICMP_TYPE, (uint8_t)half->ports[1]);
		mnl_attr_put_u8(message, CTA_PROTO_ICMP_CODE, 0);
	} else if (half->protocol == IPPROTO_ICMPV6) {
		mnl_attr_put_u16(message, CTA_PROTO_ICMPV6_ID, htons(half->ports[0]));
		mnl_attr_put_u8(message, CTA_PROTO_ICMPV6_TYPE, (uint8_t)half->ports[1]);
	} else {
		mnl_attr_put_u16(message, CTA_PROTO_SRC_PORT, htons(half->ports[0]));
		mnl_attr_put_u16(message, CTA_PROTO_DST_PORT, htons(half->ports[1]));
	}
	mnl_attr_nest_end(message, nest);
	mnl_attr_nest_end(message, tuple);
}

static void put_status(uint32_t status)
{
	mnl_attr_put_u32((void *)bytes, CTA_STATUS, htonl(status));
}

#define PLAIN (IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_SRC_NAT_DONE | IPS_DST_NAT_DONE)
#define ORIG  CTA_TUPLE_ORIG
#define REPLY CTA_TUPLE_REPLY

static const struct half udp[] = {
	{ORIG, "10.13.0.2", "203.0.113.1", IPPROTO_UDP, {5000, 53}},
	{REPLY, "203.0.113.1", "10.13.0.2", IPPROTO_UDP, {53, 5000}},
};

static struct nlmsghdr *build_udp(void)
{
	struct nlmsghdr *message = begin(AF_INET);

	put_half(&udp[0]);
	put_half(&udp[1]);
	put_status(PLAIN);
	mnl_attr_put_u32(message, CTA_TIMEOUT, htonl(600));
	mnl_attr_put_u16(message, CTA_ZONE, htons(9));
	mnl_attr_put_u32(message, CTA_ID, 0x12345678);
	mnl_attr_put_u32(message, CTA_USE, htonl(1));
	return message;
}

static const struct {
	uint8_t family;
	struct half halves[2];
	uint32_t status;
	bool translated;
} entries[] = {
	{AF_INET,
		{{ORIG, "10.13.0.2", "203.0.113.1", IPPROTO_TCP, {5000, 80}},
			{REPLY, "203.0.113.1", "10.13.0.2", IPPROTO_TCP, {80, 5000}}},
		PLAIN, false},
	{AF_INET6,
		{{ORIG, "fd13::2", "2001:db8::1", IPPROTO_UDP, {5000, 53}},
			{REPLY, "2001:db8::1", "fd13::2", IPPROTO_UDP, {53, 5000}}},
		PLAIN, false},
	{AF_INET,
		{{ORIG, "10.13.0.2", "203.0.113.1", IPPROTO_ICMP, {77, 8}},
			{REPLY, "203.0.113.1", "10.13.0.2", IPPROTO_ICMP, {77, 0}}},
		IPS_CONFIRMED, false},
	{AF_INET6,
		{{ORIG, "fd13::2", "2001:db8::1", IPPROTO_ICMPV6, {77, 128}},
			{REPLY, "2001:db8::1", "fd13::2", IPPROTO_ICMPV6, {77, 129}}},
		IPS_CONFIRMED, false},
	/* Masqueraded: by its mark alone, by an address, by a port, by an echo's id. */
	{AF_INET,
		{{ORIG, "198.51.100.7", "203.0.113.1", IPPROTO_TCP, {5000, 80}},
			{REPLY, "203.0.113.1", "198.51.100.7", IPPROTO_TCP, {80, 5000}}},
		PLAIN | IPS_SRC_NAT, true},
	{AF_INET,
		{{ORIG, "10.13.0.2", "203.0.113.1", IPPROTO_TCP, {5000, 80}},
			{REPLY, "203.0.113.1", "198.51.100.7", IPPROTO_TCP, {80, 5000}}},
		PLAIN, true},
	{AF_INET6,
		{{ORIG, "fd13::2", "2001:db8::1", IPPROTO_UDP, {5000, 53}},
			{REPLY, "2001:db8::1", "fd13::2", IPPROTO_UDP, {53, 5001}}},
		PLAIN, true},
	{AF_INET,
		{{ORIG, "10.13.0.2", "203.0.113.1", IPPROTO_ICMP, {77, 8}},
			{REPLY, "203.0.113.1", "10.13.0.2", IPPROTO_ICMP, {78, 0}}},
		PLAIN, true},
	/* To a port that is forwarded, and to another server. */
	{AF_INET,
		{{ORIG, "203.0.113.1", "198.51.100.7", IPPROTO_TCP, {5000, 80}},
			{REPLY, "10.13.0.2", "203.0.113.1", IPPROTO_TCP, {8080, 5000}}},
		PLAIN | IPS_DST_NAT, true},
	{AF_INET6,
		{{ORIG, "fd13::2", "2001:db8::1", IPPROTO_UDP, {5000, 53}},
			{REPLY, "fd13::1", "fd13::2", IPPROTO_UDP, {53, 5000}}},
		PLAIN, true},
	/* An answer of another protocol is none. */
	{AF_INET,
		{{ORIG, "10.13.0.2", "203.0.113.1", IPPROTO_TCP, {5000, 80}},
			{REPLY, "203.0.113.1", "10.13.0.2", IPPROTO_UDP, {80, 5000}}},
		PLAIN, true},
};

START_TEST(test_entries)
{
	char text[IP_TEXT_SIZE];

	const struct nlmsghdr *message = begin(entries[_i].family);
	put_half(&entries[_i].halves[0]);
	put_half(&entries[_i].halves[1]);
	put_status(entries[_i].status);
	ck_assert_int_eq(codec_conntrack_decode(message, &flow), 0);
	ip_format(&flow.source, text);
	ck_assert_str_eq(text, entries[_i].halves[0].source);
	ip_format(&flow.destination, text);
	ck_assert_str_eq(text, entries[_i].halves[0].destination);
	ck_assert_int_eq(flow.translated, entries[_i].translated);
}
END_TEST

static struct nlmsghdr *build_delete(void)
{
	memset(answer, 0, sizeof(answer));
	struct nlmsghdr *message = mnl_nlmsg_put_header(answer);
	message->nlmsg_type = CODEC_CONNTRACK_DELETE;
	codec_conntrack_delete(message, &flow);
	return message;
}

/* The tuple, the id and the zone go back as they came. */
START_TEST(test_delete)
{
	static const uint16_t types[] = {CTA_TUPLE_ORIG, CTA_ID, CTA_ZONE};
	const struct nlattr *attr = NULL;
	size_t count = 0;

	ck_assert_int_eq(codec_conntrack_decode(build_udp(), &flow), 0);
	const struct nlattr *keys[] = {flow.key.original, flow.key.id, flow.key.zone};
	const struct nlmsghdr *message = build_delete();
	const struct nfgenmsg *head = mnl_nlmsg_get_payload(message);
	ck_assert_uint_eq(message->nlmsg_type, 0x0102);
	ck_assert_uint_eq(head->nfgen_family, AF_INET);
	while ((attr = attr_next(message, sizeof(*head), attr)) != NULL) {
		ck_assert_uint_lt(count, 3);
		ck_assert_uint_eq(mnl_attr_get_type(attr), types[count]);
		ck_assert_mem_eq(attr, keys[count], keys[count]->nla_len);
		count++;
	}
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(mnl_attr_get_u32(flow.key.id), 0x12345678);
}
END_TEST

START_TEST(test_request)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(answer);
	const struct nlattr *attr = NULL;
	uint32_t status = 1;
	uint32_t mask = 0;

	codec_conntrack_request(message, AF_INET6);
	const struct nfgenmsg *head = mnl_nlmsg_get_payload(message);
	ck_assert_uint_eq(message->nlmsg_type, 0x0101);
	ck_assert_uint_eq(head->nfgen_family, AF_INET6);
	while ((attr = attr_next(message, sizeof(*head), attr)) != NULL) {
		if (mnl_attr_get_type(attr) == CTA_STATUS) {
			ck_assert(attr_take_u32(attr, &status));
		} else {
			ck_assert_uint_eq(mnl_attr_get_type(attr), CTA_STATUS_MASK);
			ck_assert(attr_take_u32(attr, &mask));
		}
	}
	ck_assert_uint_eq(status, 0);
	ck_assert_uint_eq(ntohl(mask), IPS_SRC_NAT | IPS_DST_NAT);
}
END_TEST

/* --- hostile messages --- */

/* What is decoded can be deleted alone: with its tuple, within what a message has. */
static void ck_decode(const struct nlmsghdr *message)
{
	if (codec_conntrack_decode(message, &flow) < 0) {
		return;
	}
	const struct nlmsghdr *deletion = build_delete();
	const struct nlattr *attr = attr_next(deletion, sizeof(struct nfgenmsg), NULL);
	ck_assert_ptr_nonnull(attr);
	ck_assert_uint_eq(mnl_attr_get_type(attr), CTA_TUPLE_ORIG);
	ck_assert_uint_ge(mnl_attr_get_payload_len(attr), 16);
	ck_assert_uint_le(deletion->nlmsg_len, MNL_NLMSG_HDRLEN + 4 + CODEC_CONNTRACK_KEY_MAX);
}

START_TEST(test_cut)
{
	struct nlmsghdr *message = build_udp();
	uint32_t length = message->nlmsg_len;

	for (uint32_t cut = MNL_NLMSG_HDRLEN; cut < length; cut++) {
		/* Of this size, so that a sanitizer sees what is read behind it. */
		CLEANUP(cleanup_free) struct nlmsghdr *copy = malloc(cut);
		memcpy(copy, message, cut);
		copy->nlmsg_len = cut;
		int result = codec_conntrack_decode(copy, &flow);
		ck_assert_msg(result == -EBADMSG || cut > length - 50, "%u", cut);
	}
}
END_TEST

START_TEST(test_broken)
{
	struct nlmsghdr *message = begin(AF_INET);

	ck_assert_int_eq(codec_conntrack_decode(message, &flow), -EBADMSG);
	put_half(&udp[1]);
	ck_assert_int_eq(codec_conntrack_decode(message, &flow), -EBADMSG);
	message = begin(AF_INET);
	put_half(&udp[0]);
	ck_assert_int_eq(codec_conntrack_decode(message, &flow), -EBADMSG);
	put_half(&udp[1]);
	ck_assert_int_eq(codec_conntrack_decode(message, &flow), 0);
	mnl_attr_put_u16(message, CTA_STATUS, 0xffff); /* too short to be one */
	ck_assert_int_eq(codec_conntrack_decode(message, &flow), 0);
	ck_assert(!flow.translated);

	message = begin(AF_INET6); /* another family than its addresses */
	put_half(&udp[0]);
	put_half(&udp[1]);
	ck_assert_int_eq(codec_conntrack_decode(message, &flow), -EBADMSG);
	message = begin(AF_UNSPEC);
	put_half(&udp[0]);
	put_half(&udp[1]);
	ck_assert_int_eq(codec_conntrack_decode(message, &flow), -EBADMSG);
	message = build_udp();
	message->nlmsg_type = CODEC_CONNTRACK_DELETE;
	ck_assert_int_eq(codec_conntrack_decode(message, &flow), -EBADMSG);
}
END_TEST

/* Without its tuple a deletion would be one of all flows. */
START_TEST(test_key_too_long)
{
	static const char filling[CODEC_CONNTRACK_KEY_MAX];
	struct nlmsghdr *message = build_udp();

	mnl_attr_put(message, CTA_ID, sizeof(filling), filling);
	ck_assert_int_eq(codec_conntrack_decode(message, &flow), -EBADMSG);
	message = build_udp();
	mnl_attr_put(message, CTA_TUPLE_ORIG, sizeof(filling), filling);
	ck_assert_int_eq(codec_conntrack_decode(message, &flow), -EBADMSG);
}
END_TEST

/* The last tuple is what would be sent; it must be the one that was looked at. */
START_TEST(test_two_tuples)
{
	struct half other = udp[0];
	struct nlmsghdr *message = build_udp();

	mnl_attr_put(message, CTA_TUPLE_ORIG, 0, NULL);
	ck_assert_int_eq(codec_conntrack_decode(message, &flow), -EBADMSG);
	message = build_udp();
	other.source = "10.13.0.99";
	put_half(&other);
	ck_assert_int_eq(codec_conntrack_decode(message, &flow), 0);
	ck_assert(flow.translated);
}
END_TEST

START_TEST(test_random_bytes)
{
	unsigned int seed = 4711;

	for (int i = 0; i < 200000; i++) {
		struct nlmsghdr *message = build_udp();
		uint32_t length = message->nlmsg_len;
		for (int flips = rand_r(&seed) % 8; flips >= 0; flips--) {
			uint32_t at = (uint32_t)rand_r(&seed) % (length - MNL_NLMSG_HDRLEN);
			bytes[MNL_NLMSG_HDRLEN + at] = (char)rand_r(&seed);
		}
		ck_decode(message);
	}
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("conntrack codec");
	TCase *tests = tcase_create("conntrack");

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, test_entries, 0, ARRAY_SIZE(entries));
	tcase_add_test(tests, test_delete);
	tcase_add_test(tests, test_request);
	tcase_add_test(tests, test_cut);
	tcase_add_test(tests, test_broken);
	tcase_add_test(tests, test_key_too_long);
	tcase_add_test(tests, test_two_tuples);
	tcase_add_test(tests, test_random_bytes);
	suite_add_tcase(suite, tests);
	return suite;
}
