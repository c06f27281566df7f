/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses, routes and rules (net/ipv4/devinet.c, fib_frontend.c, net/ipv6/addrconf.c, route.c,
 * net/core/fib_rules.c, all of Linux 6.1), with promote_secondaries on, as systemd sets it. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "fake/fake_rooms.h"

#define IPV6_PREFIX_METRIC 256

static struct address *address_at(const struct fake_kernel *kernel, size_t index)
{
	return state_at(&kernel->state, OBJECT_ADDRESS, index);
}

static struct route *route_at(const struct fake_kernel *kernel, size_t index)
{
	return state_at(&kernel->state, OBJECT_ROUTE, index);
}

static size_t address_count(const struct fake_kernel *kernel)
{
	return state_count(&kernel->state, OBJECT_ADDRESS);
}

static size_t route_count(const struct fake_kernel *kernel)
{
	return state_count(&kernel->state, OBJECT_ROUTE);
}

static bool same_network(const struct prefix *a, const struct prefix *b)
{
	struct prefix one = prefix_network(a);
	struct prefix other = prefix_network(b);

	return memcmp(&one, &other, sizeof(one)) == 0;
}

static bool ip_is_local(const struct fake_kernel *kernel, const struct ip *ip)
{
	for (size_t i = 0; i < address_count(kernel); i++) {
		if (ip_equal(&address_at(kernel, i)->key.prefix.ip, ip)) {
			return true;
		}
	}
	return false;
}

/* --- routes --- */

static struct route *add_route(struct fake_kernel *kernel, const struct route *wanted)
{
	struct route *route = state_add(&kernel->state, OBJECT_ROUTE, &wanted->key);

	if (route != NULL) {
		*route = *wanted;
		route->head.has = FIELD_BIT(ROUTE_FIELD_COUNT) - 1;
	}
	return route;
}

/* The kernel's own prefix route; that another stands there already is not an error. */
static int add_prefix_route(struct fake_kernel *kernel, const struct address *address)
{
	const struct link *link = fake_link(kernel, address->key.link);
	const struct prefix *prefix = &address->key.prefix;
	bool ipv4 = prefix->ip.family == AF_INET;
	struct route route = {.head.flags = FAKE_KERNEL_MADE};

	if (!link->up || prefix->length == ip_bits(&prefix->ip) ||
		(address->head.flags & FAKE_SECONDARY)) {
		return 0;
	}
	route.key.table = RT_TABLE_MAIN;
	route.key.metric = address->metric != 0 || ipv4 ? address->metric : IPV6_PREFIX_METRIC;
	route.key.destination = prefix_network(prefix);
	memcpy(route.key.link, address->key.link, sizeof(route.key.link));
	if (ipv4) {
		route.source = prefix->ip;
	}
	if (state_find(&kernel->state, OBJECT_ROUTE, &route.key) != NULL) {
		return 0;
	}
	return add_route(kernel, &route) != NULL ? 0 : -ENOMEM;
}

/* Another route of the same table, metric and destination in a table of ways. Linux appends it:
 * behind the other in IPv4, as a next hop of the same route in IPv6. Neither is ever wanted. */
static bool is_second(const struct fake_kernel *kernel, const struct route *wanted)
{
	for (size_t i = 0; i < route_count(kernel); i++) {
		const struct route *route = route_at(kernel, i);
		if (state_table_is_way(route->key.table) && route->key.table == wanted->key.table &&
			route->key.metric == wanted->key.metric &&
			memcmp(&route->key.destination, &wanted->key.destination,
				sizeof(wanted->key.destination)) == 0) {
			return true;
		}
	}
	return false;
}

/* The next hop: a link that is up and perhaps an address behind it, or neither ("unreachable"). */
static int check_nexthop(const struct fake_kernel *kernel, const struct route *wanted)
{
	const struct link *link = fake_link(kernel, wanted->key.link);
	bool has_via = object_has(wanted, ROUTE_VIA) && !ip_is_zero(&wanted->via);

	if (wanted->key.link[0] == '\0') {
		return has_via ? -EINVAL : 0;
	}
	if (link == NULL) {
		return -ENODEV;
	}
	if (!link->up) {
		return -ENETDOWN;
	}
	return has_via && (wanted->via.family != wanted->key.destination.ip.family ||
				  ip_is_local(kernel, &wanted->via))
		       ? -EINVAL
		       : 0;
}

int fake_route_add(struct fake_kernel *kernel, const struct route *wanted)
{
	struct prefix network = prefix_network(&wanted->key.destination);
	int result = check_nexthop(kernel, wanted);

	if (result < 0) {
		return result;
	}
	if (memcmp(&network, &wanted->key.destination, sizeof(network)) != 0) {
		return -EINVAL;
	}
	if (object_has(wanted, ROUTE_SOURCE) && wanted->source.family != 0 &&
		!ip_is_local(kernel, &wanted->source)) {
		return -EINVAL;
	}
	if (state_find(&kernel->state, OBJECT_ROUTE, &wanted->key) != NULL ||
		is_second(kernel, wanted)) {
		return -EEXIST;
	}
	return add_route(kernel, wanted) != NULL ? 0 : -ENOMEM;
}

/* NLM_F_REPLACE takes the first route of the same table, metric and destination, whatever its link.
 */
int fake_route_set(struct fake_kernel *kernel, const struct route *wanted)
{
	if (!ip_is_local(kernel, &wanted->source) && wanted->source.family != 0) {
		return -EINVAL;
	}
	for (size_t i = 0; i < route_count(kernel); i++) {
		struct route *route = route_at(kernel, i);
		if (route->key.table == wanted->key.table &&
			route->key.metric == wanted->key.metric &&
			memcmp(&route->key.destination, &wanted->key.destination,
				sizeof(wanted->key.destination)) == 0) {
			*route = *wanted;
			route->head.has = FIELD_BIT(ROUTE_FIELD_COUNT) - 1;
			return 0;
		}
	}
	return -ENOENT;
}

int fake_route_delete(struct fake_kernel *kernel, const struct route_key *key)
{
	struct route *route = state_find(&kernel->state, OBJECT_ROUTE, key);

	if (route == NULL) {
		return -ESRCH;
	}
	fake_remove(kernel, OBJECT_ROUTE, route);
	return 0;
}

/* --- addresses --- */

static bool is_of(const struct address *address, const char *link, uint8_t family)
{
	return strcmp(address->key.link, link) == 0 && address->key.prefix.ip.family == family;
}

/* Another address of the same network on the same link, or NULL. */
static struct address *find_neighbour(const struct fake_kernel *kernel, const struct address *of)
{
	for (size_t i = 0; i < address_count(kernel); i++) {
		struct address *other = address_at(kernel, i);
		if (is_of(other, of->key.link, of->key.prefix.ip.family) &&
			memcmp(&other->key, &of->key, sizeof(of->key)) != 0 &&
			same_network(&other->key.prefix, &of->key.prefix)) {
			return other;
		}
	}
	return NULL;
}

static bool address_exists(const struct fake_kernel *kernel, const struct address *wanted)
{
	const struct prefix *prefix = &wanted->key.prefix;

	for (size_t i = 0; i < address_count(kernel); i++) {
		const struct address *other = address_at(kernel, i);
		if (is_of(other, wanted->key.link, prefix->ip.family) &&
			ip_equal(&other->key.prefix.ip, &prefix->ip) &&
			(prefix->ip.family == AF_INET6 ||
				other->key.prefix.length == prefix->length)) {
			return true;
		}
	}
	return false;
}

int fake_address_add(struct fake_kernel *kernel, const struct address *wanted)
{
	if (fake_link(kernel, wanted->key.link) == NULL) {
		return -ENODEV;
	}
	if (address_exists(kernel, wanted)) {
		return -EEXIST;
	}
	struct address *address = state_add(&kernel->state, OBJECT_ADDRESS, &wanted->key);
	if (address == NULL) {
		return -ENOMEM;
	}
	address->head = wanted->head;
	address->head.has = FIELD_BIT(ADDRESS_FIELD_COUNT) - 1;
	address->nodad = object_has(wanted, ADDRESS_NODAD) ? wanted->nodad : 0;
	address->metric = object_has(wanted, ADDRESS_METRIC) ? wanted->metric : 0;
	address->lasting = 1;
	if (wanted->key.prefix.ip.family == AF_INET && find_neighbour(kernel, address) != NULL) {
		address->head.flags |= FAKE_SECONDARY;
	}
	return add_prefix_route(kernel, address);
}

/* IPv4 routes go with their source address; IPv6 ones stay and forget it. */
static void drop_source(struct fake_kernel *kernel, const struct ip *ip)
{
	for (size_t i = 0; i < route_count(kernel);) {
		struct route *route = route_at(kernel, i);
		if (!ip_equal(&route->source, ip)) {
			i++;
		} else if (ip->family == AF_INET) {
			fake_remove(kernel, OBJECT_ROUTE, route);
		} else {
			memset(&route->source, 0, sizeof(route->source));
			i++;
		}
	}
}

/* The route of an address's network in the main table on its link, or NULL; of several the one with
 * the lowest metric. IPv6 does not look at who made it. */
static struct route *find_prefix_route(const struct fake_kernel *kernel,
	const struct address *address)
{
	struct prefix network = prefix_network(&address->key.prefix);
	struct route *found = NULL;

	for (size_t i = 0; i < route_count(kernel); i++) {
		struct route *route = route_at(kernel, i);
		if (route->key.table == RT_TABLE_MAIN &&
			strcmp(route->key.link, address->key.link) == 0 &&
			memcmp(&route->key.destination, &network, sizeof(network)) == 0 &&
			(found == NULL || route->key.metric < found->key.metric)) {
			found = route;
		}
	}
	return found;
}

static void drop_kernel_route(struct fake_kernel *kernel, const struct address *address)
{
	struct route_key key = {.table = RT_TABLE_MAIN,
		.metric = address->metric,
		.destination = prefix_network(&address->key.prefix)};

	memcpy(key.link, address->key.link, sizeof(key.link));
	struct route *route = state_find(&kernel->state, OBJECT_ROUTE, &key);
	if (route != NULL && (route->head.flags & FAKE_KERNEL_MADE)) {
		fake_remove(kernel, OBJECT_ROUTE, route);
	}
}

/* A link without any IPv4 address has no IPv4 routes (fib_inetaddr_event()). */
static void drop_ipv4_routes(struct fake_kernel *kernel, const char *link)
{
	for (size_t i = 0; i < address_count(kernel); i++) {
		if (is_of(address_at(kernel, i), link, AF_INET)) {
			return;
		}
	}
	for (size_t i = 0; i < route_count(kernel);) {
		struct route *route = route_at(kernel, i);
		if (strcmp(route->key.link, link) == 0 &&
			route->key.destination.ip.family == AF_INET) {
			fake_remove(kernel, OBJECT_ROUTE, route);
		} else {
			i++;
		}
	}
}

int fake_address_delete(struct fake_kernel *kernel, const struct address_key *key)
{
	struct address *found = state_find(&kernel->state, OBJECT_ADDRESS, key);

	if (found == NULL) {
		return -EADDRNOTAVAIL;
	}
	struct address gone = *found;
	fake_remove(kernel, OBJECT_ADDRESS, found);
	struct address *neighbour = find_neighbour(kernel, &gone);
	bool secondary = (gone.head.flags & FAKE_SECONDARY) != 0;
	if (gone.key.prefix.ip.family == AF_INET && !secondary) {
		drop_kernel_route(kernel, &gone);
	}
	if (!ip_is_local(kernel, &gone.key.prefix.ip)) {
		drop_source(kernel, &gone.key.prefix.ip);
	}
	if (gone.key.prefix.ip.family == AF_INET) {
		drop_ipv4_routes(kernel, gone.key.link);
		if (!secondary && neighbour != NULL) {
			neighbour->head.flags &= ~FAKE_SECONDARY;
			return add_prefix_route(kernel, neighbour);
		}
	} else if (neighbour == NULL && gone.key.prefix.length < ip_bits(&gone.key.prefix.ip)) {
		struct route *route = find_prefix_route(kernel, &gone);
		if (route != NULL) {
			fake_remove(kernel, OBJECT_ROUTE, route);
		}
	}
	return 0;
}

/* --- with their link --- */

static void drop_routes(struct fake_kernel *kernel, const char *link)
{
	for (size_t i = 0; i < route_count(kernel);) {
		if (strcmp(route_at(kernel, i)->key.link, link) == 0) {
			fake_remove(kernel, OBJECT_ROUTE, route_at(kernel, i));
		} else {
			i++;
		}
	}
}

static void drop_addresses(struct fake_kernel *kernel, const char *link, uint8_t family)
{
	for (size_t i = 0; i < address_count(kernel);) {
		if (is_of(address_at(kernel, i), link, family)) {
			struct address_key key = address_at(kernel, i)->key;
			fake_address_delete(kernel, &key);
			i = 0;
		} else {
			i++;
		}
	}
}

void fake_ip_on_up(struct fake_kernel *kernel, const char *link)
{
	for (size_t i = 0; i < address_count(kernel); i++) {
		if (strcmp(address_at(kernel, i)->key.link, link) == 0) {
			add_prefix_route(kernel, address_at(kernel, i));
		}
	}
}

void fake_ip_on_down(struct fake_kernel *kernel, const char *link)
{
	drop_addresses(kernel, link, AF_INET6);
	drop_routes(kernel, link);
}

void fake_ip_on_delete(struct fake_kernel *kernel, const char *link)
{
	drop_addresses(kernel, link, AF_INET);
	drop_addresses(kernel, link, AF_INET6);
	drop_routes(kernel, link);
}

/* --- rules --- */

static int32_t suppress_of(const struct rule *rule)
{
	return object_has(rule, RULE_SUPPRESS) ? rule->suppress : -1;
}

static struct rule *find_rule(const struct fake_kernel *kernel, const struct rule *wanted)
{
	for (size_t i = 0; i < state_count(&kernel->state, OBJECT_RULE); i++) {
		struct rule *rule = state_at(&kernel->state, OBJECT_RULE, i);
		if (memcmp(&rule->key, &wanted->key, sizeof(rule->key)) == 0 &&
			rule->table == wanted->table && rule->suppress == suppress_of(wanted)) {
			return rule;
		}
	}
	return NULL;
}

int fake_rule_add(struct fake_kernel *kernel, const struct rule *wanted)
{
	if (find_rule(kernel, wanted) != NULL) {
		return -EEXIST;
	}
	if (wanted->key.source.length > ip_bits(&wanted->key.source.ip)) {
		return -EINVAL;
	}
	struct rule *rule = state_add(&kernel->state, OBJECT_RULE, &wanted->key);
	if (rule == NULL) {
		return -ENOMEM;
	}
	*rule = *wanted;
	object_give(rule, RULE_SUPPRESS, suppress, suppress_of(wanted));
	return 0;
}

int fake_rule_delete(struct fake_kernel *kernel, const struct rule *rule)
{
	struct rule *found = find_rule(kernel, rule);

	if (found == NULL) {
		return -ENOENT;
	}
	fake_remove(kernel, OBJECT_RULE, found);
	return 0;
}
