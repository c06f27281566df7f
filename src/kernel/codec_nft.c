/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/codec_nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/tcp.h>
#include <string.h>

#include <libnftnl/udata.h>

#include "base/cleanup.h"
#include "core/ruleset.h"

/* Where the kernel finds a field: a meta key, or a place in one of the frame's headers. */
struct location {
	uint8_t base; /* enum nft_payload_bases, or CODEC_NFT_META */
	uint8_t at;   /* offset in bytes, or enum nft_meta_keys */
};

static const struct location locations[NFT_FIELDS] = {
	[NFT_FIELD_IIF] = {CODEC_NFT_META, NFT_META_IIFNAME},
	[NFT_FIELD_OIF] = {CODEC_NFT_META, NFT_META_OIFNAME},
	[NFT_FIELD_L4PROTO] = {CODEC_NFT_META, NFT_META_L4PROTO},
	[NFT_FIELD_ETHER_DADDR] = {NFT_PAYLOAD_LL_HEADER, 0},
	[NFT_FIELD_ETHER_SADDR] = {NFT_PAYLOAD_LL_HEADER, 6},
	[NFT_FIELD_ETHER_TYPE] = {CODEC_NFT_META, NFT_META_PROTOCOL},
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
	[NFT_FIELD_NFPROTO] = {CODEC_NFT_META, NFT_META_NFPROTO},
	[NFT_FIELD_TCP_FLAGS] = {NFT_PAYLOAD_TRANSPORT_HEADER, 13},
};

uint8_t codec_nft_find_field(uint32_t base, uint32_t at, uint32_t length)
{
	for (unsigned int field = 0; field < NFT_FIELDS; field++) {
		if (locations[field].base == base && locations[field].at == at &&
			(base == CODEC_NFT_META ||
				ruleset_field_length((uint8_t)field) == length)) {
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
	bool meta = location->base == CODEC_NFT_META;
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

static void put_decision(struct nlmsghdr *message, const struct nft_rule *rule)
{
	static const uint32_t codes[NFT_VERDICTS] = {[NFT_VERDICT_ACCEPT] = NF_ACCEPT,
		[NFT_VERDICT_DROP] = NF_DROP,
		[NFT_VERDICT_JUMP] = (uint32_t)NFT_JUMP};
	struct expression expression = begin_expression(message, "immediate");

	put_number(message, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	struct nlattr *data = mnl_attr_nest_start(message, NFTA_IMMEDIATE_DATA);
	struct nlattr *verdict = mnl_attr_nest_start(message, NFTA_DATA_VERDICT);

	put_number(message, NFTA_VERDICT_CODE, codes[rule->verdict]);
	if (rule->verdict == NFT_VERDICT_JUMP) {
		mnl_attr_put_strz(message, NFTA_VERDICT_CHAIN, rule->target);
	}
	mnl_attr_nest_end(message, verdict);
	mnl_attr_nest_end(message, data);
	end_expression(message, &expression);
}

/* The kernel writes the option only where it becomes smaller. */
static void put_clamp(struct nlmsghdr *message)
{
	struct expression expression = begin_expression(message, "rt");

	put_number(message, NFTA_RT_DREG, NFT_REG_1);
	put_number(message, NFTA_RT_KEY, NFT_RT_TCPMSS);
	end_expression(message, &expression);

	expression = begin_expression(message, "byteorder");
	put_number(message, NFTA_BYTEORDER_SREG, NFT_REG_1);
	put_number(message, NFTA_BYTEORDER_DREG, NFT_REG_1);
	put_number(message, NFTA_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	put_number(message, NFTA_BYTEORDER_LEN, CODEC_NFT_MSS_LENGTH);
	put_number(message, NFTA_BYTEORDER_SIZE, CODEC_NFT_MSS_LENGTH);
	end_expression(message, &expression);

	expression = begin_expression(message, "exthdr");
	mnl_attr_put_u8(message, NFTA_EXTHDR_TYPE, TCPOPT_MAXSEG);
	put_number(message, NFTA_EXTHDR_OFFSET, CODEC_NFT_MSS_OFFSET);
	put_number(message, NFTA_EXTHDR_LEN, CODEC_NFT_MSS_LENGTH);
	put_number(message, NFTA_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT);
	put_number(message, NFTA_EXTHDR_SREG, NFT_REG_1);
	end_expression(message, &expression);
}

static void put_verdict(struct nlmsghdr *message, const struct nft_rule *rule)
{
	if (rule->verdict == NFT_VERDICT_MASQUERADE) {
		struct expression expression = begin_expression(message, "masq");
		end_expression(message, &expression);
	} else if (rule->verdict == NFT_VERDICT_CLAMP_MSS) {
		put_clamp(message);
	} else if (rule->verdict != NFT_VERDICT_NONE) {
		put_decision(message, rule);
	}
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
	put_verdict(message, rule);
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
