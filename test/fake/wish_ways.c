/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of a wish that is about ways to the Internet: tunnels, default routes, rules. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "fake/world.h"

static const char *const tunnel_names[WISH_TUNNELS] = {"md-a", "md-b"};
static const uint32_t tables[] = {STATE_TABLE_INTERNET, STATE_TABLE_WARM, STATE_TABLE_UPLINK,
	STATE_TABLE_OFFER};
static const uint8_t families[] = {AF_INET, AF_INET6};

enum way_kind {
	WAY_NONE,
	WAY_UNREACHABLE,
	WAY_TUNNEL_A,
	WAY_TUNNEL_B,
	WAY_BRIDGE,
	WAY_BRIDGE_VIA,
	WAY_BRIDGE_VIA_OTHER,
	WAY_KINDS,
};

struct wish_ways wish_ways_random(struct dice *dice)
{
	struct wish_ways ways = {.swapped = dice_chance(dice, 20), .rules = dice_chance(dice, 70)};

	for (size_t i = 0; i < WISH_TUNNELS; i++) {
		ways.tunnels[i].used = dice_chance(dice, 60);
		ways.tunnels[i].remote = (uint8_t)dice_roll(dice, 3);
		ways.tunnels[i].carries = dice_chance(dice, 50) ? IPPROTO_IPIP : IPPROTO_IPV6;
	}
	for (size_t i = 0; i < WISH_WAYS; i++) {
		ways.ways[i] = dice_chance(dice, 50) ? (uint8_t)dice_roll(dice, WAY_KINDS) : 0;
		ways.with_source[i] = dice_chance(dice, 40);
	}
	return ways;
}

static struct ip tunnel_end(uint8_t last)
{
	return (struct ip){.family = AF_INET6, .bytes = {0xfd, 0x6d, [15] = last}};
}

static int add_tunnel(const struct wish_ways *ways, size_t index, const struct state *observed,
	struct state *desired)
{
	const struct link *found = state_find_link(observed, tunnel_names[index]);
	uint8_t remote = ways->tunnels[index].remote;

	if (!ways->tunnels[index].used || (found != NULL && !(found->head.flags & OBJECT_OWNED))) {
		return 0;
	}
	struct link *link = state_add_link(desired, tunnel_names[index]);
	if (link == NULL) {
		return -ENOMEM;
	}
	object_give(link, LINK_KIND, kind, LINK_IP6TNL);
	object_give_text(link, LINK_ALIAS, alias, STATE_ALIAS_PREFIX "tunnel");
	object_give(link, LINK_GROUP, group, STATE_LINK_GROUP);
	object_give_text(link, LINK_MASTER, master, "");
	object_give(link, LINK_UP, up, 1);
	object_give(link, LINK_TUNNEL_LOCAL, tunnel_local,
		tunnel_end((uint8_t)(1 + (index ^ ways->swapped))));
	object_give(link, LINK_TUNNEL_REMOTE, tunnel_remote,
		remote == 0 ? (struct ip){.family = 0} : tunnel_end((uint8_t)(16 + remote)));
	object_give(link, LINK_TUNNEL_PROTOCOL, tunnel_protocol, ways->tunnels[index].carries);
	if (remote != 0) {
		return 0;
	}
	struct address_key key = {.prefix = {.ip = link->tunnel_local, .length = 128}};
	memcpy(key.link, link->name, sizeof(key.link));
	struct address *address = state_add(desired, OBJECT_ADDRESS, &key);
	if (address != NULL) {
		object_give(address, ADDRESS_NODAD, nodad, 1);
		object_give(address, ADDRESS_LASTING, lasting, 1);
	}
	return address != NULL ? 0 : -ENOMEM;
}

/* An address of the family that will be there, or none. */
static struct ip find_source(const struct state *desired, uint8_t family)
{
	for (size_t i = 0; i < state_count(desired, OBJECT_ADDRESS); i++) {
		const struct address *address = state_at(desired, OBJECT_ADDRESS, i);
		if (address->key.prefix.ip.family == family) {
			return address->key.prefix.ip;
		}
	}
	return (struct ip){.family = 0};
}

static struct ip via_of(uint8_t family, uint8_t last)
{
	return family == AF_INET
		       ? (struct ip){.family = AF_INET, .bytes = {192, 0, 2, last}}
		       : (struct ip){.family = AF_INET6, .bytes = {0xfe, 0x80, [15] = last}};
}

static const char *way_link(const struct wish *wish, enum way_kind kind)
{
	switch (kind) {
	case WAY_TUNNEL_A:
		return tunnel_names[0];
	case WAY_TUNNEL_B:
		return tunnel_names[1];
	case WAY_BRIDGE:
	case WAY_BRIDGE_VIA:
	case WAY_BRIDGE_VIA_OTHER:
		return wish->bridge;
	case WAY_NONE:
	case WAY_UNREACHABLE:
	case WAY_KINDS:
		break;
	}
	return "";
}

static int add_way(const struct wish *wish, size_t index, struct state *desired)
{
	enum way_kind kind = wish->ways.ways[index];
	uint8_t family = families[index % ARRAY_SIZE(families)];
	const char *link = way_link(wish, kind);
	struct route_key key = {.table = tables[index / ARRAY_SIZE(families) % ARRAY_SIZE(tables)],
		.metric =
			10 * (1 + (uint32_t)(index / (ARRAY_SIZE(families) * ARRAY_SIZE(tables)))),
		.destination.ip.family = family};

	if (kind == WAY_NONE ||
		(kind != WAY_UNREACHABLE && state_find_link(desired, link) == NULL)) {
		return 0;
	}
	text_copy(key.link, sizeof(key.link), link);
	struct route *route = state_add(desired, OBJECT_ROUTE, &key);
	if (route == NULL) {
		return -ENOMEM;
	}
	object_give(route, ROUTE_SOURCE, source,
		wish->ways.with_source[index] && kind != WAY_UNREACHABLE
			? find_source(desired, family)
			: (struct ip){.family = 0});
	object_give(route, ROUTE_VIA, via,
		kind == WAY_BRIDGE_VIA         ? via_of(family, 1)
		: kind == WAY_BRIDGE_VIA_OTHER ? via_of(family, 2)
					       : (struct ip){.family = family});
	return 0;
}

static const struct {
	uint32_t priority;
	const char *iif;
	const char *oif;
	uint32_t table;
	int32_t suppress;
} rules[] = {
	{1000, "", "", RT_TABLE_MAIN, 0},
	{1001, "", "eth0", STATE_TABLE_UPLINK, -1},
	{1001, "", "eth1", STATE_TABLE_UPLINK, -1},
	{1002, "md-a", "", STATE_TABLE_OFFER, -1},
	{1003, "md-a", "", 0, -1},
	{1010, "", "", STATE_TABLE_INTERNET, -1},
};

static int add_rule(size_t index, uint8_t family, bool changed, struct state *desired)
{
	struct rule_key key = {.priority = rules[index].priority, .source.ip.family = family};

	text_copy(key.iif, sizeof(key.iif), rules[index].iif);
	text_copy(key.oif, sizeof(key.oif), rules[index].oif);
	struct rule *rule = state_add(desired, OBJECT_RULE, &key);
	if (rule == NULL) {
		return -ENOMEM;
	}
	object_give(rule, RULE_TABLE, table, rules[index].table + (changed ? 1 : 0));
	object_give(rule, RULE_SUPPRESS, suppress, rules[index].suppress);
	return 0;
}

int wish_add_ways(const struct wish *wish, const struct state *observed, struct state *desired)
{
	int result = 0;

	for (size_t i = 0; i < WISH_TUNNELS && result == 0; i++) {
		result = add_tunnel(&wish->ways, i, observed, desired);
	}
	for (size_t i = 0; i < WISH_WAYS && result == 0; i++) {
		result = add_way(wish, i, desired);
	}
	for (size_t i = 0; wish->ways.rules && i < 2 * ARRAY_SIZE(rules) && result == 0; i++) {
		bool changed = wish->ways.swapped && rules[i / 2].table != 0;
		result = add_rule(i / 2, families[i % 2], changed, desired);
	}
	return result;
}
