/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Netlink transactions of nftables: the replacement of whole tables. */
#ifndef KERNEL_NFT_TRANSACTION_H
#define KERNEL_NFT_TRANSACTION_H

#include "core/state.h"
#include "kernel/netlink.h"
#include "kernel/nft.h"

/* See nft_replace(). netlink is a socket of NETLINK_NETFILTER. */
int nft_transaction_run(struct netlink *netlink, const struct nft_change *changes, size_t count,
	char *message, size_t size);

/* An empty transaction: waits until no transaction is running, and changes nothing. 0, -EINTR when
 * the kernel's rulesets are not of this generation (any more), -EOPNOTSUPP when the kernel has no
 * nf_tables, or another -errno. */
int nft_transaction_settle(struct netlink *netlink, uint32_t generation);

#endif
