/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What struct kernel holds, for the modules of this room. */
#ifndef KERNEL_ROOM_H
#define KERNEL_ROOM_H

#include <string.h>
#include <sys/socket.h>

#include "kernel/batadv.h"
#include "kernel/defaults.h"
#include "kernel/flows.h"
#include "kernel/kernel.h"
#include "kernel/netlink.h"
#include "kernel/nft.h"
#include "kernel/sysctl_watch.h"

struct kernel {
	struct netlink rtnl;
	struct mnl_socket *listener; /* rtnetlink's groups, NULL before kernel_listen() */
	struct batadv batadv;
	struct nft *nft; /* NULL while the kernel has no nftables */
	struct sysctl_watch sysctl_watch;
	struct uplinks uplinks;
	struct forgetting *forgetting; /* NULL: no flows are being deleted */
	uint32_t highest_ifindex;
	uint8_t routed[2]; /* which of our tables may hold routes: by family, a bit a table */
	bool listening;
};

/* Opens nftables when that was not possible yet. 0 or -errno. */
int kernel_need_nft(struct kernel *kernel);

/* A table of ours that was found empty stays so until a route is heard of: it need not be asked for
 * again. */
static inline uint8_t *kernel_routed(struct kernel *kernel, uint8_t family)
{
	return &kernel->routed[family == AF_INET6];
}

/* The bit of a table, 0 of one that is not ours. */
static inline uint8_t kernel_table_bit(uint32_t table)
{
	return table >= STATE_TABLE_ANYCAST && table <= STATE_TABLE_WITHDRAWN
		       ? (uint8_t)(1U << (table - STATE_TABLE_ANYCAST))
		       : 0;
}

static inline void kernel_saw_route(struct kernel *kernel, uint8_t family, uint32_t table)
{
	*kernel_routed(kernel, family) |= kernel_table_bit(table);
}

/* After notifications were lost, or before they are heard. */
static inline void kernel_suspect_routes(struct kernel *kernel)
{
	memset(kernel->routed, 0xff, sizeof(kernel->routed));
}

static inline void kernel_saw_ifindex(struct kernel *kernel, uint32_t ifindex)
{
	if (ifindex > kernel->highest_ifindex && ifindex < STATE_IFINDEX_HIGH) {
		kernel->highest_ifindex = ifindex;
	}
}

#endif
