/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The replacement of the whole table "bridge meshd" as one netlink transaction. */
#ifndef KERNEL_NFT_TRANSACTION_H
#define KERNEL_NFT_TRANSACTION_H

#include "core/state.h"
#include "kernel/netlink.h"

/* See nft_replace(). netlink is a socket of NETLINK_NETFILTER. */
int nft_transaction_run(struct netlink *netlink, const struct ruleset *ruleset, char *message,
	size_t size);

#endif
