/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/codec_rtnl.h"
#include "kernel/kernel.h"
#include "kernel/room.h"

#define RULES_MAX 64 /* of one priority; a daemon leaves one a crash at most */

/* Routes to delete, each the kernel's own message: what it said is what it takes back. */
struct routes {
	char *bytes;
	size_t length;
	size_t capacity;
};

static int keep_route(const struct nlmsghdr *message, void *context)
{
	struct routes *routes = context;
	size_t size = NLMSG_ALIGN(message->nlmsg_len);
	size_t capacity = routes->capacity == 0 ? 4096 : routes->capacity;

	while (routes->length + size > capacity) {
		capacity *= 2;
	}
	if (capacity != routes->capacity) {
		char *bytes = realloc(routes->bytes, capacity);
		if (bytes == NULL) {
			return -ENOMEM;
		}
		routes->bytes = bytes;
		routes->capacity = capacity;
	}
	memcpy(routes->bytes + routes->length, message, message->nlmsg_len);
	routes->length += size;
	return 0;
}

static void free_routes(struct routes *routes)
{
	free(routes->bytes);
}

static int delete_rule(struct netlink *netlink, uint32_t priority)
{
	char buffer[MNL_NLMSG_HDRLEN + 128];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = RTM_DELRULE;
	struct fib_rule_hdr *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->family = AF_INET6;
	mnl_attr_put_u32(message, FRA_PRIORITY, priority);
	return netlink_request(netlink, message, NLM_F_ACK, NULL, NULL);
}

static int delete_routes(struct netlink *netlink, uint8_t family, uint32_t table)
{
	char buffer[MNL_NLMSG_HDRLEN + 128];
	CLEANUP(free_routes) struct routes routes = {0};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = RTM_GETROUTE;
	codec_route_request(message, family, table);
	struct rtmsg *request = mnl_nlmsg_get_payload(message);
	request->rtm_type = RTN_UNSPEC; /* unreachable ones too, which keep from all below */
	int result = netlink_request(netlink, message, NLM_F_DUMP, keep_route, &routes);
	for (size_t at = 0; at < routes.length && result == 0;) {
		struct nlmsghdr *route = (void *)(routes.bytes + at);
		at += NLMSG_ALIGN(route->nlmsg_len);
		const struct rtmsg *head = mnl_nlmsg_get_payload(route);
		/* A kernel without strict checks gives all tables. */
		if (head->rtm_table == table) {
			route->nlmsg_type = RTM_DELROUTE;
			route->nlmsg_flags = 0;
			route->nlmsg_pid = 0;
			result = netlink_request(netlink, route, NLM_F_ACK, NULL, NULL);
		}
		if (result == -ESRCH) {
			result = 0; /* went with its link meanwhile */
		}
	}
	return result == -ENOENT ? 0 : result; /* there is no such table */
}

int kernel_clean_routing(struct kernel *kernel, uint32_t priority, uint32_t table)
{
	int result = 0;

	for (int i = 0; i < RULES_MAX && result == 0; i++) {
		result = delete_rule(&kernel->rtnl, priority);
	}
	if (result < 0 && result != -ENOENT) {
		return result;
	}
	return delete_routes(&kernel->rtnl, AF_INET6, table);
}

int kernel_clean_table(struct kernel *kernel, uint32_t table)
{
	int result = delete_routes(&kernel->rtnl, AF_INET, table);
	int other = delete_routes(&kernel->rtnl, AF_INET6, table);

	return result < 0 ? result : other;
}

int kernel_load_link_kind(struct kernel *kernel, const char *kind)
{
	static const char name[] = "meshd-probe";
	char buffer[MNL_NLMSG_HDRLEN + 256];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = RTM_NEWLINK;
	message->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	struct nlattr *nest = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, kind);
	mnl_attr_nest_end(message, nest);
	int result = netlink_request(&kernel->rtnl, message, NLM_F_ACK, NULL, NULL);
	if (result < 0) {
		/* A tunnel module makes one without addresses itself, and only one can be. */
		return result == -EEXIST ? 0 : result;
	}
	message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = RTM_DELLINK;
	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	return netlink_request(&kernel->rtnl, message, NLM_F_ACK, NULL, NULL);
}
