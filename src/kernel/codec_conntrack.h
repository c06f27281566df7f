/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flows that the kernel tracks (conntrack), as ctnetlink tells and takes them:
 * linux/netfilter/nfnetlink_conntrack.h. */
#ifndef KERNEL_CODEC_CONNTRACK_H
#define KERNEL_CODEC_CONNTRACK_H

#include <libmnl/libmnl.h>

#include "base/text.h"

/* What names an entry to the kernel, as it wrote it; they lie within the message. */
struct codec_flow_key {
	const struct nlattr *original; /* tuple */
	const struct nlattr *id;       /* NULL: the kernel tells none */
	const struct nlattr *zone;     /* NULL: the usual one */
};

struct codec_flow {
	struct ip source; /* of its first packet */
	struct ip destination;
	bool translated; /* another address or port than its first packet's answers it */
	struct codec_flow_key key;
};

/* Asks for the flows of a family; newer kernels leave the translated ones out of their answer. */
void codec_conntrack_request(struct nlmsghdr *message, uint8_t family);
/* Bytes that an entry's key takes at most. */
#define CODEC_CONNTRACK_KEY_MAX 512
/* 0, or -EBADMSG when it is no whole entry of IPv4 or IPv6, or has an impossible key. */
int codec_conntrack_decode(const struct nlmsghdr *message, struct codec_flow *flow);

/* Deletes this very entry and no other that has taken its place; flow is a decoded one: without a
 * tuple the kernel would delete all flows. The message has its type and flags already. */
#define CODEC_CONNTRACK_DELETE ((NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_DELETE)
void codec_conntrack_delete(struct nlmsghdr *message, const struct codec_flow *flow);

#endif
