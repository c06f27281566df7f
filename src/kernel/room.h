/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What struct kernel holds, for the modules of this room. */
#ifndef KERNEL_ROOM_H
#define KERNEL_ROOM_H

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
	bool listening;
};

/* Opens nftables when that was not possible yet. 0 or -errno. */
int kernel_need_nft(struct kernel *kernel);

static inline void kernel_saw_ifindex(struct kernel *kernel, uint32_t ifindex)
{
	if (ifindex > kernel->highest_ifindex) {
		kernel->highest_ifindex = ifindex;
	}
}

#endif
