/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/codec_rtnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "kernel/attr.h"

#define LOOPBACK_IFINDEX 1 /* in every namespace */

static void put_ip(struct nlmsghdr *message, uint16_t type, const struct ip *ip)
{
	mnl_attr_put(message, type, ip_bits(ip) / 8, ip->bytes);
}

static bool attr_is_ours(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) == sizeof(uint8_t) &&
	       mnl_attr_get_u8(attr) == STATE_PROTOCOL;
}

static bool is_ip_family(uint8_t family)
{
	return family == AF_INET || family == AF_INET6;
}

/* --- addresses --- */

struct address_attrs {
	struct ip address;
	struct ip local; /* where a peer is given, ADDRESS is the peer's */
	uint32_t flags;
	uint32_t metric;
	bool ours;
};

static void take_address_attr(const struct nlattr *attr, uint8_t family,
	struct address_attrs *attrs)
{
	switch (mnl_attr_get_type(attr)) {
	case IFA_ADDRESS:
		(void)attr_take_ip(attr, family, &attrs->address);
		break;
	case IFA_LOCAL:
		(void)attr_take_ip(attr, family, &attrs->local);
		break;
	case IFA_FLAGS:
		(void)attr_take_u32(attr, &attrs->flags);
		break;
	case IFA_RT_PRIORITY:
		(void)attr_take_u32(attr, &attrs->metric);
		break;
	case IFA_PROTO:
		attrs->ours = attr_is_ours(attr);
		break;
	default:
		break;
	}
}

static bool ip_is_loopback(const struct ip *ip)
{
	static const uint8_t loopback6[16] = {[15] = 1};

	return ip->family == AF_INET ? ip->bytes[0] == 127
				     : memcmp(ip->bytes, loopback6, sizeof(loopback6)) == 0;
}

static bool address_head(const struct nlmsghdr *message, const struct ifaddrmsg **head)
{
	*head = mnl_nlmsg_get_payload(message);
	return mnl_nlmsg_get_payload_len(message) >= sizeof(**head) &&
	       is_ip_family((*head)->ifa_family);
}

int codec_address_decode(const struct nlmsghdr *message, struct address *address, uint32_t *ifindex)
{
	const struct ifaddrmsg *head;
	const struct nlattr *attr = NULL;

	if (!address_head(message, &head)) {
		return -ENOENT;
	}
	struct address_attrs attrs = {.flags = head->ifa_flags};
	while ((attr = attr_next(message, sizeof(*head), attr)) != NULL) {
		take_address_attr(attr, head->ifa_family, &attrs);
	}
	struct ip *ip = attrs.local.family != 0 ? &attrs.local : &attrs.address;
	if (ip->family == 0 || ip_is_loopback(ip)) {
		return -ENOENT;
	}
	address->key.prefix = (struct prefix){.ip = *ip, .length = head->ifa_prefixlen};
	if (ip->family == AF_INET6) { /* IPv4 has no duplicate detection to tell of */
		object_give(address, ADDRESS_NODAD, nodad, (attrs.flags & IFA_F_NODAD) != 0);
	}
	object_give(address, ADDRESS_LASTING, lasting,
		(attrs.flags & (IFA_F_PERMANENT | IFA_F_DEPRECATED)) == IFA_F_PERMANENT);
	object_give(address, ADDRESS_METRIC, metric, attrs.metric);
	address->tentative = (attrs.flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) != 0;
	address->head.flags = attrs.ours ? OBJECT_OWNED : 0;
	*ifindex = head->ifa_index;
	return 0;
}

bool codec_address_concerns(const struct nlmsghdr *message)
{
	const struct ifaddrmsg *head;
	const struct nlattr *attr = NULL;

	if (!address_head(message, &head)) {
		return false;
	}
	/* The lower 8 bits of the flags are always in the header too. */
	if (message->nlmsg_type == RTM_DELADDR || (head->ifa_flags & IFA_F_PERMANENT)) {
		return true;
	}
	while ((attr = attr_next(message, sizeof(*head), attr)) != NULL) {
		if (mnl_attr_get_type(attr) == IFA_PROTO && attr_is_ours(attr)) {
			return true; /* somebody gave it a lifetime */
		}
	}
	return false;
}

/* As the kernel's ifconfig-like default: the last address of networks that have room for one. */
static void put_broadcast(struct nlmsghdr *message, const struct prefix *prefix)
{
	struct ip broadcast = prefix->ip;

	if (prefix->ip.family != AF_INET || prefix->length > 30) {
		return;
	}
	for (size_t bit = prefix->length; bit < 32; bit++) {
		broadcast.bytes[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
	}
	put_ip(message, IFA_BROADCAST, &broadcast);
}

void codec_address_encode(struct nlmsghdr *message, const struct address *address, uint32_t ifindex)
{
	const struct prefix *prefix = &address->key.prefix;
	struct ifaddrmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	head->ifa_family = prefix->ip.family;
	head->ifa_prefixlen = prefix->length;
	head->ifa_scope = RT_SCOPE_UNIVERSE;
	head->ifa_index = ifindex;
	put_ip(message, IFA_LOCAL, &prefix->ip);
	put_ip(message, IFA_ADDRESS, &prefix->ip);
	if (message->nlmsg_type == RTM_DELADDR) {
		return;
	}
	mnl_attr_put_u8(message, IFA_PROTO, STATE_PROTOCOL);
	put_broadcast(message, prefix);
	if (address->nodad && prefix->ip.family == AF_INET6) {
		mnl_attr_put_u32(message, IFA_FLAGS, IFA_F_NODAD);
	}
	if (address->metric != 0) {
		mnl_attr_put_u32(message, IFA_RT_PRIORITY, address->metric);
	}
}

/* --- routes --- */

/* What is taken from a route's attributes; foreign: it is none that meshd could have made. */
struct route_attrs {
	uint32_t table;
	uint32_t ifindex;
	bool foreign;
};

static void take_route_attr(const struct nlattr *attr, uint8_t family, struct route_attrs *attrs,
	struct route *route)
{
	switch (mnl_attr_get_type(attr)) {
	case RTA_DST:
		attrs->foreign |= !attr_take_ip(attr, family, &route->key.destination.ip);
		break;
	case RTA_OIF:
		(void)attr_take_u32(attr, &attrs->ifindex);
		break;
	case RTA_TABLE:
		(void)attr_take_u32(attr, &attrs->table);
		break;
	case RTA_PRIORITY:
		(void)attr_take_u32(attr, &route->key.metric);
		break;
	case RTA_PREFSRC:
		(void)attr_take_ip(attr, family, &route->source);
		break;
	case RTA_GATEWAY:
		attrs->foreign |= !attr_take_ip(attr, family, &route->via);
		break;
	case RTA_SRC:
	case RTA_VIA:
	case RTA_MULTIPATH:
	case RTA_ENCAP:
	case RTA_NH_ID:
		attrs->foreign = true;
		break;
	default:
		break;
	}
}

static bool route_is_ours(const struct rtmsg *head, uint32_t table)
{
	return head->rtm_protocol == STATE_PROTOCOL ||
	       (table == STATE_TABLE_OFFER && head->rtm_protocol == STATE_PROTOCOL_OFFER);
}

/* In the tables of others' routes only plain ones to links count: a routing daemon makes thousands
 * by next hops there, and unreachable ones in their place. */
static bool is_of_concern(const struct rtmsg *head, const struct route_attrs *attrs,
	const struct route *route)
{
	bool plain = head->rtm_type == RTN_UNICAST && ip_is_zero(&route->via);

	if (attrs->foreign || (head->rtm_type == RTN_UNICAST && attrs->ifindex == 0)) {
		return false;
	}
	if (attrs->table == STATE_TABLE_ANYCAST) {
		return true; /* what stands in the gateway's way is told, whatever it does */
	}
	if (head->rtm_type != RTN_UNICAST && head->rtm_type != RTN_UNREACHABLE) {
		return false;
	}
	return state_table_is_way(attrs->table) || (plain && attrs->table == RT_TABLE_MAIN);
}

static bool route_head(const struct nlmsghdr *message, const struct rtmsg **head)
{
	*head = mnl_nlmsg_get_payload(message);
	return mnl_nlmsg_get_payload_len(message) >= sizeof(**head) &&
	       is_ip_family((*head)->rtm_family) && !((*head)->rtm_flags & RTM_F_CLONED);
}

int codec_route_decode(const struct nlmsghdr *message, struct route *route, uint32_t *ifindex)
{
	const struct rtmsg *head;
	const struct nlattr *attr = NULL;

	if (!route_head(message, &head) || head->rtm_tos != 0) {
		return -ENOENT;
	}
	struct route_attrs attrs = {.table = head->rtm_table};
	route->key.destination.ip.family = head->rtm_family;
	route->key.destination.length = head->rtm_dst_len;
	while ((attr = attr_next(message, sizeof(*head), attr)) != NULL) {
		take_route_attr(attr, head->rtm_family, &attrs, route);
	}
	if (!is_of_concern(head, &attrs, route)) {
		return -ENOENT;
	}
	route->key.table = attrs.table;
	/* No source and no next hop are told by their absence. */
	route->head.has |= FIELD_BIT(ROUTE_SOURCE) | FIELD_BIT(ROUTE_VIA);
	route->head.flags = route_is_ours(head, attrs.table) ? OBJECT_OWNED : 0;
	*ifindex = head->rtm_type == RTN_UNICAST ? attrs.ifindex : 0; /* IPv6 says "lo" */
	return 0;
}

static uint8_t route_scope(const struct route *route)
{
	return route->key.link[0] == '\0' || !ip_is_zero(&route->via) ? RT_SCOPE_UNIVERSE
								      : RT_SCOPE_LINK;
}

static void put_nexthop(struct nlmsghdr *message, const struct route *route, uint32_t ifindex)
{
	const struct rtmsg *head = mnl_nlmsg_get_payload(message);

	if (ifindex != 0) {
		mnl_attr_put_u32(message, RTA_OIF, ifindex);
	} else if (message->nlmsg_type == RTM_DELROUTE && head->rtm_family == AF_INET6) {
		/* Else it takes the first of that metric, whatever its type. */
		mnl_attr_put_u32(message, RTA_OIF, LOOPBACK_IFINDEX);
	}
	if (!ip_is_zero(&route->via)) {
		put_ip(message, RTA_GATEWAY, &route->via);
	}
	if (!ip_is_zero(&route->source)) {
		put_ip(message, RTA_PREFSRC, &route->source);
	}
}

void codec_route_encode(struct nlmsghdr *message, const struct route *route, uint32_t ifindex)
{
	const struct prefix *destination = &route->key.destination;
	struct rtmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	head->rtm_family = destination->ip.family;
	head->rtm_dst_len = destination->length;
	head->rtm_table = route->key.table < 256 ? (uint8_t)route->key.table : RT_TABLE_UNSPEC;
	head->rtm_protocol =
		route->key.table == STATE_TABLE_OFFER ? STATE_PROTOCOL_OFFER : STATE_PROTOCOL;
	head->rtm_scope = route_scope(route);
	head->rtm_type = ifindex != 0 ? RTN_UNICAST : RTN_UNREACHABLE;
	head->rtm_flags = ip_is_zero(&route->via) ? 0 : RTNH_F_ONLINK;
	if (destination->length > 0) {
		put_ip(message, RTA_DST, &destination->ip);
	}
	mnl_attr_put_u32(message, RTA_TABLE, route->key.table);
	mnl_attr_put_u32(message, RTA_PRIORITY, route->key.metric);
	put_nexthop(message, route, ifindex);
}

void codec_route_request(struct nlmsghdr *message, uint8_t family, uint32_t table)
{
	struct rtmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	head->rtm_family = family;
	head->rtm_type = table == RT_TABLE_MAIN ? RTN_UNICAST : RTN_UNSPEC;
	mnl_attr_put_u32(message, RTA_TABLE, table);
}

/* --- rules --- */

struct rule_attrs {
	uint32_t table;
	bool ours;
	bool foreign;
};

static void take_rule_attr(const struct nlattr *attr, uint8_t family, struct rule_attrs *attrs,
	struct rule *rule)
{
	uint32_t number = 0;

	switch (mnl_attr_get_type(attr)) {
	case FRA_SRC:
		attrs->foreign |= !attr_take_ip(attr, family, &rule->key.source.ip);
		break;
	case FRA_PRIORITY:
		(void)attr_take_u32(attr, &rule->key.priority);
		break;
	case FRA_TABLE:
		(void)attr_take_u32(attr, &attrs->table);
		break;
	case FRA_PROTOCOL:
		attrs->ours = attr_is_ours(attr);
		break;
	case FRA_IIFNAME:
		attr_take_text(attr, rule->key.iif, sizeof(rule->key.iif));
		break;
	case FRA_OIFNAME:
		attr_take_text(attr, rule->key.oif, sizeof(rule->key.oif));
		break;
	case FRA_SUPPRESS_PREFIXLEN: /* always there, all ones when it does nothing */
		attrs->foreign |= !attr_take_u32(attr, &number);
		rule->suppress = (int32_t)number;
		break;
	case FRA_SUPPRESS_IFGROUP:
		attrs->foreign |= !attr_take_u32(attr, &number) || number != UINT32_MAX;
		break;
	case FRA_PAD:
		break;
	default: /* another selector or action */
		attrs->foreign = true;
		break;
	}
}

int codec_rule_decode(const struct nlmsghdr *message, struct rule *rule)
{
	const struct fib_rule_hdr *head = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr = NULL;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*head) || !is_ip_family(head->family) ||
		(head->action != FR_ACT_TO_TBL && head->action != FR_ACT_UNREACHABLE) ||
		head->dst_len != 0 || head->tos != 0 || (head->flags & FIB_RULE_INVERT)) {
		return -ENOENT;
	}
	struct rule_attrs attrs = {.table = head->table};
	rule->key.source.ip.family = head->family;
	rule->key.source.length = head->src_len;
	object_give(rule, RULE_SUPPRESS, suppress, -1);
	while ((attr = attr_next(message, sizeof(*head), attr)) != NULL) {
		take_rule_attr(attr, head->family, &attrs, rule);
	}
	if (attrs.foreign) {
		return -ENOENT;
	}
	object_give(rule, RULE_TABLE, table,
		head->action == FR_ACT_TO_TBL ? attrs.table : RT_TABLE_UNSPEC);
	rule->head.flags = attrs.ours ? OBJECT_OWNED : 0;
	return 0;
}

void codec_rule_encode(struct nlmsghdr *message, const struct rule *rule)
{
	struct fib_rule_hdr *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	head->family = rule->key.source.ip.family;
	head->src_len = rule->key.source.length;
	head->table = rule->table < 256 ? (uint8_t)rule->table : RT_TABLE_UNSPEC;
	head->action = rule->table != RT_TABLE_UNSPEC ? FR_ACT_TO_TBL : FR_ACT_UNREACHABLE;
	if (rule->key.source.length > 0) {
		put_ip(message, FRA_SRC, &rule->key.source.ip);
	}
	if (rule->key.iif[0] != '\0') {
		mnl_attr_put_strz(message, FRA_IIFNAME, rule->key.iif);
	}
	if (rule->key.oif[0] != '\0') {
		mnl_attr_put_strz(message, FRA_OIFNAME, rule->key.oif);
	}
	mnl_attr_put_u32(message, FRA_PRIORITY, rule->key.priority);
	if (rule->table != RT_TABLE_UNSPEC) {
		mnl_attr_put_u32(message, FRA_TABLE, rule->table);
	}
	if (object_has(rule, RULE_SUPPRESS) && rule->suppress >= 0) {
		mnl_attr_put_u32(message, FRA_SUPPRESS_PREFIXLEN, (uint32_t)rule->suppress);
	}
	mnl_attr_put_u8(message, FRA_PROTOCOL, STATE_PROTOCOL);
}
