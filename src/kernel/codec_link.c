/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/codec_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/batman_adv.h>
#include <linux/if_arp.h>
#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "base/cleanup.h"

const uint64_t codec_link_create_fields =
	FIELD_BIT(LINK_KIND) | FIELD_BIT(LINK_LOWER) | FIELD_BIT(LINK_VLAN_ID) |
	FIELD_BIT(LINK_VLAN_PROTOCOL) | FIELD_BIT(LINK_ALGORITHM) | FIELD_BIT(LINK_MACVLAN_MODE) |
	FIELD_BIT(LINK_MAC) | FIELD_BIT(LINK_MTU) | FIELD_BIT(LINK_GROUP) | FIELD_BIT(LINK_STP) |
	FIELD_BIT(LINK_MULTICAST_SNOOPING) | FIELD_BIT(LINK_MULTICAST_QUERIER);
const uint64_t codec_link_set_fields =
	FIELD_BIT(LINK_MACVLAN_MODE) | FIELD_BIT(LINK_MAC) | FIELD_BIT(LINK_MTU) |
	FIELD_BIT(LINK_GROUP) | FIELD_BIT(LINK_STP) | FIELD_BIT(LINK_MULTICAST_SNOOPING) |
	FIELD_BIT(LINK_MULTICAST_QUERIER) | FIELD_BIT(LINK_ALIAS) | FIELD_BIT(LINK_ADDR_GEN_MODE) |
	FIELD_BIT(LINK_MASTER) | FIELD_BIT(LINK_RP_FILTER) | FIELD_BIT(LINK_ARP_IGNORE);
const uint64_t codec_link_rise_fields = FIELD_BIT(LINK_UP) | FIELD_BIT(LINK_MULTICAST_ROUTER);

static const char *const kind_names[] = {
	[LINK_OTHER] = "",
	[LINK_VLAN] = "vlan",
	[LINK_BATADV] = "batadv",
	[LINK_BRIDGE] = "bridge",
	[LINK_MACVLAN] = "macvlan",
};

/* --- decoding --- */

static bool attr_u32(const struct nlattr *attr, uint32_t *value)
{
	if (mnl_attr_get_payload_len(attr) != sizeof(*value)) {
		return false;
	}
	*value = mnl_attr_get_u32(attr);
	return true;
}

static bool attr_u8(const struct nlattr *attr, uint8_t *value)
{
	if (mnl_attr_get_payload_len(attr) != sizeof(*value)) {
		return false;
	}
	*value = mnl_attr_get_u8(attr);
	return true;
}

static bool attr_mac(const struct nlattr *attr, struct mac *mac)
{
	if (mnl_attr_get_payload_len(attr) != sizeof(mac->bytes)) {
		return false;
	}
	memcpy(mac->bytes, mnl_attr_get_payload(attr), sizeof(mac->bytes));
	return true;
}

/* Texts that are too long are cut: none of ours is. */
static void attr_text(const struct nlattr *attr, char *text, size_t size)
{
	size_t length = strnlen(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));

	memset(text, 0, size);
	memcpy(text, mnl_attr_get_payload(attr), length < size ? length : size - 1);
}

static void decode_vlan(const struct nlattr *data, struct link *link)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, data) {
		if (mnl_attr_get_payload_len(attr) != sizeof(uint16_t)) {
			continue;
		}
		if (mnl_attr_get_type(attr) == IFLA_VLAN_ID) {
			object_give(link, LINK_VLAN_ID, vlan_id, mnl_attr_get_u16(attr));
		} else if (mnl_attr_get_type(attr) == IFLA_VLAN_PROTOCOL) {
			object_give(link, LINK_VLAN_PROTOCOL, vlan_protocol,
				ntohs(mnl_attr_get_u16(attr)));
		}
	}
}

static void decode_macvlan(const struct nlattr *data, struct link *link)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, data) {
		if (mnl_attr_get_type(attr) == IFLA_MACVLAN_MODE &&
			attr_u32(attr, &link->macvlan_mode)) {
			link->head.has |= FIELD_BIT(LINK_MACVLAN_MODE);
		}
	}
}

static void decode_bridge(const struct nlattr *data, struct link *link)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, data) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_BR_STP_STATE:
			if (attr_u32(attr, &link->stp)) {
				link->head.has |= FIELD_BIT(LINK_STP);
			}
			break;
		case IFLA_BR_MCAST_SNOOPING:
			if (attr_u8(attr, &link->multicast_snooping)) {
				link->head.has |= FIELD_BIT(LINK_MULTICAST_SNOOPING);
			}
			break;
		case IFLA_BR_MCAST_QUERIER:
			if (attr_u8(attr, &link->multicast_querier)) {
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
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, data) {
		if (mnl_attr_get_type(attr) == IFLA_BRPORT_MULTICAST_ROUTER &&
			attr_u8(attr, &link->multicast_router)) {
			link->head.has |= FIELD_BIT(LINK_MULTICAST_ROUTER);
		}
	}
}

static enum link_kind kind_from_name(const char *name)
{
	for (size_t kind = LINK_VLAN; kind < ARRAY_SIZE(kind_names); kind++) {
		if (strcmp(kind_names[kind], name) == 0) {
			return kind;
		}
	}
	return LINK_OTHER;
}

static void decode_linkinfo(const struct nlattr *linkinfo, struct link *link)
{
	const struct nlattr *data = NULL;
	const struct nlattr *port_data = NULL;
	const struct nlattr *attr;
	char kind[16] = "";
	char port_kind[16] = "";

	mnl_attr_for_each_nested (attr, linkinfo) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_INFO_KIND:
			attr_text(attr, kind, sizeof(kind));
			break;
		case IFLA_INFO_DATA:
			data = attr;
			break;
		case IFLA_INFO_SLAVE_KIND:
			attr_text(attr, port_kind, sizeof(port_kind));
			break;
		case IFLA_INFO_SLAVE_DATA:
			port_data = attr;
			break;
		default:
			break;
		}
	}
	link->kind = kind_from_name(kind);
	if (data != NULL && link->kind == LINK_VLAN) {
		decode_vlan(data, link);
	} else if (data != NULL && link->kind == LINK_MACVLAN) {
		decode_macvlan(data, link);
	} else if (data != NULL && link->kind == LINK_BRIDGE) {
		decode_bridge(data, link);
	}
	if (port_data != NULL && strcmp(port_kind, kind_names[LINK_BRIDGE]) == 0) {
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
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, inet) {
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
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, inet6) {
		if (mnl_attr_get_type(attr) == IFLA_INET6_ADDR_GEN_MODE &&
			attr_u8(attr, &link->addr_gen_mode)) {
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
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, af_spec) {
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
		attr_text(attr, link->name, sizeof(link->name));
		break;
	case IFLA_ADDRESS:
		if (attr_mac(attr, &link->mac)) {
			link->head.has |= FIELD_BIT(LINK_MAC);
		}
		break;
	case IFLA_PERM_ADDRESS:
		(void)attr_mac(attr, &link->permanent_mac);
		break;
	case IFLA_MTU:
		if (attr_u32(attr, &link->mtu)) {
			link->head.has |= FIELD_BIT(LINK_MTU);
		}
		break;
	case IFLA_MAX_MTU:
		(void)attr_u32(attr, &link->max_mtu);
		break;
	case IFLA_GROUP:
		if (attr_u32(attr, &link->group)) {
			link->head.has |= FIELD_BIT(LINK_GROUP);
		}
		break;
	case IFLA_CARRIER:
		(void)attr_u8(attr, &link->carrier);
		break;
	case IFLA_IFALIAS:
		attr_text(attr, link->alias, sizeof(link->alias));
		break;
	case IFLA_LINK:
		(void)attr_u32(attr, &numbers->lower);
		break;
	case IFLA_MASTER:
		(void)attr_u32(attr, &numbers->master);
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
	const struct nlattr *attr;
	bool elsewhere = false;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*head) || head->ifi_family != AF_UNSPEC) {
		return -EINVAL;
	}
	*numbers = (struct link_numbers){.link = (uint32_t)head->ifi_index};
	mnl_attr_for_each (attr, message, sizeof(*head)) {
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

uint32_t codec_link_flags(const struct link *link)
{
	bool marked = strncmp(link->alias, STATE_ALIAS_PREFIX, strlen(STATE_ALIAS_PREFIX)) == 0 ||
		      link->group == STATE_LINK_GROUP || link->group == STATE_DOOMED_GROUP;

	return marked && link->kind != LINK_OTHER ? OBJECT_OWNED : 0;
}

/* --- encoding --- */

static bool wants(uint64_t fields, enum link_field field)
{
	return (fields & FIELD_BIT(field)) != 0;
}

static struct ifinfomsg *put_head(struct nlmsghdr *message, uint32_t ifindex)
{
	struct ifinfomsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	head->ifi_family = AF_UNSPEC;
	head->ifi_index = (int)ifindex;
	return head;
}

static void put_kind_fields(struct nlmsghdr *message, const struct link *link, uint64_t fields)
{
	if (wants(fields, LINK_VLAN_ID)) {
		mnl_attr_put_u16(message, IFLA_VLAN_ID, link->vlan_id);
	}
	if (wants(fields, LINK_VLAN_PROTOCOL)) {
		mnl_attr_put_u16(message, IFLA_VLAN_PROTOCOL, htons(link->vlan_protocol));
	}
	if (wants(fields, LINK_ALGORITHM)) {
		mnl_attr_put_strz(message, IFLA_BATADV_ALGO_NAME, link->algorithm);
	}
	if (wants(fields, LINK_MACVLAN_MODE)) {
		mnl_attr_put_u32(message, IFLA_MACVLAN_MODE, link->macvlan_mode);
	}
	if (wants(fields, LINK_STP)) {
		mnl_attr_put_u32(message, IFLA_BR_STP_STATE, link->stp);
	}
	if (wants(fields, LINK_MULTICAST_SNOOPING)) {
		mnl_attr_put_u8(message, IFLA_BR_MCAST_SNOOPING, link->multicast_snooping);
	}
	if (wants(fields, LINK_MULTICAST_QUERIER)) {
		mnl_attr_put_u8(message, IFLA_BR_MCAST_QUERIER, link->multicast_querier);
	}
}

/* Which fields of put_kind_fields() a kind has: another kind's would get its attribute numbers. */
static const uint64_t kind_fields[] = {
	[LINK_OTHER] = 0,
	[LINK_VLAN] = FIELD_BIT(LINK_VLAN_ID) | FIELD_BIT(LINK_VLAN_PROTOCOL),
	[LINK_BATADV] = FIELD_BIT(LINK_ALGORITHM),
	[LINK_MACVLAN] = FIELD_BIT(LINK_MACVLAN_MODE),
	[LINK_BRIDGE] = FIELD_BIT(LINK_STP) | FIELD_BIT(LINK_MULTICAST_SNOOPING) |
			FIELD_BIT(LINK_MULTICAST_QUERIER),
};

static void put_linkinfo(struct nlmsghdr *message, const struct link *link, uint64_t fields)
{
	struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);

	fields &= kind_fields[link->kind];
	mnl_attr_put_str(message, IFLA_INFO_KIND, kind_names[link->kind]);
	if (fields != 0) {
		struct nlattr *data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
		put_kind_fields(message, link, fields);
		mnl_attr_nest_end(message, data);
	}
	mnl_attr_nest_end(message, info);
}

static void put_common(struct nlmsghdr *message, const struct link *link, uint64_t fields)
{
	if (wants(fields, LINK_MAC)) {
		mnl_attr_put(message, IFLA_ADDRESS, sizeof(link->mac.bytes), link->mac.bytes);
	}
	if (wants(fields, LINK_MTU)) {
		mnl_attr_put_u32(message, IFLA_MTU, link->mtu);
	}
	if (wants(fields, LINK_GROUP)) {
		mnl_attr_put_u32(message, IFLA_GROUP, link->group);
	}
}

static void put_inet(struct nlmsghdr *message, const struct link *link, uint64_t fields)
{
	struct nlattr *inet = mnl_attr_nest_start(message, AF_INET);
	struct nlattr *conf = mnl_attr_nest_start(message, IFLA_INET_CONF);

	if (wants(fields, LINK_RP_FILTER)) {
		mnl_attr_put_u32(message, IPV4_DEVCONF_RP_FILTER, (uint32_t)link->rp_filter);
	}
	if (wants(fields, LINK_ARP_IGNORE)) {
		mnl_attr_put_u32(message, IPV4_DEVCONF_ARP_IGNORE, (uint32_t)link->arp_ignore);
	}
	mnl_attr_nest_end(message, conf);
	mnl_attr_nest_end(message, inet);
}

static void put_af_spec(struct nlmsghdr *message, const struct link *link, uint64_t fields)
{
	bool inet = wants(fields, LINK_RP_FILTER) || wants(fields, LINK_ARP_IGNORE);
	bool inet6 = wants(fields, LINK_ADDR_GEN_MODE);

	if (!inet && !inet6) {
		return;
	}
	struct nlattr *af_spec = mnl_attr_nest_start(message, IFLA_AF_SPEC);
	if (inet) {
		put_inet(message, link, fields);
	}
	if (inet6) {
		struct nlattr *nest = mnl_attr_nest_start(message, AF_INET6);
		mnl_attr_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, link->addr_gen_mode);
		mnl_attr_nest_end(message, nest);
	}
	mnl_attr_nest_end(message, af_spec);
}

void codec_link_create(struct nlmsghdr *message, const struct link *link, uint64_t fields,
	const struct link_numbers *numbers)
{
	put_head(message, numbers->link);
	mnl_attr_put_strz(message, IFLA_IFNAME, link->name);
	if (numbers->lower != 0) {
		mnl_attr_put_u32(message, IFLA_LINK, numbers->lower);
	}
	put_common(message, link, fields & ~FIELD_BIT(LINK_GROUP));
	mnl_attr_put_u32(message, IFLA_GROUP,
		wants(fields, LINK_GROUP) ? link->group : STATE_LINK_GROUP);
	put_linkinfo(message, link, fields);
}

void codec_link_set(struct nlmsghdr *message, const struct link *link, uint64_t fields,
	const struct link_numbers *numbers)
{
	put_head(message, numbers->link);
	put_common(message, link, fields);
	if (wants(fields, LINK_ALIAS)) {
		mnl_attr_put_str(message, IFLA_IFALIAS, link->alias);
	}
	if (wants(fields, LINK_MASTER)) {
		mnl_attr_put_u32(message, IFLA_MASTER, numbers->master);
	}
	put_af_spec(message, link, fields);
	if (fields & kind_fields[link->kind] & codec_link_set_fields) {
		put_linkinfo(message, link, fields & codec_link_set_fields);
	}
}

void codec_link_rise(struct nlmsghdr *message, const struct link *link, uint64_t fields,
	const struct link_numbers *numbers)
{
	struct ifinfomsg *head = put_head(message, numbers->link);

	if (wants(fields, LINK_UP)) {
		head->ifi_change = IFF_UP;
		head->ifi_flags = link->up ? IFF_UP : 0;
	}
	if (wants(fields, LINK_MULTICAST_ROUTER)) {
		struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);
		mnl_attr_put_str(message, IFLA_INFO_SLAVE_KIND, kind_names[LINK_BRIDGE]);
		struct nlattr *data = mnl_attr_nest_start(message, IFLA_INFO_SLAVE_DATA);
		mnl_attr_put_u8(message, IFLA_BRPORT_MULTICAST_ROUTER, link->multicast_router);
		mnl_attr_nest_end(message, data);
		mnl_attr_nest_end(message, info);
	}
}
