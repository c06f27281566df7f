/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include <libnftnl/expr.h>
#include <libnftnl/udata.h>

#include "base/cleanup.h"
#include "core/ruleset.h"
#include "kernel/codec_nft.h"

/* Reads a rule's expressions one after the other; match is what stands loaded in register 1. */
struct decoder {
	struct nft_rule *rule;
	struct nft_match match;
	uint32_t length;
	bool loaded;
	bool counted;
	bool decided;
	uint8_t clamped; /* how many of the expressions of NFT_VERDICT_CLAMP_MSS were there */
};

#define CLAMP_EXPRESSIONS 3

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
	return begin_match(decoder, codec_nft_find_field(CODEC_NFT_META,
					    nftnl_expr_get_u32(expr, NFTNL_EXPR_META_KEY), 0));
}

static bool decode_payload(struct decoder *decoder, const struct nftnl_expr *expr)
{
	if (!expr_is(expr, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1)) {
		return false;
	}
	return begin_match(decoder,
		codec_nft_find_field(nftnl_expr_get_u32(expr, NFTNL_EXPR_PAYLOAD_BASE),
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
	if (!decoder->counted || decoder->decided || decoder->clamped > 0 ||
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

/* nft's "masquerade" without flags and ports; those come as attributes. */
static bool decode_masq(struct decoder *decoder, const struct nftnl_expr *expr)
{
	if (!decoder->counted || decoder->decided || decoder->clamped > 0 ||
		nftnl_expr_is_set(expr, NFTNL_EXPR_MASQ_FLAGS) ||
		nftnl_expr_is_set(expr, NFTNL_EXPR_MASQ_REG_PROTO_MIN) ||
		nftnl_expr_is_set(expr, NFTNL_EXPR_MASQ_REG_PROTO_MAX)) {
		return false;
	}
	decoder->decided = true;
	decoder->rule->verdict = NFT_VERDICT_MASQUERADE;
	return true;
}

static bool decode_rt(struct decoder *decoder, const struct nftnl_expr *expr)
{
	return decoder->counted && !decoder->decided && decoder->clamped++ == 0 &&
	       expr_is(expr, NFTNL_EXPR_RT_DREG, NFT_REG_1) &&
	       expr_is(expr, NFTNL_EXPR_RT_KEY, NFT_RT_TCPMSS);
}

static bool decode_byteorder(struct decoder *decoder, const struct nftnl_expr *expr)
{
	return decoder->clamped++ == 1 && expr_is(expr, NFTNL_EXPR_BYTEORDER_SREG, NFT_REG_1) &&
	       expr_is(expr, NFTNL_EXPR_BYTEORDER_DREG, NFT_REG_1) &&
	       expr_is(expr, NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON) &&
	       expr_is(expr, NFTNL_EXPR_BYTEORDER_LEN, CODEC_NFT_MSS_LENGTH) &&
	       expr_is(expr, NFTNL_EXPR_BYTEORDER_SIZE, CODEC_NFT_MSS_LENGTH);
}

static bool decode_exthdr(struct decoder *decoder, const struct nftnl_expr *expr)
{
	if (decoder->clamped++ != CLAMP_EXPRESSIONS - 1 ||
		nftnl_expr_is_set(expr, NFTNL_EXPR_EXTHDR_DREG) ||
		!expr_is(expr, NFTNL_EXPR_EXTHDR_SREG, NFT_REG_1) ||
		!expr_is(expr, NFTNL_EXPR_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT) ||
		!expr_is(expr, NFTNL_EXPR_EXTHDR_OFFSET, CODEC_NFT_MSS_OFFSET) ||
		!expr_is(expr, NFTNL_EXPR_EXTHDR_LEN, CODEC_NFT_MSS_LENGTH) ||
		nftnl_expr_get_u8(expr, NFTNL_EXPR_EXTHDR_TYPE) != TCPOPT_MAXSEG) {
		return false;
	}
	decoder->decided = true;
	decoder->rule->verdict = NFT_VERDICT_CLAMP_MSS;
	return true;
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
	{"masq", decode_masq},
	{"rt", decode_rt},
	{"byteorder", decode_byteorder},
	{"exthdr", decode_exthdr},
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
	return ours && decoder.counted && (decoder.decided || decoder.clamped == 0);
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
