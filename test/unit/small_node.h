/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small node as desired or observed: eth1, eth1.29 in bat0, bat0 in br-lan, anygw on br-lan. */
#ifndef UNIT_SMALL_NODE_H
#define UNIT_SMALL_NODE_H

#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "core/state.h"
#include "unit/addresses.h"
#include "unit/check_main.h"

#define METRIC 2147483647u

static const struct mac vlan_mac = {{0x02, 0xbb, 0xed, 0x1f, 0x73, 0xaa}};

static inline struct link *add_link(struct state *state, const char *name, enum link_kind kind)
{
	struct link *link = state_add_link(state, name);

	link->head.ifindex = (uint32_t)state_count(state, OBJECT_LINK) + 1;
	object_give(link, LINK_KIND, kind, (uint8_t)kind);
	object_give_text(link, LINK_LOWER, lower, "");
	object_give_text(link, LINK_MASTER, master, "");
	object_give(link, LINK_MTU, mtu, 1500);
	object_give(link, LINK_UP, up, 1);
	if (kind != LINK_OTHER) {
		object_give_text(link, LINK_ALIAS, alias, STATE_ALIAS_PREFIX);
		object_give(link, LINK_GROUP, group, STATE_LINK_GROUP);
		link->head.flags = OBJECT_OWNED;
	}
	return link;
}

static inline void add_links(struct state *state)
{
	struct link *link = add_link(state, "eth1", LINK_OTHER);
	char name[IFNAMSIZ] = "eth1.29";

	link->head.flags = OBJECT_BORROWED;
	link->mtu = 1536;
	link = add_link(state, "eth1.29", LINK_VLAN);
	object_give_text(link, LINK_LOWER, lower, "eth1");
	object_give(link, LINK_VLAN_ID, vlan_id, 29);
	object_give(link, LINK_VLAN_PROTOCOL, vlan_protocol, ETH_P_8021Q);
	object_give(link, LINK_MAC, mac, vlan_mac);
	object_give(link, LINK_MTU, mtu, 1532);
	object_give_text(link, LINK_MASTER, master, "bat0");
	struct hardif *hardif = state_add(state, OBJECT_HARDIF, name);
	object_give(hardif, HARDIF_HOP_PENALTY, hop_penalty, 15);
	object_give(hardif, HARDIF_ELP_INTERVAL, elp_interval, 500);
	link = add_link(state, "bat0", LINK_BATADV);
	object_give_text(link, LINK_ALGORITHM, algorithm, "BATMAN_IV");
	object_give_text(link, LINK_MASTER, master, "br-lan");
	object_give(link, LINK_MULTICAST_ROUTER, multicast_router, 2);
	struct mesh *mesh = state_add(state, OBJECT_MESH, link->name);
	object_give(mesh, MESH_GW_MODE, gw_mode, 1);
	object_give(mesh, MESH_ORIG_INTERVAL, orig_interval, 2000);
	link = add_link(state, "br-lan", LINK_BRIDGE);
	object_give(link, LINK_STP, stp, 0);
	link = add_link(state, "anygw", LINK_MACVLAN);
	object_give_text(link, LINK_LOWER, lower, "br-lan");
	object_give(link, LINK_MACVLAN_MODE, macvlan_mode, MACVLAN_MODE_PRIVATE);
}

static inline struct address *add_address(struct state *state, const char *link, const char *prefix,
	uint32_t metric)
{
	struct address_key key = {.prefix = prefix_of(prefix)};

	text_copy(key.link, sizeof(key.link), link);
	struct address *address = state_add(state, OBJECT_ADDRESS, &key);
	address->head.flags = OBJECT_OWNED;
	object_give(address, ADDRESS_METRIC, metric, metric);
	object_give(address, ADDRESS_LASTING, lasting, 1);
	object_give(address, ADDRESS_NODAD, nodad, key.prefix.ip.family == AF_INET6);
	return address;
}

static inline struct route *add_route(struct state *state, const char *link, const char *address,
	uint32_t table, uint32_t metric)
{
	struct prefix prefix = prefix_of(address);
	struct route_key key = {.table = table,
		.metric = metric,
		.destination = prefix_network(&prefix)};

	text_copy(key.link, sizeof(key.link), link);
	struct route *route = state_add(state, OBJECT_ROUTE, &key);
	route->head.flags = table == RT_TABLE_MAIN ? 0 : OBJECT_OWNED;
	object_give(route, ROUTE_SOURCE, source,
		prefix.ip.family == AF_INET ? prefix.ip : (struct ip){0});
	return route;
}

static inline void add_ip(struct state *state)
{
	struct rule_key key = {.priority = 10, .source = prefix_of("10.13.0.1/32")};
	struct nft_chain chain = {.name = "forward", .type = "filter"};
	struct nft_rule nft_rule = {.chain = "forward", .name = "drop-it"};
	char path[sizeof(((struct sysctl *)0)->path)] = "net/ipv4/ip_forward";

	add_address(state, "br-lan", "10.13.115.170/16", 0);
	add_address(state, "anygw", "10.13.0.1/16", METRIC);
	add_address(state, "anygw", "fd0d::1/64", METRIC);
	add_route(state, "br-lan", "10.13.115.170/16", RT_TABLE_MAIN, 0);
	add_route(state, "anygw", "10.13.0.1/16", RT_TABLE_MAIN, METRIC);
	add_route(state, "anygw", "fd0d::1/64", RT_TABLE_MAIN, METRIC);
	add_route(state, "anygw", "10.13.0.1/16", 170, 0);
	add_route(state, "anygw", "fd0d::1/64", 170, 1024);
	struct rule *rule = state_add(state, OBJECT_RULE, &key);
	rule->head.flags = OBJECT_OWNED;
	object_give(rule, RULE_TABLE, table, 170);
	struct sysctl *sysctl = state_add(state, OBJECT_SYSCTL, path);
	object_give(sysctl, SYSCTL_VALUE, value, 1);
	state->ruleset.present = true;
	ck_assert_int_eq(ruleset_add_chain(&state->ruleset, &chain), 0);
	ck_assert_int_eq(ruleset_add_rule(&state->ruleset, &nft_rule), 0);
}

#endif
