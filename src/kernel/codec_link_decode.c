/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>

#include "kernel/attr.h"
#include "kernel/codec_link.h"
#include "kernel/codec_tunnel.h"

static void decode_vlan(const struct nlattr *data, struct link *link)
{
	const struct nlattr *attr = NULL;

	while ((attr = attr_next_nested(data, attr)) != NULL) {
		uint16_t number;
		if (!attr_take_u16(attr, &number)) {
			continue;
		}
		if (mnl_attr_get_type(attr) == IFLA_VLAN_ID) {
			object_give(link, LINK_VLAN_ID, vlan_id, number);
		} else if (mnl_attr_get_type(attr) == IFLA_VLAN_PROTOCOL) {
			object_give(link, LINK_VLAN_PROTOCOL, vlan_protocol, ntohs(number));
		}
	}
}

static void decode_macvlan(const struct nlattr *data, struct link *link)
{
	const struct nlattr *attr = NULL;

	while ((attr = attr_next_nested(data, attr)) != NULL) {
		if (mnl_attr_get_type(attr) == IFLA_MACVLAN_MODE &&
			attr_take_u32(attr, &link->macvlan_mode)) {
			link->head.has |= FIELD_BIT(LINK_MACVLAN_MODE);
		}
	}
}

static void decode_bridge(const struct nlattr *data, struct link *link)
{
	const struct nlattr *attr = NULL;

	while ((attr = attr_next_nested(data, attr)) != NULL) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_BR_STP_STATE:
			if (attr_take_u32(attr, &link->stp)) {
				link->head.has |= FIELD_BIT(LINK_STP);
			}
			break;
		case IFLA_BR_MCAST_SNOOPING:
			if (attr_take_u8(attr, &link->multicast_snooping)) {
				link->head.has |= FIELD_BIT(LINK_MULTICAST_SNOOPING);
			}
			break;
		case IFLA_BR_MCAST_QUERIER:
			if (attr_take_u8(attr, &link->multicast_querier)) {
				link->head.has |= FIELD_BIT(LINK_MULTICAST_QUERIER);
			}
			break;
		default:
			break;
		}
	}
}

static void decode_bridge_port(const struct nlattr *data, struct link *link)
{
	const struct nlattr *attr = NULL;

	while ((attr = attr_next_nested(data, attr)) != NULL) {
		if (mnl_attr_get_type(attr) == IFLA_BRPORT_MULTICAST_ROUTER &&
			attr_take_u8(attr, &link->multicast_router)) {
			link->head.has |= FIELD_BIT(LINK_MULTICAST_ROUTER);
		}
	}
}

static void decode_linkinfo(const struct nlattr *linkinfo, struct link *link)
{
	const struct nlattr *data = NULL;
	const struct nlattr *port_data = NULL;
	const struct nlattr *attr = NULL;
	char kind[16] = "";
	char port_kind[16] = "";

	while ((attr = attr_next_nested(linkinfo, attr)) != NULL) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_INFO_KIND:
			attr_take_text(attr, kind, sizeof(kind));
			break;
		case IFLA_INFO_DATA:
			data = attr;
			break;
		case IFLA_INFO_SLAVE_KIND:
			attr_take_text(attr, port_kind, sizeof(port_kind));
			break;
		case IFLA_INFO_SLAVE_DATA:
			port_data = attr;
			break;
		default:
			break;
		}
	}
	link->kind = codec_link_kind(kind);
	if (data != NULL && link->kind == LINK_VLAN) {
		decode_vlan(data, link);
	} else if (data != NULL && link->kind == LINK_MACVLAN) {
		decode_macvlan(data, link);
	} else if (data != NULL && link->kind == LINK_BRIDGE) {
		decode_bridge(data, link);
	} else if (data != NULL && link->kind == LINK_IP6TNL) {
		codec_tunnel_decode(data, link);
	}
	if (port_data != NULL && codec_link_kind(port_kind) == LINK_BRIDGE) {
		decode_bridge_port(port_data, link);
	}
}

/* One number of an array of 32-bit numbers. */
static bool conf_number(const struct nlattr *array, size_t index, int32_t *number)
{
	if (mnl_attr_get_payload_len(array) < (index + 1) * sizeof(*number)) {
		return false;
	}
	memcpy(number, (const char *)mnl_attr_get_payload(array) + index * sizeof(*number),
		sizeof(*number));
	return true;
}

static void decode_inet(const struct nlattr *inet, struct link *link)
{
	const struct nlattr *attr = NULL;

	while ((attr = attr_next_nested(inet, attr)) != NULL) {
		if (mnl_attr_get_type(attr) != IFLA_INET_CONF) {
			continue;
		}
		if (conf_number(attr, IPV4_DEVCONF_RP_FILTER - 1, &link->rp_filter)) {
			link->head.has |= FIELD_BIT(LINK_RP_FILTER);
		}
		if (conf_number(attr, IPV4_DEVCONF_ARP_IGNORE - 1, &link->arp_ignore)) {
			link->head.has |= FIELD_BIT(LINK_ARP_IGNORE);
		}
	}
}

static void decode_inet6(const struct nlattr *inet6, struct link *link)
{
	const struct nlattr *attr = NULL;

	while ((attr = attr_next_nested(inet6, attr)) != NULL) {
		if (mnl_attr_get_type(attr) == IFLA_INET6_ADDR_GEN_MODE &&
			attr_take_u8(attr, &link->addr_gen_mode)) {
			link->head.has |= FIELD_BIT(LINK_ADDR_GEN_MODE);
		}
		if (mnl_attr_get_type(attr) != IFLA_INET6_CONF) {
			continue;
		}
		if (conf_number(attr, DEVCONF_ACCEPT_DAD, &link->accept_dad)) {
			link->head.has |= FIELD_BIT(LINK_ACCEPT_DAD);
		}
		if (conf_number(attr, DEVCONF_ACCEPT_RA, &link->accept_ra)) {
			link->head.has |= FIELD_BIT(LINK_ACCEPT_RA);
		}
	}
}

static void decode_af_spec(const struct nlattr *af_spec, struct link *link)
{
	const struct nlattr *attr = NULL;

	while ((attr = attr_next_nested(af_spec, attr)) != NULL) {
		if (mnl_attr_get_type(attr) == AF_INET) {
			decode_inet(attr, link);
		} else if (mnl_attr_get_type(attr) == AF_INET6) {
			decode_inet6(attr, link);
		}
	}
}

static void decode_attr(const struct nlattr *attr, struct link *link, struct link_numbers *numbers)
{
	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		attr_take_text(attr, link->name, sizeof(link->name));
		break;
	case IFLA_ADDRESS:
		if (attr_take_mac(attr, &link->mac)) {
			link->head.has |= FIELD_BIT(LINK_MAC);
		}
		break;
	case IFLA_PERM_ADDRESS:
		(void)attr_take_mac(attr, &link->permanent_mac);
		break;
	case IFLA_MTU:
		if (attr_take_u32(attr, &link->mtu)) {
			link->head.has |= FIELD_BIT(LINK_MTU);
		}
		break;
	case IFLA_MAX_MTU:
		(void)attr_take_u32(attr, &link->max_mtu);
		break;
	case IFLA_GROUP:
		if (attr_take_u32(attr, &link->group)) {
			link->head.has |= FIELD_BIT(LINK_GROUP);
		}
		break;
	case IFLA_CARRIER:
		(void)attr_take_u8(attr, &link->carrier);
		break;
	case IFLA_IFALIAS:
		attr_take_text(attr, link->alias, sizeof(link->alias));
		break;
	case IFLA_LINK:
		(void)attr_take_u32(attr, &numbers->lower);
		break;
	case IFLA_MASTER:
		(void)attr_take_u32(attr, &numbers->master);
		break;
	case IFLA_PHYS_SWITCH_ID:
		link->switch_port = 1;
		break;
	case IFLA_LINKINFO:
		decode_linkinfo(attr, link);
		break;
	case IFLA_AF_SPEC:
		decode_af_spec(attr, link);
		break;
	default:
		break;
	}
}

int codec_link_decode(const struct nlmsghdr *message, struct link *link,
	struct link_numbers *numbers)
{
	const struct ifinfomsg *head = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr = NULL;
	bool elsewhere = false;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*head) || head->ifi_family != AF_UNSPEC) {
		return -EINVAL;
	}
	*numbers = (struct link_numbers){.link = (uint32_t)head->ifi_index};
	while ((attr = attr_next(message, sizeof(*head), attr)) != NULL) {
		decode_attr(attr, link, numbers);
		elsewhere = elsewhere || mnl_attr_get_type(attr) == IFLA_LINK_NETNSID;
	}
	if (link->name[0] == '\0') {
		return -EINVAL;
	}
	if (elsewhere || numbers->lower == numbers->link) {
		numbers->lower = 0;
	}
	/* Told by their absence too. */
	link->head.has |= FIELD_BIT(LINK_KIND) | FIELD_BIT(LINK_ALIAS) | FIELD_BIT(LINK_LOWER) |
			  FIELD_BIT(LINK_MASTER);
	object_give(link, LINK_UP, up, (head->ifi_flags & IFF_UP) != 0);
	link->ethernet = head->ifi_type == ARPHRD_ETHER && !(head->ifi_flags & IFF_LOOPBACK);
	link->head.ifindex = numbers->link;
	link->head.flags = codec_link_flags(link);
	return 0;
}
