/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chains and rules of core/state.h as the attributes of a netlink message, and back from libnftnl's
 * objects. A match is a load (meta or payload), a bitwise where its mask is not all ones, and a
 * cmp; then come counter and verdict (immediate, masq, or rt, byteorder and exthdr). The rule's
 * name is its comment in the user data, which the nft tool shows. Writing does without libnftnl's
 * objects: there are a hundred small ones in a ruleset, and making them took as long as the kernel
 * takes for the ruleset. */
#ifndef KERNEL_CODEC_NFT_H
#define KERNEL_CODEC_NFT_H

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/rule.h>

#include "core/state.h"

/* The message has its header and CODEC_NFT_MAX bytes of room. -EINVAL when a match names no field:
 * then nothing is written. */
#define CODEC_NFT_MAX 2000
int codec_nft_put_rule(struct nlmsghdr *message, const struct nft_rule *rule);
void codec_nft_put_chain(struct nlmsghdr *message, const struct nft_chain *chain);

/* What meshd never writes makes the result equal to nothing that it wants: a chain gets the type
 * "foreign" (another policy than accept, a name that is too long), a rule gets its mark. */
void codec_nft_decode_chain(const struct nftnl_chain *from, struct nft_chain *chain);
void codec_nft_decode_rule(const struct nftnl_rule *from, struct nft_rule *rule);

/* Where the kernel finds a field: base is one of enum nft_payload_bases and at an offset, or base
 * is CODEC_NFT_META and at a key, which alone tells its length. NFT_FIELDS when it is none of ours.
 */
#define CODEC_NFT_META UINT8_MAX
uint8_t codec_nft_find_field(uint32_t base, uint32_t at, uint32_t length);

/* The segment size within the TCP option of that name. */
#define CODEC_NFT_MSS_OFFSET 2
#define CODEC_NFT_MSS_LENGTH 2

#endif
