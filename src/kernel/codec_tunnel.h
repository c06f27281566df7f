/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What IFLA_INFO_DATA says of an ip6tnl link (linux/if_tunnel.h); apart from the other links,
 * because that header bears none of net/if.h behind it. */
#ifndef KERNEL_CODEC_TUNNEL_H
#define KERNEL_CODEC_TUNNEL_H

#include <libmnl/libmnl.h>

#include "core/state.h"

/* Always without encapsulation limit. */
void codec_tunnel_put(struct nlmsghdr *message, const struct link *link, uint64_t fields);
void codec_tunnel_decode(const struct nlattr *data, struct link *link);

#endif
