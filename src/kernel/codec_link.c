/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/codec_link.h"

#include <arpa/inet.h>
#include <linux/batman_adv.h>
#include <linux/if_bridge.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/codec_tunnel.h"

const uint64_t codec_link_create_fields =
	FIELD_BIT(LINK_KIND) | FIELD_BIT(LINK_LOWER) | FIELD_BIT(LINK_VLAN_ID) |
	FIELD_BIT(LINK_VLAN_PROTOCOL) | FIELD_BIT(LINK_ALGORITHM) | FIELD_BIT(LINK_MACVLAN_MODE) |
	FIELD_BIT(LINK_MAC) | FIELD_BIT(LINK_MTU) | FIELD_BIT(LINK_GROUP) | FIELD_BIT(LINK_STP) |
	FIELD_BIT(LINK_MULTICAST_SNOOPING) | FIELD_BIT(LINK_MULTICAST_QUERIER) |
	FIELD_BIT(LINK_TUNNEL_LOCAL) | FIELD_BIT(LINK_TUNNEL_REMOTE) |
	FIELD_BIT(LINK_TUNNEL_PROTOCOL);
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
	[LINK_IP6TNL] = "ip6tnl",
};

enum link_kind codec_link_kind(const char *name)
{
	for (size_t kind = LINK_VLAN; kind < ARRAY_SIZE(kind_names); kind++) {
		if (strcmp(kind_names[kind], name) == 0) {
			return kind;
		}
	}
	return LINK_OTHER;
}

uint32_t codec_link_flags(const struct link *link)
{
	bool marked = strncmp(link->alias, STATE_ALIAS_PREFIX, strlen(STATE_ALIAS_PREFIX)) == 0 ||
		      link->group == STATE_LINK_GROUP || link->group == STATE_DOOMED_GROUP;

	return marked && link->kind != LINK_OTHER ? OBJECT_OWNED : 0;
}

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

/* Which fields of put_kind_fields() and codec_tunnel_put() a kind has: another kind's would get its
 * attribute numbers. */
static const uint64_t kind_fields[] = {
	[LINK_OTHER] = 0,
	[LINK_VLAN] = FIELD_BIT(LINK_VLAN_ID) | FIELD_BIT(LINK_VLAN_PROTOCOL),
	[LINK_BATADV] = FIELD_BIT(LINK_ALGORITHM),
	[LINK_MACVLAN] = FIELD_BIT(LINK_MACVLAN_MODE),
	[LINK_BRIDGE] = FIELD_BIT(LINK_STP) | FIELD_BIT(LINK_MULTICAST_SNOOPING) |
			FIELD_BIT(LINK_MULTICAST_QUERIER),
	[LINK_IP6TNL] = FIELD_BIT(LINK_TUNNEL_LOCAL) | FIELD_BIT(LINK_TUNNEL_REMOTE) |
			FIELD_BIT(LINK_TUNNEL_PROTOCOL),
};

static void put_linkinfo(struct nlmsghdr *message, const struct link *link, uint64_t fields)
{
	struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);

	fields &= kind_fields[link->kind];
	mnl_attr_put_str(message, IFLA_INFO_KIND, kind_names[link->kind]);
	if (fields != 0) {
		struct nlattr *data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
		if (link->kind == LINK_IP6TNL) {
			codec_tunnel_put(message, link, fields);
		} else {
			put_kind_fields(message, link, fields);
		}
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
	struct link first = *link;

	/* A bridge follows the MTU of its ports until someone changes it: make it with another, so
	 * that the next message is a change (br_change_mtu(), BROPT_MTU_SET_BY_USER). */
	if (link->kind == LINK_BRIDGE) {
		first.mtu++;
	}
	put_head(message, numbers->link);
	mnl_attr_put_strz(message, IFLA_IFNAME, link->name);
	if (numbers->lower != 0) {
		mnl_attr_put_u32(message, IFLA_LINK, numbers->lower);
	}
	put_common(message, &first, fields & ~FIELD_BIT(LINK_GROUP));
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
