/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/codec_default.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/attr.h"

static bool is_dead(unsigned int flags)
{
	return (flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) != 0;
}

/* A next hop's own attribute. False: packets go there in a way that is not ours to copy. */
static bool take_hop_attr(const struct nlattr *attr, uint8_t family, struct codec_nexthop *hop)
{
	switch (mnl_attr_get_type(attr)) {
	case RTA_GATEWAY:
		return attr_take_ip(attr, family, &hop->via);
	case RTA_VIA: /* of the other family */
	case RTA_ENCAP:
		return false;
	default:
		return true;
	}
}

static void add_hop(struct codec_default *found, const struct codec_nexthop *hop)
{
	if (hop->ifindex != 0 && found->count < CODEC_NEXTHOPS_MAX) {
		found->nexthops[found->count++] = *hop;
	}
}

/* The attributes of one struct rtnexthop, whose whole length is given. */
static bool take_hop_attrs(const char *start, size_t length, uint8_t family,
	struct codec_nexthop *hop)
{
	size_t at = sizeof(struct rtnexthop);

	while (length >= at + MNL_ATTR_HDRLEN) {
		const struct nlattr *attr = (const void *)(start + at);
		if (!mnl_attr_ok(attr, (int)(length - at))) {
			break;
		}
		if (!take_hop_attr(attr, family, hop)) {
			return false;
		}
		at += MNL_ALIGN(attr->nla_len);
	}
	return true;
}

static void take_multipath(const struct nlattr *attr, struct codec_default *found)
{
	const char *at = mnl_attr_get_payload(attr);
	size_t left = mnl_attr_get_payload_len(attr);
	struct rtnexthop head;

	while (left >= sizeof(head)) {
		memcpy(&head, at, sizeof(head));
		size_t length = head.rtnh_len;
		if (length < sizeof(head) || length > left) {
			return;
		}
		struct codec_nexthop hop = {.ifindex = (uint32_t)head.rtnh_ifindex,
			.via.family = found->family,
			.dead = is_dead(head.rtnh_flags)};
		if (take_hop_attrs(at, length, found->family, &hop)) {
			add_hop(found, &hop);
		}
		size_t step = RTNH_ALIGN(length);
		if (step >= left) {
			return;
		}
		at += step;
		left -= step;
	}
}

/* What belongs to the route and not to a next hop. */
static void take_route_attr(const struct nlattr *attr, struct codec_default *found,
	struct codec_nexthop *hop)
{
	switch (mnl_attr_get_type(attr)) {
	case RTA_TABLE:
		(void)attr_take_u32(attr, &found->route.table);
		break;
	case RTA_PRIORITY:
		(void)attr_take_u32(attr, &found->route.metric);
		break;
	case RTA_PREFSRC:
		(void)attr_take_ip(attr, found->family, &found->route.source);
		break;
	case RTA_OIF:
		(void)attr_take_u32(attr, &hop->ifindex);
		break;
	case RTA_MULTIPATH:
		take_multipath(attr, found);
		break;
	default:
		break;
	}
}

static bool is_plain_default(const struct rtmsg *head)
{
	return (head->rtm_family == AF_INET || head->rtm_family == AF_INET6) &&
	       head->rtm_type == RTN_UNICAST && head->rtm_dst_len == 0 && head->rtm_src_len == 0 &&
	       head->rtm_tos == 0 && head->rtm_protocol != STATE_PROTOCOL &&
	       !(head->rtm_flags & RTM_F_CLONED);
}

int codec_default_decode(const struct nlmsghdr *message, struct codec_default *found)
{
	const struct rtmsg *head = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr = NULL;
	bool plain = true;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*head) || !is_plain_default(head)) {
		return -ENOENT;
	}
	*found = (struct codec_default){.family = head->rtm_family,
		.route = {.table = head->rtm_table, .protocol = head->rtm_protocol}};
	struct codec_nexthop hop = {.via.family = head->rtm_family,
		.dead = is_dead(head->rtm_flags)};
	while ((attr = attr_next(message, sizeof(*head), attr)) != NULL) {
		take_route_attr(attr, found, &hop);
		plain = take_hop_attr(attr, head->rtm_family, &hop) && plain;
	}
	if (plain && found->count == 0) { /* with several next hops RTA_OIF is one of them */
		add_hop(found, &hop);
	}
	bool elsewhere = found->route.table < STATE_TABLE_ANYCAST ||
			 found->route.table > STATE_TABLE_WITHDRAWN;
	return found->count > 0 && elsewhere ? 0 : -ENOENT;
}

void codec_default_request(struct nlmsghdr *message, uint8_t family, uint32_t ifindex)
{
	struct rtmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	head->rtm_family = family;
	head->rtm_type = RTN_UNICAST;
	mnl_attr_put_u32(message, RTA_OIF, ifindex);
}
