/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ways to the Internet as objects. */
#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/desired_build.h"
#include "core/gateway_wish.h"
#include "core/nat.h"

/* Between the rules of bmx7 (70) and the kernel's own for main (32766). */
enum {
	RULE_MAIN = 1000,
	RULE_BOUND,
	RULE_GUEST,
	RULE_GUEST_STOP,
	RULE_TRANSIT,
	RULE_IN_USE = 1010,
	RULE_HOP,
	RULE_WARM,
	RULE_BABELD,
};

#define MAIN_TABLE                     254
#define TABLE_NONE                     0 /* unreachable */
#define WITHDRAWN_METRIC               1024
#define SUPPRESS_NONE                  (-1)
#define ACCEPT_RA_ALSO_WHEN_FORWARDING 2

static const uint8_t families[GATEWAY_FAMILIES] = {AF_INET, AF_INET6};

static struct rule *add_rule(struct build *build, uint8_t family, uint32_t priority, uint32_t table)
{
	struct rule_key key = {.priority = priority, .source = {.ip = {.family = family}}};
	struct rule *rule = build_add(build, OBJECT_RULE, &key);

	if (rule != NULL) {
		object_give(rule, RULE_TABLE, table, table);
		object_give(rule, RULE_SUPPRESS, suppress, SUPPRESS_NONE);
	}
	return rule;
}

static void add_input_rule(struct build *build, uint8_t family, uint32_t priority, const char *iif,
	uint32_t table)
{
	struct rule *rule = add_rule(build, family, priority, table);

	if (rule != NULL) {
		text_copy(rule->key.iif, sizeof(rule->key.iif), iif);
	}
}

static void add_output_rule(struct build *build, uint8_t family, uint32_t priority, const char *oif,
	uint32_t table)
{
	struct rule *rule = add_rule(build, family, priority, table);

	if (rule != NULL) {
		text_copy(rule->key.oif, sizeof(rule->key.oif), oif);
	}
}

static void add_bound_rules(struct build *build, const struct gateway_wish *wish, uint8_t family)
{
	for (size_t i = 0; i < wish->uplinks.count; i++) {
		const struct gateway_route *uplink = &wish->uplinks.items[i];
		if (uplink->family == family) {
			add_output_rule(build, family, RULE_BOUND, uplink->link,
				STATE_TABLE_UPLINK);
		}
	}
}

static void add_rules(struct build *build, const struct gateway_wish *wish,
	enum gateway_family number)
{
	uint8_t family = families[number];
	struct rule *main = add_rule(build, family, RULE_MAIN, MAIN_TABLE);

	if (main != NULL) {
		main->suppress = 0;
	}
	add_bound_rules(build, wish, family);
	for (size_t i = 0; i < wish->guests.count; i++) {
		const char *link = wish->guests.items[i];
		add_input_rule(build, family, RULE_GUEST, link, STATE_TABLE_OFFER);
		add_input_rule(build, family, RULE_GUEST_STOP, link, TABLE_NONE);
	}
	for (size_t i = 0; i < wish->transit.count; i++) {
		add_input_rule(build, family, RULE_TRANSIT, wish->transit.items[i],
			STATE_TABLE_OFFER);
	}
	add_rule(build, family, RULE_IN_USE, STATE_TABLE_INTERNET);
	if (wish->hop[number]) {
		add_rule(build, family, RULE_HOP, STATE_TABLE_BABELD);
	}
	add_rule(build, family, RULE_WARM, STATE_TABLE_WARM);
	add_rule(build, family, RULE_BABELD, STATE_TABLE_BABELD);
}

static void add_routes(struct build *build, const struct gateway_routes *routes, uint32_t table)
{
	for (size_t i = 0; i < routes->count; i++) {
		const struct gateway_route *wanted = &routes->items[i];
		struct route_key key = {.table = table,
			.metric = wanted->metric,
			.destination = {.ip = {.family = wanted->family}}};
		text_copy(key.link, sizeof(key.link), wanted->link);
		struct route *route = build_add(build, OBJECT_ROUTE, &key);
		if (route == NULL) {
			return;
		}
		object_give(route, ROUTE_SOURCE, source, wanted->source);
		object_give(route, ROUTE_VIA, via, wanted->via);
	}
}

/* What babeld shall announce as unreachable. */
static void add_withdrawn(struct build *build, const struct gateway_wish *wish)
{
	for (size_t i = 0; i < wish->withdrawn_count; i++) {
		struct route_key key = {.table = STATE_TABLE_WITHDRAWN,
			.metric = WITHDRAWN_METRIC,
			.destination = wish->withdrawn[i]};
		struct route *route = build_add(build, OBJECT_ROUTE, &key);
		if (route == NULL) {
			return;
		}
		object_give(route, ROUTE_SOURCE, source, (struct ip){0});
		object_give(route, ROUTE_VIA, via, (struct ip){0});
	}
}

static void add_tunnel(struct build *build, const struct gateway_tunnel *wanted)
{
	struct link *link = build_own_link(build, wanted->name, LINK_IP6TNL, "tunnel");
	struct ip any = {.family = AF_INET6};
	bool receives = wanted->remote.family == 0;

	if (link == NULL) {
		return;
	}
	object_give(link, LINK_TUNNEL_LOCAL, tunnel_local, wanted->local);
	object_give(link, LINK_TUNNEL_REMOTE, tunnel_remote, receives ? any : wanted->remote);
	object_give(link, LINK_TUNNEL_PROTOCOL, tunnel_protocol,
		wanted->family == AF_INET ? IPPROTO_IPIP : IPPROTO_IPV6);
	object_give(link, LINK_ADDR_GEN_MODE, addr_gen_mode, IN6_ADDR_GEN_MODE_NONE);
	object_give(link, LINK_RP_FILTER, rp_filter, 2);
	if (!receives) {
		return;
	}
	struct address_key key = {.prefix = {.ip = wanted->local, .length = 128}};
	text_copy(key.link, sizeof(key.link), wanted->name);
	struct address *address = build_add_address(build, &key);
	if (address != NULL) {
		object_give(address, ADDRESS_NODAD, nodad, 1);
	}
	/* On a link without an IPv4 address the kernel's reverse path filter takes no IPv4 packet,
	 * however loose it is. */
	key.prefix = (struct prefix){.ip = build->identity->node_ipv4.ip, .length = 32};
	(void)build_add_address(build, &key);
}

static void build_masquerade(struct build *build, const struct gateway_wish *wish)
{
	const struct config *config = build->config;
	char uplinks[GATEWAY_ROUTES_MAX][IFNAMSIZ];
	char lan[2][IFNAMSIZ];
	struct nat_request request = {.masquerade_ipv4 = wish->masquerade[GATEWAY_IPV4].items,
		.masquerade_ipv4_count = wish->masquerade[GATEWAY_IPV4].count,
		.masquerade_ipv6 = wish->masquerade[GATEWAY_IPV6].items,
		.masquerade_ipv6_count = wish->masquerade[GATEWAY_IPV6].count,
		.uplinks = uplinks,
		.lan = lan};

	/* Without an uplink and without tunnels nothing is masqueraded, clamped or counted. */
	if (wish->uplinks.count == 0 && wish->tunnel_count == 0 && wish->guests.count == 0) {
		return;
	}
	for (size_t i = 0; i < wish->uplinks.count; i++) {
		text_copy(uplinks[request.uplink_count++], IFNAMSIZ, wish->uplinks.items[i].link);
	}
	/* Clients send to the shared gateway's MAC and are answered by the bridge. */
	text_copy(lan[request.lan_count++], IFNAMSIZ, config->lan.bridge);
	if (config->anycast.enabled) {
		text_copy(lan[request.lan_count++], IFNAMSIZ, config->anycast.device);
	}
	if (nat_build(&request, &build->desired->nat) < 0) {
		build->no_memory = true;
	}
}

/* --- after a start, until enough is known --- */

static bool is_gateway_rule(const struct rule *rule)
{
	return rule->key.priority >= RULE_MAIN && rule->key.priority <= RULE_BABELD;
}

static bool is_gateway_route(const struct route *route)
{
	return route->key.table >= STATE_TABLE_INTERNET &&
	       route->key.table <= STATE_TABLE_WITHDRAWN;
}

static bool is_tunnel(const struct build *build, const char *name)
{
	const struct link *link = state_find_link(build->observed, name);

	return link != NULL && (link->head.flags & OBJECT_OWNED) && link->kind == LINK_IP6TNL;
}

static bool is_kept(const struct build *build, enum object_type type, const void *object)
{
	if (!(object_head(object)->flags & OBJECT_OWNED)) {
		return false;
	}
	switch (type) {
	case OBJECT_LINK:
		return is_tunnel(build, ((const struct link *)object)->name);
	case OBJECT_ADDRESS:
		return is_tunnel(build, ((const struct address *)object)->key.link);
	case OBJECT_ROUTE:
		return is_gateway_route(object);
	case OBJECT_RULE:
		return is_gateway_rule(object);
	case OBJECT_MESH:
	case OBJECT_HARDIF:
	case OBJECT_MESH_VLAN:
	case OBJECT_SYSCTL:
	case OBJECT_RULESET:
	case OBJECT_NAT:
	case OBJECT_TYPES:
		break;
	}
	return false;
}

static void keep_objects(struct build *build, enum object_type type)
{
	const struct object_class *class = &object_classes[type];

	for (size_t i = 0; i < state_count(build->observed, type); i++) {
		const void *object = state_at(build->observed, type, i);
		void *kept = is_kept(build, type, object)
				     ? build_add(build, type, object_key(type, object))
				     : NULL;
		if (kept != NULL) {
			memcpy(kept, object, class->size);
			((struct object_head *)kept)->flags = 0;
		}
	}
}

static void keep_masquerade(struct build *build)
{
	const struct ruleset *observed = &build->observed->nat;
	struct ruleset *nat = &build->desired->nat;
	int result = 0;

	nat->present = observed->present;
	for (size_t i = 0; i < observed->chain_count && result == 0; i++) {
		result = ruleset_add_chain(nat, &observed->chains[i]);
	}
	for (size_t i = 0; i < observed->rule_count && result == 0; i++) {
		/* A rule that meshd never writes equals nothing, so it cannot stay. */
		result =
			observed->rules[i].foreign ? 0 : ruleset_add_rule(nat, &observed->rules[i]);
	}
	build->no_memory |= result < 0;
}

static void keep_all(struct build *build)
{
	static const enum object_type types[] = {OBJECT_LINK, OBJECT_ADDRESS, OBJECT_ROUTE,
		OBJECT_RULE};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		keep_objects(build, types[i]);
	}
	keep_masquerade(build);
}

void build_gateway(struct build *build)
{
	const struct gateway_wish *wish = build->input->gateway;

	if (wish == NULL || wish->keep) {
		keep_all(build);
		return;
	}
	if (!wish->enabled) {
		return;
	}
	for (enum gateway_family family = 0; family < GATEWAY_FAMILIES; family++) {
		add_rules(build, wish, family);
	}
	for (size_t i = 0; i < wish->tunnel_count; i++) {
		add_tunnel(build, &wish->tunnels[i]);
	}
	add_routes(build, &wish->in_use, STATE_TABLE_INTERNET);
	add_routes(build, &wish->warm, STATE_TABLE_WARM);
	add_routes(build, &wish->uplinks, STATE_TABLE_UPLINK);
	add_routes(build, &wish->offers, STATE_TABLE_OFFER);
	add_withdrawn(build, wish);
	for (size_t i = 0; i < wish->accept_ra.count; i++) {
		const struct link *uplink =
			state_find_link(build->observed, wish->accept_ra.items[i]);
		struct link *link = uplink != NULL ? build_borrow(build, uplink) : NULL;
		if (link != NULL) {
			object_give(link, LINK_ACCEPT_RA, accept_ra,
				ACCEPT_RA_ALSO_WHEN_FORWARDING);
		}
	}
	build_masquerade(build, wish);
}
