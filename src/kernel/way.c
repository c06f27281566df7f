/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the kernel itself sends a packet. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/attr.h"
#include "kernel/kernel.h"
#include "kernel/room.h"

static int take_way(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *head = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr = NULL;
	struct kernel_way *way = context;
	uint32_t ifindex = 0;

	if (message->nlmsg_type != RTM_NEWROUTE ||
		mnl_nlmsg_get_payload_len(message) < sizeof(*head)) {
		return 0;
	}
	way->table = head->rtm_table;
	way->protocol = head->rtm_protocol;
	while ((attr = attr_next(message, sizeof(*head), attr)) != NULL) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_OIF:
			(void)attr_take_u32(attr, &ifindex);
			break;
		case RTA_TABLE:
			(void)attr_take_u32(attr, &way->table);
			break;
		case RTA_GATEWAY:
			(void)attr_take_ip(attr, head->rtm_family, &way->via);
			break;
		case RTA_PREFSRC:
			(void)attr_take_ip(attr, head->rtm_family, &way->source);
			break;
		default:
			break;
		}
	}
	char name[IFNAMSIZ] = "";
	if (ifindex != 0 && if_indextoname(ifindex, name) != NULL) {
		text_copy(way->link, sizeof(way->link), name);
	}
	return 0;
}

static int ask(struct kernel *kernel, const struct ip *destination, const struct ip *source,
	unsigned int flags, struct kernel_way *way)
{
	char buffer[MNL_NLMSG_HDRLEN + 128];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = RTM_GETROUTE;
	struct rtmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->rtm_family = destination->family;
	head->rtm_dst_len = (uint8_t)ip_bits(destination);
	/* IPv6 always tells the table, and takes no flag for it. */
	head->rtm_flags = flags | (head->rtm_family == AF_INET ? RTM_F_LOOKUP_TABLE : 0);
	mnl_attr_put(message, RTA_DST, ip_bits(destination) / 8, destination->bytes);
	if (source != NULL && source->family == destination->family) {
		head->rtm_src_len = (uint8_t)ip_bits(source);
		mnl_attr_put(message, RTA_SRC, ip_bits(source) / 8, source->bytes);
	}
	return netlink_request(&kernel->rtnl, message, NLM_F_ACK, take_way, way);
}

int kernel_ask_way(struct kernel *kernel, const struct ip *destination, const struct ip *source,
	struct kernel_way *way)
{
	struct kernel_way found = {0};
	struct kernel_way entry = {0};

	if (destination->family != AF_INET && destination->family != AF_INET6) {
		return -EAFNOSUPPORT;
	}
	int error = ask(kernel, destination, source, 0, &found);
	if (error < 0) {
		return error;
	}
	/* IPv4 tells the source that it would take, but who made the route only of the entry. */
	if (destination->family == AF_INET &&
		ask(kernel, destination, source, RTM_F_FIB_MATCH, &entry) == 0) {
		found.protocol = entry.protocol;
	}
	if (found.source.family == 0 && source != NULL) {
		found.source = *source;
	}
	*way = found;
	return 0;
}
