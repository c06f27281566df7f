/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>

#include "core/nat.h"
#include "core/ruleset.h"
#include "kernel/codec_nft.h"
#include "unit/check_main.h"

/* Through the bytes of a netlink message, as the kernel would send it. */
static void through_message(const struct nftnl_rule *from, struct nft_rule *rule)
{
	char buffer[4096];
	struct nlmsghdr *message =
		nftnl_nlmsg_build_hdr(buffer, NFT_MSG_NEWRULE, NFPROTO_BRIDGE, 0, 1);
	struct nftnl_rule *parsed = nftnl_rule_alloc();

	nftnl_rule_nlmsg_build_payload(message, (struct nftnl_rule *)(uintptr_t)from);
	ck_assert_int_eq(nftnl_rule_nlmsg_parse(message, parsed), 0);
	codec_nft_decode_rule(parsed, rule);
	nftnl_rule_free(parsed);
}

/* The codec's message as libnftnl understands it. */
static struct nftnl_rule *encode_rule(const struct nft_rule *rule)
{
	char buffer[4096];
	struct nlmsghdr *message =
		nftnl_nlmsg_build_hdr(buffer, NFT_MSG_NEWRULE, NFPROTO_BRIDGE, 0, 1);
	struct nftnl_rule *parsed = nftnl_rule_alloc();

	ck_assert_int_eq(codec_nft_put_rule(message, rule), 0);
	ck_assert_uint_le(message->nlmsg_len, CODEC_NFT_MAX);
	ck_assert_int_eq(nftnl_rule_nlmsg_parse(message, parsed), 0);
	return parsed;
}

static struct nftnl_chain *encode_chain(const struct nft_chain *chain)
{
	char buffer[4096];
	struct nlmsghdr *message =
		nftnl_nlmsg_build_hdr(buffer, NFT_MSG_NEWCHAIN, NFPROTO_BRIDGE, 0, 1);
	struct nftnl_chain *parsed = nftnl_chain_alloc();

	codec_nft_put_chain(message, chain);
	ck_assert_int_eq(nftnl_chain_nlmsg_parse(message, parsed), 0);
	return parsed;
}

static void check_same(const struct nft_rule *rule)
{
	struct nftnl_rule *encoded = encode_rule(rule);
	struct nft_rule decoded;

	ck_assert_ptr_nonnull(encoded);
	through_message(encoded, &decoded);
	ck_assert_msg(nft_rule_equal(rule, &decoded), "field %u", rule->matches[0].field);
	nftnl_rule_free(encoded);
}

static struct nft_match make_match(uint8_t field, bool masked)
{
	struct nft_match match = {.field = field};

	for (size_t i = 0; i < ruleset_field_length(field); i++) {
		match.mask[i] = masked ? 0xf0 : 0xff;
		match.value[i] = (0x31 + 7 * i) & match.mask[i];
	}
	return match;
}

static struct nft_rule make_rule(uint8_t field, bool masked)
{
	return (struct nft_rule){
		.chain = "postrouting",
		.name = "a-rule",
		.matches = {make_match(field, masked)},
		.match_count = 1,
		.verdict = NFT_VERDICT_DROP,
	};
}

START_TEST(every_field_comes_back)
{
	struct nft_rule rule = make_rule(_i, false);

	ck_assert_uint_gt(ruleset_field_length(_i), 0);
	check_same(&rule);
	rule = make_rule(_i, true);
	check_same(&rule);
}
END_TEST

START_TEST(every_verdict_comes_back)
{
	for (uint8_t verdict = NFT_VERDICT_NONE; verdict < NFT_VERDICTS; verdict++) {
		struct nft_rule rule = make_rule(NFT_FIELD_OIF, false);

		rule.verdict = verdict;
		text_copy(rule.target, sizeof(rule.target),
			verdict == NFT_VERDICT_JUMP ? "elsewhere" : "");
		check_same(&rule);
		rule.match_count = 0;
		check_same(&rule);
	}
}
END_TEST

START_TEST(largest_rule_comes_back)
{
	struct nft_rule rule = {.verdict = NFT_VERDICT_ACCEPT};

	memset(rule.chain, 'c', sizeof(rule.chain) - 1);
	memset(rule.name, 'n', sizeof(rule.name) - 1);
	rule.match_count = NFT_MATCHES_MAX;
	for (size_t i = 0; i < NFT_MATCHES_MAX; i++) {
		rule.matches[i] = make_match(NFT_FIELD_IP6_DADDR, true);
	}
	check_same(&rule);
}
END_TEST

START_TEST(whole_ruleset_comes_back)
{
	static const uint16_t vlans[] = {29, 18};
	struct ruleset_request request = {.mesh = "bat0",
		.anycast = true,
		.vlan_protocol = 0x88a8,
		.mesh_vlans = vlans,
		.mesh_vlan_count = 2};
	struct ruleset ruleset = {0};

	ck_assert_int_eq(ip_parse("10.13.0.1", &request.anycast_ipv4), 0);
	ck_assert_int_eq(ip_parse("fd0d::1", &request.anycast_ipv6), 0);
	ck_assert_int_eq(ruleset_build(&request, &ruleset), 0);
	for (size_t i = 0; i < ruleset.rule_count; i++) {
		check_same(&ruleset.rules[i]);
	}
	ruleset_free(&ruleset);
}
END_TEST

START_TEST(nat_comes_back)
{
	static const char links[][IFNAMSIZ] = {"wan0", "br-lan"};
	struct nat_request request = {.masquerade_ipv4 = links,
		.masquerade_ipv4_count = 1,
		.masquerade_ipv6 = links,
		.masquerade_ipv6_count = 1,
		.lan = links + 1,
		.lan_count = 1};
	struct ruleset nat = {0};

	ck_assert_int_eq(nat_build(&request, &nat), 0);
	for (size_t i = 0; i < nat.rule_count; i++) {
		check_same(&nat.rules[i]);
	}
	ruleset_free(&nat);
}
END_TEST

START_TEST(counters_are_read)
{
	struct nft_rule rule = make_rule(NFT_FIELD_IIF, false);
	struct nftnl_rule *encoded = encode_rule(&rule);
	struct nftnl_expr_iter *iter = nftnl_expr_iter_create(encoded);
	struct nftnl_expr *expr;
	struct nft_rule decoded;

	while ((expr = nftnl_expr_iter_next(iter))) {
		if (strcmp(nftnl_expr_get_str(expr, NFTNL_EXPR_NAME), "counter") == 0) {
			nftnl_expr_set_u64(expr, NFTNL_EXPR_CTR_PACKETS, UINT64_C(5000000000));
			nftnl_expr_set_u64(expr, NFTNL_EXPR_CTR_BYTES, 64);
		}
	}
	nftnl_expr_iter_destroy(iter);
	through_message(encoded, &decoded);
	ck_assert_uint_eq(decoded.packets, UINT64_C(5000000000));
	ck_assert_uint_eq(decoded.bytes, 64);
	ck_assert(nft_rule_equal(&rule, &decoded));
	nftnl_rule_free(encoded);
}
END_TEST

START_TEST(unknown_field_is_not_encoded)
{
	struct nft_rule rule = make_rule(NFT_FIELD_IIF, false);
	char buffer[4096];
	struct nlmsghdr *message =
		nftnl_nlmsg_build_hdr(buffer, NFT_MSG_NEWRULE, NFPROTO_BRIDGE, 0, 1);
	uint32_t length = message->nlmsg_len;

	rule.matches[0].field = NFT_FIELDS;
	ck_assert_int_eq(codec_nft_put_rule(message, &rule), -EINVAL);
	ck_assert_uint_eq(message->nlmsg_len, length);
}
END_TEST

/* Changes one expression (the last one of that name) of a good rule. */
static bool foreign_verdict(enum nft_verdict verdict, const char *name, uint16_t attribute,
	uint32_t value)
{
	struct nft_rule rule = make_rule(NFT_FIELD_IP_SADDR, true);

	rule.verdict = (uint8_t)verdict;
	struct nftnl_rule *encoded = encode_rule(&rule);
	struct nftnl_expr_iter *iter = nftnl_expr_iter_create(encoded);
	struct nftnl_expr *expr;
	struct nft_rule decoded;

	while ((expr = nftnl_expr_iter_next(iter))) {
		if (strcmp(nftnl_expr_get_str(expr, NFTNL_EXPR_NAME), name) == 0) {
			nftnl_expr_set_u32(expr, attribute, value);
		}
	}
	nftnl_expr_iter_destroy(iter);
	codec_nft_decode_rule(encoded, &decoded);
	nftnl_rule_free(encoded);
	return decoded.foreign;
}

static bool foreign_after(const char *name, uint16_t attribute, uint32_t value)
{
	return foreign_verdict(NFT_VERDICT_DROP, name, attribute, value);
}

static bool foreign_clamp(const char *name, uint16_t attribute, uint32_t value)
{
	return foreign_verdict(NFT_VERDICT_CLAMP_MSS, name, attribute, value);
}

START_TEST(strange_nat_is_foreign)
{
	enum nft_verdict masquerade = NFT_VERDICT_MASQUERADE;

	ck_assert(foreign_verdict(masquerade, "masq", NFTNL_EXPR_MASQ_FLAGS, 4));
	ck_assert(foreign_verdict(masquerade, "masq", NFTNL_EXPR_MASQ_REG_PROTO_MIN, 1));
	ck_assert(foreign_verdict(masquerade, "masq", NFTNL_EXPR_MASQ_REG_PROTO_MAX, 1));
	ck_assert(!foreign_clamp("rt", NFTNL_EXPR_RT_KEY, NFT_RT_TCPMSS));
	ck_assert(foreign_clamp("rt", NFTNL_EXPR_RT_KEY, NFT_RT_CLASSID));
	ck_assert(foreign_clamp("rt", NFTNL_EXPR_RT_DREG, NFT_REG_2));
	ck_assert(foreign_clamp("byteorder", NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_NTOH));
	ck_assert(foreign_clamp("byteorder", NFTNL_EXPR_BYTEORDER_SREG, NFT_REG_2));
	ck_assert(foreign_clamp("byteorder", NFTNL_EXPR_BYTEORDER_DREG, NFT_REG_2));
	ck_assert(foreign_clamp("byteorder", NFTNL_EXPR_BYTEORDER_LEN, 4));
	ck_assert(foreign_clamp("byteorder", NFTNL_EXPR_BYTEORDER_SIZE, 4));
	ck_assert(foreign_clamp("exthdr", NFTNL_EXPR_EXTHDR_OP, NFT_EXTHDR_OP_IPV6));
	ck_assert(foreign_clamp("exthdr", NFTNL_EXPR_EXTHDR_OFFSET, 3));
	ck_assert(foreign_clamp("exthdr", NFTNL_EXPR_EXTHDR_LEN, 1));
	ck_assert(foreign_clamp("exthdr", NFTNL_EXPR_EXTHDR_SREG, NFT_REG_2));
	ck_assert(foreign_clamp("exthdr", NFTNL_EXPR_EXTHDR_DREG, NFT_REG_1));
}
END_TEST

START_TEST(half_a_clamp_is_foreign)
{
	static const char *const parts[] = {"rt", "byteorder", "exthdr"};

	for (size_t left_out = 0; left_out < 3; left_out++) {
		struct nft_rule rule = make_rule(NFT_FIELD_OIF, false);
		struct nft_rule decoded;

		rule.verdict = NFT_VERDICT_CLAMP_MSS;
		struct nftnl_rule *encoded = encode_rule(&rule);
		struct nftnl_expr_iter *iter = nftnl_expr_iter_create(encoded);
		struct nftnl_expr *expr;

		while ((expr = nftnl_expr_iter_next(iter))) {
			if (strcmp(nftnl_expr_get_str(expr, NFTNL_EXPR_NAME), parts[left_out]) ==
				0) {
				nftnl_rule_del_expr(expr);
				nftnl_expr_free(expr);
				break;
			}
		}
		nftnl_expr_iter_destroy(iter);
		codec_nft_decode_rule(encoded, &decoded);
		ck_assert_msg(decoded.foreign, "%s", parts[left_out]);
		nftnl_rule_free(encoded);
	}
}
END_TEST

START_TEST(strange_expressions_are_foreign)
{
	ck_assert(!foreign_after("cmp", NFTNL_EXPR_CMP_OP, NFT_CMP_EQ));
	ck_assert(foreign_after("cmp", NFTNL_EXPR_CMP_OP, NFT_CMP_NEQ));
	ck_assert(foreign_after("cmp", NFTNL_EXPR_CMP_SREG, NFT_REG_2));
	ck_assert(foreign_after("cmp", NFTNL_EXPR_CMP_DATA, 1) == false); /* another value only */
	ck_assert(foreign_after("payload", NFTNL_EXPR_PAYLOAD_OFFSET, 13));
	ck_assert(foreign_after("payload", NFTNL_EXPR_PAYLOAD_LEN, 2));
	ck_assert(foreign_after("payload", NFTNL_EXPR_PAYLOAD_BASE, 77));
	ck_assert(foreign_after("payload", NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_2));
	ck_assert(foreign_after("bitwise", NFTNL_EXPR_BITWISE_XOR, 1));
	ck_assert(foreign_after("bitwise", NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_LSHIFT));
	ck_assert(foreign_after("immediate", NFTNL_EXPR_IMM_VERDICT, (uint32_t)NFT_RETURN));
}
END_TEST

static bool foreign_with(const char *extra, bool at_once)
{
	struct nft_rule rule = make_rule(NFT_FIELD_ETHER_SADDR, false);
	struct nftnl_rule *encoded = encode_rule(&rule);
	struct nft_rule decoded;

	nftnl_rule_add_expr(encoded, nftnl_expr_alloc(extra));
	if (at_once) {
		codec_nft_decode_rule(encoded, &decoded);
	} else {
		through_message(encoded, &decoded);
	}
	nftnl_rule_free(encoded);
	return decoded.foreign;
}

START_TEST(more_expressions_are_foreign)
{
	static const char *const extras[] = {"meta", "payload", "bitwise", "cmp", "counter",
		"immediate", "log", "limit", "ct", "masq", "rt", "byteorder", "exthdr"};

	for (size_t i = 0; i < sizeof(extras) / sizeof(extras[0]); i++) {
		ck_assert_msg(foreign_with(extras[i], true), "%s", extras[i]);
	}
	ck_assert(foreign_with("log", false));
}
END_TEST

static bool foreign_name(const void *data, uint32_t size)
{
	struct nft_rule rule = make_rule(NFT_FIELD_ETHER_SADDR, false);
	struct nftnl_rule *encoded = encode_rule(&rule);
	struct nft_rule decoded;

	nftnl_rule_unset(encoded, NFTNL_RULE_USERDATA);
	if (size > 0) {
		nftnl_rule_set_data(encoded, NFTNL_RULE_USERDATA, data, size);
	}
	codec_nft_decode_rule(encoded, &decoded);
	nftnl_rule_free(encoded);
	return decoded.foreign;
}

START_TEST(hostile_user_data_is_bounded)
{
	uint8_t longest[2 + 200] = {0, 200};

	memset(longest + 2, 'x', 199);
	ck_assert(!foreign_name("\0\3ab\0", 5));
	ck_assert(!foreign_name("\1\2zz\0\3ab\0", 9)); /* after another attribute */
	ck_assert(foreign_name(NULL, 0));
	ck_assert(foreign_name("\0", 1));
	ck_assert(foreign_name("\0\0", 2));
	ck_assert(foreign_name("\0\3ab", 4));     /* cut */
	ck_assert(foreign_name("\0\3abc", 5));    /* no NUL */
	ck_assert(foreign_name("\0\377ab\0", 5)); /* length behind the end */
	ck_assert(foreign_name("\1\377ab\0", 5));
	ck_assert(foreign_name("\1\3ab\0", 5));
	ck_assert(foreign_name(longest, sizeof(longest)));
}
END_TEST

START_TEST(chains_come_back)
{
	const struct nft_chain chain = {"forward", "filter", 2, -200};
	struct nftnl_chain *encoded = encode_chain(&chain);
	struct nft_chain decoded;

	codec_nft_decode_chain(encoded, &decoded);
	ck_assert_mem_eq(&decoded, &chain, sizeof(chain));
	nftnl_chain_set_u32(encoded, NFTNL_CHAIN_POLICY, NF_DROP);
	codec_nft_decode_chain(encoded, &decoded);
	ck_assert_str_eq(decoded.type, "foreign");
	nftnl_chain_free(encoded);

	encoded = nftnl_chain_alloc(); /* no base chain */
	nftnl_chain_set_str(encoded, NFTNL_CHAIN_NAME, "forward");
	codec_nft_decode_chain(encoded, &decoded);
	ck_assert_str_eq(decoded.type, "");
	ck_assert_int_eq(decoded.hook, -1);
	nftnl_chain_free(encoded);
}
END_TEST

Suite *check_suite(void)
{
	Suite *suite = suite_create("codec_nft");
	TCase *tests = tcase_create("codec_nft");

	tcase_add_loop_test(tests, every_field_comes_back, 0, NFT_FIELDS);
	tcase_add_test(tests, every_verdict_comes_back);
	tcase_add_test(tests, largest_rule_comes_back);
	tcase_add_test(tests, whole_ruleset_comes_back);
	tcase_add_test(tests, nat_comes_back);
	tcase_add_test(tests, counters_are_read);
	tcase_add_test(tests, unknown_field_is_not_encoded);
	tcase_add_test(tests, strange_expressions_are_foreign);
	tcase_add_test(tests, strange_nat_is_foreign);
	tcase_add_test(tests, half_a_clamp_is_foreign);
	tcase_add_test(tests, more_expressions_are_foreign);
	tcase_add_test(tests, hostile_user_data_is_bounded);
	tcase_add_test(tests, chains_come_back);
	suite_add_tcase(suite, tests);
	return suite;
}
