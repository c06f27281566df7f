/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes that come and go with addresses and links (net/ipv4/fib_frontend.c, net/ipv6/addrconf.c):
 * planning them a second time would be refused, or would leave two. */
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "core/diff_plan.h"

static bool op_is_on(const struct op *op, enum op_verb verb, enum object_type type)
{
	return op->verb == verb && op->type == type;
}

static bool is_deleted(const struct diff *diff, enum object_type type, const void *observed)
{
	plan_foreach (op, diff->plan) {
		if (op_is_on(op, OP_DELETE, type) && op->observed == observed) {
			return true;
		}
	}
	return false;
}

static bool address_stays(const struct diff *diff, const struct address *observed)
{
	return !diff_link_is_gone(diff, observed->key.link) &&
	       !is_deleted(diff, OBJECT_ADDRESS, observed);
}

/* Is the route's destination the network of the address, on the same link? */
static bool is_network_of(const struct route *route, const struct address *address)
{
	struct prefix network = prefix_network(&address->key.prefix);

	return strcmp(route->key.link, address->key.link) == 0 &&
	       memcmp(&network, &route->key.destination, sizeof(network)) == 0;
}

/* Does an observed address in the route's network stay on its link? */
static bool network_stays(const struct diff *diff, const struct route *route)
{
	for (size_t i = 0; i < state_count(diff->observed, OBJECT_ADDRESS); i++) {
		const struct address *address = state_at(diff->observed, OBJECT_ADDRESS, i);
		if (is_network_of(route, address) && address_stays(diff, address)) {
			return true;
		}
	}
	return false;
}

static bool source_stays(const struct diff *diff, const struct ip *source)
{
	for (size_t i = 0; i < state_count(diff->observed, OBJECT_ADDRESS); i++) {
		const struct address *address = state_at(diff->observed, OBJECT_ADDRESS, i);
		if (memcmp(&address->key.prefix.ip, source, sizeof(*source)) == 0 &&
			address_stays(diff, address)) {
			return true;
		}
	}
	return false;
}

/* Is there another route to the same network on the same link that IPv6 finds before this one? */
static bool is_behind_another(const struct diff *diff, const struct route *route)
{
	for (size_t i = 0; i < state_count(diff->observed, OBJECT_ROUTE); i++) {
		const struct route *other = state_at(diff->observed, OBJECT_ROUTE, i);
		if (other->key.table == route->key.table && other->key.metric < route->key.metric &&
			strcmp(other->key.link, route->key.link) == 0 &&
			memcmp(&other->key.destination, &route->key.destination,
				sizeof(route->key.destination)) == 0 &&
			!is_deleted(diff, OBJECT_ROUTE, other)) {
			return true;
		}
	}
	return false;
}

/* Does the link keep any of the IPv4 addresses it has? Without one the kernel takes all its IPv4
 * routes (fib_disable_ip()). */
static bool keeps_ipv4(const struct diff *diff, const char *link)
{
	for (size_t i = 0; i < state_count(diff->observed, OBJECT_ADDRESS); i++) {
		const struct address *address = state_at(diff->observed, OBJECT_ADDRESS, i);
		if (address->key.prefix.ip.family == AF_INET &&
			strcmp(address->key.link, link) == 0 && address_stays(diff, address)) {
			return true;
		}
	}
	return false;
}

/* An IPv4 route goes with its source address, the kernel's own even when another link still has the
 * address. IPv6 looks for any route to the network when the network's last address goes. */
static bool takes_with_address(const struct diff *diff, const struct route *route,
	const struct address *deleted)
{
	bool ipv4 = deleted->key.prefix.ip.family == AF_INET;
	bool is_source =
		object_has(route, ROUTE_SOURCE) &&
		memcmp(&route->source, &deleted->key.prefix.ip, sizeof(route->source)) == 0;

	if (ipv4 && route->key.destination.ip.family == AF_INET &&
		strcmp(route->key.link, deleted->key.link) == 0 &&
		!keeps_ipv4(diff, deleted->key.link)) {
		return true;
	}
	if (ipv4 && is_source) {
		return !source_stays(diff, &route->source) ||
		       (is_network_of(route, deleted) && !(route->head.flags & OBJECT_OWNED));
	}
	return !ipv4 && route->key.table == RT_TABLE_MAIN && is_network_of(route, deleted) &&
	       !network_stays(diff, route) && !is_behind_another(diff, route);
}

/* Does the source's last address go, perhaps with its link? */
static bool source_goes(const struct diff *diff, const struct ip *source)
{
	bool seen = false;

	for (size_t i = 0; i < state_count(diff->observed, OBJECT_ADDRESS); i++) {
		const struct address *address = state_at(diff->observed, OBJECT_ADDRESS, i);
		seen = seen || memcmp(&address->key.prefix.ip, source, sizeof(*source)) == 0;
	}
	return seen && !source_stays(diff, source);
}

bool diff_kernel_takes_route(const struct diff *diff, const struct route *observed)
{
	if (observed->source.family == AF_INET && source_goes(diff, &observed->source)) {
		return true;
	}
	plan_foreach (op, diff->plan) {
		if (op_is_on(op, OP_DELETE, OBJECT_ADDRESS) &&
			takes_with_address(diff, observed, op->observed)) {
			return true;
		}
	}
	return false;
}

bool diff_kernel_clears_source(const struct diff *diff, const struct route *observed)
{
	return observed->key.destination.ip.family == AF_INET6 && observed->source.family != 0 &&
	       !source_stays(diff, &observed->source);
}

static bool has_prefix_route(const struct address *address, const struct route *route)
{
	bool ipv4 = address->key.prefix.ip.family == AF_INET;
	uint32_t metric = object_has(address, ADDRESS_METRIC) ? address->metric : 0;

	if (metric == 0 && !ipv4) {
		metric = ROUTE_IPV6_PREFIX_METRIC;
	}
	return is_network_of(route, address) && metric == route->key.metric &&
	       address->key.prefix.length < ip_bits(&address->key.prefix.ip);
}

static bool goes_up(const struct diff *diff, const char *name)
{
	const struct link *observed = state_find_link(diff->observed, name);
	const struct link *desired = state_find_link(diff->desired, name);

	return observed != NULL && desired != NULL && !observed->up && desired->up;
}

/* Does a network's IPv4 address go, so that the kernel promotes the next one? */
static bool is_promoted(const struct diff *diff, const struct route *desired)
{
	if (desired->key.destination.ip.family != AF_INET) {
		return false;
	}
	plan_foreach (op, diff->plan) {
		if (op_is_on(op, OP_DELETE, OBJECT_ADDRESS) &&
			is_network_of(desired, op->observed)) {
			return true;
		}
	}
	return false;
}

bool diff_kernel_makes_route(const struct diff *diff, const struct route *desired)
{
	bool ipv4 = desired->key.destination.ip.family == AF_INET;

	if (desired->key.table != RT_TABLE_MAIN) {
		return false;
	}
	plan_foreach (op, diff->plan) {
		/* A second IPv4 address of a network gets no route of its own. */
		if (op_is_on(op, OP_CREATE, OBJECT_ADDRESS) &&
			has_prefix_route(op->desired, desired) &&
			!(ipv4 && network_stays(diff, desired))) {
			return true;
		}
	}
	if (!goes_up(diff, desired->key.link) && !is_promoted(diff, desired)) {
		return false;
	}
	for (size_t i = 0; i < state_count(diff->observed, OBJECT_ADDRESS); i++) {
		const struct address *address = state_at(diff->observed, OBJECT_ADDRESS, i);
		if (has_prefix_route(address, desired) && address_stays(diff, address)) {
			return true;
		}
	}
	return false;
}
