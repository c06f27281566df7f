/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/codec_nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include <libnftnl/expr.h>
#include <libnftnl/udata.h>

#include "base/cleanup.h"
#include "core/ruleset.h"

#define IS_META UINT8_MAX

/* Where the kernel finds a field: a meta key, or a place in one of the frame's headers. */
struct location {
	uint8_t base; /* enum nft_payload_bases, or IS_META */
	uint8_t at;   /* offset in bytes, or enum nft_meta_keys */
};

static const struct location locations[NFT_FIELDS] = {
	[NFT_FIELD_IIF] = {IS_META, NFT_META_IIFNAME},
	[NFT_FIELD_OIF] = {IS_META, NFT_META_OIFNAME},
	[NFT_FIELD_L4PROTO] = {IS_META, NFT_META_L4PROTO},
	[NFT_FIELD_ETHER_DADDR] = {NFT_PAYLOAD_LL_HEADER, 0},
	[NFT_FIELD_ETHER_SADDR] = {NFT_PAYLOAD_LL_HEADER, 6},
	[NFT_FIELD_ETHER_TYPE] = {IS_META, NFT_META_PROTOCOL},
	[NFT_FIELD_VLAN_TYPE] = {NFT_PAYLOAD_LL_HEADER, 12},
	[NFT_FIELD_VLAN_ID] = {NFT_PAYLOAD_LL_HEADER, 14},
	[NFT_FIELD_ARP_SENDER] = {NFT_PAYLOAD_NETWORK_HEADER, 14},
	[NFT_FIELD_ARP_TARGET] = {NFT_PAYLOAD_NETWORK_HEADER, 24},
	[NFT_FIELD_IP_SADDR] = {NFT_PAYLOAD_NETWORK_HEADER, 12},
	[NFT_FIELD_IP_DADDR] = {NFT_PAYLOAD_NETWORK_HEADER, 16},
	[NFT_FIELD_IP6_SADDR] = {NFT_PAYLOAD_NETWORK_HEADER, 8},
	[NFT_FIELD_IP6_DADDR] = {NFT_PAYLOAD_NETWORK_HEADER, 24},
	[NFT_FIELD_ICMPV6_TYPE] = {NFT_PAYLOAD_TRANSPORT_HEADER, 0},
	[NFT_FIELD_ND_TARGET] = {NFT_PAYLOAD_TRANSPORT_HEADER, 8},
	[NFT_FIELD_UDP_SPORT] = {NFT_PAYLOAD_TRANSPORT_HEADER, 0},
	[NFT_FIELD_UDP_DPORT] = {NFT_PAYLOAD_TRANSPORT_HEADER, 2},
	[NFT_FIELD_ARP_TARGET_MAC] = {NFT_PAYLOAD_NETWORK_HEADER, 18},
};

/* NFT_FIELDS when it is none of ours. A meta key alone tells its length. */
static uint8_t find_field(uint32_t base, uint32_t at, uint32_t length)
{
	for (unsigned int field = 0; field < NFT_FIELDS; field++) {
		if (locations[field].base == base && locations[field].at == at &&
			(base == IS_META || ruleset_field_length((uint8_t)field) == length)) {
			return (uint8_t)field;
		}
	}
	return NFT_FIELDS;
}

/* nf_tables has all its numbers in network order. A ruleset has a thousand of them, so this is
 * mnl_attr_put_u32() without its calls. */
static void put_number(struct nlmsghdr *message, uint16_t type, uint32_t number)
{
	struct nlattr *attr = (void *)((char *)message + MNL_ALIGN(message->nlmsg_len));
	const uint32_t value = htonl(number);

	attr->nla_type = type;
	attr->nla_len = (uint16_t)(MNL_ATTR_HDRLEN + sizeof(value));
	memcpy((char *)attr + MNL_ATTR_HDRLEN, &value, sizeof(value));
	message->nlmsg_len = MNL_ALIGN(message->nlmsg_len) + attr->nla_len;
}

static void put_data(struct nlmsghdr *message, uint16_t type, const void *bytes, size_t length)
{
	struct nlattr *nest = mnl_attr_nest_start(message, type);

	mnl_attr_put(message, NFTA_DATA_VALUE, length, bytes);
	mnl_attr_nest_end(message, nest);
}

/* An expression that is being written: its attributes come between begin and end. */
struct expression {
	struct nlattr *element;
	struct nlattr *data;
};

static struct expression begin_expression(struct nlmsghdr *message, const char *name)
{
	struct expression expression = {.element = mnl_attr_nest_start(message, NFTA_LIST_ELEM)};

	mnl_attr_put_strz(message, NFTA_EXPR_NAME, name);
	expression.data = mnl_attr_nest_start(message, NFTA_EXPR_DATA);
	return expression;
}

static void end_expression(struct nlmsghdr *message, const struct expression *expression)
{
	mnl_attr_nest_end(message, expression->data);
	mnl_attr_nest_end(message, expression->element);
}

static void put_load(struct nlmsghdr *message, uint8_t field)
{
	const struct location *location = &locations[field];
	bool meta = location->base == IS_META;
	struct expression expression = begin_expression(message, meta ? "meta" : "payload");

	if (meta) {
		put_number(message, NFTA_META_KEY, location->at);
		put_number(message, NFTA_META_DREG, NFT_REG_1);
	} else {
		put_number(message, NFTA_PAYLOAD_DREG, NFT_REG_1);
		put_number(message, NFTA_PAYLOAD_BASE, location->base);
		put_number(message, NFTA_PAYLOAD_OFFSET, location->at);
		put_number(message, NFTA_PAYLOAD_LEN, (uint32_t)ruleset_field_length(field));
	}
	end_expression(message, &expression);
}

static void put_mask(struct nlmsghdr *message, const struct nft_match *match, size_t length)
{
	static const uint8_t zero[sizeof(match->mask)];
	uint8_t ones[sizeof(match->mask)];

	memset(ones, 0xff, sizeof(ones));
	if (memcmp(match->mask, ones, length) == 0) {
		return;
	}
	struct expression expression = begin_expression(message, "bitwise");

	put_number(message, NFTA_BITWISE_SREG, NFT_REG_1);
	put_number(message, NFTA_BITWISE_DREG, NFT_REG_1);
	put_number(message, NFTA_BITWISE_OP, NFT_BITWISE_BOOL);
	put_number(message, NFTA_BITWISE_LEN, (uint32_t)length);
	put_data(message, NFTA_BITWISE_MASK, match->mask, length);
	put_data(message, NFTA_BITWISE_XOR, zero, length);
	end_expression(message, &expression);
}

static void put_match(struct nlmsghdr *message, const struct nft_match *match)
{
	size_t length = ruleset_field_length(match->field);

	put_load(message, match->field);
	put_mask(message, match, length);
	struct expression expression = begin_expression(message, "cmp");

	put_number(message, NFTA_CMP_SREG, NFT_REG_1);
	put_number(message, NFTA_CMP_OP, NFT_CMP_EQ);
	put_data(message, NFTA_CMP_DATA, match->value, length);
	end_expression(message, &expression);
}

static void put_verdict(struct nlmsghdr *message, const struct nft_rule *rule)
{
	static const uint32_t verdicts[] = {[NFT_VERDICT_ACCEPT] = NF_ACCEPT,
		[NFT_VERDICT_DROP] = NF_DROP,
		[NFT_VERDICT_JUMP] = (uint32_t)NFT_JUMP};
	struct expression expression = begin_expression(message, "immediate");

	put_number(message, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	struct nlattr *data = mnl_attr_nest_start(message, NFTA_IMMEDIATE_DATA);
	struct nlattr *verdict = mnl_attr_nest_start(message, NFTA_DATA_VERDICT);

	put_number(message, NFTA_VERDICT_CODE, verdicts[rule->verdict]);
	if (rule->verdict == NFT_VERDICT_JUMP) {
		mnl_attr_put_strz(message, NFTA_VERDICT_CHAIN, rule->target);
	}
	mnl_attr_nest_end(message, verdict);
	mnl_attr_nest_end(message, data);
	end_expression(message, &expression);
}

/* User data is a list of type, length, bytes, each number one byte; a comment ends with NUL. */
static void put_name(struct nlmsghdr *message, const char *name)
{
	uint8_t data[2 + NFT_NAME_SIZE] = {NFTNL_UDATA_RULE_COMMENT};
	size_t length = strnlen(name, NFT_NAME_SIZE - 1);

	data[1] = (uint8_t)(length + 1);
	memcpy(data + 2, name, length);
	mnl_attr_put(message, NFTA_RULE_USERDATA, 2 + length + 1, data);
}

int codec_nft_put_rule(struct nlmsghdr *message, const struct nft_rule *rule)
{
	for (size_t i = 0; i < rule->match_count; i++) {
		if (ruleset_field_length(rule->matches[i].field) == 0) {
			return -EINVAL;
		}
	}
	mnl_attr_put_strz(message, NFTA_RULE_TABLE, RULESET_TABLE);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, rule->chain);
	struct nlattr *expressions = mnl_attr_nest_start(message, NFTA_RULE_EXPRESSIONS);

	for (size_t i = 0; i < rule->match_count; i++) {
		put_match(message, &rule->matches[i]);
	}
	struct expression counter = begin_expression(message, "counter");

	end_expression(message, &counter);
	if (rule->verdict != NFT_VERDICT_NONE) {
		put_verdict(message, rule);
	}
	mnl_attr_nest_end(message, expressions);
	put_name(message, rule->name);
	return 0;
}

void codec_nft_put_chain(struct nlmsghdr *message, const struct nft_chain *chain)
{
	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, RULESET_TABLE);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, chain->name);
	if (chain->hook < 0) {
		return;
	}
	struct nlattr *hook = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);

	put_number(message, NFTA_HOOK_HOOKNUM, (uint32_t)chain->hook);
	put_number(message, NFTA_HOOK_PRIORITY, (uint32_t)chain->priority);
	mnl_attr_nest_end(message, hook);
	put_number(message, NFTA_CHAIN_POLICY, NF_ACCEPT);
	mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, chain->type);
}

/* Reads a rule's expressions one after the other; match is what stands loaded in register 1. */
struct decoder {
	struct nft_rule *rule;
	struct nft_match match;
	uint32_t length;
	bool loaded;
	bool counted;
	bool decided;
};

typedef bool decode_fn(struct decoder *decoder, const struct nftnl_expr *expr);

static bool expr_is(const struct nftnl_expr *expr, uint16_t attribute, uint32_t value)
{
	return nftnl_expr_is_set(expr, attribute) && nftnl_expr_get_u32(expr, attribute) == value;
}

/* Copies an attribute's bytes when it has exactly that length. */
static bool expr_copy(const struct nftnl_expr *expr, uint16_t attribute, uint8_t *to,
	uint32_t length)
{
	uint32_t found = 0;
	const void *from =
		nftnl_expr_is_set(expr, attribute) ? nftnl_expr_get(expr, attribute, &found) : NULL;

	if (!from || found != length) {
		return false;
	}
	memcpy(to, from, length);
	return true;
}

static bool begin_match(struct decoder *decoder, uint8_t field)
{
	if (decoder->loaded || decoder->counted || field == NFT_FIELDS) {
		return false;
	}
	decoder->length = ruleset_field_length(field);
	decoder->loaded = true;
	decoder->match = (struct nft_match){.field = field};
	memset(decoder->match.mask, 0xff, decoder->length);
	return true;
}

static bool decode_meta(struct decoder *decoder, const struct nftnl_expr *expr)
{
	if (!expr_is(expr, NFTNL_EXPR_META_DREG, NFT_REG_1)) {
		return false;
	}
	return begin_match(decoder,
		find_field(IS_META, nftnl_expr_get_u32(expr, NFTNL_EXPR_META_KEY), 0));
}

static bool decode_payload(struct decoder *decoder, const struct nftnl_expr *expr)
{
	if (!expr_is(expr, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1)) {
		return false;
	}
	return begin_match(decoder, find_field(nftnl_expr_get_u32(expr, NFTNL_EXPR_PAYLOAD_BASE),
					    nftnl_expr_get_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET),
					    nftnl_expr_get_u32(expr, NFTNL_EXPR_PAYLOAD_LEN)));
}

static bool decode_bitwise(struct decoder *decoder, const struct nftnl_expr *expr)
{
	static const uint8_t zero[sizeof(decoder->match.mask)];
	uint8_t flip[sizeof(decoder->match.mask)];

	return decoder->loaded && expr_is(expr, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1) &&
	       expr_is(expr, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1) &&
	       nftnl_expr_get_u32(expr, NFTNL_EXPR_BITWISE_OP) == NFT_BITWISE_BOOL &&
	       expr_copy(expr, NFTNL_EXPR_BITWISE_XOR, flip, decoder->length) &&
	       memcmp(flip, zero, decoder->length) == 0 &&
	       expr_copy(expr, NFTNL_EXPR_BITWISE_MASK, decoder->match.mask, decoder->length);
}

static bool decode_cmp(struct decoder *decoder, const struct nftnl_expr *expr)
{
	struct nft_rule *rule = decoder->rule;

	if (!decoder->loaded || rule->match_count == NFT_MATCHES_MAX ||
		!expr_is(expr, NFTNL_EXPR_CMP_SREG, NFT_REG_1) ||
		!expr_is(expr, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ) ||
		!expr_copy(expr, NFTNL_EXPR_CMP_DATA, decoder->match.value, decoder->length)) {
		return false;
	}
	rule->matches[rule->match_count++] = decoder->match;
	decoder->loaded = false;
	return true;
}

static bool decode_counter(struct decoder *decoder, const struct nftnl_expr *expr)
{
	if (decoder->loaded || decoder->counted) {
		return false;
	}
	decoder->rule->packets = nftnl_expr_get_u64(expr, NFTNL_EXPR_CTR_PACKETS);
	decoder->rule->bytes = nftnl_expr_get_u64(expr, NFTNL_EXPR_CTR_BYTES);
	decoder->counted = true;
	return true;
}

static bool decode_immediate(struct decoder *decoder, const struct nftnl_expr *expr)
{
	if (!decoder->counted || decoder->decided ||
		!expr_is(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT)) {
		return false;
	}
	decoder->decided = true;
	if (expr_is(expr, NFTNL_EXPR_IMM_VERDICT, NF_ACCEPT)) {
		decoder->rule->verdict = NFT_VERDICT_ACCEPT;
		return true;
	}
	if (expr_is(expr, NFTNL_EXPR_IMM_VERDICT, (uint32_t)NFT_JUMP)) {
		const char *target = nftnl_expr_get_str(expr, NFTNL_EXPR_IMM_CHAIN);

		decoder->rule->verdict = NFT_VERDICT_JUMP;
		return target &&
		       text_copy(decoder->rule->target, sizeof(decoder->rule->target), target);
	}
	decoder->rule->verdict = NFT_VERDICT_DROP;
	return expr_is(expr, NFTNL_EXPR_IMM_VERDICT, NF_DROP);
}

static const struct {
	const char *name;
	decode_fn *decode;
} decoders[] = {
	{"meta", decode_meta},
	{"payload", decode_payload},
	{"bitwise", decode_bitwise},
	{"cmp", decode_cmp},
	{"counter", decode_counter},
	{"immediate", decode_immediate},
};

static bool decode_expr(struct decoder *decoder, const struct nftnl_expr *expr)
{
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_NAME);

	for (size_t i = 0; i < ARRAY_SIZE(decoders); i++) {
		if (strcmp(name, decoders[i].name) == 0) {
			return decoders[i].decode(decoder, expr);
		}
	}
	return false;
}

static bool decode_exprs(const struct nftnl_rule *from, struct nft_rule *rule)
{
	struct decoder decoder = {.rule = rule};
	struct nftnl_expr_iter *iter = nftnl_expr_iter_create(from);
	struct nftnl_expr *expr;
	bool ours = true;

	if (!iter) {
		return false;
	}
	while (ours && (expr = nftnl_expr_iter_next(iter))) {
		ours = decode_expr(&decoder, expr);
	}
	nftnl_expr_iter_destroy(iter);
	return ours && decoder.counted;
}

/* libnftnl's own walk trusts the lengths in the data, which any program may have written. */
static bool decode_name(const struct nftnl_rule *from, char *name)
{
	uint32_t size = 0;
	const uint8_t *data = nftnl_rule_is_set(from, NFTNL_RULE_USERDATA)
				      ? nftnl_rule_get_data(from, NFTNL_RULE_USERDATA, &size)
				      : NULL;

	for (uint32_t at = 0; data && at + 2 <= size; at += 2 + data[at + 1]) {
		uint32_t length = data[at + 1];

		if (data[at] != NFTNL_UDATA_RULE_COMMENT) {
			continue;
		}
		if (length == 0 || at + 2 + length > size || data[at + 2 + length - 1] != 0) {
			return false;
		}
		return text_copy(name, NFT_NAME_SIZE, (const char *)data + at + 2);
	}
	return false;
}

void codec_nft_decode_rule(const struct nftnl_rule *from, struct nft_rule *rule)
{
	const char *chain = nftnl_rule_get_str(from, NFTNL_RULE_CHAIN);

	*rule = (struct nft_rule){0};
	bool named = decode_name(from, rule->name);
	bool placed = chain && text_copy(rule->chain, sizeof(rule->chain), chain);

	rule->foreign = !decode_exprs(from, rule) || !named || !placed;
}

void codec_nft_decode_chain(const struct nftnl_chain *from, struct nft_chain *chain)
{
	const char *name = nftnl_chain_get_str(from, NFTNL_CHAIN_NAME);
	const char *type = nftnl_chain_get_str(from, NFTNL_CHAIN_TYPE);

	*chain = (struct nft_chain){.hook = -1};
	bool fits = name && text_copy(chain->name, sizeof(chain->name), name);

	if (nftnl_chain_is_set(from, NFTNL_CHAIN_HOOKNUM)) {
		chain->hook = (int32_t)nftnl_chain_get_u32(from, NFTNL_CHAIN_HOOKNUM);
		chain->priority = nftnl_chain_get_s32(from, NFTNL_CHAIN_PRIO);
		fits = fits && type && text_copy(chain->type, sizeof(chain->type), type) &&
		       nftnl_chain_get_u32(from, NFTNL_CHAIN_POLICY) == NF_ACCEPT;
	}
	if (!fits) {
		text_copy(chain->type, sizeof(chain->type), "foreign");
	}
}
