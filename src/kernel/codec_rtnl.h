/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses, routes and policy rules as rtnetlink messages and back. The caller turns link numbers
 * into names. */
#ifndef KERNEL_CODEC_RTNL_H
#define KERNEL_CODEC_RTNL_H

#include <libmnl/libmnl.h>

#include "core/state.h"

/* Each decodes into a zeroed object, with OBJECT_OWNED where the protocol number is ours. 0, or
 * -ENOENT when the object is of no concern: a loopback address, in the main table a
 * route that does not plainly lead to a link, one of another table or for a type of service, a rule
 * with other selectors than source, iif and oif. ifindex: 0 of a route that leads to no link. */
int codec_address_decode(const struct nlmsghdr *message, struct address *address,
	uint32_t *ifindex);
int codec_route_decode(const struct nlmsghdr *message, struct route *route, uint32_t *ifindex);
int codec_rule_decode(const struct nlmsghdr *message, struct rule *rule);

/* May a message of an address concern us? Not one that a router advertisement refreshes, again and
 * again; but one of ours that got a lifetime, and any that goes. */
bool codec_address_concerns(const struct nlmsghdr *message);

/* Each fills a message of RTM_NEW... or RTM_DEL..., whichever the header says. */
void codec_address_encode(struct nlmsghdr *message, const struct address *address,
	uint32_t ifindex);
void codec_route_encode(struct nlmsghdr *message, const struct route *route, uint32_t ifindex);
void codec_rule_encode(struct nlmsghdr *message, const struct rule *rule);

/* Dump requests that the kernel filters with NETLINK_GET_STRICT_CHK. */
void codec_route_request(struct nlmsghdr *message, uint8_t family, uint32_t table);

#endif
