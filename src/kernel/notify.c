/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/notify.h"

#include <errno.h>
#include <linux/rtnetlink.h>

#include "base/cleanup.h"
#include "kernel/attr.h"
#include "kernel/codec_rtnl.h"

/* A link makes up to four messages of about 2 KiB each when it is created and attached: room for
 * the echo of our own apply of more than a thousand. */
#define LISTENER_SIZE (16 << 20)
#define MESSAGES_MAX  256

int notify_open(struct mnl_socket **listener)
{
	static const uint32_t groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
		RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE,
		RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF};
	struct mnl_socket *socket;
	int error = netlink_open_listener(&socket, NETLINK_ROUTE, LISTENER_SIZE);

	for (size_t i = 0; i < ARRAY_SIZE(groups) && error == 0; i++) {
		error = netlink_join(socket, groups[i]);
		if (error < 0) {
			mnl_socket_close(socket);
		}
	}
	if (error == 0) {
		*listener = socket;
	}
	return error;
}

/* Scan results and signal levels come as link messages too. */
static bool link_concerns(const struct nlmsghdr *message)
{
	const struct nlattr *attr = NULL;

	while ((attr = attr_next(message, sizeof(struct ifinfomsg), attr)) != NULL) {
		if (mnl_attr_get_type(attr) == IFLA_WIRELESS) {
			return false;
		}
	}
	return true;
}

/* Whatever comes there may have taken the place of a route of ours: the kernel tells of a replaced
 * one only by the new one. */
static bool is_in_our_table(const struct nlmsghdr *message)
{
	const struct rtmsg *head = mnl_nlmsg_get_payload(message);

	return mnl_nlmsg_get_payload_len(message) >= sizeof(*head) &&
	       (head->rtm_table == STATE_TABLE_ANYCAST || state_table_is_way(head->rtm_table));
}

bool notify_concerns(const struct nlmsghdr *message, const struct uplinks *uplinks)
{
	struct route route = {0};
	uint32_t ifindex;

	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
		return link_concerns(message);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return codec_address_concerns(message);
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return codec_route_decode(message, &route, &ifindex) == 0 ||
		       is_in_our_table(message) || defaults_concern(uplinks, message);
	case RTM_DELLINK:
	case RTM_NEWRULE:
	case RTM_DELRULE:
	case RTM_NEWNETCONF:
	case RTM_DELNETCONF:
		return true;
	default:
		return false;
	}
}

static void see_link(struct kernel *kernel, const struct nlmsghdr *message)
{
	const struct ifinfomsg *head = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type == RTM_NEWLINK &&
		mnl_nlmsg_get_payload_len(message) >= sizeof(*head)) {
		kernel_saw_ifindex(kernel, (uint32_t)head->ifi_index);
	}
}

static void see_route(struct kernel *kernel, const struct nlmsghdr *message)
{
	const struct rtmsg *head = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type == RTM_NEWROUTE &&
		mnl_nlmsg_get_payload_len(message) >= sizeof(*head)) {
		kernel_saw_route(kernel, head->rtm_family, head->rtm_table);
	}
}

int notify_take_rtnl(struct kernel *kernel)
{
	struct netlink *netlink = &kernel->rtnl; /* its buffer is free between requests */
	int events = KERNEL_NOTHING;

	for (int i = 0; i < MESSAGES_MAX; i++) {
		ssize_t received = mnl_socket_recvfrom(kernel->listener, netlink->buffer,
			netlink->buffer_size);
		if (received < 0 && (errno == ENOBUFS || errno == ENOSPC)) {
			events |= KERNEL_OVERRUN;
			kernel_suspect_routes(kernel);
			continue;
		}
		if (received < 0) {
			return errno == EAGAIN || errno == EINTR ? events : -errno;
		}
		int left = (int)received;
		for (const struct nlmsghdr *message = (void *)netlink->buffer;
			mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
			see_link(kernel, message);
			see_route(kernel, message);
			if (!(events & KERNEL_CHANGED) &&
				notify_concerns(message, &kernel->uplinks)) {
				events |= KERNEL_CHANGED;
			}
		}
	}
	return events;
}

/* The group only tells of settings that were written, by whomever. */
int notify_take_batadv(struct kernel *kernel)
{
	struct netlink *netlink = &kernel->batadv.netlink;
	int events = KERNEL_NOTHING;

	for (int i = 0; i < MESSAGES_MAX; i++) {
		ssize_t received = mnl_socket_recvfrom(kernel->batadv.listener, netlink->buffer,
			netlink->buffer_size);
		if (received < 0 && (errno == ENOBUFS || errno == ENOSPC)) {
			events |= KERNEL_OVERRUN;
		} else if (received < 0) {
			return errno == EAGAIN || errno == EINTR ? events : -errno;
		} else {
			events |= KERNEL_CHANGED;
		}
	}
	return events;
}
