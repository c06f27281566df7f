/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chains and rules of core/state.h as libnftnl's objects, and back. A match is a load (meta or
 * payload), a bitwise where its mask is not all ones, and a cmp; then come counter and verdict. The
 * rule's name is its comment in the user data, which the nft tool shows. */
#ifndef KERNEL_CODEC_NFT_H
#define KERNEL_CODEC_NFT_H

#include <libnftnl/chain.h>
#include <libnftnl/rule.h>

#include "core/state.h"

/* The caller frees the result with nftnl_chain_free() or nftnl_rule_free(). NULL when memory ends,
 * or when a match names no field. */
struct nftnl_chain *codec_nft_encode_chain(const struct nft_chain *chain);
struct nftnl_rule *codec_nft_encode_rule(const struct nft_rule *rule);

/* What meshd never writes makes the result equal to nothing that it wants: a chain gets the type
 * "foreign" (another policy than accept, a name that is too long), a rule gets its mark. */
void codec_nft_decode_chain(const struct nftnl_chain *from, struct nft_chain *chain);
void codec_nft_decode_rule(const struct nftnl_rule *from, struct nft_rule *rule);

#endif
