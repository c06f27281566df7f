/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/codec_tunnel.h"

#include <linux/if_tunnel.h>
#include <linux/ip6_tunnel.h>
#include <sys/socket.h>

#include "kernel/attr.h"

#define TUNNEL_HOP_LIMIT 64

void codec_tunnel_put(struct nlmsghdr *message, const struct link *link, uint64_t fields)
{
	if (fields & FIELD_BIT(LINK_TUNNEL_LOCAL)) {
		mnl_attr_put(message, IFLA_IPTUN_LOCAL, sizeof(link->tunnel_local.bytes),
			link->tunnel_local.bytes);
	}
	if (fields & FIELD_BIT(LINK_TUNNEL_REMOTE)) {
		mnl_attr_put(message, IFLA_IPTUN_REMOTE, sizeof(link->tunnel_remote.bytes),
			link->tunnel_remote.bytes);
	}
	if (fields & FIELD_BIT(LINK_TUNNEL_PROTOCOL)) {
		mnl_attr_put_u8(message, IFLA_IPTUN_PROTO, link->tunnel_protocol);
	}
	mnl_attr_put_u32(message, IFLA_IPTUN_FLAGS, IP6_TNL_F_IGN_ENCAP_LIMIT);
	/* 0 would copy what the packet within has left, too little where a trace begins. */
	mnl_attr_put_u8(message, IFLA_IPTUN_TTL, TUNNEL_HOP_LIMIT);
}

void codec_tunnel_decode(const struct nlattr *data, struct link *link)
{
	const struct nlattr *attr = NULL;

	while ((attr = attr_next_nested(data, attr)) != NULL) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_IPTUN_LOCAL:
			if (attr_take_ip(attr, AF_INET6, &link->tunnel_local)) {
				link->head.has |= FIELD_BIT(LINK_TUNNEL_LOCAL);
			}
			break;
		case IFLA_IPTUN_REMOTE:
			if (attr_take_ip(attr, AF_INET6, &link->tunnel_remote)) {
				link->head.has |= FIELD_BIT(LINK_TUNNEL_REMOTE);
			}
			break;
		case IFLA_IPTUN_PROTO:
			if (attr_take_u8(attr, &link->tunnel_protocol)) {
				link->head.has |= FIELD_BIT(LINK_TUNNEL_PROTOCOL);
			}
			break;
		default:
			break;
		}
	}
}
